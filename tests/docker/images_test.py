"""images_test.py -- the images are what they say: the same files when they are made again, with a bill of materials, labels,
a check of their health, and least versions that are kept to."""
import hashlib, json, os, subprocess, tarfile, tempfile, unittest

from containers import DOCKER, ROOT, SERVICES, VERSION, docker

IMAGES = SERVICES + ["ctl", "gateway-caddy", "gateway-nginx", "mongodb", "postgres", "redis"]
AGAIN = "again"


def files(image):
    """{path: (kind, mode, owner, group, what it holds)} of an image."""
    name = docker("create", image)
    try:
        with subprocess.Popen([DOCKER, "export", name], stdout=subprocess.PIPE) as export:
            with tarfile.open(fileobj=export.stdout, mode="r|") as tar:
                return {m.name: (m.type, oct(m.mode), m.uid, m.gid, m.linkname,
                                 hashlib.file_digest(tar.extractfile(m), "sha256").hexdigest() if m.isreg() else "")
                        for m in tar}
    finally:
        docker("rm", name)


class Images(unittest.TestCase):
    def test_the_same_sources_give_the_same_files_twice(self):
        self.addCleanup(lambda: docker("rmi", "-f", *[f"citywatch/{i}:{AGAIN}" for i in IMAGES]))
        subprocess.run([ROOT + "/docker/images"], check=True, timeout=1800, stdin=subprocess.DEVNULL,
                       env=dict(os.environ, TAG=AGAIN, ROUND=str(os.getpid())))
        for image in IMAGES:
            with self.subTest(image):
                first, second = files(f"citywatch/{image}:{VERSION}"), files(f"citywatch/{image}:{AGAIN}")
                self.assertGreater(len(first), 1000)
                self.assertEqual({p for p in first.keys() | second.keys() if first.get(p) != second.get(p)}, set())

    def test_each_has_labels_a_user_and_a_check_of_its_health(self):
        for image in IMAGES:
            with self.subTest(image):
                config = json.loads(docker("inspect", f"citywatch/{image}:{VERSION}"))[0]["Config"]
                label = {k.removeprefix("org.opencontainers.image."): v for k, v in config["Labels"].items()}
                self.assertEqual((label["version"], label["title"]), (VERSION, "Citywatch " + image))
                self.assertRegex(label["revision"], r"^[0-9a-f]{40}(-changed)?$|^unknown$")
                self.assertIn(config["User"], ("citywatch", "postgres", "citywatch-gateway"))
                self.assertTrue(config["Entrypoint"][0].startswith("/"))  # no shell takes the signals
                if image != "ctl":
                    self.assertEqual(config["Healthcheck"]["Test"][0], "CMD")

    def test_each_carries_a_bill_of_materials_of_what_is_installed(self):
        for image in IMAGES:
            with self.subTest(image):
                inside = docker("run", "--rm", "--network", "none", "--entrypoint", "cat", f"citywatch/{image}:{VERSION}",
                                f"/usr/share/doc/citywatch/{image}.cdx.json")
                with open(f"{ROOT}/build/images/{image}.cdx.json") as f:
                    self.assertEqual(json.load(f), json.loads(inside))
                named = {(c["name"], c["version"]) for c in json.loads(inside)["components"] if "version" in c}
                installed = docker("run", "--rm", "--network", "none", "--entrypoint", "dpkg-query", f"citywatch/{image}:{VERSION}",
                                   "-W", "-f", "${db:Status-Status} ${Package} ${Version}\n").splitlines()
                wanted = {tuple(line.split()[1:]) for line in installed if line.startswith("installed ")}
                self.assertEqual(wanted - named, set())
        self.assertIn("github.com/FerretDB/FerretDB", {c["name"] for c in self.bill("mongodb")["components"]})

    def bill(self, image):
        with open(f"{ROOT}/build/images/{image}.cdx.json") as f:
            return json.load(f)

    def test_a_library_that_is_too_old_fails_the_build(self):
        with tempfile.NamedTemporaryFile("w", suffix=".rows") as rows:
            rows.write("libc6 99:1 run\n")
            rows.flush()
            os.chmod(rows.name, 0o644)
            said = subprocess.run([DOCKER, "run", "--rm", "--network", "none", "--user", "root", "--entrypoint", "/bin/bash",
                                   "-v", rows.name + ":/rows:ro", "-v", ROOT + "/docker/install-least:/install-least:ro",
                                   f"citywatch/command-api:{VERSION}", "-c",
                                   "apt-get() { :; }; export -f apt-get; bash /install-least /rows"],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        self.assertEqual(said.returncode, 1, said.stdout)
        self.assertRegex(said.stdout, r"libc6 \S+ is older than 99:1")


if __name__ == "__main__":
    unittest.main(verbosity=2)
