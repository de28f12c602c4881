/* SPDX-License-Identifier: MIT */
#include <parallel.h>

#include "config.h"

PARALLEL_TASK(long, fib, int, n)
{
    if (n < 2)
        return n;
    PARALLEL_SPAWN(fib, n - 1);
    long b = PARALLEL_CALL(fib, n - 2);
    return b + PARALLEL_SYNC(fib);
}

static void run(long n)
{
    result = PARALLEL_RUN(fib, (int)n);
}

int main(int argc, char **argv)
{
    return suite_main(&kernel, argc, argv);
}
