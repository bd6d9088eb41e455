"""policies.py -- policies of seconds, so that clocks fire while faults happen: one of a category, and one of a
priority that begins in the middle of what runs. An admin defines them and their calendar anew and applies that to what
is open."""
import http.client, random, threading

import asking

CALENDAR = "soak"  # counts round the clock, whatever its zone is
ZONES = ("UTC", "Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura", "Asia/Dili")


def level(name, number, target, **more):
    return {"name": name, "number": number, "office_hours": False, "target": target, **more}


def clock(seconds, *levels):
    return {"seconds": seconds, "calendar": CALENDAR, "levels": list(levels)}


DUE = level("due", 1, "agency")
LEVELS = (level("w50", 0, "officer", share_percent=50), DUE, level("late2s", 2, "supervisor", after_due_seconds=2))
POLICIES = {
    "seconds": dict(rank=1, category="infrastruktur", acknowledge=clock(10, DUE), resolve=clock(10, *LEVELS),
                    answer=clock(10, DUE)),
    "seconds-high": dict(rank=0, priority="high", resolve=clock(20, *LEVELS), answer=clock(10, DUE))}


def put(town, path, body):
    a = asking.ask_city(town, "PUT", "/sla/" + path, body, "admin1")
    assert a.status in (200, 201), a.raw


def put_calendar(town, zone, query=""):
    put(town, f"calendars/{CALENDAR}{query}", {"zone": zone, "hours": [], "holidays": []})


def define(town):
    put_calendar(town, "UTC")
    for id, policy in POLICIES.items():
        put(town, "policies/" + id, dict(policy, active=True))


class Admin(threading.Thread):
    """Every few seconds something else is to hold for what is open."""

    def __init__(self, town):
        super().__init__(daemon=True)
        self.town, self.rng, self.number = town, random.Random(f"{town.seed} admin"), 0

    def apply(self):
        """The calendar and a policy by turns, each third time for what begins from then on alone."""
        self.number += 1
        query = "" if self.number % 3 == 0 else "?apply=open"
        if self.number % 2:
            put_calendar(self.town, ZONES[self.number % len(ZONES)], query)
        else:
            longer = dict(POLICIES["seconds"], resolve=clock(10 + self.number % 5, *LEVELS), active=True)
            put(self.town, "policies/seconds" + query, longer)

    def run(self):
        while not self.town.stopped.wait(self.rng.uniform(3, 7)):
            try:
                self.apply()
            except (OSError, http.client.HTTPException, AssertionError):
                continue  # something is away

    def settle_what_is_open(self):
        """It has no open questions."""
