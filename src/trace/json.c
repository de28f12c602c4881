/* SPDX-License-Identifier: MIT */
/*
 * Chrome's trace format ("Trace Event Format", Google, 2016): an array of events, each with a name, a category, a phase
 * (X: from `ts` on for `dur`; i: a moment; M: about a thread), and microseconds. Numbers are written by themselves,
 * since printf() would write the locale's comma.
 *
 * Times are multiples of 125 ns: these are exact as decimal fractions of a microsecond, and as binary ones. So an event
 * ends where the next begins, however a viewer adds `ts` and `dur`: Perfetto counts in nanoseconds, speedscope in
 * floating point.
 */
#include "trace/json.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "sched/trace_name.h"

/* Text in quotes. What is not ASCII becomes a question mark, since nobody knows its encoding. */
static void write_text(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', file);
        fputc(*text < ' ' || *text > '~' ? '?' : *text, file);
    }
    fputc('"', file);
}

enum { EXACT_NS = 125 };

static uint64_t exact_ns(const pl_timeline *t, uint64_t ticks)
{
    return pl_timeline_ns(t, ticks) / EXACT_NS * EXACT_NS;
}

static void write_us(FILE *file, const char *key, uint64_t ns)
{
    fprintf(file, ",\"%s\":%" PRIu64 ".%03u", key, ns / 1000, (unsigned)(ns % 1000));
}

static const char *const categories[PL_TRACE_KINDS] = {
    [PL_TRACE_END] = "stream",  [PL_TRACE_CALL] = "call",      [PL_TRACE_RUN] = "run",
    [PL_TRACE_TASK] = "task",   [PL_TRACE_JOB] = "background", [PL_TRACE_SEARCH] = "idle",
    [PL_TRACE_SLEEP] = "idle",  [PL_TRACE_WAIT] = "idle",      [PL_TRACE_STALL] = "idle",
    [PL_TRACE_STEAL] = "steal", [PL_TRACE_WAKE] = "wake",      [PL_TRACE_TIMEOUT] = "timeout",
    [PL_TRACE_RETRY] = "retry", [PL_TRACE_START] = "start",    [PL_TRACE_CRASH] = "crash",
};

static const char *const names[PL_TRACE_KINDS] = {
    [PL_TRACE_JOB] = "background call", [PL_TRACE_SEARCH] = "searching",   [PL_TRACE_SLEEP] = "asleep",
    [PL_TRACE_WAIT] = "waiting",        [PL_TRACE_STALL] = "stream stall", [PL_TRACE_STEAL] = "steal",
    [PL_TRACE_WAKE] = "wake",           [PL_TRACE_TIMEOUT] = "timeout",    [PL_TRACE_RETRY] = "retry",
    [PL_TRACE_START] = "process start", [PL_TRACE_CRASH] = "crash",
};

static const char *name_of(const pl_timeline *t, const pl_trace_event *e)
{
    const pl_timeline_call *call = NULL;
    switch (pl_trace_kind_of(e)) {
    case PL_TRACE_CALL:
    case PL_TRACE_TASK:
    case PL_TRACE_END:
        return pl_trace_name_at(e->b);
    case PL_TRACE_RUN:
        call = pl_timeline_call_of(t, pl_trace_call_of(e));
        return call ? pl_trace_name_at(call->name) : "run";
    default:
        return names[pl_trace_kind_of(e)];
    }
}

static void write_call(FILE *file, const pl_timeline *t, const pl_trace_event *e)
{
    const pl_timeline_call *call = pl_timeline_call_of(t, pl_trace_call_of(e));
    uint64_t cpus = call ? pl_timeline_cpus(call) : 0;
    int outcome = (int)(e->c & INT32_MAX);
    fprintf(file, "\"n\":%" PRIu64 ",\"caller\":", e->a);
    write_text(file, call ? t->rows[call->caller].name : "");
    fputs(",\"outcome\":", file);
    write_text(file, outcome ? strerror(outcome) : "ok");
    fprintf(file, ",\"cpus\":%" PRIu64 ".%02u,\"chunks\":%" PRIu64 ",\"call\":%" PRIu64, cpus / 100,
            (unsigned)(cpus % 100), call ? call->chunks : 0, pl_trace_call_of(e));
}

static void write_arguments(FILE *file, const pl_timeline *t, const pl_trace_event *e)
{
    switch (pl_trace_kind_of(e)) {
    case PL_TRACE_CALL:
        write_call(file, t, e);
        break;
    case PL_TRACE_RUN:
        fprintf(file, "\"begin\":%" PRIu64 ",\"items\":%" PRIu64 ",\"chunks\":%" PRIu64 ",\"call\":%" PRIu64, e->a,
                e->b - e->a, e->c, pl_trace_call_of(e));
        break;
    case PL_TRACE_TASK:
    case PL_TRACE_STEAL:
        fprintf(file, "\"from\":\"worker %" PRIu64 "\"", e->a);
        break;
    case PL_TRACE_END:
        fprintf(file, "\"items\":%" PRIu64, e->a);
        break;
    case PL_TRACE_WAKE:
        fprintf(file, "\"whom\":\"worker %" PRIu64 "\"", e->a);
        break;
    case PL_TRACE_RETRY:
    case PL_TRACE_TIMEOUT:
        fprintf(file, "\"task\":%" PRIu64, e->a);
        break;
    case PL_TRACE_START:
        fprintf(file, "\"workers\":%" PRIu64, e->a);
        break;
    case PL_TRACE_CRASH:
        fprintf(file, "\"task\":%" PRIu64 ",\"signal\":%" PRIu64, e->a, e->b);
        break;
    default:
        break;
    }
}

static void write_event(FILE *file, const pl_timeline *t, size_t row, const pl_trace_event *e)
{
    bool moment = pl_trace_kind_of(e) >= PL_TRACE_STEAL;
    uint64_t from = exact_ns(t, e->from);
    fputs(",\n{\"name\":", file);
    write_text(file, name_of(t, e));
    fprintf(file, ",\"cat\":\"%s\",\"ph\":\"%s\",\"pid\":1,\"tid\":%zu", categories[pl_trace_kind_of(e)],
            moment ? "i\",\"s\":\"t" : "X", row + 1);
    write_us(file, "ts", from);
    if (!moment)
        write_us(file, "dur", exact_ns(t, e->to) - from);
    fputs(",\"args\":{", file);
    write_arguments(file, t, e);
    fputs("}}", file);
}

void pl_json_write(FILE *file, const pl_timeline *t)
{
    fprintf(file, "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"lost\":\"%" PRIu64 "\",\"workers\":\"%u\"},", t->lost,
            t->cpus);
    fputs("\"traceEvents\":[\n{\"name\":\"process_name\",\"ph\":\"M\",\"pid\":1,\"tid\":0,\"args\":{\"name\":"
          "\"libparallel\"}}",
          file);
    for (size_t r = 0; r < t->row_count; r++) {
        fprintf(file, ",\n{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":%zu,\"args\":{\"name\":", r + 1);
        write_text(file, t->rows[r].name);
        fputs("}}", file);
    }
    for (size_t r = 0; r < t->row_count; r++)
        for (size_t i = 0; i < t->rows[r].events.count; i++)
            write_event(file, t, r, &t->rows[r].events.events[i]);
    fputs("\n]}\n", file);
}
