"""officers_test.py -- what officers do besides moving a case: notes, holds, saved filters."""
import unittest, uuid

from city import city


class CaseFile(unittest.TestCase):
    def setUp(self):
        self.report = city().file_report()["report_id"]

    def ask(self, method, part, body=None, who="officer1", headers=None):
        c = city()
        return c.ask(method, f"/cases/{self.report}/{part}", body, c.token(who), headers)

    def case(self, position):
        return city().get(f"/cases/{self.report}?min_position={position}&wait_ms=5000", "officer1").json

    def test_notes_and_holds_stand_with_the_case_and_nowhere_else(self):
        c, marker = city(), "marker-" + uuid.uuid4().hex
        noted = self.ask("POST", "notes", {"text": "a note, " + marker})
        self.assertEqual(noted.status, 201, noted.raw)
        self.assertEqual(noted.headers["Location"], f"/cases/{self.report}")
        held = self.ask("POST", "hold", {"reason": "a part, " + marker, "until": "2999-01-01T00:00:00Z"})
        self.assertEqual(held.status, 200, held.raw)
        case = self.case(held.json["position"])
        self.assertEqual([(n["note_id"], n["text"], n["noted_by"]) for n in case["notes"]],
                         [(noted.json["note_id"], "a note, " + marker, c.get("/auth/me", "officer1").json["user"]["id"])])
        self.assertEqual((case["hold"]["reason"], case["hold"]["until"]), ("a part, " + marker, "2999-01-01T00:00:00.000000Z"))
        c.settle()
        for who in (None, "citizen1", "citizen2", "officer1", "officer2", "dispatcher1", "admin1"):
            for path in (f"/reports/{self.report}", f"/reports/{self.report}/history", "/reports/public?limit=200",
                         "/reports/me?limit=200", "/cases/inbox?limit=200"):
                seen = c.get(path, who).raw
                if path.startswith("/cases") and who in ("officer1", "admin1"):  # the inbox shows holds
                    seen = seen.replace(("a part, " + marker).encode(), b"")
                self.assertNotIn(marker.encode(), seen, (who, path))
        self.assertIn("a part, " + marker, c.get("/cases/inbox?limit=200", "officer1").raw.decode())
        for who, status in (("citizen1", 403), ("citizen2", 403), ("officer2", 404), ("dispatcher1", 403)):
            self.assertEqual(c.get(f"/cases/{self.report}", who).status, status)
        keys = [k for k in c.redis("KEYS", "{events}:*").splitlines() if c.redis("TYPE", k) == "stream"]
        self.assertEqual(sorted(k for k in keys if marker in c.redis("XRANGE", k, "-", "+")), ["{events}:all", "{events}:case"])

    def test_a_hold_is_changed_ends_and_is_for_open_cases(self):
        first = self.ask("POST", "hold", {"reason": "a part"})
        again = self.ask("POST", "hold", {"reason": "a part"})
        self.assertEqual(again.status, 200, again.raw)
        since = self.case(first.json["position"])["hold"]["since"]
        changed = self.ask("POST", "hold", {"reason": "the weather"})
        hold = self.case(changed.json["position"])["hold"]
        self.assertEqual(hold, {"reason": "the weather", "until": None, "since": since})
        past = self.ask("POST", "hold", {"reason": "a part", "until": "2020-01-01T00:00:00Z"})
        self.assertEqual((past.status, past.json["field"]), (400, "until"))
        resumed = self.ask("DELETE", "hold")
        self.assertIsNone(self.case(resumed.json["position"])["hold"])
        self.assertEqual(self.ask("DELETE", "hold").status, 200)
        self.assertEqual(self.ask("PATCH", "status", {"status": "REJECTED", "note": "no"}).status, 200)
        final = self.ask("POST", "hold", {"reason": "a part"})
        self.assertEqual((final.status, final.json["type"]), (409, "/problems/not-holdable"))
        self.assertEqual(self.ask("POST", "notes", {"text": "all the same"}).status, 201)

    def test_they_are_for_the_own_agency_and_take_no_version(self):
        for part, body in (("notes", {"text": "a note"}), ("hold", {"reason": "a part"})):
            for who, status in (("officer2", 404), ("citizen1", 403), ("supervisor1", None), ("admin1", None)):
                a = self.ask("POST", part, body, who)
                self.assertEqual(a.status, status or (201 if part == "notes" else 200), (who, part, a.raw))
            a = self.ask("POST", part, body, headers={"If-Match": '"1"'})
            self.assertEqual((a.status, a.json["field"]), (400, "If-Match"))


class SavedFilters(unittest.TestCase):
    def put(self, name, filter, who="officer1"):
        c = city()
        return c.ask("PUT", f"/cases/filters/{name}", {"filter": filter}, c.token(who))

    def test_an_officer_saves_changes_and_deletes_a_filter_that_nobody_else_sees(self):
        c = city()
        self.assertEqual(self.put("mine", {"status": "RECEIVED"}).status, 200)
        saved = self.put("mine", {"status": "RECEIVED", "assignee": "me", "sort": "oldest"})
        self.assertEqual(saved.json["name"], "mine")
        again = self.put("mine", {"sort": "oldest", "assignee": "me", "status": "RECEIVED"})
        self.assertEqual((again.status, again.json["position"]), (200, saved.json["position"]))
        at = f"min_position={saved.json['position']}&wait_ms=5000"
        self.assertEqual(c.get(f"/cases/filters/mine?{at}", "officer1").json["filter"],
                         {"status": "RECEIVED", "assignee": "me", "sort": "oldest"})
        self.assertEqual([f["name"] for f in c.get("/cases/filters", "officer1").json["data"]], ["mine"])
        self.assertEqual(c.get("/cases/filters", "officer2").json["data"], [])
        self.assertEqual(c.get("/cases/filters/mine", "officer2").status, 404)
        gone = c.ask("DELETE", "/cases/filters/mine", token=c.token("officer1"))
        self.assertEqual(gone.status, 200, gone.raw)
        at = f"min_position={gone.json['position']}&wait_ms=5000"
        self.assertEqual(c.get(f"/cases/filters/mine?{at}", "officer1").status, 404)
        self.assertEqual(c.ask("DELETE", "/cases/filters/mine", token=c.token("officer1")).status, 404)

    def test_what_is_no_filter_of_the_inbox_is_refused_by_name(self):
        c = city()
        for body, field in (({"filter": {"wish": "all"}}, "filter.wish"), ({"filter": {}}, "filter"), ({}, "filter")):
            a = c.ask("PUT", "/cases/filters/mine", body, c.token("officer1"))
            self.assertEqual((a.status, a.json.get("field")), (400, field), a.raw)
        self.assertEqual(self.put("mine", {"status": "RECEIVED"}, "citizen1").status, 403)
        named = self.put("Mine", {"status": "RECEIVED"})
        self.assertEqual((named.status, named.json["detail"]), (404, "A name is 1 to 64 of a-z, 0-9, dash and underscore."))
        a = c.ask("PUT", "/cases/filters/mine", {"filter": {"status": "RECEIVED"}}, c.token("officer1"), {"If-Match": '"1"'})
        self.assertEqual((a.status, a.json["field"]), (400, "If-Match"))

    def test_a_filter_may_be_named_as_a_part_of_a_case_is(self):
        c = city()
        self.assertEqual(self.put("status", {"status": "RECEIVED"}).status, 200)
        self.assertEqual(c.ask("DELETE", "/cases/filters/status", token=c.token("officer1")).status, 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
