/* SPDX-License-Identifier: MIT */
#include "config.h"

static long fib(int n)
{
    if (n < 2)
        return n;
    return fib(n - 1) + fib(n - 2);
}

static void run(long n)
{
    result = fib((int)n);
}

int main(int argc, char **argv)
{
    return suite_main(&kernel, argc, argv);
}
