"""city.py -- what the steps of the life ask of the city of a machine: whether it is ready, its main job, clients all the time."""
import json
import os
import re
import subprocess
import sys
import time

from machine import check

SERVICES = ("command-api", "projector", "query-api", "sla-worker")
WAIT_SECONDS = 60
HERE = os.path.dirname(os.path.abspath(__file__))


def until(what, holds, seconds=WAIT_SECONDS):
    end = time.monotonic() + seconds
    while not (found := holds()):
        check(time.monotonic() < end, "waited", seconds, "s for:", what)
        time.sleep(0.3)
    return found


def ready(m):
    return all(m.call("GET", f"/ready/{service}")[0] == 200 for service in SERVICES)


def login(m, name):
    status, said = m.call("POST", "/auth/login", {"username": name, "password": "a password of length"})
    check(status == 200, "log in of", name, status, said)
    return said["token"]


def files_a_report(m):
    status, said = m.call("POST", "/reports", {"content": "The street light is out", "category": "infrastruktur"}, login(m, "citizen"))
    check(status == 201, "report", status, said)
    return said["report_id"]


def feed_shows(m, report):
    status, said = m.call("GET", "/reports/public")
    return status == 200 and any(r["report_id"] == report and r["current_status"] == "IN_PROGRESS" for r in said["data"])


def main_job(m):
    """A citizen's report that an officer has moved, and that the feed shows so."""
    report = files_a_report(m)
    status, said = m.call("PATCH", f"/cases/{report}/status", {"status": "IN_PROGRESS"}, login(m, "officer"))
    check(status == 200, "move", status, said)
    until("the feed to show it", lambda: feed_shows(m, report))
    return report


def server_of(m, *options):
    """What the gateway says that it is."""
    said = m.run("curl", "-s", "-m", "5", "-o", "/dev/null", "-D", "-", *options, ok=range(256))
    found = re.search(r"^server: (\S+)", said, re.M | re.I)
    return found[1] if found else "none" if "200" in said else None


def begin_load(m):
    """Clients in the network of the machine, by the programs of this host."""
    return subprocess.Popen(["nsenter", "--target", m.leader, "--net", sys.executable, os.path.join(HERE, "load.py"),
                             "http://127.0.0.1:8000", "citizen"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def end_load(load):
    """What it says, if there was enough of it and every answer was the expected one."""
    said, _ = load.communicate(timeout=120)
    check(load.returncode == 0, "the clients ended with", load.returncode, said)
    found = json.loads(said)
    print(f"    {len(found['filed'])} reports filed, {found['reads']} reads, the longest wait {found['longest']} s")
    check(not found["failures"], len(found["failures"]), "answers were not the expected ones:", *found["failures"][:5])
    check(len(found["filed"]) > 100 and found["reads"] > 100, "too few requests to show anything")
    return found["filed"]


def own_reports(m):
    """What each report of the citizen says, a row for each that is listed."""
    token, path, found = login(m, "citizen"), "/reports/me?limit=200", []
    while path:
        status, said = m.call("GET", path, token=token)
        check(status == 200, path, status, said)
        found += [r["content"] for r in said["data"]]
        path = said["next"] and f"/reports/me?limit=200&cursor={said['next']}"
    return found
