/* SPDX-License-Identifier: MIT */
/* How runs are merged, and how few items are sorted, by merging: a part of sorter.h. */
#ifndef LIBPARALLEL_DETAIL_SORTER_MERGE_H
#define LIBPARALLEL_DETAIL_SORTER_MERGE_H

#include <libparallel/detail/sorter.h>

#ifndef __cplusplus

/* ---- merges ------------------------------------------------------------------------------------------------ */

/* Two runs that are being merged, from both ends. */
typedef struct parallel_merging {
    const unsigned char *a, *a_end, *b, *b_end;
    unsigned char *to, *to_end;
} parallel_merging;

/* `steps` from the front and from the back: each run has so many at least, and twice as many, if the items are to be
 * all there whatever the comparison says. */
PARALLEL_SORT_INLINE_ void parallel_sort_merge_ends(parallel_merging *m, size_t steps, size_t size,
                                                    parallel_sort_call *call)
{
    const unsigned char *a = m->a, *b = m->b, *a_last = m->a_end - size, *b_last = m->b_end - size;
    unsigned char *to = m->to, *last = m->to_end - size;
    for (; steps > 0; steps--) {
        bool b_first = parallel_sort_before(b, a, call), a_behind = parallel_sort_before(b_last, a_last, call);
        size_t b_bytes = size & -(size_t)b_first, a_bytes = size & -(size_t)a_behind;
        memcpy(to, parallel_sort_pick(b_first, b, a), size);
        memcpy(last, parallel_sort_pick(a_behind, a_last, b_last), size);
        b += b_bytes;
        a += size - b_bytes;
        a_last -= a_bytes;
        b_last -= size - a_bytes;
        to += size;
        last -= size;
    }
    *m = (parallel_merging){a, a_last + size, b, b_last + size, to, last + size};
}

/* Merges two runs elsewhere, one behind the other, of lengths that differ by 1 at most. Of a comparison that is no
 * order, it copies them. */
PARALLEL_SORT_INLINE_ void parallel_sort_merge_few(const unsigned char *a, size_t a_n, const unsigned char *b,
                                                   size_t b_n, unsigned char *to, size_t size, parallel_sort_call *call)
{
    size_t all = (a_n + b_n) * size;
    parallel_merging m = {a, a + a_n * size, b, b + b_n * size, to, to + all};
    parallel_sort_merge_ends(&m, a_n < b_n ? a_n : b_n, size, call);
    if (a_n != b_n) {
        bool is_a = m.a < m.a_end;
        memcpy(m.to, parallel_sort_pick(is_a, m.a, m.b), size);
        m.a += size & -(size_t)is_a;
        m.b += size - (size & -(size_t)is_a);
    }
    if (m.a != m.a_end || m.b != m.b_end)
        memcpy(to, a, all);
}

/* Copies the next few items of one run, if all of them come before the first one of the other: one comparison for them
 * all (after Peters' "galloping" in Timsort, 2002). Whether it has. */
PARALLEL_SORT_INLINE_ bool parallel_sort_merge_block(parallel_merging *m, size_t size, parallel_sort_call *call)
{
    const size_t block = PARALLEL_SORT_PIECE_ * size;
    size_t left = (size_t)(m->a_end - m->a), right = (size_t)(m->b_end - m->b);
    bool is_a = left >= block && right > 0 && !parallel_sort_before(m->b, m->a + block - size, call);
    bool is_b = !is_a && right >= block && left > 0 && parallel_sort_before(m->b + block - size, m->a, call);
    if (!is_a && !is_b)
        return false;
    memcpy(m->to, is_a ? m->a : m->b, block);
    m->a += is_a ? block : 0;
    m->b += is_a ? 0 : block;
    m->to += block;
    return true;
}

/* Merges two runs of any length, one behind the other, from one place to another; counts the steps. False if the sort
 * is over: then there is nothing of use at `to`. */
PARALLEL_SORT_INLINE_ bool parallel_sort_merge(parallel_sorting *s, const unsigned char *a, size_t a_n, size_t b_n,
                                               unsigned char *to, size_t *stepped, size_t size,
                                               parallel_sort_call *call)
{
    const unsigned char *b = a + a_n * size;
    parallel_merging m = {a, b, b, b + b_n * size, to, to + (a_n + b_n) * size};
    for (size_t most = PARALLEL_SORT_LOOK_;;) { /* steps, until it is looked for blocks again */
        if (parallel_sort_merge_block(&m, size, call)) {
            most = PARALLEL_SORT_PIECE_ / 4;
        } else {
            size_t left = (size_t)(m.a_end - m.a), right = (size_t)(m.b_end - m.b);
            size_t steps = (left < right ? left : right) / size / 2;
            if (steps == 0)
                break;
            steps = steps < most ? steps : most;
            parallel_sort_merge_ends(&m, steps, size, call);
            *stepped += steps;
            most = most < PARALLEL_SORT_LOOK_ ? 2 * most : most;
        }
        if (a_n + b_n > PARALLEL_SORT_LOOK_ && parallel_sort_is_over(s))
            return false;
    }
    while (m.a < m.a_end && m.b < m.b_end) { /* one of them has one item */
        bool b_first = parallel_sort_before(m.b, m.a, call);
        memcpy(m.to, parallel_sort_pick(b_first, m.b, m.a), size);
        m.b += size & -(size_t)b_first;
        m.a += size - (size & -(size_t)b_first);
        m.to += size;
    }
    memcpy(m.to, m.a, (size_t)(m.a_end - m.a));
    memcpy(m.to + (m.a_end - m.a), m.b, (size_t)(m.b_end - m.b));
    return true;
}

/* ---- few items --------------------------------------------------------------------------------------------- */

/* Sorts four items, `step` bytes apart, to another place: pairs, then the least and the greatest, then the two that
 * are left, whose order is that of the input. */
PARALLEL_SORT_INLINE_ void parallel_sort_four(const unsigned char *v, ptrdiff_t step, unsigned char *to, size_t size,
                                              parallel_sort_call *call)
{
    const unsigned char *v1 = v + step, *v2 = v1 + step, *v3 = v2 + step;
    bool swap01 = parallel_sort_before(v1, v, call), swap23 = parallel_sort_before(v3, v2, call);
    const unsigned char *a = parallel_sort_pick(swap01, v1, v), *b = parallel_sort_pick(swap01, v, v1);
    const unsigned char *c = parallel_sort_pick(swap23, v3, v2), *d = parallel_sort_pick(swap23, v2, v3);
    bool c_least = parallel_sort_before(c, a, call), b_greatest = parallel_sort_before(d, b, call);
    const unsigned char *least = parallel_sort_pick(c_least, c, a), *greatest = parallel_sort_pick(b_greatest, b, d);
    const unsigned char *x = parallel_sort_pick(c_least, a, parallel_sort_pick(b_greatest, c, b));
    const unsigned char *y = parallel_sort_pick(b_greatest, d, parallel_sort_pick(c_least, b, c));
    bool swap = parallel_sort_before(y, x, call);
    memcpy(to, least, size);
    memcpy(to + size, parallel_sort_pick(swap, y, x), size);
    memcpy(to + 2 * size, parallel_sort_pick(swap, x, y), size);
    memcpy(to + 3 * size, greatest, size);
}

/* Sorts one to four. */
PARALLEL_SORT_INLINE_ void parallel_sort_leaf(const unsigned char *v, ptrdiff_t step, size_t n, unsigned char *to,
                                              size_t size, parallel_sort_call *call)
{
    if (n == 4) {
        parallel_sort_four(v, step, to, size, call);
        return;
    }
    if (n == 1) {
        memcpy(to, v, size);
        return;
    }
    bool swap = parallel_sort_before(v + step, v, call);
    const unsigned char *a = parallel_sort_pick(swap, v + step, v), *b = parallel_sort_pick(swap, v, v + step);
    if (n == 3) { /* the last goes behind b, between a and b, or before a */
        const unsigned char *c = v + 2 * step;
        bool before_b = parallel_sort_before(c, b, call), before_a = before_b & parallel_sort_before(c, a, call);
        memcpy(to + 2 * size, parallel_sort_pick(before_b, b, c), size);
        b = parallel_sort_pick(before_b, parallel_sort_pick(before_a, a, c), b);
        a = parallel_sort_pick(before_a, c, a);
    }
    memcpy(to, a, size);
    memcpy(to + size, b, size);
}

/* Sorts 1 to PARALLEL_SORT_FEW_ items, `step` bytes apart, to `to`, by way of `room` and `to`. */
PARALLEL_SORT_INLINE_ void parallel_sort_few(const unsigned char *v, ptrdiff_t step, size_t n, unsigned char *to,
                                             unsigned char *room, size_t size, parallel_sort_call *call)
{
    unsigned leaves_log = n > 16 ? 3 : n > 8 ? 2 : n > 4;
    unsigned char *now = leaves_log & 1 ? room : to, *next = leaves_log & 1 ? to : room;
    for (size_t k = 0, at = 0; k < (size_t)1 << leaves_log; k++) {
        size_t end = ((k + 1) * n) >> leaves_log;
        parallel_sort_leaf(v + (ptrdiff_t)at * step, step, end - at, now + at * size, size, call);
        at = end;
    }
    for (; leaves_log > 0; leaves_log--) {
        for (size_t k = 0, at = 0; k < (size_t)1 << leaves_log; k += 2) {
            size_t middle = ((k + 1) * n) >> leaves_log, end = ((k + 2) * n) >> leaves_log;
            parallel_sort_merge_few(now + at * size, middle - at, now + middle * size, end - middle, next + at * size,
                                    size, call);
            at = end;
        }
        unsigned char *swap = now;
        now = next;
        next = swap;
    }
}

#endif /* !__cplusplus */

#endif
