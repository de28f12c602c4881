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

static void put_at(pl_care *care, size_t k, pl_retry *r)
{
    for (; k > 0 && care->waiting[(k - 1) / 2]->due > r->due; k = (k - 1) / 2)
        care->waiting[k] = care->waiting[(k - 1) / 2];
    care->waiting[k] = r;
}

static bool push(pl_care *care, pl_retry *r)
{
    if (care->waiting_count == care->room) {
        size_t room = care->room ? care->room * 2 : 16;
        pl_retry **waiting = realloc(care->waiting, pl_size_multiply(room, sizeof(pl_retry *)));
        if (!waiting)
            return false;
        care->waiting = waiting;
        care->room = room;
    }
    put_at(care, care->waiting_count++, r);
    return true;
}

static pl_retry *pop(pl_care *care)
{
    pl_retry *top = care->waiting[0], *last = care->waiting[--care->waiting_count];
    size_t k = 0, n = care->waiting_count;
    for (size_t child; (child = 2 * k + 1) < n; k = child) {
        child += child + 1 < n && care->waiting[child + 1]->due < care->waiting[child]->due;
        if (care->waiting[child]->due >= last->due)
            break;
        care->waiting[k] = care->waiting[child];
    }
    if (n)
        put_at(care, k, last);
    return top;
}

pl_retry *pl_retry_next(pl_call *c, bool any)
{
    pl_care *care = &c->care;
    pthread_mutex_lock(&care->mutex);
    bool is_due = care->waiting_count && (any || care->waiting[0]->due <= pl_os_nanoseconds());
    pl_retry *r = is_due ? pop(care) : NULL;
    pthread_mutex_unlock(&care->mutex);
    return r;
}

uint64_t pl_retry_next_due(pl_call *c)
{
    pl_care *care = &c->care;
    pthread_mutex_lock(&care->mutex);
    uint64_t due = care->waiting_count ? care->waiting[0]->due : UINT64_MAX;
    pthread_mutex_unlock(&care->mutex);
    return due;
}

/* ---- one retry ------------------------------------------------------------------------------------------- */

/* Between a half and all of the delay that is the attempt's. Under the mutex. */
static uint64_t jittered(pl_care *care, double delay, unsigned attempts)
{
    care->random ^= care->random << 13; /* Marsaglia, "Xorshift RNGs", 2003 */
    care->random ^= care->random >> 7;
    care->random ^= care->random << 17;
    double part = 0.5 + (double)(care->random >> 11) * 0x1p-54;
    double ns = ldexp(delay * part * 1e9, (int)(attempts < 1000 ? attempts : 1000) - 1);
    return ns < 1e18 ? (uint64_t)ns : UINT64_C(1000000000000000000);
}

bool pl_retry_later(pl_turn *t, const parallel_failure *failure, char *message, size_t begin, size_t end)
{
    pl_call *c = t->call;
    pl_care *care = &c->care;
    pl_retry *r = malloc(sizeof *r);
    if (!r)
        return false;
    *r = (pl_retry){.begin = begin, .end = end, .failure = *failure, .message = message};
    double delay = c->par.futures ? pl_care_terms(c, begin).delay : care->terms.delay;
    uint64_t now = pl_os_nanoseconds();
    pthread_mutex_lock(&care->mutex);
    r->due = now + jittered(care, delay, failure->attempts);
    /* what would come too late is not waited for */
    bool well = (!care->deadline || r->due < care->deadline) && push(care, r);
    pthread_mutex_unlock(&care->mutex);
    if (!well)
        free(r);
    return well;
}

/* The next attempt is not to be made: the last one counts. */
static void give_up(pl_turn *t, pl_retry *r)
{
    pl_turn_note(t, &r->failure, r->message, r->begin, r->end);
    t->done += r->end - r->begin;
    t->failed += r->end - r->begin;
    free(r);
}

/* Tries again, and frees the retry. */
static void try_again(pl_turn *t, pl_retry *r)
{
    pl_call_zero(t->call, r->begin, r->end);
    if (pl_turn_run(t, r->begin, r->end, r->failure.attempts) == r->end) {
        free(r->message);
        free(r);
    } else
        give_up(t, r); /* the call has been stopped meanwhile */
}

/* The first that waits, if it is due, and there is room among the workers for `more`. With the mutex held. */
static pl_retry *take_due(pl_care *care, unsigned more)
{
    if (care->waiting_count == 0 || care->at_work + more > care->workers || care->waiting[0]->due > pl_os_nanoseconds())
        return NULL;
    return pop(care);
}

void pl_retry_due(pl_turn *t)
{
    pl_care *care = &t->call->care;
    while (care->waits && !t->stop && !pl_care_over(t->call)) {
        pthread_mutex_lock(&care->mutex);
        pl_retry *r = take_due(care, 0);
        pthread_mutex_unlock(&care->mutex);
        if (!r)
            return;
        try_again(t, r);
    }
}

/* ---- the alarm ------------------------------------------------------------------------------------------- */

static void run_alarm(pl_errand *errand);

/* Sees to it that somebody comes when the first that waits is due; if it is due already, and there is no room, whoever works
 * on the call will find it. With the mutex held. */
static void arm(pl_care *care)
{
    if (!care->alarm.pool || care->waiting_count == 0)
        return;
    uint64_t due = care->waiting[0]->due;
    if (care->at_work + care->entering >= care->workers && due <= pl_os_nanoseconds())
        return;
    if (care->armed && (care->alarm.not_before <= due || !pl_inbox_withdraw(&care->alarm)))
        return;
    care->armed = true;
    care->alarm.run = run_alarm;
    care->alarm.not_before = due;
    pl_inbox_submit(&care->alarm);
}

/* What a thread of the pool does that has heard the alarm. When the call's own thread knows that it has left, the call may
 * be gone. */
static void run_alarm(pl_errand *errand)
{
    pl_care *care = (pl_care *)((unsigned char *)errand - offsetof(pl_care, alarm));
    pl_call *c = (pl_call *)((unsigned char *)care - offsetof(pl_call, care));
    pl_pool *pool = errand->pool;
    pl_turn t;
    pl_turn_begin(&t, c);
    const void *root = pl_chunk_root(&t.chunk);
    pl_worker *w = pl_worker_known();
    pl_os_ambient before;
    pl_os_ambient_enter(&care->ambient, &before);
    const pl_os_mask *mask = pl_worker_set_mask(w, &care->mask);
    pthread_mutex_lock(&care->mutex);
    care->armed = false;
    care->alarms++;
    for (pl_retry *r; !t.stop && !pl_care_over(c) && (r = take_due(care, 1));) {
        care->at_work++;
        arm(care); /* the next may be due, too */
        pthread_mutex_unlock(&care->mutex);
        try_again(&t, r);
        pl_turn_tell(&t);
        pthread_mutex_lock(&care->mutex);
        care->at_work--;
        if (care->entering) /* it is their turn */
            break;
    }
    pthread_mutex_unlock(&care->mutex);
    pl_turn_end(&t);
    pl_worker_set_mask(w, mask);
    pl_os_ambient_leave(&before);
    pl_inbox_end(pool);
    pthread_mutex_lock(&care->mutex);
    arm(care);
    care->alarms--;
    care->changed = true;
    pthread_mutex_unlock(&care->mutex);
    pl_stop_nudge(root);
}

/* ---- the loop, and after --------------------------------------------------------------------------------- */

static bool may_wait(const pl_call *c)
{
    if (!c->par.futures)
        return c->care.terms.delay > 0 && c->care.terms.attempts > 1;
    for (size_t i = 0; i < c->n; i++) {
        pl_terms terms = pl_care_terms(c, i);
        if (terms.delay > 0 && terms.attempts > 1)
            return true;
    }
    return false;
}

void pl_retry_begin(pl_call *c, unsigned workers)
{
    pl_care *care = &c->care;
    care->waits = may_wait(c);
    care->workers = workers ? workers : pl_pool_cores();
    if (!care->waits || care->workers < 2)
        return;
    care->alarm.pool = pl_pool_hold_here();
    pl_worker *w = pl_worker_known();
    pl_os_ambient_get(&care->ambient);
    if (w)
        pl_worker_mask_of(w, &care->mask);
    else
        pl_os_mask_get(&care->mask);
}

static bool has_room(void *call)
{
    pl_care *care = &((pl_call *)call)->care;
    pthread_mutex_lock(&care->mutex);
    bool room = care->at_work < care->workers;
    pthread_mutex_unlock(&care->mutex);
    return room;
}

/* While the thread was between two pieces of the loop, the alarm may have brought another one, which has its room now. */
void pl_retry_enter(pl_turn *t)
{
    pl_care *care = &t->call->care;
    if (!care->waits)
        return;
    pthread_mutex_lock(&care->mutex);
    care->entering++;
    while (care->at_work >= care->workers) {
        pthread_mutex_unlock(&care->mutex);
        pl_stop_sleep(pl_chunk_root(&t->chunk), UINT64_MAX, has_room, t->call);
        pthread_mutex_lock(&care->mutex);
    }
    care->entering--;
    care->at_work++;
    pthread_mutex_unlock(&care->mutex);
}

void pl_retry_leave(pl_turn *t)
{
    pl_care *care = &t->call->care;
    if (!care->waits)
        return;
    pthread_mutex_lock(&care->mutex);
    care->at_work--;
    arm(care);
    bool awaited = care->entering;
    pthread_mutex_unlock(&care->mutex);
    if (awaited)
        pl_stop_nudge(pl_chunk_root(&t->chunk));
}

typedef struct wait {
    pl_call *call;
    bool over; /* that it is over is known */
} wait;

static bool woken(void *context)
{
    const wait *w = context;
    pl_care *care = &w->call->care;
    pthread_mutex_lock(&care->mutex);
    bool changed = care->changed;
    pthread_mutex_unlock(&care->mutex);
    return changed || (!w->over && pl_care_over(w->call));
}

/* Waits until there may be something to do. With the mutex held, which it lets go meanwhile. */
static void wait_for_more(const pl_turn *t, bool over)
{
    pl_call *c = t->call;
    pl_care *care = &c->care;
    wait w = {c, over};
    uint64_t until = !over && care->deadline ? care->deadline + 1 : UINT64_MAX;
    if (care->waiting_count && care->at_work < care->workers && care->waiting[0]->due < until)
        until = care->waiting[0]->due;
    care->changed = false;
    pthread_mutex_unlock(&care->mutex);
    pl_stop_sleep(pl_chunk_root(&t->chunk), until, woken, &w);
    pthread_mutex_lock(&care->mutex);
}

/* Takes the alarm back, if nobody has heard it. With the mutex held. */
static void disarm(pl_care *care)
{
    if (care->armed && pl_inbox_withdraw(&care->alarm))
        care->armed = false;
}

/* With the mutex held. */
static void run_rest(pl_turn *t)
{
    pl_call *c = t->call;
    pl_care *care = &c->care;
    while (care->waiting_count || care->alarms || care->armed) {
        bool over = t->stop || pl_care_over(c);
        if (over || care->waiting_count == 0)
            disarm(care);
        pl_retry *r = over && care->waiting_count ? pop(care) : over ? NULL : take_due(care, 1);
        if (!r) {
            if (care->waiting_count || care->alarms || care->armed)
                wait_for_more(t, over);
            continue;
        }
        care->at_work++;
        if (!over)
            arm(care);
        pthread_mutex_unlock(&care->mutex);
        if (over)
            give_up(t, r);
        else
            try_again(t, r);
        pl_turn_tell(t);
        pthread_mutex_lock(&care->mutex);
        care->at_work--;
    }
}

void pl_retry_end(pl_call *c)
{
    pl_care *care = &c->care;
    if (!care->waits)
        return;
    pl_turn t;
    pl_turn_begin(&t, c);
    pthread_mutex_lock(&care->mutex);
    run_rest(&t);
    pthread_mutex_unlock(&care->mutex);
    pl_turn_end(&t);
    if (care->alarm.pool)
        pl_pool_let_go(care->alarm.pool);
}
