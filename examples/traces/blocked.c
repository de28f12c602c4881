/* SPDX-License-Identifier: MIT */
/* A picture of tasks that wait for something else, and keep a CPU from others meanwhile:
 * PARALLEL_TRACE=blocked.svg ./blocked
 * With an argument, which is a number, so many run at once. */
#include <parallel.h>
#include <stdlib.h>

#include "../usage.h"

/* As a request to a server would take so long, of which next to nothing is work. */
static int fetch(const int *page, int *size, void *extras)
{
    (void)extras;
    *size = *page;
    return parallel_sleep(0.005) ? 1 : 0;
}
PARALLEL_DECORATE_TASK(fetch, int, int);

int main(int argc, char **argv)
{
    answer_options(argc, argv, "usage: PARALLEL_TRACE=blocked.svg ./blocked [WORKERS]\n");
    enum { N = 64 };
    int pages[N], sizes[N], workers = argc > 1 ? atoi(argv[1]) : 0;
    for (int i = 0; i < N; i++)
        pages[i] = i;
    return parallel_map_into(fetch, pages, N, sizes, .max_workers = workers) ? EXIT_FAILURE : EXIT_SUCCESS;
}
