"""main_job_test.py -- the main job through the gateway: a report becomes an event, a feed row and a case."""
import unittest, uuid

from city import city, wait_until


def visible(c, path, report_id, who=None):
    return [r for r in c.get(path, who).json["data"] if r["report_id"] == report_id]


class MainJob(unittest.TestCase):
    def test_a_report_is_filed_seen_voted_for_worked_on_and_resolved(self):
        c = city()
        made = c.file_report(location={"latitude": -6.9, "longitude": 107.6, "city": "Bandung"})
        rid = made["report_id"]
        at = f"min_position={made['position']}&wait_ms=5000"
        feed = c.get(f"/reports/public?{at}")
        self.assertEqual(feed.status, 200)
        row = [r for r in feed.json["data"] if r["report_id"] == rid][0]
        self.assertEqual((row["category"], row["vote_count"]), ("infrastruktur", 0))
        self.assertFalse({"reporter_user_id", "reporter", "pseudonym"} & row.keys())
        case = [r for r in c.get(f"/cases/inbox?{at}", "officer1").json["data"] if r["report_id"] == rid][0]
        self.assertEqual((case["status"], case["owner_agency"]), ("RECEIVED", "AGENCY_INFRA"))

        vote = c.post(f"/reports/{rid}/upvote", who="citizen2")
        self.assertEqual(vote.status, 200)
        self.assertEqual(c.post(f"/reports/{rid}/upvote", who="citizen2").status, 200)
        seen = c.get(f"/reports/{rid}?min_position={vote.json['position']}&wait_ms=5000").json
        self.assertEqual(seen["vote_count"], 1)
        gone = c.ask("DELETE", f"/reports/{rid}/upvote", token=c.token("citizen2"))
        seen = c.get(f"/reports/{rid}?min_position={gone.json['position']}&wait_ms=5000").json
        self.assertEqual(seen["vote_count"], 0)

        token = c.token("officer1")
        moved = c.ask("PATCH", f"/cases/{rid}/status", {"status": "IN_PROGRESS"}, token)
        self.assertEqual((moved.status, moved.json["new_status"]), (200, "IN_PROGRESS"))
        done = c.ask("PATCH", f"/cases/{rid}/status", {"status": "RESOLVED", "note": "filled"}, token)
        at = f"min_position={done.json['position']}&wait_ms=5000"
        mine = [r for r in c.get(f"/reports/me?{at}", "citizen1").json["data"] if r["report_id"] == rid][0]
        self.assertEqual(mine["current_status"], "RESOLVED")
        history = c.get(f"/reports/{rid}/history?{at}", "citizen1").json["data"]
        self.assertEqual([h["new_status"] for h in history], ["RECEIVED", "IN_PROGRESS", "RESOLVED"])
        self.assertEqual(history[-1]["note"], "filled")
        public = c.get(f"/reports/{rid}/history").json["data"]
        self.assertFalse(any(h.get("note") for h in public))
        self.assertEqual(c.get(f"/cases/{rid}", "officer1").json["status"], "RESOLVED")

        again = {"status": "IN_PROGRESS", "note": "it is broken again"}
        self.assertEqual(c.ask("PATCH", f"/reports/{rid}/status", again, c.token("citizen2")).status, 403)
        reopened = c.ask("PATCH", f"/reports/{rid}/status", again, c.token("citizen1"))
        self.assertEqual(reopened.status, 200, reopened.raw)
        at = f"min_position={reopened.json['position']}&wait_ms=5000"
        self.assertEqual(c.get(f"/cases/{rid}?{at}", "officer1").json["reopened_count"], 1)

    def test_a_report_with_events_that_wait_parked_says_so(self):
        c = city()
        rid = c.file_report()["report_id"]
        c.settle()
        self.assertNotIn("parked", c.get(f"/reports/{rid}").json)
        c.sql("citywatch_read", "INSERT INTO engine.parked (view, stream, position, version, type, error) VALUES "
                                f"('report_detail', 'report-{rid}', 1000000, 2, 'report.status.updated', 'test')")
        try:
            seen = wait_until("the cache to move on", lambda: c.file_report() and c.get(f"/reports/{rid}").json.get("parked"))
            self.assertIs(seen, True)
        finally:
            c.sql("citywatch_read", f"DELETE FROM engine.parked WHERE stream = 'report-{rid}'")

    def test_withdrawn_reports_leave_the_feed_and_stay_with_author_and_agency(self):
        c = city()
        rid = c.file_report("citizen2")["report_id"]
        self.assertEqual(c.ask("DELETE", f"/reports/{rid}", token=c.token("citizen1")).status, 403)
        gone = c.ask("DELETE", f"/reports/{rid}?reason=mistake", token=c.token("citizen2"))
        self.assertEqual((gone.status, gone.json["new_status"]), (200, "WITHDRAWN"))
        at = f"min_position={gone.json['position']}&wait_ms=5000"
        self.assertEqual(c.get(f"/reports/{rid}?{at}").status, 404)
        self.assertFalse(visible(c, f"/reports/public?{at}", rid))
        self.assertEqual(c.get(f"/reports/{rid}", "citizen2").json["current_status"], "WITHDRAWN")
        self.assertEqual(c.get(f"/cases/{rid}", "officer1").json["status"], "WITHDRAWN")

    def test_two_officers_at_once_with_if_match_one_wins(self):
        c = city()
        made = c.file_report()
        path = f"/cases/{made['report_id']}/status"
        etag = c.get(f"/cases/{made['report_id']}?min_position={made['position']}&wait_ms=5000", "officer1").headers["ETag"]
        one = c.ask("PATCH", path, {"status": "IN_PROGRESS"}, c.token("officer1"), {"If-Match": etag})
        two = c.ask("PATCH", path, {"status": "REJECTED", "note": "no"}, c.token("supervisor1"), {"If-Match": etag})
        self.assertEqual((one.status, two.status), (200, 412))
        self.assertEqual(two.json["version"], 2)
        self.assertEqual(two.headers["Content-Type"], "application/problem+json")
        illegal = c.ask("PATCH", path, {"status": "CLOSED"}, c.token("officer1"))
        self.assertEqual(illegal.status, 409)
        self.assertEqual(sorted(illegal.json["allowed"]), ["REJECTED", "RESOLVED"])
        self.assertEqual(c.ask("PATCH", path, {"status": "RESOLVED"}, c.token("officer2")).status, 404)
        self.assertEqual(c.ask("PATCH", path, {"status": "RESOLVED"}, c.token("citizen1")).status, 403)

    def test_a_key_has_one_effect_and_one_answer(self):
        c = city()
        key, body = uuid.uuid4().hex, {"content": "once", "category": "kebersihan"}
        one = c.post("/reports", body, "citizen1", headers={"Idempotency-Key": key})
        two = c.post("/reports", body, "citizen1", headers={"Idempotency-Key": key})
        self.assertEqual((one.status, two.status), (201, 201))
        self.assertEqual(one.raw, two.raw)
        self.assertEqual(two.headers["Idempotency-Replayed"], "true")
        self.assertEqual(two.headers["Location"], "/reports/" + one.json["report_id"])
        other = c.post("/reports", {**body, "content": "twice"}, "citizen1", headers={"Idempotency-Key": key})
        self.assertEqual((other.status, other.json["field"]), (422, "Idempotency-Key"))

    def test_lists_page_without_loss_or_repetition(self):
        c = city()
        made = [c.file_report("citizen3", category="kesehatan") for _ in range(7)]
        at = f"min_position={made[-1]['position']}&wait_ms=5000"
        seen, cursor = [], ""
        while cursor is not None:
            page = c.get(f"/reports/public?limit=3&category=kesehatan&{at}" + (f"&cursor={cursor}" if cursor else "")).json
            seen += [r["report_id"] for r in page["data"]]
            cursor = page["next"]
            c.file_report("citizen3", category="kesehatan")
        self.assertEqual(len(seen), len(set(seen)))
        self.assertLessEqual({m["report_id"] for m in made}, set(seen))

    def test_an_admin_adds_an_agency_below_another_one(self):
        c = city()
        listed = {a["code"]: a for a in c.get("/agencies").json["data"]}
        self.assertLessEqual({"AGENCY_INFRA", "AGENCY_HEALTH", "AGENCY_SAFETY"}, set(listed))
        code = "TEST_" + uuid.uuid4().hex[:8].upper()
        body = {"names": {"en": "Parks"}, "parent": "AGENCY_INFRA", "active": True}
        self.assertEqual(c.ask("PUT", f"/agencies/{code}", body, c.token("officer1")).status, 403)
        self.assertEqual(c.ask("PUT", f"/agencies/{code.lower()}", body, c.token("admin1")).status, 404)
        unknown = c.ask("PUT", f"/agencies/{code}", {**body, "parent": "NOBODY"}, c.token("admin1"))
        self.assertEqual((unknown.status, unknown.json["field"]), (400, "parent"))
        made = c.ask("PUT", f"/agencies/{code}", body, c.token("admin1"))
        self.assertEqual((made.status, made.json["version"]), (200, 1), made.raw)
        listed = c.get(f"/agencies?min_position={made.json['position']}&wait_ms=5000").json["data"]
        self.assertIn({"code": code, "version": 1, "name": "Parks", **body}, listed)
        tag = c.get(f"/agencies/{code}").headers["ETag"]
        for status in (200, 412):  # of two who saw the same one changes it
            renamed = {**body, "names": {"en": f"Parks {status}"}}
            self.assertEqual(c.ask("PUT", f"/agencies/{code}", renamed, c.token("admin1"), {"If-Match": tag}).status, status)
        above = c.ask("PUT", f"/agencies/{code}", {**body, "parent": code}, c.token("admin1"))
        self.assertEqual((above.status, above.json["field"]), (409, "parent"))

    def test_texts_are_in_the_language_of_the_client(self):
        c = city()
        for language, category, status, title in (("en", "Cleanliness", "Received", "There is no such report."),
                                                  ("id", "Kebersihan", "Diterima", "Laporan itu tidak ada.")):
            wanted = {"Accept-Language": language + "-ID, de;q=0.5"}
            listed = c.get("/categories", headers=wanted)
            self.assertEqual({x["code"]: x["name"] for x in listed.json["data"]}["kebersihan"], category)
            self.assertEqual(listed.headers["Content-Language"], language)
            self.assertIn("Accept-Language", ", ".join(listed.headers.get_all("Vary")))
            self.assertEqual(c.get("/statuses", headers=wanted).json["data"][0], {"code": "RECEIVED", "text": status})
            for refused in (c.get(f"/reports/{uuid.uuid4()}", headers=wanted),
                            c.post(f"/reports/{uuid.uuid4()}/upvote", None, "citizen1", headers=wanted)):
                self.assertEqual((refused.status, refused.json["title"], refused.json["error"]), (404, title, title))
            future = c.post("/reports", {"content": "x", "occurred_at": "2126-01-02T20:00:00Z"}, "citizen1", headers=wanted).json
            self.assertEqual(future["detail"], {"en": "It lies in the future.", "id": "Waktu itu masih akan datang."}[language])

    def test_an_admin_adds_a_category_and_it_can_be_used(self):
        c = city()
        code = "test-" + uuid.uuid4().hex[:8]
        body = {"names": {"en": "Noise"}, "agency": "AGENCY_HEALTH", "kind": "issue", "sensitive": False, "active": True}
        self.assertEqual(c.ask("PUT", f"/categories/{code}", body, c.token("citizen1")).status, 403)
        unknown = c.ask("PUT", f"/categories/{code}", {**body, "agency": "AGENCY_HAELTH"}, c.token("admin1"))
        self.assertEqual((unknown.status, unknown.json["field"]), (400, "agency"))
        a = c.ask("PUT", f"/categories/{code}", body, c.token("admin1"))
        self.assertEqual(a.status, 200, a.raw)
        listed = c.get(f"/categories?min_position={a.json['position']}&wait_ms=5000").json["data"]
        self.assertIn(code, [x["code"] for x in listed])
        rid = c.file_report(category=code)["report_id"]
        self.assertEqual(wait_until("the case", lambda: c.get(f"/cases/{rid}", "officer2").json.get("owner_agency")),
                         "AGENCY_HEALTH")
        gone = c.ask("PUT", f"/categories/{code}", {**body, "active": False}, c.token("admin1"), {"If-Match": '"1"'})
        at = f"min_position={gone.json['position']}&wait_ms=5000"
        active, every = ({x["code"]: x for x in c.get(f"/categories?{q}{at}").json["data"]} for q in ("", "all=true&"))
        shown = c.get(f"/categories/{code}").json
        self.assertNotIn(code, active)
        self.assertEqual((shown["version"], shown["active"]), (2, False))
        self.assertEqual({**every[code], "success": True}, shown)

    def test_a_category_that_changes_its_kind_opens_no_old_report(self):
        c = city()
        code = "test-" + uuid.uuid4().hex[:8]

        def define(kind):
            body = {"names": {"en": "Noise"}, "agency": "AGENCY_HEALTH", "kind": kind, "sensitive": False, "active": True}
            return c.ask("PUT", f"/categories/{code}", body, c.token("admin1")).json["position"]

        filed = {}
        for kind in ("issue", "crime", "issue"):
            define(kind)
            filed.setdefault(kind, c.file_report(category=code, visibility="PRIVATE")["report_id"])
        at = f"min_position={define('crime')}&wait_ms=5000"
        for kind, status in (("issue", 404), ("crime", 200)):
            self.assertEqual(c.get(f"/reports/{filed[kind]}?{at}", "dispatcher1").status, status, kind)
            vote = c.post(f"/reports/{filed[kind]}/upvote", who="dispatcher1")
            self.assertEqual(vote.status, 404 if status == 404 else 409, kind)

    def test_an_officer_who_wrote_it_uses_the_report_and_not_the_case_of_another_agency(self):
        c = city()
        made = c.file_report("officer2")
        rid, at = made["report_id"], f"min_position={made['position']}&wait_ms=5000"
        gone, token = {"status": "WITHDRAWN"}, c.token("officer2")
        self.assertEqual(c.get(f"/cases/{rid}?{at}", "officer2").status, 404)
        self.assertEqual(c.ask("PATCH", f"/cases/{rid}/status", gone, token).status, 404)
        self.assertEqual(c.get(f"/reports/{rid}", "officer2").status, 200)
        self.assertEqual(c.ask("PATCH", f"/reports/{rid}/status", gone, token).status, 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
