"""records_test.py -- A1 finds what is wrong in records that are made here, and excuses what it must."""
import collections, hashlib, unittest

import ed25519, records

SEED, OTHER = bytes(32), b"\1" * 32
KEY = ed25519.public_of(SEED)
WRITER = "command-api.requests-0a"
ANN = "ann"
SECOND, HOUR = 5 * records.HOUR + 7000000, 5 * records.HOUR


def sign(said, seed=SEED):
    half = bytearray(hashlib.sha512(seed).digest())
    half[0] &= 248
    half[31] = half[31] & 127 | 64
    secret = int.from_bytes(half[:32], "little")
    r = int.from_bytes(hashlib.sha512(half[32:] + said).digest(), "little") % ed25519.ORDER
    start = ed25519.text(ed25519.times(r, ed25519.BASE))
    h = int.from_bytes(hashlib.sha512(start + ed25519.public_of(seed) + said).digest(), "little")
    return start + ((r + h * secret) % ed25519.ORDER).to_bytes(32, "little")


def seal(document, seed=SEED, **changes):
    s = {"_id": document["_id"], "writer": document["writer"], "n": document["n"], "hash": document["hash"], "at": 9,
         "public_key": ed25519.public_of(seed).hex(), **changes}
    said = f"citywatch audit seal 1\n{s['writer']}\n{s['n']}\n{s['hash']}\n{s['at']}\n"
    return {**s, "signature": sign(said.encode(), seed).hex()}


def chain(*all, writer=WRITER):
    before, out = records.digest(writer.encode()), []
    for n, members in enumerate(all, 1):
        d = {"_id": f"{writer}:{n:012d}", "writer": writer, "n": n, "hash": "", **members}
        before = records.digest(before + records.canonical(d))
        out.append({**d, "hash": before.hex()})
    return out


def asked(id="a", method="POST", path="/reports/r1/upvote", status=200, **changes):
    return {"id": id, "method": method, "path": path, "actor": ANN, "start": 10, "end": 11, "status": status,
            "served": status != 0, "anonymous": False, "replayed": False, "position": 7 if status == 200 else None, **changes}


def record(id="a", **changes):
    made = {"at": SECOND + 1, "kind": "request", "method": "POST", "route": "/reports/{id}/upvote", "status": 200, "request_id": id,
            "actor": ANN, "address": records.ADDRESS, "position": 7, **changes}
    return {k: v for k, v in made.items() if v is not None}


def counted(count, **changes):
    made = {"at": SECOND, "kind": "rollup", "method": "PUT", "route": "/patrols/{id}/location", "status": 200, "actor": ANN,
            "address": records.ADDRESS, "count": count, **changes}
    return {k: v for k, v in made.items() if v is not None}


def fix(id, **changes):
    return asked(id, "PUT", "/patrols/p1/location", **{"position": None, **changes})


def command(id, status=None, **changes):
    made = {"at": SECOND, "kind": records.COMMAND, "service": "citywatchctl", "route": "account", "status": status, "request_id": id,
            "actor": "unix:root", "subject": "disable ann", **changes}
    return {k: v for k, v in made.items() if v is not None}


class Found:
    def __init__(self, documents, seals=(), verified=(0, "")):
        self.records, self.seals, self.verified, self.key, self.writers = documents, seals, verified, KEY, {WRITER}


EVENT = {"correlation": "a", "position": 7}


class Records(unittest.TestCase):
    def check(self, sent, found, events=(EVENT,), kills=()):
        told = collections.defaultdict(list, request=sent, killed=list(kills))
        faults = []
        records.check(told, found if isinstance(found, Found) else Found(chain(*found)), events,
                      lambda name, text: faults.append(text), collections.Counter())
        return faults

    def holds(self, *of, **more):
        self.assertEqual(self.check(*of, **more), [])

    def fails(self, words, *of, **more):
        faults = self.check(*of, **more)
        self.assertEqual(len(faults), 1, faults)
        self.assertIn(words, faults[0])

    def test_a_command_of_an_operator_begins_and_then_has_a_status(self):
        self.holds([], [command("c"), command("c", 200), command("d")])
        self.fails("command c is on record as", [], [command("c", 200)])
        self.fails("command c is on record as", [], [command("c"), command("c")])
        self.fails("command c is on record as", [], [command("c"), command("c", 200), command("c", 200)])
        self.fails("command None is on record as", [], [command(None)])

    def test_what_was_answered_is_on_record_once(self):
        self.holds([asked()], [record()])
        self.fails("on record 0 times", [asked()], [record("another")])
        self.fails("on record 2 times", [asked()], [record(), record()])
        self.fails("on record 2 times", [], [record("nobody's"), record("nobody's")])

    def test_what_was_not_answered_may_be_there_once_or_not(self):
        for status in (0, 503):
            lost = asked(status=status, served=False)
            self.holds([lost], [record("another")])
            self.holds([lost], [record()])
            self.fails("on record 2 times", [lost], [record(), record()])

    def test_each_member_is_what_the_client_saw(self):
        for member, other in (("status", 201), ("actor", "bob"), ("actor", None), ("method", "DELETE"), ("route", "/reports/{id}"),
                              ("address", "10.0.0.1"), ("position", 6), ("position", None)):
            with self.subTest(member=member):
                self.fails(member, [asked()], [record(**{member: other}), record("another")])

    def test_a_position_is_that_of_an_event_or_the_one_that_was_answered(self):
        self.holds([asked()], [record(position=None)], events=())
        self.holds([asked()], [record()], events=())
        self.fails("position", [asked()], [record(position=8)], events=())

    def test_a_stored_answer_wrote_nothing_that_is_known(self):
        self.holds([asked(replayed=True)], [record(position=None)])
        self.fails("position", [asked(replayed=True)], [record()])
        self.holds([asked(status=0)], [record(position=None)])
        self.holds([asked(status=0)], [record()])
        self.fails("position", [asked(status=0)], [record(position=6)])

    def test_a_refusal_before_any_rule_may_be_of_an_anonymous_author(self):
        refused = record(status=503, actor=None, position=None)
        self.holds([asked(status=503)], [refused])
        self.holds([asked(status=503)], [])
        self.fails("on record 0 times", [asked(status=409)], [])
        self.fails("on record 0 times", [asked(status=503, path="/dispatch")], [])

    def test_nothing_is_on_record_of_an_anonymous_author(self):
        hidden = asked(anonymous=True)
        self.holds([hidden], [counted(1, method="POST", route="/reports/{id}/upvote", at=HOUR, actor=None, address=None)])
        self.fails("on record 1 times", [hidden], [record(position=None)], events=())
        self.fails("nobody sent", [hidden], [record("made-up", position=None)])
        self.fails("holds a position", [hidden, asked("b", path="/dispatch")], [record("b", route="/dispatch")], events=())
        for told in ({"at": SECOND}, {"actor": ANN}, {"address": records.ADDRESS}):
            told = {"at": HOUR, "actor": None, "address": None, **told}
            faults = self.check([hidden], [counted(1, method="POST", route="/reports/{id}/upvote", **told)])
            self.assertTrue(any("tells when" in f for f in faults), (told, faults))

    def test_what_is_rolled_up_is_counted_as_often_as_it_was_answered(self):
        self.holds([fix("a"), fix("b")], [counted(1), counted(1)])
        self.fails("1 times with status 200; 2", [fix("a"), fix("b")], [counted(1)])
        self.fails("is counted {200: 3}", [fix("a"), fix("b")], [counted(3)])
        self.fails("is counted {200: 1}", [fix("a")], [counted(1), counted(1, actor="bob")])
        self.holds([fix("a"), fix("b", status=0)], [counted(2)])
        self.holds([fix("a"), fix("b", status=0)], [counted(1)])
        self.holds([fix("a", status=503)], [counted(1, status=503, actor=None)])

    def test_reads_without_a_token_are_counted_too(self):
        read = asked("a", "GET", "/reports/public", actor=None, position=None)
        told = counted(1, method="GET", route="/reports/public", actor=None)
        self.holds([read], [told])
        self.fails("0 times with status 200", [read], [])
        self.fails("on record 0 times", [asked("a", "GET", "/reports/r1", position=None)], [])

    def test_a_kill_excuses_the_counts_of_the_moment_before_it(self):
        sent = [fix("a"), fix("b")]
        self.holds(sent, [counted(1)], kills=[{"part": "command-api", "at": 11.5}])
        for kill in ({"part": "query-api", "at": 11.5}, {"part": "command-api", "at": 14}, {"part": "command-api", "at": 8}):
            self.fails("2 were answered", sent, [counted(1)], kills=[kill])
        self.fails("on record 0 times", [asked()], [], kills=[{"part": "command-api", "at": 11.5}])

    def test_a_chain_has_no_hole_no_gap_and_its_own_hashes(self):
        three = chain(record("x"), record("y"), record("z"))
        self.fails("where 2 belongs", [], Found([three[0], three[2]]))
        self.fails("where 1 belongs", [], Found(three[1:]))
        self.fails("another hash", [], Found([three[0], {**three[1], "status": 201}, three[2]]))
        self.fails("a gap of 3", [], [{"at": 1, "kind": "gap", "count": 3}])
        self.fails("no spool is of", [], Found(chain(record("x"), writer="command-api.requests-0b")))
        self.fails("audit verify ends with 1", [], Found(three, verified=(1, "changed")))

    def test_a_seal_is_of_its_record_and_by_the_citys_key(self):
        two = chain(record("x"), record("y"))
        self.holds([], Found(two, [seal(two[0]), seal(two[1])]))
        for bad in (seal(two[0], OTHER), {**seal(two[0], OTHER), "public_key": KEY.hex()}, seal(two[0], hash=two[1]["hash"]),
                    seal(two[0], n=3), {**seal(two[0]), "at": 8}, {**seal(two[0]), "_id": two[1]["_id"]}):
            self.fails("is not of the record", [], Found(two, [bad]))


if __name__ == "__main__":
    unittest.main(verbosity=2)
