/* SPDX-License-Identifier: MIT */
/* Running the items of a stream in worker processes; stream_apart.h says how. */
#include "stream/stream_apart.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "base/size.h"
#include "call/call.h"

/* Items are taken together as long as their arguments and results, which are copied, come to no more than this. */
#define TOGETHER_BYTES (UINT32_C(1) << 16)

/* ---- lanes ----------------------------------------------------------------------------------------------- */

bool pl_stream_apart_init(pl_stream *s)
{
    if (s->options.executor != PARALLEL_PROCESS)
        return true;
    s->lanes = calloc(s->workers, sizeof *s->lanes);
    for (unsigned i = 0; s->lanes && i < s->workers; i++)
        pl_group_begin_owner(&s->lanes[i].owner);
    return s->lanes;
}

void pl_stream_apart_end(pl_stream *s)
{
    for (unsigned i = 0; s->lanes && i < s->workers; i++) {
        pl_group_end_owner(&s->lanes[i].owner);
        free(s->lanes[i].items);
    }
    free(s->lanes);
    s->lanes = NULL;
}

/* ---- together -------------------------------------------------------------------------------------------- */

/* Items that are run as one map. */
typedef struct batch {
    pl_stream *stream;
    void *const *slots;
    unsigned count;
    unsigned char *args, *results; /* as arrays: those of a single item are in its slot */
} batch;

static size_t result_offset(const pl_stream *s, unsigned count)
{
    return pl_size_round(count * s->function.arg_size, s->align);
}

/* How many of these items may be taken at once. A failure is to end what comes behind it, so there is to be none that
 * is tried again while others run. */
static unsigned count_together(const pl_stream *s, unsigned count)
{
    size_t item = s->function.arg_size + s->function.result_size, fits = TOGETHER_BYTES / (item ? item : 1);
    if (!s->options.silent && s->options.retries > 0)
        return 1;
    return fits == 0 ? 1 : fits < count ? (unsigned)fits : count;
}

/* Puts the arguments side by side, in the lane's memory. False if there is none. */
static bool gather_args(batch *b, pl_stream_lane *lane)
{
    pl_stream *s = b->stream;
    size_t size = s->function.arg_size,
           most = result_offset(s, PL_RING_RANGE) + PL_RING_RANGE * s->function.result_size;
    if (b->count == 1) {
        b->args = pl_stream_arg(s, b->slots[0]);
        b->results = pl_stream_result(s, b->slots[0]);
        return true;
    }
    if (!lane->items)
        lane->items = aligned_alloc(s->align, pl_size_round(most, s->align));
    if (!lane->items)
        return false;
    b->args = lane->items;
    b->results = lane->items + result_offset(s, b->count);
    for (unsigned i = 0; i < b->count; i++)
        memcpy(b->args + i * size, pl_stream_arg(s, b->slots[i]), size);
    return true;
}

/* Results go back to their slots. */
static void scatter_results(const batch *b)
{
    size_t size = b->stream->function.result_size;
    for (unsigned i = 0; size && b->count > 1 && i < b->count; i++)
        memcpy(pl_stream_result(b->stream, b->slots[i]), b->results + i * size, size);
}

/* ---- what has become of them ----------------------------------------------------------------------------- */

/* An item has not been run. If that was not the stream's wish, the stream ends here. */
static void leave_out(pl_stream *s, pl_stream_slot *slot, int code)
{
    if (pl_stream_limits(s) == PL_STREAM_ALL && !pl_stream_look(s))
        pl_stream_halt(s, code);
    pl_stream_leave_out(s, slot);
}

static void leave_all_out(const batch *b, int code)
{
    for (unsigned i = 0; i < b->count; i++)
        leave_out(b->stream, b->slots[i], code);
}

/* Takes down the failures of neighbours, which have failed alike. */
static void take_failed(const batch *b, const pl_failed *failed)
{
    for (size_t i = 0; i < failed->count; i++) {
        pl_stream_slot *slot = b->slots[failed->first.index + i];
        if (failed->first.state == PARALLEL_NOT_RUN)
            leave_out(b->stream, slot, failed->first.code);
        else
            pl_stream_fail(b->stream, slot, &failed->first);
    }
}

static void take_outcome(const batch *b, const pl_call *c)
{
    if (c->error || c->failures.lost) {
        leave_all_out(b, c->error ? c->error : ENOMEM);
        return;
    }
    scatter_results(b);
    for (size_t k = 0; k < c->failures.all.count; k++)
        take_failed(b, &c->failures.all.list[k]);
}

/* ---- running --------------------------------------------------------------------------------------------- */

/* The options of a map of some items, which begins now. */
static parallel_options map_options(const pl_stream *s, unsigned count)
{
    parallel_options o = s->options;
    o.max_workers = 1;
    o.grain = count; /* in one piece, and in order */
    o.window = 0;
    o.unordered = false;
    o.progress = NULL;
    o.progress_data = NULL;
    o.pool = NULL;
    uint64_t deadline = s->policy.deadline, now = deadline ? pl_os_nanoseconds() : 0;
    if (deadline)
        o.call_timeout = deadline > now ? (double)(deadline - now) * 1e-9 : 1e-9;
    return o;
}

static void run_batch(batch *b, unsigned participant)
{
    pl_stream *s = b->stream;
    pl_stream_lane *lane = &s->lanes[participant];
    parallel_options o = map_options(s, b->count);
    parallel_function f = s->function;
    pl_call c;
    f.options = NULL; /* they are in `o` */
    if (!gather_args(b, lane) || !pl_call_begin_map(&c, &pl_work_map, &f, b->args, b->count, &o, &s->request)) {
        leave_all_out(b, errno);
        return;
    }
    c.groups = lane->owner.number;
    c.has_own_workers = true;
    c.participant = participant;
    c.failures.keep_all = true; /* what each has come to */
    pl_call_run(&c, f.result_size ? b->results : NULL);
    take_outcome(b, &c);
    pl_call_end(&c);
}

void pl_stream_apart_run(pl_stream *s, pl_context *context, void *const *slots, unsigned count)
{
    pl_stream_look(s);
    for (unsigned i = 0; i < count;) {
        batch b = {.stream = s, .slots = slots + i};
        unsigned most = count_together(s, count - i);
        while (b.count < most && pl_stream_starts(s, slots[i + b.count]))
            b.count++;
        if (b.count)
            run_batch(&b, context->participant);
        else
            pl_stream_leave_out(s, slots[i]);
        i += b.count ? b.count : 1;
    }
}
