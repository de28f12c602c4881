/* SPDX-License-Identifier: MIT */
/* Failed tasks that wait for their next attempt: a heap (Williams, "Heapsort", CACM 1964). */
#include "call/retry.h"

#include <math.h>
#include <stdlib.h>

#include "base/size.h"

/* Puts r at place k or further up, where all below it come later. */
static void sift_up(pl_retry_queue *q, size_t k, pl_retry *r)
{
    for (; k > 0 && q->heap[(k - 1) / 2]->due > r->due; k = (k - 1) / 2)
        q->heap[k] = q->heap[(k - 1) / 2];
    q->heap[k] = r;
}

bool pl_retry_push(pl_retry_queue *q, pl_retry *r)
{
    if (q->count == q->room) {
        size_t room = q->room ? q->room * 2 : 16;
        pl_retry **heap = realloc(q->heap, pl_size_multiply(room, sizeof(pl_retry *)));
        if (!heap)
            return false;
        q->heap = heap;
        q->room = room;
    }
    sift_up(q, q->count++, r);
    return true;
}

pl_retry *pl_retry_pop(pl_retry_queue *q)
{
    pl_retry *top = q->heap[0], *last = q->heap[--q->count];
    size_t k = 0, n = q->count;
    for (size_t child; (child = 2 * k + 1) < n; k = child) {
        child += child + 1 < n && q->heap[child + 1]->due < q->heap[child]->due;
        if (q->heap[child]->due >= last->due)
            break;
        q->heap[k] = q->heap[child];
    }
    if (n)
        sift_up(q, k, last);
    return top;
}

uint64_t pl_retry_first_due(const pl_retry_queue *q)
{
    return q->count ? q->heap[0]->due : UINT64_MAX;
}

uint64_t pl_retry_delay(pl_retry_queue *q, double delay, unsigned attempts)
{
    q->random ^= q->random << 13; /* Marsaglia, "Xorshift RNGs", 2003 */
    q->random ^= q->random >> 7;
    q->random ^= q->random << 17;
    double part = 0.5 + (double)(q->random >> 11) * 0x1p-54;
    double ns = ldexp(delay * part * 1e9, (int)(attempts < 1000 ? attempts : 1000) - 1);
    return ns < 1e18 ? (uint64_t)ns : UINT64_C(1000000000000000000);
}
