/* SPDX-License-Identifier: MIT */
/* What home does on the board; board.h says how it works. */
#include <errno.h>

#include "base/os.h"
#include "base/os_process.h"
#include "executors/process/board_internal.h"
#include "sched/stop.h"

/*
 * The state of a place, in a call:
 *
 *      UNUSED      nothing has been offered there
 *      OFFERED     and nobody has done with it
 *      ENDED       it is DONE, but what has been reported of it may have to be read yet
 *      SETTLED     it may be offered again
 */
enum { UNUSED, OFFERED, ENDED, SETTLED };

/* ---- the bell ---------------------------------------------------------------------------------------------- */

uint32_t pl_home_bell(const pl_home *home)
{
    /* P2 seq_cst: what was written down before the bell moved is seen after this; pairs with P1 */
    return atomic_load_explicit(&home->board->bell, memory_order_seq_cst);
}

void pl_home_sleep(pl_home *home, uint32_t bell, uint64_t timeout_ns, bool soon)
{
    pl_board *board = home->board;
    for (int i = 0; soon && i < LOOKS; i++) {
        if (pl_home_bell(home) != bell)
            return;
        pl_pause();
    }
    /* P4 seq_cst: announced before the futex compares the bell; pairs with P3 */
    atomic_store_explicit(&board->home_sleeps, 1, memory_order_seq_cst);
    if (pl_home_bell(home) == bell)
        pl_os_shared_wait(&board->bell, bell, timeout_ns);
    /* P5 relaxed: who still sees it wakes nobody; pairs with P3 */
    atomic_store_explicit(&board->home_sleeps, 0, memory_order_relaxed);
}

/* ---- a call ------------------------------------------------------------------------------------------------ */

void pl_home_init(pl_home *home, pl_board *board, unsigned slots, size_t index_at)
{
    home->board = board;
    home->slots = slots;
    home->index_at = index_at;
}

/* What is to be counted in this call begins where the counters are. */
static void read_counters(pl_home *home)
{
    home->done_before = 0;
    for (unsigned i = 0; i < home->slots; i++) {
        /* P137 relaxed: whatever it is; pairs with P38 */
        home->slot[i].done = atomic_load_explicit(&home->board->slot[i].done, memory_order_relaxed);
        /* P138 relaxed: whatever it is; pairs with P40 */
        home->slot[i].busy = atomic_load_explicit(&home->board->slot[i].busy, memory_order_relaxed);
        home->done_before += home->slot[i].done;
    }
}

void pl_home_begin(pl_home *home, pl_board *board, const pl_board_job *job, unsigned active, uint64_t watch_ns)
{
    memset(home->state, UNUSED, sizeof home->state);
    home->first = home->tail;
    home->open = 0;
    home->tasks = 0;
    home->active = active;
    home->watch_ns = watch_ns;
    home->job_seal = seal_of_job(job);
    home->began = pl_ticks();
    home->corrupted = false;
    read_counters(home);
    board->job = *job;
    /* P23 relaxed: nobody has an entry; who takes one sees this by P9; no partner */
    atomic_store_explicit(&board->stop, 0, memory_order_relaxed);
    /* P17 relaxed: as P23; pairs with P16, P21 */
    atomic_store_explicit(&board->active, active, memory_order_relaxed);
    /* P80 relaxed: a number by itself; who sets it nudges the supervisor; pairs with P81 */
    atomic_store_explicit(&board->watch, watch_ns, memory_order_relaxed);
    pl_home_has_more(home, false);
}

void pl_home_end(pl_home *home)
{
    home->watch_ns = 0;
    /* P82 relaxed: as P80; the supervisor finds out when it looks next; pairs with P81 */
    atomic_store_explicit(&home->board->watch, 0, memory_order_relaxed);
}

bool pl_home_want(pl_home *home, unsigned workers)
{
    if (home->wanted >= workers)
        return false;
    home->wanted = workers;
    /* P68 relaxed: a number by itself; pairs with P63 */
    atomic_store_explicit(&home->board->wanted, workers, memory_order_relaxed);
    return true;
}

void pl_home_condemn(pl_home *home)
{
    /* P64 release: after what home wants them to be condemned for; pairs with P65 */
    atomic_store_explicit(&home->board->condemn, ++home->condemned, memory_order_release);
}

void pl_home_has_more(pl_home *home, bool more)
{
    /* P73 relaxed: a hint, before the offers that follow; home looks again before it sleeps; pairs with P72 */
    atomic_store_explicit(&home->board->more, more, memory_order_relaxed);
}

void pl_home_stop(pl_home *home, int level)
{
    pl_stop_raise(&home->board->stop, level);
}

bool pl_home_stopped(const pl_home *home)
{
    return pl_stop_level(&home->board->stop) != 0;
}

int pl_home_hopeless(const pl_home *home)
{
    /* P67 acquire: why; pairs with P66 */
    uint32_t word = atomic_load_explicit(&home->board->hopeless, memory_order_acquire);
    int why = (int)(word >> 16);
    return !word ? 0 : word == hopeless_word(why) ? why : EIO;
}

/* ---- entries ----------------------------------------------------------------------------------------------- */

/* The oldest of this call's offers whose place has not been offered again. */
static uint64_t oldest_place(const pl_home *home)
{
    return home->tail - home->first > PL_BOARD_ENTRIES ? home->tail - PL_BOARD_ENTRIES : home->first;
}

/* What an entry says that is FREE, or DONE. */
static uint64_t free_word(const pl_home *home, uint64_t place)
{
    return word_of(FREE, 0, 0, lap_of(home->offered[place].position));
}

static uint64_t ended_word(const pl_home *home, uint64_t place)
{
    return done_word(home->seal[place], lap_of(home->offered[place].position));
}

/* Whether it may be TAKEN: by a life that has begun, and of which it is not known that it has ended. */
static bool is_taken(const pl_home *home, uint64_t place, uint64_t word)
{
    unsigned slot = slot_in(word);
    if (kind_of(word) != TAKEN || (uint32_t)word != (uint32_t)lap_of(home->offered[place].position) ||
        slot >= home->slots)
        return false;
    uint32_t after = (life_in(word) - (home->slot[slot].died + 1)) & PL_BOARD_LIVES; /* lives wrap around */
    return after <= PL_BOARD_DEATHS;
}

static void end_offer(pl_home *home, uint64_t place)
{
    home->state[place] = ENDED;
    home->open--;
}

/* Whether all is on the board that only home writes; and the head is no further than it may be. */
static bool is_home_board(const pl_home *home)
{
    const pl_board *board = home->board;
    /* P85 relaxed: home's own; no partner */
    return atomic_load_explicit((_Atomic uint64_t *)&board->tail, memory_order_relaxed) == home->published &&
           /* P86 relaxed: home's own; no partner */
           atomic_load_explicit((_Atomic uint32_t *)&board->active, memory_order_relaxed) == home->active &&
           /* P139 relaxed: never more than home's tail; no partner */
           atomic_load_explicit((_Atomic uint64_t *)&board->head, memory_order_relaxed) <= home->tail &&
           /* P62 relaxed: home's own; no partner */
           atomic_load_explicit((_Atomic uint32_t *)&board->wanted, memory_order_relaxed) == home->wanted &&
           /* P140 relaxed: home's own; no partner */
           atomic_load_explicit((_Atomic uint32_t *)&board->condemn, memory_order_relaxed) == home->condemned &&
           /* P141 relaxed: home's own; no partner */
           atomic_load_explicit((_Atomic uint64_t *)&board->watch, memory_order_relaxed) == home->watch_ns &&
           /* P142 relaxed: home's own; no partner */
           atomic_load_explicit((_Atomic uint32_t *)&board->deaths_read, memory_order_relaxed) == home->deaths_read;
}

void pl_home_look(pl_home *home)
{
    for (uint64_t p = oldest_place(home); p < home->tail; p++) {
        uint64_t place = p % PL_BOARD_ENTRIES;
        if (home->state[place] != OFFERED)
            continue;
        /* P24 acquire: the worker has done with the offer, and reported; pairs with P18, P12 */
        uint64_t word = atomic_load_explicit(&home->board->entries[place].word, memory_order_acquire);
        if (word == ended_word(home, place))
            end_offer(home, place);
        else
            home->corrupted |= word != free_word(home, place) && !is_taken(home, place, word);
    }
    home->corrupted |= !is_home_board(home);
}

void pl_home_settle(pl_home *home)
{
    for (uint64_t p = oldest_place(home); p < home->tail; p++) {
        unsigned char *state = &home->state[p % PL_BOARD_ENTRIES];
        *state = *state == ENDED ? SETTLED : *state;
    }
}

/* Whether nobody has what is TAKEN there, as `word` says; board.h says why. */
static bool is_orphaned(const pl_home *home, uint64_t place, uint64_t word)
{
    const pl_board *board = home->board;
    /* P133 acquire: and all that came before it: what it had is DONE; or its death is noted; pairs with P7, P70, P131, P132 */
    if (atomic_load_explicit((_Atomic uint32_t *)&board->slot[slot_in(word)].asleep, memory_order_acquire) == AWAKE)
        return false;
    /* P135 relaxed: no death has been noted that is not known; what P133 has acquired is counted; pairs with P53 */
    if (atomic_load_explicit((_Atomic uint32_t *)&board->deaths_wrote, memory_order_relaxed) != home->deaths_read)
        return false;
    /* P143 relaxed: still; after P133; pairs with P12, P18 */
    return atomic_load_explicit((_Atomic uint64_t *)&board->entries[place].word, memory_order_relaxed) == word;
}

void pl_home_doubt(pl_home *home)
{
    /* P87 acquire: who has moved it has seen that none before it is FREE; pairs with P14 */
    uint64_t head = atomic_load_explicit(&home->board->head, memory_order_acquire);
    for (uint64_t p = oldest_place(home); p < home->tail; p++) {
        uint64_t place = p % PL_BOARD_ENTRIES;
        if (home->state[place] != OFFERED)
            continue;
        /* P134 acquire: who has taken it was awake; pairs with P12 */
        uint64_t word = atomic_load_explicit(&home->board->entries[place].word, memory_order_acquire);
        home->corrupted |= word == free_word(home, place) && home->offered[place].position < head;
        home->corrupted |= is_taken(home, place, word) && is_orphaned(home, place, word);
    }
}

void pl_home_verify(pl_home *home)
{
    for (uint64_t p = oldest_place(home); p < home->tail; p++) {
        uint64_t place = p % PL_BOARD_ENTRIES;
        if (home->state[place] == UNUSED)
            continue;
        /* P144 relaxed: what P24 has seen, and nobody has a reason to change; no partner */
        uint64_t word = atomic_load_explicit(&home->board->entries[place].word, memory_order_relaxed);
        home->corrupted |= word != ended_word(home, place);
    }
    home->corrupted |= !is_home_board(home);
}

/* Puts an offer at the place where the tail is. */
static void write_entry(pl_home *home, pl_offer *offer)
{
    uint64_t position = home->tail, place = position % PL_BOARD_ENTRIES;
    pl_entry *entry = &home->board->entries[place];
    home->tail++;
    offer->position = position;
    entry->offer = home->offered[place] = *offer;
    entry->seal = home->seal[place] = seal_of_offer(home->job_seal, offer);
    home->state[place] = OFFERED;
    home->open++;
    home->tasks += offer->end - offer->begin;
    /* P13 relaxed: m1, before m2, which releases it; pairs with P11, P12 */
    atomic_store_explicit(&entry->word, free_word(home, place), memory_order_relaxed);
    home->published = home->tail;
    /* P10 seq_cst: m2, the offer is written, and the job; before w1 in S; pairs with P9 */
    atomic_store_explicit(&home->board->tail, home->tail, memory_order_seq_cst);
}

bool pl_home_offer(pl_home *home, pl_offer *offer)
{
    for (int tries = 0; tries < PL_BOARD_ENTRIES; tries++) {
        uint64_t place = home->tail % PL_BOARD_ENTRIES;
        if (home->state[place] == UNUSED || home->state[place] == SETTLED) {
            write_entry(home, offer);
            return true;
        }
        /* P88 relaxed: a hint: one that is taken may take long, and is passed over; pairs with P12 */
        if (kind_of(atomic_load_explicit(&home->board->entries[place].word, memory_order_relaxed)) != TAKEN)
            return false;
        home->tail++;
    }
    return false;
}

void pl_home_call(pl_home *home, unsigned workers)
{
    for (unsigned i = 0; i < home->active && i < home->slots && workers; i++)
        workers -= pl_board_wake(home->board, i);
}

bool pl_home_take_back(pl_home *home, pl_offer *offer)
{
    for (unsigned place = 0; place < PL_BOARD_ENTRIES && home->open; place++) {
        if (home->state[place] != OFFERED)
            continue;
        uint64_t word = free_word(home, place);
        /* P26 relaxed: t3, nobody has begun it; pairs with P12 */
        if (atomic_compare_exchange_strong_explicit(&home->board->entries[place].word, &word, ended_word(home, place),
                                                    memory_order_relaxed, memory_order_relaxed)) {
            *offer = home->offered[place];
            end_offer(home, place);
            return true;
        }
    }
    return false;
}

bool pl_home_all_done(const pl_home *home)
{
    return home->open == 0;
}

/* ---- reports ----------------------------------------------------------------------------------------------- */

/* How many bytes there are to read in a slot's ring. False if that cannot be. */
static bool count_unread(const pl_home *home, const pl_slot_board *slot, uint32_t read, uint32_t *bytes)
{
    /* P34 acquire: reports up to here are whole; pairs with P33 */
    uint64_t wrote = atomic_load_explicit((_Atomic uint64_t *)&slot->wrote, memory_order_acquire);
    *bytes = (uint32_t)wrote - read;
    /* P35 relaxed: home's own; no partner */
    return !home->corrupted && atomic_load_explicit((_Atomic uint32_t *)&slot->read, memory_order_relaxed) == read &&
           wrote == doubled((uint32_t)wrote) && *bytes <= PL_BOARD_REPORTS;
}

/* Copies a report out of the `bytes` that follow what has been read. False if it is none. */
static bool copy_report(pl_home *home, unsigned number, uint32_t bytes, pl_report *report, char *text)
{
    pl_slot_board *slot = &home->board->slot[number];
    uint32_t read = home->slot[number].read;
    if (bytes < sizeof *report)
        return false;
    copy_ring(slot->reports, read, report, sizeof *report, false);
    if (report->length > PL_BOARD_TEXT || report->length > bytes - sizeof *report ||
        report->seal != seal_of_report(report, read, number))
        return false;
    copy_ring(slot->reports, read + (uint32_t)sizeof *report, text, report->length, false);
    return true;
}

bool pl_home_report(pl_home *home, unsigned number, pl_report *report, char *text)
{
    pl_slot_board *slot = &home->board->slot[number];
    uint32_t *read = &home->slot[number].read, bytes;
    bool sound = count_unread(home, slot, *read, &bytes);
    if (sound && !bytes)
        return false;
    if (!sound || !copy_report(home, number, bytes, report, text)) {
        home->corrupted = true;
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

uint64_t pl_home_done(pl_home *home)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < home->slots; i++) {
        /* P37 relaxed: a number by itself; pairs with P38 */
        uint64_t done = atomic_load_explicit(&home->board->slot[i].done, memory_order_relaxed);
        if (done - home->slot[i].done <= home->tasks)
            home->slot[i].done = done;
        else
            home->corrupted = true;
        sum += home->slot[i].done;
    }
    sum -= home->done_before;
    home->corrupted |= sum > home->tasks;
    return sum < home->tasks ? sum : home->tasks;
}

bool pl_home_busy(const pl_home *home, uint64_t *ticks)
{
    uint64_t elapsed = pl_ticks() - home->began;
    *ticks = 0;
    for (unsigned i = 0; i < home->slots; i++) {
        /* P39 relaxed: a number by itself; pairs with P40 */
        uint64_t busy = atomic_load_explicit(&home->board->slot[i].busy, memory_order_relaxed) - home->slot[i].busy;
        if (busy > elapsed)
            return false;
        *ticks += busy;
    }
    return true;
}

/* ---- deaths ------------------------------------------------------------------------------------------------ */

/* Whether a note can be true: it is of the next life of a slot. */
static bool is_true(const pl_home *home, const pl_death *death)
{
    return death->seal == seal_of_death(death, home->deaths_read) && death->slot < home->slots &&
           death->life == home->slot[death->slot].died + 1;
}

bool pl_home_death(pl_home *home, pl_death *death)
{
    pl_board *board = home->board;
    /* P54 acquire: the note is there; pairs with P53 */
    uint32_t unread = atomic_load_explicit(&board->deaths_wrote, memory_order_acquire) - home->deaths_read;
    if (!unread || home->corrupted)
        return false;
    *death = board->deaths[home->deaths_read % PL_BOARD_DEATHS];
    if (unread > PL_BOARD_DEATHS || !is_true(home, death)) {
        home->corrupted = true;
        return false;
    }
    home->slot[death->slot].died++;
    home->deaths_read++;
    /* P52 release: it has been read; pairs with P51 */
    atomic_store_explicit(&board->deaths_read, home->deaths_read, memory_order_release);
    return true;
}

/* Ends what somebody who is dead had taken. */
static void inherit(pl_home *home, unsigned place, pl_offer *offer)
{
    *offer = home->offered[place];
    end_offer(home, place);
    /* P56 relaxed: nobody but home has to do with it any more; no partner */
    atomic_store_explicit(&home->board->entries[place].word, ended_word(home, place), memory_order_relaxed);
}

bool pl_home_bequest(pl_home *home, const pl_death *death, pl_offer *offer)
{
    for (unsigned place = 0; place < PL_BOARD_ENTRIES && home->open; place++) {
        if (home->state[place] != OFFERED)
            continue;
        uint64_t lap = lap_of(home->offered[place].position);
        /* P57 relaxed: what the worker did before its death P54 has acquired; pairs with P12 */
        uint64_t word = atomic_load_explicit(&home->board->entries[place].word, memory_order_relaxed);
        if (word == word_of(TAKEN, death->slot, death->life, lap)) {
            inherit(home, place, offer);
            return true;
        }
    }
    return false;
}

bool pl_home_legacy(pl_home *home, pl_offer *offer, pl_death *death)
{
    for (unsigned place = 0; place < PL_BOARD_ENTRIES && home->open && !home->corrupted; place++) {
        if (home->state[place] != OFFERED)
            continue;
        /* P58 acquire: there was nobody to note the death; pairs with P12, P18 */
        uint64_t word = atomic_load_explicit(&home->board->entries[place].word, memory_order_acquire);
        if (!is_taken(home, place, word))
            continue;
        unsigned slot = slot_in(word);
        *death = (pl_death){
            .slot = slot, .signal = pl_os_killed_by, .index = *pl_slot_index(home->board, slot, home->index_at)};
        inherit(home, place, offer);
        return true;
    }
    return false;
}

bool pl_home_taken(const pl_home *home, unsigned place, uint64_t *who, uint64_t *starts)
{
    /* P104 relaxed: only how long it stays the same counts; pairs with P12 */
    *who = atomic_load_explicit(&home->board->entries[place].word, memory_order_relaxed);
    unsigned slot = (unsigned)(*who >> 52) & 0x3ff;
    *starts = slot < home->slots ? pl_board_starts(home->board, slot) : 0;
    return home->state[place] == OFFERED && kind_of(*who) == TAKEN;
}
