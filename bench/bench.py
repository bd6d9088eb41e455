#!/usr/bin/python3
"""bench.py -- one run, side by side: what this machine can do at best, and what Citywatch does on it.

Starts a city of its own (release build, free ports, a folder that is removed), prints a line for each
measurement while it works, then the table, and writes table and facts to bench/results/<date>.md and
.json. Ratios count, not absolute figures: what is compared is measured in turn, and medians are taken.

Environment: BENCH_SECONDS (5) of one measurement, BENCH_ROUNDS (3), BENCH_REPORTS (1000000) of the
large city, BENCH_LAG_SECONDS (600) at the highest rate, BENCH_OUTAGE_SECONDS (600) without MongoDB, BENCH_K6 (330s; 0: not)
of the seed's scenario, BENCH_PARTS (all) of PARTS_OF_A_RUN, for a comparison of a few; lag needs creates."""
import glob, json, os, signal, subprocess, sys, tempfile, threading, time, uuid

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(HERE)
sys.path[:0] = [HERE, ROOT + "/tests/end_to_end"]

from measure import Client, Cost, memory_mib, median, metrics, percentile, read_wrk, wrk, wrk_command
import audit, bulk, ceilings, clocks, dispatch, gateway, positions, rebuild, report, sizes
from city import City, free_ports, wait_until

os.environ.update(PRESET=os.environ.get("PRESET", "release"), TOKEN_MINUTES="60", CORS_ORIGINS="")

SECONDS = float(os.environ.get("BENCH_SECONDS", "5"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
REPORTS = int(os.environ.get("BENCH_REPORTS", "1000000"))
LAG_SECONDS = float(os.environ.get("BENCH_LAG_SECONDS", "600"))
OUTAGE_SECONDS = float(os.environ.get("BENCH_OUTAGE_SECONDS", "600"))
K6 = os.environ.get("BENCH_K6", "330s")
SMALL = 10000
PARTS = ("postgres", "redis", "mongodb", "caddy", "command-api", "projector", "query-api", "sla-worker")
SERVICES = ("command-api", "projector", "query-api", "sla-worker")
PARTS_OF_A_RUN = ("feed", "nginx_feed", "other_reads", "create_rows", "visible", "bulk", "audit", "k6", "positions", "dispatch", "sizes", "clocks", "lag_over_time")
CHOSEN = os.environ.get("BENCH_PARTS", " ".join(PARTS_OF_A_RUN)).split()
MEMORY_GOAL = 64


def say(text):
    print(f"{time.strftime('%H:%M:%S')} load {os.getloadavg()[0]:5.2f}  {text}", flush=True)


class Bench:
    def __init__(self, city, folder):
        self.city, self.folder, self.rows, self.details, self.failed = city, folder, [], {}, 0
        port = city.ports
        self.command, self.query, self.projector = (port[p] for p in ("COMMAND_API_PORT", "QUERY_API_PORT", "PROJECTOR_PORT"))
        self.command_url, self.query_url = f"http://127.0.0.1:{self.command}", f"http://127.0.0.1:{self.query}"
        self.gateway_url = f"http://127.0.0.1:{port['GATEWAY_HTTP_PORT']}"
        self.tokens = {name: self.token_file(name) for name in ("citizen1", "officer1", "admin1")}
        self.reporter = city.sql("citywatch_write", "SELECT user_id FROM account WHERE user_name = 'citizen1'")[0][0]
        self.find_processes()

    def find_processes(self):
        self.pids = {part: self.city.pid(part) for part in PARTS}

    def token_file(self, name):
        path = f"{self.folder}/{name}.token"
        with open(path, "w") as f:
            f.write(self.city.token(name) + "\n")
        return path

    def row(self, path, goal, result, against="", ratio="", met=None):
        self.rows.append({"path": path, "goal": goal, "result": result, "against": against, "ratio": ratio, "met": met})
        say(f"{path}: {result}{' against ' + against if against else ''}{' = ' + ratio if ratio else ''}")

    def keep(self, name, value):
        self.details[name] = value
        return value

    # ---- loads ----

    def creates(self, clients, seconds=SECONDS, url=None):
        run = wrk(url or self.command_url, seconds, clients, "create", TOKENS=self.tokens["citizen1"],
                  RUN=uuid.uuid4().hex[:12])
        self.look_for_replays()
        return run

    def look_for_replays(self):
        if metrics(self.command).get('es_append_total{result="replayed"}'):
            sys.exit("bench.py: keys came twice: not every answer stands for a report")

    def background_creates(self, clients, seconds, pause_ms=0):
        return subprocess.Popen(wrk_command(self.command_url, seconds, clients, "create"), stdout=subprocess.PIPE,
                                text=True, env=dict(os.environ, TOKENS=self.tokens["citizen1"], RUN=uuid.uuid4().hex[:12],
                                                    PAUSE_MS=str(pause_ms)))

    def reads(self, paths, clients, token=None, seconds=SECONDS):
        name = f"{self.folder}/paths"
        with open(name, "w") as f:
            f.write("\n".join(paths) + "\n")
        more = {"TOKENS": self.tokens[token]} if token else {}
        run = wrk(self.query_url, seconds, clients, "get", PATHS=name, **more)
        self.failed += run["failed"]
        return run

    def settle(self):
        wait_until("views and Redis have everything", lambda: self.lag() == (0, 0, 0), 600)

    def lag(self):
        """Events the relay and the slowest view are behind, and the larger age in seconds."""
        c, p = metrics(self.command), metrics(self.projector)
        if "es_relay_lag_seconds" not in c:  # it has just started and is ready before it has published
            return None
        head = c["es_head_position"]
        views = [v for k, v in p.items() if k.startswith("es_projection_position")]
        ages = [v for k, v in p.items() if k.startswith("es_projection_lag_seconds")] + [c["es_relay_lag_seconds"]]
        return head - c["es_relay_position"], max(0, head - min(views)), max(ages)

    # ---- sizes ----

    def fill(self, count, what="fill"):
        """More reports, or what another file makes, written straight into the store; then the time the projector needs for them."""
        say(f"filling in {count} by {what}.sql")
        self.city.supervisor("stop", *SERVICES)
        base = self.city.head()
        script = f"\\set base {base}\n\\set count {count}\n\\set reporter {self.reporter}\n" + open(f"{HERE}/{what}.sql").read()
        self.psql("citywatch_write", script)
        self.city.redis("FLUSHALL")
        start = time.monotonic()
        self.city.supervisor("start", "projector")
        wait_until("the projector caught up", lambda: self.city.lane() == base + count, 900)
        taken = time.monotonic() - start
        self.city.supervisor("start", *SERVICES)
        wait_until("all lanes stand there", lambda: self.city.lanes() >= base + count, 900)
        wait_until("ready", self.city.is_ready, 60)
        self.find_processes()
        say(f"projector applied {count} events in {taken:.1f} s; the clocks stood there after {time.monotonic() - start:.1f} s")
        self.settle()
        return count / taken

    def rest(self):
        """What autovacuum and the checkpointer would do in the next minutes, after so much was written, done now:
        it is no part of what is measured next."""
        for database in ("citywatch_write", "citywatch_read"):
            self.psql(database, "VACUUM (ANALYZE)")
        self.psql("postgres", "CHECKPOINT")
        busy = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'"
        wait_until("autovacuum is done", lambda: self.city.sql("postgres", busy)[0][0] in (0, "0"), 300)

    def psql(self, database, script):
        command = ["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-h", self.city.run_dir + "/sockets/postgres",
                   "-p", str(self.city.ports["POSTGRES_PORT"]), "-d", database]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--"] + command
        subprocess.run(command, input=script, text=True, check=True, cwd="/", timeout=900)

    # ---- the rows ----

    def feed(self):
        body = self.city.ask("GET", "/reports/public?limit=50", port=self.query).raw
        url = self.query_url + "/reports/public?limit=50"
        loads = {}
        servers = {w: ceilings.Nginx(f"{self.folder}/nginx{w}", w, body) for w in (1, 2)}
        bare = ceilings.Caddy(f"{self.folder}/caddy", free_ports(1)[0], self.query)
        try:
            best = {}
            for workers, server in servers.items():
                best[workers] = max((wrk(server.url, SECONDS, c)["per_second"], c) for c in (8, 32, 64))
            workers = max(best, key=lambda w: best[w][0])
            clients = best[workers][1]
            say(f"nginx is best with {workers} workers and {clients} connections: {best[workers][0]:.0f}/s")
            for _ in range(ROUNDS):
                for name, target, pid in (("nginx", servers[workers].url, servers[workers].process.pid),
                                          ("feed", url, self.pids["query-api"]),
                                          ("bare", bare.url + "/reports/public?limit=50", bare.process.pid),
                                          ("gateway", self.gateway_url + "/reports/public?limit=50", self.pids["caddy"])):
                    cost = Cost({name: pid})
                    run = wrk(target, SECONDS, clients)
                    run["cpu_us"] = cost.end(run["requests"])["microseconds"][name]
                    self.failed += run["failed"]
                    loads.setdefault(name, []).append(run)
        finally:
            bare.stop()
            for server in servers.values():
                server.stop()
        rate = {n: median([r["per_second"] for r in runs]) for n, runs in loads.items()}
        cpu = {n: median([r["cpu_us"] for r in runs]) for n, runs in loads.items()}
        self.keep("feed", {"bytes": len(body), "workers": workers, "clients": clients, "runs": loads})
        ratio = rate["feed"] / rate["nginx"]
        self.row(f"public feed, 50 items ({len(body)} bytes, {clients} clients)", "≥ 0.9 × nginx static",
                 f"{rate['feed']:.0f}/s, {cpu['feed']:.0f} µs CPU", f"{rate['nginx']:.0f}/s, {cpu['nginx']:.0f} µs CPU",
                 f"{ratio:.2f}", ratio >= 0.9)
        ratio = rate["gateway"] / rate["bare"]
        self.row("the same through the gateway, which knows no route", "≥ 0.9 × a bare reverse_proxy",
                 f"{rate['gateway']:.0f}/s, {cpu['gateway']:.0f} µs CPU of Caddy",
                 f"{rate['bare']:.0f}/s, {cpu['bare']:.0f} µs CPU", f"{ratio:.2f}", ratio >= 0.9)

    def nginx_feed(self):
        gateway.rows(self, ROOT, SECONDS, ROUNDS)

    def other_reads(self):
        for name, path, who in (("inbox", "/cases/inbox", "officer1"), ("/reports/me", "/reports/me", "citizen1")):
            runs = []
            for _ in range(ROUNDS):
                cost = Cost({"query-api": self.pids["query-api"]})
                run = self.reads([path + "?limit=50"], 32, who)
                run["cpu_us"] = cost.end(run["requests"])["microseconds"]["query-api"]
                runs.append(run)
            self.keep(name, runs)
            self.row(f"{name}, 50 items, token, 32 clients", "–", f"{median([r['per_second'] for r in runs]):.0f}/s, "
                     f"p99 {median([r['p99'] for r in runs]):.1f} ms, {median([r['cpu_us'] for r in runs]):.0f} µs CPU")

    def best_clients(self):
        """{clients: creates/s, p50, p99}, and pgbench's at its numbers of clients."""
        ours, theirs = {}, {}
        for clients in (1, 4, 16, 64, 128, 256):
            ours[clients] = self.creates(clients)
            say(f"creates, {clients} clients: {ours[clients]['per_second']:.0f}/s, p99 {ours[clients]['p99']:.1f} ms, "
                f"{ours[clients]['failed']} failed")
            self.settle()
        for clients in (1, 4, 8, 16, 32):
            theirs[clients] = ceilings.pgbench(self.city, "insert-one", clients, SECONDS)
            say(f"pgbench, {clients} clients: {theirs[clients]:.0f}/s")
        self.keep("creates_by_clients", ours)
        self.keep("pgbench_by_clients", theirs)
        return max(ours, key=lambda c: ours[c]["per_second"]), max(theirs, key=theirs.get)

    def create_rows(self):
        ceilings.make_tables(self.city)
        clients, pg_clients = self.best_clients()
        self.clients, runs, one, three = clients, [], [], []
        for _ in range(ROUNDS):
            one.append(ceilings.pgbench(self.city, "insert-one", pg_clients, SECONDS))
            three.append(ceilings.pgbench(self.city, "insert-three", pg_clients, SECONDS))
            cost = Cost(self.pids)
            runs.append(self.creates(clients))
            runs[-1]["cost"] = cost.end(runs[-1]["requests"])
            self.settle()
        ceilings.drop_tables(self.city)
        self.keep("creates", runs)
        self.keep("pgbench", {"clients": pg_clients, "one_row": one, "three_rows": three})
        self.rate = median([r["per_second"] for r in runs])
        ratio = self.rate / median(one)
        self.row(f"durable creates ({clients} clients)", "≥ 1.0 × pgbench", f"{self.rate:.0f}/s, p99 "
                 f"{median([r['p99'] for r in runs]):.1f} ms, {sum(r['failed'] for r in runs)} failed",
                 f"{median(one):.0f}/s ({pg_clients} clients)", f"{ratio:.2f}", ratio >= 1.0)
        self.row("the same against the three rows a create writes", "–", f"{self.rate:.0f}/s", f"{median(three):.0f}/s",
                 f"{self.rate / median(three):.2f}")
        middle = sorted(runs, key=lambda r: r["per_second"])[len(runs) // 2]["cost"]
        self.row("CPU of one create, µs", "–", ", ".join(f"{n} {us:.0f}" for n, us in middle["microseconds"].items() if us >= 1)
                 + f"; {sum(middle['cores'].values()):.2f} of {middle['cores_busy']:.2f} busy cores were ours")

    def visible(self):
        """From the 201 to the answer of a query that waits for its position, at half the highest rate."""
        seconds = 3 * SECONDS
        clients = 64
        load = self.background_creates(clients, seconds + 2, max(1, round(1000 * clients / (self.rate / 2))))
        time.sleep(1)
        write = Client(self.command, self.city.token("citizen1"))
        views = {"feed": (Client(self.query), "/reports/public?limit=50"),
                 "inbox": (Client(self.query, self.city.token("officer1")), "/cases/inbox?limit=50")}
        taken, end, n = {name: [] for name in views}, time.monotonic() + seconds, 0
        while time.monotonic() < end:
            status, made, answered = write.ask("POST", "/reports", {"content": f"seen soon {n}", "category": "infrastruktur"},
                                               **{"Idempotency-Key": uuid.uuid4().hex})
            assert status == 201, (status, made)
            name = ("feed", "inbox")[n % 2]
            client, path = views[name]
            status, _, seen = client.ask("GET", f"{path}&min_position={made['position']}&wait_ms=5000")
            assert status == 200, status
            taken[name].append(1000 * (seen - answered))
            n += 1
        reached = read_wrk(load.communicate(timeout=seconds + 60)[0])["per_second"]
        self.look_for_replays()
        self.settle()
        self.keep("visible", {"rate": reached, "samples": {k: len(v) for k, v in taken.items()},
                              "p50": {k: percentile(v, 50) for k, v in taken.items()},
                              "p99": {k: percentile(v, 99) for k, v in taken.items()}})
        worst = max(percentile(v, 99) for v in taken.values())
        self.row(f"201 → visible, at {reached:.0f} creates/s", "p99 ≤ 25 ms", "; ".join(
            f"{k} p50 {percentile(v, 50):.1f}, p99 {percentile(v, 99):.1f} ms (n={len(v)})" for k, v in taken.items()), met=worst <= 25)

    def lag_over_time(self):
        samples, start = [], time.monotonic()
        load = self.background_creates(self.clients, LAG_SECONDS)
        while load.poll() is None and time.monotonic() - start < LAG_SECONDS + 60:
            samples.append((round(time.monotonic() - start, 1),) + self.lag())
            if len(samples) % 60 == 0:
                say(f"behind after {samples[-1][0]:.0f} s: relay {samples[-1][1]:.0f}, views {samples[-1][2]:.0f}")
            time.sleep(1)
        reached = read_wrk(load.communicate(timeout=60)[0])["per_second"]
        self.look_for_replays()
        self.settle()
        half = len(samples) // 2
        middle = [[median([s[i] for s in part]) for i in (1, 2)] for part in (samples[:half], samples[half:])]
        flat = all(late <= max(2 * early, reached / 4) for early, late in zip(*middle))
        self.keep("lag", {"rate": reached, "samples_s_relay_views_age": samples})
        self.row(f"relay, projector, {LAG_SECONDS:.0f} s at {reached:.0f} creates/s", "lag flat",
                 f"events behind, median of the first and the second half: relay {middle[0][0]:.0f}, {middle[1][0]:.0f}; "
                 f"views {middle[0][1]:.0f}, {middle[1][1]:.0f}; oldest {max(s[3] for s in samples):.2f} s", met=flat)

    def sizes(self):
        count = REPORTS - int(self.city.sql("citywatch_read", "SELECT count(*) FROM report_list.report_list")[0][0])
        applied = self.fill(max(count, SMALL))
        self.row(f"all views from the log, {max(count, SMALL)} events, projector alone", "≥ 100,000 events/s for one view",
                 f"{applied:.0f} events/s for all {len([k for k in metrics(self.projector) if k.startswith('es_projection_position')])} views together")
        rebuild.rows(self, ROUNDS)
        folder = self.folder + "/small"
        os.mkdir(folder)
        small = Bench(City("citywatch-bench-small-"), folder)
        small.fill(SMALL)
        sizes.rows(self, small, max(REPORTS, SMALL), SMALL, SECONDS, ROUNDS)
        self.failed += small.failed
        small.city.stop()

    def clocks(self):
        clocks.rows(self, REPORTS, ROUNDS)

    def positions(self):
        positions.rows(self, SECONDS, ROUNDS)

    def dispatch(self):
        dispatch.rows(self, SECONDS, ROUNDS)

    def audit(self):
        audit.rows(self, Bench, ROUNDS, OUTAGE_SECONDS)

    def bulk(self):
        bulk.rows(self, SECONDS, ROUNDS)

    def k6(self):
        say(f"k6 citizen-reporting for {K6}")
        with open(self.folder + "/k6.log", "w") as log:
            done = subprocess.run([ROOT + "/tools/k6", "citizen-reporting"], stdin=subprocess.DEVNULL, stdout=log,
                                  stderr=subprocess.STDOUT, env=dict(self.city.environment, DURATION=K6), timeout=1200)
        files = sorted(glob.glob(self.city.run_dir + "/k6-results/citizen-reporting-*.json"))
        if done.returncode not in (0, 99) or not files:
            raise RuntimeError("k6: " + open(self.folder + "/k6.log").read()[-2000:])
        found = {k: v["values"] for k, v in json.load(open(files[-1]))["metrics"].items()}
        self.keep("k6", {k: v for k, v in found.items() if k.endswith("latency") or k.startswith("http_req_duration") or k == "cqrs_sync_time"})
        p95 = [found[k]["p(95)"] for k in ("http_req_duration{expected_response:true}", "write_latency", "read_latency")]
        self.row(f"k6 scenario of the seed, 150 users, {K6}, p95 all / write / read", "≤ 5 / 10 / 5 ms",
                 " / ".join(f"{v:.2f}" for v in p95) + f" ms, {100 * found['http_req_failed']['rate']:.2f} % failed",
                 "139 / 66 / 421 ms published", " / ".join(f"{a / b:.2f}" for a, b in zip(p95, (139.12, 66, 421))),
                 p95[0] <= 5 and p95[1] <= 10 and p95[2] <= 5)

    def memory(self, when):
        self.details.setdefault("memory", {})[when] = {s: memory_mib(self.pids[s]) for s in SERVICES}

    def memory_row(self):
        rest = {s: m[0] for s, m in self.details["memory"]["at rest"].items()}
        most = {s: max(m[s][1] for m in self.details["memory"].values()) for s in SERVICES}
        self.row("resident memory at rest (and at most), MiB", f"≤ {MEMORY_GOAL} each at rest",
                 ", ".join(f"{s} {rest[s]:.0f} ({most[s]:.0f})" for s in SERVICES), met=max(rest.values()) <= MEMORY_GOAL)

    def run(self):
        self.memory("at rest")
        self.fill(SMALL)
        for part in PARTS_OF_A_RUN:
            if part in CHOSEN and (part != "k6" or K6 != "0"):
                getattr(self, part)()
            if part == "visible":
                self.memory("after the creates")
        self.memory("at the end")
        self.memory_row()
        self.row("reads that failed, in all of this", "0", str(self.failed), met=self.failed == 0)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # its city is stopped by what runs at exit
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    loads = [os.getloadavg()]
    say("starting a city of its own")
    city = City("citywatch-bench-city-")
    with tempfile.TemporaryDirectory(prefix="citywatch-bench-", dir="/tmp") as folder:
        os.chmod(folder, 0o755)
        bench = Bench(city, folder)
        facts = report.facts(city, started, {"BENCH_SECONDS": SECONDS, "BENCH_ROUNDS": ROUNDS, "BENCH_REPORTS": REPORTS,
                                             "BENCH_LAG_SECONDS": LAG_SECONDS, "BENCH_OUTAGE_SECONDS": OUTAGE_SECONDS, "BENCH_K6": K6})
        facts["one fdatasync of 8 KiB"] = f"{ceilings.flush_microseconds(city.folder):.0f} µs"
        say(f"one fdatasync: {facts['one fdatasync of 8 KiB']}")
        try:
            bench.run()
        finally:
            loads.append(os.getloadavg())
            facts["load average, 1 min, begin and end"] = " ".join(f"{l[0]:.2f}" for l in loads)
            report.write(ROOT + "/bench/results", started, facts, bench.rows, bench.details)


if __name__ == "__main__":
    main()
