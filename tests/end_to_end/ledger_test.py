"""ledger_test.py -- after everything else: what is in the store, in Redis and in the views fits together."""
import glob, json, os, re, unittest

import jsonschema

import interface
from audit_test import HAS_MONGODB
from city import ROOT, city

# Each report and its votes, as the log tells them.
OF_LOG = ("""
    SELECT substr(stream, length('report-') + 1),
           (array_agg(coalesce(data->>'new_status', data->>'status') ORDER BY version DESC)
            FILTER (WHERE type IN ('report.created', 'report.status.updated')))[1],
           max(version) FROM es_event WHERE stream LIKE 'report-%' GROUP BY 1 ORDER BY 1""", """
    SELECT data->>'report_id', sum(CASE type WHEN 'report.upvoted' THEN 1 ELSE -1 END) FROM es_event
     WHERE type LIKE 'report.upvote%' GROUP BY 1 ORDER BY 1""")
OF_VIEWS = ("SELECT report_id, status, version FROM report_detail.report_detail ORDER BY report_id::text",
            "SELECT report_id, status, version FROM case_inbox.case_inbox ORDER BY report_id::text",
            "SELECT report_id, status FROM report_list.report_list ORDER BY report_id::text",
            "SELECT report_id, votes FROM report_rank.report_rank WHERE votes IS NOT NULL ORDER BY report_id::text",
            "SELECT owner_agency, status, sum(cases) FROM case_counts.case_counts GROUP BY 1, 2 HAVING sum(cases) <> 0 ORDER BY 1, 2",
            "SELECT owner_agency, status, count(*) FROM case_inbox.case_inbox WHERE merged_into IS NULL GROUP BY 1, 2 ORDER BY 1, 2",
            "SELECT count(*) FROM engine.parked")


def schemas():
    found = {}
    for path in glob.glob(ROOT + "/events/schema/*.json"):
        name, version = re.match(r"(.+)\.v(\d+)\.json", os.path.basename(path)).groups()
        with open(path) as f:
            found[name, int(version)] = jsonschema.Draft202012Validator(
                json.load(f), format_checker=jsonschema.FormatChecker())
    return found


class Ledger(unittest.TestCase):
    def test_every_stored_event_satisfies_its_schema_and_every_type_has_occurred(self):
        c, known = city(), schemas()
        rows = c.sql("citywatch_write", "SELECT position, type, schema, data FROM es_event ORDER BY position")
        for position, kind, version, data in rows:
            errors = list(known[kind, int(version)].iter_errors(json.loads(data)))
            self.assertEqual(errors, [], f"{position} {kind}")
        occur = {name for name, _ in known}
        if not HAS_MONGODB:  # there are no seals to enter
            occur.remove("audit.sealed")
        self.assertEqual({r[1] for r in rows}, occur)

    def test_positions_have_no_gap_and_versions_none(self):
        c = city()
        self.assertEqual(c.sql("citywatch_write", """
            SELECT count(*) = max(position) AND min(position) = 1,
                   (SELECT position FROM es_counter) = max(position),
                   (SELECT sum(version) FROM es_stream) = count(*) FROM es_event"""), [["t", "t", "t"]])
        self.assertEqual(c.sql("citywatch_write", "SELECT count(*) FROM es_stream WHERE version = 0"), [["0"]])

    def test_redis_holds_the_log_with_unbroken_chains(self):
        c = city()
        rows, text = c.at_rest(lambda: (c.sql("citywatch_write", "SELECT position, event_id, type, stream FROM es_event"),
                                        c.redis("XRANGE", "{events}:all", "-", "+")))
        stored = {p: (i, k, s) for p, i, k, s in rows}
        lines, last, count = text.splitlines(), 0, 0
        for at, line in enumerate(lines):
            if not re.fullmatch(r"\d+-0", line) or lines[at + 1] != "specversion":
                continue
            fields = dict(zip(lines[at + 1:at + 35:2], lines[at + 2:at + 35:2]))
            position = line[:-2]
            self.assertEqual((fields["id"], fields["type"], fields["subject"]), stored[position])
            self.assertEqual(int(fields["prev"]), last)
            self.assertEqual(fields["sequence"], position.zfill(20))
            last, count = int(position), count + 1
        self.assertEqual((last, count), (len(stored), len(stored)))

    def test_views_agree_with_the_log(self):
        c = city()
        (folded, votes), views = c.at_rest(lambda: ([c.sql("citywatch_write", q) for q in OF_LOG],
                                                    [c.sql("citywatch_read", q) for q in OF_VIEWS]))
        detail, inbox, listed, ranked, counted, cases, parked = views
        self.assertEqual(detail, folded)
        self.assertEqual(inbox, folded)
        self.assertEqual(listed, [row[:2] for row in folded])
        self.assertEqual(ranked, votes)
        self.assertEqual(cases, counted)
        self.assertEqual(parked, [["0"]])

    def test_the_interface_was_tried_whole(self):
        c = city()
        for path in ("/openapi.json", "/schemas", "/schemas/report.created/1", "/health/command-api"):
            self.assertEqual(c.get(path).status, 200, path)
        self.assertEqual(c.get("/openapi.json").json, interface.API)
        self.assertEqual(interface.not_seen(), [])

    def test_each_service_names_the_versions_it_runs_with(self):
        for part in ("command-api", "query-api", "projector"):
            first = json.loads(city().log(part).splitlines()[0])
            self.assertEqual(first["message"], "starting")
            self.assertTrue({"libevent", "libpq", "hiredis", "libsodium", "version"} <= first.keys(), part)

    def test_no_service_was_caught_by_a_sanitizer(self):
        c = city()
        for part in ("command-api", "query-api", "projector"):
            found = [line for line in c.log(part + ".errors").splitlines() if re.search("Sanitizer|runtime error|^    #[0-6] ", line)]
            self.assertEqual(found[:12], [], part)


if __name__ == "__main__":
    unittest.main(verbosity=2)
