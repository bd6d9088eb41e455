"""fold.py -- what the view of case files means."""
from fold import View, micros


class case_file(View):
    tables, types = ("case_notes", "case_holds"), ("case.noted", "case.held", "case.resumed")

    def apply(self, e):
        d = e["data"]
        if e["type"] == "case.noted":
            self.at["case_notes"][d["note_id"]] = {
                "note_id": d["note_id"], "report_id": d["report_id"], "position": e["position"], "text": d["text"],
                "noted_by": d.get("noted_by"), "at": micros(d["noted_at"])}
        elif e["type"] in self.types:
            self.at["case_holds"][d["report_id"]] = {
                "report_id": d["report_id"], "reason": d.get("reason"), "until": micros(d.get("until")),
                "since": micros(d.get("since"))}


VIEWS = (case_file,)
