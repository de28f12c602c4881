/* SPDX-License-Identifier: MIT */
/* The deque: against a model, at its edges, and with thieves. */
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "base/atomic.h"
#include "base/os.h"
#include "deque/deque.h"
#include "support/test.h"

static void nothing(void *thief, pl_slot *slot, bool wanted)
{
    (void)thief;
    (void)wanted;
    pl_slot_done(slot);
}

/* A task's argument is a number that tells it from others. */
static void *number(size_t n)
{
    return (void *)(uintptr_t)n;
}

static size_t number_of(const pl_slot *slot)
{
    return (size_t)(uintptr_t)slot->argument;
}

/* ---- one thread ---------------------------------------------------------------------------------------- */

START_TEST(pops_in_reverse)
{
    pl_deque d;
    ck_assert(pl_deque_init(&d, 1000));
    for (size_t i = 0; i < 500; i++)
        ck_assert_ptr_nonnull(pl_deque_push(&d, nothing, number(i)));
    for (size_t i = 500; i-- > 0;) {
        ck_assert(pl_deque_pop(&d));
        ck_assert_uint_eq(number_of(d.base + d.head), i);
    }
    ck_assert_uint_eq(d.head, 0);
    pl_deque_destroy(&d);
}
END_TEST

START_TEST(private_tasks_are_not_stolen)
{
    pl_deque d;
    pl_slot *slot;
    ck_assert(pl_deque_init(&d, 100));
    ck_assert_int_eq(pl_deque_steal(&d, &slot), PL_STEAL_EMPTY);
    pl_deque_push(&d, nothing, number(1));
    ck_assert_int_eq(pl_deque_steal(&d, &slot), PL_STEAL_EMPTY);
    ck_assert(!pl_deque_has_public(&d));
    pl_deque_publish(&d);
    ck_assert(pl_deque_has_public(&d));
    ck_assert_int_eq(pl_deque_steal(&d, &slot), PL_STEAL_GOT);
    ck_assert_uint_eq(number_of(slot), 1);
    ck_assert(!pl_deque_pop(&d));
    pl_slot_done(slot);
    pl_deque_forget(&d);
    ck_assert_uint_eq(d.head, 0);
    pl_deque_destroy(&d);
}
END_TEST

/* The last public task: the owner takes it back, and it is gone for thieves. */
START_TEST(last_task_goes_once)
{
    pl_deque d;
    pl_slot *slot;
    ck_assert(pl_deque_init(&d, 100));
    for (size_t i = 0; i < 1000; i++) {
        ck_assert_ptr_nonnull(pl_deque_push(&d, nothing, number(i)));
        pl_deque_publish(&d);
        if (i % 2) {
            ck_assert(pl_deque_pop(&d));
            ck_assert_int_eq(pl_deque_steal(&d, &slot), PL_STEAL_EMPTY);
        } else {
            ck_assert_int_eq(pl_deque_steal(&d, &slot), PL_STEAL_GOT);
            ck_assert_uint_eq(number_of(slot), i);
            ck_assert(!pl_deque_pop(&d));
            pl_slot_done(slot);
            pl_deque_forget(&d);
        }
        ck_assert_uint_eq(d.head, 0);
    }
    pl_deque_destroy(&d);
}
END_TEST

START_TEST(ask_makes_the_owner_publish)
{
    pl_deque d;
    ck_assert(pl_deque_init(&d, 100));
    pl_deque_ask(&d);
    ck_assert_ptr_nonnull(pl_deque_push(&d, nothing, number(1))); /* at a push */
    ck_assert(pl_deque_has_public(&d));
    ck_assert(pl_deque_pop(&d));
    ck_assert(!pl_deque_has_public(&d));
    for (size_t i = 0; i < 3; i++)
        pl_deque_push(&d, nothing, number(i));
    ck_assert(!pl_deque_has_public(&d)); /* the request is used up */
    pl_deque_ask(&d);
    ck_assert(pl_deque_pop(&d)); /* at a pop: what is left, not what is popped */
    ck_assert_uint_eq(d.split, 2);
    ck_assert(pl_deque_pop(&d));
    ck_assert(pl_deque_pop(&d));
    ck_assert_uint_eq(d.head, 0);
    pl_deque_destroy(&d);
}
END_TEST

/* Tiny capacities: full is said, nothing is lost, and there is room again after a pop. */
START_TEST(full_is_no_loss)
{
    for (uint32_t reserve = 0; reserve < 70; reserve++) {
        pl_deque d;
        ck_assert(pl_deque_init(&d, reserve));
        size_t count = 0;
        while (pl_deque_push(&d, nothing, number(count)))
            count++;
        ck_assert_uint_eq(count, reserve < 2 ? 1 : reserve - 1);
        pl_deque_ask(&d);
        ck_assert_ptr_null(pl_deque_push(&d, nothing, number(count)));
        ck_assert_uint_eq(d.split, count); /* the request is heard, for those that are there */
        ck_assert(pl_deque_has_public(&d));
        ck_assert(pl_deque_pop(&d));
        ck_assert_uint_eq(number_of(d.base + d.head), count - 1);
        ck_assert_ptr_nonnull(pl_deque_push(&d, nothing, number(count)));
        while (d.head) {
            ck_assert(pl_deque_pop(&d));
            ck_assert_uint_eq(number_of(d.base + d.head), d.head + 1 == count ? count : d.head);
        }
        pl_deque_destroy(&d);
    }
}
END_TEST

/* Slots stay where they are while the deque grows a thousandfold, stolen ones among them. */
START_TEST(growth_moves_nothing)
{
    pl_deque d;
    pl_slot *stolen, *pushed[10];
    enum { MANY = 100000 };
    ck_assert(pl_deque_init(&d, MANY + 1));
    uint32_t room = d.room;
    for (size_t i = 0; i < 10; i++)
        pushed[i] = pl_deque_push(&d, nothing, number(i));
    pl_deque_publish(&d);
    ck_assert_int_eq(pl_deque_steal(&d, &stolen), PL_STEAL_GOT);
    for (size_t i = 10; i < MANY; i++)
        ck_assert_ptr_nonnull(pl_deque_push(&d, nothing, number(i)));
    ck_assert_uint_gt(d.room, room * 100);
    ck_assert_ptr_eq(stolen, pushed[0]);
    ck_assert_uint_eq(number_of(stolen), 0);
    for (size_t i = MANY; i-- > 1;) {
        ck_assert(pl_deque_pop(&d));
        ck_assert_uint_eq(number_of(d.base + d.head), i);
    }
    pl_slot_done(stolen);
    ck_assert(!pl_deque_pop(&d));
    pl_deque_forget(&d);
    pl_deque_destroy(&d);
}
END_TEST

/* Random operations against the obvious model: an array with three marks. */
START_TEST(behaves_as_the_model)
{
    enum { ROOM = 64, STEPS = 200000 };
    unsigned long long seed = (unsigned long long)_i + 1;
    pl_deque d;
    pl_slot *out[ROOM];
    size_t model[ROOM], top = 0, split = 0, head = 0, next = 0;
    ck_assert(pl_deque_init(&d, ROOM));
    for (int step = 0; step < STEPS; step++) {
        pl_slot *slot;
        switch (pl_random(&seed) % 8) {
        case 0:
        case 1:
        case 2:
            slot = pl_deque_push(&d, nothing, number(next));
            ck_assert_msg((slot != NULL) == (head < ROOM - 1), "seed %d, step %d", _i, step);
            if (slot)
                model[head++] = next++;
            break;
        case 3:
        case 4:
            if (head == 0)
                break;
            head--;
            if (pl_deque_pop(&d)) {
                ck_assert_msg(top <= head, "seed %d, step %d: popped a stolen task", _i, step);
                ck_assert_uint_eq(number_of(d.base + d.head), model[head]);
                split = split > d.split ? d.split : split; /* how much it takes back is its own choice */
            } else {
                ck_assert_msg(top == head + 1, "seed %d, step %d: lost a task", _i, step);
                pl_slot_done(out[head]);
                pl_deque_forget(&d);
                top = split = head;
            }
            break;
        case 5:
            pl_deque_publish(&d);
            split = head;
            break;
        default: {
            pl_steal got = pl_deque_steal(&d, &slot);
            ck_assert_msg((got == PL_STEAL_GOT) == (top < split), "seed %d, step %d", _i, step);
            if (got == PL_STEAL_GOT) {
                ck_assert_uint_eq(number_of(slot), model[top]);
                out[top++] = slot;
            }
        }
        }
        ck_assert_uint_eq(d.head, head);
        ck_assert_int_eq(pl_deque_has_public(&d), top < split);
        ck_assert_int_eq(pl_deque_stolen_to(&d, (uint32_t)top), true);
        ck_assert_int_eq(pl_deque_stolen_to(&d, (uint32_t)top + 1), false);
    }
    pl_deque_destroy(&d);
}
END_TEST

/* ---- with thieves -------------------------------------------------------------------------------------- */

enum { THIEVES = 3, TASKS = 15000 };

static struct {
    pl_deque deque;
    _Atomic int over;
    _Atomic unsigned char done[TASKS];
    _Atomic size_t stolen;
} shared;

static void run_number(size_t n)
{
    atomic_fetch_add_explicit(&shared.done[n], 1, memory_order_relaxed);
}

static void *thief(void *asks)
{
    while (!atomic_load_explicit(&shared.over, memory_order_acquire)) {
        pl_slot *slot;
        if (pl_deque_steal(&shared.deque, &slot) == PL_STEAL_GOT) {
            run_number(number_of(slot));
            atomic_fetch_add_explicit(&shared.stolen, 1, memory_order_relaxed);
            pl_slot_done(slot);
        } else {
            if (asks)
                pl_deque_ask(&shared.deque);
            sched_yield();
        }
    }
    return NULL;
}

static void pop_one(pl_deque *d)
{
    if (pl_deque_pop(d))
        run_number(number_of(d->base + d->head));
    else
        pl_deque_forget(d);
}

/* The owner pushes and pops in random waves; every task must run exactly once. The deque is short, so that indices come
 * back all the time (the ABA case), and every publish is contended. */
static void owner_and_thieves(unsigned long long seed, uint32_t most, bool publish)
{
    memset(&shared, 0, sizeof shared);
    pl_deque *d = &shared.deque;
    ck_assert(pl_deque_init(d, most + 1));
    pthread_t threads[THIEVES];
    for (int i = 0; i < THIEVES; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, thief, publish ? NULL : d), 0);
    size_t next = 0;
    while (next < TASKS || d->head) {
        size_t pushes = pl_random(&seed) % most + 1, pops = pl_random(&seed) % most + 1;
        while (pushes-- && next < TASKS && pl_deque_push(d, nothing, number(next)))
            next++;
        if (publish && pl_random(&seed) % 2)
            pl_deque_publish(d);
        while (pops-- && d->head)
            pop_one(d);
    }
    atomic_store_explicit(&shared.over, 1, memory_order_release);
    for (int i = 0; i < THIEVES; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < TASKS; i++)
        ck_assert_msg(shared.done[i] == 1, "task %zu ran %d times, round %llu", i, shared.done[i], seed);
    pl_deque_destroy(d);
}

START_TEST(exactly_once_published)
{
    owner_and_thieves((unsigned long long)_i + 1, _i % 2 ? 3 : 60, true);
}
END_TEST

START_TEST(exactly_once_asked)
{
    owner_and_thieves((unsigned long long)_i + 1, _i % 2 ? 3 : 60, false);
}
END_TEST

/* A thief that stays in its slot for long: the owner sleeps, and is woken. */
static void *slow_thief(void *unused)
{
    pl_slot *slot;
    while (pl_deque_steal(&shared.deque, &slot) != PL_STEAL_GOT)
        sched_yield();
    pl_nap(20000);
    run_number(number_of(slot));
    pl_slot_done(slot);
    return unused;
}

START_TEST(owner_waits_for_a_slow_thief)
{
    pthread_t thread;
    ck_assert(pl_deque_init(&shared.deque, 10));
    pl_deque_push(&shared.deque, nothing, number(7));
    pl_deque_publish(&shared.deque);
    ck_assert_int_eq(pthread_create(&thread, NULL, slow_thief, NULL), 0);
    while (!pl_deque_stolen_to(&shared.deque, 1))
        sched_yield();
    ck_assert(!pl_deque_pop(&shared.deque));
    pl_deque_forget(&shared.deque);
    ck_assert_int_eq(shared.done[7], 1);
    pthread_join(thread, NULL);
    pl_deque_destroy(&shared.deque);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_test(c, pops_in_reverse);
    tcase_add_test(c, private_tasks_are_not_stolen);
    tcase_add_test(c, last_task_goes_once);
    tcase_add_test(c, ask_makes_the_owner_publish);
    tcase_add_test(c, full_is_no_loss);
    tcase_add_test(c, growth_moves_nothing);
    tcase_add_loop_test(c, behaves_as_the_model, 0, 10);
    tcase_add_loop_test(c, exactly_once_published, 0, 6);
    tcase_add_loop_test(c, exactly_once_asked, 0, 6);
    tcase_add_test(c, owner_waits_for_a_slow_thief);
    return pl_run("deque", c);
}
