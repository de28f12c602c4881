/* SPDX-License-Identifier: MIT */
/* What workers do on the board; board.h says how it works. */
#include "executors/process/endpoint.h"

#include "base/os.h"
#include "base/os_process.h"
#include "executors/process/board_internal.h"
#include "sched/pool.h"

/* ---- the worker's own process ---------------------------------------------------------------------------- */

void pl_endpoint_begin(pl_endpoint *endpoint, pl_board *board, unsigned slots, size_t index_at, unsigned number,
                       unsigned generation)
{
    pl_slot_board *slot = &board->slot[number];
    *endpoint = (pl_endpoint){.board = board, .slot = slot, .slots = slots, .number = number, .generation = generation};
    endpoint->index = pl_board_index(board, number, index_at);
    endpoint->forks = pl_pool_forks();
    /* P76 relaxed: the last generation's, which is dead; no partner */
    endpoint->run = atomic_load_explicit(&slot->run, memory_order_relaxed) & ~UINT64_C(3);
    /* P27 relaxed: the last generation's, which is dead, as the supervisor has seen; no partner */
    endpoint->wrote = (uint32_t)atomic_load_explicit(&slot->wrote, memory_order_relaxed);
    *endpoint->index = PL_NO_INDEX;
    /* P77 relaxed: this generation runs nothing yet; no partner */
    atomic_store_explicit(&slot->run, endpoint->run, memory_order_relaxed);
    /* P132 relaxed: before it takes anything; pairs with P133 */
    atomic_store_explicit(&slot->asleep, AWAKE, memory_order_relaxed);
}

void pl_endpoint_check(const pl_endpoint *endpoint)
{
    if (pl_pool_forks() != endpoint->forks)
        pl_os_leave(0);
}

void *pl_endpoint_stop(pl_endpoint *endpoint)
{
    return &endpoint->board->stop;
}

/* ---- entries ----------------------------------------------------------------------------------------------- */

/* No position before `position` is FREE, nor will be. That was seen after `head` was read from the board. */
static void move_head(pl_board *board, uint64_t head, uint64_t position)
{
    /* P14 release: a hint that only grows: a later value is not overwritten; what has been seen of the entries was
     * before; pairs with P15, P87 */
    if (position > head)
        atomic_compare_exchange_strong_explicit(&board->head, &head, position, memory_order_release,
                                                memory_order_relaxed);
}

/* Copies what stands at the position that has been taken. Whether that is what the coordinator has written. */
static bool read_entry(pl_endpoint *endpoint, const pl_entry *entry)
{
    endpoint->work = endpoint->board->work;
    endpoint->assignment = entry->assignment;
    endpoint->seal = seal_of_assignment(seal_of_work(&endpoint->work), &endpoint->assignment);
    return entry->seal == endpoint->seal && endpoint->assignment.position == endpoint->entry;
}

/* t2: marks the entry DONE, with this seal. */
static void write_done(pl_endpoint *endpoint, uint64_t seal)
{
    _Atomic uint64_t *word = &entry_at(endpoint->board, endpoint->entry)->word;
    /* P130 relaxed: the worker's own, unless a wild pointer has changed it: then it is not to be marked; pairs with
     * P12 */
    if (atomic_load_explicit(word, memory_order_relaxed) !=
        word_of(TAKEN, endpoint->number, endpoint->generation, lap_of(endpoint->entry)))
        pl_os_leave(1);
    /* P18 release: t2, the results, reports and counts are written; pairs with P24 */
    atomic_store_explicit(word, done_word(seal, lap_of(endpoint->entry)), memory_order_release);
    *endpoint->index = PL_NO_INDEX;
}

/* What has been taken is not what the coordinator has assigned: so that the coordinator knows, the entry gets a wrong
 * seal. */
static void refuse_entry(pl_endpoint *endpoint)
{
    write_done(endpoint, ~endpoint->seal);
    pl_board_ring(endpoint->board);
}

bool pl_endpoint_take(pl_endpoint *endpoint, pl_assignment *assignment)
{
    pl_board *board = endpoint->board;
    /* P15 relaxed: a hint where to begin; pairs with P14 */
    uint64_t head = atomic_load_explicit(&board->head, memory_order_relaxed), position = head;
    while (pl_board_find_free(board, &position)) {
        /* P16 relaxed: set before the assignment that P9 has seen; pairs with P17 */
        if (endpoint->number >= atomic_load_explicit(&board->active, memory_order_relaxed))
            return false;
        pl_entry *entry = entry_at(board, position);
        uint64_t word = word_of(FREE, 0, 0, lap_of(position));
        /* P12 release: t1, the assignment and the work are as P9 has acquired them; whoever sees it sees that this
         * worker is awake; pairs with P13, P24, P134 */
        if (atomic_compare_exchange_strong_explicit(
                &entry->word, &word, word_of(TAKEN, endpoint->number, endpoint->generation, lap_of(position)),
                memory_order_release, memory_order_relaxed)) {
            move_head(board, head, position + 1);
            endpoint->entry = position;
            bool sound = read_entry(endpoint, entry);
            if (sound)
                *assignment = endpoint->assignment;
            else
                refuse_entry(endpoint);
            return sound;
        }
        position++;
    }
    move_head(board, head, position);
    return false;
}

void pl_endpoint_done(pl_endpoint *endpoint)
{
    write_done(endpoint, endpoint->seal);
}

void pl_endpoint_renounce(pl_endpoint *endpoint)
{
    refuse_entry(endpoint);
    pl_os_leave(1);
}

/* Whether there is an assignment to be taken. */
static bool sees_work(pl_endpoint *endpoint)
{
    pl_board *board = endpoint->board;
    /* P21 relaxed: as P16; pairs with P17 */
    return endpoint->number < atomic_load_explicit(&board->active, memory_order_relaxed) && pl_board_has_work(board);
}

void pl_endpoint_rest(pl_endpoint *endpoint)
{
    _Atomic uint32_t *asleep = &endpoint->slot->asleep;
    for (int i = 0; i < LOOKS; i++) {
        if (sees_work(endpoint))
            return;
        pl_pause();
    }
    /* P7 seq_cst: s1, before s2 in S; after what it had is DONE; pairs with P6, P8, P133 */
    atomic_store_explicit(asleep, ASLEEP, memory_order_seq_cst);
    if (!sees_work(endpoint))
        pl_os_shared_wait(asleep, ASLEEP, SLEEP_NS);
    /* P70 relaxed: a waker that resets it meanwhile wakes nobody; pairs with P6, P8, P133 */
    atomic_store_explicit(asleep, AWAKE, memory_order_relaxed);
}

void pl_endpoint_pass_on(pl_endpoint *endpoint)
{
    if (!sees_work(endpoint))
        return;
    /* P71 relaxed: as P16; pairs with P17 */
    unsigned active = atomic_load_explicit(&endpoint->board->active, memory_order_relaxed);
    for (unsigned i = 0; i < active && i < endpoint->slots; i++)
        if (i != endpoint->number && pl_board_wake(endpoint->board, i))
            return;
}

void pl_endpoint_ring_idle(pl_endpoint *endpoint)
{
    pl_board_ring(endpoint->board);
}

void pl_endpoint_ring_low(pl_endpoint *endpoint)
{
    pl_board *board = endpoint->board;
    /* P72 relaxed: a hint, whose change is followed by an assignment; pairs with P73 */
    bool more = atomic_load_explicit(&board->more, memory_order_relaxed);
    /* P74 relaxed: a hint; pairs with P10 */
    uint64_t tail = atomic_load_explicit(&board->tail, memory_order_relaxed);
    if (more && tail - endpoint->entry <= PL_BOARD_ENTRIES / 4)
        pl_board_ring(board);
}

/* ---- reports ----------------------------------------------------------------------------------------------- */

/* Waits until there is room in the ring for `bytes` more. */
static void await_room(const pl_endpoint *endpoint, size_t bytes)
{
    pl_slot_board *slot = endpoint->slot;
    for (;;) {
        /* P28 seq_cst: the coordinator has read what is overwritten; after P29 in S; pairs with P30 */
        uint32_t read = atomic_load_explicit(&slot->read, memory_order_seq_cst);
        if (endpoint->wrote - read <= PL_BOARD_REPORTS - bytes)
            break;
        /* P29 seq_cst: before it looks again, in S; pairs with P31 */
        if (!atomic_exchange_explicit(&slot->stuck, 1, memory_order_seq_cst))
            continue;
        pl_board_ring(endpoint->board);
        pl_os_shared_wait(&slot->read, read, UINT64_C(100000000));
    }
    /* P32 relaxed: a hint; pairs with P31 */
    atomic_store_explicit(&slot->stuck, 0, memory_order_relaxed);
}

static void write_report(pl_endpoint *endpoint, pl_report *report, const char *text)
{
    uint32_t whole = (uint32_t)sizeof *report + report->length;
    await_room(endpoint, whole);
    report->seal = seal_of_report(report, endpoint->wrote, endpoint->number);
    copy_into_ring(endpoint->slot->reports, endpoint->wrote, report, sizeof *report);
    copy_into_ring(endpoint->slot->reports, endpoint->wrote + (uint32_t)sizeof *report, text, report->length);
    endpoint->wrote += whole;
    /* P33 release: the report is complete; pairs with P34 */
    atomic_store_explicit(&endpoint->slot->wrote, checked_number(endpoint->wrote), memory_order_release);
}

void pl_endpoint_report(pl_endpoint *endpoint, const pl_report *report, const char *text)
{
    size_t length = text ? strlen(text) : 0;
    pl_report r = *report, piece = {.kind = PL_REPORT_TEXT, .length = PL_BOARD_TEXT, .position = endpoint->entry};
    for (; length > PL_BOARD_TEXT; text += PL_BOARD_TEXT, length -= PL_BOARD_TEXT)
        write_report(endpoint, &piece, text);
    r.length = (uint32_t)length;
    write_report(endpoint, &r, text ? text : "");
    pl_board_ring(endpoint->board);
}

void pl_endpoint_report_run(pl_endpoint *endpoint, const pl_assignment *assignment, const uint64_t ticks[2])
{
    pl_report r = {.kind = PL_REPORT_RAN,
                   .length = PL_REPORT_RUN_BYTES,
                   .position = endpoint->entry,
                   .begin = assignment->begin,
                   .end = assignment->end};
    char text[PL_REPORT_RUN_BYTES];
    memcpy(text, ticks, sizeof text);
    write_report(endpoint, &r, text);
}

void pl_endpoint_count(pl_endpoint *endpoint, size_t tasks)
{
    /* P36 relaxed: the worker's own, and its predecessors'; pairs with P37 */
    uint64_t done = atomic_load_explicit(&endpoint->slot->done, memory_order_relaxed);
    /* P38 relaxed: a number by itself; pairs with P37 */
    atomic_store_explicit(&endpoint->slot->done, done + tasks, memory_order_relaxed);
}

void pl_endpoint_spent(pl_endpoint *endpoint, uint64_t ticks)
{
    /* P75 relaxed: the worker's own, and its predecessors'; pairs with P39 */
    uint64_t busy = atomic_load_explicit(&endpoint->slot->busy, memory_order_relaxed);
    /* P40 relaxed: a number by itself; pairs with P39 */
    atomic_store_explicit(&endpoint->slot->busy, busy + ticks, memory_order_relaxed);
}

/* ---- tasks that have a timeout ----------------------------------------------------------------------------- */

void pl_endpoint_start(pl_endpoint *endpoint, uint64_t now, uint64_t timeout_ns)
{
    pl_slot_board *slot = endpoint->slot;
    /* P41 relaxed: seen with P43; pairs with P44 */
    atomic_store_explicit(&slot->started, now, memory_order_relaxed);
    /* P42 relaxed: seen with P43; pairs with P44 */
    atomic_store_explicit(&slot->timeout, timeout_ns, memory_order_relaxed);
    endpoint->run += 4;
    /* P43 release: c1, the start's time is written; pairs with P44 */
    atomic_store_explicit(&slot->run, endpoint->run | RUNNING, memory_order_release);
}

bool pl_endpoint_end(pl_endpoint *endpoint)
{
    uint64_t run = endpoint->run | RUNNING;
    /* P45 relaxed: c2, either this or P46 is first, and that is all; pairs with P46 */
    return atomic_compare_exchange_strong_explicit(&endpoint->slot->run, &run, endpoint->run | IDLE,
                                                   memory_order_relaxed, memory_order_relaxed);
}
