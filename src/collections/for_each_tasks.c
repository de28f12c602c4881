/* SPDX-License-Identifier: MIT */
/* How the items of a for_each are run, slice by slice; for_each.h says what a slice is. */
#include "collections/for_each_tasks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "base/unwind.h"
#include "call/call_worker.h"
#include "call/failure.h"
#include "collections/for_each_parts.h"
#include "sched/stop.h"

/* How many items are run between two looks at the clock, where they are short. */
enum { LOOKS = 4 };
/* By what factor the number of items in a slice may rise from one to the next. */
enum { STEP = 8 };

/* ---- slices ---------------------------------------------------------------------------------------------- */

/* Where items are while they run: those that they add take their places in the bag. Large ones have memory of their
 * own, NULL if there is none. */
static unsigned char *room_to_run(pl_for_each_part *part, unsigned char *near, size_t bytes)
{
    const pl_bag_shape *shape = &part->bag.shape[0];
    if (shape->stride <= bytes && shape->align <= PL_LINE)
        return near;
    if (!part->far)
        part->far = pl_results_allocate(shape->stride, shape->align);
    return part->far;
}

/* Takes the next item out to run it. NULL if there is none in private. */
static const unsigned char *take_item(pl_for_each_part *part, unsigned char *room)
{
    const size_t *from = pl_bag_pop(&part->bag);
    size_t words = part->each->shape.stride / sizeof *from;
    if (!from)
        return NULL;
    for (size_t i = 0; i < words; i++)
        ((size_t *)(void *)room)[i] = from[i];
    return room;
}

/* A slice that is under way. */
typedef struct slice {
    uint64_t began, lasting; /* in ticks */
    size_t items;            /* that it has run */
} slice;

static slice begin_slice(void)
{
    return (slice){.began = pl_ticks(), .lasting = PL_FOR_EACH_SLICE_US * pl_os_ticks_per_us()};
}

/* An item has been run: whether the slice is to go on. */
static bool goes_on(slice *s, const pl_for_each_part *part)
{
    s->items++;
    if (part->want == 1)
        return false;
    return (part->want >= LOOKS && s->items % LOOKS) || pl_ticks() - s->began < s->lasting;
}

/* Learns from a slice how many items the next one is to have. */
static void end_slice(const slice *s, pl_for_each_part *part)
{
    uint64_t ticks = pl_ticks() - s->began, want = ticks ? s->items * s->lasting / ticks : PL_FOR_EACH_MOST;
    uint64_t most = part->want * STEP < PL_FOR_EACH_MOST ? part->want * STEP : PL_FOR_EACH_MOST;
    part->ticks += ticks;
    part->items += s->items;
    part->want = want < 1 || part->each->is_eager ? 1 : want < most ? want : most;
}

/* ---- without a policy ------------------------------------------------------------------------------------ */

/* Adds the failure of an item, unless it is to be dropped. True if the call is to stop. */
static bool note_failure(const pl_for_each *e, pl_context *context, const unsigned char *record)
{
    pl_call *c = e->call;
    size_t number = c->work.kind->number(&c->work, (size_t)(uintptr_t)record);
    parallel_failure failure = pl_failure_of_context(context, number, 0, 0);
    failure.arg = record + e->offset;
    pl_failures_add(&c->failures, &failure, 1, pl_failure_message(context, 0));
    return !c->options.silent;
}

/* Nothing more of the call begins: an item is left out. */
static void leave_out(const pl_for_each *e, int why, const unsigned char *record)
{
    pl_call *c = e->call;
    size_t number = c->work.kind->number(&c->work, (size_t)(uintptr_t)record);
    parallel_failure failure = {.index = number, .state = PARALLEL_NOT_RUN, .code = why, .arg = record + e->offset};
    pl_failures_add(&c->failures, &failure, 1, NULL);
}

/* What runs an item that needs no policy. */
static void call_function(const parallel_function *f, pl_context *context)
{
    if (f->kernel) {
        f->kernel(&context->span, 0, 1);
        return;
    }
    pl_map m = {.call = f->call, .args = context->span.args};
    pl_work_call_each(&m, &context->span, 0, 1);
}

/* Runs items until the slice is over, or one fails. True if the call is to stop. */
PL_NOT_INLINED static bool run_slice(pl_for_each_part *part, unsigned char *room, void *stop, unsigned participant)
{
    const pl_for_each *e = part->each;
    pl_call *c = e->call;
    const parallel_function *f = &c->work.function;
    pl_context context = {
        .span = {.extras = c->work.extras, .stop = stop},
        .can_fail = true,
        .participant = participant,
        .parent = c->parent,
        .call = &c->failures,
        .part = part,
    };
    pl_context_begin(&context);
    PL_UNWIND_BY(pl_context_unwinds);
    const unsigned char *record;
    bool failed = false;
    slice s = begin_slice();
    while (!failed && (record = take_item(part, room))) {
        context.span.args = record + e->offset;
        call_function(f, &context);
        if (context.span.code)
            failed = note_failure(e, &context, record);
        pl_context_renew(&context);
        if (!goes_on(&s, part) || pl_stop_is_raised(stop))
            break;
    }
    end_slice(&s, part);
    if (failed && pl_stop_raise(stop, PL_STOP_ALL))
        pl_stop_notify(pl_context_root(&context));
    pl_context_end(&context);
    return failed;
}

/* The call fails. */
static void set_no_memory(pl_for_each *e)
{
    pthread_mutex_lock(&e->mutex);
    e->call->error = ENOMEM;
    pthread_mutex_unlock(&e->mutex);
}

pl_loop_found pl_for_each_work(void *each, pl_participant *p, void *stop, unsigned participant)
{
    pl_for_each *e = each;
    alignas(PL_LINE) unsigned char near[PL_FOR_EACH_NEAR];
    pl_for_each_part *part = pl_for_each_enter(e, p, participant);
    if (!part)
        return PL_LOOP_NOTHING;
    unsigned char *room = room_to_run(part, near, sizeof near);
    int why = room ? pl_for_each_over(e) : ENOMEM;
    bool stops = why != 0;
    if (room && why && take_item(part, room))
        leave_out(e, why, room);
    else if (!room)
        set_no_memory(e);
    else if (!why)
        stops = run_slice(part, room, stop, participant);
    pl_for_each_leave(part);
    return stops ? PL_LOOP_STOP : PL_LOOP_SOME;
}

/* ---- with a policy --------------------------------------------------------------------------------------- */

/* Runs a task, and nothing else in which items may be added. True if the call is to stop. */
static bool run_task(pl_call_worker *t, pl_for_each_part *part, const unsigned char *record)
{
    size_t begin = (size_t)(uintptr_t)record;
    t->context.part = part;
    bool began = pl_call_worker_run(t, begin, begin + 1, 0) != begin;
    t->context.part = NULL;
    return t->stop || !began;
}

/* Runs what has waited for its next attempt, as far as it is due. True if the call is to stop. */
static bool run_due(pl_call_worker *t, pl_for_each_part *part)
{
    pl_for_each *e = part->each;
    pl_retry *r;
    while (e->waits && !t->stop && !pl_for_each_over(e) && (r = pl_policy_take_due(&e->call->policy))) {
        void *record = (void *)(uintptr_t)r->begin;
        t->context.part = part;
        pl_call_worker_retry(t, r);
        t->context.part = NULL;
        free(record);
    }
    return t->stop;
}

/* Runs items until the slice is over. True if the call is to stop. */
static bool run_slice_by_policy(pl_call_worker *t, pl_for_each_part *part, unsigned char *room)
{
    pl_for_each *e = part->each;
    const unsigned char *record;
    bool stops = run_due(t, part);
    slice s = begin_slice();
    while (!stops && (record = take_item(part, room))) {
        int why = pl_for_each_over(e);
        if (why)
            pl_call_worker_leave_out(t, why, (size_t)(uintptr_t)record, (size_t)(uintptr_t)record + 1);
        stops = why || run_task(t, part, record);
        if (!goes_on(&s, part))
            break;
    }
    end_slice(&s, part);
    return stops;
}

/* The call's progress knows of what has been added, before what has been done. */
static void report_progress(pl_call_worker *t, pl_for_each_part *part)
{
    pl_progress *progress = &t->call->policy.progress;
    if (progress->callback && part->added)
        pl_progress_extend(progress, part->added);
    part->added = 0;
    pl_call_worker_report(t);
}

/* There is nothing to take. The caller waits, if there are tasks that do: then there may be. */
static pl_loop_found find_nothing(pl_call_worker *t, pl_for_each *e, pl_for_each_part *part)
{
    bool is_caller = part == &e->first;
    if (!is_caller || !e->waits || pl_policy_next_due(&e->call->policy) == UINT64_MAX)
        return PL_LOOP_NOTHING;
    pl_for_each_wait(e);
    if (pl_for_each_over(e))
        return PL_LOOP_STOP;
    bool stops = run_due(t, part);
    return stops ? PL_LOOP_STOP : PL_LOOP_SOME;
}

pl_loop_found pl_for_each_work_by_policy(void *each, pl_participant *p, void *stop, unsigned participant)
{
    pl_for_each *e = each;
    alignas(PL_LINE) unsigned char near[PL_FOR_EACH_NEAR];
    pl_call_worker t;
    (void)stop;
    pl_call_worker_begin(&t, e->call, participant);
    pl_for_each_part *part = pl_for_each_enter(e, p, participant);
    pl_loop_found found = PL_LOOP_SOME;
    if (!part) {
        found = participant == 0 ? find_nothing(&t, e, &e->first) : PL_LOOP_NOTHING;
        part = participant == 0 ? &e->first : NULL;
    } else {
        unsigned char *room = room_to_run(part, near, sizeof near);
        if (!room)
            set_no_memory(e);
        if (!room || run_slice_by_policy(&t, part, room))
            found = PL_LOOP_STOP;
        pl_for_each_leave(part);
    }
    if (part)
        report_progress(&t, part);
    if (e->waits && p) {
        pl_for_each_tell(e);
        pl_loop_poke(p);
    }
    pl_call_worker_end(&t);
    return found;
}
