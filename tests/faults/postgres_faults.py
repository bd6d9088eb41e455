"""postgres_faults.py -- what can happen to PostgreSQL: crashes, lost connections, locks, a full disk, and guests
who stay long in a transaction."""
import os, signal, time

from breaker import Breaker, SmallDisk
from stores import Session, settings_of


class PostgresFaults(Breaker):
    def do_postgres_restarted(self):
        with open(self.city.run_dir + "/postgres/data/postmaster.pid") as f:
            os.kill(int(f.readline()), signal.SIGQUIT)

    def do_backends_ended(self):
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'citywatch%'")

    def do_backend_killed(self):
        """kill -9 of one backend: PostgreSQL throws all of them out and recovers."""
        pid = self.sql("SELECT pid FROM pg_stat_activity WHERE usename LIKE 'citywatch%' ORDER BY random() LIMIT 1")
        if pid:
            os.kill(int(pid[0]), signal.SIGKILL)

    def do_too_many_connections(self):
        role = self.rng.choice(("citywatch_command", "citywatch_projector", "citywatch_query", "citywatch_sla"))
        self.sql(f"ALTER ROLE {role} CONNECTION LIMIT 0")
        try:
            self.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'")
            self.sleep(1, 2)
        finally:
            self.sql(f"ALTER ROLE {role} CONNECTION LIMIT -1")

    def do_rows_locked(self):
        """A long transaction of somebody else holds the counter: commands wait, then are told so."""
        self.sql("BEGIN; UPDATE es_counter SET position = position; SELECT pg_sleep(2); ROLLBACK", "citywatch_write")

    def do_deadlock(self):
        """Takes the counter first and streams then: the order in which no append may. One of both is thrown out."""
        self.sql("BEGIN; UPDATE es_counter SET position = position; SELECT pg_sleep(0.3); "
                 "SELECT count(*) FROM (SELECT 1 FROM es_stream ORDER BY position DESC LIMIT 200 FOR UPDATE) s; ROLLBACK",
                 "citywatch_write")

    def do_long_transaction(self):
        """A snapshot is held, a transaction id drawn, while everybody else goes on."""
        s = Session(self.city.run_dir, "citywatch_write")
        try:
            s.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT txid_current(); SELECT count(*) FROM es_event")
            self.sleep(3, 8)
            s.run("ROLLBACK")
        finally:
            s.close()

    def until_there(self):
        """What another fault ended has come back."""
        end = time.monotonic() + 15
        while time.monotonic() < end:
            try:
                return self.sql("SELECT 1")
            except ConnectionError:
                time.sleep(0.2)

    def do_dump(self):
        self.until_there()
        s = settings_of(self.city.run_dir)
        for database in ("citywatch_write", "citywatch_read"):
            self.tool("/usr/lib/postgresql/15/bin/pg_dump", "-h", s["SOCKETS"] + "/postgres", "-p", s["POSTGRES_PORT"],
                      database)

    def do_wal_disk_full(self):
        """No room for the next segment of the log: PostgreSQL stops at once and comes back when there is some."""
        if os.geteuid() != 0:
            return
        stop, start = (lambda w=w: self.city.supervisor(w, "postgres") for w in ("stop", "start"))
        with SmallDisk(self.city.run_dir + "/postgres/data/pg_wal", 1 << 20, stop, start):
            end = time.monotonic() + 8
            while time.monotonic() < end:
                try:
                    self.sql("SELECT pg_logical_emit_message(true, 'fill', repeat('x', 1 << 20)); SELECT pg_switch_wal()")
                except ConnectionError:
                    break
            self.sleep(2, 4)
