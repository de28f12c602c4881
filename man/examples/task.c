/* SPDX-License-Identifier: MIT */
/* Fibonacci numbers, and two tasks that call each other. */
#include <parallel.h>
#include <stdio.h>

PARALLEL_TASK(long, fib, int, n)
{
    if (n < 2)
        return n;
    PARALLEL_SPAWN(fib, n - 1); /* may run elsewhere, at the same time */
    long b = PARALLEL_CALL(fib, n - 2);
    return b + PARALLEL_SYNC(fib); /* joins the youngest spawn */
}

PARALLEL_TASK_DECLARE(bool, is_even, unsigned, n);
PARALLEL_TASK(bool, is_odd, unsigned, n)
{
    return n == 0 ? false : PARALLEL_CALL(is_even, n - 1);
}
PARALLEL_TASK_DEFINE(bool, is_even, unsigned, n)
{
    return n == 0 ? true : PARALLEL_CALL(is_odd, n - 1);
}

int main(void)
{
    printf("%ld %d\n", PARALLEL_RUN(fib, 25), PARALLEL_RUN(is_even, 100));
}

/* It prints:
 *
 *     75025 1
 */
