"""positions.py -- what single fixes cost: how many a second, whether the projector keeps up with them, and how long a
search for the nearest units takes in the read database."""
import time

from city import wait_until
from measure import median, metrics, wrk

UNITS, CLIENTS, SEARCHES = 10000, (16, 64, 128), 3000
NEAREST = f"""
CREATE FUNCTION pg_temp.searches() RETURNS SETOF double precision LANGUAGE plpgsql AS $$
DECLARE
    begun timestamptz;
    here  postgis.geography;
BEGIN
    SET LOCAL search_path = public, postgis;
    FOR n IN 1..{SEARCHES} LOOP
        here := ST_MakePoint(106.8 + random() * 0.3, -6.2 + random() * 0.3)::geography;
        begun := clock_timestamp();
        PERFORM unit, ST_Distance(place, here) FROM positions.unit_position ORDER BY place <-> here LIMIT 10;
        RETURN NEXT 1000 * extract(epoch FROM clock_timestamp() - begun);
    END LOOP;
END $$;
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ms), percentile_cont(0.99) WITHIN GROUP (ORDER BY ms)
  FROM pg_temp.searches() AS ms"""


def folded(bench):
    return int(bench.city.sql("citywatch_read", "SELECT n FROM positions.checkpoint")[0][0])


def taken(bench):
    return int(bench.city.redis("HGET", "{city}:fixes:count", "n") or 0)


def push(bench, clients, seconds):
    run = wrk(bench.command_url, seconds, clients, "fix", TOKENS=bench.tokens["admin1"], UNITS=str(UNITS))
    return run


def rows(bench, seconds, rounds):
    bench.fill(UNITS, "fill-units")
    bench.rest()
    wait_until("units are known", lambda: push(bench, 1, 1)["failed"] == 0, 30)
    runs = {c: [] for c in CLIENTS}
    for _ in range(rounds):
        for clients in CLIENTS:
            runs[clients].append(push(bench, clients, seconds))
    bench.keep("fixes", runs)
    best = max(CLIENTS, key=lambda c: median([r["per_second"] for r in runs[c]]))
    rate = median([r["per_second"] for r in runs[best]])
    failed = sum(r["failed"] for one in runs.values() for r in one)
    bench.row(f"position fixes, one a request, {UNITS} units ({best} clients)", "≥ 20000/s",
              f"{rate:.0f}/s, p50 {median([r['p50'] for r in runs[best]]):.1f} ms, p99 {median([r['p99'] for r in runs[best]]):.1f} ms, "
              f"{failed} failed", met=rate >= 20000 and failed == 0)

    wait_until("all fixes are folded", lambda: folded(bench) == taken(bench), 300)
    before, start = taken(bench), time.monotonic()
    push(bench, best, 6 * seconds)
    sent, pushed = taken(bench) - before, time.monotonic() - start
    wait_until("all fixes are folded", lambda: folded(bench) == taken(bench), 300)
    behind = time.monotonic() - start - pushed
    missed = metrics(bench.projector).get("fixes_missed_total", 0)
    bench.row(f"fixes folded into the read database while they come, {6 * seconds:.0f} s", "within 5 s of the last one",
              f"{sent / pushed:.0f}/s, {behind:.1f} s behind, {missed:.0f} missed", met=behind <= 5 and missed == 0)

    p50, p99 = map(float, bench.city.sql("citywatch_read", NEAREST)[0])
    bench.row(f"10 nearest of {UNITS} units, in the database", "p99 ≤ 5 ms", f"p50 {p50:.2f} ms, p99 {p99:.2f} ms", met=p99 <= 5)
