/* SPDX-License-Identifier: MIT */
/*
 * Unbalanced tree search, the benchmark's tree T1: geometric, fixed branching factor 4 down to depth 10, seed 19. A
 * node is a 20-byte state; child i's is the SHA-1 of the node's state and i; how many children a node has is drawn by
 * its state. A task per node.
 */
#ifndef UTS_CONFIG_H
#define UTS_CONFIG_H

#include <math.h>
#include <stdint.h>

#include "../suite.h"
#include "sha1.h"

enum { SEED = 19, MOST_CHILDREN = 100 };
static const double branching_factor = 4;

typedef struct node {
    uint32_t state[SHA1_WORDS];
    short depth;
    short depth_limit; /* of the tree */
} node;

typedef struct tally {
    unsigned nodes;
    unsigned leaves;
    unsigned depth;
} tally;

static tally result;

/* The root's state is the SHA-1 of 16 zero bytes and the seed. */
static inline node root_node(long depth_limit)
{
    const uint32_t seed[SHA1_WORDS] = {0, 0, 0, 0, SEED};
    node root;
    sha1(seed, SHA1_WORDS, root.state);
    root.depth = 0;
    root.depth_limit = (short)depth_limit;
    return root;
}

static inline node child_node(const node *parent, int i)
{
    uint32_t message[SHA1_WORDS + 1];
    memcpy(message, parent->state, sizeof parent->state);
    message[SHA1_WORDS] = (uint32_t)i;
    node child;
    sha1(message, SHA1_WORDS + 1, child.state);
    child.depth = (short)(parent->depth + 1);
    child.depth_limit = parent->depth_limit;
    return child;
}

/* Drawn from the geometric distribution whose mean is the branching factor, by the low 31 bits of the state. */
static inline int count_children(const node *n)
{
    if (n->depth >= n->depth_limit)
        return 0;
    double stop = 1 / (1 + branching_factor);
    double draw = (double)(n->state[SHA1_WORDS - 1] & 0x7fffffff) / 2147483648.0;
    int children = (int)floor(log(1 - draw) / log(1 - stop));
    return children < MOST_CHILDREN ? children : MOST_CHILDREN;
}

static inline tally tally_of_node(const node *n, int children)
{
    tally t = {1, children == 0, (unsigned)n->depth};
    return t;
}

static inline void add_tally(tally *sum, tally t)
{
    sum->nodes += t.nodes;
    sum->leaves += t.leaves;
    sum->depth = t.depth > sum->depth ? t.depth : sum->depth;
}

/* For depth 10 as published; for 7, which is of no published tree, as counted once, serially. */
static inline tally expected(long depth_limit)
{
    tally published = {4130071, 3305118, 10}, cut = {63914, 51124, 7}, unknown = {0, 0, 0};
    return depth_limit == 10 ? published : depth_limit == 7 ? cut : unknown;
}

static inline long spawns(long depth_limit)
{
    return (long)expected(depth_limit).nodes - 1;
}

static inline void prepare(long depth_limit)
{
    tally none = {0, 0, 0};
    (void)depth_limit;
    result = none;
}

static inline int check(long depth_limit)
{
    tally right = expected(depth_limit);
    return result.nodes == right.nodes && result.leaves == right.leaves && result.depth == right.depth;
}

static void run(long depth_limit);

static const suite_kernel kernel = {10, 7, spawns, prepare, run, check};

#endif
