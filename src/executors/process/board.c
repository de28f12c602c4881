/* SPDX-License-Identifier: MIT */
/* The board as all parties use it, and what the supervisor does on it; board.h says how it works. */
#include "executors/process/board_internal.h"

#include "base/os.h"
#include "base/os_process.h"

size_t *pl_board_index(pl_board *board, unsigned slot, size_t index_at)
{
    return (size_t *)(void *)(board->slot[slot].room + index_at);
}

void pl_board_init(pl_board *board, unsigned slots, size_t index_at)
{
    memset(board, 0, sizeof *board);
    for (unsigned i = 0; i < slots; i++) {
        pl_slot_board *slot = &board->slot[i];
        memset(slot, 0, offsetof(pl_slot_board, reports));
        atomic_init(&slot->wrote, checked_number(0));
        atomic_init(&slot->asleep, ABSENT);
        *pl_board_index(board, i, index_at) = PL_NO_INDEX;
    }
}

/* ---- bells ------------------------------------------------------------------------------------------------- */

void pl_board_ring(pl_board *board)
{
    /* P1 seq_cst: b1, before b2 in S, and after what the coordinator is to see; pairs with P2 */
    atomic_fetch_add_explicit(&board->bell, 1, memory_order_seq_cst);
    /* P3 seq_cst: b2, after b1 in S; pairs with P4 */
    if (atomic_load_explicit(&board->coordinator_sleeps, memory_order_seq_cst))
        pl_os_shared_wake(&board->bell, PL_OS_ONE_SLEEPER);
}

bool pl_board_wake(pl_board *board, unsigned slot)
{
    _Atomic uint32_t *asleep = &board->slot[slot].asleep;
    /* P6 seq_cst: w1, after m2 in S; pairs with P7 */
    uint32_t was = atomic_load_explicit(asleep, memory_order_seq_cst);
    /* P8 seq_cst: w2, one waker has it; pairs with P7 */
    if (was != ASLEEP ||
        !atomic_compare_exchange_strong_explicit(asleep, &was, AWAKE, memory_order_seq_cst, memory_order_relaxed))
        return false;
    pl_os_shared_wake(asleep, PL_OS_ALL_SLEEPERS);
    return true;
}

/* ---- entries ----------------------------------------------------------------------------------------------- */

/* No place is assigned again while it is FREE, so what lies a whole lap behind the tail is not FREE: however far back
 * *position is, and wherever the tail seems to be, each place is looked at once. */
bool pl_board_find_free(pl_board *board, uint64_t *position)
{
    /* P9 seq_cst: s2, after s1 in S; the assignments before it, the work, and all else are as the coordinator wrote
     * them; pairs with P10 */
    uint64_t tail = atomic_load_explicit(&board->tail, memory_order_seq_cst);
    uint64_t lap = tail > PL_BOARD_ENTRIES ? tail - PL_BOARD_ENTRIES : 0;
    for (uint64_t p = *position > lap ? *position : lap; p < tail; p++) {
        /* P11 relaxed: P9 has seen that it was assigned, and P12 decides what becomes of it; pairs with P13 */
        uint64_t word = atomic_load_explicit(&entry_at(board, p)->word, memory_order_relaxed);
        if (word == word_of(FREE, 0, 0, lap_of(p))) {
            *position = p;
            return true;
        }
    }
    *position = tail;
    return false;
}

bool pl_board_has_work(pl_board *board)
{
    /* P83 relaxed: as P15; pairs with P14 */
    uint64_t position = atomic_load_explicit(&board->head, memory_order_relaxed);
    return pl_board_find_free(board, &position);
}

/* ---- being killed --------------------------------------------------------------------------------------- */

bool pl_board_kill(pl_board *board, unsigned number, uint64_t now, pl_board_killing which, uint64_t *late_at)
{
    pl_slot_board *slot = &board->slot[number];
    *late_at = UINT64_MAX;
    /* P44 acquire: the time when that task started is seen; pairs with P43, P41, P42 */
    uint64_t run = atomic_load_explicit(&slot->run, memory_order_acquire);
    if ((run & 3) != RUNNING)
        return false;
    /* P47 relaxed: as P44; if it is of a later task, so is the number, and P46 fails; pairs with P41 */
    uint64_t started = atomic_load_explicit(&slot->started, memory_order_relaxed);
    /* P48 relaxed: as P47; pairs with P42 */
    uint64_t timeout = atomic_load_explicit(&slot->timeout, memory_order_relaxed);
    if (timeout && timeout < UINT64_MAX - started)
        *late_at = started + timeout;
    if (which == PL_KILL_LATE && now <= *late_at)
        return false;
    /* P46 relaxed: c3, either this or P45 is first, and that is all; pairs with P45, P49 */
    return atomic_compare_exchange_strong_explicit(&slot->run, &run, (run & ~UINT64_C(3)) | KILLED,
                                                   memory_order_relaxed, memory_order_relaxed);
}

uint64_t pl_board_starts(const pl_board *board, unsigned slot)
{
    /* P84 relaxed: only whether it changes counts, or it is of a worker that is dead; no partner */
    return atomic_load_explicit((_Atomic uint64_t *)&board->slot[slot].run, memory_order_relaxed) >> 2;
}

bool pl_board_was_killed(pl_board *board, unsigned slot)
{
    /* P49 relaxed: of a worker that has died, with its supervisor; at worst its task is said to be late and has
     * crashed; pairs with P46 */
    return (atomic_load_explicit(&board->slot[slot].run, memory_order_relaxed) & 3) == KILLED;
}

/* ---- deaths ------------------------------------------------------------------------------------------------ */

bool pl_board_has_room(pl_board *board, uint32_t noted)
{
    /* P51 acquire: the coordinator has read what is overwritten; pairs with P52 */
    return noted - atomic_load_explicit(&board->deaths_read, memory_order_acquire) < PL_BOARD_DEATHS;
}

void pl_board_note_death(pl_board *board, unsigned slots, uint32_t noted, const pl_death *death)
{
    pl_death *note = &board->deaths[noted % PL_BOARD_DEATHS];
    *note = *death;
    note->seal = seal_of_death(death, noted);
    /* P53 release: the note is written, and all that the worker wrote; pairs with P54, P135 */
    atomic_store_explicit(&board->deaths_wrote, noted + 1, memory_order_release);
    /* P131 release: the death is noted; pairs with P133 */
    atomic_store_explicit(&board->slot[death->slot].asleep, ABSENT, memory_order_release);
    for (unsigned i = 0; i < slots; i++)
        pl_os_shared_wake(&board->slot[i].asleep, PL_OS_ALL_SLEEPERS);
    pl_board_ring(board);
}

void pl_board_give_up(pl_board *board, int why)
{
    /* P66 release: why no worker can be had; pairs with P67 */
    atomic_store_explicit(&board->unavailable, unavailable_word(why), memory_order_release);
    pl_board_ring(board);
}
