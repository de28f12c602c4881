/* SPDX-License-Identifier: MIT */
/* Pieces of a call on their way to ranks: how large they are, and what they are sent with. pieces.h says how it fits
 * together. */
#ifndef PL_MPI_ASSIGN_H
#define PL_MPI_ASSIGN_H

#include "executors/mpi/pieces.h"

/* Assigns what there is, as far as ranks have room. */
void pl_assign_feed(pl_pieces *p);

/* A piece has come back from a rank, and says how long it took. */
void pl_assign_learn(pl_pieces *p, pl_pieces_peer *peer, const pl_pieces_piece *piece, const pl_run *run);

/* Whether a task of that many bytes, which takes so many nanoseconds, costs less to run than to send. */
bool pl_assign_stays(double task_ns, size_t bytes);

/* Ranks that have the call are told to stop, as `over` and `level` say; or that it is over. */
void pl_assign_stop(pl_pieces *p);
void pl_assign_end(pl_pieces *p);

#endif
