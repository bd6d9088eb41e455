#!/usr/bin/python3
"""all.py -- the end-to-end ring: one city, every test, the ledger last."""
import sys, unittest

import accounts_test, bad_days_test, bad_input_test, casework_test, follow_test, gateway_test, ledger_test, main_job_test, officers_test, \
    operator_test, readme_test, restore_test, seed_test

if __name__ == "__main__":
    loader = unittest.defaultTestLoader
    suite = unittest.TestSuite(loader.loadTestsFromModule(m) for m in
                               (main_job_test, casework_test, follow_test, officers_test, accounts_test, bad_input_test, gateway_test,
                                seed_test, bad_days_test, operator_test, readme_test, ledger_test, restore_test))
    sys.exit(not unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful())
