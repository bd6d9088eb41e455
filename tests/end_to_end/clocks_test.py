"""clocks_test.py -- what clocks do by themselves: levels fire once and in time, pauses stop them, a hold ends, another
policy begins. A policy of seconds for one category, which nobody else here files in."""
import datetime, json, subprocess, time, unittest

from city import ROOT, city, wait_until

US = 1000000


def level(name, number, target="agency", **more):
    return {"name": name, "number": number, "office_hours": False, "target": target, **more}


def policy(id, seconds, query="", **more):
    levels = [level("w50", 0, "officer", share_percent=50), level("due", 1), level("late1s", 2, "supervisor", after_due_seconds=1)]
    a = city().ask("PUT", f"/sla/policies/{id}{query}", {
        "rank": 1, "active": True, "resolve": {"seconds": seconds, "calendar": "always", "levels": levels}, **more},
        city().token("admin1"))
    assert a.status == 200, a.raw


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def ctl(*words):
    return subprocess.run([ROOT + "/tools/ctl", "sla", *words], env=city().environment, check=True, text=True, timeout=120,
                          stdout=subprocess.PIPE).stdout


def escalations(report):
    """[(level, clock, seconds from filing until it was recorded, late)], in the order of the log."""
    rows = city().sql("citywatch_write", f"""SELECT e.data->>'level', e.data->>'clock', extract(epoch FROM e.recorded - f.recorded), e.data->>'late'
        FROM es_event e JOIN es_event f ON f.stream = e.stream AND f.version = 1
        WHERE e.stream = 'report-{report}' AND e.type = 'report.escalated' ORDER BY e.position""")
    return [(level, clock, float(seconds), late == "true") for level, clock, seconds, late in rows]


def fired(report, count, seconds=30):
    return wait_until(f"{count} levels of {report}", lambda: len(escalations(report)) >= count and escalations(report), seconds)


class Clocks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        policy("seconds", 10, category="kesehatan")

    def test_each_level_fires_once_and_in_time(self):
        report = city().file_report(category="kesehatan")["report_id"]
        found = fired(report, 3)
        self.assertEqual([f[:2] for f in found], [("w50", "resolve"), ("due", "resolve"), ("late1s", "resolve")])
        for (_, _, seconds, late), due in zip(found, (5, 10, 11)):
            self.assertGreaterEqual(seconds, due)  # never early, by the store's clock
            self.assertLess(seconds, due + 5)
            self.assertFalse(late)
        time.sleep(1)
        self.assertEqual(len(escalations(report)), 3)

    def test_how_a_clock_stands_is_shown_to_those_who_see_the_report(self):
        c = city()
        filed = c.file_report(category="kesehatan", visibility="PRIVATE")
        ask = lambda who=None: c.get(f"/sla/status?report={filed['report_id']}&min_position={filed['position']}&wait_ms=5000", who).json["data"]
        self.assertEqual((ask(), ask("officer1")), ([], []))
        mine = ask("citizen1")[0]
        self.assertEqual((mine["sla_status"], mine["is_overdue"], mine["level"]), ("running", False, None))
        self.assertGreater(mine["remaining_seconds"], 0)
        overdue = wait_until("it is overdue", lambda: (r := ask("officer2")) and r[0]["is_overdue"] and r[0], 30)
        self.assertLess(overdue["remaining_seconds"], 0)
        level = wait_until("it has escalated", lambda: (r := ask("officer2")[0])["escalation_level"] == 2 and r, 30)
        self.assertEqual(level["level"], "late1s")
        inbox = lambda query: c.get("/cases/inbox?limit=200&" + query, "officer2").json["data"]
        case = [r for r in inbox("overdue=true") if r["report_id"] == filed["report_id"]][0]
        self.assertEqual((case["overdue"], case["escalation_level"], case["due_at"]), (True, 2, level["due_at"]))
        self.assertEqual(c.get(f"/cases/{filed['report_id']}", "officer2").json["due_at"], level["due_at"])
        self.assertNotIn(filed["report_id"], [r["report_id"] for r in inbox("overdue=false")])
        due = [r["due_at"] for r in inbox("sort=due") if r["due_at"]]
        self.assertEqual(due, sorted(due))
        listed = lambda who: [r["report_id"] for r in c.get("/sla/status?overdue=true&agency=AGENCY_HEALTH&limit=200", who).json["data"]]
        self.assertIn(filed["report_id"], listed("officer2"))
        self.assertNotIn(filed["report_id"], listed("officer1"))
    def test_a_fired_level_is_explained_to_its_agency(self):
        c = city()
        report = c.file_report(category="kesehatan")["report_id"]
        fired(report, 2)
        a = c.ask("POST", f"/cases/{report}/hold", {"reason": "waits for the ministry"}, c.token("officer2"))
        self.assertEqual(a.status, 200, a.raw)
        path = f"/sla/{report}/explain?min_position={a.json['position']}&wait_ms=5000"
        a = c.ask("GET", path, token=c.token("officer2"))
        self.assertEqual(a.status, 200, a.raw)
        clock = [k for k in a.json["clocks"] if k["clock"] == "resolve"][0]
        self.assertEqual((clock["state"], clock["due_at"], clock["paused_by"]), ("paused", None, ["hold"]))
        self.assertEqual(clock["terms"][-1]["policy"], "seconds")
        levels = {l["name"]: l for l in clock["levels"]}
        for name in ("w50", "due"):
            self.assertGreaterEqual(moment(levels[name]["fired_at"]), moment(levels[name]["comes_at"]))
        self.assertAlmostEqual(sum(i["counted_seconds"] for i in clock["intervals"]), clock["consumed_seconds"], 5)
        self.assertEqual([i["why"] for i in clock["intervals"]], ["counted", "paused"])
        a = c.ask("GET", path, token=c.token("officer2"), headers={"Accept-Language": "id"})
        self.assertIn("ditangguhkan", a.json["clocks"][-1]["intervals"][-1]["text"])
        self.assertEqual(c.ask("GET", path, token=c.token("officer1")).status, 404)  # of another agency
        self.assertIn("Not counted: the case was on hold.", ctl("explain", report))
        self.assertEqual(json.loads(ctl("explain", report, "--json"))["clocks"][-1]["levels"], clock["levels"])
        self.assertNotIn(report, [json.loads(line)["report"] for line in ctl("next", "--json").splitlines()])  # it is paused
        self.assertEqual(c.ask("GET", path, token=c.token("citizen1")).status, 403)

    def test_what_is_resolved_in_time_fires_nothing_more(self):
        c = city()
        report = c.file_report(category="kesehatan")["report_id"]
        fired(report, 1)
        a = c.ask("PATCH", f"/cases/{report}/status", {"status": "RESOLVED", "note": "done"}, c.token("officer2"))
        self.assertEqual(a.status, 200, a.raw)
        time.sleep(6)
        self.assertEqual([f[0] for f in escalations(report)], ["w50"])
        rows = c.get(f"/sla/summary?category=kesehatan&min_position={a.json['position']}&wait_ms=5000", "officer2").json["data"]
        (summary,) = [r for r in rows if (r["owner_agency"], r["clock"]) == ("AGENCY_HEALTH", "resolve")]
        self.assertEqual((summary["reports"], summary["met"] > 0, summary["median_seconds"] > 1), ("all", True, True))

    def test_a_pause_moves_what_comes_and_a_hold_ends_by_itself(self):
        c = city()
        report = c.file_report(category="kesehatan")["report_id"]
        until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=7)
        a = c.post(f"/cases/{report}/hold", {"reason": "waits for the ministry", "until": until.isoformat().replace("+00:00", "Z")}, "officer2")
        self.assertEqual(a.status, 200, a.raw)
        held, resumed = wait_until("the hold ends", lambda: (r := c.sql(
            "citywatch_write", f"SELECT extract(epoch FROM recorded) FROM es_event WHERE stream = 'case-{report}' ORDER BY version"))
            and len(r) == 2 and [float(x[0]) for x in r], 30)
        self.assertGreaterEqual(resumed, until.timestamp())
        paused = resumed - held
        (name, _, seconds, _) = fired(report, 1)[0]
        self.assertEqual(name, "w50")
        self.assertGreaterEqual(seconds, 5 + paused - 0.001)
        self.assertLess(seconds, 5 + paused + 5)

    def test_a_change_of_priority_begins_another_policy_with_what_was_consumed(self):
        c = city()
        policy("seconds-urgent", 3600, category="kesehatan", priority="urgent", rank=0)
        report = c.file_report(category="kesehatan")["report_id"]
        a = c.ask("PATCH", f"/cases/{report}/priority", {"priority": "urgent"}, c.token("officer2"))
        self.assertEqual(a.status, 200, a.raw)
        data = wait_until("another policy", lambda: (r := c.sql(
            "citywatch_write", f"SELECT data->>'policy', data->>'reason', data->>'consumed_us' FROM es_event WHERE stream = 'sla-{report}'")) and r, 30)
        self.assertEqual([r[:2] for r in data], [["seconds-urgent", "priority"]])
        self.assertGreater(int(data[0][2]), 0)
        self.assertLess(int(data[0][2]), 5 * US)
        time.sleep(6)
        self.assertEqual(escalations(report), [])

    def test_a_killed_worker_fires_what_came_meanwhile_once(self):
        c = city()
        report = c.file_report(category="kesehatan")["report_id"]
        c.supervisor("stop", "sla-worker")
        time.sleep(22)  # all three have been late for more than ten seconds
        c.supervisor("start", "sla-worker")
        found = fired(report, 3, 60)
        self.assertEqual([(f[0], f[3]) for f in found], [("w50", True), ("due", True), ("late1s", True)])
        time.sleep(1)
        self.assertEqual(len(escalations(report)), 3)
        c.settle()
        told = c.sql("citywatch_read", f"SELECT level, audience FROM notification_list.notification_events WHERE report_id = '{report}'")
        self.assertEqual(told, [["late1s", "supervisors"]])  # the highest alone

    def test_open_clocks_go_on_by_a_longer_policy_only_if_it_is_applied(self):
        c = city()
        policy("applied", 3600, category="kesehatan", priority="low", rank=0)
        report = c.file_report(category="kesehatan")["report_id"]
        a = c.ask("PATCH", f"/cases/{report}/priority", {"priority": "low"}, c.token("officer2"))
        self.assertEqual(a.status, 200, a.raw)
        rows = lambda: c.get(f"/sla/status?report={report}").json["data"]
        wait_until("its clock is shown", rows, 30)
        due = lambda: moment(rows()[0]["due_at"])
        wait_until("it runs by that policy", lambda: due() - time.time() > 3000, 30)
        before = due()
        policy("applied", 7200, category="kesehatan", priority="low", rank=0)
        other = c.file_report(category="kesehatan", visibility="PRIVATE")["report_id"]
        fired(other, 1)  # whatever the worker had to do, it did
        self.assertEqual(due(), before)
        policy("applied", 7200, "?apply=open", category="kesehatan", priority="low", rank=0)
        self.assertAlmostEqual(wait_until("it is planned anew", lambda: (now := due()) != before and now, 30), before + 3600, 3)
        events = c.sql("citywatch_write", f"""SELECT type, data->>'reason', data->>'policy_version', data->>'due_at' FROM es_event
            WHERE stream = 'sla-{report}' ORDER BY version""")
        self.assertEqual([e[:3] for e in events], [["sla.repoliced", "priority", "1"], ["sla.planned", "policy", "3"]])
        self.assertAlmostEqual(moment(events[-1][3]), before + 3600, 3)
        terms = c.get(f"/sla/{report}/explain", "officer2").json["clocks"][-1]["terms"]
        self.assertEqual([(t["allotted_seconds"], t["reason"]) for t in terms], [(10, None), (3600, "priority"), (7200, "policy")])
        self.assertIn("Why: policy.", ctl("explain", report))

    def test_where_apply_stands_and_what_it_says(self):
        body = {"rank": 1, "active": False}
        put = lambda query, more: city().ask("PUT", "/sla/policies/nobodys" + query, {**body, **more}, city().token("admin1")).json
        for query, more, problem, field in (("?apply=all", {}, "not-a-choice", "apply"), ("", {"apply": "open"}, "unknown-field", "apply"),
                                            ("?apply=open", {"apply": "open"}, "unknown-field", "apply"),
                                            ("?rank=1", {}, "unknown-parameter", "rank"), ("?apply=open", {"rank": "x"}, "wrong-type", "rank")):
            a = put(query, more)
            self.assertEqual((a["type"].split("/")[-1], a["field"]), (problem, field), a)


if __name__ == "__main__":
    unittest.main()
