/* SPDX-License-Identifier: MIT */
/* The life of the pool, its guests and its threads. pool.h has the overview. */
#include "sched/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/os.h"

/* How long a searcher looks around before it sleeps: some ten times what a wake-up costs. */
#define SPIN_US 50
/* How long no thread is started after one could not be. */
#define RETRY_US 100000

/* Guards all that follows, and who uses which record. Never held while a task runs. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pl_pool *the_pool;
static pl_pool *forked_pools;
static pthread_key_t guest_key;
static bool has_guest_key;
static bool closed; /* the library is being unloaded or the program exits: no further guests */

static _Thread_local pl_worker *self __attribute__((tls_model("initial-exec")));
/* A thread of the pool that is on its way out: calls that its thread-specific destructors make run alone, without the
 * mutex. */
static _Thread_local bool thread_ends __attribute__((tls_model("initial-exec")));

/* ---- how many workers ------------------------------------------------------------------------------------ */

static unsigned count_cores(void)
{
    const char *text = getenv("PARALLEL_NUM_THREADS");
    if (text && *text >= '0' && *text <= '9') {
        char *end;
        errno = 0;
        unsigned long n = strtoul(text, &end, 10);
        if (!*end && n > 0)
            return errno || n > PL_SLEEP_MAX ? PL_SLEEP_MAX : (unsigned)n;
    }
    unsigned cpus = pl_os_cpus();
    return cpus < PL_SLEEP_MAX ? cpus : PL_SLEEP_MAX;
}

unsigned pl_pool_cores(void)
{
    static _Atomic unsigned cores;
    /* W10 relaxed: a number by itself; pairs with W11 */
    unsigned n = atomic_load_explicit(&cores, memory_order_relaxed);
    if (n == 0) {
        int saved = errno;
        n = count_cores();
        errno = saved;
        /* W11 relaxed: all who count at once count the same; pairs with W10 */
        atomic_store_explicit(&cores, n, memory_order_relaxed);
    }
    return n;
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

/* A record that nobody uses, the one with the lowest index; with the mutex held. NULL if there is none. */
static pl_worker *unused_worker(pl_pool *pool)
{
    unsigned high = pl_pool_high(pool);
    for (unsigned i = 0; i < high; i++) {
        pl_worker *w = pl_pool_worker(pool, i);
        if (w->use == PL_ENDED && pl_os_try_join(w->thread))
            w->use = PL_FREE;
        if (w->use == PL_FREE)
            return w;
    }
    pl_worker *w = high < PL_SLEEP_MAX ? make_worker(pool, high) : NULL;
    if (!w)
        return NULL;
    /* W2 release: the record is filled in; pairs with W1 */
    atomic_store_explicit(&pool->workers[high], w, memory_order_release);
    /* W4 seq_cst: from now on it is looked at, before it publishes or sleeps; pairs with W3 */
    atomic_store_explicit(&pool->high, high + 1, memory_order_seq_cst);
    return w;
}

/* ---- guests ---------------------------------------------------------------------------------------------- */

/* A thread that was a guest ends. Should a later destructor of its make a call, it becomes a guest anew. */
static void guest_leaves(void *worker)
{
    pl_worker *w = worker;
    self = NULL;
    pthread_mutex_lock(&mutex);
    w->use = PL_FREE;
    pthread_mutex_unlock(&mutex);
}

/* With the mutex held. */
static pl_pool *make_pool(void)
{
    if (!has_guest_key && pthread_key_create(&guest_key, guest_leaves) != 0)
        return NULL;
    has_guest_key = true;
    pl_pool *pool = pl_os_zalloc(sizeof *pool);
    if (!pool)
        return NULL;
    pool->spin_ticks = SPIN_US * pl_os_ticks_per_us();
    pool->cpus = pl_os_cpus();
    pool->can_fence = pl_os_fence_init();
    the_pool = pool;
    return pool;
}

static pl_worker *become_guest(void)
{
    pthread_mutex_lock(&mutex);
    pl_pool *pool = the_pool;
    if (!pool && !closed)
        pool = make_pool();
    pl_worker *w = pool && !closed ? unused_worker(pool) : NULL;
    if (w && pthread_setspecific(guest_key, w) == 0)
        w->use = PL_GUEST;
    else
        w = NULL;
    pthread_mutex_unlock(&mutex);
    self = w;
    return w;
}

pl_worker *pl_worker_self(void)
{
    return self ? self : thread_ends ? NULL : become_guest();
}

pl_worker *pl_worker_known(void)
{
    return self;
}

/* ---- threads --------------------------------------------------------------------------------------------- */

void pl_worker_become(pl_worker *worker)
{
    self = worker;
}

bool pl_pool_add_thread(pl_pool *pool)
{
    char name[16];
    pthread_mutex_lock(&mutex);
    pl_worker *w = pl_pool_stopping(pool) ? NULL : unused_worker(pool);
    bool started = false;
    if (w) {
        snprintf(name, sizeof name, "parallel/%u", w->index);
        started = pl_os_thread(&w->thread, pl_worker_main, w, name);
    }
    if (started) {
        w->use = PL_THREAD;
        /* W6 relaxed: a count by itself; pairs with W5 */
        atomic_fetch_add_explicit(&pool->threads, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&mutex);
    if (!started) {
        uint64_t until = pl_ticks() + RETRY_US * pl_os_ticks_per_us();
        /* W15 relaxed: a time by itself; pairs with W16 */
        atomic_store_explicit(&pool->no_threads_until, until, memory_order_relaxed);
    }
    return started;
}

bool pl_pool_may_add(const pl_pool *pool, bool add)
{
    /* W16 relaxed: a time by itself; pairs with W15 */
    uint64_t until = atomic_load_explicit((_Atomic uint64_t *)&pool->no_threads_until, memory_order_relaxed);
    return (add || pl_pool_threads(pool) + 1 < pl_pool_cores()) && (until == 0 || pl_ticks() > until);
}

bool pl_worker_leave(pl_worker *worker)
{
    pl_pool *pool = worker->pool;
    pthread_mutex_lock(&mutex);
    /* W17 relaxed: changes under the mutex only; no partner */
    uint32_t threads = atomic_load_explicit(&pool->threads, memory_order_relaxed);
    bool leave = pl_pool_stopping(pool) || threads + 1 > pl_pool_cores();
    if (leave) {
        self = NULL;
        thread_ends = true;
        worker->use = PL_ENDED;
        /* W7 relaxed: a count by itself; pairs with W5 */
        atomic_store_explicit(&pool->threads, threads - 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&mutex);
    return leave;
}

/* ---- the end --------------------------------------------------------------------------------------------- */

/* Whether some thread is in a call; and whether threads other than this one are guests. With the mutex held. */
static bool busy(const pl_pool *pool, bool *others)
{
    *others = false;
    for (unsigned i = 0; i < pl_pool_high(pool); i++) {
        pl_worker *w = pl_pool_worker(pool, i);
        /* W18 seq_cst: after W9 in S: a thread that enters a frame from now on sees that the pool is stopping; pairs
         * with W27 */
        if (atomic_load_explicit(&w->inside, memory_order_seq_cst))
            return true;
        *others |= w->use == PL_GUEST && w != self;
    }
    return false;
}

/* Bars the pool for new work. False if it must be left alone, since some call still runs. With the mutex held. */
static bool close_pool(pl_pool *pool, bool *others)
{
    /* W9 seq_cst: a worker going to sleep sees it, or gets a token; a caller that enters a loop sees it, or is seen in
     * busy(); pairs with W8 */
    atomic_store_explicit(&pool->stopping, 1, memory_order_seq_cst);
    closed = !busy(pool, others);
    if (!closed) {
        /* W23 seq_cst: as W9; threads that have left meanwhile are made anew when they are wanted; pairs with W8 */
        atomic_store_explicit(&pool->stopping, 0, memory_order_seq_cst);
    }
    return closed;
}

__attribute__((destructor)) static void end_pool(void)
{
    pthread_mutex_lock(&mutex);
    pl_pool *pool = the_pool;
    bool others = false, close_it = pool && close_pool(pool, &others);
    pthread_mutex_unlock(&mutex);
    if (!close_it)
        return;
    for (unsigned i = 0; i < pl_pool_high(pool); i++) {
        pl_worker *w = pl_pool_worker(pool, i);
        pthread_mutex_lock(&mutex);
        bool has_thread = w->use == PL_THREAD || w->use == PL_ENDED;
        pthread_mutex_unlock(&mutex);
        if (!has_thread)
            continue;
        pl_unpark(&w->parker);
        pthread_join(w->thread, NULL);
        w->use = PL_FREE;
    }
    pthread_key_delete(guest_key);
    has_guest_key = false;
    self = NULL;
    if (others)
        return;      /* they may still call, and then work alone */
    the_pool = NULL; /* no other thread is left that knows it */
    for (unsigned i = 0; i < pl_pool_high(pool); i++)
        free_worker(pl_pool_worker(pool, i));
    free(pool);
}

/* ---- fork ------------------------------------------------------------------------------------------------ */

static void before_fork(void)
{
    pthread_mutex_lock(&mutex);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&mutex);
}

/* The child has one thread, and a copy of a pool whose threads are gone. It may be in the midst of a task, with frames
 * of that pool's loops below it on the stack; so the pool is left alone, but within reach. */
static void after_fork_in_child(void)
{
    if (the_pool) {
        the_pool->forked = forked_pools;
        forked_pools = the_pool;
        the_pool = NULL;
        self = NULL;
        closed = false;
        pthread_setspecific(guest_key, NULL);
    }
    after_fork();
    pl_os_after_fork();
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork, after_fork_in_child);
}
