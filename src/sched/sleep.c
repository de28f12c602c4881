/* SPDX-License-Identifier: MIT */
/* Parking, and the set of sleepers; sleep.h says how it works and why no wake-up is lost. */
#include "sched/sleep.h"

#include "base/assert.h"
#include "base/os.h"

enum { EMPTY, TOKEN, PARKED };

bool pl_park(pl_parker *parker, int64_t timeout_ns)
{
    uint32_t seen = EMPTY;
    /* K1 acquire: if there is a token, what came before pl_unpark() is visible; pairs with K4 */
    if (!atomic_compare_exchange_strong_explicit(&parker->word, &seen, PARKED, memory_order_acquire,
                                                 memory_order_acquire)) {
        pl_assert(seen == TOKEN);
        /* K2 acquire: a second token may have come on top of the one that K1 saw: a plain store would drop it
         * unseen; pairs with K4 */
        atomic_exchange_explicit(&parker->word, EMPTY, memory_order_acquire);
        return true;
    }
    bool timed = timeout_ns >= 0;
    for (;;) {
        pl_os_wait(&parker->word, PARKED, timeout_ns);
        if (timed)
            break;
        /* K5 relaxed: K3 decides, and acquires; pairs with K4 */
        if (atomic_load_explicit(&parker->word, memory_order_relaxed) == TOKEN)
            break;
    }
    /* K3 acquire: takes the token, if there is one, as K1 does; pairs with K4 */
    return atomic_exchange_explicit(&parker->word, EMPTY, memory_order_acquire) == TOKEN;
}

void pl_unpark(pl_parker *parker)
{
    /* K4 release: what this thread did before is visible to the one it wakes; pairs with K1, K2, K3, K5 */
    if (atomic_exchange_explicit(&parker->word, TOKEN, memory_order_release) == PARKED)
        pl_os_wake(&parker->word);
}

void pl_sleep_announce(pl_sleep *sleep, unsigned i)
{
    /* S1 seq_cst: a1, before the look a3 (D20) in S; pairs with S4, S5 */
    atomic_fetch_or_explicit(&sleep->bits[i / 64].asleep, UINT64_C(1) << i % 64, memory_order_seq_cst);
    /* S2 seq_cst: a2, after a1 and before a3 in S; pairs with S6 */
    atomic_fetch_sub_explicit(&sleep->searching, 1, memory_order_seq_cst);
}

bool pl_sleep_withdraw(pl_sleep *sleep, unsigned i)
{
    uint64_t bit = UINT64_C(1) << i % 64;
    /* S3 seq_cst: b1, counts as searching before its bit goes: a publisher sees one or the other; pairs with S6 */
    atomic_fetch_add_explicit(&sleep->searching, 1, memory_order_seq_cst);
    /* S8 seq_cst: b2, either this or a waker's S5 clears the bit, and knows it; pairs with S5 */
    if (atomic_fetch_and_explicit(&sleep->bits[i / 64].asleep, ~bit, memory_order_seq_cst) & bit)
        return true;
    /* S9 seq_cst: b3, the waker has counted it already; pairs with S6, S7 */
    atomic_fetch_sub_explicit(&sleep->searching, 1, memory_order_seq_cst);
    return false;
}

bool pl_sleep_searching(const pl_sleep *sleep)
{
    /* S6 seq_cst: p2, after the publish p1 (D9, D10) in S; pairs with S2, S3, S7, S10 */
    return atomic_load_explicit((_Atomic uint32_t *)&sleep->searching, memory_order_seq_cst) > 0;
}

void pl_sleep_waking(pl_sleep *sleep, int step)
{
    /* S13 relaxed: a hint; pairs with S15 */
    atomic_fetch_add_explicit(&sleep->waking, (uint32_t)step, memory_order_relaxed);
}

uint32_t pl_sleep_awake(const pl_sleep *sleep)
{
    /* S14 relaxed: a hint; pairs with S2, S3, S7, S10, S11 */
    uint32_t searching = atomic_load_explicit((_Atomic uint32_t *)&sleep->searching, memory_order_relaxed);
    /* S15 relaxed: a hint; pairs with S13 */
    uint32_t waking = atomic_load_explicit((_Atomic uint32_t *)&sleep->waking, memory_order_relaxed);
    return searching > waking ? searching - waking : 0;
}

unsigned pl_sleep_count(const pl_sleep *sleep, unsigned count)
{
    unsigned asleep = 0;
    for (unsigned w = 0; w * 64 < count; w++) {
        /* S20 relaxed: a hint; pairs with S1, S5, S8 */
        uint64_t bits = atomic_load_explicit((_Atomic uint64_t *)&sleep->bits[w].asleep, memory_order_relaxed);
        asleep += (unsigned)__builtin_popcountll(bits);
    }
    return asleep;
}

bool pl_sleep_any(const pl_sleep *sleep, unsigned count)
{
    for (unsigned w = 0; w * 64 < count; w++) {
        /* S12 seq_cst: as S4; pairs with S1 */
        if (atomic_load_explicit((_Atomic uint64_t *)&sleep->bits[w].asleep, memory_order_seq_cst))
            return true;
    }
    return false;
}

int pl_sleep_claim(pl_sleep *sleep, unsigned count)
{
    bool counted = false;
    for (unsigned w = 0; w * 64 < count; w++) {
        /* S4 seq_cst: p3, after the publish p1 (D9, D10) in S; pairs with S1 */
        uint64_t bits = atomic_load_explicit(&sleep->bits[w].asleep, memory_order_seq_cst);
        while (bits) {
            if (!counted) {
                /* S7 seq_cst: p4, before S5 takes the bit; pairs with S6, S9 */
                atomic_fetch_add_explicit(&sleep->searching, 1, memory_order_seq_cst);
                counted = true;
            }
            uint64_t bit = bits & -bits;
            /* S5 seq_cst: p5, one waker claims each announcement; pairs with S1, S8 */
            bits = atomic_fetch_and_explicit(&sleep->bits[w].asleep, ~bit, memory_order_seq_cst);
            if (bits & bit)
                return (int)(w * 64 + (unsigned)__builtin_ctzll(bit));
        }
    }
    if (!counted)
        return PL_SLEEP_NONE;
    return pl_sleep_found(sleep) ? PL_SLEEP_OWING : PL_SLEEP_OTHERS;
}

void pl_sleep_be_quiet(pl_sleep *sleep, unsigned i)
{
    /* S16 seq_cst: what others took from the worker, or it took back, it had published before, in S; pairs with S19 */
    atomic_fetch_or_explicit(&sleep->bits[i / 64].quiet, UINT64_C(1) << i % 64, memory_order_seq_cst);
}

void pl_sleep_be_heard(pl_sleep *sleep, unsigned i)
{
    /* S17 seq_cst: before it publishes anything, in S; pairs with S19 */
    atomic_fetch_and_explicit(&sleep->bits[i / 64].quiet, ~(UINT64_C(1) << i % 64), memory_order_seq_cst);
}

void pl_sleep_search(pl_sleep *sleep)
{
    /* S11 seq_cst: no order needed beyond the count's own, but one order for all is easier to reason with; pairs
     * with S6 */
    atomic_fetch_add_explicit(&sleep->searching, 1, memory_order_seq_cst);
}

bool pl_sleep_found(pl_sleep *sleep)
{
    /* S10 seq_cst: f1, before the look f2 (D20) in S; pairs with S6 */
    uint32_t before = atomic_fetch_sub_explicit(&sleep->searching, 1, memory_order_seq_cst);
    pl_assert(before > 0);
    return before == 1;
}
