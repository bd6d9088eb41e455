"""calendars_test.py -- when an office works: calendars are defined by admins, read by officers, kept with the rules of
their zone."""
import datetime, subprocess, tempfile, unittest, uuid

from city import ROOT, city

MONDAY = {"day": "monday", "from": "08:00", "to": "16:00"}
NIGHT = {"day": "friday", "from": "22:00", "to": "06:00"}
CHRISTMAS = {"date": "2026-12-25", "name": "Natal"}


def define(id, body, who="admin1", **headers):
    return city().ask("PUT", f"/sla/calendars/{id}", body, city().token(who), headers=headers)


def shown(id, answer, who="officer1"):
    return city().get(f"/sla/calendars/{id}?min_position={answer.json['position']}&wait_ms=5000", who)


class Calendars(unittest.TestCase):
    def test_a_first_start_defines_always_and_office(self):
        listed = {c["calendar_id"]: c for c in city().get("/sla/calendars", "officer1").json["data"]}
        self.assertEqual((listed["always"]["zone"], listed["always"]["hours"]), ("UTC", []))
        self.assertEqual(listed["office"]["zone"], "Asia/Jakarta")
        self.assertEqual({h["day"]: (h["from"], h["to"]) for h in listed["office"]["hours"]},
                         {d: ("08:00", "16:00") for d in ("monday", "tuesday", "wednesday", "thursday", "friday")})

    def test_an_admin_defines_a_calendar_and_officers_read_it(self):
        c, id = city(), "test-" + uuid.uuid4().hex[:8]
        made = define(id, {"zone": "Europe/Berlin", "hours": [NIGHT, MONDAY], "holidays": [CHRISTMAS]})
        self.assertEqual((made.status, made.json["version"], made.json["calendar_id"]), (200, 1, id), made.raw)
        calendar = shown(id, made)
        self.assertEqual((calendar.json["hours"], calendar.json["holidays"]), ([MONDAY, NIGHT], [CHRISTMAS]))
        offsets = calendar.json["zone_changes"]
        year = datetime.datetime.now(datetime.timezone.utc).year
        self.assertEqual(offsets[0], {"at": f"{year - 1}-01-01T00:00:00.000000Z", "offset_s": 3600})
        self.assertEqual([o["offset_s"] for o in offsets[1:]], [7200, 3600] * 12)
        again = define(id, {"zone": "Europe/Berlin", "hours": [MONDAY, NIGHT], "holidays": [CHRISTMAS]})
        self.assertEqual((again.status, again.json["version"], again.json["position"]), (200, 1, made.json["position"]))
        tag = {"If-Match": calendar.headers["ETag"]}
        changed = define(id, {"zone": "UTC", "hours": [], "holidays": []}, **tag)
        self.assertEqual((changed.status, changed.json["version"]), (200, 2), changed.raw)
        self.assertEqual(define(id, {"zone": "UTC", "hours": [MONDAY], "holidays": []}, **tag).status, 412)
        self.assertEqual(shown(id, changed).json["zone"], "UTC")
        self.assertEqual(define(id, {"zone": "UTC", "hours": [], "holidays": []}, "officer1").status, 403)
        for who, status in ((None, 401), ("citizen1", 403), ("officer2", 200)):
            self.assertEqual(c.get("/sla/calendars", who).status, status)
            self.assertEqual(c.get(f"/sla/calendars/{id}", who).status, status)
        self.assertEqual(c.get("/sla/calendars/no-such", "officer1").status, 404)

    def test_a_refusal_names_the_member(self):
        for more, problem, field in (({"zone": "Asia/Bandung"}, "no-such-zone", "zone"),
                                     ({"hours": [MONDAY, {**MONDAY, "from": "8"}]}, "bad-text", "hours[1].from"),
                                     ({"hours": [MONDAY, {**MONDAY, "day": "someday"}]}, "not-a-choice", "hours[1].day"),
                                     ({"hours": [MONDAY, MONDAY]}, "hours-overlap", "hours[1]"),
                                     ({"hours": [MONDAY] * 43}, "out-of-range", "hours"),
                                     ({"holidays": [CHRISTMAS, CHRISTMAS]}, "holiday-twice", "holidays[1].date"),
                                     ({"holidays": [{**CHRISTMAS, "date": "2026-02-30"}]}, "out-of-range", "holidays[0].date")):
            a = define("test-refused", {"zone": "UTC", "hours": [], "holidays": [], **more})
            self.assertEqual((a.status, a.json["type"].split("/")[-1], a.json["field"]), (400, problem, field), a.raw)

    def test_a_calendar_has_up_to_400_holidays(self):
        days = [datetime.date(2026, 1, 1) + datetime.timedelta(days=9 * i) for i in range(401)]
        rows = [{"date": day.isoformat(), "name": "Hari libur " + "x" * 80} for day in days]
        self.assertEqual(define("test-many", {"zone": "UTC", "hours": [MONDAY], "holidays": rows}).json["field"], "holidays")
        made = define("test-many", {"zone": "UTC", "hours": [MONDAY], "holidays": rows[:400]})
        self.assertEqual(made.status, 200, made.raw)
        self.assertEqual(shown("test-many", made).json["holidays"], rows[:400])

    def test_holidays_of_a_source_are_refreshed_and_the_others_stay(self):
        c, id, year = city(), "test-" + uuid.uuid4().hex[:8], datetime.date.today().year + 1
        define(id, {"zone": "UTC", "hours": [MONDAY], "holidays": [{**CHRISTMAS, "date": f"{year}-12-25"}]})
        with tempfile.TemporaryDirectory() as folder:
            def refresh(*days):
                with open(folder + "/holidays.ics", "w") as f:
                    f.write("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n" + "".join(
                        f"BEGIN:VEVENT\r\nUID:{day}\r\nDTSTART;VALUE=DATE:{year}{day}\r\nSUMMARY:Day {day}\r\nEND:VEVENT\r\n"
                        for day in days) + "END:VCALENDAR\r\n")
                with open(folder + "/password", "w") as f:
                    f.write("password")
                done = subprocess.run([ROOT + "/tools/refresh-holidays", id, "national", f"file://{folder}/holidays.ics"], text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, env={
                                          **c.environment, "CITY": f"http://127.0.0.1:{c.ports['GATEWAY_HTTP_PORT']}",
                                          "ADMIN_NAME": "admin1", "ADMIN_PASSWORD_FILE": folder + "/password"})
                self.assertEqual(done.returncode, 0, done.stderr)
                c.settle()
                calendar = c.get(f"/sla/calendars/{id}", "officer1").json
                return calendar["version"], [(h["date"][5:], h["name"], h.get("source")) for h in calendar["holidays"]]
            ours = ("12-25", "Natal", None)
            self.assertEqual(refresh("0301", "1225"), (2, [("03-01", "Day 0301", "national"), ours]))
            self.assertEqual(refresh("0301", "1225")[0], 2)  # nothing new
            self.assertEqual(refresh("0302"), (3, [("03-02", "Day 0302", "national"), ours]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
