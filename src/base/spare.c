/* SPDX-License-Identifier: MIT */
#include "base/spare.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/life.h"
#include "base/os.h"

enum {
#ifdef PL_MODEL
    LARGE_PAGE = 64,
    WHOLE = 8,
#else
    LARGE_PAGE = 2 << 20, /* bytes, as a rule, and a multiple of what pages are otherwise */
    WHOLE = 64 << 10,     /* bytes; a multiple of any page that is not large */
#endif
    PIECES = 3, /* are kept at most: a call of groups has as many */
    SHARE = 16  /* and one part of so many of the machine's memory */
};

typedef struct piece {
    void *start; /* NULL: there is none */
    size_t bytes;
} piece;

static _Atomic bool busy; /* a thread looks at what is kept, or changes it; nobody waits for it */
static piece kept[PIECES];

/* False if another thread is there. */
static bool enter_kept(void)
{
    /* Z1 acquire: what is kept is as the last one has left it; pairs with Z2 in leave_kept() */
    return !atomic_exchange_explicit(&busy, true, memory_order_acquire);
}

static void leave_kept(void)
{
    /* Z2 release: what is kept is said before; pairs with Z1 in enter_kept() */
    atomic_store_explicit(&busy, false, memory_order_release);
}

/* ---- the system's ---------------------------------------------------------------------------------------- */

/* What lies before the first large page, and behind the last byte, is given back at once. */
static void *map_pages(size_t bytes)
{
    char *mapping = pl_os_reserve(bytes + LARGE_PAGE);
    if (!mapping)
        return NULL;
    size_t before = (0 - (uintptr_t)mapping) & (LARGE_PAGE - 1), behind = LARGE_PAGE - before;
    char *start = mapping + before;
    if (before)
        pl_os_release(mapping, before);
    if (behind)
        pl_os_release(start + bytes, behind);
    if (pl_os_commit(start, bytes))
        return start;
    pl_os_release(start, bytes);
    return NULL;
}

/* ---- what is kept ---------------------------------------------------------------------------------------- */

static void swap_pieces(piece *a, piece *b)
{
    piece was = *a;
    *a = *b;
    *b = was;
}

/* The smallest piece of so many bytes or more; NULL: there is none. */
static piece *find_piece(size_t bytes)
{
    piece *found = NULL;
    for (piece *p = kept; p < kept + PIECES; p++)
        if (p->start && p->bytes >= bytes && (!found || p->bytes < found->bytes))
            found = p;
    return found;
}

/* Where a piece is kept: in the place of the smallest one, or of none. NULL: it is not. */
static piece *find_place(size_t bytes)
{
    piece *smallest = kept;
    size_t all = bytes;
    for (piece *p = kept; p < kept + PIECES; p++) {
        smallest = p->bytes < smallest->bytes ? p : smallest;
        all += p->bytes;
    }
    return smallest->bytes < bytes && pl_os_may_keep(all - smallest->bytes, SHARE) ? smallest : NULL;
}

void *pl_spare_take(size_t bytes, size_t *got)
{
    piece taken = {0};
    if (bytes > SIZE_MAX - 2 * (size_t)LARGE_PAGE)
        return NULL;
    if (enter_kept()) {
        piece *found = find_piece(bytes);
        if (found)
            swap_pieces(found, &taken);
        leave_kept();
    }
    *got = taken.start ? taken.bytes : (bytes + WHOLE - 1) & ~(size_t)(WHOLE - 1);
    if (!taken.start)
        taken.start = map_pages(*got);
    if (taken.start)
        return taken.start;
    pl_spare_end(); /* it may be that which is missing */
    return map_pages(*got);
}

void pl_spare_give(void *start, size_t got)
{
    piece given = {start, got};
    if (pl_os_may_keep(got, SHARE) && pl_os_offer(start, got) && enter_kept()) {
        piece *place = find_place(got);
        if (place)
            swap_pieces(place, &given);
        leave_kept();
    }
    if (given.start)
        pl_os_release(given.start, given.bytes);
}

void pl_spare_end(void)
{
    if (!enter_kept())
        return;
    for (piece *p = kept; p < kept + PIECES; p++) {
        if (p->start)
            pl_os_release(p->start, p->bytes);
        *p = (piece){0};
    }
    leave_kept();
}

/* A thread that has been there is not in this process: what it has left may be half changed. */
static void become_child(void)
{
    for (piece *p = kept; !enter_kept() && p < kept + PIECES; p++)
        *p = (piece){0};
    leave_kept();
}

PL_LIFE(PL_LIFE_SPARE, .before_fork = pl_spare_end, .in_child = become_child, .unloaded = pl_spare_end);
