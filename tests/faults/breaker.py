"""breaker.py -- what every fault needs: the city it breaks, its stores, its chance and its history."""
import os, shutil, subprocess, tempfile, time
from signal import SIGKILL

import fixes, observers
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
            (self.lose if name in fixes.LOSES else self.begin)(name)
        except (ConnectionError, TimeoutError, subprocess.SubprocessError, ProcessLookupError, KeyError) as e:
            self.history.add("note", text=f"{name}: {e}"[:300], at=time.monotonic())

    def begin(self, name):
        getattr(self, "do_" + name)()

    def lose(self, name):
        """A fault that may take fixes away: which ones is told before."""
        start, held = self.held_fixes(fixes.LOSES[name])
        try:
            self.begin(name)
        finally:
            self.history.add("fixes_lost", fault=name, start=start, end=time.monotonic(), held=held)

    def held_fixes(self, seconds):
        """When it was, and [[unit, fix], ...] that Redis had had for so long at most and the read database not yet on its
        disk."""
        folded = self.soon(self.folded_for_good)
        key, life = "{city}:fixes", self.soon(lambda: self.redis("HGET", "{city}:fixes:count", "life"))
        after = "(" + folded["entry"] if life == folded["life"] else "-"
        start, entries = self.soon(lambda: (time.monotonic(), self.redis("XRANGE", key, after, "+")))
        held = [dict(zip(f[::2], f[1::2])) for _, f in entries]
        return start, [[e["unit"], e["fix"]] for e in held if int(e["received"]) >= (time.time() - seconds) * 1e6]

    def folded_for_good(self):
        """The checkpoint, once a crash of the server cannot undo it."""
        s = Session(self.city.run_dir, "citywatch_read")
        try:
            folded = s.rows("SELECT entry, life, pg_current_wal_insert_lsn() AS lsn FROM positions.checkpoint")[0]
            while s.run(f"SELECT pg_current_wal_flush_lsn() >= '{folded['lsn']}'") != ["t"]:
                time.sleep(0.05)
            return folded
        finally:
            s.close()

    def soon(self, ask, seconds=15):
        """Its answer, once what another fault has ended is back."""
        end = time.monotonic() + seconds
        while True:
            try:
                return ask()
            except ConnectionError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

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
        self.tell_kill(part, how)
        os.kill(observers.programs(self.city.run_dir)[part], how)

    def end(self, twin, how):
        self.tell_kill(twin.part, how)
        twin.stop(how)

    def tell_kill(self, part, how=SIGKILL):
        """What a process only counted is gone with it: A1 wants to know when."""
        if how == SIGKILL:
            self.history.add("killed", part=part, at=time.monotonic())

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
