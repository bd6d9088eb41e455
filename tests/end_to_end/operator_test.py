"""operator_test.py -- tools/ctl against the whole city: what an operator sees, changes and repairs."""
import json, subprocess, threading, unittest, uuid

from city import ROOT, city, wait_until

ROUNDS = 8


def ctl(*words, code=0, given=None):
    """What it printed; the exit code must be `code`."""
    done = subprocess.run([ROOT + "/tools/ctl", *words], env=city().environment, input=given or "", text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout


def rows(*words, code=0):
    return [json.loads(line) for line in ctl(*words, "--json", code=code).splitlines()]


class Writer(threading.Thread):
    """Files, votes and decides, 50 requests a second at most: what is logged is kept for a while only."""

    def __init__(self, c, number):
        super().__init__(daemon=True)
        self.c, self.stopped, self.fault = c, threading.Event(), None
        self.who = f"citizen{number + 1}"

    def run(self):
        try:
            while not self.stopped.is_set():
                report = self.c.file_report(self.who)["report_id"]
                for answer in (self.c.post(f"/reports/{report}/upvote", who="citizen1"),
                               self.c.ask("PATCH", f"/cases/{report}/status", {"status": "IN_PROGRESS"},
                                          self.c.token("officer1")),
                               self.c.ask("DELETE", f"/reports/{report}/upvote", token=self.c.token("citizen1"))):
                    assert answer.status == 200, answer.raw
                    self.stopped.wait(0.02)
        except Exception as e:  # told by the test
            self.fault = repr(e)


class Operator(unittest.TestCase):
    def test_the_log_is_shown_and_nothing_lags_at_rest(self):
        c = city()
        report = c.file_report()
        head, lag = c.at_rest(lambda: (c.head(), rows("lag")))
        event = rows("tail", "--from", str(report["position"]), "--to", str(report["position"]))[0]
        self.assertEqual((event["type"], event["data"]["report_id"]), ("report.created", report["report_id"]))
        self.assertEqual({row["position"] for row in lag}, {head})
        self.assertEqual({row["part"] for row in lag}, {"store", "redis", "view"})
        self.assertEqual(rows("groups"), [])
        self.assertEqual(rows("parked", "list"), [])

    def test_the_doctor_finds_demo_accounts_and_no_backup_and_nothing_else(self):
        city().settle()
        found = rows("doctor", code=4)
        states = {row["check"]: row["state"] for row in found if row["check"] != "disk"}  # that of this machine may be full
        self.assertEqual({check for check, state in states.items() if state != "ok"}, {"demo accounts", "backup"}, found)
        self.assertEqual(set(states.values()), {"ok", "warning"}, found)
        self.assertGreater(len(states), 10)
        self.assertTrue(all(row["advice"] for row in found if row["state"] != "ok"), found)
        self.assertIn("10 are listened on", next(row["found"] for row in found if row["check"] == "ports"))

    def test_everything_agrees_also_while_clients_write(self):
        c = city()
        writers = [Writer(c, n) for n in range(3)]
        before = c.head()
        for w in writers:
            w.start()
        try:
            for _ in range(ROUNDS):
                ctl("verify")
        finally:
            for w in writers:
                w.stopped.set()
            for w in writers:
                w.join(30)
        self.assertEqual([w.fault for w in writers], [None] * len(writers))
        self.assertGreater(c.head() - before, 10 * ROUNDS)  # it did not rest
        ctl("verify")
        self.assertFalse(c.sql("citywatch_read", "SELECT 1 FROM pg_namespace WHERE nspname LIKE 'verify%'"))

    def test_redis_is_filled_anew(self):
        c = city()
        c.file_report()
        c.settle()
        first = c.redis("XRANGE", "{events}:all", "-", "+", "COUNT", "1")
        c.redis("XDEL", "{events}:all", first.split("-")[0] + "-0")
        ctl("republish", code=1)
        ctl("republish", "--yes")
        wait_until("redis begins with the first event again",
                   lambda: c.redis("XRANGE", "{events}:all", "-", "+", "COUNT", "1") == first, 20)
        c.settle()
        ctl("verify", "redis")
        ctl("trim", "--dry-run", "--keep", "1000")

    def test_the_epoch_is_shown_and_not_raised_by_accident(self):
        self.assertEqual({row["epoch"] for row in rows("epoch", "show")}, {1})
        ctl("epoch", "raise", code=1)
        self.assertEqual({row["epoch"] for row in rows("epoch", "show")}, {1})
        ctl("migrate", "read", code=1)

    def test_accounts_change_for_every_service(self):
        c = city()
        name, word = "op-" + uuid.uuid4().hex[:10], "correct horse battery"
        ctl("account", "add", name, "--role", "CITIZEN", "--password-file", "-", given=word)
        log_in = lambda: c.ask("POST", "/auth/login", {"username": name, "password": word})
        citizen = log_in().json["token"]
        self.assertEqual(c.ask("GET", "/cases/inbox", token=citizen).status, 403)
        ctl("account", "role", name, "--role", "OFFICER", "--agency", "AGENCY_INFRA")
        for path in "/cases/inbox", "/auth/me":  # one of each service
            wait_until("the old token is refused", lambda: c.ask("GET", path, token=citizen).status == 401, 10)
        officer = log_in().json["token"]
        self.assertEqual(c.ask("GET", "/cases/inbox", token=officer).status, 200)
        ctl("account", "password", name, "--password-file", "-", given="another horse battery")
        wait_until("its sessions end", lambda: c.ask("GET", "/cases/inbox", token=officer).status == 401, 10)
        self.assertEqual(log_in().status, 401)
        word = "another horse battery"
        again = log_in().json["token"]
        ctl("account", "disable", name, "--yes")
        for path in "/cases/inbox", "/auth/me":
            wait_until("the account is out", lambda: c.ask("GET", path, token=again).status == 401, 10)
        self.assertEqual(log_in().status, 401)
        self.assertEqual([a["disabled"] for a in rows("account", "list") if a["username"] == name], [True])
        ctl("account", "enable", name)
        self.assertEqual(c.ask("GET", "/cases/inbox", token=log_in().json["token"]).status, 200)
        self.assertEqual(c.ask("GET", "/cases/inbox", token=again).status, 401)
        self.assertEqual([(a["disabled"], a["role"], a["agency"]) for a in rows("account", "list")
                          if a["username"] == name], [(False, "OFFICER", "AGENCY_INFRA")])


if __name__ == "__main__":
    unittest.main(verbosity=2)
