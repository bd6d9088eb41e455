#!/usr/bin/python3
"""mongo_stand_in.py [port] -- a server of MongoDB's protocol with faults on demand, which a real one does not show. Prints
its port, then reads a line for each switch and prints "ok" or an answer:

  well                    no fault from now on
  down | up               nobody listens, connections are cut | the same port again, with its data
  silent                  takes requests and answers none, handshakes neither
  slow <ms>               each answer comes so much later
  trickle <ms>            each byte of an answer does
  drop-before | drop-after [skip]   the next data command is cut off before | after it is done
  replica-set | one-server   handshakes from now on: a primary's, which takes repeated writes | a lone server's
  cut-answer              the next answer to a data command ends in its middle
  refuse <code> [skip]    data commands are answered with this error, and not done
  half <code>             of the next insert the first document gets this error, the others are stored
  concern <code>          the next write is done, but its majority did not form
  count <collection>      prints how many documents there are
  seen <command>          prints how many such commands have come, hello and ping included
  last                    prints the last data command, without its documents

Data commands are insert, find, getMore and delete; the first `skip` of them are spared. A page has 101 documents, an
insert takes 1,000, as the handshake says."""
import itertools
import json
import socket
import struct
import sys
import threading
import time

import bson

PAGE = 101
DATA = ("insert", "find", "getMore", "delete")
COMPARE = {
    "$gt": lambda a, b: a > b, "$gte": lambda a, b: a >= b, "$lt": lambda a, b: a < b, "$lte": lambda a, b: a <= b,
    "$in": lambda a, b: a in b, "$ne": lambda a, b: a != b, "$exists": lambda a, b: (a is not None) == b,
    "$type": lambda a, b: isinstance(a, {"long": bson.Int64, "string": str}[b])}


class Cut(Exception):
    """The connection is to be closed now."""


def fits(document, chosen):
    for name, wanted in chosen.items():
        has = document.get(name)
        tests = wanted if isinstance(wanted, dict) and any(key.startswith("$") for key in wanted) else {"$in": [wanted]}
        for test, value in tests.items():
            if has is None and test not in ("$ne", "$exists") or not COMPARE[test](has, value):
                return False
    return True


def error(code, words="the stand-in was told so"):
    return {"ok": 0.0, "code": code, "codeName": f"Code{code}", "errmsg": words}


class Store:
    """What the commands do."""

    def __init__(self):
        self.collections, self.cursors, self.numbers = {}, {}, itertools.count(1)

    def insert(self, command, fault):
        into = self.collections.setdefault(command["insert"], {})
        errors, stored = [], 0
        for index, document in enumerate(command["documents"]):
            key = document["_id"]
            if fault and index == 0:
                errors.append({"index": 0, "code": fault, "errmsg": "the stand-in was told so"})
            elif key in into:
                errors.append({"index": index, "code": 11000, "errmsg": "E11000 duplicate key error"})
            else:
                into[key] = document
                stored += 1
            if errors and command.get("ordered", True):
                break
        return {"ok": 1.0, "n": stored, **({"writeErrors": errors} if errors else {})}

    def page(self, name, left, which):
        batch, left = left[:PAGE], left[PAGE:]
        number = next(self.numbers) if left else 0
        if left:
            self.cursors[number] = left
        return {"ok": 1.0, "cursor": {"id": bson.Int64(number), "ns": f"stand_in.{name}", which: batch}}

    def find(self, command):
        name = command["find"]
        found = [d for d in self.collections.get(name, {}).values() if fits(d, command.get("filter", {}))]
        for member, order in reversed(list(command.get("sort", {}).items())):
            found.sort(key=lambda d: d.get(member), reverse=order < 0)
        found = found[:command.get("limit", 0) or None]
        shown = command.get("projection")
        return self.page(name, [{k: d[k] for k in shown if k in d} for d in found] if shown else found, "firstBatch")

    def get_more(self, command):
        left = self.cursors.pop(command["getMore"], None)
        return error(43, "cursor not found") if left is None else self.page(command["collection"], left, "nextBatch")

    def delete(self, command):
        gone = 0
        documents = self.collections.setdefault(command["delete"], {})
        for each in command["deletes"]:
            keys = [key for key, d in documents.items() if fits(d, each["q"])][:each["limit"] or None]
            gone += len(keys)
            for key in keys:
                del documents[key]
        return {"ok": 1.0, "n": gone}


class StandIn:
    """A server on its own threads; switch() is a line of the above."""

    def __init__(self, port=0):
        self.store, self.lock, self.listener, self.open = Store(), threading.Lock(), None, set()
        self.port, self.seen, self.last, self.replica_set = port, {}, {}, False
        self.well()
        self.up()

    def well(self):
        self.fault, self.argument, self.skip = None, 0, 0

    def up(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def down(self):
        listener, self.listener = self.listener, None
        if listener:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for connection in list(self.open):
            connection.shutdown(socket.SHUT_RDWR)

    def accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.open.add(connection)
        try:
            while True:
                head = self.read(connection, 16)
                length, request, _, opcode = struct.unpack("<4i", head)
                self.answer(connection, request, opcode, self.read(connection, length - 16))
        except (Cut, OSError):
            pass
        finally:
            self.open.discard(connection)
            connection.close()

    @staticmethod
    def read(connection, size):
        got = b""
        while len(got) < size:
            more = connection.recv(size - len(got))
            if not more:
                raise Cut
            got += more
        return got

    def answer(self, connection, request, opcode, body):
        """OP_QUERY is what the driver begins with, OP_MSG all else."""
        if opcode == 2004:
            command = bson.decode(body[body.index(b"\0", 4) + 9:])
            reply = struct.pack("<iqii", 8, 0, 0, 1) + bson.encode(self.run(command))
            opcode = 1
        else:
            reply = struct.pack("<IB", 0, 0) + bson.encode(self.run(self.message(body)))
        reply = struct.pack("<4i", 16 + len(reply), 0, request, opcode) + reply
        self.write(connection, reply)

    @staticmethod
    def message(body):
        """A command; the driver's sections of documents, which come behind it, are members."""
        at, command = 4, {}
        while at < len(body):
            kind, size = body[at], struct.unpack_from("<i", body, at + 1)[0]
            section = body[at + 1:at + 1 + size]
            if kind == 0:
                command.update(bson.decode(section))
            else:
                end = section.index(b"\0", 4)
                command[section[4:end].decode()] = bson.decode_all(section[end + 1:])
            at += 1 + size
        return command

    def write(self, connection, reply):
        if self.fault == "silent":
            time.sleep(3600)
        if self.fault == "slow":
            time.sleep(self.argument / 1000)
        if self.fault == "trickle":
            for byte in reply:
                time.sleep(self.argument / 1000)
                connection.sendall(bytes([byte]))
            return
        if b"maxWireVersion" not in reply and self.took("cut-answer"):
            connection.sendall(reply[:len(reply) // 2])
            raise Cut
        connection.sendall(reply)

    def took(self, fault):
        """Is it the turn of this fault? All but refuse have one."""
        if self.fault != fault:
            return False
        if self.skip:
            self.skip -= 1
            return False
        if fault != "refuse":
            self.well()
        return True

    def run(self, command):
        name = next(iter(command))
        with self.lock:
            self.seen[name.lower()] = self.seen.get(name.lower(), 0) + 1
            return self.run_data(name, command) if name in DATA else self.run_other(name, command)

    def run_data(self, name, command):
        self.last = {k: v for k, v in command.items() if k not in ("documents", "deletes", "lsid")}
        code = self.argument
        if self.took("drop-before"):
            raise Cut
        if self.took("refuse"):
            return error(code)
        half = code if name == "insert" and self.took("half") else 0
        run = {"find": self.store.find, "getMore": self.store.get_more, "delete": self.store.delete}.get(name)
        reply = run(command) if run else self.store.insert(command, half)
        if self.took("drop-after"):
            raise Cut
        if name in ("insert", "delete") and self.took("concern"):
            reply["writeConcernError"] = {"code": code, "errmsg": "waiting for replication timed out"}
        return reply

    def run_other(self, name, command):
        if name.lower() in ("hello", "ismaster"):
            me = f"127.0.0.1:{self.port}"
            of_a_set = {"setName": "rs", "hosts": [me], "primary": me, "me": me, "logicalSessionTimeoutMinutes": 30}
            return {"ismaster": True, "isWritablePrimary": True, "helloOk": True, "maxBsonObjectSize": 16777216,
                    "maxMessageSizeBytes": 48000000, "maxWriteBatchSize": 1000, "minWireVersion": 0,
                    "maxWireVersion": 13, **(of_a_set if self.replica_set else {}), "ok": 1.0}
        if name == "killCursors":
            for number in command["cursors"]:
                self.store.cursors.pop(number, None)
        return {"ok": 1.0} if name in ("ping", "killCursors", "endSessions") else error(59, f"no such command: {name}")

    def switch(self, line):
        word, *arguments = line.split()
        if word in ("well", "up", "down"):
            getattr(self, word)()
        elif word in ("replica-set", "one-server"):
            self.replica_set = word == "replica-set"
        elif word == "count":
            return str(len(self.store.collections.get(arguments[0], {})))
        elif word == "seen":
            return str(self.seen.get(arguments[0].lower(), 0))
        elif word == "last":
            return json.dumps(self.last)
        else:
            numbers = [int(a) for a in arguments]
            self.argument = numbers.pop(0) if word in ("refuse", "half", "concern", "slow", "trickle") else 0
            self.skip = numbers[0] if numbers else 0
            self.fault = word
        return "ok"


def main():
    server = StandIn(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print(server.port, flush=True)
    for line in sys.stdin:
        print(server.switch(line), flush=True)


if __name__ == "__main__":
    main()
