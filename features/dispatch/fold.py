"""fold.py -- what the views of dispatches that something is due for, and of crimes that wait for a patrol, mean."""
from fold import View, micros

RANKS = {"low": 1, "medium": 2, "high": 3, "urgent": 4}


class dispatch_due(View):
    tables = ("dispatch_due",)
    types = ("dispatch.created", "dispatch.status.updated", "dispatch.replaced", "dispatch.unfilled")

    def apply(self, e):
        d, at = e["data"], self.at["dispatch_due"]
        if e["type"] == "dispatch.created":
            offered = d["status"] == "OFFERED"
            at[d["dispatch_id"]] = {
                "dispatch_id": d["dispatch_id"], "report_id": d["report_id"], "recommended": "recommended" in d,
                "skills": d.get("skills"), "within": d.get("within"), "exclusive": d["exclusive"],
                "next_at": micros(d.get("answer_by" if offered else "due_at")), "what": "timeout" if offered else "offer"}
        elif e["type"] == "dispatch.status.updated" and d["dispatch_id"] in at:
            self.moved(at, at[d["dispatch_id"]], d)
        else:
            at.pop(d["dispatch_id"], None)

    @staticmethod
    def moved(at, row, d):
        to = d["new_status"]
        if to == "OFFERED":
            row.update({"next_at": micros(d.get("answer_by")), "what": "timeout"})
        elif to == "ACCEPTED":
            row.update({"next_at": None, "what": None})
        elif to in ("DECLINED", "TIMED_OUT") and row["recommended"]:
            row.update({"next_at": micros(d["changed_at"]), "what": "next"})
        else:
            del at[row["dispatch_id"]]


class dispatch_queue(View):
    tables, follows = ("dispatch_queue",), "report"
    types = ("report.created", "report.status.updated", "report.edited", "report.forwarded", "report.priority.changed",
             "report.merged", "report.unmerged")
    members = ("version", "position", "kind", "category", "owner_agency", "visibility", "priority_rank", "status", "location",
               "created_at", "merged_into")

    def apply(self, e):
        d, type = e["data"], e["type"]
        if not e["stream"].startswith("report-"):
            return
        rid = e["stream"][len("report-"):]
        q = self.row("dispatch_queue", rid, report_id=rid, **dict.fromkeys(self.members))
        q["version"] = e["version"]
        if type == "report.created":
            q.update({k: d.get(k) for k in ("category", "owner_agency", "visibility", "status", "location")})
            q.update({"position": e["position"], "kind": d.get("kind", "issue"), "priority_rank": 2,
                      "created_at": micros(d["created_at"])})
        elif type == "report.status.updated":
            q["status"] = d["new_status"]
        elif type == "report.edited":
            q.update({k: d.get(k) for k in ("kind", "category", "location", "owner_agency")})
        elif type == "report.forwarded":
            q["owner_agency"] = d["owner_agency"]
        elif type == "report.priority.changed":
            q["priority_rank"] = RANKS[d["priority"]]
        elif type in ("report.merged", "report.unmerged") and d["report_id"] == d["merged_report_id"]:
            q["merged_into"] = d["into_report_id"] if type == "report.merged" else None


VIEWS = (dispatch_due, dispatch_queue)
