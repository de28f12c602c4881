/* SPDX-License-Identifier: MIT */
/* Pieces of a call on their way to ranks: what they are sent with. pieces.h says how it fits together. */
#ifndef PL_MPI_ASSIGN_H
#define PL_MPI_ASSIGN_H

#include "executors/mpi/pieces.h"

/* Assigns what there is, as far as ranks have room. */
void pl_assign_feed(pl_pieces *p);

/* Ranks that have the call are told to stop, as `over` and `level` say; or that it is over. */
void pl_assign_stop(pl_pieces *p);
void pl_assign_end(pl_pieces *p);

#endif
