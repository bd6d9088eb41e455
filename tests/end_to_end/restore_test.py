"""restore_test.py -- the drill: the store is copied while the city runs, the city goes on, the copy is restored and a
new epoch begun; then all is level by itself, and nothing of the old life is shown, followed or written any more."""
import os, signal, subprocess, sys, threading, time, unittest

from city import ROOT, City, wait_until

sys.path.append(ROOT + "/tests/faults")
from twin import Twin  # noqa: E402


class Restore(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.c = City("citywatch-restore-")
        cls.views = cls.view_files()

    @classmethod
    def view_files(cls):
        """The views of each lane are made anew when it begins a new life."""
        return cls.c.sql("citywatch_read", "SELECT DISTINCT file FROM engine.view ORDER BY 1")

    @classmethod
    def tearDownClass(cls):
        cls.c.stop()

    def ctl(self, *words):
        done = subprocess.run([ROOT + "/tools/ctl", *words], env=self.c.environment, text=True, timeout=120,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 0, (words, done.stdout, done.stderr))
        return done.stdout

    def file_with(self, who, token):
        return self.c.ask("POST", "/reports", {"content": "by " + who, "category": "infrastruktur"}, token)

    def watch(self, paths, seen, stopped):
        while not stopped.is_set():
            for path in paths:
                try:
                    seen.append((time.monotonic(), path, self.c.ask("GET", path, timeout=10).status))
                except OSError:
                    pass
            time.sleep(0.02)

    def end(self, zombie):
        if zombie.process.poll() is None:
            zombie.process.kill()
            zombie.process.wait()
        zombie.log.close()

    def epoch(self):
        return int(self.c.sql("citywatch_write", "SELECT epoch FROM es_store")[0][0])

    def level(self, epoch):
        c = self.c
        wait_until("every service is ready", c.is_ready, 90)
        wait_until("views and Redis are of the new life",
                   lambda: c.sql("citywatch_read", "SELECT DISTINCT epoch FROM engine.lane") == [[str(epoch)]]
                   and self.view_files() == self.views and c.redis("HGET", "{events}:meta", "epoch") == str(epoch), 60)
        c.settle(60)
        self.ctl("verify")
        wait_until("no process of the old life is left", c.is_ready, 30)

    def test_1_copy_go_on_restore_raise(self):
        c = self.c
        kept = [c.file_report()["report_id"] for _ in range(5)]
        c.settle()
        copy = c.folder + "/store.dump"
        c.tool("dump", copy)
        lost = [c.file_report()["report_id"] for _ in range(40)]
        head = c.settle()
        for rid in lost:
            self.assertEqual(c.get(f"/reports/{rid}").status, 200)
        token = c.token("citizen1")
        page = c.get("/reports/public?limit=2").json["next"]
        zombie = Twin(c, "command-api")
        self.addCleanup(self.end, zombie)
        wait_until("the second process is ready", lambda: c.ask("GET", "/ready", port=zombie.port).status == 200, 30)
        ask_zombie = lambda t: c.ask("POST", "/reports", {"content": "late", "category": "infrastruktur"}, t,
                                     port=zombie.port, timeout=40)
        self.assertEqual(ask_zombie(token).status, 201)
        c.settle()
        os.kill(zombie.process.pid, signal.SIGSTOP)
        seen, stopped = [], threading.Event()
        watching = threading.Thread(target=self.watch, args=([f"/reports/{lost[3]}"], seen, stopped))
        watching.start()
        try:
            c.tool("load-dump", copy, "--yes")
            raised = time.monotonic()
            self.level(2)
        finally:
            stopped.set()
            watching.join(30)
            os.kill(zombie.process.pid, signal.SIGCONT)
        self.assertEqual([s for at, _, s in seen if at > raised and s == 200], [])
        self.assertTrue([s for at, _, s in seen if at < raised and s == 200])
        for rid in lost:
            self.assertEqual(c.get(f"/reports/{rid}").status, 404)
        for rid in kept:
            self.assertEqual(c.get(f"/reports/{rid}").status, 200)
        self.assertLess(c.head(), head)
        self.assertEqual(c.get(f"/reports/public?limit=2&cursor={page}").status, 400)
        # the old session is over, also at the process that slept
        wait_until("the session has ended", lambda: self.file_with("citizen1", token).status == 401, 10)
        c.tokens.clear()
        before = c.filed()
        try:
            self.assertIn(ask_zombie(c.token("citizen1")).status, (401, 503))
        except OSError:
            pass  # it has ended already
        self.assertEqual(c.filed(), before)
        self.assertEqual(zombie.ends_within(20), 1)
        new = c.file_report()
        seen = c.get(f"/reports/{new['report_id']}?min_position={new['position']}&wait_ms=5000")
        self.assertEqual(seen.status, 200)
        self.assertTrue(seen.headers["ETag"].strip('"').endswith("-2"), seen.headers["ETag"])
        c.tool("ctl", "rebuild", "report_list", "--yes")
        self.level(2)

    def test_2_raised_under_running_services_everything_begins_anew(self):
        c = self.c
        c.tokens.clear()
        made = c.file_report()
        c.settle()
        before = self.epoch()
        said = self.ctl("epoch", "raise", "--yes")
        self.assertEqual(said.strip(), str(before + 1))
        self.level(before + 1)
        self.assertEqual(c.get(f"/reports/{made['report_id']}").status, 200)

    def set_back(self, position):
        """As another copy of the files would; who appends meanwhile waits for the counter."""
        self.c.sql("citywatch_write", f"""
            UPDATE es_counter SET position = {position};
            DELETE FROM es_result WHERE position > {position};
            DELETE FROM es_event WHERE position > {position};
            DELETE FROM es_stream s WHERE NOT EXISTS (SELECT FROM es_event e WHERE e.stream = s.stream);
            UPDATE es_stream s SET version = e.version, position = e.position
                FROM (SELECT stream, max(version) AS version, max(position) AS position FROM es_event GROUP BY 1) e
                WHERE e.stream = s.stream AND e.version <> s.version""")

    def test_3_a_store_set_back_is_not_followed_until_the_epoch_is_raised(self):
        c = self.c
        c.tokens.clear()
        kept = c.settle()
        for _ in range(20):  # more than the services write by themselves before they see it
            c.file_report()
        c.settle()
        before = self.epoch()
        self.set_back(kept)
        wait_until("queries are refused", lambda: c.get("/reports/public").status == 503, 15)
        wait_until("it says why", lambda: "set back" in c.get("/ready/query-api").raw.decode(), 15)
        self.assertEqual(self.ctl("epoch", "raise", "--yes").strip(), str(before + 1))
        self.level(before + 1)
        self.assertEqual(c.get("/reports/public").status, 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
