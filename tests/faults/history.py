"""history.py -- what the clients saw: one JSON line an attempt. Times are of the monotonic clock, in seconds.

kind "attempt": key, client, actor, command (of effects.EFFECTS), report, wish (what it asks for), start,
end, outcome (ok | conflict | fail | unknown), status, version, position, body. `fail`: refused, nothing was
done; `unknown`: no answer, or one that says so. All attempts of a key are one operation.
kind "read": report, min_position, start, end, status, position, version, votes.
kind "poison": stream, report, position: an event no view can take was put into the store there.
kind "seen": positions and ids an independent reader was given, in its order; "gap": one it met.
kind "checkpoint": position, rows, votes: of the views, in one snapshot; server: when theirs was started.
kind "process": part, pid, at, memory_kb, descriptors.
kind "asleep": part, start, end: a process was stopped meanwhile.
kind "forgotten": the stored answers to what clocks asked for were deleted.
kind "fix": client, unit, body, start, end, outcome, status, moved: a fix that was sent, as an attempt is.
kind "fixes_lost": fault, start, end, held: [unit, text] of the fixes that Redis alone had and may have lost.
kind "request": id, method, path, actor, start, end, status, served (by a service, not the gateway), position, replayed, anonymous
(its author is): every request of any client.
kind "killed": part, at: a process of that service was killed.
kind "note": text."""
import collections, json, threading


class History:
    def __init__(self, path):
        self.file, self.lock = open(path, "a", buffering=1), threading.Lock()

    def add(self, kind, **fields):
        with self.lock:
            self.file.write(json.dumps({"kind": kind, **fields}) + "\n")


def read(path):
    """Lists of records by kind."""
    found = collections.defaultdict(list)
    with open(path) as f:
        for line in f:
            record = json.loads(line)
            found[record["kind"]].append(record)
    return found


class Operation:
    """All attempts of one key."""

    def __init__(self, key):
        self.key, self.attempts = key, []

    def add(self, a):
        self.attempts.append(a)

    def of(self, *outcomes):
        return [a for a in self.attempts if a["outcome"] in outcomes]

    @property
    def command(self):
        return self.attempts[0]["command"]

    @property
    def actor(self):
        return self.attempts[0]["actor"]

    @property
    def wish(self):
        return self.attempts[0]["wish"]

    @property
    def report(self):
        return next((a["report"] for a in self.attempts if a["report"]), None)

    @property
    def start(self):
        return min(a["start"] for a in self.attempts)

    @property
    def acknowledged(self):
        return min((a["end"] for a in self.of("ok")), default=None)


def operations(records):
    found = {}
    for a in records["attempt"]:
        found.setdefault(a["key"], Operation(a["key"])).add(a)
    return found
