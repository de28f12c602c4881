/* SPDX-License-Identifier: MIT */
/* What programs do with tasks. They have no way to fail: whatever is lacking, they are right. */
#include <errno.h>

#include "faults/cases.h"
#include "support/test.h"

/* ---- a tree, and a heap of leaves ------------------------------------------------------------------------ */

PARALLEL_TASK(long, fib, int, n)
{
    if (n < 2)
        return n;
    PARALLEL_SPAWN(fib, n - 1);
    long b = PARALLEL_CALL(fib, n - 2);
    return b + PARALLEL_SYNC(fib);
}

PARALLEL_TASK(int, leaf, int, n)
{
    fault_run(n);
    if (n % 64 == 0)
        pl_test_sleep(20);
    return n;
}

PARALLEL_TASK(long, leaves, int, n)
{
    long sum = 0;
    for (int i = 0; i < n; i++)
        PARALLEL_SPAWN(leaf, i);
    for (int i = 0; i < n; i++)
        sum += PARALLEL_SYNC(leaf);
    return sum;
}

/* Arguments and results that do not fit in a slot. */
typedef struct large {
    int number;
    char more[300];
} large;

PARALLEL_TASK(large, echo, large, l)
{
    fault_run(l.number);
    l.more[299] = (char)(l.number % 100);
    return l;
}

PARALLEL_TASK(long, echoes, int, n)
{
    long sum = 0;
    for (int i = 0; i < n; i++)
        PARALLEL_SPAWN(echo, (large){.number = i});
    for (int i = 0; i < n; i++) {
        large l = PARALLEL_SYNC(echo);
        sum += l.more[299] == l.number % 100 ? l.number : -1000000;
    }
    return sum;
}

/* ---- scenarios ------------------------------------------------------------------------------------------- */

static int a_tree(void)
{
    long f = PARALLEL_RUN(fib, 15);
    return f == 610 ? 0 : fault_wrong("fib(15) is %ld", f);
}

static int many_at_once(void)
{
    enum { N = 3000 };
    fault_clear();
    long sum = PARALLEL_RUN(leaves, N);
    return sum == (long)N * (N - 1) / 2 ? fault_ran(N, 1, 1) : fault_wrong("the sum is %ld", sum);
}

static int large_ones(void)
{
    enum { N = 400 };
    fault_clear();
    long sum = PARALLEL_RUN(echoes, N);
    return sum == (long)N * (N - 1) / 2 ? fault_ran(N, 1, 1) : fault_wrong("the sum is %ld", sum);
}

static int fib_of(int n)
{
    return (int)PARALLEL_RUN(fib, n);
}
PARALLEL_DECORATE(fib_of, int, int);

static int in_a_map(void)
{
    static const int numbers[] = {10, 11, 12, 13}, right[] = {55, 89, 144, 233};
    int out[4];
    if (parallel_map_into(fib_of, numbers, 4, out, .max_workers = 4) != 0)
        return fault_wrong("a map has failed");
    for (int i = 0; i < 4; i++)
        if (out[i] != right[i])
            return fault_wrong("fib(%d) is %d", numbers[i], out[i]);
    return 0;
}

static int on_a_pool(void)
{
    parallel_pool *pool = parallel_pool_new(3);
    if (!pool)
        return ENOMEM;
    int out = 0, error = parallel_map_into(fib_of, &(int){14}, 1, &out, .pool = pool);
    parallel_pool_free(pool);
    return error == 0 && out == 377 ? 0 : fault_wrong("fib(14) is %d", out);
}

static const fault_scenario scenarios[] = {
    {"a tree", a_tree, false},     {"many at once", many_at_once, true}, {"large ones", large_ones, true},
    {"in a map", in_a_map, false}, {"on a pool", on_a_pool, false},
};

int main(void)
{
    return fault_main("faults, tasks", scenarios, sizeof scenarios / sizeof scenarios[0]);
}
