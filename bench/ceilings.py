"""ceilings.py -- what this machine can do at best: nginx with the feed's bytes, pgbench with rows like
ours on the same cluster, one flush of the disk."""
import os, re, socket, statistics, subprocess, tempfile, time

from measure import HERE, free_port
from city import wait_until


class Nginx:
    """An nginx of our own on a free loopback port, with its files in `folder`."""

    def __init__(self, folder, workers, body):
        self.folder, self.port = folder, free_port()
        os.makedirs(folder + "/static", exist_ok=True)
        with open(folder + "/static/feed", "wb") as f:
            f.write(body)
        with open(HERE + "/nginx.conf") as f:
            text = f.read()
        for name, value in (("FOLDER", folder), ("WORKERS", workers), ("PORT", self.port)):
            text = text.replace(f"@{name}@", str(value))
        with open(folder + "/nginx.conf", "w") as f:
            f.write(text)
        os.chmod(folder, 0o755)  # its workers run as a user of their own
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-p", folder, "-c", folder + "/nginx.conf"],
                                        stdin=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{self.port}/feed"
        wait_until("nginx listens", self.listens, 10)

    def listens(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def make_tables(city):
    city.sql("citywatch_write", open(HERE + "/row.sql").read())


def drop_tables(city):
    city.sql("citywatch_write", "DROP TABLE IF EXISTS bench_event, bench_stream, bench_result; "
                                "DROP SEQUENCE IF EXISTS bench_position")


def pgbench(city, script, clients, seconds):
    """Commits/s over the unix socket, statements prepared."""
    command = ["/usr/lib/postgresql/15/bin/pgbench", "-n", "-M", "prepared", "-f", "-", "-c", str(clients), "-j", "2",
               "-T", str(max(1, round(seconds))), "-h", city.run_dir + "/sockets/postgres",
               "-p", str(city.ports["POSTGRES_PORT"]), "citywatch_write"]
    if os.geteuid() == 0:
        command = ["runuser", "-u", "postgres", "--"] + command
    for attempt in range(5):
        with open(f"{HERE}/{script}.pgbench") as f:
            done = subprocess.run(command, stdin=f, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  cwd="/", timeout=seconds + 60)
        if done.returncode == 0:
            return float(re.search(r"tps = ([\d.]+)", done.stdout).group(1))
        time.sleep(1)  # the connections of the run before are still being closed
    raise RuntimeError(done.stdout)


def flush_microseconds(folder, times=300):
    """Median of one write of 8 KiB and its fdatasync."""
    taken = []
    with tempfile.TemporaryFile(dir=folder) as f:
        os.posix_fallocate(f.fileno(), 0, 8192)
        for _ in range(times):
            start = time.monotonic()
            os.pwrite(f.fileno(), b"x" * 8192, 0)
            os.fdatasync(f.fileno())
            taken.append(time.monotonic() - start)
    return statistics.median(taken) * 1e6


class Caddy:
    """A bare reverse_proxy of Caddy in front of a port: what a gateway of it can do at best."""

    def __init__(self, folder, port, upstream):
        os.makedirs(folder)
        self.url = f"http://127.0.0.1:{port}"
        with open(folder + "/Caddyfile", "w") as f:
            f.write("{\n\tadmin off\n\tauto_https off\n\tdefault_bind 127.0.0.1\n\tlog {\n\t\tlevel WARN\n\t}\n}\n"
                    f"http://:{port} {{\n\treverse_proxy 127.0.0.1:{upstream} {{\n\t\ttransport http {{\n"
                    "\t\t\tcompression off\n\t\t\tkeepalive_idle_conns_per_host 256\n\t\t}\n\t}\n}\n")
        home = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), folder)
        self.process = subprocess.Popen(["caddy", "run", "--adapter", "caddyfile", "--config", folder + "/Caddyfile"],
                                        env=dict(os.environ, **home, GOGC="400", GOMEMLIMIT="256MiB"),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(1.5)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
