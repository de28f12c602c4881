/* SPDX-License-Identifier: MIT */
/* Tasks: all the ways to spawn and to join, and very many at once, also where there is no room for them. */
#include <parallel.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/process.h"
#include "support/tasks.h"

/* ---- many at once ---------------------------------------------------------------------------------------- */

PARALLEL_TASK(int, next_of, int, i)
{
    return i + 1;
}

/* Spawns so many before the first join. */
PARALLEL_TASK(int64_t, spawn_all, int, n)
{
    for (int i = 0; i < n; i++)
        PARALLEL_SPAWN(next_of, i);
    int wrong = 0;
    for (int i = n; i > 0; i--)
        wrong += PARALLEL_SYNC(next_of) != i;
    return wrong;
}

START_TEST(a_million_spawns_before_a_join)
{
    pl_workers(pl_task_workers[_i]);
    ck_assert_int_eq(PARALLEL_RUN(spawn_all, PL_TSAN ? 200000 : 1000000), 0);
    for (int n = 0; n < 300; n++)
        ck_assert_int_eq(PARALLEL_RUN(spawn_all, n), 0);
    if (!PL_SANITIZED)
        ck_assert_int_eq(PARALLEL_RUN(spawn_all, 4000000), 0);
}
END_TEST

/* As before, by many tasks on top of each other, all of which spawn before any joins. */
PARALLEL_TASK(int64_t, spawn_all_at_each_level, int, levels, int, n)
{
    int64_t wrong = 0;
    for (int i = 0; i < n; i++)
        PARALLEL_SPAWN(next_of, i);
    if (levels > 1)
        wrong += PARALLEL_CALL(spawn_all_at_each_level, levels - 1, n);
    for (int i = n; i > 0; i--)
        wrong += PARALLEL_SYNC(next_of) != i;
    return wrong;
}

START_TEST(many_at_each_level)
{
    pl_workers(pl_task_workers[_i]);
    ck_assert_int_eq(PARALLEL_RUN(spawn_all_at_each_level, 50, 1000), 0);
    ck_assert_int_eq(PARALLEL_RUN(spawn_all_at_each_level, 1000, 3), 0);
}
END_TEST

struct large {
    int number[40];
};

static struct large large_of(int i)
{
    struct large l = {{0}};
    for (int k = 0; k < 40; k++)
        l.number[k] = i * 40 + k;
    return l;
}

static bool is_large_of(const struct large *l, int i)
{
    for (int k = 0; k < 40; k++)
        if (l->number[k] != i * 40 + k)
            return false;
    return true;
}

/* From large_of(i) to large_of(i + 1), by a child. */
PARALLEL_TASK(struct large, next_large, struct large, l, bool, leaf)
{
    if (!leaf) {
        PARALLEL_SPAWN(next_large, l, true);
        return PARALLEL_SYNC(next_large);
    }
    for (int k = 0; k < 40; k++)
        l.number[k] += 40;
    return l;
}

PARALLEL_TASK(int, spawn_large, int, n)
{
    int wrong = 0;
    for (int i = 0; i < n; i++)
        PARALLEL_SPAWN(next_large, large_of(i), i % 3);
    for (int i = n; i > 0; i--) {
        struct large l = PARALLEL_SYNC(next_large);
        wrong += !is_large_of(&l, i);
    }
    return wrong;
}

START_TEST(many_large_ones)
{
    pl_workers(pl_task_workers[_i]);
    for (int n = 1; n <= 100; n++)
        ck_assert_int_eq(PARALLEL_RUN(spawn_large, n), 0);
    ck_assert_int_eq(PARALLEL_RUN(spawn_large, 100000), 0);
}
END_TEST

PARALLEL_TASK(long, fib, int, n)
{
    if (n < 2)
        return n;
    PARALLEL_SPAWN(fib, n - 1);
    long b = PARALLEL_CALL(fib, n - 2);
    return b + PARALLEL_SYNC(fib);
}

/* ---- where there is no room for them --------------------------------------------------------------------- */

PARALLEL_TASK(int, next_by_child, int, i)
{
    PARALLEL_SPAWN(next_of, i);
    PARALLEL_SPAWN(next_of, i - 1);
    int before = PARALLEL_SYNC(next_of);
    return PARALLEL_SYNC(next_of) - before + i;
}

PARALLEL_TASK(int64_t, spawn_parents, int, n)
{
    int64_t wrong = 0;
    for (int i = 0; i < n; i++)
        PARALLEL_SPAWN(next_by_child, i);
    wrong += PARALLEL_CALL(spawn_large, 100);
    for (int i = n; i > 0; i--)
        wrong += PARALLEL_SYNC(next_by_child) != i;
    return wrong;
}

START_TEST(more_spawns_than_there_is_room_for)
{
    pl_workers(pl_task_workers[_i]);
    struct rlimit old;
    if (PL_SANITIZED || !pl_take_away_room(&old, 12 << 20))
        return;
    int64_t first = PARALLEL_RUN(spawn_parents, 1000), fibonacci = PARALLEL_RUN(fib, 20);
    setrlimit(RLIMIT_AS, &old);
    ck_assert_int_eq(first, 0);
    ck_assert_int_eq(fibonacci, 6765);
    /* the address space of the deque has been reserved, for few */
    for (int round = 0; round < 3; round++) {
        ck_assert_int_eq(PARALLEL_RUN(spawn_parents, 300000), 0);
        ck_assert_int_eq(PARALLEL_RUN(fib, 20), 6765);
        ck_assert_int_eq(PARALLEL_RUN(spawn_large, 1000), 0);
    }
}
END_TEST

/* What has no room in the deque has a little in the heap: glibc has taken that from the system beforehand. */
#ifdef __GLIBC__
enum { HEAP = 0 };
#else
enum { HEAP = 512 << 10 };
#endif

START_TEST(no_room_at_all)
{
    pl_workers(pl_task_workers[_i]);
    struct rlimit old;
    if (PL_SANITIZED || !pl_take_away_room(&old, HEAP))
        return;
    int64_t wrong = PARALLEL_RUN(spawn_parents, 50), fibonacci = PARALLEL_RUN(fib, 10);
    setrlimit(RLIMIT_AS, &old);
    ck_assert_int_eq(wrong, 0);
    ck_assert_int_eq(fibonacci, 55);
    ck_assert_int_eq(PARALLEL_RUN(spawn_parents, 1000), 0);
}
END_TEST

/* ---- ways to spawn and to join --------------------------------------------------------------------------- */

PARALLEL_TASK(double, half_of, int, i)
{
    return i / 2.0;
}

PARALLEL_TASK(void, store_square, int *, to, int, i)
{
    *to = i * i;
}

/* Tasks of four kinds, small and large, with a result and without. */
PARALLEL_TASK(int, mixture, int, n)
{
    int squares[100], wrong = 0;
    for (int i = 0; i < n; i++) {
        PARALLEL_SPAWN(next_of, i);
        PARALLEL_SPAWN(next_large, large_of(i), i % 2);
        PARALLEL_SPAWN(store_square, &squares[i], i);
        PARALLEL_SPAWN(half_of, i);
        if (i % 5 == 4) {
            double half = PARALLEL_SYNC(half_of);
            wrong += half < i / 2.0 || half > i / 2.0;
            PARALLEL_SYNC(store_square);
            PARALLEL_SPAWN(store_square, &squares[i], i);
            PARALLEL_SPAWN(half_of, i);
        }
    }
    for (int i = n - 1; i >= 0; i--) {
        double half = PARALLEL_SYNC(half_of);
        PARALLEL_SYNC(store_square);
        struct large l = PARALLEL_SYNC(next_large);
        int next = PARALLEL_SYNC(next_of);
        wrong += half < i / 2.0 || half > i / 2.0 || squares[i] != i * i || next != i + 1 || !is_large_of(&l, i + 1);
    }
    return wrong;
}

START_TEST(kinds_of_tasks_in_turn)
{
    pl_workers(pl_task_workers[_i]);
    for (int round = 0; round < 30; round++)
        for (int n = 0; n <= 100; n += n / 4 + 1)
            ck_assert_int_eq(PARALLEL_RUN(mixture, n), 0);
}
END_TEST

/* Searches for `wanted` among [begin, end): joins all it has spawned before it returns, but returns early. */
PARALLEL_TASK(int, find, int, begin, int, end, int, wanted)
{
    if (end - begin == 1)
        return begin == wanted ? begin : -1;
    int middle = begin + (end - begin) / 2;
    PARALLEL_SPAWN(find, middle, end, wanted);
    int left = PARALLEL_CALL(find, begin, middle, wanted);
    if (left >= 0) {
        PARALLEL_SYNC(find);
        return left;
    }
    if (wanted < 0)
        return (void)PARALLEL_SYNC(find), -2;
    return PARALLEL_SYNC(find);
}

START_TEST(early_returns)
{
    pl_workers(pl_task_workers[_i]);
    for (int wanted = 0; wanted < 500; wanted += 7)
        ck_assert_int_eq(PARALLEL_RUN(find, 0, 500, wanted), wanted);
    ck_assert_int_eq(PARALLEL_RUN(find, 0, 500, 1000), -1);
    ck_assert_int_eq(PARALLEL_RUN(find, 0, 500, -1), -2);
}
END_TEST

/* Spawns and joins wherever a statement, or an expression, may stand. Gives 0 + 1 + ... + (n - 1), twice. */
PARALLEL_TASK(int, nested_blocks, int, n)
{
    int sum = 0, pending = 0;
    for (int i = 0; i < n; i++)
        if (i % 3 == 0)
            PARALLEL_SPAWN(next_of, i - 1);
        else
            sum += i;
    {
        for (int i = 0; i < n; i++) {
            switch (i % 4) {
            case 0: {
                PARALLEL_SPAWN(next_of, i - 1), pending++;
                if (n > 5) {
                    PARALLEL_SPAWN(next_of, 41);
                    while (PARALLEL_SYNC(next_of) != 42)
                        return -1;
                }
                break;
            }
            case 1:
                do
                    PARALLEL_SPAWN(next_of, i - 1);
                while (0);
                sum += PARALLEL_SYNC(next_of);
                break;
            default:
                sum += PARALLEL_CALL(next_of, PARALLEL_CALL(next_of, i - 2));
            }
        }
        while (pending > 0 && (sum += PARALLEL_SYNC(next_of), --pending))
            ;
    }
    for (int i = 0; i < n; i += 3)
        sum += PARALLEL_SYNC(next_of);
    return sum;
}

START_TEST(in_nested_blocks)
{
    pl_workers(pl_task_workers[_i]);
    for (int n = 0; n < 200; n++)
        ck_assert_int_eq(PARALLEL_RUN(nested_blocks, n), n * (n - 1));
}
END_TEST

static int evaluated;

static int count_evaluation(int i)
{
    evaluated++;
    return i;
}

/* Arguments are evaluated once, and by the task that spawns: what it changes later does not matter. */
PARALLEL_TASK(int, arguments_are_copied, int, n)
{
    int wrong = 0, argument = 0;
    evaluated = 0;
    for (int i = 0; i < n; i++) {
        argument = i;
        PARALLEL_SPAWN(next_of, count_evaluation(argument));
        argument = -100;
    }
    for (int i = n; i > 0; i--)
        wrong += PARALLEL_SYNC(next_of) != i;
    return wrong + (evaluated != n) + (argument > 0);
}

START_TEST(arguments_are_evaluated_once)
{
    pl_workers(pl_task_workers[_i]);
    for (int n = 1; n < 100; n++)
        ck_assert_int_eq(PARALLEL_RUN(arguments_are_copied, n), 0);
}
END_TEST

/* Arguments may join what was spawned before, where they are arguments of a spawn, too. */
PARALLEL_TASK(int, arguments_that_join, int, n)
{
    for (int i = 0; i < n; i++)
        PARALLEL_SPAWN(next_of, 0);
    for (int i = 0; i < n; i++)
        PARALLEL_SPAWN(next_of, PARALLEL_SYNC(next_of));
    int sum = PARALLEL_SYNC(next_of);
    for (int i = 1; i < n; i++)
        sum = PARALLEL_CALL(next_of, sum + PARALLEL_CALL(next_of, PARALLEL_SYNC(next_of)));
    return sum;
}

START_TEST(arguments_may_join)
{
    pl_workers(pl_task_workers[_i]);
    /* the youngest goes up n times, from 1; the others are 1 each, and count 3 */
    for (int n = 1; n < 100; n++)
        ck_assert_int_eq(PARALLEL_RUN(arguments_that_join, n), n + 1 + 3 * (n - 1));
}
END_TEST

static atomic_long leaves;

PARALLEL_TASK(void, leaf, int, how_many)
{
    atomic_fetch_add_explicit(&leaves, how_many, memory_order_relaxed);
}

PARALLEL_TASK(void, fan_out, int, n)
{
    if (n == 1) {
        PARALLEL_CALL(leaf, 1);
        return;
    }
    PARALLEL_SPAWN(fan_out, n / 2);
    PARALLEL_SPAWN(leaf, 0);
    PARALLEL_CALL(fan_out, n - n / 2);
    PARALLEL_SYNC(leaf);
    PARALLEL_SYNC(fan_out);
}

START_TEST(without_a_result)
{
    pl_workers(pl_task_workers[_i]);
    PARALLEL_RUN(leaf, 5);
    ck_assert_int_eq(atomic_load_explicit(&leaves, memory_order_relaxed), 5);
    for (int n = 1; n < 3000; n += n / 2 + 1) {
        atomic_store_explicit(&leaves, 0, memory_order_relaxed);
        PARALLEL_RUN(fan_out, n);
        ck_assert_int_eq(atomic_load_explicit(&leaves, memory_order_relaxed), n);
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, a_million_spawns_before_a_join, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, many_at_each_level, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, many_large_ones, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, more_spawns_than_there_is_room_for, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, no_room_at_all, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, kinds_of_tasks_in_turn, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, early_returns, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, in_nested_blocks, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, arguments_are_evaluated_once, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, arguments_may_join, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, without_a_result, 0, PL_TASK_WORKERS);
    return pl_run("api/task_spawns", c);
}
