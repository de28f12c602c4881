/* SPDX-License-Identifier: MIT */
/* Records of workers, and guests: threads of the program that have one while they make calls. */
#include <stdlib.h>

#include "base/os.h"
#include "base/os_process.h"
#include "sched/pool_internal.h"

/* How many guests of a pool keep their records from call to call. */
#ifdef PL_MODEL
#define KEPT_GUESTS 1u
#else
#define KEPT_GUESTS 128u
#endif

/* ---- records --------------------------------------------------------------------------------------------- */

static pl_worker *make_worker(pl_pool *pool, unsigned index)
{
    pl_worker *w = pl_os_zalloc(sizeof *w);
    if (!w || !pl_deque_init(&w->deque, PL_DEQUE_RESERVE)) {
        free(w);
        return NULL;
    }
    w->pool = pool;
    w->index = index;
    return w;
}

void pl_pool_free_worker(pl_worker *w)
{
    pl_deque_destroy(&w->deque);
    free(w);
}

void pl_pool_free_record(pl_worker *w)
{
    w->pool->ended -= w->use == PL_ENDED;
    w->use = PL_FREE;
    pl_sleep_be_quiet(&w->pool->sleep, w->index);
    w->next_free = w->pool->free;
    w->pool->free = w;
}

pl_worker *pl_pool_unused_worker(pl_pool *pool)
{
    unsigned high = pl_pool_high(pool);
    for (unsigned i = high; !pool->free && pool->ended && i-- > 0;) {
        pl_worker *w = pl_pool_worker(pool, i);
        if (w->use == PL_ENDED && pl_os_try_join(w->thread))
            pl_pool_free_record(w);
    }
    pl_worker *w = pool->free;
    if (w) {
        pool->free = w->next_free;
        pl_sleep_be_heard(&pool->sleep, w->index);
        return w;
    }
    w = high < PL_SLEEP_MAX ? make_worker(pool, high) : NULL;
    if (!w)
        return NULL;
    /* W2 release: the record is filled in; pairs with W1 */
    atomic_store_explicit(&pool->workers[high], w, memory_order_release);
    /* W4 seq_cst: from now on it is looked at, before it publishes or sleeps; pairs with W3 */
    atomic_store_explicit(&pool->high, high + 1, memory_order_seq_cst);
    return w;
}

/* ---- guests ---------------------------------------------------------------------------------------------- */

void pl_pool_give_back(pl_worker *w)
{
    pl_pool_lock();
    pl_pool_free_record(w);
    pl_pool_unlock();
}

/* A thread that was a guest ends. Should a later destructor of its make a call, it becomes a guest anew. */
static void guest_leaves(void *worker)
{
    pl_worker *w = worker;
    pl_pool_this.worker = NULL;
    pl_pool_lock();
    w->pool->kept--;
    pl_pool_free_record(w);
    pl_pool_unlock();
}

bool pl_pool_make_guest_key(void)
{
    if (!pl_pool_all.has_guest_key && pthread_key_create(&pl_pool_all.guest_key, guest_leaves) != 0)
        return false;
    pl_pool_all.has_guest_key = true;
    return true;
}

/* Apart, so that pl_worker_self() saves no registers for it. */
__attribute__((noinline)) static pl_worker *become_guest(void)
{
    pl_pool_lock();
    pl_pool *pool = pl_pool_this.attachment ? pl_pool_this.attachment->pool : pl_pool_program();
    pl_worker *w = pool && !pl_pool_stopping(pool) ? pl_pool_unused_worker(pool) : NULL;
    bool for_a_call = w && !pl_pool_this.attachment && pool->kept >= KEPT_GUESTS;
    if (w && !pl_pool_this.attachment && !for_a_call) {
        if (pthread_setspecific(pl_pool_all.guest_key, w) == 0) {
            pool->kept++;
        } else {
            pl_pool_free_record(w);
            w = NULL;
        }
    }
    if (w)
        w->use = PL_GUEST;
    pl_pool_unlock();
    if (w) {
        w->is_thread = false;
        w->for_a_call = for_a_call;
    }
    pl_pool_this.worker = w;
    return w;
}

pl_worker *pl_worker_self(void)
{
    if (pl_os_forking_apart)
        return NULL;
    if (pl_os_is_new_child())
        pl_pool_become_child_early();
    return pl_pool_this.worker ? pl_pool_this.worker : pl_pool_this.stays_out ? NULL : become_guest();
}

pl_worker *pl_worker_known(void)
{
    return pl_os_forking_apart ? NULL : pl_pool_this.worker;
}

void pl_worker_end_call(void)
{
    pl_worker *w = pl_pool_this.worker;
    if (!w || !w->for_a_call || w->activation || pl_os_forking_apart)
        return;
    pl_pool_this.worker = NULL;
    pl_deque_trim(&w->deque);
    pl_pool_give_back(w);
}
