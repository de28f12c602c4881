/* SPDX-License-Identifier: MIT */
/* What the coordinator does on the board; board.h says how it works. */
#include "executors/process/coordinator.h"

#include <errno.h>

#include "base/os.h"
#include "base/os_process.h"
#include "executors/process/board_internal.h"
#include "sched/stop.h"

/* The state of a place in a call. Each follows the one before it, and ASSIGNED follows SETTLED again. */
typedef enum place_state {
    UNUSED,   /* nothing has been assigned there in this call */
    ASSIGNED, /* something has, and its entry is not known to be DONE */
    ENDED,    /* the entry is DONE, but there may be reports of it that have not been read yet */
    RUN,      /* the same, and a worker has run it */
    SETTLED   /* all reports of it have been read: the place may be assigned again */
} place_state;

/* ---- the bell ---------------------------------------------------------------------------------------------- */

uint32_t pl_coordinator_bell(const pl_coordinator *co)
{
    /* P2 seq_cst: what was written before the bell moved is seen after this; pairs with P1 */
    return atomic_load_explicit(&co->board->bell, memory_order_seq_cst);
}

bool pl_coordinator_spin(const pl_coordinator *co, uint32_t bell)
{
    for (int i = 0; i < LOOKS; i++) {
        if (pl_coordinator_bell(co) != bell)
            return true;
        pl_pause();
    }
    return false;
}

void pl_coordinator_sleep(pl_coordinator *co, uint32_t bell, uint64_t timeout_ns)
{
    pl_board *board = co->board;
    /* P4 seq_cst: announced before the futex compares the bell; pairs with P3 */
    atomic_store_explicit(&board->coordinator_sleeps, 1, memory_order_seq_cst);
    if (pl_coordinator_bell(co) == bell)
        pl_os_shared_wait(&board->bell, bell, timeout_ns);
    /* P5 relaxed: a party that still sees it wakes nobody; pairs with P3 */
    atomic_store_explicit(&board->coordinator_sleeps, 0, memory_order_relaxed);
}

/* ---- a call ------------------------------------------------------------------------------------------------ */

void pl_coordinator_init(pl_coordinator *co, pl_board *board, unsigned slots, size_t index_at)
{
    co->board = board;
    co->slots = slots;
    co->index_at = index_at;
}

/* Notes where the counters stand, so that what is counted in this call is what is added to them. */
static void read_counters(pl_coordinator *co)
{
    co->done_before = 0;
    for (unsigned i = 0; i < co->slots; i++) {
        /* P137 relaxed: whatever it is; pairs with P38 */
        co->slot[i].done = atomic_load_explicit(&co->board->slot[i].done, memory_order_relaxed);
        /* P138 relaxed: whatever it is; pairs with P40 */
        co->slot[i].busy = atomic_load_explicit(&co->board->slot[i].busy, memory_order_relaxed);
        co->done_before += co->slot[i].done;
    }
}

void pl_coordinator_begin(pl_coordinator *co, const pl_board_work *work, unsigned active, uint64_t watch_ns)
{
    pl_board *board = co->board;
    memset(co->state, UNUSED, sizeof co->state);
    co->first = co->tail;
    co->open = 0;
    co->tasks = 0;
    co->active = active;
    co->watch_ns = watch_ns;
    co->work_seal = seal_of_work(work);
    co->began = pl_ticks();
    co->corrupted = false;
    read_counters(co);
    board->work = *work;
    /* P23 relaxed: no worker has an entry; one that takes one sees this by P9; no partner */
    atomic_store_explicit(&board->stop, 0, memory_order_relaxed);
    /* P17 relaxed: as P23; pairs with P16, P21 */
    atomic_store_explicit(&board->active, active, memory_order_relaxed);
    /* P80 relaxed: a number by itself; the caller notifies the supervisor; pairs with P81 */
    atomic_store_explicit(&board->watch, watch_ns, memory_order_relaxed);
    pl_coordinator_announce_rest(co, PL_NOTHING_LEFT);
}

void pl_coordinator_end(pl_coordinator *co)
{
    co->watch_ns = 0;
    /* P82 relaxed: as P80; the supervisor finds out when it looks next; pairs with P81 */
    atomic_store_explicit(&co->board->watch, 0, memory_order_relaxed);
}

bool pl_coordinator_want(pl_coordinator *co, unsigned workers)
{
    if (co->wanted >= workers)
        return false;
    co->wanted = workers;
    /* P68 relaxed: a number by itself; pairs with P63 */
    atomic_store_explicit(&co->board->wanted, workers, memory_order_relaxed);
    return true;
}

void pl_coordinator_kill_tasks(pl_coordinator *co)
{
    /* P64 release: what the coordinator wants them to be killed for was before; pairs with P65 */
    atomic_store_explicit(&co->board->kill_requests, ++co->kill_requests, memory_order_release);
}

void pl_coordinator_announce_rest(pl_coordinator *co, pl_rest rest)
{
    /* P73 relaxed: a hint, before the assignments that follow; the coordinator looks again before it sleeps; pairs with
     * P72 */
    atomic_store_explicit(&co->board->more, rest == PL_MORE_TO_COME, memory_order_relaxed);
}

void pl_coordinator_stop(pl_coordinator *co, int level)
{
    pl_stop_raise(&co->board->stop, level);
}

bool pl_coordinator_stopped(const pl_coordinator *co)
{
    return pl_stop_level(&co->board->stop) != 0;
}

int pl_coordinator_unavailable(const pl_coordinator *co)
{
    /* P67 acquire: why; pairs with P66 */
    uint32_t word = atomic_load_explicit(&co->board->unavailable, memory_order_acquire);
    int why = (int)(word >> 16);
    return !word ? 0 : word == unavailable_word(why) ? why : EIO;
}

/* ---- entries ----------------------------------------------------------------------------------------------- */

/* The oldest of this call's assignments whose place has not been assigned again. */
static uint64_t oldest_place(const pl_coordinator *co)
{
    return co->tail - co->first > PL_BOARD_ENTRIES ? co->tail - PL_BOARD_ENTRIES : co->first;
}

/* What the word of an entry says if it is FREE. */
static uint64_t free_word(const pl_coordinator *co, uint64_t place)
{
    return word_of(FREE, 0, 0, lap_of(co->assigned[place].position));
}

/* What it says if it is DONE, by a worker that has run it, or by the coordinator. */
static uint64_t ended_word(const pl_coordinator *co, uint64_t place)
{
    return done_word(co->seal[place], lap_of(co->assigned[place].position));
}

/* Whether the word of an entry says TAKEN, and may: by a generation that has begun, and is not known to have died. */
static bool is_taken(const pl_coordinator *co, uint64_t place, uint64_t word)
{
    unsigned slot = slot_in(word);
    if (kind_of(word) != TAKEN || (uint32_t)word != (uint32_t)lap_of(co->assigned[place].position) || slot >= co->slots)
        return false;
    uint32_t after =
        (generation_in(word) - (co->slot[slot].died + 1)) & PL_BOARD_GENERATIONS; /* generations wrap around */
    return after <= PL_BOARD_DEATHS;
}

static void end_assignment(pl_coordinator *co, uint64_t place, unsigned char state)
{
    co->state[place] = state;
    co->open--;
}

/* Whether what only the coordinator writes stands on the board as written, and the head is no further than it may
 * be. */
static bool is_as_written(const pl_coordinator *co)
{
    const pl_board *board = co->board;
    /* P85 relaxed: the coordinator's own; no partner */
    return atomic_load_explicit((_Atomic uint64_t *)&board->tail, memory_order_relaxed) == co->published &&
           /* P86 relaxed: the coordinator's own; no partner */
           atomic_load_explicit((_Atomic uint32_t *)&board->active, memory_order_relaxed) == co->active &&
           /* P139 relaxed: never more than the coordinator's tail; no partner */
           atomic_load_explicit((_Atomic uint64_t *)&board->head, memory_order_relaxed) <= co->tail &&
           /* P62 relaxed: the coordinator's own; no partner */
           atomic_load_explicit((_Atomic uint32_t *)&board->wanted, memory_order_relaxed) == co->wanted &&
           /* P140 relaxed: the coordinator's own; no partner */
           atomic_load_explicit((_Atomic uint32_t *)&board->kill_requests, memory_order_relaxed) == co->kill_requests &&
           /* P141 relaxed: the coordinator's own; no partner */
           atomic_load_explicit((_Atomic uint64_t *)&board->watch, memory_order_relaxed) == co->watch_ns &&
           /* P142 relaxed: the coordinator's own; no partner */
           atomic_load_explicit((_Atomic uint32_t *)&board->deaths_read, memory_order_relaxed) == co->deaths_read;
}

void pl_coordinator_look(pl_coordinator *co)
{
    for (uint64_t p = oldest_place(co); p < co->tail; p++) {
        uint64_t place = p % PL_BOARD_ENTRIES;
        if (co->state[place] != ASSIGNED)
            continue;
        /* P24 acquire: the worker has done the assignment, and reported all of it; pairs with P18, P12 */
        uint64_t word = atomic_load_explicit(&co->board->entries[place].word, memory_order_acquire);
        if (word == ended_word(co, place))
            end_assignment(co, place, RUN);
        else
            co->corrupted |= word != free_word(co, place) && !is_taken(co, place, word);
    }
    co->corrupted |= !is_as_written(co);
}

void pl_coordinator_settle(pl_coordinator *co)
{
    for (uint64_t p = oldest_place(co); p < co->tail; p++) {
        unsigned char *state = &co->state[p % PL_BOARD_ENTRIES];
        *state = *state == ENDED || *state == RUN ? SETTLED : *state;
    }
}

/* Whether no worker has what is TAKEN there, as `word` says; board.h says how that is known. */
static bool is_orphaned(const pl_coordinator *co, uint64_t place, uint64_t word)
{
    const pl_board *board = co->board;
    /* P133 acquire: and what came before: what the worker had is DONE, or its death is noted; pairs with P7, P70, P131,
     * P132 */
    if (atomic_load_explicit((_Atomic uint32_t *)&board->slot[slot_in(word)].asleep, memory_order_acquire) == AWAKE)
        return false;
    /* P135 relaxed: no death has been noted that has not been read; those that P133 has acquired count; pairs with
     * P53 */
    if (atomic_load_explicit((_Atomic uint32_t *)&board->deaths_wrote, memory_order_relaxed) != co->deaths_read)
        return false;
    /* P143 relaxed: the word is still the same, after P133; pairs with P12, P18 */
    return atomic_load_explicit((_Atomic uint64_t *)&board->entries[place].word, memory_order_relaxed) == word;
}

void pl_coordinator_doubt(pl_coordinator *co)
{
    /* P87 acquire: the worker that has moved it has seen that no entry before it is FREE; pairs with P14 */
    uint64_t head = atomic_load_explicit(&co->board->head, memory_order_acquire);
    for (uint64_t p = oldest_place(co); p < co->tail; p++) {
        uint64_t place = p % PL_BOARD_ENTRIES;
        if (co->state[place] != ASSIGNED)
            continue;
        /* P134 acquire: the worker that has taken it was awake; pairs with P12 */
        uint64_t word = atomic_load_explicit(&co->board->entries[place].word, memory_order_acquire);
        co->corrupted |= word == free_word(co, place) && co->assigned[place].position < head;
        co->corrupted |= is_taken(co, place, word) && is_orphaned(co, place, word);
    }
}

void pl_coordinator_verify(pl_coordinator *co)
{
    for (uint64_t p = oldest_place(co); p < co->tail; p++) {
        uint64_t place = p % PL_BOARD_ENTRIES;
        if (co->state[place] == UNUSED)
            continue;
        /* P144 relaxed: what P24 has seen, and no party has a reason to change; no partner */
        uint64_t word = atomic_load_explicit(&co->board->entries[place].word, memory_order_relaxed);
        co->corrupted |= word != ended_word(co, place);
    }
    co->corrupted |= !is_as_written(co);
}

/* Puts an assignment at the place where the tail is. */
static void write_entry(pl_coordinator *co, pl_assignment *assignment)
{
    uint64_t position = co->tail, place = position % PL_BOARD_ENTRIES;
    pl_entry *entry = &co->board->entries[place];
    co->tail++;
    assignment->position = position;
    entry->assignment = co->assigned[place] = *assignment;
    entry->seal = co->seal[place] = seal_of_assignment(co->work_seal, assignment);
    co->state[place] = ASSIGNED;
    co->open++;
    co->tasks += assignment->end - assignment->begin;
    /* P13 relaxed: m1, before m2, which releases it; pairs with P11, P12 */
    atomic_store_explicit(&entry->word, free_word(co, place), memory_order_relaxed);
    co->published = co->tail;
    /* P10 seq_cst: m2, the assignment is written, and the work; before w1 in S; pairs with P9 */
    atomic_store_explicit(&co->board->tail, co->tail, memory_order_seq_cst);
}

bool pl_coordinator_assign(pl_coordinator *co, pl_assignment *assignment)
{
    for (int tries = 0; tries < PL_BOARD_ENTRIES; tries++) {
        uint64_t place = co->tail % PL_BOARD_ENTRIES;
        if (co->state[place] == UNUSED || co->state[place] == SETTLED) {
            write_entry(co, assignment);
            return true;
        }
        /* P88 relaxed: a hint: an entry that is taken may take long, and is passed over; pairs with P12 */
        if (kind_of(atomic_load_explicit(&co->board->entries[place].word, memory_order_relaxed)) != TAKEN)
            return false;
        co->tail++;
    }
    return false;
}

void pl_coordinator_call(pl_coordinator *co, unsigned workers)
{
    for (unsigned i = 0; i < co->active && i < co->slots && workers; i++)
        workers -= pl_board_wake(co->board, i);
}

bool pl_coordinator_take_back(pl_coordinator *co, pl_assignment *assignment)
{
    for (unsigned place = 0; place < PL_BOARD_ENTRIES && co->open; place++) {
        if (co->state[place] != ASSIGNED)
            continue;
        uint64_t word = free_word(co, place);
        /* P26 relaxed: t3, no worker has begun it; pairs with P12 */
        if (atomic_compare_exchange_strong_explicit(&co->board->entries[place].word, &word, ended_word(co, place),
                                                    memory_order_relaxed, memory_order_relaxed)) {
            *assignment = co->assigned[place];
            end_assignment(co, place, ENDED);
            return true;
        }
    }
    return false;
}

unsigned pl_coordinator_places(const pl_coordinator *co)
{
    uint64_t count = co->tail - co->first;
    return count < PL_BOARD_ENTRIES ? (unsigned)count : PL_BOARD_ENTRIES;
}

unsigned pl_coordinator_place(const pl_coordinator *co, unsigned i)
{
    return (unsigned)((co->first + i) % PL_BOARD_ENTRIES);
}

const pl_assignment *pl_coordinator_assigned(const pl_coordinator *co, uint64_t position)
{
    const pl_assignment *assignment = &co->assigned[position % PL_BOARD_ENTRIES];
    return position >= co->first && position < co->tail && assignment->position == position ? assignment : NULL;
}

const pl_assignment *pl_coordinator_run(const pl_coordinator *co, unsigned place)
{
    return co->state[place] == RUN ? &co->assigned[place] : NULL;
}

bool pl_coordinator_is_corrupted(const pl_coordinator *co)
{
    return co->corrupted;
}

void pl_coordinator_distrust(pl_coordinator *co)
{
    co->corrupted = true;
}

bool pl_coordinator_all_done(const pl_coordinator *co)
{
    return co->open == 0;
}

/* ---- deaths ------------------------------------------------------------------------------------------------ */

/* Whether a note can be true: its seal is right, and it is about the next generation of a slot. */
static bool is_true(const pl_coordinator *co, const pl_death *death)
{
    return death->seal == seal_of_death(death, co->deaths_read) && death->slot < co->slots &&
           death->generation == co->slot[death->slot].died + 1;
}

bool pl_coordinator_death(pl_coordinator *co, pl_death *death)
{
    pl_board *board = co->board;
    /* P54 acquire: the note is there; pairs with P53 */
    uint32_t unread = atomic_load_explicit(&board->deaths_wrote, memory_order_acquire) - co->deaths_read;
    if (!unread || co->corrupted)
        return false;
    *death = board->deaths[co->deaths_read % PL_BOARD_DEATHS];
    if (unread > PL_BOARD_DEATHS || !is_true(co, death)) {
        co->corrupted = true;
        return false;
    }
    co->slot[death->slot].died++;
    co->deaths_read++;
    /* P52 release: the note has been read; pairs with P51 */
    atomic_store_explicit(&board->deaths_read, co->deaths_read, memory_order_release);
    return true;
}

/* Ends the assignment at a place, which a worker had taken that is dead. */
static void reclaim_entry(pl_coordinator *co, unsigned place, pl_assignment *assignment)
{
    *assignment = co->assigned[place];
    end_assignment(co, place, ENDED);
    /* P56 relaxed: only the coordinator has to do with the entry any more; no partner */
    atomic_store_explicit(&co->board->entries[place].word, ended_word(co, place), memory_order_relaxed);
}

bool pl_coordinator_reclaim(pl_coordinator *co, const pl_death *death, pl_assignment *assignment)
{
    for (unsigned place = 0; place < PL_BOARD_ENTRIES && co->open; place++) {
        if (co->state[place] != ASSIGNED)
            continue;
        uint64_t lap = lap_of(co->assigned[place].position);
        /* P57 relaxed: what the worker did before its death P54 has acquired; pairs with P12 */
        uint64_t word = atomic_load_explicit(&co->board->entries[place].word, memory_order_relaxed);
        if (word == word_of(TAKEN, death->slot, death->generation, lap)) {
            reclaim_entry(co, place, assignment);
            return true;
        }
    }
    return false;
}

bool pl_coordinator_reclaim_any(pl_coordinator *co, pl_assignment *assignment, pl_death *death)
{
    for (unsigned place = 0; place < PL_BOARD_ENTRIES && co->open && !co->corrupted; place++) {
        if (co->state[place] != ASSIGNED)
            continue;
        /* P58 acquire: there was no supervisor to note the death; pairs with P12, P18 */
        uint64_t word = atomic_load_explicit(&co->board->entries[place].word, memory_order_acquire);
        if (!is_taken(co, place, word))
            continue;
        unsigned slot = slot_in(word);
        *death = (pl_death){.slot = slot,
                            .killed = pl_board_was_killed(co->board, slot),
                            .signal = pl_os_killed_by,
                            .index = *pl_board_index(co->board, slot, co->index_at)};
        reclaim_entry(co, place, assignment);
        return true;
    }
    return false;
}

const pl_assignment *pl_coordinator_taken(const pl_coordinator *co, unsigned place, uint64_t *holder, uint64_t *starts)
{
    /* P104 relaxed: all that counts is how long it stays the same; pairs with P12 */
    *holder = atomic_load_explicit(&co->board->entries[place].word, memory_order_relaxed);
    unsigned slot = slot_in(*holder);
    *starts = slot < co->slots ? pl_board_starts(co->board, slot) : 0;
    return co->state[place] == ASSIGNED && kind_of(*holder) == TAKEN ? &co->assigned[place] : NULL;
}
