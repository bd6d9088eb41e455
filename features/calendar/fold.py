"""fold.py -- what the view of calendars means."""
from fold import View, micros


class calendar_list(View):
    tables, types = ("calendar_list",), ("calendar.defined",)

    def apply(self, e):
        d = e["data"]
        if e["type"] == "calendar.defined":
            self.at["calendar_list"][d["calendar_id"]] = {
                "position": e["position"], "version": e["version"], "defined_at": micros(d["defined_at"]),
                **{k: d[k] for k in ("calendar_id", "zone", "hours", "holidays", "zone_changes")}}


VIEWS = (calendar_list,)
