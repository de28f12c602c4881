/* SPDX-License-Identifier: MIT */
/* Running tasks in a worker process. */
#include "executors/process/remote.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "base/unwind.h"
#include "executors/process/group.h"

_Static_assert(sizeof(pl_chunk) <= PL_BOARD_ROOM, "a chunk fits where a slot has room for it");

/* An offer on its way. */
typedef struct run_of {
    pl_seat *seat;
    const pl_remote *all;
    const pl_offer *offer;
    pl_chunk *chunk; /* on the board, so that all can see which task it is at */
    pl_chunk *outer; /* what that is in */
    bool timed;
} run_of;

void pl_remote_function(pl_remote_task *task, const parallel_function *f)
{
    task->kernel = f->step ? f->step : f->can_fail ? f->kernel : NULL;
    task->whole = task->kernel ? NULL : f->kernel;
    task->call = f->call;
    task->arg_size = f->arg_size;
    task->result_size = f->result_size;
    task->can_fail = pl_can_fail(f);
}

static const pl_remote_task *task_of(const run_of *r, size_t i)
{
    return &r->all->tasks[r->all->par ? i : 0];
}

/* Whether the chunk, which others can write to, is the one that was set up for a task. */
static bool is_as_it_was(const run_of *r, const pl_remote_task *task)
{
    const parallel_span *span = &r->chunk->span;
    return span->args == task->args && span->results == task->out && span->extras == task->extras &&
           span->stop == pl_seat_stop(r->seat) && r->chunk->outer == r->outer && r->chunk->parent == r->all->parent;
}

/* Runs the tasks [begin, end) once; returns as a kernel does. Those of a par are each the first of their array. */
static size_t run_once(run_of *r, size_t begin, size_t end)
{
    const pl_remote_task *task = task_of(r, begin);
    size_t first = r->all->par ? 0 : begin, last = r->all->par ? 1 : end;
    parallel_span *span = &r->chunk->span;
    span->args = task->args;
    span->results = task->out;
    span->extras = task->extras;
    r->chunk->can_fail = task->can_fail;
    pl_chunk_renew(r->chunk);
    PL_UNWIND_BARRIER();
    size_t i = first;
    if (task->kernel)
        i = task->kernel(span, first, last);
    else if (task->whole) {
        for (; i < last; i++) {
            *(volatile size_t *)&span->index = i;
            task->whole(span, i, i + 1);
        }
    } else {
        pl_map m = {.call = task->call,
                    .args = task->args,
                    .out = task->out,
                    .arg_size = task->arg_size,
                    .result_size = task->result_size};
        i = pl_call_each(&m, span, first, last);
    }
    pl_seat_check(r->seat);
    if (!is_as_it_was(r, task))
        pl_seat_renounce(r->seat);
    fflush(stdout); /* while it can still be killed, should nobody read */
    return begin + (i - first);
}

/* Room for the results; those of tasks that can fail are zero when they start. */
static void clear(const run_of *r, size_t begin, size_t end)
{
    const pl_remote_task *task = task_of(r, begin);
    if (!task->out || !task->result_size)
        return;
    unsigned char *results = (unsigned char *)task->out + (r->all->par ? 0 : begin * task->result_size);
    pl_arena_warm(results, (end - begin) * task->result_size);
    if (task->can_fail)
        memset(results, 0, (end - begin) * task->result_size);
}

/* Reports that the tasks [begin, end) have failed. */
static void report_failure(run_of *r, size_t begin, size_t end, bool late)
{
    pl_chunk *chunk = r->chunk;
    size_t noted = r->all->par ? 0 : begin;
    parallel_failure failure = pl_chunk_failure(chunk, begin, noted, late, r->offer->tried);
    pl_report report = {.kind = PL_REPORT_FAILED,
                        .position = r->offer->position,
                        .begin = begin,
                        .end = end,
                        .code = failure.code,
                        .state = failure.state,
                        .final = pl_chunk_is_final(chunk, noted)};
    char *message = chunk->span.code ? pl_chunk_message(chunk, noted) : NULL;
    pl_seat_report(r->seat, &report, message);
    free(message);
    if (!r->all->keep_all && (r->offer->last || report.final))
        pl_stop_raise(chunk->span.stop, PL_STOP_ALL);
}

/* How far to go at a time: where there is a deadline for each task, or each has a function of its own, one by one; and no
 * further than the worker may. */
static size_t piece_end(const run_of *r, size_t i)
{
    size_t end = r->offer->end;
    unsigned most = r->seat->job.tasks_per_worker;
    if (r->all->chunks)
        return end;
    if (r->timed || r->all->par)
        return i + 1;
    return most && end - i > most - r->seat->ran ? i + (most - r->seat->ran) : end;
}

void pl_remote_stray(void *room)
{
    static pl_stop stopped = PL_STOP_ALL;
    ((pl_chunk *)room)->span.stop = &stopped;
}

static void end_or_die(pl_seat *seat)
{
    if (!pl_seat_end(seat))
        pl_seat_await_death(seat);
}

/* Runs a piece; returns where the next begins, or where the call was stopped. */
static size_t run_piece(run_of *r, size_t begin, size_t end)
{
    pl_seat *seat = r->seat;
    bool late = false;
    if (r->timed) {
        uint64_t now = pl_os_nanoseconds(), timeout = r->offer->timeout_ns;
        r->chunk->deadline = timeout && timeout < UINT64_MAX - now ? now + timeout : 0;
        pl_seat_start(seat, now, timeout);
    }
    size_t i = run_once(r, begin, end);
    if (r->timed) {
        end_or_die(seat);
        late = r->chunk->deadline && pl_os_nanoseconds() > r->chunk->deadline;
    }
    bool failed = r->chunk->span.code != 0;
    size_t well = late ? 0 : i - begin;
    pl_seat_count(seat, well);
    seat->ran += (unsigned)well;
    if (!late && !failed)
        return i;
    size_t last = late || r->all->chunks ? end : i + 1;
    seat->ran += (unsigned)(last - (begin + well));
    report_failure(r, begin + well, last, late);
    return last;
}

void pl_remote_run(pl_seat *seat, const pl_offer *offer)
{
    run_of r = {.seat = seat,
                .all = seat->job.context,
                .offer = offer,
                .chunk = (pl_chunk *)(void *)seat->slot->room,
                .outer = pl_this_thread.chunk,
                .timed = seat->job.timed != 0};
    *r.chunk = (pl_chunk){.span = {.stop = pl_seat_stop(seat), .index = PL_NO_INDEX}, .parent = r.all->parent};
    r.chunk->call = r.all;
    pl_chunk_begin(r.chunk);
    clear(&r, offer->begin, offer->end);
    if (!r.timed)
        pl_seat_start(seat, 0, 0);
    size_t i = offer->begin;
    while (i < offer->end && !pl_seat_is_spent(seat) && !pl_stop_level(r.chunk->span.stop)) {
        size_t next = run_piece(&r, i, piece_end(&r, i));
        if (next == i)
            break;
        i = next;
    }
    if (!r.timed)
        end_or_die(seat);
    if (i < offer->end) {
        pl_report left = {.kind = PL_REPORT_LEFT, .position = offer->position, .begin = i, .end = offer->end};
        pl_seat_report(seat, &left, NULL);
    }
    pl_chunk_end(r.chunk);
}
