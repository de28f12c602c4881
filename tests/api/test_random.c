/* SPDX-License-Identifier: MIT */
/*
 * Random calls from several threads, each checked against a serial model: support/random.h says how.
 *
 * Each test is a seed. With RANDOM_SECONDS in the environment they take that many seconds in all, beginning with the
 * calls that RANDOM_SEED stands for.
 */
#include <parallel.h>
#include <stdlib.h>

#include "support/random.h"
#include "support/tasks.h"

enum { SEEDS = 20, ROUNDS = PL_SANITIZED ? 60 : 500, MOST_THREADS = 4, HANG_SECONDS = 150 };

static double until; /* 0: so many rounds */
static unsigned long long first_seed = 1;

typedef struct runner {
    pthread_t thread;
    unsigned long long first, step; /* seeds of rounds */
    _Atomic unsigned long long now; /* the one that runs */
    atomic_uint rounds;
    atomic_bool ended;
} runner;

static void *run_rounds(void *context)
{
    runner *r = context;
    unsigned long long k = 0;
    for (; (until ? pl_seconds() < until : r->first + k * r->step < ROUNDS) && !rnd_complaint(); k++) {
        unsigned long long seed = first_seed * 1000000000 + r->first + k * r->step;
        atomic_store_explicit(&r->now, seed, memory_order_relaxed);
        rnd_run(seed, 0, NULL);
        atomic_fetch_add_explicit(&r->rounds, 1, memory_order_relaxed);
    }
    atomic_store_explicit(&r->ended, true, memory_order_release);
    return NULL;
}

/* Waits until all have ended; not if none gets on any more. */
static bool await_all(runner *runners, unsigned count)
{
    unsigned before = 0, ended = 0;
    for (double since = pl_seconds(); ended < count; pl_test_sleep(2000)) {
        unsigned now = ended = 0;
        for (unsigned i = 0; i < count; i++) {
            now += atomic_load_explicit(&runners[i].rounds, memory_order_relaxed);
            ended += atomic_load_explicit(&runners[i].ended, memory_order_acquire);
        }
        if (now != before)
            since = pl_seconds();
        before = now;
        if (pl_seconds() - since > HANG_SECONDS)
            return false;
    }
    return true;
}

START_TEST(random_calls)
{
    static runner runners[MOST_THREADS];
    static const int workers[] = {2, 4, 1, 3, 8};
    unsigned count = 1 + (unsigned)_i % MOST_THREADS;
    const char *seconds = getenv("RANDOM_SECONDS"), *seed = getenv("RANDOM_SEED");
    pl_workers(workers[_i % 5]);
    first_seed = (seed ? strtoull(seed, NULL, 10) * SEEDS : 0) + (unsigned)_i + 1;
    until = seconds ? pl_seconds() + atof(seconds) / SEEDS : 0;
    rnd_begin();
    for (unsigned i = 0; i < count; i++) {
        runners[i] = (runner){.first = i, .step = count};
        ck_assert_int_eq(pthread_create(&runners[i].thread, NULL, run_rounds, &runners[i]), 0);
    }
    if (!await_all(runners, count))
        ck_abort_msg("a hang, with seeds %llu %llu %llu %llu in progress", runners[0].now, runners[1].now,
                     runners[2].now, runners[3].now);
    for (unsigned i = 0; i < count; i++)
        pthread_join(runners[i].thread, NULL);
    ck_assert_msg(!rnd_complaint(), "%s", rnd_complaint());
    rnd_end();
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    const char *seconds = getenv("RANDOM_SECONDS");
    if (seconds)
        tcase_set_timeout(c, PL_TEST_SECONDS + atof(seconds) / SEEDS);
    tcase_add_loop_test(c, random_calls, 0, SEEDS);
    return pl_run("random", c);
}
