"""follow_test.py -- following a report, "me too", and the follow of an anonymous author."""
import unittest, uuid

from city import GATEWAY, city


def seen(rid, answer, who=None):
    """The report as it is after a change's answer."""
    return city().get(f"/reports/{rid}?min_position={answer.json['position']}&wait_ms=5000", who).json


def unfollow(rid, who):
    return city().ask("DELETE", f"/reports/{rid}/follow", token=city().token(who))


class Follow(unittest.TestCase):
    def test_a_report_is_followed_and_no_longer(self):
        c = city()
        rid = c.file_report()["report_id"]
        followed = c.post(f"/reports/{rid}/follow", who="citizen2")
        self.assertEqual(followed.status, 200, followed.raw)
        self.assertEqual(c.post(f"/reports/{rid}/follow", who="citizen2").status, 200)
        officer = c.post(f"/reports/{rid}/follow", who="officer1")
        report = seen(rid, officer, "citizen2")
        self.assertEqual((report["follower_count"], report["following"]), (2, True))
        report = seen(rid, officer)
        self.assertEqual((report["follower_count"], report["following"]), (2, False))
        for path, who in (("/reports/public?limit=200", None), ("/cases/inbox?limit=200", "officer1")):
            item = [r for r in c.get(path, who).json["data"] if r["report_id"] == rid][0]
            self.assertEqual(item["follower_count"], 2, path)
        self.assertEqual(c.get(f"/cases/{rid}", "officer1").json["follower_count"], 2)
        gone = unfollow(rid, "citizen2")
        report = seen(rid, gone, "citizen2")
        self.assertEqual((report["follower_count"], report["following"]), (1, False))
        self.assertEqual(unfollow(rid, "citizen2").status, 200)
        refused = c.post(f"/reports/{rid}/follow", who="citizen2", headers={"If-Match": '"1"'})
        self.assertEqual((refused.status, refused.json["field"]), (400, "If-Match"))

    def test_me_too_votes_and_follows_at_once(self):
        c = city()
        rid = c.file_report()["report_id"]
        key = {"Idempotency-Key": uuid.uuid4().hex}
        both = c.post(f"/reports/{rid}/me-too", who="citizen2", headers=key)
        self.assertEqual(both.status, 200, both.raw)
        report = seen(rid, both, "citizen2")
        self.assertEqual((report["vote_count"], report["follower_count"], report["following"]), (1, 1, True))
        self.assertEqual(c.post(f"/reports/{rid}/me-too", who="citizen2", headers=key).raw, both.raw)
        self.assertEqual(c.post(f"/reports/{rid}/me-too", who="citizen2").status, 200)
        self.assertEqual(seen(rid, both)["vote_count"], 1)
        private = c.file_report(visibility="PRIVATE")["report_id"]
        self.assertEqual(c.post(f"/reports/{private}/me-too", who="citizen1").status, 409)
        self.assertEqual(c.post(f"/reports/{private}/me-too", who="citizen2").status, 404)
        self.assertEqual(c.post(f"/reports/{private}/follow", who="citizen2").status, 404)

    def test_an_anonymous_author_follows_without_being_named(self):
        c = city()
        me = c.get("/auth/me", "citizen3").json["user"]["id"]
        rid = c.file_report("citizen3", category="keamanan", visibility="ANONYMOUS")["report_id"]
        trace = "trace-" + uuid.uuid4().hex
        followed = c.post(f"/reports/{rid}/follow", who="citizen3", headers={"X-Request-Id": trace})
        self.assertEqual(followed.status, 200, followed.raw)
        report = seen(rid, followed, "citizen3")
        self.assertEqual((report["follower_count"], report["following"]), (1, True))
        other = c.post(f"/reports/{rid}/follow", who="officer3")
        self.assertEqual(seen(rid, other, "officer3")["follower_count"], 2)
        gone = unfollow(rid, "citizen3")
        self.assertEqual(seen(rid, gone, "citizen3")["following"], False)
        c.settle()
        for database in ("citywatch_write", "citywatch_read"):
            tables = c.sql(database, "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables "
                                     "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')")
            for (table,) in tables:
                found = c.sql(database, f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%{trace}%' OR "
                                        f"(t::text LIKE '%{rid}%' AND t::text LIKE '%{me}%')")
                self.assertEqual(found, [["0"]], table)
        for position in (followed.json["position"], gone.json["position"]):
            self.assertEqual(c.sql("citywatch_write", f"SELECT count(*) FROM es_result WHERE actor = '{me}' "
                                                      f"AND position = {position}"), [["0"]])
            entry = c.redis("XRANGE", "{events}:vote", f"{position}-0", f"{position}-0")
            self.assertIn(rid, entry)
            self.assertNotIn(me, entry)
        for part in ("command-api", "query-api", "projector", "sla-worker", GATEWAY):
            self.assertNotIn(trace, c.log(part), part)


if __name__ == "__main__":
    unittest.main(verbosity=2)
