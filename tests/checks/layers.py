#!/usr/bin/python3
"""Who may include what: the layers of README.md, and each foreign library's own adapter."""
import fnmatch
import os
import re

import sources

LAYERS = {
    "base": {"base"},
    "events": {"base", "events"},
    "domain": {"base", "events", "domain"},
    "platform": {"base", "events", "platform"},
    "query-api": {"base", "events", "platform", "api", "query-api"},
    "projector": {"base", "events", "platform", "projector"},
    "api": {"base", "events", "platform", "api"},
    "command-api": {"base", "events", "domain", "platform", "api", "command-api"},
    "ctl": {"base", "events", "domain", "platform", "projector", "ctl"},
}
# Both services know the paths of both.
LISTS = {
    ("api", "command-api/routes.def"),
    ("api", "command-api/account_routes.def"),
    ("api", "query-api/routes.def"),
    ("ctl", "command-api/categories.def"),
}
# What the unit under test's ring may see; other rings may see all.
RINGS = {
    "domain": LAYERS["domain"],
    "contract": LAYERS["domain"],
    "platform": LAYERS["platform"],
    "query-api": LAYERS["query-api"],
    "projector": LAYERS["projector"],
    "command-api": LAYERS["command-api"],
}
# Library (as its headers are named) -> files that may include it.
FOREIGN = {
    "libpq*": ["platform/postgres_internal.h"],
    "hiredis*": ["platform/redis.c"],
    "event2/*": ["platform/http*.[ch]", "platform/pool.c"],
    "cjson/*": ["platform/city_health.c", "tests/contract/*"],
    "jwt.h": ["platform/token*.c", "tests/platform/token_*"],
    "openssl/*": ["platform/token*.c", "tests/platform/token_*"],
    "sodium.h": ["platform/*.c", "command-api/*.c", "ctl/*.c", "tests/*"],
    "zlib.h": ["platform/gzip.c", "tests/*"],
    "unicode/*": ["base/*.c"],
}
STANDARD = set("""assert ctype dirent errno fcntl fnmatch glob inttypes limits locale math netdb poll pthread pwd
    regex search signal stdarg stdatomic stdbool stddef stdint stdio stdlib string strings termios time unistd""".split())
STANDARD_FOLDERS = ("sys/", "netinet/", "arpa/")
INCLUDE = re.compile(r'\s*#\s*include\s+([<"])([^>"]+)[>"]')


def ours(path, name):
    """A fault, or None, for #include "name"."""
    if not os.path.exists(os.path.join(sources.ROOT, name)):
        return "is not a path from the root"
    layer, target = path.split("/")[0], name.split("/")[0]
    if layer == "tests":
        allowed = RINGS.get(path.split("/")[1])
        return None if allowed is None or target in allowed | {"tests"} else "is beyond its ring"
    if target in LAYERS.get(layer, set()) or (layer, name) in LISTS:
        return None
    return f"is beyond the layer {layer}"


def foreign(path, name):
    """A fault, or None, for #include <name>."""
    for pattern, places in FOREIGN.items():
        if fnmatch.fnmatch(name, pattern):
            fits = any(fnmatch.fnmatch(path, place) for place in places)
            return None if fits else f"belongs to {', '.join(places)}"
    if name.removesuffix(".h") in STANDARD or name.startswith(STANDARD_FOLDERS):
        return None
    return "is in no table of layers.py"


faults = []
for path in sources.files(".c", ".h"):
    for number, line in enumerate(sources.lines(path), 1):
        found = INCLUDE.match(line)
        if found:
            fault = (ours if found[1] == '"' else foreign)(path, found[2])
            if fault:
                faults.append(f"{path}:{number}: {found[2]} {fault}")
sources.report(faults, "layers")
