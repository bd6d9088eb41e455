"""mongo.py -- the checker's own way to MongoDB of one run folder; nothing of it is shared with the programs it checks."""
import os, re, socket, ssl, struct

import bson

from stores import settings_of

DATABASE = "citywatch_audit"
OP_MSG, PAGE = 2013, 1000


def is_there(run_dir):
    """Whether a server for documents was ever started here: it may not be built."""
    return os.path.isdir(run_dir + "/mongodb") and bool(os.listdir(run_dir + "/mongodb"))


class Mongo:
    """Commands and their answers; a ConnectionError for everything that is no answer."""

    def __init__(self, run_dir, seconds=20):
        uri = settings_of(run_dir)["MONGODB_URI"]
        self.port, self.seconds, self.socket = int(re.search(r":(\d+)/", uri).group(1)), seconds, None
        pem = re.search(r"tlsCertificateKeyFile=([^&]+)", uri).group(1)
        self.tls = ssl.create_default_context(cafile=pem)
        self.tls.check_hostname = False
        self.tls.load_cert_chain(pem)

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def _read(self, size):
        got = b""
        while len(got) < size:
            more = self.socket.recv(size - len(got))
            if not more:
                raise ConnectionError("MongoDB closed the connection")
            got += more
        return got

    def _send(self, command):
        if not self.socket:
            plain = socket.create_connection(("127.0.0.1", self.port), timeout=self.seconds)
            self.socket = self.tls.wrap_socket(plain)
        body = struct.pack("<IB", 0, 0) + bson.encode({**command, "$db": DATABASE})
        self.socket.sendall(struct.pack("<4i", 16 + len(body), 1, 0, OP_MSG) + body)
        size = struct.unpack("<4i", self._read(16))[0]
        return bson.decode(self._read(size - 16)[5:])

    def call(self, command):
        try:
            return self._send(command)
        except OSError as e:
            self.close()
            raise ConnectionError(str(e)) from e

    def done(self, command):
        """The same, and an error of the server is one of the connection."""
        answer = self.call(command)
        if not answer.get("ok") or answer.get("writeErrors"):
            raise ConnectionError(f"MongoDB refuses {next(iter(command))}: {answer}")
        return answer

    def find(self, collection):
        """All documents, in the order of their ids."""
        cursor = self.done({"find": collection, "filter": {}, "batchSize": PAGE})["cursor"]
        found = cursor["firstBatch"]
        while cursor["id"]:
            cursor = self.done({"getMore": bson.Int64(cursor["id"]), "collection": collection, "batchSize": PAGE})["cursor"]
            found += cursor["nextBatch"]
        return sorted(found, key=lambda d: d["_id"])

    def put(self, collection, document):
        self.done({"insert": collection, "documents": [document]})

    def take(self, collection, document):
        self.done({"delete": collection, "deletes": [{"q": {"_id": document["_id"]}, "limit": 1}]})
