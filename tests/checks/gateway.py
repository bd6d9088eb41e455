#!/usr/bin/python3
"""gateway.py -- both gateways, tools/conf/Caddyfile and tools/conf/nginx.conf, choose for a request the service whose routes.def has the row; the
refusals they make themselves are problems of base/problems.def, word by word; and what they hide, rename, probe and put into headers is the same."""
import os, re, subprocess

import sources

SERVICES = {"ROUTE": "command-api", "BULK": "command-api", "FIX": "command-api", "FIX_AND": "command-api", "ACCOUNT": "command-api", "QUERY": "query-api", "DOCUMENT": "query-api"}
STATUS = {"INVALID": "400", "MISSING": "404", "TOO_LARGE": "413", "UNAVAILABLE": "503"}
CADDYFILE, NGINX, CITY = "tools/conf/Caddyfile", "tools/conf/nginx.conf", "tools/conf/nginx-city.conf"
faults = []


def text_of(path):
    return "\n".join(sources.lines(path))


def rows():
    for path in sources.feature_files("routes.def") + ["query-api/routes.def"]:
        for line in sources.lines(path):
            found = re.match(r'(ROUTE|BULK|FIX|FIX_AND|ACCOUNT|QUERY|DOCUMENT)\((\w+),\s*"([^"]+)"', line)
            if found:
                yield found[2], found[3], SERVICES[found[1]]


def one(pattern, path, text=None):
    found = re.findall(pattern, text or text_of(path), re.M | re.S)
    if len(found) != 1:
        faults.append(f"{path}: {len(found)} times {pattern}")
    return found[0] if found else ""


# ---- which service ----

prefixes = one(r"^\t@command path (.+?)$", CADDYFILE).split()


def by_caddy(method, path):
    for p in prefixes:
        if path == p or (p.endswith("/*") and path.startswith(p[:-1])):
            return "command-api"
    return "query-api" if method in ("GET", "HEAD") else "command-api"


def filled_in():
    settings = dict.fromkeys(re.findall(r"@([A-Z_]+)@", text_of(NGINX)), "1")
    settings.update(PATH=os.environ["PATH"], RUN_DIR="/tmp/none", GATEWAY_ADDRESS="127.0.0.1", GATEWAY_HTTP_PORT="1", GATEWAY_HTTPS_PORT="2",
                    GATEWAY_SITES="local", CORS="off", COMMAND_PATHS=" ".join(prefixes),
                    KEPT_PATHS=one(r"^KEPT_PATHS='([^']*)'$", "tools/gateway.sh"))
    return subprocess.run([f"{sources.ROOT}/tools/nginx-conf", f"{sources.ROOT}/{NGINX}"], env=settings, check=True, stdout=subprocess.PIPE, text=True).stdout


service_map = [(re.compile(pattern.replace("(?<", "(?P<")), to) for pattern, to in
               re.findall(r'^ +"~([^"]*)" (\S+);$', one(r'map "\$request_method \$uri" \$service \{\n(.*?)\n    \}', NGINX, filled_in()), re.M)]


def by_nginx(method, path):
    for pattern, to in service_map:
        found = pattern.search(f"{method} {path}")
        if found:
            return found[to[1:]] if to.startswith("$") else to
    return "command-api"


count = 0
for method, path, service in rows():
    count += 1
    for gateway in (by_caddy, by_nginx):
        if gateway(method, path) != service:
            faults.append(f"{method} {path} belongs to {service}, {gateway.__name__} it goes to the other one")
for service in ("command-api", "query-api", "projector", "sla-worker"):
    if by_nginx("GET", f"/ready/{service}") != service or f"import probe {service} " not in text_of(CADDYFILE):
        faults.append(f"/ready/{service} does not lead there")


# ---- what nginx keeps: only what its row says depends on nobody, for a second at least. What it does not keep is asked for each
# time, so a new route needs no word here ----


def answers_for_everybody():
    """{path: whether}"""
    for path in sources.feature_files("routes.def") + ["query-api/routes.def"]:
        for route, who, age in re.findall(r'^QUERY\(GET,\s*"([^"]+)",\s*([^,]+),\s*\w+,\s*\w+,\s*(\d+)', text_of(path), re.M):
            yield route, who.strip() == "ANYONE" and age != "0"
        for route, name in re.findall(r'^DOCUMENT\(GET,\s*"([^"]+)",\s*(\w+)\)', text_of(path), re.M):
            yield route, name.startswith("document_")


kept = re.compile(one(r'"~\^query-api:yes::(.*?)" answers;', NGINX, filled_in()))
may_be_kept = dict(answers_for_everybody())
faults += [f"{route}: nginx must not keep it (KEPT_PATHS in tools/gateway.sh)" for route, may in may_be_kept.items() if kept.match(route) and not may]
for path in one(r"^KEPT_PATHS='([^']*)'$", "tools/gateway.sh").split():
    if not any(route.startswith(path.rstrip("*")) for route, may in may_be_kept.items() if may):
        faults.append(f"KEPT_PATHS of tools/gateway.sh: no route that may be kept is {path}")

# ---- what they say themselves ----

problems = re.findall(r'^PROBLEM\((\w+),\s*(\w+),\s*"([^"]*)"', text_of("base/problems.def"), re.M)
known = {(name.lower().replace("_", "-"), STATUS.get(kind), title) for name, kind, title in problems}
made = re.findall(r'import problem (\S+) (\d+) "([^"]*)"', text_of(CADDYFILE))
by_city = [(name, status, title) for name, title, status, answered in
           re.findall(r'set \$problem (\S+);\s+set \$title "([^"]*)";\s+set \$problem_status (\d+);[^}]*?return (\d+) ', text_of(CITY)) if status == answered]
for path, list_of in ((CADDYFILE, made), (CITY, by_city)):
    faults += [f"{path}: base/problems.def has no {p}" for p in list_of if p not in known]
if set(made) != set(by_city):
    faults.append(f"not in both gateways: {set(made) ^ set(by_city)}")

# ---- the same paths and headers ----


def same(what, caddy, nginx):
    if caddy != nginx or not caddy:
        faults.append(f"{what}: the Caddyfile has {caddy}, nginx {nginx}")


caddy, city = text_of(CADDYFILE), text_of(CITY)
same("hidden", one(r"@hidden path (.*?)$", CADDYFILE).split(), re.findall(r"location = (\S+) \{\s+return 404;", city))
same("aliases", re.findall(r"import alias (\w+)", caddy), one(r'rewrite "\^/api/\(\?:(.*?)\)', CITY).split("|"))
security = dict(re.findall(r'^\t\t([A-Z][\w-]+) "?(.*?)"?$', one(r"^\(security\) \{\n(.*?)^\}", CADDYFILE), re.M))
same("security", security, {name: value for name, value in re.findall(r'^add_header (\S+) "?([^$@]*?)"? always;$', city, re.M)})
for name, variable in (("Expose-Headers", "exposed"), ("Allow-Methods", "allowed_methods"), ("Allow-Headers", "allowed_headers")):
    same(name, one(rf'Access-Control-{name} "(.*?)"', CADDYFILE), one(rf'\${variable} \{{.*?"([^"]+, .*?)";', NGINX))
one_whole = r"'?(\{\"status\":\"unhealthy\".*?\})[`']"
same("no service", one(one_whole, CADDYFILE), one(one_whole, CITY))
if count < 10 or len(made) < 4 or len(service_map) < 4:
    faults.append(f"found only {count} routes, {len(made)} problems and {len(service_map)} rows of nginx's map")
sources.report(faults, f"gateways, {count} routes")
