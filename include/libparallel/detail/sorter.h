/* SPDX-License-Identifier: MIT */
/*
 * How items are sorted by an order: what PARALLEL_DECORATE_ORDER makes functions of, with the size of an item and the
 * comparison as constants where these are inlined. Nothing here is for programs to use.
 *
 * A sort has the items' own place and another of the same size. It is a quicksort that is stable, since it divides
 * items from one place into the other: those that come before the pivot to the front, the others to the back, from
 * which they are read backwards later. So items are only copied, and at every call of the comparison, all of them are
 * in segments of one place or the other, which a list tells (`parallel_sorting.segments`): whatever the comparison
 * does, and however it ends, none is lost (parallel_sort_settle()). There are no branches that depend on a comparison
 * but at the ends of segments: places are computed (Edelkamp and Weiss, "BlockQuicksort", 2016, section 3, for why).
 *
 * Few items are sorted by networks of four and merges from both ends at once. Where there are long runs, they are
 * merged, in the order that powersort has (Munro and Wild 2018, section 3). Where pivots are bad time and again, all is
 * merged.
 */
#ifndef LIBPARALLEL_DETAIL_SORTER_H
#define LIBPARALLEL_DETAIL_SORTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <libparallel/base.h>

enum {
    PARALLEL_SORT_FEW_ = 32,      /* items at most that are sorted by networks and merges */
    PARALLEL_SORT_RUN_ = 24,      /* how long a run is to be at least, to be left as it is */
    PARALLEL_SORT_PIECE_ = 16,    /* items of a long run that are looked at without a branch */
    PARALLEL_SORT_LOOK_ = 256,    /* items, after which it is looked whether the sort is over */
    PARALLEL_SORT_SEGMENTS_ = 96, /* in the list at most; where there would be more, all is merged */
    PARALLEL_SORT_ABREAST_ = 6,   /* items that go down a tree of splitters side by side */
    PARALLEL_SORT_BAD_ = 24,      /* pivots of a segment that may be bad, before it is merged */
    PARALLEL_SORT_LEVELS_ = 8     /* of a tree of splitters at most */
};

/* Items [begin, end) that are yet to be sorted, or copied. */
typedef struct parallel_segment {
    size_t begin, end;
    unsigned char is_elsewhere; /* in the other place */
    unsigned char is_backwards; /* from the last to the first */
    unsigned char rest;         /* how often it may be divided before it is merged */
} parallel_segment;

typedef struct parallel_sorting {
    unsigned char *items; /* where they are to be */
    unsigned char *other; /* the other place */
    unsigned char *room;  /* for PARALLEL_SORT_FEW_ items */
    size_t n;
    bool (*is_over)(void *ctx); /* whether the sort is to end at once, or NULL */
    void *ctx;
    bool stopped; /* it has */
    unsigned count;
    parallel_segment segments[PARALLEL_SORT_SEGMENTS_];
} parallel_sorting;

/* Splitters for 2^levels groups of items, but for the last, which is the most that there are: as a tree, whose node k
 * has its children at 2 k and 2 k + 1, from 1 on. */
typedef struct parallel_splitters {
    const unsigned char *tree;   /* 2^levels items; the first is not used */
    const unsigned char *sorted; /* 2^levels: the splitters in their order, and the last one again; or NULL: */
    unsigned levels;             /* there are no groups of those that equal a splitter, between the others */
} parallel_splitters;

struct parallel_order;

/* The functions that a decoration makes, which know the order that they are handed. */
typedef struct parallel_sorter {
    void (*sort)(parallel_sorting *s, const struct parallel_order *order);

    /* How many of n items, n > 0, are a run from the first on: each not before its predecessor; or, if that is but one,
     * each before its predecessor, and *falls. */
    size_t (*run)(const void *items, size_t n, bool *falls, const struct parallel_order *order);

    /* The numbers of the groups in which n items are. */
    void (*classify)(const parallel_splitters *splitters, const void *items, size_t n, unsigned char *groups,
                     const struct parallel_order *order);
} parallel_sorter;

#ifndef __cplusplus

#define PARALLEL_SORT_INLINE_ static inline __attribute__((always_inline))

typedef int parallel_sort_call(const void *a, const void *b);

/* Whether a comes before b. */
PARALLEL_SORT_INLINE_ bool parallel_sort_before(const unsigned char *a, const unsigned char *b,
                                                parallel_sort_call *call)
{
    return call(a, b) < 0;
}

/* a or b, without a branch. */
PARALLEL_SORT_INLINE_ const unsigned char *parallel_sort_pick(bool first, const unsigned char *a,
                                                              const unsigned char *b)
{
    uintptr_t x = (uintptr_t)a, y = (uintptr_t)b, mask = -(uintptr_t)first;
    __asm__("" : "+r"(mask)); /* or a compiler makes a branch of it after all */
    return (const unsigned char *)(y ^ ((x ^ y) & mask));
}

/* Puts n items in the opposite order; and copies them so. */
PARALLEL_SORT_INLINE_ void parallel_sort_reverse(unsigned char *items, size_t n, unsigned char *room, size_t size)
{
    for (unsigned char *a = items, *b = items + n * size; n > 1 && a < (b -= size); a += size) {
        memcpy(room, a, size);
        memcpy(a, b, size);
        memcpy(b, room, size);
    }
}

PARALLEL_SORT_INLINE_ void parallel_sort_copy(unsigned char *to, const unsigned char *from, size_t n, bool backwards,
                                              size_t size)
{
    if (!backwards) {
        memcpy(to, from, n * size);
        return;
    }
    for (const unsigned char *last = from + n * size; n > 0; n--, to += size)
        memcpy(to, last -= size, size);
}

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

PARALLEL_SORT_INLINE_ bool parallel_sort_is_over(parallel_sorting *s)
{
    return s->stopped || (s->is_over && (s->stopped = s->is_over(s->ctx)));
}

/* Merges two runs of any length, one behind the other, from one place to another. False if the sort is over: then there
 * is nothing of use at `to`. */
PARALLEL_SORT_INLINE_ bool parallel_sort_merge(parallel_sorting *s, const unsigned char *a, size_t a_n, size_t b_n,
                                               unsigned char *to, size_t size, parallel_sort_call *call)
{
    const unsigned char *b = a + a_n * size;
    parallel_merging m = {a, b, b, b + b_n * size, to, to + (a_n + b_n) * size};
    for (;;) {
        size_t left = (size_t)(m.a_end - m.a), right = (size_t)(m.b_end - m.b);
        size_t steps = (left < right ? left : right) / size / 2;
        if (steps == 0)
            break;
        parallel_sort_merge_ends(&m, steps < PARALLEL_SORT_LOOK_ ? steps : PARALLEL_SORT_LOOK_, size, call);
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

/* ---- segments ---------------------------------------------------------------------------------------------- */

PARALLEL_SORT_INLINE_ unsigned char *parallel_sort_at(const parallel_sorting *s, bool elsewhere, size_t i, size_t size)
{
    return (elsewhere ? s->other : s->items) + i * size;
}

/* A segment that has been sorted, or is not to be: it goes where it is to be. */
PARALLEL_SORT_INLINE_ void parallel_sort_place(parallel_sorting *s, const parallel_segment *g, size_t size)
{
    unsigned char *to = parallel_sort_at(s, false, g->begin, size);
    if (g->is_elsewhere)
        parallel_sort_copy(to, parallel_sort_at(s, true, g->begin, size), g->end - g->begin, g->is_backwards, size);
    else if (g->is_backwards)
        parallel_sort_reverse(to, g->end - g->begin, s->room, size);
}

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

/* ---- runs -------------------------------------------------------------------------------------------------- */

PARALLEL_SORT_INLINE_ size_t parallel_sort_run(const unsigned char *v, size_t n, bool *falls, size_t size,
                                               parallel_sort_call *call)
{
    bool down = n > 1 && parallel_sort_before(v + size, v, call);
    size_t i = 1;
    *falls = down;
    for (size_t piece = PARALLEL_SORT_PIECE_;;) {
        while (i >= piece && n - i > piece) { /* of long runs many at once */
            int differ = 0;
            for (size_t k = i; k < i + piece; k++)
                differ |= parallel_sort_before(v + k * size, v + k * size - size, call) != down;
            if (differ)
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

/* Merges two runs that are in one place, [begin, middle) and [middle, end), where they are. What need not move does
 * not. */
PARALLEL_SORT_INLINE_ bool parallel_sort_join(parallel_sorting *s, bool elsewhere, size_t begin, size_t middle,
                                              size_t end, size_t size, parallel_sort_call *call)
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
    if (!parallel_sort_merge(s, v, middle - begin, end - middle, to, size, call))
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

/* Merges the runs of a segment, where it is; from too many short ones on, not, unless it is to do so `always`. True if
 * it is sorted, or the sort is over. */
PARALLEL_SORT_INLINE_ bool parallel_sort_by_runs(parallel_sorting *s, parallel_segment *g, bool always, size_t size,
                                                 parallel_sort_call *call)
{
    parallel_waiting_run waiting[66]; /* their powers rise, from 0 to 64 */
    size_t first = g->begin, n = g->end - first, begin = first, end = first, count = 0, made = 0;
    if (g->is_backwards)
        parallel_sort_reverse(parallel_sort_at(s, g->is_elsewhere, first, size), n, s->room, size);
    g->is_backwards = false;
    for (;;) {
        bool falls = false;
        size_t length = end < g->end ? parallel_sort_whole_run(s, g, end, &falls, size, call) : 0;
        if (falls)
            parallel_sort_reverse(parallel_sort_at(s, g->is_elsewhere, end, size), length, s->room, size);
        if (length < PARALLEL_SORT_RUN_ && end + length < g->end && !s->stopped) {
            made += PARALLEL_SORT_FEW_;
            if (!always && made > n / 64 + (end - first) / 8)
                return false;
            length = parallel_sort_make_run(s, g, end, size, call);
        }
        /* that run begins at `end`, and the one before it at `begin` */
        unsigned power =
            begin == end || length == 0 ? 0 : parallel_sort_power(begin - first, end - first, end + length - first, n);
        for (; count > 0 && waiting[count - 1].power >= power; begin = waiting[--count].begin)
            if (s->stopped || !parallel_sort_join(s, g->is_elsewhere, waiting[count - 1].begin, begin, end, size, call))
                return true;
        if (end == g->end || s->stopped)
            return true;
        if (end > begin)
            waiting[count++] = (parallel_waiting_run){begin, power};
        begin = end;
        end += length;
    }
}

/* ---- all --------------------------------------------------------------------------------------------------- */

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
        if ((looks || merges) && n > PARALLEL_SORT_FEW_ / 2 && parallel_sort_by_runs(s, g, merges, size, call)) {
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

/* ---- groups ------------------------------------------------------------------------------------------------ */

/* For each k below n, which is a constant: gcc unrolls loops only where it is asked to optimise more than as a rule. */
#ifdef __clang__
#define PARALLEL_SORT_EACH_(k, n) for (size_t k = 0; k < (n); k++)
#else
#define PARALLEL_SORT_EACH_(k, n) _Pragma("GCC unroll 6") for (size_t k = 0; k < (n); k++)
#endif

/* Several items go down the tree side by side, as each waits for its comparison (Sanders and Winkel, "Super scalar
 * sample sort", 2004, section 4). */
PARALLEL_SORT_INLINE_ void parallel_sort_classify_some(const parallel_splitters *p, const unsigned char *v, size_t n,
                                                       unsigned char *groups, size_t size, parallel_sort_call *call)
{
    size_t node[PARALLEL_SORT_ABREAST_], leaves = (size_t)1 << p->levels;
    PARALLEL_SORT_EACH_(k, n)
    {
        node[k] = 1;
    }
    for (unsigned level = 0; level < p->levels; level++) {
        PARALLEL_SORT_EACH_(k, n)
        {
            node[k] = 2 * node[k] + parallel_sort_before(p->tree + node[k] * size, v + k * size, call);
            __asm__("" : "+r"(node[k])); /* or a compiler makes vectors of some of them */
        }
    }
    PARALLEL_SORT_EACH_(k, n)
    {
        node[k] -= leaves;
    }
    if (p->sorted) {
        PARALLEL_SORT_EACH_(k, n)
        {
            bool is_last = node[k] == leaves - 1;
            bool equals = !parallel_sort_before(v + k * size, p->sorted + node[k] * size, call);
            node[k] = 2 * node[k] + (equals & !is_last);
        }
    }
    PARALLEL_SORT_EACH_(k, n)
    {
        groups[k] = (unsigned char)node[k];
    }
}

PARALLEL_SORT_INLINE_ void parallel_sort_classify(const parallel_splitters *p, const unsigned char *v, size_t n,
                                                  unsigned char *groups, size_t size, parallel_sort_call *call)
{
    for (; n >= PARALLEL_SORT_ABREAST_; n -= PARALLEL_SORT_ABREAST_) {
        parallel_sort_classify_some(p, v, PARALLEL_SORT_ABREAST_, groups, size, call);
        v += PARALLEL_SORT_ABREAST_ * size;
        groups += PARALLEL_SORT_ABREAST_;
    }
    for (; n > 0; n--, v += size, groups++)
        parallel_sort_classify_some(p, v, 1, groups, size, call);
}

#endif /* !__cplusplus */

#endif
