#!/usr/bin/python3
"""planted.py <build folder> -- each bug of base/planted.def has its place in the sources and a check that must
catch it; and no build but that of tests/faults/planted.py carries one."""
import os
import re
import sys

import sources

RUNNER = "tests/faults/planted.py"
# The only files that may speak of the option.
ALLOWED = {"CMakeLists.txt", "cmake/planted.cmake", "tests/CMakeLists.txt", "base/planted.h", "base/planted.def",
           "platform/process/planted.c", "tests/checks/planted.py", RUNNER}
CODE = (".c", ".h", ".cmake", ".txt", ".py", ".json", ".def", "Makefile", "/run", "/lib.sh", "/install")

faults, places = [], {}
for path in sources.files(*CODE):
    for number, line in enumerate(sources.lines(path), 1):
        if "CITYWATCH_PLANT" in line and path not in ALLOWED:
            faults.append(f"{path}:{number}: no normal build may choose a bug: {line.strip()}")
        for name in re.findall(r"\bPLANTED\((\w+)\)|^plant\((\w+) ", line):
            if path != "base/planted.h":
                places.setdefault(name[0] or name[1], []).append(path)

bugs = re.findall(r"^PLANT\((\w+),", "\n".join(sources.lines("base/planted.def")), re.M)
checked = re.findall(r'^    "(\w+)": \[', "\n".join(sources.lines(RUNNER)), re.M)
for name in sorted(set(bugs) ^ set(places)):
    faults.append(f"base/planted.def and the sources do not agree about {name}")
for name in sorted(set(bugs) ^ set(checked)):
    faults.append(f"base/planted.def and {RUNNER} do not agree about {name}")

with open(os.path.join(sys.argv[1], "compile_commands.json"), encoding="utf-8") as f:
    if "CITYWATCH_PLANT=" in f.read():
        faults.append(f"{sys.argv[1]} carries a bug")
sources.report(faults, "planted")
