"""policies.py -- policies of seconds, so that clocks fire while faults happen: one of a category, and one of a
priority that begins in the middle of what runs."""


def level(name, number, target, **more):
    return {"name": name, "number": number, "office_hours": False, "target": target, **more}


def clock(seconds, *levels):
    return {"seconds": seconds, "calendar": "always", "levels": list(levels)}


DUE = level("due", 1, "agency")
LEVELS = (level("w50", 0, "officer", share_percent=50), DUE, level("late2s", 2, "supervisor", after_due_seconds=2))
POLICIES = {
    "seconds": dict(rank=1, category="infrastruktur", acknowledge=clock(10, DUE), resolve=clock(10, *LEVELS),
                    answer=clock(10, DUE)),
    "seconds-high": dict(rank=0, priority="high", resolve=clock(20, *LEVELS), answer=clock(10, DUE))}


def define(city):
    for id, policy in POLICIES.items():
        a = city.ask("PUT", "/sla/policies/" + id, dict(policy, active=True), city.token("admin1"))
        assert a.status in (200, 201), a.raw
