#!/usr/bin/env python3
"""What http.sh measured: `run` holds one run against its file and prints a line, `table` takes the medians of many lines."""

import json
import os
import re
import sqlite3
import sys
from pathlib import Path

RESERVED = 1  # as tables/storage_views.rs keeps it


def run(how, connections, storages, ticks, wrk, metrics, db):
    """One run as a line of JSON; fails if the file has other reservations than those that were answered."""
    connections = int(connections)
    seen = json.loads(Path(wrk).read_text().splitlines()[-1])
    figures = Path(metrics).read_text()
    posted = re.findall(r'^storagerent_http_requests_total\{method="POST",route="/reservations",status="(\d+)"\} (\d+)$', figures, re.M)
    answered = {status: int(count) for status, count in posted}
    created = answered.pop("201", 0)
    answered.pop("499", 0)  # those that wrk cut off at the end had no answer
    refused = sum(answered.values())
    for status, count in answered.items():
        print(f"{count} answers {status}", file=sys.stderr)

    file = sqlite3.connect(db)
    kept = dict(file.execute("SELECT status, count(*) FROM reservations GROUP BY status"))
    paid = file.execute("SELECT count(*) FROM payments WHERE status = 'paid'").fetchone()[0]
    shown = sum(status == RESERVED for block, in file.execute("SELECT rows FROM storage_views") for status in reservations(block))
    file.close()
    reserved = kept.pop("reserved", 0)
    # A request that wrk cut off at the end, one a connection at most, goes through without anybody to answer.
    holds = {
        "whoever was told 201 is in the file, and nobody else but those cut off": created <= reserved <= created + connections,
        "wrk saw no more than was answered": seen["answers"] - seen["notOk"] <= created,
        "and missed no more than it cut off": created - (seen["answers"] - seen["notOk"]) <= connections,
        "each is paid for, and in the view": reserved == paid == shown,
        "nothing is left half way": not kept,
        "no connection broke": seen["broken"] == 0,
    }
    for fact, is_true in holds.items():
        if not is_true:
            sys.exit(f"http.py: not so: {fact}: {seen=} {answered=} {created=} {reserved=} {paid=} {shown=} {kept=}")

    served = seen["answers"] - seen["notOk"]
    cpu = int(ticks) / os.sysconf("SC_CLK_TCK") / max(reserved, 1)
    print(json.dumps({
        "how": how,
        "connections": connections,
        "storages": int(storages),
        "times": served,
        "seconds": seen["seconds"],
        "perSecond": round(served / seen["seconds"]),
        "p50Ms": seen["p50Ms"],
        "p99Ms": seen["p99Ms"],
        "refused": refused,
        "late": seen["late"],
        "cpuUs": round(cpu * 1e6),
    }))


def reservations(block):
    """The reservation's status of each storage in a block of the view; tables/storage_views.rs tells what a block is."""
    while block:
        length = int.from_bytes(block[1:3], "big")
        packed, block = block[3:3 + length], block[3 + length:]
        length, packed = number(packed[1:])  # after the storage's status, its description
        _, packed = number(packed[length:])  # the price
        packed = packed[3:]  # the currency
        if packed[0] and packed[1]:
            _, packed = number(packed[2:])  # the reservation
            yield packed[1] if packed[0] else None


def number(packed):
    """A number as postcard writes it, seven bits a byte, the least first; and what follows it."""
    end = next(at for at, byte in enumerate(packed) if byte < 128)
    return sum((byte & 127) << 7 * at for at, byte in enumerate(packed[:end + 1])), packed[end + 1:]


def table(runs, medians):
    """Of each case the round with the median rate: as lines of JSON, and as a table."""
    cases = {}
    for line in Path(runs).read_text().splitlines():
        one = json.loads(line)
        cases.setdefault((one["connections"], one["how"]), []).append(one)
    cases = {case: sorted(rounds, key=lambda one: one["perSecond"])[len(rounds) // 2] for case, rounds in cases.items()}
    Path(medians).write_text("".join(json.dumps(one) + "\n" for one in cases.values()))
    print("| connections | how | per second | median ms | 99 % ms | CPU µs | refused | times the rate of `each` |")
    print("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for (connections, how), one in cases.items():
        ratio = one["perSecond"] / max(cases[connections, "each"]["perSecond"], 1)
        figures = f'{one["perSecond"]:,} | {one["p50Ms"]} | {one["p99Ms"]} | {one["cpuUs"]:,} | {one["refused"]}'
        print(f"| {connections} | `{how}` | {figures} | {ratio:.1f} |")


if __name__ == "__main__":
    {"run": run, "table": table}[sys.argv[1]](*sys.argv[2:])
