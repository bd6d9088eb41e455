"""dispatchers.py -- one who sends patrols to reports, and their crews; what they wish goes into the history as that of all
clients. Offers time out after seconds, so that the worker has its part in it."""
import asking
from clients import Client, Wish, soon
from pushers import moment, push

DISPATCHER, CREWS = "dispatcher1", ("patrol1", "patrol2")
PLACE = {"latitude": -6.2, "longitude": 106.8}
UNITS = 4
OFFER_SECONDS = 5
# What is done to a dispatch: the status that it then has.
ANSWERS = {"accept": "ACCEPTED", "decline": "DECLINED", "arrive": "ARRIVED", "clear": "CLEARED", "cancel": "CANCELLED"}
NEXT = {"RESERVED": ("cancel",), "OFFERED": ("accept", "accept", "accept", "decline", "cancel"),
        "ACCEPTED": ("arrive", "arrive", "arrive", "decline", "cancel"), "ARRIVED": ("clear", "clear", "cancel")}


def register(town):
    """Patrols, of which the first ones have a crew: [(id, name of the crew or None)]."""
    def change(method, path, body, who=DISPATCHER):
        a = asking.ask_city(town, method, path, body, who)
        assert a.status in (200, 201), a.raw
        return a.json

    change("PUT", "/patrols/rules", {"transitions": "warn", "offer_seconds": OFFER_SECONDS}, "admin1")
    units = [change("POST", "/patrols", {"call_sign": f"U {n}", "agency": "AGENCY_SAFETY"})["patrol_id"] for n in range(UNITS)]
    for unit, name in zip(units, CREWS):
        change("POST", f"/patrols/{unit}/crew", {"user_id": town.users[name]})
    return [(unit, CREWS[n] if n < len(CREWS) else None) for n, unit in enumerate(units)]


class Dispatcher(Client):
    def __init__(self, town, number):
        super().__init__(town, number)
        for name in (DISPATCHER,) + CREWS:
            town.log_in(name)
        self.units = register(town)
        self.sent = []  # [id, patrol, status] as far as it is known here

    def who(self, patrol):
        """The crew answers, or a dispatcher for them."""
        return self.rng.choice((dict(self.units)[patrol] or DISPATCHER, DISPATCHER))

    def put_on_duty(self):
        for patrol, _ in self.units:
            self.set_status(patrol, "available")

    def set_status(self, patrol, status):
        self.settle(Wish(self.town, self.who(patrol), "duty", "PUT", f"/patrols/{patrol}/status?confirm=true",
                         {"status": status}, wish=[patrol, status]))

    def duty(self):
        """By hand; while a patrol is dispatched that is refused: 409."""
        self.set_status(self.rng.choice(self.units)[0], self.rng.choice(("available", "available", "available", "busy")))

    def crime(self):
        """A report that lies somewhere, to which the nearest patrol may go."""
        w = Wish(self.town, "citizen1", "create", "POST", "/reports",
                 {"content": "a window", "category": "kriminalitas", "visibility": "PUBLIC", "location": PLACE})
        answer = self.settle(w)
        if answer:
            self.town.add({"id": answer["report_id"], "visibility": "PUBLIC", "officer": "officer3", "author": "citizen1",
                           "asked": [], "merged": False, "crime": True})

    def locate(self):
        """Fixes are no events."""
        for patrol, _ in self.units:
            push(self.town, self.number, self.rng, DISPATCHER, patrol, {"location": PLACE, "recorded_at": moment(0)})

    def send(self):
        """Now or later, a patrol that is named or the nearest one; often the patrol is taken: 409."""
        named = self.rng.random() < 0.7
        r = self.town.any_report(self.rng, lambda r: r.get("crime") or (named and r["visibility"] == "PUBLIC"))
        if not r:
            return
        body = {"report_id": r["id"], "exclusive": self.rng.random() < 0.6}
        if named:
            body["patrol_id"] = self.rng.choice(self.units)[0]
            if self.rng.random() < 0.15:
                body["due_at"] = soon(self.rng)
        answer = self.settle(Wish(self.town, DISPATCHER, "send", "POST", "/dispatch", body, r["id"]))
        if answer:
            self.sent.append([answer["dispatch_id"], answer["patrol_id"], answer["status"]])

    def reply(self):
        """The next step of a dispatch. It may have gone on without that: 409."""
        self.sent = open_ones = [d for d in self.sent if d[2] in NEXT]
        if not open_ones:
            return
        one = self.rng.choice(open_ones)
        command = self.rng.choice(NEXT[one[2]])
        who = DISPATCHER if command == "cancel" else self.who(one[1])
        answer = self.settle(Wish(self.town, who, command, "POST", f"/dispatch/{one[0]}/{command}", wish=[one[0], ANSWERS[command]]))
        one[2] = answer["status"] if answer else "OFFERED" if one[2] == "RESERVED" else "unknown"

    def resolve(self):
        """A report to which patrols were sent."""
        r = self.town.any_report(self.rng, lambda r: r.get("crime"))
        if r:
            to = self.rng.choice(("RESOLVED", "RESOLVED", "REJECTED"))
            self.settle(Wish(self.town, r["officer"], "status", "PATCH", f"/cases/{r['id']}/status",
                             {"status": to, "note": "so it is"}, r["id"], to))

    def acts(self):
        return {self.crime: 3, self.locate: 1, self.send: 10, self.reply: 9, self.resolve: 1, self.duty: 2, self.again: 1}

    def run(self):
        self.put_on_duty()
        super().run()
