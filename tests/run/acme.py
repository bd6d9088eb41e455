"""acme.py -- pebble, an ACME server for tests, on loopback or a network of Docker: it asks a gateway of this machine to prove that the
domain is its own, at the ports that stand for 80 and 443, by names that a DNS server of its own resolves to 127.0.0.1."""
import json, os, ssl, subprocess, urllib.request

from scripts import free_ports
from city import wait_until


class Pebble:
    def __init__(self, folder, http_port, https_port, certificate_seconds, address="127.0.0.1"):
        self.folder, self.address = folder, address
        self.port, self.management, self.dns, self.dns_management = free_ports(4)
        self.ca_file = folder + "/pebble.pem"  # signs itself: pebble's own certificate, not those that it gives
        self.directory = f"https://{address}:{self.port}/dir"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=pebble", "-addext", f"subjectAltName=IP:{address},IP:127.0.0.1", "-keyout", folder + "/pebble.key",
                        "-out", self.ca_file], check=True, stderr=subprocess.DEVNULL)
        os.chmod(self.ca_file, 0o644)
        settings = {"listenAddress": f"{address}:{self.port}", "managementListenAddress": f"127.0.0.1:{self.management}",
                    "certificate": self.ca_file, "privateKey": folder + "/pebble.key", "httpPort": int(http_port),
                    "tlsPort": int(https_port), "ocspResponderURL": "", "certificateValidityPeriod": certificate_seconds}
        with open(folder + "/pebble.json", "w") as f:
            json.dump({"pebble": settings}, f)
        self.processes = []

    def start(self):
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.processes.append(subprocess.Popen(
            ["pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01", f"127.0.0.1:{self.dns}",
             "-http01", "", "-https01", "", "-tlsalpn01", "", "-management", f"127.0.0.1:{self.dns_management}"], **quiet))
        self.processes.append(subprocess.Popen(
            ["pebble", "-config", self.folder + "/pebble.json", "-dnsserver", f"127.0.0.1:{self.dns}"],
            env=dict(os.environ, PEBBLE_VA_NOSLEEP="1", PEBBLE_WFE_NONCEREJECT="0"), **quiet))
        self.root = self.folder + "/root.pem"
        text = wait_until("pebble answers", lambda: self.fetch("/roots/0"), 20)
        with open(self.root, "wb") as f:
            f.write(text)

    def fetch(self, path):
        """Of its management port: the root is made anew at each start."""
        trusted = ssl.create_default_context(cafile=self.ca_file)
        with urllib.request.urlopen(f"https://127.0.0.1:{self.management}{path}", timeout=5, context=trusted) as r:
            return r.read()

    def stop(self):
        while self.processes:
            process = self.processes.pop()
            process.terminate()
            process.wait(10)
