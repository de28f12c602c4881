/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "../harness/harness.h"
#include "run.h"

/* ---- conditions -------------------------------------------------------------------------------------------------- */

static void describe(FILE *to, const conditions *c)
{
    describe_machine(to, c->directory);
    fprintf(to, "# commit: %s, %d rounds, ways in turn in each; a program fills %g ms\n", c->commit, c->rounds, c->ms);
    fprintf(to, "# workers: %d; one where workers crash or are late\n", c->workers);
}

void report_header(FILE *csv, const conditions *c)
{
    describe(csv, c);
    describe(stdout, c);
    fprintf(csv, "workload,n,resident_mb,way,workers,rounds,min_ns,median_ns,max_ns,ratio_to_first,disturbed,result\n");
}

/* ---- figures ----------------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static double median(const series *s)
{
    return s->median_ns[s->runs / 2];
}

static bool is_ours(const series *s)
{
    return strcmp(s->way, "persistent") == 0 || strcmp(s->way, "snapshot") == 0;
}

/* What a way is compared with, by medians: the first of the workload; of Python's, the serial one. */
static const series *reference(const series *all, int n, const series *s)
{
    bool python = strncmp(s->way, "python-", 7) == 0;
    for (int i = 0; i < n; i++)
        if ((strncmp(all[i].way, "python-", 7) == 0) == python)
            return all[i].runs && !is_ours(&all[i]) ? &all[i] : NULL;
    return NULL;
}

static void write_time(FILE *to, double ns)
{
    const char *unit = ns < 1e3 ? "ns" : ns < 1e6 ? "us" : "ms";
    double value = ns < 1e3 ? ns : ns < 1e6 ? ns / 1e3 : ns / 1e6;
    fprintf(to, " %9.*f %s", value < 10 ? 2 : value < 100 ? 1 : 0, value, unit);
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static void write_row(FILE *csv, const conditions *c, const series *all, int n, const series *s)
{
    const workload *w = s->workload;
    const series *first = reference(all, n, s);
    bool alone = strcmp(w->what, "crash") == 0 || strcmp(w->what, "late") == 0;
    fprintf(csv, "%s,%ld,%ld,%s,%d,%d,", w->name, w->n, w->megabytes, s->way, alone ? 1 : c->workers, s->runs);
    if (s->runs)
        fprintf(csv, "%.1f,%.1f,%.1f,", s->min_ns[0], median(s), s->max_ns);
    else
        fprintf(csv, ",,,");
    if (s->runs && first)
        fprintf(csv, "%.3f", median(s) / median(first));
    fprintf(csv, ",%d,%s\n", s->disturbed, s->failed ? "FAILED" : "OK");
}

static void print_row(const series *all, int n, const series *s)
{
    const series *first = reference(all, n, s);
    printf("  %-16s", s->way);
    if (s->runs) {
        write_time(stdout, s->min_ns[0]);
        write_time(stdout, median(s));
        write_time(stdout, s->max_ns);
        if (first)
            printf(" %9.3f", median(s) / median(first));
    }
    printf("%s%s\n", s->disturbed ? "  disturbed" : "", s->failed ? "  FAILED" : "");
}

static void print_verdict(const series *ours, const series *other)
{
    if (!other || !other->runs || !ours->runs)
        return;
    double times = median(ours) / median(other);
    printf("     %s: %.3f of the time of %s: %s\n", ours->way, times, other->way, times < 1 ? "a win" : "a loss");
}

/* Beside the way that all are compared with; snapshots beside others that fork for a call, too. */
static void print_verdicts(const series *all, int n, const series *ours)
{
    const series *first = reference(all, n, ours);
    print_verdict(ours, first);
    for (int i = 0; i < n; i++)
        if (&all[i] != first && strcmp(ours->way, "snapshot") == 0 && strstr(all[i].way, "fork"))
            print_verdict(ours, &all[i]);
}

void report_workload(FILE *csv, const conditions *c, series *all, int n)
{
    for (int i = 0; i < n; i++) {
        qsort(all[i].min_ns, (size_t)all[i].runs, sizeof all[i].min_ns[0], by_value);
        qsort(all[i].median_ns, (size_t)all[i].runs, sizeof all[i].median_ns[0], by_value);
    }
    for (int i = 0; i < n; i++)
        write_row(csv, c, all, n, &all[i]);
    fflush(csv);
    if (n)
        printf("\n%s: %s\n  %-16s %12s %12s %12s %9s\n", all[0].workload->name, all[0].workload->title, "", "min",
               "median", "max", "ratio");
    for (int i = 0; i < n; i++)
        print_row(all, n, &all[i]);
    for (int i = 0; i < n; i++)
        if (is_ours(&all[i]))
            print_verdicts(all, n, &all[i]);
    fflush(stdout);
}
