"""pushers.py -- clients that say where patrols are: all of them for the same patrols, now and late, again, at the moment of
another fix, at two doors at once. What they were told goes into the history as kind "fix"."""
import datetime, random, threading, time

import asking
from clients import Client, outcome_of

CENTRE = (-6.2, 106.8)
KNOWN = 200  # of each patrol, to be sent again


def moment(seconds):
    """So many from now."""
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def body_of(rng, recorded_at):
    """A place within a kilometre; some have more digits than are kept, and some of the measures."""
    latitude, longitude = (round(c + rng.uniform(-0.005, 0.005), rng.choice((3, 7))) for c in CENTRE)
    if rng.random() < 0.1:
        latitude = float(f"{latitude:.7f}3")
    body = {"location": {"latitude": latitude, "longitude": longitude}, "recorded_at": recorded_at}
    for name, limit in (("accuracy_m", 50), ("speed_mps", 30), ("heading_deg", 360)):
        if rng.random() < 0.5:
            body[name] = round(rng.uniform(0, limit), 1)
    return body


def push(town, client, rng, who, unit, body):
    """One attempt, one line; its outcome."""
    start = time.monotonic()
    reply = asking.ask(town, rng.choice(town.doors), "PUT", f"/patrols/{unit}/location", who, body)
    outcome = outcome_of(reply.status, reply.text)
    town.history.add("fix", client=client, unit=unit, body=body, start=start, end=time.monotonic(), outcome=outcome,
                     status=reply.status, moved=reply.json.get("moved"))
    return outcome


class Known:
    """The last fixes of each patrol, whoever sent them."""

    def __init__(self):
        self.of, self.lock = {}, threading.Lock()

    def add(self, unit, body):
        with self.lock:
            self.of[unit] = (self.of.get(unit, []) + [body])[-KNOWN:]

    def any(self, rng, unit):
        with self.lock:
            return rng.choice(self.of[unit]) if self.of.get(unit) else None


class Pusher(Client):
    """One of those that share `units`, [(id, name of the crew or None)], and `known`."""

    def __init__(self, town, number, units, known):
        super().__init__(town, number)
        self.units, self.known = units, known
        self.unknown = []

    def send(self, unit, crew, body):
        who = self.rng.choice((crew or "dispatcher1", "dispatcher1"))
        outcome = push(self.town, self.number, self.rng, who, unit, body)
        if outcome == "unknown":
            self.unknown.append((unit, crew, body))
        return outcome

    def new(self, seconds):
        unit, crew = self.rng.choice(self.units)
        body = body_of(self.rng, moment(seconds))
        self.known.add(unit, body)
        return unit, crew, body

    def now(self):
        self.send(*self.new(self.rng.uniform(-0.05, 0.05)))

    def late(self):
        self.send(*self.new(-self.rng.choice((1, 60, 3600, 86000)) * self.rng.random()))

    def ahead(self):
        self.send(*self.new(self.rng.uniform(0, 2)))

    def refused(self):
        """Too far ahead, or too old."""
        unit, crew = self.rng.choice(self.units)
        self.send(unit, crew, body_of(self.rng, moment(self.rng.choice((90, -25 * 3600)))))

    def old_one(self, change):
        unit, crew = self.rng.choice(self.units)
        body = self.known.any(self.rng, unit)
        if body:
            self.send(unit, crew, change(body))

    def once_more(self):
        self.old_one(lambda body: body)

    def equal(self):
        """At the same moment another place, or other measures."""
        self.old_one(lambda body: self.rng.choice((body_of(self.rng, body["recorded_at"]),
                                                   dict(body, speed_mps=round(self.rng.uniform(0, 30), 1)))))

    def twice(self):
        unit, crew, body = self.new(self.rng.uniform(-0.2, 0.2))
        twin = threading.Thread(target=push, args=(self.town, self.number, random.Random(self.rng.random()),
                                                   "dispatcher1", unit, body))
        twin.start()
        self.send(unit, crew, body)
        twin.join()

    def acts(self):
        return {self.now: 10, self.late: 5, self.equal: 4, self.once_more: 3, self.ahead: 0.2, self.twice: 2, self.refused: 0.2}

    def run(self):
        super().run()
        for unit, crew in self.units:  # the last word is an old one
            self.send(unit, crew, body_of(self.rng, moment(-self.rng.uniform(60, 80000))))

    def settle_what_is_open(self, seconds=30):
        """Every other one is sent again; the rest stays unknown."""
        end = time.monotonic() + seconds
        for one in self.unknown[::2]:
            if time.monotonic() < end:
                self.send(*one)


def pushers(town, first, count, units):
    known = Known()
    return [Pusher(town, first + n, units, known) for n in range(count)]
