"""versions.py -- packages of other versions than the one that `make deb` has made: of a copy of the sources, built beside them in
build/packages-test/newer and put into copies of the packages."""
import os
import re
import shutil
import subprocess

import machine

SOURCE = os.path.join(machine.BASE, "newer/source")
BUILD = os.path.join(machine.BASE, "newer/build")
SERVICES = ("command-api", "projector", "query-api", "sla-worker")
NUMBER = "0.2.99"  # of the programs of all of them
PLANTED = os.path.join(SOURCE, "migrations/write/0999_planted.sql")


def copy_sources():
    """Those that git knows, or would; a file that is as it was keeps its time, so what was built of it stays."""
    names = subprocess.run(["git", "-C", machine.ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True,
                           stdout=subprocess.PIPE).stdout
    shutil.rmtree(SOURCE, ignore_errors=True)
    os.makedirs(SOURCE)
    packed = subprocess.Popen(["tar", "-C", machine.ROOT, "--null", "--ignore-failed-read", "-cf", "-", "-T", "-"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    unpack = subprocess.Popen(["tar", "-C", SOURCE, "-xf", "-"], stdin=packed.stdout)
    packed.stdin.write(names)
    packed.stdin.close()
    machine.check(unpack.wait() == 0, "the sources could not be copied")


def configure():
    path = os.path.join(SOURCE, "CMakeLists.txt")
    with open(path, encoding="utf-8") as f:
        text = re.sub(r"^project\(citywatch VERSION [0-9.]+", f"project(citywatch VERSION {NUMBER}", f.read(), flags=re.M)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    machine.run("cmake", "-S", SOURCE, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DBUILD_TESTING=OFF",
                "--log-level=WARNING")


def plant(sql):
    """The one migration more that these versions have, and the programs with it."""
    with open(PLANTED, "w", encoding="utf-8") as f:
        f.write(sql)
    machine.run("cmake", "--build", BUILD, "--target", "citywatchctl", *[f"citywatch-{s}" for s in SERVICES], timeout=900)


def packed(path, folder, word):
    """The package under the version that ends with the word, with the programs that were built."""
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
            machine.run("strip", "-o", os.path.join(tree, place, name), os.path.join(BUILD, name))
    made = os.path.join(folder, f"{word}_{os.path.basename(path)}")
    machine.run("dpkg-deb", "--root-owner-group", "-b", tree, made)
    return made


def made(packages, folder, migrations):
    """{word: packages of a version with that migration}, for each word of `migrations`."""
    copy_sources()
    configure()
    versions = {}
    for word, sql in migrations.items():
        plant(sql)
        versions[word] = [packed(p, folder, word) for p in packages]
    return versions
