#!/usr/bin/python3
"""planted.py [bug ...] -- proves the tests and the checker: plants one bug at a time in a copy of the sources
(build/planted), builds it, and demands that every named check turns red, by its name. Without the bug each of
them is green first. The bugs stand here only: no build option can carry one into a release."""
import os, re, shutil, subprocess, sys, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TREE = ROOT + "/build/planted"
SKIPPED = (".git", ".run", "build", "__pycache__")
SERVICES = ["citywatchctl", "citywatch-command-api", "citywatch-query-api", "citywatch-projector"]

COMPARE = "    if k == 2 and at ~= p then return {'GAP', string.format('%d', at)} end\n"
SETTLE = """    if (rows_count(rows) != count)
        return BATCH_REJECTED;
    for (int i = 0; i < count; i++)
        settle(&batch[i], rows, i, a);
"""
STORE_LATER = """    if (rows_count(rows) != count)
        return BATCH_REJECTED;
    for (int i = 0; i < count; i++) {
        static const struct pg_statement later = {
            NULL, "INSERT INTO es_result (actor, key, digest, status, body, version, position) "
                  "VALUES ($1, $2, $3, $4::int, $5, $6::bigint, $7::bigint)"};
        settle(&batch[i], rows, i, a);
        const struct append *c = &batch[i];
        const char *row[] = {c->actor, c->key, c->digest, arena_printf(a, "%d", c->status), c->body,
                             arena_printf(a, "%lld", (long long)c->version),
                             arena_printf(a, "%lld", (long long)c->position)};
        if ((c->outcome == COMMITTED || c->outcome == CHECKED) && c->status < 400)
            TRY(as_store(pg_call(s->connection, &later, 7, row, NULL)));
    }
"""

# name: (what is wrong, [(file, text that stands there once, what the bug makes of it)], [check ...])
# A check is a test program, or invariants and the faults of a short soak that must show one of them.
PLANTS = {
    "relay-without-comparison": (
        "the relay appends wherever Redis stands",
        [("command-api/publish.lua", COMPARE, "")],
        ["relay_interleavings_test", ("B1", "B2", "delete_all,flushall,delete_all")]),
    "duplicate-taken-for-success": (
        "an XADD that Redis refuses counts as 'already there'",
        [("command-api/publish.lua", COMPARE, ""),
         ("command-api/publish.lua", "redis.call('XADD', KEYS[2]", "redis.pcall('XADD', KEYS[2]"),
         ("command-api/publish.lua", "redis.call('XADD', KEYS[tonumber", "redis.pcall('XADD', KEYS[tonumber")],
        ["relay_interleavings_test"]),
    "checkpoint-before-the-rows": (
        "the checkpoint is committed before the rows it speaks of",
        [("projector/lane.c", "    FAILPOINT(PROJECTOR_AFTER_CHECKPOINT);\n",
          "    TRY(pg_run(e->parts.views, \"COMMIT; BEGIN\"));\n    FAILPOINT(PROJECTOR_AFTER_CHECKPOINT);\n")],
        ["projector_engine_test", ("P2", "kill_projector,backends_ended")]),
    "no-epoch-check": (
        "a reader goes on into another life of the log",
        [("projector/engine.c", "if (x->epoch != e->epoch) {", "if (x->epoch < 0) {")],
        ["projector_engine_test"]),
    "counter-before-the-streams": (
        "an append takes the counter and then waits for streams",
        [("migrations/write/0017_append_batch.sql", "    IF known <> '{}' THEN\n        PERFORM 1 FROM es_stream t",
          "    PERFORM 1 FROM es_counter FOR UPDATE;\n    IF known <> '{}' THEN\n        PERFORM 1 FROM es_stream t")],
        ["append_order_test"]),
    "result-outside-the-transaction": (
        "the answer is stored after the commit, by a call of its own",
        [("migrations/write/0017_append_batch.sql", "WHERE c.is_open AND c.status < 400;", "WHERE false;"),
         ("platform/store.c", SETTLE, STORE_LATER)],
        ["lost_answer_test"]),
    "parking-without-the-successors": (
        "later events of a parked stream are applied",
        [("projector/lane.c", "if (names_has(&w->v->parked.streams, at[i]->stream))", "if (false)")],
        ["parking_test", ("P1", "P4", "poison")]),
    "prev-from-redis": (
        "an entry names as its predecessor what Redis happens to hold",
        [("command-api/publish.lua", "unpack(entry(n, ARGV[n + 1])))",
          "unpack(entry(n, string.format('%d', last(KEYS[tonumber(ARGV[n])])))))")],
        ["relay_test", ("B1", "delete_category,delete_category,delete_category")]),
}


def sources():
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [f for f in folders if f not in SKIPPED]
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), ROOT)


def content(path):
    with open(path, "rb") as f:
        return f.read()


def put(path, bytes_, mode_of):
    """Writes only what differs, so that only that is built again."""
    if not os.path.exists(path) or content(path) != bytes_:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(bytes_)
        shutil.copymode(mode_of, path)


def make_tree(edits):
    """The sources as they are, then the bug's edits; each of its texts must stand there exactly once."""
    planted = {}
    for path, old, new in edits:
        text = planted.get(path) or content(f"{ROOT}/{path}").decode()
        if text.count(old) != 1:
            sys.exit(f"planted.py: {path} holds {text.count(old)} times: {old}")
        planted[path] = text.replace(old, new)
    for path in sources():
        put(f"{TREE}/{path}", planted[path].encode() if path in planted else content(f"{ROOT}/{path}"),
            f"{ROOT}/{path}")


def run(command, seconds):
    """(exit code, output); a code of its own when it takes too long."""
    try:
        done = subprocess.run(command, cwd=TREE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=seconds, env=dict(os.environ, PRESET="asan"))
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as e:
        return 124, (e.stdout or b"").decode(errors="replace")


def build(targets):
    if not os.path.exists(TREE + "/build/asan/build.ninja"):
        run(["cmake", "--preset", "asan", "--log-level=WARNING"], 120)
    code, out = run(["cmake", "--build", "--preset", "asan", "-j", "2", "--target", *targets], 1800)
    if code:
        sys.exit("planted.py: it does not build:\n" + out[-3000:])


def targets_of(checks):
    found = [c for c in checks if isinstance(c, str)]
    return found + (SERVICES if len(found) < len(checks) else [])


def examine(check):
    """What turned red, as text; empty if nothing did."""
    if isinstance(check, str):
        code, out = run([f"build/asan/tests/{check}"], 320)
        failed = re.findall(r"^FAILED (\S+)", out, re.M)
        return f"{check}: {', '.join(failed) or 'exit ' + str(code)}" if code else ""
    *invariants, faults = check
    code, out = run(["tests/faults/soak.py", "--only", faults, "--seconds", "20", "--seed", "planted"], 280)
    red = re.findall(r"^(\w\d) does not hold", out, re.M)
    if code and not red and "not within" in out:
        red = ["B3"]  # it never came to rest
    return f"soak: {', '.join(red)}" if code and set(red) & {*invariants, "B3"} else ""


def main(names):
    plants = {n: PLANTS[n] for n in names} if names else PLANTS
    checks = {c for _, _, list_ in plants.values() for c in list_}
    make_tree([])
    build(targets_of(checks))
    for c in checks:
        red = examine(c)
        if red:
            sys.exit(f"planted.py: red without any bug: {red}")
    print(f"{len(checks)} checks are green without a bug", flush=True)
    missed = 0
    for name, (what, edits, list_) in plants.items():
        start = time.monotonic()
        make_tree(edits)
        build(targets_of(list_))
        print(f"{name}: {what}", flush=True)
        for c in list_:
            red = examine(c)
            missed += not red
            print(f"    {'caught by ' + red if red else 'NOT CAUGHT by ' + str(c)}", flush=True)
        print(f"    ({time.monotonic() - start:.0f} s)", flush=True)
    make_tree([])
    print("every planted bug is caught" if not missed else f"{missed} checks missed their bug")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
