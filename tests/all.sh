#!/usr/bin/env bash
# Every check and every test, with their own set-up. Each stage has a budget in seconds; going over it is said, and the sum
# over 25 minutes is said, too: how fast a machine is, is no fault of a change. Nothing is skipped in silence: what is missing is installed, or the run fails.
set -euo pipefail
cd "$(dirname "$0")/.."

# Each crate is built once, in one profile and with one set of features; the stages run the programs that came of it.
programs=$PWD/${CARGO_TARGET_DIR:-target}/ci
[[ "${CARGO_TARGET_DIR:-}" != /* ]] || programs=$CARGO_TARGET_DIR/ci
export STORAGERENT_PROGRAMS=$programs

started=$SECONDS
overruns=0

stage() { # name, budget in seconds, command …
  local name=$1 budget=$2 begun=$SECONDS
  shift 2
  printf '\n== %s (budget %d s)\n' "$name" "$budget"
  # Not asked in an `if`: there the first command that fails would not be the last.
  set +e
  (set -e; "$@")
  local code=$?
  set -e
  if ((code)); then
    printf '== %s FAILED after %d s\n' "$name" $((SECONDS - begun)) >&2
    exit 1
  fi
  local took=$((SECONDS - begun))
  printf '== %s: ok, %d s\n' "$name" "$took"
  if ((took > budget)); then
    overruns=$((overruns + 1))
    printf '== %s went over its budget by %d s\n' "$name" $((took - budget)) >&2
  fi
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

install_debian() { # packages …
  command -v apt-get >/dev/null || { echo "missing: $*; install them with your package manager" >&2; return 1; }
  as_root apt-get -qq update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

tools() {
  command -v cargo >/dev/null || { echo "Rust is needed: https://rustup.rs" >&2; return 1; }
  command -v cc >/dev/null || install_debian gcc libc6-dev
  cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
  cargo clippy --version >/dev/null 2>&1 || rustup component add clippy
  cargo --version && rustc --version
}

deny=target/tools/bin/cargo-deny
building=
# Beside the stages that wait more than they compute, and of what they leave of the machine. Not optimised: building it fast
# matters more than running it fast.
begin_deny() {
  local version=0.20.2
  if "$deny" --version 2>/dev/null | grep -qF "$version"; then return; fi
  mkdir -p target/tools
  nice -n 19 cargo install cargo-deny --version "$version" --locked --quiet --no-default-features --root target/tools \
    --target-dir target/tools/build --config profile.release.opt-level=0 --config profile.release.lto=false \
    --config profile.release.codegen-units=16 >target/tools/deny.log 2>&1 &
  building=$!
  trap '[ -z "$building" ] || kill "$building"' EXIT
}
deny_is_built() {
  [ -z "$building" ] || wait "$building" || { cat target/tools/deny.log >&2; return 1; }
  building=
}
check_deny() {
  "$deny" --locked check --hide-inclusion-graph bans licenses sources
  # The advisory database is a git repository elsewhere: checked where `cargo deny fetch` has brought it, said where not.
  if compgen -G "${CARGO_HOME:-$HOME/.cargo}/advisory-dbs/*/crates" >/dev/null; then
    "$deny" --offline --locked check --hide-inclusion-graph advisories
  else
    echo "advisories: NOT checked, their database is not on this machine (cargo deny fetch brings it)"
  fi
}

lints() { cargo clippy --workspace --all-targets --profile ci --locked --quiet -- -D warnings; }
docs() { RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --profile ci --locked --quiet; }
build() { cargo build --workspace --all-targets --profile ci --locked --quiet; }
unit_and_whole() { STORAGERENT_CUTS=1000 cargo test --workspace --profile ci --locked --quiet; }
# Without SQLite; core alone is built for wasm32, and with all it has by `build`.
features() { cargo check --profile ci --locked --quiet -p storagerent --no-default-features; }
simulate() { "$programs/simulate_many" "$@" | tail -n 2; }
faults() {
  echo "2,000 seeds of 500 steps in memory, 200 of 300 on SQLite"
  simulate --seeds 0..2000 --steps 500 --kept memory
  simulate --seeds 0..200 --steps 300 --kept sqlite
  echo "every bit of 100 events, 1,000 bits anywhere"
  STORAGERENT_FLIPS=1000 cargo test --workspace --profile ci --locked --quiet --lib flips -- --nocapture | grep flip
}
gate() {
  command -v valgrind >/dev/null || install_debian valgrind
  benches/gate.sh "$programs/storagerent-benches"
}
operations() { "$programs/operations" "$programs/storagerent"; }
demo() {
  "$programs/storagerent" --lang ko demo >/dev/null
  "$programs/storagerent" --lang en demo | tail -n 3
}

stage "tools" 120 tools
stage "format" 20 cargo fmt --check
stage "clippy" 270 lints
stage "docs" 60 docs
stage "features" 40 features
stage "engine for the page" 180 wasm/build.sh
stage "build" 360 build
begin_deny
stage "tests" 210 unit_and_whole
stage "faults" 180 faults
stage "gate against getting slower" 60 gate
stage "demo" 10 demo
stage "core for wasm32" 20 tests/wasm_core.sh
stage "browser" 300 tests/browser/run.sh
stage "http" 120 tests/http/run.sh
stage "operations" 90 operations
stage "deployment" 90 tests/deploy/check.sh
deny_is_built
stage "licences, bans, sources" 60 check_deny

total=$((SECONDS - started))
printf '\nall passed in %d min %d s' $((total / 60)) $((total % 60))
((overruns == 0)) && printf '\n' || printf ', %d stage(s) over budget\n' "$overruns"
if ((total > 1500)); then
  echo "that is over 25 minutes" >&2
fi
