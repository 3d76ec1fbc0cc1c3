#!/usr/bin/env bash
# A gate against getting slower: the instructions that 256 reservations take, counted by callgrind, held against a limit that is
# kept in the repository. Instructions do not depend on what else the machine does. Who raises the limit says why in the commit.
# Usage: benches/gate.sh [PROGRAM]     target/release/storagerent-benches if not given, built if need be
set -euo pipefail
cd "$(dirname "$0")/.."

program=${1:-target/release/storagerent-benches}
[ -x "$program" ] || cargo build --release --locked --quiet -p storagerent-benches
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
limit=$(cat benches/gate.limit)

# The file is made before, and copied: making it is not counted.
"$program" at-once 1000 1 "$folder" >/dev/null
count() { # times -> instructions
  valgrind --tool=callgrind --callgrind-out-file="$folder/out" "$program" at-once 1000 "$1" "$folder" 2>&1 >/dev/null |
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}
# The difference leaves out starting, copying and opening.
few=$(count 256)
many=$(count 512)
each=$(((many - few) / 256))
echo "instructions a reservation: $each, limit $limit"
if ((each > limit)); then
  echo "that is over the limit: benches/gate.limit" >&2
  exit 1
fi
