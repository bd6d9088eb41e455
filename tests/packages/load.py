#!/usr/bin/python3
"""load.py <city> <user name> -- clients that file reports and read them through the gateway, all the time, until standard input
ends. Nothing is repeated. Then a line of JSON: what was filed, how many reads there were, the longest wait, and each answer that
was not the expected one."""
import http.client
import itertools
import json
import random
import sys
import threading
import time
import urllib.parse
import uuid

PAUSE = 0.02
PASSWORD = "a password of length"
DEADLINE = 30


class Client:
    """One connection, kept or made anew for each request."""

    def __init__(self, load, kept):
        self.load, self.kept, self.connection = load, kept, None

    def ask(self, expected, method, path, body=None, headers=()):
        start = time.monotonic()
        try:
            status, said = self.send(method, path, body, dict(headers))
        except (OSError, http.client.HTTPException) as e:
            status, said = 0, repr(e)
            self.connection = None
        self.load.took(method, path, expected, status, said, time.monotonic() - start)
        return json.loads(said) if status == expected else None

    def send(self, method, path, body, headers):
        if not self.connection:
            self.connection = http.client.HTTPConnection(self.load.host, timeout=DEADLINE)
        if body is not None:
            headers["Content-Type"] = "application/json"
        self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = self.connection.getresponse()
        said = answer.read().decode()
        if not self.kept or answer.will_close:
            self.connection.close()
            self.connection = None
        return answer.status, said


class Load:
    def __init__(self, city, user):
        self.host, self.user = urllib.parse.urlsplit(city).netloc, user
        self.lock, self.stopped = threading.Lock(), threading.Event()
        self.filed, self.reads, self.longest, self.failures = {}, 0, 0, []
        said = Client(self, False).ask(200, "POST", "/auth/login", {"username": user, "password": PASSWORD})
        if not said:
            sys.exit(f"no log-in: {self.failures}")
        self.token = {"Authorization": "Bearer " + said["token"]}

    def took(self, method, path, expected, status, said, seconds):
        with self.lock:
            self.longest = max(self.longest, seconds)
            if status != expected:
                self.failures.append([time.strftime("%H:%M:%S"), method, path, status, said[:200], round(seconds, 2)])

    def files(self, client):
        key = str(uuid.uuid4())
        made = client.ask(201, "POST", "/reports", {"content": "load " + key, "category": "infrastruktur"},
                          {**self.token, "Idempotency-Key": key})
        if made:
            with self.lock:
                self.filed[made["report_id"]] = key, made["position"]

    def looks(self, client):
        client.ask(200, "GET", "/reports/public")
        with self.lock:
            newest = list(itertools.islice(reversed(self.filed.items()), 20))
        if newest:
            report, (key, position) = random.choice(newest)
            read = client.ask(200, "GET", f"/reports/{report}?min_position={position}", headers=self.token)
            if read and read["content"] != "load " + key:
                self.failures.append([report, "has another content", read["content"]])
        with self.lock:
            self.reads += 1

    def run(self, task, client):
        while not self.stopped.wait(PAUSE):
            try:
                task(client)
            except (ValueError, KeyError, TypeError) as e:  # not the answer that was promised
                with self.lock:
                    self.failures.append([time.strftime("%H:%M:%S"), task.__name__, repr(e)])

    def until_told(self):
        threads = [threading.Thread(target=self.run, args=(task, Client(self, kept)))
                   for task in (self.files, self.looks) for kept in (True, False)]
        for t in threads:
            t.start()
        sys.stdin.read()
        self.stopped.set()
        for t in threads:
            t.join(2 * DEADLINE)
        return {"filed": {report: key for report, (key, _) in self.filed.items()}, "reads": self.reads,
                "longest": round(self.longest, 2), "failures": self.failures}


if __name__ == "__main__":
    print(json.dumps(Load(*sys.argv[1:]).until_told()))
