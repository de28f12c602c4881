/* SPDX-License-Identifier: MIT */
/* What a thread of the pool does all day: search, run, rest. The protocol is in sleep.h. */
#include "base/os.h"
#include "sched/pool.h"

/* How long a thread beyond the number of cores rests before it leaves. */
#define LEAVE_AFTER_NS INT64_C(1000000000)
/* How many looks a searcher takes between two looks at the clock. */
enum { LOOKS = 16 };

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
        pl_steal got = pl_deque_steal(&pl_pool_worker(pool, i)->deque, 0, slot);
        if (got == PL_STEAL_GOT) {
            w->victim = i;
            return got;
        }
        if (got == PL_STEAL_LOST)
            best = PL_STEAL_LOST;
    }
    return best;
}

/* Searches until it has stolen a task, or found nothing for a while: then NULL. */
static pl_slot *search(pl_worker *w)
{
    uint64_t spin = pl_pool_crowded(w->pool) ? w->pool->spin_ticks / 16 : w->pool->spin_ticks;
    uint64_t start = pl_ticks();
    pl_slot *slot;
    do {
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
        timed_out = !pl_park(&w->parker, pl_pool_crowded(pool) ? LEAVE_AFTER_NS : -1);
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
        if (pl_sleep_found(&pool->sleep) && pl_pool_has_public(pool))
            pl_pool_notify(pool, false);
        if (slot)
            slot->run(w, slot, true);
        else if (pl_worker_leave(w))
            return NULL;
        pl_sleep_search(&pool->sleep);
    }
}
