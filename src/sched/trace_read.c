/* SPDX-License-Identifier: MIT */
/* Reading what threads have recorded, while they may go on; trace.h has the protocol. */
#include <stdlib.h>
#include <string.h>

#include "sched/trace_buffer.h"

/* How many looks a reader takes at a buffer that is being changed. */
#ifdef PL_MODEL
enum { READ_LOOKS = 3 };
#else
enum { READ_LOOKS = 1000 };
#endif

static uint64_t load_version(pl_trace_buffer *b)
{
    /* F10 acquire: r1; pairs with F6 */
    return atomic_load_explicit(&b->version, memory_order_acquire);
}

static void load_event(pl_trace_event_words words, pl_trace_event *e)
{
    uint64_t to[PL_TRACE_WORDS];
    for (int i = 0; i < PL_TRACE_WORDS; i++) {
        /* F11 acquire: what was before the store is before what follows; pairs with F7 */
        to[i] = atomic_load_explicit(&words[i], memory_order_acquire);
    }
    *e = (pl_trace_event){to[0], to[1], to[2], to[3], to[4], to[5]};
}

static uint64_t load_head(pl_trace_buffer *b)
{
    /* F19 acquire: r2: the events before it are there; pairs with F18, F25 */
    return atomic_load_explicit(&b->head, memory_order_acquire);
}

/* r1 to r3: the head, and the run that is open. */
static uint64_t read_open(pl_trace_buffer *b, pl_trace_event *open)
{
    for (int i = 0; i < READ_LOOKS; i++) {
        uint64_t version = load_version(b);
        uint64_t head = load_head(b);
        load_event(b->open, open);
        /* F12 relaxed: r3, behind the loads that acquire; pairs with F4 */
        if (version % 2 == 0 && atomic_load_explicit(&b->version, memory_order_relaxed) == version)
            return head;
        if (i > READ_LOOKS / 2)
            pl_os_yield();
    }
    *open = (pl_trace_event){0};
    return load_head(b);
}

/* r4 and r5: the events before `head`, into room for as many as there may be. Returns how many are whole: the last
 * ones. */
static size_t read_ring(pl_trace_buffer *b, uint64_t head, pl_trace_event *to)
{
    uint64_t first = head > PL_TRACE_ROOM ? head - PL_TRACE_ROOM : 0;
    for (uint64_t i = first; i < head; i++) {
        /* F13 acquire: it is filled with zeros; pairs with F9 */
        pl_trace_event_words *segment =
            atomic_load_explicit(&b->segments[i % PL_TRACE_ROOM / PL_TRACE_SEGMENT], memory_order_acquire);
        load_event(segment[i % PL_TRACE_SEGMENT], &to[i - first]);
    }
    /* F20 relaxed: r5, behind the loads that acquire; pairs with F18, F25 */
    uint64_t now = atomic_load_explicit(&b->head, memory_order_relaxed);
    uint64_t whole = now >= PL_TRACE_ROOM && now + 1 > first + PL_TRACE_ROOM ? now + 1 - PL_TRACE_ROOM : first;
    whole = whole < head ? whole : head;
    memmove(to, &to[whole - first], (size_t)(head - whole) * sizeof *to);
    return (size_t)(head - whole);
}

bool pl_trace_read_row(uint32_t session, size_t i, pl_trace_row *row)
{
    pl_trace_buffer *b = pl_trace_buffer_at(i);
    pl_trace_event open;
    *row = (pl_trace_row){.worker = -1};
    if (b) {
        row->place = b->place;
        row->index = b->index;
    }
    /* F27 acquire: the buffer is of this session, and begins with it; pairs with F22 */
    if (!b || atomic_load_explicit(&b->session, memory_order_acquire) != session)
        return b != NULL;
    uint64_t head = read_open(b, &open);
    /* F29 relaxed: a number by itself; pairs with F28 */
    row->worker = atomic_load_explicit(&b->worker, memory_order_relaxed);
    /* F17 relaxed: a number by itself; pairs with F16, F26 */
    row->lost = atomic_load_explicit(&b->lost, memory_order_relaxed);
    size_t most = (size_t)(head < PL_TRACE_ROOM ? head : PL_TRACE_ROOM);
    row->events = malloc((most + 1) * sizeof *row->events);
    if (row->events) {
        row->count = read_ring(b, head, row->events);
        row->lost += head - row->count;
        if (pl_trace_kind_of(&open) != PL_TRACE_NONE)
            row->events[row->count++] = open;
    } else {
        row->lost += head;
    }
    return true;
}
