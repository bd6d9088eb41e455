"""fold.py -- what the view of policies means."""
from fold import View, micros


class policy_list(View):
    tables, types = ("policy_list",), ("policy.defined",)

    def apply(self, e):
        d = e["data"]
        if e["type"] == "policy.defined":
            self.at["policy_list"][d["policy_id"]] = {
                "version": e["version"], "position": e["position"], "defined_at": micros(d["defined_at"]), **{
                    k: d.get(k) for k in ("policy_id", "rank", "names", "category", "priority", "agency", "acknowledge",
                                          "resolve", "answer", "active")}}


VIEWS = (policy_list,)
