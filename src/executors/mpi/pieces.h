/* SPDX-License-Identifier: MIT */
/*
 * A call on ranks: what its *coordinator* does, which is the thread that makes the call, or performs it.
 *
 * The coordinator cuts the call's tasks into pieces, keeps account of which rank has which piece, takes in what came of
 * them (inbox.h), and decides what becomes of tasks that failed. Home works, too: it is a rank among the others, whose
 * pieces are not sent but run by the call's own runners (runners.h). What is sent goes through the rank's messenger
 * (site.h).
 *
 *      a piece is assigned       to a rank with room, the one that has the fewest pieces
 *      its outcome comes         results are copied, failures are noted, and the piece is gone
 *      its rank dies             its tasks have crashed, and are tried again where there are attempts left
 *
 * A piece is in the list of its rank until one of the two happens. So a call ends.
 *
 * WHOSE TURN IT IS. The account is under a mutex, p->turn. The coordinator takes its turn when it is woken up, and
 * every few milliseconds. But whoever brings an outcome, a runner of home's or the messenger, takes one in its place,
 * if nobody is at it: takes in what has come, and gives out more. So a rank's next piece does not wait for a thread
 * that is to wake up first. What is the coordinator's alone is to report progress, to stop the call, and to see that it
 * is over.
 *
 * How large a piece is, and how many a rank has ahead, is in share.h. What costs home less to run than to send stays
 * there.
 *
 * None of this takes longer for more ranks, but for what is told to all: the number of a piece says who has it, and
 * ranks with room are kept in lists, by how many pieces they have.
 */
#ifndef PL_MPI_PIECES_H
#define PL_MPI_PIECES_H

#include "executors/mpi/inbox.h"
#include "executors/mpi/runners.h"
#include "executors/mpi/site.h"

/* Pieces that a rank may have, whatever they take. */
enum { PL_PIECES_MOST = 16 };

/* Tasks of a call that are with a rank. */
typedef struct pl_pieces_piece {
    struct pl_pieces_piece *next;
    uint64_t number; /* modulo the number of ranks, it is that of its rank */
    size_t begin, end;
    unsigned tried; /* attempts that the tasks have had on ranks that died */
} pl_pieces_piece;

/* What the coordinator knows of a rank. */
typedef struct pl_pieces_peer {
    pl_pieces_piece *pieces; /* that it has */
    unsigned count;          /* of them */
    size_t tasks;            /* in all of them */
    size_t last;             /* tasks in the piece that came back last; 0: none has */
    double task_ns;          /* how long the rank takes for a task, all its threads together */
    unsigned threads;        /* that it may use */
    double busy_ns;          /* what its pieces took, the last as much as all before it; and how many tasks that were */
    double busy_tasks;
    bool told; /* it has the call */
    bool gone; /* it has died, and its pieces have been taken back */

    /* share.c's: where it is among those that may be given pieces, if it is */
    bool has_room, is_short;
    unsigned room;
    struct pl_pieces_peer *before, *after;
} pl_pieces_peer;

/* Ranks that may be given pieces, and have equally many. */
typedef struct pl_pieces_room {
    pl_pieces_peer *first, *last;
} pl_pieces_room;

typedef struct pl_pieces {
    struct pl_pieces *next; /* home's list */
    uint64_t call_id;
    pthread_mutex_t turn; /* guards what follows, but for the inbox and the runners */
    pl_call *call;
    pl_call_worker worker; /* the coordinator, as a worker on the call that notes failures and reports progress */
    pl_site *site;         /* NULL: there is but this rank */
    pl_inbox inbox;
    pl_runners runners; /* home's */
    unsigned char *dead;
    uint64_t traced;   /* the call's number in a trace; 0: there is none */
    size_t fresh;      /* the first task that has not been assigned yet */
    size_t whole;      /* tasks in each piece; 0: any number */
    size_t task_bytes; /* that are sent, and come back, of a task */
    uint64_t made;     /* pieces so far */
    unsigned open;     /* pieces that are with ranks */
    bool finished;     /* the coordinator has seen the end: nobody changes this account any more */
    bool waits;        /* the messenger knows that a rank, or this call, waits for messages */
    int over;          /* why nothing more is to start: an error code; 0: tasks may start */
    int level;         /* how far the ranks are to stop: as of a stop word */
    double busy_ns;    /* how long all tasks so far would take on one thread */
    size_t busy_tasks;
    bool is_sure;      /* enough is known of home for others to be taken to be like it */
    unsigned short_of; /* other ranks that have the call, and fewer than two pieces */
    unsigned alive;    /* ranks that have not died */
    unsigned ranks;
    pl_pieces_room room[PL_PIECES_MOST];
    pl_pieces_peer peers[]; /* the first is home */
} pl_pieces;

/* An account of a call that this rank makes, with so many others at `site`, whose numbers of threads are known.
 * NULL: there is no memory. */
pl_pieces *pl_pieces_new(pl_call *c, uint64_t call_id, pl_site *site, const unsigned *threads, unsigned ranks);
void pl_pieces_free(pl_pieces *p);

/* A run has its outcome, and is the call's from now on. The account is not to be freed meanwhile. */
void pl_pieces_bring(pl_pieces *p, pl_run *run);

/* Runs all tasks. */
void pl_pieces_run(pl_pieces *p);

#endif
