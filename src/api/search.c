/* SPDX-License-Identifier: MIT */
/* Counting and searching. */
#include <errno.h>

#include "api/executors.h"
#include "collections/search.h"

ptrdiff_t parallel_count_function(const parallel_function *pred, const void *args, size_t n,
                                  const parallel_options *options)
{
    return pl_search_count(pred, args, n, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}

static size_t search_now(pl_search_aim aim, const parallel_function *pred, const void *args, size_t n,
                         const parallel_options *options)
{
    return pl_search(aim, pred, args, n, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}

/* Where an item is that has been searched for. */
static const void *place_of(const parallel_function *pred, const void *args, size_t i)
{
    if (i == PL_SEARCH_NONE)
        errno = 0;
    return i < PL_SEARCH_NONE ? (const unsigned char *)args + i * pred->arg_size : NULL;
}

const void *parallel_find_function(const parallel_function *pred, const void *args, size_t n,
                                   const parallel_options *options)
{
    return place_of(pred, args, search_now(PL_SEARCH_FIRST, pred, args, n, options));
}

const void *parallel_find_last_function(const parallel_function *pred, const void *args, size_t n,
                                        const parallel_options *options)
{
    return place_of(pred, args, search_now(PL_SEARCH_LAST, pred, args, n, options));
}

int parallel_any_function(const parallel_function *pred, const void *args, size_t n, const parallel_options *options)
{
    size_t i = search_now(PL_SEARCH_FIRST, pred, args, n, options);
    return i == PL_SEARCH_FAILED ? -1 : i != PL_SEARCH_NONE;
}

int parallel_all_function(const parallel_function *pred, const void *args, size_t n, const parallel_options *options)
{
    size_t i = search_now(PL_SEARCH_FIRST_NOT, pred, args, n, options);
    return i == PL_SEARCH_FAILED ? -1 : i == PL_SEARCH_NONE;
}
