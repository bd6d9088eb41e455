"""before.py -- the programs of the version before this one, built from the history of the checkout (tests/upgrade/before: its
version and its commit)."""
import os, subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
with open(os.path.dirname(os.path.realpath(__file__)) + "/before") as f:
    VERSION, COMMIT = f.read().split()
SERVICES = ("command-api", "projector", "query-api", "sla-worker")
PROGRAMS = ("citywatchctl", *("citywatch-" + s for s in SERVICES))


def is_in_history():
    return subprocess.run(["git", "-C", ROOT, "cat-file", "-e", COMMIT + "^{commit}"], stderr=subprocess.DEVNULL).returncode == 0


def schemas():
    """The event types that it reads: {"report.created.v1.json", …}"""
    names = subprocess.run(["git", "-C", ROOT, "ls-tree", "--name-only", COMMIT, "events/schema/"], check=True,
                           stdout=subprocess.PIPE, text=True).stdout.split()
    return {os.path.basename(name) for name in names if name.endswith(".json")}


def build(source, out, targets):
    subprocess.run(["cmake", "-S", source, "-B", out, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "--log-level=WARNING"],
                   check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", out, "--target", *targets, "--", "--quiet"], check=True)


def programs():
    """A folder with its programs; made once for a commit."""
    folder = f"{ROOT}/build/before/{COMMIT[:12]}"
    os.makedirs(folder + "/source", exist_ok=True)
    archive = subprocess.Popen(["git", "-C", ROOT, "archive", COMMIT], stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x", "-C", folder + "/source"], stdin=archive.stdout, check=True)
    assert archive.wait() == 0
    out = folder + "/build"
    build(folder + "/source", out, PROGRAMS)
    return out
