/* SPDX-License-Identifier: MIT */
/* A timeline in a sentence; findings.h says what is in it. */
#include "trace/findings.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "sched/trace_name.h"

/* Idle time of less, in percent of all, needs no reason. */
enum { WORTH_PERCENT = 5 };
/* What is at the end, or the beginning, explains idle time if it is a part of the call that is as large. */
enum { END_PERCENT = 10 };

/* ---- numbers for people ---------------------------------------------------------------------------------- */

const char *pl_findings_time(char text[PL_FINDINGS_TIME], uint64_t ns)
{
    static const struct {
        uint64_t unit;
        const char *name;
    } units[] = {{1000000000, "s"}, {1000000, "ms"}, {1000, "\302\265s"}, {1, "ns"}};
    size_t u = 0;
    while (u < 3 && ns < units[u].unit)
        u++;
    uint64_t whole = ns / units[u].unit, hundredths = ns % units[u].unit * 100 / units[u].unit;
    if (whole >= 100 || units[u].unit == 1)
        snprintf(text, PL_FINDINGS_TIME, "%" PRIu64 " %s", whole, units[u].name);
    else if (whole >= 10)
        snprintf(text, PL_FINDINGS_TIME, "%u.%u %s", (unsigned)whole, (unsigned)(hundredths / 10), units[u].name);
    else
        snprintf(text, PL_FINDINGS_TIME, "%u.%02u %s", (unsigned)whole, (unsigned)hundredths, units[u].name);
    return text;
}

const char *pl_findings_count(char text[PL_FINDINGS_TIME], uint64_t count)
{
    char digits[PL_FINDINGS_TIME];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    size_t at = 0;
    for (int i = 0; i < length && at + 2 < PL_FINDINGS_TIME; i++) {
        if (i > 0 && (length - i) % 3 == 0 && length > 4)
            text[at++] = ' ';
        text[at++] = digits[i];
    }
    text[at] = 0;
    return text;
}

/* ---- the main call --------------------------------------------------------------------------------------- */

const pl_timeline_call *pl_findings_main_call(const pl_timeline *t)
{
    const pl_timeline_call *longest = NULL;
    for (size_t i = 0; i < t->call_count; i++)
        if (!longest || t->calls[i].to - t->calls[i].from > longest->to - longest->from)
            longest = &t->calls[i];
    return longest;
}

/* What the threads did during the call. */
typedef struct during {
    uint64_t in_state[PL_STATES];
    uint64_t first, last; /* when the last thread to come began, and the first to leave ended, its chunks */
    uint64_t steals;
    size_t helpers;               /* how many threads ran chunks */
    size_t ranks;                 /* how many ranks there are, if any ran some */
    const pl_trace_event *ending; /* the run that ended last */
} during;

static void add_state(void *ctx, pl_state state, const pl_trace_event *event, uint64_t from, uint64_t to)
{
    (void)event;
    ((during *)ctx)->in_state[state] += to - from;
}

/* A row's runs of the call. */
static void look_at_runs(during *d, const pl_timeline_row *row, const pl_timeline_call *call)
{
    uint64_t first = UINT64_MAX, last = 0;
    for (size_t i = 0; i < row->events.count; i++) {
        const pl_trace_event *e = &row->events.events[i];
        bool within = e->from >= call->from && e->to <= call->to;
        d->steals += pl_trace_kind_of(e) == PL_TRACE_STEAL && within;
        if (pl_trace_kind_of(e) != PL_TRACE_RUN || pl_trace_call_of(e) != call->number)
            continue;
        first = e->from < first ? e->from : first;
        last = e->to > last ? e->to : last;
        if (!d->ending || e->to > d->ending->to)
            d->ending = e;
    }
    if (last == 0)
        return;
    d->helpers++;
    d->first = first > d->first ? first : d->first;
    d->last = last < d->last ? last : d->last;
}

static during look_at_call(const pl_timeline *t, const pl_timeline_call *call)
{
    during d = {.last = UINT64_MAX};
    size_t ranks = 0;
    bool has_ranks = false;
    for (size_t r = 0; r < t->row_count; r++) {
        size_t helpers = d.helpers;
        pl_timeline_sweep(&t->rows[r], call->from, call->to, add_state, &d);
        look_at_runs(&d, &t->rows[r], call);
        ranks += t->rows[r].events.place == PL_TRACE_RANK;
        has_ranks |= t->rows[r].events.place == PL_TRACE_RANK && d.helpers > helpers;
    }
    d.ranks = has_ranks ? ranks : 0;
    return d;
}

/* ---- reasons --------------------------------------------------------------------------------------------- */

static bool is_large(uint64_t part, const pl_timeline_call *call)
{
    return part * 100 > (call->to - call->from) * END_PERCENT;
}

/* Why not all CPUs were busy, as " because ..."; or nothing, if that is not known. */
static void write_reason(const pl_timeline *t, const pl_timeline_call *call, const during *d, char *text, size_t size)
{
    char time[PL_FINDINGS_TIME];
    uint64_t tail = d->last < call->to ? call->to - d->last : 0,
             head = d->first > call->from ? d->first - call->from : 0;
    *text = 0;
    if (call->items && call->items < t->cpus)
        snprintf(text, size, " because there are %" PRIu64 " items for %u CPUs", call->items, t->cpus);
    else if (d->helpers < 2 && call->grain >= call->items && call->items)
        snprintf(text, size, " because .grain = %" PRIu64 " makes one chunk of all", call->grain);
    else if (d->helpers < 2)
        snprintf(text, size, " because it ran on its caller alone");
    else if (is_large(tail, call) && call->grain > 1)
        snprintf(text, size, " because of .grain = %" PRIu64, call->grain);
    else if (is_large(tail, call) && d->ending && d->ending->c == 1)
        snprintf(text, size, " because the last chunk, of %" PRIu64 " item%s from %" PRIu64 " on, took %s",
                 d->ending->b - d->ending->a, d->ending->b - d->ending->a == 1 ? "" : "s", d->ending->a,
                 pl_findings_time(time, pl_timeline_ns(t, t->from + d->ending->to - d->ending->from)));
    else if (is_large(head, call))
        snprintf(text, size, " because help came after %s", pl_findings_time(time, pl_timeline_ns(t, t->from + head)));
}

/* A call on ranks, whose threads are their own affair. */
static void write_call_on_ranks(const pl_timeline_call *call, const during *d, char *text, size_t size)
{
    char chunks[PL_FINDINGS_TIME];
    uint64_t cpus = pl_timeline_cpus(call), all = (call->to - call->from) * d->ranks;
    snprintf(text, size, "%s: %u.%02u of %zu ranks busy; %s piece%s; %u %% idle", pl_trace_name_at(call->name),
             (unsigned)(cpus / 100), (unsigned)(cpus % 100), d->ranks, pl_findings_count(chunks, call->chunks),
             call->chunks == 1 ? "" : "s", (unsigned)(all > call->busy ? (all - call->busy) * 100 / all : 0));
}

static void write_call(const pl_timeline *t, const pl_timeline_call *call, char *text, size_t size)
{
    char chunks[PL_FINDINGS_TIME], reason[160];
    during d = look_at_call(t, call);
    if (d.ranks) {
        write_call_on_ranks(call, &d, text, size);
        return;
    }
    uint64_t cpus = pl_timeline_cpus(call), all = (call->to - call->from) * (t->cpus ? t->cpus : 1);
    unsigned asleep = (unsigned)(d.in_state[PL_STATE_ASLEEP] * 100 / (all ? all : 1));
    uint64_t busy = d.in_state[PL_STATE_BUSY] > call->busy ? d.in_state[PL_STATE_BUSY] : call->busy;
    bool others = (busy - call->busy) * 100 > all * WORTH_PERCENT;
    uint64_t idle = all > busy ? (all - busy) * 100 / (all ? all : 1) : 0;
    bool many = cpus > t->cpus * UINT64_C(100) + 5; /* tasks that block */
    write_reason(t, call, &d, reason, sizeof reason);
    snprintf(text, size, "%s: %u.%02u %s%u CPUs%s; %s chunk%s; %" PRIu64 " steal%s; %u %% idle (%u %% asleep)%s",
             pl_trace_name_at(call->name), (unsigned)(cpus / 100), (unsigned)(cpus % 100),
             many ? "tasks at once on " : "of ", t->cpus, many ? "" : " busy", pl_findings_count(chunks, call->chunks),
             call->chunks == 1 ? "" : "s", d.steals, d.steals == 1 ? "" : "s", (unsigned)idle,
             asleep < idle ? asleep : (unsigned)idle,
             idle >= WORTH_PERCENT ? reason
             : others              ? "; other calls ran at the same time"
                                   : "");
}

void pl_findings_write(const pl_timeline *t, char *text, size_t size)
{
    const pl_timeline_call *call = pl_findings_main_call(t);
    if (call)
        write_call(t, call, text, size);
    else
        snprintf(text, size, "%s", t->row_count ? "no call has ended" : "no call was made");
}
