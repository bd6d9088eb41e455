"""The source tree as the checks see it: our own files, nothing built, nothing of a run folder."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NOT_OURS = {".git", ".run", "build"}


def files(*endings):
    """Paths relative to the root, sorted, of files whose names end in one of `endings`."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(f for f in folders if f not in NOT_OURS and f != "__pycache__")
        for name in sorted(names):
            if name.endswith(endings):
                yield os.path.relpath(os.path.join(folder, name), ROOT)


def features():
    """{name: the others whose header it may include}, in the order of events/features.def."""
    rows = "\n".join(lines("events/features.def"))
    return {m[1]: set(re.findall(r"\w+", m[2] or "")) for m in re.finditer(r"^FEATURE\((\w+)((?:,[^)]*)?)\)", rows, re.M)}


def feature_files(name):
    """features/<feature>/<name> of all features that have it."""
    paths = [f"features/{f}/{name}" for f in features()]
    return [p for p in paths if os.path.exists(os.path.join(ROOT, p))]


def lines(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read().splitlines()


def report(faults, what):
    """Ends the check: every fault on a line of its own."""
    for fault in faults:
        print(fault)
    print(f"{what}: {len(faults)} faults")
    sys.exit(1 if faults else 0)
