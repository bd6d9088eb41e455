"""fixes.py -- G1: where patrols are and were, a second time, from the fixes that clients were told to be taken.

G1  The track of a patrol holds each fix that was taken, once, and no other one. Its last position, in the read database, in
    Redis and in the set that is searched by distance, is the greatest of them: the latest, of equal times the one whose text
    is greater byte by byte. A fix moved its patrol if none as great had been taken before, and only then.

Fixes are in no log: until they are folded Redis alone has them. A fault of LOSES excuses those that were not folded when it
began, as far back as the table says, and those that were on their way while it lasted; nothing else excuses any. One whose
outcome is unknown may be there or not."""
import bisect, collections, datetime, math
from decimal import ROUND_HALF_UP, Decimal

# Fault: how many seconds before it, of what is not folded, may go with it. Redis writes its file before it answers, but
# keeps it back while the disk still has the second before (appendfsync everysec).
LOSES = {"flushall": math.inf, "redis_lost_its_tail": math.inf, "redis_killed": 2,
         "redis_without_aof": 0, "redis_old_copy": 0, "redis_fail_over": 0}
EPOCH = datetime.datetime.fromtimestamp(0, datetime.timezone.utc)
MEASURES = ("accuracy_m", "speed_mps", "heading_deg")
GEO_LATITUDE_MAX, GEO_ERROR = 85.05, 0.00002  # degrees


def micros(text):
    return (datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) - EPOCH) // datetime.timedelta(microseconds=1)


def words(number, digits):
    if number is None:
        return "-"
    return f"{Decimal(repr(number)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP) + 0:.{digits}f}"  # no -0


def text_of(at, place, measures):
    """A fix as Redis and the read database write it; `at` in us."""
    return " ".join([f"{at:016d}", words(place["latitude"], 7), words(place["longitude"], 7)] +
                    [words(measures.get(m), 1) for m in MEASURES])


def text_of_body(body):
    return text_of(micros(body["recorded_at"]), body["location"], body)


def order(text):
    return int(text[:16]), text.encode()


# ---- what is excused ----

def overlap(a, loss):
    return a["start"] <= loss["end"] and loss["start"] <= a["end"]


class Losses:
    """What faults may have taken away."""

    def __init__(self, records):
        self.all = sorted(records, key=lambda loss: loss["start"])
        for loss in self.all:
            loss["held"] = {tuple(one) for one in loss["held"]}

    def excuse(self, a, fix):
        """It was on its way while a fault lasted, or was taken before one and Redis alone had it then."""
        return any(overlap(a, loss) or (a["end"] < loss["start"] and fix in loss["held"]) for loss in self.all)

    def life(self, a):
        """How many faults there were before it; None: one lasted meanwhile. Redis remembers all of one life."""
        if any(overlap(a, loss) for loss in self.all):
            return None
        return sum(loss["end"] < a["start"] for loss in self.all)


# ---- one patrol ----

class Unit:
    def __init__(self, id, losses, fault, counted):
        self.id, self.losses, self.counted = id, losses, counted
        self.fault = lambda text: fault("G1", f"patrol {id} {text}")
        self.taken, self.asked = collections.defaultdict(list), collections.defaultdict(list)

    def add(self, a):
        text = text_of_body(a["body"])
        if a["outcome"] != "fail":
            self.asked[text].append(a)
        if a["outcome"] == "ok":
            self.taken[text].append(a)

    def check_track(self, track):
        """`track`: texts. Answers those that were taken, as far as they have to be there or are."""
        for text, n in collections.Counter(track).items():
            if text not in self.asked:
                self.fault(f"was never at {text}, by what was taken")
            if n > 1:
                self.fault(f"is at {text} {n} times")
        there, right = set(track), {t for t in track if t in self.asked}
        for text, attempts in self.taken.items():
            if text in there:
                continue
            if all(self.losses.excuse(a, (self.id, text)) for a in attempts):
                self.counted["fixes lost with redis"] += 1
            else:
                self.fault(f"lacks {text}, taken at {attempts[0]['end']:.1f}")
                right.add(text)
        self.counted["fixes"] += len(there)
        self.counted["fixes of unknown outcome that are there"] += sum(t not in self.taken for t in right)
        return right

    def check_last(self, right, last, redis_last, geo):
        greatest = max(right, key=order, default=None)
        for where, text in (("the read database", last), ("redis", redis_last)):
            if text != greatest:
                self.fault(f"stands at {text} in {where}; the greatest is {greatest}")
        if not greatest:
            return
        latitude, longitude = map(float, greatest.split()[1:3])
        near = geo and abs(geo[0] - longitude) < GEO_ERROR and abs(geo[1] - latitude) < GEO_ERROR
        if near != (True if abs(latitude) <= GEO_LATITUDE_MAX else None):
            self.fault(f"is found at {geo}; its position is {greatest}")

    def check_moves(self):
        answered = [(a["end"], order(text), a) for text, all in self.taken.items() for a in all]
        lives = collections.defaultdict(list)
        for end, key, a in sorted(answered, key=lambda one: one[:2]):
            lives[self.losses.life(a)].append((end, key, a))
        lives.pop(None, None)
        for of_life in lives.values():
            self.check_moves_of(of_life)
        first = {}  # when each was on its way
        for text, all in self.asked.items():
            first[order(text)] = sorted(a["start"] for a in all)
        self.check_unmoved(answered, first)

    def check_moves_of(self, life):
        ends, tops = [end for end, _, _ in life], []
        for _, key, _ in life:
            tops.append(max(tops[-1], key) if tops else key)
        for _, key, a in life:
            before = bisect.bisect_left(ends, a["start"])
            if a["moved"] and before and tops[before - 1] >= key:
                self.fault(f"was moved to {key[1].decode()} from {tops[before - 1][1].decode()}, which is not less")
        self.counted["moves"] += sum(a["moved"] for _, _, a in life)

    def check_unmoved(self, answered, first):
        """One that moved nothing is not greater than all others that were on their way before its answer."""
        keys, earliest = sorted(first), []
        for key in reversed(keys):  # the earliest of those that are as great
            earliest.append(min(first[key][0], earliest[-1] if earliest else math.inf))
        earliest.reverse()
        for end, key, a in answered:
            if a["moved"]:
                continue
            self.counted["fixes that moved nothing"] += 1
            at = bisect.bisect_left(keys, key)
            greater = earliest[at + 1] if at + 1 < len(keys) else math.inf
            others = [start for start in first[key] if start != a["start"]]
            if min([greater, *others[:1]]) > end:
                self.fault(f"was not moved to {key[1].decode()}, and nothing as great had been sent")


# ---- all ----

class Found:
    """What the stores hold, at rest."""

    def __init__(self, views, redis):
        self.track, self.last = collections.defaultdict(list), {}
        for r in views.rows("SELECT unit, (extract(epoch FROM at) * 1000000)::bigint AS at, latitude, longitude, accuracy_m, "
                            "speed_mps, heading_deg FROM positions.track"):
            self.track[r["unit"]].append(text_of(r["at"], r, r))
        for r in views.rows("SELECT unit, fix, (extract(epoch FROM at) * 1000000)::bigint AS at, latitude, longitude, accuracy_m, "
                            "speed_mps, heading_deg, postgis.ST_Y(place::postgis.geometry) AS y, "
                            "postgis.ST_X(place::postgis.geometry) AS x FROM positions.unit_position"):
            told = {r["fix"], text_of(r["at"], r, r), text_of(r["at"], dict(latitude=r["y"], longitude=r["x"]), r)}
            self.last[r["unit"]] = " or ".join(sorted(told))  # one text if its columns agree
        self.redis = redis

    def redis_last(self, unit):
        return self.redis.call("GET", f"{{city}}:unit:{unit}:last")

    def geo(self, unit):
        """(longitude, latitude), or None."""
        found = self.redis.call("GEOPOS", "{city}:positions", unit)[0]
        return found and tuple(map(float, found))


def check(records, found, fault, counted):
    losses, units = Losses(records["fixes_lost"]), {}
    for id in {a["unit"] for a in records["fix"]} | set(found.track) | set(found.last):
        units[id] = Unit(id, losses, fault, counted)
    for a in records["fix"]:
        units[a["unit"]].add(a)
    for id, unit in units.items():
        right = unit.check_track(found.track[id])
        unit.check_last(right, found.last.get(id), found.redis_last(id), found.geo(id))
        unit.check_moves()
