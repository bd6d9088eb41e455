"""containers.py -- a city in containers for the tests: docker-compose with a name, ports, a network and secrets of its own;
the client is that of tests/end_to_end. All that it made is removed at its end, however that comes."""
import atexit, contextlib, json, os, shutil, subprocess, sys, tempfile

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path[:0] = [ROOT + "/tests/end_to_end", ROOT + "/tests/run"]
import city as end_to_end
from city import SITE, City, free_ports, wait_until

DOCKER = os.environ["DOCKER"]  # by tests/docker/run
VERSION = os.environ["VERSION"]
SERVICES = ["command-api", "query-api", "projector", "sla-worker"]
SERVERS = ["postgres", "redis", "mongodb"] + SERVICES + ["gateway"]
SETUPS = ["roles", "databases", "gateway-check", "demo-accounts"] + [f"{s}-check" for s in SERVICES]


def docker(*words, timeout=120, check=True, **more):
    return subprocess.run([DOCKER, *words], check=check, stdout=subprocess.PIPE, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, **more).stdout.strip()


class ContainerCity(City):
    def __init__(self, profile="demo", **settings):
        self.folder = tempfile.mkdtemp(prefix="citywatch-docker-", dir="/tmp")
        self.secrets = self.folder + "/secrets"
        self.ports = dict(zip(["GATEWAY_HTTP_PORT", "GATEWAY_HTTPS_PORT"], free_ports(2)))
        self.environment = dict(os.environ, COMPOSE_PROJECT_NAME=os.path.basename(self.folder), COMPOSE_PROFILES=profile,
                                CITYWATCH_SECRETS=self.secrets, ENV_FILE=self.folder + "/env",
                                OVERRIDE_FILE=self.folder + "/override.yml",
                                **{k: str(v) for k, v in self.ports.items()},
                                **{"CITYWATCH_NETWORK": "10.214.%d" % (os.getpid() % 256), **settings})
        shutil.copy(ROOT + "/docker/env.default", self.environment["ENV_FILE"])
        self.tokens = {}
        atexit.register(self.stop)
        self.run("docker/make-secrets", self.secrets)

    def run(self, program, *words, check=True, timeout=400):
        """A script of the repository, with this city's settings."""
        return subprocess.run([f"{ROOT}/{program}", *words], env=self.environment, check=check, text=True, timeout=timeout,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def compose(self, *words, check=True, timeout=300):
        override = self.environment["OVERRIDE_FILE"]
        files = ["--file", ROOT + "/docker/compose.yml"] + (["--file", override] if os.path.exists(override) else [])
        done = subprocess.run(["docker-compose", "--env-file", self.environment["ENV_FILE"], *files, *words], env=self.environment,
                              text=True, timeout=timeout, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        assert not check or done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def up(self):
        self.compose("up", "-d", "--no-build")
        wait_until("every service is ready", self.is_ready, 90)
        if self.environment["COMPOSE_PROFILES"] != "demo":
            return
        wait_until("the accounts are made", lambda: self.state("demo-accounts")["Status"] == "exited", 60)

    def stop(self):
        atexit.unregister(self.stop)
        try:
            self.compose("--profile", "ctl", "--profile", "demo", "down", "--volumes", "--remove-orphans", "--timeout", "40")
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def container(self, part):
        return docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={self.environment['COMPOSE_PROJECT_NAME']}",
                      "--filter", f"label=com.docker.compose.service={part}")

    def inspect(self, part):
        return json.loads(docker("inspect", self.container(part)))[0]

    @contextlib.contextmanager
    def settings(self, **settings):
        """Other settings for a while; `up` puts them in force."""
        before = dict(self.environment)
        self.environment.update(settings)
        try:
            yield
        finally:
            self.environment = before

    def state(self, part):
        return self.inspect(part)["State"]

    def pid(self, part):
        return self.state(part)["Pid"]

    def inside(self, part, *words):
        """What a program says that runs in a container as its own user."""
        return docker("exec", self.container(part), *words)

    def redis(self, *words):
        script = 'REDISCLI_AUTH=$(cat /run/secrets/redis.password) exec redis-cli -s /run/citywatch/redis/redis.sock "$@"'
        return self.inside("redis", "bash", "-c", script, "redis", *words)

    def sql(self, database, query):
        out = self.inside("postgres", "psql", "-qXAtF\x1f", "-v", "ON_ERROR_STOP=1", "-h", "/run/citywatch/postgres",
                          "-p", "8432", "-d", database, "-c", query)
        return [line.split("\x1f") for line in out.splitlines()]


_city = None


def container_city():
    global _city
    if _city is None:
        _city = ContainerCity(CORS_ORIGINS=SITE, GATEWAY_METRICS_PORT="8002")
        _city.up()
        end_to_end._city = _city  # the tests of end_to_end that are run here ask for it
    return _city
