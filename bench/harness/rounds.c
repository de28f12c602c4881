/* SPDX-License-Identifier: MIT */
#include "rounds.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- conditions -------------------------------------------------------------------------------------------------- */

conditions conditions_of(const char *csv)
{
    return (conditions){.directory = ".",
                        .csv = csv,
                        .commit = "unknown",
                        .rounds = 5,
                        .workers = (int)sysconf(_SC_NPROCESSORS_ONLN),
                        .ms = 200};
}

int conditions_parse(conditions *c, int argc, char **argv)
{
    for (int option; (option = getopt(argc, argv, "d:o:w:r:p:t:c:")) != -1;)
        switch (option) {
        case 'd':
            c->directory = optarg;
            break;
        case 'o':
            c->csv = optarg;
            break;
        case 'w':
            c->ways = optarg;
            break;
        case 'r':
            c->rounds = atoi(optarg);
            break;
        case 'p':
            c->workers = atoi(optarg);
            break;
        case 't':
            c->ms = atof(optarg);
            break;
        case 'c':
            c->commit = optarg;
            break;
        default:
            return 0;
        }
    return c->rounds >= 1 && c->rounds <= MOST_ROUNDS && c->workers >= 1 && c->ms >= 0 ? optind : 0;
}

void conditions_usage(const conditions *c)
{
    fprintf(stderr,
            "usage: run [OPTIONS] [WORKLOAD...]\n"
            "  -d DIRECTORY of the programs, . if not given\n"
            "  -o CSV       file, %s if not given\n"
            "  -w WAYS      all if not given\n"
            "  -r ROUNDS    5 if not given\n"
            "  -p WORKERS   as many as there are CPUs if not given\n"
            "  -t MS        that a program fills, 200 if not given\n"
            "  -c COMMIT    to be named\n",
            c->csv);
}

void conditions_describe(FILE *to, const conditions *c)
{
    describe_machine(to, c->directory);
    fprintf(to, "# commit: %s, %d rounds, ways in turn in each; a program fills %g ms\n", c->commit, c->rounds, c->ms);
}

bool conditions_want(const conditions *c, const char *way)
{
    size_t length = strlen(way);
    if (!c->ways)
        return true;
    for (const char *at = c->ways; (at = strstr(at, way)); at += length)
        if ((at == c->ways || at[-1] == ' ') && (at[length] == '\0' || at[length] == ' '))
            return true;
    return false;
}

/* ---- rounds ------------------------------------------------------------------------------------------------------ */

static bool has_sum(const series *s, const char *sum, const series *all, int n,
                    bool (*alike)(const series *, const series *))
{
    for (int i = 0; i < n; i++)
        if (all[i].runs && alike(&all[i], s) && strcmp(all[i].sum, sum) != 0)
            return false;
    return true;
}

bool series_add(series *s, const ended *e, const series *all, int n, bool (*alike)(const series *, const series *))
{
    double min, median, max;
    char sum[20];
    if (!e->ok || sscanf(e->line, "min_ns=%lf median_ns=%lf max_ns=%lf sum=%19s", &min, &median, &max, sum) != 4 ||
        !has_sum(s, sum, all, n, alike)) {
        fprintf(stderr, "run: %s by %s failed: status %d: %s\n", s->workload, s->way, e->status, e->line);
        s->failed = true;
        return false;
    }
    memcpy(s->sum, sum, sizeof sum);
    s->min_ns[s->runs] = min;
    s->median_ns[s->runs] = median;
    s->max_ns = max > s->max_ns ? max : s->max_ns;
    s->runs++;
    return true;
}

int series_run(const conditions *c, series *all, int n, void (*run_once)(series *s, const series *all, int n))
{
    int failed = 0;
    for (int round = 0; round < c->rounds; round++)
        for (int i = 0; i < n; i++)
            if (!all[i].failed)
                run_once(&all[i], all, n);
    for (int i = 0; i < n; i++)
        failed += all[i].failed;
    return failed;
}

/* ---- figures ----------------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

void series_sort(series *all, int n)
{
    for (int i = 0; i < n; i++) {
        qsort(all[i].min_ns, (size_t)all[i].runs, sizeof all[i].min_ns[0], by_value);
        qsort(all[i].median_ns, (size_t)all[i].runs, sizeof all[i].median_ns[0], by_value);
    }
}

double series_median(const series *s)
{
    return s->median_ns[s->runs / 2];
}

void series_write(FILE *csv, const series *s)
{
    if (s->runs)
        fprintf(csv, "%.2f,%.2f,%.2f,", s->min_ns[0], series_median(s), s->max_ns);
    else
        fprintf(csv, ",,,");
}

static void print_time(double ns)
{
    const char *unit = ns < 1e3 ? "ns" : ns < 1e6 ? "us" : "ms";
    double value = ns < 1e3 ? ns : ns < 1e6 ? ns / 1e3 : ns / 1e6;
    printf(" %9.*f %s", value < 10 ? 2 : value < 100 ? 1 : 0, value, unit);
}

void series_print(const series *s)
{
    if (!s->runs)
        return;
    print_time(s->min_ns[0]);
    print_time(series_median(s));
    print_time(s->max_ns);
}
