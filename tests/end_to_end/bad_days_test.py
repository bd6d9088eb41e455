"""bad_days_test.py -- parts stop, are wiped or killed: what was acknowledged is there, the rest says 503,
and everything heals without an operator."""
import concurrent.futures, http.client, sys, threading, time, unittest, uuid

from city import ROOT, city, wait_until

sys.path.append(ROOT + "/tests/faults")
from twin import Twin  # noqa: E402

SERVICES = ("command-api", "projector", "query-api", "sla-worker")


class Filing(threading.Thread):
    """Files reports until stopped; remembers what was acknowledged, and repeats what is unknown under its key."""

    def __init__(self, c, name):
        super().__init__()
        self.city, self.who, self.acknowledged, self.unexpected = c, name, {}, []
        self.token = c.token(name)
        self.stopped = threading.Event()

    def file_one(self):
        key = uuid.uuid4().hex
        body = {"content": "bad day " + key, "category": "infrastruktur"}
        while not self.stopped.is_set():
            try:
                a = self.city.ask("POST", "/reports", body, self.token, {"Idempotency-Key": key}, timeout=15)
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)
                continue
            if a.status == 201:
                self.acknowledged[key] = a.json["report_id"]
                return
            if a.status != 503:
                self.unexpected.append((a.status, a.raw))
                return
            time.sleep(0.1)

    def run(self):
        while not self.stopped.is_set():
            self.file_one()
            time.sleep(0.005)


class BadDays(unittest.TestCase):
    def during(self, what):
        """Two clients file reports while `what()` happens; then everything acknowledged is there, once."""
        c = city()
        clients = [Filing(c, "citizen1"), Filing(c, "citizen2")]
        for f in clients:
            f.start()
        try:
            time.sleep(0.5)
            what(c)
            wait_until("ready again", c.is_ready, 60)
            time.sleep(0.5)
        finally:
            for f in clients:
                f.stopped.set()
            for f in clients:
                f.join(30)
        self.assertEqual([f.unexpected for f in clients], [[], []])
        acknowledged = {k: v for f in clients for k, v in f.acknowledged.items()}
        self.assertTrue(acknowledged)
        c.settle(60)
        rows = c.sql("citywatch_write",
                     "SELECT data->>'content', data->>'report_id' FROM es_event "
                     "WHERE type = 'report.created' AND data->>'content' LIKE 'bad day %'")
        stored = {}
        for content, report_id in rows:
            stored.setdefault(content.removeprefix("bad day "), []).append(report_id)
        for key, report_id in acknowledged.items():
            self.assertEqual(stored.get(key), [report_id])
        listed = {r[0] for r in c.sql("citywatch_read", "SELECT report_id FROM report_list.report_list "
                                                        "WHERE content LIKE 'bad day %'")}
        self.assertEqual(listed, {r for ids in stored.values() for r in ids})
        return c

    def test_redis_stopped_commands_and_queries_go_on(self):
        def stop_redis(c):
            c.supervisor("stop", "redis")
            made = c.file_report()
            wait_until("the relay misses it", lambda: c.get("/ready/command-api").json["status"] == "degraded", 10)
            seen = c.get(f"/reports/{made['report_id']}?min_position={made['position']}&wait_ms=5000")
            self.assertEqual(seen.status, 200)
            c.supervisor("start", "redis")
        self.during(stop_redis)

    def test_a_second_command_api_whose_relay_waits_knows_whether_redis_is_there(self):
        def stop_redis(c):
            twin = Twin(c, "command-api")
            ready = lambda: c.ask("GET", "/ready", port=twin.port).json["status"]
            try:
                wait_until("both are ready", lambda: ready() == "ready", 20)
                c.supervisor("stop", "redis")
                wait_until("the one that waits misses it too", lambda: ready() == "degraded", 10)
                c.supervisor("start", "redis")
                wait_until("it is back", lambda: ready() == "ready", 10)
            finally:
                twin.stop()
        self.during(stop_redis)

    def test_flushall_heals_alone(self):
        self.during(lambda c: c.redis("FLUSHALL"))

    def test_redis_killed(self):
        self.during(lambda c: c.kill("redis"))

    def test_postgres_stopped_is_503_and_comes_back(self):
        def stop_postgres(c):
            c.supervisor("stop", "postgres")
            a = c.post("/reports", {"content": "x", "category": "infrastruktur"}, "citizen1")
            self.assertEqual(a.status, 503)
            self.assertTrue(a.headers["Retry-After"])
            self.assertEqual(a.headers["Content-Type"], "application/problem+json")
            b = c.get("/reports/me", "citizen1")
            self.assertEqual((b.status, bool(b.headers["Retry-After"])), (503, True))
            c.supervisor("start", "postgres")
        self.during(stop_postgres)

    def test_each_service_killed_is_back_by_itself(self):
        for service in SERVICES:
            with self.subTest(service=service):
                def kill(c, service=service):
                    old = c.pid(service)
                    c.kill(service)
                    wait_until(service + " is back", lambda: c.pid(service) not in (0, old), 30)
                self.during(kill)

    def test_a_stopped_service_is_said_by_the_gateway_and_nothing_in_flight_is_lost(self):
        def restart(c):
            c.supervisor("stop", "command-api")
            a = c.post("/reports", {"content": "x", "category": "infrastruktur"}, "citizen1")
            self.assertEqual(a.status, 503)
            self.assertEqual(a.headers["Content-Type"], "application/problem+json")
            self.assertTrue(a.headers["Retry-After"])
            c.supervisor("start", "command-api")
        self.during(restart)

    def test_one_report_voted_for_by_many_at_once_is_counted_right(self):
        c = city()
        rid = c.file_report()["report_id"]
        names = ["citizen1", "citizen2", "citizen3", "officer1", "officer2", "officer3"]
        tokens = [c.token(n) for n in names]
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda i: c.ask("POST", f"/reports/{rid}/upvote", token=tokens[i % 6]), range(60)))
        self.assertEqual({a.status for a in answers}, {200})
        last = max(a.json["position"] for a in answers)
        seen = c.get(f"/reports/{rid}?min_position={last}&wait_ms=5000").json
        self.assertEqual(seen["vote_count"], 6)


if __name__ == "__main__":
    unittest.main(verbosity=2)
