/* SPDX-License-Identifier: MIT */
/*
 * run [OPTIONS] [WORKLOAD...]: measures streams, beside what else one could do.
 *
 * In each round every way of a workload runs once, in a process of its own, in turn with the others.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../harness/harness.h"
#include "run.h"

static const char *const ways[] = {"serial", "parallel", "parallel-open", "parallel-process", "tbb",
                                   "hts",    "ring",     "python-serial", "python-imap"};
enum { WAYS = sizeof ways / sizeof ways[0] };

static const workload workloads[] = {
    {"tiny", "items of some nanoseconds", false},
    {"us", "items of a microsecond", false},
    {"100us", "items of 100 us", false},
    {"skewed", "items of 3 us, one in a hundred of which takes 300 us", false},
    {"trickle", "a source that blocks for 20 ms: how late items of 0.13 ms come out", true},
};
enum { WORKLOADS = sizeof workloads / sizeof workloads[0] };

static conditions how = {.directory = ".", .csv = "streams.csv", .commit = "unknown", .rounds = 5, .ms = 200};

/* ---- one run ----------------------------------------------------------------------------------------------------- */

static bool is_python(const char *way)
{
    return strncmp(way, "python-", 7) == 0;
}

static bool program_of(const char *way, char path[PATH_MAX])
{
    int length = snprintf(path, PATH_MAX, "%s/way-%s", how.directory, way);
    return length < PATH_MAX && access(path, X_OK) == 0;
}

/* Whether all ways have the same sum so far; Python's items are others. */
static bool is_right(const series *all, int n, const series *s, const char *sum)
{
    for (int i = 0; i < n; i++)
        if (all[i].runs && is_python(all[i].way) == is_python(s->way) && strcmp(all[i].sum, sum) != 0)
            return false;
    return true;
}

static void run_once(series *s, const series *all, int n)
{
    char path[PATH_MAX], ms[24], sum[20];
    program_of(s->way, path);
    snprintf(ms, sizeof ms, "%g", how.ms);
    const char *const arguments[] = {s->workload->name, ms, NULL};
    ended e =
        run_program(&(program){.path = path, .arguments = arguments, .threads = how.workers, .most_seconds = 120});
    double min, median, max;
    if (!e.ok || sscanf(e.line, "min_ns=%lf median_ns=%lf max_ns=%lf sum=%19s", &min, &median, &max, sum) != 4 ||
        !is_right(all, n, s, sum)) {
        fprintf(stderr, "run: %s by %s failed: status %d: %s\n", s->workload->name, s->way, e.status, e.line);
        s->failed = true;
        return;
    }
    s->disturbed += disturbed(e.others, e.lasted);
    memcpy(s->sum, sum, sizeof sum);
    s->min_ns[s->runs] = min;
    s->median_ns[s->runs] = median;
    s->max_ns = max > s->max_ns ? max : s->max_ns;
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

static bool is_wanted(const workload *w, char **names)
{
    bool found = !*names;
    for (; *names; names++)
        found |= strcmp(w->name, *names) == 0;
    return found;
}

/* How many programs failed. */
static int run_workload(const workload *w, FILE *csv)
{
    series all[MOST_WAYS];
    int n = 0, failed = 0;
    char path[PATH_MAX];
    for (int i = 0; i < WAYS; i++)
        if (program_of(ways[i], path) && has_word(how.ways, ways[i]) && !(is_python(ways[i]) && w == workloads))
            all[n++] = (series){.workload = w, .way = ways[i]};
    for (int round = 0; round < how.rounds; round++)
        for (int i = 0; i < n; i++)
            if (!all[i].failed)
                run_once(&all[i], all, n);
    for (int i = 0; i < n; i++)
        failed += all[i].failed;
    report_workload(csv, &how, all, n);
    return failed;
}

static int usage(void)
{
    fprintf(stderr, "usage: run [OPTIONS] [WORKLOAD...]\n"
                    "  -d DIRECTORY of the programs, . if not given\n"
                    "  -o CSV       file, streams.csv if not given\n"
                    "  -w WAYS      all if not given\n"
                    "  -r ROUNDS    5 if not given\n"
                    "  -p WORKERS   as many as there are CPUs if not given\n"
                    "  -t MS        that a program fills with streams, 200 if not given\n"
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
    for (int option; (option = getopt(argc, argv, "d:o:w:r:p:t:c:")) != -1;)
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
        case 't':
            how.ms = atof(optarg);
            break;
        case 'c':
            how.commit = optarg;
            break;
        default:
            return 0;
        }
    if (how.rounds < 1 || how.rounds > MOST_ROUNDS || how.workers < 1 || how.ms < 0)
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
        if (is_wanted(&workloads[i], argv + at)) {
            failures += run_workload(&workloads[i], csv);
            done++;
        }
    printf("\n%d workloads, %d programs failed\n", done, failures);
    return fclose(csv) != 0 || failures || !done ? 1 : 0;
}
