/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "driver.h"

enum { MOST_FIGURES = 4096, CANNOT = 3 };

static double figure[MOST_FIGURES];
static int n_figures;

/* One workload that is done again and again. */
typedef struct job {
    const workload *what;
    way_kernel *run;
    size_t n;
    double slice; /* nanoseconds to fill */
    void *items;
    long calls; /* so far */
    bool wrong;
} job;

static union result {
    char start[START_SIZE];
    histogram counts;
} result;

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static double median(void)
{
    qsort(figure, (size_t)n_figures, sizeof *figure, by_value);
    return n_figures ? figure[n_figures / 2] : 0;
}

static void call(job *j, long calls)
{
    const void *start_value = j->what->start;
    for (long i = 0; i < calls; i++) {
        if (start_value)
            memcpy(result.start, start_value, START_SIZE);
        j->run(j->items, j->n, &result);
    }
    j->calls += calls;
}

static void look_at_result(job *j)
{
    j->wrong |= !j->what->is_right(&result, j->calls);
}

/* Notes how long each of so many calls took, and looks at the last one's result. */
static void time_calls(job *j, long calls)
{
    double start = now_ns();
    call(j, calls);
    double took = (now_ns() - start) / (double)calls;
    if (n_figures < MOST_FIGURES)
        figure[n_figures++] = took;
    look_at_result(j);
}

/*
 * Call after call, in batches that last long enough for the clock not to matter, after a first tenth that warms up:
 * threads start in it, and memory is touched.
 */
static void time_job(job *j)
{
    double start = now_ns();
    do {
        time_calls(j, 1);
    } while (now_ns() - start < j->slice / 10 || n_figures < 2);
    double once = median(), batch = j->slice / 50 < 1e5 ? j->slice / 50 : 1e5;
    long calls = once < batch ? (long)(batch / once) + 1 : 1;
    n_figures = 0;
    start = now_ns();
    while (n_figures < 3 || (now_ns() - start < j->slice && n_figures < MOST_FIGURES))
        time_calls(j, calls);
}

/* Between the calls that are timed, no more is looked at than leaves caches warm: so there is one more. */
static void look_at_last(job *j)
{
    j->what->spoil();
    call(j, 1);
    look_at_result(j);
}

static int threads(void)
{
    const char *text = getenv("SUITE_THREADS");
    int n = text ? atoi(text) : 1;
    return n > 0 ? n : 1;
}

static int run_job(job *j)
{
    j->what->fill(j->items, j->n);
    j->what->expect(j->items, j->n);
    if (the_way.start)
        the_way.start(threads());
    time_job(j);
    if (j->what->spoil)
        look_at_last(j);
    double middle = median();
    printf("min=%.3f median=%.3f result=%s\n", figure[0], middle, j->wrong ? "WRONG" : "OK");
    return j->wrong;
}

int main(int argc, char **argv)
{
    const workload *w = argc == 4 ? workload_named(argv[1]) : NULL;
    if (!w) {
        fprintf(stderr, "usage: %s WORKLOAD N MILLISECONDS\n", argv[0]);
        return 2;
    }
    job j = {.what = w, .run = kernel_of(w), .n = strtoul(argv[2], NULL, 10), .slice = strtod(argv[3], NULL) * 1e6};
    if (!j.run)
        return CANNOT;
    j.items = aligned_alloc(64, (j.n * w->item_size / 64 + 1) * 64);
    if (!j.items) {
        perror(argv[0]);
        return 2;
    }
    int status = run_job(&j);
    free(j.items);
    return status;
}
