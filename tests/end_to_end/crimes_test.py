"""crimes_test.py -- /crimes: public reports of crimes as the crime-surveillance seed's clients know them, on the streams
and events of reports."""
import unittest, uuid

from city import city

PLACE = {"street": "Jl. Sudirman 1", "city": "Jakarta", "state": "DKI Jakarta", "latitude": -6.2, "longitude": 106.8}


class Crimes(unittest.TestCase):
    def filed(self, who="citizen1", **body):
        c = city()
        a = c.post("/crimes", {"description": "a window " + uuid.uuid4().hex, "location": PLACE, **body}, who)
        self.assertEqual(a.status, 201, a.raw)
        return a.json

    def see(self, made, who=None, path="/crimes"):
        return city().get(f"{path}/{made['id']}?min_position={made['position']}&wait_ms=5000", who)

    def change(self, made, body, who, method="PUT", **more):
        return city().ask(method, f"/crimes/{made['id']}", body, city().token(who) if who else None, **more)

    def patrol(self, crew):
        """A new unit of AGENCY_SAFETY on duty, with that user as its crew."""
        c, admin = city(), city().token("admin1")
        user = c.get("/auth/me", crew).json["user"]["id"]
        made = c.ask("POST", "/patrols", {"call_sign": "C " + uuid.uuid4().hex[:6], "agency": "AGENCY_SAFETY", "skills": []}, admin)
        self.assertEqual(made.status, 201, made.raw)
        unit = made.json["patrol_id"]
        self.assertEqual(c.ask("POST", f"/patrols/{unit}/crew", {"user_id": user}, admin).status, 200)
        self.assertEqual(c.ask("PUT", f"/patrols/{unit}/status", {"status": "available"}, admin).status, 200)
        self.addCleanup(lambda: c.ask("DELETE", f"/patrols/{unit}/crew?user_id={user}", token=admin))
        return unit

    def test_a_crime_is_a_report_and_both_paths_show_it(self):
        made = self.filed()
        self.assertEqual(made["status"], "new")
        seen = self.see(made, "citizen1")
        me = city().get("/auth/me", "citizen1").json["user"]["id"]
        self.assertEqual((seen.json["location"], seen.json["reporter_id"], seen.json["category"], seen.json["patrol_id"]),
                         (PLACE, me, "kriminalitas", None))
        self.assertIsNone(self.see(made).json["reporter_id"])
        report = self.see(made, path="/reports").json
        self.assertEqual((report["current_status"], report["content"], report["version"]),
                         ("RECEIVED", seen.json["description"], seen.json["version"]))
        page = city().get(f"/crimes?limit=1&min_position={made['position']}&wait_ms=5000").json
        self.assertEqual((page["data"][0]["id"], page["data"][0]["reporter_id"]), (made["id"], None))
        issue = city().file_report()
        self.assertEqual(city().get(f"/crimes/{issue['report_id']}?min_position={issue['position']}&wait_ms=5000").status, 404)
        self.assertEqual(self.change({"id": issue["report_id"]}, {"status": "assigned"}, "admin1").status, 404)

    def test_without_a_token_it_has_no_author(self):
        c, key = city(), uuid.uuid4().hex
        body = {"description": "seen by somebody " + key}
        first = c.post("/crimes", body, headers={"Idempotency-Key": key})
        again = c.post("/crimes", body, headers={"Idempotency-Key": key})
        self.assertEqual((first.status, again.raw, again.headers["Idempotency-Replayed"]), (201, first.raw, "true"), first.raw)
        self.assertEqual(first.headers["Location"], "/crimes/" + first.json["id"])
        self.assertIsNone(self.see(first.json, "admin1").json["reporter_id"])
        stored = c.sql("citywatch_write", f"SELECT data->>'visibility', data->>'reporter_user_id', meta->>'actor' FROM es_event "
                                          f"WHERE stream = 'report-{first.json['id']}'")
        self.assertEqual(stored, [["PUBLIC", "", ""]])
        self.assertEqual(c.ask("POST", "/crimes", body, "no.good.token").status, 401)
        for bad, field in (({"description": " "}, "description"), ({}, "description"), ({**body, "category": "infrastruktur"}, "category"),
                           ({**body, "reporter_id": str(uuid.uuid4())}, "reporter_id")):
            a = c.post("/crimes", bad)
            self.assertEqual((a.status, a.json["field"]), (400, field), a.raw)

    def test_a_patrol_is_sent_comes_and_resolves_it(self):
        unit, made = self.patrol("patrol1"), self.filed()
        for who, status in ((None, 401), ("citizen1", 403), ("officer3", 403), ("patrol1", 403)):
            self.assertEqual(self.change(made, {"patrol_id": unit}, who).status, status, who)
        sent = self.change(made, {"status": "assigned", "patrol_id": unit}, "dispatcher1")
        self.assertEqual((sent.status, sent.json["status"], sent.json["patrol_id"]), (200, "assigned", unit), sent.raw)
        again = self.change(made, {"patrol_id": unit}, "dispatcher1")
        self.assertEqual((again.status, again.json["version"]), (200, sent.json["version"]), again.raw)
        self.assertEqual(self.see({**made, "position": sent.json["position"]}).json["patrol_id"], unit)
        listed = city().get("/crimes?status=assigned&limit=200").json["data"]
        self.assertEqual([x["patrol_id"] for x in listed if x["id"] == made["id"]], [unit])
        self.assertEqual(self.change(made, {"status": "resolved"}, "patrol2").status, 403)
        done = self.change(made, {"status": "resolved"}, "patrol1", "PATCH")
        self.assertEqual((done.status, done.json["status"], done.json["patrol_id"]), (200, "resolved", None), done.raw)
        report = self.see({**made, "position": done.json["position"]}, "citizen1", "/reports").json
        self.assertEqual((report["current_status"], report["last_note"][:3]), ("RESOLVED", "by "))
        self.assertIsNone(self.see({**made, "position": done.json["position"]}).json["patrol_id"])
        late = self.change(made, {"patrol_id": unit}, "dispatcher1")
        self.assertEqual(late.status, 409, late.raw)

    def test_officers_move_it_and_versions_are_those_of_the_report(self):
        made = self.filed()
        tag = self.see(made).headers["ETag"]
        moved = self.change(made, {"status": "assigned"}, "officer3", headers={"If-Match": tag})
        self.assertEqual((moved.status, moved.json["status"]), (200, "assigned"), moved.raw)
        self.assertEqual(self.change(made, {"status": "resolved"}, "officer3", headers={"If-Match": tag}).status, 412)
        back = self.change(made, {"status": "new"}, "officer3")
        self.assertEqual((back.status, back.json["allowed"]), (409, ["resolved", "rejected"]), back.raw)
        self.assertEqual(self.change(made, {"status": "resolved"}, "officer1").status, 403)
        self.assertEqual(self.change(made, {"status": "LOST"}, "officer3").json["field"], "status")
        self.assertEqual(self.change(made, {}, "officer3").json["field"], "status")
        self.assertEqual(self.change(made, {"status": "rejected"}, "officer3").status, 200)

    def test_its_author_deletes_it_and_then_it_is_gone(self):
        made = self.filed()
        self.assertEqual(city().ask("DELETE", f"/crimes/{made['id']}", token=city().token("citizen2")).status, 403)
        gone = city().ask("DELETE", f"/crimes/{made['id']}", token=city().token("citizen1"))
        self.assertEqual((gone.status, gone.json["status"]), (200, "withdrawn"), gone.raw)
        at = {**made, "position": gone.json["position"]}
        self.assertEqual((self.see(at).status, self.see(at, "citizen1").json["status"]), (404, "withdrawn"))
        other = self.filed()
        self.assertEqual(city().ask("DELETE", f"/crimes/{other['id']}", token=city().token("admin1")).status, 200)

    def test_pages_and_filters(self):
        made = [self.filed() for _ in range(5)]
        self.change(made[0], {"status": "resolved"}, "admin1")
        last = self.change(made[1], {"status": "rejected"}, "admin1").json
        ids, cursor = [], ""
        while cursor is not None:
            page = city().get(f"/crimes?category=kriminalitas&status=new&limit=2&min_position={last['position']}&wait_ms=5000"
                              + (f"&cursor={cursor}" if cursor else "")).json
            ids += [x["id"] for x in page["data"]]
            cursor = page["next"]
        self.assertEqual(ids[:3], [m["id"] for m in reversed(made[2:])])
        self.assertEqual(len(ids), len(set(ids)))
        self.assertFalse({made[0]["id"], made[1]["id"]} & set(ids))
        for word, one in (("resolved", made[0]), ("rejected", made[1])):
            self.assertIn(one["id"], [x["id"] for x in city().get(f"/crimes?status={word}&limit=200").json["data"]])
        self.assertEqual(city().get("/crimes?status=RECEIVED").json["field"], "status")
        self.assertEqual(city().get("/crimes?sort=votes").json["field"], "sort")


if __name__ == "__main__":
    unittest.main(verbosity=2)
