"""officers_test.py -- what officers do besides moving a case: saved filters."""
import unittest

from city import city


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
        self.assertEqual(self.put("Mine", {"status": "RECEIVED"}).status, 404)
        a = c.ask("PUT", "/cases/filters/mine", {"filter": {"status": "RECEIVED"}}, c.token("officer1"), {"If-Match": '"1"'})
        self.assertEqual((a.status, a.json["field"]), (400, "If-Match"))

    def test_a_filter_may_be_named_as_a_part_of_a_case_is(self):
        c = city()
        self.assertEqual(self.put("status", {"status": "RECEIVED"}).status, 200)
        self.assertEqual(c.ask("DELETE", "/cases/filters/status", token=c.token("officer1")).status, 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
