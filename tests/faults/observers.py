"""observers.py -- watch while it happens: a reader of the log, the checkpoints in one snapshot with what they
stand for, the processes' memory and descriptors."""
import os, threading, time

from stores import Session


# One life of the server's memory. When a backend crashes, the postmaster throws all of them out and recovers from
# the WAL: it stays the same process, its checkpointer becomes a new one, which happens at no other time.
SERVER = ("concat_ws(' ', pg_postmaster_start_time(), (SELECT backend_start FROM pg_stat_activity "
          "WHERE backend_type = 'checkpointer'))")


class Observer(threading.Thread):
    pause = 0.05

    def __init__(self, city, history):
        super().__init__(daemon=True)
        self.city, self.history, self.stopped = city, history, threading.Event()

    def run(self):
        while not self.stopped.is_set():
            try:
                self.look()
            except (OSError, ValueError):
                self.stopped.wait(0.2)
            self.stopped.wait(self.pause)

    def stop(self):
        self.stopped.set()
        self.join(40)
        self.close()

    def close(self):
        session = getattr(self, "session", None)
        if session:
            session.close()


class LogReader(Observer):
    """Asks for position > cursor, nothing else; believes what it gets."""
    pause = 0.01

    def __init__(self, city, history):
        super().__init__(city, history)
        self.session, self.cursor = Session(city.run_dir, "citywatch_write"), 0

    def look(self):
        rows = self.session.rows(f"SELECT position, event_id FROM es_event WHERE position > {self.cursor} "
                                 "ORDER BY position LIMIT 500")
        for r in rows:
            if r["position"] != self.cursor + 1:
                self.history.add("gap", cursor=self.cursor, position=r["position"])
            self.cursor = r["position"]
        if rows:
            self.history.add("seen", events=[(r["position"], r["event_id"]) for r in rows])


class Checkpoints(Observer):
    def __init__(self, city, history):
        super().__init__(city, history)
        self.session, self.last = Session(city.run_dir, "citywatch_read"), None

    def look(self):
        now = self.session.rows(
            f"SELECT l.position, {SERVER} AS server, "
            "(SELECT count(*) FROM report_history.report_history) AS rows, "
            "(SELECT coalesce(sum(votes), 0) FROM report_rank.report_rank) AS votes "
            "FROM engine.lane l WHERE l.name = 'main'")[0]
        if now != self.last:
            self.history.add("checkpoint", **now)
        self.last = now


class Processes(Observer):
    pause = 2

    def look(self):
        for part, pid in programs(self.city.run_dir).items():
            try:
                with open(f"/proc/{pid}/status") as f:
                    memory = next(line.split()[1] for line in f if line.startswith("VmRSS"))
                self.history.add("process", part=part, pid=pid, at=time.monotonic(), memory_kb=int(memory),
                                 descriptors=len(os.listdir(f"/proc/{pid}/fd")))
            except (OSError, StopIteration):
                continue


def programs(run_dir):
    """The services of this run folder that run now: part -> pid."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            path = os.readlink(f"/proc/{pid}/exe")
        except OSError:
            continue
        if path.startswith(run_dir + "/bin/citywatch-"):
            found[path.rsplit("citywatch-", 1)[1]] = int(pid)
    return found
