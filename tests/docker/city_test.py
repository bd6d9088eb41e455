"""city_test.py -- a city in containers does its job, heals by itself, stops cleanly, and is locked up as compose.yml says."""
import os, signal, subprocess, unittest, uuid

from containers import DOCKER, SERVERS, SERVICES, SETUPS, ContainerCity, container_city, docker, wait_until
from main_job_test import MainJob  # its tests are run here, too, in the city in containers


def setUpModule():
    container_city()


class BesideMainJob(unittest.TestCase):
    def test_the_whole_is_healthy(self):
        c = container_city()
        wait_until("healthy", lambda: c.get("/health").json["status"] == "healthy")

    def test_the_event_of_a_report_is_on_redis(self):
        c = container_city()
        made = c.file_report()
        entry = wait_until("the event", lambda: c.redis("XRANGE", "{events}:report", *[f"{made['position']}-0"] * 2))
        self.assertIn(made["report_id"], entry)
        self.assertIn("report.created", entry)

    def test_doctor_finds_no_fault_and_says_what_to_do_in_containers(self):
        c = container_city()
        said = c.compose("run", "--rm", "--no-deps", "ctl", "doctor", check=False)
        self.assertIn("no event is parked", said)
        self.assertNotIn("fault", said)
        self.assertIn("docker-compose run --rm backup-check looks at backups", said)
        self.assertIn("another COMPOSE_PROFILES than demo", said)
        for word in ("make ", "tools/"):
            self.assertNotIn(word, said)

    def test_requests_are_on_record(self):
        c = container_city()
        c.file_report()
        wait_until("a record", lambda: "report" in c.compose("run", "--rm", "--no-deps", "ctl", "audit", "tail"), 60)


class BadDays(unittest.TestCase):
    def healed(self, c, part):
        wait_until(f"{part} is healthy again", lambda: c.state(part).get("Health", {}).get("Status") == "healthy", 90)
        wait_until(f"the city is ready after {part} was killed", c.is_ready, 90)

    def all_there(self, c, reports):
        c.settle(90)
        kept = {row[0] for row in c.sql("citywatch_write", "SELECT stream FROM es_event WHERE type = 'report.created'")}
        self.assertEqual([r for r in reports if f"report-{r}" not in kept], [])
        for report in reports:
            answer = c.get(f"/reports/{report}", "citizen1")
            self.assertEqual(answer.status, 200, answer.raw)

    def test_what_crashes_comes_back_by_itself_and_no_report_is_lost(self):
        c = container_city()
        reports = []
        for part in SERVERS:
            with self.subTest(part):
                reports.append(c.file_report()["report_id"])
                os.kill(c.pid(part), signal.SIGKILL)
                try:  # while it is away: taken or refused, and what was taken counts
                    a = c.post("/reports", {"content": "meanwhile " + uuid.uuid4().hex, "category": "infrastruktur"}, "citizen1")
                    reports += [a.json["report_id"]] if a.status == 201 else []
                except OSError:
                    pass
                self.healed(c, part)
                self.assertGreater(c.inspect(part)["RestartCount"], 0)
        self.all_there(c, reports)

    def test_what_is_killed_by_docker_comes_back_by_up(self):
        c = container_city()
        reports = []
        for part in SERVERS:
            with self.subTest(part):
                reports.append(c.file_report()["report_id"])
                docker("kill", c.container(part))
                self.assertEqual(c.state(part)["Running"], False)
                docker("start", c.container(part))
                self.healed(c, part)
        docker("kill", *[c.container(part) for part in SERVERS])
        c.up()
        self.all_there(c, reports)

    def test_every_server_stops_cleanly_in_its_period(self):
        c = container_city()
        report = c.file_report()["report_id"]
        c.compose("stop")
        ended = {part: c.state(part)["ExitCode"] for part in SERVERS + SETUPS}
        self.assertEqual(ended, dict.fromkeys(ended, 0))
        c.up()
        self.all_there(c, [report])

    def test_a_dump_is_restored_and_a_new_epoch_begins(self):
        c = container_city()
        before = c.file_report()["report_id"]
        c.settle()
        dump = c.folder + "/store.dump"
        c.run("docker/dump", dump)
        after = c.file_report()["report_id"]
        epoch = c.sql("citywatch_write", "SELECT epoch FROM es_store")
        said = c.run("docker/load-dump", dump, "--yes", check=False)
        self.assertEqual(said.returncode, 0, said.stdout)
        wait_until("ready with the restored store", c.is_ready, 120)
        c.settle(90)
        wait_until("ready with views of the new epoch", c.is_ready, 60)
        c.tokens.clear()  # all sessions have ended
        self.all_there(c, [before])
        self.assertEqual(c.get(f"/reports/{after}").status, 404)
        self.assertNotEqual(c.sql("citywatch_write", "SELECT epoch FROM es_store"), epoch)


class LockedUp(unittest.TestCase):
    def test_no_process_is_root_and_none_has_a_capability(self):
        c = container_city()
        for part in SERVERS:
            with self.subTest(part), open(f"/proc/{c.pid(part)}/status") as f:
                status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
                self.assertNotIn("0", status["Uid"].split() + status["Gid"].split())
                self.assertEqual((status["CapEff"], status["CapBnd"]), ("0" * 16, "0" * 16))
                self.assertEqual(status["NoNewPrivs"], "1")

    def test_the_root_file_system_takes_nothing(self):
        c = container_city()
        for part in SERVERS:
            for folder in ("/", "/usr/libexec", "/etc", "/run", "/var/lib/citywatch"):
                with self.subTest(part=part, folder=folder):
                    said = subprocess.run([DOCKER, "exec", "--user", "root", c.container(part), "touch", folder + "/new"],
                                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)
                    self.assertIn("Read-only file system", said.stdout)

    def test_memory_and_processes_are_bounded(self):
        c = container_city()
        for part in SERVERS + SETUPS:
            host = c.inspect(part)["HostConfig"]
            self.assertTrue(host["Memory"] > 0 and host["PidsLimit"] > 0, part)

    def test_only_the_gateway_is_published(self):
        c = container_city()
        published = {part for part in SERVERS if c.inspect(part)["HostConfig"]["PortBindings"]}
        self.assertEqual(published, {"gateway"})
        for bound in c.inspect("gateway")["HostConfig"]["PortBindings"].values():
            self.assertEqual([b["HostIp"] for b in bound], ["127.0.0.1"])
        for part in ("postgres", "redis"):
            self.assertEqual(c.inspect(part)["HostConfig"]["NetworkMode"], "none")

    def test_secrets_are_files_of_their_reader_and_stand_nowhere_else(self):
        c = container_city()
        secrets = {name: os.path.join(c.secrets, name) for name in os.listdir(c.secrets)}
        texts = []
        for name, path in secrets.items():
            status = os.stat(path)
            self.assertEqual(status.st_mode & 0o777, 0o644 if name == "token.public.pem" else 0o600, name)
            self.assertIn(status.st_uid, (10001, 10002), name)
            with open(path, "rb") as f:
                whole = f.read()
            if not name.startswith("token.public"):
                texts += [whole.hex(), whole.decode("latin-1").strip()[-24:]]
        for part in SERVERS + SETUPS:
            image = c.inspect(part)["Image"]
            seen = docker("inspect", c.container(part)) + docker("inspect", image) + docker("history", "--no-trunc", image)
            if part in SERVERS:
                with open(f"/proc/{c.pid(part)}/environ") as f:
                    seen += f.read()
            self.assertEqual([t for t in texts if t in seen], [], part)

    def test_a_service_sees_its_own_secrets_alone(self):
        c = container_city()
        seen = {part: set(c.inside(part, "ls", "/run/secrets").split()) for part in SERVICES}
        self.assertEqual([part for part in seen if "token.pem" in seen[part]], ["command-api"])
        self.assertEqual([part for part in seen if "owner.pgpass" in seen[part]], [])


class Demo(unittest.TestCase):
    def test_demo_accounts_are_refused_where_the_network_listens(self):
        c = container_city()
        for settings in ({"GATEWAY_ADDRESS": "0.0.0.0"}, {"GATEWAY_DOMAIN": "city.example.org"}):
            with self.subTest(settings), c.settings(COMPOSE_PROFILES="full", **settings):
                said = c.compose("run", "--rm", "--no-deps", "databases", check=False)
                self.assertIn("is refused while accounts with the demo password exist: use volumes that never had them", said)


class Core(unittest.TestCase):
    def test_the_profile_core_serves_without_the_record_of_requests(self):
        c = ContainerCity("core", CITYWATCH_NETWORK="10.215.%d" % (os.getpid() % 256))
        try:
            c.compose("up", "-d", "--no-build")
            wait_until("ready", c.is_ready, 90)
            self.assertEqual(c.get("/health").json["status"], "healthy")
            self.assertEqual(c.container("mongodb"), "")
        finally:
            c.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
