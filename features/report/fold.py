"""fold.py -- what the views of reports and cases mean."""
from fold import TIMES, View, micros


def status_of(d):
    return d.get("new_status") or d.get("status")


def changed(d):
    return micros(d.get("changed_at") or d.get("created_at"))


class Reports(View):
    follows = "report"
    created = {}  # column of the row -> member of report.created
    absent = {}
    status_time = note = None
    vote_table = None

    def apply(self, e):
        d = e["data"]
        if e["type"] in ("report.upvoted", "report.upvote.withdrawn"):
            v = self.row(self.vote_table, d["report_id"], report_id=d["report_id"], votes=0)
            v["votes"] += 1 if e["type"] == "report.upvoted" else -1
            return
        if not e["stream"].startswith("report-"):
            return
        empty = dict.fromkeys(["position", *self.created, "status", self.status_time], None)
        if self.note:
            empty[self.note] = None
        rid = e["stream"][len("report-"):]
        r = self.row(self.tables[0], rid, report_id=rid, **empty)
        r["version"] = e["version"]
        if e["type"] == "report.created":
            r["position"] = e["position"]
            for column, member in self.created.items():
                value = d.get(member, self.absent.get(member))
                r[column] = micros(value) if column in TIMES else value
        if e["type"] in ("report.created", "report.status.updated"):
            r["status"], r[self.status_time] = status_of(d), changed(d)
            if self.note:
                r[self.note] = d.get("note")


SHOWN = {"reporter": "reporter_user_id", "visibility": "visibility", "category": "category",
         "owner_agency": "owner_agency", "content": "content", "location": "location",
         "occurred_at": "occurred_at", "created_at": "created_at"}
STATUS = ("report.created", "report.status.updated")
VOTES = ("report.upvoted", "report.upvote.withdrawn")


class report_list(Reports):
    tables, types, vote_table = ("report_list", "report_votes"), STATUS + VOTES, "report_votes"
    created, status_time = {**SHOWN, "pseudonym": "reporter_pseudonym"}, "last_status_at"


class report_detail(report_list):
    tables, note = ("report_detail", "report_votes"), "last_note"
    created = {**report_list.created, "kind": "kind"}
    absent = {"kind": "issue"}  # what an event that has no such member means


class case_inbox(Reports):
    tables, types, created, status_time, note = ("case_inbox",), STATUS, SHOWN, "updated_at", "last_note"


class report_history(View):
    tables, types = ("report_history",), STATUS

    def apply(self, e):
        d = e["data"]
        if e["type"] in STATUS:
            self.at["report_history"][d["report_id"], e["version"]] = {
                "report_id": d["report_id"], "version": e["version"], "position": e["position"], "type": e["type"],
                "old_status": d.get("old_status"), "new_status": status_of(d), "note": d.get("note"), "at": changed(d)}


class report_rank(View):
    tables, types = ("report_rank",), STATUS + VOTES

    def apply(self, e):
        d = e["data"]
        if e["type"] not in self.types or (e["type"] in STATUS and d["visibility"] != "PUBLIC"):
            return
        r = self.row("report_rank", d["report_id"], report_id=d["report_id"], votes=None, position=None,
                     category=None, status=None)
        if e["type"] in VOTES:
            r["votes"] = (r["votes"] or 0) + (1 if e["type"] == "report.upvoted" else -1)
            return
        r["status"] = status_of(d)
        if e["type"] == "report.created":
            r["position"], r["category"] = e["position"], d["category"]


class case_counts(View):
    tables, types = ("case_counts",), STATUS

    def count(self, d, status, n):
        key = (d["owner_agency"], d["category"], status)
        self.row("case_counts", key, owner_agency=key[0], category=key[1], status=status, cases=0)["cases"] += n

    def apply(self, e):
        if e["type"] in STATUS:
            self.count(e["data"], status_of(e["data"]), 1)
            if e["data"].get("old_status"):
                self.count(e["data"], e["data"]["old_status"], -1)


VIEWS = (report_list, report_detail, report_history, report_rank, case_inbox, case_counts)
