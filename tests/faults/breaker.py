"""breaker.py -- what every fault needs: the city it breaks, its stores, its chance and its history."""
import os, shutil, subprocess, tempfile, time

import observers
from stores import Redis, Session


class Breaker:
    """`longest`: seconds that Redis may be away; a zombie sleeps half of that."""

    def __init__(self, city, town, rng, history, longest=3):
        self.longest = longest
        self.city, self.town, self.rng, self.history = city, town, rng, history
        self.names = [n[len("do_"):] for n in dir(self) if n.startswith("do_")]

    def do(self, name):
        self.history.add("note", text=name, at=time.monotonic())
        try:
            getattr(self, "do_" + name)()
        except (ConnectionError, TimeoutError, subprocess.SubprocessError, ProcessLookupError, KeyError) as e:
            self.history.add("note", text=f"{name}: {e}"[:300], at=time.monotonic())

    def redis(self, *words, port=None):
        r = Redis(self.city.run_dir)
        r.port = port or r.port
        try:
            return r.call(*words)
        finally:
            r.close()

    def last_id(self, key):
        r = Redis(self.city.run_dir)
        try:
            return r.last_id(key)
        finally:
            r.close()

    def sql(self, query, database="postgres"):
        s = Session(self.city.run_dir, database)
        try:
            return s.run(query)
        finally:
            s.close()

    def signal(self, part, how):
        os.kill(observers.programs(self.city.run_dir)[part], how)

    def sleep(self, least, most):
        time.sleep(self.rng.uniform(least, most))

    def tool(self, *command, seconds=60):
        """A program of PostgreSQL's superuser, over the socket; its output is not wanted."""
        if os.geteuid() == 0:
            command = ("runuser", "-u", "postgres", "--", *command)
        subprocess.run(command, check=True, cwd="/", timeout=seconds, stdout=subprocess.DEVNULL,
                       stderr=subprocess.PIPE)


class SmallDisk:
    """While it is held, `folder` lies on a file system of its own with `spare` bytes left. The part that uses it is
    stopped while it moves there and back."""

    def __init__(self, folder, spare, stop, start):
        self.folder, self.spare, self.stop, self.start = folder, spare, stop, start

    def __enter__(self):
        self.stop()
        self.aside = tempfile.mkdtemp(prefix=".aside-", dir=os.path.dirname(self.folder))
        copy(self.folder, self.aside)
        owner = os.stat(self.folder)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"mode=700,uid={owner.st_uid},gid={owner.st_gid}", "tmpfs",
                        self.folder], check=True)
        try:
            copy(self.aside, self.folder)
            self.resize(self.spare)
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def resize(self, spare):
        disk = os.statvfs(self.folder)
        used = (disk.f_blocks - disk.f_bfree) * disk.f_frsize
        subprocess.run(["mount", "-o", f"remount,size={used + spare}", self.folder], check=True)

    def __exit__(self, *_):
        self.resize(1 << 30)
        self.stop()
        copy(self.folder, self.aside)
        subprocess.run(["umount", self.folder], check=True)
        copy(self.aside, self.folder)
        shutil.rmtree(self.aside)
        self.start()


def copy(a, b):
    """What is in folder `a`, with owners and modes; what `b` alone holds goes."""
    for name in os.listdir(b):
        path = os.path.join(b, name)
        (shutil.rmtree if os.path.isdir(path) else os.unlink)(path)
    subprocess.run(["cp", "-a", a + "/.", b], check=True)
