"""points_test.py -- every place of base/failpoints.def: the program is ended there while clients work, comes
back, and nothing is lost or done twice. A place that is not reached fails the test."""
import http.client, os, sys, threading, time, unittest, uuid

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(1, ROOT + "/tests/end_to_end")

import check, history  # noqa: E402
from city import City, wait_until  # noqa: E402
from clients import Client, Town  # noqa: E402
from faults import parts_of, points  # noqa: E402
from found_records import records_found  # noqa: E402
from observers import Checkpoints, LogReader, programs  # noqa: E402
from rest import come_to_rest  # noqa: E402
from twin import Twin  # noqa: E402

REACHED = 137
SECONDS = 25


class Registering(threading.Thread):
    """New citizens, so that the accounts' places are reached."""

    def __init__(self, city, stopped):
        super().__init__(daemon=True)
        self.city, self.stopped, self.made = city, stopped, {}

    def run(self):
        while not self.stopped.is_set():
            name = "u-" + uuid.uuid4().hex[:20]
            try:
                a = self.city.ask("POST", "/auth/register", {"username": name, "password": "a long password"})
                if a.status == 201:
                    self.made[name] = a.json["user_id"]
            except (OSError, http.client.HTTPException, ValueError):
                pass  # cut off: it may be there or not
            self.stopped.wait(0.3)


class Points(unittest.TestCase):
    def ends_at(self, city, part, point):
        """The service of the point, started with it on its own port instead of the supervisor's."""
        wait_until(part + " runs", lambda: part in programs(city.run_dir), 30)
        twin = Twin(city, part, instead=True, ES_FAILPOINT=point + ":exit@3")
        code = twin.ends_within(SECONDS)
        city.supervisor("start", part)
        return code

    def test_a_program_may_end_at_every_point(self):
        city = City()
        path = city.folder + "/history.jsonl"
        record = history.History(path)
        town = Town(city, record, "points")
        clients = [Client(town, n) for n in range(3)]
        registering = Registering(city, town.stopped)
        watching = [LogReader(city, record), Checkpoints(city, record)]
        for t in clients + watching + [registering]:
            t.start()
        codes = {}
        places = [(part, point) for point in points() for part in parts_of(point)]
        for place in places:
            codes[place] = self.ends_at(city, *place)
        wait_until("every service is ready again", city.is_ready, 60)
        town.stopped.set()
        for t in clients + [registering]:
            t.join(40)
        for c in clients:
            c.settle_what_is_open()
        come_to_rest(city)
        for w in watching:
            w.stop()
        self.assertEqual(codes, dict.fromkeys(places, REACHED))
        checker = check.Checker(city.run_dir, history.read(path), records_found(city.run_dir))
        checker.check()
        check.tell(checker)
        self.assertEqual(checker.faults, {})
        self.accounts(city, registering.made)

    def accounts(self, city, made):
        """Each acknowledged account is there with its event; none without."""
        rows = city.sql("citywatch_write", "SELECT a.user_name, a.user_id, count(e) FROM account a LEFT JOIN es_event e "
                        "ON e.stream = 'user-' || a.user_id AND e.type = 'user.registered' GROUP BY 1, 2")
        self.assertEqual([r for r in rows if r[2] != "1"], [])
        self.assertLessEqual(set(made.items()), {(r[0], r[1]) for r in rows})
        self.assertTrue(made)


if __name__ == "__main__":
    unittest.main(verbosity=2)
