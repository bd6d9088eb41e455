"""clocks.py -- T1: the clocks of all reports a second time, from the log alone. Its arithmetic is of calendars that
count round the clock; a clock by another calendar is not judged. Times are microseconds since 1970, by the store's
`recorded`; an event that was recorded earlier than the one before it of the same report counts as that one's.

A level fires once, not before its time, and never while its clock is paused or ended, its report merged, or another
policy is to begin. What came while the clock ran has fired in the end, unless the clock ended first. A clock goes on by
a newer version of its policy or calendar if that was applied and says something else, and not otherwise."""
import fold

US = 1000000
SLACK = 3 * US           # what came so short before the end of the log may still be under way
LATENESS_MAX = 90 * US   # with the longest that a run keeps a worker or its stores away
FINISHED = ("RESOLVED", "REJECTED", "CLOSED")
SUMMED_UP = ("acknowledge", "resolve")  # the clocks that the summary counts


class Clock:
    def __init__(self, terms, plan, calendar, at, paused, judged):
        self.plan, self.calendar = plan, calendar  # (id, version) of its policy, and of its calendar
        self.judged = judged  # it has never run by another calendar than one that counts round the clock
        self.terms, self.since, self.paused = terms, at, set(paused)
        self.levels = {level["name"]: level for level in terms["levels"]}
        self.consumed = self.overrun = 0
        self.due_since = self.ended = self.late = None  # ended: "ended", "dropped"
        self.came, self.fired = {}, set()

    def runs(self):
        return not self.paused and not self.ended

    def allotted(self):
        return self.terms["seconds"] * US

    def by_overrun(self, level):
        return not level.get("share_percent") and not level["office_hours"]

    def wanted(self, level):
        after = level.get("after_due_seconds", 0) * US
        if level.get("share_percent"):
            return -(-self.allotted() * level["share_percent"] // 100)
        return after if self.by_overrun(level) else self.allotted() + after

    def due(self):
        """When it is due, running from now on."""
        return self.due_since or self.since + max(0, self.allotted() - self.consumed)

    def comes(self, name):
        level = self.levels[name]
        if name in self.came:
            return self.came[name]
        if not self.by_overrun(level):
            return self.since + max(0, self.wanted(level) - self.consumed)
        if self.due_since:
            return self.since + max(0, self.wanted(level) - self.overrun)
        return self.due() + self.wanted(level)

    def advance(self, at):
        if self.runs():
            self.came.update({n: t for n in self.levels if (t := self.comes(n)) < at})
            due = self.due()
            self.consumed += at - self.since
            if due < at:
                self.due_since, self.overrun = due, self.overrun + at - max(due, self.since)
        self.since = at

    def repolice(self, terms, plan, calendar, judged):
        self.plan, self.calendar, self.judged = plan, calendar, self.judged and judged
        self.terms, self.levels = terms, {level["name"]: level for level in terms["levels"]}
        if self.consumed < self.allotted():
            self.due_since, self.overrun = None, 0
        self.came = {n: t for n, t in self.came.items() if n in self.levels and self.is_reached(self.levels[n])}

    def is_over(self):
        return self.consumed >= self.allotted()

    def has_warned(self):
        return any(level["number"] == 0 and name in self.fired for name, level in self.levels.items())

    def is_reached(self, level):
        if self.by_overrun(level):
            return self.due_since is not None and self.overrun >= self.wanted(level)
        return self.consumed >= self.wanted(level)


class Catalog:
    """Policies and calendars as they were when they were asked for: the log is gone through in its order."""

    def __init__(self):
        self.newest, self.versions = {}, {}
        self.newest_calendar, self.calendars = {}, {}
        # The newest version that was applied to open clocks.
        self.applied, self.applied_calendar = {}, {}

    def note(self, e):
        d, version = e["data"], e["version"]
        if e["type"] == "policy.defined":
            id, newest, versions, applied = d["policy_id"], self.newest, self.versions, self.applied
        else:
            id, newest, versions, applied = d["calendar_id"], self.newest_calendar, self.calendars, self.applied_calendar
        newest[id], versions[id, version] = version, d
        if d.get("apply"):
            applied[id] = version

    def is_round_the_clock(self, calendar):
        return calendar in self.calendars and not self.calendars[calendar].get("hours")

    def calendar_of(self, terms, now=None):
        """(id, version) by which a clock of these terms runs that ran by `now` before; None: it starts."""
        id = terms["calendar"]
        if now and now[0] == id:
            return id, max(now[1], self.applied_calendar.get(id, 0))
        return id, self.newest_calendar.get(id)

    def is_same(self, one, other):
        """But for when and to what they were applied."""
        one, other = ({m: v for m, v in self.calendars.get(c, {}).items() if m not in ("defined_at", "apply")} for c in (one, other))
        return one == other

    def first_for(self, subject):
        """(id, version) of the policy for (category, priority, agency)."""
        def place(d):
            id = d["policy_id"]
            return 2 if id == "default" else 1 if id.startswith("default-") else 0
        wanted = ("category", "priority", "agency")
        fit = [self.versions[p] for p in self.newest.items()]
        fit = [d for d in fit if d["active"] and all(d.get(m) in (None, s) for m, s in zip(wanted, subject))]
        if not fit:
            return None
        first = min(fit, key=lambda d: (place(d), 0 if place(d) else d["rank"], d["policy_id"]))["policy_id"]
        return first, self.newest[first]

    def planned(self, policy):
        """By which version what is open of that policy goes on."""
        return policy and (policy[0], max(policy[1], self.applied.get(policy[0], 0)))

    def terms(self, policy, clock):
        kind = "answer" if clock.startswith("answer:") else clock
        return self.versions[policy].get(kind) if policy in self.versions else None


class Report:
    """One report's clocks. `fault(text)` takes what is wrong, `counted` what was seen."""

    def __init__(self, catalog, fault, counted, lateness):
        self.catalog, self.fault, self.counted, self.lateness = catalog, fault, counted, lateness
        self.clocks, self.questions = {}, set()
        self.last = 0
        self.id = self.policy = self.subject = self.status = self.hold = None
        self.merged = self.wants = self.public = False

    # ---- what happens to a clock ----

    def start(self, name):
        plan = self.catalog.planned(self.policy)
        terms = self.catalog.terms(plan, name)
        if terms and name not in self.clocks:
            calendar = self.catalog.calendar_of(terms)
            self.clocks[name] = Clock(terms, plan, calendar, self.last, {"hold"} if self.hold else (),
                                      self.catalog.is_round_the_clock(calendar))

    def end(self, name, how="ended"):
        c = self.clocks.get(name)
        if not c or c.ended:
            return
        c.ended, c.late = how, c.is_over()
        for level, t in c.came.items():
            if level not in c.fired and c.judged and not c.paused:
                self.counted["levels that came while nobody was there, and the clock ended first"] += 1
                if self.last - t > LATENESS_MAX:
                    self.fault(f"{self.id} {name} {level} came {(self.last - t) / US:.1f} s before the clock ended")

    def reopen(self, name, *after):
        c = self.clocks.get(name)
        if c and c.ended in after:
            c.ended = None

    # ---- events ----

    def apply(self, e):
        kind, d, recorded = e["type"], e["data"], fold.micros(e["recorded"])
        before, self.last = self.last, max(self.last, recorded)
        if kind == "report.escalated":
            self.escalated(e, recorded)
        for c in self.clocks.values():
            c.advance(self.last)
        take = getattr(self, "on_" + kind.replace(".", "_"), None)
        if take and (before or kind == "report.created"):
            take(d, recorded) if kind.startswith("case.") else take(d)

    def escalated(self, e, recorded):
        d = e["data"]
        name, level = d["clock"], d["level"]
        c = self.clocks.get(name)
        says = f"{self.id} {name} {level} at {e['position']}"
        if not c or level not in c.levels:
            return self.fault(f"{says}: there is no such level")
        if level in c.fired:
            return self.fault(f"{says} fired twice")
        c.fired.add(level)
        if not c.judged:
            return
        if not c.runs() or self.merged or (self.wants and self.resolve_is_open()):
            self.fault(f"{says} fired while its clock was {c.ended or sorted(c.paused) or 'to go on by another policy'}")
        t = c.comes(level)
        if recorded < t:
            self.fault(f"{says} fired {(t - recorded) / US:.6f} s early")
        if recorded - t > LATENESS_MAX:
            self.fault(f"{says} fired {(recorded - t) / US:.1f} s late")
        self.told(says, c, level, d, recorded)
        self.counted["levels fired"] += 1
        self.counted["levels said to be late"] += d["late"]
        self.lateness.append(recorded - t)

    def told(self, says, c, level, d, recorded):
        """Of late levels the highest alone is: SLACK is what may lie between the worker's look and the store's clock."""
        behind = list(c.levels)[list(c.levels).index(level) + 1:]
        came = [c.comes(name) for name in behind if name not in c.fired]
        self.counted["late levels told by a higher one"] += d["superseded"]
        if d["superseded"] and not (d["late"] and any(t <= recorded for t in came)):
            self.fault(f"{says} is told to nobody")
        if d["late"] and not d["superseded"] and any(t <= recorded - SLACK for t in came):
            self.fault(f"{says} is told besides a higher level")

    def resolve_is_open(self):
        c = self.clocks.get("resolve")
        return bool(c and not c.ended)

    def match(self):
        found = self.catalog.first_for(self.subject)
        self.wants = bool(found and self.policy and found[0] != self.policy[0] and not self.merged)

    def on_report_created(self, d):
        self.id, self.status, self.public = d["report_id"], d["status"], d.get("visibility") == "PUBLIC"
        self.subject = (d["category"], "medium", d["owner_agency"])
        self.policy = self.catalog.first_for(self.subject)
        self.start("acknowledge")
        self.start("resolve")

    def on_report_status_updated(self, d):
        old, self.status = self.status, d["new_status"]
        if self.status == "WITHDRAWN" or self.status in FINISHED:
            for name in self.clocks:
                self.end(name, "dropped" if self.status == "WITHDRAWN" else "ended")
        elif self.status == "IN_PROGRESS":
            self.end("acknowledge")
            if old in ("RESOLVED", "REJECTED"):
                self.reopen("resolve", "ended", "dropped")

    def on_report_edited(self, d):
        self.subject = (d["category"], self.subject[1], d["owner_agency"])
        self.match()

    on_report_forwarded = on_report_edited

    def on_report_priority_changed(self, d):
        self.subject = (self.subject[0], d["priority"], self.subject[2])
        self.match()

    def on_report_acknowledged(self, d):
        self.end("acknowledge")

    def on_report_question_asked(self, d):
        self.questions.add(d["question_id"])
        if "resolve" in self.clocks:
            self.clocks["resolve"].paused.add("question")
        self.start("answer:" + d["question_id"])

    def on_report_question_answered(self, d):
        self.end("answer:" + d["question_id"])
        self.questions.discard(d["question_id"])
        if not self.questions and "resolve" in self.clocks:
            self.clocks["resolve"].paused.discard("question")

    def on_report_merged(self, d):
        if d["merged_report_id"] == self.id:
            self.counted["reports merged"] += 1
            for name in self.clocks:
                self.end(name, "dropped")
            self.merged, self.wants = True, False

    def on_report_unmerged(self, d):
        if d["merged_report_id"] == self.id:
            self.merged = False
            for name in self.clocks:
                self.reopen(name, "dropped")
            self.match()

    def on_case_held(self, d, _):
        self.hold = d
        for c in self.clocks.values():
            c.paused.add("hold")

    def on_case_resumed(self, d, recorded):
        until = fold.micros(self.hold.get("until")) if self.hold else None
        if not d.get("resumed_by"):
            self.counted["holds ended"] += 1
            if until is None or recorded < until:
                self.fault(f"the hold of {self.id} ended at {d['resumed_at']}; it holds until "
                           f"{self.hold and self.hold.get('until')}")
        self.hold = None
        for c in self.clocks.values():
            c.paused.discard("hold")

    def goes_on(self, d, name, plan):
        terms, c = self.catalog.terms(plan, name), self.clocks.get(name)
        if not terms:
            self.end(name, "dropped")
        elif c:
            calendar = terms["calendar"], d.get("calendar_version")
            c.repolice(terms, plan, calendar, self.catalog.is_round_the_clock(calendar))

    def on_sla_repoliced(self, d):
        self.policy = (d["policy"], d["policy_version"])
        self.counted["new policies"] += 1
        self.goes_on(d, "resolve", self.policy)
        self.match()

    def on_sla_planned(self, d):
        name, plan = d["clock"], (d["policy"], d["policy_version"])
        c = self.clocks.get(name)
        self.counted["new plans"] += 1
        if not c or c.ended:
            self.fault(f"{self.id} {name} has a new plan, and is {c.ended if c else 'not there'}")
        elif d["reason"] == "policy" and (c.plan >= plan or plan[0] != c.plan[0] or plan[1] > self.catalog.applied.get(plan[0], 0)):
            self.fault(f"{self.id} {name} goes on by version {plan[1]} of {plan[0]} after {c.plan[1]}, which was not applied")
        elif d["reason"] == "calendar":
            self.must_be_applied(name, c, plan, (d.get("calendar"), d.get("calendar_version")))
        self.counted["new plans by a calendar"] += d["reason"] == "calendar"
        self.goes_on(d, name, plan)

    def must_be_applied(self, name, c, plan, calendar):
        """Its calendar alone is another one: a newer version, that was applied and says something else."""
        if plan[0] != c.plan[0] or self.catalog.terms(plan, name) != c.terms:
            self.fault(f"{self.id} {name} is said to go on by another calendar, and version {plan[1]} of {plan[0]} is another plan")
        if (calendar[0] != c.calendar[0] or calendar[1] <= c.calendar[1] or self.catalog.is_same(calendar, c.calendar)
                or calendar[1] > self.catalog.applied_calendar.get(calendar[0], 0)):
            self.fault(f"{self.id} {name} goes on by version {calendar[1]} of calendar {calendar[0]} after {c.calendar[1]}, "
                       "which was not applied or says the same")

    def is_behind(self, name, c):
        """An open clock of which a version that was applied, of its policy or its calendar, says something else."""
        terms = not c.ended and self.catalog.terms(self.catalog.planned(c.plan), name)
        if terms != c.terms:
            return not c.ended
        return not self.catalog.is_same(c.calendar, self.catalog.calendar_of(terms, c.calendar))

    # ---- the summary ----

    def summed_up(self):
        """(clock, whether it is judged, ended, breached, warned, consumed) of each clock that the summary counts."""
        for name in SUMMED_UP if not self.merged else ():
            c = self.clocks.get(name)
            if c and c.ended != "dropped":
                breached = c.late if c.ended else c.is_over()
                yield name, c.judged, bool(c.ended), breached, not breached and c.has_warned(), c.consumed

    # ---- the end of the log ----

    def at_the_end(self, now):
        if self.wants and self.resolve_is_open() and self.last < now:
            self.fault(f"{self.id} still runs by {self.policy[0]}, which is not for it")
        until = fold.micros(self.hold.get("until")) if self.hold else None
        if until and until < now and not self.merged:
            self.fault(f"{self.id} is still held, and was to be until {self.hold['until']}")
        for name, c in self.clocks.items():
            if self.last < now and not self.wants and self.is_behind(name, c):
                self.fault(f"{self.id} {name} still runs by version {c.plan[1]} of {c.plan[0]} and {c.calendar[1]} of "
                           f"{c.calendar[0]}, and a newer one was applied")
            for level in c.levels if c.judged and c.runs() and not self.wants else ():
                if level not in c.fired and c.comes(level) < now:
                    self.fault(f"{self.id} {name} {level} came {(now - c.comes(level)) / US:.1f} s before the end "
                               "and has not fired")


def check(events, now, left_out, fault, counted):
    """`now`: of the store's clock, not after the events were read. `left_out`: streams that are not judged."""
    catalog, reports, lateness = Catalog(), {}, []
    for e in events:
        kind, _, id = e["stream"].partition("-")
        if e["type"] in ("policy.defined", "calendar.defined"):
            catalog.note(e)
        elif kind in ("report", "case", "sla") and "report-" + id not in left_out:
            reports.setdefault(id, Report(catalog, fault, counted, lateness)).apply(e)
    for r in reports.values():
        r.at_the_end(now - SLACK)
    if lateness:
        lateness.sort()
        counted["ms late at most"] = lateness[-1] // 1000
        counted["ms late at the median"] = lateness[len(lateness) // 2] // 1000
        counted["ms late at p99"] = lateness[len(lateness) * 99 // 100] // 1000
