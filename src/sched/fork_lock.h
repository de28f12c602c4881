/* SPDX-License-Identifier: MIT */
/*
 * A mutex that is not held while the program forks, since fork handlers of the program's may make calls: in a child it
 * is new, whoever held it, and what it guards is put right first, by the library's fork handler or by a call that comes
 * before that.
 */
#ifndef PL_SCHED_FORK_LOCK_H
#define PL_SCHED_FORK_LOCK_H

#include <pthread.h>

#include "sched/pool.h"

typedef struct pl_fork_lock {
    pthread_mutex_t mutex;

    /* Puts right what is guarded: that is whole, as it changes by single stores, but it is the parent's. */
    void (*become_child)(void);

    unsigned generation; /* pl_pool_forks() of the process that all this is of */
} pl_fork_lock;

/* clang-format off */
#define PL_FORK_LOCK(become_child) {PTHREAD_MUTEX_INITIALIZER, become_child, 0}
/* clang-format on */

/* In a new child process, at once or before its first use. */
static inline void pl_fork_lock_renew(pl_fork_lock *lock)
{
    if (lock->generation == pl_pool_forks())
        return;
    lock->generation = pl_pool_forks();
    pthread_mutex_init(&lock->mutex, NULL);
    lock->become_child();
}

static inline void pl_fork_lock_take(pl_fork_lock *lock)
{
    pl_fork_lock_renew(lock);
    pthread_mutex_lock(&lock->mutex);
}

static inline void pl_fork_lock_drop(pl_fork_lock *lock)
{
    pthread_mutex_unlock(&lock->mutex);
}

#endif
