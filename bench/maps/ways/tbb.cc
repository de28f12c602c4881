/* SPDX-License-Identifier: MIT */
#include <cstring>
#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>

#include "../driver.h"

using range = tbb::blocked_range<size_t>;

static void start(int threads)
{
    static tbb::global_control limit(tbb::global_control::max_allowed_parallelism, static_cast<size_t>(threads));
}

/* A map of items, inlined where they can be. */
template <uint32_t item(uint32_t)> static void map(const uint32_t *in, uint32_t *out, size_t n)
{
    tbb::parallel_for(range(0, n), [in, out](const range &r) {
        for (size_t i = r.begin(); i < r.end(); i++)
            out[i] = item(in[i]);
    });
}

static void nested(const uint32_t *in, uint32_t *out, size_t n)
{
    tbb::parallel_for(range(0, n / INNER_ITEMS), [in, out](const range &r) {
        for (size_t i = r.begin(); i < r.end(); i++)
            map<item_turn>(in + i * INNER_ITEMS, out + i * INNER_ITEMS, INNER_ITEMS);
    });
}

static void steps_in_place(const uint32_t *in, uint32_t *out, size_t n)
{
    std::memcpy(out, in, n * sizeof *out);
    map<item_steps>(out, out, n);
}

static void again(const uint32_t *, uint32_t *out, size_t n)
{
    map<item_again>(out, out, n);
}

extern "C" const way the_way = {start,  map<item_turn>,  map<item_row>,  map<item_mix>, map<item_poly>,
                                nested, map<item_steps>, steps_in_place, again,         nullptr};
