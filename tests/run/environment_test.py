#!/usr/bin/python3
"""environment_test.py -- no test sees what the caller has exported for a city."""
import json, os, re, subprocess, unittest

from scripts import ROOT

OWN = ROOT + "/tests/support/own_environment"


def readme_variables():
    with open(ROOT + "/README.md") as f:
        settings = f.read().split("### Settings\n")[1].split("\n### ")[0]  # other tables begin with such words, too
    rows = re.findall(r"^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) \|", settings, re.M)
    return {name for row in rows for name in re.findall(r"[A-Z_]+", row)} - {"PRESET"}


class Environment(unittest.TestCase):
    def test_ctest_runs_every_test_by_it(self):
        build = f"{ROOT}/build/{os.environ.get('PRESET', 'asan')}"
        listed = json.loads(subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], check=True,
                                           stdout=subprocess.PIPE).stdout)["tests"]
        self.assertGreater(len(listed), 40)
        self.assertEqual([t["name"] for t in listed if t.get("command", [OWN])[0] != OWN], [])

    def test_nothing_of_it_is_handed_on(self):
        names = readme_variables()
        self.assertGreater(len(names), 30)
        exported = dict(os.environ, PGHOST="nowhere", http_proxy="http://nowhere", **dict.fromkeys(names, "exported"))
        seen = subprocess.run([OWN, "env"], env=exported, check=True, stdout=subprocess.PIPE, text=True).stdout
        self.assertNotRegex(seen, "exported|nowhere")
        self.assertRegex(seen, "(?m)^PATH=")

    def test_nor_to_a_city_that_is_started_by_hand(self):
        exported = dict(os.environ, **dict.fromkeys(readme_variables(), "exported"))
        code = f"import sys; sys.path.insert(0, '{ROOT}/tests/end_to_end'); import city, os; print(*os.environ.values())"
        seen = subprocess.run(["/usr/bin/python3", "-c", code], env=exported, check=True, stdout=subprocess.PIPE, text=True).stdout
        self.assertNotIn("exported", seen)


if __name__ == "__main__":
    unittest.main(verbosity=2)
