"""faults.py -- what can go wrong, one function each: breaks something in a running city and mends what would not
mend itself. Services are restarted by their supervisor, never from here. Processes, the network and poison
stand here, the stores in modules of their own."""
import glob, json, os, re, signal, subprocess, time, uuid

import observers
from mongo_faults import MongoFaults
from network import Proxy
from postgres_faults import PostgresFaults
from redis_faults import RedisFaults
from twin import Twin

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
SERVICES = ("command-api", "projector", "query-api", "sla-worker")


def parts_of(point):
    """The services that reach it here; those of the audit are reached by tests/audit."""
    kind = point.split(".")[0]
    return {"projector": ("projector", "sla-worker"), "append": ("command-api", "sla-worker"),
            "writer": ("command-api", "sla-worker"), "audit": ()}.get(kind, ("command-api",))


def points():
    """The places of base/failpoints.def."""
    with open(ROOT + "/base/failpoints.def") as f:
        return re.findall(r'^POINT\(\w+, "([\w.]+)"\)', f.read(), re.M)


class Faults(RedisFaults, PostgresFaults, MongoFaults):
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
        self.end(twin, self.rng.choice((signal.SIGTERM, signal.SIGTERM, signal.SIGKILL)))

    def do_second_projector(self):
        twin = Twin(self.city, "projector")
        self.sleep(3, 5)
        self.end(twin, self.rng.choice((signal.SIGTERM, signal.SIGKILL)))

    def do_kill_sla_worker(self):
        self.signal("sla-worker", signal.SIGKILL)

    def do_second_sla_worker(self):
        """Both are there for a while; whichever fires is killed in the middle of it."""
        twin = Twin(self.city, "sla-worker")
        twin.wait()
        self.sleep(1, 2)
        self.signal("sla-worker", signal.SIGKILL)
        self.sleep(2, 4)
        self.end(twin, self.rng.choice((signal.SIGTERM, signal.SIGKILL)))

    def do_zombie_sla_worker(self):
        self.zombie("sla-worker")

    def do_sla_worker_away(self):
        """So long that several levels of a clock pass."""
        self.city.supervisor("stop", "sla-worker")
        self.sleep(7, 13)
        self.city.supervisor("start", "sla-worker")

    def do_forgotten_answers(self):
        """Workers whose view is slow die with levels in the log that it does not show, and the store has forgotten its
        answers: the report alone tells that they have fired."""
        slow = {"ES_FAILPOINT": "projector.before_commit:sleep_ms=500"}
        self.instead("sla-worker", slow, lambda twin: self.forget_answers(twin, slow))

    def forget_answers(self, twin, slow):
        for _ in range(2):
            twin.wait()
            self.sleep(2, 3)
            self.end(twin, signal.SIGKILL)
            self.history.add("forgotten", at=time.monotonic())
            self.sql("DELETE FROM es_result r USING es_event e WHERE e.position = r.position AND "
                     "e.meta->>'correlation_id' = 'sla-worker' AND r.actor = 'system'", "citywatch_write")
            twin.start_again()
        self.sleep(1, 2)

    def do_shifted_sla_worker(self):
        """Its machine's clock is wrong by an hour; the monotonic one is not."""
        self.shift = shift = "-1h" if getattr(self, "shift", None) == "+1h" else "+1h"
        wrong = {"LD_PRELOAD": FAKETIME, "FAKETIME": shift, "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                 "DONT_FAKE_MONOTONIC": "1"}
        self.instead("sla-worker", wrong, lambda twin: self.sleep(6, 9))

    def zombie(self, part):
        """A process that sleeps through what its twin does, and wakes up believing in the past."""
        pid = observers.programs(self.city.run_dir)[part]
        twin = Twin(self.city, part)
        twin.wait()
        os.kill(pid, signal.SIGSTOP)
        start = time.monotonic()
        try:
            if part == "command-api":
                self.town.doors.append(twin.port)
            self.sleep(2, 3 + self.longest / 2)
        finally:
            os.kill(pid, signal.SIGCONT)
            self.history.add("asleep", part=part, start=start, end=time.monotonic())
            if twin.port in self.town.doors:
                self.town.doors.remove(twin.port)
        self.sleep(1, 2)
        twin.stop()

    def do_zombie_command_api(self):
        self.zombie("command-api")

    def do_zombie_projector(self):
        self.zombie("projector")

    def instead(self, part, environment, during):
        """A process with another environment in the place of the supervisor's own."""
        twin = Twin(self.city, part, instead=True, **environment)
        try:
            during(twin)
        finally:
            if twin.process.poll() is None:
                twin.stop()
            self.city.supervisor("start", part)

    def do_ended_at_a_point(self):
        """As kill -9 between two steps that belong together."""
        point = self.rng.choice([p for p in points() if parts_of(p) and not p.startswith("accounts.")])
        part = self.rng.choice(parts_of(point))
        self.history.add("note", text=point, at=time.monotonic())
        self.instead(part, {"ES_FAILPOINT": f"{point}:exit@{self.rng.randint(1, 30)}"},
                     self.ends_by_itself)

    def ends_by_itself(self, twin):
        twin.ends_within(15)
        self.tell_kill(twin.part)

    def do_bad_network(self):
        """A service that reaches PostgreSQL and Redis through a network with every illness in turn."""
        part = self.rng.choice(("command-api", "projector", "sla-worker"))
        postgres, redis = (Proxy(self.city.ports[p]) for p in ("POSTGRES_PORT", "REDIS_PORT"))
        pid = observers.programs(self.city.run_dir)[part]
        with open(f"/proc/{pid}/environ") as f:
            environment = dict(pair.split("=", 1) for pair in f.read().split("\0") if "=" in pair)
        changed = {k: re.sub(r"host=[^&]+&port=\d+", f"host=127.0.0.1&port={postgres.port}", v)
                   for k, v in environment.items() if k.endswith("DATABASE_URL")}
        assert all(str(postgres.port) in v for v in changed.values()), changed
        try:
            self.instead(part, {**changed, "REDIS_HOST": "127.0.0.1", "REDIS_PORT": str(redis.port)}, lambda twin: self.ill(twin, postgres, redis))
        finally:
            postgres.close()
            redis.close()

    def ill(self, twin, *proxies):
        twin.wait()
        illnesses = [self.slow, self.swallowing, self.half_open, self.cut_off]
        self.rng.shuffle(illnesses)
        for illness in illnesses:
            illness(self.rng.choice(proxies))
            self.sleep(0.5, 1.5)

    def slow(self, proxy):
        proxy.delay = 0.2
        self.sleep(2, 4)
        proxy.delay = 0

    def swallowing(self, proxy):
        for _ in range(5):
            proxy.swallow_answers(1)
            self.sleep(0.1, 0.6)

    def half_open(self, proxy):
        """Longer than a database call may take."""
        proxy.silent = True
        self.sleep(6, 8)
        proxy.silent = False

    def cut_off(self, proxy):
        proxy.refusing = True
        proxy.cut()
        self.sleep(1, 3)
        proxy.refusing = False

    # ---- views ----

    def do_rebuild(self):
        """A view is filled anew while it serves, taken back, and the second version dropped. An event that the
        view cannot take fails it, and then nothing has changed."""
        self.until_there()
        view = self.rng.choice(("report_list", "report_detail", "report_history", "report_rank", "case_inbox", "sla"))
        verbs = ((), ("--swap-back",), ("--drop",)) if self.rng.random() < 0.5 else ((), ("--drop",))
        for options in verbs:
            if self.ctl("rebuild", view, *options, "--yes"):
                break
        self.ctl("rebuild", view, "--drop", "--yes")

    def ctl(self, *words):
        """Exit code."""
        done = subprocess.run([ROOT + "/tools/ctl", *words], env=self.city.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
        self.history.add("note", text=f"{' '.join(words)}: {done.returncode} {done.stdout[-200:]}", at=time.monotonic())
        return done.returncode

    # ---- poison ----

    def do_poison(self):
        """Three events of one stream, of which no view can take the second. All or none, whatever else happens."""
        report, when = str(uuid.UUID(bytes=os.urandom(16), version=4)), "2026-01-01T00:00:00Z"
        events = [sample("report.created", report_id=report, content="poisoned later", created_at=when),
                  ("report.mystery", 1, {"report_id": report}),
                  sample("report.status.updated", report_id=report, changed_at=when)]
        appends = "; ".join(append(report, n, *event) for n, event in enumerate(events))
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


def sample(kind, **changes):
    """The sample of the type at its current version, with these members changed: (kind, schema, data)."""
    files = glob.glob(f"{ROOT}/events/schema/samples/{kind}.v*.json")
    schema = max(int(re.search(r"[.]v(\d+)[.]json$", name).group(1)) for name in files)
    with open(f"{ROOT}/events/schema/samples/{kind}.v{schema}.json") as f:
        return kind, schema, dict(json.load(f), **changes)


def append(report, version, kind, schema, data):
    """One event as the service would append it."""
    text, event = json.dumps(data).replace("'", "''"), str(uuid.uuid4())
    return (f"SELECT position FROM append_batch(ARRAY['system'], ARRAY['{event}'], ARRAY['poison'], ARRAY[200], "
            f"ARRAY[''], ARRAY[0::bigint], ARRAY[0::bigint], ARRAY[1], ARRAY['report-{report}'], "
            f"ARRAY[{version}::bigint], NULL, NULL, NULL, ARRAY[1], ARRAY['report-{report}'], "
            f"ARRAY[{version}::bigint], ARRAY[1], ARRAY[1], ARRAY['report-{report}'], "
            f"ARRAY[{version + 1}::bigint], ARRAY['report'], ARRAY['{event}'::uuid], ARRAY['{kind}'], ARRAY[{schema}], "
            f"ARRAY['{text}'::json], ARRAY['{{}}'::json])")
