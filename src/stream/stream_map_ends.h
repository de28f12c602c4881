/* SPDX-License-Identifier: MIT */
/* A stream whose ends are functions: what is known of it, whoever works on it, and those ends. */
#ifndef PL_STREAM_STREAM_MAP_ENDS_H
#define PL_STREAM_STREAM_MAP_ENDS_H

#include "sched/cost.h"
#include "stream/stream.h"

/* What is cheap, in nanoseconds for one item, all of its parts together. */
#define PL_STREAM_CHEAP_NS 300

typedef struct pl_stream_map {
    pl_stream stream; /* first */
    int (*source)(void *arg, void *data);
    int (*sink)(const parallel_item *item, void *data);
    void *data;
    bool has_help;                 /* it may have more than one worker */
    bool has_batches;              /* the program runs groups of items that are run alone */
    bool may_be_alone;             /* none of its tasks waits for another */
    uint64_t traced;               /* its number in a trace; 0: there is none */
    size_t items;                  /* that source has given; of whoever is there */
    unsigned turn;                 /* how many of them the next turn there may take */
    pl_cost *cost;                 /* what an item takes, all of its parts together */
    _Atomic bool has_ended;        /* source has said so */
    _Atomic bool goes_alone;       /* what is in the ring is run, and then the caller goes on alone */
    _Atomic uint32_t idle;         /* how often a thread has found nothing to do */
    _Atomic uint32_t present;      /* how many threads are at work */
    _Atomic uint32_t source_ticks; /* what source takes, an average */
    _Atomic uint32_t sink_ticks;   /* the same of sink */
    _Atomic uint32_t cheap;        /* ranges in a row */
} pl_stream_map;

/* The same in ticks. */
static inline uint64_t pl_stream_map_ends_cheap(void)
{
    return PL_STREAM_CHEAP_NS * pl_os_ticks_per_us() / 1000;
}

/* Whether source is not to be asked any more. */
static inline bool pl_stream_map_ends_over(const pl_stream_map *m)
{
    /* V26 seq_cst: part of a look (R1, R2); pairs with V27 */
    return atomic_load_explicit((_Atomic bool *)&m->has_ended, memory_order_seq_cst) ||
           pl_stream_limits(&m->stream) != PL_STREAM_ALL;
}

/* Source has returned this, which is no item: it is not asked any more. */
void pl_stream_map_ends_stop(pl_stream_map *m, int code);

/* Gives an item to sink. */
void pl_stream_map_ends_give(pl_stream_map *m, pl_stream_slot *slot);

#endif
