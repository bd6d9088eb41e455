"""network.py -- a bad network between a service and its stores: a proxy on loopback that delays, cuts, goes
silent without closing (half-open), or lets a request through and swallows its answer."""
import socket, threading, time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Proxy:
    def __init__(self, server_port):
        self.server_port, self.delay, self.silent, self.refusing = server_port, 0, False, False
        self.swallow = threading.Semaphore(0)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.pairs, self.lock = set(), threading.Lock()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                if self.refusing:
                    raise ConnectionError
                server = socket.create_connection(("127.0.0.1", self.server_port))
            except OSError:
                client.close()
                continue
            pair = (client, server)
            with self.lock:
                self.pairs.add(pair)
            for a, b, back in ((client, server, False), (server, client, True)):
                threading.Thread(target=self.pump, args=(pair, a, b, back), daemon=True).start()

    def pump(self, pair, a, b, back):
        try:
            while True:
                part = a.recv(1 << 16)
                if not part or (back and self.swallow.acquire(blocking=False)):
                    break
                if self.delay:
                    time.sleep(self.delay)
                while self.silent:
                    time.sleep(0.05)
                b.sendall(part)
        except OSError:
            pass
        self.close_pair(pair)

    def close_pair(self, pair):
        with self.lock:
            self.pairs.discard(pair)
        for s in pair:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def cut(self):
        for pair in list(self.pairs):
            self.close_pair(pair)

    def swallow_answers(self, count):
        for _ in range(count):
            self.swallow.release()

    def close(self):
        self.silent = False
        self.listener.close()
        self.cut()
