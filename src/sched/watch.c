/* SPDX-License-Identifier: MIT */
/* The watcher of pieces; watch.h says what it is for, and why it overlooks none. */
#include "sched/watch.h"

#include <pthread.h>
#include <string.h>

#include "base/life.h"
#include "base/os_process.h"
#include "sched/pool.h"

/* Records; how many of them a piece looks at for a free one. How long the watcher waits at most while there are pieces;
 * and after how many looks that have found none it waits for ever. */
#ifdef PL_MODEL
enum { RECORDS = 1, PROBES = 1, LONGEST_US = 3000, IDLE_LOOKS = 1 };
#else
enum { RECORDS = 128, PROBES = 16, LONGEST_US = 50000, IDLE_LOOKS = 100 };
#endif
/* A grace is a part of the limit, but not shorter than that, nor longer, since a call that is cancelled waits for it;
 * and where the limit is not several times as long, tasks run one by one. */
#define GRACE_PART 128
#define GRACE_US 1000
#define MOST_GRACE_US 50000
#define LIMIT_US 4000
/* A grace after which there is relief: the watcher looks twice as often. */
#define RELIEF_US 8000
/* How long no thread is started after one could not be. */
#define RETRY_NS UINT64_C(100000000)

static pl_watch records[RECORDS];

_Thread_local pl_watch *pl_watch_last;
_Atomic uint64_t pl_watch_period = UINT64_MAX;

static struct watcher {
    pthread_mutex_t mutex; /* guards what follows, and `raised` of the records */
    pthread_cond_t called;
    pthread_t thread;
    bool runs, has_condition;
    bool is_called;
    bool is_to_end;
    unsigned forks; /* pl_pool_forks() when it was started */
    uint64_t no_thread_until;
} watcher = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* ---- the watcher ----------------------------------------------------------------------------------------- */

/* Stops a piece, whose word it was. */
static void raise_stop(pl_watch *w, uint64_t word)
{
    /* Y12 seq_cst: no task of the piece begins that does not see it, once the time is read; pairs with Y9 */
    atomic_store_explicit(&w->stop, PL_STOP_STARTING, memory_order_seq_cst);
    w->raised = word;
    w->raised_at = pl_ticks();
}

/* b1 to b4, of a piece whose word it was. */
static void relieve_thread(pl_watch *w, uint64_t word)
{
    uint64_t taken = word | PL_WATCH_TAKEN;
    /* Y16 acquire: what the relief is made of; pairs with Y15 */
    pl_relief *relief = atomic_load_explicit(&w->relief, memory_order_acquire);
    /* Y17 relaxed: b1, it decides with Y19, and waiting for the mutex orders the rest; pairs with Y1, Y10, Y19 */
    if (!relief ||
        !atomic_compare_exchange_strong_explicit(&w->word, &word, taken, memory_order_relaxed, memory_order_relaxed))
        return;
    raise_stop(w, taken);
    if (!pl_os_fence_all())
        return;
    /* Y18 relaxed: b4, behind the heavy fence; pairs with X2, X3 */
    size_t at = atomic_load_explicit((_Atomic size_t *)relief->index, memory_order_relaxed);
    relief->take_over(relief, at + 1);
}

/* Looks at a record. Returns the grace of its piece, or of one that it had lately; a large number if there is none. */
static uint64_t look_at(pl_watch *w)
{
    /* Y5 seq_cst: w2, after w1 in S; pairs with Y1, Y4, Y10 */
    uint64_t word = atomic_load_explicit(&w->word, memory_order_seq_cst);
    /* Y6 relaxed: a hint; pairs with Y2 */
    unsigned used = atomic_load_explicit(&w->used, memory_order_relaxed), class = word % (1u << PL_WATCH_CLASS_BITS);
    if (used) {
        /* Y7 relaxed: a hint; pairs with Y2 */
        atomic_store_explicit(&w->used, 0, memory_order_relaxed);
    }
    if (!word)
        return used ? pl_watch_grace(used - 1) : UINT64_MAX;
    if (class == PL_WATCH_TAKEN)
        return UINT64_MAX;
    if (pl_watch_since(word, pl_ticks()) <= pl_watch_grace(class) || w->raised == word)
        return pl_watch_grace(class);
    if (class & PL_WATCH_RELIEF)
        relieve_thread(w, word);
    else
        raise_stop(w, word);
    return pl_watch_grace(class);
}

/* w1. */
static void set_period(uint64_t ticks)
{
    /* Y8 seq_cst: w1, before w2 in S; pairs with Y3 */
    atomic_store_explicit(&pl_watch_period, ticks, memory_order_seq_cst);
}

/* w1 and w2, until the period is short enough for what there is. Returns it; UINT64_MAX: for ever. */
static uint64_t look_at_all(unsigned *idle)
{
    uint64_t us = pl_os_ticks_per_us(), period = *idle < IDLE_LOOKS ? LONGEST_US * us : UINT64_MAX;
    for (;;) {
        set_period(period);
        uint64_t least = UINT64_MAX;
        for (size_t i = 0; i < RECORDS; i++) {
            uint64_t grace = look_at(&records[i]);
            least = grace < least ? grace : least;
        }
        *idle = least < UINT64_MAX ? 0 : *idle < IDLE_LOOKS ? *idle + 1 : *idle;
        if (least == UINT64_MAX || least >> 1 >= period)
            return period;
        period = least >> 1;
    }
}

/* With the mutex held. */
static void wait_for_pieces(uint64_t period)
{
    uint64_t us = pl_os_ticks_per_us(), until = UINT64_MAX - 1;
    if (period != UINT64_MAX)
        until = pl_os_nanoseconds() + period / us * 1000;
    while (!watcher.is_called && !watcher.is_to_end && pl_os_nanoseconds() < until)
        pl_os_cond_wait(&watcher.called, &watcher.mutex, until);
    watcher.is_called = false;
}

static void *watch_pieces(void *unused)
{
    static const pl_os_thread_attributes attributes;
    unsigned idle = 0;
    (void)unused;
    pl_os_thread_begins(&attributes);
    pthread_mutex_lock(&watcher.mutex);
    while (!watcher.is_to_end)
        wait_for_pieces(look_at_all(&idle));
    set_period(UINT64_MAX);
    pthread_mutex_unlock(&watcher.mutex);
    return NULL;
}

/* ---- pieces ---------------------------------------------------------------------------------------------- */

/* The class of a grace that is at most so long. */
static unsigned class_of(uint64_t limit, uint64_t most_us)
{
    uint64_t us = pl_os_ticks_per_us(), grace = limit / GRACE_PART;
    if (limit < LIMIT_US * us)
        return 0;
    grace = grace > GRACE_US * us ? grace : GRACE_US * us;
    grace = grace < most_us * us ? grace : most_us * us;
    unsigned class = 63u - (unsigned)__builtin_clzll(grace);
    return class < PL_WATCH_RELIEF - 1 ? class : PL_WATCH_RELIEF - 2;
}

unsigned pl_watch_class(uint64_t limit)
{
    return class_of(limit, MOST_GRACE_US);
}

unsigned pl_watch_class_with_relief(uint64_t limit)
{
    static _Atomic int fences; /* 0: not known yet; 1: there are heavy ones */
    /* Y21 relaxed: the same, whoever finds it out; pairs with Y22 */
    int known = atomic_load_explicit(&fences, memory_order_relaxed);
    if (!known) {
        known = pl_os_fence_init() ? 1 : -1;
        /* Y22 relaxed: as Y21; pairs with Y21 */
        atomic_store_explicit(&fences, known, memory_order_relaxed);
    }
    unsigned class = known > 0 ? class_of(limit, RELIEF_US) : 0;
    return class ? class | PL_WATCH_RELIEF : 0;
}

pl_watch *pl_watch_take_any(uint64_t word)
{
    uint64_t hash = (uint64_t)(uintptr_t)&pl_watch_last * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    for (size_t k = 0; k < PROBES; k++) {
        pl_watch *w = &records[(hash + k) % RECORDS];
        uint64_t nobody = 0;
        /* Y10 seq_cst: as Y1; pairs with Y4, Y5 */
        if (atomic_compare_exchange_strong_explicit(&w->word, &nobody, word, memory_order_seq_cst,
                                                    memory_order_relaxed))
            return pl_watch_last = w;
    }
    return NULL;
}

/* The child has one thread, which may just have begun a piece with a record; the mutex may have been held. */
static void after_fork_in_child(const pl_watch *kept)
{
    watcher = (struct watcher){.mutex = PTHREAD_MUTEX_INITIALIZER, .forks = pl_pool_forks()};
    set_period(UINT64_MAX);
    for (size_t i = 0; i < RECORDS; i++)
        if (&records[i] != kept)
            memset(&records[i], 0, sizeof records[i]);
}

/* In a child that has not come by fork handlers the parent's mutex is not to be waited for. True if this is one. */
static bool become_child_early(const pl_watch *kept)
{
    bool child = watcher.forks != pl_pool_forks();
    if (child)
        after_fork_in_child(kept);
    return child;
}

/* Starts the thread. With the mutex held. */
static bool start_watcher(void)
{
    static const pl_os_thread_attributes attributes;
    if (watcher.is_to_end || pl_os_forking_apart || pl_os_nanoseconds() < watcher.no_thread_until)
        return false;
    watcher.has_condition = watcher.has_condition || pl_os_cond_init(&watcher.called);
    watcher.runs = watcher.has_condition && pl_os_thread(&watcher.thread, watch_pieces, NULL, -1, &attributes);
    if (!watcher.runs)
        watcher.no_thread_until = pl_os_nanoseconds() + RETRY_NS;
    return watcher.runs;
}

pl_watch *pl_watch_call(pl_watch *w)
{
    int state = pl_os_cancel_defer();
    become_child_early(w);
    pthread_mutex_lock(&watcher.mutex);
    bool comes = watcher.runs || start_watcher();
    if (comes) {
        watcher.is_called = true;
        pthread_cond_signal(&watcher.called);
    }
    pthread_mutex_unlock(&watcher.mutex);
    pl_os_cancel_restore(state);
    if (comes)
        return w;
    pl_watch_end(w);
    return NULL;
}

bool pl_watch_was_relieved(pl_watch *w)
{
    /* Y23 relaxed: the piece of the caller; pairs with Y17 */
    uint64_t word = atomic_load_explicit(&w->word, memory_order_relaxed);
    /* Y19 relaxed: r5, it decides with Y17; pairs with Y17 */
    bool relieved = (word & PL_WATCH_TAKEN) == PL_WATCH_TAKEN ||
                    !atomic_compare_exchange_strong_explicit(&w->word, &word, word & ~(uint64_t)PL_WATCH_RELIEF,
                                                             memory_order_relaxed, memory_order_relaxed);
    /* Y24 relaxed: before Y4 lets the next piece of the record begin; pairs with Y16 */
    atomic_store_explicit(&w->relief, NULL, memory_order_relaxed);
    if (relieved && !become_child_early(w)) {
        pthread_mutex_lock(&watcher.mutex);
        pthread_mutex_unlock(&watcher.mutex);
    }
    return relieved;
}

bool pl_watch_is_late(pl_watch *w, uint64_t limit)
{
    uint64_t now = pl_ticks();
    if (pl_watch_lasted(w, now) <= limit)
        return false;
    if (become_child_early(w)) /* it is not watched any more */
        return true;
    pthread_mutex_lock(&watcher.mutex);
    /* Y13 relaxed: as Y11; pairs with Y1, Y10 */
    bool raised = w->raised == atomic_load_explicit(&w->word, memory_order_relaxed);
    bool late = raised && now - w->raised_at <= UINT64_MAX / 2 && now - w->raised_at > limit;
    pthread_mutex_unlock(&watcher.mutex);
    return late;
}

/* ---- the end --------------------------------------------------------------------------------------------- */

static void end_watcher(void)
{
    become_child_early(NULL);
    pthread_mutex_lock(&watcher.mutex);
    bool mine = watcher.runs && !watcher.is_to_end;
    if (mine) {
        watcher.is_to_end = true;
        pthread_cond_signal(&watcher.called);
    }
    pthread_mutex_unlock(&watcher.mutex);
    if (!mine)
        return;
    int state = pl_os_cancel_defer(); /* a join is a cancellation point */
    pthread_join(watcher.thread, NULL);
    pl_os_cancel_restore(state);
    pthread_mutex_lock(&watcher.mutex);
    watcher.runs = watcher.is_to_end = false;
    pthread_mutex_unlock(&watcher.mutex);
}

/* Other threads' calls need no pool, and may be in the midst of a piece that was begun while there was a watcher. */
void pl_watch_stop(void)
{
    end_watcher();
    for (size_t i = 0; i < RECORDS; i++) {
        /* Y14 seq_cst: as w2, after the watcher's last w1; pairs with Y1, Y10 */
        if (atomic_load_explicit(&records[i].word, memory_order_seq_cst)) {
            pthread_mutex_lock(&watcher.mutex);
            if (!watcher.runs)
                start_watcher();
            pthread_mutex_unlock(&watcher.mutex);
            return;
        }
    }
}

/* The counter of forks may not have come to this one yet: then the next piece calls, and begins afresh. */
static void become_child(void)
{
    if (!become_child_early(NULL))
        set_period(UINT64_MAX);
}

PL_LIFE(PL_LIFE_WATCH, .in_child = become_child, .unloaded = end_watcher);
