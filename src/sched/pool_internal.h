/* SPDX-License-Identifier: MIT */
/*
 * Between the files of the pools: pool.c (their life), pool_guests.c (records, and threads of the program),
 * pool_threads.c (threads of a pool), pool_attach.c (which thread is in which pool), pool_fork.c (children of fork()).
 */
#ifndef PL_SCHED_POOL_INTERNAL_H
#define PL_SCHED_POOL_INTERNAL_H

#include "sched/pool.h"

/* What all pools share. */
typedef struct pl_pool_state {
    pthread_mutex_t mutex;     /* guards all that follows, and the use of records; never held while a task runs */
    pl_pool *program;          /* the program's pool; or NULL */
    _Atomic(pl_pool *) own;    /* those that pl_pool_new() has made, until they are freed */
    pl_pool *forked;           /* those of parent processes */
    pl_worker *forked_workers; /* and workers of such, whose pools have been made anew */
    pthread_key_t guest_key;   /* tells when a guest of the program's pool ends */
    bool has_guest_key;        /* there is that key */
    bool has_exit_handler;     /* pl_pool_end_all() is called when the program exits */
    bool closed;               /* the library is being unloaded or the program exits: no further guests */
    unsigned forks;            /* how many lie between this process and the first */
    bool is_child_early;       /* this is a child, as was found out before the library's fork handler has run */
} pl_pool_state;

extern pl_pool_state pl_pool_all __attribute__((visibility("hidden")));

/* Where a thread is. */
typedef struct pl_pool_thread {
    pl_worker *worker;         /* what the thread is in a pool; or NULL */
    pl_attachment *attachment; /* the innermost; if that has no worker yet, `worker` is NULL */

    /* A thread of the pool that has not begun, or is on its way out: calls that `thread_start`, `thread_end` or its
     * thread-specific destructors make run alone. It would be the last to let go of a pool that it is to be joined
     * for. */
    bool stays_out;
} pl_pool_thread;

extern _Thread_local pl_pool_thread pl_pool_this PL_OF_THREAD __attribute__((visibility("hidden")));

/* The mutex, also in a child that was forked while another thread held it. */
void pl_pool_lock(void);
void pl_pool_unlock(void);

/* The pool that the calling thread is in; NULL if it is in none. */
static inline pl_pool *pl_pool_here(void)
{
    const pl_pool_thread *this = &pl_pool_this;
    return this->worker ? this->worker->pool : this->attachment ? this->attachment->pool : NULL;
}

/* ---- life ------------------------------------------------------------------------------------------------ */

/* What does not change in a pool that is all zero otherwise. With the mutex held, as what follows. */
void pl_pool_fill_in(pl_pool *pool, unsigned size, const pl_thread_kind *kind);

/* The program's pool, made if need be. */
pl_pool *pl_pool_program(void);

/* Makes it one of the program's own, which its maker holds; `next` is the next of them. */
void pl_pool_make_own(pl_pool *pool, pl_pool *next);

/* What a link of the list of own pools leads to. The list changes under the mutex, but for a child process, which sees
 * it as it was at some moment. */
pl_pool *pl_pool_at(_Atomic(pl_pool *) *link);

/* Takes a pool out of the list that `link` is part of. With the mutex held, or in a child process. */
void pl_pool_take_out(_Atomic(pl_pool *) *link, const pl_pool *pool);

/* Lets go of an own pool, which ends if nobody else holds it. */
void pl_pool_release(pl_pool *pool);

/* ---- records --------------------------------------------------------------------------------------------- */

/* A record that nobody uses; with the mutex held. NULL if there is none. */
pl_worker *pl_pool_unused_worker(pl_pool *pool);

/* Nobody uses the record any more; with the mutex held. */
void pl_pool_free_record(pl_worker *w);

/* The same, for a thread that does not hold the mutex. */
void pl_pool_give_back(pl_worker *w);

/* Frees a record itself, when its pool is. */
void pl_pool_free_worker(pl_worker *w);

/* Makes the key by which guests' ends are known, unless there is one. */
bool pl_pool_make_guest_key(void);

/* ---- children -------------------------------------------------------------------------------------------- */

/* For whoever finds that this is a new child before the library's fork handler has run. */
void pl_pool_become_child_early(void);

#endif
