/* SPDX-License-Identifier: MIT */
/* Memory to work in. */
#include "collections/room.h"

#include <errno.h>
#include <stdlib.h>

#include "base/atomic.h"
#include "base/os.h"
#include "base/size.h"
#include "call/results.h"

enum { MAPPED_FROM = 4 << 20 /* bytes: two large pages, as a rule */ };

static void *map_room(size_t bytes)
{
    void *start = pl_os_reserve(bytes);
    if (start && !pl_os_commit(start, bytes)) {
        pl_os_release(start, bytes);
        return NULL;
    }
    return start;
}

bool pl_room_take(pl_room *room, size_t bytes)
{
    bool is_large = bytes >= MAPPED_FROM && bytes != PL_SIZE_NONE;
    room->mapped = is_large ? bytes : 0;
    room->start = is_large ? map_room(bytes) : pl_results_allocate(bytes ? bytes : 1, PL_LINE);
    if (!room->start)
        errno = ENOMEM;
    return room->start != NULL;
}

void pl_room_drop(void *room)
{
    pl_room *r = room;
    int saved = errno;
    if (r->mapped)
        pl_os_release(r->start, r->mapped);
    else
        free(r->start);
    errno = saved;
}
