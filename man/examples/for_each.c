/* SPDX-License-Identifier: MIT */
/* Walks a tree: each node adds its children. */
#include <errno.h>
#include <parallel.h>
#include <stdatomic.h>
#include <stdio.h>

struct node {
    int value;
    struct node *left, *right;
};

static int visit(struct node *const *node, void *none, void *extras);
PARALLEL_DECORATE_TASK(visit, struct node *, void);

static int visit(struct node *const *node, void *none, void *extras)
{
    (void)none;
    atomic_fetch_add((atomic_int *)extras, (*node)->value);
    if ((*node)->left && parallel_for_each_add(visit, &(*node)->left) != 0)
        return errno;
    if ((*node)->right && parallel_for_each_add(visit, &(*node)->right) != 0)
        return errno;
    return 0;
}

int main(void)
{
    struct node three = {3, NULL, NULL}, two = {2, &three, NULL}, four = {4, NULL, NULL};
    struct node one = {1, &two, &four}, *root = &one;
    atomic_int sum = 0;
    if (parallel_for_each(visit, &root, 1, .extras = &sum) != 0)
        return fprintf(stderr, "%s\n", parallel_error()), 1;
    printf("%d\n", sum);
}

/* It prints:
 *
 *     10
 */
