/* SPDX-License-Identifier: MIT */
/*
 * A pool's inbox: errands that run in the background, each on a thread of the pool that takes it.
 *
 * An errand is a call that nobody waits for yet. It may block for long, so however many there are, each gets a thread in the
 * end, without a thread for each of thousands that last a microsecond. The rule:
 *
 *   - as many threads as the pool is in size take errands as they come (*drivers*);
 *   - one more takes an errand only when it is *ripe*, that is, has waited for two milliseconds, and the last one that was
 *     taken so was taken two milliseconds ago;
 *   - while there are errands, there is a thread on the watch: one that searches, or that sleeps no longer than until the
 *     first errand can be taken. If nobody is idle, whoever submits an errand, or takes one and leaves others, starts a thread for
 *     that. So beyond the pool's size threads are added one in two milliseconds at most.
 *
 * The watch is kept by the protocol of sleep.h, with "there are errands" for public work (I2 for p1, I1 for a3 and f2): a
 * sleeper that found none (I1) after its announcement is seen by whoever then submits one; a searcher that found other work
 * and was the last looks here, too (pl_worker_pass_on()). Whether an errand may be taken now is a question of time only
 * for who is on the watch.
 */
#ifndef PL_SCHED_INBOX_H
#define PL_SCHED_INBOX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/atomic.h"

struct pl_pool;

typedef struct pl_errand {
    /* calls pl_inbox_end() when it has done what may take long, before it lets others know; may end with the errand's memory
     * gone */
    void (*run)(struct pl_errand *errand);
    struct pl_pool *pool;
    uint64_t not_before; /* in pl_os_nanoseconds(); 0: at once */
    /* the inbox's, under its mutex */
    struct pl_errand *next, *before;
    uint64_t from; /* when it can be taken, in pl_os_nanoseconds() */
    bool queued;
} pl_errand;

typedef struct pl_inbox {
    pthread_mutex_t mutex;
    pl_errand *first, *last;  /* by `from` */
    uint64_t floor;           /* nothing is ripe before, in pl_os_nanoseconds(); under the mutex */
    _Atomic uint32_t count;   /* how many there are */
    _Atomic uint32_t drivers; /* how many are being run */
    _Atomic uint64_t from;    /* from when the first can be taken, in pl_os_nanoseconds(), */
    _Atomic uint64_t ripe_at; /* and when it is ripe */
} pl_inbox;

void pl_inbox_init(pl_inbox *inbox);

/* Puts an errand, with the first three members filled in, into its pool's inbox, and sees to it that somebody comes. */
void pl_inbox_submit(pl_errand *errand);

/* If there was no thread to be had for the pool, tries again. */
void pl_inbox_remind(pl_errand *errand);

/* Takes an errand back. False if it is being run already, or has been. */
bool pl_inbox_withdraw(pl_errand *errand);

/* How many errands wait. */
uint32_t pl_inbox_count(const pl_inbox *inbox);

/* How many errands are being run. */
uint32_t pl_inbox_drivers(const pl_inbox *inbox);

/* Whether a thread may take an errand now. */
bool pl_inbox_open(const struct pl_pool *pool);

/* How many nanoseconds until one may; of an empty inbox, -1. */
int64_t pl_inbox_opens_in(const struct pl_pool *pool);

/* A thread of the pool takes an errand, or NULL, and runs it; which ends it. From then on the program may exit and join the
 * thread. */
pl_errand *pl_inbox_take(struct pl_pool *pool);
void pl_inbox_end(struct pl_pool *pool);

#endif
