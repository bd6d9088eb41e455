"""falsified_records.py -- for checker_test.py: what is falsified in MongoDB itself is called A1, and nothing else is."""
import mongo, records
from found_records import FoundRecords


class FalsifiedRecords:
    """Mixed into a TestCase that has at_rest(), a city and what its MongoDB held first, and checked(records=what it holds now)."""

    def setUp(self):
        self.of_city, self.first = self.at_rest()
        if "_a1_" in self._testMethodName and not self.first:
            self.skipTest("there is no server for documents (tools/mongodb/build)")

    def now(self):
        """By what the checker finds itself."""
        return self.checked(records=FoundRecords(self.of_city.run_dir, verified=(0, "")))

    def is_found(self, collection, true, false):
        """While the documents `false` stand in the place of `true`."""
        m = mongo.Mongo(self.of_city.run_dir)
        try:
            for old, new in ((true, false), (false, true)):
                for d in old:
                    m.take(collection, d)
                for d in new:
                    m.put(collection, d)
                if old is true:
                    self.assertEqual(self.now(), {"A1"})
        finally:
            m.close()

    def changes(self):
        """What administrators did, and log-ins: nobody does that any more, so their chain stands still."""
        chain = [d for d in self.first.records if d["writer"].startswith("command-api.security-")]
        self.assertTrue(any(d["kind"] == "admin" for d in chain))
        return chain

    def test_a1_what_stands_in_mongodb_is_as_it_was(self):
        self.assertTrue(self.first.is_verified)
        self.assertEqual(self.checked(records=self.first), set())

    def test_a1_a_record_that_was_dropped_and_one_that_was_changed(self):
        one = next(d for d in self.changes() if d["kind"] == "admin")
        self.is_found("audit_security", [one], [])
        self.is_found("audit_security", [one], [{**one, "status": one["status"] + 1}])

    def test_a1_a_record_that_was_sent_twice(self):
        """Under the next number, so that its chain is whole."""
        *_, last = self.changes()
        again = {**last, "n": last["n"] + 1, "_id": f"{last['writer']}:{last['n'] + 1:012d}"}
        again["hash"] = records.digest(bytes.fromhex(last["hash"]) + records.canonical(last)).hex()
        self.is_found("audit_security", [], [again])

    def test_a1_a_seal_that_was_forged(self):
        seal = self.first.seals[0]
        other = dict(seal, signature=("1" if seal["signature"][0] != "1" else "2") + seal["signature"][1:])
        self.is_found(records.SEALS, [seal], [other])
