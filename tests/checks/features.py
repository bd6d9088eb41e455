#!/usr/bin/python3
"""features.py -- machines know no feature: no include of one, no name of its events and commands, and no text with its
stream kinds, paths, views, queries or members. The words come from the features' own files, so a new feature is
covered by being there. Identity and the accounts of command-api may name `account` (architecture of README.md)."""
import os
import re

import sources

MACHINES = ("command-api/", "query-api/", "projector/", "writer/", "view_engine/", "platform/", "base/", "api/", "events/",
            "positions/")
KERNEL = ("events/features.def", "events/place.def")
ACCOUNT = re.compile(r"(platform/(identity/)?(account|revoked|password|token)|command-api/(accounts|authenticate|refresh_token))")
# Members that are words of the machines, too: what a token and an account say, what every log line and metric says, Redis' policy.
SHARED = {"user_id", "created_at", "role", "agency", "status", "code", "kind", "names", "reason", "active", "category", "content",
          "street", "city", "state", "session_id", "role_version", "text", "level", "target", "policy"}
OF_ADMINS = "/admin"  # what they alone may is of no one feature
SERVICE = re.compile(r"\bsla-worker\b")  # a program's name, no stream's
STRING = re.compile(r'"((?:\\.|[^"\\])*)"')
COMMENT = re.compile(r"/\*.*?\*/", re.S)


def rows(feature, name, pattern):
    path = f"features/{feature}/{name}"
    text = "\n".join(sources.lines(path)) if os.path.exists(os.path.join(sources.ROOT, path)) else ""
    return re.findall(pattern, text, re.M)


def sql_names(feature, folder):
    path = os.path.join(sources.ROOT, "features", feature, folder)
    return {n.removesuffix(".sql") for n in os.listdir(path)} if os.path.isdir(path) else set()


def words_of(feature):
    """Identifiers, and what a text may not be or hold, of one feature."""
    events = rows(feature, "events.def", r'E\((\w+),\s*"([^"]+)"')
    commands = rows(feature, "commands.def", r"C\((\w+),")
    members = {m for d in ("events.def", "commands.def") for m in rows(feature, d, r"F\(\w+,\s*\w+,\s*(\w+)")} - SHARED
    kinds = set(rows(feature, "streams.def", r"STREAM\((\w+),"))
    paths = rows(feature, "routes.def", r'^(?:ROUTE|BULK|FIX|FIX_AND|QUERY|ACCOUNT)\(\w+,\s*"([^"]+)"')
    # A view named like its feature's header alone is not a word of it: case_inbox is, report is not.
    names = sql_names(feature, "views") | sql_names(feature, "queries")
    return {"identifiers": {e[0] for e in events} | set(commands),
            "holds": {k + "-" for k in kinds} | {"/" + p.split("/")[1] for p in paths if p != "/"} - {OF_ADMINS} | {e[1] for e in events},
            "is": names | members}


def holds(literal, word):
    """A word of one part is also one of prose: only by itself, or quoted as a member, it is meant."""
    return bool(re.search(r"(?<!\w)" + word + r"(?!\w)", literal)) if "_" in word \
        else literal == word or f'\\"{word}\\"' in literal


def faults_of(path, feature, words):
    text = COMMENT.sub(lambda m: "\n" * m[0].count("\n"), "\n".join(sources.lines(path)))
    for number, line in enumerate(text.split("\n"), 1):
        include = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if include:
            if include[1].startswith(f"features/{feature}/"):
                yield number, f"includes {include[1]}"
            continue
        for name in set(re.findall(r"\w+", STRING.sub('""', line))) & words["identifiers"]:
            yield number, f"names {name}"
        for literal in (SERVICE.sub("", found) for found in STRING.findall(line)):
            for word in words["holds"]:
                if re.search(r"(?<![\w-])" + re.escape(word) + (r"(?![\w-])" if not word.endswith("-") else ""), literal):
                    yield number, f'holds "{word}"'
            for word in words["is"]:
                if holds(literal, word):
                    yield number, f'holds "{word}"'


faults, count = [], 0
for feature in sources.features():
    words = words_of(feature)
    count += sum(len(w) for w in words.values())
    for path in sources.files(".c", ".h", ".def", ".lua"):
        if not path.startswith(MACHINES) or path in KERNEL or (feature == "account" and ACCOUNT.match(path)):
            continue
        faults += [f"{path}:{number}: {what} of feature {feature}; what a machine needs of it stands in a row"
                   for number, what in faults_of(path, feature, words)]
if count < 60:
    faults.append(f"found only {count} words of features")
sources.report(faults, f"features, {count} words")
