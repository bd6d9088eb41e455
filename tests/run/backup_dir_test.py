#!/usr/bin/python3
"""backup_dir_test.py -- which BACKUP_DIR is taken, and which settings of backups are refused. Nothing is started here; the drill is
tests/end_to_end/backup_test.py."""
import os, shutil, subprocess, unittest

from scripts import DATABASE_USER, IS_ROOT, ROOT, Folder


class BackupDir(unittest.TestCase):
    def setUp(self):
        self.folder = Folder()
        self.addCleanup(self.folder.close)
        self.backup_dir = self.folder.above + "/backups/city"
        self.begin("run")

    def begin(self, name):
        self.folder.environment["RUN_DIR"] = f"{self.folder.above}/{name}"
        os.makedirs(f"{self.folder.above}/{name}/conf")

    def call(self, words, **variables):
        """The functions of the scripts themselves: (exit code, what they print)."""
        script = f". {ROOT}/tools/lib.sh; . {ROOT}/tools/run-folder.sh; . {ROOT}/tools/settings.sh; {words}"
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script, "test"], text=True, timeout=60,
                              env=dict(self.folder.environment, **variables), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def claim(self, backup_dir=None):
        return self.call("claim_backup_dir", BACKUP_DIR=backup_dir or self.backup_dir)

    def refused(self, sentence, backup_dir=None):
        code, said = self.claim(backup_dir)
        self.assertEqual((code, sentence in said, len(said.splitlines())), (1, True, 1), said)

    def test_a_new_folder_is_made_for_the_owner_of_the_cluster_and_taken_again(self):
        for _ in range(2):
            self.assertEqual(self.claim(), (0, ""))
        self.assertEqual(sorted(os.listdir(self.backup_dir)), ["life", "lock", "log", "repo"])
        self.assertEqual(os.stat(self.backup_dir).st_mode & 0o777, 0o700)
        owner = subprocess.check_output(["stat", "-c", "%U", self.backup_dir], text=True).strip()
        self.assertEqual(owner, DATABASE_USER)

    def test_a_city_may_go_on_in_a_second_one(self):
        self.assertEqual(self.claim(), (0, ""))
        self.assertEqual(self.claim(self.folder.above + "/second"), (0, ""))

    def test_that_of_another_life_is_refused_and_changes_nothing(self):
        self.assertEqual(self.claim(), (0, ""))
        self.begin("restored")
        self.refused("needs a BACKUP_DIR of its own")
        self.assertEqual(os.listdir(self.folder.above + "/restored/conf"), [])

    def test_one_whose_disk_is_away_is_not_made_anew(self):
        self.assertEqual(self.claim(), (0, ""))
        shutil.rmtree(self.backup_dir)
        self.refused("is its disk there?")
        self.assertFalse(os.path.exists(self.backup_dir))

    @unittest.skipUnless(IS_ROOT, "gives folders to another user")
    def test_a_folder_of_another_user_or_with_files_of_others_is_left_as_it_is(self):
        os.makedirs(self.backup_dir + "/diary")
        self.refused(f"has to be a folder that belongs to {DATABASE_USER}")
        shutil.chown(self.backup_dir, DATABASE_USER)
        self.refused("holds files that are not backups")
        self.assertEqual(os.listdir(self.backup_dir), ["diary"])

    def test_every_wrong_setting_is_named_in_one_go(self):
        wrong = dict(BACKUP_DIR=self.folder.above + "/run/backups", BACKUP_SECRETS=self.folder.above, BACKUP_KEEP_DAYS="0",
                     BACKUP_FULL_DAYS="a week", BACKUP_WAL_MAX="4GB")
        code, said = self.call("check_words", **wrong)
        self.assertEqual((code, len(said.splitlines())), (1, 6), said)  # the secrets are with both
        for name in wrong:
            self.assertRegex(said, rf"(?m)^citywatch: {name}=")
        for path in ("/", "/tmp/a b"):
            self.assertIn("BACKUP_DIR may hold only", self.call("check_words", BACKUP_DIR=path)[1])

    def test_a_restore_names_what_is_wrong_before_it_makes_anything(self):
        for variables, sentence in ((dict(), "usage: make restore"), (dict(BACKUP_DIR=self.backup_dir), "holds a city already")):
            code, said = self.folder.run("restore", RUN_DIR=self.folder.above + "/run", **variables)
            self.assertEqual((code, sentence in said), (1, True), said)
            open(self.folder.above + "/run/.citywatch", "w").close()


if __name__ == "__main__":
    unittest.main(verbosity=2)
