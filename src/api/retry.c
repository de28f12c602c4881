/* SPDX-License-Identifier: MIT */
/* Tasks that are tried again, later. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "api/call.h"
#include "base/os.h"
#include "sched/pool.h"

/* How long what was sent to the inbox may lie there before the call's own thread runs it. */
#define PATIENCE_NS UINT64_C(5000000)

struct pl_retry {
    pl_errand errand; /* first: the errand is the retry */
    pl_call *call;
    size_t begin, end; /* the tasks */
    uint64_t due;      /* in pl_os_nanoseconds() */
    uint64_t sent_at;
    parallel_failure failure; /* what the last attempt came to, */
    char *message;            /* and what it said */
    pl_retry *next;           /* of those that are sent */
};

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
        pl_retry **waiting = realloc(care->waiting, room * sizeof *waiting);
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
    *r = (pl_retry){.call = c, .begin = begin, .end = end, .failure = *failure, .message = message};
    double delay = pl_care_terms(c, begin).delay;
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

/* Tries again, and frees the retry. */
static void try_again(pl_turn *t, pl_retry *r)
{
    for (size_t i = r->begin; i < r->end; i++)
        pl_call_zero(t->call, i);
    if (pl_turn_run(t, r->begin, r->end, r->failure.attempts) < r->end) /* the call has been stopped meanwhile */
        pl_turn_note(t, &r->failure, r->message, r->begin, r->end);
    else
        free(r->message);
    free(r);
}

/* The next attempt is not to be made: the last one counts. */
static void give_up(pl_turn *t, pl_retry *r)
{
    pl_turn_note(t, &r->failure, r->message, r->begin, r->end);
    free(r);
}

void pl_retry_due(pl_turn *t)
{
    pl_care *care = &t->call->care;
    while (!t->stop && !pl_care_over(t->call)) {
        pl_retry *r = NULL;
        pthread_mutex_lock(&care->mutex);
        if (care->waiting_count && care->waiting[0]->due <= pl_os_nanoseconds())
            r = pop(care);
        pthread_mutex_unlock(&care->mutex);
        if (!r)
            return;
        try_again(t, r);
    }
}

/* ---- when the loop has ended ----------------------------------------------------------------------------- */

/* Takes a retry off the list of those sent. With the mutex held. */
static void take_off(pl_care *care, pl_retry *r)
{
    pl_retry **link = &care->sent;
    while (*link != r)
        link = &(*link)->next;
    *link = r->next;
}

/* What a thread of the pool does with a retry. When the call's own thread knows of it, the call may be gone. */
static void run_errand(pl_errand *errand)
{
    pl_retry *r = (pl_retry *)errand;
    pl_call *c = r->call;
    pl_care *care = &c->care;
    pthread_mutex_lock(&care->mutex);
    take_off(care, r);
    pthread_mutex_unlock(&care->mutex);
    pl_turn t;
    pl_turn_begin(&t, c);
    try_again(&t, r);
    pl_turn_end(&t);
    pl_care_tell(c);
    pthread_mutex_lock(&care->mutex);
    care->out--;
    care->back = true;
    pthread_mutex_unlock(&care->mutex);
    pl_stop_nudge();
}

/* Sends it to the inbox. With the mutex held, which it lets go meanwhile. */
static void send(pl_care *care, pl_retry *r, pl_pool *pool)
{
    r->errand = (pl_errand){.run = run_errand, .pool = pool};
    r->sent_at = pl_os_nanoseconds();
    r->next = care->sent;
    care->sent = r;
    care->out++;
    pthread_mutex_unlock(&care->mutex);
    pl_inbox_submit(&r->errand);
    pthread_mutex_lock(&care->mutex);
}

/* One that nobody has come for. With the mutex held. */
static pl_retry *fetch_back(pl_care *care, bool at_once)
{
    uint64_t now = pl_os_nanoseconds();
    for (pl_retry *r = care->sent; r; r = r->next) {
        if ((at_once || now - r->sent_at > PATIENCE_NS) && pl_inbox_withdraw(&r->errand)) {
            take_off(care, r);
            care->out--;
            return r;
        }
    }
    return NULL;
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
    bool back = care->back;
    pthread_mutex_unlock(&care->mutex);
    return back || (!w->over && pl_care_over(w->call));
}

/* Waits until there may be something to do. With the mutex held, which it lets go meanwhile. */
static void wait_for_more(pl_call *c, bool over, unsigned workers)
{
    pl_care *care = &c->care;
    wait w = {c, over};
    uint64_t until = UINT64_MAX;
    if (!over && care->deadline)
        until = care->deadline + 1;
    if (care->waiting_count && care->out < workers && care->waiting[0]->due < until)
        until = care->waiting[0]->due;
    if (care->sent && pl_os_nanoseconds() + PATIENCE_NS < until)
        until = pl_os_nanoseconds() + PATIENCE_NS;
    pthread_mutex_unlock(&care->mutex);
    pl_stop_sleep(until, woken, &w);
    pthread_mutex_lock(&care->mutex);
}

/* What is to be done next with the mutex held: a retry that is due, or that came back; NULL if there is none. */
static pl_retry *next(pl_care *care, bool over, unsigned workers, bool *own)
{
    pl_retry *r = fetch_back(care, over);
    *own = r != NULL;
    if (r || care->waiting_count == 0)
        return r;
    bool due = care->waiting[0]->due <= pl_os_nanoseconds() && care->out < workers;
    r = over || due ? pop(care) : NULL;
    *own = care->waiting_count == 0 && care->out == 0; /* this thread has nothing else to do */
    return r;
}

void pl_retry_rest(pl_call *c, unsigned workers)
{
    pl_care *care = &c->care;
    pthread_mutex_lock(&care->mutex);
    bool none = care->waiting_count == 0;
    pthread_mutex_unlock(&care->mutex);
    if (none)
        return;
    workers = workers ? workers : pl_pool_cores();
    pl_pool *pool = workers > 1 ? pl_pool_hold_here() : NULL;
    pl_turn t;
    pl_turn_begin(&t, c);
    pthread_mutex_lock(&care->mutex);
    while (care->waiting_count || care->out) {
        care->back = false;
        bool over = t.stop || pl_care_over(c), own;
        pl_retry *r = next(care, over, workers, &own);
        if (!r) {
            wait_for_more(c, over, workers);
        } else if (!over && pool && !own) {
            send(care, r, pool);
        } else {
            pthread_mutex_unlock(&care->mutex);
            if (over)
                give_up(&t, r);
            else
                try_again(&t, r);
            pl_care_tell(c);
            pthread_mutex_lock(&care->mutex);
        }
    }
    pthread_mutex_unlock(&care->mutex);
    pl_turn_end(&t);
    if (pool)
        pl_pool_let_go(pool);
}
