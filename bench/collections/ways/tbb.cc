/* SPDX-License-Identifier: MIT */
#include <algorithm>
#include <climits>
#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>

#include "../driver.h"

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

extern "C" const way the_way = {start,
                                sum<double>,
                                sum<float>,
                                sum<int>,
                                max_int,
                                compose,
                                map_reduce<uint64_t, item_dear>,
                                map_reduce<uint32_t, item_cheap>,
                                count,
                                diffuse_all};
