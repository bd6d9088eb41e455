"""fold.py -- what the view of notifications means."""
import os
import re

from fold import View, micros

HERE = os.path.dirname(os.path.abspath(__file__))


def words(prefix):
    with open(HERE + "/words.def") as rows:
        return dict(re.findall(rf'W\(({prefix}_\w+),\s*"(\w+)"\)', rows.read()))


def rules():
    with open(HERE + "/told.def") as rows:
        found = re.findall(r'^TELL\("([\w.]+)",\s*"(\w*)",\s*(\w+),\s*(\w+),\s*(\w+)', rows.read(), re.M)
    return {(type, word): (audience, whole, kind) for type, word, audience, whole, kind in found}


RULES, TELL, TOLD = rules(), words("TELL"), words("TOLD")
LINES = sorted({type for type, _ in RULES})
WHEN = ("changed_at", "asked_at", "answered_at", "commented_at", "merged_at", "unmerged_at", "forwarded_at", "assigned_at")


def says(e):
    """The word of its rule."""
    d, type = e["data"], e["type"]
    if type == "report.commented":
        return d["commented_by"]
    if type == "report.assigned":
        return "somebody" if d.get("assignee_user_id") else "nobody"
    if type in ("report.merged", "report.unmerged"):
        return "merged" if d["merged_report_id"] == d["report_id"] else "into"
    return d["target"] if type == "report.escalated" else ""


class notification_list(View):
    tables = ("notifications", "notification_events", "notification_assignees", "notification_authors",
              "notification_follows", "notification_readers", "notification_reads")
    types = (*LINES, "report.created", "report.edited", "report.followed", "report.unfollowed", "user.registered",
             "user.role.changed", "notification.read", "notification.read_all")

    def apply(self, e):
        d, type = e["data"], e["type"]
        if type == "report.created":
            self.author(d)
        elif type in ("report.followed", "report.unfollowed"):
            self.follow(e, d, d.get("follower_user_id") or d.get("follower_pseudonym"))
        elif type in ("user.registered", "user.role.changed"):
            self.reader(d["user_id"])["begins"] = e["position"]
        elif type == "notification.read":
            reader, id = d.get("reader_user_id") or d.get("reader_pseudonym"), d["notification_id"]
            if not re.fullmatch(r"e[0-9]+", id) or int(id[1:]) < e["position"]:
                self.at["notification_reads"][reader, id] = {"reader": reader, "id": id}
        elif type == "notification.read_all":
            r = self.reader(d["reader_user_id"])
            r["read_to"] = max(r["read_to"] or 0, min(d.get("up_to", e["position"]), e["position"]))
        self.assign(e, d)
        rule = RULES.get((type, "")) or RULES.get((type, says(e))) if type in LINES else None
        if rule:
            self.tell(e, d, *rule)

    def author(self, d):
        author = d.get("reporter_user_id") or d.get("reporter_pseudonym")
        if author:
            self.at["notification_authors"][author, d["report_id"]] = {"author": author, "report_id": d["report_id"]}

    def follow(self, e, d, follower):
        if e["type"] == "report.followed":
            self.at["notification_follows"][follower, d["report_id"], e["version"]] = {
                "follower": follower, "report_id": d["report_id"], "version": e["version"], "begins": e["position"],
                "ends": None}
            return
        self.at["notification_follows"][follower, d["report_id"], e["version"] - 1]["ends"] = e["position"]

    def reader(self, user):
        return self.row("notification_readers", user, user_id=user, begins=None, read_to=None)

    def assign(self, e, d):
        moves = "old_owner_agency" in d and d["old_owner_agency"] != d["owner_agency"]
        if e["type"] == "report.assigned" or moves:
            self.at["notification_assignees"][d["report_id"], e["version"]] = {
                "report_id": d["report_id"], "version": e["version"], "assignee": d.get("assignee_user_id")}

    def works(self, e, d):
        """Who works on the report when the event comes."""
        then = [r for (report, version), r in self.at["notification_assignees"].items()
                if report == d["report_id"] and version < e["version"]]
        return max(then, key=lambda r: r["version"])["assignee"] if then else None

    def tell(self, e, d, audience, whole, kind):
        row = {"id": f"{d['report_id']}-{e['version']}", "position": e["position"], "events": 1, "report_id": d["report_id"],
               "type": e["type"], "word": "", "kind": TOLD[kind], "audience": TELL[audience], "whole": whole == "true",
               "agency": d["owner_agency"], "user_id": d.get("assignee_user_id"), "said": d.get("new_status"), "clock": None}
        if (e["type"], "") not in RULES:
            row["word"] = says(e)
        if e["type"] == "report.escalated":
            if not d.get("superseded"):
                self.escalate(e, d, row)
            return
        row["at"] = micros(next(d[m] for m in WHEN if m in d))
        self.at["notifications"][row["id"]] = {**row, "line": row["id"]}

    def escalate(self, e, d, row):
        clock, level = d["clock"].split(":")[0], d["level"]
        user, at = self.works(e, d) if row["audience"] == "assignee" else None, micros(d["fired_at"])
        audience = "officers" if row["audience"] == "assignee" and not user else row["audience"]
        minute = at // 60_000_000 * 60
        line = " ".join(str(p) for p in (audience, d["owner_agency"], user, clock, level, minute) if p is not None)
        self.at["notification_events"][e["position"]] = {
            "position": e["position"], "line": line, "report_id": d["report_id"], "word": row["word"], "kind": row["kind"],
            "audience": audience, "agency": d["owner_agency"], "user_id": user, "clock": clock, "level": level, "at": at}
        before = self.at["notifications"].get(line, {"events": 0})
        self.at["notifications"][line] = {
            **row, "line": line, "id": f"e{e['position']}", "events": before["events"] + 1, "audience": audience,
            "user_id": user, "said": level, "clock": clock, "at": at}


VIEWS = (notification_list,)
