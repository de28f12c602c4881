/* SPDX-License-Identifier: MIT */
/*
 * Counting and searching where predicates are tasks of maps (search.h): window by window (windows.h).
 *
 * A search does not know how far it has to go. So its windows grow with what is behind it, and what is run beyond the
 * item that is found is a part of that. In a window all tasks are run, also those that follow on a failure; then they
 * are looked at in the order of the serial loop.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/atomic.h"
#include "base/unwind.h"
#include "call/failure.h"
#include "call/results.h"
#include "collections/search.h"
#include "collections/windows.h"

enum {
    WINDOW = 32768,       /* tasks in a window at most: a byte of memory for each */
    FIRST_WINDOW = 16,    /* in the first of a search */
    PART = 4,             /* the next has one part out of so many of all before, */
    PART_OF_PROCESSES = 1 /* or where a window is a group of worker processes */
};

/* A call that goes on from window to window. */
typedef struct task_search {
    const pl_search_call *call;
    size_t part;  /* see PART */
    size_t found; /* the item's index, or PL_SEARCH_NONE */
    size_t count; /* how many the predicate holds of */
} task_search;

static size_t search_length(void *ctx, size_t done)
{
    const task_search *t = ctx;
    size_t length = done / t->part;
    return length < FIRST_WINDOW ? FIRST_WINDOW : length < WINDOW ? length : WINDOW;
}

static bool search_results(void *ctx, size_t first, size_t count, const unsigned char *results)
{
    task_search *t = ctx;
    size_t i = results ? pl_search_bytes(t->call->aim, results, count) : count;
    if (i < count)
        t->found = first + i;
    return i == count;
}

static bool count_results(void *ctx, size_t first, size_t count, const unsigned char *results)
{
    task_search *t = ctx;
    (void)first;
    if (results)
        t->count += pl_search_count_bytes(results, count);
    return true;
}

/* Runs a call, all but its memory being given. 0; or -1 with errno. */
PL_NOT_INLINED static int run_windows(pl_windows *w, task_search *t, const parallel_options *merged,
                                      const pl_request *request)
{
    const pl_search_call *call = t->call;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    w->f = call->f;
    w->args = call->args;
    w->n = call->n;
    w->options = merged;
    w->request = request;
    w->ctx = t;
    w->room = call->n < WINDOW ? call->n : WINDOW;
    w->results = pl_results_allocate(w->room + 1, PL_LINE);
    if (!w->results)
        return pl_error_return(ENOMEM);
    pl_cleanup_begin(&cleanup, free, w->results);
    int result = pl_windows_run(w), code = errno;
    pl_cleanup_end(&cleanup);
    free(w->results);
    errno = code;
    return result;
}

size_t pl_search_tasks(const pl_search_call *s, const parallel_options *merged, const pl_request *request)
{
    task_search t = {
        .call = s, .part = merged->executor == PARALLEL_PROCESS ? PART_OF_PROCESSES : PART, .found = PL_SEARCH_NONE};
    pl_windows w = {.failures = PL_WINDOWS_FAIL_AS_LOOPS,
                    .order = s->aim == PL_SEARCH_LAST ? PL_WINDOWS_BACKWARDS : PL_WINDOWS_FORWARDS,
                    .length = search_length,
                    .take = search_results};
    return run_windows(&w, &t, merged, request) == 0 ? t.found : PL_SEARCH_FAILED;
}

ptrdiff_t pl_search_count_tasks(const pl_search_call *s, const parallel_options *merged, const pl_request *request)
{
    task_search t = {.call = s};
    pl_windows w = {.failures = PL_WINDOWS_FAIL, .take = count_results};
    return run_windows(&w, &t, merged, request) == 0 ? (ptrdiff_t)t.count : -1;
}
