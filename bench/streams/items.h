/* SPDX-License-Identifier: MIT */
/* What all ways do the same: where items come from, what is done with them, and where they go. In a header, so that
 * each way has them inlined as it can. */
#ifndef ITEMS_H
#define ITEMS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct workload {
    const char *name;
    unsigned long items;
    unsigned rounds;   /* of an item, some 1.2 ns each */
    unsigned each;     /* one item in so many takes a hundred times that; 0: none */
    unsigned sleep_us; /* of source, before each item; its time does not count, but how long the item takes to sink */
} workload;

/* One stream. Source and sink have parts of their own, a cache line apart. */
typedef struct flow {
    const workload *work;
    unsigned long given;
    char apart[64];
    unsigned long taken;
    uint64_t sum;       /* of all results, which tells their order, too */
    uint64_t late_ns;   /* from source to sink, all items together */
    uint64_t most_late; /* of one */
} flow;

/* An item on its way: one word where the time does not matter. */
typedef struct item {
    uint64_t value, born;
} item;

static inline uint64_t nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static inline bool source(flow *f, item *to)
{
    if (f->given == f->work->items)
        return false;
    if (f->work->sleep_us) {
        struct timespec t = {0, (long)f->work->sleep_us * 1000};
        nanosleep(&t, NULL);
        to->born = nanoseconds();
    }
    to->value = f->given++;
    return true;
}

static inline uint64_t work(const workload *w, uint64_t value)
{
    uint64_t x = value + 0x9e3779b97f4a7c15u;
    unsigned long rounds = w->each && value % w->each == w->each - 1 ? w->rounds * 100ul : w->rounds;
    for (unsigned long i = 0; i < rounds; i++)
        x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9u;
    return x;
}

static inline void sink(flow *f, const item *from, uint64_t result)
{
    f->sum = f->sum * 31 + result;
    f->taken++;
    if (f->work->sleep_us) {
        uint64_t late = nanoseconds() - from->born;
        f->late_ns += late;
        f->most_late = late > f->most_late ? late : f->most_late;
    }
}

/* How many threads are to work. */
int threads_to_use(void);

/* A way's own: runs the whole stream. False if it could not. */
bool run_flow(flow *f);

#ifdef __cplusplus
}
#endif

#endif
