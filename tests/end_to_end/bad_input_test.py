"""bad_input_test.py -- what is wrong is named in problem+json, and nothing is stored."""
import json, socket, unittest, uuid
from urllib.parse import quote

from city import GATEWAY, SITE, city

GOOD = {"content": "a hole", "category": "infrastruktur"}


class BadInput(unittest.TestCase):
    def refused(self, answer, status, field=None, problem=None):
        self.assertEqual(answer.status, status, answer.raw)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        self.assertEqual(answer.json["status"], status)
        self.assertTrue(answer.json["title"])
        self.assertTrue(answer.json["request_id"])
        if field:
            self.assertEqual(answer.json.get("field"), field, answer.raw)
        if problem:
            self.assertEqual(answer.json["type"].rsplit("/", 1)[-1].replace("-", "_").upper(), problem)

    def test_bodies(self):
        c = city()
        before = c.filed()
        post = lambda raw: c.post("/reports", who="citizen1", raw=raw)
        cases = [
            (b"", None), (b"{", None), (b"[]", None), (b"{}", "content"),
            (json.dumps({**GOOD, "colour": 1}).encode(), "colour"),
            (b'{"content":"a","content":"b","category":"infrastruktur"}', "content"),
            (json.dumps({**GOOD, "content": 7}).encode(), "content"),
            (json.dumps({**GOOD, "content": " \n "}).encode(), "content"),
            (json.dumps({**GOOD, "content": "x" * 4001}).encode(), "content"),
            (json.dumps({**GOOD, "category": "nowhere"}).encode(), "category"),
            (json.dumps({**GOOD, "category": "../etc"}).encode(), "category"),
            (json.dumps({**GOOD, "visibility": "SECRET"}).encode(), "visibility"),
            (json.dumps({**GOOD, "location": {"latitude": 91, "longitude": 0}}).encode(), "location.latitude"),
            (json.dumps({**GOOD, "location": {"latitude": 1}}).encode(), "location.longitude"),
            (json.dumps({**GOOD, "location": {"latitude": 0, "longitude": 0}}).encode(), "location"),
            (json.dumps({**GOOD, "content": "\u3164\u2800\u200b"}).encode(), "content"),
            (json.dumps({**GOOD, "occurred_at": "2026-01-02T25:00:00Z"}).encode(), "occurred_at"),
            (b'{"content":"a","category":"infrastruktur","location":{"latitude":01,"longitude":1}}', "location.latitude"),
            (b'{"content":"a","category":"infrastruktur","location":{"latitude":1.,"longitude":1}}', "location.latitude"),
            (b'{\x0c"content":"a","category":"infrastruktur"}', None),
            (json.dumps({**GOOD, "occurred_at": "tomorrow"}).encode(), "occurred_at"),
            (json.dumps({**GOOD, "occurred_at": "2099-01-01T00:00:00Z"}).encode(), "occurred_at"),
            (b'{"content":"a\\u0000b","category":"infrastruktur"}', None),
            (b'{"content":"a\xffb","category":"infrastruktur"}', None),
            (b"[" * 5000, None),
            (json.dumps(GOOD).encode() + b"{}", None),
        ]
        for raw, field in cases:
            with self.subTest(raw=raw[:60]):
                self.refused(post(raw), 400, field)
        self.refused(post(b'{"content":"' + b"x" * 200000 + b'"}'), 413)
        self.assertEqual(c.filed(), before)

    def test_spelling_makes_no_difference(self):
        """Ids in either case, preconditions as RFC 9110 has them, defaults given or left out."""
        c, key = city(), uuid.uuid4().hex
        first = c.post("/reports", GOOD, "citizen1", headers={"Idempotency-Key": key})
        again = c.post("/reports", {**GOOD, "visibility": "PUBLIC"}, "citizen1", headers={"Idempotency-Key": key})
        self.assertEqual((first.status, again.raw), (201, first.raw))
        rid, at = first.json["report_id"], first.json["position"]
        seen = c.get(f"/reports/{rid.upper()}?min_position={at}&wait_ms=5000", "citizen1")
        self.assertEqual((seen.status, seen.json["report_id"]), (200, rid), seen.raw)
        tag = seen.headers["ETag"]
        self.assertEqual(c.get(f"/reports/{rid}", "citizen1", headers={"If-None-Match": f'"x", W/{tag.removeprefix("W/")}'}).status, 304)
        vote = lambda name, **more: c.post(f"/reports/{name}/upvote", None, "citizen2", **more)
        key = uuid.uuid4().hex
        voted = vote(rid.upper(), headers={"Idempotency-Key": key})
        self.assertEqual((voted.status, voted.json["report_id"]), (200, rid), voted.raw)
        self.assertEqual(vote(rid, headers={"Idempotency-Key": key}).raw, voted.raw)
        self.refused(vote(rid, headers={"If-None-Match": "*"}), 400, "If-None-Match")
        body = {"names": {"en": "Bridges"}, "agency": "AGENCY_INFRA", "kind": "issue", "sensitive": False, "active": True}
        code = "bridges-" + uuid.uuid4().hex[:8]
        put = lambda headers: c.ask("PUT", f"/categories/{code}", body, c.token("admin1"), headers=headers)
        self.refused(put({"If-Match": "*"}), 412, "If-Match")
        made = put({"If-None-Match": "*"})
        self.assertEqual((made.status, made.json["version"]), (200, 1), made.raw)
        self.refused(put({"If-None-Match": "*"}), 412, "If-None-Match")
        self.assertEqual(put({"If-Match": '"9", W/"1-abc"'}).status, 200)
        self.assertEqual(put({"If-Match": "*"}).status, 200)
        self.refused(put({"If-Match": '"9"'}), 412, "If-Match")

    def test_queries(self):
        c = city()
        for path, field in [("/reports/public?colour=red", "colour"), ("/reports/public?limit=0", "limit"),
                            ("/reports/public?limit=201", "limit"), ("/reports/public?limit=x", "limit"),
                            ("/reports/public?limit=1&limit=2", "limit"), ("/reports/public?cursor=nonsense", "cursor"),
                            ("/reports/public?status=LOST", "status"), ("/reports/public?sort=worst", "sort"),
                            ("/reports/public?min_position=-1", "min_position"),
                            ("/reports/public?min_position=999999999", "min_position"),
                            ("/reports/public?wait_ms=5001", "wait_ms")]:
            with self.subTest(path=path):
                self.refused(c.get(path), 400, field)
        self.assertEqual(c.get("/reports/public?sort=worst").json["detail"], "Expected one of newest, votes.")

    def test_a_name_in_a_path_that_can_be_none_is_explained(self):
        body = {"names": {"en": "Water"}, "active": True}
        a = city().ask("PUT", "/agencies/water", body, city().token("admin1"))
        self.assertEqual((a.status, a.json["detail"]), (404, "A code is 1 to 64 of A-Z, 0-9 and underscore."))

    def test_what_the_interface_allows_a_url_carries(self):
        c = city()
        rid = c.file_report()["report_id"]
        reason = quote("\U0001f6a7" * 1000)
        self.assertEqual(c.ask("DELETE", f"/reports/{rid}?reason={reason}", token=c.token("citizen1")).status, 200)
        self.refused(c.ask("DELETE", f"/reports/{rid}?reason={'x' * 1001}", token=c.token("citizen1")), 400, "reason")

    def test_items_take_no_unknown_parameter_and_there_is_no_unknown_service(self):
        c = city()
        made = c.file_report()
        officer = c.token("officer1")
        self.refused(c.get(f"/reports/{made['report_id']}?colour=red"), 400, "colour")
        self.refused(c.ask("GET", f"/cases/{made['report_id']}?colour=red", token=officer), 400, "colour")
        self.refused(c.get("/schemas?colour=red"), 400, "colour")
        self.refused(c.get("/health/nothing"), 404)
        self.refused(c.get("/ready/nothing"), 404)

    def test_a_position_beyond_the_log_is_the_same_400_however_short_the_wait(self):
        c = city()
        for wait in (0, 0, 1, 10, 0, 5000):
            beyond = c.head() + 1000
            a = c.get(f"/reports/public?min_position={beyond}&wait_ms={wait}")
            self.refused(a, 400, "min_position", "BAD_PARAMETER")
            self.assertIn("ends before", a.json["detail"])

    def test_times_of_every_form_come_out_in_one(self):
        c = city()
        for given, shown in (("1969-07-20t20:17:40.1234567z", "1969-07-20T20:17:40.123456Z"),
                             ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"),
                             ("2017-01-01T06:59:60+07:00", "2017-01-01T00:00:00.000000Z"),
                             ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z")):
            made = c.post("/reports", {**GOOD, "occurred_at": given}, "citizen1").json
            seen = c.get(f"/reports/{made['report_id']}?min_position={made['position']}&wait_ms=5000").json
            self.assertEqual(seen["occurred_at"], shown)

    def test_a_cursor_of_another_filter(self):
        c = city()
        for _ in range(2):
            last = c.file_report()
        page = c.get(f"/reports/public?limit=1&min_position={last['position']}&wait_ms=5000").json
        self.refused(c.get(f"/reports/public?limit=1&category=kesehatan&cursor={page['next']}"), 400, "cursor")

    def test_ids_that_are_none(self):
        c = city()
        refusal = {"%00": 400 if GATEWAY == "nginx" else 404}  # by nginx itself
        for rid in ("1", "x" * 500, "019B7F00-0000-7000-8000-000000000001", str(uuid.uuid4()), "%00", "..%2f"):
            with self.subTest(id=rid[:40]):
                self.refused(c.get(f"/reports/{rid}"), refusal.get(rid, 404))
                self.refused(c.post(f"/reports/{rid}/upvote", who="citizen1"), refusal.get(rid, 404))
                self.refused(c.ask("PATCH", f"/cases/{rid}/status", {"status": "RESOLVED", "note": "x"},
                                   c.token("officer1")), refusal.get(rid, 404))

    def test_who_may_not(self):
        c = city()
        rid = c.file_report()["report_id"]
        self.refused(c.post("/reports", GOOD), 401)
        self.refused(c.ask("POST", "/reports", GOOD, "not.a.token"), 401)
        self.refused(c.ask("POST", "/reports", GOOD, ".."), 401)
        good = c.token("citizen1")
        head, body, signature = good.split(".")
        self.refused(c.ask("POST", "/reports", GOOD, f"{head}.{body}.{signature[:-4]}AAAA"), 401)
        self.refused(c.ask("POST", "/reports", GOOD, f"eyJhbGciOiJub25lIn0.{body}."), 401)
        self.refused(c.get("/reports/me"), 401)
        self.refused(c.get("/cases/inbox", "citizen1"), 403)
        self.refused(c.ask("PATCH", f"/cases/{rid}/status", {"status": "RESOLVED", "note": "x"}, good), 403)
        self.refused(c.get("/cases/inbox?agency=AGENCY_HEALTH", "officer1"), 403, "agency")
        self.refused(c.ask("POST", "/auth/login", {"username": "citizen1", "password": "wrong"}), 401)
        self.refused(c.ask("POST", "/auth/login", {"username": "nobody-here", "password": "wrong"}), 401)

    def test_headers(self):
        c = city()
        rid = c.file_report()["report_id"]
        for key in ("short", "x" * 129, "with space in the key"):
            self.refused(c.post("/reports", GOOD, "citizen1", headers={"Idempotency-Key": key}), 400, "Idempotency-Key")
        for match in ("7", '"x"', '"1', "W/"):
            self.refused(c.ask("PATCH", f"/cases/{rid}/status", {"status": "IN_PROGRESS"}, c.token("officer1"),
                               {"If-Match": match}), 400, "If-Match")
        self.refused(c.post(f"/reports/{rid}/upvote", who="citizen1", headers={"If-Match": '"1"'}), 400, "If-Match")

    def test_paths_and_methods(self):
        c = city()
        self.refused(c.get("/nowhere"), 404)
        self.refused(c.get("/Reports/public"), 404)
        wrong = c.ask("PUT", "/reports/public")
        self.refused(wrong, 405)
        self.assertIn("GET", wrong.headers["Allow"])
        self.assertEqual(wrong.headers["Cache-Control"], "no-store")
        self.refused(c.ask("DELETE", "/auth/login"), 405)
        self.refused(c.get("/metrics"), 404)

    def test_pages_of_another_site(self):
        """One site may call and read what the contract puts into headers; others may not."""
        c, key = city(), uuid.uuid4().hex
        c.post("/reports", GOOD, "citizen1", headers={"Idempotency-Key": key})
        again = c.post("/reports", GOOD, "citizen1", headers={"Idempotency-Key": key, "Origin": SITE})
        wrong = c.ask("PUT", "/reports/public", headers={"Origin": SITE})
        for answer, names in ((again, ("Location", "ETag", "X-Event-Position", "X-Request-Id", "Idempotency-Replayed")),
                              (wrong, ("Allow", "X-Request-Id"))):
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], SITE)
            readable = answer.headers["Access-Control-Expose-Headers"].split(", ")
            for name in names:
                self.assertIn(name, answer.headers)
                self.assertIn(name, readable)
        other = c.get("/reports/public", headers={"Origin": "https://elsewhere.example.org"})
        self.assertNotIn("Access-Control-Allow-Origin", other.headers)
        self.assertIn("Origin", ", ".join(other.headers.get_all("Vary")))

    def test_a_service_behind_the_gateway_is_as_strict(self):
        """What a proxy would mend, sent straight to the services."""
        c = city()
        for port in (c.ports["COMMAND_API_PORT"], c.ports["QUERY_API_PORT"]):
            for raw in (b"GET /health HTTP/1.1\r\n\r\n",
                        b"POST /reports HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\n{}abc",
                        b"POST /reports HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                        b"GET /health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"):
                with socket.create_connection(("127.0.0.1", port), 5) as s:
                    s.sendall(raw)
                    s.settimeout(5)
                    self.assertIn(b" 400 ", s.recv(4096).split(b"\r\n")[0])


if __name__ == "__main__":
    unittest.main(verbosity=2)
