/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "suite.h"

enum { MOST_REPS = 1000 };

static int64_t nanoseconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void rest(long milliseconds)
{
    struct timespec t = {0, milliseconds * 1000000};
    nanosleep(&t, NULL);
}

static int64_t idle_cpu(void)
{
    rest(2);
    int64_t before = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
    rest(20);
    return nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - before;
}

static int by_value(const void *a, const void *b)
{
    return (*(const int64_t *)a > *(const int64_t *)b) - (*(const int64_t *)a < *(const int64_t *)b);
}

int suite_threads(void)
{
    const char *text = getenv("SUITE_THREADS");
    int threads = text ? atoi(text) : 1;
    return threads > 0 ? threads : 1;
}

int suite_main(const suite_kernel *kernel, int argc, char **argv)
{
    static int64_t time[MOST_REPS];
    int reps = argc > 1 ? atoi(argv[1]) : 0;
    int small = argc > 2 && strcmp(argv[2], "small") == 0;
    if (reps < 1 || reps > MOST_REPS || argc > 2 + small) {
        fprintf(stderr, "usage: %s REPS [small]\n", argv[0]);
        return 2;
    }
    long size = small ? kernel->small_size : kernel->size;
    int64_t idle = 0;
    int wrong = 0;
    for (int rep = 0; rep < reps; rep++) {
        kernel->prepare(size);
        int64_t start = nanoseconds(CLOCK_MONOTONIC);
        kernel->run(size);
        time[rep] = nanoseconds(CLOCK_MONOTONIC) - start;
        if (rep == reps - 1)
            idle = idle_cpu();
        wrong += !kernel->check(size);
    }
    qsort(time, (size_t)reps, sizeof time[0], by_value);
    printf("min_ns=%lld median_ns=%lld spawns=%ld idle_cpu_ns=%lld result=%s\n", (long long)time[0],
           (long long)time[reps / 2], kernel->spawns(size), (long long)idle, wrong ? "WRONG" : "OK");
    return wrong ? 1 : 0;
}
