"""rest.py -- waits until a city has come to rest by itself: every service ready, Redis and every lane of the
views at the head of the store."""
import time

from city import wait_until
from stores import Redis, Session

HEAL_SECONDS = 30  # B3: whole again within, without anybody's help


def is_level(city, redis, store, views):
    head = int(store.run("SELECT position FROM es_counter")[0])
    lanes = views.run("SELECT DISTINCT l.position FROM engine.view v JOIN engine.lane l ON l.name = v.lane")
    return redis.last_id("{events}:all") == head and lanes == [str(head)]


def come_to_rest(city):
    """Seconds it took."""
    start = time.monotonic()
    redis = Redis(city.run_dir)
    store, views = Session(city.run_dir, "citywatch_write"), Session(city.run_dir, "citywatch_read")
    try:
        wait_until("every service is ready again", city.is_ready, 60)
        wait_until("Redis and views are at the head of the store", lambda: is_level(city, redis, store, views),
                   HEAL_SECONDS)
    finally:
        for connection in (redis, store, views):
            connection.close()
    return time.monotonic() - start
