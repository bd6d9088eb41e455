"""fold.py -- the views a second time: event by event in Python, written from what the views mean, not from their SQL, in
features/<name>/fold.py. P1 compares its rows with the tables."""
import datetime
import glob
import importlib.util
import os
import sys

def micros(text):
    """Microseconds since 1970, so that 10:00:00.5Z and 10:00:00.500000+00:00 are equal."""
    if text is None:
        return None
    at = datetime.datetime.fromisoformat(text)
    return (at - datetime.datetime.fromtimestamp(0, datetime.timezone.utc)) // datetime.timedelta(microseconds=1)


TIMES = {"occurred_at", "created_at", "last_status_at", "updated_at", "at", "forwarded_at", "acknowledged_at", "touched_at", "held_since",
         "asked_at", "answered_at", "commented_at", "saved_at", "until", "since", "defined_at",
         "status_at", "returned_at", "lost_at", "registered_at", "joined_at", "due_at", "answer_by", "offered_at", "accepted_at",
         "arrived_at", "ended_at", "unfilled_at", "next_at"}


def comparable(row):
    return {k: micros(v) if k in TIMES else v for k, v in row.items()}


class View:
    """tables: name -> {key: row}. `wants(e)`: whether the view is given such an event at all."""
    tables = ()
    types = ()
    follows = None  # kind of stream: its version column moves with every event of such a stream

    def __init__(self):
        self.at = {t: {} for t in self.tables}

    def wants(self, e):
        return e["type"] in self.types or (self.follows and e["stream"].startswith(self.follows + "-"))

    def finish(self):
        """Behind the last event: rows that are easier made once."""

    def row(self, table, key, **empty):
        return self.at[table].setdefault(key, dict(empty))


def keep_pair(table, name, report, person, does):
    """A row for each person who does it now."""
    if does:
        table[report, person] = {"report_id": report, name: person}
    else:
        table.pop((report, person), None)


class MergedPeople:
    """Who votes for or follows which report, and what is merged into what: how many people do so for what is merged into
    a report, and not for the report itself."""

    def __init__(self, begins, ends):
        self.begins, self.ends, self.of, self.into = begins, ends, {}, {}

    def note(self, e):
        """Takes the event; yields (target, how many) for each target that it may be about."""
        d, type = e["data"], e["type"]
        rid = d.get("report_id")
        targets = set()
        if type in ("report.merged", "report.unmerged"):
            if rid == d["merged_report_id"]:
                self.into[rid] = d["into_report_id"] if type == "report.merged" else None
            targets = {d["into_report_id"]}
        elif type in (self.begins, self.ends):
            person = next(d[m] for m in ("voter_user_id", "follower_user_id", "follower_pseudonym") if d.get(m))
            people = self.of.setdefault(rid, set())
            (people.add if type == self.begins else people.discard)(person)
            targets = {self.into.get(rid), rid if rid in self.into.values() else None} - {None}
        for target in targets:
            others = [self.of.get(m, set()) for m, into in self.into.items() if into == target]
            yield target, len(set().union(*others) - self.of.get(target, set()))


def load():
    """{feature: its module}; each sees this one as `fold`."""
    sys.modules.setdefault("fold", sys.modules[__name__])
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    modules = {}
    for path in sorted(glob.glob(root + "/features/*/fold.py")):
        name = os.path.basename(os.path.dirname(path))
        spec = importlib.util.spec_from_file_location("fold_of_" + name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        modules[name] = module
    return modules


FEATURES = load()
VIEWS = [view for feature in FEATURES.values() for view in feature.VIEWS]


def fold(view, events, poison):
    """The view after `events`, and what it must have parked: {(stream, position)}. `poison`: positions that no
    view can take; from there on their streams stand still."""
    v, parked, blocked = view(), set(), set()
    for e in events:
        bad = e["position"] in poison
        if not bad and not v.wants(e):
            continue
        if bad or e["stream"] in blocked:
            blocked.add(e["stream"])
            parked.add((e["stream"], e["position"]))
        else:
            v.apply(e)
    v.finish()
    return v, parked
