"""anonymous_test.py -- whatever the author of an anonymous report does with it, nothing that is stored, published or
logged leads to them; only they find it again."""
import unittest, uuid

from city import GATEWAY, city

TRACE = "0af7651916cd43dd8448eb211c80319c"
AUTHOR, OFFICER = "citizen3", "officer3"


class Anonymous(unittest.TestCase):
    def setUp(self):
        self.city = city()
        self.me = self.city.get("/auth/me", AUTHOR).json["user"]["id"]
        self.marker = "marker-" + uuid.uuid4().hex
        self.headers = {"X-Request-Id": "trace-" + self.marker, "User-Agent": "agent-" + self.marker,
                        "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
        self.positions = []

    def does(self, method, path, body=None, status=200):
        r = self.city.ask(method, path, body, self.city.token(AUTHOR), self.headers)
        self.assertEqual(r.status, status, f"{method} {path}: {r.raw}")
        if "position" in r.json:
            self.positions.append(r.json["position"])
        return r.json

    def file(self):
        made = self.does("POST", "/reports", {"content": self.marker, "category": "keamanan", "visibility": "ANONYMOUS"}, 201)
        return made["report_id"]

    def find_nobody_in_databases(self, rid):
        for database in ("citywatch_write", "citywatch_read"):
            tables = self.city.sql(database, "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables "
                                             "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')")
            for (table,) in tables:
                found = self.city.sql(database, f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%{rid}%' AND "
                                                f"(t::text LIKE '%{self.me}%' OR t::text LIKE '%trace-{self.marker}%' OR "
                                                f"t::text LIKE '%{TRACE}%')")
                self.assertEqual(found, [["0"]], table)
        at = ", ".join(map(str, self.positions))
        results = f"SELECT count(*) FROM es_result WHERE actor = '{self.me}' AND position IN ({at})"
        self.assertEqual(self.city.sql("citywatch_write", results), [["0"]])

    def find_nobody_in_redis(self):
        for position in self.positions:
            entries = self.city.redis("XRANGE", "{events}:all", f"{position}-0", f"{position}-0")
            self.assertIn(f"{position}-0", entries)
            for trace in (self.me, "trace-" + self.marker, TRACE):
                self.assertNotIn(trace, entries)

    def find_nobody_in_logs(self):
        for part in ("command-api", "query-api", "projector", "sla-worker", GATEWAY):
            log = self.city.log(part)
            for trace in ("trace-" + self.marker, "agent-" + self.marker, self.me):
                self.assertFalse(trace in log, (part, trace))

    def find_nobody(self, rid):
        self.city.settle()
        self.find_nobody_in_databases(rid)
        self.find_nobody_in_redis()
        self.find_nobody_in_logs()

    def test_the_author_finds_their_report_and_nobody_finds_them(self):
        c, rid = self.city, self.file()
        mine = c.get(f"/reports/me?min_position={self.positions[0]}&wait_ms=5000", AUTHOR).json["data"]
        self.assertIn(rid, [r["report_id"] for r in mine])
        self.assertEqual(c.get(f"/reports/{rid}").status, 404)
        self.assertEqual(c.get(f"/reports/{rid}", "citizen1").status, 404)
        self.assertEqual(c.get(f"/cases/{rid}", "officer1").status, 404)
        self.assertNotIn(rid, [r["report_id"] for r in c.get("/reports/public").json["data"]])
        self.assertEqual(c.get(f"/cases/{rid}", OFFICER).json["reporter_user_id"], "[ANONYMOUS]")
        self.find_nobody(rid)

    def test_what_the_author_does_with_it_names_them_nowhere(self):
        c, rid = self.city, self.file()
        self.does("PATCH", f"/reports/{rid}", {"content": self.marker + " again"})
        asked = c.post(f"/cases/{rid}/questions", {"text": "Which gate?"}, OFFICER)
        self.assertEqual(asked.status, 201)
        answer = {"question_id": asked.json["question_id"], "text": "The gate of " + self.marker}
        self.does("POST", f"/reports/{rid}/answers", answer)
        self.does("POST", f"/reports/{rid}/answers", answer, 409)
        self.does("POST", f"/reports/{rid}/comments", {"text": "Since " + self.marker}, 201)
        self.does("DELETE", f"/reports/{rid}?reason=over")
        self.does("POST", f"/reports/{rid}/comments", {"text": "Late " + self.marker}, 201)
        seen = c.get(f"/reports/{rid}?min_position={self.positions[-1]}&wait_ms=5000", AUTHOR).json
        self.assertEqual(len(seen["comments"]), 2)
        self.find_nobody(rid)

    def test_an_officer_changes_the_report_they_wrote_by_itself(self):
        c = self.city
        own = c.file_report("officer1", content=self.marker, visibility="ANONYMOUS")["report_id"]
        other = c.file_report()["report_id"]
        both = c.post("/cases/bulk", {"ids": [other, own], "priority": "high"}, "officer1").json["data"]
        self.assertEqual([i.get("type") for i in both], [None, "/problems/not-together"])
        alone = c.post("/cases/bulk", {"ids": [own], "priority": "high"}, "officer1").json
        self.assertEqual(alone["done"], 1, alone)
        me = c.get("/auth/me", "officer1").json["user"]["id"]
        take = c.ask("PATCH", f"/cases/{own}/assignee", {"user_id": me}, c.token("officer1"))
        self.assertEqual(take.json["type"], "/problems/own-anonymous-report", take.raw)
        self.assertEqual(c.sql("citywatch_write", f"SELECT count(*) FROM es_event e WHERE stream LIKE '%{own}%' AND "
                                                  f"e::text LIKE '%{me}%'"), [["0"]])

    def test_one_key_used_anonymously_and_not_links_nothing(self):
        key = uuid.uuid4().hex
        for visibility in ("ANONYMOUS", "PUBLIC", "ANONYMOUS"):
            self.city.file_report(AUTHOR, key, content="the same key", visibility=visibility)
        self.assertEqual(self.city.sql("citywatch_write", "SELECT count(*) FROM es_result a JOIN es_result b USING (key) "
                                                          "WHERE a.actor <> b.actor"), [["0"]])


if __name__ == "__main__":
    unittest.main()
