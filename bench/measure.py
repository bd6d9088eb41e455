"""measure.py -- the instruments: wrk, /proc, /metrics, percentiles."""
import http.client, json, os, re, socket, statistics, subprocess, time

HERE = os.path.dirname(os.path.abspath(__file__))
UNITS = {"us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4}
TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def percentile(values, p):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * p / 100))]


def median(values):
    return statistics.median(values)


def wrk_command(url, seconds, clients, script):
    threads = min(2, clients)
    command = ["wrk", "-t", str(threads), "-c", str(clients), "-d", f"{max(1, round(seconds))}s", "--latency",
               "--timeout", "10s"]
    return command + (["-s", f"{HERE}/{script}.lua"] if script else []) + [url]


def wrk(url, seconds, clients, script=None, **environment):
    """requests, per_second, p50, p99 (ms), failed: answers that were no success, or none."""
    out = subprocess.run(wrk_command(url, seconds, clients, script), check=True, stdout=subprocess.PIPE, text=True,
                         env=dict(os.environ, **environment), timeout=seconds + 60).stdout
    return read_wrk(out)


def read_wrk(out):
    latency = {p: float(n) * UNITS[u] for p, n, u in re.findall(r"^\s+(50|75|90|99)%\s+([\d.]+)(us|ms|s|m)$", out, re.M)}
    errors = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", out)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    p95 = re.search(r"^p95 (\d+) us$", out, re.M)
    return {"p95": int(p95.group(1)) / 1e3 if p95 else None,
            "requests": int(re.search(r"(\d+) requests in", out).group(1)),
            "per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
            "p50": latency["50"], "p90": latency["90"], "p99": latency["99"],
            "failed": (int(bad.group(1)) if bad else 0) + (sum(map(int, errors.groups())) if errors else 0)}


# ---- /proc ----

def processes():
    """pid: (parent, CPU seconds so far with those of children it has waited for)."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as f:
                field = f.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        found[int(pid)] = (int(field[1]), sum(map(int, field[11:15])) / TICK)
    return found


def part_of(name, pid):
    """The backends of PostgreSQL by who is connected; any other process by its root."""
    try:
        with open(f"/proc/{pid}/cmdline") as f:
            role = re.match(r"postgres: citywatch_(\w+) ", f.read())
    except OSError:
        role = None
    return f"{name} for {role.group(1)}" if role else name


def cpu_seconds(roots):
    """{part: CPU seconds} of root processes and their descendants. `roots`: {name: pid}."""
    known, used = processes(), {}
    for name, root in roots.items():
        family, more = set(), {root}
        while more:
            family |= more
            more = {pid for pid, p in known.items() if p[0] in more} - family
        for pid in family & known.keys():
            part = part_of(name, pid)
            used[part] = used.get(part, 0) + known[pid][1]
    return used


def busy_seconds():
    """CPU seconds the whole machine has spent on anything but idling."""
    with open("/proc/stat") as f:
        field = list(map(int, f.readline().split()[1:9]))
    return (sum(field) - field[3] - field[4]) / TICK


def memory_mib(pid):
    """(resident now, most ever resident)."""
    with open(f"/proc/{pid}/status") as f:
        text = f.read()
    return tuple(int(re.search(name + r":\s+(\d+) kB", text).group(1)) / 1024 for name in ("VmRSS", "VmHWM"))


class Cost:
    """CPU spent by the parts of a city, by others and idle, between begin and end."""

    def __init__(self, roots):
        self.roots, self.start, self.before, self.busy = roots, time.monotonic(), cpu_seconds(roots), busy_seconds()

    def end(self, requests):
        gone = [name for name, pid in self.roots.items() if not os.path.exists(f"/proc/{pid}")]
        if gone:
            raise RuntimeError(f"{', '.join(gone)} ended while it was measured")
        after, busy, taken = cpu_seconds(self.roots), busy_seconds() - self.busy, time.monotonic() - self.start
        used = {part: max(0, s - self.before.get(part, 0)) for part, s in after.items()}
        return {"microseconds": {n: round(1e6 * s / max(1, requests), 1) for n, s in used.items()},
                "cores": {n: round(s / taken, 2) for n, s in used.items()}, "cores_busy": round(busy / taken, 2)}


# ---- a service's figures ----

def metrics(port):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        c.request("GET", "/metrics")
        text = c.getresponse().read().decode()
    finally:
        c.close()
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line[:1] not in "#"}


class Client:
    """A connection that stays open."""

    def __init__(self, port, token=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.headers = {"Authorization": "Bearer " + token} if token else {}

    def ask(self, method, path, body=None, **headers):
        """status, body as JSON; and when the answer was there, monotonic seconds."""
        data = json.dumps(body).encode() if body is not None else None
        more = {"Content-Type": "application/json"} if data else {}
        self.connection.request(method, path, data, {**self.headers, **more, **headers})
        r = self.connection.getresponse()
        raw = r.read()
        return r.status, json.loads(raw) if raw else None, time.monotonic()
