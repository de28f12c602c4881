/* SPDX-License-Identifier: MIT */
/* Scenarios on the buffers of traces: the shipped trace.c, with room for two events, and a reader while their owner
 * writes. */
#include "model/model.h"

#include <stdlib.h>

#include "sched/trace.h"

/* The session, and how many events are recorded: more than there is room for. */
enum { SESSION = 1, EVENTS = 4 };

static void record_events(void)
{
    pl_trace_take_buffer();
    for (uint64_t k = 1; k <= EVENTS; k++)
        pl_trace_record(PL_TRACE_SLEEP, k, k, k, k, k, k);
}

/* Chunks that follow on each other, of two items each, and what comes after them. */
static void record_run(void)
{
    pl_trace_take_buffer();
    for (uint64_t k = 0; k < 3; k++)
        pl_trace_run(SESSION, k, k + 1, 2 * k, 2 * k + 2, 1);
    pl_trace_record(PL_TRACE_SLEEP, 1, 3, 3, 3, 3, 3);
}

/* An event is as it was recorded. */
static void check_event(const pl_trace_event *e)
{
    if (pl_trace_kind_of(e) == PL_TRACE_RUN) {
        model_assert(pl_trace_call_of(e) == SESSION && e->from == 0 && e->a == 0);
        model_assert(e->c > 0 && e->to == e->c && e->b == 2 * e->c);
    } else {
        model_assert(pl_trace_kind_of(e) == PL_TRACE_SLEEP && e->a > 0);
        model_assert(e->from == e->a && e->to == e->a && e->b == e->a && e->c == e->a);
    }
}

/* Reads, at any moment. What is there are the last ones that were recorded by then, but for one at most. */
static void read_events(void)
{
    pl_trace_row row;
    model_assert(pl_trace_read_row(SESSION, 0, &row));
    for (size_t i = 0; i < row.count; i++) {
        check_event(&row.events[i]);
        model_assert(i == 0 || row.events[i].to > row.events[i - 1].to ||
                     pl_trace_kind_of(&row.events[i - 1]) == PL_TRACE_RUN);
    }
    free(row.events);
}

/* In the end, all that there is room for is there. */
static void all_is_read(void)
{
    pl_trace_row row;
    model_assert(pl_trace_read_row(SESSION, 0, &row));
    model_assert(row.count + row.lost == EVENTS);
    model_assert(row.events[row.count - 1].a == EVENTS);
    free(row.events);
}

static void run_is_read(void)
{
    pl_trace_row row;
    model_assert(pl_trace_read_row(SESSION, 0, &row));
    model_assert(row.count + row.lost == 2 && row.events[row.count - 1].a == 3);
    free(row.events);
}

const scenario trace_scenarios[] = {
    {"trace: a reader while events are recorded", pl_trace_begin_anew, {record_events, read_events}, all_is_read, 0},
    {"trace: a reader while a run goes on", pl_trace_begin_anew, {record_run, read_events}, run_is_read, 0},
    {0},
};
