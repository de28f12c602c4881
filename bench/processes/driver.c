/* SPDX-License-Identifier: MIT */
/*
 * driver WHAT WAY N MB MS: measures calls of N tasks, in a program that has MB megabytes in memory, for MS
 * milliseconds, and prints one line: the least, the median and the greatest time in nanoseconds, and a checksum of the
 * results.
 *
 * WHAT is `calls`, call after call; `first`, the first call of the program; `crash` or `late`, see driver.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <parallel.h>

#include "driver.h"

/* What is timed at once lasts so long, or is one call. */
#define BATCH_NS 20e3
/* How many calls there are at least that count. */
enum { LEAST_TIMES = 3 };

static const char *const way_names[WAYS] = {"serial", "threads", "persistent", "snapshot", "fork", "bare-fork"};

/* ---- the task: some nanoseconds ---------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}
PARALLEL_DECORATE(mix, uint64_t, uint64_t);

/* ---- a call ------------------------------------------------------------------------------------------------------ */

static uint64_t sum_of(const uint64_t *values, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    return sum;
}

/* What the library's calls equal: they allocate, too. */
static bool call_serially(const uint64_t *in, size_t n, uint64_t *sum)
{
    uint64_t *out = malloc((n + 1) * sizeof *out);
    for (size_t i = 0; out && i < n; i++)
        out[i] = mix(in[i]);
    if (out && sum)
        *sum = sum_of(out, n);
    else if (out)
        __asm__ volatile("" : : "r"(out) : "memory"); /* the loop is not in vain */
    free(out);
    return out != NULL;
}

/* What one would write by hand: for each worker a process with its share of the tasks, and memory for the results. */
static bool call_forked(const uint64_t *in, size_t n, int workers, uint64_t *sum)
{
    uint64_t *out = mmap(NULL, n * sizeof *out, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (out == MAP_FAILED)
        return false;
    size_t begin = 0;
    bool good = true;
    int forked = 0;
    for (int w = 0; w < workers; w++) {
        size_t end = n * (size_t)(w + 1) / (size_t)workers;
        pid_t pid = fork();
        if (pid == 0) {
            for (size_t i = begin; i < end; i++)
                out[i] = mix(in[i]);
            _exit(0);
        }
        good &= pid > 0;
        forked += pid > 0;
        begin = end;
    }
    for (int status; forked; forked--)
        good &= wait(&status) > 0 && status == 0;
    if (sum)
        *sum = sum_of(out, n);
    munmap(out, n * sizeof *out);
    return good;
}

/* The least that a process can cost: it does nothing, and the tasks are done here. */
static bool call_beside_fork(const uint64_t *in, size_t n, uint64_t *sum)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    int status;
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 && call_serially(in, n, sum);
}

static bool call_library(way way, const uint64_t *in, size_t n, uint64_t *sum)
{
    PARALLEL_SCOPED parallel_results *r =
        way == THREADS ? parallel_thread_map(mix, in, n)
                       : parallel_process_map(mix, in, n,
                                              .isolation = way == PERSISTENT ? PARALLEL_PERSISTENT : PARALLEL_SNAPSHOT);
    if (r && sum)
        *sum = sum_of(parallel_values(r), n);
    return r != NULL;
}

static bool call(const measurement *m, const uint64_t *in, uint64_t *sum)
{
    return m->way == SERIAL      ? call_serially(in, m->n, sum)
           : m->way == FORK      ? call_forked(in, m->n, m->workers, sum)
           : m->way == BARE_FORK ? call_beside_fork(in, m->n, sum)
                                 : call_library(m->way, in, m->n, sum);
}

/* ---- measuring calls --------------------------------------------------------------------------------------------- */

double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

bool note_time(measurement *m, double ns)
{
    if (m->times == MOST_TIMES)
        return false;
    m->ns[m->times++] = ns;
    return true;
}

static bool time_calls(measurement *m, const uint64_t *in, long batch)
{
    double start = now_ns();
    for (long i = 0; i < batch; i++)
        if (!call(m, in, NULL))
            return false;
    note_time(m, (now_ns() - start) / (double)batch);
    return true;
}

/* The sum is that of a call before the first that is timed, which also starts threads or workers. */
static bool measure_calls(measurement *m, const uint64_t *in)
{
    if (!call(m, in, &m->sum) || !time_calls(m, in, 1))
        return false;
    long batch = m->ns[0] < BATCH_NS ? (long)(BATCH_NS / m->ns[0]) + 1 : 1;
    m->times = 0;
    double end = now_ns() + m->fill * 1e9;
    while (m->times < LEAST_TIMES || (now_ns() < end && m->times < MOST_TIMES))
        if (!time_calls(m, in, batch))
            return false;
    return true;
}

static bool measure_first(measurement *m, const uint64_t *in)
{
    return time_calls(m, in, 1) && call(m, in, &m->sum);
}

/* ---- the rest ---------------------------------------------------------------------------------------------------- */

/* Memory with something in each page, in pages of the usual size, as they make fork() dear. */
static bool fill_memory(size_t megabytes)
{
    size_t bytes = megabytes << 20, page = (size_t)sysconf(_SC_PAGESIZE);
    if (!bytes)
        return true;
    unsigned char *all = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        return false;
#ifdef MADV_NOHUGEPAGE
    madvise(all, bytes, MADV_NOHUGEPAGE);
#endif
    for (size_t at = 0; at < bytes; at += page)
        all[at] = 1;
    return true;
}

static bool measure(const char *what, measurement *m)
{
    if (strcmp(what, "crash") == 0)
        return measure_crashes(m);
    if (strcmp(what, "late") == 0)
        return measure_lateness(m);
    uint64_t *in = calloc(m->n + 1, sizeof *in);
    for (size_t i = 0; in && i < m->n; i++)
        in[i] = i + 1;
    bool good = in && (strcmp(what, "first") == 0 ? measure_first(m, in) : measure_calls(m, in));
    free(in);
    return good;
}

static int by_value(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

int main(int argc, char **argv)
{
    int way = 0;
    while (argc == 6 && way < WAYS && strcmp(argv[2], way_names[way]) != 0)
        way++;
    if (argc != 6 || way == WAYS) {
        fprintf(stderr, "usage: driver calls|first|crash|late WAY N MB MS\n");
        return 2;
    }
    const char *threads = getenv("PARALLEL_NUM_THREADS");
    measurement m = {.way = (enum way)way,
                     .n = strtoul(argv[3], NULL, 10),
                     .workers = threads ? atoi(threads) : 2,
                     .fill = atof(argv[5]) * 1e-3,
                     .ns = malloc(MOST_TIMES * sizeof *m.ns)};
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* crashes are not to write files */
    if (!m.ns || !fill_memory(strtoul(argv[4], NULL, 10)) || !measure(argv[1], &m) || !m.times) {
        perror("driver");
        free(m.ns);
        return 1;
    }
    qsort(m.ns, m.times, sizeof *m.ns, by_value);
    printf("min_ns=%.1f median_ns=%.1f max_ns=%.1f sum=%016llx\n", m.ns[0], m.ns[m.times / 2], m.ns[m.times - 1],
           (unsigned long long)m.sum);
    free(m.ns);
    return 0;
}
