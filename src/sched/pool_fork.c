/* SPDX-License-Identifier: MIT */
/* Pools in a child of fork(), which begins afresh; pool.h says how. */
#include <string.h>

#include "base/life.h"
#include "base/os.h"
#include "base/os_process.h"
#include "sched/pool_internal.h"

unsigned pl_pool_forks(void)
{
    if (pl_os_is_new_child())
        pl_pool_become_child_early();
    return pl_pool_all.forks;
}

static void keep_reachable(pl_pool *pool)
{
    /* W68 relaxed: the process has one thread; pairs with W65 */
    atomic_store_explicit(&pool->next, pl_pool_all.forked, memory_order_relaxed);
    pl_pool_all.forked = pool;
}

/* Makes an own pool, in a child process, as it was when it was new. Its records are left alone, but within reach. */
static void renew_pool(pl_pool *pool)
{
    unsigned size = pool->size;
    pl_pool *next = pl_pool_at(&pool->next);
    const pl_thread_kind kind = pool->kind;
    for (unsigned i = 0; i < pl_pool_high(pool); i++) {
        pl_worker *w = pl_pool_worker(pool, i);
        w->next_free = pl_pool_all.forked_workers;
        pl_pool_all.forked_workers = w;
    }
    memset(pool, 0, sizeof *pool);
    pl_pool_fill_in(pool, size, &kind);
    pl_pool_make_own(pool, next);
}

/* The child has one thread, and a copy of pools whose threads are gone. It may be in the midst of a task, with
 * activations of loops below it on the stack; so their records are left alone, but within reach. The mutex may have
 * been held. */
static void become_child(void)
{
    pl_os_known_child();
    pthread_mutex_init(&pl_pool_all.mutex, NULL);
    /* it has the signal mask of the program, which a thread of the pool has not, or not wholly */
    if (pl_pool_this.worker && pl_pool_this.worker->is_thread && !pl_os_forking_apart)
        pl_os_mask_set(pl_pool_this.worker->mask ? pl_pool_this.worker->mask : &pl_pool_this.worker->origin);
    if (pl_pool_all.program)
        keep_reachable(pl_pool_all.program);
    pl_pool_all.forks++;
    pl_pool_all.program = NULL;
    pl_pool_this.worker = NULL;
    pl_pool_this.attachment = NULL;
    pl_pool_all.closed = false;
    if (pl_pool_all.has_guest_key)
        pthread_setspecific(pl_pool_all.guest_key, NULL);
    _Atomic(pl_pool *) *link = &pl_pool_all.own;
    for (pl_pool *pool; (pool = pl_pool_at(link));) {
        if (pool->owned) {
            renew_pool(pool);
            link = &pool->next;
        } else {
            pl_pool_take_out(link, pool);
            keep_reachable(pool);
        }
    }
    pl_os_after_fork();
}

void pl_pool_become_child_early(void)
{
    become_child();
    pl_pool_all.is_child_early = true;
}

static void after_fork_in_child(void)
{
    if (!pl_pool_all.is_child_early || pl_os_is_new_child()) /* that may have been in a parent, a child of _Fork() */
        become_child();
    pl_pool_all.is_child_early = false;
}

PL_LIFE(PL_LIFE_POOLS, .in_child = after_fork_in_child, .unloaded = pl_pool_end_all);
