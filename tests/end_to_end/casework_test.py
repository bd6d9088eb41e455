"""casework_test.py -- a report's whole life through the gateway: filed, edited, followed, asked about, answered,
forwarded, assigned, held, merged and taken out again, resolved, reopened, closed; and many cases at once."""
import unittest, uuid

from city import city


class Casework(unittest.TestCase):
    def setUp(self):
        self.city, self.position = city(), 0

    def change(self, who, method, path, body=None, status=200, **headers):
        r = self.city.ask(method, path, body, self.city.token(who), headers)
        self.assertEqual(r.status, status, f"{method} {path} by {who}: {r.raw}")
        # What was true already answers with its report's position, which may be older than what was read before.
        self.position = max(self.position, r.json.get("position", 0))
        if status == 201:
            self.assertEqual(self.see(who, r.headers["Location"]).status, 200, r.headers["Location"])
        return r.json

    def see(self, who, path):
        at = f"min_position={self.position}&wait_ms=5000"
        return self.city.get(f"{path}{'&' if '?' in path else '?'}{at}", who)

    def ids(self, who, path):
        return [r["report_id"] for r in self.see(who, path).json["data"]]

    def me(self, who):
        return self.city.get("/auth/me", who).json["user"]["id"]

    def refused(self, who, method, path, body, problem):
        r = self.city.ask(method, path, body, self.city.token(who))
        self.assertEqual(r.json["type"], f"/problems/{problem}", r.raw)
        return r.status

    def is_found_and_followed(self, rid):
        self.assertNotIn(rid, self.ids("citizen1", f"/reports/{rid}/similar"))
        self.change("citizen2", "POST", f"/reports/{rid}/follow")
        again = self.change("citizen2", "POST", f"/reports/{rid}/follow")
        self.assertTrue(self.see("citizen2", f"/reports/{rid}").json["following"], again)
        self.change("citizen3", "POST", f"/reports/{rid}/me-too")
        self.change("citizen2", "DELETE", f"/reports/{rid}/follow")
        seen = self.see("citizen3", f"/reports/{rid}").json
        self.assertEqual((seen["vote_count"], seen["follower_count"], seen["following"]), (1, 1, True))

    def is_noted_and_held(self, rid):
        self.change("officer1", "POST", f"/cases/{rid}/notes", {"text": "The contractor says Thursday"}, 201)
        for reason in ("a part", "the weather", "the weather"):
            self.change("officer1", "POST", f"/cases/{rid}/hold", {"reason": reason})
        case = self.see("officer1", f"/cases/{rid}").json
        self.assertEqual(([n["text"] for n in case["notes"]], case["hold"]["reason"]),
                         (["The contractor says Thursday"], "the weather"))
        held = [r for r in self.see("officer1", "/cases/inbox?on_hold=true&limit=200").json["data"] if r["report_id"] == rid]
        self.assertEqual([r["hold"] for r in held], [case["hold"]])
        self.change("officer1", "DELETE", f"/cases/{rid}/hold")
        shown = [r["hold"] for r in self.see("officer1", "/cases/inbox?limit=200").json["data"] if r["report_id"] == rid]
        self.assertEqual(shown, [None])
        self.assertIsNone(self.see("officer1", f"/cases/{rid}").json["hold"])

    def is_merged_and_taken_out_again(self, rid):
        other = self.city.file_report(content="A lamp is out")["report_id"]
        self.change("officer1", "POST", f"/cases/{rid}/merge", {"into": other})
        self.assertEqual(self.see("citizen1", f"/reports/{rid}").json["merged_into"], other)
        self.refused("officer1", "POST", f"/cases/{rid}/notes", {"text": "too late"}, "merged")
        kept = self.city.ask("DELETE", f"/reports/{other}?reason=double", token=self.city.token("admin1")).json
        self.assertEqual((kept["type"], kept["merged"]), ("/problems/merge-target", [rid]))
        self.change("officer1", "DELETE", f"/cases/{rid}/merge")

    def is_found_by_a_saved_filter(self, rid):
        mine = {"assignee": "me", "priority": "urgent"}
        self.change("supervisor1", "PUT", "/cases/filters/life", {"filter": mine})
        self.refused("supervisor1", "PUT", "/cases/filters/life", {"filter": {"status": "OPEN"}}, "not-a-choice")
        saved = self.see("supervisor1", "/cases/filters/life").json["filter"]
        self.assertEqual(saved, mine)
        self.assertIn(rid, self.ids("supervisor1", "/cases/inbox?" + "&".join(f"{k}={v}" for k, v in saved.items())))
        self.change("supervisor1", "DELETE", "/cases/filters/life")
        self.assertEqual(self.see("supervisor1", "/cases/filters/life").status, 404)

    def test_a_report_lives_its_whole_life(self):
        rid = self.city.file_report()["report_id"]
        edited = self.change("citizen1", "PATCH", f"/reports/{rid}", {"content": "It is lamp 19", "category": "kesehatan"})
        self.assertEqual(edited["owner_agency"], "AGENCY_HEALTH")
        self.assertEqual(self.see(None, f"/reports/{rid}").json["category"], "kesehatan")
        self.assertEqual(self.see("officer1", f"/cases/{rid}").status, 200)  # its agency has owned it
        self.assertEqual(self.refused("officer1", "POST", f"/cases/{rid}/acknowledge", {}, "not-owning"), 403)
        self.is_found_and_followed(rid)

        self.change("officer2", "POST", f"/cases/{rid}/acknowledge")
        self.change("officer2", "POST", f"/cases/{rid}/forward", {"agency": "AGENCY_INFRA", "note": "a lamp"})
        case = self.see("officer1", f"/cases/{rid}").json
        self.assertEqual((case["owner_agency"], case["acknowledged_at"]), ("AGENCY_INFRA", None))
        self.assertIsNotNone(case["forwarded_at"])

        asked = self.change("officer1", "POST", f"/cases/{rid}/questions", {"text": "Which side?"}, 201)
        mine = self.see("citizen1", f"/reports/{rid}").json
        self.assertEqual([q["question"] for q in mine["questions"]], ["Which side?"])
        answer = {"question_id": asked["question_id"], "text": "The left one"}
        self.change("citizen1", "POST", f"/reports/{rid}/answers", answer)
        self.assertEqual(self.refused("citizen1", "POST", f"/reports/{rid}/answers", answer, "answered-already"), 409)
        self.change("citizen1", "POST", f"/reports/{rid}/comments", {"text": "It is dark"}, 201)
        self.change("officer1", "POST", f"/reports/{rid}/comments", {"text": "We come"}, 201)
        onlooker = self.city.post(f"/reports/{rid}/comments", {"text": "Me too"}, "citizen2").json
        self.assertIn("the owning agency", onlooker["detail"])
        public = self.see("citizen2", f"/reports/{rid}").json
        self.assertFalse({"questions", "comments", "last_note"} & public.keys())
        case = self.see("officer1", f"/cases/{rid}").json
        self.assertEqual([q["answer"] for q in case["questions"]], ["The left one"])
        self.assertEqual([c["commented_by"] for c in case["comments"]], ["author", "agency"])

        taken = self.change("officer1", "PATCH", f"/cases/{rid}/assignee", {"user_id": self.me("officer1")})
        self.assertEqual(taken["assignee_user_id"], self.me("officer1"))
        self.refused("officer1", "POST", f"/cases/{rid}/forward", {"agency": "AGENCY_INFRA", "note": "ours"}, "owned-already")
        self.assertEqual(self.see("officer1", f"/cases/{rid}").json["assignee_user_id"], self.me("officer1"))
        self.change("supervisor1", "PATCH", f"/cases/{rid}/assignee", {"user_id": self.me("supervisor1")})
        self.refused("officer1", "PATCH", f"/cases/{rid}/assignee", {"user_id": None}, "assigned-already")
        self.refused("supervisor1", "PATCH", f"/cases/{rid}/assignee", {"user_id": self.me("officer2")}, "not-assignable")
        self.refused("supervisor1", "PATCH", f"/cases/{rid}/assignee", {}, "missing-field")
        self.change("officer1", "PATCH", f"/cases/{rid}/priority", {"priority": "urgent"})
        self.assertEqual(self.see(None, f"/reports/{rid}").json["priority"], "urgent")
        self.is_found_by_a_saved_filter(rid)
        self.is_noted_and_held(rid)
        self.is_merged_and_taken_out_again(rid)

        begun = self.change("officer1", "POST", "/cases/bulk", {"ids": [rid], "status": "IN_PROGRESS"})
        self.assertEqual(begun["done"], 1)
        self.refused("citizen1", "PATCH", f"/reports/{rid}", {"content": "two lamps"}, "not-editable")
        self.change("officer1", "PATCH", f"/cases/{rid}/status", {"status": "RESOLVED", "note": "replaced"})
        self.change("citizen1", "PATCH", f"/reports/{rid}/status", {"status": "IN_PROGRESS", "note": "dark again"})
        self.change("officer1", "PATCH", f"/cases/{rid}/status", {"status": "RESOLVED", "note": "replaced"})
        self.change("officer1", "PATCH", f"/cases/{rid}/status", {"status": "CLOSED"})
        self.refused("officer1", "PATCH", f"/cases/{rid}/priority", {"priority": "low"}, "report-is-final")
        self.change("citizen1", "POST", f"/reports/{rid}/comments", {"text": "Thank you"}, 201)

        history = self.see("officer1", f"/cases/{rid}").json["history"]
        self.assertEqual([h["type"].removeprefix("report.") for h in history],
                         ["created", "edited", "acknowledged", "forwarded", "question.asked", "question.answered",
                          "commented", "commented", "assigned", "assigned", "priority.changed", "merged", "unmerged"] + ["status.updated"] * 5 +
                         ["commented"])
        shown = self.see(None, f"/reports/{rid}/history").json["data"]
        self.assertNotIn("report.commented", [h["type"] for h in shown])
        self.assertFalse([h for h in shown if "text" in (h["facts"] or {})])

    def test_an_author_takes_place_and_time_away(self):
        place, key = {"latitude": -6.91, "longitude": 107.61}, {"Idempotency-Key": uuid.uuid4().hex}
        made = self.city.file_report(location=place, occurred_at="2026-01-02T20:00:00Z")
        path = f"/reports/{made['report_id']}"
        self.change("citizen1", "PATCH", path, {"location": None}, **key)
        self.change("citizen1", "PATCH", path, {}, 422, **key)  # another wish
        seen = self.see(None, path).json
        self.assertEqual((seen["location"], seen["occurred_at"]), (None, "2026-01-02T20:00:00.000000Z"))
        self.change("citizen1", "PATCH", path, {"occurred_at": None})
        self.assertIsNone(self.see(None, path).json["occurred_at"])

    def test_a_version_that_has_moved_on_is_refused(self):
        made = self.city.file_report()
        path = f"/cases/{made['report_id']}/priority"
        self.change("officer1", "PATCH", path, {"priority": "high"}, **{"If-Match": '"1"'})
        late = self.change("officer1", "PATCH", path, {"priority": "low"}, 412, **{"If-Match": '"1"'})
        self.assertEqual(late["version"], 2)

    def test_two_reports_of_one_thing_are_found_and_merged(self):
        text = "The traffic light at the old bridge blinks " + uuid.uuid4().hex
        place = {"latitude": -6.91, "longitude": 107.61}
        first = self.city.file_report(content=text, location=place)["report_id"]
        made = self.city.file_report(content=text + "!", location=place)
        rid, self.position = made["report_id"], made["position"]
        similar = self.see(None, made["similar"]).json["data"]
        self.assertEqual(similar[0]["report_id"], first)
        self.assertEqual((similar[0]["reasons"]["distance_m"], similar[0]["reasons"]["same_category"]), (0, True))
        asked = self.see("citizen2", "/reports/similar?latitude=-6.91&longitude=107.61&content=traffic%20light%20old%20bridge&limit=20")
        self.assertTrue({first, rid} <= {r["report_id"] for r in asked.json["data"]})

        self.change("officer1", "POST", f"/cases/{rid}/merge", {"into": first})
        self.assertEqual(self.see(None, f"/reports/{first}").json["merged"], [rid])
        self.assertEqual(self.see(None, f"/reports/{rid}").json["merged_into"], first)
        self.assertNotIn(rid, self.ids(None, "/reports/public"))
        self.assertNotIn(rid, self.ids("officer1", "/cases/inbox"))
        self.assertEqual(self.see("citizen1", "/reports/me").json["data"][0]["merged_into"], first)
        self.refused("officer1", "POST", f"/cases/{rid}/acknowledge", {}, "merged")
        self.refused("officer1", "POST", f"/cases/{first}/merge", {"into": rid}, "not-mergeable")
        self.change("officer1", "DELETE", f"/cases/{rid}/merge")
        self.assertIn(rid, self.ids("officer1", "/cases/inbox"))
        self.assertIn(rid, self.ids(None, "/reports/public"))

    def test_many_cases_are_changed_by_one_request(self):
        ids = [self.city.file_report()["report_id"] for _ in range(3)]
        ids.append(self.city.file_report(category="kesehatan")["report_id"])  # another agency's
        ids.append(str(uuid.uuid4()))  # nobody's
        key = {"Idempotency-Key": uuid.uuid4().hex}
        body = {"ids": ids, "status": "IN_PROGRESS"}
        done = self.change("officer1", "POST", "/cases/bulk", body, **key)
        self.assertEqual([i["status"] for i in done["data"]], [200] * 3 + [404] * 2)
        self.assertEqual([i["id"] for i in done["data"]], ids)
        self.assertEqual((done["done"], done["not_done"]), (3, 2))
        for rid in ids[:3]:
            self.assertEqual(self.see("officer1", f"/cases/{rid}").json["status"], "IN_PROGRESS")
        again = self.change("officer1", "POST", "/cases/bulk", body, **key)
        self.assertEqual([i.get("position") for i in again["data"]], [i.get("position") for i in done["data"]])
        other = self.change("officer1", "POST", "/cases/bulk", {"ids": ids[:1], "priority": "high"}, **key)
        self.assertEqual([i["status"] for i in other["data"]], [422])
        some = self.change("officer1", "POST", "/cases/bulk", {"ids": ids[:3], "status": "REJECTED"},
                           **{"Accept-Language": "id"})
        self.assertEqual([i["field"] for i in some["data"]], ["note"] * 3)
        self.assertTrue(all(i["title"].startswith("Perubahan status") for i in some["data"]), some["data"])
        taken = self.change("officer1", "POST", "/cases/bulk", {"ids": ids[:2], "assignee": self.me("officer1")})
        self.assertEqual(taken["done"], 2)

    def test_a_bulk_request_that_is_not_right_changes_nothing(self):
        rid = self.city.file_report()["report_id"]
        for body, field in (({}, "ids"), ({"ids": [], "priority": "low"}, "ids"), ({"ids": [rid, rid], "priority": "low"}, "ids"),
                            ({"ids": [str(uuid.uuid4()) for _ in range(101)], "priority": "low"}, "ids"),
                            ({"ids": ["x"], "priority": "low"}, "ids"), ({"ids": rid, "priority": "low"}, "ids"),
                            ({"ids": [rid]}, "status"), ({"ids": [rid], "status": "CLOSED", "priority": "low"}, "status"),
                            ({"ids": [rid], "priority": "soon"}, "priority"), ({"ids": [rid], "assignee": 7}, "assignee"),
                            ({"ids": [rid], "priority": "low", "reason": "why"}, "reason")):
            r = self.city.ask("POST", "/cases/bulk", body, self.city.token("officer1"))
            self.assertEqual((r.status, r.json.get("field")), (400, field), f"{body}: {r.raw}")
        self.assertEqual(self.change("citizen1", "POST", "/cases/bulk", {"ids": [rid], "priority": "low"}, 403)["status"], 403)
        self.change("officer1", "POST", "/cases/bulk", {"ids": [rid], "priority": "low"}, 400, **{"If-Match": '"1"'})


if __name__ == "__main__":
    unittest.main()
