/* SPDX-License-Identifier: MIT */
/*
 * WAY WORKLOAD FRAMES FILE: draws so many frames, 60 a second, after some that do not count. Appends to the file what
 * each took, in nanoseconds, a line each; prints how many CPUs the process used on average, and the sum of all results.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "items.h"

enum { WARM_UP = 20, FRAME_NS = 1000000000 / 60, SECOND_NS = 1000000000 };

static const struct {
    const char *name;
    unsigned rounds;
} workloads[] = {{"100ns", 80}, {"1us", 800}, {"10us", 8000}, {"1us-beside", 800}};

static item items[2][ITEMS];

static uint64_t nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
    struct timespec t = {(time_t)(ns / SECOND_NS), (long)(ns % SECOND_NS)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
        ;
}

static double cpu_seconds(void)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

/* A frame: each map is of what the one before has made. */
static bool draw_frame(uint64_t *sum)
{
    for (int map = 0; map < MAPS; map++)
        if (!run_map(items[map % 2], items[(map + 1) % 2]))
            return false;
    for (int i = 0; i < ITEMS; i++)
        *sum = *sum * 31 + items[MAPS % 2][i].value;
    return true;
}

static int draw(unsigned rounds, long frames, FILE *times)
{
    uint64_t sum = 0, began = 0, due = nanoseconds();
    double used = 0;
    for (int i = 0; i < ITEMS; i++)
        items[0][i] = (item){(uint64_t)i, rounds};
    for (long frame = -WARM_UP; frame < frames; frame++) {
        if (frame == 0) {
            began = nanoseconds();
            used = cpu_seconds();
        }
        due += FRAME_NS;
        sleep_until(due);
        uint64_t start = nanoseconds();
        if (!draw_frame(&sum))
            return 1;
        uint64_t end = nanoseconds();
        if (frame >= 0)
            fprintf(times, "%llu\n", (unsigned long long)(end - start));
        if (end > due + FRAME_NS)
            due = end; /* frames that are missed are not drawn later */
    }
    printf("cpus=%.3f sum=%016llx\n", (cpu_seconds() - used) * SECOND_NS / (double)(nanoseconds() - began),
           (unsigned long long)sum);
    return 0;
}

int main(int argc, char **argv)
{
    long frames = argc == 4 ? atol(argv[2]) : 0;
    for (size_t i = 0; frames > 0 && i < sizeof workloads / sizeof workloads[0]; i++) {
        if (strcmp(argv[1], workloads[i].name) != 0)
            continue;
        FILE *times = fopen(argv[3], "a");
        if (!times) {
            perror(argv[3]);
            return 1;
        }
        int status = draw(workloads[i].rounds, frames, times);
        return fclose(times) != 0 ? 1 : status;
    }
    fprintf(stderr, "usage: %s WORKLOAD FRAMES FILE\n", argv[0]);
    return 2;
}
