"""rebuild.py -- a large view anew from the log, as an operator does it, and what readers notice of it."""
import json, os, subprocess, threading

from measure import median
from sizes import paths_of

CTL = os.path.dirname(os.path.dirname(os.path.realpath(__file__))) + "/tools/ctl"
VIEWS = ("report_list", "report_detail", "case_inbox")
GOAL = 100000


def rebuild(city, view):
    """The last line of citywatchctl: filling, indexes and swap together."""
    done = subprocess.run([CTL, "rebuild", view, "--json", "--yes"], env=city.environment, stdout=subprocess.PIPE,
                          text=True, check=True, timeout=900)
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["done"], last
    subprocess.run([CTL, "rebuild", view, "--drop", "--yes"], env=city.environment, stdout=subprocess.DEVNULL,
                   check=True, timeout=120)
    return last


def feed_while(bench, paths, is_busy):
    """p95 of the uncached feed, second by second, as long as it is busy; at least one."""
    found = []
    while not found or is_busy():
        trickle = bench.background_creates(1, 2, 10)
        found.append(bench.reads(paths, 2, seconds=1)["p95"])
        trickle.communicate(timeout=60)
    return median(found)


def rows(bench, rounds):
    for view in VIEWS:
        found = bench.keep("rebuild of " + view, [rebuild(bench.city, view) for _ in range(rounds)])
        rate = median([f["events_per_second"] for f in found])
        bench.row(f"rebuild of {view}, {found[-1]['events']} events", f"≥ {GOAL:,} events/s", f"{rate:.0f} events/s",
                  met=rate >= GOAL)
    paths = paths_of(bench, "/reports/public", None, [""])
    alone = median([feed_while(bench, paths, lambda: False) for _ in range(rounds)])
    worker = threading.Thread(target=rebuild, args=(bench.city, VIEWS[0]))
    worker.start()
    beside = feed_while(bench, paths, worker.is_alive)
    worker.join()
    bench.row(f"feed, uncached, p95 while {VIEWS[0]} is rebuilt", "readers undisturbed", f"{beside:.2f} ms",
              f"{alone:.2f} ms without", f"{beside / alone:.2f}")
