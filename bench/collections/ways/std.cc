/* SPDX-License-Identifier: MIT */
#include <algorithm>
#include <execution>
#include <functional>
#include <numeric>
#include <tbb/global_control.h>

#include "../driver.h"
#include "sorts.hpp"

static void start(int threads)
{
    static tbb::global_control limit(tbb::global_control::max_allowed_parallelism, static_cast<size_t>(threads));
}

template <class number> static void sum(const void *items, size_t n, void *acc)
{
    const number *x = static_cast<const number *>(items);
    number *all = static_cast<number *>(acc);
    *all = std::reduce(std::execution::par, x, x + n, *all);
}

static void max_int(const void *items, size_t n, void *acc)
{
    const int *x = static_cast<const int *>(items);
    int *all = static_cast<int *>(acc);
    *all = std::reduce(std::execution::par, x, x + n, *all, [](int a, int b) { return std::max(a, b); });
}

template <class value, value item(uint32_t)> static void map_reduce(const void *items, size_t n, void *acc)
{
    const uint32_t *x = static_cast<const uint32_t *>(items);
    value *all = static_cast<value *>(acc);
    *all = std::transform_reduce(std::execution::par, x, x + n, *all, std::plus<value>(),
                                 [](uint32_t number) { return item(number); });
}

static void count_positive(const void *items, size_t n, void *acc)
{
    const int *x = static_cast<const int *>(items);
    *static_cast<size_t *>(acc) =
        static_cast<size_t>(std::count_if(std::execution::par, x, x + n, [](int item) { return is_positive(item); }));
}

static void find(const void *items, size_t n, void *acc)
{
    const int *x = static_cast<const int *>(items);
    const int *found = std::find_if(std::execution::par, x, x + n, [](int item) { return is_rare(item); });
    *static_cast<const int **>(acc) = found < x + n ? found : nullptr;
}

static void min_index(const void *items, size_t n, void *acc)
{
    const double *x = static_cast<const double *>(items);
    *static_cast<const double **>(acc) = std::min_element(std::execution::par, x, x + n);
}

template <class number> static void scan(const void *items, size_t n, void *)
{
    const arrays *a = static_cast<const arrays *>(items);
    const number *in = static_cast<const number *>(a->in);
    std::inclusive_scan(std::execution::par, in, in + n, static_cast<number *>(a->out));
}

static void filter(const void *items, size_t n, void *acc)
{
    const arrays *a = static_cast<const arrays *>(items);
    const int *in = static_cast<const int *>(a->in);
    int *out = static_cast<int *>(a->out);
    int *end = std::copy_if(std::execution::par, in, in + n, out, [](int item) { return is_positive(item); });
    *static_cast<size_t *>(acc) = static_cast<size_t>(end - out);
}

template <class iterator, class order> static void sort_stably(iterator begin, iterator end, order is_less)
{
    std::stable_sort(std::execution::par, begin, end, is_less);
}
SORTS(sort_stably)

template <class number> static void sort_numbers(const void *items, size_t n, void *)
{
    const keyed *a = static_cast<const keyed *>(items);
    const number *in = static_cast<const number *>(a->in);
    number *out = static_cast<number *>(a->out);
    std::copy(in, in + n, out);
    std::sort(std::execution::par, out, out + n);
}

static void sort_by_key(const void *items, size_t n, void *)
{
    const keyed *a = static_cast<const keyed *>(items);
    const record *in = static_cast<const record *>(a->in);
    record *out = static_cast<record *>(a->out);
    std::copy(in, in + n, out);
    std::stable_sort(std::execution::par, out, out + n, [](const record &x, const record &y) { return x.key < y.key; });
}

/* std::reduce() wants an operator that commutes, and has no accumulators. */
static void distinct(const void *items, size_t n, void *acc)
{
    keep_distinct(
        items, n, acc,
        [](auto begin, auto end, auto is_less) { std::sort(std::execution::par, begin, end, is_less); },
        [](auto begin, auto end, auto body) { std::for_each(std::execution::par, begin, end, body); });
}

extern "C" const way the_way = {start, sum<double>, sum<float>, sum<int>, max_int, nullptr,
                                map_reduce<uint64_t, item_dear>, map_reduce<uint32_t, item_cheap>, nullptr,
                                count_positive, find, min_index, scan<double>, scan<int>, filter, nullptr, sort_int,
                                sort_record, sort_string, sort_record32, sort_record64, sort_record128,
                                sort_numbers<int>, sort_numbers<double>, sort_by_key, nullptr, nullptr, nullptr,
                                nullptr, distinct};
