/* SPDX-License-Identifier: MIT */
#include "base/spare.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"
#include "base/life.h"
#include "base/os.h"

enum {
    LARGE_PAGE = 2 << 20, /* bytes, as a rule, and a multiple of what pages are otherwise */
    WHOLE = 64 << 10,     /* bytes; a multiple of any page that is not large */
    SHARE = 16            /* one part of so many of the machine's memory is kept, at most */
};

static _Atomic bool busy; /* a thread looks at the others, or changes them; nobody waits for it */
static void *kept;        /* NULL: nothing is */
static size_t kept_bytes;

/* False if another thread is there. */
static bool enter(void)
{
    /* Z1 acquire: what is kept is as the last one has left it; pairs with Z2 in leave() */
    return !atomic_exchange_explicit(&busy, true, memory_order_acquire);
}

static void leave(void)
{
    /* Z2 release: what is kept is said before; pairs with Z1 in enter() */
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

/* Exchanges it for something else; *start and *bytes are what it was. */
static void exchange(void **start, size_t *bytes)
{
    void *was = kept;
    size_t was_bytes = kept_bytes;
    kept = *start;
    kept_bytes = *bytes;
    *start = was;
    *bytes = was_bytes;
}

void *pl_spare_take(size_t bytes, size_t *got)
{
    void *start = NULL;
    *got = 0;
    if (bytes > SIZE_MAX - 2 * (size_t)LARGE_PAGE)
        return NULL;
    if (enter()) {
        if (kept_bytes >= bytes)
            exchange(&start, got);
        leave();
    }
    if (start)
        return start;
    *got = (bytes + WHOLE - 1) & ~(size_t)(WHOLE - 1);
    start = map_pages(*got);
    if (start)
        return start;
    pl_spare_end(); /* it may be that which is missing */
    return map_pages(*got);
}

void pl_spare_give(void *start, size_t got)
{
    if (pl_os_may_keep(got, SHARE) && pl_os_offer(start, got) && enter()) {
        if (kept_bytes < got)
            exchange(&start, &got);
        leave();
    }
    if (start)
        pl_os_release(start, got);
}

void pl_spare_end(void)
{
    void *start = NULL;
    size_t bytes = 0;
    if (!enter())
        return;
    exchange(&start, &bytes);
    leave();
    if (start)
        pl_os_release(start, bytes);
}

/* A thread that has been there is not in this process: what it has left may be half changed. */
static void become_child(void)
{
    if (!enter()) {
        kept = NULL;
        kept_bytes = 0;
    }
    leave();
}

PL_LIFE(PL_LIFE_SPARE, .before_fork = pl_spare_end, .in_child = become_child, .unloaded = pl_spare_end);
