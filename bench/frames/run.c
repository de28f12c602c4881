/* SPDX-License-Identifier: MIT */
/*
 * run [OPTIONS] [WORKLOAD...]: measures frames: how long a program with 60 of them a second takes for one, whose work
 * is several short maps.
 *
 * In each round every way of a workload runs once, in a process of its own, in turn with the others.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../harness/harness.h"
#include "run.h"

static const way ways[] = {
    {"serial", "serial", NULL},
    {"parallel", "parallel", NULL},
    {"openmp", "openmp", NULL},
    {"openmp-passive", "openmp", "passive"},
    {"openmp-active", "openmp", "active"},
    {"tbb", "tbb", NULL},
};
enum { WAYS = sizeof ways / sizeof ways[0] };

static const workload workloads[] = {
    {"100ns", "8 maps of 100 items of 0.1 us", 0},
    {"1us", "8 maps of 100 items of 1 us", 0},
    {"10us", "8 maps of 100 items of 10 us", 0},
    {"1us-beside", "8 maps of 100 items of 1 us, beside a process that uses one CPU", 1},
};
enum { WORKLOADS = sizeof workloads / sizeof workloads[0] };

static conditions how = {.directory = ".", .csv = "frames.csv", .commit = "unknown", .rounds = 5, .frames = 200};

/* ---- one run ----------------------------------------------------------------------------------------------------- */

static bool program_of(const way *w, char path[PATH_MAX])
{
    int length = snprintf(path, PATH_MAX, "%s/way-%s", how.directory, w->program);
    return length < PATH_MAX && access(path, X_OK) == 0;
}

/* What a program has told of its frames. False: there are not as many. */
static bool read_times(series *s, const char *path)
{
    FILE *f = fopen(path, "r");
    double ns;
    size_t before = s->frames;
    double *more = realloc(s->us, (s->frames + (size_t)how.frames) * sizeof *more);
    s->us = more ? more : s->us;
    while (f && more && s->frames - before < (size_t)how.frames && fscanf(f, "%lf", &ns) == 1)
        s->us[s->frames++] = ns / 1000;
    if (f)
        fclose(f);
    return s->frames - before == (size_t)how.frames;
}

/* Whether all ways have the same sum so far. */
static bool is_right(const series *all, int n, const char *sum)
{
    for (int i = 0; i < n; i++)
        if (all[i].runs && strcmp(all[i].sum, sum) != 0)
            return false;
    return true;
}

static void run_once(series *s, const series *all, int n)
{
    static neighbours them;
    char path[PATH_MAX], times[PATH_MAX], frames[16], sum[20];
    double cpus;
    program_of(s->way, path);
    int length = snprintf(times, sizeof times, "%s.times", how.csv);
    snprintf(frames, sizeof frames, "%d", how.frames);
    remove(times);
    const char *const arguments[] = {s->workload->name, frames, times, NULL};
    start_neighbours(&them, s->workload->neighbours);
    ended e = run_program(&(program){.path = path,
                                     .arguments = arguments,
                                     .wait_policy = s->way->wait_policy,
                                     .threads = how.workers,
                                     .most_seconds = 120});
    stop_neighbours(&them);
    bool well = length < PATH_MAX && e.ok && sscanf(e.line, "cpus=%lf sum=%19s", &cpus, sum) == 2 &&
                is_right(all, n, sum) && read_times(s, times);
    remove(times);
    if (!well) {
        fprintf(stderr, "run: %s by %s failed: status %d: %s\n", s->workload->name, s->way->name, e.status, e.line);
        s->failed = true;
        return;
    }
    s->disturbed += !s->workload->neighbours && disturbed(e.others, e.lasted);
    s->cpus += cpus;
    memcpy(s->sum, sum, sizeof sum);
    s->runs++;
}

/* ---- what to run ------------------------------------------------------------------------------------------------- */

/* Whether a list of words, with spaces between them, has that one; NULL has all. */
static bool has_word(const char *list, const char *word)
{
    size_t length = strlen(word);
    if (!list)
        return true;
    for (const char *at = list; (at = strstr(at, word)); at += length)
        if ((at == list || at[-1] == ' ') && (at[length] == '\0' || at[length] == ' '))
            return true;
    return false;
}

/* How many programs failed. */
static int run_workload(const workload *w, FILE *csv)
{
    series all[MOST_WAYS];
    int n = 0, failed = 0;
    char path[PATH_MAX];
    for (int i = 0; i < WAYS; i++)
        if (program_of(&ways[i], path) && has_word(how.ways, ways[i].name))
            all[n++] = (series){.workload = w, .way = &ways[i]};
    for (int round = 0; round < how.rounds; round++)
        for (int i = 0; i < n; i++)
            if (!all[i].failed)
                run_once(&all[i], all, n);
    report_workload(csv, &how, all, n);
    for (int i = 0; i < n; i++) {
        failed += all[i].failed;
        free(all[i].us);
    }
    return failed;
}

static int usage(void)
{
    fprintf(stderr, "usage: run [OPTIONS] [WORKLOAD...]\n"
                    "  -d DIRECTORY of the programs, . if not given\n"
                    "  -o CSV       file, frames.csv if not given\n"
                    "  -w WAYS      all if not given\n"
                    "  -r ROUNDS    5 if not given\n"
                    "  -p WORKERS   as many as there are CPUs if not given\n"
                    "  -f FRAMES    of a round, 200 if not given\n"
                    "  -c COMMIT    to be named\n"
                    "workloads:\n");
    for (int i = 0; i < WORKLOADS; i++)
        fprintf(stderr, "  %-10s %s\n", workloads[i].name, workloads[i].title);
    return 2;
}

/* The index of the first word that is not an option, or 0 if an option is wrong. */
static int parse_options(int argc, char **argv)
{
    how.workers = (int)sysconf(_SC_NPROCESSORS_ONLN);
    for (int option; (option = getopt(argc, argv, "d:o:w:r:p:f:c:")) != -1;)
        switch (option) {
        case 'd':
            how.directory = optarg;
            break;
        case 'o':
            how.csv = optarg;
            break;
        case 'w':
            how.ways = optarg;
            break;
        case 'r':
            how.rounds = atoi(optarg);
            break;
        case 'p':
            how.workers = atoi(optarg);
            break;
        case 'f':
            how.frames = atoi(optarg);
            break;
        case 'c':
            how.commit = optarg;
            break;
        default:
            return 0;
        }
    if (how.rounds < 1 || how.workers < 1 || how.frames < 1)
        return 0;
    return optind;
}

int main(int argc, char **argv)
{
    int at = parse_options(argc, argv), failures = 0, done = 0;
    if (!at)
        return usage();
    FILE *csv = fopen(how.csv, "w");
    if (!csv) {
        perror(how.csv);
        return 2;
    }
    report_header(csv, &how);
    for (int i = 0; i < WORKLOADS; i++)
        if (is_named(workloads[i].name, argv + at)) {
            failures += run_workload(&workloads[i], csv);
            done++;
        }
    printf("\n%d workloads, %d programs failed\n", done, failures);
    return fclose(csv) != 0 || failures || !done ? 1 : 0;
}
