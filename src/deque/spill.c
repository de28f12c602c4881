/* SPDX-License-Identifier: MIT */
/* What does not fit into a deque's slots: large arguments, and results of tasks for which there was no slot. Both are
 * the owner's alone, last in, first out, like the slots. */
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "deque/deque.h"

/* Address space for large arguments, and what the first of them makes usable. */
#if UINTPTR_MAX > UINT32_MAX
#define SIDE_RESERVE ((size_t)1 << 31)
#else
#define SIDE_RESERVE ((size_t)1 << 22)
#endif
#define SIDE_FIRST ((size_t)1 << 16)

/* What is kept of it when it is empty. */
#define SIDE_KEPT ((size_t)16 << 20)

#define CHUNK_BYTES ((size_t)1 << 16)

typedef struct pl_overflow {
    struct pl_overflow *below;
    size_t used, room;
    bool lent; /* by whoever made the deque; it is the lowest */
    alignas(PL_LINE) char bytes[];
} pl_overflow;

static size_t rounded_up(size_t bytes)
{
    return (bytes + PL_LINE - 1) / PL_LINE * PL_LINE;
}

/* If the last result of all has been used. */
static void drop_overflow(pl_deque *d)
{
    for (pl_overflow *top; !d->overflowed && (top = d->overflow) && !top->lent;) {
        d->overflow = top->below;
        free(top);
    }
}

void pl_deque_lend(pl_deque *d, void *memory, size_t bytes)
{
    pl_overflow *chunk = memory;
    *chunk = (pl_overflow){.below = d->overflow, .room = bytes - sizeof *chunk, .lent = true};
    d->overflow = chunk;
}

void pl_deque_end_serial(pl_deque *d)
{
    drop_overflow(d);
}

void pl_deque_destroy(pl_deque *d)
{
    drop_overflow(d);
    if (d->base)
        pl_os_release(d->base - 1, (size_t)(d->reserve + 1) * sizeof(pl_slot));
    d->base = NULL;
    if (d->side)
        pl_os_release(d->side, d->side_reserve);
    d->side = NULL;
}

/* ---- large arguments ------------------------------------------------------------------------------------- */

void *pl_deque_side(pl_deque *d, size_t bytes)
{
    if (d->overflowed || d->reserve <= 2)
        return NULL;
    for (size_t reserve = d->side ? 0 : pl_os_to_reserve(SIDE_RESERVE); !d->side && reserve >= SIDE_FIRST;
         reserve /= 2) {
        d->side_top = d->side = pl_os_reserve(reserve);
        d->side_reserve = reserve;
    }
    size_t used = (size_t)(d->side_top - d->side);
    if (!d->side || bytes > d->side_reserve - used)
        return NULL;
    size_t needed = rounded_up(used + bytes), room = d->side_room ? d->side_room : SIDE_FIRST;
    while (room < needed)
        room *= 2;
    if (room > d->side_room) {
        if (!pl_os_commit(d->side, room))
            return NULL;
        d->side_room = room;
    }
    void *start = d->side_top;
    d->side_top = d->side + needed;
    return start;
}

void pl_deque_side_release(pl_deque *d, void *room)
{
    /* not where it was given, but on the caller's stack: it ran in its push */
    if ((char *)room >= d->side && (char *)room < d->side_top)
        d->side_top = room;
}

void pl_deque_spill_trim(pl_deque *d)
{
    pl_assert(d->side_top == d->side);
    drop_overflow(d);
    pl_os_trim(d->side, SIDE_KEPT, d->side_room, &d->side_warm);
    d->side_room = d->side_room < SIDE_KEPT ? d->side_room : SIDE_KEPT;
}

/* ---- results of tasks that ran in their push ------------------------------------------------------------- */

/* Memory for `bytes`, on top. There is no way to say that there is none: waits until there is. */
static void *put_on_top(pl_deque *d, size_t bytes)
{
    pl_overflow *top = d->overflow;
    if (!top || top->room - top->used < bytes) {
        size_t room = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
        pl_overflow *chunk = pl_os_zalloc(sizeof *chunk + room);
        while (!chunk && !(chunk = pl_os_zalloc(sizeof *chunk + (room = bytes))))
            pl_os_sleep();
        *chunk = (pl_overflow){.below = top, .room = room};
        d->overflow = top = chunk;
    }
    top->used += bytes;
    return top->bytes + top->used - bytes;
}

/* A result is followed by its size, in what is left of its last line if that is enough. */
static size_t room_to_keep(size_t bytes)
{
    return rounded_up(bytes + sizeof bytes);
}

void pl_deque_keep(pl_deque *d, pl_slot *slot, const void *result, size_t bytes)
{
    if (d->overflowed++ == 0) {
        /* D35 relaxed: the owner's own; no partner */
        d->covered = atomic_load_explicit(&slot[-1].task, memory_order_relaxed);
        pl_deque_share(d, slot, PL_SHARE_NONE); /* all is slow from now on, and nobody may claim */
    }
    char *start = put_on_top(d, room_to_keep(bytes));
    memcpy(start, result, bytes);
    memcpy(start + room_to_keep(bytes) - sizeof bytes, &bytes, sizeof bytes);
}

void *pl_deque_kept(pl_deque *d, pl_slot *slot)
{
    /* the pop has marked the slot below, but what it pops is not in a slot */
    /* D36 release: as T1; pairs with D22, D23 */
    atomic_store_explicit(&slot->task, d->covered, memory_order_release);
    d->overflowed--;
    pl_overflow *top = d->overflow;
    while (top->used == 0) {
        d->overflow = top->below;
        free(top);
        top = d->overflow;
    }
    size_t bytes;
    memcpy(&bytes, top->bytes + top->used - sizeof bytes, sizeof bytes);
    top->used -= room_to_keep(bytes);
    return top->bytes + top->used;
}
