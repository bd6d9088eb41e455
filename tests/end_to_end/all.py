#!/usr/bin/python3
"""all.py [nginx] -- the end-to-end ring: one city, every test, the ledger behind those that fill the log. With nginx as the gateway: what a gateway can
change about an answer."""
import glob, os, sys, unittest

ORDER = ("main_job", "casework", "follow", "notification", "sla", "calendars", "clocks", "dispatch", "dispatch_clock", "officers", "crimes", "positions", "anonymous", "audit", "accounts", "bad_input", "gateway", "micro_cache", "seed",
         "bad_days", "operator", "metrics", "readme", "ledger", "restore", "backup")
WITH_NGINX = ("main_job", "audit", "bad_input", "gateway", "micro_cache", "seed")

if __name__ == "__main__":
    names = [name + "_test" for name in ORDER]
    here = os.path.dirname(os.path.abspath(__file__))
    forgotten = {os.path.basename(path)[:-3] for path in glob.glob(here + "/*_test.py")} - set(names)
    if forgotten:
        sys.exit(f"all.py: ORDER lacks {', '.join(sorted(forgotten))}")
    if sys.argv[1:] == ["nginx"]:
        os.environ["GATEWAY"] = "nginx"
        names = [name + "_test" for name in WITH_NGINX]
    suite = unittest.defaultTestLoader.loadTestsFromNames(names)
    sys.exit(not unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful())
