"""fixes_test.py -- what G1 says of few fixes: nothing of a track that is right, and each thing that is wrong."""
import collections, types, unittest

import fixes

U = "unit"
NOON = "2026-01-02T12:00:00.000000Z"


def body(second=0, latitude=-6.2, **measures):
    return {"location": {"latitude": latitude, "longitude": 106.8}, "recorded_at": NOON.replace("00.0", f"{second:02}.0"), **measures}


class Story:
    """Fixes are sent one after the other, a second apart; what the stores hold is right unless a test changes it."""

    def __init__(self):
        self.records, self.now = collections.defaultdict(list), 0
        self.track, self.last, self.in_redis, self.geo = [], None, None, None

    def sends(self, b, outcome="ok", kept=True):
        text = fixes.text_of_body(b)
        moved = kept and (self.in_redis is None or fixes.order(text) > fixes.order(self.in_redis))
        self.now += 1
        self.records["fix"].append(dict(unit=U, body=b, start=self.now, end=self.now + 0.5, outcome=outcome,
                                        moved=moved if outcome == "ok" else None))
        if kept and text not in self.track:
            self.track.append(text)
        if moved:
            self.last = self.in_redis = text
            self.geo = b["location"]["longitude"], b["location"]["latitude"]
        return text

    def loses(self, *held):
        """A fault of a second."""
        self.now += 1
        self.records["fixes_lost"].append(dict(fault="flushall", start=self.now, end=self.now + 0.9, held=[[U, t] for t in held]))

    def faults(self):
        found, self.counted = [], collections.Counter()
        stores = types.SimpleNamespace(track=collections.defaultdict(list, {U: self.track}), last={U: self.last},
                                       redis_last=lambda _: self.in_redis, geo=lambda _: self.geo)
        fixes.check(self.records, stores, lambda name, text: found.append(f"{name} {text}"), self.counted)
        return found


class Order(unittest.TestCase):
    def test_a_text_has_as_many_digits_as_are_kept(self):
        self.assertEqual(fixes.text_of_body(body(1, -6.20000003, accuracy_m=5, heading_deg=90.26)),
                         "1767355201000000 -6.2000000 106.8000000 5.0 - 90.3")
        self.assertEqual(fixes.text_of_body(body(1, -0.00000001)), "1767355201000000 0.0000000 106.8000000 - - -")

    def test_later_is_greater_and_of_one_moment_the_greater_text(self):
        texts = [fixes.text_of_body(b) for b in (body(1, -6.1), body(1, -6.2), body(1, -6.2, speed_mps=3.0), body(2, -6.1))]
        self.assertEqual(sorted(reversed(texts), key=fixes.order), texts)


class Fixes(unittest.TestCase):
    def setUp(self):
        self.s = Story()
        self.first = self.s.sends(body(1))
        self.s.sends(body(5))
        self.late = self.s.sends(body(3))

    def right(self):
        self.assertEqual(self.s.faults(), [])

    def wrong(self, *words):
        found = self.s.faults()
        self.assertTrue(any(all(w in f for w in words) for f in found), found)

    # ---- the track ----

    def test_in_any_order_repeated_and_of_one_moment(self):
        for b in (body(5), body(5, -6.3), body(5, -6.1), body(3), body(5, -6.3)):
            self.s.sends(b)
        self.right()
        self.assertEqual((self.s.counted["fixes"], self.s.counted["moves"]), (5, 3))

    def test_one_that_was_taken_is_missing(self):
        self.s.track.remove(self.late)
        self.wrong("lacks " + self.late)

    def test_one_is_there_twice(self):
        self.s.track.append(self.late)
        self.wrong(self.late + " 2 times")

    def test_one_that_nobody_sent_and_one_that_was_refused(self):
        self.s.track.append(fixes.text_of_body(body(4)))
        self.wrong("was never at")
        self.s.sends(body(4), "fail", kept=False)
        self.wrong("was never at")

    def test_one_of_unknown_outcome_is_there_or_not(self):
        self.s.sends(body(6), "unknown")
        self.s.sends(body(7), "unknown", kept=False)
        self.right()
        self.assertEqual(self.s.counted["fixes of unknown outcome that are there"], 1)

    # ---- the position ----

    def test_a_late_one_has_moved_the_position_in_one_of_the_stores(self):
        for name in ("last", "in_redis"):
            self.setUp()
            setattr(self.s, name, self.late)
            self.wrong("stands at " + self.late)

    def test_it_is_found_somewhere_else_or_nowhere(self):
        for geo in ((106.8, -6.3), None):
            self.s.geo = geo
            self.wrong("is found at")

    def test_near_a_pole_no_search_finds_it(self):
        self.s.sends(body(9, 89.0))
        self.wrong("is found at")
        self.s.geo = None
        self.right()

    # ---- who moved what ----

    def test_a_late_one_was_said_to_move(self):
        self.s.records["fix"][-1]["moved"] = True
        self.wrong("was moved to " + self.late)

    def test_the_greatest_was_said_not_to_move(self):
        self.s.records["fix"][1]["moved"] = False
        self.wrong("was not moved to")

    def test_two_at_once_move_in_either_order(self):
        one, two = (self.s.records["fix"][n] for n in (0, 1))
        two["start"] = one["start"]
        one["moved"] = False
        self.right()

    def test_a_redis_that_has_forgotten_moves_to_an_older_one(self):
        self.s.loses()
        self.s.sends(body(2))
        self.s.records["fix"][-1]["moved"] = True
        self.right()

    # ---- what is excused ----

    def test_what_redis_alone_had_may_be_lost_and_nothing_else(self):
        self.s.loses(self.late)
        self.s.track.remove(self.late)
        self.right()
        self.s.track.remove(self.first)
        self.wrong("lacks " + self.first)

    def test_what_was_on_its_way_during_the_fault_may_be_lost(self):
        self.s.loses()
        last = self.s.records["fixes_lost"][0]
        self.s.records["fix"][2].update(start=last["start"] - 0.2, end=last["start"] + 0.2)
        self.s.track.remove(self.late)
        self.right()

    def test_what_was_taken_again_behind_the_fault_may_not(self):
        self.s.loses(self.late)
        self.s.sends(body(3))
        self.s.track.remove(self.late)
        self.wrong("lacks " + self.late)


if __name__ == "__main__":
    unittest.main(verbosity=2)
