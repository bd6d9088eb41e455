"""backup_test.py -- the drill with pgBackRest: a city archives and is backed up while it runs; what is damaged is found; it is
restored to a moment, beside the city that still runs, into a run folder of its own, and goes on there in a new epoch."""
import copy, glob, json, os, shutil, subprocess, tempfile, time, unittest

from city import City, ROOT, wait_until

SECRETS = ("server.secret", "pseudonym.secret", "audit.key", "token.pem", "token.public.pem")
TRACK = "00000000-0000-7000-8000-000000000001"
# What the log says, whoever reads it.
DIGEST = ("SELECT md5(string_agg(concat_ws('|', position, stream, version, event_id, type, schema, data, meta), ';' ORDER BY position)) "
          "FROM es_event WHERE position <= {}")


class Backup(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.above = tempfile.mkdtemp(prefix="citywatch-backups-", dir="/tmp")
        os.chmod(cls.above, 0o755)
        cls.backup_dir, cls.secrets = cls.above + "/backup", cls.above + "/secrets"
        cls.c = City("citywatch-backup-", BACKUP_DIR=cls.backup_dir, BACKUP_SECRETS=cls.secrets)
        cls.restored = copy.copy(cls.c)  # another run folder, with the same ports
        cls.restored.run_dir, cls.restored.tokens = cls.c.folder + "/restored", {}
        cls.restored.environment = dict(cls.c.environment, RUN_DIR=cls.restored.run_dir)
        del cls.restored.environment["BACKUP_DIR"], cls.restored.environment["BACKUP_SECRETS"]

    @classmethod
    def tearDownClass(cls):
        cls.restored.tool("stop")
        cls.c.stop()
        shutil.rmtree(cls.above, ignore_errors=True)

    def run_tool(self, city, name, *words, **more):
        done = subprocess.run([f"{ROOT}/tools/{name}", *words], env=dict(city.environment, **more), text=True, timeout=120,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def restore(self, run_dir=None, **more):
        return self.run_tool(self.c, "restore", RUN_DIR=run_dir or self.restored.run_dir, **more)

    def refused(self, sentence, run_dir=None, **more):
        self.addCleanup(shutil.rmtree, self.restored.run_dir, ignore_errors=True)
        code, said = self.restore(run_dir, **more)
        self.assertEqual((code, sentence in said), (1, True), said)
        self.assertFalse(os.path.exists(self.restored.run_dir))

    def check(self, *words):
        """(exit code, {part: (ok, what)}); of several lines of a part the last."""
        code, said = self.run_tool(self.c, "ctl", "backup", "check", "--json", *words)
        lines = [json.loads(line) for line in said.splitlines()]
        return code, {line["part"]: (line["ok"], line["what"]) for line in lines}

    def archived(self):
        return sorted(glob.glob(f"{self.backup_dir}/repo/archive/citywatch/*/*/*-*.zst"))

    def archive(self):
        return self.c.get("/ready/command-api").json["dependencies"]["archive"]

    def moment(self):
        return self.c.sql("citywatch_write", "SELECT now()")[0][0]

    def test_1_backed_up_while_it_runs(self):
        c, cls = self.c, Backup
        self.assertEqual(self.check("--no-verify")[1]["backup"], ("NO", "there is none: make backup"))
        cls.before = self.moment()
        cls.kept = [c.file_report()["report_id"] for _ in range(5)]
        code, said = self.run_tool(c, "backup")
        self.assertEqual((code, "(full)" in said), (0, True), said)
        cls.kept += [c.file_report()["report_id"] for _ in range(5)]  # in the archive alone
        code, said = self.run_tool(c, "backup")
        self.assertEqual((code, "(diff)" in said), (0, True), said)
        cls.kept += [c.file_report()["report_id"] for _ in range(5)]
        c.sql("citywatch_read", f"INSERT INTO positions.track VALUES ('{TRACK}', now(), 1, -6.2, 106.8)")  # no log has it
        cls.head = c.settle()
        cls.digest = c.sql("citywatch_write", DIGEST.format(cls.head))
        cls.time = self.moment()
        cls.place = c.redis("XREVRANGE", "{events}:report", "+", "-", "COUNT", "1").split("\n")
        time.sleep(0.01)
        cls.lost = [c.file_report()["report_id"] for _ in range(5)]
        c.settle()
        code, parts = self.check()
        self.assertEqual(code, 0, parts)
        self.assertEqual({part for part, (ok, _) in parts.items() if ok == "yes"},
                         {"backup", "full backup", "waiting", "archive", "holes", "files"})
        for name in SECRETS:
            self.assertEqual(glob.glob(f"{self.backup_dir}/**/{name}", recursive=True), [])
        self.assertEqual(os.stat(self.secrets + "/secrets.tar").st_mode & 0o777, 0o600)

    def flip(self, path):
        """One bit of it; the same again takes it back."""
        with open(path, "r+b") as f:
            f.seek(3000)
            byte = f.read(1)[0] ^ 1
            f.seek(3000)
            f.write(bytes([byte]))

    def test_2_what_is_damaged_or_missing_is_found(self):
        bundle = sorted(glob.glob(f"{self.backup_dir}/repo/backup/citywatch/*F/bundle/1"))[0]
        self.flip(bundle)
        try:
            code, parts = self.check()
        finally:
            self.flip(bundle)
        self.assertEqual((code, parts["files"][0]), (1, "NO"), parts)
        self.assertRegex(parts["damaged"][1], "invalid checksum '.*F/pg_data/")
        newest = self.archived()[-1]  # behind the newest backup, and not the last one before long
        self.assertEqual(self.check("--no-verify")[0], 0)
        os.rename(newest, self.above + "/taken")
        try:
            code, parts = self.check("--no-verify")
            self.assertEqual((code, parts["hole"][0]), (1, "NO"), parts)
            self.refused("the next file is missing or damaged")
        finally:
            os.rename(self.above + "/taken", newest)
        self.assertEqual(self.check()[0], 0)

    def test_3_what_cannot_be_archived_is_told_at_once(self):
        c = self.c
        os.rename(self.backup_dir + "/repo", self.backup_dir + "/away")
        try:
            c.file_report()
            c.sql("citywatch_write", "SELECT pg_switch_wal()")
            wait_until("/ready tells it", lambda: "not archived since" in self.archive().get("reason", ""), 20)
            self.assertEqual(c.get("/ready/command-api").json["status"], "degraded")
            self.assertEqual(self.run_tool(c, "ctl", "backup", "check", "--no-verify")[0], 1)
            made = c.file_report()  # nobody waits for it
        finally:
            os.rename(self.backup_dir + "/away", self.backup_dir + "/repo")
        c.sql("citywatch_write", "SELECT pg_switch_wal()")  # else it tries again within a minute
        wait_until("/ready is itself again", lambda: c.get("/ready/command-api").json["status"] == "ready", 30)
        self.assertNotIn("reason", self.archive())
        self.assertEqual(self.check("--no-verify")[0], 0)
        self.assertEqual(c.get(f"/reports/{made['report_id']}").status, 200)

    def test_4_a_restore_that_cannot_be_is_refused_and_leaves_nothing(self):
        self.refused("is too early", TIME=self.before)
        self.refused("is still to come", TIME="2099-01-01 00:00:00+00")
        self.refused("is not a time with its zone", TIME="2026-11-29 10:00:00")
        self.refused("holds a city already", run_dir=self.c.run_dir, TIME=self.time)
        self.refused("holds no backups", TIME=self.time, BACKUP_DIR=self.above + "/nothing")
        self.refused("have to be apart", run_dir=self.backup_dir + "/run", TIME=self.time)
        os.makedirs(self.above + "/part")
        subprocess.run(["tar", "-C", self.c.run_dir + "/secrets", "-cf", self.above + "/part/secrets.tar", "token.pem"], check=True)
        self.refused("secrets.tar does not hold server.secret", TIME=self.time, BACKUP_SECRETS=self.above + "/part")
        os.makedirs(self.above + "/other/diary")
        self.refused("files that are not Citywatch's", run_dir=self.above + "/other", TIME=self.time)

    def test_5_it_goes_on_from_a_moment_in_a_new_epoch(self):
        c, r = self.c, self.restored
        code, said = self.restore(TIME=self.time)
        self.assertEqual(code, 0, said)
        self.assertEqual(c.get(f"/reports/{self.lost[0]}").status, 200)  # the other one runs on, and has lost nothing
        c.tool("stop")
        code, said = self.run_tool(r, "run", "--detach", BACKUP_DIR=self.backup_dir)
        self.assertEqual((code, "BACKUP_DIR of its own" in said), (1, True), said)
        said = self.run_tool(r, "run", "--detach")[1]
        self.assertNotIn("BACKUP_DIR", said)
        epoch = int(r.sql("citywatch_write", "SELECT epoch FROM es_store")[0][0])
        self.assertGreater(epoch, 1)
        wait_until("every service is ready", r.is_ready, 60)
        wait_until("views and Redis are of the new life",
                   lambda: r.sql("citywatch_read", "SELECT DISTINCT epoch FROM engine.lane") == [[str(epoch)]]
                   and r.redis("HGET", "{events}:meta", "epoch") == str(epoch), 60)
        r.settle(60)
        self.assertEqual(r.sql("citywatch_write", DIGEST.format(self.head)), self.digest)
        self.assertEqual(r.sql("citywatch_read", f"SELECT latitude FROM positions.track WHERE unit = '{TRACK}'"), [["-6.2"]])
        for rid in self.kept:
            self.assertEqual(r.get(f"/reports/{rid}").status, 200)
        for rid in self.lost:
            self.assertEqual(r.get(f"/reports/{rid}").status, 404)
        self.assertEqual(self.run_tool(r, "ctl", "verify")[0], 0)
        for name in SECRETS:
            with open(f"{c.run_dir}/secrets/{name}", "rb") as old, open(f"{r.run_dir}/secrets/{name}", "rb") as new:
                self.assertEqual(old.read(), new.read(), name)
        self.follow(epoch)

    def follow(self, epoch):
        """A program outside that kept (epoch, position) finds another epoch in the first entry behind its place."""
        place = self.place[0]
        self.assertEqual(self.place[self.place.index("epoch") + 1], "1")
        made = self.restored.file_report()
        self.restored.settle()
        entries = self.restored.redis("XREAD", "STREAMS", "{events}:report", place).split("\n")
        self.assertEqual(entries[entries.index("epoch") + 1], str(epoch))
        self.assertIn(made["report_id"], "\n".join(entries))

    def test_6_without_backup_dir_nothing_is_other_than_ever(self):
        r = self.restored
        for name in os.listdir(ROOT + "/tools/conf"):
            with open(f"{ROOT}/tools/conf/{name}") as ours, open(f"{r.run_dir}/conf/{name}") as used:
                self.assertEqual(ours.read(), used.read(), name)
        self.assertEqual(r.sql("postgres", "SHOW archive_mode"), [["off"]])
        self.assertFalse(os.path.exists(r.run_dir + "/conf/pgbackrest.conf"))
        self.assertNotIn("archive", r.get("/ready/command-api").json["dependencies"])
        for name, *words in (("backup",), ("ctl", "backup", "check")):
            code, said = self.run_tool(r, name, *words)
            self.assertEqual((code, "without BACKUP_DIR" in said), (1, True), said)

    def test_7_a_moment_behind_the_archive_is_refused_with_where_it_ends(self):
        self.restored.tool("stop")
        code, said = self.restore(self.above + "/late", TIME=time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime()))
        self.assertEqual((code, "the archive ends with the change of" in said), (1, True), said)
        self.assertFalse(os.path.exists(self.above + "/late"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
