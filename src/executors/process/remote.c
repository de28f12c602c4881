/* SPDX-License-Identifier: MIT */
/* Running tasks in a worker process. */
#include "executors/process/remote.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "base/os_process.h"
#include "base/unwind.h"
#include "call/failure.h"
#include "executors/process/group.h"

_Static_assert(sizeof(pl_context) <= PL_BOARD_ROOM, "a chunk fits where a slot has room for it");

/* An assignment that is being run. */
typedef struct task_run {
    pl_endpoint *endpoint;
    const pl_remote *all;
    const pl_assignment *assignment;
    pl_context *context; /* in the room of the slot, so that all can see which task the worker is at */
    pl_context *outer;   /* the one that it is in */
    bool timed;
} task_run;

void pl_remote_function(pl_remote_task *task, const parallel_function *f)
{
    task->kernel = f->step ? f->step : f->can_fail ? f->kernel : NULL;
    task->whole = task->kernel ? NULL : f->kernel;
    task->call = f->call;
    task->arg_size = f->arg_size;
    task->result_size = f->result_size;
    task->can_fail = pl_function_can_fail(f);
}

static const pl_remote_task *task_of(const task_run *r, size_t i)
{
    return &r->all->tasks[r->all->separate ? i : 0];
}

/* Whether the context, which others can write to, is as it was set up for a task. */
static bool is_as_it_was(const task_run *r, const pl_remote_task *task)
{
    const parallel_span *span = &r->context->span;
    return span->args == task->args && span->results == task->out && span->extras == task->extras &&
           span->stop == pl_endpoint_stop(r->endpoint) && r->context->outer == r->outer &&
           r->context->parent == r->all->parent;
}

/* Runs a function on the tasks [first, last) of its array. Returns as a kernel does. */
static size_t call_function(const pl_remote_task *task, parallel_span *span, size_t first, size_t last)
{
    if (task->kernel)
        return task->kernel(span, first, last);
    if (task->whole) {
        for (size_t i = first; i < last; i++) {
            *(volatile size_t *)&span->index = i;
            task->whole(span, i, i + 1);
        }
        return last;
    }
    pl_map m = {.call = task->call,
                .args = task->args,
                .out = task->out,
                .arg_size = task->arg_size,
                .result_size = task->result_size};
    return pl_work_call_each(&m, span, first, last);
}

/* Runs the tasks [begin, end) once. Returns as a kernel does. Where tasks are separate, each is the first of its own
 * array. */
static size_t run_once(task_run *r, size_t begin, size_t end)
{
    const pl_remote_task *task = task_of(r, begin);
    size_t first = r->all->separate ? 0 : begin, last = r->all->separate ? 1 : end;
    parallel_span *span = &r->context->span;
    span->args = task->args;
    span->results = task->out;
    span->extras = task->extras;
    r->context->can_fail = task->can_fail;
    pl_context_renew(r->context);
    PL_UNWIND_BARRIER();
    size_t i = call_function(task, span, first, last);
    pl_endpoint_check(r->endpoint);
    if (!is_as_it_was(r, task))
        pl_endpoint_renounce(r->endpoint);
    fflush(stdout); /* while the worker can still be killed, should nobody read */
    return begin + (i - first);
}

/* Gets the memory for the results. Those of tasks that can fail are zero when the tasks start. */
static void clear_results(const task_run *r, size_t begin, size_t end)
{
    const pl_remote_task *task = task_of(r, begin);
    if (!task->out || !task->result_size)
        return;
    unsigned char *results = (unsigned char *)task->out + (r->all->separate ? 0 : begin * task->result_size);
    pl_arena_warm(results, (end - begin) * task->result_size);
    if (task->can_fail)
        memset(results, 0, (end - begin) * task->result_size);
}

/* Reports that the tasks [begin, end) have failed. */
static void report_failure(task_run *r, size_t begin, size_t end, bool late)
{
    pl_context *context = r->context;
    size_t noted = r->all->separate ? 0 : begin;
    unsigned tried = r->assignment->tried;
    parallel_failure failure =
        late ? pl_failure_of_late(begin, tried) : pl_failure_of_context(context, begin, noted, tried);
    pl_report report = {.kind = PL_REPORT_FAILED,
                        .position = r->assignment->position,
                        .begin = begin,
                        .end = end,
                        .code = failure.code,
                        .state = failure.state,
                        .final = pl_failure_is_final(context, noted)};
    char *message = context->span.code ? pl_failure_message(context, noted) : NULL;
    pl_endpoint_report(r->endpoint, &report, message);
    free(message);
    if (!r->all->keep_all && (r->assignment->last || report.final))
        pl_stop_raise(context->span.stop, PL_STOP_ALL);
}

/* How far to go at a time: one task where tasks have timeouts, or are separate; and no further than the worker may. */
static size_t piece_end(const task_run *r, size_t i)
{
    size_t end = r->assignment->end;
    unsigned most = r->endpoint->work.tasks_per_worker;
    if (r->all->chunks)
        return end;
    if (r->timed || r->all->separate)
        return i + 1;
    return most && end - i > most - r->endpoint->ran ? i + (most - r->endpoint->ran) : end;
}

void pl_remote_orphan(void *room)
{
    static pl_stop stopped = PL_STOP_ALL;
    ((pl_context *)room)->span.stop = &stopped;
}

/* A worker that is killed leaves by itself: it may be that nothing can kill it. */
static void end_or_die(pl_endpoint *endpoint)
{
    if (!pl_endpoint_end(endpoint))
        pl_os_leave(1);
}

/* Runs a piece; returns where the next begins, or where the call was stopped. */
static size_t run_piece(task_run *r, size_t begin, size_t end)
{
    pl_endpoint *endpoint = r->endpoint;
    bool late = false;
    if (r->timed) {
        uint64_t now = pl_os_nanoseconds(), timeout = r->assignment->timeout_ns;
        r->context->deadline = timeout && timeout < UINT64_MAX - now ? now + timeout : 0;
        pl_endpoint_start(endpoint, now, timeout);
    }
    size_t i = run_once(r, begin, end);
    if (r->timed) {
        end_or_die(endpoint);
        late = r->context->deadline && pl_os_nanoseconds() > r->context->deadline;
    }
    bool failed = r->context->span.code != 0;
    size_t well = late ? 0 : i - begin;
    pl_endpoint_count(endpoint, well);
    endpoint->ran += (unsigned)well;
    if (!late && !failed)
        return i;
    size_t last = late || r->all->chunks ? end : i + 1;
    endpoint->ran += (unsigned)(last - (begin + well));
    report_failure(r, begin + well, last, late);
    return last;
}

void pl_remote_run(pl_endpoint *endpoint, const pl_assignment *assignment)
{
    task_run r = {.endpoint = endpoint,
                  .all = endpoint->work.context,
                  .assignment = assignment,
                  .context = (pl_context *)(void *)endpoint->slot->room,
                  .outer = pl_context_thread.context,
                  .timed = endpoint->work.timed};
    *r.context =
        (pl_context){.span = {.stop = pl_endpoint_stop(endpoint), .index = PL_NO_INDEX}, .parent = r.all->parent};
    r.context->call = r.all;
    r.context->participant = r.all->first_participant + endpoint->number;
    pl_context_begin(r.context);
    clear_results(&r, assignment->begin, assignment->end);
    if (!r.timed)
        pl_endpoint_start(endpoint, 0, 0);
    size_t i = assignment->begin;
    while (i < assignment->end && !pl_endpoint_is_spent(endpoint) && !pl_stop_level(r.context->span.stop)) {
        size_t next = run_piece(&r, i, piece_end(&r, i));
        if (next == i)
            break;
        i = next;
    }
    if (!r.timed)
        end_or_die(endpoint);
    if (i < assignment->end) {
        pl_report left = {.kind = PL_REPORT_LEFT, .position = assignment->position, .begin = i, .end = assignment->end};
        pl_endpoint_report(endpoint, &left, NULL);
    }
    pl_context_end(r.context);
}
