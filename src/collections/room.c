/* SPDX-License-Identifier: MIT */
/* Memory to work in. */
#include "collections/room.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/atomic.h"
#include "base/size.h"
#include "base/spare.h"
#include "call/failure.h"
#include "call/memory.h"
#include "call/results.h"

enum {
    LARGE_PAGE = 2 << 20, /* bytes, as a rule, and a multiple of what pages are otherwise */
    MAPPED_FROM = 2 * LARGE_PAGE
};

bool pl_room_take_aligned(pl_room *room, size_t bytes, size_t alignment)
{
    room->mapped = 0;
    if (bytes >= MAPPED_FROM && bytes != PL_SIZE_NONE && alignment <= LARGE_PAGE)
        room->start = pl_spare_take(bytes, &room->mapped);
    else
        room->start = pl_results_allocate(bytes ? bytes : 1, alignment);
    return room->start || pl_error_deny_memory();
}

bool pl_room_take(pl_room *room, size_t bytes)
{
    return pl_room_take_aligned(room, bytes, PL_LINE);
}

void pl_room_drop(void *room)
{
    pl_room *r = room;
    int saved = errno;
    if (r->mapped)
        pl_spare_give(r->start, r->mapped);
    else
        free(r->start);
    errno = saved;
}

/* ---- vectors --------------------------------------------------------------------------------------------- */

static void *take_block(pl_block *block, size_t bytes, size_t alignment)
{
    (void)alignment; /* less than a large page's */
    return block->start = pl_spare_take(bytes, &block->bytes);
}

static void give_block(pl_block *block)
{
    pl_spare_give(block->start, block->bytes);
}

static bool is_own(pl_block *block)
{
    (void)block;
    return true;
}

parallel_results *pl_room_results(size_t n, size_t size, size_t alignment)
{
    static const pl_memory memory = {.take = take_block, .give = give_block, .make_own = is_own};
    size_t bytes = pl_size_multiply(n, size);
    bool is_mapped = bytes >= MAPPED_FROM && bytes != PL_SIZE_NONE && alignment <= LARGE_PAGE;
    return pl_results_new(n, size, alignment, PL_RESULTS_ANY, is_mapped ? &memory : NULL);
}
