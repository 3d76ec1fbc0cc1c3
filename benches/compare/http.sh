#!/usr/bin/env bash
# Reservations over HTTP by wrk, 50 and 100 connections at once, at a million storages: the engine as it is (shared), and the same
# server with a transaction each (each), in turn.
# Usage: benches/compare/http.sh [ROUNDS]      three if not given
# Prints a table in Markdown; leaves the medians in benches/compare/http.lines. STORAGES, SECONDS_EACH and FOLDER (the disk to
# measure on) may be set. After every run the file is held against what the server says it answered.
set -euo pipefail
cd "$(dirname "$0")/../.."

rounds=${1:-3}
storages=${STORAGES:-1000000}
seconds=${SECONDS_EACH:-10}
folder=${FOLDER:-target/bench-sites}
here=benches/compare

if ! command -v wrk >/dev/null; then
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  if ! { $sudo apt-get update && $sudo apt-get install --yes wrk; } >&2; then
    echo "http.sh: there is no wrk here, and it cannot be installed" >&2
    exit 1
  fi
fi
for tool in curl python3; do
  command -v $tool >/dev/null || { echo "http.sh: there is no $tool here" >&2; exit 1; }
done
cargo build --release --locked --quiet -p storagerent-benches -p storagerent-benches-http
target=${CARGO_TARGET_DIR:-target}/release
mkdir -p "$folder"
kept=$folder/engine-$storages.db
work=$folder/work-http.db
runs=$folder/http.lines
[ -f "$kept" ] || "$target/storagerent-benches" alone "$storages" 1 "$folder" >/dev/null

server=
clear_up() {
  # Killed, as by a power cut: what it answered must be in the file all the same.
  [ -z "$server" ] || { kill -9 "$server"; wait "$server" || true; } 2>/dev/null
  server=
}
trap 'clear_up; rm -f "$work"* "$folder"/http.{url,wrk,metrics}' EXIT

# how connections -> a line of JSON. Not in a pipe: whoever ends this script ends the server, too.
measure() {
  rm -f "$work"*
  cp "$kept" "$work"
  # What the copy left for the disk is not this run's to wait for.
  sync
  : >"$folder/http.url"
  "$target/storagerent-benches-http" "$1" "$work" >"$folder/http.url" &
  server=$!
  until url=$(grep . "$folder/http.url"); do
    kill -0 $server # else it has ended
    sleep 0.1
  done
  curl --silent --fail --retry 5 --output /dev/null "$url/readyz"
  wrk -t2 "-c$2" "-d${seconds}s" -s $here/reserve.lua "$url" -- "$storages" >"$folder/http.wrk"
  # What wrk cut off goes through all the same.
  until curl --silent --fail "$url/metrics" >"$folder/http.metrics" &&
    grep -q '^storagerent_writer_queue_depth 0$' "$folder/http.metrics"; do
    sleep 0.1
  done
  ticks=$(awk '{ print $14 + $15 }' /proc/$server/stat)
  clear_up
  $here/http.py run "$1" "$2" "$storages" "$ticks" "$folder/http.wrk" "$folder/http.metrics" "$work"
}

: >"$runs"
for ((round = 1; round <= rounds; round++)); do
  for connections in 50 100; do
    for how in shared each; do
      echo "round $round of $rounds: $how, $connections connections" >&2
      measure $how $connections >>"$runs"
      tail -n 1 "$runs" >&2
    done
  done
done
$here/http.py table "$runs" $here/http.lines
