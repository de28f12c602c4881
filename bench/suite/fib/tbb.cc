/* SPDX-License-Identifier: MIT */
#include <tbb/global_control.h>
#include <tbb/task_group.h>

#include "config.h"

static long fib(int n)
{
    if (n < 2)
        return n;
    long a, b;
    tbb::task_group group;
    group.run([&a, n] { a = fib(n - 1); });
    b = fib(n - 2);
    group.wait();
    return a + b;
}

static void run(long n)
{
    result = fib(static_cast<int>(n));
}

int main(int argc, char **argv)
{
    tbb::global_control threads(tbb::global_control::max_allowed_parallelism, suite_threads());
    return suite_main(&kernel, argc, argv);
}
