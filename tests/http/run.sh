#!/usr/bin/env bash
# The gateway as its users meet it: HTTPie and siege, schemathesis, and the browser's 200 commands over HTTP. With its own set-up.
# Builds the programs, unless STORAGERENT_PROGRAMS names the folder that has them.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
missing=()
command -v node >/dev/null || missing+=(nodejs)
command -v curl >/dev/null || missing+=(curl)
command -v siege >/dev/null || missing+=(siege)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3 python3-venv)
if ((${#missing[@]})); then
  command -v apt-get >/dev/null || { echo "missing: ${missing[*]}; install them with your package manager" >&2; exit 1; }
  as_root apt-get -qq update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
fi
venv=$root/target/http-venv
if ! cmp -s tests/http/requirements.txt "$venv/installed.txt"; then
  python3 -m venv "$venv"
  "$venv/bin/pip" --quiet --disable-pip-version-check install --requirement tests/http/requirements.txt
  cp tests/http/requirements.txt "$venv/installed.txt"
fi
export PATH=$venv/bin:$PATH

if [ -z "${STORAGERENT_PROGRAMS:-}" ]; then
  cargo build --release --locked --quiet -p storagerent-cli -p storagerent-tests --bins
  export STORAGERENT_PROGRAMS=${CARGO_TARGET_DIR:-$root/target}/release
fi
tool=$STORAGERENT_PROGRAMS/storagerent

folder=$(mktemp -d)
server=
stop() {
  [ -z "$server" ] || { kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; } || true
  server=
}
trap 'stop; rm -rf "$folder"' EXIT

serve() { # name of the site, who may call …; sets server and port
  local said=$folder/$1.said words=$folder/$1.words
  LANG=C "$tool" --db "$folder/$1.db" serve --listen 127.0.0.1:0 "${@:2}" >"$said" 2>"$words" &
  server=$!
  for _ in $(seq 100); do
    port=$(sed -n 's#.*http://127\.0\.0\.1:\([0-9]*\)/ .*#\1#p' "$said" | head -n 1)
    if [ -n "$port" ] && curl -sf "http://127.0.0.1:$port/actuator/health" >/dev/null; then return; fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  cat "$said" "$words" >&2
  return 1
}

echo "the calls of the first storagerent's users"
serve seed --insecure
tests/http/seed.sh "$port"
stop

echo "schemathesis, as the manager"
head -c 32 /dev/urandom | base64 >"$folder/secret"
serve fuzzed --jwt-key "$folder/secret"
token=$("$tool" token --role manager --key "$folder/secret")
if ! (cd "$folder" && schemathesis --config-file "$root/tests/http/schemathesis.toml" run "http://127.0.0.1:$port/openapi.json" \
  --header "Authorization: Bearer $token" --no-color >"$folder/schemathesis.txt" 2>&1); then
  cat "$folder/schemathesis.txt" >&2
  exit 1
fi
sed -n '/^Test cases:/,$p' "$folder/schemathesis.txt" | grep -v '^$'
stop

echo "the same 200 commands over HTTP and natively"
node --test tests/http/*.test.mjs
