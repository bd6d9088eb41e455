"""public_site.py -- how the world sees the gateway of a city, whose domain no name server has to know: by TLS and by plain HTTP, always on loopback."""
import http.client, os, socket, ssl, subprocess

DOMAIN = "city.example.org"
HSTS = "Strict-Transport-Security"


class Site:
    def __init__(self, folder):
        self.http, self.https = int(folder.ports["GATEWAY_HTTP_PORT"]), int(folder.ports["GATEWAY_HTTPS_PORT"])
        self.above = folder.above

    def connection(self, cafile, name, **limits):
        context = ssl.create_default_context(cafile=cafile)
        for limit, version in limits.items():
            setattr(context, limit, version)
        return context.wrap_socket(socket.create_connection(("127.0.0.1", self.https), 20), server_hostname=name)

    def handshake(self, cafile, name=DOMAIN, **limits):
        """Whom the gateway shows itself as, verified; the TLS version."""
        with self.connection(cafile, name, **limits) as tls:
            return tls.getpeercert(), tls.version()

    def refusal_of(self, *words):
        """What a client of old times hears that would take anything."""
        path = self.above + "/weak.cnf"
        with open(path, "w") as f:
            f.write("openssl_conf = o\n[o]\nssl_conf = s\n[s]\nsystem_default = d\n[d]\nMinProtocol = TLSv1\nCipherString = ALL@SECLEVEL=0\n")
        return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.https}", "-servername", DOMAIN, *words],
                              env={"OPENSSL_CONF": path, "PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=20).stderr

    def ask(self, path, host, method="GET", cafile=None):
        """Status and headers; by HTTPS if there is an authority to trust."""
        c = http.client.HTTPConnection("127.0.0.1", self.http, timeout=20)
        if cafile:
            c.sock = self.connection(cafile, host)
        try:
            c.request(method, path, headers={"Host": host})
            answer = c.getresponse()
            answer.read()
            return answer.status, answer.headers
        finally:
            c.close()


class HoldsToHttps:
    """What is the same wherever the certificate is from: the class has folder, site, root (of the domain) and own (of localhost)."""

    def test_old_versions_and_ciphers_of_tls_are_refused(self):
        two, three = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
        self.assertEqual(self.site.handshake(self.root, maximum_version=two)[1], "TLSv1.2")
        self.assertEqual(self.site.handshake(self.root, minimum_version=three)[1], "TLSv1.3")
        self.assertIn("protocol version", self.site.refusal_of("-tls1_1"))
        self.assertIn("handshake failure", self.site.refusal_of("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:AES128-GCM-SHA256"))

    def test_plain_http_to_the_domain_is_sent_to_https(self):
        for method in ("GET", "POST"):
            status, head = self.site.ask("/reports/public?limit=5", DOMAIN, method)
            self.assertEqual((status, head["Location"]), (308, f"https://{DOMAIN}/reports/public?limit=5"))

    def test_only_the_domain_is_held_to_https(self):
        for path in ("/reports/public", "/metrics", "/nothing"):
            self.assertEqual(self.site.ask(path, DOMAIN, cafile=self.root)[1][HSTS], "max-age=31536000")
            self.assertIsNone(self.site.ask(path, "localhost", cafile=self.own)[1][HSTS])
            self.assertIsNone(self.site.ask(path, f"127.0.0.1:{self.site.http}")[1][HSTS])

    def test_a_gateway_without_a_service_holds_to_https_too(self):
        self.do("stop", "query-api")
        try:
            status, head = self.site.ask("/reports/public?limit=7", DOMAIN, cafile=self.root)
        finally:
            self.do("start", "query-api")
        self.assertEqual((status, head[HSTS]), (503, "max-age=31536000"))

    def do(self, verb, service):
        subprocess.run(["supervisorctl", "-c", self.folder.path + "/conf/supervisorctl.conf", verb, service], check=True,
                       stdout=subprocess.DEVNULL, timeout=60)
