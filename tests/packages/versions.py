"""versions.py -- packages of other versions than the one that `make deb` has made: copies of these with the programs of
tests/upgrade/after.py in them."""
import os
import re
import shutil
import sys

import machine

sys.path.append(os.path.join(machine.ROOT, "tests/upgrade"))
import after  # noqa: E402
from before import SERVICES  # noqa: E402

NUMBER, VIEW = after.VERSION, after.VIEW


def packed(path, folder, word, programs):
    """The package under the version that ends with the word, with the programs of that folder."""
    tree = os.path.join(folder, "tree")
    shutil.rmtree(tree, ignore_errors=True)
    machine.run("dpkg-deb", "-R", path, tree)
    control = os.path.join(tree, "DEBIAN/control")
    with open(control, encoding="utf-8") as f:
        text = re.sub(r"^Version: (\S+)$", rf"Version: \1.{word}", f.read(), flags=re.M)
    version = re.search(r"^Version: (\S+)$", text, re.M)[1]
    with open(control, "w", encoding="utf-8") as f:
        f.write(re.sub(r"citywatch \(= [^)]*\)", f"citywatch (= {version})", text))
    for name, place in [("citywatchctl", "usr/bin")] + [(f"citywatch-{s}", "usr/libexec/citywatch") for s in SERVICES]:
        if os.path.exists(os.path.join(tree, place, name)):
            machine.run("strip", "-o", os.path.join(tree, place, name), os.path.join(programs, name))
    made = os.path.join(folder, f"{word}_{os.path.basename(path)}")
    machine.run("dpkg-deb", "--root-owner-group", "-b", tree, made)
    return made


def made(packages, folder):
    """{word: packages of a version that ends with it}: of "newer", and of "failing", whose last migration fails."""
    newer, failing = after.programs()
    return {word: [packed(p, folder, word, programs) for p in packages]
            for word, programs in (("failing", failing), ("newer", newer))}
