#!/usr/bin/python3
"""Who may include what: the layers of README.md, and each foreign library's own adapter."""
import fnmatch
import os
import re

import sources

LAYERS = {
    "base": {"base"},
    "events": {"base", "events"},
    "features": {"base", "events"},
    "platform": {"base", "events", "platform"},
    "writer": {"base", "events", "platform", "writer"},
    "query-api": {"base", "events", "platform", "audit", "api", "query-api"},
    "view_engine": {"base", "events", "platform", "view_engine"},
    "projector": {"base", "events", "platform", "audit", "positions", "view_engine", "projector"},
    "api": {"base", "events", "platform", "api"},
    "positions": {"base", "events", "platform", "positions"},
    "command-api": {"base", "events", "platform", "audit", "positions", "writer", "api", "command-api"},
    "sla-worker": {"base", "events", "platform", "audit", "writer", "view_engine", "sla-worker"},
    "audit": {"base", "events", "platform", "audit"},
    "ctl": {"base", "events", "platform", "audit", "view_engine", "sla-worker", "ctl"},
}
FEATURES = sources.features()
# Programs that may include features' headers, that is, call their pure functions.
OF_FEATURES = {"sla-worker", "ctl"}
# Made by the build from what all features have under that name; the only way to a feature's row.
LISTS = {"words", "shapes", "streams", "problems", "events", "commands", "routes", "start", "histories", "views",
    "fragments", "folds", "kept", "answers", "units", "gathers"}
# Both services know the paths of both.
ACROSS = {("api", "query-api/routes.def")}
# Headers of a folder they may use otherwise that a layer does without.
WITHOUT = {"writer": {"platform/http/http.h"}}
# What the unit under test's ring may see; other rings may see all.
RINGS = {
    "contract": LAYERS["features"] | {"features"},
    "platform": LAYERS["platform"],
    "audit": LAYERS["audit"],
    "writer": LAYERS["writer"],
    "query-api": LAYERS["query-api"] | {"view_engine"},
    "projector": LAYERS["projector"],
    "command-api": LAYERS["command-api"],
    "sla-worker": LAYERS["sla-worker"],
}
# Library (as its headers are named) -> files that may include it.
FOREIGN = {
    "libpq*": ["platform/postgres/postgres_internal.h"],
    "hiredis*": ["platform/redis/redis.c"],
    "mongoc/*": ["platform/mongo/mongo_json.h"],
    "event2/*": ["platform/http/http*.[ch]"],
    "cjson/*": ["platform/process/city_health.c", "tests/contract/*"],
    "jwt.h": ["platform/identity/token*.c", "tests/platform/token_*"],
    "openssl/*": ["platform/identity/token*.c", "tests/platform/token_*"],
    "sodium.h": ["platform/*.c", "audit/*.c", "command-api/*.c", "writer/*.c", "ctl/*.c", "tests/*"],
    "systemd/sd-daemon.h": ["platform/process/handover.c", "platform/process/service.c"],
    "zlib.h": ["platform/http/gzip.c", "tests/*"],
    "unicode/*": ["base/*.c"],
    "libical/*": ["ctl/ical.c"],
}
STANDARD = set("""assert ctype dirent errno fcntl fnmatch glob inttypes limits locale math netdb poll pthread pwd
    regex search signal spawn stdarg stdatomic stdbool stddef stdint stdio stdlib string strings termios time unistd""".split())
STANDARD_FOLDERS = ("sys/", "netinet/", "arpa/")
INCLUDE = re.compile(r'\s*#\s*include\s+([<"])([^>"]+)[>"]')


def of_feature(path, name):
    """A fault, or None, for an include of a feature's file: by itself, or its header by one whose row names it."""
    own = path.split("/")[1] if path.startswith("features/") else None
    feature, file = name.split("/")[1], name.split("/")[-1]
    if file.removesuffix(".def") in LISTS:
        return "is included by lists/ alone"
    if feature == own or path.endswith("_test.c") or (path.split("/")[0] in OF_FEATURES and file.endswith(".h")):
        return None
    if own and file.endswith(".h") and feature in FEATURES.get(own, ()):
        return None
    return f"is a feature's: the row of {own} in events/features.def does not name it" if own else "is a feature's"


def ours(path, name):
    """A fault, or None, for #include "name"."""
    if name.startswith("lists/"):
        known = name.removeprefix("lists/").removesuffix(".def") in LISTS
        return None if known and not path.startswith("base/") else "is no list, or beyond the layer"
    if not os.path.exists(os.path.join(sources.ROOT, name)):
        return "is not a path from the root"
    layer, target = path.split("/")[0], name.split("/")[0]
    if target == "features" and layer != "tests":
        return of_feature(path, name)
    if layer == "tests":
        allowed = RINGS.get(path.split("/")[1])
        return None if allowed is None or target in allowed | {"tests"} else "is beyond its ring"
    if path.startswith("features/") and path.endswith(("_test.c", "_history.c")) and target == "tests":
        return None
    if name in WITHOUT.get(layer, set()):
        return f"is nothing for the layer {layer}"
    if target in LAYERS.get(layer, set()) or (layer, name) in ACROSS:
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
