/* SPDX-License-Identifier: MIT */
/* Waiting for the tasks of a call in the background one by one, and for one of several such calls. */
#include <errno.h>
#include <limits.h>
#include <math.h>

#include "api/executor.h"
#include "api/executor_notice.h"
#include "call/failure.h"

/* ---- the next task ----------------------------------------------------------------------------------------- */

/* Why there can be no next task for the calling thread: an error code, or 0. */
static int check_next(const parallel_executor *ex)
{
    if (!ex->call.ended)
        return EINVAL;
    if (ex->state == PL_EXECUTOR_LOST)
        return ECHILD;
    return !pl_executor_state_ended(ex) && pl_executor_state_inside(ex) ? EDEADLK : 0;
}

/* With the lock held. As parallel_executor_next(). */
static int take_next(parallel_executor *ex, parallel_item *item, double seconds)
{
    uint64_t until = pl_executor_deadline(seconds);
    if (seconds != 0 && ex->state == PL_EXECUTOR_HERE) /* there is no thread for it */
        pl_executor_perform(ex);
    pl_executor_remind(ex);
    if (!pl_executor_await(ex, until, pl_executor_state_ready))
        return pl_error_return(ETIMEDOUT);
    pl_ended *ended = ex->call.ended;
    int got = pl_ended_any(ended) ? pl_ended_take(ended, item) : pl_ended_take_rest(ended, item);
    pl_executor_notice_taken(ex);
    return got;
}

int parallel_executor_next(parallel_executor *ex, parallel_item *item, double seconds)
{
    if (!item || isnan(seconds))
        return pl_error_refuse(EINVAL, item ? "seconds is NaN" : "the item is NULL");
    if (!pl_executor_state_lock(ex))
        return -1;
    int code = check_next(ex);
    int got = code == EINVAL ? pl_error_refuse(code, "the executor was made without as_completed")
              : code         ? pl_error_return(code)
                             : take_next(ex, item, seconds);
    pl_executor_state_unlock(ex);
    return got;
}

/* ---- one of several ---------------------------------------------------------------------------------------- */

typedef struct choice {
    parallel_executor *const *all; /* some may be NULL */
    size_t n;
    size_t found; /* the first that has ended; n: none has */
} choice;

/* Whether one has ended, the first of which is noted. */
static bool find_ended(void *context)
{
    choice *c = context;
    for (c->found = 0; c->found < c->n; c->found++) {
        parallel_executor *ex = c->all[c->found];
        if (!ex || !pl_executor_state_lock(ex))
            continue;
        bool ended = pl_executor_state_ended(ex);
        pl_executor_state_unlock(ex);
        if (ended)
            return true;
    }
    return false;
}

/* Whether any of them can be waited for by the calling thread. False with errno. */
static bool check_choice(const choice *c)
{
    bool any = false, waits = false;
    for (size_t i = 0; i < c->n; i++) {
        parallel_executor *ex = c->all[i];
        if (!ex)
            continue;
        if (!pl_executor_state_lock(ex))
            return false;
        any = true;
        waits |= pl_executor_state_ended(ex) || !pl_executor_state_inside(ex);
        pl_executor_state_unlock(ex);
    }
    if (!any)
        return pl_error_deny(EINVAL, "there is no executor among the %zu", c->n);
    return waits || pl_error_return(EDEADLK) == 0;
}

/* How much a thread that waits does itself where there seem to be no threads. To perform any is the last resort: it may
 * be one whose tasks wait for what this thread does when another one has ended. So reminders come first, so many. */
enum { PATIENCE = 30 };
typedef enum help { REMINDS, PERFORMS_HERE, PERFORMS_ANY } help;

/* Sees to it that they are performed, if need be on this thread, which looks again after each that it has performed. */
static void see_to_all(const choice *c, help how)
{
    for (size_t i = 0; i < c->n; i++) {
        parallel_executor *ex = c->all[i];
        if (!ex || !pl_executor_state_lock(ex))
            continue;
        if (how == PERFORMS_ANY || (how == PERFORMS_HERE && ex->state == PL_EXECUTOR_HERE))
            pl_executor_perform(ex);
        pl_executor_remind(ex);
        bool ended = pl_executor_state_ended(ex);
        pl_executor_state_unlock(ex);
        if (ended)
            return;
    }
}

/* Waits until one has ended, or until the time has come, 0: never. False if the time came. */
static bool await_one(choice *c, double seconds)
{
    uint64_t until = pl_executor_deadline(seconds);
    help how = seconds != 0 ? PERFORMS_HERE : REMINDS;
    for (int rounds = 0; !find_ended(c); rounds++) {
        uint64_t now = pl_os_nanoseconds(), wake = now + PL_EXECUTOR_REMIND_NS;
        if (until && now >= until)
            return false;
        see_to_all(c, how);
        pl_executor_notice_sleep(until && until < wake ? until : wake, find_ended, c);
        how = until || rounds < PATIENCE ? how : PERFORMS_ANY;
    }
    return true;
}

int parallel_executor_any(parallel_executor *const *exs, size_t n, double seconds)
{
    choice c = {.all = exs, .n = n};
    if (!exs || n > INT_MAX || isnan(seconds))
        return pl_error_refuse(EINVAL, !exs          ? "the executors are NULL"
                                       : n > INT_MAX ? "there are more than INT_MAX executors"
                                                     : "seconds is NaN");
    if (!check_choice(&c))
        return -1;
    return await_one(&c, seconds) ? (int)c.found : pl_error_return(ETIMEDOUT);
}
