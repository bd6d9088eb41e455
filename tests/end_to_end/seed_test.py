"""seed_test.py -- the clients of the citizen-reporting seed, as they are: its calls on its three services' ports, 24
checks of status, success and error."""
import time, unittest, uuid

from city import SITE, city, wait_until

REPORTING, OPERATIONS, WORKFLOW = range(3)  # of the seed's services: 8080, 8081, 8082


class Seed(unittest.TestCase):
    def call(self, service, method, path, status, body=None, token=None):
        """One of its checks: the status, and `success` as it says; a refusal has a text in `error`."""
        self.checks += 1
        a = city().ask(method, path, body, token, port=city().extra_ports[service])
        self.assertEqual(a.status, status, (method, path, a.raw))
        self.assertIs(a.json["success"], status < 400, (method, path))
        if status >= 400:
            self.assertTrue(a.json["error"])
        return a.json

    def log_in(self, service, name):
        answer = self.call(service, "POST", "/auth/login", 200, {"username": name, "password": "password"})
        self.assertTrue(answer["token"] and {"agency", "id", "role"} <= answer["user"].keys())
        return answer["token"]

    def test_its_twenty_four_checks(self):
        self.checks = 0
        for service in (REPORTING, OPERATIONS, WORKFLOW):
            wait_until("healthy", lambda s=service: city().ask("GET", "/health", port=city().extra_ports[s]).status == 200)
            self.assertEqual(self.call(service, "GET", "/health", 200)["status"], "healthy")
        citizen, officer = self.log_in(REPORTING, "citizen1"), self.log_in(OPERATIONS, "officer1")
        other = self.log_in(REPORTING, "citizen2")
        self.call(REPORTING, "POST", "/auth/login", 401, {"username": "citizen1", "password": "wrong"})
        text = "seed " + uuid.uuid4().hex
        make = lambda **more: self.call(REPORTING, "POST", "/reports", 201, {"content": text, **more}, citizen)["report_id"]
        public, private = make(visibility="PUBLIC", category="infrastruktur"), make(visibility="PRIVATE", category="kesehatan")
        anonymous, plain = make(visibility="ANONYMOUS", category="keamanan"), make()
        self.call(REPORTING, "POST", "/reports", 400, {"visibility": "PUBLIC"}, citizen)
        self.call(REPORTING, "POST", "/reports", 401, {"content": text})
        time.sleep(1)
        mine = self.call(REPORTING, "GET", "/reports/me", 200, token=citizen)["data"]
        self.assertLessEqual({public, private, anonymous, plain}, {r["report_id"] for r in mine})
        self.call(REPORTING, "GET", "/reports/me", 401)
        feed = {r["report_id"]: r for r in self.call(REPORTING, "GET", "/reports/public", 200)["data"]}
        self.assertEqual(feed[plain]["category"], "lainnya")
        self.assertTrue(public in feed and private not in feed and anonymous not in feed)
        for _ in range(2):
            self.call(REPORTING, "POST", f"/reports/{public}/upvote", 200, token=other)
        self.call(REPORTING, "POST", f"/reports/{uuid.uuid4()}/upvote", 404, token=other)
        inbox = self.call(OPERATIONS, "GET", "/cases/inbox", 200, token=officer)
        self.assertEqual(inbox["agency"], "AGENCY_INFRA")
        self.assertIn(public, [r["report_id"] for r in inbox["data"]])
        self.call(OPERATIONS, "GET", "/cases/inbox", 403, token=citizen)
        path = f"/cases/{public}/status"
        moved = self.call(OPERATIONS, "PATCH", path, 200, {"status": "IN_PROGRESS"}, officer)
        self.assertEqual((moved["old_status"], moved["new_status"], moved["report_id"]), ("RECEIVED", "IN_PROGRESS", public))
        self.call(OPERATIONS, "PATCH", path, 200, {"status": "RESOLVED"}, officer)
        self.call(OPERATIONS, "PATCH", path, 400, {"status": "INVALID"}, officer)
        self.assertEqual(self.checks, 24)

    def test_its_clocks_are_those_of_public_reports_what_is_due_first_first(self):
        self.checks = 0
        make = lambda visibility: self.call(REPORTING, "POST", "/reports", 201, {"content": "seed", "visibility": visibility}, city().token("citizen1"))
        private, public = make("PRIVATE"), make("PUBLIC")
        rows = self.call(WORKFLOW, "GET", f"/sla/status?limit=200&min_position={public['position']}&wait_ms=5000", 200)["data"]
        for row in rows:
            self.assertLessEqual({"current_status", "due_at", "escalation_level", "is_overdue", "report_id", "sla_status"}, row.keys())
        due = [row["due_at"] for row in rows if row["due_at"]]
        self.assertEqual(due, sorted(due))
        self.assertNotIn(private["report_id"], [row["report_id"] for row in rows])
        one = self.call(WORKFLOW, "GET", f"/sla/status?report={public['report_id']}", 200)["data"][0]
        self.assertEqual((one["current_status"], one["sla_status"], one["is_overdue"], one["escalation_level"]), ("RECEIVED", "running", False, 0))

    def test_its_list_of_what_a_citizen_is_told(self):
        self.checks = 0
        c, rid = city(), city().file_report()["report_id"]
        for status in ("IN_PROGRESS", "RESOLVED"):
            resolved = c.ask("PATCH", f"/cases/{rid}/status", {"status": status}, c.token("officer1"))
        self.call(WORKFLOW, "GET", "/notifications/me", 401)
        path = f"/notifications/me?min_position={resolved.json['position']}&wait_ms=5000"
        told = self.call(WORKFLOW, "GET", path, 200, token=c.token("citizen1"))["data"]
        newest = [n for n in told if n["report_id"] == rid][0]
        self.assertLessEqual({"id", "report_id", "message", "is_read", "created_at"}, newest.keys())
        self.assertEqual((newest["message"], newest["is_read"]), ("Your report status has been updated to: RESOLVED", False))

    def test_its_time_to_resolve_which_needs_a_token_to_be_set(self):
        self.checks, admin = 0, city().token("admin1")
        before = self.call(WORKFLOW, "GET", "/sla/config", 200)
        self.call(WORKFLOW, "POST", "/sla/config", 401, {"duration_seconds": 60})
        short = self.call(WORKFLOW, "POST", "/sla/config", 400, {"duration_seconds": 5}, admin)
        self.assertEqual((short["field"], short["error"]), ("duration_seconds", "Duration must be at least 10 seconds."))
        told = {"sla_duration_sec": 60, "sla_duration_str": "1m0s", "success": True}
        answer = self.call(WORKFLOW, "POST", "/sla/config", 200, {"duration_seconds": 60}, admin)
        self.assertEqual(answer, {**told, "message": "SLA duration updated", "position": answer["position"]})
        wait_until("one minute", lambda: self.call(WORKFLOW, "GET", "/sla/config", 200) == told)
        self.call(WORKFLOW, "POST", "/sla/config", 200, {"duration_seconds": before["sla_duration_sec"]}, admin)
        wait_until("as before", lambda: self.call(WORKFLOW, "GET", "/sla/config", 200) == before)

    def test_the_same_sites_may_call_there(self):
        a = city().ask("GET", "/reports/public", headers={"Origin": SITE}, port=city().extra_ports[REPORTING])
        self.assertEqual(a.headers["Access-Control-Allow-Origin"], SITE)
        key, wish = uuid.uuid4().hex, {"content": "the same wish"}
        first = city().post("/reports", wish, "citizen1", headers={"Idempotency-Key": key})
        again = city().post("/reports", {**wish, "category": "lainnya", "visibility": "PUBLIC"}, "citizen1",
                            headers={"Idempotency-Key": key})
        self.assertEqual((first.status, again.status, first.raw), (201, 201, again.raw))


if __name__ == "__main__":
    unittest.main(verbosity=2)
