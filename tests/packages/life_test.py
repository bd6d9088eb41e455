#!/usr/bin/python3
"""The life of the Debian packages, on a machine of its own: installed, set up, used, attacked, killed, upgraded, removed,
purged. One step stands on the one before; the first that fails ends it. `make deb` comes first; for root."""
import glob
import os
import re
import signal
import subprocess
import sys
import time

import machine
import versions
from city import (SERVICES, begin_load, end_load, feed_shows, files_a_report, login, main_job, own_reports, ready, server_of,
                  until)
from machine import check

UNITS = [f"citywatch-{name}.service" for name in SERVICES + ("databases", "gateway", "redis", "mongodb")]
ALL_UNITS = UNITS + ["citywatch-upgrade.service", "citywatch-backup.service"] + [f"citywatch-check-{name}.service" for name in SERVICES]
USERS = [f"citywatch-{name}" for name in SERVICES + ("redis", "caddy", "mongodb")]
STATE = "/var/lib/citywatch-package"
EXPOSURE_MAX = 1.6  # of 10, by systemd-analyze security
ALL_SECONDS = 1500
CONF = "/etc/citywatch/citywatch.conf"
READERS_FIRST = ("projector", "query-api", "sla-worker", "command-api")


def packages():
    found = [p for p in glob.glob(os.path.join(machine.ROOT, "build/packages/*.deb")) if "-dbgsym_" not in p]
    check(len(found) == 2, "make deb first: build/packages has to hold citywatch and citywatch-mongodb, not", found)
    return sorted(found)


def sql(m, statement, database="citywatch_write"):
    """What the store says to the owner of the cluster."""
    return m.run("runuser", "-u", "postgres", "--", "psql", "--cluster", "15/citywatch", "-XqAt", database, "-c", statement).strip()


def sums(m):
    return m.run("sh", "-c", f"cd {STATE}/secrets && sha256sum *")


def is_own(m, user, path, users):
    """`users`: of the units, each of which has a folder in /run/credentials."""
    if path.startswith("/run/credentials/"):
        return users.get(path.split("/")[3]) == user
    return m.run("stat", "-c", "%U", path).strip() == user


def runs_as_another(m, unit, before):
    found = m.unit(unit, "MainPID", "ActiveState")
    return found["ActiveState"] == "active" and found["MainPID"] not in ("0", before)


def processes(m):
    """Of each part the one that runs, of PostgreSQL, too."""
    parts = {name: f"citywatch-{name}.service" for name in SERVICES + ("gateway", "redis", "mongodb")}
    parts["postgresql"] = "postgresql@15-citywatch.service"
    found = {name: m.unit(unit, "MainPID", "ActiveState") for name, unit in parts.items()}
    away = [name for name, unit in found.items() if unit["ActiveState"] != "active"]
    check(not away, "do not run:", away)
    return {name: unit["MainPID"] for name, unit in found.items()}


def moment(m, unit, what):
    """Microseconds since the machine has started."""
    return int(m.unit(unit, what)[what])


class Life:
    """Each function is a step; their order is that of the file."""

    def __init__(self, m, newer):
        self.m, self.newer = m, newer
        self.report = self.secrets = self.load = self.before = None

    def it_installs_where_no_city_is_and_starts_nothing(self):
        debs = [self.m.copy(p) for p in packages()]
        self.m.run("apt-get", "install", "-q", "-y", "--no-install-recommends", *debs, timeout=400)
        for unit in UNITS + ["citywatch.target"]:
            found = self.m.unit(unit, "LoadState", "ActiveState", "UnitFileState")
            check(found["LoadState"] == "loaded" and found["ActiveState"] == "inactive", unit, found)
            check(found["UnitFileState"] == "enabled", unit, found)

    def a_first_setup_that_is_refused_starts_nothing(self):
        self.m.run("systemctl", "start", "citywatch-check-projector", ok=(1,))  # there is nothing to ask yet
        self.m.run("sh", "-c", "echo LOG_LEVEL=loud >/etc/citywatch/projector.conf")
        self._setup_refuses("projector refuses the settings")
        self.m.run("rm", "/etc/citywatch/projector.conf")
        self.m.run("systemctl", "start", "citywatch.target")
        for unit in UNITS:
            check(self.m.unit(unit, "ActiveState")["ActiveState"] == "inactive", unit, "runs")

    def setup_asks_nothing_and_makes_a_city_that_is_ready(self):
        self.m.run("citywatch-setup", timeout=300, stdin=subprocess.DEVNULL)
        for unit in UNITS + ["citywatch.target"]:
            check(self.m.unit(unit, "ActiveState")["ActiveState"] == "active", unit, "is not active")
        until("all services to be ready at the gateway", lambda: ready(self.m))

    def setup_again_changes_no_secret(self):
        before = sums(self.m)
        self.m.run("citywatch-setup", timeout=300, stdin=subprocess.DEVNULL)
        check(before and sums(self.m) == before, "secrets have changed")
        self.secrets = before

    def a_citizen_reports_an_officer_moves_it_and_the_feed_shows_it(self):
        m = self.m
        for name, role in (("citizen", ["CITIZEN"]), ("officer", ["OFFICER", "--agency", "AGENCY_INFRA"]), ("chief", ["ADMIN"])):
            m.run("citywatch-ctl", "account", "add", name, "--role", *role, "--password-file", "-", input="a password of length\n")
        self.report = main_job(m)

    def the_record_of_requests_arrives(self):
        token = login(self.m, "chief")
        until("the record to show the report", lambda: any(
            r.get("route") == "/reports" for r in (self.m.call("GET", "/admin/audit?limit=100", token=token)[1] or {}).get("data", [])))

    def doctor_finds_no_fault(self):
        said = self.m.run("citywatch-ctl", "doctor", ok=(0, 4))
        check("fault" not in said, said)
        check("then citywatch-setup" in said and "make " not in said and "tools/" not in said, said)

    def what_cannot_work_is_named_and_changes_nothing(self):
        self.m.run("sh", "-c", f"cp {CONF} /root/conf && echo COMMAND_API_PORT=8181 >>{CONF}")
        self._setup_refuses("QUERY_API_PORT=8181: that port is given to another part already")
        self.m.run("sh", "-c", f"cp /root/conf {CONF} && echo LOG_LEVEL=loud >>{CONF}")
        self._setup_refuses("command-api refuses the settings")
        self.m.run("cp", "/root/conf", CONF)
        check(ready(self.m), "the city is not ready any more")

    def the_gateway_may_have_a_port_below_1024(self):
        self.m.run("sh", "-c", f"echo GATEWAY_EXTRA_PORTS=880 >>{CONF} && systemctl restart citywatch-gateway")
        until("an answer on port 880", lambda: self.m.call("GET", "/reports/public", city="http://127.0.0.1:880")[0] == 200)

    def the_gateway_may_be_nginx(self):
        m = self.m
        m.run("sh", "-c", f"cp {CONF} /root/conf && echo GATEWAY=nginx >>{CONF}")
        self._setup_refuses("GATEWAY=nginx needs the package nginx")
        m.run("apt-get", "install", "-q", "-y", "--no-install-recommends", "nginx", timeout=300)
        m.run("sh", "-c", f"echo GATEWAY_DOMAIN=city.example.org >>{CONF}")
        self._setup_refuses("GATEWAY=nginx gets no certificate for city.example.org by itself: give GATEWAY_CERT_FILE")
        m.run("sed", "-i", "/GATEWAY_DOMAIN/d", CONF)
        m.run("systemctl", "restart", "citywatch-gateway")
        until("nginx to answer", lambda: server_of(m, "http://127.0.0.1:8000/reports/public") == "nginx")
        main_job(m)
        found = server_of(m, "--cacert", f"{STATE}/nginx/root.crt", "https://127.0.0.1:8443/reports/public")
        check(found == "nginx", "by HTTPS:", found)
        before = m.unit("citywatch-gateway.service", "MainPID")["MainPID"]
        m.run("systemctl", "reload", "citywatch-gateway")
        m.run("systemctl", "kill", "--signal=KILL", "--kill-whom=main", "citywatch-gateway")
        until("it to run again", lambda: runs_as_another(m, "citywatch-gateway.service", before) and ready(m))
        m.run("cp", "/root/conf", CONF)
        m.run("systemctl", "restart", "citywatch-gateway")
        until("Caddy to answer", lambda: server_of(m, "http://127.0.0.1:8000/reports/public") == "none")

    def the_store_can_be_copied_while_it_runs(self):
        self.m.run("runuser", "-u", "postgres", "--", "pg_dump", "--cluster", "15/citywatch", "-Fc", "-f", "/tmp/store.dump",
                   "citywatch_write")
        said = self.m.run("pg_restore", "-f", "-", "/tmp/store.dump")
        check(self.report in said, "the copy lacks the report")

    def it_is_backed_up_while_it_runs(self):
        m = self.m
        m.run("sh", "-c", f"echo BACKUP_DIR=/srv/backups-1 >>{CONF}; echo BACKUP_SECRETS=/srv/secrets >>{CONF}")
        self._setup_refuses("BACKUP_DIR needs the package pgbackrest")
        m.run("apt-get", "install", "-q", "-y", "--no-install-recommends", "pgbackrest", timeout=300)
        before = processes(m)
        m.run("sh", "-c", "echo LOG_LEVEL=loud >/etc/citywatch/command-api.conf")
        self._setup_refuses("command-api refuses the settings")
        check(processes(m) == before, "a set-up that was refused restarted something:", before, processes(m))
        m.run("rm", "/etc/citywatch/command-api.conf")
        check("set BACKUP_DIR in /etc/citywatch/citywatch.conf" in m.run("citywatch-backup", ok=(1,)), "nothing is archived yet")
        m.run("citywatch-setup", timeout=300, stdin=subprocess.DEVNULL)
        m.run("systemctl", "start", "citywatch-backup.service", timeout=300)
        check(m.unit("citywatch-backup.timer", "ActiveState")["ActiveState"] == "active", "no timer begins a backup")
        self.before = sorted(own_reports(m))
        check("(diff)" in m.run("citywatch-backup", timeout=300), "the second backup is not of what has changed")
        m.run("citywatch-ctl", "backup", "check")
        check(m.run("stat", "-c", "%a", "/srv/secrets/secrets.tar").strip() == "600", "others can read the copy of the secrets")

    def it_goes_back_to_a_moment_and_begins_another_life(self):
        m = self.m
        epoch = int(sql(m, "SELECT epoch FROM es_store"))
        time_to = sql(m, "SELECT now()")
        lost = files_a_report(m)
        m.run("citywatch-ctl", "backup", "check")  # which has what was written until now archived
        m.run("sh", "-c", f"cp {CONF} /root/conf && echo LOG_LEVEL=loud >>{CONF}")
        self._restore_refuses("refuses the settings", f"TIME={time_to}", "--yes")
        m.run("cp", "/root/conf", CONF)
        self._restore_refuses("TIME=2020-01-01 00:00:00+00 is too early", "TIME=2020-01-01 00:00:00+00", "--yes")
        self._restore_refuses("nothing was changed", f"TIME={time_to}")
        m.run("sh", "-c", f"mkdir /srv/part && tar -C {STATE}/secrets -cf /srv/part/secrets.tar token.pem")
        self._restore_refuses("secrets.tar does not hold", f"TIME={time_to}", "BACKUP_SECRETS=/srv/part", "--yes")
        check(m.call("GET", f"/reports/{lost}")[0] == 200, "a restore that was refused changed the city")
        m.run("citywatch-restore", f"TIME={time_to}", "--yes", timeout=400)
        until("all services to be ready", lambda: ready(m), 120)
        check(sorted(own_reports(m)) == self.before, "these are not the reports of that moment:", own_reports(m))
        check(m.call("GET", f"/reports/{lost}")[0] == 404, "what was written after the moment is there")
        check(int(sql(m, "SELECT epoch FROM es_store")) > epoch, "the epoch is the one of before")
        kept = m.run("sh", "-c", f"ls -d {STATE}/secrets.before-* /var/lib/postgresql/15/citywatch.before-*").split()
        check(len(kept) == 2, "secrets and databases of before are kept:", kept)
        self._setup_refuses("is of another life of this city")
        m.run("sed", "-i", "s/backups-1/backups-2/", CONF)
        m.run("citywatch-setup", timeout=300, stdin=subprocess.DEVNULL)
        check("(full)" in m.run("citywatch-backup", timeout=300), "the first backup of the new life is not a full one")
        check(feed_shows(m, self.report), "the feed lost the report")
        main_job(m)

    def no_unit_is_more_exposed_than_the_bound(self):
        for unit in ALL_UNITS:
            said = self.m.run("systemd-analyze", "security", "--no-pager", unit)
            figure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
            print(f"    {unit} {figure[1]}")
            check(float(figure[1]) <= EXPOSURE_MAX, unit, "is exposed:", figure[1])

    def systemd_finds_nothing_wrong_with_the_units(self):
        check(not self.m.run("systemd-analyze", "verify", "--man=no", *[f"/lib/systemd/system/{u}" for u in ALL_UNITS]).strip())

    def no_service_reads_what_is_not_its_own(self):
        files = self.m.run("find", STATE, "/run/credentials", "-path", "*citywatch*", "-type", "f").split()
        check(len(files) > 40, "only", files)
        users = {unit: self.m.unit(unit, "User")["User"] for unit in UNITS}
        for user in USERS:
            readable = self.m.run("runuser", "-u", user, "--", "sh", "-c",
                                  'for f in "$@"; do [ ! -r "$f" ] || echo "$f"; done', "sh", *files).split()
            foreign = [f for f in readable if not is_own(self.m, user, f, users)]
            check(not foreign, user, "can read", foreign)
            check(readable, user, "can read nothing, not even its own: the check is wrong")

    def a_service_that_is_killed_comes_back(self):
        for unit in (f"citywatch-{s}.service" for s in SERVICES + ("redis", "gateway", "mongodb")):
            before = self.m.unit(unit, "MainPID")["MainPID"]
            self.m.run("systemctl", "kill", "--signal=KILL", "--kill-whom=main", unit)
            until(f"{unit} to run again", lambda: runs_as_another(self.m, unit, before))
        until("all services to be ready", lambda: ready(self.m))
        check(feed_shows(self.m, self.report), "the feed lost the report")

    def the_city_comes_back_with_the_machine(self):
        self.m.nspawn.terminate()
        self.m.nspawn.wait(90)
        self.m.leader = None
        self.m.boot(120)
        until("all services to be ready", lambda: ready(self.m), 90)
        check(feed_shows(self.m, self.report), "the feed lost the report")

    def a_version_that_refuses_the_settings_says_so_and_the_one_before_goes_on(self):
        m, before = self.m, processes(self.m)
        m.run("sh", "-c", "echo LOG_LEVEL=loud >>/etc/citywatch/sla-worker.conf")
        m.run("systemctl", "start", "citywatch-check-sla-worker", ok=(1,))
        m.run("systemctl", "start", "citywatch-check-projector")
        self._install_fails(self._install("failing"), before, "LOG_LEVEL", "sla-worker refuses the settings")
        m.run("sed", "-i", "/LOG_LEVEL/d", "/etc/citywatch/sla-worker.conf")

    def a_version_that_cannot_migrate_says_so_and_the_one_before_goes_on(self):
        self.load = begin_load(self.m)
        before = processes(self.m)
        for command in (self._install("failing"), ("dpkg", "--configure", "-a")):
            self._install_fails(command, before, "division by zero", "the tables are not those of the new version")

    def an_upgrade_fails_no_request_and_keeps_data_secrets_and_settings(self):
        self.m.run("sh", "-c", f"echo LOG_LEVEL=warning >>{CONF}")
        before = processes(self.m)
        print(re.sub(r"^(?!==>).*\n?", "", self.m.run(*self._install("newer"), timeout=300), flags=re.M).replace("==>", "    "), end="")
        time.sleep(2)
        filed, load, self.load = end_load(self.load), self.load, None
        check(load.returncode == 0)
        self._is_of_the_newer_version(before)
        said = own_reports(self.m)
        for report, key in filed.items():
            check(said.count("load " + key) == 1, "report", report, "is there", said.count("load " + key), "times")
        check(sums(self.m) == self.secrets, "secrets have changed")
        check("LOG_LEVEL=warning" in self.m.run("cat", CONF), "a setting is gone")
        self.report = main_job(self.m)  # the feed shows the newest ones

    def what_has_not_changed_is_not_restarted(self):
        self.m.run("sh", "-c", f"echo GATEWAY_EXTRA_PORTS=881 >>{CONF}")
        before = processes(self.m)
        self.m.run("/usr/share/citywatch/take-over")
        now = processes(self.m)
        check({name for name in now if now[name] != before[name]} == {*SERVICES, "gateway"}, before, now)
        until("an answer on port 881", lambda: self.m.call("GET", "/reports/public", city="http://127.0.0.1:881")[0] == 200)

    def _restore_refuses(self, words, *arguments):
        said = self.m.run("citywatch-restore", *arguments, ok=(1,), stdin=subprocess.DEVNULL)
        check(words in said, said)

    def _setup_refuses(self, words):
        said = self.m.run("citywatch-setup", ok=(1,), stdin=subprocess.DEVNULL)
        check(words in said, said)

    def _install(self, word):
        debs = [self.m.copy(p) for p in self.newer[word]]
        return ("apt-get", "install", "-q", "-y", "--no-install-recommends", *debs)

    def _install_fails(self, command, before, *words):
        """It says why, and what ran before goes on."""
        said = self.m.run(*command, ok=(1, 100), timeout=300)
        check(all(w in said for w in words), said)
        now = {**processes(self.m), "mongodb": before["mongodb"]}
        check(now == before, "was restarted for a version that cannot run:", before, now)
        check(ready(self.m), "the city is not ready any more")

    def _is_of_the_newer_version(self, before):
        """Its tables first, then its services, one after the other; the rest went on."""
        m, now = self.m, processes(self.m)
        check(".newer" in m.run("dpkg-query", "-W", "citywatch"), "the new version is not installed")
        check({name for name in now if now[name] != before[name]} == {*SERVICES, "mongodb"}, "were restarted:", before, now)
        for service in SERVICES:
            status, said = m.call("GET", f"/health/{service}")
            check(status == 200 and said["version"] == versions.NUMBER, service, said)
        sql(m, "TABLE planted")
        check(sql(m, f"SELECT bool_and(planted) FROM {versions.VIEW}.{versions.VIEW}", "citywatch_read") == "t", "the view is not the new one")
        moments = [moment(m, "citywatch-upgrade.service", "ExecMainExitTimestampMonotonic")]
        moments += [moment(m, f"citywatch-{s}.service", "ExecMainStartTimestampMonotonic") for s in READERS_FIRST]
        check(moments == sorted(moments), "began in another order:", moments)

    def removed_it_runs_no_more_and_keeps_data(self):
        self.m.run("apt-get", "remove", "-q", "-y", "citywatch", "citywatch-mongodb", timeout=300)
        running = self.m.run("sh", "-c", "ps -eo user:40,args 2>/dev/null | grep '^citywatch' || true")
        check(not running, "still runs:", running)
        check(sums(self.m) == self.secrets, "secrets are gone")
        check("15  citywatch" in self.m.run("pg_lsclusters"), "the cluster is gone")

    def installed_again_without_a_server_for_documents_it_goes_on(self):
        deb, = [self.m.copy(p) for p in packages() if "citywatch_" in p]
        self.m.run("apt-get", "install", "-q", "-y", "--no-install-recommends", deb, timeout=300)
        until("all services to be ready", lambda: ready(self.m), 90)
        check(feed_shows(self.m, self.report), "the feed lost the report")
        files_a_report(self.m)
        check(self.m.run("find", f"{STATE}/spool/command-api.requests", "-size", "+0"), "nothing waits in the spool")

    def purged_it_keeps_what_people_wrote_and_nothing_else(self):
        self.m.run("apt-get", "purge", "-q", "-y", "citywatch", "citywatch-mongodb", timeout=300)
        check(sums(self.m) == self.secrets, "secrets are gone while the cluster is there")
        left = self.m.run("sh", "-c", "getent passwd | grep '^citywatch' || true; ls -d /etc/citywatch /run/citywatch 2>/dev/null || true;"
                          "ls /etc/systemd/system/*citywatch* 2>/dev/null || true")
        check(not left, "left:", left)
        unowned = self.m.run("find", STATE, "-nouser")
        check(not unowned, "belongs to nobody:", unowned)

    def without_its_cluster_purge_leaves_nothing(self):
        debs = [self.m.copy(p) for p in packages()]
        self.m.run("apt-get", "install", "-q", "-y", "--no-install-recommends", *debs, timeout=300)
        self.m.run("citywatch-setup", timeout=300, stdin=subprocess.DEVNULL)
        check(feed_shows(self.m, self.report), "set up again over the cluster that was kept, the report is not there")
        self.m.run("citywatch-setup", "--forget", input="yes\n", timeout=120)
        self.m.run("apt-get", "purge", "-q", "-y", "citywatch", "citywatch-mongodb", timeout=300)
        self.m.run("test", "!", "-e", STATE)
        check("citywatch" not in self.m.run("pg_lsclusters"), "the cluster is there")


def too_late(*_):
    raise machine.Failed("all of it has not ended after", ALL_SECONDS, "s")


def main():
    if os.geteuid():
        sys.exit("make deb-test boots a machine of its own: it is for root")
    steps = [(name, step) for name, step in vars(Life).items() if not name.startswith("_")]
    machine.make_bare(packages(), ["nginx", "pgbackrest"])
    m = machine.Machine()
    life, name = Life(m, versions.made(packages(), m.folder)), "it boots"
    signal.signal(signal.SIGALRM, too_late)
    signal.alarm(ALL_SECONDS)
    try:
        m.boot()
        for name, step in steps:
            start = time.monotonic()
            step(life)
            print(f"ok {time.monotonic() - start:5.1f} s  {name.replace('_', ' ')}", flush=True)
    except machine.Failed as e:
        print(f"FAILED  {name.replace('_', ' ')}: {e}", file=sys.stderr)
        if m.leader:
            print(machine.run(*m.inside("journalctl", "--no-pager", "-n", "60"), ok=range(256)), file=sys.stderr)
        sys.exit(1)
    finally:
        m.end()


if __name__ == "__main__":
    main()
