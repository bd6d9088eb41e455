"""A bare Debian 12 with systemd as its first process (systemd-nspawn), for tests of packages. It is made once by debootstrap
and kept in build/packages-test/bare with the packages that apt has fetched; each machine is a layer upon it (overlayfs) that
goes with the machine. It has no network but its own loopback, so it meets nothing of this host. For root."""
import json
import os
import shutil
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BASE = os.path.join(ROOT, "build", "packages-test")
BARE = os.path.join(BASE, "bare")
SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"


class Failed(Exception):
    def __init__(self, *said):
        super().__init__(" ".join(str(s) for s in said))


def check(truth, *said):
    if not truth:
        raise Failed(*said)


def run(*command, timeout=120, ok=(0,), **options):
    """What it says; Failed with the end of that if it ends otherwise than `ok`."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout,
                              errors="replace", **options)
    except subprocess.TimeoutExpired as e:
        raise Failed(" ".join(command), "has not ended after", timeout, "s:\n", e.stdout) from None
    check(done.returncode in ok, " ".join(command), "ended with", done.returncode, "\n", done.stdout[-4000:])
    return done.stdout


def apt_of_host(root):
    """Where this host gets Debian's packages from, and by which proxy."""
    settings = [line for line in run("apt-config", "dump").splitlines()
                if line.startswith(("Acquire::http::Proxy", "Acquire::https::Proxy"))]
    with open(os.path.join(root, "etc/apt/apt.conf.d/00host"), "w", encoding="utf-8") as f:
        f.write("\n".join(settings) + "\n")
    for source in ("/etc/apt/sources.list", "/etc/apt/sources.list.d/debian.sources"):
        if os.path.exists(source) and "debian.org" in open(source, encoding="utf-8").read():
            shutil.copy(source, root + source)


def make_bare(packages, others):
    """The bare Debian, and in its cache what apt needs to install these packages, and others of Debian by their names."""
    os.makedirs(BASE, exist_ok=True)
    if not os.path.exists(BARE):
        shutil.rmtree(BARE + ".new", ignore_errors=True)
        run("debootstrap", "--variant=minbase", "--include=systemd,systemd-sysv,dbus", SUITE, BARE + ".new", MIRROR, timeout=900)
        os.rename(BARE + ".new", BARE)
    apt_of_host(BARE)
    files = [shutil.copy(p, os.path.join(BARE, "tmp")) for p in packages]
    inside = ["/tmp/" + os.path.basename(f) for f in files]
    try:
        run("chroot", BARE, "apt-get", "update", "-q", timeout=300)
        run("chroot", BARE, "apt-get", "install", "-q", "-y", "--no-install-recommends", "--download-only", *inside, *others,
            timeout=600,
            env={**os.environ, "LC_ALL": "C.UTF-8"})
    finally:
        for f in files:
            os.remove(f)


class Machine:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="machine.", dir=BASE)
        for name in ("upper", "work", "root"):
            os.mkdir(os.path.join(self.folder, name))
        self.root = os.path.join(self.folder, "root")
        self.nspawn = self.leader = None
        at = {name: os.path.join(self.folder, name) for name in ("upper", "work")}
        run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={BARE},upperdir={at['upper']},workdir={at['work']}", self.root)

    def boot(self, seconds=60):
        with open(os.path.join(self.folder, "console"), "ab") as console:
            self.nspawn = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--directory", self.root, "--machine", f"citywatch-{os.getpid()}",
                 "--keep-unit", "--register=no", "--private-network", "--boot"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        end = time.monotonic() + seconds
        while True:
            check(time.monotonic() < end and self.nspawn.poll() is None, "systemd does not start:\n" + self.console())
            self.leader = self.leader or self.find_leader()
            if self.leader and self.state() in ("running", "degraded"):
                return
            time.sleep(0.2)

    def console(self):
        with open(os.path.join(self.folder, "console"), encoding="utf-8", errors="replace") as f:
            return f.read()[-3000:]

    def find_leader(self):
        pid = self.nspawn.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            children = f.read().split()
        for child in children:
            if os.readlink(f"/proc/{child}/exe").endswith("/systemd"):
                return child
        return None

    def state(self):
        done = subprocess.run(self.inside("systemctl", "is-system-running"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True, timeout=30)
        return done.stdout.strip()

    def inside(self, *command):
        return ["nsenter", "--target", self.leader, "--all", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
                "HOME=/root", "DEBIAN_FRONTEND=noninteractive", *command]

    def run(self, *command, **options):
        return run(*self.inside(*command), **options)

    def copy(self, path):
        """Into /root, through the machine, whose layer nobody else may change; returns where it is there."""
        inside = "/root/" + os.path.basename(path)
        with open(path, "rb") as f:
            subprocess.run(self.inside("tee", inside), stdin=f, stdout=subprocess.DEVNULL, check=True, timeout=60)
        return inside

    def unit(self, name, *properties):
        said = self.run("systemctl", "show", name, "--property=" + ",".join(properties))
        return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)

    def call(self, method, path, body=None, token=None, city="http://127.0.0.1:8000"):
        """Status and answer of one request to the city."""
        command = ["curl", "-s", "-m", "15", "-X", method, "-w", "\n%{http_code}", city + path]
        if body is not None:
            command += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        if token:
            command += ["-H", "Authorization: Bearer " + token]
        said, _, status = self.run(*command, ok=range(256)).rpartition("\n")
        try:
            return int(status), json.loads(said)
        except ValueError:
            return int(status), said

    def end(self):
        if self.nspawn and self.nspawn.poll() is None:
            self.nspawn.terminate()
            try:
                self.nspawn.wait(60)
            except subprocess.TimeoutExpired:
                self.nspawn.kill()
                self.nspawn.wait(10)
        run("umount", self.root, ok=range(256))
        if not os.path.ismount(self.root):
            shutil.rmtree(self.folder)
