#!/usr/bin/python3
"""openapi.py [--fix] -- api/openapi.json, which query-api serves, is put together from api/openapi.yaml and the features'
openapi.yaml; it names exactly the routes of the routes.def tables and says what openapi_rules.py asks of each. --fix
writes the JSON."""
import json, re, sys
from pathlib import Path

import yaml

import openapi_rules
from sources import ROOT as ROOT_PATH, feature_files, report

ROOT = Path(ROOT_PATH)
OF_THE_GATEWAY = {("GET", "/health"), ("GET", "/health/{service}"), ("GET", "/ready/{service}")}
# Bindings that make an answer depend on who asks.
WHO = r"\b(ACTOR|PSEUDONYM|ROLE|AGENCY|CHOSEN_AGENCY|USER)\b"


TABLES = feature_files("routes.def") + ["query-api/routes.def"]


def routes():
    text = "".join((ROOT / path).read_text() for path in TABLES)
    return set(re.findall(r'^(?:ROUTE|BULK|FIX|FIX_AND|ACCOUNT|QUERY|DOCUMENT)\((\w+),\s*"([^"]+)"', text, re.M))


def tokens():
    """{(method, path): what the interface must say of the token}: [] where it is ignored, [{}, token] where it may be
    left out but must be good, None (that of the whole interface) where it is needed. Accounts' handlers decide alone."""
    text = "".join((ROOT / path).read_text() for path in TABLES)
    rows = re.findall(r'^(ROUTE|QUERY|DOCUMENT)\((\w+),\s*"([^"]+)",([^;]*?)\)\n(?=\S|\n|\Z)', text, re.M)
    for macro, method, at, rest in rows:
        anyone = rest.strip().startswith("ANYONE") or rest.strip().startswith("document_")
        yield method, at, None if not anyone else [{}, {"token": []}] if macro == "ROUTE" or re.search(WHO, rest) else []


def add(into, items, what):
    faults.extend(f"{what} {name} stands in another part, too" for name in items if name in into)
    into.update(items)


def whole():
    """The interface and its examples: the service's own part and each feature's, which may add paths, components and
    examples, each once."""
    api = yaml.safe_load((ROOT / "api/openapi.yaml").read_text())
    examples = {"requests": {}, "answers": {}} | yaml.safe_load((ROOT / "api/examples.yaml").read_text())
    for path in feature_files("openapi.yaml"):
        part = yaml.safe_load((ROOT / path).read_text())
        add(api["paths"], part.pop("paths", {}), f"{path}: path")
        for section, into in ("components", api["components"]), ("examples", examples):
            for kind, items in part.pop(section, {}).items():
                add(into.setdefault(kind, {}), items, f"{path}: {section} {kind}")
        faults.extend(f"{path}: a part has paths, components and examples, not {name}" for name in part)
    return api, examples


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def is_defined(api, reference):
    node = api
    for name in reference.removeprefix("#/").split("/"):
        node = node.get(name.replace("~1", "/"), None) if isinstance(node, dict) else None
    return reference.startswith("#/") and node is not None


def operations(api):
    return {(method.upper(), path) for path, item in api["paths"].items() for method in item if method != "parameters"}


faults = []
api, examples = whole()
undefined = sorted({r for r in references(api) if not is_defined(api, r)})
if undefined:
    report([f"there is no {r}: the part of its feature defines it under components" for r in undefined], "openapi")
faults += openapi_rules.check(api, ROOT, examples)
text = json.dumps(api, ensure_ascii=False, separators=(",", ":")) + "\n"
served = ROOT / "api/openapi.json"
if "--fix" in sys.argv:
    served.write_text(text)
if not served.exists() or served.read_text() != text:
    faults.append("api/openapi.json is not what api/openapi.yaml and the features' parts make: tests/checks/openapi.py --fix")
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
