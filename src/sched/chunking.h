/* SPDX-License-Identifier: MIT */
/*
 * How large chunks are: all the numbers, and all the arithmetic on them. Nothing here reads a clock or keeps anything:
 * times are in ticks, and the caller has measured them. A size is at least 1, and where the function is told what is
 * left, at most that.
 *
 *      what is cut                  first                       then
 *      -----------                  -----                       ----
 *      a loop, on each participant  what has lasted CHUNK_US    what would have lasted CHUNK_US by the last chunk's
 *                                   so far, or 1 item           time, by a factor of STEP at most; a quarter of what
 *                                                               the range has left at most; of cheap items
 *                                                               whole vectors, and, once measured, a LEAST-th
 *                                                               of CHUNK_US at least
 *      a short loop on its caller   what is expected to last    what would have lasted CHUNK_US by the time of all
 *                                   CHUNK_US, or a quarter      before
 *      a short loop, handed over    the caller's part, larger   a part for each helper, or PARTS pieces of it
 *                                   by what helpers are late
 *      a call under a policy        as a loop, but PIECE_US     four times as many if that took less than half of
 *                                                               PIECE_US, half as many if it took more than twice
 *      a call on processes          as a loop, and more, the    by a RAMP-th of what has been assigned, but a worker's
 *                                   longer it has gone on       share of the rest over SHARES at most
 *      a call that splits           an even part for each worker
 *
 * A chunk is to be long beside what it costs to begin one, some 20 ns in a loop, and short beside everything that a
 * person or a balance of work notices.
 */
#ifndef PL_SCHED_CHUNKING_H
#define PL_SCHED_CHUNKING_H

#include <stddef.h>
#include <stdint.h>

enum {
    PL_CHUNKING_US = 5, /* how long a chunk is to last */
    PL_CHUNKING_PIECE_US =
        50 /* how long a piece is to last where deadlines, stops and progress are looked at after each */
};

enum {
    PL_CHUNKING_STEP = 8,      /* how many times larger or smaller a chunk of a loop may be than the one before */
    PL_CHUNKING_PART = 4,      /* a chunk takes at most one part out of so many of what its range has left */
    PL_CHUNKING_VECTOR = 16,   /* chunks are multiples of so many, the lanes of a vector of floats, */
    PL_CHUNKING_CHEAP = 5,     /* if so many, or more, would last CHUNK_US; */
    PL_CHUNKING_LEAST = 16,    /* and at least one part out of so many of what would last that */
    PL_CHUNKING_PIECES = 4,    /* into how many pieces a helper's part of a longer loop is cut */
    PL_CHUNKING_SAMPLES = 128, /* of a loop whose cost varies, one part out of so many is its first chunk */
    PL_CHUNKING_RAMP = 8,      /* an assignment is at most one part out of so many of all before it, and one task */
    PL_CHUNKING_SHARES = 16    /* into how many assignments a worker's even share of the rest is cut */
};

/* The largest chunk of a range, which has 32 bits: one that may still grow by a step. */
#define PL_CHUNKING_MOST (UINT32_MAX / PL_CHUNKING_STEP)

/* An even part of n items, 1 or more, for each of `parts`: rounded up. */
static inline size_t pl_chunking_even(size_t n, size_t parts)
{
    return (n - 1) / parts + 1;
}

/* How many items are expected to last `lasting` ticks, where `one` takes so many; 1 if that is unknown (UINT64_MAX). */
static inline uint64_t pl_chunking_first(uint64_t one, uint64_t lasting)
{
    return one > lasting ? 1 : lasting / (one + 1) + 1;
}

/* ---- loops ----------------------------------------------------------------------------------------------- */

/* The same for a range. */
static inline uint32_t pl_chunking_first_of_range(uint64_t one, uint64_t lasting)
{
    uint64_t size = pl_chunking_first(one, lasting);
    return size > PL_CHUNKING_MOST ? PL_CHUNKING_MOST : (uint32_t)size;
}

/* The next size, after `size` items, of `want` that were wanted, took `ticks`. One item, where a chunk is not to last
 * at all. */
static inline uint32_t pl_chunking_next_of_range(uint32_t want, uint32_t size, uint64_t ticks, uint64_t lasting)
{
    uint64_t next = ticks ? size * lasting / ticks : lasting ? UINT32_MAX : 1;
    uint64_t least = size / PL_CHUNKING_STEP, most = (uint64_t)size * PL_CHUNKING_STEP;
    most = want > most ? want : most; /* it was no smaller for what it cost, but as there were no more */
    next = next < least ? least : next > most ? most : next;
    return next < 1 ? 1 : next > PL_CHUNKING_MOST ? PL_CHUNKING_MOST : (uint32_t)next;
}

/* What is taken of a range with `rest` items, 1 or more, by a participant that wants so many: not too much, so that
 * there is something to share to the end. */
static inline uint32_t pl_chunking_of_range(uint32_t rest, uint32_t want)
{
    uint32_t most = (rest - 1) / PL_CHUNKING_PART + 1;
    return want < 1 ? 1 : want < most ? want : most;
}

/* The same, but where items are not dear, a multiple of `vector`, or the rest: a body that the compiler has vectorised
 * across items would else run some, or all, one by one, and it would never be seen what the others cost. And where that
 * has been measured, nothing that is soon run is cut any further, nor left: to begin a chunk, or to steal one, takes
 * longer. `least` are so few; 0 as long as one can only guess. */
static inline uint32_t pl_chunking_by_vectors(uint32_t rest, uint32_t want, uint32_t vector, uint32_t least)
{
    uint32_t size = pl_chunking_of_range(rest, want);
    if (want < PL_CHUNKING_CHEAP || vector == 1)
        return size;
    size = size < least ? least : size;
    size = (size + vector - 1) / vector * vector;
    return size < rest && rest - size >= least ? size : rest;
}

/* ---- short loops ----------------------------------------------------------------------------------------- */

/* The first chunk of a loop of n items that is expected to take `guess` ticks and runs on its caller: a part at least,
 * after which one knows better. */
static inline size_t pl_chunking_first_alone(size_t n, uint64_t guess, uint64_t lasting)
{
    size_t size = guess <= lasting ? n / 4 : n * lasting / guess;
    return size < 1 ? 1 : size;
}

/* The same where costs vary. */
static inline size_t pl_chunking_sample(size_t n)
{
    return n < PL_CHUNKING_SAMPLES ? 1 : n / PL_CHUNKING_SAMPLES;
}

/* The next one, after the first `done` items, 1 or more, took `spent` ticks. All the rest, if that is no longer. */
static inline size_t pl_chunking_next_alone(size_t n, size_t done, uint64_t spent, uint64_t lasting)
{
    size_t rest = n - done, size = spent * rest / done <= lasting ? rest : done * lasting / spent;
    return size < 1 ? 1 : size < rest ? size : rest;
}

/* How a short loop is cut that is handed over. */
typedef struct pl_chunking_plan {
    uint32_t mine;   /* the caller's items, the first ones */
    uint32_t piece;  /* how many of the others are taken at once */
    uint32_t pieces; /* how many times */
} pl_chunking_plan;

/* Of n items, 2 or more, that are expected to take `guess` ticks, for so many helpers, which are each late by `latency`
 * ticks, and take `cuts` pieces each. */
static inline pl_chunking_plan pl_chunking_hand_over(uint32_t n, uint64_t guess, uint64_t latency, uint32_t helpers,
                                                     uint32_t cuts)
{
    uint64_t lead = helpers * latency * n / guess, mine = (n + lead) / (helpers + 1);
    mine = mine < 1 ? 1 : mine < n ? mine : n - 1;
    uint32_t rest = n - (uint32_t)mine, piece = (rest - 1) / (cuts * helpers) + 1;
    return (pl_chunking_plan){.mine = (uint32_t)mine, .piece = piece, .pieces = (rest - 1) / piece + 1};
}

/* ---- calls under a policy, and on processes -------------------------------------------------------------- */

/* The next piece, after one that was to have `piece` items had `size`, and took `ticks`. */
size_t pl_chunking_next_piece(size_t piece, size_t size, uint64_t ticks, uint64_t lasting);

/* How many of `rest` tasks, 1 or more, to assign next, after `done` have been assigned: few at first, since all the
 * work may be in the first ones, and few at the end, so that all workers end at once; but `least`, where that leaves
 * something for everybody. */
size_t pl_chunking_assignment(size_t rest, size_t done, size_t workers, size_t least);

#endif
