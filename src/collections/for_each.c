/* SPDX-License-Identifier: MIT */
/* Calls whose tasks bring forth others: the call; for_each.h says how it works. */
#include "collections/for_each.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "base/unwind.h"
#include "call/call_worker.h"
#include "call/failure.h"
#include "collections/for_each_parts.h"
#include "collections/for_each_tasks.h"
#include "sched/chunking.h"
#include "sched/stop.h"

/* ---- the loop -------------------------------------------------------------------------------------------- */

/* Learns what items have cost, of a call that ran all of them. */
static void learn_cost(pl_for_each *e, pl_cost *cost)
{
    uint64_t ticks = 0, items = 0;
    for (unsigned i = 0; i < pl_for_each_parts(e); i++) {
        ticks += pl_for_each_part_at(e, i)->ticks;
        items += pl_for_each_part_at(e, i)->items;
    }
    if (items)
        pl_cost_learn(cost, ticks, items, PL_COST_SURE);
}

/* What still waits for its next attempt is not tried any more, as the call has ended before. */
static void give_up_rest(pl_call *c)
{
    pl_call_worker t;
    pl_retry *r;
    pl_call_worker_begin(&t, c, 0);
    while ((r = pl_policy_take_any(&c->policy))) {
        void *record = (void *)(uintptr_t)r->begin;
        pl_call_worker_give_up(&t, r);
        free(record);
    }
    pl_call_worker_end(&t);
}

/* Whether there is something to take; the caller's work has tasks that wait, too. */
static bool has_some(void *each, bool for_caller)
{
    pl_for_each *e = each;
    return pl_for_each_has_public(e) || (for_caller && pl_for_each_next_due(e) != UINT64_MAX);
}

static void run_all(pl_call *c, pl_loop_spec *spec)
{
    pl_for_each *e = c->work.for_each;
    unsigned limit = spec->workers ? spec->workers : pl_pool_cores();
    uint64_t slice = PL_FOR_EACH_SLICE_US * pl_os_ticks_per_us(), one = pl_cost_guess(spec->cost, 1);
    uint64_t want = pl_chunking_first(one, slice);
    e->count = limit < PL_SLEEP_MAX ? limit : PL_SLEEP_MAX;
    e->is_eager = spec->workers > pl_pool_cores();
    e->first.want = e->is_eager ? 1 : want < PL_FOR_EACH_MOST ? want : PL_FOR_EACH_MOST;
    e->open.begins_alone = want > PL_FOR_EACH_SLICE_US;
    spec->open = &e->open;
    spec->ctx = e;
    if (c->has_policy && !c->policy.began)
        pl_policy_begin(&c->policy, &c->options, c->work.n);
    do
        pl_loop_run(spec);
    while (pl_for_each_next_due(e) != UINT64_MAX && !pl_for_each_over(e));
    if (e->waits)
        give_up_rest(c);
    if (!c->failures.all.count)
        learn_cost(e, spec->cost);
    if (c->has_policy)
        pl_call_worker_end_progress(c);
}

/* ---- the kind -------------------------------------------------------------------------------------------- */

static const void *item_of(const pl_work *work, size_t record)
{
    return (const unsigned char *)(uintptr_t)record + work->for_each->offset;
}

static size_t run_item(const pl_work *work, pl_context *context, size_t begin, size_t end)
{
    const parallel_function *f = &work->function;
    (void)end;
    context->span.args = item_of(work, begin);
    if (f->kernel)
        return begin + f->kernel(&context->span, 0, 1);
    pl_map m = {.call = f->call, .args = context->span.args};
    return begin + pl_work_call_each(&m, &context->span, 0, 1);
}

static void zero_nothing(const pl_work *work, size_t begin, size_t end)
{
    (void)work;
    (void)begin;
    (void)end;
}

static uintptr_t cost_key(const pl_work *work)
{
    const parallel_function *f = &work->function;
    return f->kernel ? (uintptr_t)f->kernel : (uintptr_t)f->call;
}

static size_t number_of(const pl_work *work, size_t record)
{
    (void)work;
    return *(const size_t *)(uintptr_t)record;
}

static size_t keep_item(const pl_work *work, size_t record)
{
    const pl_bag_shape *shape = &work->for_each->shape;
    void *copy = pl_results_allocate(shape->stride, shape->align);
    if (copy)
        memcpy(copy, (const void *)(uintptr_t)record, shape->stride);
    return (size_t)(uintptr_t)copy;
}

static const pl_work_kind for_each_kind = {
    .name = "for_each",
    .is_separate = true,
    .run = run_item,
    .zero = zero_nothing,
    .arg = item_of,
    .cost_key = cost_key,
    .run_all = run_all,
    .number = number_of,
    .keep = keep_item,
};

/* ---- a call ---------------------------------------------------------------------------------------------- */

/* A call, and what it has beside. */
typedef struct for_each_call {
    pl_call call;
    pl_for_each each;
} for_each_call;

/* Of a type of so many bytes, if its alignment is not known: no more than that has. */
static size_t alignment_of(const parallel_function *f)
{
    size_t align = f->arg_align ? f->arg_align : f->arg_size & (~f->arg_size + 1);
    return f->arg_align || align < PL_LINE ? align : PL_LINE;
}

static void init_each(pl_for_each *e, pl_call *c, const parallel_function *given)
{
    parallel_function *f = &c->work.function;
    f->arg_align = alignment_of(f);
    size_t align = f->arg_align > alignof(size_t) ? f->arg_align : alignof(size_t);
    e->call = c;
    e->given = given;
    e->offset = align > sizeof(size_t) ? align : sizeof(size_t);
    e->shape = pl_bag_shape_of(pl_size_add(e->offset, f->arg_size), align);
    e->has_policy = c->has_policy;
    e->waits = c->has_policy && c->options.retries > 0 && c->options.retry_delay > 0;
    e->open.work = e->has_policy ? pl_for_each_work_by_policy : pl_for_each_work;
    e->open.has_some = has_some;
    e->open.begins_alone = false;
    e->count = 1;
    e->others = NULL;
    e->mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    e->numbers = c->work.n;
    e->caller_sleeps = false;
    pl_for_each_init_part(&e->first, e);
    pl_bag_lend(&e->first.bag, e->chunk, sizeof e->chunk);
    c->work.for_each = e;
}

/* Copies the items, so that the first is run first where one thread runs all of them, and where there is room for a
 * copy of one that fails. False if there is no memory. */
static bool take_items(pl_for_each *e, const unsigned char *items)
{
    pl_call *c = e->call;
    size_t size = c->work.function.arg_size;
    bool is_near = size <= sizeof e->failed && c->work.function.arg_align <= PL_LINE;
    c->failures.arg = is_near ? e->failed : pl_results_allocate(size, c->work.function.arg_align);
    c->failures.arg_size = size;
    if (!c->failures.arg)
        return false;
    for (size_t i = c->work.n; i > 0; i--)
        if (!pl_for_each_push(&e->first, items + (i - 1) * size, i - 1))
            return false;
    return true;
}

static void end_each(pl_for_each *e)
{
    for (unsigned i = 0; i < pl_for_each_parts(e); i++) {
        pl_bag_free(&pl_for_each_part_at(e, i)->bag);
        free(pl_for_each_part_at(e, i)->far);
    }
    free(e->others);
    pthread_mutex_destroy(&e->mutex);
    if (e->call->failures.arg != e->failed)
        free(e->call->failures.arg);
}

static void drop_call(void *call)
{
    for_each_call *f = call;
    end_each(&f->each);
    pl_call_drop(&f->call);
}

/* False with errno; then there is nothing to end. */
static bool begin_call(for_each_call *fc, const parallel_function *f, const void *items, size_t n,
                       const parallel_options *options, const pl_request *request)
{
    pl_call *c = &fc->call;
    pl_call_begin(c, &for_each_kind, n);
    if (!pl_function_take(&c->work.function, f))
        return false;
    if (c->work.function.result_size)
        return pl_error_deny(EINVAL, "the function has a result, which there is no place for");
    if (n && !items)
        return pl_error_deny_null("items", n);
    if (pl_size_multiply(n, c->work.function.arg_size) == PL_SIZE_NONE)
        return pl_error_deny_memory();
    if (!pl_call_merge_options(c, options, c->work.function.options, request))
        return false;
    if (c->options.names)
        return pl_error_deny(EINVAL, "this call has no option names");
    c->work.map = (pl_map){.kernel = c->work.function.kernel, .call = c->work.function.call, .extras = c->work.extras};
    pl_call_begun(c, request);
    c->failures.keep_all = false; /* `silent` or not, one is told of */
    init_each(&fc->each, c, f);
    return true;
}

PL_NOT_INLINED int pl_for_each_run(const parallel_function *f, const void *items, size_t n,
                                   const parallel_options *options, const pl_request *request)
{
    for_each_call fc;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    if (!begin_call(&fc, f, items, n, options, request))
        return -1;
    pl_cleanup_begin(&cleanup, drop_call, &fc);
    bool well = take_items(&fc.each, items) && pl_call_run(&fc.call, NULL);
    pl_cleanup_end(&cleanup);
    pl_call_return(&fc.call, !well);
    int saved = errno;
    end_each(&fc.each);
    errno = saved;
    return well ? 0 : -1;
}
