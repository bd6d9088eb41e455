#!/usr/bin/python3
"""Functions of at most 60 lines, sources of at most 400, headers of at most 100. A header of the tests
may hold the helpers of several programs: it counts as a source."""
import json
import subprocess

import sources

FUNCTION, SOURCE, HEADER = 60, 400, 100
# Headers that are the contract of a whole library: more words, not more ideas. Nothing else may grow.
LONG_HEADERS = {
    "platform/http/http.h": 130,
    "platform/http/http_internal.h": 170,
    "platform/postgres/store.h": 110,
}


def functions(paths):
    command = ["ctags", "--languages=C", "--langmap=C:.c.h", "--kinds-C=f", "--fields=+ne",
               "--output-format=json", "-f", "-", *paths]
    output = subprocess.run(command, cwd=sources.ROOT, check=True, capture_output=True, text=True).stdout
    for tag in map(json.loads, output.splitlines()):
        yield tag["path"], tag["name"], tag["line"], tag["end"] - tag["line"] + 1


paths = list(sources.files(".c", ".h"))
faults = []
for path in paths:
    size = len(sources.lines(path))
    is_source = path.endswith(".c") or path.startswith("tests/")
    limit = SOURCE if is_source else LONG_HEADERS.get(path, HEADER)
    if size > limit:
        faults.append(f"{path}: {size} lines, at most {limit}")
measured = list(functions(paths))
for path, name, line, size in measured:
    if size > FUNCTION:
        faults.append(f"{path}:{line}: {name} has {size} lines, at most {FUNCTION}")
if len(measured) < len(paths) / 4:
    faults.append(f"ctags found only {len(measured)} functions in {len(paths)} files")
sources.report(faults, f"sizes of {len(measured)} functions")
