/* SPDX-License-Identifier: MIT */
/*
 * A pool's injector: jobs that run in the background, each on a thread of the pool that takes it.
 *
 * A job is a call that nobody waits for yet. It may block for long, so however many there are, each gets a thread in
 * the end, without a thread for each of thousands that last a microsecond. The rule:
 *
 *   - as many threads as the pool is in size take jobs as they come (*drivers*);
 *   - one more takes a job only when it is *overdue*, that is, has waited for two milliseconds, and the last one that
 *     was taken so was taken two milliseconds ago;
 *   - while there are jobs, a thread is on the watch: one that searches, or that sleeps no longer than until the first
 *     job can be taken. If nobody is idle, whoever submits a job, or takes one and leaves others, starts a thread for
 *     that. So beyond the pool's size threads are added one in two milliseconds at most.
 *
 * The watch is kept by the protocol of sleep.h, with "there are jobs" for public work (I2 for p1, I1 for a3 and f2): a
 * sleeper that found none (I1) after its announcement is seen by whoever then submits one; a searcher that found other
 * work and was the last looks here, too (pl_worker_pass_on()). Whether a job may be taken now is a question of time
 * only for the thread on the watch.
 */
#ifndef PL_SCHED_INJECTOR_H
#define PL_SCHED_INJECTOR_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"

struct pl_pool;

typedef struct pl_job {
    /* calls pl_injector_end() when it has done what may take long, before it lets others know; may end with the job's
     * memory gone */
    void (*run)(struct pl_job *job);
    struct pl_pool *pool;
    uint64_t not_before; /* in pl_os_nanoseconds(); 0: at once */
    /* the injector's, under its mutex */
    struct pl_job *next, *before;
    uint64_t from; /* when it can be taken, in pl_os_nanoseconds() */
    bool queued;
} pl_job;

typedef struct pl_injector {
    pthread_mutex_t mutex;
    pl_job *first, *last;        /* by `from` */
    uint64_t overdue_floor;      /* nothing is overdue before, in pl_os_nanoseconds(); under the mutex */
    _Atomic uint32_t count;      /* how many there are */
    _Atomic uint32_t drivers;    /* how many are being run */
    _Atomic uint64_t from;       /* when the first can be taken, in pl_os_nanoseconds() */
    _Atomic uint64_t overdue_at; /* when the first is overdue, likewise */
    _Atomic uint32_t submitted;  /* how many have been put in, modulo 2^32 */
} pl_injector;

void pl_injector_init(pl_injector *injector);

/* Puts a job, with the first three members filled in, into its pool's injector, and sees to it that somebody comes. */
void pl_injector_submit(pl_job *job);

/* The same for a caller that has just looked what time it is, in pl_os_nanoseconds(). */
void pl_injector_submit_at(pl_job *job, uint64_t now);

/* If there was no thread to be had for the pool, tries again. */
void pl_injector_remind(pl_job *job);

/* Takes a job back. False if it is being run already, or has been. */
bool pl_injector_withdraw(pl_job *job);

/* How many jobs wait. */
uint32_t pl_injector_count(const pl_injector *injector);

/* How many have been submitted so far, modulo 2^32. */
uint32_t pl_injector_submitted(const pl_injector *injector);

/* How many jobs are being run. */
uint32_t pl_injector_drivers(const pl_injector *injector);

/* Whether a thread may take a job now. */
bool pl_injector_open(const struct pl_pool *pool);

/* How many nanoseconds until one may; of an empty injector, -1. */
int64_t pl_injector_opens_in(const struct pl_pool *pool);

/* A thread of the pool takes a job, or NULL, and runs it; which ends it. From then on the program may exit and join the
 * thread. */
pl_job *pl_injector_take(struct pl_pool *pool);
void pl_injector_end(struct pl_pool *pool);

#endif
