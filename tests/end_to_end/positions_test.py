"""positions_test.py -- where patrols are: pushed by the crew, folded into the read database, never in the log."""
import datetime, subprocess, sys, unittest, uuid

from city import ROOT, city, wait_until

sys.path.append(ROOT + "/tests/faults")
from twin import Twin  # noqa: E402

LOST_SECONDS = 3


def at(seconds):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def account(c, name, role, agency):
    """Its id."""
    subprocess.run([ROOT + "/tools/ctl", "account", "add", name, "--role", role, "--agency", agency, "--password-file", "-"],
                   input="password", text=True, env=c.environment, check=True, timeout=60, stdout=subprocess.DEVNULL)
    return c.get("/auth/me", name).json["user"]["id"]


class Positions(unittest.TestCase):
    def setUp(self):
        self.c, self.crew = city(), "crew" + uuid.uuid4().hex[:8]
        user = account(self.c, self.crew, "PATROL", "AGENCY_SAFETY")
        made = self.c.post("/patrols", {"call_sign": self.crew, "agency": "AGENCY_SAFETY"}, "dispatcher1")
        self.assertEqual(made.status, 201, made.raw)
        self.patrol = made.json["patrol_id"]
        # Refused before, so that its joining is seen at once.
        self.assertEqual(self.push().status, 403)
        joined = self.c.post(f"/patrols/{self.patrol}/crew", {"user_id": user}, "dispatcher1")
        self.assertEqual(joined.status, 200, joined.raw)

    def push(self, latitude=-6.2, who=None, **more):
        return self.c.ask("PUT", f"/patrols/{self.patrol}/location", {"location": {"latitude": latitude, "longitude": 106.8}, **more},
                          self.c.token(who or self.crew))

    def moves(self, *given, **more):
        answer = self.push(*given, **more)
        self.assertEqual(answer.status, 200, answer.raw)
        return answer.json["moved"]

    def rows(self, what, table):
        return self.c.sql("citywatch_read", f"SELECT {what} FROM positions.{table} WHERE unit = '{self.patrol}'")

    def track(self, more, who=None):
        return self.c.get(f"/patrols/{self.patrol}/track?limit=2{more}", who or self.crew)

    def check_track(self, last):
        first = self.track("")
        self.assertEqual(first.status, 200, first.raw)
        self.assertEqual([f["latitude"] for f in first.json["data"]], [-6.3, -6.2], first.raw)
        self.assertEqual(first.json["data"][1]["accuracy_m"], 4.5)
        rest = self.track("&cursor=" + first.json["next"])
        self.assertEqual([f["recorded_at"] for f in rest.json["data"]], [last])
        self.assertIsNone(rest.json["next"])
        self.assertEqual(self.track("&from=" + last, "dispatcher1").json["data"], rest.json["data"])
        self.assertEqual(self.track("&to=" + last, "admin1").json["data"], first.json["data"])
        self.assertEqual(self.track("", "patrol1").status, 404)
        self.assertEqual(self.track("", "officer3").status, 403)

    def test_fixes_move_the_patrol_and_late_ones_do_not(self):
        events = lambda: self.c.sql("citywatch_write", f"SELECT count(*) FROM es_event WHERE stream = 'patrol-{self.patrol}'")
        before = events()
        self.assertTrue(self.moves(-6.2, accuracy_m=4.5, speed_mps=0, heading_deg=90, recorded_at=at(-20)))
        self.assertFalse(self.moves(-6.3, recorded_at=at(-30)))
        last = at(-10)
        self.assertTrue(self.moves(-6.4, recorded_at=last))
        self.assertFalse(self.moves(-6.4, recorded_at=last))
        wait_until("the track is folded", lambda: self.rows("count(*)", "track") == [["3"]], 15)
        self.assertEqual(self.rows("latitude", "unit_position"), [["-6.4"]])
        self.check_track(last)
        refused = self.push(recorded_at=at(120))
        self.assertEqual((refused.status, refused.json["field"]), (400, "recorded_at"))
        self.assertEqual(self.push(who="citizen1").status, 403)
        self.assertTrue(self.moves(who="dispatcher1"))
        self.assertEqual(events(), before, "a fix is no event")

    def put(self, body, **more):
        return self.c.ask("PUT", f"/patrols/{self.patrol}", body, self.c.token(self.crew), **more)

    def status(self):
        at = self.c.head()
        return self.c.get(f"/patrols/{self.patrol}?min_position={at}&wait_ms=5000", self.crew).json["status"]

    def test_status_and_place_come_in_one_body(self):
        place = {"latitude": -6.5, "longitude": 106.8}
        both = self.put({"status": "available", "location": place})
        self.assertEqual((both.status, both.json.get("new_status")), (200, "available"), both.raw)
        wait_until("it is folded", lambda: self.rows("latitude", "unit_position") == [["-6.5"]], 15)
        self.assertEqual(self.put({"status": "busy"}).json["new_status"], "busy")
        self.assertTrue(self.put({"location": {**place, "latitude": -6.6}}).json["moved"])
        wrong = self.put({"status": "asleep", "location": {**place, "latitude": -6.7}})
        self.assertEqual((wrong.status, wrong.json["field"]), (400, "status"))
        wrong = self.put({"status": "available", "location": {**place, "latitude": 96.7}})
        self.assertEqual((wrong.status, wrong.json["field"]), (400, "location.latitude"))
        self.assertEqual((self.put({"colour": "red", "location": place}).json["field"]), "colour")
        self.assertEqual(self.put({}).status, 400)
        self.assertEqual(self.put({"status": "off_duty", "location": place}).status, 409)
        self.assertEqual(self.put({"status": "off_duty"}, headers={"If-Match": '"1"'}).status, 412)
        wait_until("the others are folded", lambda: self.rows("count(*)", "track") == [["3"]], 15)
        self.assertEqual(self.rows("latitude", "unit_position"), [["-6.5"]], "what was told stays told")
        self.assertEqual(self.status(), "busy")

    def told(self):
        return [row[0] for row in self.c.sql("citywatch_write", "SELECT type FROM es_event WHERE type LIKE 'patrol.position.%' "
                                             f"AND stream = 'patrol-{self.patrol}' ORDER BY version")]

    def test_a_patrol_on_duty_that_sends_no_fixes_is_lost_until_it_sends_one(self):
        projector = Twin(self.c, "projector", instead=True, POSITION_LOST_SECONDS=str(LOST_SECONDS), POSITION_STALE_SECONDS="1")
        try:
            self.assertTrue(self.moves())
            wait_until("it is folded", lambda: self.rows("count(*)", "track") == [["1"]], 15)
            self.assertEqual(self.put({"status": "available"}).status, 200)
            self.assertEqual(self.told(), [])
            wait_until("it is told as lost", self.told, LOST_SECONDS + 10)
            events = self.c.sql("citywatch_write", "SELECT (recorded - (data::json->>'last_fix_at')::timestamptz >= "
                                f"interval '{LOST_SECONDS} s') FROM es_event WHERE type = 'patrol.position.lost' "
                                f"AND stream = 'patrol-{self.patrol}'")
            self.assertEqual(events, [["t"]])
            self.assertEqual(self.c.get(f"/patrols/{self.patrol}", self.crew).json["position_state"], "lost")
            self.assertTrue(self.moves())
            wait_until("it is told as found", lambda: len(self.told()) > 1, 15)
            self.assertEqual(self.told(), ["patrol.position.lost", "patrol.position.found"])
        finally:
            self.c.ask("PUT", f"/patrols/{self.patrol}/status?confirm=true", {"status": "off_duty"}, self.c.token("dispatcher1"))
            projector.stop()
            self.c.supervisor("start", "projector")
        self.c.settle(60)

    def test_without_redis_a_fix_is_503_and_the_status_goes_on(self):
        self.assertTrue(self.moves())
        wait_until("it is folded", lambda: self.rows("count(*)", "track") == [["1"]], 15)
        self.c.supervisor("stop", "redis")
        refused = self.push()
        self.assertEqual(refused.status, 503, refused.raw)
        self.assertTrue(refused.headers["Retry-After"])
        both = self.put({"status": "available", "location": {"latitude": -6.2, "longitude": 106.8}})
        self.assertEqual(both.status, 503, both.raw)
        self.assertEqual(self.status(), "off_duty")
        status = self.c.ask("PUT", f"/patrols/{self.patrol}/status", {"status": "available"}, self.c.token(self.crew))
        self.assertEqual(status.status, 200, status.raw)
        self.c.supervisor("start", "redis")
        self.assertTrue(wait_until("fixes are taken", lambda: self.push().status == 200, 20))
        self.c.redis("FLUSHALL")
        key = f"{{city}}:unit:{self.patrol}:last"
        wait_until("the position is put back", lambda: self.c.redis("GET", key), 20)
        self.assertFalse(self.moves(recorded_at=at(-3600)))
        self.assertTrue(self.moves())
        wait_until("the events are back, too", lambda: "last-generated-id" in self.c.redis("XINFO", "STREAM", "{events}:all"), 20)
        self.c.settle(60)


if __name__ == "__main__":
    unittest.main()
