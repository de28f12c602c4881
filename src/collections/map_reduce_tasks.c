/* SPDX-License-Identifier: MIT */
/*
 * Maps whose results are reduced, where tasks are those of a map: they may fail, have a timeout, are tried again, or
 * run in other processes. Their results come window by window into memory of the call, and are folded in the pieces of
 * map_reduce.h when the window is there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "base/size.h"
#include "base/unwind.h"
#include "call/call.h"
#include "call/failure.h"
#include "call/names.h"
#include "call/progress.h"
#include "collections/map_reduce.h"

enum { WINDOW_BYTES = 262144 /* results of one map: so much memory a call has */ };

static int fail_with(int code)
{
    errno = code;
    return -1;
}

/* What a program's progress callback is told: of the call, not of its windows. */
typedef struct overall {
    pl_progress_facts facts;
    uint64_t reported;           /* when the callback last ended, in pl_os_nanoseconds() */
    size_t done, failed;         /* tasks of the windows before */
    size_t done_now, failed_now; /* of this one, as far as is known */
} overall;

/* A call that goes on from window to window. */
typedef struct windows {
    pl_map_reduction *r;
    parallel_options o; /* the whole call's */
    const pl_request *request;
    size_t length;          /* tasks in a window: some pieces */
    uint64_t deadline;      /* of the call, in pl_os_nanoseconds(); 0: none */
    unsigned char *results; /* of a window */
    unsigned char *value;   /* what has been reduced: the blocks before `block`, */
    unsigned char *part;    /* and of that, if `begun` */
    size_t begin;           /* the window */
    size_t block;           /* the block that the next result belongs to */
    bool begun;             /* there is something of it */
    bool has_begun;         /* the call has: it is to be ended */
    int code;               /* of the first failure that was kept, or 0 */
    bool has_failure;       /* `failure` is that */
    parallel_failure failure;
    overall progress;
} windows;

/* The end of the piece that task i is in. */
static size_t piece_end(const pl_map_reduction *r, size_t i)
{
    size_t k = i / r->work.blocks.size, begin = pl_blocks_begin(&r->work.blocks, k),
           end = begin + pl_blocks_length(&r->work.blocks, k);
    size_t to = begin + ((i - begin) / r->piece + 1) * r->piece;
    return to < end ? to : end;
}

/* Where the window ends that begins with task i: with a piece. */
static size_t window_end(const windows *w, size_t i)
{
    size_t end = i;
    do
        end = piece_end(w->r, end);
    while (end < w->r->work.blocks.n && piece_end(w->r, end) - i <= w->length);
    return end;
}

/* The block ends: it is folded into all before it. */
static void end_block(windows *w)
{
    if (w->block > 0 && w->begun)
        pl_reduce_fold(w->r->op, w->value, w->part, 1);
    w->begun = false;
    w->block++;
}

/* The results of tasks [from, to) of a window have come, which are in one piece. */
static void fold_piece(windows *w, size_t from, size_t to)
{
    const pl_map_reduction *r = w->r;
    unsigned char *part = w->block == 0 ? w->value : w->part;
    pl_map_reduce_add(r, part, w->begun || w->block == 0, w->results + (from - w->begin) * r->op->type_size, to - from);
    w->begun = w->begun || to > from;
}

/* Folds what has come of the window [begin, end), but for tasks that have failed. */
static void fold_window(windows *w, size_t end, const pl_failed_list *failed)
{
    const pl_map_reduction *r = w->r;
    size_t k = 0;
    for (size_t i = w->begin, to; i < end; i = to) {
        to = piece_end(r, i);
        for (size_t from = i; from < to;) {
            while (k < failed->count && w->begin + failed->list[k].first.index + failed->list[k].count <= from)
                k++;
            size_t next = k < failed->count ? w->begin + failed->list[k].first.index : to;
            next = next < to ? next : to;
            if (from < next)
                fold_piece(w, from, next);
            from = next < to ? w->begin + failed->list[k].first.index + failed->list[k].count : to;
        }
        if (to == pl_blocks_begin(&r->work.blocks, w->block) + pl_blocks_length(&r->work.blocks, w->block))
            end_block(w);
    }
}

typedef struct folding {
    windows *w;
    size_t end;
    const pl_failed_list *failed;
} folding;

static void fold_in_context(size_t begin, size_t end, void *ctx)
{
    const folding *f = ctx;
    (void)begin;
    (void)end;
    fold_window(f->w, f->end, f->failed);
}

/* A failure of a window, as one of the call. */
static parallel_failure of_the_call(const windows *w, const parallel_failure *failure)
{
    parallel_failure f = *failure;
    f.index += w->begin;
    return f;
}

/* Keeps the first failure of a call that goes on in spite of it. */
static void keep_failure(windows *w, const pl_call *c)
{
    const parallel_failure *failure = pl_call_failure(c);
    if (w->code || !failure)
        return;
    w->code = pl_call_code(c);
    w->failure = of_the_call(w, failure);
    w->failure.message = strdup(failure->message);
    w->has_failure = w->failure.message != NULL;
}

/* Calls the program's callback. */
PL_NOT_INLINED static void call_back(windows *w)
{
    PL_UNWIND_BARRIER();
    overall *p = &w->progress;
    pl_progress_facts *outer = pl_progress_now;
    p->facts.failures = p->failed + p->failed_now;
    pl_progress_now = &p->facts;
    w->o.progress(p->done + p->done_now, w->r->work.blocks.n, w->o.progress_data);
    pl_progress_now = outer;
    p->reported = pl_os_nanoseconds();
}

/* The callback of a window. That it ends is no end of the call; but many short ones are reported now and then. */
static void report_progress(size_t done, size_t total, void *data)
{
    windows *w = data;
    overall *p = &w->progress;
    (void)total;
    p->done_now = done;
    p->failed_now = pl_progress_now->failures;
    bool is_end = pl_progress_now->ended;
    if (!is_end || (p->done + done < w->r->work.blocks.n && pl_os_nanoseconds() - p->reported > PL_PROGRESS_NS))
        call_back(w);
}

static void report_end(size_t begin, size_t end, void *ctx)
{
    (void)begin;
    (void)end;
    call_back(ctx);
}

/* The call has ended, well or not: the callback is called for the last time. */
static void end_progress(windows *w)
{
    if (!w->o.progress || !w->has_begun)
        return;
    pl_put_aside failure;
    int saved = errno, state = pl_os_cancel_defer();
    pl_failure_put_aside(&failure);
    w->progress.facts.ended = true;
    pl_blocks_call(report_end, w);
    pl_failure_put_back(&failure);
    pl_os_cancel_restore(state);
    errno = saved;
}

/* The options of a window that begins now. */
static void window_options(const windows *w, parallel_options *o)
{
    *o = w->o;
    o->names = o->names ? o->names + w->begin : NULL;
    if (o->progress) {
        o->progress = report_progress;
        o->progress_data = (void *)w;
    }
    uint64_t now = w->deadline ? pl_os_nanoseconds() : 0;
    if (w->deadline)
        o->call_timeout = w->deadline > now ? (double)(w->deadline - now) * 1e-9 : 1e-9;
}

/* Runs a window. 0; or -1 with errno and the last failure. */
PL_NOT_INLINED static int run_window(windows *w, size_t end)
{
    const pl_map_reduction *r = w->r;
    parallel_options o;
    pl_call c;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    window_options(w, &o);
    parallel_function f = *r->f;
    f.options = NULL; /* they are in `o` */
    memset(w->results, 0, (end - w->begin) * r->op->type_size);
    const unsigned char *args = end ? r->args + w->begin * f.arg_size : NULL;
    if (!pl_call_begin_map(&c, &pl_work_map, &f, args, end - w->begin, &o, w->request))
        return -1;
    w->has_begun = true;
    pl_cleanup_begin(&cleanup, pl_call_drop, &c);
    bool well = pl_call_run(&c, w->results);
    bool goes_on = well || (o.silent && !c.error && !c.failures.lost);
    if (goes_on) {
        keep_failure(w, &c);
        pl_blocks_call(fold_in_context, &(folding){w, end, &c.failures.all});
    } else if (pl_call_failure(&c)) { /* it is known by its index in the call */
        c.failures.all.list[0].first = of_the_call(w, pl_call_failure(&c));
    }
    pl_cleanup_end(&cleanup);
    pl_call_return(&c, !goes_on);
    w->progress.done += w->progress.done_now;
    w->progress.failed += w->progress.failed_now;
    w->progress.done_now = w->progress.failed_now = 0;
    return goes_on ? 0 : -1;
}

/* Runs them all; of no tasks, one, as a map of none does what the options say. */
static int run_windows(windows *w)
{
    size_t n = w->r->work.blocks.n;
    w->deadline = w->o.call_timeout > 0 && w->o.call_timeout < 1e9
                      ? pl_os_nanoseconds() + (uint64_t)(w->o.call_timeout * 1e9) + 1
                      : 0;
    w->progress.facts.started = w->progress.reported = pl_os_nanoseconds();
    do {
        size_t end = n ? window_end(w, w->begin) : 0;
        if (run_window(w, end) != 0)
            return -1;
        w->begin = end;
    } while (w->begin < n);
    return 0;
}

static void free_windows(void *ctx)
{
    windows *w = ctx;
    free((char *)w->failure.message);
    free(w->value);
}

/* All names of a call that has several windows: 0, or an error code. */
static int check_names(const windows *w)
{
    pl_names all;
    size_t n = w->r->work.blocks.n;
    if (!w->o.names || n <= w->length)
        return 0;
    int error = pl_names_init(&all, w->o.names, n, PL_NAMES_OF_ALL);
    if (!error)
        pl_names_free(&all);
    return error;
}

PL_NOT_INLINED int pl_map_reduce_tasks(pl_map_reduction *r, void *acc, const parallel_options *merged,
                                       const pl_request *request)
{
    size_t size = r->op->type_size, n = r->work.blocks.n, length = WINDOW_BYTES / size;
    windows w = {.r = r, .o = *merged, .request = request, .length = length < n ? length : n};
    w.length = w.length > r->piece ? w.length : r->piece;
    int error = check_names(&w);
    if (error)
        return fail_with(error);
    size_t room = pl_size_multiply((w.length < n ? w.length : n) + r->piece + 2, size);
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    w.value = pl_results_allocate(room, r->op->type_align > PL_LINE ? r->op->type_align : PL_LINE);
    if (!w.value)
        return fail_with(ENOMEM);
    w.part = w.value + size;
    w.results = w.part + size;
    pl_cleanup_begin(&cleanup, free_windows, &w);
    memcpy(w.value, acc, size);
    int result = run_windows(&w);
    end_progress(&w);
    pl_cleanup_end(&cleanup);
    if (result == 0)
        memcpy(acc, w.value, size);
    if (result == 0 && w.code) { /* the others are in *acc */
        if (w.has_failure)
            pl_failure_set_last(&w.failure);
        result = fail_with(w.code);
    }
    int saved = errno;
    free_windows(&w);
    errno = saved;
    return result;
}
