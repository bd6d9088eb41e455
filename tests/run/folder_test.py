#!/usr/bin/python3
"""folder_test.py -- which RUN_DIR is taken, what becomes of its files, and which settings are refused before anything is
made. Nothing is started here."""
import fcntl, os, pwd, shutil, signal, subprocess, unittest

from scripts import DATABASE_USER, IS_ROOT, ROOT, SERVICE_USER, Folder


def call(folder, words, **variables):
    """The functions of the scripts themselves: prints what they print."""
    script = f'. {ROOT}/tools/lib.sh; . {ROOT}/tools/run-folder.sh; {words}'
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script, "test"], env=dict(folder.environment, **variables), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    return done.returncode, done.stdout


def give(path, user):
    if IS_ROOT:
        shutil.chown(path, user, pwd.getpwnam(user).pw_gid)


class RunFolder(unittest.TestCase):
    def setUp(self):
        self.folder = Folder()
        self.path = self.folder.path
        self.addCleanup(self.folder.close)

    def make(self, mode=0o755, **files):
        os.mkdir(self.path)
        os.chmod(self.path, mode)
        for name, text in files.items():
            with open(f"{self.path}/{name}", "w") as f:
                f.write(text)

    def mode(self):
        return os.stat(self.path).st_mode & 0o777

    def refused(self, sentence, tool="run", **variables):
        code, said = self.folder.run(tool, given="yes\n", **variables)
        self.assertEqual((code, len(said.splitlines())), (1, 1), said)
        self.assertIn(sentence, said)
        return said

    def test_a_folder_with_files_of_others_is_left_as_it_is(self):
        self.make(0o750, diary="mine")
        for tool in ("run", "clean-data"):
            self.refused("nothing was", tool)
        self.assertEqual((os.listdir(self.path), self.mode()), (["diary"], 0o750))

    def test_folders_with_our_names_do_not_make_it_ours(self):
        self.make(0o755, diary="mine")
        for name in ("conf", "secrets", "postgres"):
            os.mkdir(f"{self.path}/{name}")
        self.refused("not a run folder", "clean-data")
        self.refused("holds files that are not Citywatch's")
        self.assertEqual(sorted(os.listdir(self.path)), ["conf", "diary", "postgres", "secrets"])

    def test_a_link_and_a_file_are_refused(self):
        os.symlink("/tmp", self.path)
        self.refused("symbolic link")
        os.unlink(self.path)
        with open(self.path, "w"):
            pass
        self.refused("not a folder")

    def test_an_empty_folder_is_taken_and_left_empty_with_its_mode(self):
        self.make(0o750)
        self.assertEqual(call(self.folder, "claim_run_folder; hold_run_folder"), (0, ""))
        self.assertEqual(sorted(os.listdir(self.path)), [".citywatch", "lock"])
        os.mkdir(self.path + "/postgres")
        os.chmod(self.path, 0o711)
        with open(self.path + "/diary", "w"):
            pass
        code, said = self.folder.run("clean-data", given="yes\n")
        self.assertEqual((code, "did not make it: diary" in said), (0, True), said)
        self.assertEqual((os.listdir(self.path), self.mode()), (["diary"], 0o750))

    def test_a_folder_that_was_made_goes_as_a_whole_and_only_after_yes(self):
        self.assertEqual(call(self.folder, "claim_run_folder"), (0, ""))
        os.mkdir(self.path + "/postgres")
        self.assertEqual(self.folder.run("clean-data", given="no\n")[0], 1)
        self.assertTrue(os.path.isdir(self.path + "/postgres"))
        self.assertEqual(self.folder.run("clean-data", given="yes\n")[0], 0)
        self.assertFalse(os.path.exists(self.path))

    def test_a_run_folder_of_the_version_before_is_carried_over(self):
        self.make(0o711)
        for name, user in (("conf", pwd.getpwuid(os.geteuid()).pw_name), ("secrets", SERVICE_USER), ("postgres", DATABASE_USER)):
            os.mkdir(f"{self.path}/{name}")
            give(f"{self.path}/{name}", user)
        shutil.copy(ROOT + "/tools/conf/supervisord.conf", self.path + "/conf")
        self.assertEqual(call(self.folder, "claim_run_folder"), (0, ""))
        self.assertTrue(os.path.exists(self.path + "/.citywatch"))

    def test_nothing_is_removed_while_something_lives(self):
        self.assertEqual(call(self.folder, "claim_run_folder; mkdir $RUN_DIR/parts; : >$RUN_DIR/parts/postgres"), (0, ""))
        for name, sentence in (("parts/postgres", "still ending: postgres"), ("lock", "at work")):
            with open(f"{self.path}/{name}", "a+") as f:
                subprocess.run(["flock", "-n", str(f.fileno())], pass_fds=[f.fileno()], check=True)
                self.refused(sentence, "clean-data")
        server = subprocess.Popen(["sleep", "60"], cwd=self.path + "/parts")  # a server started by hand, as far as can be seen
        os.makedirs(self.path + "/postgres")
        os.rename(self.path + "/parts", self.path + "/postgres/data")
        try:
            with open(self.path + "/postgres/data/postmaster.pid", "w") as f:
                f.write(f"{server.pid}\n")
            self.refused(f"process {server.pid}", "clean-data")
            self.assertTrue(os.path.exists(self.path + "/postgres/data/postmaster.pid"))
        finally:
            server.kill()
            server.wait()

    @unittest.skipUnless(IS_ROOT, "else everything runs as one user")
    def test_a_folder_that_the_services_cannot_reach_is_one_sentence(self):
        os.chmod(self.folder.above, 0o700)
        self.refused(f"may not pass through {self.folder.above} (mode 700)")
        self.assertEqual(os.listdir(self.folder.above), [])

    @unittest.skipUnless(IS_ROOT, "else everything runs as one user")
    def test_folders_above_are_made_so_that_the_services_reach_it(self):
        deep = Folder.__new__(Folder)
        deep.environment = dict(self.folder.environment, RUN_DIR=self.path + "/a/b")
        os.umask(0o077)
        self.addCleanup(os.umask, 0o022)
        self.assertEqual(call(deep, "claim_run_folder"), (0, ""))
        self.assertEqual(os.stat(self.path + "/a").st_mode & 0o011, 0o011)

    def test_a_place_where_nothing_can_be_made(self):
        self.refused("cannot be made", RUN_DIR="/proc/citywatch")
        self.refused("may hold only", RUN_DIR="/")

    def test_without_home(self):
        environment = {k: v for k, v in self.folder.environment.items() if k != "HOME"}
        done = subprocess.run([ROOT + "/tools/status"], env=environment, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        self.assertEqual((done.returncode, "nothing runs" in done.stdout), (3, True), done.stdout)
        code, said = call(self.folder, "unset HOME; home")
        self.assertEqual((code, said), (0, pwd.getpwuid(os.geteuid()).pw_dir))

    def test_wrong_words_are_told_at_once_and_leave_nothing(self):
        wrong = dict(LISTEN_ADDRESS="127.0.0.1.example.org", GATEWAY_ADDRESS="example.org", GATEWAY_HTTP_PORT="80",
                     REDIS_PORT="x", CORS_ORIGINS="*", DEMO_ACCOUNTS="yes")
        code, said = self.folder.run("run", seconds=20, **wrong)
        self.assertEqual(code, 1)
        for name in wrong:
            self.assertRegex(said, rf"citywatch: {name}[=:]")
        self.assertEqual((len(said.splitlines()), "CORS_ORIGINS: * is not" in said), (len(wrong), True), said)
        self.assertEqual(os.listdir(self.folder.above), [])
        for address in ("0.0.0.0", "::", "128.0.0.1", "10.1.1.1"):
            self.refused("demo password", LISTEN_ADDRESS=address)
        self.refused("already", REDIS_PORT=self.folder.ports["POSTGRES_PORT"])

    def test_a_domain_that_cannot_work_is_told_at_once(self):
        domain = {"GATEWAY_DOMAIN": "city.example.org", "DEMO_ACCOUNTS": "0"}
        for sentence, wrong in (
                ("not a public name", domain | {"GATEWAY_DOMAIN": "City.example.org"}),
                ("not a public name", domain | {"GATEWAY_DOMAIN": "127.0.0.1"}),
                ("not a public name", domain | {"GATEWAY_DOMAIN": "city.localhost"}),
                ("GATEWAY_DOMAIN=city.example.org is refused while accounts with the demo password exist",
                 domain | {"GATEWAY_ADDRESS": "127.0.0.1", "DEMO_ACCOUNTS": "1"}),
                ("GATEWAY_KEY_FILE is missing", domain | {"GATEWAY_CERT_FILE": "/tmp/c.pem"}),
                ("ACME_EMAIL has no use beside", domain | {"GATEWAY_CERT_FILE": "/c", "GATEWAY_KEY_FILE": "/k", "ACME_EMAIL": "a@b.org"}),
                ("ACME_DIRECTORY=http://acme.org/ is not", domain | {"ACME_DIRECTORY": "http://acme.org/"}),
                ("ACME_EMAIL=nobody is not", domain | {"ACME_EMAIL": "nobody"}),
                ("GATEWAY=nginx gets no certificate for city.example.org by itself", domain | {"GATEWAY": "nginx"}),
                ("GATEWAY=apache is neither caddy nor nginx", {"GATEWAY": "apache"}),
                ("ACME_CHECK_SECONDS=0 is not", {"ACME_CHECK_SECONDS": "0"}),
                ("ACME_CA_FILE is for a domain", {"ACME_CA_FILE": "/tmp/ca.pem"}),
                ("sysctl net.ipv4.ip_unprivileged_port_start=443", domain | {"GATEWAY_HTTPS_PORT": "443"})):
            with self.subTest(sentence):
                self.refused(sentence, **wrong)

    def test_a_domain_listens_on_every_address_and_makes_no_demo_accounts(self):
        script = f'. {ROOT}/tools/lib.sh; . {ROOT}/tools/settings.sh; printf "%s %s" "$GATEWAY_ADDRESS" "$DEMO_ACCOUNTS"'
        environment = {k: v for k, v in self.folder.environment.items() if k != "DEMO_ACCOUNTS"}
        for given, meant in (({}, "127.0.0.1 1"), ({"GATEWAY_DOMAIN": "city.example.org"}, "0.0.0.0 0")):
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], env=dict(environment, **given), text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.assertEqual((done.returncode, done.stdout), (0, meant))

    def test_ctrl_c_before_anything_is_built_says_so_and_leaves_nothing(self):
        os.makedirs(ROOT + "/build", exist_ok=True)
        with open(f"{ROOT}/build/{self.folder.environment['PRESET']}.lock", "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # as another build would
            process = self.folder.start("run")
            while "another build" not in (line := process.stdout.readline()):
                self.assertTrue(line)
            code, said = self.folder.run("clean-data", given="yes\n")
            self.assertEqual((code, "at work" in said), (1, True), said)
            os.killpg(process.pid, signal.SIGINT)
            said, _ = process.communicate(timeout=20)
        self.assertEqual((process.returncode, "interrupted; nothing runs" in said), (130, True), said)
        self.assertEqual(os.listdir(self.folder.above), [])

    def test_origins_are_words(self):
        script = f". {ROOT}/tools/lib.sh; . {ROOT}/tools/settings.sh; cd {ROOT}; check_origins; no_faults; printf %s \"$CORS_PATTERN\""
        for given, pattern in (("https://a.org, http://b.org:81", r"^(https://a\.org|http://b\.org:81)$"), ("", "^()$"),
                               ("http://[::1]:3000", r"^(http://\[::1\]:3000)$")):
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], env=dict(self.folder.environment, CORS_ORIGINS=given),
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.assertEqual((done.returncode, done.stdout), (0, pattern))


if __name__ == "__main__":
    unittest.main(verbosity=2)
