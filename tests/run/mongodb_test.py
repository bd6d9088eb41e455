#!/usr/bin/python3
"""mongodb_test.py -- which server for documents a city gets (tools/conf/start-mongodb), without a city: programs that say what
they were called with stand for mongod, for FerretDB and for its build."""
import os, shutil, signal, subprocess, tempfile, time, unittest

from scripts import ROOT, SERVICE_USER
from city import wait_until

SAYS = '#!/bin/bash\necho "$(id -un) $(ps -o nice= -p $$ | tr -d " ") ${0##*/} $*"\n'


class StartMongodb(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="citywatch-mongodb-", dir="/tmp")
        os.chmod(self.folder, 0o755)
        self.addCleanup(shutil.rmtree, self.folder)
        self.run_dir, self.root, self.bin = (f"{self.folder}/{name}" for name in ("run", "root", "bin"))
        for path in ("/run/conf", "/run/parts", "/run/bin", "/run/mongodb", "/root/tools/mongodb", "/root/build/mongodb", "/bin"):
            os.makedirs(self.folder + path)
        self.write("/run/conf/build-environment", f'declare -x PATH="{self.bin}:/usr/bin:/bin"\ndeclare -x GOPROXY="here"\n')
        self.write("/run/parts/services", "", 0o644)
        shutil.chown(self.run_dir + "/mongodb", SERVICE_USER)
        self.write("/root/tools/mongodb/build", '#!/bin/bash\necho "built by $GOPROXY"\n')
        self.write("/root/build/mongodb/citywatch-mongodb", SAYS)

    def write(self, path, text, mode=0o755):
        with open(self.folder + path, "w") as f:
            f.write(text)
        os.chmod(self.folder + path, mode)

    def start(self, own="1"):
        environment = dict(PATH="/usr/bin:/bin", RUN_DIR=self.run_dir, ROOT=self.root, OWN_MONGODB=own, MONGODB_PORT="8017",
                           SERVICE_USER=SERVICE_USER)
        return subprocess.Popen(["/bin/bash", ROOT + "/tools/conf/start-mongodb"], env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)

    def said(self, code=0, **more):
        process = self.start(**more)
        text, _ = process.communicate(timeout=20)
        self.assertEqual(process.returncode, code, text)
        return text

    def test_mongod_on_path_comes_first(self):
        self.write("/bin/mongod", SAYS)
        said = self.said()
        self.assertRegex(said, rf"^{SERVICE_USER} 19 mongod --dbpath {self.run_dir}/mongodb/mongod --bind_ip 127.0.0.1 --port 8017 .*--tlsCAFile {self.run_dir}/secrets/mongodb.pem ")
        self.assertEqual(os.stat(self.run_dir + "/mongodb/mongod").st_mode & 0o777, 0o700)

    def test_else_ferretdb_is_built_and_a_copy_of_it_runs(self):
        said = self.said()
        self.assertIn("built by here\n", said)
        self.assertIn(f"\n{SERVICE_USER} 19 citywatch-mongodb {self.run_dir}/mongodb/ferretdb 127.0.0.1:8017 {self.run_dir}/secrets/mongodb.pem\n", said)
        self.write("/root/build/mongodb/citywatch-mongodb", SAYS + "echo newer\n")
        self.assertIn("newer", self.said())

    def test_who_began_with_ferretdb_stays_with_it(self):
        self.said()
        self.write("/bin/mongod", SAYS)
        self.assertIn(" citywatch-mongodb ", self.said())

    def test_a_uri_of_another_server_starts_none(self):
        self.write("/bin/mongod", SAYS)
        said = self.said(own="0", code=3)  # which supervisor leaves at that
        self.assertIn("MONGODB_URI names a server", said)
        self.assertEqual(os.listdir(self.run_dir + "/mongodb"), [])

    def test_a_build_that_fails_is_told_and_tried_again_later(self):
        self.write("/root/tools/mongodb/build", "#!/bin/bash\necho no network\nexit 1\n")
        process = self.start()
        try:
            lines = [process.stdout.readline() for _ in range(2)]
            self.assertEqual(lines[0], "no network\n")
            self.assertIn("there is no server for documents", lines[1])
            time.sleep(0.5)
            self.assertIsNone(process.poll())
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=10)
            process.stdout.close()


class Build(unittest.TestCase):
    """tools/mongodb/build, in a copy of what it needs: the Go that it finds writes down how it was called."""
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="citywatch-mongodb-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.root)
        shutil.copytree(ROOT + "/tools/mongodb", self.root + "/tools/mongodb")
        shutil.copy(ROOT + "/tools/lib.sh", self.root + "/tools/lib.sh")
        os.mkdir(self.root + "/bin")
        self.fetched = self.root + "/fetched"  # for FerretDB
        os.mkdir(self.fetched)
        self.write("/tools/mongodb/ferretdb.patch", "--- a/one.go\n+++ b/one.go\n@@ -1 +1 @@\n-a\n+b\n")
        self.write("/fetched/one.go", "a\n")

    def write(self, path, text):
        with open(self.root + path, "w") as f:
            f.write(text)

    def go(self, version, builds="cp /bin/true"):
        with open(self.root + "/bin/go", "w") as f:
            f.write(f'#!/bin/bash\nif [ "$1" = env ]; then echo {version}; exit; fi\necho "go $1 nice $(nice)" >>{self.root}/calls\n'
                    f'if [ "$1" = list ]; then echo {self.fetched}; fi\nif [ "$1" != build ]; then exit; fi\n'
                    f'while [ "$1" != -o ]; do shift; done\n{builds} "$2"\n')
        os.chmod(self.root + "/bin/go", 0o755)

    def environment(self):
        return dict(PATH=self.root + "/bin:/usr/bin:/bin", RUN_DIR=self.root + "/run", PIP_INDEX_URL="http://127.0.0.1:9/")

    def build(self):
        return subprocess.run([self.root + "/tools/mongodb/build"], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              umask=0o077, env=self.environment())

    def calls(self, what="go build"):
        with open(self.root + "/calls") as f:
            return [call for call in f.read().splitlines() if call.startswith(what)]

    def test_it_builds_once_for_each_version_of_its_sources(self):
        self.go("go1.24.0")
        for _ in range(2):
            self.assertEqual(self.build().returncode, 0)
        self.assertEqual(self.calls(), ["go build nice 19"])
        self.assertEqual(set(call.split(" nice ")[1] for call in self.calls("go")), {"19"})
        with open(self.root + "/build/mongodb/ferretdb/one.go") as f:
            self.assertEqual(f.read(), "b\n")
        with open(self.root + "/tools/mongodb/main.go", "a") as f:
            f.write("\n")
        self.assertEqual(self.build().returncode, 0)
        self.assertEqual(len(self.calls()), 2)
        self.assertEqual(os.stat(self.root + "/build/mongodb").st_mode & 0o777, 0o755)  # whoever builds next may be another
        self.assertTrue(os.access(self.root + "/build/mongodb/citywatch-mongodb", os.X_OK))

    def test_a_failure_is_a_sentence_and_leaves_nothing_that_passes_for_built(self):
        self.go("go1.26.1", builds="false")
        done = self.build()
        self.assertEqual((done.returncode, "FerretDB could not be built" in done.stdout), (1, True), done.stdout)
        self.assertEqual(self.build().returncode, 1)
        self.assertEqual(len(self.calls()), 2)

    def test_a_change_that_does_not_fit_is_a_failure(self):
        self.go("go1.24.0")
        self.write("/fetched/one.go", "another\n")
        done = self.build()
        self.assertEqual((done.returncode, "FerretDB could not be built" in done.stdout), (1, True), done.stdout)
        self.assertEqual(self.calls(), [])

    def test_who_stops_the_group_stops_the_build(self):
        self.go("go1.26.1", builds="exec sleep 60.7531 #")
        process = subprocess.Popen([self.root + "/tools/mongodb/build"], env=self.environment(), start_new_session=True,
                                   stdout=subprocess.DEVNULL)
        sleeps = ["pgrep", "-f", "^sleep 60.7531"]
        wait_until("it builds", lambda: subprocess.run(sleeps, stdout=subprocess.DEVNULL).returncode == 0, 10)
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=10)
        wait_until("nothing is left", lambda: subprocess.run(sleeps, stdout=subprocess.DEVNULL).returncode == 1, 5)

    def test_an_old_go_is_passed_over_for_the_pinned_one(self):
        self.go("go1.19.8")
        done = self.build()  # whose index of packages is nowhere
        self.assertEqual((done.returncode, "Go could not be fetched" in done.stdout), (1, True), done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
