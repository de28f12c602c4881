/* SPDX-License-Identifier: MIT */
#include <cstring>
#include <parallel.hpp>

#include "../driver.h"

/* What std::data() and std::size() know. */
template <typename T> struct view {
    T *items;
    size_t n;
    T *data() const
    {
        return items;
    }
    size_t size() const
    {
        return n;
    }
};

/* A map of items, inlined where they can be. */
template <uint32_t item(uint32_t)> static void map(const uint32_t *in, uint32_t *out, size_t n)
{
    parallel::map_into(view<const uint32_t>{in, n}, view<uint32_t>{out, n}, [](uint32_t x) { return item(x); });
}

static void nested(const uint32_t *in, uint32_t *out, size_t n)
{
    auto part = [=](std::ptrdiff_t i) {
        map<item_turn>(in + i * INNER_ITEMS, out + i * INNER_ITEMS, INNER_ITEMS);
    };
    parallel::for_index(0, static_cast<std::ptrdiff_t>(n / INNER_ITEMS), part);
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

extern "C" const way the_way = {nullptr, map<item_turn>,  map<item_row>,  map<item_mix>, map<item_poly>,
                                nested,  map<item_steps>, steps_in_place, again,         nullptr};
