"""dispatches.py -- X1 and X2: patrols, dispatches and reports a second time, from the log alone.

X1  At no position of the log is a patrol on an exclusive dispatch and on any other one.
X2  Dispatch, patrol and report tell the same at the end of every decision: the last status of each dispatch is the same
    on all three streams (a report that is over tells no end of its own; what is RESERVED is nothing to a patrol), it
    came by a move that there is, and the status of patrol and report is the one that follows from their dispatches.
    A report that is over has none left."""

ACTIVE = ("OFFERED", "ACCEPTED", "ARRIVED")  # in the order in which they come
STATE_ON = {"OFFERED": "assigned", "ACCEPTED": "en_route", "ARRIVED": "on_scene"}
OVER = ("RESOLVED", "REJECTED", "WITHDRAWN", "CLOSED")
ANSWERED = ("crew", "dispatcher")
MOVES = {("RESERVED", "OFFERED"): ("time",), ("RESERVED", "DECLINED"): ("time",),
         ("RESERVED", "CANCELLED"): ("dispatcher", "report"),
         ("OFFERED", "ACCEPTED"): ANSWERED, ("OFFERED", "DECLINED"): ANSWERED, ("OFFERED", "TIMED_OUT"): ("time",),
         ("OFFERED", "CANCELLED"): ("dispatcher",), ("OFFERED", "CLEARED"): ("report",),
         ("ACCEPTED", "ARRIVED"): ANSWERED, ("ACCEPTED", "DECLINED"): ANSWERED,
         ("ACCEPTED", "CANCELLED"): ("dispatcher",), ("ACCEPTED", "CLEARED"): ("report",),
         ("ARRIVED", "CLEARED"): ANSWERED + ("report",), ("ARRIVED", "CANCELLED"): ("dispatcher",)}


def has_ended(status):
    return status not in ACTIVE and status != "RESERVED"


class Dispatch:
    def __init__(self, d):
        self.report, self.patrol, self.exclusive, self.status = d["report_id"], d["patrol_id"], d["exclusive"], d["status"]
        self.was_active = self.status in ACTIVE

    def move(self, d):
        """False: there is no such move."""
        right = d["old_status"] == self.status and d["by"] in MOVES.get((self.status, d["new_status"]), ())
        self.status = d["new_status"]
        self.was_active = self.was_active or self.status in ACTIVE
        return right


class Patrol:
    """As its own stream tells it."""

    def __init__(self):
        self.status, self.told = "off_duty", {}

    def on(self):
        return {id: s for id, s in self.told.items() if s in ACTIVE}

    def follows(self, id, status):
        """Its state once that dispatch has that status: the one that has come furthest counts."""
        before, rest = self.told.get(id), [s for i, s in self.on().items() if i != id]
        rest += [status] if status in ACTIVE else []
        if rest:
            return STATE_ON[max(rest, key=ACTIVE.index)]
        return "returning" if status == "CLEARED" and before in ("ACCEPTED", "ARRIVED") else "available"

    def apply(self, d):
        """What is wrong; None: nothing."""
        before, self.status = self.status, d["new_status"]
        if d["old_status"] != before:
            return f"was {before}, not {d['old_status']}"
        id = d.get("dispatch_id")
        if not id:
            by_hand = not self.on() and self.status not in STATE_ON.values()
            return None if by_hand else f"became {self.status} by hand"
        follows = self.follows(id, d["dispatch_status"])
        self.told[id] = d["dispatch_status"]
        return None if self.status == follows else f"became {self.status}, where {follows} follows"


class Report:
    """As its own stream tells it; `follows` is the status that it takes next because of a dispatch."""

    def __init__(self, status):
        self.status, self.told = status, {}
        self.before = self.follows = None

    def active(self, but=None):
        return [s for id, s in self.told.items() if s in ACTIVE and id != but]

    def status_with(self, id, to):
        others = self.active(but=id)
        if to == "ARRIVED":
            return "IN_PROGRESS"
        if to == "OFFERED" and not others:
            return "ASSIGNED"
        if has_ended(to) and not others and self.status == "ASSIGNED":
            return self.before
        return self.status

    def tell(self, id, to):
        wanted = self.status_with(id, to)
        self.follows = wanted if wanted != self.status else None
        if to in ACTIVE and not self.active():
            self.before = self.status
        self.told[id] = to

    def move(self, to):
        """False: a dispatch did not ask for it, and no hand can."""
        asked, self.follows = self.follows, None
        right = asked in (None, to) and (asked == to or to not in ("ASSIGNED", "RECEIVED"))
        self.status = to
        if to in OVER:
            self.told = {id: s if has_ended(s) else "CLEARED" if s in ACTIVE else "CANCELLED" for id, s in self.told.items()}
        return right


class Checker:
    def __init__(self, left_out, fault, counted):
        self.left_out, self.fault, self.counted = left_out, fault, counted
        self.dispatches, self.patrols, self.reports = {}, {}, {}
        self.held = {}  # patrol: the dispatches that it is on, as these tell it
        self.touched, self.touched_reports = set(), set()  # of the decision

    def apply(self, e):
        take = getattr(self, "on_" + e["type"].replace(".", "_"), None)
        if take and e["stream"] not in self.left_out:
            take(e["data"], f"at {e['position']}")

    # ---- what each stream tells ----

    def on_dispatch_created(self, d, at):
        id = d["dispatch_id"]
        if id in self.dispatches or d["status"] not in ("RESERVED", "OFFERED"):
            self.fault("X2", f"dispatch {id} begins as {d['status']} {at}")
        self.dispatches[id] = Dispatch(d)
        self.counted["dispatches"] += 1
        self.hold(id, at)

    def on_dispatch_status_updated(self, d, at):
        id = d["dispatch_id"]
        if id not in self.dispatches:
            return self.fault("X2", f"there is no dispatch {id} {at}")
        before = self.dispatches[id].status
        if not self.dispatches[id].move(d):
            self.fault("X2", f"dispatch {id} went from {before} to {d['new_status']} by {d['by']} {at}")
        self.counted["moves of dispatches"] += 1
        self.hold(id, at)

    def hold(self, id, at):
        one = self.dispatches[id]
        held = self.held.setdefault(one.patrol, set())
        (held.add if one.status in ACTIVE else held.discard)(id)
        self.touched.add(id)
        if len(held) > 1 and any(self.dispatches[i].exclusive for i in held):
            self.fault("X1", f"patrol {one.patrol} is on {sorted(held)} {at}")

    def on_patrol_status_updated(self, d, at):
        wrong = self.patrols.setdefault(d["patrol_id"], Patrol()).apply(d)
        if wrong:
            self.fault("X2", f"patrol {d['patrol_id']} {wrong} {at}")
        if d.get("dispatch_id"):
            self.touched.add(d["dispatch_id"])

    def on_report_created(self, d, _):
        self.reports[d["report_id"]] = Report(d["status"])

    def on_report_dispatch_updated(self, d, at):
        r = self.reports.setdefault(d["report_id"], Report(None))
        self.must_have_followed(d["report_id"], at)
        r.tell(d["dispatch_id"], d["dispatch_status"])
        self.touched.add(d["dispatch_id"])
        self.touched_reports.add(d["report_id"])

    def on_report_status_updated(self, d, at):
        r = self.reports.setdefault(d["report_id"], Report(None))
        asked, before = r.follows, r.status
        self.touched.update(r.told)
        self.touched_reports.add(d["report_id"])
        if not r.move(d["new_status"]):
            self.fault("X2", f"report {d['report_id']} went from {before} to {r.status} {at}; its dispatches ask for {asked}")

    def must_have_followed(self, id, at):
        r = self.reports[id]
        if r.follows:
            self.fault("X2", f"report {id} stays {r.status} {at}, where {r.follows} follows")
        r.follows = None

    # ---- the end of a decision ----

    def settle(self, at):
        for id in sorted(self.touched):
            self.agree(id, at)
        for id in sorted(self.touched_reports):
            self.must_have_followed(id, at)
        self.touched, self.touched_reports = set(), set()

    def agree(self, id, at):
        one = self.dispatches.get(id)
        if not one:
            return self.fault("X2", f"there is no dispatch {id} {at}")
        wanted = one.status if one.was_active else None
        told = self.patrols[one.patrol].told.get(id) if one.patrol in self.patrols else None
        if told != wanted:
            self.fault("X2", f"dispatch {id} is {one.status} {at}, on patrol {one.patrol} {told}")
        r = self.reports.get(one.report)
        if not r:  # it is left out
            return
        if r.told.get(id) != one.status:
            self.fault("X2", f"dispatch {id} is {one.status} {at}, on report {one.report} {r.told.get(id)}")
        if r.status in OVER and not has_ended(one.status):
            self.fault("X2", f"report {one.report} is {r.status} {at}, and dispatch {id} still {one.status}")


def check(events, left_out, fault, counted):
    """`fault(invariant, text)` takes what is wrong, `counted` what was seen. `left_out`: streams that are not judged.
    Events that follow each other by one correlation are whole decisions."""
    checker, before = Checker(left_out, fault, counted), None
    for e in events:
        if before and before["correlation"] != e["correlation"]:
            checker.settle(f"after {before['position']}")
        checker.apply(e)
        before = e
    checker.settle("at the end")
