"""fold.py -- what the views of reports and cases mean."""
import hashlib
import math
import os
import re
import string

from fold import TIMES, MergedPeople, View, keep_pair, micros


def status_of(d):
    return d.get("new_status") or d.get("status")


def changed(d):
    return micros(d.get("changed_at") or d.get("created_at"))


def changes_agency(d):
    return d.get("old_owner_agency", d["owner_agency"]) != d["owner_agency"]


def merged(d, type):
    return {"merged_into": d["into_report_id"] if type == "report.merged" else None}


EDITED = ("category", "content", "location", "occurred_at", "kind")


class Reports(View):
    """A row a report. `created`: column -> member of report.created; `kept`: columns that later events change, and
    what they are when the report is filed."""
    follows = "report"
    created = {}
    absent = {}
    kept = {}
    derived = ()
    status_time = note = None
    versioned = True

    def apply(self, e):
        d = e["data"]
        if not e["stream"].startswith("report-"):
            return
        r = self.report(e["stream"][len("report-"):])
        if self.versioned:
            r["version"] = e["version"]
        if e["type"] == "report.created":
            r["position"] = e["position"]
            if "filed" in r:
                r["filed"] = e["position"]
            for column, member in self.created.items():
                value = d.get(member, self.absent.get(member))
                r[column] = micros(value) if column in TIMES else value
            r.update(self.kept)
            if "touched_at" in self.kept:
                r["touched_at"] = micros(d["created_at"])
        if e["type"] in ("report.created", "report.status.updated"):
            r["status"], r[self.status_time] = status_of(d), changed(d)
            if self.note:
                r[self.note] = d.get("note")
        self.handle(r, e["type"], d)
        self.derive(r)

    def derive(self, r):
        """Columns that follow from others of the row."""

    def report(self, rid):
        empty = ["position", *self.created, *self.kept, *self.derived, "status", self.status_time]
        empty += ["version"] * self.versioned + ([self.note] if self.note else [])
        return self.row(self.tables[0], rid, report_id=rid, **dict.fromkeys(empty))

    def handle(self, r, type, d):
        new = {}
        if type == "report.edited":
            new = {m: micros(d.get(m)) if m in TIMES else d.get(m) for m in EDITED}
        if type in ("report.edited", "report.forwarded"):
            new["owner_agency"] = d["owner_agency"]
            if changes_agency(d):
                new |= {"assignee": None, "forwarded_at": micros(d.get("forwarded_at"))}
                new["former_agencies"] = sorted({*(r.get("former_agencies") or []), d["old_owner_agency"]})
        if type == "report.priority.changed":
            new = {"priority": d["priority"], "priority_set": True}
        if type == "report.assigned":
            new = {"assignee": d.get("assignee_user_id")}
        if type == "report.acknowledged":
            new = {"acknowledged": {**(r.get("acknowledged") or {}), d["owner_agency"]: d["acknowledged_at"]}}
        if type.startswith("report.question."):
            new = {"questions_open": (r.get("questions_open") or 0) + (1 if type == "report.question.asked" else -1)}
        if type in MERGES and d["report_id"] == d["merged_report_id"]:
            new = merged(d, type)
            if "filed" in r:
                new["position"] = r["filed"] if type == "report.unmerged" else None
        said = d.get("edited_at") or d.get("answered_at") or d.get("commented_at")
        if said and d.get("commented_by") != "agency":
            new["touched_at"] = max(micros(said), r.get("touched_at") or 0)
        r.update({column: value for column, value in new.items() if column in r})


SHOWN = {"reporter": "reporter_user_id", "visibility": "visibility", "category": "category",
         "owner_agency": "owner_agency", "content": "content", "location": "location",
         "occurred_at": "occurred_at", "created_at": "created_at"}
STATUS = ("report.created", "report.status.updated")
OWNER = ("report.edited", "report.forwarded")
TALK = ("report.question.asked", "report.question.answered", "report.commented")
MERGES = ("report.merged", "report.unmerged")
ESCALATED = ("report.escalated",)
DISPATCHED = ("report.dispatch.updated",)
HANDLED = ("report.acknowledged", "report.assigned", "report.priority.changed")
VOTES = ("report.upvoted", "report.upvote.withdrawn")


class report_list(Reports):
    tables, types, versioned = ("report_list",), STATUS, False
    created, status_time = {**SHOWN, "pseudonym": "reporter_pseudonym", "kind": "kind"}, "last_status_at"
    absent = {"kind": "issue"}  # what an event that has no such member means
    kept = {"questions_open": 0, "merged_into": None}


class report_detail(report_list):
    tables, note, versioned = ("report_detail",), "last_note", True
    kept = {"merged_into": None, "former_agencies": [], "priority": "medium", "priority_set": False}


PRIORITIES = ("low", "medium", "high", "urgent")
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "priority.def")) as rows:
    HIGH_FROM_VOTES = int(re.search(r"RAISED_BY_VOTES\(MEDIUM, HIGH, (\d+)\)", rows.read()).group(1))


HOLDS = ("case.held", "case.resumed")


class case_inbox(Reports):
    tables, types, created, status_time, note = ("case_inbox", "case_voters"), STATUS + VOTES + HOLDS, SHOWN, "updated_at", "last_note"
    kept = {**report_detail.kept, **report_list.kept, "forwarded_at": None, "acknowledged": {}, "assignee": None, "touched_at": None}
    derived = ("votes", "priority_rank", "filed", "held_since")

    def __init__(self):
        super().__init__()
        self.people = MergedPeople("report.upvoted", "report.upvote.withdrawn")

    def report(self, rid):
        r = super().report(rid)
        r.setdefault("merged_votes", 0)
        return r

    def apply(self, e):
        d = e["data"]
        if e["type"] in VOTES:
            self.vote(d, e["type"] == "report.upvoted")
        elif e["type"] in HOLDS:
            self.report(d["report_id"])["held_since"] = micros(d.get("since"))
        else:
            super().apply(e)
        for target, votes in self.people.note(e):
            r = self.report(target)
            r["merged_votes"] = votes
            self.derive(r)

    def vote(self, d, given):
        rid, voter = d["report_id"], d["voter_user_id"]
        r = self.report(rid)
        r["votes"] = (r["votes"] or 0) + (1 if given else -1)
        self.derive(r)
        keep_pair(self.at["case_voters"], "voter", rid, voter, given)

    def derive(self, r):
        votes = (r["votes"] or 0) + r["merged_votes"]
        raised = r["priority"] == "medium" and not r["priority_set"] and votes >= HIGH_FROM_VOTES
        r["priority_rank"] = PRIORITIES.index("high" if raised else r["priority"]) + 1 if r["priority"] else None


class report_history(View):
    tables, types = ("report_history",), STATUS + OWNER + TALK + HANDLED + MERGES + ESCALATED + DISPATCHED
    facts = {
        **dict.fromkeys(OWNER + ("report.acknowledged", "report.assigned"),
                        ("old_owner_agency", "owner_agency", "old_category", "category", "old_assignee_user_id",
                         "assignee_user_id")),
        **dict.fromkeys(MERGES, ("merged_report_id", "into_report_id")),
        **dict.fromkeys(DISPATCHED, ("dispatch_id", "patrol_id", "dispatch_status")),
        **dict.fromkeys(ESCALATED, ("reason", "escalation_level", "level", "clock", "due_at", "late", "policy",
                                    "policy_version", "target")),
        **dict.fromkeys(TALK + ("report.priority.changed",),
                        ("old_priority", "priority", "question_id", "comment_id", "commented_by", "text"))}

    def apply(self, e):
        d, type = e["data"], e["type"]
        if type not in self.types:
            return
        status = (d.get("old_status"), status_of(d)) if type in STATUS else (None, None)
        at = next(v for m, v in d.items() if m.endswith("_at") and m not in ("occurred_at", "due_at"))
        self.at["report_history"][d["report_id"], e["version"]] = {
            "report_id": d["report_id"], "version": e["version"], "position": e["position"], "type": type,
            "old_status": status[0], "new_status": status[1], "note": d.get("note"),
            "facts": {m: d[m] for m in self.facts.get(type, ()) if m in d}, "at": micros(at)}


def sketch(content):
    """engine.text_sketch: words between spaces and ASCII punctuation, case counts for ASCII letters only."""
    ascii_lower = content[:400].encode().lower().decode()
    words = [w for w in re.split("[ \n\t\r" + re.escape(string.punctuation) + "]", ascii_lower) if w]
    pairs = [f"{a} {b}" for a, b in zip(words, words[1:])] or [w + " " for w in words]
    return set(sorted(int.from_bytes(hashlib.md5(p.encode()).digest()[:8], "big", signed=True) for p in pairs)[:3])


def cell(place):
    return math.floor(place["latitude"] / 0.005) * 100000 + math.floor(place["longitude"] / 0.005)


class report_similar(View):
    tables, types = ("report_similar",), ("report.created", "report.edited")

    def apply(self, e):
        d = e["data"]
        if e["type"] not in self.types:
            return
        for key in {cell(d["location"])} if d.get("location") else sketch(d["content"]):
            self.at["report_similar"][key, e["position"]] = {
                "key": key, "hidden": d["visibility"] != "PUBLIC", "position": e["position"], "report_id": d["report_id"]}


class report_conversation(View):
    tables, types = ("report_questions", "report_comments"), TALK

    def apply(self, e):
        d, type = e["data"], e["type"]
        if type == "report.question.asked":
            self.at["report_questions"][d["question_id"]] = {
                "question_id": d["question_id"], "report_id": d["report_id"], "position": e["position"],
                "agency": d["owner_agency"], "question": d["text"], "asked_at": micros(d["asked_at"]), "answer": None,
                "answered_at": None}
        if type == "report.question.answered" and d["question_id"] in self.at["report_questions"]:
            self.at["report_questions"][d["question_id"]] |= {
                "answer": d["text"], "answered_at": micros(d["answered_at"])}
        if type == "report.commented":
            self.at["report_comments"][d["comment_id"]] = {
                "comment_id": d["comment_id"], "report_id": d["report_id"], "position": e["position"],
                "commented_by": d["commented_by"], "comment": d["text"], "commented_at": micros(d["commented_at"]),
                "agency": d["owner_agency"] if d["commented_by"] == "agency" else None}


class report_rank(View):
    tables, types = ("report_rank", "report_voters"), STATUS + VOTES + MERGES + ("report.edited",)

    def __init__(self):
        super().__init__()
        self.people = MergedPeople("report.upvoted", "report.upvote.withdrawn")

    def report(self, rid):
        return self.row("report_rank", rid, report_id=rid, votes=None, position=None, category=None, status=None,
                        merged_into=None, merged_votes=0, vote_count=0)

    def apply(self, e):
        d, type = e["data"], e["type"]
        if type not in self.types:
            return
        if type in VOTES:
            r = self.report(d["report_id"])
            r["votes"] = (r["votes"] or 0) + (1 if type == "report.upvoted" else -1)
            keep_pair(self.at["report_voters"], "voter", d["report_id"], d["voter_user_id"], type == "report.upvoted")
        elif type in MERGES:
            if d["report_id"] == d["merged_report_id"]:
                self.report(d["report_id"]).update(merged(d, type))
        elif d["visibility"] == "PUBLIC":
            self.file(e)
        for target, votes in self.people.note(e):
            self.report(target)["merged_votes"] = votes
            self.sum(target)
        if type in VOTES:
            self.sum(d["report_id"])

    def sum(self, rid):
        r = self.report(rid)
        r["vote_count"] = (r["votes"] or 0) + r["merged_votes"]

    def file(self, e):
        d, r = e["data"], self.report(e["data"]["report_id"])
        if e["type"] in STATUS:
            r["status"] = status_of(d)
        if e["type"] != "report.status.updated":
            r["category"] = d["category"]
        if e["type"] == "report.created":
            r["position"] = e["position"]


class case_counts(View):
    tables, types = ("case_counts",), STATUS + OWNER + MERGES

    def count(self, agency, category, status, n):
        key = (agency, category, status)
        self.row("case_counts", key, owner_agency=agency, category=category, status=status, cases=0)["cases"] += n

    def apply(self, e):
        d = e["data"]
        if e["type"] not in self.types:
            return
        if e["type"] in MERGES and d["report_id"] != d["merged_report_id"]:
            return
        self.count(d["owner_agency"], d["category"], status_of(d), -1 if e["type"] == "report.merged" else 1)
        if d.get("old_status"):
            self.count(d.get("old_owner_agency", d["owner_agency"]), d.get("old_category", d["category"]),
                       d["old_status"], -1)


class case_texts(View):
    tables, types = ("case_texts",), ("report.created", "report.edited")

    def apply(self, e):
        d = e["data"]
        if e["type"] in self.types:
            self.at["case_texts"][d["report_id"]] = {"report_id": d["report_id"], "content": d["content"]}


VIEWS = (report_list, report_detail, report_history, report_conversation, report_similar, report_rank, case_inbox, case_counts, case_texts)
