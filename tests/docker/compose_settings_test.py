"""compose_settings_test.py -- settings of SETTINGS_FILE reach services and gateway; with one that a service does not accept nothing
is replaced, neither by `docker-compose up` nor by docker/upgrade."""
import unittest

from containers import SERVICES, VERSION, container_city


class Settings(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.c = container_city()

    def settings(self, text):
        path = self.c.folder + "/settings.env"
        with open(path, "w") as f:
            f.write(text)
        return self.c.settings(SETTINGS_FILE=path)

    def pids(self):
        return {part: self.c.pid(part) for part in SERVICES + ["gateway"]}

    def test_what_a_service_does_not_accept_replaces_nothing(self):
        self.addCleanup(self.c.up)
        before = self.pids()
        with self.settings("COMMAND_WAIT_MS=soon\n"):  # which two of them read
            said = self.c.compose("run", "--rm", "command-api-check", check=False)
            failed = self.c.compose("up", "-d", "--no-build", check=False)
            upgraded = self.c.run("docker/upgrade", VERSION, check=False)
        self.assertIn("COMMAND_WAIT_MS", said)
        self.assertRegex(failed, 'for roles .*exited with code 1')  # nothing is migrated
        self.assertEqual(upgraded.returncode, 1)
        self.assertIn("COMMAND_WAIT_MS", upgraded.stdout)
        self.assertIn(f"of version {VERSION} refuses the settings. Nothing was done", upgraded.stdout)
        self.assertEqual(self.pids(), before)
        self.assertTrue(self.c.is_ready())

    def test_services_and_gateway_are_told(self):
        self.addCleanup(self.c.up)
        with self.settings("MAX_BODY_BYTES=2000\n"):
            self.c.up()
            given = [e for part in SERVICES + ["gateway"] for e in self.c.inspect(part)["Config"]["Env"]]
            self.assertEqual(given.count("MAX_BODY_BYTES=2000"), len(SERVICES) + 1)
            answer = self.c.post("/reports", {"content": "x" * 1990, "category": "infrastruktur"}, "citizen1")
            self.assertEqual(answer.status, 413)
            self.c.file_report()


if __name__ == "__main__":
    unittest.main(verbosity=2)
