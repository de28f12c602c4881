/* SPDX-License-Identifier: MIT */
/* What sorts by orders that have no functions of their own: those known at run time, of C++ programs, and of numbers.
 * There is one for each of the usual sizes, as copies of so many bytes are cheap where that is known. */
#include "collections/sort.h"

#define SORTER(name, size)                                                                                             \
    static void sort_##name(parallel_sorting *s, const parallel_order *order)                                          \
    {                                                                                                                  \
        parallel_sort_all(s, size, order->call);                                                                       \
    }                                                                                                                  \
    static size_t run_##name(const void *items, size_t n, bool *falls, const parallel_order *order)                    \
    {                                                                                                                  \
        return parallel_sort_run(items, n, falls, size, order->call);                                                  \
    }                                                                                                                  \
    static void classify_##name(const parallel_splitters *splitters, const void *items, size_t n,                      \
                                unsigned char *groups, const parallel_order *order)                                    \
    {                                                                                                                  \
        parallel_sort_classify(splitters, items, n, groups, size, order->call);                                        \
    }                                                                                                                  \
    static const parallel_sorter sorter_##name = {sort_##name, run_##name, classify_##name};

SORTER(4, 4)
SORTER(8, 8)
SORTER(16, 16)
SORTER(24, 24)
SORTER(any, order->type_size)

const parallel_sorter *pl_sort_sorter(size_t size)
{
    return size == 4    ? &sorter_4
           : size == 8  ? &sorter_8
           : size == 16 ? &sorter_16
           : size == 24 ? &sorter_24
                        : &sorter_any;
}
