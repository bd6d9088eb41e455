"""twin.py -- a second process of a service, beside the first or in its place."""
import os, signal, socket, subprocess, time

import observers

USER = "citywatch"
SPOOL_OF_TWINS = "/twins"  # behind AUDIT_SPOOL


class Twin:
    """A second process of a service beside the supervisor's own, with a port of its own: for a while there
    are two on one store. `instead`: the supervisor's own is stopped first and its port taken."""

    def __init__(self, city, part, instead=False, **environment):
        pid = observers.programs(city.run_dir)[part]
        with open(f"/proc/{pid}/environ") as f:
            self.environment = dict(pair.split("=", 1) for pair in f.read().split("\0") if "=" in pair)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.part = part
        variable = part.upper().replace("-", "_") + "_PORT"
        if instead:
            self.port = int(self.environment.get(variable) or city.ports[variable])
            city.supervisor("stop", part)
        elif self.environment.get("AUDIT_SPOOL"):  # a folder has one process: those of twins go on, one after the other
            self.environment["AUDIT_SPOOL"] += SPOOL_OF_TWINS
        self.environment[variable] = str(self.port)
        self.environment.update(environment)
        if "LD_PRELOAD" in environment:  # the sanitizer wants to be the first
            self.environment["ASAN_OPTIONS"] = self.environment.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
        self.program, self.log_path = f"{city.run_dir}/bin/citywatch-{part}", f"{city.run_dir}/log/{part}-twin.log"
        self.start_again()

    def start_again(self):
        """With the same environment, after it has ended."""
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen([self.program], env=self.environment, cwd="/",
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                                        **({"user": USER, "group": USER} if os.geteuid() == 0 else {}))

    def answers(self):
        with socket.socket() as s:
            s.settimeout(1)
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def wait(self, seconds=20):
        end = time.monotonic() + seconds
        while not self.answers() and time.monotonic() < end:
            time.sleep(0.1)

    def ends_within(self, seconds):
        """Its exit code if it ends by itself, else None."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.stop()
            return None
        finally:
            self.log.close()

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        try:
            return self.process.wait(25)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self.log.close()
