#!/usr/bin/python3
"""certificate_test.py -- a city with a domain whose certificate is given in files, behind either gateway."""
import os, shutil, subprocess, unittest

from public_site import DOMAIN, HoldsToHttps, Site
from scripts import IS_ROOT, Folder
from city import wait_until

EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]


def make_certificate(folder):
    """An authority, and a certificate of it: root.pem, city.pem, city.key."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, stderr=subprocess.DEVNULL)
    openssl("req", "-x509", *EC, "-subj", "/CN=an authority", "-keyout", "root.key", "-out", "root.pem")
    openssl("req", "-x509", *EC, "-CA", "root.pem", "-CAkey", "root.key", "-subj", f"/CN={DOMAIN}", "-addext", f"subjectAltName=DNS:{DOMAIN}",
            "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "city.key", "-out", "city.pem")
    os.chmod(folder + "/city.pem", 0o644)
    os.chmod(folder + "/city.key", 0o600)


class Files:
    @classmethod
    def setUpClass(cls):
        cls.folder = Folder()
        cls.addClassCleanup(cls.folder.close)
        above, cls.site = cls.folder.above, Site(cls.folder)
        make_certificate(above)
        cls.root, cls.own = above + "/root.pem", cls.folder.path + cls.authority
        cls.folder.environment.update(GATEWAY=cls.gateway, GATEWAY_DOMAIN=DOMAIN, GATEWAY_ADDRESS="127.0.0.1", DEMO_ACCOUNTS="0",
                                      GATEWAY_CERT_FILE=above + "/city.pem", GATEWAY_KEY_FILE=above + "/city.key")
        if IS_ROOT:
            code, cls.said = cls.folder.run("run", "--detach")
            assert code == 1, cls.said
            shutil.chown(above + "/city.key", "citywatch-gateway")
        code, said = cls.folder.run("run", "--detach")
        assert code == 0, said

    @unittest.skipUnless(IS_ROOT, "else everything runs as one user")
    def test_a_key_that_the_gateway_cannot_read_is_one_sentence(self):
        self.assertIn(f"citywatch: GATEWAY_KEY_FILE={self.folder.above}/city.key cannot be read by the user citywatch-gateway", self.said)

    def test_the_domain_shows_that_certificate_and_localhost_its_own(self):
        self.assertEqual(self.site.handshake(self.root)[0]["subjectAltName"], (("DNS", DOMAIN),))
        self.assertIn(("DNS", "localhost"), self.site.handshake(self.own, "localhost")[0]["subjectAltName"])
        self.assertEqual(self.site.ask("/health", DOMAIN, cafile=self.root)[0], 200)
        self.assertEqual(self.site.ask("/health", "localhost", cafile=self.own)[0], 200)


class CaddyFiles(Files, HoldsToHttps, unittest.TestCase):
    gateway, authority = "caddy", "/caddy/storage/pki/authorities/local/root.crt"


class NginxFiles(Files, HoldsToHttps, unittest.TestCase):
    gateway, authority = "nginx", "/nginx/root.crt"

    def test_renewed_files_are_taken_without_a_pause(self):
        before = self.site.handshake(self.root)[0]["serialNumber"]
        make_certificate(self.folder.above)
        if IS_ROOT:
            shutil.chown(self.folder.above + "/city.key", "citywatch-gateway")
        subprocess.run(["supervisorctl", "-c", self.folder.path + "/conf/supervisorctl.conf", "signal", "HUP", "nginx"], check=True,
                       stdout=subprocess.DEVNULL, timeout=20)
        wait_until("the new certificate", lambda: self.site.handshake(self.root)[0]["serialNumber"] != before, 20)


if __name__ == "__main__":
    unittest.main(verbosity=2)
