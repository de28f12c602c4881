/* SPDX-License-Identifier: MIT */
/*
 * Sorting by an order: stable, and always the same, since there is but one stable order.
 *
 * How a few thousand items are sorted by one thread, libparallel/detail/sorter.h says: by functions that a decoration
 * makes, or by those of sort_sorters.c. Many are first dealt to up to 256 groups, each of which is sorted by itself
 * (sort_groups.c).
 *
 * Items are never in the hands of a function of the program's: whenever one is called, each is either where it is to
 * be, or in the other place of the same size, and it is known which. So after any failure they are all in the array.
 */
#ifndef PL_COLLECTIONS_SORT_H
#define PL_COLLECTIONS_SORT_H

#include <stdbool.h>
#include <stddef.h>

#include <libparallel/order.h>
#include <libparallel/results.h>
#include <libparallel/sort.h>

#include "call/options.h"
#include "collections/blocks.h"
#include "sched/cost.h"

/* What a sort is of. */
typedef struct pl_sort_call {
    parallel_order order; /* with a sorter */
    const void *from;     /* the items: */
    void *items;          /* the same place, where they are to be, or another */
    size_t n;
    bool has_options;        /* or else the program gave none: */
    parallel_options merged; /* else */
    const pl_request *request;
    uint64_t deadline; /* in pl_os_nanoseconds(); 0: none */
} pl_sort_call;

/* Sorts in place. 0; or -1 with errno, and the array has the same items. */
int pl_sort(const parallel_order *order, void *array, size_t n, const parallel_options *options,
            const pl_request *request);

/* A sorted copy. NULL with errno. */
parallel_results *pl_sort_copy(const parallel_order *order, const void *args, size_t n, const parallel_options *options,
                               const pl_request *request);

/* The first of all items that are the same, in their order. NULL with errno. */
parallel_results *pl_distinct(const parallel_order *order, const void *args, size_t n, const parallel_options *options,
                              const pl_request *request);

/* ---- between the files of sorts -------------------------------------------------------------------------- */

/* Whether the arguments are right: else false with errno. The rest of the call, but for `from` and `items`. */
bool pl_sort_check(pl_sort_call *c, const parallel_order *order, const void *args, size_t n,
                   const parallel_options *options, const pl_request *request);

/* All of it, of a call that has been checked. 0; or -1 with errno. */
int pl_sort_run(pl_sort_call *c);

/* The same for many items. */
int pl_sort_in_groups(pl_sort_call *c, pl_cost *cost);

/* The blocks of those, at most. */
enum { PL_SORT_BLOCKS = 256 };

/* Whether all items are one run: 1, and they are sorted; 0; or -1 with errno. `cost` is of comparisons. */
int pl_sort_runs(const pl_sort_call *c, const pl_blocks *blocks, pl_cost *cost);

/* For items of some sizes: how many of n are the same as another, byte for byte; and to write one until so many bytes
 * are full. */
bool pl_sort_same_takes(size_t size);
size_t pl_sort_same_count(const unsigned char *items, size_t n, const unsigned char *item, size_t size);
void pl_sort_same_fill(unsigned char *to, size_t bytes, const unsigned char *item, size_t size);

/* For orders without functions of their own, by the size of an item. */
const parallel_sorter *pl_sort_sorter(size_t size);

/* Sorts some items, which are all in one place, by an order with a sorter: in a body of a loop. Whatever becomes of it,
 * they are then where they are to be; false if they are not sorted, as the call is over. */
bool pl_sort_some(parallel_sorting *s, const parallel_order *order, bool is_elsewhere);

/* What says whether nothing more is to be begun in this context; or NULL, if it cannot come to that; and to ask it. */
typedef bool pl_sort_over(void *context);
pl_sort_over *pl_sort_stopper(void);

bool pl_sort_is_over(void);

/* About how many comparisons it takes to sort n items, n > 0: what costs are known by. */
size_t pl_sort_effort(size_t n);

/* The call's options for a loop that takes what time is left; and which reports progress, or not. */
typedef enum pl_sort_report { PL_SORT_SILENTLY, PL_SORT_REPORTING } pl_sort_report;
const parallel_options *pl_sort_options(const pl_sort_call *c, pl_sort_report report, parallel_options *room);

/* Has blocks treated, which those of a call's items are, or something else; `work` says all but by what. 0; or -1 with
 * errno. */
int pl_sort_loop(const pl_sort_call *c, pl_blocks_work *work, void (*treat)(size_t begin, size_t end, void *ctx),
                 pl_sort_report report);

/* Why the call is over, which has not been told so by a loop: an error code. */
int pl_sort_reason(const pl_sort_call *c);

#endif
