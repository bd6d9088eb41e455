"""dispatches_test.py -- what X1 and X2 say of small logs: nothing of one that is right, and each thing that is wrong."""
import collections, unittest

import dispatches

R, P, Q = "report", "patrol", "another patrol"


class Log:
    """Each method is a decision, and tells all streams unless `but` names some."""

    def __init__(self):
        self.events, self.decisions = [], 0
        self.decide(("report-" + R, "report.created", dict(report_id=R, status="RECEIVED")))
        for patrol in (P, Q):
            self.by_hand(patrol, "off_duty", "available")

    def decide(self, *events, but=()):
        self.decisions += 1
        for stream, type, data in events:
            if stream.split("-")[0] not in but:
                self.events.append({"position": len(self.events) + 1, "stream": stream, "type": type, "data": data,
                                    "correlation": str(self.decisions)})

    def by_hand(self, patrol, old, new):
        self.decide(("patrol-" + patrol, "patrol.status.updated", dict(patrol_id=patrol, old_status=old, new_status=new)))

    def created(self, id, status, patrol, exclusive):
        return ("dispatch-" + id, "dispatch.created",
                dict(dispatch_id=id, report_id=R, patrol_id=patrol, status=status, exclusive=exclusive))

    def moved(self, id, old, new, by):
        return ("dispatch-" + id, "dispatch.status.updated", dict(dispatch_id=id, old_status=old, new_status=new, by=by))

    def unit(self, id, patrol, status, old, new):
        return ("patrol-" + patrol, "patrol.status.updated",
                dict(patrol_id=patrol, old_status=old, new_status=new, dispatch_id=id, dispatch_status=status))

    def told(self, id, status):
        return ("report-" + R, "report.dispatch.updated", dict(report_id=R, dispatch_id=id, dispatch_status=status))

    def report(self, to):
        return [("report-" + R, "report.status.updated", dict(report_id=R, new_status=to))] if to else []

    def offers(self, id="d1", patrol=P, old="available", new="assigned", report="ASSIGNED", exclusive=True, but=()):
        self.decide(self.created(id, "OFFERED", patrol, exclusive), self.unit(id, patrol, "OFFERED", old, new),
                    self.told(id, "OFFERED"), *self.report(report), but=but)

    def goes(self, old, new, unit_old, unit_new, by="crew", id="d1", patrol=P, report=None, but=()):
        self.decide(self.moved(id, old, new, by), self.unit(id, patrol, new, unit_old, unit_new), self.told(id, new),
                    *self.report(report), but=but)

    def accepts(self, **more):
        self.goes("OFFERED", "ACCEPTED", "assigned", "en_route", **more)

    def arrives(self, report="IN_PROGRESS", **more):
        self.goes("ACCEPTED", "ARRIVED", "en_route", "on_scene", report=report, **more)

    def reserves(self):
        self.decide(self.created("d1", "RESERVED", P, True), self.told("d1", "RESERVED"))

    def is_over(self, status, but=()):
        self.decide(self.moved("d1", "ARRIVED", "CLEARED", "report"), self.unit("d1", P, "CLEARED", "on_scene", "returning"),
                    *self.report(status), but=but)

    def faults(self, left_out=()):
        found, self.counted = [], collections.Counter()
        dispatches.check(self.events, set(left_out), lambda *fault: found.append(fault), self.counted)
        return found


class Dispatches(unittest.TestCase):
    def setUp(self):
        self.log = Log()

    def right(self):
        self.assertEqual(self.log.faults(), [])

    def wrong(self, name, text):
        """The first thing that is found; the next log begins anew."""
        found = self.log.faults()
        self.assertTrue(found, "nothing was found")
        self.assertEqual(found[0][0], name, found)
        self.assertIn(text, found[0][1])
        self.log = Log()

    def test_from_the_offer_to_the_end_of_the_report(self):
        self.log.offers()
        self.log.accepts()
        self.log.arrives()
        self.log.is_over("RESOLVED")
        self.right()
        self.assertEqual((self.log.counted["dispatches"], self.log.counted["moves of dispatches"]), (1, 3))
        self.log.by_hand(P, "returning", "available")
        self.right()

    def test_x1_two_at_once_of_which_one_is_exclusive(self):
        for first, second in ((True, True), (True, False), (False, True)):
            self.log.offers(exclusive=first)
            self.log.offers("d2", old="assigned", report=None, exclusive=second)
            self.wrong("X1", "patrol patrol is on ['d1', 'd2'] at 8")
        self.log.offers(exclusive=False)
        self.log.offers("d2", old="assigned", report=None, exclusive=False)
        self.right()

    def test_x1_one_after_the_other_and_another_patrol(self):
        self.log.offers()
        self.log.goes("OFFERED", "DECLINED", "assigned", "available", report="RECEIVED")
        self.log.offers("d2")
        self.log.offers("d3", patrol=Q, report=None)
        self.right()

    def test_x2_a_stream_that_is_not_told(self):
        for stream, text in (("patrol", "on patrol patrol None"), ("report", "on report report None"),
                             ("dispatch", "there is no dispatch d1")):
            self.log.offers(but=(stream,))
            self.wrong("X2", text)
        for stream, text in (("patrol", "on patrol patrol OFFERED"), ("report", "on report report OFFERED"),
                             ("dispatch", "is OFFERED")):
            self.log.offers()
            self.log.accepts(but=(stream,))
            self.wrong("X2", text)

    def test_x2_what_is_told_later_is_told_too_late(self):
        self.log.offers(but=("report",))
        self.log.decide(self.log.told("d1", "OFFERED"), *self.log.report("ASSIGNED"))
        self.wrong("X2", "d1 is OFFERED after 5, on report report None")

    def test_x2_moves_that_there_are_not(self):
        self.log.offers()
        self.log.goes("OFFERED", "ARRIVED", "assigned", "on_scene", report="IN_PROGRESS")
        self.wrong("X2", "went from OFFERED to ARRIVED by crew")
        self.log.offers()
        self.log.goes("OFFERED", "CANCELLED", "assigned", "available", report="RECEIVED")
        self.wrong("X2", "went from OFFERED to CANCELLED by crew")
        self.log.offers()
        self.log.offers()
        self.wrong("X2", "begins as OFFERED at 8")

    def test_x2_the_state_of_a_patrol_follows(self):
        self.log.offers(new="en_route")
        self.wrong("X2", "became en_route, where assigned follows")
        self.log.offers()
        self.log.goes("OFFERED", "DECLINED", "assigned", "returning", report="RECEIVED")
        self.wrong("X2", "became returning, where available follows")
        self.log.offers(old="busy")
        self.wrong("X2", "was available, not busy")
        self.log.offers()
        self.log.by_hand(P, "assigned", "busy")
        self.wrong("X2", "became busy by hand")
        self.log.by_hand(P, "available", "on_scene")
        self.wrong("X2", "became on_scene by hand")

    def test_x2_who_had_set_out_comes_back_and_who_declines_has_not(self):
        for new in ("available", "returning"):
            self.log.offers()
            self.log.decide(self.log.moved("d1", "OFFERED", "CLEARED", "report"),
                            self.log.unit("d1", P, "CLEARED", "assigned", new), *self.log.report("RESOLVED"))
            self.right() if new == "available" else self.wrong("X2", "became returning, where available follows")
            self.log = Log()
        self.log.offers()
        self.log.accepts()
        self.log.goes("ACCEPTED", "DECLINED", "en_route", "available", report="RECEIVED")
        self.right()

    def test_x2_of_two_dispatches_the_one_that_came_furthest_counts(self):
        for furthest in ("en_route", "assigned"):
            self.log.offers(exclusive=False)
            self.log.accepts()
            self.log.offers("d2", old="en_route", new=furthest, report=None, exclusive=False)
            self.right() if furthest == "en_route" else self.wrong("X2", "became assigned, where en_route follows")
            self.log = Log()

    def test_x2_the_status_of_a_report_follows(self):
        self.log.offers(report=None)
        self.wrong("X2", "stays RECEIVED at the end, where ASSIGNED follows")
        self.log.decide(*self.log.report("ASSIGNED"))
        self.wrong("X2", "from RECEIVED to ASSIGNED at 4; its dispatches ask for None")
        self.log.offers()
        self.log.goes("OFFERED", "DECLINED", "assigned", "available", report="IN_PROGRESS")
        self.wrong("X2", "from ASSIGNED to IN_PROGRESS at 11; its dispatches ask for RECEIVED")
        self.log.offers()
        self.log.accepts()
        self.log.arrives(report=None)
        self.wrong("X2", "stays ASSIGNED at the end, where IN_PROGRESS follows")

    def test_x2_a_report_that_is_worked_on_stays_so(self):
        self.log.offers()
        self.log.accepts()
        self.log.arrives()
        self.log.offers("d2", patrol=Q, report=None)
        self.right()
        self.log = Log()
        self.log.offers()
        self.log.decide(*self.log.report("IN_PROGRESS"))
        self.log.goes("OFFERED", "DECLINED", "assigned", "available")
        self.right()

    def test_x2_what_it_was_before_comes_with_the_last_one(self):
        for before in ("RECEIVED", "IN_PROGRESS"):
            self.log = Log()
            self.log.decide(*self.log.report("IN_PROGRESS" if before == "IN_PROGRESS" else None))
            self.log.offers()
            self.log.offers("d2", patrol=Q, report=None)
            self.log.goes("OFFERED", "DECLINED", "assigned", "available")
            self.log.goes("OFFERED", "TIMED_OUT", "assigned", "available", id="d2", patrol=Q, by="time", report=before)
            self.right()

    def test_x2_a_report_that_is_over_has_none_left(self):
        for status in ("RESOLVED", "REJECTED", "WITHDRAWN"):
            self.log = Log()
            self.log.offers()
            self.log.accepts()
            self.log.arrives()
            self.log.is_over(status, but=("dispatch", "patrol"))
            self.assertIn(("X2", f"report report is {status} at the end, and dispatch d1 still ARRIVED"), self.log.faults())

    def test_x2_a_reservation_is_nothing_to_a_patrol_until_its_time(self):
        self.log.reserves()
        self.right()
        self.log.goes("RESERVED", "OFFERED", "available", "assigned", by="time", report="ASSIGNED")
        self.right()
        self.log = Log()
        self.log.reserves()
        self.log.decide(self.log.moved("d1", "RESERVED", "CANCELLED", "report"), *self.log.report("RESOLVED"))
        self.right()
        self.log = Log()
        self.log.reserves()
        self.log.decide(self.log.unit("d1", P, "RESERVED", "available", "available"))
        self.wrong("X2", "d1 is RESERVED at the end, on patrol patrol RESERVED")

    def test_a_report_that_is_left_out_is_not_judged(self):
        self.log.offers(but=("report",))
        self.assertEqual(self.log.faults({"report-" + R}), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
