#!/usr/bin/python3
"""What the Debian package is made of agrees with the rest: a unit, a user and its folders for each service, settings that
there are and that the service reads, secrets that are made and are its own, versions of tools/packages, and units that
systemd understands. tests/packages runs all of it."""
import atexit
import glob
import os
import re
import shutil
import subprocess
import tempfile

import sources

UNITS = "packaging/systemd"
# Variables of a unit that no setting is behind: of the C library, of mongo-c-driver, of Go.
OTHERS = {"LC_ALL", "MONGOC_DISABLE_SHM", "GOMEMLIMIT"}
faults = []


def fault(*words):
    faults.append(" ".join(str(w) for w in words))


def text(path):
    return "\n".join(sources.lines(path))


def laid_down():
    """What packaging/lay-down makes, and the folder of its units."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    subprocess.run([f"{sources.ROOT}/packaging/lay-down", folder], check=True)
    return f"{folder}/lib/systemd/system"


def unit(name):
    """(key, value) of each line of a unit and of what is read with it, of a service with what citywatch-mongodb adds."""
    path = f"{units}/citywatch-{name}.service"
    if not os.path.exists(path):
        fault(f"{UNITS}/citywatch-{name}.service is missing")
        return []
    lines = []
    for part in [path] + sorted(glob.glob(path + ".d/*.conf")):
        with open(part, encoding="utf-8") as f:
            lines += f.read().splitlines()
    return [line.split("=", 1) for line in lines if re.match(r"\w+=", line)]


def constant(service):
    """As the rows of settings.def name it."""
    return service.upper().replace("-", "_")


def environment(lines):
    """Variables that it sets, and their values."""
    words = [word for key, value in lines if key == "Environment" for word in re.findall(r'"[^"]*"|\S+', value)]
    return dict(word.strip('"').split("=", 1) for word in words)


def check_settings(name, lines):
    given = environment(lines)
    for variable in given.keys() - OTHERS:
        if variable not in settings:
            fault(f"citywatch-{name}.service sets {variable}, which settings.def has not")
        elif name in services and not settings[variable][1] & {constant(name), "EVERY_SERVICE"}:
            fault(f"citywatch-{name}.service sets {variable}, which {name} does not read")
    for variable, (default, readers) in settings.items():
        reads = name in services and readers & {constant(name), "EVERY_SERVICE"}
        if reads and default == "NULL" and variable not in given:
            fault(f"citywatch-{name}.service does not set {variable}, without which {name} does not start")


def check_secrets(name, lines):
    used = {found for _, value in lines for found in re.findall(r"%d/([\w.]+)", value)}
    loaded = dict(value.split(":", 1) for key, value in lines if key == "LoadCredential")
    if name in ("databases", "upgrade"):  # all roles, whose passwords it sets
        used |= {s for s in secrets if s.endswith(".pgpass")}
    if used != loaded.keys():
        fault(f"citywatch-{name}.service loads {sorted(loaded)} and uses {sorted(used)}")
    for secret, path in loaded.items():
        if secret not in secrets or path != f"/var/lib/citywatch-package/secrets/{secret}":
            fault(f"citywatch-{name}.service loads {secret} from {path}; tools/secrets.sh makes {sorted(secrets)}")


def check_users(name, lines):
    user = dict(lines).get("User")
    if name in services and user != f"citywatch-{name}":
        fault(f"citywatch-{name}.service runs as {user}")
    if user not in ("postgres", "root") and not re.search(rf"^u {user} ", sysusers, re.M):
        fault(f"citywatch-{name}.service runs as {user}, whom no sysusers file makes")


def check_folders():
    folders = set(re.findall(r"/spool/(\S+) +0700 (\S+) \2$", text("packaging/debian/citywatch.tmpfiles"), re.M))
    books = re.findall(r"^BOOK\((\w+),", text("audit/books.def"), re.M)
    wanted = {(f"{s}.{b}", f"citywatch-{s}") for s in services for b in books}
    if folders != wanted:
        fault("citywatch.tmpfiles: the folders of the spool differ from audit/books.def:", sorted(folders ^ wanted))


def check_packages():
    rows = [line.split() for line in sources.lines("tools/packages") if line and line[0] != "#"]
    for package, least, _ in (r for r in rows if r[2] == "city"):
        others = {r[1] for r in rows if r[0] == package and r[2] == "run"}
        if others != {least}:
            fault(f"tools/packages: {package} is {least} for city and {sorted(others)} for run")
    control = text("packaging/debian/control.in")
    for word in ("@DEPENDS@", "@BUILD_DEPENDS@"):
        if word not in control:
            fault(f"control.in: {word} is gone, by which tools/deb enters tools/packages")


def settings_shown(name):
    """{name: default} of what an operator is shown besides settings.def."""
    return dict((n.upper(), d) for n, d in re.findall(r'^SETTING\((\w+),.*?"([^"]*)", *[A-Z]+, "', text(f"packaging/{name}-settings.def"), re.M))


def check_shown():
    """What an operator may set is what is read, and its default the one that is in force."""
    named = set(re.search(r"GATEWAY_NAMES=\(([^)]*)\)", text("tools/gateway.sh"))[1].split()) | {"GATEWAY"}
    shown = settings_shown("gateway").keys()
    if named != shown:
        fault("gateway-settings.def differs from GATEWAY_NAMES of tools/gateway.sh:", sorted(named ^ shown))
    named = dict(re.findall(r'\$\{(BACKUP_\w+):=([^}]*)\}', text("tools/backrest.sh")))
    del named["BACKUP_DIR"]  # of settings.def
    if named != settings_shown("backup"):
        fault("backup-settings.def differs from tools/backrest.sh:", named, settings_shown("backup"))


def check_numbers():
    """What stands in two forms because two programs read it."""
    supervisor = dict(re.findall(r'(MALLOC_\w+)="(\d+)"', text("tools/conf/supervisord.conf")))
    if supervisor != dict(re.findall(r"^(MALLOC_\w+) = '(\d+)'", text("packaging/postgresql.environment"), re.M)):
        fault("postgresql.environment differs from tools/conf/supervisord.conf")
    ports = {re.search(rf"{name}:=(\d+)", text("tools/settings.sh"))[1] for name in ("POSTGRES_PORT", "MONGODB_PORT")}
    for path in glob.glob(f"{sources.ROOT}/{UNITS}/*"):
        with open(path, encoding="utf-8") as f:
            for port in re.findall(r"(?:port=|127\.0\.0\.1:|-p )(\d+)", f.read()):
                if port not in ports:
                    fault(os.path.relpath(path, sources.ROOT), "names port", port, "and not one of", sorted(ports))


def check_by_systemd():
    """Its own word on the units, where it is installed; their programs are not."""
    if not shutil.which("systemd-analyze"):
        return
    paths = glob.glob(f"{units}/citywatch*.service")
    for path in paths + glob.glob(f"{units}/*.d/*.conf"):
        with open(path, encoding="utf-8") as f:
            said = re.sub(r"^(Exec\w+)=(?:.*\\\n)*.*$", r"\1=/bin/true", f.read(), flags=re.M)
        with open(path, "w", encoding="utf-8") as f:
            f.write(said)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *paths], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False, timeout=60,
                          env={"PATH": os.environ["PATH"], "SYSTEMD_UNIT_PATH": f"{units}:"})
    for line in done.stdout.splitlines():
        if "citywatch" in line:
            fault("systemd-analyze verify:", line)


units = laid_down()
services = re.search(r"^SERVICES=\((.*)\)", text("tools/lib.sh"), re.M)[1].split()
settings = {}
for name, default, readers in re.findall(r'^SETTING\((\w+),.*[ ,](NULL|"[^"]*"), *([A-Z_|]+), *"[^"]*"\)$',
                                         text("platform/process/settings.def"), re.M):
    settings[name.upper()] = (default, set(readers.split("|")))
makes_secrets = text("tools/secrets.sh")
secrets = {f"{role}.pgpass" for role in re.search(r"for role in (.*); do", makes_secrets)[1].split()}
secrets |= set(re.findall(r"\bsecret ([a-z]+\.[a-z]+)", makes_secrets)) | set(re.findall(r"\$SECRETS/(token[.a-z]*)", makes_secrets))
sysusers = text("packaging/debian/citywatch.sysusers") + "\n" + text("packaging/debian/citywatch-mongodb.sysusers")
others = [re.search(r"citywatch-(.*)\.service", p)[1] for p in glob.glob(f"{sources.ROOT}/{UNITS}/citywatch-*.service")]
for name in sorted(set(services) | set(others)):
    lines = unit(name)
    check_settings(name, lines)
    check_secrets(name, lines)
    check_users(name, lines)
check_folders()
check_shown()
check_packages()
check_numbers()
check_by_systemd()
sources.report(faults, f"units of {len(set(services) | set(others))} parts, {len(settings)} settings, {len(secrets)} secrets")
