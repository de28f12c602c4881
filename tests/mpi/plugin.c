/* SPDX-License-Identifier: MIT */
/* A shared object that only home opens: other ranks do when its function comes. */
#include <parallel.h>

static int thrice(int x)
{
    return 3 * x;
}
PARALLEL_DECORATE(thrice, int, int);

__attribute__((visibility("default"))) const parallel_function *plugin_thrice(void);

const parallel_function *plugin_thrice(void)
{
    return &thrice__parallel;
}
