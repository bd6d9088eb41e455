"""fold.py -- what the views of categories mean."""
from fold import View


class category_list(View):
    tables, types = ("category_list",), ("category.defined",)

    def apply(self, e):
        d = e["data"]
        if e["type"] == "category.defined":
            self.at["category_list"][d["code"]] = {"position": e["position"], "version": e["version"], **{
                k: d.get(k) for k in ("code", "names", "agency", "kind", "sensitive", "active")}}


VIEWS = (category_list,)
