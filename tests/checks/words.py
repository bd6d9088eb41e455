#!/usr/bin/python3
"""Words that may not stand in the tree: what is unfinished, and functions base/banned.h poisons
(or cannot poison, because headers of the system use them), and settings that are filled by hand."""
import re

import sources

UNFINISHED = re.compile(r"\b(?:TO" "DO|FIX" r"ME|X{3}|HA" r"CK)\b")
BANNED = re.compile(r"\b(?:strcpy|strcat|sprintf|vsprintf|strtok|gmtime|localtime|asctime|ctime|atoi|atol"
                    r"|atof|gets|setjmp|longjmp|pthread_exit|pthread_cancel|alloca|tmpnam|mktemp)\s*\(")
# `settings_defaults` or `settings_read` fill them; a member set afterwards is how to differ.
BY_HAND = re.compile(r"\(\s*(?:const )?struct settings\s*\)\s*\{|\bstruct settings\s+\w+\s*=\s*\{|\.settings\s*=\s*\{")
FILLS_SETTINGS = {"platform/process/settings.c"}
CODE = (".c", ".h", ".def")
TEXT = CODE + (".sql", ".md", ".txt", ".cmake", ".json", ".js", ".py", ".conf", ".yaml", ".yml",
               "Makefile", "Caddyfile", "/run")


def code_only(line):
    """Without texts and the comments of one line."""
    return re.sub(r'"(?:\\.|[^"\\])*"|/\*.*?\*/|//.*|^\s*\*.*', "", line)


faults = []
for path in sources.files(*TEXT):
    for number, line in enumerate(sources.lines(path), 1):
        if UNFINISHED.search(line):
            faults.append(f"{path}:{number}: unfinished: {line.strip()}")
        if path.endswith(CODE):
            found = BANNED.search(code_only(line))
            if found:
                faults.append(f"{path}:{number}: banned: {found[0]})")
            if path not in FILLS_SETTINGS and BY_HAND.search(code_only(line)):
                faults.append(f"{path}:{number}: settings filled by hand: begin with settings_defaults() and set "
                              f"what differs: {line.strip()}")
sources.report(faults, "words")
