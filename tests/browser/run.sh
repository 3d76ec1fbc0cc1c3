#!/usr/bin/env bash
# The browser tests, with their own set-up: Node, its packages, Chromium and a Korean font. Takes wasm/www/pkg as wasm/build.sh left it,
# and builds it if it is not there. RUN='pattern' runs the test files that match.
set -euo pipefail
cd "$(dirname "$0")/../.."

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
missing=()
command -v node >/dev/null || missing+=(nodejs)
command -v npm >/dev/null || missing+=(npm)
chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
[ -n "$chromium" ] || missing+=(chromium)
fc-list 2>/dev/null | grep -qi 'cjk\|nanum' || missing+=(fonts-noto-cjk fontconfig)
if ((${#missing[@]})); then
  command -v apt-get >/dev/null || { echo "missing: ${missing[*]}; install them with your package manager" >&2; exit 1; }
  as_root apt-get -qq update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
fi
export CHROMIUM=${chromium:-/usr/bin/chromium}
(($(node -p 'process.versions.node.split(".")[0]') >= 18)) || { echo "Node 18 or newer is needed, this is $(node --version)" >&2; exit 1; }

[ -f wasm/www/pkg/storagerent_wasm_bg.wasm ] || wasm/build.sh
wasm/npm/build.sh >/dev/null
# The command line has the page in it.
if [ -z "${STORAGERENT_PROGRAMS:-}" ]; then
  cargo build --release --locked --quiet -p storagerent-cli -p storagerent-tests --bins
  export STORAGERENT_PROGRAMS=${CARGO_TARGET_DIR:-$PWD/target}/release
fi

cd tests/browser
# As the lock file says, once.
[ node_modules/.package-lock.json -nt package-lock.json ] || npm ci --silent --no-audit --no-fund
node_modules/.bin/tsc -p ../../wasm/www
files=(*.test.mjs)
[ -z "${RUN:-}" ] || mapfile -t files < <(printf '%s\n' "${files[@]}" | grep -E "$RUN")
# Two at a time: most of it is waiting for the browser.
node --test --test-concurrency=2 "${files[@]}"
