"""gateway_test.py -- what stands in front: it forwards by method, waits for nobody for ever, tells a client's fault
from a service's, and shows how the whole is."""
import json, os, signal, socket, subprocess, time, unittest

from city import GATEWAY, city, wait_until

SERVICES = ("command-api", "query-api", "projector", "sla-worker")
HEAD = b"POST /reports HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


def say(port, *parts, seconds=30):
    """Sends the parts, a number is a pause; status, head and body of the answer, and the seconds it took."""
    with socket.create_connection(("127.0.0.1", port), 5) as s:
        begun, heard = time.monotonic(), b""
        for part in parts:
            time.sleep(part) if isinstance(part, float) else s.sendall(part)
        s.settimeout(seconds)
        while b"\r\n\r\n" not in heard or len(heard.split(b"\r\n\r\n", 1)[1]) < length(heard):
            more = s.recv(65536)
            if not more:
                break
            heard += more
        head, _, body = heard.partition(b"\r\n\r\n")
        return int(head.split()[1]), head.decode(), json.loads(body), time.monotonic() - begun


def length(heard):
    for line in heard.split(b"\r\n\r\n")[0].split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line.split(b":")[1])
    return 0


class Gateway(unittest.TestCase):
    def refused(self, answer, status):
        self.assertEqual(answer.status, status, answer.raw)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        self.assertEqual((answer.json["success"], answer.json["error"]), (False, answer.json["title"]))

    def test_every_path_is_known_by_whoever_is_asked(self):
        c = city()
        for method, path, allow in [("PUT", "/reports/public", "GET, HEAD"), ("DELETE", "/auth/login", "POST"),
                                    ("POST", "/schemas", "GET, HEAD"), ("GET", "/reports", "POST"),
                                    ("HEAD", "/users", "POST"), ("POST", "/", "GET, HEAD"),
                                    ("POST", "/health", "GET, HEAD"), ("PUT", "/health/projector", "GET, HEAD"),
                                    ("GET", "/reports/x/status", "PATCH"), ("OPTIONS", "/reports", "POST")]:
            with self.subTest(method=method, path=path):
                a = c.ask(method, path)
                self.assertEqual((a.status, a.headers["Allow"]), (405, allow))
        for path in ("/Reports/public", "/reports/", "/nothing", "/health/nothing", "/HEALTH", "/Ready/query-api", "/ready",
                     "/metrics", "/Metrics", "/%6detrics", "/api/reporting/metrics", "/api/operations/%6Detrics",
                     "/api/workflow//metrics", "/api/reporting/ready", "/api/reporting/../metrics",
                     "/api/reporting/api/operations/metrics", "/api/nothing/reports/public", "/API/reporting/reports/public"):
            for method in ("GET", "POST"):
                with self.subTest(method=method, path=path):
                    self.refused(c.ask(method, path), 404)

    def test_a_large_body_is_refused_wherever_it_goes(self):
        c = city()
        large = b"a" * 5000000  # a service that answers before it has come would break the connection
        curl = ["curl", "-s", "--noproxy", "*", "-m", "20", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Expect:",
                "-H", "Content-Type: application/json", "--data-binary", "@-"]
        for path in ("/auth/login", "/users", "/reports", "/nothing"):
            for _ in range(5):
                with self.subTest(path=path):
                    url = f"http://127.0.0.1:{c.ports['GATEWAY_HTTP_PORT']}{path}"
                    self.assertEqual(subprocess.run(curl + [url], input=large, stdout=subprocess.PIPE).stdout, b"413")

    def test_a_service_says_what_is_not_its_own(self):
        c = city()
        query, command = c.ports["QUERY_API_PORT"], c.ports["COMMAND_API_PORT"]
        for port, method, path, status in [(query, "POST", "/reports", 421), (command, "GET", "/reports/public", 421),
                                           (query, "PUT", "/reports", 405), (command, "PUT", "/schemas", 405),
                                           (query, "GET", "/nothing", 404), (command, "GET", "/nothing", 404)]:
            with self.subTest(method=method, path=path, port=port):
                self.refused(c.ask(method, path, port=port), status)
        for service in SERVICES:
            port = c.ports[service.upper().replace("-", "_") + "_PORT"]
            alive = c.ask("GET", "/health", port=port).json
            self.assertEqual((alive["status"], alive["service"]), ("ok", service))

    def test_the_aliases_lead_to_the_same_routes(self):
        c = city()
        made = c.ask("POST", "/api/reporting/reports", {"content": "by alias", "category": "infrastruktur"}, c.token("citizen1"))
        self.assertEqual(made.status, 201, made.raw)
        at = f"?min_position={made.json['position']}&wait_ms=5000"
        self.assertEqual(c.get(made.headers["Location"] + at).status, 200)
        seen = c.get(f"/api/reporting/reports/public{at}&limit=1")
        self.assertEqual(seen.json["data"][0]["report_id"], made.json["report_id"])
        self.assertEqual(c.get(f"/api/reporting/reports/public?limit=1&cursor={seen.json['next']}").status, 200)
        self.assertEqual(c.get("/api/operations/cases/inbox", "officer1").status, 200)
        self.assertEqual(c.get("/api/workflow/health").json["status"], "healthy")
        self.refused(c.get("/api/reporting/reports/x%3Fy"), 404)

    def test_an_answer_names_the_request_as_the_client_did(self):
        c = city()
        for method, path, status in (("GET", "/nothing", 404), ("POST", "/auth/login", 400), ("GET", "/categories?wait_ms=x", 400)):
            a = c.ask(method, path, {} if method == "POST" else None, headers={"X-Request-Id": "mine"})
            self.assertEqual((a.status, a.headers["X-Request-Id"]), (status, "mine"))
            if a.status != 200:
                self.assertEqual(a.json["request_id"], "mine")
        a = c.get("/metrics")  # a refusal of the gateway itself
        self.assertRegex(a.headers["X-Request-Id"], r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
        self.assertEqual(a.json["request_id"], a.headers["X-Request-Id"])

    def test_a_request_under_way_is_finished_when_the_gateway_stops(self):
        c, token = city(), city().token("citizen1")
        body = json.dumps({"content": "the last one", "category": "infrastruktur"}).encode()
        stop = lambda: subprocess.Popen(["/usr/bin/supervisorctl", "-c", c.run_dir + "/conf/supervisorctl.conf", "restart", GATEWAY],
                                        stdout=subprocess.DEVNULL)
        with socket.create_connection(("127.0.0.1", c.ports["GATEWAY_HTTP_PORT"]), 5) as s:
            s.settimeout(10)
            s.sendall(HEAD + f"Authorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:5])
            time.sleep(0.3)
            stopped = stop()
            time.sleep(1)
            s.sendall(body[5:])
            self.assertIn(b" 201 Created\r\n", s.recv(65536))
        stopped.wait(30)
        wait_until("it is there again", c.is_ready, 20)

    def test_a_hung_service_is_given_up(self):
        c = city()
        for service, method, path in [("command-api", "POST", "/auth/login"), ("query-api", "GET", "/categories?wait_ms=1")]:
            with self.subTest(service=service):
                pid = c.pid(service)
                os.kill(pid, signal.SIGSTOP)
                try:
                    begun = time.monotonic()
                    a = c.ask(method, path, {} if method == "POST" else None, timeout=40)
                    self.assertLess(time.monotonic() - begun, 22)
                    self.refused(a, 503)
                    self.assertTrue(a.headers["Retry-After"])
                    for _ in range(3):
                        begun = time.monotonic()
                        whole = c.get("/health")
                        self.assertLess(time.monotonic() - begun, 0.5)
                        self.assertEqual((whole.status, whole.json["status"]), (503, "unhealthy"))
                        self.assertEqual(whole.json["services"][service], "no answer")
                        self.assertEqual(whole.json["services"]["projector"], "ready")
                finally:
                    os.kill(pid, signal.SIGCONT)
                wait_until("healthy again", lambda: c.get("/health").status == 200, 20)

    def test_the_whole_is_healthy(self):
        a = wait_until("all are ready", lambda: (lambda a: a.json["status"] == "healthy" and a)(city().get("/health")), 20)
        self.assertEqual((a.status, a.json["cqrs"], a.json["success"]), (200, "enabled", True))
        self.assertEqual(a.json["services"], {s: "ready" for s in SERVICES})

    def test_a_broken_body_is_the_clients_fault(self):
        c = city()
        for body in (b"zz\r\nabc\r\n0\r\n\r\n", b"3\r\nabcde\r\n0\r\n\r\n", b"-1\r\n\r\n"):
            with self.subTest(body=body):
                status, head, problem, _ = say(c.ports["GATEWAY_HTTP_PORT"],
                                               HEAD + b"Transfer-Encoding: chunked\r\n\r\n", 0.2, body)
                self.assertEqual((status, problem["success"]), (400, False), head)
                self.assertIn("application/problem+json", head)

    def test_an_unfinished_upload_is_told_that_it_was_too_slow(self):
        """By the service after REQUEST_DEADLINE_MS; Caddy hands it on when it has given up the rest, 2 s later, nginx at once."""
        c = city()
        for port, most in ((c.ports["GATEWAY_HTTP_PORT"], 13), (c.ports["COMMAND_API_PORT"], 11.5)):
            for rest in (b"Content-Length: 100\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"):
                with self.subTest(port=port, rest=rest):
                    status, head, problem, seconds = say(port, HEAD + rest)
                    self.assertEqual((status, problem["type"]), (408, "/problems/too-slow"), head)
                    self.assertTrue(9.5 < seconds < most, seconds)

    def test_the_root_and_the_problems_explain_themselves(self):
        c = city()
        root = c.get("/").json
        self.assertEqual(root["name"], "Citywatch")
        for link in root["links"].values():
            self.assertIn(c.get(link).status, (200, 503), link)
        page = c.get("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        self.assertIn(b"<h1>Citywatch", page.raw)
        for kind in (c.get("/nothing"), c.post("/reports", {}), c.ask("PUT", "/reports")):
            told = c.get(kind.json["type"])
            self.assertEqual((told.status, told.json["title"], told.json["status"]), (200, kind.json["title"], kind.status))
            self.assertIn(b"<h1>", c.get(kind.json["type"], headers={"Accept": "text/html"}).raw)
        self.refused(c.get("/problems/nothing"), 404)


if __name__ == "__main__":
    unittest.main(verbosity=2)
