/* SPDX-License-Identifier: MIT */
/*
 * How a segment is sorted that has long runs: they are merged, in the order that powersort has (Munro and Wild,
 * "Nearly-optimal mergesorts", 2018, section 3). A part of sorter.h.
 *
 * Short runs are made longer by sorting a few items each. If there are many of those, merging them takes more than
 * dividing does, unless they are merged by blocks: neighbours that are swapped, or two rising sequences whose items
 * take turns, are in order nearly once the few are. So it is seen by the first ones, and further on, how many steps
 * merges take.
 */
#ifndef LIBPARALLEL_DETAIL_SORTER_RUNS_H
#define LIBPARALLEL_DETAIL_SORTER_RUNS_H

#include <libparallel/detail/sorter_merge.h>

#ifndef __cplusplus

PARALLEL_SORT_INLINE_ size_t parallel_sort_run(const unsigned char *v, size_t n, bool *falls, size_t size,
                                               parallel_sort_call *call)
{
    bool down = n > 1 && parallel_sort_before(v + size, v, call);
    size_t i = 1;
    *falls = down;
    for (size_t piece = PARALLEL_SORT_PIECE_;;) {
        while (i > piece && n - i >= piece) { /* of long runs many at once: they are counted, as that is vectorised */
            unsigned count = 0;
            for (size_t k = 0; k < PARALLEL_SORT_PIECE_; k++)
                count += parallel_sort_before(v + (i + k) * size, v + (i + k) * size - size, call);
            if (count != (down ? PARALLEL_SORT_PIECE_ : 0))
                break;
            i += piece;
        }
        for (size_t end = n - i > piece ? i + piece : n; i < end; i++)
            if (parallel_sort_before(v + i * size, v + i * size - size, call) != down)
                return i;
        if (i == n)
            return i;
    }
}

/* Merges two runs that are in one place, [begin, middle) and [middle, end), where they are; counts the steps. What need
 * not move does not. */
PARALLEL_SORT_INLINE_ bool parallel_sort_join(parallel_sorting *s, bool elsewhere, size_t begin, size_t middle,
                                              size_t end, size_t *stepped, size_t size, parallel_sort_call *call)
{
    const unsigned char *first_right = parallel_sort_at(s, elsewhere, middle, size), *last_left = first_right - size;
    for (size_t low = begin, high = middle;;) { /* those that are not behind the first of the right ones stay */
        if (low == high) {
            begin = low;
            break;
        }
        size_t i = low + (high - low) / 2;
        bool stays = !parallel_sort_before(first_right, parallel_sort_at(s, elsewhere, i, size), call);
        low = stays ? i + 1 : low;
        high = stays ? high : i;
    }
    if (begin == middle)
        return true;
    for (size_t low = middle, high = end;;) { /* and those that are not before the last of the left ones */
        if (low == high) {
            end = low;
            break;
        }
        size_t i = low + (high - low) / 2;
        bool moves = parallel_sort_before(parallel_sort_at(s, elsewhere, i, size), last_left, call);
        low = moves ? i + 1 : low;
        high = moves ? high : i;
    }
    unsigned char *v = parallel_sort_at(s, elsewhere, begin, size), *to = parallel_sort_at(s, !elsewhere, begin, size);
    if (!parallel_sort_merge(s, v, middle - begin, end - middle, to, stepped, size, call))
        return false;
    memcpy(v, to, (end - begin) * size);
    return true;
}

/* How deep in a tree over [0, n) the boundary between two neighbouring runs lies: the first bit in which their middles,
 * as parts of n, differ. */
PARALLEL_SORT_INLINE_ unsigned parallel_sort_power(size_t begin, size_t middle, size_t end, size_t n)
{
    uint64_t scale = (UINT64_C(1) << 62) / n, x = (begin + middle) * scale, y = (middle + end) * scale;
    return x == y ? 64 : (unsigned)__builtin_clzll(x ^ y);
}

/* The length of the run of a segment that begins at item i; on the way it is looked whether the sort is over. */
PARALLEL_SORT_INLINE_ size_t parallel_sort_whole_run(parallel_sorting *s, const parallel_segment *g, size_t i,
                                                     bool *falls, size_t size, parallel_sort_call *call)
{
    size_t length = 1, piece, more;
    for (bool first = true, same = true; i + length < g->end; first = false) {
        piece = g->end - i - length < PARALLEL_SORT_LOOK_ ? g->end - i - length : PARALLEL_SORT_LOOK_;
        more = parallel_sort_run(parallel_sort_at(s, g->is_elsewhere, i + length - 1, size), piece + 1, &same, size,
                                 call) -
               1;
        *falls = first ? same : *falls;
        if (same != *falls)
            break;
        length += more;
        if (more < piece || parallel_sort_is_over(s))
            break;
    }
    return length;
}

/* A run that waits to be merged with its neighbours. */
typedef struct parallel_waiting_run {
    size_t begin;
    unsigned power; /* of the boundary behind it */
} parallel_waiting_run;

/* Makes a run of the next few items of a segment; returns how many. */
PARALLEL_SORT_INLINE_ size_t parallel_sort_make_run(parallel_sorting *s, const parallel_segment *g, size_t i,
                                                    size_t size, parallel_sort_call *call)
{
    size_t length = g->end - i < PARALLEL_SORT_FEW_ ? g->end - i : PARALLEL_SORT_FEW_;
    unsigned char *v = parallel_sort_at(s, g->is_elsewhere, i, size);
    unsigned char *to = parallel_sort_at(s, !g->is_elsewhere, i, size);
    parallel_sort_few(v, (ptrdiff_t)size, length, to, s->room, size, call);
    memcpy(v, to, length * size);
    return length;
}

/* Whether `made` items in runs that were made, the last of which ends before item `end`, are merged by few steps, of
 * two items each. Of items of a few keys, one run after the other is, but dividing takes less. */
PARALLEL_SORT_INLINE_ bool parallel_sort_is_easy(parallel_sorting *s, const parallel_segment *g, size_t end,
                                                 size_t made, size_t stepped, size_t size, parallel_sort_call *call)
{
    const unsigned char *last = parallel_sort_at(s, g->is_elsewhere, end, size) - size;
    size_t different = 0;
    if (made < PARALLEL_SORT_EASY_ || stepped > made * 3 / 4)
        return false;
    for (size_t k = 1; k < PARALLEL_SORT_FEW_; k++, last -= size)
        different += parallel_sort_before(last - size, last, call);
    return different > PARALLEL_SORT_FEW_ * 3 / 4;
}

/* Merges the runs of a segment, where it is; from too many short ones on, not, unless it is to do so `always`. True if
 * it is sorted, or the sort is over. */
PARALLEL_SORT_INLINE_ bool parallel_sort_by_runs(parallel_sorting *s, parallel_segment *g, bool always, size_t size,
                                                 parallel_sort_call *call)
{
    parallel_waiting_run waiting[66]; /* their powers rise, from 0 to 64 */
    size_t first = g->begin, n = g->end - first, begin = first, end = first, count = 0, made = 0, stepped = 0;
    if (g->is_backwards)
        parallel_sort_reverse(parallel_sort_at(s, g->is_elsewhere, first, size), n, s->room, size);
    g->is_backwards = false;
    for (;;) {
        bool falls = false;
        size_t length = end < g->end ? parallel_sort_whole_run(s, g, end, &falls, size, call) : 0;
        if (falls)
            parallel_sort_reverse(parallel_sort_at(s, g->is_elsewhere, end, size), length, s->room, size);
        if (length < PARALLEL_SORT_RUN_ && end + length < g->end && !parallel_sort_is_over(s)) {
            if (!always && made + PARALLEL_SORT_FEW_ > n / 64 + (end - first) / 8 &&
                !parallel_sort_is_easy(s, g, end, made, stepped, size, call))
                return false;
            length = parallel_sort_make_run(s, g, end, size, call);
            made += length;
        }
        /* that run begins at `end`, and the one before it at `begin` */
        unsigned power =
            begin == end || length == 0 ? 0 : parallel_sort_power(begin - first, end - first, end + length - first, n);
        for (; count > 0 && waiting[count - 1].power >= power; begin = waiting[--count].begin)
            if (s->stopped ||
                !parallel_sort_join(s, g->is_elsewhere, waiting[count - 1].begin, begin, end, &stepped, size, call))
                return true;
        if (end == g->end || s->stopped)
            return true;
        if (end > begin)
            waiting[count++] = (parallel_waiting_run){begin, power};
        begin = end;
        end += length;
    }
}

#endif /* !__cplusplus */

#endif
