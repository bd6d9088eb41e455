"""effects.py -- what a client's command leaves in the log: which events on which streams, and when a success
without one of them is right. For the checker."""
import json

# Command -> the events it becomes and the stream of each. A merge stands on a second one, which its event names.
ON_REPORT = {"create": "report.created", "status": "report.status.updated", "edit": "report.edited",
             "forward": "report.forwarded", "acknowledge": "report.acknowledged", "assign": "report.assigned",
             "priority": "report.priority.changed", "ask": "report.question.asked",
             "answer": "report.question.answered", "comment": "report.commented"}
ANSWERS = ("accept", "decline", "arrive", "clear", "cancel")  # to a dispatch; their wish: its id, its status
VOTED, FOLLOWED = {"report.upvoted": "vote-{report}-{actor}"}, {"report.followed": "follow-{report}-{actor}"}
EFFECTS = {**{command: {type: "report-{report}"} for command, type in ON_REPORT.items()},
           "vote": VOTED, "follow": FOLLOWED, "me-too": {**VOTED, **FOLLOWED},
           "unvote": {"report.upvote.withdrawn": "vote-{report}-{actor}"},
           "unfollow": {"report.unfollowed": "follow-{report}-{actor}"},
           "note": {"case.noted": "case-{report}"}, "hold": {"case.held": "case-{report}"},
           "resume": {"case.resumed": "case-{report}"},
           "save": {"filters.saved": "filters-{actor}"}, "delete": {"filters.deleted": "filters-{actor}"},
           "merge": {"report.merged": "report-{report}"}, "unmerge": {"report.unmerged": "report-{report}"},
           "send": {"dispatch.created": "dispatch-{unit}", "report.dispatch.updated": "report-{report}"},
           "duty": {"patrol.status.updated": "patrol-{unit}"},
           **dict.fromkeys(ANSWERS, {"dispatch.status.updated": "dispatch-{unit}"})}
# What may come with these on streams of others; whether it is right there, X2 tells.
WITH_IT = {"status": ("dispatch.status.updated", "patrol.status.updated"),
           "send": ("patrol.status.updated", "report.status.updated"),
           **dict.fromkeys(ANSWERS, ("patrol.status.updated", "report.dispatch.updated", "report.status.updated"))}
TYPES = {type for effect in EFFECTS.values() for type in effect}
# Both reports are told, or none.
PAIRS = ("merge", "unmerge")
# Member of an event that makes the wish of a command true.
TRUE_BY = {"report.status.updated": "new_status", "report.priority.changed": "priority",
           "report.assigned": "assignee_user_id", "case.held": "reason", "report.merged": "into_report_id"}
# What is so from the beginning: nobody has voted, holds a case or works on it, nothing is merged.
UNDONE = ("report.upvote.withdrawn", "report.unfollowed", "case.resumed", "report.unmerged")


def unit_of(o, found):
    """The dispatch or patrol that it is about; None: it is not known."""
    if o.command != "send":
        return o.wish[0] if o.command in ANSWERS + ("duty",) else None
    told = [e["data"]["dispatch_id"] for e in found if e["type"] == "dispatch.created"]
    told += [json.loads(a["body"])["dispatch_id"] for a in o.of("ok")]
    return told[0] if told else None


def places(o, found):
    """The (type, stream) that the operation may have made, of which `found` was."""
    names = {"actor": o.actor, "report": o.report or (found[0]["data"].get("report_id") if found else None),
             "unit": unit_of(o, found)}
    expected = {(type, stream.format(**names)) for type, stream in EFFECTS[o.command].items()}
    if o.command in PAIRS:
        into = {"report-" + e["data"]["into_report_id"] for e in found if "into_report_id" in e["data"]}
        expected |= {(type, stream) for type in EFFECTS[o.command] for stream in into}
    return expected


def faults(o, found):
    """What is wrong with the events `found` of one operation, whatever was answered."""
    made, expected = [(e["type"], e["stream"]) for e in found], places(o, found)
    for place in set(made):
        if made.count(place) > 1:
            yield f"has {made.count(place)} events {place[0]}: {[e['position'] for e in found]}"
    others = {place for place in set(made) - expected if place[0] not in WITH_IT.get(o.command, ())}
    if others:
        yield f"became {sorted(others)}"
    if found and o.command in PAIRS and len(set(made)) != 2:
        yield f"told one report alone: {made}"
    if o.command == "merge" and any(e["data"]["into_report_id"] != o.wish for e in found):
        yield f"was merged into another one than {o.wish}"


def about(o):
    """The stream whose version and, without an event, position an answer tells."""
    if o.command in ANSWERS + ("send", "duty"):
        return ("patrol-" if o.command == "duty" else "dispatch-") + (unit_of(o, []) or "")
    return ("filters-" + o.actor) if o.command in ("save", "delete") else "report-" + (o.report or "")


def was_true(type, o, wish, streams):
    """Whether what the event would have done was so at some time."""
    events = [e for t, s in places(o, []) if t == type for e in streams.get(s, [])]
    if type in UNDONE or (type == "report.assigned" and wish is None):
        return True
    if type in VOTED or type in FOLLOWED or type == "report.acknowledged":
        return any(e["type"] == type for e in events)
    if type == "report.status.updated" and any(e["data"].get("status") == wish for e in events):
        return True
    if o.command in ANSWERS + ("duty",):
        return any(e["data"].get("new_status") == wish[1] for e in events)
    if type == "filters.saved":
        return any([e["data"]["filter_name"], e["data"].get("filter")] == wish for e in events)
    return type in TRUE_BY and any(e["type"] == type and e["data"].get(TRUE_BY[type]) == wish for e in events)
