/* SPDX-License-Identifier: MIT */
#include <algorithm>
#include <unordered_set>

#include "../driver.h"
#include "sorts.hpp"

SORTS(std::sort)

static void distinct(const void *items, size_t n, void *acc)
{
    const keyed *a = static_cast<const keyed *>(items);
    const int *in = static_cast<const int *>(a->in);
    int *out = static_cast<int *>(a->out), *end = out;
    std::unordered_set<int> seen;
    for (size_t i = 0; i < n; i++)
        if (seen.insert(in[i]).second)
            *end++ = in[i];
    *static_cast<size_t *>(acc) = static_cast<size_t>(end - out);
}

static way only_sorts()
{
    way w = {};
    w.sort_int = sort_int;
    w.sort_record = sort_record;
    w.sort_string = sort_string;
    w.sort_record32 = sort_record32;
    w.sort_record64 = sort_record64;
    w.sort_record128 = sort_record128;
    w.distinct = distinct;
    return w;
}

extern "C" const way the_way = only_sorts();
