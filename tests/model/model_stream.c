/* SPDX-License-Identifier: MIT */
/* Scenarios on the ring of a stream: threads that do what there is to do, and leave when they find nothing. When all
 * have left, all that source gave has been given, in order, by one thread at a time, and each slot was used by one. */
#include "model/model.h"

#include <string.h>

#include "stream/ring.h"

enum { ITEMS = 4, PLACES = 4 };

static pl_ring ring;
static _Atomic(void *) waiting[PLACES], ended[PLACES];
static void *spare[PLACES];

/* All are plain variables: two threads that are not ordered would race there. */
static struct slot {
    int number, result;
} slots[PLACES];
static int items, put, given, range;
static bool given_before[ITEMS];

static void set_up(pl_ring_order order, size_t window, int count, int claimed)
{
    memset(slots, 0, sizeof slots);
    memset(given_before, 0, sizeof given_before);
    memset(spare, 0, sizeof spare);
    for (int i = 0; i < PLACES; i++) {
        atomic_init(&waiting[i], NULL);
        atomic_init(&ended[i], NULL);
    }
    atomic_init(&ended[0], PL_RING_LEFT);
    ring = (pl_ring){
        .window = window,
        .mask = window < 3 ? window - 1 : PLACES - 1,
        .is_unordered = order == PL_RING_UNORDERED,
        .waiting = waiting,
        .ended = ended,
        .spare = spare,
        .memory = (unsigned char *)slots,
        .stride = sizeof *slots,
    };
    atomic_init(&ring.put, 0);
    atomic_init(&ring.taken, 0);
    atomic_init(&ring.given, 0);
    atomic_init(&ring.endings, 0);
    atomic_init(&ring.source, false);
    items = count;
    range = claimed;
    put = given = 0;
}

static bool take_from_source(void)
{
    if (!pl_ring_has_room(&ring) || !pl_ring_try_source(&ring))
        return false;
    bool is_to_look_again = put < items; /* also where there is no room: others may have left because of this turn */
    if (is_to_look_again && pl_ring_has_room(&ring)) {
        struct slot *slot = pl_ring_spare(&ring);
        model_assert(slot && slot->number == 0);
        slot->number = ++put;
        slot->result = 0;
        pl_ring_publish(&ring, slot);
    }
    pl_ring_leave_source(&ring);
    return is_to_look_again;
}

static void give(struct slot *slot)
{
    model_assert(slot->result == 10 * slot->number && !given_before[slot->number - 1]);
    model_assert(ring.is_unordered || slot->number == given + 1);
    given_before[slot->number - 1] = true;
    given++;
    slot->number = 0;
    pl_ring_give(&ring, slot);
}

static void give_heads(void)
{
    do
        for (struct slot *slot; (slot = pl_ring_head(&ring));)
            give(slot);
    while (!pl_ring_leave_sink(&ring));
}

static bool run_items(void)
{
    pl_ring_range claimed;
    bool has_turn = false;
    if (!pl_ring_claim(&ring, (unsigned)range, &claimed))
        return false;
    for (unsigned i = 0; i < claimed.count; i++) {
        struct slot *slot = claimed.slot[i];
        model_assert(slot->number > 0 && slot->result == 0);
        slot->result = 10 * slot->number;
        if (has_turn) {
            give(slot);
        } else if (pl_ring_end(&ring, &claimed, i)) {
            has_turn = true;
            give(slot);
        }
        if (has_turn && (ring.is_unordered || i + 1 == claimed.count)) {
            give_heads();
            has_turn = false;
        }
    }
    return true;
}

static void take_part(void)
{
    bool any;
    do {
        any = take_from_source();
        any |= run_items();
    } while (any);
}

static void all_given(void)
{
    model_assert(put == items && given == items && pl_ring_is_empty(&ring) && !pl_ring_has_waiting(&ring));
}

static void one_by_one(void)
{
    set_up(PL_RING_ORDERED, 1, 3, 1);
}

static void two_between(void)
{
    set_up(PL_RING_ORDERED, 2, 3, 1);
}

static void ranges_of_two(void)
{
    set_up(PL_RING_ORDERED, 3, 4, 2);
}

static void as_they_end(void)
{
    set_up(PL_RING_UNORDERED, 2, 4, 1);
}

static void two_for_three(void)
{
    set_up(PL_RING_ORDERED, 2, 2, 1);
}

const scenario stream_scenarios[] = {
    {"stream: one item between source and sink", one_by_one, {take_part, take_part}, all_given, 0},
    {"stream: two items between", two_between, {take_part, take_part}, all_given, 0},
    {"stream: ranges", ranges_of_two, {take_part, take_part}, all_given, 0},
    {"stream: as they end", as_they_end, {take_part, take_part}, all_given, 0},
    {"stream: three threads", two_for_three, {take_part, take_part, take_part}, all_given, 1},
    {0},
};
