/* SPDX-License-Identifier: MIT */
/*
 * run [OPTIONS] [KERNEL...]: measures the suite's programs, which are DIRECTORY/KERNEL-WAY-COMPILER.
 *
 * In each round every program of a kernel runs once, in turn with the others, with each number of threads. What it does
 * in its process repeats until a fraction of a second is full, and the least and the median time count. A way too slow
 * for the full size does the kernel's small size, in turn with a small serial run, and is marked so. A run during which
 * others used the CPUs is done again.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../harness/harness.h"
#include "run.h"

/* The first repetition starts threads and touches memory first, which no way shall be charged for: 2 at least. */
enum { MOST_REPEATS = 3, LEAST_REPS = 2, MOST_REPS = 20 };

static const char *const ways[] = {"serial", "parallel", "openmp", "tbb", NULL};
static const char *const compilers[] = {"gcc", "clang", NULL};

static conditions how = {
    .directory = ".", .csv = "tasks.csv", .commit = "unknown", .rounds = 5, .seconds = 0.5, .limit = 10};
static int thread_counts[MOST_THREAD_COUNTS + 1] = {1, 2};

static series all[MOST_SERIES];
static int n_series;

/* ---- what there is to run -------------------------------------------------------------------------------- */

static void add_series(const char *kernel, const char *way, const char *compiler, int threads, bool small)
{
    if (n_series == MOST_SERIES)
        return;
    series *s = &all[n_series];
    memset(s, 0, sizeof *s);
    int length = snprintf(s->child.path, sizeof s->child.path, "%s/%s-%s-%s", how.directory, kernel, way, compiler);
    if (length >= (int)sizeof s->child.path || access(s->child.path, X_OK) != 0)
        return;
    snprintf(s->kernel, sizeof s->kernel, "%s", kernel);
    s->way = way;
    s->compiler = compiler;
    s->serial = strcmp(way, "serial") == 0;
    s->child.threads = threads;
    s->child.small = small;
    s->child.most_seconds = 60;
    n_series++;
}

static void find_series(const char *kernel)
{
    n_series = 0;
    for (int c = 0; compilers[c]; c++) {
        add_series(kernel, "serial", compilers[c], 1, false);
        add_series(kernel, "serial", compilers[c], 1, true);
    }
    for (const int *threads = thread_counts; *threads; threads++)
        for (int w = 1; ways[w]; w++)
            for (int c = 0; compilers[c]; c++)
                add_series(kernel, ways[w], compilers[c], *threads, false);
}

/* ---- how large ------------------------------------------------------------------------------------------- */

/* The least time of a small run, or of a full one; 0 after a failure. */
static double probe_ms(series *s, bool small)
{
    child c = s->child;
    c.small = small;
    c.reps = small ? 3 : 1;
    outcome o = run_child(&c);
    if (!o.ok) {
        s->failed = true;
        fprintf(stderr, "run: %s failed, threads: %d\n", s->child.path, s->child.threads);
    }
    return o.ok ? o.min_ms : 0;
}

/* How much longer a full serial run takes than a small one; 0 if there is none. */
static double full_to_small(void)
{
    for (int i = 0; i < n_series; i++)
        if (all[i].serial && !all[i].child.small) {
            double full = probe_ms(&all[i], false), small = probe_ms(&all[i], true);
            if (full > 0 && small > 0)
                return full / small;
        }
    return 0;
}

/* Decides for each series by a small run whether it does full ones, and how many in one process. */
static void size_series(void)
{
    double scale = full_to_small();
    bool any_small = false;
    for (int i = 0; i < n_series; i++) {
        series *s = &all[i];
        double small = s->failed ? 0 : probe_ms(s, true), ms = small * scale;
        if (ms > how.limit * 1e3 && !s->serial)
            s->child.small = any_small = true;
        if (s->child.small)
            ms = small;
        double reps = ms > 0 ? how.seconds * 1e3 / ms : 0;
        s->child.reps = reps > MOST_REPS ? MOST_REPS : reps < LEAST_REPS ? LEAST_REPS : (int)reps;
        s->child.most_seconds = 30 + (unsigned)(5 * s->child.reps * ms / 1e3);
    }
    /* A small serial run is of use beside a small parallel one only. */
    int kept = 0;
    for (int i = 0; i < n_series; i++)
        if (any_small || !(all[i].serial && all[i].child.small))
            all[kept++] = all[i];
    n_series = kept;
}

/* ---- running --------------------------------------------------------------------------------------------- */

/* One run, the quietest of as many as needed. */
static void run_once(series *s)
{
    outcome best = run_child(&s->child);
    for (int repeat = 0; repeat < MOST_REPEATS && best.ok && disturbed(best.others, best.lasted); repeat++) {
        outcome again = run_child(&s->child);
        s->repeats++;
        if (!again.ok || again.others / again.lasted < best.others / best.lasted)
            best = again;
    }
    if (!best.ok) {
        s->failed = true;
        fprintf(stderr, "run: %s failed, threads: %d\n", s->child.path, s->child.threads);
        return;
    }
    s->min_ms[s->runs] = best.min_ms;
    s->median_ms[s->runs] = best.median_ms;
    s->idle_cpu_ms[s->runs] = best.idle_cpu_ms;
    s->peak_mb = best.peak_mb > s->peak_mb ? best.peak_mb : s->peak_mb;
    s->spawns = best.spawns;
    s->runs++;
}

/* Adds to the number of failures and of repeats. */
static void run_kernel(const char *kernel, FILE *csv, int *failures, int *repeats)
{
    find_series(kernel);
    size_series();
    for (int round = 0; round < how.rounds; round++)
        for (int i = 0; i < n_series; i++)
            if (!all[i].failed)
                run_once(&all[i]);
    for (int i = 0; i < n_series; i++) {
        *failures += all[i].failed;
        *repeats += all[i].repeats;
    }
    report_kernel(csv, all, n_series);
}

/* ---- what to run ----------------------------------------------------------------------------------------- */

/* Whether the name is that of a serial program, and the first of its kernel's. */
static bool names_kernel(const char *name, char kernel[MOST_NAME])
{
    const char *dash = strstr(name, "-serial-");
    if (!dash || dash == name || dash - name >= MOST_NAME)
        return false;
    char before[MOST_NAME];
    snprintf(before, sizeof before, "%s", kernel);
    snprintf(kernel, MOST_NAME, "%.*s", (int)(dash - name), name);
    return strcmp(before, kernel) != 0;
}

static bool parse_thread_counts(char *text)
{
    int n = 0;
    for (char *word = strtok(text, " ,"); word; word = strtok(NULL, " ,")) {
        if (n == MOST_THREAD_COUNTS || atoi(word) < 1)
            return false;
        thread_counts[n++] = atoi(word);
    }
    thread_counts[n] = 0;
    return n > 0;
}

/* The index of the first word that is not an option, or 0 if an option is wrong. */
static int parse_options(int argc, char **argv)
{
    for (int option; (option = getopt(argc, argv, "d:o:r:t:l:p:c:")) != -1;)
        switch (option) {
        case 'd':
            how.directory = optarg;
            break;
        case 'o':
            how.csv = optarg;
            break;
        case 'r':
            how.rounds = atoi(optarg);
            break;
        case 't':
            how.seconds = atof(optarg);
            break;
        case 'l':
            how.limit = atof(optarg);
            break;
        case 'p':
            if (!parse_thread_counts(optarg))
                return 0;
            break;
        case 'c':
            how.commit = optarg;
            break;
        default:
            return 0;
        }
    if (how.rounds < 1 || how.rounds > MOST_ROUNDS || how.seconds < 0 || how.limit < 0)
        return 0;
    return optind;
}

static int usage(void)
{
    fprintf(stderr, "usage: run [OPTIONS] [KERNEL...]\n"
                    "  -d DIRECTORY of the programs, . if not given\n"
                    "  -o CSV      file, tasks.csv if not given\n"
                    "  -r ROUNDS   5 if not given\n"
                    "  -p COUNTS   of threads, \"1 2\" if not given\n"
                    "  -t SECONDS  that a process fills with runs of its kernel, 0.5 if not given\n"
                    "  -l SECONDS  that a run may take, 10 if not given; a slower way does a small run\n"
                    "  -c COMMIT   to be named\n");
    return 2;
}

int main(int argc, char **argv)
{
    int at = parse_options(argc, argv), failures = 0, repeats = 0, kernels = 0;
    if (!at)
        return usage();
    FILE *csv = fopen(how.csv, "w");
    if (!csv) {
        perror(how.csv);
        return 2;
    }
    struct dirent **entries;
    int n = scandir(how.directory, &entries, NULL, alphasort);
    if (n < 0) {
        perror(how.directory);
        fclose(csv);
        return 2;
    }
    report_header(csv, &how);
    char kernel[MOST_NAME] = "";
    for (int i = 0; i < n; i++) {
        if (names_kernel(entries[i]->d_name, kernel) && is_named(kernel, argv + at)) {
            run_kernel(kernel, csv, &failures, &repeats);
            kernels++;
        }
        free(entries[i]);
    }
    free(entries);
    printf("\n%d kernels, %d runs repeated because others used the CPUs, %d programs failed\n", kernels, repeats,
           failures);
    return fclose(csv) != 0 || failures || !kernels ? 1 : 0;
}
