/* SPDX-License-Identifier: MIT */
/* What came of a piece, as a message and back. */
#ifndef PL_MPI_OUTCOME_H
#define PL_MPI_OUTCOME_H

#include "executors/mpi/message.h"
#include "executors/mpi/run.h"

/* To home, of a piece of a call. The run, which is on the heap, as what it owns is, is the message's from now on. NULL:
 * there is no memory, and the run stays the caller's. */
pl_message *pl_outcome_write(pl_run *run, uint64_t call);

/* A run as the rank had it, without what it was to run; its results and texts are in the message, which it owns as
 * `owned`. NULL, and nothing is taken: the message is not what it is to be, or there is no memory. */
pl_run *pl_outcome_read(pl_message *m);

#endif
