/* SPDX-License-Identifier: MIT */
/*
 * How a call's tasks are shared among ranks: who gets the next piece, and how large it is. Nothing here sends, waits,
 * or reads a clock: what is known of a rank is what its pieces took. pieces.h says how it fits together.
 *
 *      a piece is                     what is to last for as long as
 *      ----------                     ------------------------------
 *      at first                       one task, or LEAST_NS, as soon as home knows how long it takes
 *      at most                        PIECE_NS by what the rank's last pieces took, or PIECE_NS_A_RANK for
 *                                     each rank; STEP times as many tasks as the last one had
 *      as the work runs out           one part out of PARTS of what is left for the rank
 *      at least                       LEAST_NS, or LEAST_NS_A_RANK for each rank, but a quarter of what is left for
 *                                     the rank at most: shorter ones cost more than they even out; END_NS, or as long
 *                                     for each rank, or all that is left for it
 *
 * A rank is given a piece while it has fewer than two, or less to do than AHEAD_NS, and than a quarter of what is left
 * for it, so that it has something while messages travel; of tasks that take longer than LONG_NS, no more than its
 * threads can begin.
 */
#ifndef PL_MPI_SHARE_H
#define PL_MPI_SHARE_H

#include <limits.h>

#include "executors/mpi/pieces.h"

/* No rank has room. */
#define PL_SHARE_NONE UINT_MAX

/* All ranks have room; once, when they are known. */
void pl_share_begin(pl_pieces *p);

/* A rank has a piece from now on. */
void pl_share_give(pl_pieces *p, pl_pieces_peer *peer, pl_pieces_piece *piece);

/* A rank has one piece less, or has died, or more is known of it. */
void pl_share_update(pl_pieces *p, pl_pieces_peer *peer);

/* The rank with room that has the fewest pieces; of several the one that has waited longest. */
unsigned pl_share_choose(pl_pieces *p);

/* How many fresh tasks, of which there are some, it is given. */
size_t pl_share_size(const pl_pieces *p, const pl_pieces_peer *peer);

/* A piece of so many tasks has come back, and took so many nanoseconds; 0: it was not run. */
void pl_share_learn(pl_pieces *p, pl_pieces_peer *peer, size_t tasks, uint64_t took_ns);

/* Whether a task of that many bytes, which takes so many nanoseconds, costs less to run than to send. */
bool pl_share_stays(double task_ns, size_t bytes);

#endif
