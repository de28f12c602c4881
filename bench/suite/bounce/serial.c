/* SPDX-License-Identifier: MIT */
#include "config.h"

static void run(long tasks)
{
    int64_t sum = 0;
    for (int i = 0; i < tasks; i++)
        sum += triple(i);
    result = sum;
}

int main(int argc, char **argv)
{
    return suite_main(&kernel, argc, argv);
}
