/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- what it is ------------------------------------------------------------------------------------------ */

void copy_lines(FILE *to, const char *path, const char *beginning, const char *prefix)
{
    FILE *from = fopen(path, "r");
    char line[512];
    while (from && fgets(line, sizeof line, from)) {
        const char *colon = strchr(line, ':');
        if (!beginning) {
            fprintf(to, "%s%s", prefix, line);
        } else if (strncmp(line, beginning, strlen(beginning)) == 0 && colon) {
            fprintf(to, "%s%s", prefix, colon + 2);
            break;
        }
    }
    if (from)
        fclose(from);
}

void describe_machine(FILE *to, const char *directory)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/versions", directory);
    copy_lines(to, "/proc/cpuinfo", "model name", "# machine: ");
    fprintf(to, "# cores: %ld\n", sysconf(_SC_NPROCESSORS_ONLN));
    copy_lines(to, path, NULL, "# ");
}

/* ---- how far its CPUs are from each other ---------------------------------------------------------------- */

enum { BATCHES = 6, TRIPS = 1000 };

typedef struct rally {
    _Alignas(128) _Atomic int turn; /* even: the caller's */
    int other_cpu;
} rally;

static void pin_to(int cpu)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
}

/* Waits until it is `mine`, and makes it the next. */
static void strike(_Atomic int *turn, int mine)
{
    /* all the orders are irrelevant, as the turn is all there is */
    while (atomic_load_explicit(turn, memory_order_relaxed) != mine)
        ;
    atomic_store_explicit(turn, mine + 1, memory_order_relaxed);
}

static void *answer(void *argument)
{
    rally *r = argument;
    pin_to(r->other_cpu);
    for (int trip = 0; trip < BATCHES * TRIPS; trip++)
        strike(&r->turn, 2 * trip + 1);
    return NULL;
}

static double play(rally *r)
{
    double least = 1;
    for (int batch = 0; batch < BATCHES; batch++) {
        double start = seconds();
        for (int trip = batch * TRIPS; trip < (batch + 1) * TRIPS; trip++)
            strike(&r->turn, 2 * trip);
        double took = (seconds() - start) / TRIPS;
        least = took < least ? took : least;
    }
    return least * 1e9;
}

double round_trip_ns(void)
{
    cpu_set_t before;
    if (sched_getaffinity(0, sizeof before, &before) != 0 || CPU_COUNT(&before) < 2)
        return 0;
    int cpu = 0;
    while (!CPU_ISSET(cpu, &before))
        cpu++;
    rally r = {.other_cpu = cpu + 1};
    while (!CPU_ISSET(r.other_cpu, &before))
        r.other_cpu++;
    pthread_t other;
    if (pthread_create(&other, NULL, answer, &r) != 0)
        return 0;
    pin_to(cpu);
    double ns = play(&r);
    pthread_join(other, NULL);
    sched_setaffinity(0, sizeof before, &before);
    return ns;
}
