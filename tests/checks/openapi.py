#!/usr/bin/python3
"""openapi.py [--fix] -- api/openapi.json, which query-api serves, is api/openapi.yaml with api/examples.yaml; it names
exactly the routes of the routes.def tables and says what openapi_rules.py asks of each. --fix writes the JSON."""
import json, re, sys
from pathlib import Path

import yaml

import openapi_rules
from sources import ROOT as ROOT_PATH, report

ROOT = Path(ROOT_PATH)
TABLES = {"command-api/routes.def": "ROUTE", "command-api/account_routes.def": "ACCOUNT",
          "query-api/routes.def": "QUERY|DOCUMENT"}
OF_THE_GATEWAY = {("GET", "/health"), ("GET", "/health/{service}"), ("GET", "/ready/{service}")}
# Bindings that make an answer depend on who asks.
WHO = r"\b(ACTOR|PSEUDONYM|ROLE|AGENCY|CHOSEN_AGENCY)\b"


def routes():
    found = set()
    for path, macro in TABLES.items():
        text = (ROOT / path).read_text()
        found |= set(re.findall(r'^(?:%s)\((\w+),\s*"([^"]+)"' % macro, text, re.M))
    return found


def tokens():
    """{(method, path): what the interface must say of the token}: [] where it is ignored, [{}, token] where it may be
    left out but must be good, None (that of the whole interface) where it is needed. Accounts' handlers decide alone."""
    for path, macro in list(TABLES.items())[::2]:
        rows = re.findall(r'^(?:%s)\((\w+),\s*"([^"]+)",([^;]*?)\)\n(?=\S|\n|\Z)' % macro, (ROOT / path).read_text(), re.M)
        for method, at, rest in rows:
            anyone = macro != "ROUTE" and (rest.strip().startswith("ANYONE") or rest.strip().startswith("document_"))
            yield method, at, None if not anyone else [{}, {"token": []}] if re.search(WHO, rest) else []


def operations(api):
    return {(method.upper(), path) for path, item in api["paths"].items() for method in item if method != "parameters"}


api = yaml.safe_load((ROOT / "api/openapi.yaml").read_text())
faults = openapi_rules.check(api, ROOT, yaml.safe_load((ROOT / "api/examples.yaml").read_text()))
text = json.dumps(api, ensure_ascii=False, separators=(",", ":")) + "\n"
served = ROOT / "api/openapi.json"
if "--fix" in sys.argv:
    served.write_text(text)
if not served.exists() or served.read_text() != text:
    faults.append("api/openapi.json is not api/openapi.yaml: tests/checks/openapi.py --fix")
faults += [f"not documented: {m} {p}" for m, p in sorted(routes() - operations(api))]
faults += [f"documented, but there is no such route: {m} {p}"
           for m, p in sorted(operations(api) - routes() - OF_THE_GATEWAY)]
checked = 0
for method, path, expected in tokens():
    operation = api["paths"].get(path, {}).get(method.lower(), {})
    checked += 1
    if operation.get("security") != expected:
        faults.append(f"{method} {path}: security is {operation.get('security')}, its row says {expected}")
    if (expected == []) == ("401" in operation.get("responses", {})):
        faults.append(f"{method} {path}: 401 is documented where a token is ignored, or missing where it is not")
if checked < 10:
    faults.append(f"found only {checked} rows")
report(faults, "openapi")
