/* SPDX-License-Identifier: MIT */
/* Rows, calls and states of a session; timeline.h says what they are. */
#include "trace/timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Events that lie in each other deeper than that are of the outer one's state. */
enum { DEPTH = 64 };

/* ---- states ---------------------------------------------------------------------------------------------- */

static pl_state state_of(const pl_trace_event *e)
{
    switch (pl_trace_kind_of(e)) {
    case PL_TRACE_RUN:
    case PL_TRACE_TASK:
    case PL_TRACE_END:
        return PL_STATE_BUSY;
    case PL_TRACE_CALL: /* what of it is in no chunk: it begins, hands over, ends */
    case PL_TRACE_JOB:
    case PL_TRACE_WAIT:
    case PL_TRACE_STALL:
        return PL_STATE_WAITING;
    case PL_TRACE_SEARCH:
        return PL_STATE_SEARCHING;
    case PL_TRACE_SLEEP:
        return PL_STATE_ASLEEP;
    default:
        return PL_STATE_NONE;
    }
}

/* A sweep from the end: at `at`, the thread is in the events of the stack, the innermost on top. */
typedef struct sweep {
    const pl_trace_event *stack[DEPTH];
    size_t depth;
    uint64_t at, from;
    pl_timeline_visit *visit;
    void *ctx;
} sweep;

static void go_back_to(sweep *s, uint64_t to, const pl_trace_event *in)
{
    to = to > s->from ? to : s->from;
    if (to >= s->at)
        return;
    s->visit(s->ctx, in ? state_of(in) : PL_STATE_NONE, in, to, s->at);
    s->at = to;
}

/* Back to `to`; leaves the events that begin after that. */
static void leave_events(sweep *s, uint64_t to)
{
    for (; s->depth && s->stack[s->depth - 1]->from >= to; s->depth--)
        go_back_to(s, s->stack[s->depth - 1]->from, s->stack[s->depth - 1]);
    go_back_to(s, to, s->depth ? s->stack[s->depth - 1] : NULL);
}

void pl_timeline_sweep(const pl_timeline_row *row, uint64_t from, uint64_t to, pl_timeline_visit *visit, void *ctx)
{
    sweep s = {.at = to, .from = from, .visit = visit, .ctx = ctx};
    for (size_t i = row->events.count; i-- > 0 && s.at > from;) {
        const pl_trace_event *e = &row->events.events[i];
        if (state_of(e) == PL_STATE_NONE)
            continue;
        leave_events(&s, e->to);
        if (s.depth < DEPTH && e->from < s.at)
            s.stack[s.depth++] = e;
    }
    leave_events(&s, from);
}

/* ---- reading --------------------------------------------------------------------------------------------- */

static void add_state(void *row, pl_state state, const pl_trace_event *event, uint64_t from, uint64_t to)
{
    (void)event;
    ((pl_timeline_row *)row)->in_state[state] += to - from;
}

/* Events are by the time of their ends, but for one that was recorded a moment later. */
static int compare_ends(const void *a, const void *b)
{
    const pl_trace_event *x = a, *y = b;
    if (x->to != y->to)
        return x->to < y->to ? -1 : 1;
    if (x->from != y->from)
        return x->from > y->from ? -1 : 1; /* what lies in another comes before it */
    return (int)pl_trace_kind_of(y) - (int)pl_trace_kind_of(x);
}

/* Threads of the program are numbered as they come. */
static void name_row(pl_timeline_row *row, size_t *threads)
{
    const pl_trace_row *e = &row->events;
    if (e->place == PL_TRACE_STREAM)
        snprintf(row->name, sizeof row->name, "streams");
    else if (e->place != PL_TRACE_THREAD)
        snprintf(row->name, sizeof row->name, "%s %u", e->place == PL_TRACE_RANK ? "rank" : "process", e->index);
    else if (e->worker >= 0)
        snprintf(row->name, sizeof row->name, "parallel/%d", e->worker);
    else
        snprintf(row->name, sizeof row->name, "thread %zu", ++*threads);
}

static bool read_rows(pl_timeline *t, uint32_t session)
{
    pl_trace_row row;
    size_t threads = 0;
    for (size_t i = 0; pl_trace_read_row(session, i, &row); i++) {
        t->lost += row.lost;
        if (row.count == 0) {
            free(row.events);
            continue;
        }
        pl_timeline_row *more = realloc(t->rows, (t->row_count + 1) * sizeof *more);
        if (!more) {
            free(row.events);
            return false;
        }
        t->rows = more;
        pl_timeline_row *to = &t->rows[t->row_count++];
        *to = (pl_timeline_row){.events = row};
        name_row(to, &threads);
        qsort(row.events, row.count, sizeof *row.events, compare_ends);
    }
    return true;
}

/* Threads of the program first, then workers, processes, ranks, and streams. */
static int compare_rows(const void *a, const void *b)
{
    const pl_timeline_row *x = a, *y = b;
    if (x->events.place != y->events.place)
        return x->events.place < y->events.place ? -1 : 1;
    if (x->events.index != y->events.index)
        return x->events.index < y->events.index ? -1 : 1;
    if (x->events.worker != y->events.worker)
        return x->events.worker < y->events.worker ? -1 : 1;
    size_t of_x = strlen(x->name), of_y = strlen(y->name); /* threads 2 and 10 */
    return of_x != of_y ? (of_x < of_y ? -1 : 1) : strcmp(x->name, y->name);
}

static void find_ends(pl_timeline *t)
{
    t->from = UINT64_MAX;
    for (size_t r = 0; r < t->row_count; r++) {
        const pl_trace_row *row = &t->rows[r].events;
        for (size_t i = 0; i < row->count; i++) {
            t->from = row->events[i].from < t->from ? row->events[i].from : t->from;
            t->to = row->events[i].to > t->to ? row->events[i].to : t->to;
        }
    }
    t->from = t->from < t->to ? t->from : t->to;
}

static void sum_row(const pl_timeline *t, pl_timeline_row *row)
{
    for (size_t i = 0; i < row->events.count; i++) {
        const pl_trace_event *e = &row->events.events[i];
        pl_trace_kind kind = pl_trace_kind_of(e);
        row->chunks += kind == PL_TRACE_RUN ? e->c : 0;
        row->steals += kind == PL_TRACE_STEAL;
        row->sleeps += kind == PL_TRACE_SLEEP;
    }
    if (row->events.place != PL_TRACE_STREAM) /* it lasts, and does nothing itself */
        pl_timeline_sweep(row, t->from, t->to, add_state, row);
}

/* ---- calls ----------------------------------------------------------------------------------------------- */

static int compare_calls(const void *a, const void *b)
{
    const pl_timeline_call *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

pl_timeline_call *pl_timeline_call_of(const pl_timeline *t, uint64_t number)
{
    pl_timeline_call wanted = {.number = number};
    return t->calls ? bsearch(&wanted, t->calls, t->call_count, sizeof wanted, compare_calls) : NULL;
}

static size_t count_kind(const pl_timeline *t, pl_trace_kind kind)
{
    size_t count = 0;
    for (size_t r = 0; r < t->row_count; r++)
        for (size_t i = 0; i < t->rows[r].events.count; i++)
            count += pl_trace_kind_of(&t->rows[r].events.events[i]) == kind;
    return count;
}

static bool gather_calls(pl_timeline *t)
{
    size_t count = count_kind(t, PL_TRACE_CALL);
    t->calls = count ? malloc(count * sizeof *t->calls) : NULL;
    if (!t->calls)
        return count == 0;
    for (size_t r = 0; r < t->row_count; r++) {
        for (size_t i = 0; i < t->rows[r].events.count; i++) {
            const pl_trace_event *e = &t->rows[r].events.events[i];
            if (pl_trace_kind_of(e) == PL_TRACE_CALL)
                t->calls[t->call_count++] = (pl_timeline_call){.number = pl_trace_call_of(e),
                                                               .from = e->from,
                                                               .to = e->to,
                                                               .name = e->b,
                                                               .items = e->a,
                                                               .grain = e->c >> 32,
                                                               .outcome = (int)(e->c & INT32_MAX),
                                                               .caller = r};
        }
    }
    qsort(t->calls, count, sizeof *t->calls, compare_calls);
    return true;
}

/* What the runs of each call come to. */
static void sum_runs(pl_timeline *t)
{
    for (size_t r = 0; r < t->row_count; r++) {
        for (size_t i = 0; i < t->rows[r].events.count; i++) {
            const pl_trace_event *e = &t->rows[r].events.events[i];
            pl_timeline_call *call =
                pl_trace_kind_of(e) == PL_TRACE_RUN ? pl_timeline_call_of(t, pl_trace_call_of(e)) : NULL;
            if (call) {
                call->busy += e->to - e->from;
                call->chunks += e->c;
            }
        }
    }
}

uint64_t pl_timeline_cpus(const pl_timeline_call *call)
{
    uint64_t lasted = call->to > call->from ? call->to - call->from : 1;
    return (call->busy * 100 + lasted / 2) / lasted;
}

uint64_t pl_timeline_ns(const pl_timeline *t, uint64_t ticks)
{
    uint64_t since = ticks - t->from;
    return since / t->ticks_per_us * 1000 + since % t->ticks_per_us * 1000 / t->ticks_per_us;
}

/* ---- all ------------------------------------------------------------------------------------------------- */

bool pl_timeline_read(pl_timeline *t, uint32_t session, unsigned cpus)
{
    *t = (pl_timeline){.ticks_per_us = pl_os_ticks_per_us(), .cpus = cpus};
    if (!read_rows(t, session))
        return false;
    if (t->row_count)
        qsort(t->rows, t->row_count, sizeof *t->rows, compare_rows);
    find_ends(t);
    for (size_t r = 0; r < t->row_count; r++)
        sum_row(t, &t->rows[r]);
    if (!gather_calls(t))
        return false;
    sum_runs(t);
    return true;
}

void pl_timeline_free(pl_timeline *t)
{
    for (size_t r = 0; r < t->row_count; r++)
        free(t->rows[r].events.events);
    free(t->rows);
    free(t->calls);
}
