/* SPDX-License-Identifier: MIT */
/*
 * A pointer that is set once, by the first of several threads that need what it points to.
 *
 * Who finds it NULL makes what is missing, all of it, and then publishes that. Of those who do so at the same time one is the
 * first; the others get what that one has made, and free their own. Nobody ever waits: so a thread that ends, or a fork() in
 * between, keeps nobody from it, as it would if there were a lock.
 */
#ifndef PL_BASE_PUBLISH_H
#define PL_BASE_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/atomic.h"

/* NULL if zeroed. */
typedef struct pl_published {
    void *_Atomic what;
} pl_published;

/* What has been published, or NULL. */
static inline void *pl_published_get(pl_published *p)
{
    /* D60 acquire: what it points to has been written before; pairs with D61 */
    return atomic_load_explicit(&p->what, memory_order_acquire);
}

/* Publishes `mine`, if nothing has been. What is there then: `mine`, or another's. */
static inline void *pl_published_set(pl_published *p, void *mine)
{
    void *there = NULL;
    /* D61 acq_rel: who reads the pointer sees what it points to; where another was first, its is seen so here; pairs with
     * D60, D61 */
    bool first =
        atomic_compare_exchange_strong_explicit(&p->what, &there, mine, memory_order_acq_rel, memory_order_acquire);
    return first ? mine : there;
}

#endif
