"""rest.py -- waits until a city has come to rest by itself: every service ready, Redis and every lane of the
views at the head of the store, every record of a request in MongoDB."""
import time

import mongo, spools
from city import wait_until
from stores import Redis, Session

HEAL_SECONDS = 30  # B3: whole again within, without anybody's help
CLOCKS_SECONDS = 60  # until all has fired that comes by a policy of seconds


def is_level(city, redis, store, views):
    head = int(store.run("SELECT position FROM es_counter")[0])
    lanes = views.run("SELECT DISTINCT l.position FROM engine.view v JOIN engine.lane l ON l.name = v.lane")
    return redis.last_id("{events}:all") == head and lanes == [str(head)] and fixes_are_folded(redis, views)


def fixes_are_folded(redis, views):
    life, n = redis.call("HMGET", "{city}:fixes:count", "life", "n")
    return views.run("SELECT life, n FROM positions.checkpoint") == [f"{life or ''}|{n or 0}"]


def clocks_rest(views):
    """Nothing will be due in this run; what has been for some seconds will not be done, such as for a poisoned report."""
    return all(views.run(f"SELECT count(*) FROM {table} WHERE next_at BETWEEN now() - interval '8 seconds' "
                         "AND now() + interval '10 minutes'") == ["0"]
               for table in ("sla.report_clocks", "dispatch_due.dispatch_due"))


def wait_for_clocks(level, views):
    """Also when they never rest: T1 tells what has not fired."""
    end = time.monotonic() + CLOCKS_SECONDS
    while not (level() and clocks_rest(views)) and time.monotonic() < end:
        time.sleep(0.1)


def come_to_rest(city, records=True):
    """Seconds until all parts stood at the head of the store; then clocks get the time that they have left to run, and
    the spools, with `records`, what they need until MongoDB has all."""
    start = time.monotonic()
    redis = Redis(city.run_dir)
    store, views = Session(city.run_dir, "citywatch_write"), Session(city.run_dir, "citywatch_read")
    level = lambda: is_level(city, redis, store, views)
    try:
        wait_until("every service is ready again", city.is_ready, 60)
        wait_until("Redis and views are at the head of the store", level, HEAL_SECONDS)
        healed = time.monotonic() - start
        wait_for_clocks(level, views)
        if records and mongo.is_there(city.run_dir):
            spools.wait_until_shipped(city)
        wait_until("Redis and views are at the head of the store again", level, HEAL_SECONDS)
    finally:
        for connection in (redis, store, views):
            connection.close()
    return healed
