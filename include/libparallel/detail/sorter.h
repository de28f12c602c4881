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
 * Few items are sorted by networks of four and merges from both ends at once (sorter_merge.h). Where there are long
 * runs, they are merged (sorter_runs.h). Where pivots are bad time and again, all is merged (sorter_divide.h).
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
    PARALLEL_SORT_EASY_ = 512,    /* items of runs that were made, by which it is seen what merging them takes */
    PARALLEL_SORT_PIECE_ = 32,    /* items of a long run that are looked at, or copied, at once */
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

PARALLEL_SORT_INLINE_ bool parallel_sort_is_over(parallel_sorting *s)
{
    return s->stopped || (s->is_over && (s->stopped = s->is_over(s->ctx)));
}

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

#endif /* !__cplusplus */

#endif
