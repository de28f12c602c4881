/* SPDX-License-Identifier: MIT */
/* Estimates of cost; cost.h says what they are for. */
#include "sched/cost.h"

#include "base/os.h"

#define LARGEST (UINT64_MAX >> 21)
_Static_assert(LARGEST < UINT64_C(1) << PL_COST_ESTIMATE_BITS, "an estimate leaves room for the doubt");

/* How long a call that was dear has to have lasted for each step of doubt; and how many calls one is for, about. */
#define DOUBT_US 3200
enum { DOUBT_ODDS = 16, VARIES_AT = PL_COST_ESTIMATE_BITS + 1, DOUBT_AT = VARIES_AT + 1 };

/* How long a call lasts whose function is taken to vary; and for how many measurements, 2 to the so many, about. */
#define VARIES_US 10
enum { VARIES_BITS = 12 };

uint64_t pl_cost_guess(const pl_cost *cost, uint64_t items)
{
    uint64_t estimate = pl_cost_estimate(cost) & ~(UINT64_C(1) << PL_COST_ESTIMATE_BITS);
    if (estimate == 0 || estimate > LARGEST || items > LARGEST / estimate)
        return UINT64_MAX;
    return estimate * items / PL_COST_FRACTION;
}

/* What is known beside the estimate. */
typedef struct past {
    uint64_t varies; /* or 0 */
    uint64_t doubt;
    uint64_t dear; /* measurements since the estimate has risen, up to PL_COST_MOST_DEAR; 0: it has not */
} past;

/* How long a call of so many items has lasted, by an estimate, in steps of doubt. */
static uint64_t steps_of(uint64_t estimate, uint64_t items)
{
    uint64_t lasted = items <= LARGEST / estimate ? estimate * items / PL_COST_FRACTION : 0;
    uint64_t steps = lasted / pl_os_ticks_per_us() / DOUBT_US;
    return steps < PL_COST_MOST_DOUBT ? steps : PL_COST_MOST_DOUBT;
}

/* After `items` items have taken `new` each, and were to take `old`. The last bits of a time are random enough. */
static past next_past(past p, uint64_t old, uint64_t new, uint64_t items, uint64_t random)
{
    if (old && new < old / 8) {
        uint64_t steps = p.dear && p.dear < PL_COST_MOST_DEAR ? steps_of(old, items) : 0;
        return (past){p.varies, p.doubt > steps ? p.doubt : steps, 0};
    }
    if (old && new / 8 >= old)
        return (past){p.varies || new *items / PL_COST_FRACTION > VARIES_US *pl_os_ticks_per_us(), p.doubt, 1};
    if (p.varies && pl_ticks() * UINT64_C(0x9e3779b97f4a7c15) >> (64 - VARIES_BITS) == 0) /* what no loop repeats */
        p.varies = 0;
    if (p.doubt && !p.dear && random % DOUBT_ODDS == 0)
        p.doubt--;
    if (p.dear && p.dear < PL_COST_MOST_DEAR)
        p.dear++;
    return p;
}

void pl_cost_learn(pl_cost *cost, uint64_t ticks, uint64_t items, pl_cost_trust trust)
{
    if (items == 0)
        return;
    ticks = ticks < LARGEST / PL_COST_FRACTION ? ticks : LARGEST / PL_COST_FRACTION;
    uint64_t measured = ticks * PL_COST_FRACTION / items;
    measured = measured ? measured : 1;
    /* C2 relaxed: a number by itself; pairs with C3 */
    uint64_t word = atomic_load_explicit(&cost->word, memory_order_relaxed);
    uint64_t suspect = word & 1, new = measured, old = word >> 1 & ((UINT64_C(1) << PL_COST_ESTIMATE_BITS) - 1);
    past p = {word >> VARIES_AT & 1, word >> DOUBT_AT & PL_COST_MOST_DOUBT, word >> (DOUBT_AT + PL_COST_DOUBT_BITS)};
    if (old && measured / 8 >= old && !suspect && trust == PL_COST_UNSURE)
        word = old << 1 | 1;
    else {
        p = next_past(p, old, measured, items, ticks);
        if (old && measured / 2 < old && old / 2 < measured)
            new = old + measured / 4 - old / 4;
        word = (new ? new : 1) << 1;
    }
    word |= p.varies << VARIES_AT | p.doubt << DOUBT_AT | p.dear << (DOUBT_AT + PL_COST_DOUBT_BITS);
    /* C3 relaxed: as C2; a measurement lost to another thread is no loss; pairs with C1, C2 */
    atomic_store_explicit(&cost->word, word, memory_order_relaxed);
}

void pl_cost_scale(pl_cost *to, const pl_cost *from, size_t factor)
{
    /* C9 relaxed: a number by itself; pairs with C3, C8 */
    uint64_t word = atomic_load_explicit((_Atomic uint64_t *)&from->word, memory_order_relaxed), estimate = word >> 1;
    estimate &= (UINT64_C(1) << PL_COST_ESTIMATE_BITS) - 1;
    estimate = estimate < LARGEST / factor ? estimate * factor : LARGEST;
    atomic_init(&to->word, estimate << 1 | (word & 1));
}

void pl_cost_scale_back(pl_cost *to, const pl_cost *from, size_t factor)
{
    /* C10 relaxed: as C9; pairs with C3 */
    uint64_t word = atomic_load_explicit((_Atomic uint64_t *)&from->word, memory_order_relaxed), estimate = word >> 1;
    uint64_t one = estimate / factor;
    /* C8 relaxed: as C3; pairs with C1, C2, C9 */
    atomic_store_explicit(&to->word, (estimate && !one ? 1 : one) << 1 | (word & 1), memory_order_relaxed);
}

void pl_cost_forget(pl_cost *cost)
{
    /* C7 relaxed: as C3; pairs with C1, C2 */
    atomic_store_explicit(&cost->word, 0, memory_order_relaxed);
}

enum { ENTRIES = 1024 };

static struct entry {
    _Atomic uintptr_t function;
    pl_cost cost;
} entries[ENTRIES];

pl_cost *pl_cost_of(uintptr_t function)
{
    uint64_t hash = (uint64_t)function * UINT64_C(0x9e3779b97f4a7c15); /* Fibonacci hashing (Knuth, volume 3, 6.4) */
    struct entry *entry = &entries[(hash >> 32) % ENTRIES];
    /* C4 relaxed: whoever reads a cost of another function guesses wrong once; pairs with C5 */
    if (atomic_load_explicit(&entry->function, memory_order_relaxed) != function) {
        /* C5 relaxed: as C4; pairs with C4 */
        atomic_store_explicit(&entry->function, function, memory_order_relaxed);
        /* C6 relaxed: unknown again; pairs with C1, C2 */
        atomic_store_explicit(&entry->cost.word, 0, memory_order_relaxed);
    }
    return &entry->cost;
}
