"""city.py -- a whole Citywatch of its own for the end-to-end tests: tools/run with the build under test,
free ports and a run folder in /tmp; a small HTTP client; and the checks that hold at rest.

The city is started once a process and stopped at exit. PRESET names the build (default asan)."""
import atexit, contextlib, http.client, json, os, re, shutil, signal, socket, subprocess, tempfile, time, uuid

import interface
from interface import ROOT

# What is exported for another city is not meant for this one; programs that import this set their own afterwards.
def words_of(path, pattern):
    with open(f"{ROOT}/{path}") as f:
        return " ".join(re.findall(pattern, f.read(), re.M | re.S)).split()


GATEWAY = os.environ.get("GATEWAY", "caddy")  # the program
OF_A_CITY = [name.upper() for name in words_of("platform/process/settings.def", r"^SETTING\((\w+),")] + [
    *words_of("tools/gateway.sh", r"^GATEWAY_NAMES=\((.*?)\)"), "GATEWAY", "PROGRAMS", "RUN_DIR", "POSTGRES_PORT", "MONGODB_PORT",
    "BACKUP_SECRETS", "BACKUP_KEEP_DAYS", "BACKUP_FULL_DAYS", "BACKUP_WAL_MAX", "TIME", "TYPE", "ES_FAILPOINT"]
for name in OF_A_CITY:
    os.environ.pop(name, None)

SITE = "https://pages.example.org"  # whose pages may call
PORTS = ["GATEWAY_HTTP_PORT", "GATEWAY_HTTPS_PORT", "COMMAND_API_PORT", "QUERY_API_PORT", "PROJECTOR_PORT", "SLA_WORKER_PORT",
         "POSTGRES_PORT", "REDIS_PORT", "MONGODB_PORT"]
# Freed memory is kept apart only so long that growth still shows.
SANITIZER = "detect_stack_use_after_return=1:quarantine_size_mb=16"

_given = set()


def free_ports(count):
    """None that was given before: the kernel may name one again that nobody has bound yet."""
    with contextlib.ExitStack() as held:
        while True:
            sockets = [held.enter_context(socket.socket()) for _ in range(count)]
            for s in sockets:
                s.bind(("127.0.0.1", 0))
            ports = [s.getsockname()[1] for s in sockets]
            if not _given.intersection(ports):
                _given.update(ports)
                return ports


def wait_until(what, condition, seconds=30):
    """Polls; the last value of `condition` if it was true in time, else an AssertionError."""
    end = time.monotonic() + seconds
    while True:
        try:
            value = condition()
        except (OSError, http.client.HTTPException, subprocess.CalledProcessError):
            value = None
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.1)


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.raw = response.status, response.headers, body
        text = body.decode()
        kind = self.headers["Content-Type"] or ""
        self.json = json.loads(text) if text and "json" in kind and "ndjson" not in kind else None


class City:
    def __init__(self, prefix="citywatch-e2e-", **settings):
        self.folder = tempfile.mkdtemp(prefix=prefix, dir="/tmp")
        os.chmod(self.folder, 0o755)
        self.ports = dict(zip(PORTS, free_ports(len(PORTS))))
        self.extra_ports = free_ports(3)  # of the gateway, for clients of the citizen-reporting seed
        self.run_dir = self.folder + "/run"
        self.environment = dict(os.environ, RUN_DIR=self.run_dir, DEMO_ACCOUNTS="1", ASAN_OPTIONS=SANITIZER,
                                GATEWAY_EXTRA_PORTS=" ".join(map(str, self.extra_ports)),
                                CORS_ORIGINS=os.environ.get("CORS_ORIGINS", SITE), GATEWAY=GATEWAY,
                                PRESET=os.environ.get("PRESET", "asan"),
                                **{k: str(v) for k, v in self.ports.items()}, **settings)
        atexit.register(self.stop)
        self.tool("run", "--detach")
        self.tokens = {}

    def tool(self, name, *arguments):
        subprocess.run([f"{ROOT}/tools/{name}", *arguments], env=self.environment, check=True,
                       stdin=subprocess.DEVNULL, timeout=240)

    def stop(self):
        atexit.unregister(self.stop)
        try:
            self.tool("stop")
        finally:
            if os.environ.get("KEEP") != "1":
                shutil.rmtree(self.folder, ignore_errors=True)

    # ---- HTTP, through the gateway ----

    def ask(self, method, path, body=None, token=None, headers=None, raw=None, port=None, timeout=20):
        c = http.client.HTTPConnection("127.0.0.1", port or self.ports["GATEWAY_HTTP_PORT"], timeout=timeout)
        h = dict(headers or {})
        if token:
            h["Authorization"] = "Bearer " + token
        if body is not None:
            raw = json.dumps(body).encode()
            h.setdefault("Content-Type", "application/json")
        try:
            c.request(method, path, raw, h)
            r = c.getresponse()
            answer = Answer(r, b"" if method == "HEAD" else r.read())
        finally:
            c.close()
        if not port:
            interface.check(method, path, answer)
        return answer

    def get(self, path, who=None, **more):
        return self.ask("GET", path, token=self.token(who) if who else None, **more)

    def post(self, path, body=None, who=None, **more):
        return self.ask("POST", path, body, token=self.token(who) if who else None, **more)

    def token(self, name):
        if name not in self.tokens:
            a = self.ask("POST", "/auth/login", {"username": name, "password": "password"})
            assert a.status == 200, a.raw
            self.tokens[name] = a.json["token"]
        return self.tokens[name]

    def file_report(self, who="citizen1", key=None, **body):
        body = {"content": "a hole " + uuid.uuid4().hex, "category": "infrastruktur", **body}
        a = self.post("/reports", body, who, headers={"Idempotency-Key": key} if key else None)
        assert a.status == 201, (a.status, a.raw)
        return a.json

    def is_ready(self):
        return all(self.get("/ready/" + s).status == 200 for s in ("command-api", "query-api", "projector", "sla-worker"))

    # ---- the parts ----

    def supervisor(self, *words):
        return subprocess.run(["/usr/bin/supervisorctl", "-c", self.run_dir + "/conf/supervisorctl.conf", *words],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=90).stdout

    def pid(self, part):
        return int(self.supervisor("pid", part).strip())

    def kill(self, part, how=signal.SIGKILL):
        os.kill(self.pid(part), how)

    def redis(self, *words):
        with open(self.run_dir + "/secrets/redis.password") as f:
            password = f.read().strip()
        return subprocess.run(["redis-cli", "--no-auth-warning", "-p", str(self.ports["REDIS_PORT"]), *words],
                              env=dict(os.environ, REDISCLI_AUTH=password), check=True, stdout=subprocess.PIPE,
                              text=True, timeout=20).stdout.strip()

    def sql(self, database, query):
        """Rows as lists of texts, asked as the database's owner over the socket."""
        with open(self.run_dir + "/conf/settings") as f:
            sockets = re.search(r"SOCKETS=(\S+)", f.read()).group(1)
        command = ["psql", "-qXAtF\x1f", "-v", "ON_ERROR_STOP=1", "-h", sockets + "/postgres",
                   "-p", str(self.ports["POSTGRES_PORT"]), "-d", database, "-c", query]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--"] + command
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=30, cwd="/").stdout
        return [line.split("\x1f") for line in out.splitlines()]

    def log(self, part):
        """What it logged so far; the supervisor puts older parts aside."""
        text = ""
        for name in (f"{self.run_dir}/log/{part}.log" + end for end in (".2", ".1", "")):
            if os.path.exists(name):
                with open(name, errors="replace") as f:
                    text += f.read()
        return text

    # ---- at rest ----

    def head(self):
        return int(self.sql("citywatch_write", "SELECT position FROM es_counter")[0][0])

    def filed(self):
        """How many reports there are. (The head moves by itself, too: seals of the record, deadlines.)"""
        return int(self.sql("citywatch_write", "SELECT count(*) FROM es_event WHERE type = 'report.created'")[0][0])

    def redis_last(self):
        text = self.redis("XINFO", "STREAM", "{events}:all")
        return int(re.search(r"last-generated-id\s+(\d+)-0", text).group(1))

    def lane(self):
        return int(self.sql("citywatch_read", "SELECT position FROM engine.lane WHERE name = 'main'")[0][0])

    def lanes(self):
        """Where the last of all lanes stands."""
        return int(self.sql("citywatch_read", "SELECT min(position) FROM engine.lane")[0][0])

    def settle(self, seconds=40):
        """Until Redis and the views have everything the store has."""
        wait_until("redis and views at the head of the store",
                   lambda: self.head() == self.redis_last() == self.lanes(), seconds)
        return self.head()

    def at_rest(self, look):
        """What `look` finds of a log that has not moved meanwhile."""
        for _ in range(20):
            head = self.settle()
            found = look()
            if self.head() == head:
                return found
        raise AssertionError("the log does not rest")


_city = None


def city():
    global _city
    if _city is None:
        _city = City(AUDIT_ENTER_SECONDS="2", GATEWAY_METRICS_PORT=str(free_ports(1)[0]))
    return _city
