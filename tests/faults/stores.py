"""stores.py -- the checker's own way to PostgreSQL and Redis of one run folder; nothing of it is shared with
the programs it checks."""
import json, os, re, select, socket, subprocess, time

END = "\x1e end of the answer"


def settings_of(run_dir):
    with open(run_dir + "/conf/settings") as f:
        return dict(re.findall(r"^(\w+)=(.*)$", f.read(), re.M))


class Session:
    """One psql that stays, as the databases' superuser over the socket. Any trouble is a ConnectionError; the
    next question starts a new one."""

    def __init__(self, run_dir, database, seconds=30):
        s = settings_of(run_dir)
        self.command = ["psql", "-qXAt", "-h", s["SOCKETS"] + "/postgres", "-p", s["POSTGRES_PORT"], "-d", database]
        if os.geteuid() == 0:
            self.command = ["runuser", "-u", "postgres", "--"] + self.command
        self.seconds, self.process = seconds, None

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
        self.process = None

    def _lines(self, query):
        if not self.process:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=subprocess.STDOUT, cwd="/")
            self.rest = b""
        self.process.stdin.write(f"{query};\n\\echo {END}\n".encode())
        self.process.stdin.flush()
        end, until = END.encode() + b"\n", time.monotonic() + self.seconds
        while not self.rest.endswith(end):
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, until - time.monotonic()))
            part = os.read(self.process.stdout.fileno(), 1 << 20) if ready else b""
            if not part:
                raise ConnectionError("psql: " + (self.rest.decode(errors="replace")[-300:] or "no answer"))
            self.rest += part
        text, self.rest = self.rest[:-len(end)].decode(), b""
        return text.splitlines()

    def run(self, query):
        """Lines of the answer."""
        try:
            lines = self._lines(query)
        except OSError as e:
            self.close()
            raise ConnectionError(str(e)) from e
        if any(re.match(r"(psql: )?(ERROR|FATAL|error):", line) for line in lines):
            self.close()
            raise ConnectionError("\n".join(lines[:3]))
        return lines

    def rows(self, query):
        """One dict a row."""
        return [json.loads(line) for line in self.run(f"SELECT to_json(q) FROM ({query}) q")]


class Redis:
    """A few commands of RESP2; a ConnectionError for everything that is not an answer."""

    def __init__(self, run_dir, seconds=20):
        s = settings_of(run_dir)
        self.port, self.seconds, self.file = int(s["REDIS_PORT"]), seconds, None
        with open(run_dir + "/secrets/redis.password") as f:
            self.password = f.read().strip()

    def close(self):
        if self.file:
            self.file.close()
        self.file = None

    def _read(self):
        line = self.file.readline()
        if not line:
            raise ConnectionError("redis closed the connection")
        kind, value = line[:1], line[1:-2]
        if kind == b"-":
            raise ConnectionError(value.decode())
        if kind == b"$":
            return None if value == b"-1" else self.file.read(int(value) + 2)[:-2].decode()
        if kind == b"*":
            return None if value == b"-1" else [self._read() for _ in range(int(value))]
        return int(value) if kind == b":" else value.decode()

    def _send(self, words):
        self.file.write(b"*%d\r\n" % len(words))
        for w in words:
            w = str(w).encode()
            self.file.write(b"$%d\r\n%s\r\n" % (len(w), w))
        self.file.flush()
        return self._read()

    def call(self, *words):
        try:
            if not self.file:
                s = socket.create_connection(("127.0.0.1", self.port), timeout=self.seconds)
                self.file = s.makefile("rwb")
                s.close()  # the file keeps it
                self._send(["AUTH", self.password])
            return self._send(words)
        except OSError:
            self.close()
            raise

    def entries(self, key):
        """[(id, [(field, value), ...]), ...] of a whole stream."""
        out, start = [], "-"
        while True:
            page = self.call("XRANGE", key, start, "+", "COUNT", 1000)
            out += [(i, list(zip(f[::2], f[1::2]))) for i, f in page]
            if len(page) < 1000:
                return out
            start = "(" + page[-1][0]

    def last_id(self, key):
        """0 if there is no such stream."""
        if not self.call("EXISTS", key):
            return 0
        info = self.call("XINFO", "STREAM", key)
        return int(info[info.index("last-generated-id") + 1].split("-")[0])
