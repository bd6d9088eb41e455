"""found_records.py -- what MongoDB holds of the record of requests, at rest, and what the operator's tool says of it."""
import os, subprocess

import ed25519, mongo, spools
from records import BOOKS, SEALS

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

VERIFIED_MAX = 20000


def verify(run_dir):
    """(exit code, what it said)"""
    done = subprocess.run([ROOT + "/tools/ctl", "audit", "verify"], env=dict(os.environ, RUN_DIR=run_dir), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    return done.returncode, done.stdout


class FoundRecords:
    """`verified`: what citywatchctl says of it; by default it is asked, unless there are more records than it takes in time:
    a page of 500 takes FerretDB 0.07 s."""

    def __init__(self, run_dir, verified=None):
        m = mongo.Mongo(run_dir, 300)  # sorting all takes a while
        try:
            self.records = [d for book in BOOKS for d in m.find(book)]
            self.seals = m.find(SEALS)
        finally:
            m.close()
        self.writers = set(map(spools.writer, spools.folders(run_dir)))
        with open(run_dir + "/secrets/audit.key", "rb") as f:
            self.key = ed25519.public_of(f.read())
        self.is_verified = not verified and len(self.records) <= VERIFIED_MAX
        self.verified = verify(run_dir) if self.is_verified else verified or (0, "")


def records_found(run_dir):
    """None: there is no server for documents."""
    return FoundRecords(run_dir) if mongo.is_there(run_dir) else None
