/* SPDX-License-Identifier: MIT */
/*
 * Others, who take over what is left of a light call whose caller is held up.
 *
 * A call that asks for more workers than there are CPUs has tasks that wait, perhaps for each other. As long as they
 * have not been seen to, they are run at once all the same, on their caller, as a piece with a relief (sched/watch.h):
 * should one of them block, the tasks behind it become an ordinary call, which another thread makes, by as many workers
 * as are left. When its own task has ended, the caller waits for that call, and answers for all tasks.
 */
#ifndef PL_CALL_OTHERS_H
#define PL_CALL_OTHERS_H

#include "call/call.h"

typedef struct pl_others {
    /* what was given, and is to be there until the call ends */
    const void *given;
    size_t n;
    void *out;
    const parallel_options *options; /* or NULL */
    unsigned workers;                /* with the caller */
    /* Begins others' call, of what was given, as one in the background. */
    bool (*begin)(struct pl_others *others, const parallel_options *options);
    /* what follows is for others.c */
    pl_relief relief;
    const pl_context *context; /* the caller's */
    pl_os_ambient ambient;
    size_t first; /* the first of others' tasks; 0: they have none */
    pl_call call; /* if they have some */
    pthread_t thread;
    unsigned forks; /* pl_pool_forks() when it was started */
} pl_others;

/* The caller is about to run the tasks, in `context`. What tells them to give up, when others have taken over. */
const pl_stop *pl_others_begin(pl_others *others, pl_context *context);

/* Whether others have taken over, once pl_watch_was_relieved(). */
bool pl_others_took_over(const pl_others *others);

/* The caller's tasks have come to what `begun` says: runs those that nobody has begun, and waits for the others. True
 * if all is well, as pl_call_run() says it; `call` is to be ended. */
bool pl_others_end(pl_others *others, const pl_begun *begun);

/* The same where the caller is being unwound: no further task begins, and the call is ended. */
void pl_others_abandon(pl_others *others);

#endif
