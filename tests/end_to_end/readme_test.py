"""readme_test.py -- what README.md shows whoever calls it works as it stands: the commands behind its first door, run
by bash against the city, each request answered with a success."""
import re, subprocess, unittest

from city import ROOT, city

STRICT = """set -euo pipefail
curl() { command curl --fail-with-body --max-time 20 "$@" || { echo "refused: $*" >&2; return 1; }; }
"""


def commands():
    with open(ROOT + "/README.md") as f:
        door = re.search(r"^## I call it\n(.*?)^### Consuming events\n", f.read(), re.M | re.S)[1]
    return re.findall(r"^```sh\n(.*?)^```\n", door, re.M | re.S)


class Readme(unittest.TestCase):
    def test_the_first_door_works_as_it_stands(self):
        c = city()
        blocks = commands()
        self.assertGreater(len(blocks), 5)
        script = "".join(blocks)
        self.assertGreater(script.count("curl "), 9)
        script, replaced = re.subn(r"^CITY=\S+$", f"CITY=http://127.0.0.1:{c.ports['GATEWAY_HTTP_PORT']}", script, flags=re.M)
        self.assertEqual(replaced, 1)
        c.file_report()
        done = subprocess.run(["bash", "-c", STRICT + script], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout[-2000:])
        for word in ('"new_status":"IN_PROGRESS"', '"visibility":"ANONYMOUS"', '"username":"citizen1"'):
            self.assertIn(word, done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
