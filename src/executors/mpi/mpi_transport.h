/* SPDX-License-Identifier: MIT */
/* Messages by MPI: the transport of the ranks of a communicator. */
#ifndef PL_MPI_MPI_TRANSPORT_H
#define PL_MPI_MPI_TRANSPORT_H

#include <parallel_mpi.h>

#include "executors/mpi/transport.h"

/* Over a copy of a communicator. NULL with errno: ENOMEM, or EIO, if there can be none. Both are collective. */
pl_transport *pl_mpi_transport_new(MPI_Comm comm);
void pl_mpi_transport_free(pl_transport *transport);

/* Ends all ranks, badly. */
void pl_mpi_transport_abort(pl_transport *transport);

#endif
