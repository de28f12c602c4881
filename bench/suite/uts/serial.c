/* SPDX-License-Identifier: MIT */
#include "config.h"

static tally search(node n)
{
    int children = count_children(&n);
    tally sum = tally_of_node(&n, children);
    for (int i = 0; i < children; i++)
        add_tally(&sum, search(child_node(&n, i)));
    return sum;
}

static void run(long depth_limit)
{
    result = search(root_node(depth_limit));
}

int main(int argc, char **argv)
{
    return suite_main(&kernel, argc, argv);
}
