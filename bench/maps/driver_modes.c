/* SPDX-License-Identifier: MIT */
/* What is timed, and when. */
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "driver.h"

enum { MOST_FIGURES = 4096 };

static double figure[MOST_FIGURES];
static int n_figures;

static void note(double x)
{
    if (n_figures < MOST_FIGURES)
        figure[n_figures++] = x;
}

static int by_value(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static double median_of(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, by_value);
    return n ? x[n / 2] : 0;
}

static figures summary(void)
{
    double median = median_of(figure, n_figures);
    return (figures){n_figures ? figure[0] : 0, median};
}

static void rest(double milliseconds)
{
    struct timespec t = {0, (long)(milliseconds * 1e6)};
    nanosleep(&t, NULL);
}

static double time_calls(job *j, way_kernel *run, long calls)
{
    double start = now_ns();
    for (long i = 0; i < calls; i++)
        run(j->in, j->out, j->n);
    return (now_ns() - start) / (double)calls;
}

/* ---- hot: call after call -------------------------------------------------------------------------------- */

/*
 * Calls in batches that last long enough for the clock not to matter, after a first tenth that warms up. A way that
 * needs many slices for one call does no more.
 */
static int hot(job *j, figures *f)
{
    double slice = j->slice * 1e9, start = now_ns();
    do {
        note(time_calls(j, j->run, 1));
    } while (now_ns() - start < slice / 10);
    /* the median, as the first calls start threads */
    double once = median_of(figure, n_figures), batch = slice / 50 < 1e5 ? slice / 50 : 1e5;
    if (once < 20 * slice) {
        n_figures = 0;
        long calls = once < batch ? (long)(batch / once) + 1 : 1;
        start = now_ns();
        while (n_figures < 2 || (now_ns() - start < slice && n_figures < MOST_FIGURES))
            note(time_calls(j, j->run, calls));
    }
    *f = summary();
    return 0;
}

/* ---- cold: calls after 10 ms of sleep -------------------------------------------------------------------- */

static int cold(job *j, figures *f)
{
    double start = now_ns();
    time_calls(j, j->run, 3);
    while (n_figures < 5 || (now_ns() - start < 2e9 * j->slice && n_figures < MOST_FIGURES)) {
        rest(10);
        note(time_calls(j, j->run, 1));
    }
    *f = summary();
    return 0;
}

/* ---- after: a dear call after some cheap ones of the same function -------------------------------------------- */

static int after(job *j, figures *f, int cheap_calls)
{
    double start = now_ns();
    while (n_figures < 3 || (now_ns() - start < 2e9 * j->slice && n_figures < MOST_FIGURES)) {
        fill(j, j->turns);
        time_calls(j, j->run, cheap_calls);
        fill(j, j->turns2);
        note(time_calls(j, j->run, 1));
    }
    *f = summary();
    return 0;
}

/* ---- pairs: calls of cheap and of dear items in turn, each of half of them --------------------------------------- */

static int pairs(job *j, figures *f)
{
    size_t n = j->n, half = n / 2;
    fill(j, j->turns2);
    j->n = half;
    fill(j, j->turns);
    j->n = n;
    for (double start = now_ns(); n_figures < 5 || (now_ns() - start < 1e9 * j->slice && n_figures < MOST_FIGURES);) {
        double before = now_ns();
        j->run(j->in, j->out, half);
        j->run(j->in + half, j->out + half, n - half);
        note(now_ns() - before);
    }
    *f = summary();
    return 0;
}

/* ---- idle: nanoseconds of CPU time in a quarter of a second of idleness right after work -------------------- */

static double cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int idle(job *j, figures *f)
{
    for (double start = now_ns(); now_ns() - start < 1e9 * j->slice / 4;)
        j->run(j->in, j->out, j->n);
    double before = cpu_ns();
    rest(250);
    note(cpu_ns() - before);
    *f = summary();
    return 0;
}

/* ---- first: the first and the second call of a fresh process ---------------------------------------------- */

static int two_calls(job *j)
{
    double first = time_calls(j, j->run, 1), second = time_calls(j, j->run, 1);
    printf("%.0f %.0f\n", first, second);
    return 0;
}

extern char **environ;

/* The first or second figure that this program prints in the mode "two-calls"; negative after a failure. */
static double fresh_process(const job *j, bool second)
{
    char *argv[9] = {NULL};
    memcpy(argv, j->argv, 8 * sizeof *argv);
    argv[1] = (char[]){"two-calls"};
    int ends[2];
    pid_t pid;
    if (pipe(ends) != 0)
        return -1;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    bool spawned = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    FILE *from = fdopen(ends[0], "r");
    double x = -1, y = -1;
    if (!from || !spawned || fscanf(from, "%lf %lf", &x, &y) != 2) /* NOLINT: what is printed above */
        x = y = -1;
    if (from)
        fclose(from);
    if (spawned)
        waitpid(pid, NULL, 0);
    return second ? y : x;
}

static int fresh(job *j, figures *f, bool second)
{
    double start = now_ns();
    while (n_figures < 3 || (now_ns() - start < 1e9 * j->slice && n_figures < MOST_FIGURES)) {
        double ns = fresh_process(j, second);
        if (ns < 0)
            return 1;
        note(ns);
    }
    *f = summary();
    /* the result is to be right here, too */
    j->run(j->in, j->out, j->n);
    return 0;
}

/* ---- jump: a function whose cost rises and falls ---------------------------------------------------------- */

/* Low phases have more calls, as they cost little; this many that are not slow, one after the other, end the count. */
enum { PHASES = 7, LOW_CALLS = 200, HIGH_CALLS = 12, SETTLED = 3 };

static void serial(const uint32_t *in, uint32_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = item_turn(in[i]);
}

/* The least serial time of a call. */
static double serial_ns(job *j)
{
    double least = 1e18;
    for (int i = 0; i < 3; i++) {
        double ns = time_calls(j, serial, 1);
        least = ns < least ? ns : least;
    }
    return least;
}

/*
 * How many calls of a phase are slower than 1.5 times the better of the serial loop and of the way as it is at last,
 * which is the median of the phase's second half; counted until it has settled.
 */
static int slow_calls(const double *ns, int calls, double serial)
{
    double half[LOW_CALLS / 2];
    memcpy(half, ns + calls / 2, (size_t)(calls / 2) * sizeof *half);
    double at_last = median_of(half, calls / 2), good = at_last < serial ? at_last : serial;
    int slow = 0, settled = 0;
    for (int k = 0; k < calls && settled < SETTLED; k++) {
        settled = ns[k] > 1.5 * good ? 0 : settled + 1;
        slow += !settled;
    }
    return slow;
}

/* Even phases have the low cost, odd ones the high; the first does not count. */
static int jump(job *j, figures *f, bool rises)
{
    double ns[LOW_CALLS], alone[2];
    unsigned turns[2] = {j->turns, j->turns2};
    for (int high = 0; high < 2; high++) {
        fill(j, turns[high]);
        alone[high] = serial_ns(j);
    }
    for (int phase = 0; phase < PHASES; phase++) {
        bool high = phase % 2;
        int calls = high ? HIGH_CALLS : LOW_CALLS;
        fill(j, turns[high]);
        for (int k = 0; k < calls; k++)
            ns[k] = time_calls(j, j->run, 1);
        if (phase > 0 && high == rises)
            note(slow_calls(ns, calls, alone[high]));
    }
    *f = summary();
    return 0;
}

int run_mode(job *j, figures *f)
{
    const char *mode = j->mode;
    return strcmp(mode, "hot") == 0          ? hot(j, f)
           : strcmp(mode, "cold") == 0       ? cold(j, f)
           : strncmp(mode, "after-", 6) == 0 ? after(j, f, atoi(mode + 6))
           : strcmp(mode, "pairs") == 0      ? pairs(j, f)
           : strcmp(mode, "idle") == 0       ? idle(j, f)
           : strcmp(mode, "first") == 0      ? fresh(j, f, false)
           : strcmp(mode, "second") == 0     ? fresh(j, f, true)
           : strcmp(mode, "two-calls") == 0  ? two_calls(j)
           : strcmp(mode, "rises") == 0      ? jump(j, f, true)
           : strcmp(mode, "falls") == 0      ? jump(j, f, false)
                                             : 2;
}
