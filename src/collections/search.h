/* SPDX-License-Identifier: MIT */
/*
 * Counting and searching by a predicate.
 *
 * Predicates that cannot fail are run piece by piece into a buffer of bytes that stays in the first cache, by the same
 * kernel as in a map, and the bytes are counted (search_count.c) or searched (search_items.c). Where tasks may fail,
 * have a timeout, are tried again, or run in other processes, they are tasks of a map (search_tasks.c).
 */
#ifndef PL_COLLECTIONS_SEARCH_H
#define PL_COLLECTIONS_SEARCH_H

#include <stdbool.h>
#include <stddef.h>

#include <libparallel/search.h>

#include "call/function.h"
#include "call/options.h"

enum { PL_SEARCH_BUFFER = 4096 /* items of which a predicate's bytes are looked at together */ };

/* What the exported functions do, with the executors that there are. */
ptrdiff_t pl_search_count(const parallel_function *f, const void *args, size_t n, const parallel_options *options,
                          const pl_request *request);

/* What is looked for: the first item, or the last, of which the predicate holds; or does not. */
typedef enum pl_search_aim { PL_SEARCH_FIRST, PL_SEARCH_LAST, PL_SEARCH_FIRST_NOT } pl_search_aim;

/* The item's index; or one of these: there is none; or the call failed, with errno. */
#define PL_SEARCH_NONE (SIZE_MAX - 1)
#define PL_SEARCH_FAILED SIZE_MAX
size_t pl_search(pl_search_aim aim, const parallel_function *f, const void *args, size_t n,
                 const parallel_options *options, const pl_request *request);

/* ---- between the files -------------------------------------------------------------------------------- */

typedef struct pl_search_call {
    const parallel_function *f;
    const unsigned char *args;
    size_t n;
    pl_search_aim aim;
} pl_search_call;

/* How calls with a predicate begin, those of filter.h, too. */

/* Whether a call can be one without any account of failures, and without any options. */
static inline bool pl_search_is_plain(const parallel_function *f, const void *args, const parallel_options *options)
{
    return !options && f && f->size == sizeof *f && f->kernel && !f->can_fail && !f->options && f->cost && args &&
           f->arg_size && f->result_size == sizeof(bool) && pl_function_is_aligned(f);
}

/* What a call is made with, otherwise. False with errno. */
typedef struct pl_search_means {
    parallel_function f;
    parallel_options options; /* merged */
    bool has_options;         /* there were any */
} pl_search_means;
bool pl_search_begin(pl_search_means *means, const parallel_function *f, const void *args, size_t n,
                     const parallel_options *options, const pl_request *request);

/* Whether tasks are to be those of a map. */
bool pl_search_needs_map(const pl_search_means *means);

/* How many of n bytes are not 0; the first, or the last, of n bytes that holds, or does not: n, if there is none. */
size_t pl_search_count_bytes(const unsigned char *bytes, size_t n);
size_t pl_search_bytes(pl_search_aim aim, const unsigned char *bytes, size_t n);

/* Runs the predicate for items [begin, end), PL_SEARCH_BUFFER of them or fewer. */
void pl_search_ask(const parallel_function *f, const unsigned char *args, size_t begin, size_t end, void *bytes);

/* How many of items [begin, end) it holds of, by its fused kernel. */
size_t pl_search_count_fused(const parallel_function *f, const unsigned char *args, size_t begin, size_t end);

/* By the tasks of maps. */
size_t pl_search_tasks(const pl_search_call *s, const parallel_options *merged, const pl_request *request);
ptrdiff_t pl_search_count_tasks(const pl_search_call *s, const parallel_options *merged, const pl_request *request);

#endif
