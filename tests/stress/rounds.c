/* SPDX-License-Identifier: MIT */
/*
 * rounds [ROUNDS [SEED]]: so many rounds of starting and stopping, on pools of 1, 2 and 8 times as many workers as
 * there are cores.
 *
 * A round makes a pool, and on it some calls in the background, with timeouts, retries, failures; lets each alone,
 * waits for it, cancels it from another thread, shuts it down, or frees it, at random times; and ends the pool. What
 * each task is said to have done must agree with what it noted itself; nothing may run after its executor has ended,
 * and no thread stay when its pool has. Most of it happens within the first microseconds of a pool and of its calls.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <parallel.h>

#include "common.h"

enum { CALLS = 4, MOST = 40, HANG_SECONDS = 120 };

/* What a task does, and what it has done. */
typedef struct job {
    enum { RETURNS, FAILS, SLEEPS, POLLS } what; /* SLEEPS and POLLS give up when they are asked to */
    long microseconds;
    atomic_uint begun, ended, gave_up;
} job;

typedef struct call {
    job jobs[MOST], *arguments[MOST];
    size_t n;
    bool silent;
    double timeout, call_timeout;
    int retries;
    long cancel_after; /* microseconds; negative: not */
    parallel_executor *ex;
} call;

static unsigned long long seed, wrong;
static _Atomic unsigned long long rounds;
static atomic_int running;

static void complain(const char *what)
{
    fprintf(stderr, "rounds: seed %llu: %s\n", seed, what);
    wrong++;
}

static unsigned long long draw(unsigned long long *state)
{
    return scramble(++*state) >> 8;
}

static void nap(long microseconds)
{
    nanosleep(&(struct timespec){microseconds / 1000000, microseconds % 1000000 * 1000}, NULL);
}

static bool is_over(const job *job)
{
    if (job->what == SLEEPS)
        return parallel_sleep((double)job->microseconds * 1e-6) == 0;
    double end = seconds() + (double)job->microseconds * 1e-6;
    while (job->what == POLLS && seconds() < end)
        if (parallel_cancelled())
            return false;
    return true;
}

static void count(atomic_uint *what)
{
    atomic_fetch_add_explicit(what, 1, memory_order_relaxed);
}

static int work(job *const *argument, long *result, void *unused)
{
    job *job = *argument;
    (void)unused;
    atomic_fetch_add_explicit(&running, 1, memory_order_relaxed);
    count(&job->begun);
    bool over = is_over(job);
    if (!over)
        count(&job->gave_up);
    count(&job->ended);
    atomic_fetch_sub_explicit(&running, 1, memory_order_relaxed);
    *result = job->microseconds + 1;
    return !over ? EINTR : job->what == FAILS ? EIO : 0;
}
PARALLEL_DECORATE_TASK(work, job *, long);

static void plan(call *c, unsigned long long *state)
{
    static const double times[] = {0, 0, 0, 50e-6, 500e-6};
    *c = (call){.n = draw(state) % MOST + 1, .silent = draw(state) % 2};
    c->timeout = times[draw(state) % 5];
    c->call_timeout = times[draw(state) % 5];
    c->retries = (int)(draw(state) % 3);
    c->cancel_after = (long)(draw(state) % 400) - 200;
    bool quick = draw(state) % 2; /* nothing but what returns at once */
    for (size_t i = 0; i < c->n; i++) {
        unsigned long long r = draw(state);
        c->jobs[i].what = quick ? RETURNS : r % 16 < 10 ? RETURNS : r % 16 == 10 ? FAILS : r % 2 ? SLEEPS : POLLS;
        c->jobs[i].microseconds = (long)(r / 16 % 300);
        c->arguments[i] = &c->jobs[i];
    }
}

/* Whether what the results say of a task can be so. */
static bool agrees(const call *c, const parallel_results *r, size_t i)
{
    const job *job = &c->jobs[i];
    unsigned begun = job->begun, gave_up = job->gave_up;
    bool value = parallel_result(r, i) && *(const long *)parallel_result(r, i) == job->microseconds + 1;
    if (begun != job->ended || begun > 1 + (unsigned)c->retries)
        return false;
    switch (parallel_result_state(r, i)) {
    case PARALLEL_OK:
        return value && begun > 0 && job->what != FAILS;
    case PARALLEL_ERROR:
        return !value && begun > 0 && (job->what == FAILS || gave_up > 0);
    case PARALLEL_TIMED_OUT:
        return !value && begun > 0 && (c->timeout > 0 || c->call_timeout > 0);
    case PARALLEL_CANCELLED:
        return !value && gave_up > 0;
    case PARALLEL_NOT_RUN:
        return !value && begun == 0;
    default:
        return false;
    }
}

static void check(const call *c, const parallel_results *r)
{
    if (!r) {
        if (c->silent)
            complain("a silent call has no results");
        else if (errno == 0)
            complain("a call failed without an error");
        return;
    }
    if (parallel_length(r) != c->n || (!c->silent && parallel_failures(r) > 0))
        complain("wrong results");
    for (size_t i = 0; i < c->n; i++)
        if (!agrees(c, r, i))
            complain("a task is said to have done what it did not");
}

static void *cancel(void *argument)
{
    const call *c = argument;
    nap(c->cancel_after);
    parallel_cancel(c->ex);
    return NULL;
}

/* Ends a call in one of all ways. */
static void end(call *c, unsigned long long *state)
{
    pthread_t canceller;
    bool cancelled = c->cancel_after >= 0 && pthread_create(&canceller, NULL, cancel, c) == 0;
    unsigned long long way = draw(state) % 5;
    if (way == 1)
        parallel_executor_wait(c->ex, 100e-6);
    if (way == 2)
        parallel_executor_shutdown(c->ex);
    if (way >= 2) {
        errno = 0;
        check(c, parallel_executor_results(c->ex));
        if (!parallel_executor_done(c->ex))
            complain("there are results of an executor that is not done");
    }
    if (cancelled)
        pthread_join(canceller, NULL);
    parallel_executor_free(c->ex);
    for (size_t i = 0; i < c->n; i++)
        if (c->jobs[i].begun != c->jobs[i].ended)
            complain("a task runs, and its executor has ended");
}

/* How many threads there are, but for those that have been joined and are still on their way out. */
static int threads(int expected)
{
    int n = -1;
    for (double give_up = seconds() + 5; n != expected && seconds() < give_up;) {
        DIR *tasks = opendir("/proc/self/task");
        if (!tasks)
            return expected; /* such a system does not say */
        for (n = -2; readdir(tasks);)
            n++;
        closedir(tasks);
    }
    return n;
}

static void run_round(int workers, unsigned long long *state)
{
    static call calls[CALLS];
    size_t n = draw(state) % (CALLS + 1);
    parallel_pool *pool = parallel_pool_new(workers);
    if (!pool) {
        complain("there is no pool");
        return;
    }
    for (size_t k = 0; k < n; k++) {
        call *c = &calls[k];
        plan(c, state);
        c->ex = parallel_async_map(work, c->arguments, c->n, .pool = pool, .silent = c->silent, .timeout = c->timeout,
                                   .call_timeout = c->call_timeout, .retries = c->retries);
        if (!c->ex)
            complain("there is no executor");
    }
    for (size_t k = 0; k < n; k++)
        end(&calls[(k + seed) % n], state);
    if (atomic_load_explicit(&running, memory_order_relaxed) != 0)
        complain("a task runs, and all executors have ended");
    parallel_pool_free(pool);
}

static void *watch(void *unused)
{
    (void)unused;
    for (unsigned long long last = 0;; last = atomic_load_explicit(&rounds, memory_order_relaxed)) {
        sleep(HANG_SECONDS);
        if (atomic_load_explicit(&rounds, memory_order_relaxed) == last) {
            fprintf(stderr, "rounds: hang in the round after %llu\n", last);
            abort();
        }
    }
}

int main(int argc, char **argv)
{
    static const int factors[] = {1, 2, 8};
    unsigned long long most = argc > 1 ? strtoull(argv[1], NULL, 10) : 100, all_wrong = 0;
    unsigned long long first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    pthread_t watchdog;
    if (pthread_create(&watchdog, NULL, watch, NULL) != 0)
        return 2;
    int before = threads(2);
    for (int f = 0; f < 3; f++) {
        wrong = 0;
        for (seed = first; seed < first + most && wrong < 20; seed++) {
            unsigned long long state = scramble(seed * 3 + (unsigned)f);
            run_round((int)cores * factors[f], &state);
            atomic_fetch_add_explicit(&rounds, 1, memory_order_relaxed);
        }
        if (threads(before) != before)
            complain("threads are left");
        printf("%s %d - %llu rounds with %d times as many workers as cores, first seed %llu\n", wrong ? "not ok" : "ok",
               f + 1, seed - first, factors[f], first);
        all_wrong += wrong;
    }
    printf("1..3\n");
    return all_wrong ? 1 : 0;
}
