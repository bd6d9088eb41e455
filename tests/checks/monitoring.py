#!/usr/bin/python3
"""The folder monitoring/: every alert has a severity, a wait, a sentence, a page, and a case in which it fires and one in
which it does not, which promtool runs; every metric that a rule, a dashboard or the README names is a row of
platform/process/metrics.def, and every row is named by one of them."""
import glob
import json
import os
import re
import subprocess
import sys

import sources
import yaml

sys.path.insert(0, sources.ROOT + "/tests/support")
import promql

SEVERITIES = {"critical", "warning"}
# What Prometheus and the exporters of monitoring/prometheus.yml have; tests/end_to_end/metrics_test.py asks them.
FOREIGN = re.compile(r"^(?:up|ALERTS|process_\w+|pg_\w+|redis_\w+|caddy_\w+|nginx_\w+|node_\w+)$")
OURS = re.compile(r"\b(?:es|sla|http|fixes|login|token|queue|query|expired|service)_[a-z_]+\b")
faults = []


def tree(pattern):
    return sorted(glob.glob(f"{sources.ROOT}/monitoring/{pattern}"))


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def short(path):
    return os.path.relpath(path, sources.ROOT)


README = read(sources.ROOT + "/README.md")


def check_alert(path, rule, cases):
    name, notes = rule["alert"], rule.get("annotations", {})
    where = f"{short(path)}: {name}"
    if rule.get("labels", {}).get("severity") not in SEVERITIES:
        faults.append(f"{where}: severity is none of {', '.join(sorted(SEVERITIES))}")
    if "for" not in rule:
        faults.append(f"{where}: says no `for`; 0m where there is nothing to wait for")
    if not notes.get("summary"):
        faults.append(f"{where}: has no summary")
    if notes.get("runbook_url") != f"runbook/{name}.md":
        faults.append(f"{where}: runbook_url is not runbook/{name}.md")
    if f"{sources.ROOT}/monitoring/runbook/{name}.md" not in tree("runbook/*.md"):
        faults.append(f"{where}: there is no monitoring/runbook/{name}.md")
    if f"(monitoring/runbook/{name}.md)" not in README:
        faults.append(f"{where}: README.md does not name it with its page")
    for fires in (True, False):
        if (name, fires) not in cases:
            faults.append(f"{where}: no case of monitoring/rules_test in which it {'fires' if fires else 'does not fire'}")


def check_alerts():
    cases = {(one["alertname"], bool(one.get("exp_alerts")))
             for path in tree("rules_test/*.yml") for test in yaml.safe_load(read(path))["tests"]
             for one in test.get("alert_rule_test", ())}
    rules = [(path, rule) for path in tree("rules/*.yml") for group in yaml.safe_load(read(path))["groups"]
             for rule in group["rules"]]
    for path, rule in rules:
        check_alert(path, rule, cases)
    names = [rule["alert"] for _, rule in rules]
    for name in {n for n in names if names.count(n) > 1}:
        faults.append(f"monitoring/rules: {name} stands there twice")
    for path in tree("runbook/*.md"):
        if os.path.basename(path).removesuffix(".md") not in names:
            faults.append(f"{short(path)}: no rule has that name")
        for link in re.findall(r"\]\(([^)]+)\)", read(path)):
            if not os.path.exists(os.path.join(os.path.dirname(path), link)):
                faults.append(f"{short(path)}: {link} is not there")
    return rules


def run_promtool():
    commands = [["check", "config", *tree("prometheus.yml")]] + [["test", "rules", path] for path in tree("rules_test/*.yml")]
    for words in commands:
        done = subprocess.run(["promtool", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        if done.returncode:
            faults.append(f"promtool {' '.join(words[:2])} {short(words[2])}:\n{done.stdout}")


def dashboard_queries():
    for path in tree("dashboards/*.json"):
        for panel in json.loads(read(path))["panels"]:
            for target in panel["targets"]:
                yield path, target["expr"]


def check_metrics(rules):
    rows = promql.metric_rows(read(sources.ROOT + "/platform/process/metrics.def"))
    section = README.split("### Metrics and what to alert on")[1].split("\n### ")[0]
    queries = [(path, rule["expr"]) for path, rule in rules] + list(dashboard_queries())
    named = [(path, name) for path, query in queries for name, _ in promql.selectors(query)]
    named += [("README.md", name) for name in OURS.findall(section)]
    used = set()
    for path, name in named:
        row = promql.row_of(name, rows)
        used.add(row)
        if not row and not FOREIGN.match(name):
            faults.append(f"{short(os.path.join(sources.ROOT, path))}: {name} is no row of platform/process/metrics.def")
    for name in rows.keys() - used:
        faults.append(f"platform/process/metrics.def: no rule, no dashboard and not the README names {name}")
    return len(named)


alerts = check_alerts()
count = check_metrics(alerts)
run_promtool()
if len(alerts) < 20 or count < 100:
    faults.append(f"monitoring: only {len(alerts)} alerts and {count} names of metrics were found")
sources.report(faults, f"{len(alerts)} alerts, {count} names of metrics")
