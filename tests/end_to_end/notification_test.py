"""notification_test.py -- who is told of what happens, what they have read, and what an anonymous author leaves behind."""
import unittest, uuid

from city import GATEWAY, city
from clocks_test import fired, policy


class Notifications(unittest.TestCase):
    def setUp(self):
        self.city, self.position = city(), 0

    def change(self, who, method, path, body=None, status=200, **headers):
        r = self.city.ask(method, path, body, self.city.token(who), headers)
        self.assertEqual(r.status, status, f"{method} {path} by {who}: {r.raw}")
        self.position = max(self.position, r.json.get("position", 0))
        return r.json

    def told(self, who, rid=None, query="limit=200"):
        at = f"{query}&min_position={self.position}&wait_ms=5000"
        answer = self.city.get(f"/notifications/me?{at}", who)
        self.assertEqual(answer.status, 200, answer.raw)
        return [n for n in answer.json["data"] if rid in (None, n["report_id"])], answer.json

    def kinds(self, who, rid):
        return [n["kind"] for n in self.told(who, rid)[0]]

    def test_author_followers_and_agency_hear_what_concerns_them(self):
        c, rid = self.city, self.city.file_report()["report_id"]
        self.change("citizen2", "POST", f"/reports/{rid}/follow")
        asked = self.change("officer1", "POST", f"/cases/{rid}/questions", {"text": "Which lamp?"}, 201)
        self.change("citizen1", "POST", f"/reports/{rid}/answers", {"question_id": asked["question_id"], "text": "The left"})
        self.change("officer1", "POST", f"/reports/{rid}/comments", {"text": "On our way"}, 201)
        self.change("citizen1", "POST", f"/reports/{rid}/comments", {"text": "Thank you"}, 201)
        self.change("officer1", "PATCH", f"/cases/{rid}/status", {"status": "IN_PROGRESS"})
        self.assertEqual(self.kinds("citizen1", rid), ["status", "comment", "question"])
        self.assertEqual(self.kinds("citizen2", rid), ["status"])
        self.assertEqual(self.kinds("citizen3", rid), [])
        self.assertEqual(self.kinds("officer1", rid), ["answered"])
        me = c.get("/auth/me", "officer1").json["user"]["id"]
        self.change("officer1", "PATCH", f"/cases/{rid}/assignee", {"user_id": me})
        self.assertEqual(self.kinds("officer1", rid), ["assigned", "answered"])
        self.change("officer1", "POST", f"/cases/{rid}/forward", {"agency": "AGENCY_HEALTH", "note": "yours"})
        self.assertEqual(self.kinds("officer2", rid), ["forwarded"])
        self.assertEqual(self.kinds("officer3", rid), [])
        self.change("citizen2", "DELETE", f"/reports/{rid}/follow")
        self.change("officer2", "PATCH", f"/cases/{rid}/status", {"status": "RESOLVED"})
        self.assertEqual(self.kinds("citizen2", rid), ["status"])
        message = self.told("citizen1", rid)[0][0]["message"]
        self.assertEqual(message, "Your report status has been updated to: RESOLVED")

    def test_what_was_read_is_read_once_and_all_of_it_up_to_a_position(self):
        c, rid = self.city, self.city.file_report("citizen2")["report_id"]
        for status in ("IN_PROGRESS", "RESOLVED"):
            self.change("officer1", "PATCH", f"/cases/{rid}/status", {"status": status})
        (newest, older), before = self.told("citizen2", rid)
        key = {"Idempotency-Key": uuid.uuid4().hex}
        first = self.change("citizen2", "POST", f"/notifications/{older['id']}/read", **key)
        self.assertEqual(self.change("citizen2", "POST", f"/notifications/{older['id']}/read", **key), first)
        self.assertEqual(self.change("citizen2", "POST", f"/notifications/{older['id']}/read")["position"], first["position"])
        lines, after = self.told("citizen2", rid)
        self.assertEqual([n["is_read"] for n in lines], [False, True])
        self.assertEqual(after["unread_count"], before["unread_count"] - 1)
        up_to = self.position
        self.change("officer1", "PATCH", f"/cases/{rid}/status", {"status": "IN_PROGRESS", "note": "not yet"})
        self.change("citizen2", "POST", "/notifications/read-all", {"up_to": up_to})
        lines, after = self.told("citizen2", rid)
        self.assertEqual(([n["is_read"] for n in lines], after["unread_count"]), ([False, True, True], 1))
        self.assertEqual(len(self.told("citizen2", rid, "unread=true")[0]), 1)
        self.change("citizen2", "POST", "/notifications/read-all", {})
        self.assertEqual(self.told("citizen2")[1]["unread_count"], 0)
        private = c.file_report(visibility="PRIVATE")["report_id"]
        for missing in (f"{private}-1", f"{uuid.uuid4()}-2", "e1", "no"):
            self.change("citizen2", "POST", f"/notifications/{missing}/read", status=404)

    def test_what_has_escalated_is_told_by_its_target_and_lists_the_reports(self):
        c = self.city
        policy("seconds", 10, category="kesehatan")
        reports = [c.file_report(category="kesehatan", visibility="PRIVATE")["report_id"] for _ in range(2)]
        for rid in reports:
            fired(rid, 3)
        self.position = c.head()
        lines = [n for n in self.told("officer2", query="kind=escalated&limit=200")[0]]
        found = {}  # level -> reports of all its lines
        for n in lines:
            listed = c.get(f"/notifications/{n['id']}/reports?limit=200", "officer2").json["data"]
            self.assertEqual(len(listed), n["count"])
            for e in listed:
                found.setdefault(e["level"], []).append(e["report_id"])
            self.assertEqual(c.get(f"/notifications/{n['id']}/reports", "officer1").status, 404)
        for rid in reports:
            self.assertEqual((found["w50"].count(rid), found["due"].count(rid)), (1, 1))
        self.assertNotIn("late1s", found)  # is for supervisors
        self.assertEqual([n for n in self.told("citizen1")[0] if n["kind"] == "escalated"], [])
        self.change("officer2", "POST", f"/notifications/{lines[0]['id']}/read")
        self.assertTrue([n for n in self.told("officer2")[0] if n["id"] == lines[0]["id"]][0]["is_read"])

    def test_an_anonymous_author_is_told_and_reads_without_being_named(self):
        c, trace = self.city, "trace-" + uuid.uuid4().hex
        me = c.get("/auth/me", "citizen3").json["user"]["id"]
        rid = c.file_report("citizen3", category="keamanan", visibility="ANONYMOUS")["report_id"]
        self.change("officer3", "PATCH", f"/cases/{rid}/status", {"status": "IN_PROGRESS"})
        (line,), _ = self.told("citizen3", rid)
        self.assertFalse(line["is_read"])
        read = self.change("citizen3", "POST", f"/notifications/{line['id']}/read", **{"X-Request-Id": trace})
        self.assertTrue(self.told("citizen3", rid)[0][0]["is_read"])
        self.change("officer3", "PATCH", f"/cases/{rid}/status", {"status": "RESOLVED"})
        self.change("citizen3", "POST", "/notifications/read-all", {})
        self.assertTrue(all(n["is_read"] for n in self.told("citizen3", rid)[0]))
        c.settle()
        for database in ("citywatch_write", "citywatch_read"):
            for (table,) in c.sql(database, "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables "
                                            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"):
                found = c.sql(database, f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%{trace}%' OR "
                                        f"(t::text LIKE '%{rid}%' AND t::text LIKE '%{me}%')")
                self.assertEqual(found, [["0"]], table)
        self.assertEqual(c.sql("citywatch_write", f"SELECT count(*) FROM es_result WHERE actor = '{me}' "
                                                  f"AND position = {read['position']}"), [["0"]])
        entry = c.redis("XRANGE", "{events}:user", f"{read['position']}-0", f"{read['position']}-0")
        self.assertIn(line["id"], entry)
        self.assertNotIn(me, entry)
        for part in ("command-api", "query-api", "projector", GATEWAY):
            self.assertNotIn(trace, c.log(part), part)


if __name__ == "__main__":
    unittest.main(verbosity=2)
