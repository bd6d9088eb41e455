"""accounts_test.py -- registration, log-in, refresh, log-out through the gateway."""
import unittest, uuid

from city import city, wait_until


class Accounts(unittest.TestCase):
    def test_a_citizen_registers_logs_in_refreshes_and_logs_out(self):
        c = city()
        who = {"username": "new-" + uuid.uuid4().hex[:12], "password": "correct horse battery"}
        made = c.ask("POST", "/auth/register", who)
        self.assertEqual(made.status, 201, made.raw)
        self.assertEqual(c.ask("POST", "/users", who).status, 409)
        log_in = c.ask("POST", "/auth/login", who)
        self.assertEqual(log_in.json["user"]["role"], "CITIZEN")
        token, refresh = log_in.json["token"], log_in.json["refresh_token"]
        self.assertEqual(c.ask("GET", "/auth/me", token=token).json["user"]["username"], who["username"])
        again = c.ask("POST", "/auth/refresh", {"refresh_token": refresh})
        self.assertEqual(again.status, 200)
        self.assertNotEqual(again.json["refresh_token"], refresh)
        token = again.json["token"]
        self.assertEqual(c.ask("GET", "/reports/me", token=token).status, 200)
        self.assertEqual(c.ask("POST", "/auth/logout", token=token).status, 204)
        self.assertEqual(c.ask("POST", "/auth/refresh", {"refresh_token": again.json["refresh_token"]}).status, 401)
        self.assertEqual(c.ask("POST", "/reports", {"content": "x", "category": "lainnya"}, token).status, 401)
        wait_until("query-api hears of the log-out", lambda: c.ask("GET", "/reports/me", token=token).status == 401, 10)

    def test_a_token_of_an_ended_session_is_refused_also_right_after_a_start(self):
        c = city()
        token = c.ask("POST", "/auth/login", {"username": "citizen2", "password": "password"}).json["token"]
        self.assertEqual(c.ask("POST", "/auth/logout", token=token).status, 204)
        old = c.pid("command-api")
        c.kill("command-api")
        statuses = set()

        def asked():
            statuses.add(c.ask("DELETE", "/reports/019b7f00-0000-7000-8000-000000000001", token=token).status)
            return 401 in statuses and c.pid("command-api") not in (0, old)
        wait_until("command-api is back", asked, 30)
        self.assertLessEqual(statuses, {401, 503})
        wait_until("ready again", c.is_ready, 30)

    def test_a_new_role_ends_the_old_tokens_everywhere_at_once(self):
        """As the crime-surveillance seed has it: PATCH /admin/users/{id}/role, body {"role": "DISPATCHER"}."""
        c, boss = city(), city().token("admin1")
        who = {"username": "dispatch-" + uuid.uuid4().hex[:12], "password": "correct horse battery"}
        self.assertEqual(c.ask("POST", "/users", who).status, 201)
        old = c.ask("POST", "/auth/login", who).json
        reads = lambda token: c.ask("GET", "/reports/me", token=token).status
        writes = lambda token: c.ask("DELETE", f"/reports/{uuid.uuid4()}", token=token).status
        self.assertEqual((reads(old["token"]), writes(old["token"])), (200, 404))
        path = f"/admin/users/{old['user']['id']}"
        changed = c.ask("PATCH", path + "/role", {"role": "DISPATCHER"}, boss)
        self.assertEqual((changed.status, changed.json["user"]["role"]), (200, "DISPATCHER"), changed.raw)
        self.assertEqual(writes(old["token"]), 401)
        wait_until("query-api refuses the old token", lambda: reads(old["token"]) == 401, 1)
        new = c.ask("POST", "/auth/login", who).json
        self.assertEqual((new["user"]["role"], reads(new["token"])), ("DISPATCHER", 200))
        refreshed = c.ask("POST", "/auth/refresh", {"refresh_token": old["refresh_token"]}).json
        self.assertEqual(refreshed["user"]["role"], "DISPATCHER")
        self.assertEqual(c.ask("PATCH", path + "/role", {"role": "DISPATCHER"}, boss).json["position"], changed.json["position"])
        self.assertEqual(reads(new["token"]), 200)
        found = c.ask("GET", f"/admin/users?name={who['username']}&role=DISPATCHER&disabled=false", token=boss).json["data"]
        self.assertEqual([a["id"] for a in found], [old["user"]["id"]])
        self.assertEqual(c.ask("POST", path + "/disable", token=boss).json["user"]["disabled"], True)
        self.assertEqual((c.ask("POST", "/auth/login", who).status, writes(new["token"])), (401, 401))
        self.assertEqual(c.ask("POST", path + "/enable", token=boss).json["user"]["disabled"], False)
        self.assertEqual(c.ask("POST", "/auth/login", who).status, 200)

    def test_who_gives_roles_and_which(self):
        c = city()
        path = f"/admin/users/{c.ask('GET', '/auth/me', token=c.token('citizen3')).json['user']['id']}/role"
        for token, body, status, field in ((None, {"role": "ADMIN"}, 401, None), (c.token("citizen3"), {"role": "ADMIN"}, 403, None),
                                           (c.token("supervisor1"), {"role": "OFFICER"}, 403, None),
                                           (c.token("admin1"), {"role": "KING"}, 400, "role"),
                                           (c.token("admin1"), {"role": "OFFICER"}, 400, "agency"),
                                           (c.token("admin1"), {"role": "OFFICER", "agency": "AGENCY_NOWHERE"}, 400, "agency")):
            with self.subTest(body=body, status=status):
                a = c.ask("PATCH", path, body, token)
                self.assertEqual((a.status, a.json.get("field")), (status, field), a.raw)
        self.assertEqual(c.ask("GET", "/admin/users", token=c.token("citizen3")).status, 403)
        me = c.ask("GET", "/auth/me", token=c.token("admin1")).json["user"]["id"]
        self.assertEqual(c.ask("PATCH", f"/admin/users/{me}/role", {"role": "CITIZEN"}, c.token("admin1")).status, 409)

    def test_the_demo_accounts_have_every_role(self):
        for name, role in (("patrol1", "PATROL"), ("patrol2", "PATROL"), ("dispatcher1", "DISPATCHER"), ("supervisor1", "SUPERVISOR")):
            self.assertEqual(city().ask("GET", "/auth/me", token=city().token(name)).json["user"]["role"], role)

    def test_the_public_key_is_shown(self):
        key = city().get("/.well-known/jwks.json").json["keys"][0]
        self.assertEqual((key["kty"], key["crv"], key["alg"]), ("EC", "P-256", "ES256"))

    def test_log_ins_take_no_idempotency_key(self):
        a = city().ask("POST", "/auth/login", {"username": "citizen1", "password": "password"},
                       headers={"Idempotency-Key": uuid.uuid4().hex})
        self.assertEqual((a.status, a.json["field"]), (400, "Idempotency-Key"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
