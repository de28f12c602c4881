/* SPDX-License-Identifier: MIT */
/*
 * The ring of a stream: where its items are between source and sink. stream.h has the protocol, and why it is right.
 *
 * A *slot* is memory of the stream's for one item. The ring knows nothing of it but where it is. Slots go round:
 *
 *      source       takes a spare slot, fills it in, and publishes it                  spare -> waiting
 *      takers       claim a range of those that wait, run them, and say that they      waiting -> ended
 *                   have ended
 *      sink         is given the *head*, the next that is to be given, when it has     ended -> spare
 *                   ended; then the slot is spare again
 *
 * Each of these is an array of as many *places* as the window has items, rounded up to a power of two; three counters,
 * which only grow, say which places are in use:
 *
 *      given <= taken <= put <= given + window
 *
 *      place                  is
 *      ---------------------  -----------------------------------------------------------------------------------
 *      spare[put ..)          the slots that source has next: each is there from when `given` makes room for it
 *      waiting[taken, put)    items that nobody has claimed
 *      ended[given ..)        slots of items that have ended, in the order in which sink gets them: that of source,
 *                             or, of an unordered ring, that in which they end; NULL: that one has not ended
 */
#ifndef PL_STREAM_RING_H
#define PL_STREAM_RING_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/atomic.h"

/* The most items that are claimed at once. */
enum { PL_RING_RANGE = 32 };

/* What a claim was of: so many slots, the first of which has that place. */
typedef struct pl_ring_range {
    unsigned count;
    size_t first;
    void *slot[PL_RING_RANGE];
} pl_ring_range;

typedef struct pl_ring {
    size_t window; /* the most items between source's return and sink's */
    size_t mask;   /* places, less one */
    bool is_unordered;
    _Atomic(void *) *waiting; /* each of these has as many entries as there are places */
    _Atomic(void *) *ended;
    void **spare;
    unsigned char *memory; /* window slots, of so many bytes; */
    size_t stride;
    size_t fresh; /* so many of which have been used: source's */
    alignas(PL_LINE) _Atomic size_t put;
    _Atomic bool source; /* somebody is at source */
    alignas(PL_LINE) _Atomic size_t taken;
    alignas(PL_LINE) _Atomic size_t given;
    _Atomic bool sink;                     /* somebody is at sink */
    alignas(PL_LINE) _Atomic size_t endings; /* of an unordered ring: how many items have ended */
} pl_ring;

typedef enum pl_ring_order { PL_RING_ORDERED, PL_RING_UNORDERED } pl_ring_order;

/* Makes a ring whose slots have `stride` bytes, at multiples of `alignment`. False if there is no memory. */
bool pl_ring_init(pl_ring *ring, size_t window, pl_ring_order order, size_t stride, size_t alignment);
void pl_ring_free(pl_ring *ring);

/* ---- turns ----------------------------------------------------------------------------------------------- */

/* One thread at a time is at source, and one at sink: takes that turn, if nobody has it; and ends it. */
bool pl_ring_try_source(pl_ring *ring);
void pl_ring_leave_source(pl_ring *ring);
bool pl_ring_try_sink(pl_ring *ring);
void pl_ring_leave_sink(pl_ring *ring);

/* Whether somebody has it. */
bool pl_ring_at_source(const pl_ring *ring);
bool pl_ring_at_sink(const pl_ring *ring);

/* ---- source ---------------------------------------------------------------------------------------------- */

/* Whether there is room for one more item; it stays so for whoever is at source. */
bool pl_ring_has_room(const pl_ring *ring);

/* At source, where there is room: the slot for the next item. It stays the same until it is published. */
void *pl_ring_spare(pl_ring *ring);
void pl_ring_publish(pl_ring *ring, void *slot);

/* ---- takers ---------------------------------------------------------------------------------------------- */

/* Whether there are items that nobody has claimed. */
bool pl_ring_has_waiting(const pl_ring *ring);

/* Claims the first of them, up to `most`. False if there are none. */
bool pl_ring_claim(pl_ring *ring, unsigned most, pl_ring_range *range);

/* Item i of the range has ended. True if it is the head: then whoever says so looks after sink (pl_ring_head()). */
bool pl_ring_end(pl_ring *ring, const pl_ring_range *range, unsigned i);

/* ---- sink ------------------------------------------------------------------------------------------------ */

/* The head, if it has ended; else NULL. Who is not at sink has that for a hint. */
void *pl_ring_head(const pl_ring *ring);

/* At sink: the head has been given, and `slot`, it or another one, is spare. */
void pl_ring_give(pl_ring *ring, void *slot);

/* ---- all ------------------------------------------------------------------------------------------------- */

/* Whether nothing is in it: of a ring at whose source nobody is. */
bool pl_ring_is_empty(const pl_ring *ring);

#endif
