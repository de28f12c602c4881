/* SPDX-License-Identifier: MIT */
/* Which pool a thread is in. */
#include "sched/inline.h"
#include "sched/pool_internal.h"

_Thread_local pl_pool_thread pl_pool_this PL_OF_THREAD;

unsigned pl_pool_cores(void)
{
    const pl_pool *pool = pl_pool_here();
    return pool ? pool->size : pl_pool_default_cores();
}

/* The calling thread's worker in a pool that it is in further out. */
static pl_worker *worker_further_out(const pl_pool *pool)
{
    for (const pl_attachment *v = pl_pool_this.attachment; v; v = v->outer)
        if (v->before && v->before->pool == pool)
            return v->before;
    return NULL;
}

/* The thread leaves the pool that it is in, for a while or for good. */
static void settle_account(void)
{
    pl_pool *pool = pl_pool_here();
    pl_stats_settle(&pl_inline_own.account, pool && pool->own ? &pool->counters : NULL);
}

void pl_pool_attach(pl_attachment *attachment, pl_pool *pool)
{
    pl_pool_thread *this = &pl_pool_this;
    if (this->stays_out || pl_pool_here() == pool || !pool->own)
        return;
    pl_pool_hold(pool);
    settle_account();
    *attachment = (pl_attachment){
        .outer = this->attachment, .pool = pool, .before = this->worker, .found = worker_further_out(pool)};
    this->attachment = attachment;
    this->worker = attachment->found;
    pl_inline_look(); /* what is short depends on the pool */
}

void pl_pool_detach(pl_attachment *attachment)
{
    if (pl_pool_this.attachment != attachment)
        return; /* it was none; or this is a child process, and began in it */
    pl_worker *w = pl_pool_this.worker;
    settle_account();
    pl_pool_this.attachment = attachment->outer;
    pl_pool_this.worker = attachment->before;
    pl_inline_look();
    if (w && w != attachment->found) {
        pl_deque_trim(&w->deque);
        pl_pool_give_back(w);
    }
    pl_pool_release(attachment->pool);
}
