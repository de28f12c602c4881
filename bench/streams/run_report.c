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
    fprintf(to, "# workers: %d\n", c->workers);
}

void report_header(FILE *csv, const conditions *c)
{
    describe(csv, c);
    describe(stdout, c);
    fprintf(csv, "workload,way,workers,rounds,min_ns,median_ns,max_ns,speedup,disturbed,result\n");
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

static bool is_python(const series *s)
{
    return strncmp(s->way, "python-", 7) == 0;
}

/* What a way is compared with: its own language's serial loop; NULL: there is none. */
static const series *serial_of(const series *all, int n, const series *s)
{
    for (int i = 0; i < n; i++)
        if (strcmp(all[i].way, is_python(s) ? "python-serial" : "serial") == 0)
            return all[i].runs && s->runs ? &all[i] : NULL;
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
    const series *serial = serial_of(all, n, s);
    fprintf(csv, "%s,%s,%d,%d,", s->workload->name, s->way, c->workers, s->runs);
    if (s->runs)
        fprintf(csv, "%.2f,%.2f,%.2f,", s->min_ns[0], median(s), s->max_ns);
    else
        fprintf(csv, ",,,");
    if (serial && !s->workload->is_delay)
        fprintf(csv, "%.3f", median(serial) / median(s));
    fprintf(csv, ",%d,%s\n", s->disturbed, s->failed ? "FAILED" : "OK");
}

static void print_row(const series *all, int n, const series *s)
{
    const series *serial = serial_of(all, n, s);
    printf("  %-18s", s->way);
    if (s->runs) {
        write_time(stdout, s->min_ns[0]);
        write_time(stdout, median(s));
        write_time(stdout, s->max_ns);
        if (serial && !s->workload->is_delay)
            printf(" %8.2fx", median(serial) / median(s));
    }
    printf("%s%s\n", s->disturbed ? "  disturbed" : "", s->failed ? "  FAILED" : "");
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
        printf("\n%s: %s\n  %-18s %12s %12s %12s %9s\n", all[0].workload->name, all[0].workload->title, "", "min",
               "median", "max", "speed-up");
    for (int i = 0; i < n; i++)
        print_row(all, n, &all[i]);
    fflush(stdout);
}
