/* SPDX-License-Identifier: MIT */
/* The ends of a stream that are functions. */
#include "stream/stream_map_ends.h"

#include "base/os.h"
#include "base/unwind.h"

void pl_stream_map_ends_stop(pl_stream_map *m, int code)
{
    if (code < 0)
        pl_stream_break(&m->stream, -code);
    /* V27 seq_cst: a look after this sees it; pairs with V26 */
    atomic_store_explicit(&m->has_ended, true, memory_order_seq_cst);
}

PL_NOT_INLINED void pl_stream_map_ends_give(pl_stream_map *m, pl_stream_slot *slot)
{
    pl_stream *s = &m->stream;
    PL_UNWIND_BARRIER();
    parallel_item item = pl_stream_item(s, slot);
    int code = m->sink(&item, m->data);
    if (code)
        pl_stream_refuse(s, code, slot->number);
}
