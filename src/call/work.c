/* SPDX-License-Identifier: MIT */
/* Maps, splits and loops, as kinds of work. */
#include "call/work.h"

#include <string.h>

#include "call/failure.h"
#include "base/os.h"
#include "base/unwind.h"
#include "sched/loop.h"

_Static_assert(sizeof(pl_map) <= PL_LOOP_CTX, "a map fits where a loop's context goes");

/* ---- chunks of tasks of a map ---------------------------------------------------------------------------- */

static void zero_results(const pl_map *m, size_t begin, size_t end)
{
    if (m->out && m->result_size)
        memset((unsigned char *)m->out + begin * m->result_size, 0, (end - begin) * m->result_size);
}

size_t pl_work_call_each(const pl_map *m, parallel_span *span, size_t begin, size_t end)
{
    const unsigned char *args = m->args;
    unsigned char *result = m->out;
    size_t i = begin;
    for (; i < end && !pl_stop_is_raised(span->stop); i++) {
        span->index = i;
        span->code = m->call(args + i * m->arg_size, result ? result + i * m->result_size : NULL, span->extras);
        if (span->code)
            break;
    }
    return i;
}

/* Notes that a function which was given the tasks [begin, end) at once failed. */
static void note_failures(const pl_map *m, pl_context *context, size_t begin, size_t end)
{
    parallel_failure failure = pl_failure_of_context(context, begin, begin, 0);
    zero_results(m, begin, end);
    pl_failures_add(m->failures, &failure, end - begin, pl_failure_message(context, begin));
}

PL_NOT_INLINED int pl_work_run_tasks(void *map, size_t begin, size_t end, void *stop, unsigned participant)
{
    const pl_map *m = map;
    pl_context context = {
        .span = {.args = m->args, .results = m->out, .extras = m->extras, .stop = stop},
        .can_fail = true,
        .participant = participant,
        .parent = m->failures->parent,
        .call = m->failures,
    };
    pl_context_begin(&context);
    PL_UNWIND_BY(pl_context_unwinds);
    bool failed = false;
    while (begin < end && !failed) {
        size_t i = m->kernel ? m->kernel(&context.span, begin, end) : pl_work_call_each(m, &context.span, begin, end);
        if (context.span.code == 0)
            break;
        size_t last = m->failures->chunks ? end : i + 1;
        note_failures(m, &context, i, last);
        context.span.code = 0;
        failed = !m->failures->keep_all;
        begin = last;
    }
    if (failed && pl_stop_raise(stop, PL_STOP_ALL))
        pl_stop_notify(pl_context_root(&context));
    pl_context_end(&context);
    return failed;
}

PL_NOT_INLINED int pl_work_run_sure_tasks(void *map, size_t begin, size_t end, void *stop, unsigned participant)
{
    const pl_map *m = map;
    (void)stop;
    PL_UNWIND_BY(pl_context_unwinds);
    pl_work_run_kernel(m->parent, participant, m->kernel, m->args, m->out, begin, end);
    return 0;
}

/* ---- the kind: maps -------------------------------------------------------------------------------------- */

static size_t run_map(const pl_work *work, pl_context *context, size_t begin, size_t end)
{
    const pl_map *m = &work->map;
    return m->kernel ? m->kernel(&context->span, begin, end) : pl_work_call_each(m, &context->span, begin, end);
}

static void zero_map(const pl_work *work, size_t begin, size_t end)
{
    zero_results(&work->map, begin, end);
}

static const void *map_arg(const pl_work *work, size_t i)
{
    return work->given ? (const unsigned char *)work->given + i * work->map.arg_size : NULL;
}

static uintptr_t map_cost_key(const pl_work *work)
{
    const parallel_function *f = &work->function;
    return f->kernel ? (uintptr_t)f->kernel : (uintptr_t)f->call;
}

static pl_loop_body *map_chunks(pl_work *work, void **ctx, size_t *ctx_size)
{
    *ctx = &work->map;
    *ctx_size = sizeof work->map;
    return pl_function_can_fail(&work->function) ? pl_work_run_tasks : pl_work_run_sure_tasks;
}

static parallel_results *new_map_results(const pl_work *work, pl_results_fill fill, const pl_memory *memory)
{
    return pl_results_new(work->n, work->function.result_size, work->function.result_align, fill, memory);
}

static void bind_map(const pl_work *work, size_t i, pl_bound *to)
{
    (void)i;
    *to = (pl_bound){
        .function = work->function, .args = work->map.args, .out = work->map.out, .extras = work->map.extras};
}

#define MAP                                                                                                            \
    .run = run_map, .zero = zero_map, .arg = map_arg, .cost_key = map_cost_key, .chunks = map_chunks,                  \
    .new_results = new_map_results, .bind = bind_map

const pl_work_kind pl_work_map = {.name = "map", MAP};
const pl_work_kind pl_work_split = {.name = "split", .is_split = true, MAP};

/* ---- the kind: loops ------------------------------------------------------------------------------------- */

PL_NOT_INLINED int pl_work_run_loop(void *loop, size_t begin, size_t end, void *stop, unsigned participant)
{
    (void)stop;
    PL_UNWIND_BY(pl_context_unwinds);
    pl_work_run_body(loop, participant, begin, end);
    return 0;
}

static size_t run_loop_body(const pl_work *work, pl_context *context, size_t begin, size_t end)
{
    (void)context;
    work->loop.body(begin, end, work->loop.ctx);
    return end;
}

static void zero_nothing(const pl_work *work, size_t begin, size_t end)
{
    (void)work;
    (void)begin;
    (void)end;
}

static const void *no_arg(const pl_work *work, size_t i)
{
    (void)work;
    (void)i;
    return NULL;
}

static uintptr_t loop_cost_key(const pl_work *work)
{
    return work->loop_cost_key;
}

static pl_loop_body *loop_chunks(pl_work *work, void **ctx, size_t *ctx_size)
{
    *ctx = &work->loop;
    *ctx_size = sizeof work->loop;
    return pl_work_run_loop;
}

const pl_work_kind pl_work_loop = {
    .name = "loop",
    .is_untimed = true,
    .run = run_loop_body,
    .zero = zero_nothing,
    .arg = no_arg,
    .cost_key = loop_cost_key,
    .chunks = loop_chunks,
};
