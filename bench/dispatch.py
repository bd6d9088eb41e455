"""dispatch.py -- what patrols cost: how long a recommendation takes among many with live positions, dispatches a second, and
whether the feed notices patrols that are moved and sent."""
import os, subprocess, uuid

from city import wait_until
from measure import Cost, median, metrics, read_wrk, wrk, wrk_command

PATROLS, CLIENTS, ASKING = 10000, 32, (1, 8)
MOST = 4000  # named dispatches a second that there are patrols and crimes for
MOVED, SENT = 1000, 50  # patrols a second, beside the feed
WAYS = ("alone", "moved", "sent")  # each with one load more
FEED = ["/reports/public?limit=50"]
# All have sent a position this moment, each its own place within 33 km by 33 km, which stays.
LIVE = f"""
INSERT INTO positions.unit_position (unit, fix, at, place, latitude, longitude, received_at)
SELECT patrol_id, '', now(), postgis.ST_SetSRID(postgis.ST_MakePoint(lon, lat), 4326)::postgis.geography, lat, lon, now()
  FROM (SELECT patrol_id, -6.2 + random() * 0.3 AS lat, 106.8 + random() * 0.3 AS lon FROM patrol_list.patrol_list
         WHERE patrol_id >= '00000000-0000-7000-8000-200000000000' AND patrol_id < '00000000-0000-7000-8000-2{PATROLS:011d}') p
    ON CONFLICT (unit) DO UPDATE SET at = now(), received_at = now();
VACUUM positions.unit_position"""
LOST = "SELECT count(*) FROM patrol_list.patrol_list JOIN positions.unit_position ON unit = patrol_id WHERE lost_at IS NOT NULL"


def live(bench):
    """Those that were called lost meanwhile are found again."""
    bench.psql("citywatch_read", LIVE)
    wait_until("no patrol is lost", lambda: bench.city.sql("citywatch_read", LOST) == [["0"]], 60)
    bench.settle()


def told(runs):
    return (f"{median([r['per_second'] for r in runs]):.0f}/s, p50 {median([r['p50'] for r in runs]):.1f} ms, "
            f"p99 {median([r['p99'] for r in runs]):.1f} ms, {sum(r['failed'] for r in runs)} failed")


def recommendations(bench, seconds, rounds):
    """Each for another crime than the last ones, and a second ends what is in the cache."""
    paths = [f"/dispatch/recommendation?report_id=00000000-0000-7000-8000-3{n:011d}" for n in range(PATROLS)]
    runs = {clients: [] for clients in ASKING}
    for _ in range(rounds):
        for clients in ASKING:
            live(bench)
            cost = Cost({part: bench.pids[part] for part in ("query-api", "postgres")})
            run = bench.reads(paths, clients, "admin1", seconds)
            run["cpu_us"] = sum(cost.end(run["requests"])["microseconds"].values())
            runs[clients].append(run)
    bench.keep("recommendations", runs)
    for clients, found in runs.items():
        one = clients == 1
        bench.row(f"recommendation of {PATROLS} patrols with live positions ({clients} client{'' if one else 's'})",
                  "p99 ≤ 5 ms" if one else "–", f"{told(found)}, {median([r['cpu_us'] for r in found]):.0f} µs CPU",
                  met=median([r["p99"] for r in found]) <= 5 if one else None)


def dispatches(bench, name, first, count, seconds, rounds, named):
    """Each run sends to `count` crimes of its own, from the number `first` on."""
    runs = []
    for n in range(rounds):
        live(bench)
        runs.append(wrk(bench.command_url, seconds, CLIENTS, "dispatch", TOKENS=bench.tokens["admin1"], FROM=str(first + n * count),
                        NAMED=str(int(named)), RUN=uuid.uuid4().hex[:12]))
        bench.settle()
    bench.keep(f"dispatches, {name}", runs)
    bench.row(f"dispatches, {name} ({CLIENTS} clients)", "–", told(runs), met=sum(r["failed"] for r in runs) == 0)
    return runs


def traffic(bench, way, crimes, patrols, seconds):
    """Beside what is measured patrols are moved, and sent to crimes that had one already: no report changes its status."""
    loads = (("fix", 16, MOVED, {"SERIES": "2", "UNITS": str(PATROLS)}),
             ("dispatch", 2, SENT, {"FROM": str(patrols), "CRIMES": str(crimes), "RUN": uuid.uuid4().hex[:12]}))
    return [subprocess.Popen(wrk_command(bench.command_url, seconds, clients, script), stdout=subprocess.PIPE, text=True,
                             env=dict(os.environ, TOKENS=bench.tokens["admin1"], PAUSE_MS=str(1000 * clients // rate), **more))
            for script, clients, rate, more in loads[:WAYS.index(way)]]


def feed(bench, crimes, patrols, seconds, rounds):
    runs, count = {way: [] for way in WAYS}, int(2 * SENT * (seconds + 1))
    asked = lambda: metrics(bench.query).get('query_cache_total{result="run"}', 0)
    bench.reads(FEED, CLIENTS, seconds=1)
    for n in range(rounds):
        for way, found in runs.items():
            loads = traffic(bench, way, crimes + n * count, patrols + n * count, seconds + 1)
            before, fixes = asked(), metrics(bench.projector).get("fixes_folded_total", 0)
            run = bench.reads(FEED, CLIENTS, seconds=seconds)
            run["asked"], run["folded"] = asked() - before, metrics(bench.projector).get("fixes_folded_total", 0) - fixes
            run["traffic"] = [read_wrk(load.communicate(timeout=60)[0]) for load in loads]
            found.append(run)
            bench.settle()
    bench.keep("feed and patrols", runs)
    alone = runs["alone"]
    for way, what, goal in (("moved", f"{MOVED} patrols/s move", "read anew for none of it"),
                            ("sent", f"{MOVED} patrols/s move and {SENT} are sent", "–")):
        own, again, failed = runs[way], max(r["asked"] for r in runs[way]), sum(t["failed"] for r in runs[way] for t in r["traffic"])
        bench.row(f"feed while {what} ({CLIENTS} clients)", goal,
                  f"{told(own)}; read {again:.0f} times in {seconds:.0f} s, {failed} of the traffic failed", f"{told(alone)} without",
                  f"{median([r['per_second'] for r in own]) / median([r['per_second'] for r in alone]):.2f}",
                  failed == 0 and (way == "sent" or again <= 1 + max(r["asked"] for r in alone)))


def rows(bench, seconds, rounds):
    rules = bench.city.ask("PUT", "/patrols/rules", {"transitions": "warn", "offer_seconds": 86400}, bench.city.token("admin1"))
    assert rules.status == 200, rules.raw  # no offer times out beside what is measured next
    bench.fill(3 * PATROLS, "fill-dispatch")
    bench.rest()
    recommendations(bench, seconds, rounds)
    each, short = int(MOST * seconds), min(seconds, 2)
    spare = int(2 * SENT * (seconds + 1)) * rounds
    dispatches(bench, "the nearest that is free", 0, PATROLS // rounds, short, rounds, False)
    bench.fill(3 * (each * rounds + spare), "fill-dispatch")
    bench.rest()
    dispatches(bench, "of patrols that are named", PATROLS, each, seconds, rounds, True)
    feed(bench, PATROLS, PATROLS + each * rounds, seconds, rounds)
