/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "run.h"

/* ---- conditions -------------------------------------------------------------------------------------------------- */

static void describe(FILE *to, const conditions *c)
{
    conditions_describe(to, c);
    fprintf(to, "# workers: %d; one where workers crash or are late\n", c->workers);
}

void report_header(FILE *csv, const conditions *c)
{
    describe(csv, c);
    describe(stdout, c);
    fprintf(csv, "workload,n,resident_mb,way,workers,rounds,min_ns,median_ns,max_ns,ratio_to_first,disturbed,result\n");
}

/* ---- figures ----------------------------------------------------------------------------------------------------- */

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

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static void write_row(FILE *csv, const conditions *c, const workload *w, const series *all, int n, const series *s)
{
    const series *first = reference(all, n, s);
    bool alone = strcmp(w->what, "crash") == 0 || strcmp(w->what, "late") == 0;
    fprintf(csv, "%s,%ld,%ld,%s,%d,%d,", w->name, w->n, w->megabytes, s->way, alone ? 1 : c->workers, s->runs);
    series_write(csv, s);
    if (s->runs && first)
        fprintf(csv, "%.3f", series_median(s) / series_median(first));
    fprintf(csv, ",%d,%s\n", s->disturbed, s->failed ? "FAILED" : "OK");
}

static void print_row(const series *all, int n, const series *s)
{
    const series *first = reference(all, n, s);
    printf("  %-16s", s->way);
    series_print(s);
    if (s->runs && first)
        printf(" %9.3f", series_median(s) / series_median(first));
    printf("%s%s\n", s->disturbed ? "  disturbed" : "", s->failed ? "  FAILED" : "");
}

static void print_verdict(const series *ours, const series *other)
{
    if (!other || !other->runs || !ours->runs)
        return;
    double times = series_median(ours) / series_median(other);
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

void report_workload(FILE *csv, const conditions *c, const workload *w, series *all, int n)
{
    series_sort(all, n);
    for (int i = 0; i < n; i++)
        write_row(csv, c, w, all, n, &all[i]);
    fflush(csv);
    if (n)
        printf("\n%s: %s\n  %-16s %12s %12s %12s %9s\n", w->name, w->title, "", "min", "median", "max", "ratio");
    for (int i = 0; i < n; i++)
        print_row(all, n, &all[i]);
    for (int i = 0; i < n; i++)
        if (is_ours(&all[i]))
            print_verdicts(all, n, &all[i]);
    fflush(stdout);
}
