// SPDX-License-Identifier: MIT
// What the ways in C++ that sort share: a copy of the next shuffle, sorted by SORT(begin, end, is less).
#ifndef SORTS_HPP
#define SORTS_HPP

#include <cstring>

#include "../driver.h"

template <class item, bool is_less(const item *, const item *), class sorting>
static void sort_next(const void *items, size_t n, sorting sort)
{
    const shuffles *s = static_cast<const shuffles *>(items);
    item *out = static_cast<item *>(s->out);
    std::memcpy(out, next_shuffle(s, n * sizeof *out), n * sizeof *out);
    sort(out, out + n, [](const item &a, const item &b) { return is_less(&a, &b); });
}

#define SORTS(sort)                                                                                                    \
    static void sort_int(const void *items, size_t n, void *)                                                          \
    {                                                                                                                  \
        sort_next<int, is_less_int>(items, n, [](auto begin, auto end, auto is_less) { sort(begin, end, is_less); });  \
    }                                                                                                                  \
    static void sort_record(const void *items, size_t n, void *)                                                       \
    {                                                                                                                  \
        sort_next<record, is_less_record>(items, n,                                                                    \
                                          [](auto begin, auto end, auto is_less) { sort(begin, end, is_less); });      \
    }                                                                                                                  \
    static void sort_string(const void *items, size_t n, void *)                                                       \
    {                                                                                                                  \
        sort_next<const char *, is_less_string>(                                                                       \
            items, n, [](auto begin, auto end, auto is_less) { sort(begin, end, is_less); });                          \
    }

#endif
