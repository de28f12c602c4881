/* SPDX-License-Identifier: MIT */
/*
 * Bags: what the participants of a for_each have of items that are still to be run, each its own.
 *
 *      oldest                                                       newest
 *      [chunk] [chunk] [chunk] | [chunk] [chunk]
 *        public: others take     private: its owner pushes and pops here, without a lock
 *        the oldest chunks
 *
 * A bag is a stack for its owner, the participant: so a walk of a tree goes into the depth, and has few items at any
 * time. Items lie in *chunks* of some kilobytes, which are what is taken from a bag, or put there, at once. All that
 * concerns the public ones is done with the mutex held. Whether there are any, others see without it (`shown`): a
 * participant that has made some public stores that before it wakes anybody, and one that is about to park looks at it
 * after it has announced that (R1, R2 in sched/range.h, of whose words this is one: [0, chunks)).
 *
 * An owner leaves in private what it is likely to run within some microseconds, and makes the rest public, now and then
 * (collections/for_each.h says when); what is in private others wait for.
 */
#ifndef PL_SCHED_BAG_H
#define PL_SCHED_BAG_H

#include <pthread.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/os.h"
#include "sched/range.h"

/* Chunks of all bags of a call: so many records in each, of so many bytes, so aligned. */
typedef struct pl_bag_shape {
    size_t stride, align;
    size_t room;
    size_t header; /* bytes of a chunk before its first record */
} pl_bag_shape;

typedef struct pl_bag_chunk {
    struct pl_bag_chunk *older, *newer;
    size_t count; /* records in it, the oldest first */
    size_t room;
    bool near; /* it is in memory that was lent */
} pl_bag_chunk;

/* Chunks from the oldest to the newest. */
typedef struct pl_bag_list {
    pl_bag_chunk *oldest, *newest;
    size_t chunks;
} pl_bag_list;

typedef struct pl_bag {
    /* the owner's */
    alignas(PL_LINE) const pl_bag_shape *shape;
    pl_bag_list own;     /* no chunk of it is empty */
    size_t count;        /* records in it */
    pl_bag_chunk *spare; /* an empty one, or NULL */
    /* shared */
    alignas(PL_LINE) pthread_mutex_t mutex;
    pl_bag_list shared;
    pl_range shown; /* how many chunks are public */
} pl_bag;

/* The shape of bags for records of so many bytes, aligned to `align`, a power of two. PL_SIZE_NONE bytes will do: there
 * is no memory for the first, then. */
pl_bag_shape pl_bag_shape_of(size_t bytes, size_t align);

void pl_bag_init(pl_bag *bag, const pl_bag_shape *shape);

/* Lends an empty one memory for its first chunk, until its end; it is aligned to PL_LINE, which is as much as records
 * need. */
void pl_bag_lend(pl_bag *bag, void *memory, size_t bytes);

/* Frees it with all that is in it. Nobody else is at it any more. */
void pl_bag_free(pl_bag *bag);

/* Owner: room for a record, which is the newest from now on; NULL if there is no memory. */
void *pl_bag_push(pl_bag *bag);

/* Owner: room for a record, which is public from pl_bag_end_put() on, and not locked before. NULL, and then there is
 * nothing to end, if there is no memory. */
void *pl_bag_begin_put(pl_bag *bag);
void pl_bag_end_put(pl_bag *bag);

/* Owner: takes the newest of its private records, which stays where it is until the next push. NULL: there is none. */
void *pl_bag_pop(pl_bag *bag);

/* Owner: makes older records public, so that no more than about `keep` stay private, and, if none is public, at least
 * half are. True if it has made any public. */
bool pl_bag_publish(pl_bag *bag, size_t keep);

/* Owner, with nothing in private: takes the newest public chunk back. False if there is none. */
bool pl_bag_take_back(pl_bag *bag);

/* The owner of `to`, which is empty: takes the oldest public chunks of another one, some or half of them. False if
 * there are none. */
bool pl_bag_steal(pl_bag *from, pl_bag *to);

/* Anybody: whether some are public. */
static inline bool pl_bag_has_public(const pl_bag *bag)
{
    return pl_range_rest(&bag->shown) > 0;
}

#endif
