"""compose_backup_test.py -- the drill with pgBackRest in containers: a city archives and is backed up while it runs; it is restored to a moment,
beside itself, into volumes that are new, and goes on there in a new epoch."""
import glob, json, os, shutil, tempfile, time, unittest

from containers import ContainerCity, docker
from city import free_ports, wait_until

DATABASE_USER = 10002


class Backup(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        above = tempfile.mkdtemp(prefix="citywatch-backups-", dir="/tmp")
        cls.addClassCleanup(shutil.rmtree, above, ignore_errors=True)
        os.chmod(above, 0o755)
        cls.backup_dir = above + "/city"
        os.mkdir(cls.backup_dir, 0o700)
        os.chown(cls.backup_dir, DATABASE_USER, DATABASE_USER)
        cls.c = ContainerCity(BACKUP_DIR=cls.backup_dir, CITYWATCH_NETWORK="10.217.%d" % (os.getpid() % 256))
        cls.addClassCleanup(cls.c.stop)
        cls.c.up()

    def check(self, *words):
        """{part: (ok, what)}"""
        said = self.c.compose("run", "--rm", "backup-check", "--json", *words, check=False)
        lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
        return {line["part"]: (line["ok"], line["what"]) for line in lines}

    def moment(self):
        return self.c.sql("citywatch_write", "SELECT now()")[0][0]

    def backup(self):
        done = self.c.run("docker/backup", check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def restored(self, **more):
        """(that city, which shares the secrets; what docker/restore said)"""
        r = ContainerCity.__new__(ContainerCity)
        r.__dict__.update(self.c.__dict__, tokens={}, folder=tempfile.mkdtemp(prefix="citywatch-docker-", dir="/tmp"),
                          ports=dict(zip(self.c.ports, free_ports(2))))
        r.environment = dict(self.c.environment, COMPOSE_PROJECT_NAME=os.path.basename(r.folder), **{k: str(v) for k, v in r.ports.items()},
                             CITYWATCH_NETWORK="10.218.%d" % (os.getpid() % 256), **more)
        self.addCleanup(r.stop)
        done = r.run("docker/restore", check=False)
        return r, done

    def test_1_it_is_backed_up_while_it_runs(self):
        c, cls = self.c, Backup
        self.assertEqual(self.check("--no-verify")["backup"], ("NO", "there is none: docker/backup"))
        self.assertIn("archive", c.get("/ready/command-api").json["dependencies"])
        cls.too_early = self.moment()
        cls.kept = [c.file_report()["report_id"] for _ in range(3)]
        self.assertIn("(full)", self.backup())
        cls.kept += [c.file_report()["report_id"] for _ in range(3)]  # in the archive alone
        self.assertIn("(diff)", self.backup())
        cls.kept += [c.file_report()["report_id"] for _ in range(3)]
        c.settle()
        cls.time = self.moment()
        time.sleep(0.01)
        cls.lost = [c.file_report()["report_id"] for _ in range(3)]
        c.settle()
        parts = self.check()
        self.assertEqual({part for part, (ok, _) in parts.items() if ok == "yes"},
                         {"backup", "full backup", "waiting", "archive", "holes", "files"}, parts)
        for name in os.listdir(c.secrets):
            self.assertEqual(glob.glob(f"{self.backup_dir}/**/{name}", recursive=True), [])

    def test_2_a_file_that_is_missing_is_found(self):
        newest = sorted(glob.glob(f"{self.backup_dir}/repo/archive/citywatch/*/*/*-*.zst"))[-2]
        os.rename(newest, self.backup_dir + "/taken")
        try:
            self.assertEqual(self.check("--no-verify")["hole"][0], "NO")
        finally:
            os.rename(self.backup_dir + "/taken", newest)

    def test_3_a_restore_that_cannot_be_is_refused_and_leaves_nothing(self):
        for sentence, settings in (("is too early", dict(TIME=self.too_early)), ("is still to come", dict(TIME="2099-01-01 00:00:00+00")),
                                   ("holds no backups", dict(BACKUP_DIR=self.c.folder)), ("is no folder", dict(BACKUP_DIR="/nothing"))):
            with self.subTest(sentence):
                r, done = self.restored(**settings)
                self.assertEqual((done.returncode, sentence in done.stdout), (1, True), done.stdout)
                self.assertEqual(docker("volume", "ls", "-q", "--filter", f"name={r.environment['COMPOSE_PROJECT_NAME']}"), "")
        said = self.c.run("docker/restore", check=False).stdout
        self.assertIn("has volumes or containers already; a restore makes a new city", said)
        name = self.c.environment["COMPOSE_PROJECT_NAME"]
        for other in (name.capitalize(), f'"{name}"'):  # docker-compose takes them for the name of the city that runs
            said = self.c.run("docker/restore", "COMPOSE_PROJECT_NAME=" + other, check=False).stdout
            self.assertIn("is not of small letters, digits, _ and -. Nothing was changed", said)
        self.assertTrue(self.c.is_ready())

    def test_4_it_goes_on_from_a_moment_in_a_new_epoch(self):
        r, done = self.restored(TIME=self.time)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertTrue(self.c.is_ready())  # the other one runs on
        r.compose("up", "-d", "--no-build", "postgres")
        wait_until("the BACKUP_DIR of the other life is refused",
                   lambda: "needs a BACKUP_DIR of its own" in r.compose("logs", "--tail", "20", "postgres"), 30)
        r.environment["BACKUP_DIR"] = ""
        r.up()
        epoch = r.sql("citywatch_write", "SELECT epoch FROM es_store")[0][0]
        self.assertGreater(int(epoch), int(self.c.sql("citywatch_write", "SELECT epoch FROM es_store")[0][0]))
        wait_until("views and Redis are of the new life",
                   lambda: r.sql("citywatch_read", "SELECT DISTINCT epoch FROM engine.lane") == [[epoch]]
                   and r.redis("HGET", "{events}:meta", "epoch") == epoch, 60)
        r.settle(60)
        self.assertEqual([rid for rid in self.kept if r.get(f"/reports/{rid}").status != 200], [])
        self.assertEqual([rid for rid in self.lost if r.get(f"/reports/{rid}").status != 404], [])
        self.assertEqual([rid for rid in self.kept + self.lost if self.c.get(f"/reports/{rid}").status != 200], [])
        r.file_report()
        with r.settings(COMPOSE_PROFILES="full", GATEWAY_ADDRESS="0.0.0.0"):
            self.assertIn("accounts with the demo password exist", r.compose("run", "--rm", "--no-deps", "databases", check=False))


if __name__ == "__main__":
    unittest.main(verbosity=2)
