/* SPDX-License-Identifier: MIT */
#include "config.h"

static long fib(int n)
{
    if (n < 2)
        return n;
    long a;
#pragma omp task shared(a)
    a = fib(n - 1);
    long b = fib(n - 2);
#pragma omp taskwait
    return a + b;
}

static void run(long n)
{
#pragma omp parallel
#pragma omp single
    result = fib((int)n);
}

int main(int argc, char **argv)
{
    return suite_main(&kernel, argc, argv);
}
