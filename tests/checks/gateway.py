#!/usr/bin/python3
"""gateway.py -- the service that tools/conf/Caddyfile chooses for a request is the one whose routes.def has the
row; and the refusals it makes itself are problems of base/problems.def, word by word."""
import re

import sources

SERVICES = {"ROUTE": "command-api", "BULK": "command-api", "FIX": "command-api", "FIX_AND": "command-api", "ACCOUNT": "command-api", "QUERY": "query-api", "DOCUMENT": "query-api"}
STATUS = {"INVALID": "400", "MISSING": "404", "TOO_LARGE": "413", "UNAVAILABLE": "503"}
CADDYFILE = "tools/conf/Caddyfile"


def rows():
    for path in sources.feature_files("routes.def") + ["query-api/routes.def"]:
        for line in sources.lines(path):
            found = re.match(r'(ROUTE|BULK|FIX|FIX_AND|ACCOUNT|QUERY|DOCUMENT)\((\w+),\s*"([^"]+)"', line)
            if found:
                yield found[2], found[3], SERVICES[found[1]]


def chosen(method, path, prefixes):
    for p in prefixes:
        if path == p or (p.endswith("/*") and path.startswith(p[:-1])):
            return "command-api"
    return "query-api" if method in ("GET", "HEAD") else "command-api"


text = "\n".join(sources.lines(CADDYFILE))
found = re.findall(r"^\t@command path (.+)$", text, re.M)
faults = [] if len(found) == 1 else [f"{CADDYFILE}: {len(found)} lines @command path"]
prefixes = " ".join(found).split()
count = 0
for method, path, service in rows():
    count += 1
    if chosen(method, path, prefixes) != service:
        faults.append(f"{method} {path} belongs to {service}, the gateway sends it to the other one")

problems = re.findall(r'^PROBLEM\((\w+),\s*(\w+),\s*"([^"]*)"', "\n".join(sources.lines("base/problems.def")), re.M)
known = {(name.lower().replace("_", "-"), STATUS.get(kind), title) for name, kind, title in problems}
made = re.findall(r'import problem (\S+) (\d+) "([^"]*)"', text)
faults += [f"{CADDYFILE}: base/problems.def has no {p}" for p in made if p not in known]
if count < 10 or len(made) < 4:
    faults.append(f"found only {count} routes and {len(made)} problems")
sources.report(faults, f"gateway, {count} routes")
