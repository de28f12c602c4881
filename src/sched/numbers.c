/* SPDX-License-Identifier: MIT */
/* Numbers that are taken and given back; numbers.h says how they work, and why. */
#include "sched/numbers.h"

void pl_numbers_init(pl_numbers *numbers, size_t count)
{
    numbers->count = count;
    for (size_t w = 0; w < PL_SLEEP_WORDS; w++, count -= count < 64 ? count : 64)
        atomic_init(&numbers->taken[w], count < 64 ? UINT64_MAX << count : 0);
    atomic_init(&numbers->owed, 0);
}

static bool take_bit(pl_numbers *numbers, size_t number)
{
    uint64_t bit = UINT64_C(1) << number % 64;
    /* G13 seq_cst: what is kept by this number is there, of who had it before; and o3, in S after o2; pairs with G14,
     * G15 */
    return !(atomic_fetch_or_explicit(&numbers->taken[number / 64], bit, memory_order_seq_cst) & bit);
}

/* o1, o3 */
bool pl_numbers_take(pl_numbers *numbers, size_t *number)
{
    if (take_bit(numbers, *number))
        return true;
    for (size_t w = 0; w * 64 < numbers->count; w++) {
        uint64_t taken;
        /* G18 seq_cst: o3, in S after o2; pairs with G14, G15 */
        while ((taken = atomic_load_explicit(&numbers->taken[w], memory_order_seq_cst)) != UINT64_MAX) {
            *number = w * 64 + (size_t)__builtin_ctzll(~taken);
            if (take_bit(numbers, *number))
                return true;
        }
    }
    return false;
}

/* g1 */
void pl_numbers_give(pl_numbers *numbers, size_t number)
{
    uint64_t bit = UINT64_C(1) << number % 64;
    /* G14 seq_cst: what is kept by this number is there for who has it next; and g1, in S before g2; pairs with G13,
     * G16, G18 */
    atomic_fetch_and_explicit(&numbers->taken[number / 64], ~bit, memory_order_seq_cst);
}

/* o2 */
static void owe_turns(pl_numbers *numbers, size_t turns)
{
    /* G15 seq_cst: o2, in S before o3; pairs with G16, G13, G18 */
    atomic_fetch_add_explicit(&numbers->owed, turns, memory_order_seq_cst);
}

/* g2 */
static size_t take_owed(pl_numbers *numbers)
{
    /* G16 seq_cst: g2, in S after g1; pairs with G15, G14 */
    if (atomic_load_explicit(&numbers->owed, memory_order_seq_cst) == 0)
        return 0;
    /* G17 relaxed: a number: a turn takes nothing over from who could not have it; no partner */
    return atomic_exchange_explicit(&numbers->owed, 0, memory_order_relaxed);
}

void pl_numbers_have_turns(pl_numbers *numbers, size_t turns, size_t number, pl_numbers_turns *have, void *ctx)
{
    for (; turns > 0; turns = take_owed(numbers)) {
        if (!pl_numbers_take(numbers, &number)) {
            owe_turns(numbers, turns);
            if (!pl_numbers_take(numbers, &number))
                return;
            turns = take_owed(numbers);
        }
        have(ctx, number, turns);
        pl_numbers_give(numbers, number);
    }
}

void pl_numbers_have_owed(pl_numbers *numbers, size_t number, pl_numbers_turns *have, void *ctx)
{
    pl_numbers_have_turns(numbers, take_owed(numbers), number, have, ctx);
}
