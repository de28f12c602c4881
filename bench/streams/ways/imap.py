# SPDX-License-Identifier: MIT
"""WAY WORKLOAD MS: streams of items that are computed in Python, by map() or multiprocessing's Pool.imap()."""
import multiprocessing
import os
import sys
import time

# name: items, rounds of an item, each so many-th item is a hundred times as long, microseconds before each
WORKLOADS = {
    "us": (20000, 8, 0, 0),
    "100us": (500, 1200, 0, 0),
    "skewed": (2000, 36, 100, 0),
    "trickle": (10, 1500, 0, 20000),
}
MASK = (1 << 64) - 1


def work(item):
    number, rounds, born = item
    x = number + 0x9E3779B97F4A7C15
    for _ in range(rounds):
        x = (x ^ (x >> 29)) * 0xBF58476D1CE4E5B9 & MASK
    return x, born


def source(workload):
    items, rounds, each, sleep_us = WORKLOADS[workload]
    for i in range(items):
        if sleep_us:
            time.sleep(sleep_us * 1e-6)
        yield i, rounds * 100 if each and i % each == each - 1 else rounds, time.monotonic_ns()


def run(workload, apply):
    total = late = 0
    start = time.monotonic_ns()
    for result, born in apply(work, source(workload)):
        total = (total * 31 + result) & MASK
        late += time.monotonic_ns() - born
    spent = late if WORKLOADS[workload][3] else time.monotonic_ns() - start
    return spent / WORKLOADS[workload][0], total


def measure(workload, ms, apply):
    total = run(workload, apply)[1]
    times = []
    end = time.monotonic() + ms * 1e-3
    while len(times) < 3 or time.monotonic() < end:
        spent, again = run(workload, apply)
        if again != total:
            sys.exit("the results differ")
        times.append(spent)
    times.sort()
    print(f"min_ns={times[0]:.2f} median_ns={times[len(times) // 2]:.2f} max_ns={times[-1]:.2f} sum={total:016x}")


if __name__ == "__main__":
    way, workload, ms = os.path.basename(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    if way == "python-serial":
        measure(workload, ms, map)
    else:
        threads = int(os.environ.get("SUITE_THREADS", os.cpu_count() or 1))
        with multiprocessing.Pool(threads) as pool:
            measure(workload, ms, pool.imap)
