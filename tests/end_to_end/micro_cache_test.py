"""micro_cache_test.py -- nginx as the gateway keeps answers that depend on nobody, for a second: it spares query-api the crowd, and shows nobody what
another one asked for. Only with GATEWAY=nginx."""
import http.client, os, re, signal, threading, time, unittest, uuid

from city import GATEWAY, SITE, city, wait_until

FEED = "/reports/public?limit=50"


def served(service="query-api"):
    """How many requests the service has answered."""
    text = city().ask("GET", "/metrics", port=city().ports[service.upper().replace("-", "_") + "_PORT"]).raw.decode()
    return sum(float(n) for n in re.findall(r"^http_requests_total\{.*\} (\S+)$", text, re.M))


@unittest.skipUnless(GATEWAY == "nginx", "Caddy keeps no answers")
class MicroCache(unittest.TestCase):
    def reached(self, path, count=40, **more):
        """How many of so many equal requests, one after another, went on to query-api; their scrape is one, too."""
        before = served()
        for _ in range(count):
            self.assertEqual(city().get(path, **more).status, 200)
        return served() - before - 1

    def test_a_crowd_reaches_the_service_once_a_second(self):
        begun = time.monotonic()
        reached = self.reached(FEED + "&sort=votes")
        self.assertLessEqual(reached, 2 + time.monotonic() - begun)
        self.assertGreaterEqual(reached, 1)

    def test_a_crowd_that_comes_at_once_is_one_request(self):
        before, answers, path = served(), [], f"/reports/public?limit={int(time.time()) % 100 + 60}"
        crowd = [threading.Thread(target=lambda: answers.append(city().get(path).status)) for _ in range(20)]
        for one in crowd:
            one.start()
        for one in crowd:
            one.join(20)
        self.assertEqual(answers, [200] * 20)
        self.assertLessEqual(served() - before - 1, 3)

    def test_a_crowd_is_not_held_up(self):
        """Neither where the answer is kept nor where none may be."""
        rid = city().file_report()["report_id"]
        wait_until("it is there", lambda: city().get(f"/reports/{rid}").status == 200)
        for path in (f"/reports/{rid}", f"/reports/public?limit={int(time.time()) % 30 + 10}"):
            taken, begin = [], threading.Barrier(20)

            def one():
                begin.wait(10)
                begun = time.monotonic()
                self.assertEqual(city().ask("GET", path, port=city().ports["GATEWAY_HTTP_PORT"]).status, 200)
                taken.append(time.monotonic() - begun)
            crowd = [threading.Thread(target=one) for _ in range(20)]
            for thread in crowd:
                thread.start()
            for thread in crowd:
                thread.join(20)
            self.assertEqual(len(taken), 20)
            self.assertLess(max(taken), 0.4, path)

    def test_who_shows_a_token_or_a_cookie_is_served_by_the_service(self):
        self.assertEqual(self.reached(FEED, 10, who="citizen1"), 10)
        self.assertEqual(self.reached(FEED, 10, headers={"Cookie": "a=b"}), 10)

    def test_what_is_not_for_everybody_is_not_kept(self):
        rid = city().file_report(visibility="PRIVATE")["report_id"]
        wait_until("it is there", lambda: city().get(f"/reports/{rid}", "citizen1").status == 200)
        self.assertEqual(city().get(f"/reports/{rid}").status, 404)
        public = city().file_report()
        path = f"/reports/{public['report_id']}?min_position={public['position']}&wait_ms=5000"
        self.assertEqual(self.reached(path, 10), 10)  # max-age is 0
        self.assertEqual(city().get("/reports/me", "citizen1").status, 200)
        self.assertEqual(city().get("/reports/me").status, 401)

    def test_a_new_report_is_there_in_two_seconds_and_at_once_for_who_names_its_position(self):
        city().get(FEED)
        made = city().file_report()
        there = lambda path: made["report_id"] in [r["report_id"] for r in city().get(path).json["data"]]
        self.assertTrue(there(f"{FEED}&min_position={made['position']}&wait_ms=5000"))
        begun = time.monotonic()
        wait_until("it is in the feed", lambda: there(FEED), 5)
        self.assertLess(time.monotonic() - begun, 2.2)

    def test_a_kept_answer_has_ids_of_its_own(self):
        first, again = city().get(FEED), city().get(FEED)
        self.assertEqual((first.raw, first.headers["ETag"]), (again.raw, again.headers["ETag"]))
        self.assertNotEqual(first.headers["X-Request-Id"], again.headers["X-Request-Id"])
        trace = f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-01"
        other = FEED + "&category=infrastruktur"
        city().get(other, headers={"X-Request-Id": "first", "traceparent": trace})
        kept = city().get(other, headers={"X-Request-Id": "second"})
        self.assertEqual((kept.headers["X-Request-Id"], kept.headers["traceparent"]), ("second", None))

    def test_a_kept_answer_is_not_sent_to_who_has_it(self):
        tag = city().get(FEED).headers["ETag"]
        for _ in range(2):
            known = city().get(FEED, headers={"If-None-Match": tag})
            self.assertEqual((known.status, known.raw, known.headers["ETag"]), (304, b"", tag))

    def test_each_form_is_kept_apart(self):
        for _ in range(2):
            self.assertEqual(city().get("/", headers={"Accept": "application/json"}).json["name"], "Citywatch")
            self.assertIn(b"<h1>", city().get("/", headers={"Accept": "text/html"}).raw)
            c = http.client.HTTPConnection("127.0.0.1", city().ports["GATEWAY_HTTP_PORT"], timeout=10)
            for encoding, first in (("gzip", b"\x1f\x8b"), ("identity", b"{\"")):
                c.request("GET", "/openapi.json", headers={"Accept-Encoding": encoding})
                self.assertEqual(c.getresponse().read()[:2], first)
            c.close()

    def test_each_site_is_told_its_own(self):
        for origin, allowed in ((None, None), (SITE, SITE), ("https://elsewhere.example.org", None), (SITE, SITE)):
            a = city().get(FEED, headers={"Origin": origin} if origin else {})
            self.assertEqual(a.headers["Access-Control-Allow-Origin"], allowed)

    def test_a_question_mark_in_a_path_is_no_other_query(self):
        self.assertEqual(city().get("/reports/public?limit=1").status, 200)
        self.assertEqual(city().get("/reports/public%3Flimit=1").status, 404)
        self.assertEqual(city().get("/api/reporting/reports/public%3Flimit=1").status, 404)

    def test_a_killed_master_leaves_no_worker_behind(self):
        master = city().pid("nginx")
        with open(f"/proc/{master}/task/{master}/children") as f:
            workers = f.read().split()
        os.kill(master, signal.SIGKILL)
        wait_until("another master", lambda: city().pid("nginx") not in (0, master) and city().get("/health").status == 200, 20)
        self.assertEqual([w for w in workers if os.path.exists(f"/proc/{w}/exe")], [])

    def test_its_connections_are_counted(self):
        port = int(city().environment["GATEWAY_METRICS_PORT"])
        self.assertRegex(city().ask("GET", "/metrics", port=port).raw.decode(), r'(?m)^nginx_connections\{state="active"\} [1-9]')


if __name__ == "__main__":
    unittest.main(verbosity=2)
