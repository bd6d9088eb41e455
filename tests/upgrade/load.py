"""load.py -- clients that read and write all the time, through the gateway. They repeat what was answered 503 as that says: after
Retry-After, with the same Idempotency-Key; it is counted. What fails then is kept with the moment and the words."""
import http.client, itertools, random, threading, time, uuid

PAUSE, TRIES = 0.02, 3


class Load:
    def __init__(self, city):
        self.city, self.failures, self.repeated, self.filed, self.done = city, [], [], {}, 0
        self.lock, self.stopped = threading.Lock(), threading.Event()
        tasks = [self.files, self.files, self.reads, self.reads, self.votes, self.works, self.logs_in]
        self.threads = [threading.Thread(target=self.run, args=(task,), daemon=True) for task in tasks]

    def __enter__(self):
        for who in ("citizen1", "citizen2", "officer1"):
            self.city.token(who)
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        for t in self.threads:
            t.join(30)

    def run(self, task):
        while not self.stopped.wait(PAUSE):
            try:
                task()
                with self.lock:
                    self.done += 1
            except (AssertionError, OSError, http.client.HTTPException) as e:
                with self.lock:
                    self.failures.append((round(time.time(), 3), task.__name__, repr(e)[:300]))

    def ask(self, expected, method, path, who=None, body=None, key=None):
        for left in reversed(range(TRIES)):
            answer = self.city.ask(method, path, body, self.city.token(who) if who else None, {"Idempotency-Key": key} if key else None)
            if answer.status == expected:
                return answer.json
            assert answer.status == 503 and left, (method, path, answer.status, answer.raw[:200])
            with self.lock:
                self.repeated.append((round(time.time(), 3), method, path, answer.json["type"]))
            time.sleep(int(answer.headers["Retry-After"]))

    def files(self):
        content = "upgrade " + uuid.uuid4().hex
        made = self.ask(201, "POST", "/reports", "citizen1", {"content": content, "category": "infrastruktur"}, content[8:])
        with self.lock:
            self.filed[made["report_id"]] = content, made["position"]

    def any_report(self):
        with self.lock:
            newest = list(itertools.islice(reversed(self.filed.items()), 20))
        return random.choice(newest) if newest else (None, (None, None))

    def reads(self):
        report, (content, position) = self.any_report()
        self.ask(200, "GET", "/reports/public?limit=50")
        if report:  # what was written is there to read, whichever versions wrote, folded and read it
            read = self.ask(200, "GET", f"/reports/{report}?min_position={position}", "citizen1")
            assert read["content"] == content, read

    def votes(self):
        report, _ = self.any_report()
        if report:
            self.ask(200, "POST", f"/reports/{report}/upvote", "citizen2", {})

    def works(self):
        report, _ = self.any_report()
        if report:
            self.ask(201, "POST", f"/cases/{report}/notes", "officer1", {"text": "seen"}, uuid.uuid4().hex)

    def logs_in(self):
        self.ask(200, "POST", "/auth/login", body={"username": "citizen3", "password": "password"})
        self.stopped.wait(0.5)
