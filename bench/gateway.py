"""gateway.py -- the public feed through nginx as the gateway (GATEWAY=nginx), which keeps it for a second, beside nginx with the same bytes as a file."""
import os, shutil, subprocess

import ceilings
from city import wait_until
from measure import Cost, free_port, median, wrk

PATH = "/reports/public?limit=50"
CLIENTS = (8, 32, 64)


class NginxGateway:
    """As `make run GATEWAY=nginx` would start it in front of the services of a city that has Caddy; in a folder of its own."""

    def __init__(self, folder, city, root):
        with open(city.run_dir + "/conf/settings") as f:
            settings = dict(line.rstrip("\n").split("=", 1) for line in f)
        settings.update(RUN_DIR=folder, GATEWAY_HTTP_PORT=str(free_port()), GATEWAY_HTTPS_PORT=str(free_port()), GATEWAY_EXTRA_PORTS="")
        for name in ("nginx", "conf", "parts"):
            os.makedirs(f"{folder}/{name}")
        for name in ("nginx.conf", "nginx-city.conf"):
            with open(f"{folder}/conf/{name}", "w") as f:
                subprocess.run([root + "/tools/nginx-conf", f"{root}/tools/conf/{name}"], env=settings, check=True, stdout=f)
        os.chmod(folder, 0o755)
        command = ["/bin/bash", city.run_dir + "/conf/start-nginx", folder]
        if os.geteuid() == 0:
            shutil.chown(folder + "/nginx", settings["GATEWAY_USER"])
            command = ["setpriv", "--reuid", settings["GATEWAY_USER"], "--regid", settings["GATEWAY_USER"], "--clear-groups", *command]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{settings['GATEWAY_HTTP_PORT']}{PATH}"
        wait_until("it answers", lambda: subprocess.run(["curl", "-sf", "-o", "/dev/null", self.url]).returncode == 0, 20)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def measured(bench, servers, seconds, rounds):
    """Each with as many connections as suit the file best; in turn."""
    clients = max(CLIENTS, key=lambda c: wrk(servers["file"].url, seconds, c)["per_second"])
    runs = {name: [] for name in servers}
    for _ in range(rounds):
        for name, server in servers.items():
            cost = Cost({name: server.process.pid})
            run = wrk(server.url, seconds, clients)
            run["cpu_us"] = cost.end(run["requests"])["microseconds"][name]
            bench.failed += run["failed"]
            runs[name].append(run)
    bench.keep("feed through nginx", {"clients": clients, "runs": runs})
    return clients, {name: tuple(median([r[k] for r in list_of]) for k in ("per_second", "cpu_us", "p99")) for name, list_of in runs.items()}


def rows(bench, root, seconds, rounds):
    body = bench.city.ask("GET", PATH, port=bench.query).raw
    servers = {"file": ceilings.Nginx(bench.folder + "/nginx-file", os.cpu_count(), body)}
    try:
        servers["gateway"] = NginxGateway(bench.folder + "/nginx-gateway", bench.city, root)
        clients, best = measured(bench, servers, seconds, rounds)
    finally:
        for server in servers.values():
            server.stop()
    ratio = best["gateway"][0] / best["file"][0]
    told = {name: f"{rate:.0f}/s, {cpu:.0f} µs CPU, p99 {p99:.1f} ms" for name, (rate, cpu, p99) in best.items()}
    bench.row(f"public feed, 50 items ({len(body)} bytes, {clients} clients), through GATEWAY=nginx", "≥ 0.5 × nginx static",
              told["gateway"], told["file"], f"{ratio:.2f}", ratio >= 0.5)
