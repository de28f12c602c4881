/* SPDX-License-Identifier: MIT */
/* Scenarios on memory that is kept from one call to the next: the shipped spare.c, with pieces of some bytes. */
#include "model/model.h"

#include <stdint.h>

#include "base/spare.h"
#include "model/memory.h"

enum { SMALL = 8, MIDDLE = 16, LARGE = 24 };

static uint64_t *take(size_t bytes, size_t *got)
{
    uint64_t *start = pl_spare_take(bytes, got);
    model_assert(start && *got >= bytes);
    return start;
}

/* All are plain variables: two threads that have the same memory, or that of one that is not done, would race there. */
static void use(size_t bytes)
{
    size_t got;
    uint64_t *start = take(bytes, &got);
    for (size_t i = 0; i < got / sizeof *start; i++)
        start[i] = (uint64_t)model_self();
    for (size_t i = 0; i < got / sizeof *start; i++)
        model_assert(start[i] == (uint64_t)model_self());
    pl_spare_give(start, got);
}

static void set_up_none(void)
{
    pl_spare_end();
}

static void set_up_one(void)
{
    size_t got;
    set_up_none();
    uint64_t *start = take(MIDDLE, &got);
    pl_spare_give(start, got);
}

/* As many as are kept at most. */
static void set_up_three(void)
{
    static const size_t sizes[] = {SMALL, MIDDLE, LARGE};
    enum { PIECES = sizeof sizes / sizeof sizes[0] };
    uint64_t *starts[PIECES];
    size_t got[PIECES];
    set_up_none();
    for (size_t i = 0; i < PIECES; i++)
        starts[i] = take(sizes[i], &got[i]);
    for (size_t i = 0; i < PIECES; i++)
        pl_spare_give(starts[i], got[i]);
}

static void use_small(void)
{
    use(SMALL);
}

static void use_middle(void)
{
    use(MIDDLE);
}

static void use_large(void)
{
    use(LARGE);
}

static void use_twice(void)
{
    use(MIDDLE);
    use(SMALL);
}

/* Two at a time. */
static void use_two(void)
{
    size_t got;
    uint64_t *start = take(LARGE, &got);
    start[0] = 1;
    use(LARGE + SMALL);
    model_assert(start[0] == 1);
    pl_spare_give(start, got);
}

/* All that was given is kept, or the system's again; and what is kept can be had, or given back. */
static void nothing_is_lost(void)
{
    size_t got;
    pl_spare_end();
    model_assert(memory_left() == 0);
    uint64_t *start = take(SMALL, &got);
    pl_spare_give(start, got);
    model_assert(take(SMALL, &got) == start);
    pl_spare_give(start, got);
    pl_spare_end();
    model_assert(memory_left() == 0);
}

const scenario spare_scenarios[] = {
    {"spare: two threads", set_up_none, {use_twice, use_large}, nothing_is_lost, 0},
    {"spare: two threads, one piece", set_up_one, {use_twice, use_twice}, nothing_is_lost, 0},
    {"spare: three threads, one piece", set_up_one, {use_small, use_middle, use_large}, nothing_is_lost, 0},
    {"spare: more than is kept", set_up_three, {use_two, use_twice}, nothing_is_lost, 0},
    {"spare: it ends", set_up_three, {use_middle, use_large, pl_spare_end}, nothing_is_lost, 0},
    {0},
};
