#!/usr/bin/python3
"""domain_test.py -- a city with a domain: its certificate comes from an ACME server (pebble) and is renewed; without that server
the old one is served on, and a city that never had one runs all the same."""
import ssl, unittest

from acme import Pebble
from city import wait_until
from public_site import DOMAIN, HoldsToHttps, Site
from scripts import Folder

SECONDS = 36  # of a certificate: it is renewed when a third is left


class Domain(HoldsToHttps, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """The city is started while the ACME server is away."""
        cls.folder = Folder()
        cls.addClassCleanup(cls.folder.close)
        cls.site = Site(cls.folder)
        cls.acme = Pebble(cls.folder.above, cls.site.http, cls.site.https, SECONDS)
        cls.addClassCleanup(cls.acme.stop)
        cls.folder.environment.update(GATEWAY_DOMAIN=DOMAIN, GATEWAY_ADDRESS="127.0.0.1", ACME_DIRECTORY=cls.acme.directory,
                                      ACME_CA_FILE=cls.acme.ca_file, ACME_EMAIL="city@example.org", ACME_CHECK_SECONDS="1",
                                      DEMO_ACCOUNTS="0")
        cls.own = cls.folder.path + "/caddy/storage/pki/authorities/local/root.crt"
        cls.begin_without_it()
        cls.acme.start()
        cls.root = cls.acme.root
        code, said = cls.folder.run("restart", "caddy")
        assert code == 0, said
        cls.shown, cls.version = wait_until("a certificate of pebble", cls.handshake, 30)

    @classmethod
    def begin_without_it(cls):
        code, said = cls.folder.run("run", "--detach")
        assert code == 0 and f"https://{DOMAIN} " in said, said
        cls.health_without_it = cls.site.ask("/health", f"127.0.0.1:{cls.site.http}")[0]
        try:
            cls.site.handshake(cls.acme.ca_file)
        except ssl.SSLError as e:
            cls.tls_without_it = str(e)
        wait_until("the log names the domain", lambda: DOMAIN in cls.log(), 20)

    @classmethod
    def handshake(cls):
        return cls.site.handshake(cls.root)

    @classmethod
    def log(cls):
        with open(cls.folder.path + "/log/caddy.log") as f:
            return f.read()

    def test_without_the_acme_server_the_city_runs_and_has_no_certificate(self):
        self.assertEqual(self.health_without_it, 200)
        self.assertIn("ALERT", self.tls_without_it.upper())

    def test_a_certificate_is_obtained_from_the_acme_server(self):
        self.assertEqual((self.shown["subjectAltName"], self.version), ((("DNS", DOMAIN),), "TLSv1.3"))
        self.assertIn("Pebble", dict(pair[0] for pair in self.shown["issuer"])["commonName"])

    # The last: behind it there is no ACME server, and soon no certificate.
    def test_z_the_certificate_is_renewed_and_served_on_when_the_acme_server_is_away(self):
        first = self.handshake()[0]["serialNumber"]
        wait_until("another certificate", lambda: self.handshake()[0]["serialNumber"] != first, SECONDS)
        self.acme.stop()
        shown, already = self.handshake()[0], self.log().count("renew")
        wait_until("a renewal has failed", lambda: self.log().count("renew") > already, SECONDS)
        self.assertEqual(self.handshake()[0]["serialNumber"], shown["serialNumber"])
        self.assertEqual(self.site.ask("/health", DOMAIN, cafile=self.root)[0], 200)


if __name__ == "__main__":
    unittest.main(verbosity=2)
