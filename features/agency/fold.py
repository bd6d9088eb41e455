"""fold.py -- what the view of agencies means."""
from fold import View


class agency_list(View):
    tables, types = ("agency_list",), ("agency.defined",)

    def apply(self, e):
        d = e["data"]
        if e["type"] == "agency.defined":
            self.at["agency_list"][d["code"]] = {"position": e["position"], "version": e["version"], **{
                k: d.get(k) for k in ("code", "names", "parent", "active")}}


VIEWS = (agency_list,)
