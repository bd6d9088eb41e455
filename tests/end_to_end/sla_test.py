"""sla_test.py -- how long things may take: policies, and the seed's view of the default one."""
import unittest, uuid

from city import city

DUE = {"name": "due", "number": 1, "office_hours": False, "target": "agency"}
LATE = {"name": "late", "number": 2, "after_due_seconds": 60, "office_hours": True, "target": "supervisor"}
ABSENT = {"names": None, "category": None, "priority": None, "agency": None, "acknowledge": None, "resolve": None, "answer": None}


def define(id, body, who="admin1", **headers):
    return city().ask("PUT", f"/sla/policies/{id}", body, city().token(who), headers=headers)


def shown(id, answer, who="officer1"):
    return city().get(f"/sla/policies/{id}?min_position={answer.json['position']}&wait_ms=5000", who)


class Policies(unittest.TestCase):
    def test_a_first_start_defines_the_default(self):
        policy = city().get("/sla/policies/default", "officer1").json
        self.assertEqual([policy[k]["seconds"] for k in ("acknowledge", "resolve", "answer")], [14400, 172800, 86400])
        self.assertEqual([(l["name"], l["target"]) for l in policy["resolve"]["levels"]],
                         [("w75", "officer"), ("due", "agency"), ("late4h", "supervisor"), ("late1d", "higher_authority")])

    def test_an_admin_defines_a_policy_and_officers_read_it(self):
        c, id = city(), "test-" + uuid.uuid4().hex[:8]
        body = {"rank": 10, "category": "infrastruktur", "priority": "urgent", "active": True,
                "resolve": {"seconds": 3600, "calendar": "always", "levels": [DUE, LATE]}}
        made = define(id, body)
        self.assertEqual((made.status, made.json["version"]), (200, 1), made.raw)
        policy = shown(id, made)
        self.assertEqual({k: policy.json[k] for k in ABSENT}, ABSENT | {k: body[k] for k in body if k in ABSENT})
        changed = define(id, {**body, "rank": 11}, **{"If-Match": policy.headers["ETag"]})
        self.assertEqual((changed.status, changed.json["version"]), (200, 2), changed.raw)
        self.assertEqual(define(id, body, **{"If-Match": policy.headers["ETag"]}).status, 412)
        self.assertEqual(shown(id, changed).json["rank"], 11)
        self.assertEqual(define(id, {**body, "rank": 12}, "officer1").status, 403)
        for who, status in ((None, 401), ("citizen1", 403), ("officer2", 200)):
            self.assertEqual(c.get("/sla/policies", who).status, status)
            self.assertEqual(c.get(f"/sla/policies/{id}", who).status, status)
        self.assertEqual(c.get("/sla/policies/no-such", "officer1").status, 404)

    def test_a_refusal_names_the_member(self):
        clock = {"seconds": 3600, "calendar": "always", "levels": [DUE]}
        for more, problem, field in (({"resolve": {**clock, "seconds": 9}}, "duration-too-short", "resolve.seconds"),
                                     ({"answer": {**clock, "levels": [LATE, DUE]}}, "bad-level", "answer.levels[1].number"),
                                     ({"answer": {**clock, "levels": [DUE, {**DUE, "target": "mayor"}]}}, "not-a-choice",
                                      "answer.levels[1].target"),
                                     ({"answer": {**clock, "levels": [DUE] * 9}}, "out-of-range", "answer.levels"),
                                     ({"answer": {**clock, "calendar": "nothing"}}, "no-such-calendar", "answer.calendar"),
                                     ({"category": "nothing"}, "no-such-category", "category"),
                                     ({"agency": "NOBODY"}, "no-such-agency", "agency")):
            a = define("test-refused", {"rank": 1, "active": True, **more})
            self.assertEqual((a.status, a.json["type"].split("/")[-1], a.json["field"]), (400, problem, field), a.raw)

    def test_the_list_is_in_the_order_in_which_policies_are_looked_at(self):
        c, last = city(), uuid.uuid4().hex[:8]
        clock = {"resolve": {"seconds": 60, "calendar": "always", "levels": []}}
        define("order-b" + last, {"rank": -5, "active": False, **clock})
        define("order-a" + last, {"rank": -4, "active": False, **clock})
        made = define("default-agency_health", {"rank": -9, "agency": "AGENCY_HEALTH", "active": False, **clock})
        listed = [p["policy_id"] for p in
                  c.get(f"/sla/policies?min_position={made.json['position']}&wait_ms=5000", "officer1").json["data"]]
        self.assertLess(listed.index("order-b" + last), listed.index("order-a" + last))
        self.assertEqual(listed[-1], "default")
        self.assertIn("default-agency_health", listed[-3:-1])


class Duration(unittest.TestCase):
    def ask(self, seconds, who):
        return city().post("/sla/config", {"duration_seconds": seconds}, who)

    def test_an_admin_sets_it_for_the_city(self):
        c = city()
        for seconds, text in ((90, "1m30s"), (86399, "23h59m59s"), (10, "10s"), (172800, "48h0m0s")):
            made = self.ask(seconds, "admin1")
            self.assertEqual((made.status, made.json["sla_duration_str"]), (200, text), made.raw)
            shown = c.get(f"/sla/config?min_position={made.json['position']}&wait_ms=5000").json
            self.assertEqual(shown, {"sla_duration_sec": seconds, "sla_duration_str": text, "success": True})
        again = self.ask(172800, "admin1")
        self.assertEqual(again.json["position"], made.json["position"])

    def test_a_supervisor_sets_it_for_the_own_agency(self):
        c = city()
        made = self.ask(7200 + int(uuid.uuid4().hex[:4], 16), "supervisor1")
        self.assertEqual(made.status, 200, made.raw)
        policy = shown("default-agency_infra", made).json
        self.assertEqual((policy["agency"], policy["active"], policy["resolve"]["seconds"]),
                         ("AGENCY_INFRA", True, made.json["sla_duration_sec"]))
        self.assertEqual(c.get("/sla/config").json["sla_duration_sec"], 172800)

    def test_others_do_not_set_it(self):
        for who, status in ((None, 401), ("citizen1", 403), ("officer1", 403)):
            self.assertEqual(self.ask(60, who).status, status)
        refused = city().post("/sla/config", {"duration_seconds": 60}, "admin1", headers={"If-Match": '"1"'})
        self.assertEqual((refused.status, refused.json["field"]), (400, "If-Match"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
