/* SPDX-License-Identifier: MIT */
/* What home does on the board; board.h says how it works. */
#include "base/os.h"
#include "base/os_process.h"
#include "process/board_internal.h"
#include "sched/cancel.h"

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

void pl_home_begin(pl_home *home, pl_board *board, const pl_board_job *job, unsigned active, uint64_t watch_ns)
{
    memset(home->lap, 0, sizeof home->lap);
    memset(home->state, 0, sizeof home->state);
    home->board = board;
    home->first = home->oldest = home->tail;
    home->active = active;
    home->corrupted = false;
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
    /* P82 relaxed: as P80; the supervisor finds out when it looks next; pairs with P81 */
    atomic_store_explicit(&home->board->watch, 0, memory_order_relaxed);
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
    return (int)atomic_load_explicit(&home->board->hopeless, memory_order_acquire);
}

/* ---- entries ----------------------------------------------------------------------------------------------- */

/* The oldest of this call's offers whose place has not been offered again. */
static uint64_t oldest_place(const pl_home *home)
{
    return home->tail - home->first > PL_BOARD_ENTRIES ? home->tail - PL_BOARD_ENTRIES : home->first;
}

void pl_home_look(pl_home *home)
{
    pl_board *board = home->board;
    for (uint64_t p = oldest_place(home); p < home->tail; p++) {
        unsigned char *state = &home->state[p % PL_BOARD_ENTRIES];
        /* P24 acquire: the worker has done with the offer, and reported; pairs with P18 */
        if (*state == 1 && kind_of(atomic_load_explicit(&entry_at(board, p)->word, memory_order_acquire)) == DONE)
            *state = 2;
    }
    /* P85 relaxed: home's own; no partner */
    home->corrupted |= atomic_load_explicit(&board->tail, memory_order_relaxed) != home->published ||
                       /* P86 relaxed: home's own; no partner */
                       atomic_load_explicit(&board->active, memory_order_relaxed) != home->active ||
                       /* P87 relaxed: never more than home's tail; no partner */
                       atomic_load_explicit(&board->head, memory_order_relaxed) > home->tail;
}

void pl_home_settle(pl_home *home)
{
    for (uint64_t p = oldest_place(home); p < home->tail; p++) {
        unsigned char *state = &home->state[p % PL_BOARD_ENTRIES];
        *state = *state == 2 ? 0 : *state;
    }
}

bool pl_home_offer(pl_home *home, pl_offer *offer)
{
    pl_board *board = home->board;
    for (int tries = 0; tries < PL_BOARD_ENTRIES; tries++) {
        uint64_t position = home->tail, place = position % PL_BOARD_ENTRIES;
        pl_entry *entry = &board->entries[place];
        if (home->state[place]) {
            /* P88 relaxed: a hint: one that is taken may take long, and is passed over; pairs with P12 */
            if (kind_of(atomic_load_explicit(&entry->word, memory_order_relaxed)) != TAKEN)
                return false;
            home->tail++;
            continue;
        }
        home->tail++;
        offer->position = position;
        entry->offer = home->offered[place] = *offer;
        home->lap[place] = lap_of(position);
        home->state[place] = 1;
        /* P13 relaxed: m1, before m2, which releases it; pairs with P11, P12 */
        atomic_store_explicit(&entry->word, word_of(FREE, 0, 0, lap_of(position)), memory_order_relaxed);
        home->published = home->tail;
        /* P10 seq_cst: m2, the offer is written, and the job; before w1 in S; pairs with P9 */
        atomic_store_explicit(&board->tail, home->tail, memory_order_seq_cst);
        return true;
    }
    return false;
}

void pl_home_call(pl_home *home, unsigned workers)
{
    /* P25 relaxed: home's own; no partner */
    unsigned active = atomic_load_explicit(&home->board->active, memory_order_relaxed);
    for (unsigned i = 0; i < active && workers; i++)
        workers -= pl_board_wake(home->board, i);
}

bool pl_home_take_back(pl_home *home, pl_offer *offer)
{
    for (unsigned place = 0; place < PL_BOARD_ENTRIES; place++) {
        uint64_t word = word_of(FREE, 0, 0, home->lap[place]);
        /* P26 relaxed: t3, nobody has begun it; pairs with P12 */
        if (home->lap[place] && atomic_compare_exchange_strong_explicit(&home->board->entries[place].word, &word,
                                                                        word_of(DONE, 0, 0, home->lap[place]),
                                                                        memory_order_relaxed, memory_order_relaxed)) {
            *offer = home->offered[place];
            return true;
        }
    }
    return false;
}

bool pl_home_all_done(pl_home *home)
{
    for (; home->oldest < home->tail; home->oldest++) {
        /* P19 acquire: what the worker wrote is seen; pairs with P18 */
        uint64_t word = atomic_load_explicit(&entry_at(home->board, home->oldest)->word, memory_order_acquire);
        if (kind_of(word) == FREE || kind_of(word) == TAKEN)
            return false;
    }
    return true;
}

/* ---- reports ----------------------------------------------------------------------------------------------- */

bool pl_home_report(pl_home *home, unsigned number, pl_report *report, char *text)
{
    pl_slot_board *slot = &home->board->slot[number];
    /* P34 acquire: reports up to here are whole; pairs with P33 */
    uint32_t wrote = atomic_load_explicit(&slot->wrote, memory_order_acquire);
    /* P35 relaxed: home's own; no partner */
    uint32_t read = atomic_load_explicit(&slot->read, memory_order_relaxed);
    if (wrote == read || home->corrupted)
        return false;
    if (wrote - read >= sizeof *report)
        copy_ring(slot->reports, read, report, sizeof *report, false);
    if (wrote - read < sizeof *report || wrote - read > PL_BOARD_REPORTS || report->length > PL_BOARD_TEXT ||
        report->length > wrote - read - sizeof *report) {
        home->corrupted = true;
        return false;
    }
    copy_ring(slot->reports, read + (uint32_t)sizeof *report, text, report->length, false);
    read += (uint32_t)sizeof *report + report->length;
    /* P30 seq_cst: it has been read, and may be overwritten; before P31 in S; pairs with P28 */
    atomic_store_explicit(&slot->read, read, memory_order_seq_cst);
    /* P31 seq_cst: after P30 in S; pairs with P29, P32 */
    if (atomic_load_explicit(&slot->stuck, memory_order_seq_cst))
        pl_os_shared_wake(&slot->read, true);
    return true;
}

uint64_t pl_home_done(const pl_home *home)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < home->board->slots; i++) {
        /* P37 relaxed: a number by itself; pairs with P38 */
        sum += atomic_load_explicit(&home->board->slot[i].done, memory_order_relaxed);
    }
    return sum;
}

uint64_t pl_home_busy(const pl_home *home)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < home->board->slots; i++) {
        /* P39 relaxed: a number by itself; pairs with P40 */
        sum += atomic_load_explicit(&home->board->slot[i].busy, memory_order_relaxed);
    }
    return sum;
}

/* ---- deaths ------------------------------------------------------------------------------------------------ */

bool pl_home_death(pl_home *home, pl_death *death)
{
    pl_board *board = home->board;
    /* P55 relaxed: home's own; no partner */
    uint32_t read = atomic_load_explicit(&board->deaths_read, memory_order_relaxed);
    /* P54 acquire: the note is there; pairs with P53 */
    if (atomic_load_explicit(&board->deaths_wrote, memory_order_acquire) == read || home->corrupted)
        return false;
    *death = board->deaths[read % PL_BOARD_DEATHS];
    /* P52 release: it has been read; pairs with P51 */
    atomic_store_explicit(&board->deaths_read, read + 1, memory_order_release);
    home->corrupted |= death->slot >= board->slots;
    return !home->corrupted;
}

/* Ends what somebody who is dead had taken. */
static void inherit(pl_home *home, unsigned place, uint64_t word, pl_offer *offer)
{
    *offer = home->offered[place];
    word = word_of(DONE, 0, 0, word);
    /* P56 relaxed: nobody but home has to do with it any more; no partner */
    atomic_store_explicit(&home->board->entries[place].word, word, memory_order_relaxed);
}

bool pl_home_bequest(pl_home *home, const pl_death *death, pl_offer *offer)
{
    for (unsigned place = 0; place < PL_BOARD_ENTRIES; place++) {
        uint64_t lap = home->lap[place];
        /* P57 relaxed: what the worker did before its death P54 has acquired; pairs with P12 */
        uint64_t word = atomic_load_explicit(&home->board->entries[place].word, memory_order_relaxed);
        if (lap && word == word_of(TAKEN, death->slot, death->life, lap)) {
            inherit(home, place, word, offer);
            return true;
        }
    }
    return false;
}

bool pl_home_legacy(pl_home *home, pl_offer *offer, pl_death *death)
{
    for (unsigned place = 0; place < PL_BOARD_ENTRIES; place++) {
        /* P58 acquire: there was nobody to note the death; pairs with P12, P18 */
        uint64_t word = atomic_load_explicit(&home->board->entries[place].word, memory_order_acquire);
        if (!home->lap[place] || kind_of(word) != TAKEN || (uint32_t)word != (uint32_t)home->lap[place])
            continue;
        unsigned slot = (unsigned)(word >> 52) & 0x3ff;
        home->corrupted |= slot >= home->board->slots;
        *death = (pl_death){.slot = slot, .signal = pl_os_killed_by, .index = PL_NO_INDEX};
        if (!home->corrupted)
            death->index = *pl_slot_index(home->board, slot);
        inherit(home, place, word, offer);
        return !home->corrupted;
    }
    return false;
}

bool pl_home_taken(const pl_home *home, unsigned place, uint64_t *who, uint64_t *starts)
{
    /* P104 relaxed: only how long it stays the same counts; pairs with P12 */
    *who = atomic_load_explicit(&home->board->entries[place].word, memory_order_relaxed);
    unsigned slot = (unsigned)(*who >> 52) & 0x3ff;
    *starts = slot < home->board->slots ? pl_board_starts(home->board, slot) : 0;
    return home->state[place] == 1 && kind_of(*who) == TAKEN;
}
