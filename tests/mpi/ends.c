/* SPDX-License-Identifier: MIT */
#include "mpi/ends.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "mpi/job.h"

/* ---- in a task ----------------------------------------------------------------------------------------------- */

/* Ends the process that it runs in, if that is not the one of which it is told the number. */
static int end_others(const int *home, int *result, void *extras)
{
    const char *how = extras;
    *result = (int)getpid();
    usleep(1000);
    if (*home == (int)getpid())
        return 0;
    if (strcmp(how, "kill") == 0)
        kill(getpid(), SIGKILL);
    else if (strcmp(how, "abort") == 0)
        abort();
    else if (strcmp(how, "exit") == 0)
        exit(5);
    return 0;
}
PARALLEL_DECORATE_TASK(end_others, int, int);

/* The others' processes end in one way or another: this one does, too, and what it returns does not matter. */
int lose_ranks(char *how)
{
    int pids[1000];
    for (int i = 0; i < 1000; i++)
        pids[i] = (int)getpid();
    PARALLEL_SCOPED parallel_results *r =
        parallel_map(end_others, pids, 1000, ON_RANKS, .silent = true, .extras = how, .extras_size = strlen(how) + 1);
    return r ? 0 : 1;
}

/* ---- some time later ------------------------------------------------------------------------------------------- */

/* This process is killed, as nothing catches that signal. */
static void die_after(int ms)
{
    struct itimerval timer = {.it_value = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

void die_soon(int ms)
{
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    if (!rank)
        rank = getenv("PMI_RANK");
    if (rank && strcmp(rank, "0") != 0)
        die_after(ms);
}

typedef struct death {
    int home, ms;
} death;

static int die_elsewhere(const int *unused, int *result, void *extras)
{
    static volatile bool dies;
    const death *d = extras;
    *result = *unused;
    if (d->home != (int)getpid() && !dies) {
        dies = true;
        die_after(d->ms);
    }
    usleep(1000);
    return 0;
}
PARALLEL_DECORATE_TASK(die_elsewhere, int, int);

static bool condemn_others(int ms)
{
    static int in[100];
    death d = {(int)getpid(), ms};
    PARALLEL_SCOPED parallel_results *r =
        parallel_map(die_elsewhere, in, 100, ON_RANKS, .extras = &d, .extras_size = sizeof d);
    return r;
}

typedef struct page {
    unsigned char bytes[1 << 16];
} page;

static int turn_over(const page *from, page *to, void *extras)
{
    (void)extras;
    usleep(200); /* so that home does not keep it */
    for (size_t i = 0; i < sizeof from->bytes; i++)
        to->bytes[i] = (unsigned char)~from->bytes[i];
    return 0;
}
PARALLEL_DECORATE_TASK(turn_over, page, page);

int lose_in_messages(int ms)
{
    enum { PAGES = 300, CALLS = 1000 };
    page *in = calloc(PAGES, sizeof *in), *out = calloc(PAGES, sizeof *out);
    bool works = in && out && condemn_others(ms);
    for (int i = 0; works && i < CALLS; i++)
        works = parallel_map_into(turn_over, in, PAGES, out, ON_RANKS) == 0 && out[PAGES - 1].bytes[7] == 255;
    free(in);
    free(out);
    return 0;
}

void exit_in_messages(int ms)
{
    enum { PAGES = 3000 };
    page *in = calloc(PAGES, sizeof *in), *out = calloc(PAGES, sizeof *out);
    if (!in || !out)
        exit(1);
    parallel_executor *ex = parallel_async_map(turn_over, in, PAGES, ON_RANKS);
    if (parallel_executor_wait(ex, ms * 1e-3) == 0)
        exit(2); /* too late */
    exit(3);
}

int lose_at_shutdown(int ms)
{
    bool works = condemn_others(ms);
    usleep((useconds_t)ms * 1000);
    parallel_mpi_shutdown();
    return works ? 0 : 1;
}
