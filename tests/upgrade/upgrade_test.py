#!/usr/bin/python3
"""upgrade_test.py -- the version before and this one side by side on one store under load: forward, back, and forward
again; then this one and a version after it, which has a migration more and a view of another file. No request fails, and each
version reads what the other wrote. Version 0.1.0 refuses while it stops and starts: clients repeat what was answered 503. From
this version on nothing is refused."""
import glob, os, re, subprocess, sys, threading, unittest

import after, before
sys.path.insert(1, before.ROOT + "/tests/end_to_end")
from city import City, wait_until  # noqa: E402
from load import Load  # noqa: E402

ROOT, SERVICES = before.ROOT, before.SERVICES
PROGRAMS = f"{ROOT}/build/{os.environ.get('PRESET', 'asan')}"


def version_of(folder):
    return subprocess.run([folder + "/citywatchctl", "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


class Watch(threading.Thread):
    """Which versions answer, all the time: {("0.1.0", "0.2.0", …): how often}, in the order of SERVICES."""

    def __init__(self, city):
        super().__init__(daemon=True)
        self.city, self.seen, self.stopped = city, [], threading.Event()

    def now(self):
        return tuple(self.city.get("/health/" + s).json.get("version") for s in SERVICES)

    def run(self):
        while not self.stopped.wait(0.05):
            try:
                versions = self.now()
            except (OSError, AttributeError, AssertionError):  # a worker that is starting answers nobody
                continue
            if None not in versions and versions not in self.seen:
                self.seen.append(versions)


class Upgrade(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.old = before.programs()
        cls.next, cls.failing = after.programs()
        cls.city = City("citywatch-upgrade-", PROGRAMS=cls.old)
        del cls.city.environment["PROGRAMS"]

    @classmethod
    def tearDownClass(cls):
        cls.city.stop()

    maxDiff = None

    def moves(self, load, version, *words):
        """The services to that version, under load: nothing fails. Returns the mixtures of versions that were seen."""
        watch, failed, done = Watch(self.city), len(load.failures), load.done
        watch.start()
        self.city.tool("upgrade", *words)
        wait_until("all services are of " + version, lambda: set(watch.now()) == {version})
        watch.stopped.set()
        watch.join(30)
        self.assertEqual(load.failures[failed:], [], f"to {version}: {len(load.failures) - failed} of {load.done - done} requests failed")
        self.assertGreater(load.done - done, 50)
        return [v for v in watch.seen if len(set(v)) > 1]

    def goes_over(self, load, version, *words):
        self.assertGreater(len(self.moves(load, version, *words)), 1)

    def test_both_versions_serve_one_store_forward_and_back(self):
        new, c = version_of(PROGRAMS), self.city
        self.assertNotEqual(new, before.VERSION)
        self.assertEqual(version_of(self.old), before.VERSION)
        with Load(c) as load:
            wait_until("reports are filed", lambda: len(load.filed) > 20)
            self.goes_over(load, new, PROGRAMS)
            self.goes_over(load, before.VERSION, "--back")
            self.goes_over(load, new, "--back")
            repeated = len(load.repeated)
            self.a_migration_that_fails_changes_nothing(load)
            self.goes_over(load, after.VERSION, self.next)
            self.has_what_the_version_after_added()
            self.goes_over(load, new, "--back")
            self.goes_over(load, after.VERSION, "--back")
            self.assertEqual(load.repeated[repeated:], [])
        c.settle()
        self.assertEqual(c.sql("citywatch_read", "SELECT count(*) FROM engine.parked"), [["0"]])
        rows = c.sql("citywatch_write", "SELECT substr(stream, 8), data->>'content' FROM es_event WHERE type = 'report.created'")
        self.assertEqual(sorted(rows), sorted([report, content] for report, (content, _) in load.filed.items()))
        c.tool("ctl", "verify")

    def a_migration_that_fails_changes_nothing(self, load):
        watch, failed = Watch(self.city), len(load.failures)
        running, versions = [self.city.pid(s) for s in SERVICES], watch.now()
        said = self.says("upgrade", self.failing)
        self.assertEqual((said.returncode, "the services go on as they were" in said.stderr), (1, True), said)
        self.assertIn("0901_fails", said.stdout + said.stderr)
        self.assertEqual(([self.city.pid(s) for s in SERVICES], watch.now()), (running, versions))
        self.assertEqual(version_of(self.city.run_dir + "/bin"), versions[0])
        self.assertEqual(self.city.sql("citywatch_write", "SELECT to_regclass('planted_by_half') IS NULL"), [["t"]])
        self.assertEqual(load.failures[failed:], [])

    def has_what_the_version_after_added(self):
        c = self.city
        self.assertEqual(c.sql("citywatch_write", "SELECT count(*) FROM es_event WHERE planted IS NOT NULL"), [["0"]])
        self.assertEqual(c.sql("citywatch_read", f"SELECT count(*) > 20, bool_and(planted) FROM {after.VIEW}.{after.VIEW}"), [["t", "t"]])

    def test_the_same_version_again_changes_nothing(self):
        running = [self.city.pid(s) for s in SERVICES]
        said = self.says("upgrade", self.city.run_dir + "/bin")
        self.assertIn("this is the version that runs", said.stdout)
        self.assertEqual([self.city.pid(s) for s in SERVICES], running)

    def test_programs_that_refuse_the_settings_or_are_missing_change_nothing(self):
        running = [self.city.pid(s) for s in SERVICES]
        folder = self.city.folder + "/wrong"
        os.makedirs(folder)
        self.assertIn("has no citywatchctl; nothing was done", self.says("upgrade", folder).stderr)
        for name in before.PROGRAMS:
            with open(f"{folder}/{name}", "w") as f:
                f.write("#!/bin/sh\necho 'QUERY_MODE is required'; exit 1\n")
            os.chmod(f"{folder}/{name}", 0o755)
        said = self.says("upgrade", folder)
        self.assertIn("refuses the settings, nothing was done: QUERY_MODE is required", said.stderr)
        self.assertEqual([self.city.pid(s) for s in SERVICES], running)
        self.assertTrue(self.city.is_ready())

    def says(self, *words):
        return subprocess.run([ROOT + "/tools/" + words[0], *words[1:]], env=self.city.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=240)


class Written(unittest.TestCase):
    """What this version writes the one before can read: else its projector would park it, and there were no way back."""

    def test_event_types_are_written_one_release_after_they_can_be_read(self):
        unread = {os.path.basename(p) for p in glob.glob(ROOT + "/events/schema/*.json")} - before.schemas()
        types = {name.rsplit(".v", 1)[0] for name in unread}
        rows = {}
        for path in glob.glob(ROOT + "/features/*/events.def"):
            with open(path) as f:
                rows.update({kind: name for name, kind in re.findall(r'E\((\w+),\s*"([a-z_.]+)"', f.read())})
        self.assertGreater(len(rows), 30)
        for path in glob.glob(ROOT + "/features/*/*.c"):
            with open(path) as f:
                text = f.read()
            written = [rows[t] for t in types if not path.endswith("_test.c") and re.search(rf"\bEVENT\(\s*{rows[t]}\b", text)]
            self.assertEqual(written, [], f"{path} writes what version {before.VERSION} cannot read")


if __name__ == "__main__":
    if not before.is_in_history():
        print(f"the history of this checkout has no {before.COMMIT}: there is no version before to build")
        sys.exit(77)
    unittest.main(verbosity=2)
