/* SPDX-License-Identifier: MIT */
/* The deque: its two ends, one operation after the other, and against a model. test_spill.c has the rest. */
#include "deque/deque.h"
#include "support/test.h"

static const pl_task nothing = {.name = "nothing", .size = sizeof(void *), .near = true};

/* A task's argument is a number that tells it from others. */
static void *number(size_t n)
{
    return (void *)(uintptr_t)n;
}

static size_t number_of(const pl_slot *slot)
{
    return (size_t)(uintptr_t) * (void *const *)(const void *)slot->data;
}

static void push(pl_deque *d, size_t n)
{
    ck_assert(pl_deque_push(d, &nothing, number(n)));
}

static void push_many(pl_deque *d, size_t count)
{
    for (size_t i = 0; i < count; i++)
        push(d, i);
}

/* Pushes by the fast path alone, which leaves d->head where it is. */
static bool push_at(pl_deque *d, size_t index)
{
    *(void **)(void *)d->base[index].data = number(index);
    return parallel_slot_push(&d->bounds, d->base + index, &nothing);
}

static void pop_own(pl_deque *d, size_t n)
{
    ck_assert_int_eq(pl_deque_pop(d), PL_POP_OWN);
    ck_assert_uint_eq(number_of(d->head), n);
    ck_assert_ptr_null(d->head->task);
}

static pl_slot *steal(pl_deque *d, uint32_t me, size_t n)
{
    pl_slot *slot;
    const pl_task *task;
    ck_assert_int_eq(pl_deque_steal(d, me, &slot, &task), PL_STEAL_GOT);
    ck_assert_ptr_eq(task, &nothing);
    ck_assert_uint_eq(number_of(slot), n);
    ck_assert_uint_eq(pl_slot_state(slot), me * PL_SLOT_THIEF);
    return slot;
}

static void nothing_to_steal(pl_deque *d)
{
    pl_slot *slot;
    const pl_task *task;
    ck_assert_int_eq(pl_deque_steal(d, 1, &slot, &task), PL_STEAL_EMPTY);
    ck_assert(!pl_deque_has_public(d));
}

static void forget(pl_deque *d, pl_slot *slot, unsigned how)
{
    ck_assert(!pl_slot_end(slot, how));
    ck_assert_uint_eq(pl_slot_state(slot) & PL_SLOT_ENDED, how);
    pl_deque_forget(d, slot);
    ck_assert_uint_eq(pl_slot_state(slot), 0);
}

static bool claim(pl_deque *d, uint32_t me)
{
    return pl_deque_claim(d, me) == PL_STEAL_GOT;
}

/* The number of the first slot that is private. */
static size_t split_of(const pl_deque *d)
{
    size_t split = 0;
    while (!pl_deque_is_private(d, d->base + split))
        split++;
    return split;
}

/* ---- push, pop, publish ---------------------------------------------------------------------------------- */

START_TEST(pops_in_reverse)
{
    pl_deque d;
    ck_assert(pl_deque_init(&d, 1000));
    push_many(&d, 500);
    for (size_t i = 500; i-- > 0;)
        pop_own(&d, i);
    ck_assert_ptr_eq(d.head, d.base);
    pl_deque_destroy(&d);
}
END_TEST

/* The fast paths say exactly when it takes more than them. */
START_TEST(fast_paths_keep_their_bounds)
{
    bool published;
    pl_deque d;
    ck_assert(pl_deque_init(&d, 1000));
    for (size_t i = 0; i < 63; i++)
        ck_assert(push_at(&d, i));
    ck_assert(!push_at(&d, 63)); /* there is a slot, but none after it */
    ck_assert(pl_deque_push_slow(&d, d.base + 63, &published));
    ck_assert(!published);
    ck_assert_ptr_eq(d.base[63].task, &nothing);
    for (size_t i = 64; i < 127; i++)
        ck_assert(push_at(&d, i));
    ck_assert(!push_at(&d, 127));
    d.base[127].task = NULL;

    pl_deque_publish(&d, d.base + 100);
    for (size_t i = 127; i-- > 100;) {
        ck_assert(parallel_slot_pop(&d.bounds, d.base + i));
        ck_assert_ptr_null(d.base[i].task);
    }
    ck_assert(!parallel_slot_pop(&d.bounds, d.base + 99));
    ck_assert_ptr_null(d.base[99].task);
    ck_assert_int_eq(pl_deque_pop_slow(&d, d.base + 99, PL_TAKE_ONE, &published), PL_POP_OWN);
    ck_assert(push_at(&d, 99));
    ck_assert(parallel_slot_pop(&d.bounds, d.base + 99));

    pl_deque_ask(&d);
    ck_assert(!push_at(&d, 99));
    ck_assert(!parallel_slot_pop(&d.bounds, d.base + 99));
    pl_deque_destroy(&d);
}
END_TEST

START_TEST(steals_the_oldest_of_what_is_public)
{
    pl_deque d;
    pl_slot *slots[5];
    ck_assert(pl_deque_init(&d, 100));
    nothing_to_steal(&d);
    push_many(&d, 8);
    nothing_to_steal(&d);
    pl_deque_publish(&d, d.base + 5);
    for (size_t i = 0; i < 5; i++) {
        ck_assert(pl_deque_has_public(&d));
        ck_assert_int_eq(pl_deque_stolen_to(&d, d.base + i), false);
        slots[i] = steal(&d, (uint32_t)i + 1, i);
        ck_assert_ptr_eq(slots[i], d.base + i);
        ck_assert_int_eq(pl_deque_stolen_to(&d, d.base + i), true);
    }
    nothing_to_steal(&d);
    for (size_t i = 8; i-- > 5;)
        pop_own(&d, i);
    for (size_t i = 5; i-- > 0;) {
        ck_assert_int_eq(pl_deque_pop(&d), PL_POP_STOLEN);
        ck_assert_ptr_eq(d.head, slots[i]);
        forget(&d, slots[i], PL_SLOT_DONE);
    }
    pl_deque_destroy(&d);
}
END_TEST

START_TEST(publishes_up_to_a_slot)
{
    pl_deque d;
    ck_assert(pl_deque_init(&d, 100));
    push_many(&d, 9);
    ck_assert_uint_eq(split_of(&d), 0);
    pl_deque_publish(&d, d.base + 3);
    ck_assert_uint_eq(split_of(&d), 3);
    pl_deque_publish(&d, d.base + 3);
    ck_assert_uint_eq(split_of(&d), 3);
    steal(&d, 1, 0);
    pl_deque_publish(&d, d.head); /* though something was public */
    ck_assert_uint_eq(split_of(&d), 9);
    steal(&d, 1, 1);
    pl_deque_destroy(&d);
}
END_TEST

START_TEST(ask_makes_the_owner_publish_half)
{
    for (size_t count = 0; count < 12; count++) {
        for (int pop = 0; pop < 2; pop++) {
            bool published;
            pl_deque d;
            ck_assert(pl_deque_init(&d, 100));
            push_many(&d, count + (size_t)pop);
            pl_deque_ask(&d);
            if (pop) { /* half of what is left, which is not what is popped */
                ck_assert(!parallel_slot_pop(&d.bounds, --d.head));
                ck_assert_int_eq(pl_deque_pop_slow(&d, d.head, PL_TAKE_HALF, &published), PL_POP_OWN);
                ck_assert_int_eq(published, count > 0);
                ck_assert_uint_eq(split_of(&d), (count + 1) / 2);
            } else { /* half with what is pushed */
                ck_assert(!push_at(&d, count));
                ck_assert(pl_deque_push_slow(&d, d.head++, &published));
                ck_assert(published);
                ck_assert_uint_eq(split_of(&d), (count + 2) / 2);
            }
            size_t split = split_of(&d); /* the request is used up */
            ck_assert(parallel_slot_push(&d.bounds, d.head, &nothing));
            ck_assert(parallel_slot_pop(&d.bounds, d.head));
            pl_deque_ask(&d); /* with something public, there is no need to */
            push(&d, 99);
            ck_assert_uint_eq(split_of(&d), split ? split : (count + 2) / 2);
            pl_deque_destroy(&d);
        }
    }
}
END_TEST

START_TEST(takes_back_half_or_one)
{
    for (size_t stolen = 0; stolen < 9; stolen++) {
        bool published;
        pl_deque d;
        ck_assert(pl_deque_init(&d, 100));
        push_many(&d, 10);
        pl_deque_publish(&d, d.head);
        for (size_t i = 0; i < stolen; i++)
            steal(&d, 1, i);
        pop_own(&d, 9); /* one */
        ck_assert_uint_eq(split_of(&d), 9);
        d.head--;
        ck_assert(!parallel_slot_pop(&d.bounds, d.head));
        ck_assert_int_eq(pl_deque_pop_slow(&d, d.head, PL_TAKE_HALF, &published), PL_POP_OWN);
        ck_assert(!published);
        size_t split = stolen + (8 - stolen) / 2;
        ck_assert_uint_eq(split_of(&d), split);
        for (size_t i = 8; i-- > split;)
            ck_assert(parallel_slot_pop(&d.bounds, d.base + i));
        for (size_t i = stolen; i < split; i++)
            steal(&d, 1, i);
        nothing_to_steal(&d);
        pl_deque_destroy(&d);
    }
}
END_TEST

/* ---- stolen slots ---------------------------------------------------------------------------------------- */

/* The same indices again and again, so that the shared word comes back to earlier values. */
START_TEST(stolen_slots_are_used_again)
{
    pl_deque d;
    pl_slot *slots[4];
    ck_assert(pl_deque_init(&d, 100));
    push(&d, 99);
    for (size_t round = 0; round < 4000; round++) {
        size_t count = round % 3 + 1;
        for (size_t i = 0; i < count; i++)
            push(&d, round + i);
        pl_deque_publish(&d, d.head);
        steal(&d, 7, 99);
        for (size_t i = 0; i < count; i++)
            slots[i] = steal(&d, (uint32_t)(round % 4000) + 1, round + i);
        for (size_t i = count; i-- > 0;) {
            ck_assert_int_eq(pl_deque_pop(&d), PL_POP_STOLEN);
            ck_assert_ptr_eq(slots[i], d.base + 1 + i);
            forget(&d, slots[i], PL_SLOT_DONE);
            nothing_to_steal(&d);
        }
        ck_assert_int_eq(pl_deque_pop(&d), PL_POP_STOLEN);
        forget(&d, d.base, round % 2 ? PL_SLOT_DONE : PL_SLOT_RETURNED);
        push(&d, 99); /* a new one in its place is private, and the owner's */
        nothing_to_steal(&d);
        ck_assert(pl_deque_is_private(&d, d.base));
        pop_own(&d, 99);
        push(&d, 99);
    }
    pl_deque_destroy(&d);
}
END_TEST

/* The owner has marked the slot, but not yet seen what is to become of it: a thief comes in between, or does not. */
START_TEST(what_is_popped_is_stolen_as_nothing)
{
    for (int round = 0; round < 10; round++) {
        bool published;
        pl_slot *slot;
        const pl_task *task;
        pl_deque d;
        ck_assert(pl_deque_init(&d, 100));
        push(&d, 1);
        pl_deque_publish(&d, d.head);
        ck_assert(!parallel_slot_pop(&d.bounds, --d.head));
        if (round % 2) {
            ck_assert_int_eq(pl_deque_steal(&d, 3, &slot, &task), PL_STEAL_GOT);
            ck_assert_ptr_null(task);
            ck_assert_ptr_eq(slot, d.head);
            ck_assert_int_eq(pl_deque_pop_slow(&d, d.head, PL_TAKE_HALF, &published), PL_POP_STOLEN);
            forget(&d, slot, PL_SLOT_RETURNED);
        } else {
            ck_assert_int_eq(pl_deque_pop_slow(&d, d.head, PL_TAKE_HALF, &published), PL_POP_OWN);
            nothing_to_steal(&d);
        }
        push(&d, 2);
        pop_own(&d, 2);
        pl_deque_destroy(&d);
    }
}
END_TEST

/* While it waits for the thief of a slot, the owner runs other tasks above that slot; then it goes on below. */
START_TEST(owner_works_while_it_waits)
{
    for (size_t others = 0; others < 5; others++) {
        pl_deque d;
        ck_assert(pl_deque_init(&d, 100));
        push(&d, 1);
        push(&d, 2);
        pl_deque_publish(&d, d.head);
        steal(&d, 1, 1);
        pl_slot *slot = steal(&d, 1, 2);
        ck_assert_int_eq(pl_deque_pop(&d), PL_POP_STOLEN);
        d.head = slot + 1;
        push_many(&d, others);
        for (size_t i = others; i-- > 0;)
            pop_own(&d, i);
        nothing_to_steal(&d);
        d.head = slot;
        forget(&d, slot, PL_SLOT_DONE);
        push(&d, 3);
        ck_assert(pl_deque_is_private(&d, slot));
        pop_own(&d, 3);
        ck_assert_int_eq(pl_deque_pop(&d), PL_POP_STOLEN);
        pl_deque_destroy(&d);
    }
}
END_TEST

START_TEST(slots_tell_who_waits)
{
    pl_deque d;
    ck_assert(pl_deque_init(&d, 100));
    push(&d, 1);
    ck_assert_uint_eq(pl_slot_state(d.base), 0);
    pl_deque_publish(&d, d.head);
    pl_slot *slot = steal(&d, 4094, 1);
    ck_assert_int_eq(pl_deque_pop(&d), PL_POP_STOLEN);
    ck_assert(!pl_slot_awaited(slot));
    ck_assert_uint_eq(pl_slot_await(slot), 4094 * PL_SLOT_THIEF);
    ck_assert(pl_slot_awaited(slot));
    pl_slot_unawait(slot);
    ck_assert(!pl_slot_awaited(slot));
    ck_assert_uint_eq(pl_slot_state(slot), 4094 * PL_SLOT_THIEF);
    pl_slot_await(slot);
    ck_assert(pl_slot_end(slot, PL_SLOT_DONE));
    ck_assert_uint_eq(pl_slot_state(slot), 4094 * PL_SLOT_THIEF | PL_SLOT_AWAITED | PL_SLOT_DONE);
    pl_slot_unawait(slot);
    ck_assert_uint_eq(pl_slot_await(slot), 4094 * PL_SLOT_THIEF | PL_SLOT_DONE); /* it had ended before */
    pl_deque_forget(&d, slot);
    ck_assert_uint_eq(pl_slot_state(slot), 0);
    pl_deque_destroy(&d);
}
END_TEST

START_TEST(finds_the_head)
{
    for (size_t first = 0; first < 130; first += 7) {
        for (size_t count = 0; count < 200; count += count < 70 ? 1 : 13) {
            bool published;
            pl_deque d;
            ck_assert(pl_deque_init(&d, 1000));
            push_many(&d, first);
            for (size_t i = first; i < first + count; i++)
                ck_assert(push_at(&d, i) || pl_deque_push_slow(&d, d.base + i, &published));
            ck_assert_ptr_eq(d.head, d.base + first);
            pl_deque_find_head(&d);
            ck_assert_ptr_eq(d.head, d.base + first + count);
            pl_deque_find_head(&d);
            ck_assert_ptr_eq(d.head, d.base + first + count);
            pl_deque_destroy(&d);
        }
    }
}
END_TEST

/* ---- reveals --------------------------------------------------------------------------------------------- */

START_TEST(claims_where_nothing_is_public)
{
    pl_deque d;
    ck_assert(pl_deque_init(&d, 100));
    ck_assert(claim(&d, 1)); /* it is not known to be empty */
    ck_assert(!claim(&d, 1));
    ck_assert_int_eq(pl_deque_claim(&d, 2), PL_STEAL_LOST);
    ck_assert(!pl_deque_reveal(&d, 2));
    pl_deque_unclaim(&d, 2); /* it has none */
    ck_assert(!claim(&d, 2));
    pl_deque_unclaim(&d, 1);
    ck_assert(claim(&d, 1));
    ck_assert(!pl_deque_reveal(&d, 1)); /* nothing there: the claim is given up */
    ck_assert(!pl_deque_reveal(&d, 1));
    ck_assert(claim(&d, 2));
    ck_assert(!pl_deque_reveal(&d, 2));
    push_many(&d, 2);
    ck_assert_uint_eq(split_of(&d), 1); /* its request is still there */
    ck_assert(!claim(&d, 1));
    steal(&d, 1, 0);
    ck_assert(claim(&d, 4094));
    ck_assert(pl_deque_reveal(&d, 4094));
    ck_assert(!claim(&d, 1));
    steal(&d, 1, 1);
    nothing_to_steal(&d);
    pl_deque_destroy(&d);
}
END_TEST

/* Exactly the tasks below the head, though d->head is not there, and above those that are public or stolen. */
START_TEST(reveals_what_is_below_the_head)
{
    for (size_t stolen = 0; stolen < 3; stolen++) {
        for (size_t count = 0; count < 61; count++) {
            pl_deque d;
            ck_assert(pl_deque_init(&d, 64));
            push_many(&d, stolen);
            pl_deque_publish(&d, d.head);
            for (size_t i = 0; i < stolen; i++)
                steal(&d, 1, i);
            for (size_t i = stolen; i < stolen + count + 3 && i < 63; i++)
                ck_assert(push_at(&d, i));
            for (size_t i = stolen + count + 3; i-- > stolen + count;)
                ck_assert(i >= 63 || parallel_slot_pop(&d.bounds, d.base + i));
            ck_assert(claim(&d, 9));
            ck_assert(!parallel_slot_pop(&d.bounds, d.base + stolen + count));
            ck_assert_int_eq(pl_deque_reveal(&d, 9), count > 0);
            ck_assert_uint_eq(split_of(&d), stolen + count);
            for (size_t i = stolen; i < stolen + count; i++)
                steal(&d, 1, i);
            nothing_to_steal(&d);
            pl_deque_destroy(&d);
        }
    }
}
END_TEST

/* The owner's slow path comes between claim and reveal: the owner alone decides. */
START_TEST(owner_ends_a_claim)
{
    for (int how = 0; how < 4; how++) {
        pl_deque d;
        ck_assert(pl_deque_init(&d, 100));
        push_many(&d, 5);
        ck_assert(claim(&d, 1));
        if (how == 0)
            push(&d, 5);
        else if (how == 1)
            pop_own(&d, 4);
        else
            pl_deque_publish(&d, d.base + 2);
        size_t split = split_of(&d);
        ck_assert_uint_eq(split, how == 0 ? 3 : 2); /* it was asked, too */
        if (how == 3) {
            for (size_t i = 0; i < split; i++)
                steal(&d, 2, i);
            ck_assert(claim(&d, 2)); /* the next one's claim is not the first one's */
        }
        ck_assert(!pl_deque_reveal(&d, 1));
        ck_assert_uint_eq(split_of(&d), split);
        ck_assert_int_eq(pl_deque_reveal(&d, 2), how == 3);
        ck_assert_uint_eq(split_of(&d), how == 3 ? 5 : split);
        pl_deque_destroy(&d);
    }
}
END_TEST

/* The owner is between a push of the last slot, or a pop, and its slow path. */
START_TEST(reveals_within_bounds)
{
    for (uint32_t reserve = 64; reserve <= 128; reserve *= 2) {
        bool published;
        pl_deque d;
        ck_assert(pl_deque_init(&d, reserve));
        push_many(&d, 63);
        ck_assert(!push_at(&d, 63));
        ck_assert(claim(&d, 1));
        ck_assert(pl_deque_reveal(&d, 1));
        ck_assert_uint_eq(split_of(&d), 63);
        ck_assert_int_eq(pl_deque_push_slow(&d, d.head, &published), reserve > 64);
        ck_assert_int_eq(published, reserve > 64); /* what was revealed counts */
        ck_assert_uint_eq(split_of(&d), 63);
        for (size_t i = 0; i < 63; i++)
            steal(&d, 1, i);
        nothing_to_steal(&d);
        ck_assert(claim(&d, 1));
        ck_assert_int_eq(pl_deque_reveal(&d, 1), reserve > 64);
        if (reserve > 64)
            steal(&d, 1, 63);
        nothing_to_steal(&d);
        pl_deque_destroy(&d);
    }
}
END_TEST

/* ---- against a model ------------------------------------------------------------------------------------- */

/* Random operations against the obvious model: an array with three marks, a request and a claim. */
START_TEST(behaves_as_the_model)
{
    enum { ROOM = 20, STEPS = 100000 };
    unsigned long long seed = (unsigned long long)_i + 1;
    pl_deque d;
    size_t model[ROOM], top = 0, split = 0, head = 0;
    uint32_t claimed = 0;
    bool asked = false, published;
    ck_assert(pl_deque_init(&d, ROOM));
    for (size_t step = 0; step < STEPS; step++) {
        unsigned what = pl_random(&seed) % 16;
        uint32_t me = what % 2 + 1;
        bool slow = asked, share = asked;
        pl_slot *slot = d.head;
        const pl_task *task;
        if (what < 5) {
            published = false;
            *(void **)(void *)slot->data = number(step);
            bool pushed = parallel_slot_push(&d.bounds, slot, &nothing) || pl_deque_push_slow(&d, slot, &published);
            ck_assert_msg(pushed == (head < ROOM - 1), "seed %d, step %zu", _i, step);
            slow = pushed && (asked || top > head);
            if (slow && top > head)
                top = split = head;
            if (pushed)
                model[head++] = step, d.head++;
        } else if (what < 9 && head > 0) {
            head--;
            d.head--;
            bool half = pl_random(&seed) % 2, own = true;
            published = false;
            if (!parallel_slot_pop(&d.bounds, d.head))
                own = pl_deque_pop_slow(&d, d.head, half ? PL_TAKE_HALF : PL_TAKE_ONE, &published) == PL_POP_OWN;
            ck_assert_msg(own == (top <= head), "seed %d, step %zu", _i, step);
            ck_assert_uint_eq(number_of(d.head), model[head]);
            slow = own && (asked || split > head);
            if (own && split > head) {
                split = half ? top + (head - top) / 2 : head;
                share = false;
            } else if (!own)
                forget(&d, d.head, PL_SLOT_DONE);
        } else if (what == 9) {
            pl_deque_publish(&d, d.head);
            top = top > head ? head : top;
            split = head;
            slow = true;
        } else if (what == 10) {
            pl_deque_ask(&d);
            asked = true;
            continue;
        } else if (what < 13) {
            ck_assert_int_eq(claim(&d, me), top == split && !claimed);
            claimed = top == split && !claimed ? (asked = true, me) : claimed;
            continue;
        } else if (what < 15) {
            ck_assert_int_eq(pl_deque_reveal(&d, me), claimed == me && head > split);
            split = claimed == me && head > split ? head : split;
            claimed = claimed == me ? 0 : claimed;
            slow = false;
        } else if (pl_deque_steal(&d, me, &slot, &task) == PL_STEAL_GOT) {
            ck_assert_msg(top < split && number_of(slot) == model[top], "seed %d, step %zu", _i, step);
            pl_slot_end(slot, PL_SLOT_DONE);
            top++;
            slow = false;
        } else {
            ck_assert_msg(top >= split, "seed %d, step %zu", _i, step);
            continue;
        }
        if (slow) {
            if (share && what < 9 && top == split && split < head)
                split += (head - split + 1) / 2;
            asked = false;
            claimed = 0;
        }
        ck_assert_msg(split_of(&d) == split, "seed %d, step %zu, %u: split %zu, not %zu", _i, step, what, split_of(&d),
                      split);
        ck_assert(pl_deque_stolen_to(&d, d.base + top - 1) || top == 0);
        ck_assert(!pl_deque_stolen_to(&d, d.base + top));
        ck_assert_int_eq(pl_deque_has_public(&d), top < split);
    }
    pl_deque_destroy(&d);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_test(c, pops_in_reverse);
    tcase_add_test(c, fast_paths_keep_their_bounds);
    tcase_add_test(c, steals_the_oldest_of_what_is_public);
    tcase_add_test(c, publishes_up_to_a_slot);
    tcase_add_test(c, ask_makes_the_owner_publish_half);
    tcase_add_test(c, takes_back_half_or_one);
    tcase_add_test(c, stolen_slots_are_used_again);
    tcase_add_test(c, what_is_popped_is_stolen_as_nothing);
    tcase_add_test(c, owner_works_while_it_waits);
    tcase_add_test(c, slots_tell_who_waits);
    tcase_add_test(c, finds_the_head);
    tcase_add_test(c, claims_where_nothing_is_public);
    tcase_add_test(c, reveals_what_is_below_the_head);
    tcase_add_test(c, owner_ends_a_claim);
    tcase_add_test(c, reveals_within_bounds);
    tcase_add_loop_test(c, behaves_as_the_model, 0, 6);
    return pl_run("deque", c);
}
