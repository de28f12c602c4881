/* SPDX-License-Identifier: MIT */
#include <tbb/global_control.h>
#include <tbb/task_group.h>

#include "config.h"

static tally search(node n)
{
    int children = count_children(&n);
    if (children == 0)
        return tally_of_node(&n, children);
    tally found[MOST_CHILDREN];
    tbb::task_group group;
    for (int i = 0; i < children; i++) {
        tally *slot = &found[i];
        group.run([child = child_node(&n, i), slot] { *slot = search(child); });
    }
    group.wait();
    tally sum = tally_of_node(&n, children);
    for (int i = 0; i < children; i++)
        add_tally(&sum, found[i]);
    return sum;
}

static void run(long depth_limit)
{
    result = search(root_node(depth_limit));
}

int main(int argc, char **argv)
{
    tbb::global_control threads(tbb::global_control::max_allowed_parallelism, suite_threads());
    return suite_main(&kernel, argc, argv);
}
