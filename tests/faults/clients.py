"""clients.py -- people who file, vote and decide, with keys, through whatever happens; every attempt goes into
the history."""
import datetime, http.client, json, random, threading, time, uuid

import asking, policies

CITIZENS = ("citizen1", "citizen2", "citizen3")
OFFICERS = {"infrastruktur": "officer1", "kesehatan": "officer2", "keamanan": "officer3"}
AGENCIES = {"officer1": "AGENCY_INFRA", "officer2": "AGENCY_HEALTH", "officer3": "AGENCY_SAFETY"}
SAID = ("content", "text")  # members of a body into which the key is written
FILTERS = ({"status": "RECEIVED"}, {"assignee": "me"}, {"priority": "high", "sort": "oldest"})
NOTHING_DONE = ("queue-full", "shutting-down")


class Town:
    """What all clients know: tokens, reports, where commands may be sent."""

    def __init__(self, city, history, seed):
        self.city, self.history, self.seed = city, history, seed
        self.reports, self.lock, self.stopped = [], threading.Lock(), threading.Event()
        self.tokens, self.users = {}, {}
        self.doors = [city.ports["GATEWAY_HTTP_PORT"]]  # a second command-api adds its own port
        for name in CITIZENS + tuple(OFFICERS.values()) + ("admin1",):
            self.log_in(name)
        policies.define(self)

    def log_in(self, name):
        a = asking.ask_city(self, "POST", "/auth/login", {"username": name, "password": "password"})
        if a.status != 200:
            raise ConnectionError(f"log-in: {a.status}")
        self.tokens[name] = a.json["token"]
        self.users[name] = a.json["user"]["id"]

    def add(self, report):
        with self.lock:
            self.reports.append(report)

    def is_anonymous(self, who, report):
        """Whether somebody acts as the author of an anonymous report."""
        with self.lock:
            return any(r["id"] == report and r["author"] == who and r["visibility"] == "ANONYMOUS" for r in self.reports)

    def any_report(self, rng, fits=lambda r: True):
        with self.lock:
            known = [r for r in self.reports[-60:] if fits(r)]
        return rng.choice(known) if known else None


def outcome_of(status, body):
    if status in (200, 201):
        return "ok"
    if status in (409, 412):
        return "conflict"
    if 400 <= status < 500:
        return "fail"
    try:
        problem = json.loads(body).get("type", "")
    except ValueError:
        problem = ""
    return "fail" if problem.endswith(NOTHING_DONE) else "unknown"


def soon(rng):
    """A moment in some seconds, at which a hold ends by itself."""
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=rng.uniform(1, 9))
    return until.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Wish:
    """One operation: what is sent again and again under one key until the answer is definite."""

    def __init__(self, town, who, command, method, path, body=None, report=None, wish=None):
        self.town, self.who, self.key = town, who, uuid.uuid4().hex
        self.command, self.method, self.path, self.report, self.wish = command, method, path, report, wish
        self.body = {m: f"{v} {self.key}" if m in SAID else v for m, v in body.items()} if body is not None else None

    def send(self, client, rng):
        """One attempt, one line; the status, 0 if none came."""
        town, start = self.town, time.monotonic()
        reply = asking.ask(town, rng.choice(town.doors), self.method, self.path, self.who, self.body, self.key, self.is_anonymous())
        outcome, answer = outcome_of(reply.status, reply.text), reply.json
        self.report = self.report or answer.get("report_id")
        town.history.add("attempt", key=self.key, client=client, actor=town.users[self.who], command=self.command,
                         report=self.report, wish=self.wish, start=start, end=time.monotonic(), outcome=outcome,
                         status=reply.status, version=answer.get("version"), position=answer.get("position"), body=reply.text)
        return reply.status, outcome, answer

    def is_anonymous(self):
        filed = self.body and self.body.get("visibility") == "ANONYMOUS"
        return filed or self.town.is_anonymous(self.who, self.report)

    def settle(self, client, rng, until):
        """Repeats until the answer is definite or `until()` says stop. The answer of success, or None."""
        pause = 0.02
        while True:
            status, outcome, answer = self.send(client, rng)
            if status == 401:
                self.log_in_again()
            elif outcome == "ok":
                return answer
            elif outcome == "conflict" or (outcome == "fail" and status != 503):
                return None
            if until():
                return None
            time.sleep(pause)
            pause = min(pause * 2, 0.5)

    def log_in_again(self):
        try:
            self.town.log_in(self.who)
        except (OSError, http.client.HTTPException, AssertionError):
            pass


class Client(threading.Thread):
    def __init__(self, town, number):
        super().__init__(daemon=True)
        self.town, self.number = town, number
        self.rng = random.Random(f"{town.seed} client {number}")
        self.done, self.open = [], []  # what was settled, to be repeated later; what is not known

    def create(self):
        visibility = self.rng.choices(("PUBLIC", "PRIVATE", "ANONYMOUS"), (8, 1, 1))[0]
        category = self.rng.choice(tuple(OFFICERS))
        who = self.rng.choice(CITIZENS)
        w = Wish(self.town, who, "create", "POST", "/reports",
                 {"content": "a bad day", "category": category, "visibility": visibility})
        answer = self.settle(w)
        if answer:
            self.town.add({"id": answer["report_id"], "visibility": visibility, "officer": OFFICERS[category],
                           "author": who, "asked": [], "merged": False})
        return answer

    def give(self, command, method, part):
        r = self.town.any_report(self.rng, lambda r: r["visibility"] == "PUBLIC")
        if r:
            self.settle(Wish(self.town, self.rng.choice(CITIZENS), command, method, f"/reports/{r['id']}/{part}",
                             report=r["id"]))

    def vote(self):
        self.give("vote", "POST", "upvote")

    def unvote(self):
        self.give("unvote", "DELETE", "upvote")

    def follow(self):
        self.give("follow", "POST", "follow")

    def unfollow(self):
        self.give("unfollow", "DELETE", "follow")

    def me_too(self):
        self.give("me-too", "POST", "me-too")

    def status(self):
        r = self.town.any_report(self.rng)
        if r:
            to = self.rng.choice(("IN_PROGRESS", "IN_PROGRESS", "RESOLVED", "REJECTED", "CLOSED"))
            self.settle(Wish(self.town, r["officer"], "status", "PATCH", f"/cases/{r['id']}/status",
                             {"status": to, "note": "so it is"}, r["id"], to))

    def handle(self):
        """What the agency does with a case. Another client may have handed it on meanwhile: 403 or 404."""
        r = self.town.any_report(self.rng)
        if not r:
            return
        who, other = r["officer"], self.rng.choice(tuple(AGENCIES))
        command, method, path, body, wish = self.rng.choice((
            ("acknowledge", "POST", "acknowledge", None, None),
            ("assign", "PATCH", "assignee", {"user_id": self.town.users[who]}, self.town.users[who]),
            ("assign", "PATCH", "assignee", {"user_id": None}, None),
            ("priority", "PATCH", "priority", {"priority": "high"}, "high"),
            ("priority", "PATCH", "priority", {"priority": "low"}, "low"),
            ("ask", "POST", "questions", {"text": "which one?"}, None),
            ("note", "POST", "notes", {"text": "only for us"}, None),
            ("note", "POST", "notes", {"text": "and this"}, None),
            ("hold", "POST", "hold", {"reason": "a part"}, "a part"),
            ("hold", "POST", "hold", {"reason": "the weather"}, "the weather"),
            ("hold", "POST", "hold", {"reason": "the rain", "until": soon(self.rng)}, "the rain"),
            ("resume", "DELETE", "hold", None, None),
            ("forward", "POST", "forward", {"agency": AGENCIES[other], "note": "yours"}, AGENCIES[other])))
        answer = self.settle(Wish(self.town, who, command, method, f"/cases/{r['id']}/{path}", body, r["id"], wish))
        if answer and command == "forward":
            r["officer"] = other
        if answer and command == "ask":
            r["asked"].append(answer["question_id"])

    def merge(self):
        """With another one of the agency, and out of it again. Others may have been faster: 409."""
        undo = self.rng.random() < 0.5
        r = self.town.any_report(self.rng, lambda r: r["merged"] == undo)
        if not r:
            return
        who, path = r["officer"], f"/cases/{r['id']}/merge"
        other = self.town.any_report(self.rng, lambda o: o is not r and not o["merged"] and all(
            o[m] == r[m] for m in ("officer", "visibility")))
        if undo and self.settle(Wish(self.town, who, "unmerge", "DELETE", path, report=r["id"])):
            r["merged"] = False
        elif other and self.settle(Wish(self.town, who, "merge", "POST", path, {"into": other["id"]}, r["id"], other["id"])):
            r["merged"] = True

    def keep_filter(self):
        who, name, filter = self.rng.choice(tuple(AGENCIES)), self.rng.choice("abc"), self.rng.choice(FILTERS)
        path = "/cases/filters/" + name
        if self.rng.random() < 0.3:
            self.settle(Wish(self.town, who, "delete", "DELETE", path, wish=[name, None]))
        else:
            self.settle(Wish(self.town, who, "save", "PUT", path, {"filter": filter}, wish=[name, filter]))

    def say(self):
        """What the author says, and the agency."""
        r = self.town.any_report(self.rng)
        if not r:
            return
        command, method, path, who, body = self.rng.choice((
            ("edit", "PATCH", "", r["author"], {"content": "a worse day"}),
            ("comment", "POST", "/comments", r["author"], {"text": "it grows"}),
            ("comment", "POST", "/comments", r["officer"], {"text": "we come"})))
        self.settle(Wish(self.town, who, command, method, f"/reports/{r['id']}{path}", body, r["id"]))

    def answer(self):
        """The author, to a question that was asked; another client may have been faster: 409."""
        r = self.town.any_report(self.rng, lambda r: r["asked"])
        if r:
            self.settle(Wish(self.town, r["author"], "answer", "POST", f"/reports/{r['id']}/answers",
                             {"question_id": self.rng.choice(r["asked"]), "text": "that one"}, r["id"]))

    def again(self):
        """A key that was answered long ago, or twice at once."""
        if self.done:
            w = self.rng.choice(self.done[-40:])
            twin = threading.Thread(target=w.send, args=(self.number, random.Random(self.rng.random())))
            twin.start()
            w.send(self.number, self.rng)
            twin.join()

    def twice(self):
        """A new wish, sent twice at the same time."""
        w = Wish(self.town, self.rng.choice(CITIZENS), "create", "POST", "/reports",
                 {"content": "twice at once", "category": "infrastruktur"})
        twin = threading.Thread(target=w.send, args=(self.number, random.Random(self.rng.random())))
        twin.start()
        self.settle(w)
        twin.join()

    def settle(self, wish):
        answer = wish.settle(self.number, self.rng, self.town.stopped.is_set)
        (self.done if answer else self.open).append(wish)
        if answer and wish.report and self.rng.random() < 0.5:
            self.look(wish, answer["position"])
        return answer

    def look(self, wish, position):
        """Read your writes, as an officer, who sees every report of the agency."""
        with self.town.lock:
            r = next((r for r in self.town.reports if r["id"] == wish.report), None)
        if not r:
            return
        path = f"/reports/{r['id']}?min_position={position}&wait_ms=3000"
        seen, start = {"position": 0, "version": 0, "votes": 0}, time.monotonic()
        reply = asking.ask(self.town, self.town.doors[0], "GET", path, r["officer"])
        if reply.status == 200:
            seen = {"position": int(reply.headers["X-Event-Position"]), "version": reply.json["version"],
                    "votes": reply.json["vote_count"]}
        if reply.status not in (0, 401):
            self.town.history.add("read", report=r["id"], min_position=position, start=start, end=time.monotonic(),
                                  status=reply.status, **seen)

    def browse(self):
        """As somebody who is nobody here."""
        asking.ask(self.town, self.town.doors[0], "GET", "/reports/public?limit=3")

    def acts(self):
        """What it does, and how often."""
        return {self.create: 8, self.vote: 6, self.unvote: 2, self.follow: 3, self.unfollow: 2, self.me_too: 2, self.status: 5,
                self.handle: 7, self.merge: 3, self.keep_filter: 2, self.say: 3, self.answer: 1, self.again: 2, self.twice: 1, self.browse: 2}

    def run(self):
        acts = self.acts()
        while not self.town.stopped.is_set():
            self.rng.choices(tuple(acts), tuple(acts.values()))[0]()
            time.sleep(0.002)

    def settle_what_is_open(self, seconds=30):
        """After the bad days every question gets its answer."""
        end = time.monotonic() + seconds
        for w in self.open:
            w.settle(self.number, self.rng, lambda: time.monotonic() > end)
        for w in self.rng.sample(self.done, min(20, len(self.done))):
            if w.send(self.number, self.rng)[1] == "unknown":
                return  # the checker will say what it thinks of that
