"""spools.py -- the folders in which services keep their record of requests until MongoDB has it (audit/spool.h), and the wait
until it has all of it."""
import glob, os, re, time

from city import wait_until
from observers import programs
from twin import SPOOL_OF_TWINS, Twin

TURN_SECONDS = 2.5  # two of the audit thread's: what it still counts is written in the first, shipped in the second
SHIP_SECONDS, ROUND_SECONDS = 90, 60


def folders(run_dir):
    return [os.path.dirname(path) for path in glob.glob(run_dir + "/audit/**/writer", recursive=True)]


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except FileNotFoundError:
        return b""


def writer(folder):
    return read(folder + "/writer").decode().strip()


def last(folder):
    """Number of the last record there."""
    segments = sorted(glob.glob(folder + "/[0-9]*.log"))
    text = read(segments[-1]) if segments else b""
    found = re.findall(rb"^r (\d+) ", text, re.M) or re.findall(rb"^b \S+ (\d+) ", text)
    return int(found[-1]) if found else 0


def is_shipped(folder):
    at = last(folder)  # first: it grows
    return int(read(folder + "/shipped") or 0) >= at


def are_shipped(run_dir):
    return all(is_shipped(folder) for folder in folders(run_dir))


def ship_those_of_twins(city):
    """A twin that was killed has left them: the next one of its service ships them."""
    left = [f for f in folders(city.run_dir) if SPOOL_OF_TWINS in f and not is_shipped(f)]
    for part in {os.path.basename(folder).split(".")[0] for folder in left}:
        wait_until(part + " runs", lambda p=part: p in programs(city.run_dir))
        twin = Twin(city, part)
        own = [f for f in left if os.path.basename(f).startswith(part + ".")]
        try:
            wait_until("records of a twin are shipped", lambda fs=own: all(map(is_shipped, fs)), SHIP_SECONDS)
        finally:
            twin.stop()


def seals_are_entered(city):
    """A round of sla-worker, which comes at its start, would put events into the log while others read it."""
    lag = city.get("/ready/sla-worker").json["dependencies"]["audit seals"]["lag_seconds"]
    return lag is not None


def wait_until_shipped(city):
    """MongoDB has what clients that have ended were told before."""
    shipped = lambda: are_shipped(city.run_dir)
    ship_those_of_twins(city)
    wait_until("records are shipped", shipped, SHIP_SECONDS)
    time.sleep(TURN_SECONDS)
    wait_until("records are shipped again", shipped, SHIP_SECONDS)
    wait_until("the newest seals are entered in the log", lambda: seals_are_entered(city), ROUND_SECONDS)
