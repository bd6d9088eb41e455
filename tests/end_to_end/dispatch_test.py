"""dispatch_test.py -- patrols are sent to reports through the gateway: from the offer to the end, and a hundred dispatchers
at once on twenty patrols, which the log then shows never to have been on two exclusive dispatches."""
import collections, concurrent.futures, random, sys, unittest, uuid

from city import ROOT, city

sys.path.insert(0, ROOT + "/tests/faults")
from twin import Twin

ACTIVE = {"OFFERED", "ACCEPTED", "ARRIVED"}
PATROLS, DISPATCHERS, ROUNDS = 20, 100, 4


class Dispatch(unittest.TestCase):
    def setUp(self):
        self.city, self.position = city(), 0

    def change(self, who, method, path, body=None, status=200):
        r = self.city.ask(method, path, body, self.city.token(who))
        self.assertEqual(r.status, status, f"{method} {path} by {who}: {r.raw}")
        self.position = max(self.position, r.json.get("position", 0))
        return r.json

    def see(self, who, path):
        at = f"min_position={self.position}&wait_ms=5000"
        r = self.city.get(f"{path}{'&' if '?' in path else '?'}{at}", who)
        self.assertEqual(r.status, 200, f"{path} by {who}: {r.raw}")
        return r.json

    def patrol(self, *crew, status="available"):
        made = self.change("dispatcher1", "POST", "/patrols", {"call_sign": "U " + uuid.uuid4().hex[:6], "agency": "AGENCY_SAFETY"}, 201)
        for name in crew:
            user = self.city.get("/auth/me", name).json["user"]["id"]
            self.addCleanup(self.change, "dispatcher1", "DELETE", f"/patrols/{made['patrol_id']}/crew?user_id={user}")
            self.change("dispatcher1", "POST", f"/patrols/{made['patrol_id']}/crew", {"user_id": user})
        self.change("dispatcher1", "PUT", f"/patrols/{made['patrol_id']}/status", {"status": status})
        return made["patrol_id"]

    def crime(self, **more):
        return self.city.file_report(category="kriminalitas", **more)["report_id"]

    def status(self, rid):
        return self.see("admin1", f"/reports/{rid}")["current_status"]

    def is_in(self, patrol):
        return self.see("dispatcher1", f"/patrols/{patrol}")["status"]

    def test_a_patrol_goes_to_a_crime_arrives_and_resolves_it(self):
        patrol, rid = self.patrol("patrol1"), self.crime(visibility="PRIVATE")
        self.change("admin1", "PATCH", f"/cases/{rid}/priority", {"priority": "urgent"})  # else many wait before it
        self.assertIn(rid, [q["report_id"] for q in self.see("dispatcher1", "/dispatch/queue?limit=200")["data"]])
        self.assertEqual(self.city.get(f"/reports/{rid}", "patrol1").status, 404)
        sent = self.change("dispatcher1", "POST", "/dispatch", {"crime_id": rid, "patrol_id": patrol}, 201)
        did = sent["dispatch_id"]
        self.assertEqual((self.status(rid), self.is_in(patrol)), ("ASSIGNED", "assigned"))
        self.assertNotIn(rid, [q["report_id"] for q in self.see("dispatcher1", "/dispatch/queue?limit=200")["data"]])
        self.assertEqual(self.see("patrol1", f"/reports/{rid}")["report_id"], rid)
        self.assertEqual(self.city.get(f"/reports/{rid}", "patrol2").status, 404)
        taken = self.city.post("/dispatch", {"report_id": self.crime(), "patrol_id": patrol}, "dispatcher1")
        self.assertEqual((taken.status, taken.json["dispatch_id"]), (409, did))
        self.change("patrol1", "POST", f"/dispatch/{did}/accept")
        self.assertEqual(self.is_in(patrol), "en_route")
        self.change("patrol1", "POST", f"/dispatch/{did}/arrive")
        self.assertEqual((self.status(rid), self.is_in(patrol)), ("IN_PROGRESS", "on_scene"))
        self.change("patrol1", "PATCH", f"/reports/{rid}/status", {"status": "RESOLVED", "note": "caught"})
        self.assertEqual((self.status(rid), self.is_in(patrol)), ("RESOLVED", "returning"))
        ended = self.see("dispatcher1", f"/dispatch/{did}")
        self.assertEqual((ended["status"], ended["ended_by"]), ("CLEARED", "report"))
        self.assertEqual(self.city.get(f"/reports/{rid}", "patrol1").status, 404)
        times = self.see("dispatcher1", f"/dispatch/response-times?patrol_id={patrol}")["data"]
        self.assertEqual([(t["offered"], t["accepted"], t["arrived"]) for t in times], [(1, 1, 1)] * 2)

    def test_a_declined_dispatch_gives_the_report_back(self):
        patrol, rid = self.patrol("patrol2"), self.crime()
        did = self.change("dispatcher1", "POST", "/dispatch", {"report_id": rid, "patrol_id": patrol}, 201)["dispatch_id"]
        self.assertEqual([d["dispatch_id"] for d in self.see("patrol2", "/dispatch?status=OFFERED")["data"]], [did])
        self.change("patrol2", "POST", f"/dispatch/{did}/decline", {"reason": "flat tyre"})
        self.assertEqual((self.status(rid), self.is_in(patrol)), ("RECEIVED", "available"))
        self.assertEqual(self.see("dispatcher1", f"/dispatch/{did}")["reason"], "flat tyre")
        again = self.change("dispatcher1", "POST", "/dispatch", {"report_id": rid, "patrol_id": patrol}, 201)["dispatch_id"]
        merged = self.city.post(f"/cases/{rid}/merge", {"into": self.crime()}, "admin1")
        self.assertEqual(merged.status, 409, merged.raw)
        for step in ("accept", "arrive", "clear"):
            self.change("patrol2", "POST", f"/dispatch/{again}/{step}")
        self.assertEqual((self.status(rid), self.is_in(patrol)), ("IN_PROGRESS", "returning"))

    def test_one_more_patrol_for_a_report_leaves_the_cached_feed_as_it_is(self):
        rid = self.crime()
        mark = lambda: self.city.sql("citywatch_read", "SELECT mark FROM engine.change WHERE view = 'report_list'")
        marks = []
        for _ in range(2):
            self.change("dispatcher1", "POST", "/dispatch", {"report_id": rid, "patrol_id": self.patrol()}, 201)
            self.assertEqual(self.status(rid), "ASSIGNED")
            marks.append(mark())
        self.assertEqual(*marks)

    def test_what_does_not_follow_is_asked_about_and_what_a_dispatch_does_is_not_done_by_hand(self):
        patrol = self.patrol()
        self.change("dispatcher1", "PUT", f"/patrols/{patrol}/status", {"status": "busy"})
        warned = self.city.ask("PUT", f"/patrols/{patrol}/status", {"status": "off_duty"}, self.city.token("dispatcher1"))
        self.assertEqual((warned.status, warned.json["confirmable"]), (409, True), warned.raw)
        self.change("dispatcher1", "PUT", f"/patrols/{patrol}/status?confirm=true", {"status": "off_duty"})
        by_hand = self.city.ask("PUT", f"/patrols/{patrol}/status", {"status": "on_scene"}, self.city.token("dispatcher1"))
        self.assertEqual(by_hand.status, 409)
        self.change("admin1", "PATCH", f"/patrols/{patrol}", {"skills": ["k9", "medic"]})
        self.assertEqual(self.see("officer1", f"/patrols/{patrol}")["skills"], ["k9", "medic"])
        self.assertIsNone(self.see("officer1", f"/patrols/{patrol}")["crew"])
        self.assertEqual(self.see("officer1", "/patrols/rules")["transitions"], "warn")
        for who, status in (("citizen1", 403), (None, 401)):
            self.assertEqual(self.city.get("/patrols", who).status, status)

    # ---- a hundred dispatchers ----

    def try_to_send(self, seed):
        choice, port = random.Random(seed), self.second.port if seed % 2 else None
        outcomes = collections.Counter()
        for _ in range(ROUNDS):
            r = self.city.post("/dispatch", {"report_id": choice.choice(self.reports), "patrol_id": choice.choice(self.patrols)},
                               "dispatcher1", port=port)
            if r.status == 409 and r.json["type"].endswith("/PATROL_TAKEN"):
                self.assertTrue(r.json["dispatch_id"])
            outcomes[r.status] += 1
            if r.status == 201 and choice.random() < 0.5:
                end = choice.choice(("decline", "cancel"))
                outcomes[self.city.post(f"/dispatch/{r.json['dispatch_id']}/{end}", None, "dispatcher1").status] += 1
        return outcomes

    def test_a_hundred_dispatchers_at_two_command_apis_never_send_one_patrol_twice(self):
        self.second = Twin(self.city, "command-api")
        self.addCleanup(self.second.stop)
        self.second.wait()
        self.patrols, self.reports = [self.patrol() for _ in range(PATROLS)], [self.crime() for _ in range(30)]
        with concurrent.futures.ThreadPoolExecutor(DISPATCHERS) as pool:
            self.city.token("dispatcher1")
            outcomes = sum(pool.map(self.try_to_send, range(DISPATCHERS)), collections.Counter())
        self.assertLessEqual(set(outcomes), {200, 201, 409, 503}, outcomes)
        self.assertGreaterEqual(outcomes[201], PATROLS)
        self.assertGreater(outcomes[409], 0)
        sent = self.check_the_log()
        self.assertGreaterEqual(sent, outcomes[201])

    def check_the_log(self):
        """Each patrol, each dispatch and each report as its own stream tells it: they agree, and no patrol is on two."""
        on, held, told, sent = {}, collections.defaultdict(set), {}, 0
        for kind, status, patrol, did in self.city.sql("citywatch_write", """
                SELECT type, coalesce(data->>'new_status', data->>'status', data->>'dispatch_status'), data->>'patrol_id',
                       data->>'dispatch_id' FROM es_event
                 WHERE type IN ('dispatch.created', 'dispatch.status.updated')
                 ORDER BY position"""):
            sent += kind == "dispatch.created"
            on[did] = status
            (held[patrol].add if status in ACTIVE else held[patrol].discard)(did)
            self.assertLessEqual(len(held[patrol]), 1, f"patrol {patrol} is on {held[patrol]}")
        for did, status in self.city.sql("citywatch_write", """
                SELECT DISTINCT ON (data->>'dispatch_id') data->>'dispatch_id', data->>'dispatch_status' FROM es_event
                 WHERE type = 'patrol.status.updated' AND data->>'dispatch_id' IS NOT NULL
                 ORDER BY data->>'dispatch_id', position DESC"""):
            self.assertEqual(on[did], status, f"the patrol of {did}")
        for did, status, ended in self.city.sql("citywatch_write", """
                SELECT DISTINCT ON (d.data->>'dispatch_id') d.data->>'dispatch_id', d.data->>'dispatch_status',
                       EXISTS (SELECT FROM es_event e WHERE e.stream = d.stream AND e.position > d.position
                                  AND e.type = 'report.status.updated' AND e.data->>'new_status' IN ('RESOLVED', 'REJECTED', 'WITHDRAWN'))
                  FROM es_event d WHERE d.type = 'report.dispatch.updated'
                 ORDER BY d.data->>'dispatch_id', d.position DESC"""):
            self.assertIn(on[did], {status} if ended == "f" else {"CLEARED", "CANCELLED"} | {status}, f"the report of {did}")
        return sent


if __name__ == "__main__":
    unittest.main()
