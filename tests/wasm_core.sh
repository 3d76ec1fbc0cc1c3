#!/usr/bin/env bash
# Compiles the core for wasm32: the proof that it is pure. Takes the target rustup has or can get; else Debian's own Rust, which
# brings the standard library's source along; else stops.
set -euo pipefail
cd "$(dirname "$0")/.."

target=wasm32-unknown-unknown
export CARGO_TARGET_DIR=target/wasm
build=(cargo check -p storagerent-core --locked --quiet --target "$target")

if command -v rustup >/dev/null && { rustup target list --installed | grep -qx "$target" || timeout 60 rustup target add "$target" 2>/dev/null; }; then
  exec "${build[@]}"
fi
command -v apt-get >/dev/null || { echo "neither rustup's target $target nor Debian's Rust can be had here" >&2; exit 1; }
if [ ! -x /usr/bin/rustc ] || [ ! -d /usr/lib/rustlib/src ]; then
  as_root=(); [ "$(id -u)" = 0 ] || as_root=(sudo)
  "${as_root[@]}" apt-get -qq update
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends rustc-web rust-web-src >/dev/null
fi
sysroot=$(rustc --print sysroot)
lld=$(find "$sysroot/lib/rustlib" -name rust-lld -path '*/bin/rust-lld' | head -n 1)
export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
[ -z "$lld" ] || export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER="$lld"
exec "${build[@]}" -Zbuild-std=std,panic_abort
