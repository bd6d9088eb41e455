"""mongo_faults.py -- what can happen to MongoDB: killed, asleep, away, also while other things break, and answers as a server
gives them that is not well (tests/support/mongo_stand_in.py), with the city's own one behind."""
import os, signal, sys, threading, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(1, ROOT + "/tests/support")

from breaker import Breaker  # noqa: E402
from mongo import Mongo, is_there  # noqa: E402
from mongo_stand_in import StandIn, Store  # noqa: E402

AWAY_MEANWHILE = 4  # times as long as Redis may be away
NOT_PRIMARY, SHUT_DOWN, ANY_OTHER, NO_MAJORITY = 10107, 91, 8000, 64
# Lines of the stand-in: no fault, refusals for good and for now, answers that are lost, in part, late, and writes of which half
# is done or whose majority is not known.
ILLNESSES = (f"refuse {NOT_PRIMARY}", f"refuse {SHUT_DOWN}", f"refuse {ANY_OTHER}", "drop-before", "drop-after", "cut-answer",
             "slow 300", f"half {ANY_OTHER}", f"concern {NO_MAJORITY}", "replica-set", "down")


class ServerBehind(Store):
    """What the stand-in lets through, a real server does."""

    def __init__(self, run_dir):
        self.mongo = Mongo(run_dir)

    def forward(self, command):
        return self.mongo.call({k: v for k, v in command.items() if k not in ("lsid", "txnNumber", "$readPreference")})

    find = get_more = delete = forward

    def insert(self, command, fault):
        if not fault:
            return self.forward(command)
        first, *others = command["documents"]
        answer = self.forward({**command, "documents": others}) if others else {"ok": 1.0, "n": 0}
        errors = [{**e, "index": e["index"] + 1} for e in answer.get("writeErrors", [])]
        return {**answer, "writeErrors": [{"index": 0, "code": fault, "errmsg": f"{first['_id']} is not taken"}, *errors]}


class MongoFaults(Breaker):
    def mongodb(self):
        """Its process, if need be once it is back."""
        self.bring_mongodb_back()
        pid = is_there(self.city.run_dir) and self.city.pid("mongodb")
        if not pid:
            raise ProcessLookupError("there is no MongoDB")
        return pid

    def do_mongodb_killed(self):
        os.kill(self.mongodb(), signal.SIGKILL)

    def do_mongodb_restarted(self):
        self.mongodb()
        self.city.supervisor("restart", "mongodb")

    def do_mongodb_sleeps(self):
        pid = self.mongodb()
        os.kill(pid, signal.SIGSTOP)
        self.sleep(1, self.longest)
        os.kill(pid, signal.SIGCONT)

    def do_mongodb_away(self):
        self.mongodb()
        self.city.supervisor("stop", "mongodb")
        self.sleep(1, self.longest)
        self.city.supervisor("start", "mongodb")

    def do_mongodb_away_meanwhile(self):
        """Comes back while other things break, or at the end."""
        self.mongodb()
        self.city.supervisor("stop", "mongodb")
        self.coming = threading.Timer(AWAY_MEANWHILE * self.longest, self.city.supervisor, ("start", "mongodb"))
        self.coming.daemon = True
        self.coming.start()

    def bring_mongodb_back(self):
        """If the last fault keeps it away for longer."""
        coming = getattr(self, "coming", None)
        if coming and coming.is_alive():
            coming.cancel()
            coming.join()
            self.city.supervisor("start", "mongodb")

    def do_mongodb_is_unwell(self):
        """One service meets a server with every illness in turn."""
        self.mongodb()
        server = StandIn()
        server.store = ServerBehind(self.city.run_dir)
        illnesses = list(ILLNESSES)
        self.rng.shuffle(illnesses)
        try:
            self.instead(self.rng.choice(("command-api", "query-api", "projector", "sla-worker")),
                         {"MONGODB_URI": f"mongodb://127.0.0.1:{server.port}/"}, lambda twin: self.be_unwell(server, twin, illnesses))
        finally:
            server.down()
            server.store.mongo.close()

    def be_unwell(self, server, twin, illnesses):
        twin.wait()
        for line in illnesses:
            self.history.add("note", text="mongodb: " + line, at=time.monotonic())
            server.switch(line)
            self.sleep(1, 2)
            for well in ("well", "one-server", *(["up"] if line == "down" else [])):
                server.switch(well)
