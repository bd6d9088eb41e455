#!/usr/bin/python3
"""domain_test.py -- a city with a domain: its certificate comes from an ACME server (pebble) and is renewed; without that server
the old one is served on, and a city that never had one runs all the same."""
import http.client, socket, ssl, subprocess, unittest

from acme import Pebble
from city import wait_until
from scripts import Folder

DOMAIN = "city.example.org"
SECONDS = 36  # of a certificate: it is renewed when a third is left


class Domain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Folder()
        cls.addClassCleanup(cls.folder.close)
        ports = cls.folder.ports
        cls.http, cls.https = int(ports["GATEWAY_HTTP_PORT"]), int(ports["GATEWAY_HTTPS_PORT"])
        cls.acme = Pebble(cls.folder.above, cls.http, cls.https, SECONDS)
        cls.addClassCleanup(cls.acme.stop)
        cls.folder.environment.update(GATEWAY_DOMAIN=DOMAIN, GATEWAY_ADDRESS="127.0.0.1", ACME_DIRECTORY=cls.acme.directory,
                                      ACME_CA_FILE=cls.acme.ca_file, ACME_EMAIL="city@example.org", ACME_CHECK_SECONDS="1",
                                      DEMO_ACCOUNTS="0")
        code, cls.said = cls.folder.run("run", "--detach")
        assert code == 0, cls.said

    def handshake(self, name=DOMAIN, cafile=None, **limits):
        """Whom the gateway shows itself as, verified; the TLS version."""
        context = ssl.create_default_context(cafile=cafile or self.acme.root)
        for limit, version in limits.items():
            setattr(context, limit, version)
        with socket.create_connection(("127.0.0.1", self.https), 5) as s, context.wrap_socket(s, server_hostname=name) as tls:
            return tls.getpeercert(), tls.version()

    def ask(self, path, host, method="GET", cafile=None):
        """By HTTPS if there is an authority to trust."""
        if not cafile:
            c = http.client.HTTPConnection("127.0.0.1", self.http, timeout=10)
        else:
            c = http.client.HTTPSConnection("127.0.0.1", self.https, timeout=10)
            c.sock = ssl.create_default_context(cafile=cafile).wrap_socket(
                socket.create_connection(("127.0.0.1", self.https), 5), server_hostname=host)
        try:
            c.request(method, path, headers={"Host": host})
            answer = c.getresponse()
            answer.read()
            return answer.status, answer.headers
        finally:
            c.close()

    def supervisor(self, *words):
        subprocess.run(["supervisorctl", "-c", self.folder.path + "/conf/supervisorctl.conf", *words], check=True,
                       stdout=subprocess.DEVNULL, timeout=60)

    def log(self):
        with open(self.folder.path + "/log/caddy.log") as f:
            return f.read()

    def test_1_without_the_acme_server_the_city_runs_and_has_no_certificate(self):
        self.assertIn(f"https://{DOMAIN} ", self.said)
        self.assertEqual(self.ask("/health", f"127.0.0.1:{self.http}")[0], 200)
        with self.assertRaises(ssl.SSLError):
            self.handshake(cafile=self.acme.ca_file)
        wait_until("the log names the domain", lambda: DOMAIN in self.log(), 20)

    def test_2_a_certificate_is_obtained_from_the_acme_server(self):
        self.acme.start()
        code, said = self.folder.run("restart", "caddy")
        self.assertEqual(code, 0, said)
        shown, version = wait_until("a certificate of pebble", self.handshake, 30)
        self.assertEqual((shown["subjectAltName"], version), ((("DNS", DOMAIN),), "TLSv1.3"))
        self.assertIn("Pebble", dict(pair[0] for pair in shown["issuer"])["commonName"])

    def test_3_old_versions_and_ciphers_of_tls_are_refused(self):
        two, three = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
        self.assertEqual(self.handshake(maximum_version=two)[1], "TLSv1.2")
        self.assertEqual(self.handshake(minimum_version=three)[1], "TLSv1.3")
        for what, refusal in ((["-tls1_1"], "protocol version"), (["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:AES128-GCM-SHA256"],
                                                                  "handshake failure")):
            old = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.https}", "-servername", DOMAIN, *what],
                                 env={"OPENSSL_CONF": self.weak()}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
            self.assertIn(refusal, old.stderr)

    def weak(self):
        """A configuration of a client that would take anything."""
        path = self.folder.above + "/weak.cnf"
        with open(path, "w") as f:
            f.write("openssl_conf = o\n[o]\nssl_conf = s\n[s]\nsystem_default = d\n[d]\nMinProtocol = TLSv1\nCipherString = ALL@SECLEVEL=0\n")
        return path

    def test_4_plain_http_to_the_domain_is_sent_to_https(self):
        for method in ("GET", "POST"):
            status, head = self.ask("/reports/public?limit=5", DOMAIN, method)
            self.assertEqual((status, head["Location"]), (308, f"https://{DOMAIN}/reports/public?limit=5"))

    def test_5_only_the_domain_is_held_to_https(self):
        own = self.folder.path + "/caddy/storage/pki/authorities/local/root.crt"
        for path in ("/reports/public", "/metrics", "/nothing"):
            self.assertEqual(self.ask(path, DOMAIN, cafile=self.acme.root)[1]["Strict-Transport-Security"], "max-age=31536000")
            self.assertIsNone(self.ask(path, "localhost", cafile=own)[1]["Strict-Transport-Security"])
            self.assertIsNone(self.ask(path, f"127.0.0.1:{self.http}")[1]["Strict-Transport-Security"])

    def test_5b_a_gateway_without_a_service_holds_to_https_too(self):
        self.supervisor("stop", "query-api")
        try:
            status, head = self.ask("/reports/public", DOMAIN, cafile=self.acme.root)
        finally:
            self.supervisor("start", "query-api")
        self.assertEqual((status, head["Strict-Transport-Security"]), (503, "max-age=31536000"))

    def test_6_the_certificate_is_renewed(self):
        first = self.handshake()[0]["serialNumber"]
        wait_until("another certificate", lambda: self.handshake()[0]["serialNumber"] != first, SECONDS)

    def test_7_with_the_acme_server_away_the_old_certificate_is_served(self):
        self.acme.stop()
        shown = self.handshake()[0]
        already = self.log().count("renew")
        wait_until("a renewal has failed", lambda: self.log().count("renew") > already, SECONDS)
        self.assertEqual(self.handshake()[0]["serialNumber"], shown["serialNumber"])
        self.assertEqual(self.ask("/health", DOMAIN, cafile=self.acme.root)[0], 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
