/* SPDX-License-Identifier: MIT */
/* Counts the leaves of a tree whose nodes have any number of children. */
#include <parallel.h>
#include <stdio.h>

struct node {
    int children;
    const struct node *child;
};

PARALLEL_TASK(long, count_leaves, const struct node *, node)
{
    for (int i = 0; i < node->children; i++)
        PARALLEL_SPAWN(count_leaves, &node->child[i]);
    long leaves = node->children == 0;
    PARALLEL_SYNC_ALL(count_leaves, PARALLEL_PLUS, leaves);
    return leaves;
}

int main(void)
{
    static const struct node three[3];
    static const struct node two[2] = {{3, three}, {0, NULL}};
    static const struct node root = {2, two};
    printf("%ld\n", PARALLEL_RUN(count_leaves, &root));
}

/* It prints:
 *
 *     4
 */
