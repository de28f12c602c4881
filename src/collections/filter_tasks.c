/* SPDX-License-Identifier: MIT */
/* Filters and partitions whose predicates are tasks of maps: they may fail, have a timeout, are tried again, or run in
 * other processes. Their flags come window by window (windows.h); but where a vector is to list all failures, it is one
 * map. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/pack.h"
#include "base/unwind.h"
#include "call/call.h"
#include "call/failure.h"
#include "call/results.h"
#include "collections/filter.h"
#include "collections/windows.h"

enum { WINDOW = 65536 /* flags of one map */ };

/* ---- window by window ------------------------------------------------------------------------------------ */

typedef struct task_filter {
    const pl_filter_call *call;
    size_t kept;
    size_t others; /* those that are not kept stand at the end, from the last place on, in a partition */
    bool is_partition;
} task_filter;

/* Puts an item that is not kept before those others that are there already. */
static void put_at_end(task_filter *t, size_t i)
{
    const pl_filter_call *c = t->call;
    size_t size = c->f.arg_size;
    memcpy(c->out + (c->n - ++t->others) * size, c->args + i * size, size);
}

/* Packs the items whose flags have come; those that have failed are neither kept nor among the others. */
static bool take_flags(void *ctx, size_t first, size_t count, const unsigned char *results)
{
    task_filter *t = ctx;
    const pl_filter_call *c = t->call;
    size_t size = c->f.arg_size;
    uint64_t bits[PL_PACK_WORDS(PL_FILTER_PIECE)];
    for (size_t i = 0, n; results && i < count; i += n) {
        n = count - i < PL_FILTER_PIECE ? count - i : PL_FILTER_PIECE;
        const bool *flags = (const bool *)results + i;
        size_t kept = pl_pack_bits(bits, flags, n);
        pl_pack_items(c->out + t->kept * size, c->args + (first + i) * size, size, bits, n, kept);
        t->kept += kept;
        for (size_t k = 0; t->is_partition && k < n; k++)
            if (!flags[k])
                put_at_end(t, first + i + k);
    }
    return true;
}

static void swap_items(unsigned char *a, unsigned char *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = a[i];
        a[i] = b[i];
        b[i] = byte;
    }
}

/* The others of a partition come in their order, right after those that are kept. */
static void put_others_in_order(const task_filter *t)
{
    size_t size = t->call->f.arg_size, n = t->others;
    unsigned char *others = t->call->out + (t->call->n - n) * size;
    for (size_t i = 0; i < n / 2; i++)
        swap_items(others + i * size, others + (n - 1 - i) * size, size);
    if (n)
        memmove(t->call->out + t->kept * size, others, n * size);
}

PL_NOT_INLINED static int run_windows(task_filter *t, size_t *kept, const pl_request *request)
{
    const pl_filter_call *c = t->call;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    size_t room = c->n < WINDOW ? c->n + !c->n : WINDOW;
    unsigned char *flags = malloc(room);
    if (!flags)
        return pl_error_return(ENOMEM);
    pl_windows w = {.f = &c->f,
                    .args = c->args,
                    .n = c->n,
                    .options = &c->merged,
                    .request = request,
                    .results = flags,
                    .room = room,
                    .take = take_flags,
                    .ctx = t};
    pl_cleanup_begin(&cleanup, free, flags);
    int result = pl_windows_run(&w), code = errno;
    pl_cleanup_end(&cleanup);
    if (result == 0 || (c->n && w.done == c->n)) { /* also if some have failed that may */
        if (t->is_partition)
            put_others_in_order(t);
        *kept = t->kept;
    }
    free(flags);
    errno = code;
    return result;
}

int pl_filter_tasks_into(const pl_filter_call *c, size_t *kept, const pl_request *request)
{
    task_filter t = {.call = c};
    return run_windows(&t, kept, request);
}

int pl_filter_tasks_apart(const pl_filter_call *c, size_t *kept, const pl_request *request)
{
    task_filter t = {.call = c, .is_partition = true};
    return run_windows(&t, kept, request);
}

/* ---- a vector of items ----------------------------------------------------------------------------------- */

/* Those whose flags are set. NULL with errno. */
static parallel_results *pack_results(const pl_filter_call *call, const bool *flags)
{
    pl_filter_call c = *call;
    size_t kept = 0;
    for (size_t i = 0; i < c.n; i++)
        kept += flags[i];
    parallel_results *r = pl_results_new(kept, c.f.arg_size, c.f.arg_align, PL_RESULTS_ANY, NULL);
    if (!r)
        return NULL;
    c.out = pl_results_vector(r);
    task_filter t = {.call = &c};
    if (kept)
        take_flags(&t, 0, c.n, (const unsigned char *)flags);
    return r;
}

/* Those of a call that has been run; NULL, if it has failed. */
static parallel_results *results_of(const pl_filter_call *call, pl_call *c, const bool *flags, bool well)
{
    if (!well && (!call->merged.silent || c->error || c->failures.lost))
        return NULL;
    parallel_results *r = pack_results(call, flags);
    if (!r) {
        c->failures.lost = true;
        return NULL;
    }
    pl_results_set_apart(r);
    pl_results_finish(r, &c->failures, &c->names);
    c->names = (pl_names){0};
    return r;
}

PL_NOT_INLINED static parallel_results *run_map(const pl_filter_call *call, bool *flags, const pl_request *request)
{
    pl_call c;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    if (!pl_call_begin_map(&c, &pl_work_map, &call->f, call->args, call->n, &call->merged, request))
        return NULL;
    pl_cleanup_begin(&cleanup, pl_call_drop, &c);
    bool well = pl_call_run(&c, flags);
    parallel_results *r = results_of(call, &c, flags, well);
    pl_cleanup_end(&cleanup);
    pl_call_return(&c, !r);
    return r;
}

PL_NOT_INLINED parallel_results *pl_filter_tasks(const pl_filter_call *c, const pl_request *request)
{
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    bool *flags = calloc(c->n + !c->n, sizeof *flags);
    if (!flags) {
        pl_error_return(ENOMEM);
        return NULL;
    }
    pl_cleanup_begin(&cleanup, free, flags);
    parallel_results *r = run_map(c, flags, request);
    pl_cleanup_end(&cleanup);
    int saved = errno;
    free(flags);
    errno = saved;
    return r;
}
