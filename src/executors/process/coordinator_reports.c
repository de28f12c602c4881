/* SPDX-License-Identifier: MIT */
/* What workers report and count, as the coordinator reads it; board.h says how it works. */
#include "executors/process/coordinator.h"

#include "base/os.h"
#include "base/os_process.h"
#include "executors/process/board_internal.h"

/* ---- reports ----------------------------------------------------------------------------------------------- */

/* How many bytes there are to read in a slot's ring. False if that cannot be. */
static bool count_unread(const pl_coordinator *co, const pl_slot_board *slot, uint32_t read, uint32_t *bytes)
{
    /* P34 acquire: reports up to here are whole; pairs with P33 */
    uint64_t wrote = atomic_load_explicit((_Atomic uint64_t *)&slot->wrote, memory_order_acquire);
    *bytes = (uint32_t)wrote - read;
    /* P35 relaxed: the coordinator's own; no partner */
    return !co->corrupted && atomic_load_explicit((_Atomic uint32_t *)&slot->read, memory_order_relaxed) == read &&
           wrote == checked_number((uint32_t)wrote) && *bytes <= PL_BOARD_REPORTS;
}

/* Copies a report out of the `bytes` that follow what has been read. False if these are no report. */
static bool copy_report(pl_coordinator *co, unsigned number, uint32_t bytes, pl_report *report, char *text)
{
    pl_slot_board *slot = &co->board->slot[number];
    uint32_t read = co->slot[number].read;
    if (bytes < sizeof *report)
        return false;
    copy_out_of_ring(report, slot->reports, read, sizeof *report);
    if (report->length > PL_BOARD_TEXT || report->length > bytes - sizeof *report ||
        report->seal != seal_of_report(report, read, number))
        return false;
    copy_out_of_ring(text, slot->reports, read + (uint32_t)sizeof *report, report->length);
    return true;
}

bool pl_coordinator_report(pl_coordinator *co, unsigned number, pl_report *report, char *text)
{
    pl_slot_board *slot = &co->board->slot[number];
    uint32_t *read = &co->slot[number].read, bytes;
    bool sound = count_unread(co, slot, *read, &bytes);
    if (sound && !bytes)
        return false;
    if (!sound || !copy_report(co, number, bytes, report, text)) {
        co->corrupted = true;
        return false;
    }
    *read += (uint32_t)sizeof *report + report->length;
    /* P30 seq_cst: the report has been read, and may be overwritten; before P31 in S; pairs with P28 */
    atomic_store_explicit(&slot->read, *read, memory_order_seq_cst);
    /* P31 seq_cst: after P30 in S; pairs with P29, P32 */
    if (atomic_load_explicit(&slot->stuck, memory_order_seq_cst))
        pl_os_shared_wake(&slot->read, PL_OS_ALL_SLEEPERS);
    return true;
}

/* ---- counters ---------------------------------------------------------------------------------------------- */

uint64_t pl_coordinator_done(pl_coordinator *co)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < co->slots; i++) {
        /* P37 relaxed: a number by itself; pairs with P38 */
        uint64_t done = atomic_load_explicit(&co->board->slot[i].done, memory_order_relaxed);
        if (done - co->slot[i].done <= co->tasks)
            co->slot[i].done = done;
        else
            co->corrupted = true;
        sum += co->slot[i].done;
    }
    sum -= co->done_before;
    co->corrupted |= sum > co->tasks;
    return sum < co->tasks ? sum : co->tasks;
}

bool pl_coordinator_busy(const pl_coordinator *co, uint64_t *ticks)
{
    uint64_t elapsed = pl_ticks() - co->began;
    *ticks = 0;
    for (unsigned i = 0; i < co->slots; i++) {
        /* P39 relaxed: a number by itself; pairs with P40 */
        uint64_t busy = atomic_load_explicit(&co->board->slot[i].busy, memory_order_relaxed) - co->slot[i].busy;
        if (busy > elapsed)
            return false;
        *ticks += busy;
    }
    return true;
}
