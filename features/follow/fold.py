"""fold.py -- what the view of follows means."""
from fold import View


class report_follow(View):
    tables, types = ("report_follows", "report_followers"), ("report.followed", "report.unfollowed")

    def apply(self, e):
        d = e["data"]
        if e["type"] not in self.types:
            return
        report, follower = d["report_id"], d.get("follower_user_id") or d.get("follower_pseudonym")
        count = self.row("report_followers", report, report_id=report, followers=0)
        if e["type"] == "report.followed":
            self.at["report_follows"][report, follower] = {"report_id": report, "follower": follower}
            count["followers"] += 1
        else:
            self.at["report_follows"].pop((report, follower), None)
            count["followers"] -= 1


VIEWS = (report_follow,)
