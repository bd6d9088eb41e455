"""compose_upgrade_test.py -- the images of another version under load: no read fails, each change is done once, and the databases are migrated
while all services are still of the version before. (A read that asks to be as new as a change, while the projector is made anew, is told
that it is not visible yet.) The other version is this one under another name; tests/upgrade has a real one."""
import os, sys, unittest

from containers import ROOT, SERVICES, VERSION, container_city, docker
from city import wait_until
sys.path.insert(1, ROOT + "/tests/upgrade")
from load import Load  # noqa: E402

NEXT, BROKEN = "next", "broken"
READERS_FIRST = ["projector", "query-api", "sla-worker", "command-api"]


class Upgrade(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.c = container_city()
        for image in SERVICES + ["ctl"]:
            docker("tag", f"citywatch/{image}:{VERSION}", f"citywatch/{image}:{NEXT}")
            docker("tag", f"citywatch/{'redis' if image == 'ctl' else image}:{VERSION}", f"citywatch/{image}:{BROKEN}")
        cls.addClassCleanup(docker, "rmi", *[f"citywatch/{i}:{v}" for i in SERVICES + ["ctl"] for v in (NEXT, BROKEN)], check=False)

    def images(self):
        return {s: self.c.inspect(s)["Config"]["Image"] for s in SERVICES}

    def upgrade(self, *words):
        done = self.c.run("docker/upgrade", *words, check=False)
        return done.returncode, done.stdout

    def test_a_version_whose_databases_cannot_be_set_up_changes_no_service(self):
        before = {s: self.c.pid(s) for s in SERVICES}
        self.assertEqual(self.upgrade(BROKEN)[0], 1)
        code, said = self.upgrade("0.0.0")
        self.assertEqual((code, "there is no image citywatch/projector:0.0.0: make images. Nothing was done" in said), (1, True), said)
        self.assertEqual({s: self.c.pid(s) for s in SERVICES}, before)
        self.assertTrue(self.c.is_ready())

    def moves(self, load, order, *words):
        """The services to another version, under load: one after the other, and nothing fails."""
        others = {p: self.c.pid(p) for p in ("postgres", "redis", "mongodb", "gateway")}
        done = load.done
        code, said = self.upgrade(*words)
        self.assertEqual(code, 0, said)
        self.assertEqual(load.failures, [])
        refused = {(method, kind) for _, method, _, kind in load.repeated}
        self.assertLessEqual(refused, {("POST", "/problems/service-away"), ("GET", "/problems/not-yet-visible")})
        self.assertGreater(load.done - done, 50)
        self.assertEqual(self.images(), {s: f"citywatch/{s}:{words[-1]}" for s in SERVICES})
        self.assertEqual(sorted(SERVICES, key=lambda s: self.c.state(s)["StartedAt"]), order)
        self.assertEqual({p: self.c.pid(p) for p in others}, others)

    def test_services_go_over_under_load_and_back(self):
        c = self.c
        override = c.environment["OVERRIDE_FILE"]
        self.addCleanup(os.remove, override)
        with open(override, "w") as f:
            f.write("services: {sla-worker: {mem_limit: 700m}}\n")
        with Load(c) as load:
            wait_until("reports are filed", lambda: len(load.filed) > 20)
            self.moves(load, READERS_FIRST, NEXT)
            self.assertEqual(c.inspect("sla-worker")["HostConfig"]["Memory"], 700 << 20)
            self.moves(load, READERS_FIRST[::-1], "--back", VERSION)
        c.settle()
        stored = c.sql("citywatch_write", "SELECT substr(stream, 8), data->>'content' FROM es_event "
                                          "WHERE type = 'report.created' AND data->>'content' LIKE 'upgrade %'")
        self.assertEqual(sorted(stored), sorted([report, content] for report, (content, _) in load.filed.items()))


if __name__ == "__main__":
    unittest.main(verbosity=2)
