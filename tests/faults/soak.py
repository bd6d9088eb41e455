#!/usr/bin/python3
"""soak.py [--minutes N | --seconds N] [--seed S] [--only FAULT,...] -- a whole city, clients that keep
asking, a seeded schedule of faults; then everything must come to rest by itself and pass check.py.

The seed fixes which faults happen, in which order and with which pauses; what they meet is up to the machine.
The folder with history and logs stays if the run failed, and with KEEP=1. PRESET names the build (default asan)."""
import argparse, os, random, signal, sys, time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(1, ROOT + "/tests/end_to_end")

import check, history, policies  # noqa: E402
from city import City, wait_until  # noqa: E402
from clients import Client, Town  # noqa: E402
from dispatchers import Dispatcher  # noqa: E402
from faults import Faults, SERVICES  # noqa: E402
from found_records import records_found  # noqa: E402
from observers import Checkpoints, LogReader, Processes  # noqa: E402
from pushers import pushers  # noqa: E402
from rest import come_to_rest  # noqa: E402

CLIENTS, PUSHERS = 4, 3
LONG, LONGEST = 600, 60  # from ten minutes on Redis may be away for a minute
# Mixed in any order, but all of them in a run that has the time.
SHORT = ("flushall", "kill_command_api", "second_command_api", "out_of_memory", "postgres_restarted", "poison",
         "kill_projector", "backends_ended", "second_projector", "delete_all", "redis_lost_its_tail",
         "redis_fail_over", "redis_old_copy", "strange_entry", "rebuild", "deadlock", "dump", "kill_sla_worker", "forgotten_answers", "shifted_sla_worker", "mongodb_killed", "mongodb_away_meanwhile")


def options():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--minutes", type=float, default=0)
    p.add_argument("--seconds", type=float, default=30, help="of faults; starting and settling come on top")
    p.add_argument("--seed", default=str(random.SystemRandom().randint(1, 999999)))
    p.add_argument("--only", default="")
    p.add_argument("--short", action="store_true", help="the faults of `make test`, each once at most")
    return p.parse_args()


def schedule(names, rng, short):
    """Faults without end, each once a round; a short run has one round. In the first round of all of them poison
    comes last: an event that is parked lets every later rebuild fail."""
    rest = [n for n in names if n != "poison"]
    while True:
        round_ = list(names)
        rng.shuffle(round_)
        if rest and not short:
            round_, rest = [n for n in round_ if n in rest] + [n for n in round_ if n not in rest], None
        yield from round_
        if short:
            return


def bad_days(o, faults, until):
    names = [n for n in o.only.split(",") if n] or (SHORT if o.short else faults.names)
    for n in names:
        if n not in faults.names:
            raise SystemExit(f"no such fault: {n}; there are {', '.join(faults.names)}")
    rng = random.Random(o.seed)
    for name in schedule(names, rng, o.short or bool(o.only)):
        if time.monotonic() > until:
            break
        start = time.monotonic()
        faults.do(name)
        print(f"    {name} ({time.monotonic() - start:.1f} s)", flush=True)
        time.sleep(rng.uniform(0.3, 1.5))


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("soak.py: stopped"))
    o = options()
    seconds = o.minutes * 60 or o.seconds
    print(f"seed {o.seed}; again: tests/faults/soak.py --seed {o.seed} " +
          ("--short " if o.short else "") + f"--seconds {seconds:.0f}", flush=True)
    kept = os.environ.get("KEEP")
    os.environ["KEEP"] = "1"  # whatever ends this run, nothing of it is lost
    city = City()
    failed = True
    try:
        failed = run(o, seconds, city)
    except SystemExit:
        failed = False  # it was stopped
        raise
    finally:
        choose_what_stays(city, failed or kept == "1")
    return 1 if failed else 0


def choose_what_stays(city, keep):
    """The folder of a run that failed stays when the city ends."""
    os.environ.pop("KEEP", None)
    if keep:
        os.environ["KEEP"] = "1"
        print(f"kept: {city.folder} with history.jsonl; logs in {city.run_dir}/log", flush=True)


def run(o, seconds, city):
    """True: something does not hold."""
    path = city.folder + "/history.jsonl"
    record = history.History(path)
    town = Town(city, record, o.seed)
    dispatcher = Dispatcher(town, CLIENTS)
    clients = [Client(town, n) for n in range(CLIENTS)] + [dispatcher] + pushers(town, CLIENTS + 1, PUSHERS, dispatcher.units) + [policies.Admin(town)]
    watching = [LogReader(city, record), Checkpoints(city, record), Processes(city, record)]
    for thread in clients + watching:
        thread.start()
    faults = Faults(city, town, random.Random(o.seed + " faults"), record,
                    LONGEST if seconds >= LONG else 3)
    try:
        time.sleep(1)
        bad_days(o, faults, time.monotonic() + seconds)
        start = time.monotonic()
        faults.bring_mongodb_back()
        wait_until("every service is ready while it is asked", city.is_ready, 60)
        healed = time.monotonic() - start
    finally:
        town.stopped.set()
        for c in clients:
            c.join(40)
    print(f"ready again after {healed:.1f} s; the open questions get their answers", flush=True)
    for c in clients:
        c.settle_what_is_open()
    print(f"at rest after {come_to_rest(city):.1f} s", flush=True)
    for w in watching:
        w.stop()
    checker = check.Checker(city.run_dir, history.read(path), records_found(city.run_dir))
    checker.check()
    city.supervisor("stop", *SERVICES)  # a leak is told at the end
    sanitizers(city, checker)
    check.tell(checker)
    return bool(checker.faults)


def sanitizers(city, checker):
    for name in sorted(os.listdir(city.run_dir + "/log")):
        with open(f"{city.run_dir}/log/{name}", errors="replace") as f:
            for line in f:
                if "Sanitizer" in line or "runtime error" in line:
                    checker.fault("H1", f"{name}: {line.strip()}")
                    break


if __name__ == "__main__":
    sys.exit(main())
