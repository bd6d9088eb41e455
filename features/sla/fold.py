"""fold.py -- what the view of policies means."""
from fold import View, micros


class policy_list(View):
    tables, types = ("policy_list",), ("policy.defined",)

    def apply(self, e):
        d = e["data"]
        if e["type"] == "policy.defined":
            self.at["policy_list"][d["policy_id"]] = {
                "version": e["version"], "position": e["position"], "defined_at": micros(d["defined_at"]), **{
                    k: d.get(k) for k in ("policy_id", "rank", "names", "category", "priority", "agency", "acknowledge",
                                          "resolve", "answer", "active")}}


class sla(View):
    """The versions that clocks run by; the clocks themselves are held to an oracle by features/sla/clock_oracle_test.c."""
    tables = ("policy_version", "calendar_version")
    types = ("policy.defined", "calendar.defined", "report.created", "report.status.updated", "report.edited", "report.forwarded",
             "report.acknowledged", "report.assigned", "report.priority.changed", "report.question.asked", "report.question.answered",
             "report.commented", "report.merged", "report.unmerged", "report.escalated", "report.dispatch.updated",
             "case.noted", "case.held", "case.resumed",
             "sla.planned", "sla.repoliced")

    def apply(self, e):
        kind = e["type"].removesuffix(".defined")
        if kind in ("policy", "calendar"):
            id = e["data"][kind + "_id"]
            self.at[kind + "_version"][id, e["version"]] = {"id": id, "version": e["version"], "data": e["data"]}


VIEWS = (policy_list, sla)
