/* SPDX-License-Identifier: MIT */
/* Counters of what workers have done: blocks, and accounts of threads; stats.h says which is which. */
#include "sched/stats.h"

#include <pthread.h>
#include <stddef.h>

#include "base/life.h"

/* What has no worker, or has one no more. */
static pl_counters gone;

/* To the interleaving tester, there is no list. */
#ifdef PL_MODEL
enum { HAS_LIST = 0 };
#else
enum { HAS_LIST = 1 };
#endif

/* The accounts of threads; kept under the mutex. */
static pl_stats_account *accounts;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t key; /* tells when a thread ends that has an account */
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static bool has_key;

/* ---- blocks ---------------------------------------------------------------------------------------------- */

void pl_stats_count_shared(pl_counters *counters, pl_counter which, uint64_t more)
{
#ifndef PL_MODEL
    /* N10 relaxed: a number by itself; pairs with N5 */
    atomic_fetch_add_explicit(&(counters ? counters : &gone)->of[which], more, memory_order_relaxed);
#else
    (void)counters;
    (void)which;
    (void)more;
#endif
}

static uint64_t read_counter(const pl_counters *counters, int which)
{
    /* N5 relaxed: numbers by themselves, which may be of different moments; pairs with N2, N10 */
    return atomic_load_explicit((_Atomic uint64_t *)&counters->of[which], memory_order_relaxed);
}

void pl_stats_add_block(pl_counters *to, const pl_counters *from)
{
    for (int i = 0; i < PL_COUNTERS; i++)
        pl_stats_count_shared(to, (pl_counter)i, read_counter(from, i));
}

/* ---- accounts -------------------------------------------------------------------------------------------- */

/* With the mutex held, so that nothing is counted twice; by the account's thread. */
static void move_account(pl_stats_account *account, pl_counters *to)
{
    pl_stats_count_shared(to, PL_COUNT_ITEMS, pl_stats_get(&account->items));
    pl_stats_count_shared(to, PL_COUNT_INLINE, pl_stats_get(&account->loops));
    pl_stats_set(&account->items, 0);
    pl_stats_set(&account->loops, 0);
}

void pl_stats_settle(pl_stats_account *account, pl_counters *to)
{
    if (!account->entered)
        return; /* what it has counts where its thread looks closely the next time */
    pthread_mutex_lock(&mutex);
    move_account(account, to);
    pthread_mutex_unlock(&mutex);
}

/* The account's thread ends. Should a later destructor of its make calls, it enters anew. */
static void leave_list(void *of_thread)
{
    pl_stats_account *account = of_thread;
    pthread_mutex_lock(&mutex);
    move_account(account, NULL);
    *account->link = account->next;
    if (account->next)
        account->next->link = account->link;
    pthread_mutex_unlock(&mutex);
    account->entered = false;
}

static void make_key(void)
{
    has_key = pthread_key_create(&key, leave_list) == 0;
}

void pl_stats_enter(pl_stats_account *account)
{
    if (!HAS_LIST || account->entered)
        return;
    pthread_once(&key_once, make_key);
    if (!has_key || pthread_setspecific(key, account) != 0)
        return;
    pthread_mutex_lock(&mutex);
    account->next = accounts;
    account->link = &accounts;
    if (accounts)
        accounts->link = &account->next;
    accounts = account;
    pthread_mutex_unlock(&mutex);
    account->entered = true;
}

void pl_stats_read(const pl_counters *counters, uint64_t sums[PL_COUNTERS])
{
    for (int i = 0; counters && i < PL_COUNTERS; i++)
        sums[i] += read_counter(counters, i);
    if (counters)
        return;
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < PL_COUNTERS; i++)
        sums[i] += read_counter(&gone, i);
    for (pl_stats_account *a = accounts; a; a = a->next) {
        sums[PL_COUNT_ITEMS] += pl_stats_get(&a->items);
        sums[PL_COUNT_INLINE] += pl_stats_get(&a->loops);
    }
    pthread_mutex_unlock(&mutex);
}

/* ---- life ------------------------------------------------------------------------------------------------ */

/* Threads may live on, whose accounts are not looked at any more. */
static void end_accounts(void)
{
    if (has_key)
        pthread_key_delete(key);
    has_key = false;
}

/* The child counts from zero, and has one thread. */
static void begin_child(void)
{
    pthread_mutex_init(&mutex, NULL);
    pl_stats_account *own = has_key ? pthread_getspecific(key) : NULL;
    accounts = own;
    if (own) {
        move_account(own, NULL);
        own->next = NULL;
        own->link = &accounts;
    }
    for (int i = 0; i < PL_COUNTERS; i++)
        atomic_init(&gone.of[i], 0);
}

PL_LIFE(PL_LIFE_STATS, .in_child = begin_child, .unloaded = end_accounts);
