#!/usr/bin/python3
"""answers_index.py -- what the B-tree by time on es_result costs an append: two databases of one cluster,
one with it, one with the summary index (BRIN) that stood there before, appended to in turns by pgbench.
Starts a cluster of its own with fsync on. Arguments: rounds (6), seconds a round (5), answers before (300000)."""
import glob, os, re, shutil, statistics, subprocess, sys, tempfile

ROUNDS, SECONDS, BEFORE = (int(a) for a in (sys.argv[1:] + ["6", "5", "300000"][len(sys.argv) - 1:]))
BIN, PORT, BATCH = "/usr/lib/postgresql/15/bin/", 28432, 32
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
AS = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
ONE = f"""CREATE FUNCTION one_batch() RETURNS bigint LANGUAGE sql VOLATILE AS $$
WITH k AS (SELECT n, md5(gen_random_uuid()::text) AS key FROM generate_series(1, {BATCH}) n),
     a AS (SELECT array_agg(key ORDER BY n) AS keys, array_agg('report-' || key ORDER BY n) AS streams FROM k),
     f AS (SELECT array_fill(0::bigint, ARRAY[{BATCH}]) AS zeros, array_fill(201, ARRAY[{BATCH}]) AS status,
                  ARRAY(SELECT generate_series(1, {BATCH})) AS n,
                  array_fill('{{"content": "a hole in the street, two metres wide"}}'::json, ARRAY[{BATCH}]) AS data)
SELECT count(*) FROM a, f, append_batch(array_fill('a'::text, ARRAY[{BATCH}]), keys, keys, status,
    array_fill('"report_id":"x","status":"RECEIVED"'::text, ARRAY[{BATCH}]), zeros, zeros, n, NULL, NULL, NULL, NULL, NULL,
    n, streams, zeros, n, n, streams, array_fill(1::bigint, ARRAY[{BATCH}]), array_fill('report'::text, ARRAY[{BATCH}]),
    ARRAY(SELECT gen_random_uuid() FROM generate_series(1, {BATCH})), array_fill('report.created'::text, ARRAY[{BATCH}]),
    array_fill(1, ARRAY[{BATCH}]), data, data) $$;"""
FILL = f"""INSERT INTO es_result SELECT 'a', 'k' || n, md5(n::text), 201, repeat('b', 80), 1, n, now() - n * interval '2 s'
           FROM generate_series(1, {BEFORE}) n"""


def run(*words):
    return subprocess.run([*words], check=True, capture_output=True, text=True, cwd="/").stdout


def psql(database, sql):
    return run("psql", "-qXAt", "-h", "127.0.0.1", "-p", str(PORT), "-U", "bench", "-v", "ON_ERROR_STOP=1", database, "-c", sql)


def make(database):
    psql("postgres", f"CREATE DATABASE {database}")
    for path in sorted(glob.glob(ROOT + "/migrations/write/*.sql")):
        psql(database, open(path).read())
    psql(database, FILL)
    psql(database, ONE)


def measure(database, script):
    out = run("pgbench", "-n", "-h", "127.0.0.1", "-p", str(PORT), "-U", "bench", "-c", "1", "-T", str(SECONDS), "-f", script, database)
    return float(re.search(r"tps = ([\d.]+)", out)[1]) * BATCH


folder = tempfile.mkdtemp(prefix="citywatch-ab-")
data = folder + "/pg"
os.chmod(folder, 0o777)
try:
    run(*AS, BIN + "initdb", "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
    run(*AS, BIN + "pg_ctl", "-D", data, "-w", "-l", folder + "/log", "-o",
        f"-p {PORT} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c max_wal_size=8GB", "start")
    make("btree")
    make("brin")
    psql("brin", "DROP INDEX es_result_answered; CREATE INDEX es_result_answered ON es_result USING brin (answered) WITH (autosummarize = on)")
    script = folder + "/one.sql"
    open(script, "w").write("SELECT one_batch();\n")
    for name in ("btree", "brin"):
        psql("postgres", f"ALTER DATABASE {name} SET jit = off")
        psql("postgres", f"ALTER DATABASE {name} SET plan_cache_mode = force_generic_plan")
        psql("postgres", f"ALTER DATABASE {name} SET enable_seqscan = off")
    results = {"btree": [], "brin": []}
    for n in range(ROUNDS):
        for name in ("btree", "brin") if n % 2 else ("brin", "btree"):
            results[name].append(measure(name, script))
            print(f"round {n + 1}: {name} {results[name][-1]:.0f} events/s", flush=True)
    btree, brin = (statistics.median(results[name]) for name in ("btree", "brin"))
    print(f"median: btree {btree:.0f}, brin {brin:.0f} events/s, batches of {BATCH}: {100 * (btree / brin - 1):+.1f} %")
    for name in results:
        print(name, psql(name, "SELECT pg_size_pretty(pg_relation_size('es_result_answered')) || ' for ' || count(*) || ' answers' FROM es_result").strip())
finally:
    subprocess.run([*AS, BIN + "pg_ctl", "-D", data, "-m", "immediate", "stop"], capture_output=True, cwd="/")
    shutil.rmtree(folder, ignore_errors=True)
