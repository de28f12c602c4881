/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../harness/harness.h"
#include "driver.h"
#include "run.h"

enum { MOST_REPEATS = 3, REPEAT_SECONDS = 2, MOST_SECONDS = 60 };

/* A round trip below this is one between CPUs that share a cache. */
static const double near_ns = 150;

/* OpenMP's, twice: once as it spins while it waits, and once as it sleeps. */
static const char *const ways[] = {"serial",
                                   "parallel-map",
                                   "parallel-for",
                                   "parallel-hpp",
                                   "openmp-static",
                                   "openmp-dynamic",
                                   "openmp-guided",
                                   "openmp-taskloop",
                                   "openmp-simd",
                                   "tbb",
                                   "pthreadpool",
                                   "rayon",
                                   NULL};
static const char *const compilers[] = {"gcc", "clang", "rustc", NULL};

/* ---- what there is to run -------------------------------------------------------------------------------- */

static bool begins(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

static bool wanted(const char *way)
{
    bool found = !how.ways || !*how.ways || strcmp(way, "serial") == 0;
    for (char **w = how.ways; w && *w; w++)
        found |= begins(way, *w);
    return found;
}

static void add_series(measured *m, const char *way, const char *compiler, const char *wait_policy, int threads)
{
    if (m->n_series == MOST_SERIES || !wanted(way))
        return;
    series *s = &m->all[m->n_series];
    memset(s, 0, sizeof *s);
    int length = snprintf(s->path, sizeof s->path, "%s/%s-%s", how.directory, way, compiler);
    if (length >= (int)sizeof s->path || access(s->path, X_OK) != 0)
        return;
    snprintf(s->way, sizeof s->way, "%s%s%s", way, wait_policy ? "-" : "", wait_policy ? wait_policy : "");
    s->compiler = compiler;
    s->wait_policy = wait_policy;
    s->threads = threads;
    s->serial = strcmp(way, "serial") == 0;
    s->ours = begins(way, "parallel-");
    m->n_series++;
}

static void add_with_threads(measured *m, int threads)
{
    for (int w = 1; ways[w]; w++)
        for (int c = 0; compilers[c]; c++)
            if (begins(ways[w], "openmp")) {
                add_series(m, ways[w], compilers[c], "active", threads);
                add_series(m, ways[w], compilers[c], "passive", threads);
            } else {
                add_series(m, ways[w], compilers[c], NULL, threads);
            }
}

void find_series(measured *m)
{
    m->n_series = 0;
    for (int c = 0; compilers[c] && !m->what->no_serial; c++)
        add_series(m, "serial", compilers[c], NULL, 1);
    if (m->what->crowded)
        add_with_threads(m, 2 * (int)sysconf(_SC_NPROCESSORS_ONLN));
    else
        for (const int *threads = how.threads; *threads; threads++)
            add_with_threads(m, *threads);
}

/* ---- one run --------------------------------------------------------------------------------------------- */

typedef struct attempt {
    run figures;
    bool ok;
    bool cannot;
    char checksum[32];
    double noise; /* part of a CPU that others used; where the state changed, more than any */
    bool quiet;
    double lasted;
} attempt;

static distance state_of(double before, double after)
{
    return before < near_ns && after < near_ns ? NEAR : before >= near_ns && after >= near_ns ? FAR : MIXED;
}

static ended run_driver(const measured *m, const series *s)
{
    const workload *w = m->what;
    char n[24], turns[16], turns2[16], slice[24];
    snprintf(n, sizeof n, "%ld", m->n);
    snprintf(turns, sizeof turns, "%u", turns_of(w->item_ns));
    snprintf(turns2, sizeof turns2, "%u", turns_of(w->item2_ns));
    snprintf(slice, sizeof slice, "%g", how.milliseconds);
    const char *const arguments[] = {w->mode, w->kernel, w->shape, n, turns, turns2, slice, NULL};
    return run_program(&(program){.path = s->path,
                                  .arguments = arguments,
                                  .wait_policy = s->wait_policy,
                                  .threads = s->threads,
                                  .most_seconds = MOST_SECONDS});
}

static attempt try_once(const measured *m, const series *s)
{
    static neighbours them;
    attempt a = {.ok = false};
    double before = round_trip_ns();
    if (m->what->neighbours)
        start_neighbours(&them, (int)sysconf(_SC_NPROCESSORS_ONLN));
    ended e = run_driver(m, s);
    stop_neighbours(&them);
    double after = round_trip_ns();
    run *r = &a.figures;
    a.cannot = e.status == CANNOT;
    a.lasted = e.lasted;
    a.ok = e.ok && sscanf(e.line, "min=%lf median=%lf checksum=%31s", &r->min, &r->median, a.checksum) == 3;
    r->state = state_of(before, after);
    r->round_trip = before < after ? before : after;
    a.quiet = r->state != MIXED && (m->what->neighbours || !disturbed(e.others, e.lasted));
    a.noise = e.others / (e.lasted + 1e-9) + (r->state == MIXED ? 1e3 : 0);
    return a;
}

/* The result must be that of the first program that ran. */
static void compare(measured *m, series *s, const char *checksum)
{
    if (!*m->checksum)
        snprintf(m->checksum, sizeof m->checksum, "%s", checksum);
    if (strcmp(m->checksum, checksum) == 0)
        return;
    s->wrong = s->failed = true;
    fprintf(stderr, "run: %s has a WRONG result, %s, n = %ld, threads: %d\n", s->path, m->what->name, m->n, s->threads);
}

/* Whether a run is worth to be done again: not a very slow one, where neither matters. */
static bool repeatable(const attempt *a, int repeat, double start)
{
    return a->ok && !a->quiet && !how.small && repeat < MOST_REPEATS && seconds() - start < REPEAT_SECONDS;
}

void run_once(measured *m, series *s)
{
    double start = seconds();
    attempt best = try_once(m, s);
    for (int repeat = 0; repeatable(&best, repeat, start); repeat++) {
        attempt again = try_once(m, s);
        s->repeats++;
        if (!again.ok || again.noise < best.noise)
            best = again;
    }
    s->cannot = best.cannot;
    if (best.cannot)
        return;
    if (!best.ok) {
        s->failed = true;
        fprintf(stderr, "run: %s failed, %s, n = %ld, threads: %d\n", s->path, m->what->name, m->n, s->threads);
        return;
    }
    compare(m, s, best.checksum);
    s->slow = best.lasted > REPEAT_SECONDS;
    s->runs[s->n_runs++] = best.figures;
}
