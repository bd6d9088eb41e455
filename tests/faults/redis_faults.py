"""redis_faults.py -- what can happen to Redis: wiped, cut, old, full, slow, away, replaced."""
import glob, os, signal, subprocess, time

from breaker import Breaker, SmallDisk, copy
from network import free_port

KEYS = ("{events}:report", "{events}:vote", "{events}:report-private")


class RedisFaults(Breaker):
    def do_flushall(self):
        self.redis("FLUSHALL")

    def do_delete_all(self):
        self.redis("DEL", "{events}:all")

    def do_delete_category(self):
        self.redis("DEL", self.rng.choice(("{events}:report", "{events}:vote", "{events}:report-private")))

    def do_script_flush(self):
        self.redis("SCRIPT", "FLUSH")

    def do_client_kill(self):
        self.redis("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    def do_out_of_memory(self):
        before = self.redis("CONFIG", "GET", "maxmemory")[1]
        self.redis("CONFIG", "SET", "maxmemory", 1)
        try:
            self.sleep(1, 2)
        finally:
            self.redis("CONFIG", "SET", "maxmemory", before)

    def do_redis_sleeps(self):
        pid = self.city.pid("redis")
        os.kill(pid, signal.SIGSTOP)
        self.sleep(1, 3)
        os.kill(pid, signal.SIGCONT)

    def do_redis_killed(self):
        self.city.kill("redis")

    def do_redis_away(self):
        self.city.supervisor("stop", "redis")
        self.sleep(1, self.longest)
        self.city.supervisor("start", "redis")

    def do_redis_lost_its_tail(self):
        """As after a power cut: the end of the append-only file is missing, in the middle of an entry."""
        self.city.supervisor("stop", "redis")
        for path in glob.glob(self.city.run_dir + "/redis/appendonlydir/*.incr.aof"):
            size = os.path.getsize(path)
            os.truncate(path, max(0, size - self.rng.randint(1, 40000)))
        self.city.supervisor("start", "redis")

    def do_redis_away_for_long(self):
        """As long as this run allows: a minute in a long one."""
        self.city.supervisor("stop", "redis")
        time.sleep(self.longest)
        self.city.supervisor("start", "redis")

    def do_redis_without_aof(self):
        """What came after the file was given up is gone with the process."""
        self.redis("CONFIG", "SET", "appendonly", "no")
        self.sleep(0.5, 2)
        self.city.kill("redis")

    def do_redis_old_copy(self):
        """Somebody puts back a copy of some seconds ago."""
        folder = self.city.run_dir + "/redis/appendonlydir"
        old = self.city.folder + "/old-redis"
        self.city.supervisor("stop", "redis")
        os.makedirs(old, exist_ok=True)
        copy(folder, old)
        self.city.supervisor("start", "redis")
        self.sleep(2, 4)
        self.city.supervisor("stop", "redis")
        copy(old, folder)
        self.city.supervisor("start", "redis")

    def do_redis_disk_full(self):
        """The append-only file cannot grow: Redis refuses writes until it can."""
        if os.geteuid() != 0:
            return
        with SmallDisk(self.city.run_dir + "/redis/appendonlydir", 64 << 10,
                       lambda: self.city.supervisor("stop", "redis"), lambda: self.city.supervisor("start", "redis")):
            self.sleep(3, 5)

    def do_redis_fail_over(self):
        """A replica is cut off, promoted, and becomes what the services meet: the tail since then is lost."""
        port, r = free_port(), self.redis
        password = r("CONFIG", "GET", "requirepass")[1]
        config = (f"port {port}\nbind 127.0.0.1\nrequirepass {password}\nmasterauth {password}\nsave \"\"\n"
                  f"dir {self.city.folder}\ndbfilename replica.rdb\nreplicaof 127.0.0.1 {self.city.ports['REDIS_PORT']}\n")
        replica = subprocess.Popen(["redis-server", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        try:
            replica.stdin.write(config.encode())
            replica.stdin.close()
            self.until_linked(port)
            self.redis("REPLICAOF", "NO", "ONE", port=port)
            self.sleep(0.5, 2)
            r("CONFIG", "SET", "masterauth", password)
            r("REPLICAOF", "127.0.0.1", port)
            self.until_linked(None)
        finally:
            r("REPLICAOF", "NO", "ONE")
            replica.terminate()
            replica.wait()

    def until_linked(self, port):
        end = time.monotonic() + 15
        while time.monotonic() < end:
            try:
                if "master_link_status:up" in self.redis("INFO", "replication", port=port):
                    return
            except ConnectionError:
                pass
            time.sleep(0.1)
        raise TimeoutError("the replica does not follow")

    def do_strange_entry(self):
        """Somebody else writes into the streams: what it wrote must not stay, nor be believed."""
        key = self.rng.choice(("{events}:all",) + KEYS)
        for _ in range(20):  # the relay is quick
            try:
                self.redis("XADD", key, f"{self.last_id(key)}-5", "data", "{}")
                return
            except ConnectionError:
                continue

    def do_trimmed(self):
        """Entries go away under everybody's feet, but for the last thousand."""
        for key in ("{events}:all",) + KEYS:
            self.redis("XTRIM", key, "MAXLEN", 1000)
