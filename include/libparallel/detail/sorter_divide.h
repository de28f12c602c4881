/* SPDX-License-Identifier: MIT */
/* How segments are divided, and so all is sorted: a part of sorter.h. */
#ifndef LIBPARALLEL_DETAIL_SORTER_DIVIDE_H
#define LIBPARALLEL_DETAIL_SORTER_DIVIDE_H

#include <libparallel/detail/sorter_runs.h>

#ifndef __cplusplus

/* ---- segments ---------------------------------------------------------------------------------------------- */

/* A segment of few items. */
PARALLEL_SORT_INLINE_ void parallel_sort_short(parallel_sorting *s, const parallel_segment *g, size_t size,
                                               parallel_sort_call *call)
{
    size_t n = g->end - g->begin;
    const unsigned char *from = parallel_sort_at(s, g->is_elsewhere, g->begin, size);
    unsigned char *to = parallel_sort_at(s, !g->is_elsewhere, g->begin, size);
    parallel_sort_few(g->is_backwards ? from + (n - 1) * size : from,
                      g->is_backwards ? -(ptrdiff_t)size : (ptrdiff_t)size, n, to, s->room, size, call);
    if (!g->is_elsewhere)
        memcpy(parallel_sort_at(s, false, g->begin, size), to, n * size);
}

/* The middle one of three. */
PARALLEL_SORT_INLINE_ const unsigned char *parallel_sort_median(const unsigned char *a, const unsigned char *b,
                                                                const unsigned char *c, parallel_sort_call *call)
{
    bool ab = parallel_sort_before(a, b, call), ac = parallel_sort_before(a, c, call),
         bc = parallel_sort_before(b, c, call);
    return parallel_sort_pick(ab != ac, a, parallel_sort_pick(ab != bc, c, b));
}

/* A pivot of n items, n > 8: the middle one of three, or of three such; and of more, if there are many. */
PARALLEL_SORT_INLINE_ const unsigned char *parallel_sort_pivot(const unsigned char *v, size_t n, size_t size,
                                                               parallel_sort_call *call)
{
    const unsigned char *best[9];
    size_t groups = n < 64 ? 1 : n < 1024 ? 3 : 9, part = n / groups;
    for (size_t k = 0; k < groups; k++) {
        const unsigned char *w = v + k * part * size;
        best[k] =
            parallel_sort_median(w + part / 8 * size, w + part / 2 * size, w + (part - 1 - part / 8) * size, call);
    }
    if (groups == 9)
        for (size_t k = 0; k < 3; k++)
            best[k] = parallel_sort_median(best[3 * k], best[3 * k + 1], best[3 * k + 2], call);
    return groups == 1 ? best[0] : parallel_sort_median(best[0], best[1], best[2], call);
}

/* Copies the items of a segment to the other place: those before the pivot to the front, and the others, backwards, to
 * the back; or, if `with_equal`, those that are not behind the pivot to the front. Returns how many are in front. */
PARALLEL_SORT_INLINE_ size_t parallel_sort_divide(parallel_sorting *s, const parallel_segment *g,
                                                  const unsigned char *pivot, bool with_equal, size_t size,
                                                  parallel_sort_call *call)
{
    size_t n = g->end - g->begin, left = n;
    const unsigned char *v = parallel_sort_at(s, g->is_elsewhere, g->begin, size);
    ptrdiff_t step = g->is_backwards ? -(ptrdiff_t)size : (ptrdiff_t)size;
    unsigned char *first = parallel_sort_at(s, !g->is_elsewhere, g->begin, size), *front = first;
    v += g->is_backwards ? (n - 1) * size : 0;
    for (size_t piece; left > 0;) {
        piece = left < PARALLEL_SORT_LOOK_ ? left : PARALLEL_SORT_LOOK_;
        size_t gap = left * size, end = gap - piece * size;
        while (gap > end) {
            bool goes_first = with_equal ? !parallel_sort_before(pivot, v, call) : parallel_sort_before(v, pivot, call);
            gap -= size;
            memcpy(front + (gap & ((size_t)goes_first - 1)), v, size);
            front += size & -(size_t)goes_first;
            v += step;
        }
        left -= piece;
        if (left > 0 && parallel_sort_is_over(s))
            break;
    }
    return (size_t)(front - first) / size;
}

/* Divides the last segment of the list in two, of which the one in front is the last one then; or, if one of them
 * would be in order, there is only the other. */
PARALLEL_SORT_INLINE_ void parallel_sort_split(parallel_sorting *s, size_t size, parallel_sort_call *call)
{
    parallel_segment *g = &s->segments[s->count - 1];
    size_t n = g->end - g->begin;
    const unsigned char *pivot =
        parallel_sort_pivot(parallel_sort_at(s, g->is_elsewhere, g->begin, size), n, size, call);
    size_t front = parallel_sort_divide(s, g, pivot, false, size, call);
    bool with_equal = front == 0 && !s->stopped;
    if (with_equal)
        front = parallel_sort_divide(s, g, pivot, true, size, call);
    if (s->stopped)
        return;
    bool is_bad = front < n / 16 || n - front < n / 16;
    unsigned char rest = (unsigned char)(g->rest - (is_bad && !with_equal)), where = !g->is_elsewhere;
    parallel_segment lower = {g->begin, g->begin + front, where, 0, rest}, upper = {lower.end, g->end, where, 1, rest};
    if (with_equal && front > 0) {
        parallel_sort_place(s, &lower, size);
        *g = upper;
        s->count -= upper.begin == upper.end;
    } else if (front == 0 || front == n) {
        *g = front ? lower : upper;
        g->rest = 0;
    } else {
        *g = upper;
        s->segments[s->count++] = lower;
    }
}

/* ---- all --------------------------------------------------------------------------------------------------- */

/* A segment of few items that is all: it may be a run. Whether it was one, and now is in order. */
PARALLEL_SORT_INLINE_ bool parallel_sort_short_run(parallel_sorting *s, size_t size, parallel_sort_call *call)
{
    const parallel_segment *g = &s->segments[0];
    unsigned char *v = parallel_sort_at(s, g->is_elsewhere, g->begin, size);
    size_t n = g->end - g->begin;
    bool falls;
    if (parallel_sort_run(v, n, &falls, size, call) < n)
        return false;
    if (falls)
        parallel_sort_reverse(v, n, s->room, size);
    return true;
}

/* Sorts the first segment of the list, the only one, which is all. If it is over before, segments are left. */
PARALLEL_SORT_INLINE_ void parallel_sort_all(parallel_sorting *s, size_t size, parallel_sort_call *call)
{
    for (bool looks = true; s->count > 0; looks = false) { /* at first for runs */
        parallel_segment *g = &s->segments[s->count - 1];
        size_t n = g->end - g->begin;
        bool is_short = n <= PARALLEL_SORT_FEW_;
        bool merges = !is_short && (g->rest == 0 || s->count == PARALLEL_SORT_SEGMENTS_);
        if (!is_short && parallel_sort_is_over(s))
            return;
        if ((looks || merges) && (n > PARALLEL_SORT_FEW_ / 2 ? parallel_sort_by_runs(s, g, merges, size, call)
                                                             : parallel_sort_short_run(s, size, call))) {
            if (!s->stopped)
                parallel_sort_place(s, g, size);
            s->count -= !s->stopped;
        } else if (is_short) {
            parallel_sort_short(s, g, size, call);
            s->count--;
        } else if (!s->stopped) {
            parallel_sort_split(s, size, call);
        }
        if (s->stopped)
            return;
    }
}

/* A sort that has been stopped, or whose comparison did not return: all items go where they are to be, in some
 * order. */
PARALLEL_SORT_INLINE_ void parallel_sort_settle(parallel_sorting *s, size_t size)
{
    for (; s->count > 0; s->count--)
        parallel_sort_place(s, &s->segments[s->count - 1], size);
}

#endif /* !__cplusplus */

#endif
