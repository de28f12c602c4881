/* SPDX-License-Identifier: MIT */
/* The life of pools: how they are made, held and ended. pool.h has the overview. */
#include "sched/pool.h"

#include <errno.h>
#include <stdlib.h>

#include "base/life.h"
#include "base/os.h"
#include "sched/pool_internal.h"
#include "sched/wake.h"

/* How long a searcher looks around before it sleeps: some ten times what a wake-up costs. */
#define SPIN_US 40
/* More than is reserved where memory is locked. */
#define LOCKED_TRIAL ((size_t)64 << 20)

pl_pool_state pl_pool_all = {.mutex = PTHREAD_MUTEX_INITIALIZER};

void pl_pool_lock(void)
{
    if (pl_os_is_new_child())
        pl_pool_become_child_early();
    pthread_mutex_lock(&pl_pool_all.mutex);
}

void pl_pool_unlock(void)
{
    pthread_mutex_unlock(&pl_pool_all.mutex);
}

/* ---- the beginning --------------------------------------------------------------------------------------- */

void pl_pool_fill_in(pl_pool *pool, unsigned size, const pl_thread_kind *kind)
{
    int saved = errno;
    unsigned cpus = pl_pool_cpus();
    pool->spin_ticks = SPIN_US * pl_os_ticks_per_us();
    pool->cpus = cpus;
    if (kind) {
        pool->kind = *kind;
        unsigned few = kind->attributes.cpu_count;
        pool->cpus = few && few < cpus ? few : cpus;
    }
    pl_pool_all.has_exit_handler = pl_pool_all.has_exit_handler || pl_os_at_exit(pl_pool_end_all);
    pool->locked = pl_os_to_reserve(LOCKED_TRIAL) != LOCKED_TRIAL;
    pool->can_fence = pl_os_fence_init();
    pool->size = size;
    pl_injector_init(&pool->injector);
    errno = saved;
}

pl_pool *pl_pool_program(void)
{
    if (pl_pool_all.program || pl_pool_all.closed)
        return pl_pool_all.closed ? NULL : pl_pool_all.program;
    if (!pl_pool_make_guest_key())
        return NULL;
    pl_pool_all.program = pl_os_zalloc(sizeof *pl_pool_all.program);
    if (pl_pool_all.program)
        pl_pool_fill_in(pl_pool_all.program, pl_pool_default_cores(), NULL);
    return pl_pool_all.program;
}

/* ---- the end --------------------------------------------------------------------------------------------- */

/* Whether some thread is in a call; and whether threads other than this one are guests. With the mutex held. */
static bool is_busy(const pl_pool *pool, bool *others)
{
    *others = false;
    if (pl_injector_drivers(&pool->injector))
        return true;
    for (unsigned i = 0; i < pl_pool_high(pool); i++) {
        pl_worker *w = pl_pool_worker(pool, i);
        /* W18 seq_cst: after W9 in S: a thread that enters an activation from now on sees that the pool is stopping;
         * pairs with W27 */
        if (atomic_load_explicit(&w->inside, memory_order_seq_cst) || pl_handoff_busy(&w->handoff))
            return true;
        *others |= w->use == PL_GUEST && w != pl_pool_this.worker;
    }
    return false;
}

/* Bars the pool for new work. With the mutex held. */
static void bar_pool(pl_pool *pool)
{
    /* W9 seq_cst: a worker going to sleep sees it, or gets a token; a caller that enters a loop sees it, or is seen in
     * is_busy(); pairs with W8 */
    atomic_store_explicit(&pool->stopping, 1, memory_order_seq_cst);
}

/* With the mutex held. Threads that have left meanwhile, or leave as they do not see it yet, are made anew when they
 * are wanted. */
static void open_again(pl_pool *pool)
{
    /* W64 seq_cst: before the look for jobs, in S: a thread that has submitted one, and was barred from starting
     * another for it, is seen; pairs with W8, I2 */
    atomic_store_explicit(&pool->stopping, 0, memory_order_seq_cst);
}

/* Bars it, too; but false, and look_for_jobs() is to follow, if it must be left alone, since some call still runs. */
static bool close_pool(pl_pool *pool, bool *others)
{
    bar_pool(pool);
    if (!is_busy(pool, others))
        return true;
    open_again(pool);
    return false;
}

/* What is to follow without the mutex when a pool has been opened again. */
static void look_for_jobs(pl_pool *pool)
{
    if (pl_injector_count(&pool->injector))
        pl_wake_notify(pool, PL_GROWTH_TO_SIZE);
}

/* Ends the threads of a pool that is barred. */
static void join_threads(pl_pool *pool)
{
    int state = pl_os_cancel_defer(); /* a join is a cancellation point */
    for (unsigned i = 0; i < pl_pool_high(pool); i++) {
        pl_worker *w = pl_pool_worker(pool, i);
        pl_pool_lock();
        bool has_thread = w->use == PL_THREAD || w->use == PL_ENDED;
        pl_pool_unlock();
        if (!has_thread)
            continue;
        pl_unpark(&w->parker);
        pthread_join(w->thread, NULL);
        pl_pool_lock();
        pl_pool_free_record(w);
        pl_pool_unlock();
    }
    pl_os_cancel_restore(state);
}

/* Frees a pool without threads that nobody knows any more. */
static void free_pool(pl_pool *pool)
{
    for (unsigned i = 0; i < pl_pool_high(pool); i++) {
        pl_worker *w = pl_pool_worker(pool, i);
        if (!pool->own)
            pl_stats_add_block(NULL, &w->counters);
        pl_pool_free_worker(w);
    }
    free((void *)pool->kind.attributes.cpus);
    free(pool);
}

/* Bars the program's pool, if it has none that works on it, and is not being ended. With the mutex held. */
static bool begin_end(pl_pool *pool, bool *others)
{
    if (pool->ending || !close_pool(pool, others))
        return false;
    pool->ending = true;
    return true;
}

static void end_program_pool(void)
{
    pl_pool_lock();
    pl_pool *pool = pl_pool_all.closed ? NULL : pl_pool_all.program;
    bool others = false;
    pl_pool_all.closed = !pool || begin_end(pool, &others);
    bool close_it = pool && pl_pool_all.closed;
    pl_pool_unlock();
    if (pool && !close_it)
        look_for_jobs(pool);
    if (!close_it)
        return;
    join_threads(pool);
    if (pl_pool_this.worker && pl_pool_this.worker->pool == pool)
        pl_pool_this.worker = NULL;
    pl_pool_lock(); /* a thread that makes its first call looks at all this */
    pool->ending = false;
    if (pl_pool_all.has_guest_key)
        pthread_key_delete(pl_pool_all.guest_key);
    pl_pool_all.has_guest_key = false;
    /* W51 acquire: those that held it are done with it; pairs with W49, W50 */
    bool known = others || atomic_load_explicit(&pool->holders, memory_order_acquire) > 0;
    if (!known)
        pl_pool_all.program = NULL;
    pl_pool_unlock();
    if (!known) /* else they may still call, and then work alone; or look at what they have left in the injector */
        free_pool(pool);
}

bool pl_pool_shut_down(void)
{
    bool others = false;
    pl_pool_lock();
    pl_pool *pool = pl_pool_all.closed ? NULL : pl_pool_all.program;
    bool may = !pool || (!pl_injector_count(&pool->injector) && begin_end(pool, &others));
    if (pool)
        pl_pool_hold(pool); /* the program may exit meanwhile */
    pl_pool_unlock();
    if (!pool)
        return true;
    if (may) {
        join_threads(pool);
        pl_pool_lock();
        pool->ending = false;
        open_again(pool);
        pl_pool_unlock();
    }
    look_for_jobs(pool);
    pl_pool_let_go(pool);
    return may;
}

/* ---- pools of the program's own -------------------------------------------------------------------------- */

void pl_pool_make_own(pl_pool *pool, pl_pool *next)
{
    pool->own = pool->owned = true;
    atomic_init(&pool->next, next);
    atomic_init(&pool->holders, 1);
    atomic_init(&pool->stopping, pl_pool_all.closed);
}

pl_pool *pl_pool_at(_Atomic(pl_pool *) *link)
{
    /* W65 relaxed: under the mutex, or in a child with one thread; pairs with W66, W67, W68 */
    return atomic_load_explicit(link, memory_order_relaxed);
}

pl_pool *pl_pool_new(unsigned size, const pl_thread_kind *kind)
{
    pl_pool *pool = pl_os_zalloc(sizeof *pool);
    if (!pool)
        return NULL;
    pl_pool_lock();
    pl_pool_fill_in(pool, size, kind);
    pl_pool_make_own(pool, pl_pool_at(&pl_pool_all.own));
    /* W66 release: whenever another thread forks, its child finds a whole list of whole pools; pairs with W65 */
    atomic_store_explicit(&pl_pool_all.own, pool, memory_order_release);
    pl_pool_unlock();
    return pool;
}

void pl_pool_take_out(_Atomic(pl_pool *) *link, const pl_pool *pool)
{
    /* W67 release: as W66; pairs with W65 */
    atomic_store_explicit(link, pl_pool_at((_Atomic(pl_pool *) *)&pool->next), memory_order_release);
}

/* Nobody holds the pool any more. */
static void end_own_pool(pl_pool *pool)
{
    pl_pool_lock();
    bar_pool(pool);
    pl_pool_unlock();
    join_threads(pool);
    pl_pool_lock();
    _Atomic(pl_pool *) *link = &pl_pool_all.own;
    while (pl_pool_at(link) != pool)
        link = &pl_pool_at(link)->next;
    pl_pool_take_out(link, pool);
    pl_pool_unlock();
    free_pool(pool);
}

void pl_pool_release(pl_pool *pool)
{
    /* W32 acq_rel: what this holder did with it comes before its end (release), which whoever lets go last brings about
     * (acquire); pairs with W32, W33, W49 */
    if (atomic_fetch_sub_explicit(&pool->holders, 1, memory_order_acq_rel) == 1)
        end_own_pool(pool);
}

void pl_pool_free(pl_pool *pool)
{
    pl_pool_lock();
    pool->owned = false;
    pl_pool_unlock();
    pl_pool_release(pool);
}

void pl_pool_hold(pl_pool *pool)
{
    /* W49 relaxed: the pool is held meanwhile, by its maker or an outer attachment, or the mutex keeps it; pairs with
     * W32, W50, W51 */
    atomic_fetch_add_explicit(&pool->holders, 1, memory_order_relaxed);
}

pl_pool *pl_pool_hold_here(void)
{
    pl_pool *pool = pl_pool_here();
    pl_pool_lock(); /* the program's pool does not end meanwhile */
    pool = pool ? pool : pl_pool_program();
    if (pool)
        pl_pool_hold(pool);
    pl_pool_unlock();
    return pool;
}

void pl_pool_let_go(pl_pool *pool)
{
    if (pool->own) {
        pl_pool_release(pool);
    } else {
        /* W50 release: this holder is done with the program's pool; pairs with W51 */
        atomic_fetch_sub_explicit(&pool->holders, 1, memory_order_release);
    }
}

/* The first pool from `pool` on, which is held now, and not being ended. With the mutex held. */
static pl_pool *hold_first(pl_pool *pool)
{
    for (; pool; pool = pl_pool_at(&pool->next)) {
        /* W33 relaxed: the mutex keeps the pool; one that nobody holds is left to the thread that ends it; pairs with
         * W32 */
        uint32_t holders = atomic_load_explicit(&pool->holders, memory_order_relaxed);
        while (holders > 0) {
            /* W34 relaxed: as W49; pairs with W32 */
            if (atomic_compare_exchange_weak_explicit(&pool->holders, &holders, holders + 1, memory_order_relaxed,
                                                      memory_order_relaxed))
                return pool;
        }
    }
    return NULL;
}

/* Ends the threads of all pools that no call is running on. The pools are for the program to free. */
static void stop_own_pools(void)
{
    pl_pool_lock();
    pl_pool *pool = hold_first(pl_pool_at(&pl_pool_all.own));
    while (pool) {
        bool others, close_it = close_pool(pool, &others);
        pl_pool_unlock();
        if (close_it)
            join_threads(pool);
        else
            look_for_jobs(pool);
        pl_pool_lock();
        pl_pool *next = hold_first(pl_pool_at(&pool->next));
        pl_pool_unlock();
        pl_pool_release(pool);
        pl_pool_lock();
        pool = next;
    }
    pl_pool_unlock();
}

void pl_pool_end_all(void)
{
    end_program_pool();
    stop_own_pools();
}
