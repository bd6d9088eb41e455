#!/usr/bin/python3
"""planted.py [bug ...] -- proves the tests and the checker: builds with one bug of base/planted.def at a time
(CITYWATCH_PLANT, build/planted) and demands that every check named here turns red. Without a bug each of them is
green first."""
import os, re, subprocess, sys, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = ROOT + "/build/planted"
SERVICES = ["citywatchctl", "citywatch-command-api", "citywatch-query-api", "citywatch-projector", "citywatch-sla-worker"]

# bug: [check ...]. A check is a test program, or invariants and the faults of a short soak that must show one of
# them.
CHECKS = {
    "RELAY_WITHOUT_COMPARISON": ["relay_interleavings_test", ("B1", "B2", "delete_all,flushall,delete_all")],
    "DUPLICATE_TAKEN_FOR_SUCCESS": ["relay_interleavings_test"],
    "PREV_FROM_REDIS": ["relay_test", ("B1", "delete_category,delete_category,delete_category")],
    "COUNTER_BEFORE_THE_STREAMS": ["append_order_test"],
    "KEY_WITHOUT_BODY": ["writer_test"],
    "REPLAY_NOT_ANSWERED": [("D1", "flushall")],
    "RESULT_OUTSIDE_THE_TRANSACTION": ["lost_answer_test"],
    "CHECKPOINT_BEFORE_THE_ROWS": ["projector_engine_test", ("P2", "kill_projector,backends_ended")],
    "NO_EPOCH_CHECK": ["projector_engine_test"],
    "APPEND_IN_ANY_EPOCH": ["writer_epoch_test"],
    "DEFERRED_TO_THE_FRONT": ["writer_rules_test", "waiting_test"],
    "SECOND_READ_IGNORED": ["writer_reads_test", "waiting_test"],
    "UNKNOWN_TOLD_AS_UNDONE": ["writer_rules_test"],
    "VERSION_OF_THE_LAST_EVENT": ["answer_version_test"],
    "NO_GAP_CHECK": ["projector_healing_test"],
    "PARKING_WITHOUT_THE_SUCCESSORS": ["parking_test", ("P1", "P4", "poison")],
    "FIRES_WITHOUT_ASKING_THE_REPORT": ["firing_test", ("T1", "forgotten_answers,kill_sla_worker,forgotten_answers")],
    "FORGOTTEN_PAUSE": ["report_clocks_test", ("T1", "kill_sla_worker,sla_worker_away,kill_sla_worker")],
    "DUE_BY_THE_MACHINES_CLOCK": ["firing_test", ("T1", "shifted_sla_worker,shifted_sla_worker")],
    "PATROL_SENT_TWICE": ["dispatch_test", ("X1", "second_command_api,kill_command_api")],
    "REPORT_KEEPS_ITS_PATROLS": ["answers_test", ("X2", "second_command_api,kill_command_api")],
    "LATE_FIX_MOVES": ["positions_order_test", ("G1", "second_command_api,kill_command_api")],
    "EQUAL_TIMES_AS_THEY_COME": ["positions_order_test", ("G1", "second_command_api,kill_command_api")],
    "RECORDS_FORGOTTEN_WHILE_AWAY": ["ship_test", ("A1", "mongodb_away,mongodb_away")],
    "RECORDS_SENT_TWICE": ["audit_test", ("A1", "kill_command_api")],
    "SEAL_SIGNED_BY_ANOTHER": ["book_test", ("A1", "sla_worker_away")],
    "MIN_POSITION_IGNORED": ["position_test", ("R1", "kill_query_api")],
}


def bugs():
    """Name -> what is wrong with it."""
    with open(ROOT + "/base/planted.def") as f:
        return dict(re.findall(r'^PLANT\((\w+),\s+"([^"]+)"\)', f.read(), re.M))


def run(command, seconds):
    """(exit code, output); a code of its own when it takes too long."""
    p = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                         errors="replace", env=dict(os.environ, PRESET="planted"))
    try:
        out = p.communicate(timeout=seconds)[0]
        return p.returncode, out
    except subprocess.TimeoutExpired:
        p.terminate()  # a soak stops its city
        return 124, p.communicate()[0]


def build(bug, targets):
    for command in (["cmake", "--preset", "planted", "-DCITYWATCH_PLANT=" + bug],
                    ["cmake", "--build", "--preset", "planted", "-j", "2", "--target", *targets]):
        code, out = run(command, 1800)
        if code:
            sys.exit("planted.py: it does not build:\n" + out[-3000:])


def targets_of(checks):
    found = [c for c in checks if isinstance(c, str)]
    return found + (SERVICES if len(found) < len(checks) else [])


def examine(check):
    """What turned red, as text; empty if nothing did."""
    if isinstance(check, str):
        code, out = run([f"{BUILD}/tests/{check}"], 320)
        failed = re.findall(r"^FAILED (\S+)", out, re.M)
        return f"{check}: {', '.join(failed) or 'exit ' + str(code)}" if code else ""
    *invariants, faults = check
    code, out = run(["tests/faults/soak.py", "--only", faults, "--seconds", "20", "--seed", "planted"], 420)
    red = re.findall(r"^(\w\d) does not hold", out, re.M)
    if code and not red and "not within" in out:
        red = ["B3"]  # it never came to rest
    return f"soak: {', '.join(red)}" if code and set(red) & {*invariants, "B3"} else ""


def must_be_green(checks):
    build("", targets_of(checks))
    for c in checks:
        red = examine(c)
        if red:
            sys.exit(f"planted.py: red without any bug: {red}")
    print(f"{len(checks)} checks are green without a bug", flush=True)


def plant(bug, what):
    """How many checks missed it."""
    start, missed = time.monotonic(), 0
    build(bug, targets_of(CHECKS[bug]))
    print(f"{bug}: {what}", flush=True)
    for c in CHECKS[bug]:
        red = examine(c)
        missed += not red
        print(f"    {'caught by ' + red if red else 'NOT CAUGHT by ' + str(c)}", flush=True)
    print(f"    ({time.monotonic() - start:.0f} s)", flush=True)
    return missed


def main(names):
    chosen = {n: what for n, what in bugs().items() if not names or n in names}
    if set(names) - set(chosen):
        sys.exit(f"planted.py: there are {', '.join(bugs())}")
    try:
        must_be_green(sorted({c for n in chosen for c in CHECKS[n]}, key=str))
        missed = sum(plant(n, what) for n, what in chosen.items())
    finally:
        build("", ["base"])
    print("every planted bug is caught" if not missed else f"{missed} checks missed their bug")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
