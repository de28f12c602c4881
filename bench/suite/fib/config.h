/* SPDX-License-Identifier: MIT */
/* fib(38), two calls each with nothing else to do, no cutoff: the cost of a spawn and a join, bare. */
#ifndef FIB_CONFIG_H
#define FIB_CONFIG_H

#include "../suite.h"

static long result;

/* The loop, to check the recursion by. */
static inline long fib_loop(long n)
{
    long a = 0, b = 1;
    for (; n > 0; n--) {
        long sum = a + b;
        a = b;
        b = sum;
    }
    return a;
}

/* A call spawns once unless n < 2. */
static inline long spawns(long n)
{
    return fib_loop(n + 1) - 1;
}

static inline void prepare(long n)
{
    (void)n;
    result = -1;
}

static inline int check(long n)
{
    return result == fib_loop(n) && (n != 38 || result == 39088169);
}

static void run(long n);

static const suite_kernel kernel = {38, 28, spawns, prepare, run, check};

#endif
