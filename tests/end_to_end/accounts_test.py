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

    def test_the_public_key_is_shown(self):
        key = city().get("/.well-known/jwks.json").json["keys"][0]
        self.assertEqual((key["kty"], key["crv"], key["alg"]), ("EC", "P-256", "ES256"))

    def test_log_ins_take_no_idempotency_key(self):
        a = city().ask("POST", "/auth/login", {"username": "citizen1", "password": "password"},
                       headers={"Idempotency-Key": uuid.uuid4().hex})
        self.assertEqual((a.status, a.json["field"]), (400, "Idempotency-Key"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
