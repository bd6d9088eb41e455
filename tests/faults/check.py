#!/usr/bin/python3
"""check.py RUN_DIR HISTORY -- the independent checker: reads the store, Redis, the views and what the clients
saw, at rest, and names every invariant that does not hold. Exit code 1 if there is one.

  S1 every answer of success has its event with that version and position; refusals left none; an unknown
     outcome is one of both         S2 positions 1..N, versions 1..k, answers and events once
  S3 linearizable: what ended before another began has the smaller position
  S4 a reader that asks for position > cursor never met a gap, and what it saw is still there
  S5 one key, one effect, byte-equal answers   S6 every history is legal in the domain
  B1 entries of Redis are the store's events, prev chains unbroken   B2 Redis is at the head of the store
  P1 each view is the fold of the log   P2 checkpoints never go back and never run ahead of the rows
  P4 parked are exactly the poison events and their followers
  R1 an answer for min_position reflects every event up to its own position
  D1 no command hangs: each is answered or cut off in time, but for those that a stopped process held
  T1 every level of a clock fires once, in time, and none for what is paused or ended (clocks.py)
  G1 a patrol's track is the fixes that were taken, its position the greatest of them (fixes.py)
  X1 a patrol on an exclusive dispatch is on no other one   X2 dispatch, patrol and report tell the same (dispatches.py)
  A1 what was answered is on record in MongoDB, once, and nothing of anonymous authors (records.py)
  H1 processes do not grow (growth.py)"""
import bisect, collections, json, re, sys

import asking, casework, clocks, dispatches, effects, fixes, fold, growth, history, records
from found_records import records_found
from stores import Redis, Session

FIELDS = ("specversion id source type subject time datacontenttype dataschema sequence prev streamversion "
          "correlationid causationid traceparent tenant epoch data").split()
MOST_TOLD = 5
HANGS_SECONDS = 18  # 10 before it is begun, 5 in the store, and noise; less than the 20 after which the gateway gives it up
CLOCKS = "sla-worker"  # correlation of what clocks ask for
RETAINED_AT_LEAST = 1000  # events, however full Redis has been

report = fold.FEATURES["report"]


class Checker:
    def __init__(self, run_dir, records, on_record=None):
        """`on_record`: what MongoDB holds; None: A1 is left out."""
        self.store, self.views = Session(run_dir, "citywatch_write", 120), Session(run_dir, "citywatch_read", 120)
        self.redis, self.records = Redis(run_dir, 60), records
        self.operations = history.operations(records)
        self.on_record = on_record
        self.faults = collections.defaultdict(list)
        self.counted = collections.Counter()
        self.read_store()

    def read_store(self):
        self.now = int(self.store.run("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")[0])
        self.events = self.store.rows(
            "SELECT position, stream, version, category, event_id, type, schema, data, data::text AS text, "
            "meta->>'correlation_id' AS correlation, meta->>'causation_id' AS causation, "
            "meta->>'traceparent' AS trace, recorded FROM es_event ORDER BY position")
        self.by_position = {e["position"]: e for e in self.events}
        self.streams = collections.defaultdict(list)
        for e in self.events:
            self.streams[e["stream"]].append(e)
        self.poison = {p["position"] for p in self.records["poison"]}
        self.planted = {p["stream"] for p in self.records["poison"]}
        self.effects = collections.defaultdict(list)
        for e in self.events:
            if e["type"] in effects.TYPES and e["stream"] not in self.planted and e["correlation"] != CLOCKS:
                self.effects[self.key_of(e)].append(e)

    def key_of(self, e):
        """An anonymous author's events do not name the request: the client wrote its key into what they say."""
        said = e["data"].get("content") or e["data"].get("text")
        return said.split()[-1] if said else asking.key_of(e["correlation"])

    def fault(self, name, text):
        self.faults[name].append(text)

    # ---- the store ----

    def s1(self):
        for key, o in self.operations.items():
            self.counted["operations"] += 1
            found = self.effects.get(key, [])
            ok = o.of("ok")
            for wrong in effects.faults(o, found):
                self.fault("S1", f"{o.command} {key} {wrong}")
            if not ok and found and not o.of("unknown"):
                self.fault("S1", f"{o.command} {key} was refused and is in the log at {found[0]['position']}")
            for a in ok:
                self.s1_answer(o, a, found)
            self.counted["acknowledged" if ok else "unknown at the end" if o.of("unknown") else "refused"] += 1
        for key, found in self.effects.items():
            o = self.operations.get(key)
            if not o and not self.demo(found[0]):
                self.fault("S1", f"nobody asked for event {found[0]['position']} ({key})")

    def demo(self, e):
        return e["type"] == "report.created" and not re.search(r"[0-9a-f]{32}$", e["data"]["content"])

    def s1_answer(self, o, a, found):
        stream = effects.about(o)
        if found:
            version = [e["version"] for e in found if e["stream"] == stream]
            if a["position"] != max(e["position"] for e in found) or a["version"] not in [None] + version:
                self.fault("S1", f"{o.command} {o.key} answered position {a['position']} version {a['version']}; "
                                 f"the events are {[(e['position'], e['version']) for e in found]}")
        else:
            e = self.by_position.get(a["position"])
            if not e or e["stream"] != stream or a["version"] not in (None, e["version"]):
                self.fault("S1", f"{o.command} {o.key} answered {a['position']}, which is no event of {stream}")
        for type in effects.EFFECTS[o.command]:
            if all(e["type"] != type for e in found) and not effects.was_true(type, o, a["wish"], self.streams):
                self.fault("S1", f"{o.command} {o.key} was acknowledged, without {type}, and it was never so")

    def s2(self):
        for n, e in enumerate(self.events, 1):
            if e["position"] != n:
                return self.fault("S2", f"position {n} is missing, {e['position']} follows")
        for stream, events in self.streams.items():
            versions = [e["version"] for e in events]
            if versions != list(range(1, len(versions) + 1)):
                self.fault("S2", f"{stream} has the versions {versions}")
        ids = collections.Counter(e["event_id"] for e in self.events)
        self.once("event id", ids)
        head = int(self.store.run("SELECT position FROM es_counter")[0])
        if head != len(self.events):
            self.fault("S2", f"the counter is at {head}, the log ends at {len(self.events)}")
        rows = {r["stream"]: (r["version"], r["position"]) for r in self.store.rows(
            "SELECT stream, version, position FROM es_stream")}
        folded = {s: (es[-1]["version"], es[-1]["position"]) for s, es in self.streams.items()}
        if rows != folded:
            self.fault("S2", f"es_stream differs from the log: {sorted(rows.items() ^ folded.items())[:4]}")
        results = self.store.rows("SELECT actor, key, position FROM es_result")
        self.once("(actor, key)", collections.Counter((r["actor"], r["key"]) for r in results))
        answered = {r["position"] for r in results}
        for e in self.events:
            forgotten = e["correlation"] == CLOCKS and self.records["forgotten"]
            if not forgotten and self.last_of(e, answered)["position"] not in answered:
                self.fault("S2", f"event {e['position']} has no stored answer")

    def last_of(self, e, answered):
        """Of the events of one command that follow each other: the answer tells the last one's position."""
        while e["position"] not in answered and e["correlation"]:
            after = self.by_position.get(e["position"] + 1)
            if not after or after["correlation"] != e["correlation"]:
                break
            e = after
        return e

    def once(self, what, counted):
        for name, n in counted.items():
            if n > 1:
                self.fault("S2", f"{what} {name} occurs {n} times")

    def s3(self):
        """Walks through all beginnings; the largest position acknowledged before each must be smaller."""
        done = sorted((o.acknowledged, self.effects[k][0]["position"], k) for k, o in self.operations.items()
                      if o.acknowledged and self.effects.get(k))
        ends, largest, top = [d[0] for d in done], [], (0, "")
        for _, position, key in done:
            top = max(top, (position, key))
            largest.append(top)
        for _, position, key in done:
            n = bisect.bisect_left(ends, self.operations[key].start)
            if n and largest[n - 1][0] > position:
                self.fault("S3", f"{key} at {position} began after {largest[n - 1][1]} had ended at {largest[n - 1][0]}")
        self.counted["ordered"] = len(done)

    def s4(self):
        for g in self.records["gap"]:
            self.fault("S4", f"after {g['cursor']} a reader was given {g['position']}")
        for s in self.records["seen"]:
            for position, event_id in s["events"]:
                self.counted["seen by the reader"] += 1
                if self.by_position.get(position, {}).get("event_id") != event_id:
                    self.fault("S4", f"position {position} was {event_id} when it was read and is not any more")

    def s5(self):
        for key, o in self.operations.items():
            bodies = {(a["status"], a["body"]) for a in o.of("ok")}
            self.counted["replays"] += max(0, len(o.of("ok")) - 1)
            if len(bodies) > 1:
                self.fault("S5", f"{o.command} {key} was answered {sorted(bodies)}")

    def s6(self):
        for stream, events in self.streams.items():
            if stream in self.planted:
                continue
            kind = casework.BY_STREAM.get(stream.split("-")[0])
            fold_of = kind and kind()
            for e in events:
                if fold_of and not fold_of.legal(e):
                    self.fault("S6", f"{e['type']} at {e['position']} is not allowed there")

    def t1(self):
        clocks.check(self.events, self.now, self.planted, lambda text: self.fault("T1", text), self.counted)

    def x(self):
        dispatches.check(self.events, self.planted, self.fault, self.counted)

    def g1(self):
        fixes.check(self.records, fixes.Found(self.views, self.redis), self.fault, self.counted)

    # ---- Redis ----

    def expected(self, e, prev, store_id, epoch):
        at = e["recorded"].replace("+00:00", "")
        return dict(specversion="1.0", id=e["event_id"], source="urn:citywatch:" + store_id, type=e["type"],
                    subject=e["stream"], time=at, datacontenttype="application/json",
                    dataschema=f"/schemas/{e['type']}/{e['schema']}", sequence=f"{e['position']:020d}",
                    prev=str(prev), streamversion=str(e["version"]), correlationid=e["correlation"] or "",
                    causationid=e["causation"] or "", traceparent=e["trace"] or "", tenant="", epoch=epoch,
                    data=e["text"])

    def b1(self):
        store = self.store.rows("SELECT store_id, epoch::text FROM es_store")[0]
        keys = {"{events}:all": self.events}
        for e in self.events:
            keys.setdefault("{events}:" + e["category"], []).append(e)
        for key, events in keys.items():
            prevs = dict(zip((e["position"] for e in events), [0] + [e["position"] for e in events]))
            last, held = None, self.redis.entries(key)
            if key == "{events}:all" and len(held) < min(len(events), RETAINED_AT_LEAST):
                self.fault("B1", f"{key} holds {len(held)} of {len(events)} events")
            for entry, fields in held:
                self.counted["entries"] += 1
                position, _, rest = entry.partition("-")
                position, is_all = int(position), key == "{events}:all"
                if rest != "0" or position not in prevs:
                    self.fault("B1", f"{key} holds {entry}, which the store does not")
                    continue
                if last is not None and prevs[position] != last:
                    self.fault("B1", f"{key} goes on from {last} to {position}")
                last = position
                want = self.expected(self.by_position[position], prevs[position] if not is_all else position - 1,
                                     store["store_id"], store["epoch"])
                have = dict(fields)
                if [f for f, _ in fields] != FIELDS:
                    self.fault("B1", f"{key} {entry} has the fields {[f for f, _ in fields]}")
                have["time"] = have.get("time", "").rstrip("Z")
                different = [f for f in want if have.get(f) != want[f] and f != "time"]
                if fold.micros(have["time"] + "+00:00") != fold.micros(want["time"] + "+00:00"):
                    different.append("time")
                if different:
                    self.fault("B1", f"{key} {entry} differs from the store in {different}")

    def b2(self):
        last = self.redis.call("EXISTS", "{events}:all") and self.redis_last()
        if last != len(self.events):
            self.fault("B2", f"Redis is at {last}, the store at {len(self.events)}")

    def redis_last(self):
        return self.redis.last_id("{events}:all")

    # ---- the views ----

    def p1(self):
        lanes = {r["name"]: r["position"] for r in self.views.rows(
            "SELECT v.name, l.position FROM engine.view v JOIN engine.lane l ON l.name = v.lane")}
        parked = collections.defaultdict(set)
        for r in self.views.rows("SELECT view, stream, position FROM engine.parked"):
            parked[r["view"]].add((r["stream"], r["position"]))
        if set(lanes) != {v.__name__ for v in fold.VIEWS}:
            self.fault("P1", f"the views are {sorted(lanes)}")
        for kind in fold.VIEWS:
            name = kind.__name__
            if lanes.get(name) != len(self.events):
                self.fault("P2", f"{name} rests at {lanes.get(name)}, the log ends at {len(self.events)}")
            view, queue = fold.fold(kind, self.events[:lanes.get(name, 0)], self.poison)
            if parked[name] != queue:
                self.fault("P4", f"{name} has parked {sorted(parked[name] - queue)[:3]} too many, "
                                 f"{sorted(queue - parked[name])[:3]} too few")
            for table, rows in view.at.items():
                self.compare(f"{name}.{table}", rows.values())

    def compare(self, table, folded):
        have = collections.Counter(json.dumps(fold.comparable(r), sort_keys=True)
                                   for r in self.views.rows(f"SELECT * FROM {table}"))
        want = collections.Counter(json.dumps(r, sort_keys=True) for r in folded)
        self.counted["rows"] += sum(want.values())
        for row in list((have - want).elements())[:MOST_TOLD]:
            self.fault("P1", f"{table} holds {row}")
        for row in list((want - have).elements())[:MOST_TOLD]:
            self.fault("P1", f"{table} lacks {row}")

    def p2(self):
        rows, votes = [0], [0]
        for e in self.events:
            counts = e["type"] in report.report_history.types and not self.stands_still(e)
            rows.append(rows[-1] + counts)
            votes.append(votes[-1] + (e["type"] == "report.upvoted") - (e["type"] == "report.upvote.withdrawn"))
        before, server = 0, None
        for c in self.records["checkpoint"]:
            self.counted["checkpoints"] += 1
            p = c["position"]
            if p < before and c["server"] == server:  # a crash recovery may undo the last commits of the views
                self.fault("P2", f"the checkpoint went back from {before} to {p}")
            before, server = p, c["server"]
            if p < len(rows) and (c["rows"], c["votes"]) != (rows[p], votes[p]):
                self.fault("P2", f"at checkpoint {p} the views held {c['rows']} rows and {c['votes']} votes "
                                 f"of {rows[p]} and {votes[p]}")

    def stands_still(self, e):
        return any(p <= e["position"] and self.by_position[p]["stream"] == e["stream"] for p in self.poison)

    # ---- answers, processes ----

    def r1(self):
        for r in self.records["read"]:
            if r["status"] in (0, 503):
                continue
            self.counted["reads"] += 1
            if r["status"] != 200:
                self.fault("R1", f"{r['report']} for min_position {r['min_position']}: {r['status']}")
                continue
            if r["position"] < r["min_position"]:
                self.fault("R1", f"asked for {r['min_position']}, answered from {r['position']}")
            version = sum(e["position"] <= r["position"] for e in self.streams["report-" + r["report"]])
            votes = len(self.voters(r["report"], r["position"]))
            if (r["version"], r["votes"]) != (version, votes):
                self.fault("R1", f"{r['report']} at {r['position']} was shown as version {r['version']} with "
                                 f"{r['votes']} votes; the log says {version} and {votes}")

    def voters(self, report, position):
        """Those of the report and of what is merged into it, each once."""
        reports, people = {report}, set()
        for e in self.streams["report-" + report]:
            if e["position"] <= position and e["data"].get("into_report_id") == report:
                (reports.add if e["type"] == "report.merged" else reports.discard)(e["data"]["merged_report_id"])
        for one in reports:
            for events in self.votes_of(one):
                given = [e["type"] == "report.upvoted" for e in events if e["position"] <= position]
                if given and given[-1]:
                    people.add(events[0]["data"]["voter_user_id"])
        return people

    def votes_of(self, report):
        if not hasattr(self, "vote_streams"):
            self.vote_streams = collections.defaultdict(list)
            for s, events in self.streams.items():
                if s.startswith("vote-"):
                    self.vote_streams[s[5:41]].append(events)
        return self.vote_streams[report]

    def d1(self):
        for o in self.operations.values():
            for a in o.attempts:
                held = any(s["start"] <= a["end"] and a["start"] <= s["end"] for s in self.records["asleep"])
                if a["end"] - a["start"] > HANGS_SECONDS and not held:
                    self.fault("D1", f"{o.command} {o.key} waited {a['end'] - a['start']:.1f} s from {a['start']:.1f}")

    def h1(self):
        growth.check(self.records["process"], lambda text: self.fault("H1", text), self.counted)

    def a1(self):
        if self.on_record:
            records.check(self.records, self.on_record, self.events, self.fault, self.counted)

    def unexpected(self):
        """A 500 is nobody's wish, whatever happens to the servers."""
        for key, o in self.operations.items():
            for a in o.attempts:
                if a["status"] >= 500 and a["status"] != 503:
                    self.fault("S1", f"{o.command} {key} was answered {a['status']}: {a['body']}")

    def check(self):
        try:
            self.check_all()
        finally:
            for connection in (self.store, self.views, self.redis):
                connection.close()
        return self.faults

    def check_all(self):
        for part in (self.s1, self.s2, self.s3, self.s4, self.s5, self.s6, self.t1, self.x, self.g1, self.b1, self.b2, self.p1,
                     self.p2, self.r1, self.d1, self.h1, self.a1, self.unexpected):
            part()


def tell(checker):
    print("events " + str(len(checker.events)) + "".join(f", {k} {n}" for k, n in checker.counted.items()))
    for name in sorted(checker.faults):
        found = checker.faults[name]
        print(f"{name} does not hold ({len(found)}):")
        for text in found[:MOST_TOLD]:
            print("    " + text)
    if not checker.on_record:
        print("A1 was left out: there is no server for documents (tools/mongodb/build)")
    elif not checker.on_record.is_verified:
        print("citywatchctl audit verify was not asked: there are too many records for it")
    if not checker.faults:
        print("every invariant holds: S1-S6, B1, B2, P1, P2, P4, R1, T1, X1, X2, G1, D1, H1" + (", A1" if checker.on_record else ""))


def main(run_dir, path):
    checker = Checker(run_dir, history.read(path), records_found(run_dir))
    checker.check()
    tell(checker)
    return 1 if checker.faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
