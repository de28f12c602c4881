/* SPDX-License-Identifier: MIT */
/* Memory to work in. */
#include "collections/room.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/atomic.h"
#include "base/os.h"
#include "base/size.h"
#include "base/spare.h"
#include "call/failure.h"
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

void pl_room_use_large_pages(void *start, size_t bytes)
{
    size_t skipped = (0 - (uintptr_t)start) & (LARGE_PAGE - 1);
    if (bytes >= MAPPED_FROM) /* it is usable already; that makes its whole large pages large */
        pl_os_commit((unsigned char *)start + skipped, (bytes - skipped) & ~(size_t)(LARGE_PAGE - 1));
}
