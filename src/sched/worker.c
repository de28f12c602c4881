/* SPDX-License-Identifier: MIT */
/* What a thread of the pool does all day: search, run, rest; and how it is woken. The protocol is in sleep.h. */
#include "base/os.h"
#include "sched/pool.h"

/* How long a thread beyond the number of cores rests before it leaves. */
#define LEAVE_AFTER_NS INT64_C(1000000000)
/* Part of its time after which a searcher yields; all that it has where there are more threads than CPUs. */
enum { SHORT = 16 };
/* How many looks a searcher takes between two looks at the clock. */
#ifdef PL_MODEL
enum { LOOKS = 1 };
#else
enum { LOOKS = 16 };
#endif

/* ---- who publishes work ------------------------------------------------------------------------------------------ */

bool pl_pool_notify(pl_pool *pool, bool add)
{
    do {
        if (pl_sleep_searching(&pool->sleep))
            return true;
        int i = pl_sleep_claim(&pool->sleep, pl_pool_high(pool));
        if (i >= 0)
            pl_unpark(&pl_pool_worker(pool, (unsigned)i)->parker);
        if (i >= 0 || i == PL_SLEEP_OTHERS)
            return true;
        if (i == PL_SLEEP_NONE) {
            if (!pl_pool_may_add(pool, add))
                return false;
            pl_sleep_search(&pool->sleep);
            if (pl_pool_add_thread(pool) || !pl_sleep_found(&pool->sleep))
                return true;
        }
        /* Somebody was counted as searching for a while, and a publisher may have relied on it. */
    } while (pl_pool_has_public(pool));
    return true;
}

void pl_worker_pass_on(pl_worker *w)
{
    if (!w->was_last)
        return;
    w->was_last = false;
    /* W14 relaxed: a hint; pairs with R22, R23 in loop.c */
    bool add = atomic_load_explicit(&w->pool->eager, memory_order_relaxed) > 0;
    if (pl_pool_has_public(w->pool))
        pl_pool_notify(w->pool, add);
}

bool pl_pool_has_public(const pl_pool *pool)
{
    unsigned high = pl_pool_high(pool);
    for (unsigned i = 0; i < high; i++)
        if (pl_deque_has_public(&pl_pool_worker(pool, i)->deque))
            return true;
    return false;
}

/* ---- who looks for it -------------------------------------------------------------------------------------------- */

/* One look into all other deques, from where the last one had success. */
static pl_steal look_around(pl_worker *w, pl_slot **slot)
{
    pl_pool *pool = w->pool;
    unsigned high = pl_pool_high(pool);
    pl_steal best = PL_STEAL_EMPTY;
    for (unsigned k = 0; k < high; k++) {
        unsigned i = (w->victim + k) % high;
        if (i == w->index)
            continue;
        pl_steal got = pl_deque_steal(&pl_pool_worker(pool, i)->deque, slot);
        if (got == PL_STEAL_GOT) {
            w->victim = i;
            return got;
        }
        if (got == PL_STEAL_LOST)
            best = PL_STEAL_LOST;
    }
    return best;
}

/* Searches until it has stolen a task, or found nothing for a while: then NULL. Now and then it lets others have the
 * CPU: whoever woke it may have been put behind it. */
static pl_slot *search(pl_worker *w)
{
    uint64_t spin = pl_pool_crowded(w->pool) ? w->pool->spin_ticks / SHORT : w->pool->spin_ticks;
    uint64_t start = pl_ticks(), last_yield = start;
    pl_slot *slot;
    do {
        if (pl_ticks() - last_yield > w->pool->spin_ticks / SHORT) {
            pl_os_yield();
            last_yield = pl_ticks();
        }
        for (int i = 0; i < LOOKS;) {
            pl_steal got = look_around(w, &slot);
            if (got == PL_STEAL_GOT)
                return slot;
            i += got == PL_STEAL_EMPTY;
            pl_pause();
        }
    } while (pl_ticks() - start < spin);
    return NULL;
}

/* Goes to sleep, unless there is work after all. It counts as searching before and after. True if it has rested for
 * so long that it may leave. */
static bool rest(pl_worker *w)
{
    pl_pool *pool = w->pool;
    bool timed_out = false;
    pl_sleep_announce(&pool->sleep, w->index);
    if (!pl_pool_has_public(pool) && !pl_pool_stopping(pool))
        timed_out = !pl_park(&w->parker, pl_pool_surplus(pool) ? LEAVE_AFTER_NS : -1);
    bool unclaimed = pl_sleep_withdraw(&pool->sleep, w->index);
    return timed_out && unclaimed;
}

void *pl_worker_main(void *worker)
{
    pl_worker *w = worker;
    pl_pool *pool = w->pool;
    pl_worker_become(w);
    for (;;) {
        pl_slot *slot = search(w);
        bool leave = !slot && (pl_pool_stopping(pool) || rest(w));
        if (!slot && !leave)
            continue;
        w->was_last = pl_sleep_found(&pool->sleep);
        if (slot)
            slot->run(w, slot, true);
        pl_worker_pass_on(w);
        if (leave && pl_worker_leave(w))
            return NULL;
        pl_sleep_search(&pool->sleep);
    }
}
