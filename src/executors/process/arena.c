/* SPDX-License-Identifier: MIT */
/* Shared memory in blocks; arena.h says how. */
#include "executors/process/arena.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/life.h"
#include "base/os.h"
#include "base/os_process.h"
#include "base/size.h"
#include "sched/fork_lock.h"

/* Bytes of the first region. Where there is no room for that, it is as small as it has to be. */
#define REGION (sizeof(void *) > 4 ? (size_t)1 << 30 : (size_t)64 << 20)
/* How many bytes of free blocks keep the memory behind them. */
#define WARM ((size_t)64 << 20)

/* A part of a region, in the order of their offsets. Parts that are missing in between have been unmapped. */
typedef struct extent {
    struct extent *next;
    size_t start, bytes;
    bool used, warm;
} extent;

typedef struct region {
    _Atomic(struct region *) next;
    unsigned char *start;
    unsigned number;
    extent *extents;
} region;

static void become_child(void);

static pl_fork_lock guard = PL_FORK_LOCK(become_child);

static _Atomic(region *) regions; /* the newest first */
static region *forked_regions;    /* those of parent processes: what is known of them is kept reachable */
static unsigned region_count;
static size_t warm; /* free bytes whose memory is kept */
/*
 * Moves on twice with each fork() of the program, before and after. A block that is in use at that moment was taken
 * before the second move, and is given back, by an owner that the child has, too, after the first; so it has another
 * number than there is then, and is not used again.
 */
static _Atomic unsigned shared_ever;

static unsigned times_shared(void)
{
    /* P164 relaxed: a number by itself: a block that is given back while another thread forks is used by neither
     * process any more; pairs with P165 */
    return atomic_load_explicit(&shared_ever, memory_order_relaxed);
}

static region *region_at(_Atomic(region *) *link)
{
    /* P166 relaxed: under the mutex, or in a child with one thread; pairs with P167 */
    return atomic_load_explicit(link, memory_order_relaxed);
}

static void set_region(_Atomic(region *) *link, region *r)
{
    /* P167 release: what is in the list is whole, at whatever moment another thread forks; pairs with P166 */
    atomic_store_explicit(link, r, memory_order_release);
}

/* ---- regions --------------------------------------------------------------------------------------------- */

static region *add_region(size_t least)
{
    size_t bytes = pl_os_to_reserve(REGION);
    /* where the first was small, each is larger than the one before, so that there are few: for each, kept workers are
     * forked anew */
    for (unsigned i = 0; i < region_count && bytes < REGION; i++)
        bytes *= 2;
    while (bytes < least)
        bytes = pl_size_multiply(bytes, 2);
    region *r = malloc(sizeof *r);
    extent *e = malloc(sizeof *e);
    void *start = NULL;
    while (r && e && !(start = pl_os_share(bytes)) && bytes > least)
        bytes = bytes / 2 > least ? bytes / 2 : least;
    if (!start) {
        free(r);
        free(e);
        errno = ENOMEM;
        return NULL;
    }
    *e = (extent){.bytes = bytes};
    *r = (region){.start = start, .number = region_count++, .extents = e};
    set_region(&r->next, region_at(&regions));
    set_region(&regions, r);
    return r;
}

/* ---- extents --------------------------------------------------------------------------------------------- */

/* Cuts an extent after `bytes`. False if there is no memory. */
static bool cut_extent(extent *e, size_t bytes)
{
    if (e->bytes == bytes)
        return true;
    extent *rest = malloc(sizeof *rest);
    if (!rest)
        return false;
    *rest = (extent){.next = e->next, .start = e->start + bytes, .bytes = e->bytes - bytes, .warm = e->warm};
    e->bytes = bytes;
    e->next = rest;
    return true;
}

/* Joins an extent with those that follow it. */
static void join_extents(extent *e)
{
    for (extent *n; (n = e->next) && !n->used && n->warm == e->warm && n->start == e->start + e->bytes;) {
        e->bytes += n->bytes;
        e->next = n->next;
        free(n);
    }
}

static void *take_from(region *r, size_t bytes)
{
    /* warm extents go first. As a rule they lie in front, but there may be one that is too small */
    for (int cold = 0; cold < 2; cold++) {
        for (extent *e = r->extents; e; e = e->next) {
            if (e->used || e->bytes < bytes || e->warm == cold || !cut_extent(e, bytes))
                continue;
            if (e->warm)
                warm -= bytes;
            e->used = true;
            return r->start + e->start;
        }
    }
    return NULL;
}

bool pl_arena_take(pl_block *block, size_t bytes)
{
    bytes = pl_size_round(bytes ? bytes : 1, pl_os_page());
    if (bytes == PL_SIZE_NONE) {
        errno = ENOMEM;
        return false;
    }
    pl_fork_lock_take(&guard);
    void *start = NULL;
    region *r = region_at(&regions);
    for (; r && !(start = take_from(r, bytes)); r = region_at(&r->next)) {
    }
    if (!start && (r = add_region(bytes)))
        start = take_from(r, bytes);
    *block = (pl_block){
        .start = start,
        .bytes = bytes,
        .region = start ? r->number : 0,
        .forks = pl_pool_forks(),
        .shared = times_shared(),
    };
    pl_fork_lock_drop(&guard);
    if (!start)
        errno = ENOMEM;
    return start != NULL;
}

void *pl_arena_take_aligned(pl_block *block, size_t bytes, size_t alignment)
{
    size_t more = alignment > pl_os_page() ? alignment - pl_os_page() : 0;
    if (!pl_arena_take(block, pl_size_add(bytes, more)))
        return NULL;
    return (unsigned char *)block->start + (0 - (uintptr_t)block->start) % alignment;
}

/* Which pieces of the arena this process has got the pages of, by a hash of their addresses: at worst, it gets them
 * once too often, or not at once. A coordinator and a worker write to different pieces, or wait for each other; two
 * threads that note something at the same time may lose what the other notes. */
#define PIECE ((size_t)64 << 10)
static unsigned char had[4096];

void pl_arena_warm(void *start, size_t bytes)
{
    if (bytes < PIECE / 4)
        return;
    uintptr_t first = (uintptr_t)start / PIECE, last = ((uintptr_t)start + bytes - 1) / PIECE;
    bool any = false;
    for (uintptr_t i = first; i <= last; i++)
        any |= !had[i % sizeof had];
    if (any)
        pl_os_populate(start, bytes);
    for (uintptr_t i = first; i < last; i++)
        had[i % sizeof had] = 1;
}

/* ---- giving back ----------------------------------------------------------------------------------------- */

/* The extent that begins at `start`, and the one before it. */
static extent *find_extent(const region *r, const void *start, extent **before)
{
    size_t offset = (size_t)((const unsigned char *)start - r->start);
    *before = NULL;
    extent *e = r->extents;
    for (; e && e->start != offset; e = e->next)
        *before = e;
    return e;
}

/* With the mutex held. */
static void give_extent(region *r, const pl_block *block)
{
    extent *before, *e = find_extent(r, block->start, &before);
    if (!e)
        return;
    e->used = false;
    if (block->shared != times_shared()) {
        *(before ? &before->next : &r->extents) = e->next;
        free(e);
        pl_os_release(block->start, block->bytes);
        return;
    }
    e->warm = warm + e->bytes <= WARM;
    if (e->warm)
        warm += e->bytes;
    else
        pl_os_share_discard(block->start, block->bytes);
    join_extents(e);
    if (before && !before->used && before->warm == e->warm)
        join_extents(before);
}

bool pl_arena_inherited(const pl_block *block)
{
    return block->start && block->forks != pl_pool_forks() && !block->own;
}

void pl_arena_give(pl_block *block)
{
    if (!block->start)
        return;
    int saved = errno;
    if (block->forks != pl_pool_forks()) {
        /* else this is a worker, which is to stay within reach of what the program puts in that place later */
        if (!pl_os_forking_apart)
            pl_os_release(block->start, block->bytes);
    } else {
        pl_fork_lock_take(&guard);
        for (region *r = region_at(&regions); r; r = region_at(&r->next))
            if (r->number == block->region)
                give_extent(r, block);
        pl_fork_lock_drop(&guard);
    }
    block->start = NULL;
    errno = saved;
}

/* How many forks lay before this process when it last made a block its own, plus 1; 0: it never has. Written by one
 * thread at a time: a worker has one. */
static unsigned made_own;

bool pl_arena_make_own(pl_block *block)
{
    if (pl_arena_inherited(block)) {
        block->own = pl_os_unshare(block->start, block->bytes);
        made_own = pl_pool_forks() + 1;
    }
    return !pl_arena_inherited(block);
}

bool pl_arena_has_own(void)
{
    return made_own == pl_pool_forks() + 1;
}

unsigned pl_arena_regions(void)
{
    pl_fork_lock_take(&guard);
    unsigned count = region_count;
    pl_fork_lock_drop(&guard);
    return count;
}

/* ---- the end --------------------------------------------------------------------------------------------- */

static void free_extents(region *r)
{
    for (extent *e; (e = r->extents);) {
        r->extents = e->next;
        free(e);
    }
}

static bool is_used(const region *r)
{
    for (const extent *e = r->extents; e; e = e->next)
        if (e->used)
            return true;
    return false;
}

/* A library that is unloaded leaves nothing; but regions that hold results stay, as the program may still have these at
 * its end. The worker groups have ended before, whose boards are here. */
static void end_arena(void)
{
    pl_fork_lock_take(&guard);
    _Atomic(region *) *link = &regions;
    for (region *r; (r = region_at(link));) {
        if (is_used(r)) {
            link = &r->next;
            continue;
        }
        set_region(link, region_at(&r->next));
        for (const extent *e = r->extents; e; e = e->next) {
            warm -= e->warm ? e->bytes : 0;
            pl_os_release(r->start + e->start, e->bytes);
        }
        free_extents(r);
        free(r);
    }
    pl_fork_lock_drop(&guard);
}

const pl_memory pl_arena_memory = {.take = pl_arena_take_aligned, .give = pl_arena_give, .make_own = pl_arena_make_own};

/* ---- fork ------------------------------------------------------------------------------------------------ */

static void count_fork(void)
{
    if (!pl_os_forking_apart) {
        /* P165 relaxed: as P164; pairs with P164 */
        atomic_fetch_add_explicit(&shared_ever, 1, memory_order_relaxed);
    }
}

/* The child begins anew. What it has inherited stays mapped for its owners. No lock is held while fork handlers run,
 * since those of the program may make calls: so another thread may have been in the middle of a change. */
static void become_child(void)
{
    region *first = region_at(&regions), *last = first;
    while (last && region_at(&last->next))
        last = region_at(&last->next);
    if (last) {
        set_region(&last->next, forked_regions);
        forked_regions = first;
    }
    set_region(&regions, NULL);
    region_count = 0;
    warm = 0;
}

static void after_fork_in_child(void)
{
    pl_fork_lock_renew(&guard);
}

PL_LIFE(PL_LIFE_ARENA, .before_fork = count_fork, .after_fork = count_fork, .in_child = after_fork_in_child,
        .unloaded = end_arena);
