/* SPDX-License-Identifier: MIT */
/*
 * How messages get from rank to rank: what MPI does, or threads of one process that pretend to be ranks, or whatever
 * comes later.
 *
 * Each rank has a transport of its own. One thread at a time calls it, the rank's messenger (site.h). Messages from one
 * rank to another arrive in the order in which they were sent, whole, each once; or, from some moment on, none does,
 * and the rank is not alive any more.
 */
#ifndef PL_MPI_TRANSPORT_H
#define PL_MPI_TRANSPORT_H

#include "executors/mpi/message.h"

typedef struct pl_transport pl_transport;
struct pl_transport {
    unsigned self;  /* this rank's number; 0: home */
    unsigned ranks; /* how many there are */

    /* Sends a message, which is the transport's from now on, and is freed when its bytes are not looked at any more.
     * Does not wait. */
    void (*send)(pl_transport *t, unsigned to, pl_message *m);

    /* Moves on what is being sent, and gives the next message that has come, the caller's to free. NULL: there is none
     * now. */
    pl_message *(*receive)(pl_transport *t);

    /* Whether something is still being sent, or has come in part. */
    bool (*is_busy)(pl_transport *t);

    /* False: the rank has died, and nothing more will come from it. */
    bool (*is_alive)(pl_transport *t, unsigned rank);
};

#endif
