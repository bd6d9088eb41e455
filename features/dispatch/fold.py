"""fold.py -- the view dispatch_due a second time, see tests/faults/fold.py."""
from fold import View, micros


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


VIEWS = (dispatch_due,)
