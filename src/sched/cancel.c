/* SPDX-License-Identifier: MIT */
/* Stopping calls, and sleeping until they are; cancel.h says how, and why no wake-up is lost. */
#include "sched/cancel.h"

#include "base/os.h"

static _Atomic uint32_t epoch;
static _Atomic uint32_t sleepers;

void pl_stop_raise(pl_stop *stop, int level)
{
    int was = pl_stop_level(stop);
    do {
        if (was >= level)
            return;
        /* E2 seq_cst: m1, before m3 in S; pairs with E1, R11, X1 */
    } while (!atomic_compare_exchange_weak_explicit(stop, &was, level, memory_order_seq_cst, memory_order_seq_cst));
    pl_stop_nudge();
}

void pl_stop_nudge(void)
{
    /* E3 seq_cst: m2, between m1 and m3 in S; pairs with E5 */
    atomic_fetch_add_explicit(&epoch, 1, memory_order_seq_cst);
    /* E4 seq_cst: m3, after m1 in S; pairs with E6 */
    if (atomic_load_explicit(&sleepers, memory_order_seq_cst) > 0)
        pl_os_rouse(&epoch);
}

bool pl_stop_sleep(uint64_t until, bool (*give_up)(void *context), void *context)
{
    bool gave_up;
    /* E6 seq_cst: n1, before n3 in S; pairs with E4 */
    atomic_fetch_add_explicit(&sleepers, 1, memory_order_seq_cst);
    for (;;) {
        /* E5 seq_cst: n2, between n1 and n3 in S; pairs with E3 */
        uint32_t e = atomic_load_explicit(&epoch, memory_order_seq_cst);
        uint64_t now = pl_os_nanoseconds();
        gave_up = give_up(context);
        if (gave_up || now >= until)
            break;
        pl_os_doze(&epoch, e, until - now);
    }
    /* E7 relaxed: who still counts this sleeper wakes nobody; pairs with E4 */
    atomic_fetch_sub_explicit(&sleepers, 1, memory_order_relaxed);
    return gave_up;
}
