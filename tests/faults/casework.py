"""casework.py -- which history is legal of a report, of what its agency keeps to itself, and of an officer's filters:
for the checker."""

MOVES = {("RECEIVED", s) for s in ("ASSIGNED", "IN_PROGRESS", "RESOLVED", "REJECTED", "WITHDRAWN")} | \
        {("ASSIGNED", s) for s in ("IN_PROGRESS", "RECEIVED", "RESOLVED", "REJECTED", "WITHDRAWN")} | \
        {("IN_PROGRESS", s) for s in ("ASSIGNED", "RESOLVED", "REJECTED", "WITHDRAWN")} | \
        {("RESOLVED", "IN_PROGRESS"), ("RESOLVED", "CLOSED"), ("REJECTED", "IN_PROGRESS")}
FINAL = ("CLOSED", "WITHDRAWN")
WHILE_MERGED = ("commented", "question_answered", "unmerged")


class Report:
    """Folds one report's stream; `legal(event)` is False for what may not happen there."""

    def __init__(self):
        self.now = self.agency = self.category = self.assignee = None
        self.priority, self.acknowledged, self.open, self.answered = "medium", set(), set(), set()
        self.merged_into, self.merged = None, set()

    def legal(self, e):
        d, kind = e["data"], e["type"].removeprefix("report.").replace(".", "_")
        if kind not in ("created", "commented") and self.now is None:
            return False
        if self.merged_into and kind not in WHILE_MERGED:
            return False
        return getattr(self, "is_" + kind, lambda d: True)(d)

    def owned_by(self, d):
        right = (d["old_owner_agency"], d["old_category"], d["old_status"]) == (self.agency, self.category, self.now)
        if d["owner_agency"] != self.agency:
            self.assignee = None
        self.agency, self.category = d["owner_agency"], d["category"]
        return right and d["new_status"] == self.now

    def is_created(self, d):
        first, self.now = self.now is None, d["status"]
        self.agency, self.category = d["owner_agency"], d["category"]
        return first

    def is_status_updated(self, d):
        right = d["old_status"] == self.now and (self.now, d["new_status"]) in MOVES
        self.now = d["new_status"]
        right = right and not (self.merged and self.now == "WITHDRAWN")
        return right and (d["owner_agency"], d["category"]) == (self.agency, self.category)

    def is_edited(self, d):
        return self.owned_by(d) and self.now == "RECEIVED"

    def is_forwarded(self, d):
        return self.now not in FINAL and d["owner_agency"] != d["old_owner_agency"] and self.owned_by(d)

    def is_acknowledged(self, d):
        right = d["owner_agency"] not in self.acknowledged
        self.acknowledged.add(d["owner_agency"])
        return right and self.now not in FINAL and d["owner_agency"] == self.agency

    def is_assigned(self, d):
        right = d.get("old_assignee_user_id") == self.assignee != d.get("assignee_user_id")
        self.assignee = d.get("assignee_user_id")
        return right and self.now not in FINAL

    def is_priority_changed(self, d):
        right, self.priority = d["old_priority"] == self.priority, d["priority"]
        return right and self.now not in FINAL

    def is_merged(self, d):
        """Into another one, or another one into it."""
        right = d["owner_agency"] == self.agency and d["status"] == self.now not in FINAL and not self.merged_into
        if d["report_id"] == d["into_report_id"]:
            right = right and d["merged_report_id"] not in self.merged
            self.merged.add(d["merged_report_id"])
            return right
        self.merged_into = d["into_report_id"]
        return right and not self.merged

    def is_unmerged(self, d):
        if d["report_id"] == d["into_report_id"]:
            right = d["merged_report_id"] in self.merged
            self.merged.discard(d["merged_report_id"])
            return right
        right, self.merged_into = self.merged_into == d["into_report_id"], None
        return right

    def is_question_asked(self, d):
        right = d["question_id"] not in self.open | self.answered
        self.open.add(d["question_id"])
        return right and self.now not in FINAL

    def is_question_answered(self, d):
        right = d["question_id"] in self.open
        self.open.discard(d["question_id"])
        self.answered.add(d["question_id"])
        return right


class CaseFile:
    """Notes need nothing; a hold is another one than before, and what is resumed is held."""

    def __init__(self):
        self.hold = None

    def legal(self, e):
        d, before = e["data"], self.hold
        if e["type"] == "case.noted":
            return True
        if e["type"] == "case.held":
            self.hold = d["reason"], d.get("until"), d["since"]
            return before is None or (before[:2] != self.hold[:2] and before[2] == self.hold[2])
        self.hold = None
        return before is not None


class Filters:
    """Each is another one than before, and what is deleted was saved."""

    def __init__(self):
        self.saved = {}

    def legal(self, e):
        d, before = e["data"], self.saved.pop(e["data"]["filter_name"], None)
        if e["type"] == "filters.deleted":
            return before is not None
        self.saved[d["filter_name"]] = d["filter"]
        return before != d["filter"]


class Given:
    """What one person gives to one report and takes back."""

    def __init__(self):
        self.given = False

    def legal(self, e):
        before, self.given = self.given, e["type"] in ("report.upvoted", "report.followed")
        return before != self.given


BY_STREAM = {"report": Report, "case": CaseFile, "filters": Filters, "vote": Given, "follow": Given}
