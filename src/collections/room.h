/* SPDX-License-Identifier: MIT */
/* Memory that a call works in, or gives results in: much of it is in large pages, and maybe what a call before has
 * given back (base/spare.h), as it takes as long as all else to get it from the system page by page. */
#ifndef PL_COLLECTIONS_ROOM_H
#define PL_COLLECTIONS_ROOM_H

#include <stdbool.h>
#include <stddef.h>

#include <libparallel/results.h>

typedef struct pl_room {
    void *start;
    size_t mapped; /* bytes of the system's; 0: it is of malloc() */
} pl_room;

/* So many bytes, aligned to a cache line; what is in them is not said. False with errno ENOMEM. */
bool pl_room_take(pl_room *room, size_t bytes);
bool pl_room_take_aligned(pl_room *room, size_t bytes, size_t alignment);

/* Gives them back, and leaves errno as it is; as a pl_cleanup wants it. */
void pl_room_drop(void *room);

/* A vector of n values. NULL with errno. */
parallel_results *pl_room_results(size_t n, size_t size, size_t alignment);

#endif
