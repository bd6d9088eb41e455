#!/usr/bin/python3
"""two_runs_test.py -- one city in one run folder, whatever is started, killed or left behind there."""
import json, os, pwd, re, shutil, signal, socket, ssl, struct, subprocess, threading, time, unittest, urllib.request

import bson

from scripts import DATABASE_USER, IS_ROOT, ROOT, SERVICE_USER, Folder
from city import wait_until


def processes_of(folder):
    """Supervisors and database servers of this folder."""
    found = subprocess.run(["pgrep", "-af", folder.path], stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return [[line for line in found if word in line] for word in ("supervisord -c", "bin/postgres -D")]


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


class TwoRuns(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Folder()

    @classmethod
    def tearDownClass(cls):
        cls.folder.close()

    def status_of(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.folder.ports['GATEWAY_HTTP_PORT']}{path}", timeout=5) as r:
            return r.status

    def started(self):
        code, said = self.folder.run("run", "--detach")
        self.assertEqual(code, 0, said)
        return said

    def test_0_what_a_program_cannot_use_is_told_at_once_and_nothing_starts(self):
        start = time.monotonic()
        code, said = self.folder.run("run", "--detach", QUEUE_MAX="many", LOG_LEVEL="loud", HTTP_LOOPS="-1",
                                     TOKEN_KEY_FILE="/etc/hostname", SERVER_SECRET_FILE="/nope")
        self.assertEqual(code, 1, said)
        for word in ("QUEUE_MAX", "LOG_LEVEL", "HTTP_LOOPS", "/etc/hostname", "/nope"):
            self.assertEqual(len(re.findall(f"(?m)^citywatch: .*{word}", said)), 1, said)
        self.assertNotIn("==> Start", said)
        self.assertLess(time.monotonic() - start, 30)
        self.assertEqual([len(found) for found in processes_of(self.folder)], [0, 0])

    def test_1_of_two_at_once_one_starts_the_city_and_the_other_says_so(self):
        both = [self.folder.start("run", "--detach") for _ in range(2)]
        said = [p.communicate(timeout=240)[0] for p in both]
        self.assertEqual(sorted(p.returncode for p in both), [0, 1], said)
        loser = said[0 if both[0].returncode else 1]
        self.assertRegex(loser, r"run \(process \d+\) is at work in .* already; nothing was done")
        self.assertEqual(self.status_of("/ready/command-api"), 200)
        self.assertEqual([len(found) for found in processes_of(self.folder)], [1, 1])
        self.assertTrue(self.folder.is_locked("lock"))

    def greets(self, port, pem):
        """Does the server answer whoever has this key and certificate?"""
        context = ssl.create_default_context(cafile=self.folder.path + "/secrets/mongodb.pem")
        if pem:
            context.load_cert_chain(pem)
        hello = bson.encode({"hello": 1, "$db": "admin"})
        try:
            with context.wrap_socket(socket.create_connection(("127.0.0.1", port), 5), server_hostname="127.0.0.1") as s:
                s.sendall(struct.pack("<4iIB", 21 + len(hello), 1, 0, 2013, 0, 0) + hello)
                return b"maxWireVersion" in s.recv(4096)
        except OSError:
            return False

    @unittest.skipUnless(shutil.which("mongod") or os.path.exists(ROOT + "/build/mongodb/citywatch-mongodb"),
                         "tools/mongodb/build has built nothing")
    def test_1b_a_server_for_documents_runs_behind_the_others(self):
        port = int(self.folder.ports["MONGODB_PORT"])
        wait_until("it answers", lambda: socket.create_connection(("127.0.0.1", port), 2).close() or True, 30)
        before = self.pids()["mongodb"]
        with open(f"/proc/{before}/stat") as f:
            self.assertEqual(f.read().rsplit(")", 1)[1].split()[16], "19")  # nice
        self.assertEqual(pwd.getpwuid(os.stat(f"/proc/{before}").st_uid).pw_name, SERVICE_USER)
        with open(f"/proc/{self.pids()['projector']}/environ") as f:
            self.assertIn(f"\0MONGODB_URI=mongodb://127.0.0.1:{port}/?tls=true&", f.read())
        for pem, answers in ((self.folder.path + "/secrets/mongodb.pem", True), (None, False)):
            self.assertEqual(self.greets(port, pem), answers)
        os.kill(before, signal.SIGKILL)
        wait_until("it is started again", lambda: self.pids().get("mongodb", before) != before, 30)
        wait_until("it answers", lambda: socket.create_connection(("127.0.0.1", port), 2).close() or True, 30)
        self.assertEqual(self.folder.run("restart", "mongodb")[0], 0)
        self.assertIn(f"MONGODB_PORT={port}", self.folder.run("status")[1])

    def test_2_a_third_one_says_that_it_runs_and_with_which_settings(self):
        code, said = self.folder.run("run", "--detach")
        self.assertEqual((code, "runs already" in said), (0, True), said)
        port = self.folder.ports["GATEWAY_HTTP_PORT"]
        code, said = self.folder.run("run", "--detach", GATEWAY_HTTP_PORT="8999")
        self.assertEqual(code, 1, said)
        self.assertIn(f"GATEWAY_HTTP_PORT={port}, not 8999", said)

    def test_3_a_killed_supervisor_leaves_nothing_that_is_overwritten_or_removed(self):
        processes = subprocess.run(["pgrep", "-P", str(self.pids()["postgres"])], stdout=subprocess.PIPE, text=True).stdout
        slow = int(processes.split()[0])
        os.kill(slow, signal.SIGSTOP)  # without it the server does not end
        os.kill(self.folder.supervisor(), signal.SIGKILL)
        code, said = self.folder.run("clean-data", given="yes\n")
        threading.Timer(3, os.kill, (slow, signal.SIGCONT)).start()
        self.assertEqual((code, "nothing was removed" in said), (1, True), said)
        self.assertTrue(os.path.isdir(self.folder.path + "/postgres/data/base"))
        self.assertIn("waiting for what a killed supervisor left to end: ", self.started())
        self.assertEqual([len(found) for found in processes_of(self.folder)], [1, 1])

    def ready(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.folder.ports['GATEWAY_HTTP_PORT']}/ready/query-api", timeout=5) as r:
            return json.load(r)

    def pids(self):
        rows = subprocess.run(["/usr/bin/supervisorctl", "-c", self.folder.path + "/conf/supervisorctl.conf", "status"],
                              stdout=subprocess.PIPE, text=True).stdout
        return {name: int(pid) for name, pid in re.findall(r"^(\S+) +RUNNING +pid (\d+)", rows, re.M)}

    def test_3b_what_sessions_of_the_database_use_is_in_the_server_from_its_start(self):
        """Loaded later, a library may be of another version than the server."""
        def libraries(pid):
            with open(f"/proc/{pid}/maps") as f:
                return set(re.findall(r"/usr/lib/\S+\.so\S*", f.read()))
        server = self.pids()["postgres"]
        sessions = subprocess.run(["pgrep", "-P", str(server)], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
        used = {path for pid in sessions for path in libraries(pid)}
        self.assertIn("/usr/lib/postgresql/15/lib/plpgsql.so", used)
        self.assertEqual(used - libraries(server), set())

    def test_3c_a_part_older_than_what_is_installed_is_named_until_it_is_restarted(self):
        self.assertNotIn("outdated", self.ready())
        program = self.folder.path + "/bin/citywatch-projector"
        shutil.copy2(program, program + ".new")
        os.rename(program + ".new", program)
        wait_until("/ready names it", lambda: self.ready().get("outdated") == ["projector"], 25)
        code, said = self.folder.run("status")
        self.assertRegex(said, "(?m)^projector: /.*/bin/citywatch-projector$")
        self.assertEqual(self.folder.run("restart", "nothing")[0], 1)
        before = self.pids()
        for part in ("projector", "postgres", "redis", "caddy"):
            code, said = self.folder.run("restart", part)
            self.assertEqual(code, 0, said)
        after = self.pids()
        self.assertEqual({p for p in before if before[p] != after[p]}, {"postgres", "redis", "caddy"})  # a service starts again in its place
        self.assertNotIn("Older", self.folder.run("status")[1])
        wait_until("/ready names nothing", lambda: "outdated" not in self.ready(), 25)

    def test_4_a_run_stopped_from_elsewhere_stops_no_later_one(self):
        self.folder.run("stop")
        first = self.folder.start("run")
        while "Ctrl-C stops everything" not in first.stdout.readline():
            self.assertIsNone(first.poll())
        os.kill(first.pid, signal.SIGSTOP)
        self.assertEqual(self.folder.run("stop")[0], 0)
        self.started()
        os.kill(first.pid, signal.SIGINT)
        os.kill(first.pid, signal.SIGCONT)
        self.assertEqual(first.wait(60), 0)
        first.communicate()
        self.assertEqual(self.status_of("/ready/command-api"), 200)

    def test_5_what_a_power_loss_left_behind_names_a_living_process(self):
        self.assertEqual(self.folder.run("stop")[0], 0)
        command = ["sleep", "300"]
        stranger = subprocess.Popen((["setpriv", "--reuid", DATABASE_USER, "--clear-groups"] if IS_ROOT else []) + command)
        try:
            data = self.folder.path + "/postgres/data"
            port = self.folder.ports["POSTGRES_PORT"]
            lines = [str(stranger.pid), data, str(int(time.time())), port, "", "127.0.0.1", "", "ready   "]
            for path in (data + "/postmaster.pid", f"{self.folder.path}/sockets/postgres/.s.PGSQL.{port}.lock"):
                with open(path, "w") as f:
                    f.write("\n".join(lines) + "\n")
                os.chmod(path, 0o600)
                owner = os.stat(data)
                os.chown(path, owner.st_uid, owner.st_gid)
            start = time.monotonic()
            self.started()
            self.assertLess(time.monotonic() - start, 40)
            with open(self.folder.path + "/log/postgres.log") as f:
                self.assertIn(f"process {stranger.pid} is another program; removed", f.read())
        finally:
            stranger.kill()
            stranger.wait()

    def test_6_ctrl_c_while_it_starts_stops_all_of_it(self):
        self.assertEqual(self.folder.run("stop")[0], 0)
        process = self.folder.start("run")
        while not (line := process.stdout.readline()).startswith("==> Start"):
            self.assertTrue(line)
        os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=90)
        self.assertEqual((process.returncode, "nothing runs" in said), (130, True), said)
        self.assertEqual([len(found) for found in processes_of(self.folder)], [0, 0])
        self.assertFalse(self.folder.is_locked("lock"))

    @unittest.skipUnless(has_ipv6(), "without IPv6")
    def test_7_the_loopback_of_ipv6_is_an_address_as_any(self):
        self.folder.run("stop")
        code, said = self.folder.run("run", "--detach", LISTEN_ADDRESS="::1", GATEWAY_ADDRESS="::1")
        self.assertEqual(code, 0, said)
        address = f"http://[::1]:{self.folder.ports['GATEWAY_HTTP_PORT']}"
        self.assertIn(address, said)
        with urllib.request.urlopen(address + "/reports/public", timeout=5) as r:
            self.assertEqual(r.status, 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
