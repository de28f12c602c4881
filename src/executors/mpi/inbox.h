/* SPDX-License-Identifier: MIT */
/* What has come for a call at home: outcomes of pieces, from ranks and from home's own runners, and deaths of ranks. */
#ifndef PL_MPI_INBOX_H
#define PL_MPI_INBOX_H

#include "executors/mpi/run.h"
#include "executors/mpi/site.h"

typedef struct pl_inbox {
    pthread_mutex_t mutex; /* guards all that follows */
    pthread_cond_t changed;
    pl_run *first, *last;
    bool news;           /* since the last time */
    bool died;           /* one more rank has, since the last time */
    bool closed;         /* no other rank is to be used any more: as if all had died */
    size_t lent;         /* messages on their way that use what is the call's */
    unsigned char *dead; /* by rank */
    unsigned ranks;
} pl_inbox;

/* False if there is no memory. */
bool pl_inbox_begin(pl_inbox *inbox, unsigned ranks);
void pl_inbox_free(pl_inbox *inbox);

/* A run with its outcome, the inbox's from now on. Nobody is woken up by that. */
void pl_inbox_add(pl_inbox *inbox, pl_run *run);

/* These wake up the coordinator. */
void pl_inbox_ring(pl_inbox *inbox);
void pl_inbox_note_death(pl_inbox *inbox, unsigned rank);
void pl_inbox_close(pl_inbox *inbox);

/* Waits until there is something new, but no longer than until `until`, in nanoseconds. */
void pl_inbox_wait(pl_inbox *inbox, uint64_t until);

/* All runs that have come, which are the caller's, in order. Sets whether a rank has died since the last time, and, if
 * so, in `dead`, which have by now: what they said before is among the runs, or has been given already. */
pl_run *pl_inbox_take(pl_inbox *inbox, unsigned char *dead, bool *died);

/* A message that uses what is the call's is made; and is freed. The call waits for that with the last, and has the
 * messenger look. */
void pl_inbox_lend(pl_inbox *inbox);
void pl_inbox_return(pl_inbox *inbox);
void pl_inbox_wait_returned(pl_inbox *inbox, pl_site *site);

#endif
