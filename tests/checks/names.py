#!/usr/bin/python3
"""A name is used once: no static function of the product has the name of a global one, no two structs share one, and
no identifier holds a word that was given up for a plainer one. How many are left to rename is listed, and only falls."""
import collections
import json
import re
import subprocess

import sources

# Word of an identifier -> what to write, and how many declared identifiers may still hold the word. A number only
# falls; a word that is gone has 0.
OLD = {
    "desk": ("loop_state", 0),
    "ask": ("query_request, read_ or query_", 0),
    "look": ("read_ or check_", 0),
    "looked": ("declared_reads", 0),
    "sees": ("declared_reads", 0),
    "attempt": ("batch_commit", 0),
    "wish": ("command or request", 0),
    "settle": ("apply_outcome", 0),
    "heal": ("resume_from", 0),
    "stranger": ("unknown_view", 0),
    "rehearse": ("prepare_all", 0),
    "pack": ("gzip", 0),
    "deaf": ("read_paused", 0),
    "most": ("max", 0),
    "least": ("min", 0),
    "wrong_key": ("KEY_REUSED", 0),
}
TESTS = re.compile(r"^(?:tests|bench)/|_test\.c$|_history\.c$")


def tags(paths):
    command = ["ctags", "--languages=C", "--langmap=C:.c.h", "--kinds-C=+defgmstuvlz", "--fields=+n",
               "--fields-C=+{properties}", "--output-format=json", "-f", "-", *paths]
    output = subprocess.run(command, cwd=sources.ROOT, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in output.splitlines()]


def places(found):
    return ", ".join(sorted(f"{t['path']}:{t['line']}" for t in found))


def by_name(found):
    names = collections.defaultdict(list)
    for tag in found:
        names[tag["name"]].append(tag)
    return names


def functions_of_one_name(all_tags):
    """A macro that looks like a function is in capitals."""
    functions = [t for t in all_tags if t["kind"] == "function" and not t["name"].isupper()]
    own = by_name(t for t in functions if "static" in t.get("properties", ""))
    shared = by_name(t for t in functions if "static" not in t.get("properties", ""))
    for name in sorted(set(own) & set(shared)):
        yield f"{places(own[name])}: {name} is also the global function of {places(shared[name])}: rename the static one"


def structs_of_one_name(all_tags):
    structs = by_name(t for t in all_tags if t["kind"] == "struct" and not t["name"].startswith("__anon"))
    for name, found in sorted(structs.items()):
        if len(found) > 1:
            yield f"{places(found)}: struct {name} is defined more than once: give each a name of its own"


def old_names(all_tags):
    for word, (instead, allowed) in OLD.items():
        holds = re.compile(rf"(?:^|_){word}(?:_|$)", re.I)
        found = [t for t in all_tags if holds.search(t["name"])]
        if len(found) > allowed:
            names = ", ".join(sorted({t["name"] for t in found}))
            yield f"{len(found)} identifiers hold \"{word}\", {allowed} may: write {instead}. {names}: {places(found)}"


product = [p for p in sources.files(".c", ".h") if not TESTS.search(p)]
declared = tags(product)
faults = [*functions_of_one_name(declared), *structs_of_one_name(declared), *old_names(declared)]
if len(declared) < 20 * len(product):
    faults.append(f"ctags found only {len(declared)} names in {len(product)} files")
sources.report(faults, f"{len(declared)} names")
