#!/usr/bin/python3
"""docker.py -- what can be said of the images and of docker/compose.yml without Docker: they name what there is elsewhere
(services, settings, secrets, least versions), give each service what it needs, and lock each container up."""
import os
import re

import yaml

import sources

SETTING = re.compile(r'^SETTING\((\w+),\s*(.*?),\s*(NULL|"[^"]*"),\s*([A-Z_|]+),\s*"')
COMPOSE, DOCKERFILE, ENV = "docker/compose.yml", "docker/Dockerfile", "docker/env.default"
GATEWAYS = ("caddy", "nginx")
faults = []


def text(path):
    return "\n".join(sources.lines(path))


def check(good, fault):
    if not good:
        faults.append(fault)


def differ(what, a, b):
    check(set(a) == set(b), f"{what}: {', '.join(sorted(set(a) ^ set(b)))}")


def read_env(path):
    return dict(line.split("=", 1) for line in sources.lines(path) if line and not line.startswith("#"))


def settings():
    """{NAME: (default or None, who reads it)}"""
    found = {}
    for line in sources.lines("platform/process/settings.def"):
        m = SETTING.match(line)
        if m:
            default = None if m[3] == "NULL" else m[3].strip('"')
            found[m[1].upper()] = (default, m[4].split("|"))
    return found


def reads(readers, service):
    return "EVERY_SERVICE" in readers or service.upper().replace("-", "_") in readers


def check_service(name, part, rows, of_profiles):
    given = dict(of_profiles, **part["environment"])
    for key in part["environment"]:
        check(key in rows, f"{COMPOSE}: {name}: {key} is no setting")
    for key, (default, readers) in rows.items():
        check(default is not None or not reads(readers, name) or key in given, f"{COMPOSE}: {name}: {key} is required")
    named = set(re.findall(r"/run/secrets/([\w.]+)", " ".join(map(str, given.values()))))
    differ(f"{COMPOSE}: {name}: secrets named and given", named, part["secrets"])


def check_locks(name, part):
    check(part.get("read_only") is True and part.get("cap_drop") == ["ALL"] and
          part.get("security_opt") == ["no-new-privileges:true"] and "mem_limit" in part and "pids_limit" in part,
          f"{COMPOSE}: {name} is not locked up as the others are")
    check(name == "gateway" or "ports" not in part, f"{COMPOSE}: {name} is published")


def check_gateway(part):
    """It is given every setting of a gateway; docker/gateway makes of them what `make run` does."""
    names = re.search(r"^GATEWAY_NAMES=\((.*?)\)", text("tools/gateway.sh"), re.M | re.S)[1].split()
    given = {key for key, value in part["environment"].items() if value == "${%s}" % key}
    differ(f"{COMPOSE}: settings of the gateway", given - {"CITYWATCH_NETWORK"}, set(names) - {"GATEWAY_EXTRA_PORTS"})


def check_versions():
    dockerfile, packages = text(DOCKERFILE), [line.split() for line in sources.lines("tools/packages")]
    packages = {row[0]: row[1] for row in packages if len(row) == 3 and row[0] != "#"}
    by_hand = re.findall(r"^(?!#).*\b(?:apt-get|dpkg)\b.*$", dockerfile, re.M)
    check(not by_hand, f"{DOCKERFILE}: packages past install-least: {by_hand}")
    installed = " ".join(re.findall(r"install-least /run/packages ([^\\\n&]+)", dockerfile)).split()
    for server in ("caddy", "nginx", "redis-server", "postgresql-15", "postgresql-15-postgis-3", "pgbackrest"):
        check(server in installed and server in packages, f"{DOCKERFILE}: {server} is not installed by its row of tools/packages")
    check("tools/install build" in dockerfile and "install-least /runtime-packages" in dockerfile,
          f"{DOCKERFILE}: the versions of libraries are not compared")
    version = re.search(r"^project\(citywatch VERSION ([\d.]+)", text("CMakeLists.txt"), re.M)[1]
    check(read_env(ENV)["CITYWATCH_VERSION"] == version, f"{ENV}: CITYWATCH_VERSION is not {version}")
    check(re.search(r"^ARG BASE_IMAGE=debian:12-slim$", dockerfile, re.M), f"{DOCKERFILE}: the base image is not Debian 12")


def main():
    compose, rows = yaml.safe_load(text(COMPOSE)), settings()
    parts = compose["services"]
    images = {re.match(r"citywatch/([\w-]+):\$\{CITYWATCH_VERSION\}$", p["image"].replace("${GATEWAY}", gateway))[1]
              for p in parts.values() for gateway in GATEWAYS}
    services = set(re.findall(r"^service\(\S+ citywatch-(\S+)", text("CMakeLists.txt"), re.M))
    listed = re.search(r"^IMAGES=\((.*)\)$", text("docker/lib.sh"), re.M)[1].split()
    differ(f"images of {COMPOSE} and docker/lib.sh", images, listed)
    differ(f"images of {DOCKERFILE} and docker/lib.sh", re.findall(r" AS tree-(\S+)$", text(DOCKERFILE), re.M), listed)
    check(services <= images, f"{COMPOSE}: no image for {services - images}")
    profiles = {name: read_env(f"docker/{name}.env") for name in ("core", "full", "demo")}
    for profile, given in profiles.items():
        differ(f"docker/{profile}.env and docker/full.env", given, profiles["full"])
        check(set(given) <= set(rows), f"docker/{profile}.env: {set(given) - set(rows)} are no settings")
    for name, part in parts.items():
        check_locks(name, part)
        if name in services:
            check_service(name, part, rows, profiles["full"])
    check_gateway(parts["gateway"])
    differ(f"variables of {COMPOSE} and {ENV}", set(re.findall(r"\$\{(\w+)", text(COMPOSE))),
           set(read_env(ENV)) - {"COMPOSE_PROJECT_NAME"})
    differ(f"secrets of {COMPOSE}", compose["secrets"], {s for p in parts.values() for s in p.get("secrets", [])})
    differ(f"volumes of {COMPOSE}", compose["volumes"], {v.replace("${BACKUP_DIR:-", "").split(":")[0].strip("}")
                                                           for p in parts.values() for v in p.get("volumes", [])})
    check(os.path.exists(os.path.join(sources.ROOT, "docker/Dockerfile.dockerignore")) and
          "docker/secrets" in sources.lines("docker/Dockerfile.dockerignore"), "docker/secrets would go into the images")
    check_versions()
    sources.report(faults, "images and compose.yml")


main()
