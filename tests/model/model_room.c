/* SPDX-License-Identifier: MIT */
/* Scenarios on a deque whose memory grows while it is used, and is given back; owner and thieves are those of
 * owner.h. */
#include "model/owner.h"

#include <string.h>

/* Room for one task at first. */
static void set_up_growing(void)
{
    pl_model_first_room = 2;
    set_up_deque();
}

/* And after a trim. */
static void set_up_trimmed(void)
{
    pl_model_kept_room = 2;
    set_up_growing();
}

static void set_up_short(void)
{
    model_commits_fail = true;
    set_up_growing();
}

/* ---- owners ---------------------------------------------------------------------------------------------- */

/* Never publishes. */
static void owner_that_grows(void)
{
    for (size_t i = 0; i < 4; i++)
        push(i);
    for (size_t i = 4; i-- > 0;)
        pop(i);
}

/* Grows above tasks that are public, or stolen; and once more. */
static void owner_that_grows_above(void)
{
    push(0);
    publish();
    push(1);
    push(2);
    publish();
    push(3);
    for (size_t i = 4; i-- > 0;)
        pop(i);
}

/* Where there is no memory to grow, runs the task itself: it has not been in the deque. */
static void push_or_run(size_t number, bool *pushed)
{
    *pushed = pl_deque_push(used_deque(), &kind[number], (void *)(uintptr_t)number);
    if (!*pushed)
        ran[number]++;
}

static void owner_that_may_not_grow(void)
{
    bool pushed[4];
    push(0);
    for (size_t i = 1; i < 4; i++)
        push_or_run(i, &pushed[i]);
    for (size_t i = 4; i-- > 1;)
        if (pushed[i])
            pop(i);
    pop(0);
}

static void grow_and_trim(void)
{
    push(0);
    push(1);
    pop(1);
    pop(0);
    pl_deque_trim(used_deque());
}

/* After the trim, with one task at most, which needs no growth. */
static void owner_that_trims(void)
{
    grow_and_trim();
    push(2);
    pop(2);
}

/* Grows again. */
static void owner_that_trims_and_grows(void)
{
    grow_and_trim();
    push(2);
    push(3);
    pop(3);
    pop(2);
}

/* What has been public, and perhaps stolen. */
static void owner_that_trims_what_was_public(void)
{
    push(0);
    push(1);
    publish();
    pop(1);
    pop(0);
    pl_deque_trim(used_deque());
    push(2);
    push(3);
    publish();
    pop(3);
    pop(2);
}

/* Trims twice: what is beyond the second time is given back. */
static void owner_that_trims_twice(void)
{
    push(0);
    push(1);
    push(2);
    pop(2);
    pop(1);
    pop(0);
    pl_deque_trim(used_deque());
    pl_deque_trim(used_deque());
    push(3);
    pop(3);
}

/* Tasks push without the head's being set; who is asked for it must find all of them, whatever the room was before. */
static void owner_that_finds_its_head(void)
{
    grow_and_trim();
    pl_slot *slot = used_deque()->head;
    for (size_t i = 2; i < 4; i++, slot++) {
        bool published;
        *(uintptr_t *)(void *)slot->data = i;
        model_assert(parallel_slot_push(&used_deque()->bounds, slot, &kind[i]) ||
                     pl_deque_push_slow(used_deque(), slot, &published));
    }
    pl_deque_find_head(used_deque());
    model_assert(used_deque()->head == slot);
    pop(3);
    pop(2);
}

/* ---- others ---------------------------------------------------------------------------------------------- */

/* Who looks whether there is work before it sleeps, and comes for it if so. */
static void look_and_steal(void)
{
    for (int i = 0; i < 2; i++)
        if (pl_deque_has_public(used_deque()))
            steal_one();
}

const scenario room_scenarios[] = {
    {"room: growth and a thief", set_up_growing, {owner_that_grows_above, steal_two}, four_ran, 0},
    {"room: growth and two thieves", set_up_growing, {owner_that_grows_above, steal_two, steal_two}, four_ran, 0},
    {"room: growth on request", set_up_growing, {owner_that_grows, ask_and_steal, steal_two}, four_ran, 0},
    {"room: growth and a reveal", set_up_growing, {owner_that_grows, reveal_twice}, four_ran, 0},
    {"room: growth, a reveal and a thief",
     set_up_growing,
     {owner_that_grows, reveal_and_steal, steal_two},
     four_ran,
     0},
    {"room: growth and two reveals",
     set_up_growing,
     {owner_that_grows_above, reveal_and_steal, reveal_anyhow},
     four_ran,
     0},
    {"room: growth under a claim", set_up_growing, {owner_that_grows_above, claim_and_steal, steal_two}, four_ran, 0},
    {"room: no memory to grow", set_up_short, {owner_that_may_not_grow, reveal_and_steal, steal_two}, four_ran, 0},
    {"room: a trim and a reveal", set_up_trimmed, {owner_that_trims, reveal_twice}, three_ran, 0},
    {"room: a trim, growth and a reveal", set_up_trimmed, {owner_that_trims_and_grows, reveal_twice}, four_ran, 0},
    {"room: a trim, a reveal and a thief",
     set_up_trimmed,
     {owner_that_trims_and_grows, reveal_and_steal, steal_two},
     four_ran,
     0},
    {"room: a trim under a claim",
     set_up_trimmed,
     {owner_that_trims_what_was_public, claim_and_steal, steal_two},
     four_ran,
     0},
    {"room: a trim and two reveals",
     set_up_trimmed,
     {owner_that_trims_and_grows, reveal_and_steal, reveal_anyhow},
     four_ran,
     0},
    {"room: two trims", set_up_trimmed, {owner_that_trims_twice, reveal_and_steal, steal_two}, four_ran, 0},
    {"room: a trim and a look for work",
     set_up_trimmed,
     {owner_that_trims_what_was_public, look_and_steal, reveal_and_steal},
     four_ran,
     0},
    {"room: a trim and the head", set_up_trimmed, {owner_that_finds_its_head, reveal_and_steal}, four_ran, 0},
    {0},
};
