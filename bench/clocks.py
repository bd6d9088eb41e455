"""clocks.py -- what clocks cost a create, how late levels fire, and how soon a worker that starts goes on. Lateness is counted
in the store: from when a level came, by `recorded` of the report and its policy, to `recorded` of its escalation."""
import time

from city import wait_until
from measure import median

BURST, RATE, FIRING_SECONDS = 10000, 200, 20


def define(bench, id, seconds, **more):
    level = {"name": "due", "number": 1, "office_hours": False, "target": "agency"}
    a = bench.city.ask("PUT", f"/sla/policies/{id}", {
        "rank": 1, "active": True, "resolve": {"seconds": seconds, "calendar": "always", "levels": [level]}, **more}, bench.city.token("admin1"))
    assert a.status == 200, a.raw
    wait_until("the policy is known", lambda: bench.city.lanes() >= a.json["position"], 60)


def lateness(bench, policy, seconds, expected, patience):
    """(median, p99, greatest) in ms, of the levels of that policy; and how many there are."""
    count = f"SELECT count(*) FROM es_event WHERE type = 'report.escalated' AND data->>'policy' = '{policy}'"
    wait_until(f"{expected} levels have fired", lambda: int(bench.city.sql("citywatch_write", count)[0][0]) >= expected, patience)
    (p50, p99, most, fired), = bench.city.sql("citywatch_write", f"""
        SELECT 1000 * percentile_cont(0.5) WITHIN GROUP (ORDER BY late), 1000 * percentile_cont(0.99) WITHIN GROUP (ORDER BY late),
               1000 * max(late), count(*)
          FROM (SELECT extract(epoch FROM e.recorded - f.recorded) - {seconds} AS late
                  FROM es_event e JOIN es_event f ON f.stream = e.stream AND f.version = 1
                 WHERE e.type = 'report.escalated' AND e.data->>'policy' = '{policy}') levels""")
    return float(p50), float(p99), float(most), int(fired)


def cost_of_a_create(bench, rounds):
    runs = {"with": [], "without": []}
    for _ in range(rounds):
        for way, action in (("without", "stop"), ("with", "start")):
            bench.city.supervisor(action, "sla-worker")
            if way == "with":
                wait_until("the worker is there", lambda: bench.city.lanes() == bench.city.head(), 300)
            runs[way].append(bench.creates(getattr(bench, "clients", 128))["per_second"])
            bench.settle()
    wait_until("the clocks stand where the log ends", lambda: bench.city.lanes() == bench.city.head(), 300)
    bench.keep("creates and clocks", runs)
    own, bare = median(runs["with"]), median(runs["without"])
    bench.row("durable creates with clocks", "≥ 0.85 of without", f"{own:.0f}/s", f"{bare:.0f}/s without sla-worker",
              f"{own / bare:.2f}", own / bare >= 0.85)


def burst(bench):
    """Reports of one moment: as many levels are due at once."""
    seconds = 60
    define(bench, "bench-burst", seconds, category="kesehatan")
    bench.fill(6 * BURST)
    p50, p99, most, fired = lateness(bench, "bench-burst", seconds, BURST, 300)
    define(bench, "bench-burst", seconds, category="kesehatan", active=False)
    bench.row(f"{BURST} levels due at once", "all within 2 s", f"{fired} fired, p50 {p50:.0f} ms, p99 {p99:.0f} ms, the last {most:.0f} ms late",
              met=fired == BURST and most <= 2000)


def steady(bench, reports):
    """New reports with clocks of seconds beside a city of open clocks."""
    seconds, clients = 10, 16
    define(bench, "bench-steady", seconds)
    before = bench.city.head()
    load = bench.background_creates(clients, FIRING_SECONDS, 1000 * clients // RATE)
    load.communicate(timeout=FIRING_SECONDS + 60)
    filed = bench.city.head() - before
    p50, p99, most, fired = lateness(bench, "bench-steady", seconds, 1, 60)
    time.sleep(seconds + 2)
    p50, p99, most, fired = lateness(bench, "bench-steady", seconds, 1, 60)
    define(bench, "bench-steady", seconds, active=False)
    bench.row(f"{fired / FIRING_SECONDS:.0f} levels/s beside {reports} open reports", "p99 ≤ 100 ms late",
              f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, greatest {most:.0f} ms, {fired} fired of {min(filed, fired)}", met=p99 <= 100)


def restart(bench, reports):
    bench.city.supervisor("stop", "sla-worker")
    start = time.monotonic()
    bench.city.supervisor("start", "sla-worker")
    wait_until("the worker is ready", lambda: bench.city.get("/ready/sla-worker").status == 200, 60)
    taken = time.monotonic() - start
    bench.row(f"sla-worker ready again, {reports} open reports", "≤ 10 s", f"{taken:.1f} s", met=taken <= 10)


def rows(bench, reports, rounds):
    cost_of_a_create(bench, rounds)
    have = int(bench.city.sql("citywatch_read", "SELECT count(*) FROM sla.report_clocks WHERE next_at IS NOT NULL")[0][0])
    if have < reports:
        bench.fill(reports - have)
    bench.rest()
    steady(bench, reports)
    restart(bench, reports)
    burst(bench)
