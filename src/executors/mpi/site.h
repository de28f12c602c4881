/* SPDX-License-Identifier: MIT */
/*
 * A rank's end of all that goes to and fro: its *messenger*, the one thread that calls the transport (transport.h).
 *
 * Any thread posts messages; the messenger sends them, hands in those that come, and looks which ranks have died. In
 * between it sleeps: until something is posted, but no longer than two milliseconds while there is work. Where somebody
 * waits for a message, or there is no work, that is a quarter of the time for which nothing has happened: 50 us at
 * least, and at most 500 us where somebody waits, a millisecond when there is no work, and 10 ms after a second of
 * that. So an idle rank takes but a few hundredths of a CPU, and MPI makes progress while tasks run.
 */
#ifndef PL_MPI_SITE_H
#define PL_MPI_SITE_H

#include <pthread.h>

#include "executors/mpi/run.h"
#include "executors/mpi/transport.h"

typedef struct pl_site {
    pl_transport *transport;
    unsigned char *dead; /* by rank: it is, or has left; guarded by the mutex */

    /* Takes a message that has come; and is told that a rank has died. Called by the messenger. */
    void (*take)(struct pl_site *site, pl_message *m);
    void (*note_death)(struct pl_site *site, unsigned rank);

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t rung;
    pl_message *first, *last; /* posted, and not sent yet */
    unsigned work;            /* calls, or pieces of them, that are under way */
    unsigned waits;           /* those of which somebody has nothing to do before a message comes */
    uint64_t pace_ns;         /* half of what the last piece took */
    unsigned awaited;         /* ranks that are to send their last message, or to die, before the messenger ends */
    bool ends;                /* it ends then, when all has been sent; what is posted is dropped */
} pl_site;

/* False if there is no memory. The site is all zero but for `take` and `note_death`. */
bool pl_site_begin(pl_site *site, pl_transport *transport);
void pl_site_free(pl_site *site);

/* Is the messenger, until pl_site_end(). */
void pl_site_run(pl_site *site);

/* Posts these messages, linked by `next`, as the last: what is posted from now on is dropped. The messenger ends when
 * all has been sent; or not before all other ranks have left, too. Not the first time, it drops them. */
typedef enum pl_site_others { PL_SITE_OTHERS_STAY, PL_SITE_OTHERS_LEAVE } pl_site_others;
void pl_site_end(pl_site *site, pl_message *last, pl_site_others others);

/* A rank has sent its last message. Called by the messenger, in take(). */
void pl_site_note_left(pl_site *site, unsigned rank);

/* Sends a message, which is the site's from now on. NULL is fine. */
void pl_site_post(pl_site *site, pl_message *m);

/* Has the messenger look, now. */
void pl_site_ring(pl_site *site);

/* A piece took so long. */
void pl_site_note_pace(pl_site *site, uint64_t took_ns);

/* So many more calls or pieces are under way, and so many more of those who wait; or fewer. */
void pl_site_add_work(pl_site *site, int work, int waits);

#endif
