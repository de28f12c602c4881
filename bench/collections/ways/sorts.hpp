// SPDX-License-Identifier: MIT
// What the ways in C++ that sort share: a copy of the next shuffle, sorted by SORT(begin, end, is less); and the first
// of each value, by sorting values with their places.
#ifndef SORTS_HPP
#define SORTS_HPP

#include <cstring>
#include <vector>

#include "../driver.h"

template <class item, bool is_less(const item *, const item *), class sorting>
static void sort_next(const void *items, size_t n, sorting sort)
{
    const shuffles *s = static_cast<const shuffles *>(items);
    item *out = static_cast<item *>(s->out);
    std::memcpy(out, next_shuffle(s, n * sizeof *out), n * sizeof *out);
    sort(out, out + n, [](const item &a, const item &b) { return is_less(&a, &b); });
}

// LOOP(begin, end, body) calls the body for each of what iterators are at.
template <class sorting, class looping>
static void keep_distinct(const void *items, size_t n, void *acc, sorting sort, looping loop)
{
    struct place {
        int value;
        uint32_t index;
    };
    const keyed *a = static_cast<const keyed *>(items);
    const int *in = static_cast<const int *>(a->in);
    int *out = static_cast<int *>(a->out), *end = out;
    std::vector<place> places(n);
    std::vector<char> is_first(n);
    place *all = places.data();
    char *firsts = is_first.data();
    loop(all, all + n, [=](place &p) { p = {in[&p - all], static_cast<uint32_t>(&p - all)}; });
    sort(all, all + n, [](const place &x, const place &y) {
        return x.value != y.value ? x.value < y.value : x.index < y.index;
    });
    loop(all, all + n, [=](place &p) { firsts[p.index] = &p == all || (&p)[-1].value != p.value; });
    for (size_t i = 0; i < n; i++)
        if (firsts[i])
            *end++ = in[i];
    *static_cast<size_t *>(acc) = static_cast<size_t>(end - out);
}

#define SORT_RECORDS(bytes, sort)                                                                                      \
    static void sort_record##bytes(const void *items, size_t n, void *)                                                \
    {                                                                                                                  \
        sort_next<record##bytes, is_less_record##bytes>(                                                               \
            items, n, [](auto begin, auto end, auto is_less) { sort(begin, end, is_less); });                          \
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
    }                                                                                                                  \
    SORT_RECORDS(32, sort)                                                                                             \
    SORT_RECORDS(64, sort)                                                                                             \
    SORT_RECORDS(128, sort)

#endif
