"""What no tool checks by itself in examples/deploy. check.sh calls it: check.py WHAT ARGUMENT …"""

import json
import pathlib
import re
import subprocess
import sys
import urllib.request

import yaml


def wrong(why):
    sys.exit(f"check.py: {why}")


def documents(path):
    return [one for one in yaml.safe_load_all(pathlib.Path(path).read_text()) if one]


def of_kind(path, kind):
    return next(one for one in documents(path) if one["kind"] == kind)


def pod(path):
    return of_kind(path, "Deployment")["spec"]["template"]["spec"]


def kubernetes(deploy, *built):
    """What the schemas allow and one SQLite file does not; and every manifest is listed."""
    listed = yaml.safe_load(pathlib.Path(deploy, "k8s/kustomization.yaml").read_text())["resources"]
    there = sorted(path.name for path in pathlib.Path(deploy, "k8s").glob("*.yaml") if path.name != "kustomization.yaml")
    if sorted(listed) != there:
        wrong(f"kustomization.yaml lists {sorted(listed)}, there are {there}")
    for path in built:
        deployment, spec = of_kind(path, "Deployment")["spec"], pod(path)
        if deployment["replicas"] != 1 or deployment["strategy"] != {"type": "Recreate"}:
            wrong("one file is one process: one replica, Recreate")
        if not spec["securityContext"]["runAsNonRoot"] or spec["securityContext"]["seccompProfile"]["type"] != "RuntimeDefault":
            wrong("the pod is not restricted")
        for container in spec["containers"]:
            context = container["securityContext"]
            restricted = context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]
            if not restricted or context["capabilities"]["drop"] != ["ALL"]:
                wrong(f"{container['name']} is not restricted")
            mounts = {mount["name"] for mount in container["volumeMounts"]}
            if not mounts <= {volume["name"] for volume in spec["volumes"]}:
                wrong(f"{container['name']} mounts what is not there")
        selector = of_kind(path, "Service")["spec"]["selector"]
        labels = deployment["template"]["metadata"]["labels"]
        if not selector.items() <= labels.items():
            wrong("the service selects no pod")
    names = [sorted(container["name"] for container in pod(path)["containers"]) for path in built]
    if names != [["storagerent"], ["payment-sim", "storagerent"]]:
        wrong(f"containers: {names}")
    print(f"  {len(there)} manifests, alone and with payment-sim")


def alerts(deploy):
    """Each alert wakes somebody in a test, and says what and what to do."""
    rules = [rule for group in documents(pathlib.Path(deploy, "prometheus/alerts.yaml"))[0]["groups"] for rule in group["rules"]]
    tests = documents(pathlib.Path(deploy, "prometheus/alerts.test.yaml"))[0]["tests"]
    asked = [case for test in tests for case in test["alert_rule_test"]]
    woken = {case["alertname"] for case in asked if case.get("exp_alerts")}
    silent = {case["alertname"] for case in asked if not case.get("exp_alerts")}
    for rule in rules:
        if rule["alert"] not in woken & silent:
            wrong(f"{rule['alert']} has no test that wakes it, or none in which it is silent")
        if rule["labels"]["severity"] not in ("page", "look") or set(rule["annotations"]) != {"summary", "description"}:
            wrong(f"{rule['alert']}: severity page or look, a summary and a description")
    print(f"  {len(rules)} alerts, each woken and left asleep by a test")


def dashboard(deploy):
    """The dashboard's expressions as recording rules, for promtool to read."""
    from grafana_foundation_sdk.models.dashboard import Dashboard

    raw = json.loads(pathlib.Path(deploy, "grafana/dashboard.json").read_text())
    Dashboard.from_json(raw)
    variables = {one["name"]: one["type"] for one in raw["templating"]["list"]}
    if variables.get("datasource") != "datasource":
        wrong("no variable `datasource`")
    ids = [panel["id"] for panel in raw["panels"]]
    if len(ids) != len(set(ids)):
        wrong("two panels share an id")
    taken = set()
    for panel in raw["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        if cells & taken or at["x"] + at["w"] > 24:
            wrong(f"{panel['title']} lies over another panel, or beyond the edge")
        taken |= cells
        if panel["type"] != "row" and not panel["targets"]:
            wrong(f"{panel['title']} asks nothing")
    asking = [("annotation", one) for one in raw["annotations"]["list"]]
    asking += [(panel["title"], target) for panel in raw["panels"] for target in panel.get("targets", [])]
    rules = []
    for title, target in asking:
        if target["datasource"]["uid"] != "${datasource}":
            wrong(f"{title} is bound to a data source of its own")
        expr = target["expr"].replace("$__rate_interval", "1m")
        used = set(re.findall(r"\$\{?(\w+)", expr))
        if not used <= set(variables):
            wrong(f"{title} uses unknown variables {used - set(variables)}")
        rules.append({"record": f"expr:{len(rules)}", "expr": re.sub(r"\$\{?\w+\}?", "x", expr)})
    print(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))


def settings(deploy, sources):
    """Every STORAGERENT_… named here is read by the command line."""
    read = set()
    for path in pathlib.Path(sources).rglob("*.rs"):
        read |= set(re.findall(r"\"(STORAGERENT_[A-Z_]+)\"", path.read_text()))
    named = {}
    for path in pathlib.Path(deploy).rglob("*"):
        if path.is_file():
            for name in re.findall(r"STORAGERENT_[A-Z_]*[A-Z]", path.read_text()):
                named.setdefault(name, path)
    for name, path in named.items():
        if name not in read:
            wrong(f"{path}: nobody reads {name}")
    print(f"  {len(named)} settings of the environment are read")


def config(manifest, folder):
    """The ConfigMap's settings, with places on this machine: any free port, but on all addresses, as there."""
    text = of_kind(manifest, "ConfigMap")["data"]["storagerent.toml"]
    for there, here in (
        ("0.0.0.0:8080", "0.0.0.0:0"),
        ("/data/", f"{folder}/"),
        ("/etc/storagerent-secret/", f"{folder}/"),
    ):
        if f'"{there}' not in text:
            wrong(f"the ConfigMap does not name {there}")
        text = text.replace(f'"{there}', f'"{here}')
    print(text)


def probes(manifest, port):
    """Each probe's path answers 200."""
    for container in pod(manifest)["containers"]:
        for name in ("startupProbe", "livenessProbe", "readinessProbe"):
            path = container[name]["httpGet"]["path"]
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).close()
            except OSError as error:
                wrong(f"{name}: {path} answers {error}")
            print(f"  {name}: {path} answers 200")


def health(deploy, port):
    """The image's health check says yes to this server, and no where nobody listens."""
    text = pathlib.Path(deploy, "docker/Dockerfile").read_text()
    command = json.loads(re.search(r"^HEALTHCHECK(?:.*\\\n)*.*?CMD (\[.*\])$", text, re.M).group(1))
    if "/127.0.0.1/8080" not in command[-1]:
        wrong("the health check asks another port")
    for where, expected in ((port, True), ("1", False)):
        asked = [part.replace("/127.0.0.1/8080", f"/127.0.0.1/{where}") for part in command]
        done = subprocess.run(asked, stderr=subprocess.DEVNULL, timeout=10, check=False)
        if (done.returncode == 0) != expected:
            wrong(f"the health check exits {done.returncode} at port {where}")
    print("  HEALTHCHECK: yes where it is served, no where nobody listens")


def names(deploy, metrics):
    """Every metric named under examples/deploy is among those that a server tells."""
    told = set()
    for line in pathlib.Path(metrics).read_text().splitlines():
        if line.startswith("# TYPE "):
            name, kind = line.split()[2:4]
            told |= {name} | ({f"{name}_{end}" for end in ("bucket", "sum", "count")} if kind == "histogram" else set())
        elif line and not line.startswith("#"):
            told.add(re.split(r"[{ ]", line)[0])
    if not any(name.startswith("storagerent_") for name in told):
        wrong(f"{metrics} tells no storagerent_ metric")
    named = {}
    for path in sorted(pathlib.Path(deploy).rglob("*")):
        if path.is_file():
            for name in re.findall(r"\bstoragerent_[a-z_]*[a-z]", path.read_text()):
                named.setdefault(name, path)
    unknown = [f"{name} ({path})" for name, path in named.items() if name not in told]
    if unknown:
        wrong("no server tells " + ", ".join(unknown))
    print(f"  {len(named)} names, all told by the server")


if __name__ == "__main__":
    CHECKS = {one.__name__: one for one in (kubernetes, alerts, dashboard, settings, config, probes, health, names)}
    CHECKS[sys.argv[1]](*sys.argv[2:])
