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
 * Pops of stolen slots lower head below top, and leave it so (top == split still, so there is nothing to steal); they
 * set `end` so that the next push takes its slow path, and catches up. So many stolen tasks are joined at little cost.
 * That it is behind, the owner remembers by itself: top > head alone may also mean that a task was revealed and stolen
 * while its push was still under way.
 *
 * A task stays in its slot from push to pop; a thief runs it, or copies it, in place. So slots never move: the deque
 * grows by committing more of the address space that it has reserved, there is no second array, and no thief can hold a
 * stale one. Slot room - 1 is never a task: a push writes its slot before it looks whether that was the last. (A thief
 * may still see a larger room from before the deque was trimmed: there, too, all is in memory.) There is one more below
 * base, which is never a task either: a join may mark it.
 *
 * The two parts share one word, `span` = top | split | claim. Who changes it, and how, always by CAS:
 *
 *      | operation  | by     | from                          | to                            |
 *      |------------|--------|-------------------------------|-------------------------------|
 *      | publish    | owner  |                               | split higher,      claim = 0  |
 *      | take back  | owner  | top < split                   | split lower,       claim = 0  |
 *      | catch up   | owner  | head < top == split           | top = split = head, claim = 0 |
 *      | steal      | thieves| top < split                   | top + 1                       |
 *      | claim      | thieves| top == split,  claim == 0     | claim = the thief             |
 *      | reveal     | thieves| claim == the thief            | split higher,      claim = 0  |
 *      | unclaim    | thieves| claim == the thief            | claim = 0                     |
 *
 * Once others know of the deque, nobody ever changes `span` by a plain store, not even its owner with relaxed order
 * where no CAS could fail: a thief that steals by a later word acquires the slots from the publish before it, since
 * each change in between is a read-modify-write and so continues the release sequence of that publish. A store would
 * end it. scripts/check-atomics refuses one.
 *
 * The owner's fast paths (libparallel/task.h) are a compare each. `limit` is normally split, and `end` room - 1; a
 * thief that found nothing public may ask for more by storing limit = ~0 and end = 0 (relaxed, no CAS), so that
 * the owner's next push or pop takes its slow path and publishes. The owner then stores the usual values; a request
 * that this overwrites is lost, and the thief, if still hungry, asks again: a request is a hint.
 *
 * An owner in a long leaf neither pushes nor pops. Then a thief may publish in its stead, by a *reveal*:
 *
 *      thief                                            owner
 *      -----                                            -----
 *      v1  claim: span.claim = itself       (CAS)       push:  o1  task = ...          (store)
 *      v2  ask: limit = ~0, end = 0         (stores)           o2  light fence
 *      v3  heavy fence (membarrier)                            o3  below end?          (load)
 *      v4  H = number of the first slot                 pop:   o4  task = NULL         (store)
 *          from split on with no task       (loads)            o5  light fence
 *      v5  split = H, if its claim holds    (CAS)              o6  from limit on?      (load)
 *                                                       slow:  o7  limit, end = usual  (stores)
 *                                                              o8  ..., claim = 0      (CAS)
 *
 * The slots from split up to head hold a task, those from head on hold none (o1, o4), so v4 finds head; by bisection.
 * (Below split there may be some without: stolen ones that their owner is joining.) While results of tasks that ran in
 * their push are kept, this may fail for a moment: so claims are barred then.
 *
 * Why it is right:
 *
 *   (1) Exactly once. A public task is in [top, split). It leaves that range by a successful CAS of one thread,
 *       a thief's (top + 1) or the owner's (split lowered), and CASes of one word are totally ordered.
 *   (2) No ABA between steals. Indices come back to earlier values (they are depths, not counts), so a thief's CAS
 *       can succeed on a word that changed and changed back. That is harmless: the word says which slots are public
 *       *now*, and the thief reads the slot only *after* its CAS. What it reads is the task that is public now, since
 *       the owner does not reuse a slot below top before its thief has said that it is done. Nor for the owner: between
 *       two of its changes top and split only rise, and without that the claim comes and goes only by a reveal that
 *       found nothing, or one that was given up. So its CAS may succeed on a word that has come back, with bounds
 *       computed from an equal word; at most a request has been overwritten, and the owner, in its slow path, looks
 *       once more whether anybody is idle.
 *   (3) No ABA between claims. A reveal succeeds only on a word with the thief's own claim. Only that thief sets it,
 *       and only where no claim stands: so the claim, with v1 and v2, has stood since before the fence.
 *   (4) A reveal and the owner's fast paths exclude each other. The heavy fence is a point in the owner's program
 *       order, with all its earlier stores visible to the thief, and v2 visible to all its later loads. If o4 comes
 *       before that point, v4 sees that the task is gone. If it comes after, o6 comes after too, and reads ~0; or what
 *       the owner itself stored in o7 since (then o8 has ended the claim, which v1 had set before, and v5 fails; a
 *       claim later than o8 stores its ~0 later than o7, as v1 reads what o8 wrote); or what it stored when it fell
 *       behind (D37, D38: no change of the span follows at once, but these bounds keep every pop of a slot below split,
 *       and every push, in the slow path, and from split on there is no task then). So the owner is in its slow path
 *       and decides with the thief by CAS. Likewise for a push: a task is in a slot that v4 looks at whole (T1
 *       releases it, D23 acquires it), and the owner, if it goes on, does so by its slow path.
 *       C11 has no asymmetric fences; what is said here of the heavy one is what membarrier(2) promises, as
 *       Goldblatt's P1202 ("Asymmetric fences") puts it. Where there is none, nothing is revealed.
 *   (5) The owner marks a slot (o4) that a thief may have stolen, or may be stealing. A thief that finds no task in the
 *       slot that it stole knows that its owner is joining it, or a kept result right above it, and gives it back:
 *       state = RETURNED. Until the owner finds that, nobody else can run the task.
 *   (6) No race on slots. The owner writes arguments, then the task with release (o1); the thief, after its CAS,
 *       reads the task with acquire. The thief says that it is done with release; the owner acquires that before it
 *       uses the slot again. `state` is 0 for the thief: that (D10) comes before o1 of the slot's next use.
 *   (7) A pop that finds its slot stolen finds all older ones stolen too: thieves take in order. So top == split
 *       then, and no steal succeeds until the owner pushes again, which catches up first. What is public after that, it
 *       has pushed while it waits, in tasks of what it waits for.
 *
 * `state` of a slot is 0 except from a steal to the owner's forget: flags and the thief's number. The thief adds its
 * number and the flag that says how it ended; the owner adds AWAITED before it parks.
 */
#ifndef PL_DEQUE_DEQUE_H
#define PL_DEQUE_DEQUE_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/atomic.h"

#include <libparallel/task.h>

typedef parallel_slot pl_slot;
typedef parallel_task pl_task;

enum {
    PL_SLOT_DONE = 1,     /* its thief has run it; the result is in place */
    PL_SLOT_RETURNED = 2, /* its thief has not, and will not: it is the owner's */
    PL_SLOT_AWAITED = 4,  /* the owner sleeps */
    PL_SLOT_THIEF = 8,    /* times its thief's number */
    PL_SLOT_ENDED = PL_SLOT_DONE | PL_SLOT_RETURNED
};

/* Whether the arguments and the result of a task are in its slot; else a pointer to them is. */
static inline bool pl_task_fits(const pl_task *task)
{
    return task->near;
}

/* Results of tasks that ran in their push, since there was no room: the last one first. */
struct pl_overflow;

typedef struct pl_deque {
    /* read by the owner at each push and pop, written by the thieves that ask */
    parallel_worker bounds;
    /* the owner's */
    alignas(PL_LINE) pl_slot *base;
    pl_slot *head; /* while the owner is in the library; its tasks may have gone on from there */
    uint32_t reserve;
    uint32_t shared;        /* split, as the owner has set it last: beyond that, a thief has */
    bool behind;            /* pops of stolen slots have left top above head */
    uint32_t overflowed;    /* tasks in `overflow` */
    const pl_task *covered; /* while there are some: the task below them */
    struct pl_overflow *overflow;
    char *side, *side_top; /* room for what does not fit into slots */
    size_t side_reserve, side_room;
    size_t warm, side_warm; /* bytes that earlier use may have left in memory: see pl_os_trim() */
    /* shared */
    alignas(PL_LINE) _Atomic uint64_t span;
    _Atomic uint32_t room;
} pl_deque;

/* The most slots that a deque has address space for. Never more than PL_DEQUE_MAX. */
#ifdef PL_MODEL
#define PL_DEQUE_RESERVE 16
/* What the first commit makes usable, and what is kept of it: as the scenario has it. */
extern uint32_t pl_model_first_room, pl_model_kept_room;
#elif UINTPTR_MAX > UINT32_MAX
#define PL_DEQUE_RESERVE (UINT32_C(1) << 25)
#else
#define PL_DEQUE_RESERVE (UINT32_C(1) << 16)
#endif
#define PL_DEQUE_MAX ((UINT32_C(1) << 26) - 1)

/*
 * Makes an empty deque of at most `reserve` slots (at least 2); where address space is short, fewer. False if
 * there is not even memory for a page.
 */
bool pl_deque_init(pl_deque *d, uint32_t reserve);

/* Makes one without any room, for a thread that must do without help: all tasks run in their push. `slots`: two. */
void pl_deque_init_serial(pl_deque *d, pl_slot *slots);

/* Lends such a new one memory, which begins on a cache line: the results that are kept in it need no other. */
void pl_deque_lend(pl_deque *d, void *memory, size_t bytes);

void pl_deque_end_serial(pl_deque *d);

/* Ends it. No thread may look at it any more. */
void pl_deque_destroy(pl_deque *d);

/* What the owner's slow paths found. */
typedef enum pl_pop { PL_POP_OWN, PL_POP_STOLEN } pl_pop;

/* How much of what is public comes back with a pop: the task alone; or half of the tasks below, too. */
typedef enum pl_take { PL_TAKE_ONE, PL_TAKE_HALF } pl_take;

/*
 * Owner: the task in `slot`, at head, is not below `end`: grows if need be, and publishes if asked to, with *published
 * saying so. False if there is no room: then the task is not in the deque.
 */
bool pl_deque_push_slow(pl_deque *d, pl_slot *slot, bool *published);

/*
 * Owner: the task in `slot`, marked as popped, is not from `limit` on: it may be public. PL_POP_OWN: the owner's again.
 * PL_POP_STOLEN: a thief has it or had it; once it has ended, the owner calls pl_deque_forget().
 */
pl_pop pl_deque_pop_slow(pl_deque *d, pl_slot *slot, pl_take take, bool *published);

/* Owner: pushes a task at d->head, with `argument`. False if there is no room. */
static inline bool pl_deque_push(pl_deque *d, const pl_task *task, void *argument)
{
    pl_slot *slot = d->head;
    bool published;
    *(void **)(void *)slot->data = argument;
    if (!parallel_slot_push(&d->bounds, slot, task) && !pl_deque_push_slow(d, slot, &published))
        return false;
    d->head++;
    return true;
}

/* Owner: pops the task below d->head, and only that. */
static inline pl_pop pl_deque_pop(pl_deque *d)
{
    bool published;
    pl_assert(d->head > d->base);
    d->head--;
    return parallel_slot_pop(&d->bounds, d->head) ? PL_POP_OWN : pl_deque_pop_slow(d, d->head, PL_TAKE_ONE, &published);
}

/* Owner, after PL_POP_STOLEN, when the slot has ended: drops it. Whatever it has pushed above in the meantime, it has
 * popped, too. */
void pl_deque_forget(pl_deque *d, pl_slot *slot);

/* Which of the private tasks are to be public: none; half of them, rounded up, unless some task is public; all. */
typedef enum pl_share { PL_SHARE_NONE, PL_SHARE_HALF, PL_SHARE_ALL } pl_share;

/*
 * Owner, with all tasks below `head`: makes some public, sets the usual bounds, ends claims. True if it has made any
 * public. It is a CAS that is seq_cst, so a look for sleepers that follows, with a seq_cst load, cannot miss one that
 * did not see these tasks.
 */
bool pl_deque_share(pl_deque *d, pl_slot *head, pl_share how);

static inline void pl_deque_publish(pl_deque *d, pl_slot *head)
{
    pl_deque_share(d, head, PL_SHARE_ALL);
}

/* Owner: sets d->head right after tasks may have pushed beyond it. */
void pl_deque_find_head(pl_deque *d);

/* Owner, with nothing in the deque: gives memory back, if it has grown much. */
void pl_deque_trim(pl_deque *d);

/* Owner: whether every task below `slot`, inclusive, has been stolen; whether `slot` is still private. */
bool pl_deque_stolen_to(const pl_deque *d, const pl_slot *slot);
bool pl_deque_is_private(const pl_deque *d, const pl_slot *slot);

/* Owner: room for arguments that do not fit into a slot, last in, first out. NULL if there is none. */
void *pl_deque_side(pl_deque *d, size_t bytes);
void pl_deque_side_release(pl_deque *d, void *room);

/* Owner, with nothing in the deque: pl_deque_trim() for what does not fit into slots. */
void pl_deque_spill_trim(pl_deque *d);

/* Owner: keeps the result of a task that ran in its push; gives back the youngest one, valid until the next call. */
void pl_deque_keep(pl_deque *d, pl_slot *slot, const void *result, size_t bytes);
void *pl_deque_kept(pl_deque *d, pl_slot *slot);

/* What became of an attempt to steal. A thief that lost a race has not seen an empty deque: it must look again
 * before it goes to sleep. */
typedef enum pl_steal { PL_STEAL_EMPTY, PL_STEAL_LOST, PL_STEAL_GOT } pl_steal;

/*
 * Any thread, as thief number `me`: takes the oldest public task. With PL_STEAL_GOT, *slot is the thief's, and *task
 * what is in it, until it calls pl_slot_end(). *task may be NULL: its owner wants it back (see (5)), and the thief
 * calls pl_slot_end(RETURNED).
 */
pl_steal pl_deque_steal(pl_deque *d, uint32_t me, pl_slot **slot, const pl_task **task);

/* Any thread: whether a task is public. */
bool pl_deque_has_public(const pl_deque *d);

/* Any thread: asks the owner to publish at its next push or pop. */
void pl_deque_ask(pl_deque *d);

/*
 * Any thread, as thief number `me`: v1 and v2. Like a steal, an attempt may be lost: to another claim, or since there
 * are public tasks, or were a moment ago. A thief that has lost it does not know whether there is a task, and must look
 * again before it goes to sleep. PL_STEAL_EMPTY: the owner bars claims, being short of memory.
 */
pl_steal pl_deque_claim(pl_deque *d, uint32_t me);

/* After pl_os_fence_all(): v4 and v5. True if it has made a task public. A thief may have claims on several deques, and
 * needs not know on which. */
bool pl_deque_reveal(pl_deque *d, uint32_t me);

/* Instead, where there was no fence: gives the claim back. */
void pl_deque_unclaim(pl_deque *d, uint32_t me);

/* Thief: it no longer needs the slot; how: PL_SLOT_DONE or PL_SLOT_RETURNED. True if the owner sleeps, and is to be
 * unparked. */
bool pl_slot_end(pl_slot *slot, unsigned how);

/* Owner: the state of a stolen slot, with acquire. */
unsigned pl_slot_state(const pl_slot *slot);

/* Owner: announces that it is going to park; returns the state from before. Takes that back. */
unsigned pl_slot_await(pl_slot *slot);
void pl_slot_unawait(pl_slot *slot);

/* Thief of the slot: whether its owner sleeps. Its load is seq_cst. */
bool pl_slot_awaited(const pl_slot *slot);

#endif
