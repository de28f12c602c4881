# SPDX-License-Identifier: MIT
"""pool.py calls|first WAY N MB MS: what driver.c does, by Python's own pools of processes; MB is not looked at.

WAY is python-serial, python-executor (concurrent.futures.ProcessPoolExecutor.map, with chunks as large as those that
Pool.map chooses: its own would be of one item) or python-pool (multiprocessing.Pool.map).
"""
import concurrent.futures
import multiprocessing
import os
import sys
import time

MASK = (1 << 64) - 1
LEAST_TIMES = 3


def mix(x):
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


def main():
    what, way, n, _, ms = sys.argv[1:]
    n = int(n)
    workers = int(os.environ.get("PARALLEL_NUM_THREADS", "2"))
    items = list(range(1, n + 1))
    began = time.perf_counter_ns()
    if way == "python-serial":
        def call():
            return [mix(x) for x in items]
    elif way == "python-executor":
        executor = concurrent.futures.ProcessPoolExecutor(workers)
        chunk = max(1, -(-n // (4 * workers)))

        def call():
            return list(executor.map(mix, items, chunksize=chunk))
    elif way == "python-pool":
        pool = multiprocessing.Pool(workers)

        def call():
            return pool.map(mix, items)
    else:
        sys.exit(2)
    total = sum(call()) & MASK
    times = [time.perf_counter_ns() - began]
    if what != "first":
        times = []
        end = time.perf_counter_ns() + float(ms) * 1e6
        while len(times) < LEAST_TIMES or time.perf_counter_ns() < end:
            start = time.perf_counter_ns()
            call()
            times.append(time.perf_counter_ns() - start)
    times.sort()
    print(f"min_ns={times[0]} median_ns={times[len(times) // 2]} max_ns={times[-1]} sum={total:016x}", flush=True)
    if way == "python-executor":
        executor.shutdown()
    elif way == "python-pool":
        pool.terminate()


if __name__ == "__main__":
    main()
