/* SPDX-License-Identifier: MIT */
#include <parallel.h>
#include <stdlib.h>
#include <string.h>

#include "../driver.h"

PARALLEL_DECORATE(item_turn, uint32_t, uint32_t);
PARALLEL_DECORATE(item_row, uint32_t, uint32_t);
PARALLEL_DECORATE(item_mix, uint32_t, uint32_t);
PARALLEL_DECORATE(item_poly, uint32_t, uint32_t);
PARALLEL_DECORATE(item_steps, uint32_t, uint32_t);
PARALLEL_DECORATE(item_again, uint32_t, uint32_t);

static void turn(const uint32_t *in, uint32_t *out, size_t n)
{
    if (parallel_map_into(item_turn, in, n, out) != 0)
        abort();
}

static void row(const uint32_t *in, uint32_t *out, size_t n)
{
    if (parallel_map_into(item_row, in, n, out) != 0)
        abort();
}

static void mix(const uint32_t *in, uint32_t *out, size_t n)
{
    if (parallel_map_into(item_mix, in, n, out) != 0)
        abort();
}

static void poly(const uint32_t *in, uint32_t *out, size_t n)
{
    if (parallel_map_into(item_poly, in, n, out) != 0)
        abort();
}

typedef struct part {
    const uint32_t *in;
    uint32_t *out;
} part;

static void inner(part p)
{
    turn(p.in, p.out, INNER_ITEMS);
}
PARALLEL_DECORATE(inner, part, void);

static void nested(const uint32_t *in, uint32_t *out, size_t n)
{
    size_t parts = n / INNER_ITEMS;
    part *all = malloc(parts * sizeof *all);
    if (!all)
        abort();
    for (size_t i = 0; i < parts; i++)
        all[i] = (part){in + i * INNER_ITEMS, out + i * INNER_ITEMS};
    if (parallel_map_into(inner, all, parts, (void *)NULL) != 0)
        abort();
    free(all);
}

static void steps(const uint32_t *in, uint32_t *out, size_t n)
{
    if (parallel_map_into(item_steps, in, n, out) != 0)
        abort();
}

static void steps_in_place(const uint32_t *in, uint32_t *out, size_t n)
{
    memcpy(out, in, n * sizeof *out);
    steps(out, out, n);
}

static void again(const uint32_t *in, uint32_t *out, size_t n)
{
    (void)in;
    if (parallel_map_into(item_again, out, n, out) != 0)
        abort();
}

/* ---- with options ---------------------------------------------------------------------------------------- */

static uint32_t turn_by_2(uint32_t x)
{
    return item_turn(x);
}
PARALLEL_DECORATE(turn_by_2, uint32_t, uint32_t, .max_workers = 2);

static int turn_or_fail(const uint32_t *x, uint32_t *result, void *extras)
{
    (void)extras;
    *result = item_turn(*x);
    return 0;
}
PARALLEL_DECORATE_TASK(turn_or_fail, uint32_t, uint32_t);

static void report(size_t done, size_t total, void *data)
{
    (void)done, (void)total, (void)data;
}

#define TURN(name, fn, ...)                                                                                            \
    static void turn_##name(const uint32_t *in, uint32_t *out, size_t n)                                               \
    {                                                                                                                  \
        if (parallel_map_into(fn, in, n, out, __VA_ARGS__) != 0)                                                       \
            abort();                                                                                                   \
    }
TURN(workers, item_turn, .max_workers = 2)
TURN(example, item_turn, .timeout = 5, .max_workers = 4)
TURN(above, item_turn, .max_workers = 64)
TURN(timeout, item_turn, .timeout = 5)
TURN(call_timeout, item_turn, .call_timeout = 5)
TURN(progress, item_turn, .progress = report)
TURN(retries, item_turn, .retries = 2)

static void turn_decorated(const uint32_t *in, uint32_t *out, size_t n)
{
    if (parallel_map_into(turn_by_2, in, n, out) != 0)
        abort();
}

static void turn_task(const uint32_t *in, uint32_t *out, size_t n)
{
    if (parallel_map_into(turn_or_fail, in, n, out) != 0)
        abort();
}

static const named_kernel with[] = {
    {"workers", turn_workers},
    {"decorated", turn_decorated},
    {"task", turn_task},
    {"example", turn_example},
    {"above", turn_above},
    {"timeout", turn_timeout},
    {"call-timeout", turn_call_timeout},
    {"progress", turn_progress},
    {"retries", turn_retries},
    {NULL, NULL},
};

const way the_way = {.turn = turn,
                     .row = row,
                     .mix = mix,
                     .poly = poly,
                     .nested = nested,
                     .steps = steps,
                     .steps_in_place = steps_in_place,
                     .again = again,
                     .with = with};
