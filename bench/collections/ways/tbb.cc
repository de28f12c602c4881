/* SPDX-License-Identifier: MIT */
#include <algorithm>
#include <atomic>
#include <climits>
#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/combinable.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>
#include <tbb/parallel_scan.h>
#include <tbb/parallel_sort.h>

#include <algorithm>
#include <vector>

#include "../driver.h"
#include "sorts.hpp"

using range = tbb::blocked_range<size_t>;

static void start(int threads)
{
    static tbb::global_control limit(tbb::global_control::max_allowed_parallelism, static_cast<size_t>(threads));
}

/* *acc = op(*acc, map(items[i])) for all i. */
template <class item, class value, class mapping, class operation>
static void reduce(const void *items, size_t n, void *acc, value neutral, mapping map, operation op)
{
    const item *x = static_cast<const item *>(items);
    value all = tbb::parallel_reduce(
        range(0, n), neutral,
        [x, map, op](const range &r, value part) {
            for (size_t i = r.begin(); i < r.end(); i++)
                part = op(part, map(x[i]));
            return part;
        },
        op);
    *static_cast<value *>(acc) = op(*static_cast<value *>(acc), all);
}

template <class number> static void sum(const void *items, size_t n, void *acc)
{
    reduce<number, number>(
        items, n, acc, 0, [](number x) { return x; }, [](number a, number b) { return a + b; });
}

static void max_int(const void *items, size_t n, void *acc)
{
    reduce<int, int>(
        items, n, acc, INT_MIN, [](int x) { return x; }, [](int a, int b) { return std::max(a, b); });
}

static void compose(const void *items, size_t n, void *acc)
{
    reduce<affine, affine>(
        items, n, acc, affine{1, 0}, [](const affine &x) { return x; },
        [](const affine &a, const affine &b) { return affine_then(a, b); });
}

template <class value, value item(uint32_t)> static void map_reduce(const void *items, size_t n, void *acc)
{
    reduce<uint32_t, value>(
        items, n, acc, 0, [](uint32_t x) { return item(x); }, [](value a, value b) { return a + b; });
}

struct counting {
    const uint8_t *bytes;
    histogram counts = {};

    explicit counting(const uint8_t *all) : bytes(all)
    {
    }
    counting(counting &other, tbb::split) : bytes(other.bytes)
    {
    }
    void operator()(const range &r)
    {
        for (size_t i = r.begin(); i < r.end(); i++)
            count_byte(&counts, &bytes[i]);
    }
    void join(const counting &right)
    {
        add_histogram(&counts, &right.counts);
    }
};

static void count(const void *items, size_t n, void *acc)
{
    counting all(static_cast<const uint8_t *>(items));
    tbb::parallel_reduce(range(0, n), all);
    add_histogram(static_cast<histogram *>(acc), &all.counts);
}

static void count_positive(const void *items, size_t n, void *acc)
{
    *static_cast<size_t *>(acc) = 0;
    reduce<int, size_t>(
        items, n, acc, 0, [](int x) { return static_cast<size_t>(is_positive(x)); },
        [](size_t a, size_t b) { return a + b; });
}

/* None of a part that lies behind what has been found. */
static void find(const void *items, size_t n, void *acc)
{
    const int *x = static_cast<const int *>(items);
    std::atomic<size_t> first(n);
    tbb::parallel_for(range(0, n), [x, &first](const range &r) {
        size_t known = first, i = r.begin();
        while (i < r.end() && r.begin() < known && !is_rare(x[i]))
            i++;
        while (i < r.end() && i < known && !first.compare_exchange_weak(known, i))
            ;
    });
    *static_cast<const int **>(acc) = first < n ? &x[first] : nullptr;
}

static void min_index(const void *items, size_t n, void *acc)
{
    const double *x = static_cast<const double *>(items);
    *static_cast<const double **>(acc) = x;
    reduce<double, const double *>(
        items, n, acc, x, [](const double &item) { return &item; },
        [](const double *a, const double *b) { return *b < *a ? b : a; });
}

template <class number> static void scan(const void *items, size_t n, void *)
{
    const arrays *a = static_cast<const arrays *>(items);
    const number *in = static_cast<const number *>(a->in);
    number *out = static_cast<number *>(a->out);
    tbb::parallel_scan(
        range(0, n), number(0),
        [in, out](const range &r, number sum, bool is_final) {
            for (size_t i = r.begin(); i < r.end(); i++) {
                sum += in[i];
                if (is_final)
                    out[i] = sum;
            }
            return sum;
        },
        [](number left, number right) { return left + right; });
}

/* A scan of how many are kept. */
static void filter(const void *items, size_t n, void *acc)
{
    const arrays *a = static_cast<const arrays *>(items);
    const int *in = static_cast<const int *>(a->in);
    int *out = static_cast<int *>(a->out);
    *static_cast<size_t *>(acc) = tbb::parallel_scan(
        range(0, n), size_t(0),
        [in, out](const range &r, size_t kept, bool is_final) {
            if (!is_final)
                for (size_t i = r.begin(); i < r.end(); i++)
                    kept += is_positive(in[i]);
            else
                for (size_t i = r.begin(); i < r.end(); i++)
                    if (is_positive(in[i]))
                        out[kept++] = in[i];
            return kept;
        },
        [](size_t left, size_t right) { return left + right; });
}

static void diffuse_all(const void *items, size_t, void *)
{
    const image p = *static_cast<const image *>(items);
    tbb::parallel_for(tbb::blocked_range<ptrdiff_t>(1, p.side + 1), [p](const tbb::blocked_range<ptrdiff_t> &r) {
        ptrdiff_t width = p.side + 2;
        for (ptrdiff_t row = r.begin(); row < r.end(); row++)
            for (ptrdiff_t k = row * width + 1; k <= row * width + p.side; k++)
                diffuse(k, width, p.u, p.c, p.flow, p.next);
    });
}

SORTS(tbb::parallel_sort)

/* It has no stable sort. */
template <class number> static void sort_numbers(const void *items, size_t n, void *)
{
    const keyed *a = static_cast<const keyed *>(items);
    const number *in = static_cast<const number *>(a->in);
    number *out = static_cast<number *>(a->out);
    std::copy(in, in + n, out);
    tbb::parallel_sort(out, out + n);
}

/* Counts of its own for each thread. */
static void histogram_many(const void *items, size_t n, void *)
{
    const keyed *a = static_cast<const keyed *>(items);
    const int *x = static_cast<const int *>(a->in);
    tbb::combinable<std::vector<uint32_t>> own([] { return std::vector<uint32_t>(MANY_KEYS); });
    tbb::parallel_for(tbb::blocked_range<size_t>(0, n), [x, &own](const tbb::blocked_range<size_t> &r) {
        uint32_t *counts = own.local().data();
        for (size_t i = r.begin(); i < r.end(); i++)
            counts[many_keys(x[i])]++;
    });
    own.combine_each([a](const std::vector<uint32_t> &counts) {
        for (size_t g = 0; g < MANY_KEYS; g++)
            a->counts[g] += counts[g];
    });
}

static void distinct(const void *items, size_t n, void *acc)
{
    keep_distinct(
        items, n, acc, [](auto begin, auto end, auto is_less) { tbb::parallel_sort(begin, end, is_less); },
        [](auto begin, auto end, auto body) {
            tbb::parallel_for(tbb::blocked_range<decltype(begin)>(begin, end), [body](const auto &r) {
                for (auto at = r.begin(); at < r.end(); at++)
                    body(*at);
            });
        });
}

extern "C" const way the_way = {start, sum<double>, sum<float>, sum<int>, max_int, compose,
                                map_reduce<uint64_t, item_dear>, map_reduce<uint32_t, item_cheap>, count,
                                count_positive, find, min_index, scan<double>, scan<int>, filter, diffuse_all,
                                sort_int, sort_record, sort_string, sort_record32, sort_record64, sort_record128,
                                sort_numbers<int>, sort_numbers<double>, nullptr, histogram_many, nullptr, nullptr,
                                nullptr, distinct};
