/* SPDX-License-Identifier: MIT */
/* A picture of a call whose last item is as dear as all others together: PARALLEL_TRACE=dear_item.svg ./dear_item
 * With an argument, the items come in the other order. */
#include <parallel.h>
#include <stdlib.h>

#include "../usage.h"

static double work(int rounds)
{
    volatile double sum = 0;
    for (int i = 1; i <= rounds; i++)
        sum += 1.0 / i;
    return sum;
}
PARALLEL_DECORATE(work, int, double);

int main(int argc, char **argv)
{
    answer_options(argc, argv, "usage: PARALLEL_TRACE=dear_item.svg ./dear_item [first]\n");
    enum { N = 2000, USUAL = 10000, DEAR = 20000000 }; /* as dear as all others together */
    static int rounds[N];
    static double sums[N];
    parallel_warm_up(); /* so that the picture has nothing else in it */
    for (int i = 0; i < N; i++)
        rounds[i] = USUAL;
    rounds[argc > 1 ? 0 : N - 1] = DEAR;
    return parallel_map_into(work, rounds, N, sums) ? EXIT_FAILURE : EXIT_SUCCESS;
}
