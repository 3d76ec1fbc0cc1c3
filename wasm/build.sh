#!/usr/bin/env bash
# Builds the page's engine into wasm/www/pkg: the .wasm and its JavaScript side. Takes the wasm32 target rustup has or can get; else
# Debian's own Rust, which brings the standard library's source along; else stops. Ends by weighing what came out.
set -euo pipefail
cd "$(dirname "$0")/.."

target=wasm32-unknown-unknown
out=wasm/www/pkg
gzipped_max=925000
tools=$PWD/${CARGO_TARGET_DIR:-target}/tools/bindgen
[[ "${CARGO_TARGET_DIR:-}" != /* ]] || tools=$CARGO_TARGET_DIR/tools/bindgen

say() { printf '%s\n' "$*" >&2; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
install_debian() { # packages …
  command -v apt-get >/dev/null || { say "missing: $*; install them with your package manager"; exit 1; }
  as_root apt-get -qq update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

# The JavaScript side is made by a program of this repository, whose lock file pins its version to the crate's.
if [ ! -x "$tools/release/storagerent-bindgen" ] || [ wasm/bindgen/Cargo.lock -nt "$tools/release/storagerent-bindgen" ]; then
  cargo build --release --locked --quiet --manifest-path wasm/bindgen/Cargo.toml --target-dir "$tools"
fi

# SQLite is C: any clang that knows wasm will do.
cc=
for clang in clang clang-{22..15}; do
  if command -v "$clang" >/dev/null && echo 'int x;' | "$clang" --target=$target -c -x c -o /dev/null - 2>/dev/null; then cc=$clang; break; fi
done
if [ -z "$cc" ]; then
  cc=$(apt-cache search --names-only '^clang-[0-9]+$' 2>/dev/null | cut -d' ' -f1 | sort -V | tail -n 1)
  [ -n "$cc" ] || { install_debian clang && cc=clang; }
  command -v "$cc" >/dev/null || install_debian "$cc"
fi

# Small rather than fast: what counts here is how soon the page is there.
export CARGO_PROFILE_RELEASE_OPT_LEVEL=z CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1
export CARGO_PROFILE_RELEASE_PANIC=abort CARGO_PROFILE_RELEASE_STRIP=debuginfo
# What the engine never asks of SQLite is left out; pages are as large as the command line's.
SQLITE_WASM_RS_FLAGS=-DSQLITE_DEFAULT_PAGE_SIZE=4096
for feature in API_ARMOR BYTECODE_VTAB DBPAGE_VTAB DBSTAT_VTAB FTS5 MATH_FUNCTIONS OFFSET_SQL_FUNC RTREE SESSION STMTVTAB UNKNOWN_SQL_FUNCTION; do
  SQLITE_WASM_RS_FLAGS+=" -USQLITE_ENABLE_$feature"
done
export SQLITE_WASM_RS_FLAGS
export CC_wasm32_unknown_unknown=$cc CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/wasm
build=(cargo build -p storagerent-wasm --lib --release --locked --quiet --target "$target")

if command -v rustup >/dev/null && { rustup target list --installed | grep -qx "$target" || timeout 60 rustup target add "$target" 2>/dev/null; }; then
  "${build[@]}"
elif command -v apt-get >/dev/null; then
  { [ -x /usr/bin/rustc ] && [ -d /usr/lib/rustlib/src ]; } || install_debian rustc-web rust-web-src
  lld=$(find "$(rustc --print sysroot)/lib/rustlib" -name rust-lld -path '*/bin/rust-lld' | head -n 1)
  [ -z "$lld" ] || export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER="$lld"
  RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 "${build[@]}" -Zbuild-std=std,panic_abort
else
  say "neither rustup's target $target nor Debian's Rust can be had here: https://rustup.rs has the one, Debian the other"
  exit 1
fi

mkdir -p "$out"
"$tools/release/storagerent-bindgen" "$CARGO_TARGET_DIR/$target/release/storagerent_wasm.wasm" "$out"
if command -v wasm-opt >/dev/null; then
  wasm-opt -Oz --all-features -o "$out/small.wasm" "$out/storagerent_wasm_bg.wasm"
  mv "$out/small.wasm" "$out/storagerent_wasm_bg.wasm"
fi

bytes=$(wc -c <"$out/storagerent_wasm_bg.wasm")
gzipped=$(gzip -9 <"$out/storagerent_wasm_bg.wasm" | wc -c)
printf '%s: %d kB, %d kB gzipped\n' "$out/storagerent_wasm_bg.wasm" $((bytes / 1000)) $((gzipped / 1000))
if ((gzipped > gzipped_max)); then
  say "that is over $((gzipped_max / 1000)) kB gzipped"
  exit 1
fi
