/* SPDX-License-Identifier: MIT */
#include <parallel/algorithm>
#include <parallel/numeric>

#include "../driver.h"
#include "sorts.hpp"

template <class number> static void sum(const void *items, size_t n, void *acc)
{
    const number *x = static_cast<const number *>(items);
    number *all = static_cast<number *>(acc);
    *all = std::__parallel::accumulate(x, x + n, *all);
}

static void max_int(const void *items, size_t n, void *acc)
{
    const int *x = static_cast<const int *>(items);
    int *all = static_cast<int *>(acc);
    *all = std::max(*all, *std::__parallel::max_element(x, x + n));
}

static void compose(const void *items, size_t n, void *acc)
{
    const affine *x = static_cast<const affine *>(items);
    affine *all = static_cast<affine *>(acc);
    *all = std::__parallel::accumulate(x, x + n, *all, affine_then);
}

static void count_positive(const void *items, size_t n, void *acc)
{
    const int *x = static_cast<const int *>(items);
    *static_cast<size_t *>(acc) =
        static_cast<size_t>(std::__parallel::count_if(x, x + n, [](int item) { return is_positive(item); }));
}

static void find(const void *items, size_t n, void *acc)
{
    const int *x = static_cast<const int *>(items);
    const int *found = std::__parallel::find_if(x, x + n, [](int item) { return is_rare(item); });
    *static_cast<const int **>(acc) = found < x + n ? found : nullptr;
}

static void min_index(const void *items, size_t n, void *acc)
{
    const double *x = static_cast<const double *>(items);
    *static_cast<const double **>(acc) = std::__parallel::min_element(x, x + n);
}

template <class number> static void scan(const void *items, size_t n, void *)
{
    const arrays *a = static_cast<const arrays *>(items);
    const number *in = static_cast<const number *>(a->in);
    std::__parallel::partial_sum(in, in + n, static_cast<number *>(a->out));
}

SORTS(std::__parallel::stable_sort)

template <class number> static void sort_numbers(const void *items, size_t n, void *)
{
    const keyed *a = static_cast<const keyed *>(items);
    const number *in = static_cast<const number *>(a->in);
    number *out = static_cast<number *>(a->out);
    std::copy(in, in + n, out);
    std::__parallel::sort(out, out + n);
}

static void sort_by_key(const void *items, size_t n, void *)
{
    const keyed *a = static_cast<const keyed *>(items);
    const record *in = static_cast<const record *>(a->in);
    record *out = static_cast<record *>(a->out);
    std::copy(in, in + n, out);
    std::__parallel::stable_sort(out, out + n, [](const record &x, const record &y) { return x.key < y.key; });
}

static void distinct(const void *items, size_t n, void *acc)
{
    keep_distinct(
        items, n, acc, [](auto begin, auto end, auto is_less) { std::__parallel::sort(begin, end, is_less); },
        [](auto begin, auto end, auto body) { std::__parallel::for_each(begin, end, body); });
}

/* It has neither a reduction of a map's results nor accumulators nor copy_if(); a loop is no business of its. */
extern "C" const way the_way = {nullptr, sum<double>, sum<float>, sum<int>, max_int, compose, nullptr, nullptr,
                                nullptr, count_positive, find, min_index, scan<double>, scan<int>, nullptr, nullptr,
                                sort_int, sort_record, sort_string, sort_record32, sort_record64, sort_record128,
                                sort_numbers<int>, sort_numbers<double>, sort_by_key, nullptr, nullptr, nullptr,
                                nullptr, distinct};
