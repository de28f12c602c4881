/* SPDX-License-Identifier: MIT */
#include <parallel.h>

#include "config.h"

PARALLEL_TASK(tally, search, node, n)
{
    int children = count_children(&n);
    for (int i = 0; i < children; i++)
        PARALLEL_SPAWN(search, child_node(&n, i));
    tally sum = tally_of_node(&n, children);
    for (int i = 0; i < children; i++)
        add_tally(&sum, PARALLEL_SYNC(search));
    return sum;
}

static void run(long depth_limit)
{
    result = PARALLEL_RUN(search, root_node(depth_limit));
}

int main(int argc, char **argv)
{
    return suite_main(&kernel, argc, argv);
}
