/* SPDX-License-Identifier: MIT */
/* The vector of results and the account of failures that a call gives back. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "call/results.h"
#include "base/size.h"
#include "call/error.h"
#include "call/function.h"
#include "call/handle.h"

/* What values are aligned to at least: the widest vector registers, and a cache line. Of the results of futures, which
 * are written by different threads, each has lines of its own. */
#define ALIGNMENT ((size_t)64)

/* Less than one part out of so many is not given back. */
enum { LITTLE = 8 };
/* Up to so many bytes, to clear a block that has been used before costs less than calloc(), which takes none of those
 * that glibc keeps for a thread. */
enum { SMALL = 1024 };

struct parallel_results {
    pl_kind kind;
    bool owned;          /* by a parallel_executor */
    bool apart;          /* its values are not those of tasks, which may have failed */
    size_t length, size; /* values, and bytes in one; 0: none */
    unsigned char *values;
    size_t *places; /* of futures: where in `values` each one's result is, SIZE_MAX if it has none; else NULL */
    pl_failed_list failed;
    pl_names names;
    const pl_memory *memory; /* what the values are in; NULL: in this block of the program's memory */
    pl_block block;          /* where in that */
};

void *pl_results_allocate(size_t bytes, size_t alignment)
{
    if (alignment > _Alignof(max_align_t))
        bytes = pl_size_round(bytes, alignment);
    if (bytes == PL_SIZE_NONE)
        return NULL;
    return alignment > _Alignof(max_align_t) ? aligned_alloc(alignment, bytes) : malloc(bytes);
}

/* Results of nothing. By parts: as one it is cleared by `rep stos`, which takes a part of a short call. */
static void clear_results(parallel_results *r)
{
    r->kind = PL_RESULTS;
    r->owned = r->apart = false;
    r->length = r->size = 0;
    r->values = NULL;
    r->places = NULL;
    r->failed = (pl_failed_list){0};
    r->names = (pl_names){0};
    r->memory = NULL;
    r->block = (pl_block){0};
}

/* The same, with the values in an executor's memory. */
static parallel_results *with_room_in(const pl_memory *memory, size_t bytes, size_t alignment)
{
    pl_block block = {0};
    unsigned char *values = NULL;
    parallel_results *r = malloc(sizeof *r);
    if (!r || (bytes && !(values = memory->take(&block, bytes, alignment)))) {
        free(r);
        pl_error_return(ENOMEM);
        return NULL;
    }
    clear_results(r);
    r->values = values;
    r->memory = memory;
    r->block = block;
    return r;
}

/* Results with room for `bytes` of values. */
static parallel_results *with_room(size_t bytes, size_t alignment, pl_results_fill fill, const pl_memory *memory)
{
    alignment = alignment > ALIGNMENT ? alignment : ALIGNMENT;
    if (memory)
        return with_room_in(memory, bytes, alignment);
    /* One block for both. calloc() gives large blocks fresh from the system without touching them. */
    size_t all = pl_size_add(sizeof(parallel_results), pl_size_add(alignment, bytes));
    bool is_small = all <= SMALL;
    parallel_results *r = all == PL_SIZE_NONE                      ? NULL
                          : fill == PL_RESULTS_ZEROED && !is_small ? calloc(1, all)
                                                                   : malloc(all);
    if (!r) {
        pl_error_return(ENOMEM);
        return NULL;
    }
    if (fill == PL_RESULTS_ZEROED && is_small)
        memset(r + 1, 0, all - sizeof *r);
    clear_results(r);
    unsigned char *end = (unsigned char *)(r + 1);
    r->values = bytes ? end + ((0 - (uintptr_t)end) & (alignment - 1)) : NULL;
    return r;
}

parallel_results *pl_results_new(size_t n, size_t size, size_t alignment, pl_results_fill fill, const pl_memory *memory)
{
    parallel_results *r = with_room(pl_size_multiply(n, size), alignment, fill, memory);
    if (r) {
        r->length = n;
        r->size = size;
    }
    return r;
}

/* Where the values are that have moved along with their block. */
static void align_values(parallel_results *r, size_t at, size_t alignment)
{
    unsigned char *end = (unsigned char *)(r + 1), *old = (unsigned char *)r + at;
    r->values = end + ((0 - (uintptr_t)end) & (alignment - 1));
    if (r->values != old)
        memmove(r->values, old, r->length * r->size);
}

parallel_results *pl_results_shrink(parallel_results *r, size_t n, size_t alignment)
{
    size_t at = r->values ? (size_t)(r->values - (unsigned char *)r) : 0;
    alignment = alignment > ALIGNMENT ? alignment : ALIGNMENT;
    if (n == r->length)
        return r;
    /* glibc maps blocks that are larger than any mapped one freed so far. One that shrinks a little each time is mapped
     * each time, and its pages are new. */
    bool is_little = n && r->length - n < r->length / LITTLE;
    r->length = n;
    if (n == 0)
        r->values = NULL;
    if (is_little || r->memory)
        return r;
    parallel_results *moved = realloc(r, sizeof *r + (n ? alignment + n * r->size : 0));
    if (!moved)
        return r;
    if (moved != r && n)
        align_values(moved, at, alignment);
    return moved;
}

void pl_results_set_apart(parallel_results *results)
{
    results->apart = true;
}

/* Where each future's result goes, and how many bytes that takes in all. */
static size_t lay_out_futures(const parallel_future *futures, size_t n, size_t *places, size_t *alignment)
{
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) {
        parallel_function f;
        places[i] = SIZE_MAX;
        if (!pl_function_copy(&f, futures[i].function) || f.result_size == 0)
            continue;
        *alignment = f.result_align > *alignment ? f.result_align : *alignment;
        places[i] = pl_size_round(bytes, f.result_align > ALIGNMENT ? f.result_align : ALIGNMENT);
        bytes = pl_size_add(places[i], f.result_size);
    }
    return bytes ? pl_size_round(bytes, ALIGNMENT) : 0;
}

parallel_results *pl_results_of_futures(const parallel_future *futures, size_t n, pl_results_fill fill,
                                        const pl_memory *memory)
{
    size_t *places = pl_results_allocate(pl_size_multiply(n ? n : 1, sizeof *places), 0), alignment = ALIGNMENT;
    size_t bytes = places ? lay_out_futures(futures, n, places, &alignment) : 0;
    parallel_results *r = places ? with_room(bytes, alignment, fill, memory) : NULL;
    if (!r) {
        free(places);
        pl_error_return(ENOMEM);
        return NULL;
    }
    r->length = n;
    r->places = places;
    return r;
}

void *pl_results_vector(parallel_results *results)
{
    return results->places ? NULL : results->values;
}

void *pl_results_place(const parallel_results *r, size_t i)
{
    return r->places[i] == SIZE_MAX ? NULL : r->values + r->places[i];
}

void pl_results_keep(parallel_results *results)
{
    results->owned = true;
}

void pl_results_let_go(parallel_results *results)
{
    results->owned = false;
}

void pl_results_finish(parallel_results *results, pl_failures *failures, const pl_names *names)
{
    results->failed = failures->all;
    results->names = *names;
    failures->all = (pl_failed_list){0};
}

size_t parallel_length(const parallel_results *r)
{
    return r ? r->length : 0;
}

const void *parallel_values(const parallel_results *r)
{
    return r && !r->places ? r->values : NULL;
}

/* Whether there is such a task. False with errno. */
static bool has_task(const parallel_results *r, size_t i)
{
    if (r && i < r->length)
        return true;
    return r ? pl_error_deny(EINVAL, "there is no task %zu: there are %zu", i, r->length)
             : pl_error_deny(EINVAL, "the results are NULL");
}

const void *parallel_result(const parallel_results *r, size_t i)
{
    if (!has_task(r, i))
        return NULL;
    if (!r->values || (!r->apart && pl_failures_state(&r->failed, i) != PARALLEL_OK))
        return NULL;
    return r->places ? pl_results_place(r, i) : r->values + i * r->size;
}

const void *parallel_get(const parallel_results *r, const char *name)
{
    size_t i = r ? pl_names_find(&r->names, name) : SIZE_MAX;
    if (i == SIZE_MAX) {
        pl_error_refuse(ENOENT, r ? "there is no task named '%s'" : "the results are NULL", name ? name : "");
        return NULL;
    }
    return parallel_result(r, i);
}

parallel_state parallel_result_state(const parallel_results *r, size_t i)
{
    if (!has_task(r, i))
        return PARALLEL_NOT_RUN;
    return r->apart ? PARALLEL_OK : pl_failures_state(&r->failed, i);
}

size_t parallel_failures(const parallel_results *r)
{
    return r ? r->failed.tasks : 0;
}

const parallel_failure *parallel_failed(const parallel_results *r, size_t k)
{
    return r ? pl_failures_get(&r->failed, k) : NULL;
}

size_t parallel_succeeded(const parallel_results *r, size_t *indices, size_t max)
{
    if (!r)
        return 0;
    size_t stored = 0, i = 0, failures = r->apart ? 0 : r->failed.count;
    for (size_t k = 0; k <= failures && indices; k++) { /* those before each entry, and after the last */
        const pl_failed *e = k < failures ? &r->failed.list[k] : NULL;
        for (; i < (e ? e->first.index : r->length) && stored < max; i++)
            indices[stored++] = i;
        i = e ? e->first.index + e->count : i;
    }
    return r->length - (r->apart ? 0 : r->failed.tasks);
}

void parallel_replace_failed(parallel_results *r, const void *value)
{
    if (!r || !value || !r->values || r->places || r->apart || (r->memory && !r->memory->make_own(&r->block)))
        return;
    for (size_t k = 0; k < r->failed.count; k++) {
        const pl_failed *e = &r->failed.list[k];
        for (size_t i = 0; i < e->count; i++)
            memcpy(r->values + (e->first.index + i) * r->size, value, r->size);
    }
}

void parallel_results_free(parallel_results *r)
{
    if (!r || r->owned)
        return;
    int saved = errno;
    if (r->names.slots)
        pl_names_free(&r->names);
    pl_failures_free_list(&r->failed);
    if (r->places)
        free(r->places);
    if (r->block.start)
        r->memory->give(&r->block);
    free(r);
    errno = saved;
}

void pl_results_drop(void *results)
{
    parallel_results_free(results);
}
