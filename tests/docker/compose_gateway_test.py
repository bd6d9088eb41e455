"""compose_gateway_test.py -- the gateway in containers: settings that an operator changes after the first start, those that are wrong, metrics,
nginx in Caddy's place, and a domain whose certificate is from an ACME server (pebble) or from files."""
import os, unittest

from containers import ContainerCity, container_city, docker  # first: it names the folders of the others
from acme import Pebble
from certificate_test import make_certificate
from city import SITE, wait_until
from main_job_test import MainJob
from public_site import DOMAIN, HoldsToHttps, Site

METRICS = {"command-api": "11:8180", "query-api": "12:8181", "sla-worker": "14:8182", "projector": "13:8183", "gateway": "10:8002"}
GATEWAY_USER = 10003


class Settings(unittest.TestCase):
    def test_pages_of_the_named_sites_may_call_and_no_others(self):
        for origin, allowed in ((SITE, SITE), ("https://pages.example.net", None)):
            answer = container_city().get("/reports/public", headers={"Origin": origin})
            self.assertEqual(answer.headers["Access-Control-Allow-Origin"], allowed)

    def test_a_prometheus_in_the_network_of_the_services_reaches_every_metric(self):
        c = container_city()
        for part, place in METRICS.items():
            with self.subTest(part):
                self.assertIn("200 OK", self.asks(c, f"{part}:{place.split(':')[1]}"))
                self.assertIn("200 OK", self.asks(c, f"{c.environment['CITYWATCH_NETWORK']}.{place}"))
        self.assertEqual(c.get("/metrics").status, 404)

    def asks(self, c, place):
        """The first line of what it is told; by another container, as Prometheus would be one."""
        host, port = place.split(":")
        script = f"exec 3<>/dev/tcp/{host}/{port}; printf 'GET /metrics HTTP/1.1\\r\\nHost: {place}\\r\\n\\r\\n' >&3; head -n 1 <&3"
        return docker("run", "--rm", "--network", c.environment["COMPOSE_PROJECT_NAME"] + "_city", "--entrypoint", "/bin/bash",
                      c.inspect("gateway")["Image"], "-c", script)

    def test_wrong_settings_are_told_all_at_once_and_change_nothing(self):
        c = container_city()
        before = c.pid("gateway")
        wrong = {"GATEWAY_HTTPS_PORT": str(c.ports["GATEWAY_HTTP_PORT"]), "CORS_ORIGINS": "pages.example.org", "ACME_EMAIL": "you"}
        with c.settings(**wrong):
            said = c.compose("run", "--rm", "gateway-check", check=False)
            failed = c.compose("up", "-d", "--no-build", check=False)
        for sentence in (f"GATEWAY_HTTPS_PORT={wrong['GATEWAY_HTTPS_PORT']}: that port is given to another part already", "CORS_ORIGINS: pages.example.org is not an origin",
                         "ACME_EMAIL is for a domain: give GATEWAY_DOMAIN, too"):
            self.assertIn("citywatch: " + sentence, said)
        self.assertIn("gateway", failed)
        self.assertEqual(c.pid("gateway"), before)

    def test_a_port_that_the_gateway_has_itself_and_a_file_that_is_missing_are_told(self):
        c = container_city()
        with c.settings(GATEWAY_METRICS_PORT="8000"):
            self.assertIn("GATEWAY_METRICS_PORT=8000: that port is given to another part", c.compose("run", "--rm", "gateway-check", check=False))
        with c.settings(COMPOSE_PROFILES="full", GATEWAY_DOMAIN=DOMAIN, GATEWAY_CERT_FILE="/dev/null", GATEWAY_KEY_FILE="/dev/null"):
            said = c.compose("run", "--rm", "gateway-check", check=False)
        self.assertIn("GATEWAY_CERT_FILE=/run/secrets/gateway.pem cannot be read by the user citywatch-gateway", said)


class BehindNginx(MainJob):
    """All of the main job once more."""
    @classmethod
    def setUpClass(cls):
        cls.c = container_city()
        before = cls.c.environment
        cls.c.environment = dict(before, GATEWAY="nginx")
        cls.c.up()

        def back():
            cls.c.environment = before
            cls.c.up()
        cls.addClassCleanup(back)

    def test_it_is_nginx_and_what_depends_on_nobody_is_kept(self):
        wait_until("an answer that was kept", self.kept, 20)
        self.assertEqual(self.c.get("/health").headers["Server"], "nginx")

    def kept(self):
        trace = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
        first, second = (self.c.get("/categories", headers=trace).headers for _ in range(2))
        return "traceparent" in first and "traceparent" not in second

    def test_it_is_locked_up_as_caddy_is(self):
        with open(f"/proc/{self.c.pid('gateway')}/status") as f:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
        self.assertEqual((status["Uid"].split()[0], status["CapEff"], status["NoNewPrivs"]), (str(GATEWAY_USER), "0" * 16, "1"))
        self.assertTrue(self.c.inspect("gateway")["HostConfig"]["ReadonlyRootfs"])

    def test_it_finishes_what_it_does_when_it_is_stopped(self):
        self.c.compose("stop", "gateway")
        self.assertEqual(self.c.state("gateway")["ExitCode"], 0)
        self.c.up()


del MainJob  # here only behind nginx


class Domain(HoldsToHttps, unittest.TestCase):
    """The ACME server listens where the gateway's network meets this machine."""
    @classmethod
    def setUpClass(cls):
        cls.c = c = ContainerCity("core", CITYWATCH_NETWORK="10.216.%d" % (os.getpid() % 256), GATEWAY_DOMAIN=DOMAIN,
                                  ACME_EMAIL="city@example.org", ACME_CHECK_SECONDS="1")
        cls.addClassCleanup(c.stop)
        c.compose("up", "-d", "--no-build", "postgres")  # makes the networks, too
        edge = docker("network", "inspect", c.environment["COMPOSE_PROJECT_NAME"] + "_edge",
                      "--format", "{{(index .IPAM.Config 0).Gateway}}")
        cls.acme = Pebble(c.folder, c.ports["GATEWAY_HTTP_PORT"], c.ports["GATEWAY_HTTPS_PORT"], 3600, edge)
        cls.addClassCleanup(cls.acme.stop)
        cls.acme.start()
        cls.root, cls.own = cls.acme.root, c.folder + "/localhost.crt"
        c.environment.update(ACME_DIRECTORY=cls.acme.directory, ACME_CA_FILE=cls.acme.ca_file)
        c.compose("up", "-d", "--no-build")
        cls.site = Site(SiteFolder(c))
        cls.shown, cls.version = wait_until("a certificate of pebble", lambda: cls.site.handshake(cls.root), 60)
        with open(cls.own, "w") as f:
            f.write(c.inside("gateway", "cat", "/var/lib/citywatch/gateway/caddy/storage/pki/authorities/local/root.crt"))

    def do(self, verb, service):
        self.c.compose(verb, service)

    def test_a_certificate_is_obtained_from_the_acme_server(self):
        self.assertEqual((self.shown["subjectAltName"], self.version), ((("DNS", DOMAIN),), "TLSv1.3"))
        self.assertIn("Pebble", dict(pair[0] for pair in self.shown["issuer"])["commonName"])
        self.assertEqual(self.site.ask("/health", DOMAIN, cafile=self.root)[0], 200)

    def test_it_is_kept_when_the_gateway_is_made_anew_while_the_acme_server_is_away(self):
        first = self.site.handshake(self.root)[0]["serialNumber"]
        self.acme.stop()
        self.c.compose("rm", "--stop", "--force", "gateway")
        self.c.compose("up", "-d", "--no-build")
        again = wait_until("the domain's certificate", lambda: self.site.handshake(self.root), 30)[0]["serialNumber"]
        self.assertEqual(again, first)

    def test_z_files_take_its_place_by_a_change_of_settings(self):
        folder = self.c.folder
        make_certificate(folder)
        files = {"GATEWAY_CERT_FILE": folder + "/city.pem", "GATEWAY_KEY_FILE": folder + "/city.key", "ACME_CA_FILE": "",
                 "ACME_DIRECTORY": "", "ACME_EMAIL": ""}
        with self.c.settings(**files):
            said = self.c.compose("run", "--rm", "gateway-check", check=False)
            self.assertIn("GATEWAY_KEY_FILE=/run/secrets/gateway.key cannot be read by the user citywatch-gateway", said)
            os.chown(folder + "/city.key", GATEWAY_USER, GATEWAY_USER)
            self.c.compose("up", "-d", "--no-build")
            shown = wait_until("the certificate of the files", lambda: self.site.handshake(folder + "/root.pem"), 30)[0]
        self.assertEqual(shown["subjectAltName"], (("DNS", DOMAIN),))


class SiteFolder:
    """What public_site wants to know of a city."""
    def __init__(self, c):
        self.ports, self.above = c.ports, c.folder


if __name__ == "__main__":
    unittest.main(verbosity=2)
