"""fold.py -- what the view of policies means, and the one of clocks as far as clocks.py can tell them from the log."""
import collections

from fold import View, micros
import clocks

SECOND, PARTS, LAST_STEP = 1000000, 16, 480  # time is counted in steps: up to a second, then 16 for each doubling
COUNTS = ("open", "ended", "warned", "met", "breached")


class policy_list(View):
    tables, types = ("policy_list",), ("policy.defined",)

    def apply(self, e):
        d = e["data"]
        if e["type"] == "policy.defined":
            self.at["policy_list"][d["policy_id"]] = {
                "version": e["version"], "position": e["position"], "defined_at": micros(d["defined_at"]), **{
                    k: d.get(k) for k in ("policy_id", "rank", "names", "category", "priority", "agency", "acknowledge",
                                          "resolve", "answer", "active")}}


def step_of(consumed):
    if consumed < SECOND:
        return 0
    doublings = (consumed // SECOND).bit_length() - 1
    return min(LAST_STEP, 1 + PARTS * doublings + consumed * PARTS // (SECOND << doublings) - PARTS)


def middle_of(step):
    if step == 0:
        return 0
    doublings, part = divmod(step - 1, PARTS)
    width = (SECOND // PARTS) << doublings
    return width * (PARTS + part) + width // 2


class Tally:
    """A row of clock_counts: cells are (ended, breached, warned, step)."""

    def __init__(self):
        self.cells = collections.Counter()

    def row(self):
        """None: it counts nothing."""
        steps = sorted(step for (ended, _, _, step), n in self.cells.items() if ended for _ in range(n))
        if not sum(self.cells.values()):
            return None
        count = lambda fits: sum(n for (ended, breached, warned, _), n in self.cells.items() if fits(ended, breached, warned))
        values = (count(lambda e, b, w: not e), len(steps), count(lambda e, b, w: w), count(lambda e, b, w: e and not b),
                  count(lambda e, b, w: b))
        tenths = lambda n: middle_of(steps[-(-n * len(steps) // 10) - 1]) if steps else None
        times = [number for pair in sorted(collections.Counter(steps).items()) for number in pair]
        return {**dict(zip(COUNTS, values)), "median_us": tenths(5), "p90_us": tenths(9), "times": times}


class sla(View):
    """The versions that clocks run by, how many are open, and what they count as. The clocks themselves are held to an
    oracle by features/sla/clock_oracle_test.c, and by T1."""
    tables = ("policy_version", "calendar_version", "clock_counts", "open_clocks")
    types = ("policy.defined", "calendar.defined", "report.created", "report.status.updated", "report.edited", "report.forwarded",
             "report.acknowledged", "report.assigned", "report.priority.changed", "report.question.asked", "report.question.answered",
             "report.commented", "report.merged", "report.unmerged", "report.escalated", "report.dispatch.updated",
             "case.noted", "case.held", "case.resumed",
             "sla.planned", "sla.repoliced")

    def __init__(self):
        super().__init__()
        self.catalog, self.reports = clocks.Catalog(), {}
        self.tallies = collections.defaultdict(Tally)
        self.open = collections.Counter()

    def apply(self, e):
        kind = e["type"].removesuffix(".defined")
        if kind in ("policy", "calendar"):
            id = e["data"][kind + "_id"]
            self.at[kind + "_version"][id, e["version"]] = {"id": id, "version": e["version"], "data": e["data"]}
            self.catalog.note(e)
        else:
            self.tell(e)
        for clock in ("acknowledge", "resolve", "answer"):
            self.at["open_clocks"][clock] = {"clock": clock, "clocks": self.open[clock]}

    def tell(self, e):
        id = e["stream"].split("-", 1)[1]
        if id not in self.reports:
            if e["type"] != "report.created":
                return
            self.reports[id] = clocks.Report(self.catalog, lambda text: None, collections.Counter(), [])
        self.count(self.reports[id], -1)
        self.reports[id].apply(e)
        self.count(self.reports[id], 1)

    def count(self, r, by):
        """What the report counts as comes or goes."""
        for name, c in r.clocks.items():
            self.open[name.split(":")[0]] += 0 if c.ended else by
        for clock, _, ended, breached, warned, consumed in r.summed_up():
            for reports in ("all", "public") if r.public and r.status != "WITHDRAWN" else ("all",):
                key = r.subject[2], r.subject[0], clock, reports
                cells = self.tallies[key].cells
                cells[ended, breached, warned, step_of(consumed) if ended else 0] += by

    def finish(self):
        for key, tally in self.tallies.items():
            row = tally.row()
            if row:
                self.at["clock_counts"][key] = dict(zip(("owner_agency", "category", "clock", "reports"), key), **row)


VIEWS = (policy_list, sla)
