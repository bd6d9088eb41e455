"""audit.py -- what the record of requests costs, and what becomes of it while MongoDB is away. Two cities in turn: one that
keeps a record and one that keeps none (AUDIT_SPOOL is empty)."""
import os, threading, time

from city import City, wait_until
from measure import Client, median, metrics, read_wrk

CLIENTS, READERS = 128, 32
FEED = ["/reports/public?limit=50"]
RATE, WRITERS = 500, 16  # creates a second while MongoDB is away


def counted(bench, name):
    """The sum over the books of what is nearest to the clients' requests: command-api's."""
    return sum(v for k, v in metrics(bench.command).items() if k.startswith(name + "{"))


def ways(bench):
    return {"creates": lambda: bench.creates(CLIENTS), "feed": lambda: bench.reads(FEED, READERS)}


def cost(bench, bare, rounds):
    for b in (bench, bare):
        b.city.supervisor("stop", "sla-worker")  # it works off what the creates have left, in the time of the other
    for what, goal in (("creates", 0.95), ("feed", 0.95)):
        runs = {"with": [], "without": []}
        for _ in range(rounds):
            for way, b in (("with", bench), ("without", bare)):
                runs[way].append(ways(b)[what]()["per_second"])
                b.settle()
            wait_until("the record is in MongoDB", lambda: waiting(bench) == 0, 300)
        bench.keep(f"audit, {what}", runs)
        own, other = median(runs["with"]), median(runs["without"])
        ratio = median([a / b for a, b in zip(runs["with"], runs["without"])])
        bench.row(f"{what} with a record of them", f"≥ {goal} of without", f"{own:.0f}/s", f"{other:.0f}/s without", f"{ratio:.2f}", ratio >= goal)
    for b in (bench, bare):
        b.city.supervisor("start", "sla-worker")


def waiting(bench):
    return counted(bench, "es_audit_spooled_total") - counted(bench, "es_audit_shipped_total")


class Reader(threading.Thread):
    """Reads the feed all the time and counts what fails."""

    def __init__(self, bench):
        super().__init__(daemon=True)
        self.client, self.stopped, self.done, self.failed = Client(bench.query), threading.Event(), 0, 0

    def run(self):
        while not self.stopped.wait(0.05):
            status, _, _ = self.client.ask("GET", FEED[0])
            self.done += 1
            self.failed += status != 200


def outage(bench, seconds):
    """Nobody's request may notice; what was not shipped meanwhile is shipped afterwards."""
    reader = Reader(bench)
    reader.start()
    bench.city.supervisor("stop", "mongodb")
    before = counted(bench, "es_audit_spooled_total")
    load = bench.background_creates(WRITERS, seconds, 1000 * WRITERS // RATE)
    run = read_wrk(load.communicate(timeout=seconds + 60)[0])
    reader.stopped.set()
    reader.join(30)
    wait_until("the services have counted all", lambda: counted(bench, "es_audit_spooled_total") - before >= run["requests"], 30)
    left, spool = waiting(bench), counted(bench, "es_audit_spool_bytes")
    bench.city.supervisor("start", "mongodb")
    start = time.monotonic()
    wait_until("the record is in MongoDB", lambda: waiting(bench) == 0, 900)
    taken, dropped = time.monotonic() - start, counted(bench, "es_audit_dropped_total")
    bench.keep("audit, outage", {"run": run, "left": left, "spool": spool, "taken": taken, "dropped": dropped, "reads": reader.done})
    bench.row(f"MongoDB away for {seconds:.0f} s under {run['per_second']:.0f} creates/s", "0 failed, 0 lost",
              f"{run['failed']} of {run['requests']} creates and {reader.failed} of {reader.done} reads failed, {left:.0f} records waited in "
              f"{spool / 2**20:.0f} MiB, in MongoDB {taken:.0f} s after it was back, {dropped:.0f} dropped",
              met=run["failed"] + reader.failed + dropped == 0)


def rows(bench, another, rounds, seconds):
    folder = bench.folder + "/bare"
    os.mkdir(folder)
    bare = another(City("citywatch-bench-bare-", AUDIT_SPOOL=""), folder)
    cost(bench, bare, rounds)
    bare.city.stop()
    outage(bench, seconds)
    bench.find_processes()  # of some there are new ones
