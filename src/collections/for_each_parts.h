/* SPDX-License-Identifier: MIT */
/* The participants of a for_each: what they have, make public, take and add; and a caller that waits. */
#ifndef PL_COLLECTIONS_FOR_EACH_PARTS_H
#define PL_COLLECTIONS_FOR_EACH_PARTS_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "call/call.h"
#include "sched/bag.h"
#include "sched/loop.h"

enum {
    PL_FOR_EACH_NEAR = 256,      /* an item up to that size needs no memory of its own to be run, or to be told of */
    PL_FOR_EACH_FIRST = 1024,    /* bytes of the call's own for its first items */
    PL_FOR_EACH_SLICE_US = 5,    /* how long a slice lasts */
    PL_FOR_EACH_MOST = 1 << 16,  /* items in a slice */
    PL_FOR_EACH_NUMBERS = 1 << 8 /* how many numbers of items a participant takes at once */
};

/* A participant's side. Only the thread that is at work by its number touches it. */
typedef struct pl_for_each_part {
    pl_bag bag;
    struct pl_for_each *each;
    pl_participant *participant; /* in a slice, of whoever could have others come; else NULL */
    size_t want;                 /* items that are expected in a slice, 1 or more */
    size_t limit;                /* with more than so many in private, some are made public */
    size_t number, numbers;      /* the next that an item gets, and how many are left before others are taken */
    size_t added;                /* items that the call's progress does not know of yet */
    uint64_t ticks, items;       /* what those have taken that it has run */
    unsigned char *far;          /* room for the item that runs, if it is large */
} pl_for_each_part;

typedef struct pl_for_each {
    pl_call *call;
    const parallel_function *given; /* as the program knows the function */
    pl_bag_shape shape;
    size_t offset; /* of an item in its record, which begins with its number */
    pl_open_loop open;
    bool has_policy, waits; /* the call does, and has tasks that may wait for their next attempt */
    bool is_eager;          /* tasks may wait for each other: no participant keeps any in private but what it runs */
    unsigned count;         /* of participants, at most */
    pl_for_each_part first, *others;
    pthread_mutex_t mutex; /* guards what follows, and that the call fails for lack of memory */
    size_t numbers;        /* of items: the next */
    bool caller_sleeps;
    alignas(PL_LINE) unsigned char chunk[PL_FOR_EACH_FIRST];
    alignas(PL_LINE) unsigned char failed[PL_FOR_EACH_NEAR]; /* a copy of the item that the failure is about */
} pl_for_each;

/* What the calling thread's task adds to; NULL if it is none of a for_each. */
pl_for_each_part *pl_for_each_here(void);

/* Adds a copy of an item. 0; or -1 with errno ENOMEM. */
int pl_for_each_add(pl_for_each_part *part, const void *item);

/* Participant number i; and how many there are by now. */
static inline pl_for_each_part *pl_for_each_part_at(pl_for_each *e, unsigned i)
{
    return i == 0 ? &e->first : &e->others[i - 1];
}

static inline unsigned pl_for_each_parts(const pl_for_each *e)
{
    return e->others ? e->count : 1;
}

void pl_for_each_init_part(pl_for_each_part *part, pl_for_each *each);

/* Puts a copy of an item into a bag, in private. False if there is no memory. */
bool pl_for_each_push(pl_for_each_part *part, const void *item, size_t number);

/* A participant begins a slice. NULL if there is nothing to run. */
pl_for_each_part *pl_for_each_enter(pl_for_each *each, pl_participant *p, unsigned participant);
void pl_for_each_leave(pl_for_each_part *part);

/* When the first task that waits is due, in pl_os_nanoseconds(); UINT64_MAX: none does. */
static inline uint64_t pl_for_each_next_due(pl_for_each *e)
{
    return e->waits ? pl_policy_next_due(&e->call->policy) : UINT64_MAX;
}

/* Makes all but so many of its private items public, and sees to it that others come for them. */
void pl_for_each_offer(pl_for_each_part *part, size_t keep);

/* A caller that waits is to look again: there are more items, or tasks that wait. */
void pl_for_each_tell(pl_for_each *each);

/* Waits, as the caller, until there are items, a task that has waited is due, or nothing more is to begin. */
void pl_for_each_wait(pl_for_each *each);

/* Why no further item is to be run: an error code, or 0. Where there is no policy, a failure stops the loop itself. */
int pl_for_each_over(const pl_for_each *each);

/* Whether any items are public. */
bool pl_for_each_has_public(const pl_for_each *each);

#endif
