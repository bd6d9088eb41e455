"""growth.py -- H1: a process does not grow, once it is warm."""
import collections

DESCRIPTORS_MORE, MEMORY_MORE_KB, WARM_SECONDS = 40, 64 * 1024, 20


def check(samples_of_all, fault, counted):
    by_process = collections.defaultdict(list)
    for p in samples_of_all:
        by_process[p["part"], p["pid"]].append(p)
    for (part, _), samples in by_process.items():
        warm = [s for s in samples if s["at"] >= samples[0]["at"] + WARM_SECONDS]
        if not warm:
            continue
        counted["processes watched"] += 1
        first, last = warm[0], samples[-1]
        if last["descriptors"] > first["descriptors"] + DESCRIPTORS_MORE:
            fault(f"{part} grew from {first['descriptors']} to {last['descriptors']} descriptors")
        if last["memory_kb"] > first["memory_kb"] * 1.5 + MEMORY_MORE_KB:
            fault(f"{part} grew from {first['memory_kb']} to {last['memory_kb']} KiB")
