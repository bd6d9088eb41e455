"""fold.py -- what the views of patrols and dispatches mean."""
from fold import View, micros

ENDED = ("CLEARED", "DECLINED", "TIMED_OUT", "CANCELLED")


class patrol_list(View):
    tables = ("patrol_list", "patrol_crew", "patrol_rules")
    types = ("patrol.registered", "patrol.status.updated", "patrol.position.lost", "patrol.position.found",
             "patrol.crew.joined", "patrol.crew.left", "patrol.rules.defined")
    empty = ("version", "position", "call_sign", "agency", "skills", "status", "status_at", "returned_at", "lost_at",
             "registered_at")

    def apply(self, e):
        d, type = e["data"], e["type"]
        if type == "patrol.rules.defined":
            self.at["patrol_rules"]["default"] = {
                "name": "default", "version": e["version"], "transitions": d["transitions"],
                "offer_seconds": d["offer_seconds"], "defined_at": micros(d["defined_at"])}
            return
        if e["stream"].startswith("crew-") and type == "patrol.crew.joined":
            self.at["patrol_crew"][d["user_id"]] = {
                "user_id": d["user_id"], "patrol_id": d["patrol_id"], "joined_at": micros(d["joined_at"])}
        elif e["stream"].startswith("crew-"):
            self.at["patrol_crew"].pop(d["user_id"], None)
        if not e["stream"].startswith("patrol-"):
            return
        p = self.row("patrol_list", d["patrol_id"], patrol_id=d["patrol_id"], **dict.fromkeys(self.empty))
        p["version"] = e["version"]
        if type == "patrol.registered":
            p.update({k: d[k] for k in ("call_sign", "agency", "skills")})
            p.update({"position": e["position"], "registered_at": micros(d["registered_at"])})
        elif type == "patrol.status.updated":
            p.update({"status": d["new_status"], "status_at": micros(d["changed_at"])})
            if d.get("dispatch_status") == "CLEARED":
                p["returned_at"] = micros(d["changed_at"])
        elif type.startswith("patrol.position."):
            p["lost_at"] = micros(d.get("lost_at"))


class dispatch_list(View):
    tables = ("dispatch_list",)
    types = ("dispatch.created", "dispatch.status.updated", "dispatch.replaced", "dispatch.unfilled")
    created = ("dispatch_id", "report_id", "patrol_id", "agency", "exclusive", "attempt", "replaces", "recommended",
               "status")
    steps = {"OFFERED": "offered_at", "ACCEPTED": "accepted_at", "ARRIVED": "arrived_at"}

    def apply(self, e):
        d, type = e["data"], e["type"]
        if type == "dispatch.created":
            offered = micros(d["created_at"]) if d["status"] == "OFFERED" else None
            self.at["dispatch_list"][d["dispatch_id"]] = {
                **{k: d.get(k) for k in self.created}, "position": e["position"], "version": e["version"],
                "due_at": micros(d.get("due_at")), "answer_by": micros(d.get("answer_by")),
                "created_at": micros(d["created_at"]), "offered_at": offered,
                **dict.fromkeys(("reason", "ended_by", "accepted_at", "arrived_at", "ended_at", "replaced_by",
                                 "unfilled_at"))}
            return
        row = self.at["dispatch_list"][d["dispatch_id"]]
        row["version"] = e["version"]
        if type == "dispatch.status.updated":
            at, to = micros(d["changed_at"]), d["new_status"]
            row.update({"status": to, "answer_by": micros(d.get("answer_by"))})
            row["reason"] = d.get("reason") or row["reason"]
            if to in self.steps:
                row[self.steps[to]] = row[self.steps[to]] or at
            if to in ENDED:
                row.update({"ended_at": at, "ended_by": d["by"]})
        else:
            row["replaced_by"] = d.get("replaced_by") or row["replaced_by"]
            row["unfilled_at"] = micros(d.get("unfilled_at")) or row["unfilled_at"]


VIEWS = (patrol_list, dispatch_list)
