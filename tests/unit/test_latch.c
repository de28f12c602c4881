/* SPDX-License-Identifier: MIT */
/* The completion latch: nobody is missed, and its memory may go as soon as it is open. */
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/os.h"
#include "sched/latch.h"
#include "support/test.h"

static void wait_for(pl_latch *latch, pl_parker *parker)
{
    while (!pl_latch_open(latch)) {
        if (pl_latch_announce(latch))
            pl_park(parker, -1);
        pl_latch_withdraw(latch);
    }
}

START_TEST(counts)
{
    pl_parker parker = {0};
    pl_latch latch;
    pl_latch_init(&latch, &parker);
    ck_assert(pl_latch_open(&latch));
    ck_assert(!pl_latch_announce(&latch)); /* nothing to wait for */
    pl_latch_withdraw(&latch);
    pl_latch_add(&latch);
    pl_latch_add(&latch);
    ck_assert(!pl_latch_open(&latch));
    ck_assert(pl_latch_announce(&latch));
    pl_latch_drop(&latch);
    ck_assert(!pl_park(&parker, 0)); /* not the last: no wake-up */
    ck_assert(!pl_latch_open(&latch));
    pl_latch_drop(&latch);
    ck_assert(pl_latch_open(&latch));
    ck_assert(pl_park(&parker, 0));
}
END_TEST

START_TEST(poke_wakes_only_who_waits)
{
    pl_parker parker = {0};
    pl_latch latch;
    pl_latch_init(&latch, &parker);
    pl_latch_add(&latch);
    pl_latch_poke(&latch);
    ck_assert(!pl_park(&parker, 0));
    ck_assert(pl_latch_announce(&latch));
    pl_latch_poke(&latch);
    ck_assert(pl_park(&parker, 0));
    pl_latch_withdraw(&latch);
    pl_latch_poke(&latch);
    ck_assert(!pl_park(&parker, 0));
}
END_TEST

enum { HELPERS = 3, ROUNDS = 20000 };

static struct {
    _Atomic(pl_latch *) latch[HELPERS];
    int work[HELPERS];
    _Atomic int over;
} shared;

/* Helpers get a latch each round, work, and drop it. */
static void *helper(void *number)
{
    int me = (int)(intptr_t)number;
    unsigned long long seed = (unsigned long long)me + 1;
    for (;;) {
        pl_latch *latch = atomic_exchange_explicit(&shared.latch[me], NULL, memory_order_acquire);
        if (!latch) {
            if (atomic_load_explicit(&shared.over, memory_order_relaxed))
                return NULL;
            pl_os_yield();
            continue;
        }
        if (pl_random(&seed) % 64 == 0)
            pl_test_sleep(50);
        shared.work[me]++;
        pl_latch_drop(latch);
    }
}

/* The latch is on the stack, and its memory is spoilt as soon as it is open: a helper that touched it afterwards would
 * corrupt the next round's, or be seen by a sanitizer. */
static void one_round(pl_parker *parker, int round)
{
    pl_latch latch;
    pl_latch_init(&latch, parker);
    for (int i = 0; i < HELPERS; i++)
        pl_latch_add(&latch);
    for (int i = 0; i < HELPERS; i++)
        atomic_store_explicit(&shared.latch[i], &latch, memory_order_release);
    wait_for(&latch, parker);
    for (int i = 0; i < HELPERS; i++)
        ck_assert_msg(shared.work[i] == round + 1, "round %d: helper %d was missed", round, i);
    memset(&latch, 0xa5, sizeof latch);
    __asm__ volatile("" ::"r"(&latch) : "memory");
}

START_TEST(waits_for_all)
{
    pl_parker parker = {0};
    pthread_t threads[HELPERS];
    for (int i = 0; i < HELPERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, helper, (void *)(intptr_t)i), 0);
    for (int round = 0; round < ROUNDS; round++)
        one_round(&parker, round);
    atomic_store_explicit(&shared.over, 1, memory_order_relaxed);
    for (int i = 0; i < HELPERS; i++)
        pthread_join(threads[i], NULL);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_test(c, counts);
    tcase_add_test(c, poke_wakes_only_who_waits);
    tcase_add_test(c, waits_for_all);
    return pl_run("latch", c);
}
