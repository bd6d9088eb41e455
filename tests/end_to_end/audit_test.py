"""audit_test.py -- requests are on record when they are answered, their hashes in one chain, whatever is killed
meanwhile."""
import glob, hashlib, json, os, subprocess, unittest, uuid

from city import ROOT, city, wait_until

HAS_MONGODB = os.path.exists(ROOT + "/build/mongodb/citywatch-mongodb")
SERVICES = ("command-api", "query-api", "projector", "sla-worker")


def digest(data):
    return hashlib.blake2b(data, digest_size=32).digest()


def records(book):
    """Those in the spool, oldest first, after their chain was computed anew."""
    found = []
    for path in sorted(glob.glob(f"{city().run_dir}/audit/{book}/*.log")):
        with open(path, "rb") as f:
            _, writer, n, text = f.readline().split()
            n, before = int(n), bytes.fromhex(text.decode())
            assert n or before == digest(writer), path
            for line in f:
                if line.startswith(b"s "):
                    seal = json.loads(line[2:])
                    assert (seal["n"], seal["hash"]) == (n, before.hex()), line
                    continue
                _, n_text, text, canonical = line.rstrip(b"\n").split(b" ", 3)
                n, before = n + 1, digest(before + canonical)
                assert (int(n_text), text.decode()) == (n, before.hex()), line
                found.append(json.loads(canonical))
    return found


def of_request(book, rid):
    return [r for r in records(book) if r.get("request_id") == rid]


def ctl(*words):
    done = subprocess.run([f"{ROOT}/tools/ctl", "audit", *words], env=city().environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60)
    return done.returncode, done.stdout


class Audit(unittest.TestCase):
    def test_a_change_is_on_record_when_it_is_answered(self):
        rid = "audit-" + uuid.uuid4().hex
        a = city().post("/reports", {"content": "a hole", "category": "infrastruktur"}, "citizen1", headers={"X-Request-Id": rid})
        self.assertEqual(a.status, 201)
        (r,) = of_request("command-api.requests", rid)
        self.assertEqual((r["method"], r["route"], r["status"], r["service"]), ("POST", "/reports", 201, "command-api"))
        self.assertGreater(r["duration_us"], 0)
        self.assertNotIn(a.json["report_id"], json.dumps(r))

    def test_the_address_on_record_is_what_the_gateway_saw_whatever_the_client_says(self):
        rid = "audit-" + uuid.uuid4().hex
        a = city().post("/auth/login", {"username": "citizen1", "password": "password"}, headers={
            "X-Request-Id": rid, "X-Forwarded-For": "6.6.6.6", "Forwarded": "for=6.6.6.6", "X-Real-IP": "6.6.6.6"})
        self.assertEqual(a.status, 200)
        (r,) = of_request("command-api.security", rid)
        self.assertEqual(r["address"], "127.0.0.1")

    def test_reads_without_a_token_are_counted(self):
        for limit in range(1, 21):  # the same path would be answered by a gateway that keeps answers, which is on no record
            city().get(f"/reports/public?limit={limit}")
        counted = lambda: sum(r["count"] for r in records("query-api.requests")
                              if r["kind"] == "rollup" and r.get("route") == "/reports/public")
        wait_until("the reads are on record", lambda: counted() >= 20, 5)

    def test_what_an_anonymous_author_does_is_not_there_before_its_hour_is_over(self):
        rid = "audit-" + uuid.uuid4().hex
        a = city().post("/reports", {"content": "anonymous " + rid, "category": "infrastruktur", "visibility": "ANONYMOUS"},
                        "citizen2", headers={"X-Request-Id": rid})
        self.assertEqual(a.status, 201)
        for service in SERVICES:
            for book in ("requests", "security"):
                text = json.dumps(records(f"{service}.{book}"))
                self.assertNotIn(rid, text)
                self.assertNotIn(a.json["report_id"], text)

    def test_a_killed_service_goes_on_with_its_chain(self):
        rid = "audit-" + uuid.uuid4().hex
        headers = {"X-Request-Id": rid}
        body = {"content": "a hole", "category": "infrastruktur"}
        self.assertEqual(city().post("/reports", body, "citizen1", headers=headers).status, 201)
        city().kill("command-api")
        wait_until("it is back", lambda: city().post("/reports", body, "citizen1", headers=headers).status == 201)
        self.assertGreaterEqual(len(of_request("command-api.requests", rid)), 2)

    @unittest.skipUnless(HAS_MONGODB, "no MongoDB server is built")
    def test_what_is_in_mongodb_can_be_verified(self):
        rid = "audit-" + uuid.uuid4().hex
        a = city().post("/reports", {"content": "a hole", "category": "infrastruktur"}, "citizen1", headers={"X-Request-Id": rid})
        self.assertEqual(a.status, 201)
        wait_until("its record is in MongoDB", lambda: rid in ctl("tail", "--last", "100", "--json")[1], 60)
        code, said = ctl("verify")
        self.assertEqual(code, 0, said)
        for service in SERVICES:
            self.assertRegex(said, service + r"\.requests-[0-9a-f]{12}: [0-9]+ records")
        self.assertEqual(ctl("retain", "--dry-run")[0], 0)

    @unittest.skipUnless(HAS_MONGODB, "no MongoDB server is built")
    def test_an_admin_sees_their_own_requests(self):
        rid = "audit-" + uuid.uuid4().hex
        seen = lambda path: [r for r in city().get(path, "admin1").json["data"] if r.get("request_id") == rid]
        self.assertEqual(city().get("/admin/users?limit=1", "admin1", headers={"X-Request-Id": rid}).status, 200)
        wait_until("the read of accounts is shown", lambda: seen("/admin/audit?actor=me&kind=admin"), 60)
        rid = "audit-" + uuid.uuid4().hex
        self.assertEqual(city().get("/admin/audit?limit=1", "admin1", headers={"X-Request-Id": rid}).status, 200)
        (r,) = wait_until("the read of the record is shown", lambda: seen("/admin/audit?route=/admin/audit"), 60)
        self.assertEqual((r["kind"], r["role"], r["service"], r["status"]), ("admin", "ADMIN", "query-api", 200))

    @unittest.skipUnless(HAS_MONGODB, "no MongoDB server is built")
    def test_all_that_fits_comes_as_lines_through_the_gateway(self):
        wait_until("there are log-ins", lambda: city().get("/admin/audit?kind=login&limit=1", "admin1").json["data"], 60)
        a = city().get("/admin/audit?kind=login", "admin1", headers={"Accept": "application/x-ndjson"})
        self.assertEqual((a.status, a.headers["Content-Type"]), (200, "application/x-ndjson"))
        *lines, last = [json.loads(line) for line in a.raw.splitlines()]
        self.assertEqual(last, {"end": True, "records": len(lines), "unreadable": 0})
        self.assertEqual({line["kind"] for line in lines}, {"login"})

    def test_nobody_but_an_admin_reads_the_record(self):
        for who, status in (("officer1", 403), ("citizen1", 403), (None, 401)):
            self.assertEqual(city().get("/admin/audit", who).status, status)

    @unittest.skipUnless(HAS_MONGODB, "no MongoDB server is built")
    def test_the_newest_seals_are_in_the_log(self):
        city().get("/reports/public")
        wait_until("a seal is in the log", lambda: city().sql(
            "citywatch_write", "SELECT count(*) FROM es_event WHERE type = 'audit.sealed'") != [["0"]], 100)

    def test_every_service_shows_its_audit(self):
        for service in SERVICES:
            part = city().get("/ready/" + service).json["dependencies"]["audit"]
            self.assertIn("waiting", part["figures"], service)


if __name__ == "__main__":
    unittest.main(verbosity=2)
