/* SPDX-License-Identifier: MIT */
/* Tasks: right results of known programs. */
#include <parallel.h>
#include <stdint.h>
#include <stdlib.h>

#include "support/tasks.h"

/* ---- known programs -------------------------------------------------------------------------------------- */

PARALLEL_TASK(long, fib, int, n)
{
    if (n < 2)
        return n;
    PARALLEL_SPAWN(fib, n - 1);
    long b = PARALLEL_CALL(fib, n - 2);
    return b + PARALLEL_SYNC(fib);
}

START_TEST(fibonacci)
{
    pl_workers(pl_task_workers[_i]);
    static const long numbers[] = {0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55};
    for (int n = 0; n <= 10; n++)
        ck_assert_int_eq(PARALLEL_RUN(fib, n), numbers[n]);
    for (int round = 0; round < 20; round++)
        ck_assert_int_eq(PARALLEL_RUN(fib, 22), 17711);
    if (!PL_SANITIZED)
        ck_assert_int_eq(PARALLEL_RUN(fib, 32), 2178309);
}
END_TEST

struct board {
    int n, row;
    unsigned char column[12];
};

static bool is_free(const struct board *b, int column)
{
    for (int r = 0; r < b->row; r++)
        if (b->column[r] == column || abs(b->column[r] - column) == b->row - r)
            return false;
    return true;
}

PARALLEL_TASK(int, queens, struct board, b)
{
    if (b.row == b.n)
        return 1;
    int spawned = 0, solutions = 0;
    for (int c = 0; c < b.n; c++) {
        if (!is_free(&b, c))
            continue;
        struct board next = b;
        next.column[next.row++] = (unsigned char)c;
        PARALLEL_SPAWN(queens, next);
        spawned++;
    }
    while (spawned-- > 0)
        solutions += PARALLEL_SYNC(queens);
    return solutions;
}

START_TEST(eight_queens)
{
    pl_workers(pl_task_workers[_i]);
    static const int solutions[] = {1, 1, 0, 0, 2, 10, 4, 40, 92};
    for (int round = 0; round < 5; round++)
        for (int n = 0; n <= 8; n++)
            ck_assert_int_eq(PARALLEL_RUN(queens, (struct board){.n = n}), solutions[n]);
}
END_TEST

/* The sum of the numbers of all leaves of a tree of ten branches at each node. */
PARALLEL_TASK(int64_t, skynet, int64_t, number, int, leaves)
{
    if (leaves == 1)
        return number;
    for (int i = 0; i < 10; i++)
        PARALLEL_SPAWN(skynet, number + i * (leaves / 10), leaves / 10);
    int64_t sum = 0;
    for (int i = 0; i < 10; i++)
        sum += PARALLEL_SYNC(skynet);
    return sum;
}

START_TEST(wide_tree)
{
    pl_workers(pl_task_workers[_i]);
    for (int round = 0; round < 5; round++) {
        ck_assert_int_eq(PARALLEL_RUN(skynet, 7, 1), 7);
        ck_assert_int_eq(PARALLEL_RUN(skynet, 0, 10000), 49995000);
    }
    ck_assert_int_eq(PARALLEL_RUN(skynet, 1, 100000), 5000050000);
}
END_TEST

/* How many children a node of the random tree has: seldom any, but then many. */
static int children_of(uint64_t seed, int level)
{
    if (level == 0)
        return 64;
    return pl_scramble(seed) % 100 < 24 ? 4 : 0;
}

static uint64_t serial_tree(uint64_t seed, int level)
{
    uint64_t sum = pl_scramble(seed ^ 1);
    for (int i = children_of(seed, level); i > 0; i--)
        sum += serial_tree(pl_scramble(seed + (uint64_t)i), level + 1);
    return sum;
}

PARALLEL_TASK(uint64_t, tree, uint64_t, seed, int, level)
{
    int children = children_of(seed, level);
    uint64_t sum = pl_scramble(seed ^ 1);
    for (int i = children; i > 1; i--)
        PARALLEL_SPAWN(tree, pl_scramble(seed + (uint64_t)i), level + 1);
    if (children > 0)
        sum += PARALLEL_CALL(tree, pl_scramble(seed + 1), level + 1);
    for (int i = children; i > 1; i--)
        sum += PARALLEL_SYNC(tree);
    return sum;
}

START_TEST(unbalanced_trees)
{
    pl_workers(pl_task_workers[_i]);
    for (uint64_t seed = 1; seed <= 40; seed++) {
        uint64_t sum = PARALLEL_RUN(tree, seed, 0);
        ck_assert_msg(sum == serial_tree(seed, 0), "seed %d", (int)seed);
    }
}
END_TEST

static void merge(const int *a, int n, const int *b, int m, int *to)
{
    while (n > 0 || m > 0) {
        if (m == 0 || (n > 0 && *a <= *b))
            *to++ = *a++, n--;
        else
            *to++ = *b++, m--;
    }
}

/* Sorts `n` numbers. With `across`, the result is in `other`, which is as long. */
PARALLEL_TASK(void, sort, int *, numbers, int *, other, int, n, bool, across)
{
    if (n <= 1) {
        if (n == 1 && across)
            *other = *numbers;
        return;
    }
    int half = n / 2;
    PARALLEL_SPAWN(sort, numbers, other, half, !across);
    PARALLEL_CALL(sort, numbers + half, other + half, n - half, !across);
    PARALLEL_SYNC(sort);
    if (across)
        merge(numbers, half, numbers + half, n - half, other);
    else
        merge(other, half, other + half, n - half, numbers);
}

START_TEST(merge_sort)
{
    pl_workers(pl_task_workers[_i]);
    enum { N = 30000 };
    static int numbers[N], other[N];
    unsigned long long random = 88172645463325252ULL;
    for (int n = 0; n <= N; n = n * 3 + 1) {
        long before = 0, after = 0;
        for (int i = 0; i < n; i++)
            before += numbers[i] = (int)(pl_random(&random) % 100000);
        PARALLEL_RUN(sort, numbers, other, n, false);
        for (int i = 0; i < n; i++)
            after += numbers[i];
        ck_assert_int_eq(before, after);
        for (int i = 1; i < n; i++)
            ck_assert_int_le(numbers[i - 1], numbers[i]);
    }
}
END_TEST

/* ---- tasks that spawn each other ------------------------------------------------------------------------- */

PARALLEL_TASK_DECLARE(bool, is_even, unsigned, n);
PARALLEL_TASK(bool, is_odd, unsigned, n)
{
    return n == 0 ? false : PARALLEL_CALL(is_even, n - 1);
}
PARALLEL_TASK_DEFINE(bool, is_even, unsigned, n)
{
    return n == 0 ? true : PARALLEL_CALL(is_odd, n - 1);
}

/* Hofstadter's female and male sequences. */
PARALLEL_TASK_DECLARE(int, female, int, n);
PARALLEL_TASK_DECLARE(int, male, int, n);
PARALLEL_TASK_DEFINE(int, female, int, n)
{
    if (n == 0)
        return 1;
    PARALLEL_SPAWN(female, n - 1);
    int f = PARALLEL_SYNC(female);
    PARALLEL_SPAWN(male, f);
    return n - PARALLEL_SYNC(male);
}
PARALLEL_TASK_DEFINE(int, male, int, n)
{
    if (n == 0)
        return 0;
    PARALLEL_SPAWN(male, n - 1);
    return n - PARALLEL_CALL(female, PARALLEL_SYNC(male));
}

START_TEST(mutual_recursion)
{
    pl_workers(pl_task_workers[_i]);
    for (unsigned n = 0; n < 50; n++) {
        ck_assert(PARALLEL_RUN(is_even, n) == (n % 2 == 0));
        ck_assert(PARALLEL_RUN(is_odd, n) == (n % 2 == 1));
    }
    static const int females[] = {1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6, 7, 8, 8, 9, 9};
    static const int males[] = {0, 0, 1, 2, 2, 3, 4, 4, 5, 6, 6, 7, 7, 8, 9, 9};
    for (int n = 0; n < 16; n++) {
        ck_assert_int_eq(PARALLEL_RUN(female, n), females[n]);
        ck_assert_int_eq(PARALLEL_RUN(male, n), males[n]);
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, fibonacci, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, eight_queens, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, wide_tree, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, unbalanced_trees, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, merge_sort, 0, PL_TASK_WORKERS);
    tcase_add_loop_test(c, mutual_recursion, 0, PL_TASK_WORKERS);
    return pl_run("api/tasks", c);
}
