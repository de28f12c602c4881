/* SPDX-License-Identifier: MIT */
/* A tree of ten children a node and 10^6 leaves, each worth its ordinal: the sum of the leaves. */
#ifndef SKYNET_CONFIG_H
#define SKYNET_CONFIG_H

#include <stdint.h>

#include "../suite.h"

enum { CHILDREN = 10 };

static int64_t result;

/* Every node but the root. */
static inline long spawns(long leaves)
{
    return (leaves - 1) / (CHILDREN - 1) * CHILDREN;
}

static inline void prepare(long leaves)
{
    (void)leaves;
    result = -1;
}

static inline int check(long leaves)
{
    return result == (int64_t)leaves * (leaves - 1) / 2 && (leaves != 1000000 || result == 499999500000);
}

static void run(long leaves);

static const suite_kernel kernel = {1000000, 10000, spawns, prepare, run, check};

#endif
