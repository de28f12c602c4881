/* SPDX-License-Identifier: MIT */
#include "config.h"

static tally search(node n)
{
    int children = count_children(&n);
    if (children == 0)
        return tally_of_node(&n, children);
    tally found[MOST_CHILDREN];
    for (int i = 0; i < children; i++) {
        node child = child_node(&n, i);
        tally *slot = &found[i];
#pragma omp task firstprivate(child, slot)
        *slot = search(child);
    }
#pragma omp taskwait
    tally sum = tally_of_node(&n, children);
    for (int i = 0; i < children; i++)
        add_tally(&sum, found[i]);
    return sum;
}

static void run(long depth_limit)
{
#pragma omp parallel
#pragma omp single
    result = search(root_node(depth_limit));
}

int main(int argc, char **argv)
{
    return suite_main(&kernel, argc, argv);
}
