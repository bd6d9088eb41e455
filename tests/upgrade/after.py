"""after.py -- the programs of a version after this one: this checkout under another version, with a table and a column more in
the store, and a column more in a view that every read of a report needs."""
import os, re, shutil, subprocess

from before import PROGRAMS, ROOT, build

VERSION = "0.99.0"
FOLDER = f"{ROOT}/build/after"
VIEW = "report_detail"
PLANTED = {
    "CMakeLists.txt": lambda text: re.sub(r"(project\(citywatch VERSION )[0-9.]+", r"\g<1>" + VERSION, text),
    f"features/report/views/{VIEW}.sql": lambda text: re.sub(
        rf"(CREATE TABLE {VIEW} \(\n)", r"\1    planted boolean NOT NULL DEFAULT true,\n", text),
    "migrations/write/0900_planted.sql": lambda _: "CREATE TABLE planted (at timestamptz);\nALTER TABLE es_event ADD COLUMN planted text;\n",
}
FAILING = "migrations/write/0901_fails.sql"
FAILS = "CREATE TABLE planted_by_half (at timestamptz);\nSELECT 1 / 0;\n"


def write_if_other(path, text):
    """What stays as it was is not compiled again."""
    if not os.path.exists(path) or read(path) != text:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)


def read(path):
    with open(path) as f:
        return f.read()


def make_source(source):
    """A copy of what the checkout tracks, as it lies there, and what is planted in it."""
    names = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"], check=True,
                           stdout=subprocess.PIPE, text=True).stdout.split("\0")
    for name in filter(None, names):
        if name not in PLANTED and os.path.isfile(f"{ROOT}/{name}"):
            to = f"{source}/{name}"
            os.makedirs(os.path.dirname(to), exist_ok=True)
            if not os.path.exists(to) or os.path.getmtime(to) != os.path.getmtime(f"{ROOT}/{name}"):
                shutil.copy2(f"{ROOT}/{name}", to)
    for name, plant in PLANTED.items():
        own = f"{ROOT}/{name}"
        text = read(own) if os.path.exists(own) else ""
        assert plant(text) != text, name
        write_if_other(f"{source}/{name}", plant(text))


def copied(built, folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for name in PROGRAMS:
        shutil.copy(f"{built}/{name}", folder)
    return folder


def programs():
    """Two folders with programs: of that version, and of one whose last migration fails."""
    source, built = FOLDER + "/source", FOLDER + "/build"
    make_source(source)
    if os.path.exists(f"{source}/{FAILING}"):
        os.remove(f"{source}/{FAILING}")
    build(source, built, PROGRAMS)
    good = copied(built, FOLDER + "/good")
    write_if_other(f"{source}/{FAILING}", FAILS)
    build(source, built, ["citywatchctl"])
    return good, copied(built, FOLDER + "/failing")
