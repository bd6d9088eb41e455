"""bulk.py -- officers change many cases: 100 a request beside one a request, by as many connections at once."""
import itertools, threading, time, uuid

from measure import Client, median, percentile

CASES, OFFICERS = 100, 4
PRIORITIES = itertools.cycle(("high", "low"))


class Officer(threading.Thread):
    """Sets the priority of their own cases, over and over, until the time is over."""

    def __init__(self, port, token, ids, end, at_once):
        super().__init__(daemon=True)
        self.client, self.ids, self.end, self.at_once = Client(port, token), ids, end, at_once
        self.changed, self.taken, self.failed = 0, [], 0

    def change(self, method, path, body):
        start = time.monotonic()
        status, answer, _ = self.client.ask(method, path, body, **{"Idempotency-Key": uuid.uuid4().hex})
        self.taken.append(1000 * (time.monotonic() - start))
        done = answer.get("done", 1) if status == 200 else 0
        self.changed += done
        self.failed += (len(self.ids) if self.at_once else 1) - done

    def run(self):
        for priority in PRIORITIES:
            if self.at_once:
                self.change("POST", "/cases/bulk", {"ids": self.ids, "priority": priority})
            for case in () if self.at_once else self.ids:
                if time.monotonic() > self.end:
                    return
                self.change("PATCH", f"/cases/{case}/priority", {"priority": priority})
            if time.monotonic() > self.end:
                return


def measure(bench, cases, seconds, at_once):
    start = time.monotonic()
    token = bench.city.token("officer1")
    officers = [Officer(bench.command, token, ids, start + seconds, at_once) for ids in cases]
    for o in officers:
        o.start()
    for o in officers:
        o.join(seconds + 60)
    taken = [ms for o in officers for ms in o.taken]
    return {"per_second": sum(o.changed for o in officers) / (time.monotonic() - start), "p95": percentile(taken, 95),
            "failed": sum(o.failed for o in officers)}


def rows(bench, seconds, rounds):
    found = bench.city.sql("citywatch_read", "SELECT report_id FROM case_inbox.case_inbox WHERE owner_agency = 'AGENCY_INFRA' "
                                             f"AND status = 'RECEIVED' ORDER BY position LIMIT {CASES * OFFICERS}")
    ids = [row[0] for row in found]
    cases = [ids[i:i + CASES] for i in range(0, len(ids), CASES)]
    runs = {True: [], False: []}
    for _ in range(rounds):
        for at_once, found in runs.items():
            found.append(measure(bench, cases, seconds, at_once))
            bench.settle()
    bench.keep("bulk", {"at_once": runs[True], "one_by_one": runs[False]})
    many, one = (median([r["per_second"] for r in runs[way]]) for way in (True, False))
    bench.row(f"cases changed, {CASES} a request ({len(cases)} clients)", "–",
              f"{many:.0f}/s, p95 {median([r['p95'] for r in runs[True]]):.1f} ms a request, {sum(r['failed'] for r in runs[True])} failed",
              f"{one:.0f}/s one a request", f"{many / one:.2f}")
