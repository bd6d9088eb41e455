"""metrics_test.py -- a real Prometheus and Debian's exporters (tools/monitor) against the whole city: every query of the
dashboards and every rule is asked, and the metrics that the README names are there."""
import glob, json, os, re, signal, subprocess, sys, time, unittest, urllib.error, urllib.parse, urllib.request

import yaml

from city import ROOT, city, free_ports, wait_until

sys.path.insert(0, ROOT + "/tests/support")
import promql

PORTS = ("PROMETHEUS_PORT", "POSTGRES_EXPORTER_PORT", "REDIS_EXPORTER_PORT", "NODE_EXPORTER_PORT")
SERVICES = ("command-api", "query-api", "sla-worker", "projector")
# A container may show none of its file systems to the exporter; ALERTS has a series while something is wrong.
MAY_BE_EMPTY = {"ALERTS", "node_filesystem_avail_bytes", "node_filesystem_size_bytes"}


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def dashboards():
    for path in sorted(glob.glob(ROOT + "/monitoring/dashboards/*.json")):
        for panel in json.loads(read(path))["panels"]:
            for target in panel["targets"]:
                yield f"{os.path.basename(path)}: {panel['title']}", target["expr"]


def rules():
    for path in sorted(glob.glob(ROOT + "/monitoring/rules/*.yml")):
        for group in yaml.safe_load(read(path))["groups"]:
            yield from ((rule["alert"], rule["expr"]) for rule in group["rules"])


class Monitor:
    """tools/monitor, with a scrape each second."""

    def __init__(self, c):
        self.ports = dict(zip(PORTS, map(str, free_ports(len(PORTS)))))
        self.process = subprocess.Popen([ROOT + "/tools/monitor"], env=dict(c.environment, SCRAPE_SECONDS="1", **self.ports),
                                        stdin=subprocess.DEVNULL)

    def ask(self, path, **parameters):
        url = f"http://127.0.0.1:{self.ports['PROMETHEUS_PORT']}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as e:
            if e.code == 503:  # it starts
                raise
            raise AssertionError(f"{parameters}: {json.load(e)['error']}") from None

    def series(self, query):
        return self.ask("query", query=query)["result"]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.c = c = city()
        cls.monitor = Monitor(c)
        try:
            cls.live()
        except BaseException:
            cls.monitor.stop()
            raise

    @classmethod
    def live(cls):
        c, m = cls.c, cls.monitor
        wait_until("Prometheus answers", lambda: m.series("up"), 40)
        c.file_report()
        c.get("/reports/public")
        c.get("/cases/inbox", "officer1")
        wait_until("all eight are scraped", lambda: len(m.series("up == 1")) == 8, 40)
        wait_until("each has been scraped five times", lambda: not m.series("min(count_over_time(up[1h])) < 5"), 40)

    @classmethod
    def tearDownClass(cls):
        code = cls.monitor.stop()
        assert code == 0, code

    def test_every_query_of_the_dashboards_gives_a_series(self):
        asked = list(dashboards())
        self.assertGreater(len(asked), 60)
        for where, query in asked:
            with self.subTest(where, query=query):
                found = self.monitor.series(query)
                names = {name for name, _ in promql.selectors(query)}
                if names and not names <= MAY_BE_EMPTY:
                    self.assertTrue(found)

    def test_every_rule_can_be_asked_and_names_what_there_is(self):
        asked = list(rules())
        self.assertGreater(len(asked), 20)
        for name, query in asked:
            with self.subTest(name):
                self.monitor.series(query)
                for metric, selector in promql.selectors(query):
                    if metric not in MAY_BE_EMPTY:
                        self.assertTrue(self.monitor.series(selector), selector)

    def test_prometheus_takes_the_rules_and_none_of_them_fails(self):
        loaded = [rule for group in self.monitor.ask("rules")["groups"] for rule in group["rules"]]
        self.assertEqual({rule["name"] for rule in loaded}, {name for name, _ in rules()})
        wait_until("each rule was evaluated", lambda: all(
            rule["health"] == "ok" for group in self.monitor.ask("rules")["groups"] for rule in group["rules"]), 20)

    def test_a_scrape_shows_every_metric_that_the_readme_names(self):
        rows = promql.metric_rows(read("platform/process/metrics.def"))
        section = read("README.md").split("### Metrics and what to alert on")[1].split("\n### ")[0]
        named = {name for name in re.findall(r"\b[a-z]+_[a-z_]+\b", section) if promql.row_of(name, rows)}
        self.assertGreater(len(named), 15)
        shown = set(self.monitor.ask("label/__name__/values"))
        self.assertEqual({n for n in named if not {n, n + "_count"} & shown}, set())

    def test_a_service_that_is_stopped_is_an_alert_that_waits(self):
        c, m = self.c, self.monitor
        state = lambda: {a["labels"]["service"] for a in m.ask("alerts")["alerts"] if a["labels"]["alertname"] == "ServiceDown"}
        self.assertEqual(state(), set())
        c.supervisor("stop", "sla-worker")
        try:
            wait_until("the alert is pending", lambda: state() == {"sla-worker"}, 20)
        finally:
            c.supervisor("start", "sla-worker")
        wait_until("it is over", lambda: state() == set(), 40)
        wait_until("the city is ready", c.is_ready, 40)


if __name__ == "__main__":
    unittest.main(verbosity=2)
