"""scripts.py -- tools/* in a run folder of its own below /tmp, with free ports, under PRESET (default asan)."""
import os, pwd, shutil, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path.insert(1, ROOT + "/tests/end_to_end")
from city import PORTS, SANITIZER, free_ports  # noqa: E402

IS_ROOT = os.geteuid() == 0
SERVICE_USER, DATABASE_USER = ("citywatch", "postgres") if IS_ROOT else (pwd.getpwuid(os.geteuid()).pw_name,) * 2


class Folder:
    def __init__(self):
        self.above = tempfile.mkdtemp(prefix="citywatch-run-", dir="/tmp")
        os.chmod(self.above, 0o755)
        self.path = self.above + "/run"
        self.ports = dict(zip(PORTS, map(str, free_ports(len(PORTS)))))
        self.environment = dict(os.environ, RUN_DIR=self.path, PRESET=os.environ.get("PRESET", "asan"), CORS_ORIGINS="",
                                ASAN_OPTIONS=SANITIZER, DEMO_ACCOUNTS="1", **self.ports)

    def start(self, tool, *words, **variables):
        return subprocess.Popen([f"{ROOT}/tools/{tool}", *words], env=dict(self.environment, **variables), text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                start_new_session=True)

    def run(self, tool, *words, given="", seconds=200, **variables):
        """(exit code, all that it printed)"""
        process = self.start(tool, *words, **variables)
        try:
            said, _ = process.communicate(given, seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            raise
        return process.returncode, said

    def is_locked(self, name):
        return subprocess.run(["flock", "-n", f"{self.path}/{name}", "true"]).returncode != 0

    def supervisor(self):
        with open(self.path + "/log/supervisord.pid") as f:
            return int(f.read())

    def close(self):
        if os.path.exists(self.path + "/log/supervisord.pid"):
            self.run("stop")
        shutil.rmtree(self.above, ignore_errors=True)
