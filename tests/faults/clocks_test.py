"""clocks_test.py -- what T1 says of small logs: nothing of one that is right, and each thing that is wrong."""
import collections, datetime, unittest

import clocks

R = "019b7f00-0000-7000-8000-000000000001"


def level(name, number, **more):
    return {"name": name, "number": number, "office_hours": False, "target": "agency", **more}


def policy(id, seconds, **more):
    levels = [level("w50", 0, share_percent=50), level("due", 1), level("late2s", 2, after_due_seconds=2)]
    return {"policy_id": id, "rank": 0, "active": True, "resolve": {"seconds": seconds, "calendar": "always", "levels": levels}, **more}


def moment(seconds):
    at = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.isoformat()


class Log:
    def __init__(self):
        self.events = []
        self.add(0, "calendar-always", "calendar.defined", calendar_id="always", hours=[])
        self.add(0, "policy-default", "policy.defined", **policy("default", 10))
        self.add(0, "policy-high", "policy.defined", **policy("high", 100, priority="high"))
        self.add(0, "report-" + R, "report.created", report_id=R, category="c", owner_agency="A", status="RECEIVED")

    def add(self, seconds, stream, type, **data):
        version = 1 + sum(e["stream"] == stream for e in self.events)
        self.events.append({"position": len(self.events) + 1, "stream": stream, "version": version, "type": type,
                            "recorded": moment(seconds), "data": data})

    def of_report(self, seconds, type, **data):
        self.add(seconds, "report-" + R, type, report_id=R, **data)

    def fires(self, seconds, name, clock="resolve", late=False, superseded=False):
        self.of_report(seconds, "report.escalated", clock=clock, level=name, late=late, superseded=superseded)

    def moves(self, seconds, to):
        self.of_report(seconds, "report.status.updated", new_status=to)

    def held(self, seconds, until=None):
        self.add(seconds, "case-" + R, "case.held", report_id=R, **({"until": moment(until)} if until else {}))

    def resumed(self, seconds, **by):
        self.add(seconds, "case-" + R, "case.resumed", report_id=R, resumed_at=moment(seconds), **by)

    def faults(self, now):
        found, self.counted = [], collections.Counter()
        clocks.check(self.events, clocks.fold.micros(moment(now)), set(), found.append, self.counted)
        return found


class Clocks(unittest.TestCase):
    def setUp(self):
        self.log = Log()

    def right(self, now):
        self.assertEqual(self.log.faults(now), [])

    def wrong(self, now, text):
        found = self.log.faults(now)
        self.assertEqual(len(found), 1, found)
        self.assertIn(text, found[0])

    def test_three_levels_in_time(self):
        for at, name in ((5, "w50"), (10.01, "due"), (12.2, "late2s")):
            self.log.fires(at, name)
        self.right(100)
        self.assertEqual(self.log.counted["levels fired"], 3)

    def test_of_late_levels_the_highest_is_told(self):
        for name in ("w50", "due", "late2s"):
            self.log.fires(30, name, late=True, superseded=name != "late2s")
        self.right(100)
        for wrong, text in (({"w50"}, "is told besides a higher level"), ({"late2s"}, "is told to nobody")):
            self.log = Log()
            for name in ("w50", "due", "late2s"):
                self.log.fires(30, name, late=True, superseded=(name != "late2s") != (name in wrong))
            self.wrong(100, text)

    def planned(self, seconds, version, clock="resolve", reason="policy", calendar_version=1):
        self.log.add(seconds, "sla-" + R, "sla.planned", report_id=R, clock=clock, reason=reason, policy="default",
                     policy_version=version, calendar="always", calendar_version=calendar_version)

    def defined(self, seconds, length, **more):
        self.log.add(seconds, "policy-default", "policy.defined", **policy("default", length), **more)

    def test_what_was_applied_is_planned_and_then_counts(self):
        self.defined(1, 20)
        self.defined(2, 100, apply="open")
        self.wrong(7, "still runs by version 1 of default")
        self.planned(2.5, 3)
        self.right(40)
        self.log.fires(50, "w50")
        self.right(90)

    def test_a_plan_that_nobody_applied_or_that_comes_twice(self):
        self.defined(1, 100)
        self.planned(1.5, 2)
        self.wrong(40, "goes on by version 2 of default after 1")
        self.log = Log()
        self.defined(1, 100, apply="open")
        self.planned(1.5, 2)
        self.planned(1.6, 2)
        self.wrong(40, "goes on by version 2 of default after 2")

    def calendar(self, seconds, zone, **more):
        self.log.add(seconds, "calendar-always", "calendar.defined", calendar_id="always", zone=zone, defined_at=moment(seconds),
                     **{"hours": [], **more})

    def test_a_calendar_that_was_applied_is_planned_and_the_clock_goes_on(self):
        self.calendar(1, "A")
        self.calendar(2, "B", apply="open")
        self.wrong(6, "still runs by version 1 of default and 1 of always")
        self.planned(2.5, 1, reason="calendar", calendar_version=3)
        self.log.fires(5, "w50")
        self.right(9)
        self.assertEqual(self.log.counted["new plans by a calendar"], 1)
        self.calendar(9, "B", apply="open")  # it says the same
        self.right(9.9)
        self.log.fires(10, "due")
        self.planned(10.5, 1, reason="calendar", calendar_version=4)
        self.wrong(11, "or says the same")

    def test_a_calendar_that_nobody_applied_and_a_plan_that_is_another_policy(self):
        self.calendar(1, "A")
        self.planned(2, 1, reason="calendar", calendar_version=2)
        self.wrong(4, "goes on by version 2 of calendar always after 1")
        self.log = Log()
        self.calendar(1, "A", apply="open")
        self.defined(1.5, 11, apply="open")
        self.planned(2, 2, reason="calendar", calendar_version=2)
        self.wrong(4, "is another plan")

    def test_a_calendar_with_hours_is_not_judged_from_then_on(self):
        self.calendar(1, "A", hours=[{"day": "monday", "from": "08:00", "to": "16:00"}], apply="open")
        self.planned(2, 1, reason="calendar", calendar_version=2)
        self.right(100)
        self.calendar(101, "A", apply="open")
        self.planned(102, 1, reason="calendar", calendar_version=3)
        self.right(300)

    def test_early_twice_missing_late_and_unknown(self):
        self.log.fires(4.999999, "w50")
        self.wrong(7, "0.000001 s early")
        self.log = Log()
        self.log.fires(5, "w50")
        self.log.fires(6, "w50")
        self.wrong(7, "fired twice")
        self.log = Log()
        self.right(5 + 3)
        self.wrong(5 + 3.1, "has not fired")
        self.log.fires(96, "w50")
        self.assertIn("91.0 s late", self.log.faults(8)[0])
        self.log = Log()
        self.log.fires(5, "w51")
        self.wrong(7, "no such level")

    def test_what_is_resolved_or_merged_fires_nothing_and_lacks_nothing(self):
        self.log.fires(5, "w50")
        self.log.moves(9, "RESOLVED")
        self.right(100)
        self.log.fires(11, "due")
        self.wrong(100, "while its clock was ended")
        self.log = Log()
        self.log.of_report(2, "report.merged", merged_report_id=R, into_report_id="another")
        self.right(100)
        self.log.fires(11, "w50")
        self.wrong(100, "while its clock was dropped")

    def test_a_reopened_report_goes_on(self):
        self.log.moves(4, "RESOLVED")
        self.log.events[-1]["data"]["old_status"] = "RECEIVED"
        self.log.moves(50, "IN_PROGRESS")
        self.log.fires(51, "w50")
        self.right(52)
        self.log.fires(54, "due")
        self.wrong(55, "2.000000 s early")

    def test_a_hold_stops_the_clock_and_ends_once_at_its_time(self):
        self.log.held(4, until=20)
        self.right(20 + 2.9)
        self.wrong(20 + 3.1, "still held")
        self.log.resumed(20.1)
        self.log.fires(21.1, "w50")
        self.right(24)
        self.log.resumed(22)
        self.wrong(24, "ended at")

    def test_a_hold_that_ends_early_and_a_level_that_fires_in_it(self):
        self.log.held(4, until=20)
        self.log.fires(5, "w50")
        found = self.log.faults(6)
        self.assertIn("while its clock was ['hold']", found[0])
        self.log = Log()
        self.log.held(4, until=20)
        self.log.resumed(19.9)
        self.wrong(20, "it holds until")
        self.log.events[-1]["data"]["resumed_by"] = "an officer"
        self.right(20)

    def test_a_question_stops_resolve(self):
        self.log.of_report(4, "report.question.asked", question_id="q")
        self.right(100)
        self.log.of_report(100, "report.question.answered", question_id="q")
        self.log.fires(101, "w50")
        self.right(102)

    def test_another_policy_goes_on_with_what_was_consumed(self):
        self.log.of_report(4, "report.priority.changed", priority="high")
        self.wrong(10, "still runs by default")
        self.log.fires(5.5, "w50")
        self.assertIn("to go on by another policy", self.log.faults(7)[0])
        self.log.events.pop()
        self.log.add(6, "sla-" + R, "sla.repoliced", report_id=R, policy="high", policy_version=1, calendar="always",
                     calendar_version=1)
        self.log.fires(50, "w50")
        self.right(60)
        self.assertEqual(self.log.counted["new policies"], 1)

    def test_an_event_recorded_before_the_one_before_counts_as_that_one_s(self):
        self.log.held(4)
        self.log.resumed(3, resumed_by="an officer")
        self.log.fires(5, "w50")
        self.right(7)


if __name__ == "__main__":
    unittest.main(verbosity=2)
