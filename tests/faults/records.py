"""records.py -- A1: the record of requests in MongoDB, a second time, from the requests that clients sent.

A1  Each request that a service answered is on record once, by its id, with method, route, status, actor, address and the
    position it wrote; one whose answer never came once or not at all. Nothing of it is on record of an anonymous author.
    A command of an operator is on record before its first change, and once with what became of it.
    What is rolled up is counted: each that was answered, none that was not sent. Each chain is whole from its first
    record on, without a gap, what its seals say, and nothing stands in MongoDB beside the chains of the spools.

A record is written before its answer leaves, so no fault excuses that one is missing. Counts are told within a second: the
table COUNTED says which process keeps which, and a kill of one excuses what was answered within COUNTED_SECONDS before."""
import collections, hashlib, json, re

import ed25519

BOOKS = ("audit_requests", "audit_security")
SEALS = "audit_seals"
COMMAND = "ctl"  # the kind of what operators do
# Method, path of what is rolled up, by which service.
COUNTED = (("PUT", re.compile(r"/patrols/[^/]+/location"), "command-api"), ("GET", re.compile(".*"), "query-api"))
COUNTED_SECONDS = 2  # a second, and a turn of the audit thread's
# Refusals that may come before a rule has said whether the author is anonymous, and to what they may be the answer.
UNDECIDED = (400, 401, 413, 422, 429, 503)
AUTHORED = re.compile(r"/reports(/.*)?|/cases/(?!filters/).*|/notifications(/.*)?")
ADDRESS = "127.0.0.1"
HOUR = 3600 * 1000000


def digest(data):
    return hashlib.blake2b(data, digest_size=32).digest()


# ---- chains ----

def canonical(document):
    """The text that was hashed: the members behind the four that MongoDB adds."""
    members = {k: v for k, v in document.items() if k not in ("_id", "writer", "n", "hash")}
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()


def check_chain(writer, documents, fault):
    """Hashes by number, as they follow from the texts."""
    before, hashes = digest(writer.encode()), {}
    for n, d in enumerate(documents, 1):
        if (d["n"], d["_id"]) != (n, f"{writer}:{n:012d}"):
            fault(f"chain {writer} has {d['_id']} with number {d['n']} where {n} belongs")
            break
        before = digest(before + canonical(d))
        if before.hex() != d["hash"]:
            fault(f"record {d['_id']} has another hash than its text and the one before say")
            break
        hashes[n] = d["hash"]
        if d["kind"] == "gap":
            fault(f"record {d['_id']} is a gap of {d['count']} records; there was room for all")
    return hashes


def is_true(seal, hashes, key):
    said = f"citywatch audit seal 1\n{seal['writer']}\n{seal['n']}\n{seal['hash']}\n{seal['at']}\n"
    return (hashes.get(seal["writer"], {}).get(seal["n"]) == seal["hash"] and seal["public_key"] == key.hex() and
            seal["_id"] == f"{seal['writer']}:{seal['n']:012d}" and
            ed25519.is_signed(key, said.encode(), bytes.fromhex(seal["signature"])))


def check_chains(found, fault, counted):
    chains, hashes = collections.defaultdict(list), {}
    for d in found.records:
        chains[d["writer"]].append(d)
    for writer, documents in chains.items():
        hashes[writer] = check_chain(writer, documents, fault)
        if writer not in found.writers:
            fault(f"no spool is of chain {writer}")
    for seal in found.seals:
        if not is_true(seal, hashes, found.key):
            fault(f"seal {seal['_id']} is not of the record that it names, or not signed by the city's key")
    code, said = found.verified
    if code:
        fault(f"citywatchctl audit verify ends with {code}: {said[-300:]}")
    counted["chains"] += len(chains)
    counted["seals"] += len(found.seals)


# ---- commands of operators ----

def check_commands(found, fault, counted):
    """Each begins, on record without a status, and then has one; one that was killed has none."""
    by_id = collections.defaultdict(list)
    for d in found.records:
        if d["kind"] == COMMAND:
            by_id[d.get("request_id")].append(d)
    for id, told in by_id.items():
        statuses = ["status" in d for d in sorted(told, key=lambda d: d["n"])]
        if id is None or statuses not in ([False], [False, True]):
            fault(f"command {id} is on record as {told}")
    counted["commands of operators"] += len(by_id)


# ---- requests ----

def template_of(path, templates):
    """The route of a path: of those that fit, the one with the fewest parameters."""
    fit = [t for t in templates if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", t), path)]
    return min(fit, key=lambda t: t.count("{"), default=None)


def counted_by(q):
    """The service by which it is rolled up: a position, or a read without a token that was believed. Else None."""
    if q["method"] == "GET" and q["actor"] and q["status"] != 401:
        return None
    return next((part for method, path, part in COUNTED if q["method"] == method and path.fullmatch(q["path"])), None)


def bounds(q):
    """How many records may have its id."""
    if q["anonymous"] or counted_by(q):
        return 0, 0
    undecided = q["status"] in UNDECIDED and AUTHORED.fullmatch(q["path"])
    return 1 if q["served"] and not undecided else 0, 1


class Requests:
    def __init__(self, records, found, events, fault, counted):
        self.fault, self.counted = fault, counted
        self.sent = {q["id"]: q for q in records["request"]}
        self.kills = records["killed"]
        self.by_id = collections.defaultdict(list)
        self.rollups = [d for d in found.records if d["kind"] == "rollup"]
        for d in found.records:
            if "request_id" in d and d["kind"] != COMMAND:
                self.by_id[d["request_id"]].append(d)
        self.templates = collections.defaultdict(set)
        for d in found.records:
            self.templates[d.get("method")].add(d.get("route") or "")
        self.routes = {}
        self.made = {}  # request id -> position of the last event that it wrote
        for e in events:
            self.made[e["correlation"]] = max(e["position"], self.made.get(e["correlation"], 0))

    def route(self, q):
        place = q["method"], q["path"]
        if place not in self.routes:
            self.routes[place] = template_of(q["path"], self.templates[q["method"]])
        return self.routes[place]

    def check(self):
        for id, q in self.sent.items():
            found, (least, most) = self.by_id.get(id, []), bounds(q)
            if not least <= len(found) <= most:
                whose = "of an anonymous author " if q["anonymous"] else ""
                self.fault(f"{q['method']} {q['path']} {whose}({id}), answered {q['status']}, is on record {len(found)} times")
            for d in found:
                self.compare(q, d)
            self.counted["requests on record"] += len(found)
            self.counted["of them without an answer"] += bool(found) and not q["served"]
        for id, found in self.by_id.items():
            if len(found) > 1 and id not in self.sent:
                self.fault(f"request {id} is on record {len(found)} times")
        self.check_anonymous()
        self.check_counts()

    def compare(self, q, d):
        unknown = d["status"] == 401 or (d["status"] in UNDECIDED and "actor" not in d)
        actor = None if unknown else q["actor"] or (None if q["served"] else d.get("actor"))
        wrong = [name for name, ok in {
            "method": d["method"] == q["method"], "route": d.get("route") == self.route(q),
            "status": d["status"] == q["status"] or not q["served"], "actor": d.get("actor") == actor,
            "address": d.get("address") == ADDRESS,
            "position": d.get("position") in self.positions(q, d["status"])}.items() if not ok]
        if wrong:
            self.fault(f"the record {d['_id']} of {q['method']} {q['path']} ({q['id']}), answered {q['status']} at {q['position']} "
                       f"to {q['actor']}, has another {', '.join(wrong)}: {d}")

    def positions(self, q, status):
        """Those that its record may have. An answer that was stored before tells none: the request may have written it in
        a try whose answer was lost, but so may one that came earlier with the same key."""
        made = self.made.get(q["id"]) if status in (200, 201) else None
        if q["replayed"]:
            return (None,)
        if made:
            return (made,) if q["served"] else (None, made)
        return None, q["position"]

    # ---- of anonymous authors ----

    def check_anonymous(self):
        hidden = [q for q in self.sent.values() if q["anonymous"]]
        places, positions = {(q["method"], self.route(q)) for q in hidden}, {q["position"] for q in hidden if q["position"]}
        for id, found in self.by_id.items():
            for d in found:
                if (d["method"], d.get("route")) in places and id not in self.sent:
                    self.fault(f"nobody sent {id}, the request of {d['_id']}")
                if d.get("position") in positions:
                    self.fault(f"record {d['_id']} holds a position of an anonymous author")
        for d in self.rollups:
            if (d["method"], d.get("route")) in places and (d["at"] % HOUR or "actor" in d or "address" in d):
                self.fault(f"record {d['_id']} tells when, by whom or from where an anonymous author came")
        self.counted["requests of anonymous authors"] += len(hidden)

    # ---- counts ----

    def is_excused(self, q, part):
        return any(k["part"] == part and q["start"] <= k["at"] + 1 and k["at"] - COUNTED_SECONDS <= q["end"] for k in self.kills)

    def group(self, method, route, actor, status):
        """What is counted together. A refusal may come before the actor was known."""
        return method, route, None if status in UNDECIDED else actor

    def check_counts(self):
        """Those without an answer may be counted under any status."""
        told, answered, certain = (collections.defaultdict(collections.Counter) for _ in range(3))
        unanswered = collections.Counter()
        for d in self.rollups:
            told[self.group(d["method"], d.get("route"), d.get("actor"), d["status"])][d["status"]] += d["count"]
        for q in self.sent.values():
            if self.by_id.get(q["id"]):
                continue
            part, route = counted_by(q), self.route(q)
            actor = q["actor"] if part else None
            group = self.group(q["method"], route, actor, q["status"])
            if q["served"]:
                answered[group][q["status"]] += 1
                certain[group][q["status"]] += bool(part) and not self.is_excused(q, part)
                self.counted["of which a kill may have lost the count"] += bool(part) and self.is_excused(q, part)
            else:
                for other in {(q["method"], route, actor), (q["method"], route, None)}:
                    unanswered[other] += 1
        self.compare_counts(told, answered, certain, unanswered)

    def compare_counts(self, told, answered, certain, unanswered):
        places = {group[:2] for group in [*answered, *unanswered]}
        for group, counts in told.items():
            if group[:2] not in places:
                continue  # no client of ours asks there
            self.counted["requests counted"] += sum(counts.values())
            too_many = sum(max(0, n - answered[group][status]) for status, n in counts.items())
            if too_many > unanswered[group]:
                self.fault(f"{group} is counted {dict(counts)}; sent were {dict(answered[group])} and {unanswered[group]} without an answer")
        for group, counts in certain.items():
            for status, n in counts.items():
                if told[group][status] < n:
                    self.fault(f"{group} is counted {told[group][status]} times with status {status}; {n} were answered so")


def check(records, found, events, fault, counted):
    tell = lambda text: fault("A1", text)
    check_chains(found, tell, counted)
    check_commands(found, tell, counted)
    Requests(records, found, events, tell, counted).check()
