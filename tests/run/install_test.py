#!/usr/bin/python3
"""install_test.py -- the installer says steps, lets nothing start and leaves nothing enabled, with systemd or without. As
root: in a mount namespace whose folders are thrown away, apt-get being a stand-in that enables what Debian would."""
import os, shutil, subprocess, tempfile, unittest

from scripts import IS_ROOT, ROOT

FOLDERS = ("/etc", "/usr/sbin", "/var/lib/systemd", "/var/log", "/run")
LEFT = "! grep -s citywatch /usr/sbin/policy-rc.d* || echo a policy is left"
APT = """#!/bin/sh
for i in $(seq 500); do echo "Get:$i http://deb.debian.org line"; done
[ "$1" = update ] || case "$*" in
*--download-only*) ;;
*broken*) echo "E: it is broken"; exit 100 ;;
*)
    /usr/sbin/policy-rc.d redis-server start; echo "policy $?" >>/run/seen
    export DPKG_MAINTSCRIPT_PACKAGE=redis-server
    /usr/bin/deb-systemd-helper purge redis-server.service
    /usr/bin/deb-systemd-helper unmask redis-server.service
    /usr/bin/deb-systemd-helper enable redis-server.service
    rm -f /etc/rc?.d/*redis-server
    /usr/sbin/update-rc.d redis-server defaults
    ls /etc/systemd/system/multi-user.target.wants/redis-server.service /etc/rc2.d/S01redis-server >>/run/seen ;;
esac
"""


@unittest.skipUnless(IS_ROOT, "only root installs")
class Install(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="citywatch-install-", dir="/dev/shm")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        os.mkdir(self.folder + "/bin")
        self.program("apt-get", APT)
        self.program("dpkg", "#!/bin/sh\nexit 1\n")

    def program(self, name, text):
        with open(f"{self.folder}/bin/{name}", "w") as f:
            f.write(text)
        os.chmod(f"{self.folder}/bin/{name}", 0o755)

    def install(self, after, *packages, systemctl=True):
        script = "set -e\n" + ("" if systemctl else "mount --bind /dev/null /usr/bin/systemctl\n")
        for i, folder in enumerate(FOLDERS):
            for part in ("upper", "work"):
                os.makedirs(f"{self.folder}/{part}{i}", exist_ok=True)
            script += (f"mount -t overlay overlay -o lowerdir={folder},upperdir={self.folder}/upper{i},"
                       f"workdir={self.folder}/work{i} {folder}\n")
        script += f"{ROOT}/tools/install-packages {' '.join(packages)} || echo code $?\n{after}\n"
        done = subprocess.run(["unshare", "-m", "bash", "-c", script], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60,
                              env=dict(os.environ, PATH=f"{self.folder}/bin:" + os.environ["PATH"]))
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_steps_are_shown_and_nothing_stays_enabled(self):
        for systemctl in (True, False):
            said = self.install("cat /run/seen; ls /etc/systemd/system/multi-user.target.wants /etc/rc2.d; " + LEFT,
                                "redis-server", systemctl=systemctl)
            lines = said.splitlines()
            self.assertEqual(lines[:4], ["    lists of packages", "    download", "    installation", "policy 101"], said)
            self.assertEqual([line.split("/")[-1] for line in lines[4:6]], ["S01redis-server", "redis-server.service"])
            for enabled in ("redis-server.service", "S01redis-server", "is left"):
                self.assertNotIn(enabled, "\n".join(lines[6:]))
            for made in os.listdir(self.folder):  # the next one begins anew
                if made.startswith(("upper", "work")):
                    shutil.rmtree(f"{self.folder}/{made}")

    def test_a_failure_shows_the_end_of_what_apt_said(self):
        said = self.install(LEFT, "broken")
        self.assertIn("E: it is broken", said)
        self.assertIn("code 1", said)
        self.assertLess(said.count("Get:"), 30)
        self.assertNotIn("is left", said)


class Advice(unittest.TestCase):
    def test_without_sudo_it_is_our_own_installer(self):
        folder = tempfile.mkdtemp(prefix="citywatch-advice-", dir="/tmp")
        self.addCleanup(shutil.rmtree, folder)
        for name in ("bash", "dirname", "awk", "dpkg", "cat"):
            os.symlink(shutil.which(name), f"{folder}/{name}")
        for name, text in (("id", "echo 1000"), ("dpkg-query", "exit 1")):
            with open(f"{folder}/{name}", "w") as f:
                f.write(f"#!/bin/bash\n{text}\n")
            os.chmod(f"{folder}/{name}", 0o755)
        done = subprocess.run([f"{folder}/bash", ROOT + "/tools/install", "build", "run"], env={"PATH": folder}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"as root run: {ROOT}/tools/install build run", done.stdout)
        self.assertNotIn("apt-get", done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
