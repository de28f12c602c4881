/* SPDX-License-Identifier: MIT */
/* Parking, and the set of sleepers: no wake-up is lost, each sleeper is claimed once, the count is right. */
#include <pthread.h>

#include "base/os.h"
#include "sched/sleep.h"
#include "support/test.h"

START_TEST(token_is_kept)
{
    pl_parker parker = {0};
    ck_assert(!pl_park(&parker, 0));
    pl_unpark(&parker);
    pl_unpark(&parker); /* at most one */
    ck_assert(pl_park(&parker, -1));
    ck_assert(!pl_park(&parker, 1000));
}
END_TEST

START_TEST(lowest_is_claimed_first)
{
    static pl_sleep sleep;
    static const unsigned sleepers[] = {900, 3, 64, 63};
    static const int order[] = {3, 63, 64, 900};
    for (int i = 0; i < 4; i++) {
        pl_sleep_search(&sleep);
        pl_sleep_announce(&sleep, sleepers[i]);
    }
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pl_sleep_claim(&sleep, PL_SLEEP_MAX), order[i]);
        ck_assert(pl_sleep_searching(&sleep));
    }
    ck_assert_int_eq(pl_sleep_claim(&sleep, PL_SLEEP_MAX), PL_SLEEP_NONE);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pl_sleep_found(&sleep), i == 3);
    ck_assert(!pl_sleep_searching(&sleep));
}
END_TEST

START_TEST(withdraw_knows_who_was_first)
{
    static pl_sleep sleep;
    pl_sleep_search(&sleep);
    pl_sleep_announce(&sleep, 5);
    ck_assert(pl_sleep_withdraw(&sleep, 5));
    ck_assert_int_eq(sleep.searching, 1);
    pl_sleep_announce(&sleep, 5);
    ck_assert_int_eq(pl_sleep_claim(&sleep, PL_SLEEP_MAX), 5);
    ck_assert_int_eq(sleep.searching, 1);
    ck_assert(!pl_sleep_withdraw(&sleep, 5));
    ck_assert_int_eq(sleep.searching, 1);
}
END_TEST

/* A look goes to those that are neither asleep nor quiet, however many others there are. */
static unsigned walk_over(const pl_sleep *sleep, unsigned from, unsigned to, unsigned *found)
{
    unsigned count = 0, i;
    for (pl_sleep_walk walk = pl_sleep_walk_over(sleep, from, to); pl_sleep_walk_on(&walk, &i); count++)
        found[count] = i;
    return count;
}

START_TEST(walk_finds_the_busy)
{
    static pl_sleep sleep;
    static unsigned found[PL_SLEEP_MAX];
    ck_assert_uint_eq(walk_over(&sleep, 0, 0, found), 0);
    ck_assert_uint_eq(walk_over(&sleep, 0, PL_SLEEP_MAX, found), PL_SLEEP_MAX);
    for (unsigned i = 0; i < PL_SLEEP_MAX; i++) {
        ck_assert_uint_eq(found[i], i);
        if (i % 2) {
            pl_sleep_be_quiet(&sleep, i);
        } else {
            pl_sleep_search(&sleep);
            pl_sleep_announce(&sleep, i);
        }
    }
    ck_assert_uint_eq(walk_over(&sleep, 0, PL_SLEEP_MAX, found), 0);
    ck_assert_uint_eq(pl_sleep_count(&sleep, PL_SLEEP_MAX), PL_SLEEP_MAX / 2);
    for (unsigned n = 0; n < 4; n++)
        pl_sleep_be_heard(&sleep, (unsigned[]){63, 65, 1, 1023}[n]);
    ck_assert(pl_sleep_withdraw(&sleep, 64));
    static const unsigned order[] = {1, 63, 64, 65, 1023};
    ck_assert_uint_eq(walk_over(&sleep, 0, PL_SLEEP_MAX, found), 5);
    for (int k = 0; k < 5; k++)
        ck_assert_uint_eq(found[k], order[k]);
    ck_assert_uint_eq(walk_over(&sleep, 64, 65, found), 1);
    ck_assert_uint_eq(found[0], 64);
    ck_assert_uint_eq(walk_over(&sleep, 2, 63, found), 0);
    ck_assert_uint_eq(walk_over(&sleep, 66, 1023, found), 0);
    ck_assert_uint_eq(pl_sleep_count(&sleep, PL_SLEEP_MAX), PL_SLEEP_MAX / 2 - 1);
}
END_TEST

/* ---- the protocol, with a counter for the deques ------------------------------------------------------- */

enum { WORKERS = 3, JOBS = 100000 };

static struct {
    pl_sleep sleep;
    pl_parker parker[WORKERS];
    _Atomic int jobs, over;
    _Atomic int done;
} shared;

static bool work_there(void)
{
    return atomic_load_explicit(&shared.jobs, memory_order_seq_cst) > 0;
}

static void notify(void)
{
    do {
        if (pl_sleep_searching(&shared.sleep))
            return;
        int i = pl_sleep_claim(&shared.sleep, WORKERS);
        if (i >= 0)
            pl_unpark(&shared.parker[i]);
        if (i != PL_SLEEP_OWING)
            return;
    } while (work_there());
}

static bool take_job(void)
{
    int jobs = atomic_load_explicit(&shared.jobs, memory_order_seq_cst);
    while (jobs > 0)
        if (atomic_compare_exchange_weak_explicit(&shared.jobs, &jobs, jobs - 1, memory_order_seq_cst,
                                                  memory_order_seq_cst))
            return true;
    return false;
}

static bool is_over(void)
{
    return atomic_load_explicit(&shared.over, memory_order_seq_cst) != 0;
}

/* As worker.c does it. Every third rest is a timed one. */
static void *worker(void *number)
{
    unsigned me = (unsigned)(uintptr_t)number;
    pl_sleep_search(&shared.sleep);
    for (unsigned rests = 0; !is_over();) {
        if (take_job()) {
            if (pl_sleep_found(&shared.sleep) && work_there())
                notify();
            atomic_fetch_add_explicit(&shared.done, 1, memory_order_relaxed);
            pl_sleep_search(&shared.sleep);
            continue;
        }
        pl_sleep_announce(&shared.sleep, me);
        if (!work_there() && !is_over())
            pl_park(&shared.parker[me], rests++ % 3 ? -1 : 20000);
        pl_sleep_withdraw(&shared.sleep, me);
    }
    pl_sleep_found(&shared.sleep);
    return NULL;
}

/* One job at a time, each awaited: a lost wake-up is a hang, which the time limit tells. */
START_TEST(no_wake_up_is_lost)
{
    pthread_t threads[WORKERS];
    unsigned long long seed = (unsigned long long)_i + 1;
    for (int i = 0; i < WORKERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, worker, (void *)(uintptr_t)i), 0);
    int made = 0;
    while (made < JOBS / 10) {
        int burst = (int)(pl_random(&seed) % 3) + 1;
        for (int i = 0; i < burst; i++, made++) {
            atomic_fetch_add_explicit(&shared.jobs, 1, memory_order_seq_cst);
            notify();
        }
        while (atomic_load_explicit(&shared.done, memory_order_relaxed) < made)
            pl_os_yield();
        if (pl_random(&seed) % 8 == 0)
            pl_test_sleep(30);
    }
    atomic_store_explicit(&shared.over, 1, memory_order_seq_cst);
    for (int i = 0; i < WORKERS; i++)
        pl_unpark(&shared.parker[i]);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_int_eq(shared.done, made);
    ck_assert_int_eq(shared.sleep.searching, 0);
    ck_assert_uint_eq(shared.sleep.bits[0].asleep, 0);
}
END_TEST

/* Two threads that wake each other in turn. */
static pl_parker ping, pong;

static void *echo(void *rounds)
{
    for (int i = 0; i < *(int *)rounds; i++) {
        pl_park(&ping, -1);
        pl_unpark(&pong);
    }
    return NULL;
}

START_TEST(ping_pong)
{
    int rounds = 20000;
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, echo, &rounds), 0);
    for (int i = 0; i < rounds; i++) {
        pl_unpark(&ping);
        ck_assert(pl_park(&pong, -1));
    }
    pthread_join(thread, NULL);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_test(c, token_is_kept);
    tcase_add_test(c, lowest_is_claimed_first);
    tcase_add_test(c, withdraw_knows_who_was_first);
    tcase_add_test(c, walk_finds_the_busy);
    tcase_add_loop_test(c, no_wake_up_is_lost, 0, 4);
    tcase_add_test(c, ping_pong);
    return pl_run("sleep", c);
}
