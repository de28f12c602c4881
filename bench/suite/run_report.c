/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "../harness/harness.h"
#include "run.h"

/* ---- conditions ------------------------------------------------------------------------------------------ */

static void describe(FILE *to, const conditions *c)
{
    describe_machine(to, c->directory);
    fprintf(to, "# commit: %s, %d rounds, programs in turn in each; a process fills %g s with runs\n", c->commit,
            c->rounds, c->seconds);
    fprintf(to, "# a way that would take more than %g s does the small size, beside a small serial run\n", c->limit);
}

void report_header(FILE *csv, const conditions *c)
{
    describe(csv, c);
    describe(stdout, c);
    fprintf(csv, "kernel,way,compiler,threads,size,spawns,min_ms,median_ms,ratio_to_serial,ns_per_spawn,peak_mb,"
                 "idle_cpu_ms,runs,repeats,result\n");
}

/* ---- figures --------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static void sort_figures(series *s)
{
    qsort(s->min_ms, (size_t)s->runs, sizeof s->min_ms[0], by_value);
    qsort(s->median_ms, (size_t)s->runs, sizeof s->median_ms[0], by_value);
    qsort(s->idle_cpu_ms, (size_t)s->runs, sizeof s->idle_cpu_ms[0], by_value);
}

/* The serial program of the same compiler, of the same size or of the full one. */
static const series *serial_beside(const series *all, int n, const series *s, bool small)
{
    for (int i = 0; i < n; i++)
        if (all[i].serial && all[i].compiler == s->compiler && all[i].child.small == small && all[i].runs)
            return &all[i];
    return NULL;
}

/* The least time in that of the serial program; 0 if there is none. */
static double ratio(const series *all, int n, const series *s)
{
    const series *serial = serial_beside(all, n, s, s->child.small);
    return serial && s->runs ? s->min_ms[0] / serial->min_ms[0] : 0;
}

/* The least time of a full run; after small runs, what it would be at their ratio. 0 if unknown. */
static double full_ms(const series *all, int n, const series *s)
{
    const series *serial = serial_beside(all, n, s, false);
    return s->child.small ? (serial ? ratio(all, n, s) * serial->min_ms[0] : 0) : s->runs ? s->min_ms[0] : 0;
}

/* The fastest parallel way with so many threads: of one compiler unless NULL, and other than `but` unless NULL. */
static const series *best(const series *all, int n, int threads, const char *compiler, const char *but)
{
    const series *found = NULL;
    for (int i = 0; i < n; i++) {
        const series *s = &all[i];
        if (s->serial || s->child.threads != threads || (compiler && s->compiler != compiler) ||
            (but && strcmp(s->way, but) == 0) || s->failed || full_ms(all, n, s) <= 0)
            continue;
        if (!found || full_ms(all, n, s) < full_ms(all, n, found))
            found = s;
    }
    return found;
}

/* ---- rows ------------------------------------------------------------------------------------------------ */

typedef struct row {
    char ratio[16];
    char spawn[16];
} row;

/* What needs a serial run to compare with, and is left blank without; a spawn's cost shows with one thread only. */
static row compare(const series *all, int n, const series *s)
{
    row r = {"", ""};
    const series *serial = serial_beside(all, n, s, s->child.small);
    if (serial)
        snprintf(r.ratio, sizeof r.ratio, "%.3f", ratio(all, n, s));
    if (serial && !s->serial && s->child.threads == 1 && s->spawns)
        snprintf(r.spawn, sizeof r.spawn, "%.2f", (s->min_ms[0] - serial->min_ms[0]) * 1e6 / (double)s->spawns);
    return r;
}

static void write_row(FILE *csv, const series *all, int n, const series *s)
{
    fprintf(csv, "%s,%s,%s,%d,%s,", s->kernel, s->way, s->compiler, s->child.threads,
            s->child.small ? "small" : "full");
    if (s->runs) {
        row r = compare(all, n, s);
        fprintf(csv, "%ld,%.3f,%.3f,%s,%s,%.1f,%.3f", s->spawns, s->min_ms[0], s->median_ms[s->runs / 2], r.ratio,
                r.spawn, s->peak_mb, s->idle_cpu_ms[s->runs / 2]);
    } else {
        fprintf(csv, ",,,,,,");
    }
    fprintf(csv, ",%d,%d,%s\n", s->runs, s->repeats, s->failed ? "FAILED" : "OK");
}

static void print_row(const series *all, int n, const series *s)
{
    const char *mark = "";
    if (s == best(all, n, s->child.threads, s->compiler, NULL))
        mark = s == best(all, n, s->child.threads, NULL, NULL) ? "**" : "*";
    printf("  %-2s %-8s %-5s ", mark, s->way, s->compiler);
    if (s->runs) {
        row r = compare(all, n, s);
        printf("%11.3f %11.3f %8s %9s %8.1f %8.3f", s->min_ms[0], s->median_ms[s->runs / 2], r.ratio, r.spawn,
               s->peak_mb, s->idle_cpu_ms[s->runs / 2]);
    }
    printf("%s%s\n", s->child.small ? "  small" : "", s->failed ? "  FAILED" : "");
}

/* Of each compiler, libparallel beside the best other way. */
static void print_verdicts(const series *all, int n, int threads)
{
    for (int i = 0; i < n; i++) {
        const series *ours = &all[i];
        if (strcmp(ours->way, "parallel") != 0 || ours->child.threads != threads || !ours->runs)
            continue;
        const series *other = best(all, n, threads, ours->compiler, "parallel");
        double times = other ? full_ms(all, n, ours) / full_ms(all, n, other) : 0;
        if (other)
            printf("     parallel, %s: %.3f of the time of %s, the best other: %s\n", ours->compiler, times, other->way,
                   times < 1 ? "a win" : "a loss");
    }
}

void report_kernel(FILE *csv, series *all, int n)
{
    for (int i = 0; i < n; i++)
        sort_figures(&all[i]);
    for (int i = 0; i < n; i++)
        write_row(csv, all, n, &all[i]);
    fflush(csv);
    printf("\n%-19s %11s %11s %8s %9s %8s %8s\n", n ? all[0].kernel : "", "min ms", "median ms", "/ serial", "ns/spawn",
           "peak MB", "idle ms");
    for (int i = 0; i < n; i++) {
        int threads = all[i].child.threads;
        bool last = i == n - 1 || all[i + 1].child.threads != threads || (all[i].serial && !all[i + 1].serial);
        bool first = i == 0 || all[i - 1].child.threads != threads || (all[i - 1].serial && !all[i].serial);
        if (first && !all[i].serial)
            printf("%d thread%s\n", threads, threads == 1 ? "" : "s");
        print_row(all, n, &all[i]);
        if (last && !all[i].serial)
            print_verdicts(all, n, threads);
    }
    fflush(stdout);
}
