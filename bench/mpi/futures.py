# SPDX-License-Identifier: MIT
"""What mpi4py.futures takes for the workloads of mpi.c, at several sizes of chunks. README.md explains it.

    SPIN=spin.so mpirun -n RANKS+1 python3 -m mpi4py.futures futures.py [ROUNDS]

One rank serves the others, which work. Items are run by the same function in C.
"""
import ctypes
import os
import statistics
import sys
import time

spin = ctypes.CDLL(os.environ["SPIN"]).spin
spin.argtypes = [ctypes.c_uint64]
spin.restype = ctypes.c_uint64

# items, microseconds of each, chunks
WORKLOADS = {
    "small": (100000, 1, (1, 10, 100, 1000, 10000)),
    "pareto": (1000, 1000, (1, 10, 100)),
}


def work(steps):
    return spin(steps)


def steps_per_us():
    best = 1e9
    for _ in range(20):
        begin = time.perf_counter()
        spin(1000000)
        best = min(best, time.perf_counter() - begin)
    return 1 / best


def steps_of(name, count, us, per_us):
    """As in mpi.c."""
    if name != "pareto":
        return [int(us * per_us)] * count
    parts = ((i + 1) * 0.6180339887498949 % 1 for i in range(count))
    return [int(us * min((1 - part) ** (-1 / 1.5), 100) / 2.8 * per_us) for part in parts]


def main():
    from mpi4py.futures import MPIPoolExecutor

    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    per_us = steps_per_us()
    print("workload,items,ranks,way,rounds,min_ms,median_ms,speedup,us_an_item")
    with MPIPoolExecutor() as executor:
        list(executor.map(work, [1] * 100))
        ranks = executor._max_workers
        for name, (count, us, chunks) in WORKLOADS.items():
            steps = steps_of(name, count, us, per_us)
            begin = time.perf_counter()
            for s in steps:
                spin(s)
            serial = time.perf_counter() - begin
            for chunk in chunks:
                took = []
                few = steps[: max(count // 10, 1)] if chunk == 1 and us == 1 else steps
                for _ in range(rounds):
                    begin = time.perf_counter()
                    list(executor.map(work, few, chunksize=chunk))
                    took.append(time.perf_counter() - begin)
                middle = statistics.median(took)
                gain = serial * len(few) / count / middle
                print(f"{name},{len(few)},{ranks},futures/{chunk},{rounds},{min(took) * 1e3:.3f},{middle * 1e3:.3f},"
                      f"{gain:.2f},{middle / len(few) * 1e6:.2f}", flush=True)


if __name__ == "__main__":
    main()
