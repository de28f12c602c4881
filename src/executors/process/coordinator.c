/* SPDX-License-Identifier: MIT */
/* What the coordinator does on the board; board.h says how it works. */
#include "executors/process/coordinator.h"

#include <errno.h>

#include "base/os.h"
#include "base/os_process.h"
#include "executors/process/board_internal.h"
#include "sched/stop.h"

/*
 * The state of a place, in a call:
 *
 *      UNUSED      nothing has been assigned there
 *      OFFERED     and nobody has done with it
 *      ENDED       it is DONE, but what has been reported of it may have to be read yet
 *      SETTLED     it may be assigned again
 */
enum { UNUSED, ASSIGNED, ENDED, SETTLED };

/* ---- the bell ---------------------------------------------------------------------------------------------- */

uint32_t pl_coordinator_bell(const pl_coordinator *coordinator)
{
    /* P2 seq_cst: what was written down before the bell moved is seen after this; pairs with P1 */
    return atomic_load_explicit(&coordinator->board->bell, memory_order_seq_cst);
}

void pl_coordinator_sleep(pl_coordinator *coordinator, uint32_t bell, uint64_t timeout_ns, bool soon)
{
    pl_board *board = coordinator->board;
    for (int i = 0; soon && i < LOOKS; i++) {
        if (pl_coordinator_bell(coordinator) != bell)
            return;
        pl_pause();
    }
    /* P4 seq_cst: announced before the futex compares the bell; pairs with P3 */
    atomic_store_explicit(&board->coordinator_sleeps, 1, memory_order_seq_cst);
    if (pl_coordinator_bell(coordinator) == bell)
        pl_os_shared_wait(&board->bell, bell, timeout_ns);
    /* P5 relaxed: who still sees it wakes nobody; pairs with P3 */
    atomic_store_explicit(&board->coordinator_sleeps, 0, memory_order_relaxed);
}

/* ---- a call ------------------------------------------------------------------------------------------------ */

void pl_coordinator_init(pl_coordinator *coordinator, pl_board *board, unsigned slots, size_t index_at)
{
    coordinator->board = board;
    coordinator->slots = slots;
    coordinator->index_at = index_at;
}

/* What is to be counted in this call begins where the counters are. */
static void read_counters(pl_coordinator *coordinator)
{
    coordinator->done_before = 0;
    for (unsigned i = 0; i < coordinator->slots; i++) {
        /* P137 relaxed: whatever it is; pairs with P38 */
        coordinator->slot[i].done = atomic_load_explicit(&coordinator->board->slot[i].done, memory_order_relaxed);
        /* P138 relaxed: whatever it is; pairs with P40 */
        coordinator->slot[i].busy = atomic_load_explicit(&coordinator->board->slot[i].busy, memory_order_relaxed);
        coordinator->done_before += coordinator->slot[i].done;
    }
}

void pl_coordinator_begin(pl_coordinator *coordinator, pl_board *board, const pl_board_work *job, unsigned active,
                          uint64_t watch_ns)
{
    memset(coordinator->state, UNUSED, sizeof coordinator->state);
    coordinator->first = coordinator->tail;
    coordinator->open = 0;
    coordinator->tasks = 0;
    coordinator->active = active;
    coordinator->watch_ns = watch_ns;
    coordinator->work_seal = seal_of_work(job);
    coordinator->began = pl_ticks();
    coordinator->corrupted = false;
    read_counters(coordinator);
    board->job = *job;
    /* P23 relaxed: nobody has an entry; who takes one sees this by P9; no partner */
    atomic_store_explicit(&board->stop, 0, memory_order_relaxed);
    /* P17 relaxed: as P23; pairs with P16, P21 */
    atomic_store_explicit(&board->active, active, memory_order_relaxed);
    /* P80 relaxed: a number by itself; who sets it notifies the supervisor; pairs with P81 */
    atomic_store_explicit(&board->watch, watch_ns, memory_order_relaxed);
    pl_coordinator_has_more(coordinator, false);
}

void pl_coordinator_end(pl_coordinator *coordinator)
{
    coordinator->watch_ns = 0;
    /* P82 relaxed: as P80; the supervisor finds out when it looks next; pairs with P81 */
    atomic_store_explicit(&coordinator->board->watch, 0, memory_order_relaxed);
}

bool pl_coordinator_want(pl_coordinator *coordinator, unsigned workers)
{
    if (coordinator->wanted >= workers)
        return false;
    coordinator->wanted = workers;
    /* P68 relaxed: a number by itself; pairs with P63 */
    atomic_store_explicit(&coordinator->board->wanted, workers, memory_order_relaxed);
    return true;
}

void pl_coordinator_kill_tasks(pl_coordinator *coordinator)
{
    /* P64 release: after what the coordinator wants them to be killed for; pairs with P65 */
    atomic_store_explicit(&coordinator->board->kill_requests, ++coordinator->kill_requests, memory_order_release);
}

void pl_coordinator_has_more(pl_coordinator *coordinator, bool more)
{
    /* P73 relaxed: a hint, before the assignments that follow; the coordinator looks again before it sleeps; pairs with P72 */
    atomic_store_explicit(&coordinator->board->more, more, memory_order_relaxed);
}

void pl_coordinator_stop(pl_coordinator *coordinator, int level)
{
    pl_stop_raise(&coordinator->board->stop, level);
}

bool pl_coordinator_stopped(const pl_coordinator *coordinator)
{
    return pl_stop_level(&coordinator->board->stop) != 0;
}

int pl_coordinator_unavailable(const pl_coordinator *coordinator)
{
    /* P67 acquire: why; pairs with P66 */
    uint32_t word = atomic_load_explicit(&coordinator->board->unavailable, memory_order_acquire);
    int why = (int)(word >> 16);
    return !word ? 0 : word == unavailable_word(why) ? why : EIO;
}

/* ---- entries ----------------------------------------------------------------------------------------------- */

/* The oldest of this call's assignments whose place has not been assigned again. */
static uint64_t oldest_place(const pl_coordinator *coordinator)
{
    return coordinator->tail - coordinator->first > PL_BOARD_ENTRIES ? coordinator->tail - PL_BOARD_ENTRIES
                                                                     : coordinator->first;
}

/* What an entry says that is FREE, or DONE. */
static uint64_t free_word(const pl_coordinator *coordinator, uint64_t place)
{
    return word_of(FREE, 0, 0, lap_of(coordinator->assigned[place].position));
}

static uint64_t ended_word(const pl_coordinator *coordinator, uint64_t place)
{
    return done_word(coordinator->seal[place], lap_of(coordinator->assigned[place].position));
}

/* Whether it may be TAKEN: by a generation that has begun, and of which it is not known that it has ended. */
static bool is_taken(const pl_coordinator *coordinator, uint64_t place, uint64_t word)
{
    unsigned slot = slot_in(word);
    if (kind_of(word) != TAKEN || (uint32_t)word != (uint32_t)lap_of(coordinator->assigned[place].position) ||
        slot >= coordinator->slots)
        return false;
    uint32_t after =
        (generation_in(word) - (coordinator->slot[slot].died + 1)) & PL_BOARD_GENERATIONS; /* generations wrap around */
    return after <= PL_BOARD_DEATHS;
}

static void end_assignment(pl_coordinator *coordinator, uint64_t place)
{
    coordinator->state[place] = ENDED;
    coordinator->open--;
}

/* Whether all is on the board that only the coordinator writes; and the head is no further than it may be. */
static bool is_as_written(const pl_coordinator *coordinator)
{
    const pl_board *board = coordinator->board;
    /* P85 relaxed: the coordinator's own; no partner */
    return atomic_load_explicit((_Atomic uint64_t *)&board->tail, memory_order_relaxed) == coordinator->published &&
           /* P86 relaxed: the coordinator's own; no partner */
           atomic_load_explicit((_Atomic uint32_t *)&board->active, memory_order_relaxed) == coordinator->active &&
           /* P139 relaxed: never more than the coordinator's tail; no partner */
           atomic_load_explicit((_Atomic uint64_t *)&board->head, memory_order_relaxed) <= coordinator->tail &&
           /* P62 relaxed: the coordinator's own; no partner */
           atomic_load_explicit((_Atomic uint32_t *)&board->wanted, memory_order_relaxed) == coordinator->wanted &&
           /* P140 relaxed: the coordinator's own; no partner */
           atomic_load_explicit((_Atomic uint32_t *)&board->kill_requests, memory_order_relaxed) ==
               coordinator->kill_requests &&
           /* P141 relaxed: the coordinator's own; no partner */
           atomic_load_explicit((_Atomic uint64_t *)&board->watch, memory_order_relaxed) == coordinator->watch_ns &&
           /* P142 relaxed: the coordinator's own; no partner */
           atomic_load_explicit((_Atomic uint32_t *)&board->deaths_read, memory_order_relaxed) ==
               coordinator->deaths_read;
}

void pl_coordinator_look(pl_coordinator *coordinator)
{
    for (uint64_t p = oldest_place(coordinator); p < coordinator->tail; p++) {
        uint64_t place = p % PL_BOARD_ENTRIES;
        if (coordinator->state[place] != ASSIGNED)
            continue;
        /* P24 acquire: the worker has done with the assignment, and reported; pairs with P18, P12 */
        uint64_t word = atomic_load_explicit(&coordinator->board->entries[place].word, memory_order_acquire);
        if (word == ended_word(coordinator, place))
            end_assignment(coordinator, place);
        else
            coordinator->corrupted |= word != free_word(coordinator, place) && !is_taken(coordinator, place, word);
    }
    coordinator->corrupted |= !is_as_written(coordinator);
}

void pl_coordinator_settle(pl_coordinator *coordinator)
{
    for (uint64_t p = oldest_place(coordinator); p < coordinator->tail; p++) {
        unsigned char *state = &coordinator->state[p % PL_BOARD_ENTRIES];
        *state = *state == ENDED ? SETTLED : *state;
    }
}

/* Whether nobody has what is TAKEN there, as `word` says; board.h says why. */
static bool is_orphaned(const pl_coordinator *coordinator, uint64_t place, uint64_t word)
{
    const pl_board *board = coordinator->board;
    /* P133 acquire: and all that came before it: what it had is DONE; or its death is noted; pairs with P7, P70, P131, P132 */
    if (atomic_load_explicit((_Atomic uint32_t *)&board->slot[slot_in(word)].asleep, memory_order_acquire) == AWAKE)
        return false;
    /* P135 relaxed: no death has been noted that is not known; what P133 has acquired is counted; pairs with P53 */
    if (atomic_load_explicit((_Atomic uint32_t *)&board->deaths_wrote, memory_order_relaxed) !=
        coordinator->deaths_read)
        return false;
    /* P143 relaxed: still; after P133; pairs with P12, P18 */
    return atomic_load_explicit((_Atomic uint64_t *)&board->entries[place].word, memory_order_relaxed) == word;
}

void pl_coordinator_doubt(pl_coordinator *coordinator)
{
    /* P87 acquire: who has moved it has seen that none before it is FREE; pairs with P14 */
    uint64_t head = atomic_load_explicit(&coordinator->board->head, memory_order_acquire);
    for (uint64_t p = oldest_place(coordinator); p < coordinator->tail; p++) {
        uint64_t place = p % PL_BOARD_ENTRIES;
        if (coordinator->state[place] != ASSIGNED)
            continue;
        /* P134 acquire: who has taken it was awake; pairs with P12 */
        uint64_t word = atomic_load_explicit(&coordinator->board->entries[place].word, memory_order_acquire);
        coordinator->corrupted |= word == free_word(coordinator, place) && coordinator->assigned[place].position < head;
        coordinator->corrupted |= is_taken(coordinator, place, word) && is_orphaned(coordinator, place, word);
    }
}

void pl_coordinator_verify(pl_coordinator *coordinator)
{
    for (uint64_t p = oldest_place(coordinator); p < coordinator->tail; p++) {
        uint64_t place = p % PL_BOARD_ENTRIES;
        if (coordinator->state[place] == UNUSED)
            continue;
        /* P144 relaxed: what P24 has seen, and nobody has a reason to change; no partner */
        uint64_t word = atomic_load_explicit(&coordinator->board->entries[place].word, memory_order_relaxed);
        coordinator->corrupted |= word != ended_word(coordinator, place);
    }
    coordinator->corrupted |= !is_as_written(coordinator);
}

/* Puts an assignment at the place where the tail is. */
static void write_entry(pl_coordinator *coordinator, pl_assignment *assignment)
{
    uint64_t position = coordinator->tail, place = position % PL_BOARD_ENTRIES;
    pl_entry *entry = &coordinator->board->entries[place];
    coordinator->tail++;
    assignment->position = position;
    entry->assignment = coordinator->assigned[place] = *assignment;
    entry->seal = coordinator->seal[place] = seal_of_assignment(coordinator->work_seal, assignment);
    coordinator->state[place] = ASSIGNED;
    coordinator->open++;
    coordinator->tasks += assignment->end - assignment->begin;
    /* P13 relaxed: m1, before m2, which releases it; pairs with P11, P12 */
    atomic_store_explicit(&entry->word, free_word(coordinator, place), memory_order_relaxed);
    coordinator->published = coordinator->tail;
    /* P10 seq_cst: m2, the assignment is written, and the job; before w1 in S; pairs with P9 */
    atomic_store_explicit(&coordinator->board->tail, coordinator->tail, memory_order_seq_cst);
}

bool pl_coordinator_assign(pl_coordinator *coordinator, pl_assignment *assignment)
{
    for (int tries = 0; tries < PL_BOARD_ENTRIES; tries++) {
        uint64_t place = coordinator->tail % PL_BOARD_ENTRIES;
        if (coordinator->state[place] == UNUSED || coordinator->state[place] == SETTLED) {
            write_entry(coordinator, assignment);
            return true;
        }
        /* P88 relaxed: a hint: one that is taken may take long, and is passed over; pairs with P12 */
        if (kind_of(atomic_load_explicit(&coordinator->board->entries[place].word, memory_order_relaxed)) != TAKEN)
            return false;
        coordinator->tail++;
    }
    return false;
}

void pl_coordinator_call(pl_coordinator *coordinator, unsigned workers)
{
    for (unsigned i = 0; i < coordinator->active && i < coordinator->slots && workers; i++)
        workers -= pl_board_wake(coordinator->board, i);
}

bool pl_coordinator_take_back(pl_coordinator *coordinator, pl_assignment *assignment)
{
    for (unsigned place = 0; place < PL_BOARD_ENTRIES && coordinator->open; place++) {
        if (coordinator->state[place] != ASSIGNED)
            continue;
        uint64_t word = free_word(coordinator, place);
        /* P26 relaxed: t3, nobody has begun it; pairs with P12 */
        if (atomic_compare_exchange_strong_explicit(&coordinator->board->entries[place].word, &word,
                                                    ended_word(coordinator, place), memory_order_relaxed,
                                                    memory_order_relaxed)) {
            *assignment = coordinator->assigned[place];
            end_assignment(coordinator, place);
            return true;
        }
    }
    return false;
}

bool pl_coordinator_all_done(const pl_coordinator *coordinator)
{
    return coordinator->open == 0;
}

/* ---- reports ----------------------------------------------------------------------------------------------- */

/* How many bytes there are to read in a slot's ring. False if that cannot be. */
static bool count_unread(const pl_coordinator *coordinator, const pl_slot_board *slot, uint32_t read, uint32_t *bytes)
{
    /* P34 acquire: reports up to here are whole; pairs with P33 */
    uint64_t wrote = atomic_load_explicit((_Atomic uint64_t *)&slot->wrote, memory_order_acquire);
    *bytes = (uint32_t)wrote - read;
    /* P35 relaxed: the coordinator's own; no partner */
    return !coordinator->corrupted &&
           atomic_load_explicit((_Atomic uint32_t *)&slot->read, memory_order_relaxed) == read &&
           wrote == doubled((uint32_t)wrote) && *bytes <= PL_BOARD_REPORTS;
}

/* Copies a report out of the `bytes` that follow what has been read. False if it is none. */
static bool copy_report(pl_coordinator *coordinator, unsigned number, uint32_t bytes, pl_report *report, char *text)
{
    pl_slot_board *slot = &coordinator->board->slot[number];
    uint32_t read = coordinator->slot[number].read;
    if (bytes < sizeof *report)
        return false;
    copy_ring(slot->reports, read, report, sizeof *report, false);
    if (report->length > PL_BOARD_TEXT || report->length > bytes - sizeof *report ||
        report->seal != seal_of_report(report, read, number))
        return false;
    copy_ring(slot->reports, read + (uint32_t)sizeof *report, text, report->length, false);
    return true;
}

bool pl_coordinator_report(pl_coordinator *coordinator, unsigned number, pl_report *report, char *text)
{
    pl_slot_board *slot = &coordinator->board->slot[number];
    uint32_t *read = &coordinator->slot[number].read, bytes;
    bool sound = count_unread(coordinator, slot, *read, &bytes);
    if (sound && !bytes)
        return false;
    if (!sound || !copy_report(coordinator, number, bytes, report, text)) {
        coordinator->corrupted = true;
        return false;
    }
    *read += (uint32_t)sizeof *report + report->length;
    /* P30 seq_cst: it has been read, and may be overwritten; before P31 in S; pairs with P28 */
    atomic_store_explicit(&slot->read, *read, memory_order_seq_cst);
    /* P31 seq_cst: after P30 in S; pairs with P29, P32 */
    if (atomic_load_explicit(&slot->stuck, memory_order_seq_cst))
        pl_os_shared_wake(&slot->read, true);
    return true;
}

uint64_t pl_coordinator_done(pl_coordinator *coordinator)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < coordinator->slots; i++) {
        /* P37 relaxed: a number by itself; pairs with P38 */
        uint64_t done = atomic_load_explicit(&coordinator->board->slot[i].done, memory_order_relaxed);
        if (done - coordinator->slot[i].done <= coordinator->tasks)
            coordinator->slot[i].done = done;
        else
            coordinator->corrupted = true;
        sum += coordinator->slot[i].done;
    }
    sum -= coordinator->done_before;
    coordinator->corrupted |= sum > coordinator->tasks;
    return sum < coordinator->tasks ? sum : coordinator->tasks;
}

bool pl_coordinator_busy(const pl_coordinator *coordinator, uint64_t *ticks)
{
    uint64_t elapsed = pl_ticks() - coordinator->began;
    *ticks = 0;
    for (unsigned i = 0; i < coordinator->slots; i++) {
        /* P39 relaxed: a number by itself; pairs with P40 */
        uint64_t busy =
            atomic_load_explicit(&coordinator->board->slot[i].busy, memory_order_relaxed) - coordinator->slot[i].busy;
        if (busy > elapsed)
            return false;
        *ticks += busy;
    }
    return true;
}

/* ---- deaths ------------------------------------------------------------------------------------------------ */

/* Whether a note can be true: it is of the next generation of a slot. */
static bool is_true(const pl_coordinator *coordinator, const pl_death *death)
{
    return death->seal == seal_of_death(death, coordinator->deaths_read) && death->slot < coordinator->slots &&
           death->generation == coordinator->slot[death->slot].died + 1;
}

bool pl_coordinator_death(pl_coordinator *coordinator, pl_death *death)
{
    pl_board *board = coordinator->board;
    /* P54 acquire: the note is there; pairs with P53 */
    uint32_t unread = atomic_load_explicit(&board->deaths_wrote, memory_order_acquire) - coordinator->deaths_read;
    if (!unread || coordinator->corrupted)
        return false;
    *death = board->deaths[coordinator->deaths_read % PL_BOARD_DEATHS];
    if (unread > PL_BOARD_DEATHS || !is_true(coordinator, death)) {
        coordinator->corrupted = true;
        return false;
    }
    coordinator->slot[death->slot].died++;
    coordinator->deaths_read++;
    /* P52 release: it has been read; pairs with P51 */
    atomic_store_explicit(&board->deaths_read, coordinator->deaths_read, memory_order_release);
    return true;
}

/* Ends what somebody who is dead had taken. */
static void reclaim(pl_coordinator *coordinator, unsigned place, pl_assignment *assignment)
{
    *assignment = coordinator->assigned[place];
    end_assignment(coordinator, place);
    /* P56 relaxed: nobody but the coordinator has to do with it any more; no partner */
    atomic_store_explicit(&coordinator->board->entries[place].word, ended_word(coordinator, place),
                          memory_order_relaxed);
}

bool pl_coordinator_reclaim(pl_coordinator *coordinator, const pl_death *death, pl_assignment *assignment)
{
    for (unsigned place = 0; place < PL_BOARD_ENTRIES && coordinator->open; place++) {
        if (coordinator->state[place] != ASSIGNED)
            continue;
        uint64_t lap = lap_of(coordinator->assigned[place].position);
        /* P57 relaxed: what the worker did before its death P54 has acquired; pairs with P12 */
        uint64_t word = atomic_load_explicit(&coordinator->board->entries[place].word, memory_order_relaxed);
        if (word == word_of(TAKEN, death->slot, death->generation, lap)) {
            reclaim(coordinator, place, assignment);
            return true;
        }
    }
    return false;
}

bool pl_coordinator_reclaim_any(pl_coordinator *coordinator, pl_assignment *assignment, pl_death *death)
{
    for (unsigned place = 0; place < PL_BOARD_ENTRIES && coordinator->open && !coordinator->corrupted; place++) {
        if (coordinator->state[place] != ASSIGNED)
            continue;
        /* P58 acquire: there was nobody to note the death; pairs with P12, P18 */
        uint64_t word = atomic_load_explicit(&coordinator->board->entries[place].word, memory_order_acquire);
        if (!is_taken(coordinator, place, word))
            continue;
        unsigned slot = slot_in(word);
        *death = (pl_death){.slot = slot,
                            .signal = pl_os_killed_by,
                            .index = *pl_slot_index(coordinator->board, slot, coordinator->index_at)};
        reclaim(coordinator, place, assignment);
        return true;
    }
    return false;
}

bool pl_coordinator_taken(const pl_coordinator *coordinator, unsigned place, uint64_t *who, uint64_t *starts)
{
    /* P104 relaxed: only how long it stays the same counts; pairs with P12 */
    *who = atomic_load_explicit(&coordinator->board->entries[place].word, memory_order_relaxed);
    unsigned slot = (unsigned)(*who >> 52) & 0x3ff;
    *starts = slot < coordinator->slots ? pl_board_starts(coordinator->board, slot) : 0;
    return coordinator->state[place] == ASSIGNED && kind_of(*who) == TAKEN;
}
