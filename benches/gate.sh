#!/usr/bin/env bash
# A gate against getting slower: the instructions that 256 reservations take, counted by callgrind, held against a limit that is
# kept in the repository. Instructions do not depend on what else the machine does. Who raises the limit says why in the commit.
# The program is the one that tests/all.sh builds, with the checks that are left out of what is shipped.
# Usage: benches/gate.sh [PROGRAM]     target/ci/storagerent-benches, built anew, if not given
set -euo pipefail
cd "$(dirname "$0")/.."

program=${1:-target/ci/storagerent-benches}
(($#)) || cargo build --profile ci --locked --quiet -p storagerent-benches
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
