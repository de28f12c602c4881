/* SPDX-License-Identifier: MIT */
#include <parallel/algorithm>
#include <parallel/numeric>

#include "../driver.h"

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

/* It has neither a reduction of a map's results nor accumulators; a loop is no business of its. */
extern "C" const way the_way = {nullptr, sum<double>, sum<float>, sum<int>, max_int,
                                compose, nullptr,     nullptr,    nullptr,  nullptr};
