"""faults.py -- what can go wrong, one function each: breaks something in a running city and mends what would not
mend itself. Services are restarted by their supervisor, never from here."""
import glob, json, os, signal, socket, subprocess, time, uuid

import observers
from stores import Redis, Session

SERVICES = ("command-api", "projector", "query-api")
USER = "citywatch"


class Twin:
    """A second process of a service beside the supervisor's own, with a port of its own: for a while there
    are two on one store. `instead`: the supervisor's own is stopped first and its port taken."""

    def __init__(self, city, part, instead=False, **environment):
        pid = observers.programs(city.run_dir)[part]
        with open(f"/proc/{pid}/environ") as f:
            self.environment = dict(pair.split("=", 1) for pair in f.read().split("\0") if "=" in pair)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        variable = part.upper().replace("-", "_") + "_PORT"
        if instead:
            self.port = int(self.environment.get(variable) or city.ports[variable])
            city.supervisor("stop", part)
        self.environment[variable] = str(self.port)
        self.environment.update(environment)
        self.log = open(f"{city.run_dir}/log/{part}-twin.log", "ab")
        self.process = subprocess.Popen([f"{city.run_dir}/bin/citywatch-{part}"], env=self.environment, cwd="/",
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        **({"user": USER, "group": USER} if os.geteuid() == 0 else {}))

    def answers(self):
        with socket.socket() as s:
            s.settimeout(1)
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def wait(self, seconds=20):
        end = time.monotonic() + seconds
        while not self.answers() and time.monotonic() < end:
            time.sleep(0.1)

    def ends_within(self, seconds):
        """Its exit code if it ends by itself, else None."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.stop()
            return None
        finally:
            self.log.close()

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        try:
            return self.process.wait(25)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self.log.close()


class Faults:
    """`longest`: seconds that Redis may be away; a zombie sleeps half of that."""

    def __init__(self, city, town, rng, history, longest=3):
        self.longest = longest
        self.city, self.town, self.rng, self.history = city, town, rng, history
        self.names = [n[len("do_"):] for n in dir(self) if n.startswith("do_")]

    def do(self, name):
        self.history.add("note", text=name, at=time.monotonic())
        try:
            getattr(self, "do_" + name)()
        except (ConnectionError, TimeoutError, subprocess.CalledProcessError, ProcessLookupError, KeyError) as e:
            self.history.add("note", text=f"{name}: {e}"[:300], at=time.monotonic())

    def redis(self, *words):
        r = Redis(self.city.run_dir)
        try:
            return r.call(*words)
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

    # ---- processes ----

    def do_kill_command_api(self):
        self.signal("command-api", signal.SIGKILL)

    def do_kill_projector(self):
        self.signal("projector", signal.SIGKILL)

    def do_kill_query_api(self):
        self.signal("query-api", signal.SIGKILL)

    def do_second_command_api(self):
        """Two on one store, keys answered by either; then a third of the times it is killed in mid-flight."""
        twin = Twin(self.city, "command-api")
        twin.wait()
        self.town.doors.append(twin.port)
        self.sleep(2, 4)
        self.town.doors.remove(twin.port)
        twin.stop(self.rng.choice((signal.SIGTERM, signal.SIGTERM, signal.SIGKILL)))

    def do_second_projector(self):
        twin = Twin(self.city, "projector")
        self.sleep(3, 5)
        twin.stop(self.rng.choice((signal.SIGTERM, signal.SIGKILL)))

    def zombie(self, part):
        """A process that sleeps through what its twin does, and wakes up believing in the past."""
        pid = observers.programs(self.city.run_dir)[part]
        twin = Twin(self.city, part)
        twin.wait()
        os.kill(pid, signal.SIGSTOP)
        try:
            if part == "command-api":
                self.town.doors.append(twin.port)
            self.sleep(2, 3 + self.longest / 2)
        finally:
            os.kill(pid, signal.SIGCONT)
            if twin.port in self.town.doors:
                self.town.doors.remove(twin.port)
        self.sleep(1, 2)
        twin.stop()

    def do_zombie_command_api(self):
        self.zombie("command-api")

    def do_zombie_projector(self):
        self.zombie("projector")

    # ---- Redis ----

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

    # ---- PostgreSQL ----

    def do_postgres_restarted(self):
        with open(self.city.run_dir + "/postgres/data/postmaster.pid") as f:
            os.kill(int(f.readline()), signal.SIGQUIT)

    def do_backends_ended(self):
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'citywatch%'")

    def do_backend_killed(self):
        """kill -9 of one backend: PostgreSQL throws all of them out and recovers."""
        pid = self.sql("SELECT pid FROM pg_stat_activity WHERE usename LIKE 'citywatch%' ORDER BY random() LIMIT 1")
        if pid:
            os.kill(int(pid[0]), signal.SIGKILL)

    def do_too_many_connections(self):
        role = self.rng.choice(("citywatch_command", "citywatch_projector", "citywatch_query"))
        self.sql(f"ALTER ROLE {role} CONNECTION LIMIT 0")
        try:
            self.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'")
            self.sleep(1, 2)
        finally:
            self.sql(f"ALTER ROLE {role} CONNECTION LIMIT -1")

    def do_rows_locked(self):
        """A long transaction of somebody else holds the counter: commands wait, then are told so."""
        self.sql("BEGIN; UPDATE es_counter SET position = position; SELECT pg_sleep(2); ROLLBACK", "citywatch_write")

    # ---- poison ----

    def do_poison(self):
        """Three events of one stream, of which no view can take the second. All or none, whatever else happens."""
        report, when = str(uuid.UUID(bytes=os.urandom(16), version=4)), "2026-01-01T00:00:00Z"
        base = {"report_id": report, "owner_agency": "AGENCY_INFRA", "category": "infrastruktur",
                "visibility": "PUBLIC"}
        events = [("report.created", dict(base, content="poisoned later", status="RECEIVED", created_at=when)),
                  ("report.mystery", base),
                  ("report.status.updated", dict(base, old_status="RECEIVED", new_status="REJECTED", changed_at=when))]
        appends = "; ".join(append(report, n, kind, data) for n, (kind, data) in enumerate(events))
        find = f"SELECT position FROM es_event WHERE stream = 'report-{report}' AND version = 2"
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                found = self.sql(find, "citywatch_write")
                if found:
                    self.history.add("poison", stream="report-" + report, report=report, position=int(found[0]))
                    return
                self.sql(f"BEGIN; {appends}; COMMIT", "citywatch_write")
            except ConnectionError:
                time.sleep(0.5)


def append(report, version, kind, data):
    """One event as the service would append it."""
    text, event = json.dumps(data).replace("'", "''"), str(uuid.uuid4())
    return (f"SELECT position FROM append_batch(ARRAY['system'], ARRAY['{event}'], ARRAY['poison'], ARRAY[200], "
            f"ARRAY[''], ARRAY[0::bigint], ARRAY[0::bigint], ARRAY[1], ARRAY[1], ARRAY['report-{report}'], "
            f"ARRAY[{version}::bigint], ARRAY[true], ARRAY[1], ARRAY['report-{report}'], "
            f"ARRAY[{version + 1}::bigint], ARRAY['report'], ARRAY['{event}'::uuid], ARRAY['{kind}'], ARRAY[1], "
            f"ARRAY['{text}'::json], ARRAY['{{}}'::json])")
