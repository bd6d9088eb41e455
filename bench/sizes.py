"""sizes.py -- lists of a large city beside those of a small one, in turn: what the machine does besides is not
the same ten minutes later."""
from measure import Cost, median

RATIO = 1.2


def paths_of(bench, path, who, filters, pages=60, turned=""):
    """First pages by filter, and the next pages one after another, with the filter `turned`."""
    paths, cursor = [f"{path}?limit=50{f}" for f in filters], ""
    for _ in range(pages):
        answer = bench.city.get(f"{path}?limit=50{turned}{cursor}", who, port=bench.query).json
        if not answer.get("next"):
            break
        cursor = "&cursor=" + answer["next"]
        paths.append(f"{path}?limit=50{turned}{cursor}")
    return paths


def loads(bench):
    """{list: (paths, who)}"""
    categories = ["&category=" + c for c in ("infrastruktur", "kebersihan", "kesehatan", "keamanan")]
    lists = {"feed": ("/reports/public", None, categories + ["&status=RECEIVED", "&sort=votes"]),
             "inbox": ("/cases/inbox", "officer1", ["", "&status=RECEIVED", "&category=kebersihan", "&status=RESOLVED"])}
    asked = {name: (paths_of(bench, path, who, filters), who) for name, (path, who, filters) in lists.items()}
    for name, turned in {"inbox by priority, unassigned": "&sort=priority&assignee=none",
                         "inbox, search for a text": "&q=seen+77"}.items():
        asked[name] = (paths_of(bench, "/cases/inbox", "officer1", [turned], turned=turned), "officer1")
    return asked


def measure(bench, paths, who, seconds):
    """Page by page, while a trickle of reports makes cached answers worthless."""
    trickle = bench.background_creates(1, seconds + 1, 10)
    cost = Cost(bench.pids)
    run = bench.reads(paths, 4, who)
    run["cost"] = cost.end(run["requests"])
    trickle.communicate(timeout=seconds + 60)
    return run


def measure_filters(bench):
    """p95 of a first page with each combination of filters there is, one after another, uncached."""
    category, status = "&category=kebersihan", "&status=RECEIVED"
    combinations = ["", category, status, category + status, "&status=RESOLVED"]
    asked = {"feed" + f: ("/reports/public?limit=50" + f, None) for f in combinations + ["&sort=votes" + f for f in combinations]}
    asked.update({f"{who} inbox{f}": ("/cases/inbox?limit=50" + f, who) for who in ("officer1", "admin1") for f in combinations})
    found, trickle = {}, bench.background_creates(1, len(asked) + 5, 10)
    for name, (path, who) in asked.items():
        found[name] = bench.reads([path], 2, who, seconds=1)["p95"]
    trickle.communicate(timeout=len(asked) + 60)
    return found


def rows(large, small, reports, few, seconds, rounds):
    benches = {"small": small, "large": large}
    for bench in benches.values():
        bench.rest()
    large.keep("filters", {size: measure_filters(bench) for size, bench in benches.items()})
    asked = {size: loads(bench) for size, bench in benches.items()}
    for name in asked["small"]:
        runs = {size: [] for size in benches}
        for _ in range(2 * rounds):
            for size, bench in benches.items():
                runs[size].append(measure(bench, *asked[size][name], seconds))
        large.keep("lists " + name, runs)
        p95 = {size: median([r["p95"] for r in found]) for size, found in runs.items()}
        ratio = p95["large"] / p95["small"]
        large.row(f"{name}, {reports} against {few} reports, p95, uncached, in turn", f"ratio ≤ {RATIO}",
                  f"{p95['large']:.2f} ms", f"{p95['small']:.2f} ms", f"{ratio:.2f}", ratio <= RATIO)
