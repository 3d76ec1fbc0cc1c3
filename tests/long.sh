#!/usr/bin/env bash
# Long runs, by hand; quote what they print. Everything here is a short form in tests/all.sh.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "== ten thousand real bookings on a file"
STORAGERENT_LONG=1 cargo test --release --locked -p storagerent-tests --test whole bookings -- --nocapture
echo "== 2,000 kills"
STORAGERENT_KILLS=2000 cargo test --release --locked -p storagerent-tests --test whole kill -- --nocapture
echo "== the model, 20,000 cases"
PROPTEST_CASES=20000 cargo test --release --locked -p storagerent-tests --test whole model -- --nocapture
