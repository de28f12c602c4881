/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "run.h"

/* ---- conditions -------------------------------------------------------------------------------------------------- */

static void describe(FILE *to, const conditions *c)
{
    conditions_describe(to, c);
    fprintf(to, "# workers: %d\n", c->workers);
}

void report_header(FILE *csv, const conditions *c)
{
    describe(csv, c);
    describe(stdout, c);
    fprintf(csv, "workload,way,workers,rounds,min_ns,median_ns,max_ns,speedup,disturbed,result\n");
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

static bool is_python(const char *way)
{
    return strncmp(way, "python-", 7) == 0;
}

/* How many times faster a way is than the first of its workload; Python's, than its own serial loop; 0: not known. */
static double speed_up(const workload *w, const series *all, int n, const series *s)
{
    const char *first = is_python(s->way) ? "python-serial" : w->ways[0];
    for (int i = 0; i < n && !w->is_delay; i++)
        if (strcmp(all[i].way, first) == 0 && all[i].runs && s->runs)
            return series_median(&all[i]) / series_median(s);
    return 0;
}

static void write_row(FILE *csv, const conditions *c, const series *s, double times)
{
    fprintf(csv, "%s,%s,%d,%d,", s->workload, s->way, c->workers, s->runs);
    series_write(csv, s);
    if (times > 0)
        fprintf(csv, "%.3f", times);
    fprintf(csv, ",%d,%s\n", s->disturbed, s->failed ? "FAILED" : "OK");
}

static void print_row(const series *s, double times)
{
    printf("  %-18s", s->way);
    series_print(s);
    if (times > 0)
        printf(" %8.2fx", times);
    printf("%s%s\n", s->disturbed ? "  disturbed" : "", s->failed ? "  FAILED" : "");
}

void report_workload(FILE *csv, const conditions *c, const workload *w, series *all, int n)
{
    series_sort(all, n);
    for (int i = 0; i < n; i++)
        write_row(csv, c, &all[i], speed_up(w, all, n, &all[i]));
    fflush(csv);
    if (n)
        printf("\n%s: %s\n  %-18s %12s %12s %12s %9s\n", w->name, w->title, "", "min", "median", "max", "speed-up");
    for (int i = 0; i < n; i++)
        print_row(&all[i], speed_up(w, all, n, &all[i]));
    fflush(stdout);
}
