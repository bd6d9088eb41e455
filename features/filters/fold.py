"""fold.py -- what the view of saved filters means."""
from fold import View, micros


class case_filters(View):
    tables, types = ("case_filters",), ("filters.saved", "filters.deleted")

    def apply(self, e):
        d = e["data"]
        if e["type"] == "filters.saved":
            self.at["case_filters"][d["user_id"], d["filter_name"]] = {
                "user_id": d["user_id"], "name": d["filter_name"], "version": e["version"], "filter": d["filter"],
                "saved_at": micros(d["saved_at"])}
        elif e["type"] == "filters.deleted":
            self.at["case_filters"].pop((d["user_id"], d["filter_name"]), None)


VIEWS = (case_filters,)
