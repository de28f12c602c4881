/* SPDX-License-Identifier: MIT */
/* Scenarios on one deque: its owner is thread 0, who waits for thieves as a worker does; the others are thieves. */
#include "model/owner.h"

#include <string.h>

#include "base/os.h"

pl_worker owners[2];
int used[MODEL_THREADS];

/* Each task is of a kind of its own, so that what a thief reads of it must match. */
const pl_task kind[TASKS];

void set_up_deque(void)
{
    memset(owners, 0, sizeof owners);
    memset(used, 0, sizeof used);
    model_assert(pl_deque_init(used_deque(), 16));
    memset(ran, 0, sizeof ran);
}

static size_t number_in(const pl_slot *slot)
{
    return (size_t) * (const uintptr_t *)(const void *)slot->data;
}

static void run(size_t number)
{
    model_assert(number < TASKS);
    ran[number]++;
}

/* ---- what the owner does --------------------------------------------------------------------------------- */

void push(size_t number)
{
    model_assert(pl_deque_push(used_deque(), &kind[number], (void *)(uintptr_t)number));
}

void publish(void)
{
    pl_deque_publish(used_deque(), used_deque()->head);
}

/* Pops and joins the youngest task, which is this one. */
static void join(size_t number, pl_pop popped)
{
    if (popped == PL_POP_OWN) {
        model_assert(number_in(used_deque()->head) == number);
        run(number);
        return;
    }
    unsigned state = pl_worker_await(used_owner(), used_deque()->head);
    model_assert((state & PL_SLOT_ENDED) == PL_SLOT_DONE || (state & PL_SLOT_ENDED) == PL_SLOT_RETURNED);
    model_assert(state / PL_SLOT_THIEF > 0);
    if (state & PL_SLOT_RETURNED)
        run(number);
    model_assert(ran[number] == 1);
    pl_deque_forget(used_deque(), used_deque()->head);
}

void pop(size_t number)
{
    join(number, pl_deque_pop(used_deque()));
}

/* As a task's join does: takes half of the public tasks back, if it must take one. */
static void pop_half(size_t number)
{
    bool published;
    used_deque()->head--;
    join(number, parallel_slot_pop(&used_deque()->bounds, used_deque()->head)
                     ? PL_POP_OWN
                     : pl_deque_pop_slow(used_deque(), used_deque()->head, PL_TAKE_HALF, &published));
}

/* ---- what thieves do ------------------------------------------------------------------------------------- */

static void steal_and(bool run_it)
{
    pl_slot *slot;
    const pl_task *task;
    if (pl_deque_steal(used_deque(), (uint32_t)model_self(), &slot, &task) != PL_STEAL_GOT)
        return;
    model_assert(!task || task == &kind[number_in(slot)]);
    if (task && run_it)
        run(number_in(slot));
    pl_worker_end(used_owner(), slot, task && run_it ? PL_SLOT_DONE : PL_SLOT_RETURNED);
}

void steal_one(void)
{
    steal_and(true);
}

void steal_two(void)
{
    steal_one();
    steal_one();
}

static void steal_and_return(void)
{
    steal_and(false);
    steal_one();
}

void ask_and_steal(void)
{
    pl_deque_ask(used_deque());
    steal_one();
    pl_deque_ask(used_deque());
    steal_one();
}

static bool reveal(void)
{
    uint32_t me = (uint32_t)model_self();
    return pl_deque_claim(used_deque(), me) == PL_STEAL_GOT && pl_os_fence_all() && pl_deque_reveal(used_deque(), me);
}

void reveal_and_steal(void)
{
    if (reveal())
        steal_one();
    steal_one();
}

void reveal_twice(void)
{
    reveal_and_steal();
    reveal_and_steal();
}

/* A thief that gives up between claim and reveal for something else, and comes back. */
void claim_and_steal(void)
{
    uint32_t me = (uint32_t)model_self();
    bool claimed = pl_deque_claim(used_deque(), me) == PL_STEAL_GOT;
    steal_one();
    if (claimed && pl_os_fence_all())
        pl_deque_reveal(used_deque(), me);
    steal_one();
}

/* Reveals without having asked whether its claim came about, as a worker does that claims in several deques. */
void reveal_anyhow(void)
{
    uint32_t me = (uint32_t)model_self();
    pl_deque_claim(used_deque(), me);
    pl_os_fence_all();
    pl_deque_reveal(used_deque(), me);
    steal_two();
}

/* Claims in two deques, of which the second owner is thread 1, and reveals in both after one fence, as who goes to
 * sleep does. */
static void set_up_two_deques(void)
{
    set_up_deque();
    used[1] = 1;
    model_assert(pl_deque_init(&owners[1].deque, 16));
}

static void reveal_in_both(void)
{
    int self = model_self();
    uint32_t me = (uint32_t)self;
    for (used[self] = 0; used[self] < 2; used[self]++)
        pl_deque_claim(used_deque(), me);
    pl_os_fence_all();
    for (used[self] = 0; used[self] < 2; used[self]++)
        pl_deque_reveal(used_deque(), me);
    for (used[self] = 0; used[self] < 2; used[self]++)
        steal_one();
}

/* ---- what must hold -------------------------------------------------------------------------------------- */

static void check_ran(int tasks)
{
    for (int i = 0; i < tasks; i++)
        model_assert(ran[i] == 1);
    model_assert(used_deque()->head == used_deque()->base && !pl_deque_has_public(used_deque()));
    for (pl_slot *slot = used_deque()->base; slot < used_deque()->base + used_deque()->reserve; slot++)
        model_assert(!slot->task && slot->state == 0);
    push(TASKS - 1);
    pop(TASKS - 1);
    model_assert(ran[TASKS - 1] == 1);
}

static void two_ran(void)
{
    check_ran(2);
}

void three_ran(void)
{
    check_ran(3);
}

static void two_and_two_ran(void)
{
    two_ran();
    model_assert(ran[3] == 1 && ran[4] == 1);
}

void four_ran(void)
{
    check_ran(4);
}

void five_ran(void)
{
    check_ran(5);
}

/* ---- owners ---------------------------------------------------------------------------------------------- */

static void owner_of_three(void)
{
    for (size_t i = 0; i < 3; i++)
        push(i);
    publish();
    for (size_t i = 3; i-- > 0;)
        pop(i);
}

/* The same index is published again and again, for another task each time. */
static void owner_at_one_index(void)
{
    for (size_t i = 0; i < 4; i++) {
        push(i);
        publish();
        pop(i);
    }
}

/* Publishes on top of tasks that are public already, while they are stolen. */
static void owner_that_widens(void)
{
    push(0);
    publish();
    push(1);
    publish();
    push(2);
    push(3);
    publish();
    for (size_t i = 4; i-- > 0;)
        pop(i);
}

/* Publishes when it is asked, half of what it has. */
static void owner_that_is_asked(void)
{
    push(0);
    push(1);
    pop(1);
    push(2);
    push(3);
    pop(3);
    pop(2);
    pop(0);
}

/* A request counts that is made while the owner does not overwrite it: at a push, whatever is left of an earlier one;
 * at a pop; and still after the join of a stolen task. */
static event ready, asked;

static void set_up_unasked(void)
{
    set_up_deque();
    memset(&ready, 0, sizeof ready);
    memset(&asked, 0, sizeof asked);
}

static void set_up_asked(void)
{
    set_up_unasked();
    pl_deque_ask(used_deque());
}

static void owner_that_is_asked_twice(void)
{
    push(0);
    pop(0);
    event_set(&ready);
    event_wait(&asked);
    push(1);
    model_assert(pl_deque_has_public(used_deque()));
    pop(1);
}

static void owner_that_is_asked_before_a_pop(void)
{
    push(0);
    push(1);
    event_set(&ready);
    event_wait(&asked);
    pop(1);
    model_assert(pl_deque_has_public(used_deque()));
    pop(0);
}

static void owner_that_is_asked_before_a_join(void)
{
    push(0);
    publish();
    event_set(&ready);
    event_wait(&asked);
    pop(0);
    push(1);
    model_assert(pl_deque_has_public(used_deque()));
    pop(1);
}

static void ask_when_ready(void)
{
    event_wait(&ready);
    pl_deque_ask(used_deque());
    event_set(&asked);
}

static void ask_twice(void)
{
    pl_deque_ask(used_deque());
    ask_when_ready();
}

static void steal_and_ask(void)
{
    event_wait(&ready);
    pl_slot *slot;
    const pl_task *task;
    model_assert(pl_deque_steal(used_deque(), 1, &slot, &task) == PL_STEAL_GOT);
    pl_deque_ask(used_deque());
    event_set(&asked);
    pl_worker_end(used_owner(), slot, PL_SLOT_RETURNED);
}

/* Takes half of its tasks back, and what is private then by fast pops. */
static void owner_that_halves(void)
{
    for (size_t i = 0; i < 4; i++)
        push(i);
    publish();
    pop_half(3);
    push(4);
    pop_half(4);
    for (size_t i = 3; i-- > 0;)
        pop_half(i);
}

/* Never publishes: its thieves do. */
static void owner_of_secrets(void)
{
    push(0);
    push(1);
    pop(1);
    push(2);
    pop(2);
    pop(0);
}

/* As before, but its last task is popped and another pushed in its place, while a slow thief may still be at the first
 * one. */
static void owner_that_reuses(void)
{
    for (size_t i = 0; i < 3; i++) {
        push(i);
        pop(i);
    }
}

/* Pops stolen tasks, and pushes again below where the thieves were, without a CAS in between. */
static void owner_that_falls_behind(void)
{
    push(0);
    push(1);
    publish();
    pop(1);
    pop(0);
    push(2);
    push(3);
    pop(3);
    pop(2);
}

/* Two levels: the join of a stolen task's neighbour comes while its slot above is in use. */
static void owner_with_a_stolen_floor(void)
{
    push(0);
    publish();
    push(1);
    push(2);
    publish();
    pop(2);
    push(3);
    pop(3);
    pop(1);
    push(4);
    pop(4);
    pop(0);
}

/* While it waits for the thief of a task it runs others above; a thief may come for them in the midst of their push. */
static void owner_that_works_while_it_waits(void)
{
    push(0);
    publish();
    pl_pop popped = pl_deque_pop(used_deque());
    if (popped == PL_POP_STOLEN) {
        used_deque()->head++;
        push(1);
        pop(1);
        used_deque()->head--;
    } else {
        run(1);
    }
    join(0, popped);
}

static void owner_of_two(void)
{
    push(0);
    push(1);
    pop(1);
    pop(0);
}

static void second_owner(void)
{
    push(3);
    push(4);
    pop(4);
    pop(3);
}

const scenario deque_scenarios[] = {
    {"deque: owner and thief", set_up_deque, {owner_of_three, steal_two}, three_ran, 0},
    {"deque: owner and two thieves", set_up_deque, {owner_of_three, steal_two, steal_two}, three_ran, 0},
    {"deque: a thief that returns", set_up_deque, {owner_of_three, steal_and_return, steal_two}, three_ran, 0},
    {"deque: one index over and over", set_up_deque, {owner_at_one_index, steal_two, steal_two}, four_ran, 0},
    {"deque: publishing on top of public tasks", set_up_deque, {owner_that_widens, steal_two, steal_two}, four_ran, 0},
    {"deque: asking", set_up_deque, {owner_that_is_asked, ask_and_steal}, four_ran, 0},
    {"deque: asking, two thieves", set_up_deque, {owner_that_is_asked, ask_and_steal, ask_and_steal}, four_ran, 0},
    {"deque: asking twice", set_up_asked, {owner_that_is_asked_twice, ask_twice}, two_ran, 0},
    {"deque: asking before a pop", set_up_unasked, {owner_that_is_asked_before_a_pop, ask_when_ready}, two_ran, 0},
    {"deque: asking before a join", set_up_unasked, {owner_that_is_asked_before_a_join, steal_and_ask}, two_ran, 0},
    {"deque: taking half back", set_up_deque, {owner_that_halves, steal_two, ask_and_steal}, five_ran, 0},
    {"deque: pushing below stolen tasks", set_up_deque, {owner_that_falls_behind, steal_two, steal_two}, four_ran, 0},
    {"deque: pushing above stolen tasks",
     set_up_deque,
     {owner_with_a_stolen_floor, steal_two, reveal_and_steal},
     five_ran,
     0},
    {"reveal: two tasks", set_up_deque, {owner_of_two, reveal_and_steal}, two_ran, -1},
    {"reveal: again and again", set_up_deque, {owner_of_secrets, reveal_twice}, three_ran, -1},
    {"reveal: one index", set_up_deque, {owner_that_reuses, reveal_and_steal, steal_two}, three_ran, 0},
    {"reveal: below stolen tasks", set_up_deque, {owner_that_falls_behind, reveal_twice, steal_two}, four_ran, 0},
    {"reveal: while the owner waits",
     set_up_deque,
     {owner_that_works_while_it_waits, steal_two, reveal_and_steal},
     two_ran,
     -1},
    {"reveal: and another asks", set_up_deque, {owner_of_secrets, reveal_and_steal, ask_and_steal}, three_ran, 0},
    {"reveal: two thieves", set_up_deque, {owner_of_secrets, reveal_and_steal, reveal_anyhow}, three_ran, 0},
    {"reveal: two deques, one fence", set_up_two_deques, {owner_of_secrets, second_owner, reveal_in_both}, five_ran, 0},
    {"reveal: two deques, two of them",
     set_up_two_deques,
     {owner_of_two, second_owner, reveal_in_both, reveal_in_both},
     two_and_two_ran,
     0},
    {"reveal: an owner that publishes", set_up_deque, {owner_at_one_index, claim_and_steal, steal_two}, four_ran, 0},
    {0},
};
