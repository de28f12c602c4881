/* SPDX-License-Identifier: MIT */
/* Tasks that are tried again, later. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "call/call.h"
#include "base/os.h"
#include "base/size.h"
#include "sched/pool.h"

/* ---- the heap (Williams, "Heapsort", CACM 1964) ---------------------------------------------------------- */

static void put_at(pl_policy *policy, size_t k, pl_retry *r)
{
    for (; k > 0 && policy->waiting[(k - 1) / 2]->due > r->due; k = (k - 1) / 2)
        policy->waiting[k] = policy->waiting[(k - 1) / 2];
    policy->waiting[k] = r;
}

static bool push(pl_policy *policy, pl_retry *r)
{
    if (policy->waiting_count == policy->room) {
        size_t room = policy->room ? policy->room * 2 : 16;
        pl_retry **waiting = realloc(policy->waiting, pl_size_multiply(room, sizeof(pl_retry *)));
        if (!waiting)
            return false;
        policy->waiting = waiting;
        policy->room = room;
    }
    put_at(policy, policy->waiting_count++, r);
    return true;
}

static pl_retry *pop(pl_policy *policy)
{
    pl_retry *top = policy->waiting[0], *last = policy->waiting[--policy->waiting_count];
    size_t k = 0, n = policy->waiting_count;
    for (size_t child; (child = 2 * k + 1) < n; k = child) {
        child += child + 1 < n && policy->waiting[child + 1]->due < policy->waiting[child]->due;
        if (policy->waiting[child]->due >= last->due)
            break;
        policy->waiting[k] = policy->waiting[child];
    }
    if (n)
        put_at(policy, k, last);
    return top;
}

pl_retry *pl_retry_next(pl_call *c, bool any)
{
    pl_policy *policy = &c->policy;
    pthread_mutex_lock(&policy->mutex);
    bool is_due = policy->waiting_count && (any || policy->waiting[0]->due <= pl_os_nanoseconds());
    pl_retry *r = is_due ? pop(policy) : NULL;
    pthread_mutex_unlock(&policy->mutex);
    return r;
}

uint64_t pl_retry_next_due(pl_call *c)
{
    pl_policy *policy = &c->policy;
    pthread_mutex_lock(&policy->mutex);
    uint64_t due = policy->waiting_count ? policy->waiting[0]->due : UINT64_MAX;
    pthread_mutex_unlock(&policy->mutex);
    return due;
}

/* ---- one retry ------------------------------------------------------------------------------------------- */

/* Between a half and all of the delay that is the attempt's. Under the mutex. */
static uint64_t jittered(pl_policy *policy, double delay, unsigned attempts)
{
    policy->random ^= policy->random << 13; /* Marsaglia, "Xorshift RNGs", 2003 */
    policy->random ^= policy->random >> 7;
    policy->random ^= policy->random << 17;
    double part = 0.5 + (double)(policy->random >> 11) * 0x1p-54;
    double ns = ldexp(delay * part * 1e9, (int)(attempts < 1000 ? attempts : 1000) - 1);
    return ns < 1e18 ? (uint64_t)ns : UINT64_C(1000000000000000000);
}

bool pl_retry_later(pl_call_worker *t, const parallel_failure *failure, char *message, size_t begin, size_t end)
{
    pl_call *c = t->call;
    pl_policy *policy = &c->policy;
    pl_retry *r = malloc(sizeof *r);
    if (!r)
        return false;
    *r = (pl_retry){.begin = begin, .end = end, .failure = *failure, .message = message};
    double delay = c->par.futures ? pl_policy_of_task(c, begin).delay : policy->task_policy.delay;
    uint64_t now = pl_os_nanoseconds();
    pthread_mutex_lock(&policy->mutex);
    r->due = now + jittered(policy, delay, failure->attempts);
    /* what would come too late is not waited for */
    bool well = (!policy->deadline || r->due < policy->deadline) && push(policy, r);
    pthread_mutex_unlock(&policy->mutex);
    if (!well)
        free(r);
    return well;
}

/* The next attempt is not to be made: the last one counts. */
static void give_up(pl_call_worker *t, pl_retry *r)
{
    pl_call_worker_note(t, &r->failure, r->message, r->begin, r->end);
    t->done += r->end - r->begin;
    t->failed += r->end - r->begin;
    free(r);
}

/* Tries again, and frees the retry. */
static void try_again(pl_call_worker *t, pl_retry *r)
{
    pl_call_zero(t->call, r->begin, r->end);
    if (pl_call_worker_attempt(t, r->begin, r->end, r->failure.attempts) == r->end) {
        free(r->message);
        free(r);
    } else
        give_up(t, r); /* the call has been stopped meanwhile */
}

/* The first that waits, if it is due, and there is room among the workers for `more`. With the mutex held. */
static pl_retry *take_due(pl_policy *policy, unsigned more)
{
    if (policy->waiting_count == 0 || policy->at_work + more > policy->workers ||
        policy->waiting[0]->due > pl_os_nanoseconds())
        return NULL;
    return pop(policy);
}

void pl_retry_due(pl_call_worker *t)
{
    pl_policy *policy = &t->call->policy;
    while (policy->waits && !t->stop && !pl_policy_over(t->call)) {
        pthread_mutex_lock(&policy->mutex);
        pl_retry *r = take_due(policy, 0);
        pthread_mutex_unlock(&policy->mutex);
        if (!r)
            return;
        try_again(t, r);
    }
}

/* ---- the retry timer ------------------------------------------------------------------------------------------- */

static void run_timer(pl_job *job);

/* Sees to it that somebody comes when the first that waits is due; if it is due already, and there is no room, whoever works
 * on the call will find it. With the mutex held. */
static void arm(pl_policy *policy)
{
    if (!policy->timer.pool || policy->waiting_count == 0)
        return;
    uint64_t due = policy->waiting[0]->due;
    if (policy->at_work + policy->entering >= policy->workers && due <= pl_os_nanoseconds())
        return;
    if (policy->armed && (policy->timer.not_before <= due || !pl_injector_withdraw(&policy->timer)))
        return;
    policy->armed = true;
    policy->timer.run = run_timer;
    policy->timer.not_before = due;
    pl_injector_submit(&policy->timer);
}

/* What a thread of the pool does that has heard the retry timer. When the call's own thread knows that it has left, the call may
 * be gone. */
static void run_timer(pl_job *job)
{
    pl_policy *policy = (pl_policy *)((unsigned char *)job - offsetof(pl_policy, timer));
    pl_call *c = (pl_call *)((unsigned char *)policy - offsetof(pl_call, policy));
    pl_pool *pool = job->pool;
    pl_call_worker t;
    pl_call_worker_begin(&t, c);
    const void *root = pl_context_root(&t.context);
    pl_worker *w = pl_worker_known();
    pl_os_ambient before;
    pl_os_ambient_enter(&policy->ambient, &before);
    const pl_os_mask *mask = pl_worker_set_mask(w, &policy->mask);
    pthread_mutex_lock(&policy->mutex);
    policy->armed = false;
    policy->timers++;
    for (pl_retry *r; !t.stop && !pl_policy_over(c) && (r = take_due(policy, 1));) {
        policy->at_work++;
        arm(policy); /* the next may be due, too */
        pthread_mutex_unlock(&policy->mutex);
        try_again(&t, r);
        pl_call_worker_report(&t);
        pthread_mutex_lock(&policy->mutex);
        policy->at_work--;
        if (policy->entering) /* it is their run */
            break;
    }
    pthread_mutex_unlock(&policy->mutex);
    pl_call_worker_end(&t);
    pl_worker_set_mask(w, mask);
    pl_os_ambient_leave(&before);
    pl_injector_end(pool);
    pthread_mutex_lock(&policy->mutex);
    arm(policy);
    policy->timers--;
    policy->changed = true;
    pthread_mutex_unlock(&policy->mutex);
    pl_stop_notify(root);
}

/* ---- the loop, and after --------------------------------------------------------------------------------- */

static bool may_wait(const pl_call *c)
{
    if (!c->par.futures)
        return c->policy.task_policy.delay > 0 && c->policy.task_policy.attempts > 1;
    for (size_t i = 0; i < c->n; i++) {
        pl_task_policy task_policy = pl_policy_of_task(c, i);
        if (task_policy.delay > 0 && task_policy.attempts > 1)
            return true;
    }
    return false;
}

void pl_retry_begin(pl_call *c, unsigned workers)
{
    pl_policy *policy = &c->policy;
    policy->waits = may_wait(c);
    policy->workers = workers ? workers : pl_pool_cores();
    if (!policy->waits || policy->workers < 2)
        return;
    policy->timer.pool = pl_pool_hold_here();
    pl_worker *w = pl_worker_known();
    pl_os_ambient_get(&policy->ambient);
    if (w)
        pl_worker_mask_of(w, &policy->mask);
    else
        pl_os_mask_get(&policy->mask);
}

static bool has_room(void *call)
{
    pl_policy *policy = &((pl_call *)call)->policy;
    pthread_mutex_lock(&policy->mutex);
    bool room = policy->at_work < policy->workers;
    pthread_mutex_unlock(&policy->mutex);
    return room;
}

/* While the thread was between two pieces of the loop, the retry timer may have brought another one, which has its room now. */
void pl_retry_enter(pl_call_worker *t)
{
    pl_policy *policy = &t->call->policy;
    if (!policy->waits)
        return;
    pthread_mutex_lock(&policy->mutex);
    policy->entering++;
    while (policy->at_work >= policy->workers) {
        pthread_mutex_unlock(&policy->mutex);
        pl_stop_sleep(pl_context_root(&t->context), UINT64_MAX, has_room, t->call);
        pthread_mutex_lock(&policy->mutex);
    }
    policy->entering--;
    policy->at_work++;
    pthread_mutex_unlock(&policy->mutex);
}

void pl_retry_leave(pl_call_worker *t)
{
    pl_policy *policy = &t->call->policy;
    if (!policy->waits)
        return;
    pthread_mutex_lock(&policy->mutex);
    policy->at_work--;
    arm(policy);
    bool awaited = policy->entering;
    pthread_mutex_unlock(&policy->mutex);
    if (awaited)
        pl_stop_notify(pl_context_root(&t->context));
}

typedef struct wait {
    pl_call *call;
    bool over; /* that it is over is known */
} wait;

static bool woken(void *context)
{
    const wait *w = context;
    pl_policy *policy = &w->call->policy;
    pthread_mutex_lock(&policy->mutex);
    bool changed = policy->changed;
    pthread_mutex_unlock(&policy->mutex);
    return changed || (!w->over && pl_policy_over(w->call));
}

/* Waits until there may be something to do. With the mutex held, which it lets go meanwhile. */
static void wait_for_more(const pl_call_worker *t, bool over)
{
    pl_call *c = t->call;
    pl_policy *policy = &c->policy;
    wait w = {c, over};
    uint64_t until = !over && policy->deadline ? policy->deadline + 1 : UINT64_MAX;
    if (policy->waiting_count && policy->at_work < policy->workers && policy->waiting[0]->due < until)
        until = policy->waiting[0]->due;
    policy->changed = false;
    pthread_mutex_unlock(&policy->mutex);
    pl_stop_sleep(pl_context_root(&t->context), until, woken, &w);
    pthread_mutex_lock(&policy->mutex);
}

/* Takes the retry timer back, if nobody has heard it. With the mutex held. */
static void disarm(pl_policy *policy)
{
    if (policy->armed && pl_injector_withdraw(&policy->timer))
        policy->armed = false;
}

/* With the mutex held. */
static void run_rest(pl_call_worker *t)
{
    pl_call *c = t->call;
    pl_policy *policy = &c->policy;
    while (policy->waiting_count || policy->timers || policy->armed) {
        bool over = t->stop || pl_policy_over(c);
        if (over || policy->waiting_count == 0)
            disarm(policy);
        pl_retry *r = over && policy->waiting_count ? pop(policy) : over ? NULL : take_due(policy, 1);
        if (!r) {
            if (policy->waiting_count || policy->timers || policy->armed)
                wait_for_more(t, over);
            continue;
        }
        policy->at_work++;
        if (!over)
            arm(policy);
        pthread_mutex_unlock(&policy->mutex);
        if (over)
            give_up(t, r);
        else
            try_again(t, r);
        pl_call_worker_report(t);
        pthread_mutex_lock(&policy->mutex);
        policy->at_work--;
    }
}

void pl_retry_end(pl_call *c)
{
    pl_policy *policy = &c->policy;
    if (!policy->waits)
        return;
    pl_call_worker t;
    pl_call_worker_begin(&t, c);
    pthread_mutex_lock(&policy->mutex);
    run_rest(&t);
    pthread_mutex_unlock(&policy->mutex);
    pl_call_worker_end(&t);
    if (policy->timer.pool)
        pl_pool_let_go(policy->timer.pool);
}
