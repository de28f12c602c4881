/* SPDX-License-Identifier: MIT */
/*
 * A worker's deque of tasks.
 *
 * One thread, the owner, pushes and pops at one end, last in first out. Any thread steals at the other end,
 * oldest first. It is the deque of Chase and Lev ("Dynamic circular work-stealing deque", SPAA 2005), in the
 * form that Acar, Charguéraud and Rainey ("Scheduling parallel programs by work stealing with private deques",
 * PPoPP 2013) and van Dijk and van de Pol ("Lace: non-blocking split deque for work-stealing", MuCoCoS 2014)
 * gave it: the owner's own part is private, so that pushing and popping there costs plain loads and stores.
 *
 *      base                                                            base + reserve
 *       |  stolen  |     public      |     private     |                    |
 *       0 ------- top ------------ split ------------ head ---- room ------ reserve
 *                   thieves take      the owner pushes     memory     address space
 *                   here              and pops here
 *
 *      0 <= top <= split <= head < room <= reserve
 *
 * A task stays in its slot from push to pop; a thief runs it, or copies it, in place. So slots never move:
 * the deque grows by committing more of the address space that it has reserved, there is no second array, and
 * no thief can hold a stale one.
 *
 * The two parts share one word, `span` = top << 32 | split. Who changes it, and how:
 *
 *      | operation         | by     | from         | to             | with                          |
 *      |-------------------|--------|--------------|----------------|-------------------------------|
 *      | publish           | owner  | top == split | split = head   | store: no CAS can succeed now |
 *      |                   |        | top <  split | split = head   | CAS                           |
 *      | steal             | thieves| top <  split | top + 1        | CAS                           |
 *      | take back         | owner  | top <  split | split - 1      | CAS                           |
 *      | forget (a stolen  | owner  | top == split | top = split =  | store: as above               |
 *      | slot is done)     |        |              |   that slot    |                               |
 *
 * Why it is right:
 *
 *   (1) Exactly once. A public task is in [top, split). It leaves that range by a successful CAS of one thread,
 *       a thief's (top + 1) or the owner's (split lowered), and CASes of one word are totally ordered. The two
 *       stores happen only while top == split, when the expected value (top < split) of any thief's CAS differs
 *       from the word: nothing is lost between the owner's load and its store.
 *   (2) No ABA. Indices come back to earlier values (they are depths, not counts), so a thief's CAS can succeed
 *       on a word that changed and changed back. That is harmless: the word says which slots are public *now*,
 *       and the thief reads the slot only *after* its CAS. What it reads is the task that is public now, since
 *       the owner does not reuse a slot below top before its thief has said `done`.
 *   (3) No race on slots. Owner writes, publishes with release; the thief's CAS acquires (a thief's or the owner's
 *       CAS in between continues the release sequence). The thief says `done` with release; the owner acquires
 *       it before it uses the slot again.
 *   (4) A pop that finds its slot stolen finds all older ones stolen too: thieves take in order. So top ==
 *       split then, and the owner's `forget` is safe. Hence also: an owner blocked in such a pop has nothing
 *       left that anyone could steal.
 *
 * The owner's fast paths are a compare each. `limit` is normally split, and `end` room - 1; a thief that found
 * nothing public may ask for more by storing limit = ~0 and end = 0 (relaxed, no CAS), so that the owner's next
 * push or pop takes its slow path and publishes. The owner stores the usual values back; a request that this
 * overwrites is lost, and the thief, if still hungry, asks again: a request is a hint.
 *
 * What may overlap with what:
 *
 *      |         | push, pop, publish | steal, ask |
 *      |---------|--------------------|------------|
 *      | push, pop, publish | no (one owner) | yes |
 *      | steal, ask         | yes            | yes |
 */
#ifndef PL_DEQUE_DEQUE_H
#define PL_DEQUE_DEQUE_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/atomic.h"

typedef struct pl_slot pl_slot;

/* What a thief does with a task that it stole. It calls pl_slot_done() before anything that takes long, unless the
 * owner is to wait for it. `wanted` is false if the thief found, too late, that it may not run the task. */
typedef void pl_slot_run(void *thief, pl_slot *slot, bool wanted);

/* One task. The owner writes the plain members before the slot is public, and the thief reads them after. */
struct pl_slot {
    alignas(PL_LINE) pl_slot_run *run;
    void *argument;
    _Atomic uint32_t done; /* PL_SLOT_PENDING, _DONE, or _AWAITED: the owner sleeps until it is done */
};

enum { PL_SLOT_PENDING, PL_SLOT_DONE, PL_SLOT_AWAITED };

typedef struct pl_deque {
    /* the owner's */
    pl_slot *base;
    uint32_t head, split, room, reserve;
    /* read by the owner at each push and pop, written by the thieves that ask */
    alignas(PL_LINE) _Atomic uint32_t limit;
    _Atomic uint32_t end;
    /* shared */
    alignas(PL_LINE) _Atomic uint64_t span;
} pl_deque;

/* The most slots a deque can have: so many that only nesting without end reaches it. */
#if UINTPTR_MAX > UINT32_MAX
#define PL_DEQUE_RESERVE (UINT32_C(1) << 24)
#else
#define PL_DEQUE_RESERVE (UINT32_C(1) << 16)
#endif

/*
 * Makes an empty deque of at most `reserve` slots (at least 2); where address space is short, fewer. False if
 * there is not even memory for a page.
 */
bool pl_deque_init(pl_deque *d, uint32_t reserve);

/* Ends it. No thief may look at it any more. */
void pl_deque_destroy(pl_deque *d);

/* The slow ends of the two functions below. */
bool pl_deque_push_slow(pl_deque *d);
bool pl_deque_pop_slow(pl_deque *d);

/* Owner: pushes a task, private for now. NULL, and nothing pushed, if the deque cannot grow. */
static inline pl_slot *pl_deque_push(pl_deque *d, pl_slot_run *run, void *argument)
{
    pl_slot *slot = d->base + d->head;
    slot->run = run;
    slot->argument = argument;
    /* D1 relaxed: made public by D9 or D10, which release it; pairs with D8 */
    atomic_store_explicit(&slot->done, PL_SLOT_PENDING, memory_order_relaxed);
    /* D3 relaxed: a hint, see `ask`; pairs with D14, D16 */
    if (d->head >= atomic_load_explicit(&d->end, memory_order_relaxed) && !pl_deque_push_slow(d))
        return NULL;
    d->head++;
    return slot;
}

/*
 * Owner: pops the youngest task. True: it is the owner's again, as if never pushed. False: a thief has it; the
 * owner calls pl_deque_forget() once the thief is done with the slot, and neither pushes nor pops before.
 */
static inline bool pl_deque_pop(pl_deque *d)
{
    pl_assert(d->head > 0);
    d->head--;
    /* D4 relaxed: a hint; the owner's own `split` decides in the slow path; pairs with D13, D15 */
    return d->head >= atomic_load_explicit(&d->limit, memory_order_relaxed) || pl_deque_pop_slow(d);
}

/* Owner, after a pop that said false: sleeps until the thief is done with the slot, and drops the slot. */
void pl_deque_forget(pl_deque *d);

/*
 * Owner: makes all private tasks public. It is a store that is seq_cst, so a look for sleepers that follows, with
 * a seq_cst load, cannot miss one that did not see these tasks.
 */
void pl_deque_publish(pl_deque *d);

/* Owner: whether every task below `index` has been stolen. */
bool pl_deque_stolen_to(const pl_deque *d, uint32_t index);

/* What became of an attempt to steal. A thief that lost a race has not seen an empty deque: it must look again
 * before it goes to sleep. */
typedef enum pl_steal { PL_STEAL_EMPTY, PL_STEAL_LOST, PL_STEAL_GOT } pl_steal;

/* Any thread: takes the oldest public task. With PL_STEAL_GOT, *slot is the thief's until it calls pl_slot_done(). */
pl_steal pl_deque_steal(pl_deque *d, pl_slot **slot);

/* Any thread: whether a task is public. */
bool pl_deque_has_public(const pl_deque *d);

/* Any thread: asks the owner to publish at its next push or pop. */
void pl_deque_ask(pl_deque *d);

/* Thief: it no longer needs the slot; the owner may use it again. */
void pl_slot_done(pl_slot *slot);

#endif
