"""fold.py -- what the view of follows means."""
from fold import MergedPeople, View, keep_pair

FOLLOWS = ("report.followed", "report.unfollowed")
MERGES = ("report.merged", "report.unmerged")


class report_follow(View):
    tables, types = ("report_follows", "report_followers", "report_merges"), FOLLOWS + MERGES

    def __init__(self):
        super().__init__()
        self.people = MergedPeople(*FOLLOWS)

    def count(self, report, **more):
        r = self.row("report_followers", report, report_id=report, followers=0, merged_followers=0)
        r.update(more)
        r["follower_count"] = r["followers"] + r["merged_followers"]
        return r

    def apply(self, e):
        d, type = e["data"], e["type"]
        if type not in self.types:
            return
        report = d["report_id"]
        if type in FOLLOWS:
            follower = d.get("follower_user_id") or d.get("follower_pseudonym")
            keep_pair(self.at["report_follows"], "follower", report, follower, type == "report.followed")
            self.count(report, followers=self.count(report)["followers"] + (1 if type == "report.followed" else -1))
        elif report == d["merged_report_id"]:
            self.at["report_merges"][report] = {
                "report_id": report, "target": d["into_report_id"] if type == "report.merged" else None}
        for target, followers in self.people.note(e):
            self.count(target, merged_followers=followers)


VIEWS = (report_follow,)
