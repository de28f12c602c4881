/* SPDX-License-Identifier: MIT */
/* The life of the pool, its guests and its threads. pool.h has the overview. */
#include "sched/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/life.h"
#include "base/os.h"
#include "base/os_process.h"
#include "sched/inline.h"

/* How long a searcher looks around before it sleeps: some ten times what a wake-up costs. */
#define SPIN_US 40
/* How many guests of a pool keep their records from call to call. */
#ifdef PL_MODEL
#define KEPT_GUESTS 1u
#else
#define KEPT_GUESTS 128u
#endif
/* More than is reserved where memory is locked. */
#define LOCKED_TRIAL ((size_t)64 << 20)
/* How long no thread is started after one could not be. */
#define RETRY_NS UINT64_C(100000000)

/* Guards all that follows, and who uses which record. Never held while a task runs. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pl_pool *the_pool;
static _Atomic(pl_pool *) own_pools; /* those that pl_pool_new() has made, until they are freed */
static pl_pool *forked_pools;        /* those of parent processes */
static pl_worker *forked_workers;
static unsigned cpus; /* 0: not counted yet */
static pthread_key_t guest_key;
static bool has_guest_key;
static bool has_exit_handler;
static bool closed; /* the library is being unloaded or the program exits: no further guests */

static _Thread_local pl_worker *self PL_OF_THREAD;
/* The innermost. If it has no worker yet, `self` is NULL. */
static _Thread_local pl_attachment *attachment PL_OF_THREAD;
/* A thread of the pool that has not begun, or is on its way out: calls that `thread_start`, `thread_end` or its thread-specific
 * destructors make run alone. It would be the last to let go of a pool that it is to be joined for. */
static _Thread_local bool stays_out PL_OF_THREAD;

/* ---- locking, and children ------------------------------------------------------------------------------- */

static unsigned forks;
static bool is_child_early; /* before the library's fork handler has run */

static void become_child_early(void);

static void lock(void)
{
    if (pl_os_is_new_child())
        become_child_early();
    pthread_mutex_lock(&mutex);
}

static void unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

unsigned pl_pool_forks(void)
{
    if (pl_os_is_new_child())
        become_child_early();
    return forks;
}

/* ---- where a thread is ----------------------------------------------------------------------------------- */

/* The pool that the calling thread is in; NULL if it is in none. */
static pl_pool *pool_here(void)
{
    return self ? self->pool : attachment ? attachment->pool : NULL;
}

unsigned pl_pool_cores(void)
{
    const pl_pool *pool = pool_here();
    return pool ? pool->size : pl_pool_default_cores();
}

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

static void free_worker(pl_worker *w)
{
    pl_deque_destroy(&w->deque);
    free(w);
}

static void free_record(pl_worker *w)
{
    w->use = PL_FREE;
    w->next_free = w->pool->free;
    w->pool->free = w;
}

/* A record that nobody uses; with the mutex held. NULL if there is none. */
static pl_worker *unused_worker(pl_pool *pool)
{
    unsigned high = pl_pool_high(pool);
    for (unsigned i = high; !pool->free && i-- > 0;) {
        pl_worker *w = pl_pool_worker(pool, i);
        if (w->use == PL_ENDED && pl_os_try_join(w->thread))
            free_record(w);
    }
    pl_worker *w = pool->free;
    if (w) {
        pool->free = w->next_free;
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

static void give_back(pl_worker *w)
{
    lock();
    free_record(w);
    unlock();
}

/* A thread that was a guest ends. Should a later destructor of its make a call, it becomes a guest anew. */
static void guest_leaves(void *worker)
{
    pl_worker *w = worker;
    self = NULL;
    lock();
    w->pool->kept--;
    free_record(w);
    unlock();
}

/* What does not change in a pool that is all zero otherwise. With the mutex held. */
static void fill_in(pl_pool *pool, unsigned size, const pl_thread_kind *kind)
{
    int saved = errno;
    if (!cpus)
        cpus = pl_os_cpus();
    pool->spin_ticks = SPIN_US * pl_os_ticks_per_us();
    pool->cpus = cpus;
    if (kind) {
        pool->kind = *kind;
        unsigned few = kind->attributes.cpu_count;
        pool->cpus = few && few < cpus ? few : cpus;
    }
    has_exit_handler = has_exit_handler || pl_os_at_exit(pl_pool_end_all);
    pool->locked = pl_os_to_reserve(LOCKED_TRIAL) != LOCKED_TRIAL;
    pool->can_fence = pl_os_fence_init();
    pool->size = size;
    pl_injector_init(&pool->injector);
    errno = saved;
}

/* The program's pool, made if need be. With the mutex held. */
static pl_pool *program_pool(void)
{
    if (the_pool || closed)
        return closed ? NULL : the_pool;
    if (!has_guest_key && pthread_key_create(&guest_key, guest_leaves) != 0)
        return NULL;
    has_guest_key = true;
    the_pool = pl_os_zalloc(sizeof *the_pool);
    if (the_pool)
        fill_in(the_pool, pl_pool_default_cores(), NULL);
    return the_pool;
}

/* Apart, so that pl_worker_self() saves no registers for it. */
__attribute__((noinline)) static pl_worker *become_guest(void)
{
    lock();
    pl_pool *pool = attachment ? attachment->pool : program_pool();
    pl_worker *w = pool && !pl_pool_stopping(pool) ? unused_worker(pool) : NULL;
    bool for_a_call = w && !attachment && pool->kept >= KEPT_GUESTS;
    if (w && !attachment && !for_a_call) {
        if (pthread_setspecific(guest_key, w) == 0) {
            pool->kept++;
        } else {
            free_record(w);
            w = NULL;
        }
    }
    if (w)
        w->use = PL_GUEST;
    unlock();
    if (w) {
        w->is_thread = false;
        w->for_a_call = for_a_call;
    }
    self = w;
    return w;
}

pl_worker *pl_worker_self(void)
{
    if (pl_os_forking_apart)
        return NULL;
    if (pl_os_is_new_child())
        become_child_early();
    return self ? self : stays_out ? NULL : become_guest();
}

pl_worker *pl_worker_known(void)
{
    return pl_os_forking_apart ? NULL : self;
}

void pl_worker_end_call(void)
{
    pl_worker *w = self;
    if (!w || !w->for_a_call || w->activation || pl_os_forking_apart)
        return;
    self = NULL;
    pl_deque_trim(&w->deque);
    give_back(w);
}

/* ---- threads --------------------------------------------------------------------------------------------- */

void pl_worker_stay_out(void)
{
    self = NULL;
    stays_out = true;
}

void pl_worker_become(pl_worker *worker)
{
    self = worker;
    stays_out = false;
}

bool pl_pool_add_thread(pl_pool *pool, bool add)
{
    lock();
    bool may = pl_pool_may_add(pool, add); /* still: others may have been faster */
    pl_worker *w = may ? unused_worker(pool) : NULL;
    bool started = false;
    if (w) {
        int cpu = pl_os_cpu(), off = pl_os_may_start_excluding(cpu, &pool->kind.attributes) ? cpu : -1;
        /* W48 relaxed: k1 (worker.c), as W43, before the thread starts; pairs with W45 */
        atomic_store_explicit(&w->excluded_cpu, off + 1, memory_order_relaxed);
        pl_sleep_waking(&pool->sleep, 1);
        if (self)
            pl_worker_mask_of(self, &w->origin);
        else
            pl_os_mask_get(&w->origin);
        started = pl_os_thread(&w->thread, pl_worker_main, w, off, &pool->kind.attributes);
        if (started) {
            w->use = PL_THREAD;
        } else {
            pl_sleep_waking(&pool->sleep, -1);
            free_record(w);
        }
    }
    if (started) {
        /* W6 relaxed: a count by itself; pairs with W5 */
        atomic_fetch_add_explicit(&pool->threads, 1, memory_order_relaxed);
    }
    unlock();
    if (may && !started) {
        uint64_t until = pl_os_nanoseconds() + RETRY_NS;
        /* W15 relaxed: a time by itself; pairs with W16 */
        atomic_store_explicit(&pool->no_threads_until, until, memory_order_relaxed);
    }
    return started;
}

void pl_pool_start_threads(pl_pool *pool, unsigned count, bool add)
{
    while (pool->locked && pl_pool_threads(pool) < count && pl_pool_may_add(pool, add)) {
        pl_sleep_search(&pool->sleep);
        if (pl_pool_add_thread(pool, add))
            continue;
        if (pl_sleep_found(&pool->sleep) && (pl_pool_has_public(pool) || pl_injector_count(&pool->injector)))
            pl_pool_notify(pool, add); /* somebody may have relied on the search */
        return;
    }
}

bool pl_pool_may_add(const pl_pool *pool, bool add)
{
    /* W16 relaxed: a time by itself; pairs with W15 */
    uint64_t until = atomic_load_explicit((_Atomic uint64_t *)&pool->no_threads_until, memory_order_relaxed);
    bool jobs = pl_injector_count(&pool->injector) > 0, driven = pl_injector_drivers(&pool->injector) > 0;
    /* W52 relaxed: a hint; pairs with R28 */
    uint32_t lent = atomic_load_explicit((_Atomic uint32_t *)&pool->lent, memory_order_relaxed);
    bool few = pl_pool_threads(pool) + 1 < pool->size + driven + lent;
    if (pool->locked && !jobs && self && self->is_thread)
        return false;
    if (pl_os_forking_apart) /* the thread would be the keeper's, which ends soon, or in a process that is to have one */
        return false;
    return (add || jobs || few) && (until == 0 || pl_os_nanoseconds() > until) && !pl_pool_stopping(pool);
}

bool pl_worker_leave(pl_worker *worker)
{
    pl_pool *pool = worker->pool;
    lock();
    /* W17 relaxed: changes under the mutex only; no partner */
    uint32_t threads = atomic_load_explicit(&pool->threads, memory_order_relaxed);
    bool leave = pl_pool_stopping(pool) || threads + 1 > pool->size || worker->inferior;
    if (leave) {
        pl_worker_stay_out();
        worker->use = PL_ENDED;
        /* W7 relaxed: a count by itself; pairs with W5 */
        atomic_store_explicit(&pool->threads, threads - 1, memory_order_relaxed);
    }
    unlock();
    return leave;
}

/* ---- attachments ---------------------------------------------------------------------------------------------- */

/* The calling thread's worker in a pool that it is in further out. */
static pl_worker *worker_further_out(const pl_pool *pool)
{
    for (const pl_attachment *v = attachment; v; v = v->outer)
        if (v->before && v->before->pool == pool)
            return v->before;
    return NULL;
}

void pl_pool_attach(pl_attachment *v, pl_pool *pool)
{
    if (stays_out || pool_here() == pool || !pool->own)
        return;
    pl_pool_hold(pool);
    *v = (pl_attachment){.outer = attachment, .pool = pool, .before = self, .found = worker_further_out(pool)};
    attachment = v;
    self = v->found;
    pl_inline_look(); /* what is short depends on the pool */
}

static void let_go(pl_pool *pool);

void pl_pool_detach(pl_attachment *v)
{
    if (attachment != v)
        return; /* it was none; or this is a child process, and began in it */
    pl_worker *w = self;
    attachment = v->outer;
    self = v->before;
    pl_inline_look();
    if (w && w != v->found) {
        pl_deque_trim(&w->deque);
        give_back(w);
    }
    let_go(v->pool);
}

/* ---- the end --------------------------------------------------------------------------------------------- */

/* Whether some thread is in a call; and whether threads other than this one are guests. With the mutex held. */
static bool busy(const pl_pool *pool, bool *others)
{
    *others = false;
    if (pl_injector_drivers(&pool->injector))
        return true;
    for (unsigned i = 0; i < pl_pool_high(pool); i++) {
        pl_worker *w = pl_pool_worker(pool, i);
        /* W18 seq_cst: after W9 in S: a thread that enters a activation from now on sees that the pool is stopping; pairs
         * with W27 */
        if (atomic_load_explicit(&w->inside, memory_order_seq_cst) || pl_handoff_busy(&w->handoff))
            return true;
        *others |= w->use == PL_GUEST && w != self;
    }
    return false;
}

/* Bars the pool for new work. With the mutex held. */
static void bar(pl_pool *pool)
{
    /* W9 seq_cst: a worker going to sleep sees it, or gets a token; a caller that enters a loop sees it, or is seen in
     * busy(); pairs with W8 */
    atomic_store_explicit(&pool->stopping, 1, memory_order_seq_cst);
}

/* With the mutex held. Threads that have left meanwhile, or leave as they do not see it yet, are made anew when they are wanted. */
static void open_again(pl_pool *pool)
{
    /* W64 seq_cst: before the look for jobs, in S: who has submitted one and was barred from starting a thread for it is
     * seen; pairs with W8, I2 */
    atomic_store_explicit(&pool->stopping, 0, memory_order_seq_cst);
}

/* Bars it, too; but false, and look_for_jobs() is to follow, if it must be left alone, since some call still runs. */
static bool close_pool(pl_pool *pool, bool *others)
{
    bar(pool);
    if (!busy(pool, others))
        return true;
    open_again(pool);
    return false;
}

/* What is to follow without the mutex when a pool has been opened again. */
static void look_for_jobs(pl_pool *pool)
{
    if (pl_injector_count(&pool->injector))
        pl_pool_notify(pool, false);
}

/* Ends the threads of a pool that is barred. */
static void join_threads(pl_pool *pool)
{
    int state = pl_os_cancel_defer(); /* a join is a cancellation point */
    for (unsigned i = 0; i < pl_pool_high(pool); i++) {
        pl_worker *w = pl_pool_worker(pool, i);
        lock();
        bool has_thread = w->use == PL_THREAD || w->use == PL_ENDED;
        unlock();
        if (!has_thread)
            continue;
        pl_unpark(&w->parker);
        pthread_join(w->thread, NULL);
        lock();
        free_record(w);
        unlock();
    }
    pl_os_cancel_restore(state);
}

/* Frees a pool without threads that nobody knows any more. */
static void free_pool(pl_pool *pool)
{
    for (unsigned i = 0; i < pl_pool_high(pool); i++)
        free_worker(pl_pool_worker(pool, i));
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
    lock();
    pl_pool *pool = closed ? NULL : the_pool;
    bool others = false;
    closed = !pool || begin_end(pool, &others);
    bool close_it = pool && closed;
    unlock();
    if (pool && !close_it)
        look_for_jobs(pool);
    if (!close_it)
        return;
    join_threads(pool);
    if (self && self->pool == pool)
        self = NULL;
    lock(); /* a thread that makes its first call looks at all this */
    pool->ending = false;
    if (has_guest_key)
        pthread_key_delete(guest_key);
    has_guest_key = false;
    /* W51 acquire: who held it is done with it; pairs with W49, W50 */
    bool known = others || atomic_load_explicit(&pool->holders, memory_order_acquire) > 0;
    if (!known)
        the_pool = NULL;
    unlock();
    if (!known) /* else they may still call, and then work alone; or look at what they have left in the injector */
        free_pool(pool);
}

bool pl_pool_shut_down(void)
{
    bool others = false;
    lock();
    pl_pool *pool = closed ? NULL : the_pool;
    bool may = !pool || (!pl_injector_count(&pool->injector) && begin_end(pool, &others));
    if (pool)
        pl_pool_hold(pool); /* the program may exit meanwhile */
    unlock();
    if (!pool)
        return true;
    if (may) {
        join_threads(pool);
        lock();
        pool->ending = false;
        open_again(pool);
        unlock();
    }
    look_for_jobs(pool);
    pl_pool_let_go(pool);
    return may;
}

/* ---- pools of the program's own -------------------------------------------------------------------------- */

static void own(pl_pool *pool, pl_pool *next)
{
    pool->own = pool->owned = true;
    atomic_init(&pool->next, next);
    atomic_init(&pool->holders, 1);
    atomic_init(&pool->stopping, closed);
}

/* The first of the own pools, or the one after. The list changes under the mutex, but for a child process, which sees it as it
 * was at some moment. */
static pl_pool *pool_at(_Atomic(pl_pool *) *link)
{
    /* W65 relaxed: under the mutex, or in a child with one thread; pairs with W66, W67, W68 */
    return atomic_load_explicit(link, memory_order_relaxed);
}

pl_pool *pl_pool_new(unsigned size, const pl_thread_kind *kind)
{
    pl_pool *pool = pl_os_zalloc(sizeof *pool);
    if (!pool)
        return NULL;
    lock();
    fill_in(pool, size, kind);
    own(pool, pool_at(&own_pools));
    /* W66 release: whenever another thread forks, its child finds a whole list of whole pools; pairs with W65 */
    atomic_store_explicit(&own_pools, pool, memory_order_release);
    unlock();
    return pool;
}

/* Takes a pool out of the list that `link` is part of. With the mutex held, or in a child process. */
static void take_out(_Atomic(pl_pool *) *link, const pl_pool *pool)
{
    /* W67 release: as W66; pairs with W65 */
    atomic_store_explicit(link, pool_at((_Atomic(pl_pool *) *)&pool->next), memory_order_release);
}

/* Nobody holds the pool any more. */
static void end_own_pool(pl_pool *pool)
{
    lock();
    bar(pool);
    unlock();
    join_threads(pool);
    lock();
    _Atomic(pl_pool *) *link = &own_pools;
    while (pool_at(link) != pool)
        link = &pool_at(link)->next;
    take_out(link, pool);
    unlock();
    free_pool(pool);
}

static void let_go(pl_pool *pool)
{
    /* W32 acq_rel: what this holder did with it comes before its end (release), which whoever lets go last brings about
     * (acquire); pairs with W32, W33, W49 */
    if (atomic_fetch_sub_explicit(&pool->holders, 1, memory_order_acq_rel) == 1)
        end_own_pool(pool);
}

void pl_pool_free(pl_pool *pool)
{
    lock();
    pool->owned = false;
    unlock();
    let_go(pool);
}

void pl_pool_hold(pl_pool *pool)
{
    /* W49 relaxed: the pool is held meanwhile, by its maker or an outer attachment, or the mutex keeps it; pairs with W32, W50, W51 */
    atomic_fetch_add_explicit(&pool->holders, 1, memory_order_relaxed);
}

pl_pool *pl_pool_hold_here(void)
{
    pl_pool *pool = pool_here();
    lock(); /* the program's pool does not end meanwhile */
    pool = pool ? pool : program_pool();
    if (pool)
        pl_pool_hold(pool);
    unlock();
    return pool;
}

void pl_pool_let_go(pl_pool *pool)
{
    if (pool->own) {
        let_go(pool);
    } else {
        /* W50 release: this holder is done with the program's pool; pairs with W51 */
        atomic_fetch_sub_explicit(&pool->holders, 1, memory_order_release);
    }
}

/* The first pool from `pool` on, which is held now, and not being ended. With the mutex held. */
static pl_pool *hold_first(pl_pool *pool)
{
    for (; pool; pool = pool_at(&pool->next)) {
        /* W33 relaxed: the mutex keeps the pool; one that nobody holds is left to who ends it; pairs with W32 */
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
    lock();
    pl_pool *pool = hold_first(pool_at(&own_pools));
    while (pool) {
        bool others, close_it = close_pool(pool, &others);
        unlock();
        if (close_it)
            join_threads(pool);
        else
            look_for_jobs(pool);
        lock();
        pl_pool *next = hold_first(pool_at(&pool->next));
        unlock();
        let_go(pool);
        lock();
        pool = next;
    }
    unlock();
}

void pl_pool_end_all(void)
{
    end_program_pool();
    stop_own_pools();
}

/* ---- fork ------------------------------------------------------------------------------------------------ */

static void keep_reachable(pl_pool *pool)
{
    /* W68 relaxed: the process has one thread; pairs with W65 */
    atomic_store_explicit(&pool->next, forked_pools, memory_order_relaxed);
    forked_pools = pool;
}

/* Makes an own pool, in a child process, as it was when it was new. Its records are left alone, but within reach. */
static void renew(pl_pool *pool)
{
    unsigned size = pool->size;
    pl_pool *next = pool_at(&pool->next);
    const pl_thread_kind kind = pool->kind;
    for (unsigned i = 0; i < pl_pool_high(pool); i++) {
        pl_worker *w = pl_pool_worker(pool, i);
        w->next_free = forked_workers;
        forked_workers = w;
    }
    memset(pool, 0, sizeof *pool);
    fill_in(pool, size, &kind);
    own(pool, next);
}

/* The child has one thread, and a copy of pools whose threads are gone. It may be in the midst of a task, with activations
 * of loops below it on the stack; so their records are left alone, but within reach. The mutex may have been held. */
static void become_child(void)
{
    pl_os_known_child();
    pthread_mutex_init(&mutex, NULL);
    /* it has the signal mask of the program, which a thread of the pool has not, or not wholly */
    if (self && self->is_thread && !pl_os_forking_apart)
        pl_os_mask_set(self->mask ? self->mask : &self->origin);
    if (the_pool)
        keep_reachable(the_pool);
    forks++;
    the_pool = NULL;
    self = NULL;
    attachment = NULL;
    closed = false;
    if (has_guest_key)
        pthread_setspecific(guest_key, NULL);
    _Atomic(pl_pool *) *link = &own_pools;
    for (pl_pool *pool; (pool = pool_at(link));) {
        if (pool->owned) {
            renew(pool);
            link = &pool->next;
        } else {
            take_out(link, pool);
            keep_reachable(pool);
        }
    }
    pl_os_after_fork();
}

/* For who comes before the handler. */
static void become_child_early(void)
{
    become_child();
    is_child_early = true;
}

static void after_fork_in_child(void)
{
    if (!is_child_early || pl_os_is_new_child()) /* that may have been in a parent, a child of _Fork() */
        become_child();
    is_child_early = false;
}

PL_LIFE(PL_LIFE_POOLS, .in_child = after_fork_in_child, .unloaded = pl_pool_end_all);
