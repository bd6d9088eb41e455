"""asking.py -- one request of a client, its reply, and the line of kind "request" that A1 holds the record of requests to.

Each request has an id of its own, which begins with the key of its operation: `key_of` takes it out of a correlation id."""
import http.client, json, time, uuid

TIMEOUT = 22
NO_KEY = "once"


def new_id(key=None):
    return f"{key or NO_KEY}.{uuid.uuid4().hex}"


def key_of(correlation):
    return (correlation or "").split(".")[0]


class Reply:
    """`status` 0: none came, and `text` says why."""

    def __init__(self, status, text, headers):
        self.status, self.text, self.headers = status, text, headers

    @property
    def json(self):
        """What a success says; empty for anything else."""
        return json.loads(self.text) if self.status in (200, 201) else {}


NONE = Reply(0, "", {})


def tell(town, request, method, path, actor, start, reply, anonymous=False):
    """`served`: a service has answered, not the gateway for one that was away."""
    told = reply.json
    town.history.add("request", id=request, method=method, path=path.split("?")[0], actor=actor, start=start, end=time.monotonic(),
                     status=reply.status, served=reply.headers.get("X-Request-Id") == request, anonymous=anonymous,
                     replayed=reply.headers.get("Idempotency-Replayed") == "true",
                     position=told.get("position") if isinstance(told, dict) else None)


def ask(town, door, method, path, who=None, body=None, key=None, anonymous=False):
    """Through any door, whatever happens. `anonymous`: its author is one of an anonymous report."""
    request, start, reply = new_id(key), time.monotonic(), NONE
    headers = {"X-Request-Id": request}
    if key:
        headers["Idempotency-Key"] = key
    if who:
        headers["Authorization"] = "Bearer " + town.tokens[who]
    if body is not None:
        headers["Content-Type"] = "application/json"
    c = http.client.HTTPConnection("127.0.0.1", door, timeout=TIMEOUT)
    try:
        c.request(method, path, json.dumps(body).encode() if body is not None else None, headers)
        r = c.getresponse()
        reply = Reply(r.status, r.read().decode(), r.headers)
    except (OSError, http.client.HTTPException) as e:
        reply = Reply(0, str(e), {})
    finally:
        c.close()
    tell(town, request, method, path, town.users[who] if who else None, start, reply, anonymous)
    return reply


def ask_city(town, method, path, body=None, who=None):
    """Through the gateway by the city's own client, which checks the form of the answer, too. Raises what that raises."""
    request, start, reply = new_id(), time.monotonic(), NONE
    try:
        a = town.city.ask(method, path, body, town.tokens[who] if who else None, headers={"X-Request-Id": request})
        reply = Reply(a.status, a.raw.decode(), a.headers)
        return a
    finally:
        told = reply.json.get("user", {}) if path == "/auth/login" else {"id": town.users.get(who)}
        tell(town, request, method, path, told.get("id"), start, reply)
