#!/usr/bin/env bash
# Long runs, by hand; quote what they print. Everything here is a short form in tests/all.sh. About an hour on 2 cores.
# Usage: tests/long.sh [STAGE ...]; all of them if none is named.
set -euo pipefail
cd "$(dirname "$0")/.."

many() { cargo run --release --locked --quiet -p storagerent-tests --bin "$@"; }
whole() { cargo test --release --locked --quiet -p storagerent-tests --test whole "$1" -- --nocapture; }

bookings() { STORAGERENT_LONG=1 whole bookings; } # ten thousand real bookings, on a file
kills() { STORAGERENT_KILLS=1000 whole kill; }    # 1,000 of the library under load, 1,000 of the tool
model() { PROPTEST_CASES=20000 whole model; }
simulation() { # more than 10⁷ steps in memory, some of them in long lives; 10⁵ on SQLite
  many simulate_many -- --seeds 10000..28000 --steps 500 --kept memory
  many simulate_many -- --seeds 50000..50100 --steps 12000 --kept memory
  many simulate_many -- --seeds 10000..10334 --steps 300 --kept sqlite
}
cuts() { many power_cuts -- 100000; }
io() { cargo test --release --locked --quiet -p storagerent-tests --test storage_faults -- --nocapture --test-threads 2; }
hostile() { # 10⁷ in all
  many hostile -- --target json --inputs 7000000
  many hostile -- --target csv --inputs 2950000
  many hostile -- --target args --inputs 40000
  many hostile -- --target file --inputs 10000
}
gateway() { # 100,000 hostile requests
  STORAGERENT_LONG=1 cargo test --release --locked --quiet -p storagerent-http --test gateway fuzz::hostile -- --nocapture
}

operations() { # overload, 20 restarts, 20 kills, the payment service away, 500 slow clients, forged addresses, secrets
  cargo build --release --locked --quiet -p storagerent-cli
  cargo build --release --locked --quiet -p storagerent-tests --bins
  target/release/operations target/release/storagerent --long
}

(($#)) || set -- bookings kills model simulation cuts io hostile gateway operations
for stage; do
  printf '\n== %s\n' "$stage"
  begun=$SECONDS
  "$stage"
  printf '== %s: ok, %d s\n' "$stage" $((SECONDS - begun))
done
