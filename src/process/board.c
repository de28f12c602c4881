/* SPDX-License-Identifier: MIT */
/* What home, workers and the supervisor do on the board; board.h says how it works. */
#include "process/board.h"

#include <string.h>

#include "base/os.h"
#include "base/os_process.h"
#include "sched/cancel.h"
#include "sched/pool.h"

/* How often who finds nothing looks again before it sleeps, and for how long it sleeps at most. */
#ifdef PL_MODEL
#define LOOKS 0
#define SLEEP_NS UINT64_MAX
#else
#define LOOKS 300
#define SLEEP_NS UINT64_C(1000000000)
#endif

typedef enum kind { NOTHING, DONE, FREE, TAKEN } kind;
enum { IDLE, RUNNING, CONDEMNED };

static uint64_t word_of(kind kind, unsigned slot, unsigned life, uint64_t lap)
{
    return (uint64_t)kind << 62 | (uint64_t)(slot & 0x3ff) << 52 | (uint64_t)(life & 0xfffff) << 32 | (uint32_t)lap;
}

static kind kind_of(uint64_t word)
{
    return (kind)(word >> 62);
}

static uint64_t lap_of(uint64_t position)
{
    return position / PL_BOARD_ENTRIES + 1;
}

static pl_entry *entry_at(pl_board *board, uint64_t position)
{
    return &board->entries[position % PL_BOARD_ENTRIES];
}

size_t *pl_slot_index(pl_board *board, unsigned slot)
{
    return (size_t *)(void *)(board->slot[slot].room + board->index_at);
}

void pl_board_init(pl_board *board, unsigned slots, size_t index_at)
{
    memset(board, 0, sizeof *board);
    board->slots = slots;
    board->index_at = index_at;
    for (unsigned i = 0; i < slots; i++) {
        memset(&board->slot[i], 0, offsetof(pl_slot_board, reports));
        *pl_slot_index(board, i) = PL_NO_INDEX;
    }
}

/* ---- bells ----------------------------------------------------------------------------------------------- */

void pl_board_ring(pl_board *board)
{
    /* P1 seq_cst: b1, before b2 in S, and after what there is to be seen; pairs with P2 */
    atomic_fetch_add_explicit(&board->bell, 1, memory_order_seq_cst);
    /* P3 seq_cst: b2, after b1 in S; pairs with P4 */
    if (atomic_load_explicit(&board->home_sleeps, memory_order_seq_cst))
        pl_os_shared_wake(&board->bell, false);
}

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

bool pl_board_wake(pl_board *board, unsigned slot)
{
    _Atomic uint32_t *asleep = &board->slot[slot].asleep;
    /* P6 seq_cst: w1, after m2 in S; pairs with P7 */
    if (atomic_load_explicit(asleep, memory_order_seq_cst) == 0)
        return false;
    /* P8 seq_cst: w2, one waker has it; pairs with P7 */
    if (atomic_exchange_explicit(asleep, 0, memory_order_seq_cst) == 0)
        return false;
    pl_os_shared_wake(asleep, true);
    return true;
}

/* ---- entries: workers ------------------------------------------------------------------------------------ */

/* The first position at or after *position that is FREE and before the tail; false if there is none. */
static bool find_free(pl_board *board, uint64_t *position)
{
    /* P9 seq_cst: s2, after s1 in S; the entries before it are written; pairs with P10 */
    uint64_t tail = atomic_load_explicit(&board->tail, memory_order_seq_cst);
    for (uint64_t p = *position; p < tail; p++) {
        /* P11 acquire: a hint, until P12 has taken it; pairs with P13 */
        uint64_t word = atomic_load_explicit(&entry_at(board, p)->word, memory_order_acquire);
        if (word == word_of(FREE, 0, 0, lap_of(p))) {
            *position = p;
            return true;
        }
    }
    *position = tail;
    return false;
}

/* No position before `position` is FREE, nor will be: so it was when `head` was what it still is. */
static void move_head(pl_board *board, uint64_t head, uint64_t position)
{
    /* P14 relaxed: a hint that only grows: a later value is not overwritten; pairs with P15 */
    if (position > head)
        atomic_compare_exchange_strong_explicit(&board->head, &head, position, memory_order_relaxed,
                                                memory_order_relaxed);
}

bool pl_seat_take(pl_seat *seat, pl_offer *offer)
{
    pl_board *board = seat->board;
    /* P15 relaxed: where to begin; pairs with P14 */
    uint64_t head = atomic_load_explicit(&board->head, memory_order_relaxed), position = head;
    /* P16 relaxed: a call's number of workers, set before its first entry; pairs with P17 */
    if (seat->number >= atomic_load_explicit(&board->active, memory_order_relaxed))
        return false;
    while (find_free(board, &position)) {
        pl_entry *entry = entry_at(board, position);
        uint64_t word = word_of(FREE, 0, 0, lap_of(position));
        /* P12 acquire: t1, the offer and the job are as home wrote them; pairs with P13 */
        if (atomic_compare_exchange_strong_explicit(&entry->word, &word,
                                                    word_of(TAKEN, seat->number, seat->life, lap_of(position)),
                                                    memory_order_acquire, memory_order_relaxed)) {
            move_head(board, head, position + 1);
            *offer = entry->offer;
            seat->entry = position;
            return true;
        }
        position++;
    }
    move_head(board, head, position);
    return false;
}

void pl_seat_done(pl_seat *seat)
{
    pl_board *board = seat->board;
    *pl_slot_index(board, seat->number) = PL_NO_INDEX;
    uint64_t word = word_of(DONE, 0, 0, lap_of(seat->entry));
    /* P18 release: t2, the results, reports and counts are written; pairs with P19 */
    atomic_store_explicit(&entry_at(board, seat->entry)->word, word, memory_order_release);
}

/* Whether there is an offer to be taken. */
static bool sees_work(pl_seat *seat)
{
    pl_board *board = seat->board;
    /* P20 relaxed: as P15; pairs with P14 */
    uint64_t position = atomic_load_explicit(&board->head, memory_order_relaxed);
    /* P21 relaxed: as P16; pairs with P17 */
    return seat->number < atomic_load_explicit(&board->active, memory_order_relaxed) && find_free(board, &position);
}

void pl_seat_rest(pl_seat *seat)
{
    _Atomic uint32_t *asleep = &seat->slot->asleep;
    for (int i = 0; i < LOOKS; i++) {
        if (sees_work(seat))
            return;
        pl_pause();
    }
    /* P7 seq_cst: s1, before s2 in S; pairs with P6, P8 */
    atomic_store_explicit(asleep, 1, memory_order_seq_cst);
    if (!sees_work(seat))
        pl_os_shared_wait(asleep, 1, SLEEP_NS);
    /* P70 relaxed: who resets it meanwhile wakes nobody; pairs with P6, P8 */
    atomic_store_explicit(asleep, 0, memory_order_relaxed);
}

void pl_seat_pass_on(pl_seat *seat)
{
    if (!sees_work(seat))
        return;
    /* P71 relaxed: as P16; pairs with P17 */
    unsigned active = atomic_load_explicit(&seat->board->active, memory_order_relaxed);
    for (unsigned i = 0; i < active; i++)
        if (i != seat->number && pl_board_wake(seat->board, i))
            return;
}

void pl_seat_tell(pl_seat *seat, bool idle)
{
    pl_board *board = seat->board;
    /* P72 relaxed: a hint, whose change is followed by an offer; pairs with P73 */
    bool more = atomic_load_explicit(&board->more, memory_order_relaxed);
    /* P74 relaxed: a hint; pairs with P10 */
    uint64_t tail = atomic_load_explicit(&board->tail, memory_order_relaxed);
    if (idle || (more && tail - seat->entry <= PL_BOARD_ENTRIES / 4))
        pl_board_ring(board);
}

bool pl_board_has_work(pl_board *board)
{
    /* P83 relaxed: as P15; pairs with P14 */
    uint64_t position = atomic_load_explicit(&board->head, memory_order_relaxed);
    return find_free(board, &position);
}

/* ---- entries: home --------------------------------------------------------------------------------------- */

void pl_home_begin(pl_home *home, pl_board *board, const pl_board_job *job, unsigned active, uint64_t watch_ns)
{
    memset(home->lap, 0, sizeof home->lap);
    home->board = board;
    /* P22 relaxed: home's own; no partner */
    home->tail = home->oldest = atomic_load_explicit(&board->tail, memory_order_relaxed);
    home->corrupted = false;
    board->job = *job;
    /* P23 relaxed: nobody has an entry; who takes one sees this by P13; no partner */
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

int pl_home_hopeless(const pl_home *home)
{
    /* P67 acquire: why; pairs with P66 */
    return (int)atomic_load_explicit(&home->board->hopeless, memory_order_acquire);
}

bool pl_home_offer(pl_home *home, pl_offer *offer)
{
    pl_board *board = home->board;
    for (int tries = 0; tries < PL_BOARD_ENTRIES; tries++) {
        uint64_t position = home->tail, place = position % PL_BOARD_ENTRIES;
        pl_entry *entry = &board->entries[place];
        /* P24 acquire: the worker has done with the offer; pairs with P18 */
        kind was = kind_of(atomic_load_explicit(&entry->word, memory_order_acquire));
        if (was == FREE)
            return false;
        home->tail++;
        if (was != TAKEN) {
            offer->position = position;
            entry->offer = home->offered[place] = *offer;
            home->lap[place] = lap_of(position);
            /* P13 release: m1, the offer is written, and the job; pairs with P11, P12 */
            atomic_store_explicit(&entry->word, word_of(FREE, 0, 0, lap_of(position)), memory_order_release);
            /* P10 seq_cst: m2, after m1, before w1 in S; pairs with P9 */
            atomic_store_explicit(&board->tail, home->tail, memory_order_seq_cst);
            return true;
        }
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

/* ---- reports --------------------------------------------------------------------------------------------- */

_Static_assert((PL_BOARD_REPORTS & (PL_BOARD_REPORTS - 1)) == 0, "positions wrap around");
_Static_assert(sizeof(pl_report) + PL_BOARD_TEXT < PL_BOARD_REPORTS / 2, "a report fits");

/* Copies between the ring and memory: `into` the ring, or out of it. */
static void copy_ring(unsigned char *ring, uint32_t at, void *memory, size_t bytes, bool into)
{
    size_t start = at % PL_BOARD_REPORTS, first = PL_BOARD_REPORTS - start;
    first = first < bytes ? first : bytes;
    if (into) {
        memcpy(ring + start, memory, first);
        memcpy(ring, (unsigned char *)memory + first, bytes - first);
    } else {
        memcpy(memory, ring + start, first);
        memcpy((unsigned char *)memory + first, ring, bytes - first);
    }
}

/* Waits until there is room for `bytes` more. */
static uint32_t await_room(pl_seat *seat, size_t bytes)
{
    pl_slot_board *slot = seat->slot;
    /* P27 relaxed: the worker's own; no partner */
    uint32_t wrote = atomic_load_explicit(&slot->wrote, memory_order_relaxed);
    for (;;) {
        /* P28 seq_cst: home has read what is overwritten; after P29 in S; pairs with P30 */
        uint32_t read = atomic_load_explicit(&slot->read, memory_order_seq_cst);
        if (PL_BOARD_REPORTS - (wrote - read) >= bytes)
            break;
        /* P29 seq_cst: before it looks again, in S; pairs with P31 */
        if (!atomic_exchange_explicit(&slot->stuck, 1, memory_order_seq_cst))
            continue;
        pl_board_ring(seat->board);
        pl_os_shared_wait(&slot->read, read, UINT64_C(100000000));
    }
    /* P32 relaxed: a hint; pairs with P31 */
    atomic_store_explicit(&slot->stuck, 0, memory_order_relaxed);
    return wrote;
}

static void write_report(pl_seat *seat, const pl_report *report, const char *text)
{
    uint32_t whole = (uint32_t)sizeof *report + report->length;
    uint32_t wrote = await_room(seat, whole);
    copy_ring(seat->slot->reports, wrote, (void *)report, sizeof *report, true);
    copy_ring(seat->slot->reports, wrote + (uint32_t)sizeof *report, (void *)text, report->length, true);
    /* P33 release: the report is whole; pairs with P34 */
    atomic_store_explicit(&seat->slot->wrote, wrote + whole, memory_order_release);
}

void pl_seat_report(pl_seat *seat, const pl_report *report, const char *text)
{
    size_t length = text ? strlen(text) : 0;
    pl_report r = *report, piece = {.kind = PL_REPORT_TEXT, .length = PL_BOARD_TEXT};
    for (; length > PL_BOARD_TEXT; text += PL_BOARD_TEXT, length -= PL_BOARD_TEXT)
        write_report(seat, &piece, text);
    r.length = (uint32_t)length;
    write_report(seat, &r, text ? text : "");
    pl_board_ring(seat->board);
}

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

void pl_seat_count(pl_seat *seat, size_t tasks)
{
    /* P36 relaxed: the worker's own, and its predecessors'; pairs with P37 */
    uint64_t done = atomic_load_explicit(&seat->slot->done, memory_order_relaxed);
    /* P38 relaxed: a number by itself; pairs with P37 */
    atomic_store_explicit(&seat->slot->done, done + tasks, memory_order_relaxed);
}

void pl_seat_spent(pl_seat *seat, uint64_t ticks)
{
    /* P75 relaxed: the worker's own, and its predecessors'; pairs with P39 */
    uint64_t busy = atomic_load_explicit(&seat->slot->busy, memory_order_relaxed);
    /* P40 relaxed: a number by itself; pairs with P39 */
    atomic_store_explicit(&seat->slot->busy, busy + ticks, memory_order_relaxed);
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

/* ---- being condemned ------------------------------------------------------------------------------------- */

void pl_seat_start(pl_seat *seat, uint64_t now, uint64_t timeout_ns)
{
    pl_slot_board *slot = seat->slot;
    /* P41 relaxed: seen with P43; pairs with P44 */
    atomic_store_explicit(&slot->started, now, memory_order_relaxed);
    /* P42 relaxed: seen with P43; pairs with P44 */
    atomic_store_explicit(&slot->timeout, timeout_ns, memory_order_relaxed);
    seat->run += 4;
    /* P43 release: c1, when it has started is written; pairs with P44 */
    atomic_store_explicit(&slot->run, seat->run | RUNNING, memory_order_release);
}

bool pl_seat_end(pl_seat *seat)
{
    uint64_t run = seat->run | RUNNING;
    /* P45 acq_rel: c2, either this or P46 is first; pairs with P46 */
    return atomic_compare_exchange_strong_explicit(&seat->slot->run, &run, seat->run | IDLE, memory_order_acq_rel,
                                                   memory_order_relaxed);
}

bool pl_board_condemn(pl_board *board, unsigned number, uint64_t now, bool any, uint64_t *late_at)
{
    pl_slot_board *slot = &board->slot[number];
    *late_at = UINT64_MAX;
    /* P44 acquire: when that task started is seen; pairs with P43, P41, P42 */
    uint64_t run = atomic_load_explicit(&slot->run, memory_order_acquire);
    if ((run & 3) != RUNNING)
        return false;
    /* P47 relaxed: as P44; of a later task, the number tells; pairs with P41 */
    uint64_t started = atomic_load_explicit(&slot->started, memory_order_relaxed);
    /* P48 relaxed: as P47; pairs with P42 */
    uint64_t timeout = atomic_load_explicit(&slot->timeout, memory_order_relaxed);
    if (timeout && timeout < UINT64_MAX - started)
        *late_at = started + timeout;
    if (!any && now <= *late_at)
        return false;
    /* P46 acq_rel: c3, either this or P45 is first; pairs with P45 */
    return atomic_compare_exchange_strong_explicit(&slot->run, &run, (run & ~UINT64_C(3)) | CONDEMNED,
                                                   memory_order_acq_rel, memory_order_relaxed);
}

bool pl_board_was_condemned(pl_board *board, unsigned slot)
{
    /* P49 relaxed: the supervisor wrote it itself, if so; no partner */
    return (atomic_load_explicit(&board->slot[slot].run, memory_order_relaxed) & 3) == CONDEMNED;
}

/* ---- deaths ---------------------------------------------------------------------------------------------- */

bool pl_board_has_room(pl_board *board)
{
    /* P50 relaxed: the supervisor's own; no partner */
    uint32_t wrote = atomic_load_explicit(&board->deaths_wrote, memory_order_relaxed);
    /* P51 acquire: home has read what is overwritten; pairs with P52 */
    return wrote - atomic_load_explicit(&board->deaths_read, memory_order_acquire) < PL_BOARD_DEATHS;
}

void pl_board_note_death(pl_board *board, const pl_death *death)
{
    /* P59 relaxed: as P50; no partner */
    uint32_t wrote = atomic_load_explicit(&board->deaths_wrote, memory_order_relaxed);
    board->deaths[wrote % PL_BOARD_DEATHS] = *death;
    /* P53 release: the note is written, and all that the worker wrote; pairs with P54 */
    atomic_store_explicit(&board->deaths_wrote, wrote + 1, memory_order_release);
    pl_board_ring(board);
}

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

/* Ends what somebody who is dead had taken, if it is such an entry. */
static bool inherit(pl_home *home, unsigned place, uint64_t word, pl_offer *offer)
{
    *offer = home->offered[place];
    word = word_of(DONE, 0, 0, word);
    /* P56 relaxed: nobody but home has to do with it any more; no partner */
    atomic_store_explicit(&home->board->entries[place].word, word, memory_order_relaxed);
    return true;
}

bool pl_home_bequest(pl_home *home, const pl_death *death, pl_offer *offer)
{
    for (unsigned place = 0; place < PL_BOARD_ENTRIES; place++) {
        uint64_t lap = home->lap[place];
        /* P57 acquire: what the worker did before; pairs with P18 */
        uint64_t word = atomic_load_explicit(&home->board->entries[place].word, memory_order_acquire);
        if (lap && word == word_of(TAKEN, death->slot, death->life, lap))
            return inherit(home, place, word, offer);
    }
    return false;
}

bool pl_home_legacy(pl_home *home, pl_offer *offer, pl_death *death)
{
    for (unsigned place = 0; place < PL_BOARD_ENTRIES; place++) {
        /* P58 acquire: as P57; pairs with P18 */
        uint64_t word = atomic_load_explicit(&home->board->entries[place].word, memory_order_acquire);
        if (!home->lap[place] || kind_of(word) != TAKEN || (uint32_t)word != (uint32_t)home->lap[place])
            continue;
        unsigned slot = (unsigned)(word >> 52) & 0x3ff;
        home->corrupted |= slot >= home->board->slots;
        *death = (pl_death){.slot = slot, .signal = pl_os_killed_by, .index = PL_NO_INDEX};
        if (!home->corrupted)
            death->index = *pl_slot_index(home->board, slot);
        return inherit(home, place, word, offer) && !home->corrupted;
    }
    return false;
}

/* ---- the worker's own process ---------------------------------------------------------------------------- */

void pl_seat_check(const pl_seat *seat)
{
    if (pl_pool_forks() != seat->forks)
        pl_os_leave(0);
}

void pl_seat_await_death(pl_seat *seat)
{
    (void)seat;
    for (;;)
        pl_os_nap();
}

void *pl_seat_stop(pl_seat *seat)
{
    return &seat->board->stop;
}
