#!/usr/bin/env bash
# The same job side by side: the engine, SQL written by hand, and peers, each case in a process of its own, three rounds in turn.
# Usage: benches/compare/run.sh [SIZE ...]     sizes are numbers of storages; 1000 100000 1000000 if not given
# Prints a table in Markdown; leaves benches/compare/figures.{lines,json,svg}. ROUNDS and TIMES may be set; the disk matters: FOLDER.
set -euo pipefail
cd "$(dirname "$0")/../.."

sizes=("$@")
[ $# -gt 0 ] || sizes=(1000 100000 1000000)
rounds=${ROUNDS:-3}
times=${TIMES:-20000}
folder=${FOLDER:-target/bench-sites}
here=benches/compare
lines=$here/figures.lines
cargo build --release --locked --quiet -p storagerent-benches
bench() { target/release/storagerent-benches "$@" "$folder" >>"$lines"; }

mkdir -p "$folder"
: >"$lines"
peers=()
for peer in cqrs-es eventcore; do
  if cargo build --release --locked --quiet --manifest-path "$here/$peer/Cargo.toml"; then
    peers+=("$here/$peer/target/release/compare-$peer")
  else
    echo "$peer: NOT measured, it does not build here" >&2
  fi
done
few=$((times / 5))
for ((round = 1; round <= rounds; round++)); do
  for size in "${sizes[@]}"; do
    echo "round $round of $rounds, $size storages" >&2
    # What waits for the disk each time is measured less often than what shares the wait.
    for case in hand-one hand-two alone mixed; do bench $case "$size" "$few"; done
    for case in hand-group callers at-once; do bench $case "$size" "$times"; done
    bench floor-one "$size" "$times"
    bench cancel "$size" $((few < size ? few : size / 2))
    bench view-page "$size" 20000
    bench view-one "$size" 100000
    bench rebuild "$size" 1
    bench open "$size" 20
    for peer in "${peers[@]}"; do
      rm -f "$folder"/peer.db*
      "$peer" "$few" "$size" "$folder/peer.db" >>"$lines"
    done
  done
done
target/release/storagerent-benches report "$lines" $here/figures.svg
