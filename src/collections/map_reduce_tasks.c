/* SPDX-License-Identifier: MIT */
/*
 * Maps whose results are reduced, where tasks are those of a map: they may fail, have a timeout, are tried again, or
 * run in other processes. Their results come window by window (windows.h), and are folded in the pieces of
 * map_reduce.h when the window is there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/unwind.h"
#include "call/failure.h"
#include "call/names.h"
#include "call/results.h"
#include "collections/map_reduce.h"
#include "collections/windows.h"

enum { WINDOW_BYTES = 262144 /* results of one map: so much memory a call has */ };

/* A call that goes on from window to window. */
typedef struct task_reduction {
    const pl_map_reduction *r;
    size_t length;        /* tasks in a window: some pieces */
    unsigned char *value; /* what has been reduced: the blocks before `block`, */
    unsigned char *part;  /* and of that, if `begun` */
    size_t block;         /* the block that the last result belonged to */
    bool begun;           /* there is something of it */
} task_reduction;

/* The end of the piece that task i is in. */
static size_t piece_end(const pl_map_reduction *r, size_t i)
{
    size_t k = i / r->work.blocks.size, begin = pl_blocks_begin(&r->work.blocks, k),
           end = begin + pl_blocks_length(&r->work.blocks, k);
    size_t to = begin + ((i - begin) / r->piece + 1) * r->piece;
    return to < end ? to : end;
}

/* A window ends with a piece. */
static size_t window_length(void *ctx, size_t done)
{
    const task_reduction *t = ctx;
    size_t end = done, n = t->r->work.blocks.n;
    if (n == 0)
        return 1;
    do
        end = piece_end(t->r, end);
    while (end < n && piece_end(t->r, end) - done <= t->length);
    return end - done;
}

/* A block has come to its end: it is folded into all before it. */
static void end_block(task_reduction *t)
{
    if (t->block > 0 && t->begun)
        pl_reduce_fold(t->r->op, t->value, t->part, 1);
    t->begun = false;
}

/* Folds results that have come. Those that a block or a piece has lost to failures are left out. */
static bool fold_results(void *ctx, size_t first, size_t count, const unsigned char *results)
{
    task_reduction *t = ctx;
    const pl_map_reduction *r = t->r;
    for (size_t from = first, end = first + count, to; results && from < end; from = to) {
        to = piece_end(r, from);
        to = to < end ? to : end;
        if (from / r->work.blocks.size != t->block)
            end_block(t);
        t->block = from / r->work.blocks.size;
        pl_map_reduce_add(r, t->block == 0 ? t->value : t->part, t->begun || t->block == 0,
                          results + (from - first) * r->op->type_size, to - from);
        t->begun = true;
    }
    if (first + count == r->work.blocks.n)
        end_block(t);
    return true;
}

/* All names of a call that has several windows. False with errno. */
static bool check_names(const parallel_options *o, size_t n, size_t length)
{
    pl_names all;
    if (!o->names || n <= length)
        return true;
    bool well = pl_names_init(&all, o->names, n, PL_NAMES_OF_ALL);
    if (well)
        pl_names_free(&all);
    return well;
}

PL_NOT_INLINED int pl_map_reduce_tasks(pl_map_reduction *r, void *acc, const parallel_options *merged,
                                       const pl_request *request)
{
    size_t size = r->op->type_size, n = r->work.blocks.n, length = WINDOW_BYTES / size;
    task_reduction t = {.r = r, .length = length < n ? length : n};
    t.length = t.length > r->piece ? t.length : r->piece;
    if (!check_names(merged, n, t.length))
        return -1;
    size_t room = (t.length < n ? t.length : n) + r->piece;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    t.value = pl_results_allocate(pl_size_multiply(room + 2, size),
                                  r->op->type_align > PL_LINE ? r->op->type_align : PL_LINE);
    if (!t.value)
        return pl_error_return(ENOMEM);
    t.part = t.value + size;
    pl_windows w = {.f = r->f,
                    .args = r->work.args,
                    .n = n,
                    .options = merged,
                    .request = request,
                    .results = t.part + size,
                    .room = room,
                    .length = window_length,
                    .take = fold_results,
                    .ctx = &t};
    pl_cleanup_begin(&cleanup, free, t.value);
    memcpy(t.value, acc, size);
    int result = pl_windows_run(&w), code = errno;
    if (w.done == n) /* also if some have failed that may */
        memcpy(acc, t.value, size);
    pl_cleanup_end(&cleanup);
    free(t.value);
    errno = code;
    return result;
}
