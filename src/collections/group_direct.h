/* SPDX-License-Identifier: MIT */
/*
 * Many items in few groups: each is moved to its group at once.
 *
 * Items are in blocks. How many of each group a block has is counted first; that says where each block's go, and in a
 * second pass all blocks are moved at the same time, in order. Indices of groups are kept in between, in 2 bytes: so a
 * key is computed once, and memory is what takes the time.
 */
#ifndef PL_COLLECTIONS_GROUP_DIRECT_H
#define PL_COLLECTIONS_GROUP_DIRECT_H

#include <libparallel/key.h>

#include "collections/phases.h"

/* The most groups: with more, to move items twice takes less (radix_split.h). And the most items: as numbers of 4 bytes
 * the places of groups are half as much in the first cache. */
enum { PL_GROUP_DIRECT_MOST = 2048 };
#define PL_GROUP_DIRECT_ITEMS UINT32_MAX

typedef __attribute__((may_alias)) uint16_t pl_group_index;

typedef struct pl_group_direct {
    pl_blocks_work work;
    pl_group_index *indices; /* of n items, */
    const unsigned char *items;
    unsigned char *out; /* and where they go */
    size_t size;        /* bytes of one */
    size_t groups;
    bool is_counted;
    uint32_t *counts; /* of each block, for each group: how many items, and then where the next one goes */
} pl_group_direct;

/* How many bytes of memory n items take, in so many groups, beside the vector. */
size_t pl_group_direct_room(size_t n, size_t groups);

/* Lays `indices` and `counts` out in that memory. */
void pl_group_direct_begin(pl_group_direct *d, void *room, size_t n);

/* Takes the keys of `count` items from `first` on, and counts them, if that is to be done; then these are of one block,
 * which nobody else is at. Returns how many are below `limit`, before the first that is not. */
size_t pl_group_direct_take(const pl_group_direct *d, parallel_key type, const void *keys, size_t first, size_t count,
                            size_t limit);

/* Counts all, unless it has been done, and moves them; says where each group begins. 0; or -1 with errno. */
int pl_group_direct_run(pl_group_direct *d, size_t *begins, pl_phases *phases);

#endif
