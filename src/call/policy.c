/* SPDX-License-Identifier: MIT */
/* Policies: deadlines, attempts, and what waits for its next one. */
#include "call/policy.h"

#include <errno.h>

/* A time that does not come. */
#define FOR_EVER (UINT64_MAX - 1)

void pl_policy_init(pl_policy *policy)
{
    /* by parts: as one it is cleared by `rep stos`, which takes a part of a short call */
    pl_stop_init(&policy->stop); /* a caller that is held up may read it: others.h */
    policy->trials = (pl_trials){0};
    policy->common = (pl_task_policy){0};
    policy->began = policy->deadline = 0;
    policy->progress.callback = NULL;
    policy->mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    policy->retries = (pl_retry_queue){0};
    policy->left_out = false;
}

void pl_policy_end(pl_policy *policy)
{
    pthread_mutex_destroy(&policy->mutex);
    free(policy->retries.heap);
}

/* The moment that is `seconds` after `now`; more than 0. */
static uint64_t time_after(uint64_t now, double seconds)
{
    return seconds < 1e9 ? now + (uint64_t)(seconds * 1e9) + 1 : FOR_EVER;
}

static pl_task_policy task_policy(const pl_trials *trials)
{
    return (pl_task_policy){
        .timeout_ns = trials->timeout > 0 ? time_after(0, trials->timeout) : 0,
        .attempts = trials->retries > 0 ? (unsigned)trials->retries + 1 : 1,
        .delay = trials->delay > 0 ? trials->delay : 0,
    };
}

void pl_policy_begin(pl_policy *policy, const parallel_options *o, size_t n)
{
    policy->began = pl_os_nanoseconds();
    policy->deadline = o->call_timeout > 0 ? time_after(policy->began, o->call_timeout) : 0;
    policy->retries.random = policy->began | 1;
    policy->trials = (pl_trials){.timeout = o->timeout, .delay = o->retry_delay, .retries = o->retries};
    policy->common = task_policy(&policy->trials);
    if (o->progress)
        pl_progress_begin(&policy->progress, o->progress, o->progress_data, n, policy->began);
}

pl_task_policy pl_policy_of_task(const pl_policy *policy, const pl_work *work, size_t i)
{
    if (!work->kind->adjust)
        return policy->common;
    pl_trials trials = policy->trials;
    work->kind->adjust(work, i, &trials);
    return task_policy(&trials);
}

int pl_policy_over(const pl_policy *policy)
{
    if (policy->deadline && pl_os_nanoseconds() > policy->deadline)
        return ETIMEDOUT;
    return pl_stop_level(&policy->stop) ? ECANCELED : 0;
}

/* ---- later attempts -------------------------------------------------------------------------------------- */

bool pl_policy_put_off(pl_policy *policy, const pl_work *work, const parallel_failure *failure, char *message,
                       size_t begin, size_t end)
{
    pl_retry *r = malloc(sizeof *r);
    if (!r)
        return false;
    *r = (pl_retry){.begin = begin, .end = end, .failure = *failure, .message = message};
    double delay = pl_policy_of_task(policy, work, begin).delay;
    uint64_t now = pl_os_nanoseconds();
    pthread_mutex_lock(&policy->mutex);
    r->due = now + pl_retry_delay(&policy->retries, delay, failure->attempts);
    bool well = (!policy->deadline || r->due < policy->deadline) && pl_retry_push(&policy->retries, r);
    pthread_mutex_unlock(&policy->mutex);
    if (!well)
        free(r);
    return well;
}

/* The first that is due before `until`. */
static pl_retry *take_retry(pl_policy *policy, uint64_t until)
{
    pthread_mutex_lock(&policy->mutex);
    bool any = pl_retry_first_due(&policy->retries) <= until && policy->retries.count;
    pl_retry *r = any ? pl_retry_pop(&policy->retries) : NULL;
    pthread_mutex_unlock(&policy->mutex);
    return r;
}

pl_retry *pl_policy_take_due(pl_policy *policy)
{
    return take_retry(policy, pl_os_nanoseconds());
}

pl_retry *pl_policy_take_any(pl_policy *policy)
{
    return take_retry(policy, UINT64_MAX);
}

uint64_t pl_policy_next_due(pl_policy *policy)
{
    pthread_mutex_lock(&policy->mutex);
    uint64_t due = pl_retry_first_due(&policy->retries);
    pthread_mutex_unlock(&policy->mutex);
    return due;
}
