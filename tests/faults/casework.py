"""casework.py -- what authors and agencies do with a report, for the clients and for the checker: which event a
command becomes, when a success without an event is right, and which history of a report is legal."""

MOVES = {("RECEIVED", s) for s in ("ASSIGNED", "IN_PROGRESS", "RESOLVED", "REJECTED", "WITHDRAWN")} | \
        {("ASSIGNED", s) for s in ("IN_PROGRESS", "RECEIVED", "RESOLVED", "REJECTED", "WITHDRAWN")} | \
        {("IN_PROGRESS", s) for s in ("ASSIGNED", "RESOLVED", "REJECTED", "WITHDRAWN")} | \
        {("RESOLVED", "IN_PROGRESS"), ("RESOLVED", "CLOSED"), ("REJECTED", "IN_PROGRESS")}
EFFECT = {"create": "report.created", "status": "report.status.updated", "edit": "report.edited",
          "forward": "report.forwarded", "acknowledge": "report.acknowledged", "assign": "report.assigned",
          "priority": "report.priority.changed", "ask": "report.question.asked",
          "answer": "report.question.answered", "comment": "report.commented"}
# Member of an event that makes the wish of a command true.
TRUE_BY = {"status": ("status", "new_status"), "forward": ("owner_agency",), "priority": ("priority",),
           "assign": ("assignee_user_id",)}
FINAL = ("CLOSED", "WITHDRAWN")


def was_true(command, wish, events):
    """Whether the report's events made it true at some time."""
    if command == "acknowledge":
        return any(e["type"] == EFFECT[command] for e in events)
    if command == "assign" and wish is None:
        return True  # nobody works on a report that was just filed
    members = TRUE_BY.get(command, ())
    return any(e["data"].get(m) == wish for e in events for m in members)


class Report:
    """Folds one report's stream; `legal(event)` is False for what may not happen there."""

    def __init__(self):
        self.now = self.agency = self.category = self.assignee = None
        self.priority, self.acknowledged, self.open, self.answered = "medium", set(), set(), set()

    def legal(self, e):
        d, kind = e["data"], e["type"].removeprefix("report.").replace(".", "_")
        if kind not in ("created", "commented") and self.now is None:
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

    def is_question_asked(self, d):
        right = d["question_id"] not in self.open | self.answered
        self.open.add(d["question_id"])
        return right and self.now not in FINAL

    def is_question_answered(self, d):
        right = d["question_id"] in self.open
        self.open.discard(d["question_id"])
        self.answered.add(d["question_id"])
        return right
