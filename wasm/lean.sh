#!/usr/bin/env bash
# Copies the page as it is meant to be put on a web server, and as it is weighed: minified file by file, nothing bundled. lean.sh OUT
# `storagerent web` serves the sources as they are: on one machine nobody waits for them.
set -euo pipefail
[ $# = 1 ] || { echo 'usage: wasm/lean.sh OUT' >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")/www"
esbuild=$PWD/../../tests/browser/node_modules/.bin/esbuild
[ -x "$esbuild" ] || npm --prefix ../../tests/browser ci --silent --no-audit --no-fund
mapfile -t sources < <(find . \( -name '*.js' -o -name '*.css' \) ! -path './pkg/*')
"$esbuild" "${sources[@]}" --minify --charset=utf8 --log-level=warning --outbase=. --outdir="$out"
find . -type f ! -name '*.d.ts' ! -name 'tsconfig.json' ! -name '.*' \( -path './pkg/*' -o ! -name '*.js' ! -name '*.css' \) -exec cp --parents {} "$out" \;
