#!/usr/bin/python3
"""all.py -- the end-to-end ring: one city, every test, the ledger behind those that fill the log."""
import sys, unittest

ORDER = ("main_job", "casework", "follow", "officers", "anonymous", "accounts", "bad_input", "gateway", "seed", "bad_days",
         "operator", "readme", "ledger", "restore")

if __name__ == "__main__":
    suite = unittest.defaultTestLoader.loadTestsFromNames([name + "_test" for name in ORDER])
    sys.exit(not unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful())
