/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "../harness/harness.h"
#include "run.h"

static void describe(FILE *to, const conditions *c)
{
    describe_machine(to, c->directory);
    fprintf(to, "# commit: %s, %d rounds of %d frames, 60 a second; ways in turn in each\n", c->commit, c->rounds,
            c->frames);
    fprintf(to, "# workers: %d\n", c->workers);
}

void report_header(FILE *csv, const conditions *c)
{
    describe(csv, c);
    describe(stdout, c);
    fprintf(csv, "workload,way,workers,frames,min_us,median_us,p99_us,max_us,cpus,disturbed,result\n");
}

static int by_value(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

/* The least time that so many hundredths of the frames do not exceed. */
static double percentile(const series *s, unsigned hundredths)
{
    size_t rank = (s->frames * hundredths + 99) / 100;
    return s->us[rank ? rank - 1 : 0];
}

static void report_series(FILE *csv, const conditions *c, const series *s)
{
    const char *result = s->failed ? "FAILED" : "OK";
    fprintf(csv, "%s,%s,%d,%zu,", s->workload->name, s->way->name, c->workers, s->frames);
    printf("  %-16s", s->way->name);
    if (s->frames) {
        double figures[] = {s->us[0], percentile(s, 50), percentile(s, 99), s->us[s->frames - 1]};
        for (int i = 0; i < 4; i++) {
            fprintf(csv, "%.1f,", figures[i]);
            printf(" %9.0f", figures[i]);
        }
        fprintf(csv, "%.3f,", s->cpus / s->runs);
        printf(" %9.3f", s->cpus / s->runs);
    } else {
        fprintf(csv, ",,,,,");
    }
    fprintf(csv, "%d,%s\n", s->disturbed, result);
    printf("%s%s\n", s->disturbed ? "  disturbed" : "", s->failed ? "  FAILED" : "");
}

void report_workload(FILE *csv, const conditions *c, series *all, int n)
{
    if (n)
        printf("\n%s: %s\n  %-16s %9s %9s %9s %9s %9s\n", all[0].workload->name, all[0].workload->title, "us a frame",
               "min", "median", "p99", "max", "CPUs");
    for (int i = 0; i < n; i++) {
        if (all[i].frames)
            qsort(all[i].us, all[i].frames, sizeof all[i].us[0], by_value);
        report_series(csv, c, &all[i]);
    }
    fflush(csv);
    fflush(stdout);
}
