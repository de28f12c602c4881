/* SPDX-License-Identifier: MIT */
/* Tasks: who waits in a join runs only what that waits for. So locks may be held across it, and stacks grow no deeper
 * than the program nests tasks. */
#ifdef __linux__
#define _GNU_SOURCE /* for the size of all threads' stacks */
#endif
#include <parallel.h>
#include <pthread.h>
#include <unistd.h>

#include "support/tasks.h"

/* Does nothing for a while, but keeps its CPU busy. */
static void toil(int rounds)
{
    atomic_int sink = 0;
    for (int i = 0; i < rounds; i++)
        atomic_store_explicit(&sink, i, memory_order_relaxed);
}

/* ---- a lock held across a join --------------------------------------------------------------------------- */

enum { LOCKS = 2 };

static struct {
    pthread_mutex_t mutex;
    long inside;
} locks[LOCKS];
static atomic_int misdeeds;

static void make_locks(void)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    for (int i = 0; i < LOCKS; i++)
        pthread_mutex_init(&locks[i].mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

static int count_children(unsigned long long seed, int level)
{
    return level == 0 ? 0 : (int)(seed % 5);
}

static unsigned long long child_of(unsigned long long seed, int i)
{
    return pl_scramble(seed + (unsigned long long)i);
}

static long count_nodes(unsigned long long seed, int level)
{
    long nodes = 1;
    for (int i = count_children(seed, level); i > 0; i--)
        nodes += count_nodes(child_of(seed, i), level - 1);
    return nodes;
}

/* A random tree. Some nodes hold a lock across their joins; none below them takes any. The mutexes tell if a thread
 * takes one again that it holds, or gives one back that it does not. */
PARALLEL_TASK(long, node, unsigned long long, seed, int, level, bool, guarded)
{
    int lock = !guarded && seed / 8 % 3 == 0 ? (int)(seed / 32 % LOCKS) : -1, children = count_children(seed, level);
    if (lock >= 0 && pthread_mutex_lock(&locks[lock].mutex) != 0)
        pl_count(&misdeeds);
    if (lock >= 0 && locks[lock].inside++ != 0)
        pl_count(&misdeeds);
    guarded = guarded || lock >= 0;
    long nodes = 1;
    for (int i = children; i > 1; i--)
        PARALLEL_SPAWN(node, child_of(seed, i), level - 1, guarded);
    if (children > 0 && seed / 128 % 4 == 0)
        nodes += PARALLEL_RUN(node, child_of(seed, 1), level - 1, guarded);
    else if (children > 0)
        nodes += PARALLEL_CALL(node, child_of(seed, 1), level - 1, guarded);
    else if (seed / 128 % 16 == 0)
        pl_test_sleep(20);
    else
        toil((int)(seed / 128 % 512));
    for (int i = children; i > 1; i--)
        nodes += PARALLEL_SYNC(node);
    if (lock >= 0 && (--locks[lock].inside != 0 || pthread_mutex_unlock(&locks[lock].mutex) != 0))
        pl_count(&misdeeds);
    return nodes;
}

static atomic_int miscounts;

static void *grow_trees(void *seed)
{
    for (unsigned long long round = 0; round < (PL_SANITIZED ? 25 : 100); round++) {
        unsigned long long root = pl_scramble(*(unsigned long long *)seed + round) / 5 * 5 + 4;
        if (PARALLEL_RUN(node, root, 6, false) != count_nodes(root, 6))
            pl_count(&miscounts);
    }
    return NULL;
}

START_TEST(a_lock_is_not_taken_again_by_a_stranger)
{
    pl_workers(pl_task_workers[_i]);
    make_locks();
    unsigned long long seed = 1000;
    grow_trees(&seed);
    ck_assert_int_eq(atomic_load_explicit(&misdeeds, memory_order_relaxed), 0);
    ck_assert_int_eq(atomic_load_explicit(&miscounts, memory_order_relaxed), 0);
}
END_TEST

START_TEST(nor_by_a_stranger_of_another_run)
{
    pl_workers(pl_task_workers[_i]);
    make_locks();
    pthread_t threads[3];
    unsigned long long seeds[3] = {2000, 3000, 4000};
    for (int t = 0; t < 3; t++)
        ck_assert_int_eq(pthread_create(&threads[t], NULL, grow_trees, &seeds[t]), 0);
    for (int t = 0; t < 3; t++)
        pthread_join(threads[t], NULL);
    ck_assert_int_eq(atomic_load_explicit(&misdeeds, memory_order_relaxed), 0);
    ck_assert_int_eq(atomic_load_explicit(&miscounts, memory_order_relaxed), 0);
}
END_TEST

/* ---- how deep tasks sit on each other -------------------------------------------------------------------- */

static _Thread_local int depth;
static _Thread_local unsigned leaves;
static atomic_int deepest;

static void go_in(void)
{
    int now = ++depth, most = atomic_load_explicit(&deepest, memory_order_relaxed);
    while (most < now &&
           !atomic_compare_exchange_weak_explicit(&deepest, &most, now, memory_order_relaxed, memory_order_relaxed)) {
    }
}

static void go_out(void)
{
    depth--;
}

enum { BUSH = 4, COMB = 300, COMBS = 6 };

PARALLEL_TASK(long, bush, int, height)
{
    go_in();
    long sum = 1;
    if (height > 0) {
        PARALLEL_SPAWN(bush, height - 1);
        PARALLEL_SPAWN(bush, height - 1);
        toil(10);
        sum += PARALLEL_SYNC(bush);
        sum += PARALLEL_SYNC(bush);
    } else if (++leaves % 64 == 0) {
        pl_test_sleep(20); /* so that whoever spawned it waits */
    } else {
        toil(100);
    }
    go_out();
    return sum;
}

/* Each node is a bush, and above it another node, which is spawned first or last, or called, as `order` says. */
PARALLEL_TASK(long, comb, int, height, int, order)
{
    go_in();
    long sum = 0;
    int turn = order == 3 ? height % 3 : order;
    if (height == 0) {
        sum = PARALLEL_CALL(bush, BUSH);
    } else if (turn == 0) {
        PARALLEL_SPAWN(comb, height - 1, order);
        PARALLEL_SPAWN(bush, BUSH);
        sum += PARALLEL_SYNC(bush);
        sum += PARALLEL_SYNC(comb);
    } else if (turn == 1) {
        PARALLEL_SPAWN(bush, BUSH);
        PARALLEL_SPAWN(comb, height - 1, order);
        sum += PARALLEL_SYNC(comb);
        sum += PARALLEL_SYNC(bush);
    } else {
        PARALLEL_SPAWN(bush, BUSH);
        PARALLEL_SPAWN(bush, BUSH - 1);
        sum += PARALLEL_CALL(comb, height - 1, order);
        sum += PARALLEL_SYNC(bush) - ((1L << BUSH) - 1);
        sum += PARALLEL_SYNC(bush);
    }
    go_out();
    return sum;
}

/* Many combs, so that there are strangers at every height. */
PARALLEL_TASK(long, forest, int, combs, int, order)
{
    go_in();
    long sum = 0;
    for (int i = 0; i < combs; i++)
        PARALLEL_SPAWN(comb, COMB, order);
    for (int i = 0; i < combs; i++)
        sum += PARALLEL_SYNC(comb);
    go_out();
    return sum;
}

static void *run_forests(void *rounds)
{
    const long nodes = COMBS * (COMB + 1) * ((2L << BUSH) - 1);
    for (int round = 0; round < *(int *)rounds; round++)
        if (PARALLEL_RUN(forest, COMBS, round % 4) != nodes)
            pl_count(&miscounts);
    return NULL;
}

/* Twice what the program's own nesting needs. */
#ifdef __OPTIMIZE__
enum { SMALL_STACK = 256 << 10 };
#else
enum { SMALL_STACK = 1 << 20 };
#endif

/* All threads, this one included, have small stacks where that can be arranged, and where a sanitizer does not need
 * more. */
START_TEST(stacks_grow_no_deeper_than_the_program_nests)
{
    pl_workers(pl_task_workers[_i]);
    long least = sysconf(_SC_THREAD_STACK_MIN), small = SMALL_STACK;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    if (!PL_SANITIZED) {
        ck_assert_int_eq(pthread_attr_setstacksize(&attributes, (size_t)(small > least ? small : least)), 0);
#ifdef __GLIBC__
        ck_assert_int_eq(pthread_setattr_default_np(&attributes), 0);
#endif
    }
    pthread_t thread;
    static int rounds = PL_SANITIZED ? 4 : 16;
    ck_assert_int_eq(pthread_create(&thread, &attributes, run_forests, &rounds), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    ck_assert_int_eq(atomic_load_explicit(&miscounts, memory_order_relaxed), 0);
    ck_assert_int_le(atomic_load_explicit(&deepest, memory_order_relaxed), 1 + COMB + 1 + BUSH + 1);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, a_lock_is_not_taken_again_by_a_stranger, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, nor_by_a_stranger_of_another_run, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, stacks_grow_no_deeper_than_the_program_nests, 0, PL_TASK_WORKERS);
    return pl_run("api/task_strangers", c);
}
