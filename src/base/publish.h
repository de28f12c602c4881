/* SPDX-License-Identifier: MIT */
/*
 * A pointer that is set once, by the first of several threads that need what it points to.
 *
 * A thread that finds it NULL makes the whole object, and then publishes it. Of several that do so at the same time one
 * is the first; the others get the object that it has made, and free their own. No thread ever waits: so one that ends,
 * or a fork(), in between does not keep others from the object, as it would if there were a lock.
 */
#ifndef PL_BASE_PUBLISH_H
#define PL_BASE_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/atomic.h"

/* Holds NULL if zeroed. */
typedef struct pl_published {
    void *_Atomic object;
} pl_published;

/* The object that has been published, or NULL. */
static inline void *pl_published_get(pl_published *p)
{
    /* D60 acquire: what it points to has been written before; pairs with D61 */
    return atomic_load_explicit(&p->object, memory_order_acquire);
}

/* Publishes `mine`, if no object has been. Returns the one that is published then: `mine`, or another thread's. */
static inline void *pl_published_set(pl_published *p, void *mine)
{
    void *there = NULL;
    /* D61 acq_rel: a thread that reads the pointer sees the object; so does this one, where another was first; pairs
     * with D60, D61 */
    bool first =
        atomic_compare_exchange_strong_explicit(&p->object, &there, mine, memory_order_acq_rel, memory_order_acquire);
    return first ? mine : there;
}

#endif
