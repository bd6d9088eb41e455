"""dispatch_clock_test.py -- what time does to dispatches: an offer that nobody answers goes to the next patrol, until none
is left; a reservation is offered when its time has come."""
import datetime, unittest, uuid

from city import city, wait_until

FAR = {"latitude": 40.0, "longitude": -30.0}  # where no other test has a patrol


class DispatchClock(unittest.TestCase):
    def setUp(self):
        self.city = city()
        self.rules(2)
        self.addCleanup(self.rules, 90)

    def ask(self, method, path, body=None, status=200):
        r = self.city.ask(method, path, body, self.city.token("admin1"))
        self.assertEqual(r.status, status, r.raw)
        return r.json

    def rules(self, seconds):
        self.ask("PUT", "/patrols/rules", {"transitions": "warn", "offer_seconds": seconds})

    def patrol(self, metres_north):
        made = self.ask("POST", "/patrols", {"call_sign": "N" + uuid.uuid4().hex[:8], "agency": "AGENCY_SAFETY"}, 201)
        place = {**FAR, "latitude": FAR["latitude"] + metres_north / 111_000}
        self.ask("PUT", f"/patrols/{made['patrol_id']}", {"status": "available", "location": place})
        self.addCleanup(self.off_duty, made["patrol_id"])
        return made["patrol_id"]

    def off_duty(self, patrol):
        self.city.ask("PUT", f"/patrols/{patrol}/status?confirm=true", {"status": "off_duty"}, self.city.token("admin1"))

    def crime(self):
        return self.ask("POST", "/crimes", {"description": "seen " + uuid.uuid4().hex, "location": FAR}, 201)["id"]

    def dispatch(self, id):
        return self.city.get(f"/dispatch/{id}", "admin1").json

    def becomes(self, id, status, seconds=20):
        return wait_until(f"{id} is {status}", lambda: self.dispatch(id)["status"] == status and self.dispatch(id), seconds)

    def test_an_offer_goes_on_from_the_nearest_to_the_next_until_none_is_left(self):
        nearest, next_one = self.patrol(500), self.patrol(1500)
        crime = self.crime()
        seen = lambda: self.city.get(f"/dispatch/recommendation?report_id={crime}", "admin1").json["data"]
        wait_until("both positions are folded", lambda: [c["patrol_id"] for c in seen()][:2] == [nearest, next_one], 20)
        first = self.ask("POST", "/dispatch", {"crime_id": crime}, 201)
        self.assertEqual(first["patrol_id"], nearest)
        ended = self.becomes(first["dispatch_id"], "TIMED_OUT")
        self.assertEqual(ended["ended_by"], "time")
        self.assertGreaterEqual(ended["ended_at"], (datetime.datetime.fromisoformat(ended["offered_at"]) +
                                                    datetime.timedelta(seconds=2)).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
        second = wait_until("another is asked", lambda: self.dispatch(first["dispatch_id"])["replaced_by"], 20)
        self.assertEqual((self.dispatch(second)["patrol_id"], self.dispatch(second)["attempt"]), (next_one, 2))
        self.ask("POST", f"/dispatch/{second}/decline", {"reason": "too far"})
        wait_until("nobody is left", lambda: self.dispatch(second)["unfilled_at"], 20)
        self.assertEqual(self.city.get(f"/crimes/{crime}").json["status"], "new")

    def test_a_reservation_is_offered_when_its_time_has_come(self):
        patrol, crime = self.patrol(100), self.crime()
        due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
        made = self.ask("POST", "/dispatch", {"crime_id": crime, "patrol_id": patrol, "due_at": due.isoformat()}, 201)
        self.assertEqual(made["status"], "RESERVED")
        self.assertEqual(self.city.get(f"/crimes/{crime}?min_position={made['position']}&wait_ms=5000").json["status"], "new")
        offered = wait_until("it is offered", lambda: self.dispatch(made["dispatch_id"])["offered_at"], 20)
        self.assertGreaterEqual(datetime.datetime.fromisoformat(offered), due)
        self.becomes(made["dispatch_id"], "TIMED_OUT")


if __name__ == "__main__":
    unittest.main()
