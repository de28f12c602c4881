/* SPDX-License-Identifier: MIT */
/* The deque when it is short: its limits, what goes elsewhere, and thieves that get in each other's way. */
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "base/atomic.h"
#include "base/os.h"
#include "deque/deque.h"
#include "support/sanitizers.h"
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

/* ---- room ------------------------------------------------------------------------------------------------ */

START_TEST(growth_moves_nothing)
{
    enum { RESERVE = 5000 }; /* no power of two */
    pl_deque d;
    ck_assert(pl_deque_init(&d, RESERVE));
    pl_slot *base = d.base;
    push_many(&d, 10);
    pl_deque_publish(&d, d.base + 5);
    pl_slot *slot = steal(&d, 1, 0);
    for (size_t i = 10; i < RESERVE - 1; i++)
        push(&d, i);
    ck_assert(!pl_deque_push(&d, &nothing, NULL));
    ck_assert_ptr_eq(d.base, base);
    ck_assert_uint_eq(d.room, RESERVE);
    ck_assert_uint_eq(split_of(&d), 5);
    ck_assert_uint_eq(number_of(slot), 0);
    ck_assert_ptr_eq(slot->task, &nothing);
    for (size_t i = RESERVE - 1; i-- > 1;)
        pop_own(&d, i);
    ck_assert_int_eq(pl_deque_pop(&d), PL_POP_STOLEN);
    pl_deque_destroy(&d);
}
END_TEST

/* Tiny capacities: full is said, nothing is lost, and there is room again after a pop. */
START_TEST(full_is_no_loss)
{
    for (uint32_t reserve = 0; reserve < 200; reserve++) {
        pl_deque d;
        ck_assert(pl_deque_init(&d, reserve));
        size_t count = 0;
        while (pl_deque_push(&d, &nothing, number(count)))
            count++;
        ck_assert_uint_eq(count, reserve < 2 ? 1 : reserve - 1);
        ck_assert_ptr_eq(d.head, d.base + count);
        ck_assert_ptr_null(d.head->task);
        pl_deque_ask(&d);
        ck_assert(!pl_deque_push(&d, &nothing, NULL));
        ck_assert_ptr_null(d.head->task);
        pop_own(&d, count - 1);
        ck_assert_uint_eq(split_of(&d), count / 2); /* the request was heard at last */
        push(&d, 1234);
        ck_assert(!pl_deque_push(&d, &nothing, NULL));
        if (count > 1)
            steal(&d, 1, 0);
        pop_own(&d, 1234);
        for (size_t i = count - 1; i-- > 1;)
            pop_own(&d, i);
        pl_deque_destroy(&d);
    }
}
END_TEST

START_TEST(trims_what_it_has_grown)
{
    enum { MANY = 270000 };
    pl_deque d;
    ck_assert(pl_deque_init(&d, MANY * 2));
    pl_deque_trim(&d);
    ck_assert_uint_eq(d.room, 64);
    for (int round = 0; round < 2; round++) {
        push_many(&d, MANY);
        ck_assert_uint_gt(d.room, MANY);
        for (size_t i = MANY; i-- > 0;)
            pop_own(&d, i);
        ck_assert(claim(&d, 1));
        pl_deque_trim(&d);
        size_t room = d.room;
        ck_assert_uint_lt(room, MANY);
        ck_assert(!pl_deque_reveal(&d, 1));
        ck_assert(push_at(&d, room - 2));
        ck_assert(!push_at(&d, room - 1));
        d.base[room - 2].task = d.base[room - 1].task = NULL;
        for (size_t i = room; i < MANY; i++) /* the memory is offered, and the system does not need it */
            ck_assert(number_of(d.base + i) == 0 || number_of(d.base + i) == i);
        pl_deque_trim(&d); /* a second time, without use in between, it is given back */
        ck_assert_uint_eq(d.room, room);
#ifdef PL_OS_LINUX
        for (size_t i = room; i < MANY; i++)
            ck_assert(number_of(d.base + i) == 0);
#endif
    }
    pl_deque_destroy(&d);
}
END_TEST

/* ---- large arguments ------------------------------------------------------------------------------------- */

START_TEST(side_is_last_in_first_out)
{
    enum { MANY = 600, BIG = UINTPTR_MAX > UINT32_MAX ? 3 << 20 : 200 << 10 }; /* where address space is short, less */
    static char *rooms[MANY];
    pl_deque d;
    char mine;
    ck_assert(pl_deque_init(&d, 100));
    pl_deque_spill_trim(&d);
    pl_deque_side_release(&d, &mine);
    for (int round = 0; round < 3; round++) {
        char *end = NULL;
        for (size_t i = 0; i < MANY; i++) {
            size_t bytes = i % 50 == 49 ? BIG + i : i * 3 + 1;
            rooms[i] = pl_deque_side(&d, bytes);
            ck_assert_ptr_nonnull(rooms[i]);
            ck_assert_uint_eq((uintptr_t)rooms[i] % 64, 0);
            ck_assert(!end || rooms[i] == end);
            rooms[i][0] = rooms[i][bytes - 1] = (char)i;
            end = rooms[i] + (bytes + 63) / 64 * 64;
        }
        pl_deque_side_release(&d, &mine); /* what it has not given */
        for (size_t i = MANY; i-- > 0;) {
            size_t bytes = i % 50 == 49 ? BIG + i : i * 3 + 1;
            ck_assert_int_eq(rooms[i][0], (char)i);
            ck_assert_int_eq(rooms[i][bytes - 1], (char)i);
            pl_deque_side_release(&d, rooms[i]);
            char *again = pl_deque_side(&d, 1);
            ck_assert_ptr_eq(again, rooms[i]);
            pl_deque_side_release(&d, again);
        }
        ck_assert_uint_gt(d.side_room, MANY / 50 * BIG);
        pl_deque_trim(&d);
        if (UINTPTR_MAX > UINT32_MAX) /* else all of it may be kept */
            ck_assert_uint_lt(d.side_room, MANY / 50 * BIG);
    }
    pl_deque_destroy(&d);
}
END_TEST

START_TEST(side_can_be_exhausted)
{
    enum { PIECE = 1 << 28 };
    pl_deque d;
    char *pieces[64];
    size_t count = 0;
    ck_assert(pl_deque_init(&d, 100));
    ck_assert_ptr_null(pl_deque_side(&d, SIZE_MAX));
    ck_assert_ptr_null(pl_deque_side(&d, SIZE_MAX / 2));
    char *first = pl_deque_side(&d, 1);
    while ((pieces[count] = pl_deque_side(&d, PIECE)))
        ck_assert_uint_lt(++count, 64);
    ck_assert_ptr_null(pl_deque_side(&d, PIECE));
    char *last = pl_deque_side(&d, 100); /* less does fit */
    ck_assert_ptr_eq(last, first + 64 + count * PIECE);
    last[99] = 1;
    pl_deque_side_release(&d, last);
    while (count-- > 0)
        pl_deque_side_release(&d, pieces[count]);
    pl_deque_side_release(&d, first);
    ck_assert_ptr_eq(pl_deque_side(&d, 1), first);
    pl_deque_destroy(&d);
}
END_TEST

/* ---- results of tasks that ran in their push ------------------------------------------------------------- */

enum { DEEP = 20000 };
static size_t sizes[DEEP], depth, kept;

static void keep_one(pl_deque *d, pl_slot *slot, size_t bytes)
{
    char *result = malloc(bytes);
    memset(result, (int)(depth % 251), bytes);
    sizes[depth++] = bytes;
    pl_deque_keep(d, slot, result, bytes);
    free(result);
}

/* The join of such a task, as task code does it: it marks the slot below. */
static void take_one(pl_deque *d, pl_slot *slot)
{
    ck_assert(!parallel_slot_pop(&d->bounds, slot - 1));
    size_t bytes = sizes[--depth];
    const char *result = pl_deque_kept(d, slot - 1);
    ck_assert_uint_eq((uintptr_t)result % 64, 0);
    for (size_t i = 0; i < bytes; i += bytes < 200 ? 1 : bytes / 7)
        ck_assert_int_eq(result[i], (char)(depth % 251));
    ck_assert_int_eq(result[bytes - 1], (char)(depth % 251));
    ck_assert_ptr_eq(slot[-1].task, &nothing);
    kept++;
}

/* Many of them, then few and large ones in random order. */
START_TEST(keeps_results_last_in_first_out)
{
    unsigned long long seed = (unsigned long long)_i + 1;
    pl_deque d;
    ck_assert(pl_deque_init(&d, 10));
    push_many(&d, 9);
    while (depth < DEEP)
        keep_one(&d, d.head, depth % 190 + 1);
    while (depth > 0)
        take_one(&d, d.head);
    for (int step = 0; step < 3000; step++) {
        size_t bytes = pl_random(&seed) % 3 ? pl_random(&seed) % 200 + 1 : pl_random(&seed) % 200000 + 1;
        if (depth == 0 || (depth < 10 && pl_random(&seed) % 2))
            keep_one(&d, d.head, bytes);
        else
            take_one(&d, d.head);
    }
    while (depth > 0)
        take_one(&d, d.head);
    ck_assert_uint_gt(kept, DEEP + 1000);
    for (size_t i = 9; i-- > 0;)
        pop_own(&d, i);
    pl_deque_destroy(&d);
}
END_TEST

/* As long as there is one, all pushes and pops are slow, and nothing else is pushed. */
START_TEST(nothing_goes_past_a_kept_result)
{
    pl_deque d;
    ck_assert(pl_deque_init(&d, 100));
    push_many(&d, 5);
    keep_one(&d, d.head, 8);
    for (int i = 0; i < 3; i++) {
        ck_assert(!pl_deque_push(&d, &nothing, NULL));
        ck_assert_ptr_null(d.head->task);
        ck_assert_ptr_null(pl_deque_side(&d, 1));
        pl_deque_publish(&d, d.base + i); /* sets the bounds */
    }
    keep_one(&d, d.head, 8);
    take_one(&d, d.head);
    ck_assert(!pl_deque_push(&d, &nothing, NULL));
    take_one(&d, d.head);
    push(&d, 5);
    ck_assert_ptr_nonnull(pl_deque_side(&d, 1));
    for (size_t i = 6; i-- > 0;)
        pop_own(&d, i);
    pl_deque_destroy(&d);
}
END_TEST

/* A reveal while the owner tries to push beside a kept result: there will be no task. */
START_TEST(what_is_not_pushed_is_not_revealed)
{
    for (int early = 0; early < 2; early++) {
        bool published;
        pl_deque d;
        ck_assert(pl_deque_init(&d, 100));
        push(&d, 0);
        if (early)
            ck_assert(claim(&d, 1));
        keep_one(&d, d.head, 8);
        ck_assert(!claim(&d, 1));
        ck_assert(!push_at(&d, 1));
        ck_assert(!pl_deque_reveal(&d, 1));
        ck_assert(!pl_deque_push_slow(&d, d.head, &published));
        ck_assert(pl_deque_is_private(&d, d.base));
        take_one(&d, d.head);
        push(&d, 1); /* all is as ever */
        steal(&d, 1, 0);
        ck_assert(claim(&d, 1));
        ck_assert(pl_deque_reveal(&d, 1));
        pl_deque_destroy(&d);
    }
}
END_TEST

/* Without room: all tasks run in their push. The slots are the caller's, wherever they are. */
START_TEST(serial_has_no_room)
{
    static alignas(4096) pl_slot page[64];
    for (size_t at = 0; at < 4; at++) {
        bool published;
        pl_deque d;
        memset(page, 0x55, sizeof page);
        pl_deque_init_serial(&d, page + at);
        ck_assert_ptr_eq(d.head, page + at + 1);
        ck_assert_ptr_null(pl_deque_side(&d, 1));
        for (int i = 0; i < 5; i++) {
            ck_assert(!parallel_slot_push(&d.bounds, d.head, &nothing));
            ck_assert(!pl_deque_push_slow(&d, d.head, &published));
            ck_assert_ptr_null(d.head->task);
            keep_one(&d, d.head, 8);
        }
        while (depth > 0) {
            ck_assert(!parallel_slot_pop(&d.bounds, d.head - 1));
            depth--;
            ck_assert_int_eq(*(char *)pl_deque_kept(&d, d.head - 1), (char)depth);
        }
        ck_assert(!pl_deque_push(&d, &nothing, NULL));
        pl_deque_end_serial(&d);
        ck_assert_int_eq(page[at + 2].data[0], 0x55); /* all else is as it was */
    }
}
END_TEST

/* What was lent is used before any other memory, and again once it is free. */
START_TEST(lent_memory_comes_first)
{
    static alignas(PL_LINE) unsigned char lent[1024];
    pl_slot slots[2];
    pl_deque d;
    pl_deque_init_serial(&d, slots);
    pl_deque_lend(&d, lent, sizeof lent);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 40; i++) {
            bool published;
            ck_assert(!parallel_slot_push(&d.bounds, d.head, &nothing));
            ck_assert(!pl_deque_push_slow(&d, d.head, &published));
            keep_one(&d, d.head, 8);
        }
        while (depth > 0) {
            ck_assert(!parallel_slot_pop(&d.bounds, d.head - 1));
            const unsigned char *at = pl_deque_kept(&d, d.head - 1);
            depth--;
            ck_assert_int_eq(*(const char *)at, (char)depth);
            ck_assert_int_eq(at >= lent && at < lent + sizeof lent, depth < sizeof lent / PL_LINE - 1);
        }
    }
    pl_deque_end_serial(&d);
}
END_TEST

/* ---- with thieves ---------------------------------------------------------------------------------------- */

enum { THIEVES = 3, TASKS = PL_SANITIZED ? 20000 : 100000 };
enum { PUBLISHES = 1, ASK = 2, REVEAL = 4, NESTS = 8 };

static struct {
    pl_deque deque;
    int mode;
    _Atomic uint32_t over, woken;
    _Atomic unsigned char done[TASKS];
    _Atomic size_t stolen, wrong;
} shared;

static void run_number(size_t n)
{
    atomic_fetch_add_explicit(&shared.done[n], 1, memory_order_relaxed);
}

/* What a thief leaves in the slot as its result. */
static void *result_of(size_t n)
{
    return number(n ^ SIZE_MAX);
}

static void run_stolen(pl_slot *slot, const pl_task *task, bool give_back)
{
    unsigned how = PL_SLOT_RETURNED;
    if (task && !give_back) {
        size_t n = number_of(slot);
        run_number(n);
        *(void **)(void *)slot->data = result_of(n);
        how = PL_SLOT_DONE;
        atomic_fetch_add_explicit(&shared.stolen, 1, memory_order_relaxed);
    }
    if (pl_slot_end(slot, how)) {
        atomic_store_explicit(&shared.woken, 1, memory_order_release);
        pl_os_wake(&shared.woken);
    }
}

static void *thief(void *argument)
{
    uint32_t me = (uint32_t)(uintptr_t)argument;
    unsigned long long seed = me;
    pl_deque *d = &shared.deque;
    while (!atomic_load_explicit(&shared.over, memory_order_acquire)) {
        pl_slot *slot;
        const pl_task *task;
        if (pl_deque_steal(d, me, &slot, &task) == PL_STEAL_GOT) {
            if (task && task != &nothing)
                atomic_fetch_add_explicit(&shared.wrong, 1, memory_order_relaxed);
            run_stolen(slot, task, pl_random(&seed) % 8 == 0);
            continue;
        }
        if (shared.mode & ASK)
            pl_deque_ask(d);
        if ((shared.mode & REVEAL) && claim(d, me) && pl_os_fence_all())
            pl_deque_reveal(d, me);
        if (pl_random(&seed) % 4 == 0)
            sched_yield();
    }
    return NULL;
}

/* What task code does. */
static pl_slot *spawn(pl_deque *d, pl_slot *head, size_t n)
{
    bool published;
    *(void **)(void *)head->data = number(n);
    if (parallel_slot_push(&d->bounds, head, &nothing) || pl_deque_push_slow(d, head, &published))
        return head + 1;
    run_number(n);
    return head;
}

static size_t nested; /* what the owner runs while it waits: numbers below that, from the first half */

static void sync_slot(pl_deque *d, pl_slot *slot, size_t n, unsigned long long *seed)
{
    bool published;
    if (parallel_slot_pop(&d->bounds, slot) ||
        pl_deque_pop_slow(d, slot, pl_random(seed) % 2 ? PL_TAKE_HALF : PL_TAKE_ONE, &published) == PL_POP_OWN) {
        ck_assert_msg(number_of(slot) == n, "task %zu came as %zu, mode %d", n, number_of(slot), shared.mode);
        run_number(n);
        return;
    }
    while (!(pl_slot_state(slot) & PL_SLOT_ENDED)) {
        if ((shared.mode & NESTS) && nested < TASKS / 2) {
            size_t own = nested++;
            if (spawn(d, slot + 1, own) > slot + 1)
                sync_slot(d, slot + 1, own, seed);
        } else if (pl_random(seed) % 4) {
            sched_yield();
        } else {
            if (!(pl_slot_await(slot) & PL_SLOT_ENDED)) {
                while (!atomic_exchange_explicit(&shared.woken, 0, memory_order_acquire))
                    pl_os_wait(&shared.woken, 0, -1);
                ck_assert(pl_slot_state(slot) & PL_SLOT_ENDED);
            }
            pl_slot_unawait(slot);
        }
    }
    if (pl_slot_state(slot) & PL_SLOT_RETURNED)
        run_number(n);
    else
        ck_assert_ptr_eq(number(number_of(slot)), result_of(n));
    pl_deque_forget(d, slot);
}

/* The owner pushes and pops in random waves; every task must run exactly once. The deque is short, so that indices come
 * back all the time (the ABA case), and every publish is contended. */
static void owner_and_thieves(int mode, uint32_t most, unsigned long long seed)
{
    size_t first = mode & NESTS ? TASKS / 2 : 0, next = first, *numbers = calloc(most + 1, sizeof *numbers);
    pl_deque *d = &shared.deque;
    pthread_t threads[THIEVES];
    shared.mode = mode;
    ck_assert(pl_deque_init(d, most + 3));
    nested = 0;
    for (size_t i = 0; i < THIEVES; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, thief, number(i + 1)), 0);
    pl_slot *head = d->base;
    while (next < TASKS || head > d->base) {
        size_t pushes = pl_random(&seed) % most + 1, pops = pl_random(&seed) % most + 1;
        for (; pushes-- && next < TASKS && head < d->base + most; next++) {
            numbers[head - d->base] = next;
            head = spawn(d, head, next);
        }
        if ((mode & PUBLISHES) && pl_random(&seed) % 2)
            pl_deque_publish(d, head);
        if (pl_random(&seed) % 16 == 0)
            sched_yield(); /* a long leaf */
        while (pops-- && head > d->base) {
            head--;
            sync_slot(d, head, numbers[head - d->base], &seed);
        }
    }
    atomic_store_explicit(&shared.over, 1, memory_order_release);
    for (int i = 0; i < THIEVES; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < TASKS; i++)
        ck_assert_msg(shared.done[i] == (i >= first || i < nested), "mode %d, most %u: task %zu ran %d times", mode,
                      (unsigned)most, i, shared.done[i]);
    ck_assert_uint_eq(shared.wrong, 0);
    pl_deque_destroy(d);
    free(numbers);
}

/* A loop's index says which of the modes, and how short the deque is. */
START_TEST(exactly_once)
{
    static const int modes[] = {PUBLISHES, ASK, PUBLISHES | ASK, REVEAL, REVEAL | ASK | PUBLISHES};
    int mode = modes[_i / 2 % 5] | (_i < 10 ? 0 : NESTS);
    if ((mode & REVEAL) && !pl_os_fence_init())
        return;
    owner_and_thieves(mode, _i % 2 ? 3 : 60, (unsigned long long)_i + 1);
}
END_TEST

/* What is there is taken whole: who loses a race is not told that there is nothing. */
static void *taker(void *me)
{
    pl_slot *slot;
    const pl_task *task;
    pl_steal got;
    while ((got = pl_deque_steal(&shared.deque, (uint32_t)(uintptr_t)me, &slot, &task)) != PL_STEAL_EMPTY)
        if (got == PL_STEAL_GOT)
            run_number(number_of(slot));
    if (pl_deque_has_public(&shared.deque))
        atomic_fetch_add_explicit(&shared.wrong, 1, memory_order_relaxed);
    return NULL;
}

START_TEST(lost_is_not_empty)
{
    pthread_t threads[THIEVES];
    ck_assert(pl_deque_init(&shared.deque, TASKS + 1));
    push_many(&shared.deque, TASKS);
    pl_deque_publish(&shared.deque, shared.deque.head);
    for (size_t i = 0; i < THIEVES; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, taker, number(i + 1)), 0);
    for (int i = 0; i < THIEVES; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < TASKS; i++)
        ck_assert_uint_eq(shared.done[i], 1);
    ck_assert_uint_eq(shared.wrong, 0);
    pl_deque_destroy(&shared.deque);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_test(c, growth_moves_nothing);
    tcase_add_test(c, full_is_no_loss);
    tcase_add_test(c, trims_what_it_has_grown);
    tcase_add_test(c, side_is_last_in_first_out);
    tcase_add_test(c, side_can_be_exhausted);
    tcase_add_loop_test(c, keeps_results_last_in_first_out, 0, 4);
    tcase_add_test(c, nothing_goes_past_a_kept_result);
    tcase_add_test(c, what_is_not_pushed_is_not_revealed);
    tcase_add_test(c, serial_has_no_room);
    tcase_add_test(c, lent_memory_comes_first);
    tcase_add_loop_test(c, exactly_once, 0, 20);
    tcase_add_test(c, lost_is_not_empty);
    return pl_run("spill", c);
}
