"""report.py -- the facts of the machine, and the table as text and JSON."""
import json, os, platform, re, subprocess


def first_line(*command):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20)
    except OSError:
        return "not there"
    return next((line.strip() for line in done.stdout.splitlines() if line.strip()), "")


def facts(city, started, parameters):
    shown = {name: city.sql("postgres", "SHOW " + name)[0][0]
             for name in ("synchronous_commit", "fsync", "full_page_writes", "wal_sync_method", "shared_buffers", "max_wal_size")}
    with open("/proc/cpuinfo") as f:
        model = re.search(r"model name\s*: (.*)", f.read())
    with open("/proc/meminfo") as f:
        memory = int(re.search(r"MemTotal:\s+(\d+)", f.read()).group(1)) // 1048576
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return {
        "when": started,
        "revision": first_line("git", "-C", root, "describe", "--always", "--dirty"),
        "machine": f"{os.cpu_count()} cores, {model.group(1) if model else platform.machine()}, {memory} GiB, "
                   f"{platform.system()} {platform.release()}; load generator, databases and services share it",
        "PostgreSQL": first_line("/usr/lib/postgresql/15/bin/postgres", "--version") + "; "
                      + ", ".join(f"{k}={v}" for k, v in shown.items()),
        "Redis": first_line("redis-server", "--version").split(" sha")[0] + "; appendfsync everysec",
        "nginx": first_line("/usr/sbin/nginx", "-v"), "Caddy": first_line("caddy", "version"),
        "wrk": first_line("wrk", "-v").split(" Copyright")[0],
        "build": city.environment["PRESET"],
        "parameters": ", ".join(f"{k}={v}" for k, v in parameters.items()),
    }


def verdict(met):
    return {True: "met", False: "NOT met", None: ""}[met]


def table(rows):
    heads = ["path", "goal", "result", "compared with", "ratio", ""]
    lines = [[r["path"], r["goal"], r["result"], r["against"], r["ratio"], verdict(r["met"])] for r in rows]
    return "\n".join(["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
                     + ["| " + " | ".join(line) + " |" for line in lines])


def write(folder, started, known, rows, details):
    os.makedirs(folder, exist_ok=True)
    name = f"{folder}/{re.sub('[-:]', '', started)}"
    text = ("# make bench\n\n" + "".join(f"- {k}: {v}\n" for k, v in known.items()) + "\n" + table(rows) + "\n")
    with open(name + ".md", "w") as f:
        f.write(text)
    with open(name + ".json", "w") as f:
        json.dump({"facts": known, "rows": rows, "details": details}, f, indent=1)
    print("\n" + text + f"\nWritten: {name}.md and .json")
