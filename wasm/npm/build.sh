#!/usr/bin/env bash
# Puts the package together in wasm/npm, from what wasm/build.sh built: copies, made anew each time.
set -euo pipefail
cd "$(dirname "$0")"

[ -f ../www/pkg/storagerent_wasm_bg.wasm ] || { echo "wasm/build.sh comes first" >&2; exit 1; }
rm -rf engine pkg
mkdir engine pkg
cp ../www/engine/*.js ../www/engine/types.d.ts engine/
cp ../www/pkg/storagerent_wasm.js ../www/pkg/storagerent_wasm.d.ts ../www/pkg/storagerent_wasm_bg.wasm pkg/
cp ../../LICENSE-MIT ../../LICENSE-APACHE .
# The types of the entry are made from its own comments.
tsc=../../tests/browser/node_modules/.bin/tsc
[ -x "$tsc" ] || npm --prefix ../../tests/browser ci --silent --no-audit --no-fund
"$tsc" --allowJs --strict --declaration --emitDeclarationOnly --target ES2023 --module ES2022 --moduleResolution bundler --lib ESNext,DOM,DOM.Iterable \
  --allowImportingTsExtensions --outDir engine engine/engine.js
