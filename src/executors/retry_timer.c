/* SPDX-License-Identifier: MIT */
/* Tasks of a call on threads that are tried again, later: who runs them, and when. */
#include <string.h>

#include "base/os.h"
#include "executors/managed.h"
#include "sched/pool.h"

static bool is_due(const pl_policy *policy)
{
    return pl_retry_first_due(&policy->retries) <= pl_os_nanoseconds() && policy->retries.count;
}

/* The first that waits, if it is due, and there is room among the workers for `more`. With the mutex held. */
static pl_retry *take_due(pl_managed *m, unsigned more)
{
    pl_policy *policy = &m->call->policy;
    return m->at_work + more <= m->workers && is_due(policy) ? pl_retry_pop(&policy->retries) : NULL;
}

void pl_retry_timer_run_due(pl_managed *m, pl_call_worker *t)
{
    pl_policy *policy = &m->call->policy;
    while (m->waits && !t->stop && !pl_call_over(m->call)) {
        pthread_mutex_lock(&policy->mutex);
        pl_retry *r = take_due(m, 0);
        pthread_mutex_unlock(&policy->mutex);
        if (!r)
            return;
        pl_call_worker_retry(t, r);
    }
}

/* ---- who is at work -------------------------------------------------------------------------------------- */

/* A thread is at work from now on, by this number, if it is free, or the first that is. With the mutex held, and
 * room. */
static void begin_work(pl_managed *m, pl_call_worker *t, unsigned wanted)
{
    unsigned number = wanted < m->workers ? wanted : 0;
    for (unsigned i = 0; m->taken[number / 64] >> number % 64 & 1 && i < m->workers; i++)
        number = (number + 1) % m->workers;
    m->taken[number / 64] |= UINT64_C(1) << number % 64;
    m->at_work++;
    t->context.participant = number;
}

/* With the mutex held. */
static void end_work(pl_managed *m, const pl_call_worker *t)
{
    unsigned number = t->context.participant;
    m->taken[number / 64] &= ~(UINT64_C(1) << number % 64);
    m->at_work--;
}

/* ---- the timer ------------------------------------------------------------------------------------------- */

static void run_timer(pl_job *job);

/* Sees to it that somebody comes when the first that waits is due; if it is due already, and there is no room, whoever
 * works on the call will find it. With the mutex held. */
static void arm_timer(pl_managed *m)
{
    if (!m->timer.pool || m->call->policy.retries.count == 0)
        return;
    uint64_t due = pl_retry_first_due(&m->call->policy.retries);
    if (m->at_work + m->entering >= m->workers && due <= pl_os_nanoseconds())
        return;
    if (m->armed && (m->timer.not_before <= due || !pl_injector_withdraw(&m->timer)))
        return;
    m->armed = true;
    m->timer.run = run_timer;
    m->timer.not_before = due;
    pl_injector_submit(&m->timer);
}

/* Takes the timer back, if nobody has come for it. With the mutex held. */
static void disarm_timer(pl_managed *m)
{
    if (m->armed && pl_injector_withdraw(&m->timer))
        m->armed = false;
}

/* What a thread of the pool does that the timer has brought. When the call's own thread knows that it has left, the
 * call may be gone. */
static void run_timer(pl_job *job)
{
    pl_managed *m = (pl_managed *)((unsigned char *)job - offsetof(pl_managed, timer));
    pl_call *c = m->call;
    pl_policy *policy = &c->policy;
    pl_pool *pool = job->pool;
    pl_call_worker t;
    pl_call_worker_begin(&t, c, 0);
    const void *root = pl_context_root(&t.context);
    pl_worker *w = pl_worker_known();
    pl_os_ambient before;
    pl_os_ambient_enter(&m->ambient, &before);
    const pl_os_mask *mask = pl_worker_set_mask(w, &m->mask);
    pthread_mutex_lock(&policy->mutex);
    m->armed = false;
    m->timers++;
    for (pl_retry *r; !t.stop && !pl_call_over(m->call) && (r = take_due(m, 1));) {
        begin_work(m, &t, 1);
        arm_timer(m); /* the next may be due, too */
        pthread_mutex_unlock(&policy->mutex);
        pl_call_worker_retry(&t, r);
        pl_call_worker_report(&t);
        pthread_mutex_lock(&policy->mutex);
        end_work(m, &t);
        if (m->entering) /* it is their turn */
            break;
    }
    pthread_mutex_unlock(&policy->mutex);
    pl_call_worker_end(&t);
    pl_worker_set_mask(w, mask);
    pl_os_ambient_leave(&before);
    pl_injector_end(pool);
    pthread_mutex_lock(&policy->mutex);
    arm_timer(m);
    m->timers--;
    m->changed = true;
    pthread_mutex_unlock(&policy->mutex);
    pl_stop_notify(root);
}

/* ---- the loop -------------------------------------------------------------------------------------------- */

static bool may_wait(const pl_call *c)
{
    const pl_work *work = &c->work;
    size_t different = work->kind->adjust ? work->n : 1;
    for (size_t i = 0; i < different; i++) {
        pl_task_policy policy = pl_policy_of_task(&c->policy, work, i);
        if (policy.delay > 0 && policy.attempts > 1)
            return true;
    }
    return false;
}

void pl_retry_timer_begin(pl_managed *m, unsigned workers)
{
    m->waits = m->call->work.n && may_wait(m->call);
    m->workers = workers ? workers : pl_pool_cores();
    m->workers = m->workers < PL_SLEEP_MAX ? m->workers : PL_SLEEP_MAX;
    if (!m->waits || m->workers < 2)
        return;
    m->timer.pool = pl_pool_hold_here();
    pl_worker *w = pl_worker_known();
    pl_os_ambient_get(&m->ambient);
    if (w)
        pl_worker_mask_of(w, &m->mask);
    else
        pl_os_mask_get(&m->mask);
}

static bool has_room(void *managed)
{
    pl_managed *m = managed;
    pthread_mutex_lock(&m->call->policy.mutex);
    bool room = m->at_work < m->workers;
    pthread_mutex_unlock(&m->call->policy.mutex);
    return room;
}

/* While the thread was between two pieces of the loop, the timer may have brought another one, which has its room
 * now. */
void pl_retry_timer_enter(pl_managed *m, pl_call_worker *t, unsigned participant)
{
    pthread_mutex_t *mutex = &m->call->policy.mutex;
    if (!m->waits)
        return;
    pthread_mutex_lock(mutex);
    m->entering++;
    while (m->at_work >= m->workers) {
        pthread_mutex_unlock(mutex);
        pl_stop_sleep(pl_context_root(&t->context), UINT64_MAX, has_room, m);
        pthread_mutex_lock(mutex);
    }
    m->entering--;
    begin_work(m, t, participant);
    pthread_mutex_unlock(mutex);
}

void pl_retry_timer_leave(pl_managed *m, pl_call_worker *t)
{
    pthread_mutex_t *mutex = &m->call->policy.mutex;
    if (!m->waits)
        return;
    pthread_mutex_lock(mutex);
    end_work(m, t);
    arm_timer(m);
    bool awaited = m->entering;
    pthread_mutex_unlock(mutex);
    if (awaited)
        pl_stop_notify(pl_context_root(&t->context));
}

/* ---- after the loop -------------------------------------------------------------------------------------- */

typedef struct wait_for {
    pl_managed *managed;
    bool over; /* that it is over is known */
} wait_for;

static bool has_changed(void *context)
{
    const wait_for *w = context;
    pl_policy *policy = &w->managed->call->policy;
    pthread_mutex_lock(&policy->mutex);
    bool changed = w->managed->changed;
    pthread_mutex_unlock(&policy->mutex);
    return changed || (!w->over && pl_call_over(w->managed->call));
}

/* Waits until there may be something to do. With the mutex held, which it lets go meanwhile. */
static void wait_for_more(pl_managed *m, const pl_call_worker *t, bool over)
{
    pl_policy *policy = &m->call->policy;
    wait_for w = {m, over};
    uint64_t until = !over && policy->deadline ? policy->deadline + 1 : UINT64_MAX;
    uint64_t due = pl_retry_first_due(&policy->retries);
    if (m->at_work < m->workers && due < until)
        until = due;
    m->changed = false;
    pthread_mutex_unlock(&policy->mutex);
    pl_stop_sleep(pl_context_root(&t->context), until, has_changed, &w);
    pthread_mutex_lock(&policy->mutex);
}

/* Whether there is something to wait for. With the mutex held. */
static bool is_unfinished(const pl_managed *m)
{
    return m->call->policy.retries.count || m->timers || m->armed;
}

/* Runs what waits, when it is due; or gives it up, once the call is over. With the mutex held. */
static void run_rest(pl_managed *m, pl_call_worker *t)
{
    pl_policy *policy = &m->call->policy;
    while (is_unfinished(m)) {
        bool over = t->stop || pl_call_over(m->call);
        if (over || policy->retries.count == 0)
            disarm_timer(m);
        pl_retry *r = !over ? take_due(m, 1) : policy->retries.count ? pl_retry_pop(&policy->retries) : NULL;
        if (!r) {
            if (is_unfinished(m))
                wait_for_more(m, t, over);
            continue;
        }
        if (over) {
            pthread_mutex_unlock(&policy->mutex);
            pl_call_worker_give_up(t, r);
            pthread_mutex_lock(&policy->mutex);
            continue;
        }
        begin_work(m, t, 0);
        arm_timer(m);
        pthread_mutex_unlock(&policy->mutex);
        pl_call_worker_retry(t, r);
        pl_call_worker_report(t);
        pthread_mutex_lock(&policy->mutex);
        end_work(m, t);
    }
}

void pl_retry_timer_end(pl_managed *m)
{
    if (!m->waits)
        return;
    pl_call_worker t;
    pl_call_worker_begin(&t, m->call, 0);
    pthread_mutex_lock(&m->call->policy.mutex);
    run_rest(m, &t);
    pthread_mutex_unlock(&m->call->policy.mutex);
    pl_call_worker_end(&t);
    if (m->timer.pool)
        pl_pool_let_go(m->timer.pool);
}
