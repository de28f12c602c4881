/* SPDX-License-Identifier: MIT */
/* Random calls: making them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/random.h"
#include "support/tasks.h"

enum { POOLS = 3, PUBLIC = 4, NAME = 32 };

static parallel_pool *pools[POOLS];

void rnd_begin(void)
{
    for (int i = 0; i < POOLS; i++)
        pools[i] = parallel_pool_new(i + 1);
}

void rnd_end(void)
{
    for (int i = 0; i < POOLS; i++)
        parallel_pool_free(pools[i]);
}

/* ---- executors that anybody may cancel ------------------------------------------------------------------- */

static pthread_mutex_t public_mutex = PTHREAD_MUTEX_INITIALIZER;
static rnd_call *public[PUBLIC];

static rnd_call **publish(rnd_call *c, unsigned long long r)
{
    rnd_call **place = &public[r % PUBLIC], **got = NULL;
    pthread_mutex_lock(&public_mutex);
    if (!*place)
        *(got = place) = c;
    pthread_mutex_unlock(&public_mutex);
    return got;
}

static void withdraw(rnd_call **place)
{
    if (!place)
        return;
    pthread_mutex_lock(&public_mutex);
    *place = NULL;
    pthread_mutex_unlock(&public_mutex);
}

void rnd_disturb(unsigned long long r)
{
    pthread_mutex_lock(&public_mutex);
    rnd_call *c = public[r % PUBLIC];
    parallel_executor *ex = c ? atomic_load_explicit(&c->ex, memory_order_relaxed) : NULL;
    if (ex && r / 64 % 2) {
        atomic_store_explicit(&c->stopped, true, memory_order_relaxed);
        parallel_cancel(ex);
    } else if (ex && parallel_executor_done(ex) && parallel_executor_status(ex) <= PARALLEL_STARTED)
        rnd_complain(c, "a call has ended, and has not");
    pthread_mutex_unlock(&public_mutex);
}

/* ---- making and ending ----------------------------------------------------------------------------------- */

static void fill_future(rnd_call *c, size_t i, unsigned long long r)
{
    static const double timeouts[] = {0, 0, 0, 0, -1, 1000, 1000, 0.002};
    static const int retries[] = {0, 0, 0, -1, 1, 2};
    c->futures[i] = (parallel_future){
        .function = rnd_functions[rnd_function_of(c, i)],
        .arg = &c->items[i],
        .name = r % 4 ? NULL : c->names[i],
        .extras = r / 4 % 4 ? NULL : &c->items[i],
        .timeout = r / 16 % 4 ? 0 : timeouts[r / 64 % 8],
        .retries = retries[r / 512 % 6],
        .retry_delay = r / 4096 % 8 ? 0 : 1e-5,
    };
}

/* `more`: for what is not in the plan. */
static rnd_call *make(const rnd_plan *plan, rnd_source *more, rnd_call *outer)
{
    rnd_call *c = calloc(1, sizeof *c);
    c->plan = *plan;
    size_t n = c->plan.n, some = n + 1;
    c->outer = outer;
    c->items = aligned_alloc(sizeof *c->items, some * sizeof *c->items);
    memset(c->items, 0, some * sizeof *c->items);
    c->logs = calloc(some, sizeof *c->logs);
    c->out = calloc(some, sizeof *c->out);
    c->names = calloc(some, sizeof *c->names);
    c->texts = calloc(some, NAME);
    c->futures = calloc(some, sizeof *c->futures);
    memset(c->out, 0xa5, some * sizeof *c->out);
    c->options = c->plan.options;
    if (more->left) {
        c->twists = calloc(some, 1);
        for (size_t i = 0; i < n; i++)
            c->twists[i] = (unsigned char)rnd_draw_byte(more);
    }
    for (size_t i = 0; i < n; i++) {
        c->items[i] = (rnd_item){.magic = RND_MAGIC, .index = i, .call = c};
        c->names[i] = c->texts + i * NAME;
        snprintf(c->texts + i * NAME, NAME, "task %zu", i);
        if (rnd_is_par(c))
            fill_future(c, i, rnd_draw(more));
    }
    unsigned long long r = rnd_draw(more);
    c->options.names = c->plan.named ? c->names : NULL;
    c->options.extras = c->plan.with_extras ? c : NULL;
    c->options.progress = c->plan.with_progress ? rnd_progress : NULL;
    c->options.progress_data = c;
    if (c->plan.with_own_pool)
        c->options.pool = c->own_pool = parallel_pool_new(1 + (int)(r / 64 % 4));
    else if (r % 4 == 0)
        c->options.pool = pools[r / 4 % POOLS];
    c->options.size = sizeof c->options;
    c->limit = c->options.executor == PARALLEL_SERIAL ? 1 : (unsigned)c->options.max_workers;
    c->caller = pthread_self();
    return c;
}

/* Spoils what a call had borrowed, and frees it. */
static void spoil(void *memory, size_t size)
{
    memset(memory, 0xdd, size);
    free(memory);
}

static void unmake(rnd_call *c)
{
    size_t some = c->plan.n + 1;
    parallel_pool_free(c->own_pool);
    spoil(c->items, some * sizeof *c->items);
    spoil(c->logs, some * sizeof *c->logs);
    spoil(c->out, some * sizeof *c->out);
    if (c->twists)
        spoil(c->twists, some);
    spoil(c->names, some * sizeof *c->names);
    spoil(c->texts, some * NAME);
    spoil(c->futures, some * sizeof *c->futures);
    spoil(c, sizeof *c);
}

static parallel_future *copy_futures(const rnd_call *c)
{
    size_t size = (c->plan.n + 1) * sizeof *c->futures;
    return memcpy(malloc(size), c->futures, size);
}

/* ---- calls that wait ------------------------------------------------------------------------------------- */

static void check_call(rnd_call *c, parallel_results *r, int code)
{
    if (!r) {
        rnd_check_failure(c, code);
        return;
    }
    rnd_check_results(c, r);
    if (parallel_last_failure())
        rnd_complain(c, "a call that has results has a failure");
}

static void run_into(rnd_call *c, const parallel_options *options)
{
    const parallel_function *f = rnd_functions[c->plan.function];
    size_t n = c->plan.n;
    int rc = c->plan.kind == RND_FOR
                 ? parallel_for_function(n, rnd_loop_body, c, options)
                 : parallel_map_into_function(f, c->items, n, f->result_size ? c->out : NULL, options);
    if (rc != 0)
        rnd_check_failure(c, errno);
    else if (parallel_last_failure())
        rnd_complain(c, "a call that is well has a failure");
    rnd_check_out(c, rc == 0);
}

PARALLEL_DECORATE_COMBINE(rnd_compose, unsigned long long);

static void run_reduce(rnd_call *c, const parallel_options *options)
{
    unsigned long long value = 1;
    int rc = parallel_map_reduce_function(rnd_functions[c->plan.function], &rnd_compose__parallel_combine, c->items,
                                          c->plan.n, &value, options);
    if (rc != 0)
        rnd_check_failure(c, errno);
    else if (parallel_last_failure())
        rnd_complain(c, "a call that is well has a failure");
    rnd_check_reduced(c, value, rc == 0);
}

/* Puts a value where there is none. */
static void replace(const rnd_call *c, parallel_results *r)
{
    unsigned long long value = 4711;
    parallel_replace_failed(r, &value);
    const unsigned long long *all = parallel_values(r);
    for (size_t i = 0; all && i < c->plan.n; i++)
        if (all[i] != (parallel_result_state(r, i) == PARALLEL_OK ? rnd_value(c, i) : 4711))
            rnd_complain(c, "slot %zu has not been replaced, or has", i);
}

static parallel_results *run_range(const rnd_call *c, const parallel_options *options)
{
    ptrdiff_t begin = (ptrdiff_t)((uintptr_t)c->items / sizeof *c->items);
    return parallel_map_range_function(rnd_range_functions[c->plan.function], begin, begin + (ptrdiff_t)c->plan.n,
                                       options);
}

static void run_call(rnd_call *c, const parallel_options *options)
{
    const parallel_function *f = rnd_functions[c->plan.function];
    size_t n = c->plan.n;
    parallel_future *futures;
    parallel_results *r;
    switch (c->plan.kind) {
    case RND_MAP:
        r = parallel_map_function(f, c->items, n, options);
        break;
    case RND_THREAD_MAP:
        r = parallel_thread_map_function(f, c->items, n, options);
        break;
    case RND_RANGE:
        r = run_range(c, options);
        break;
    case RND_SPLIT:
        r = parallel_split_function(f, c->items, n, options);
        break;
    default:
        futures = copy_futures(c);
        r = parallel_par_futures(futures, n, options);
        spoil(futures, n * sizeof *futures);
        break;
    }
    check_call(c, r, errno);
    if (r)
        replace(c, r);
    parallel_results_free(r);
}

/* ---- calls in the background ----------------------------------------------------------------------------- */

/* Starts an executor that waits for it. False if it was not to be. */
static bool start(rnd_call *c, parallel_executor *ex, unsigned long long r)
{
    errno = 0;
    if (parallel_executor_results(ex) || errno != EINVAL || parallel_executor_wait(ex, 0) != -1 || errno != EINVAL ||
        parallel_executor_status(ex) != PARALLEL_NOT_STARTED || parallel_executor_done(ex))
        rnd_complain(c, "a deferred executor has started: errno %d", errno);
    if (r % 8 == 0)
        return false;
    if (r % 8 == 1) {
        if (parallel_executor_shutdown(ex) != 0 || parallel_executor_start(ex) != -1 || errno != ECANCELED)
            rnd_complain(c, "an executor starts after its end");
        return false;
    }
    if (r % 8 == 2) {
        atomic_store_explicit(&c->stopped, true, memory_order_relaxed);
        parallel_executor_cancel(ex);
    }
    if (parallel_executor_start(ex) != 0)
        rnd_complain(c, "an executor does not start: errno %d", errno);
    return true;
}

/* Does something or other while the call may run. */
static void meddle(rnd_call *c, parallel_executor *ex, unsigned long long r)
{
    static const double times[] = {0, 1e-6, 1e-3};
    switch (r % 8) {
    case 0:
    case 1:
        if (parallel_executor_wait(ex, times[r / 8 % 3]) == 0 ? !parallel_executor_done(ex) : errno != ETIMEDOUT)
            rnd_complain(c, "an executor has ended, and has not: errno %d", errno);
        break;
    case 2:
        if (parallel_executor_status(ex) == PARALLEL_NOT_STARTED)
            rnd_complain(c, "an executor is not to start any more");
        break;
    case 3:
        if (r / 8 % 4 == 0) {
            atomic_store_explicit(&c->stopped, true, memory_order_relaxed);
            parallel_cancel(ex);
        }
        break;
    case 4:
        if (parallel_executor_start(ex) != -1 || errno != EALREADY)
            rnd_complain(c, "an executor starts twice");
        break;
    case 5:
        pl_test_sleep((long)(r / 8 % 200));
        break;
    case 6:
        if (c->plan.depth < 2)
            rnd_run(pl_scramble(r), c->plan.depth + 1, c->outer);
        break;
    default:
        rnd_disturb(r / 8);
        break;
    }
}

static void ask_body(size_t begin, size_t end, void *ctx)
{
    const rnd_call *c = ctx;
    parallel_executor *ex = atomic_load_explicit(&c->ex, memory_order_relaxed);
    for (size_t i = begin; i < end; i++) {
        parallel_results *r = parallel_executor_results(ex);
        if (parallel_executor_status(ex) != (r ? PARALLEL_DONE : PARALLEL_FAILED))
            rnd_complain(c, "one who asks for results sees a wrong status");
    }
}

/* Waits in some way or other; or, if false, not at all. */
static bool wait_for(rnd_ends *e, unsigned long long r)
{
    rnd_call *c = e->call;
    parallel_executor *ex = e->ex;
    switch (r % 10) {
    case 0:
        return false;
    case 1:
        if (parallel_executor_wait(ex, -1) != 0 || !parallel_executor_done(ex))
            rnd_complain(c, "an executor is waited for in vain: errno %d", errno);
        break;
    case 2:
        atomic_store_explicit(&c->stopped, true, memory_order_relaxed);
        parallel_cancel(ex);
        break;
    case 3:
        atomic_store_explicit(&c->stopped, true, memory_order_relaxed);
        if (parallel_executor_shutdown(ex) != 0 || !parallel_executor_done(ex))
            rnd_complain(c, "an executor is not shut down: errno %d", errno);
        break;
    case 4:
        parallel_for(3, ask_body, c, .max_workers = 3, .grain = 1);
        break;
    case 5:
        while (!parallel_executor_done(ex))
            pl_test_sleep(50);
        break;
    case 6:
        break;
    default:
        rnd_ends_take_all(e);
        break;
    }
    return true;
}

static void check_executor(rnd_call *c, parallel_executor *ex)
{
    parallel_results *r = parallel_executor_results(ex);
    check_call(c, r, errno);
    parallel_results_free(r); /* which leaves it alone */
    parallel_cancel(ex);
    if (parallel_executor_status(ex) != (r ? PARALLEL_DONE : PARALLEL_FAILED) || !parallel_executor_done(ex))
        rnd_complain(c, "an executor has a wrong status at the end");
    if (parallel_executor_wait(ex, 0) != 0 || parallel_executor_results(ex) != r)
        rnd_complain(c, "an executor has other results the second time");
}

static parallel_executor *make_executor(rnd_call *c, const parallel_options *options, unsigned long long r)
{
    const parallel_function *f = rnd_functions[c->plan.function];
    size_t n = c->plan.n;
    parallel_executor *ex;
    if (rnd_is_par(c)) {
        parallel_future *futures = copy_futures(c);
        ex = parallel_async_par_futures(futures, n, options);
        spoil(futures, n * sizeof *futures);
    } else if (n == 1 && r % 2) {
        rnd_item item = c->items[0];
        c->is_copied = true;
        ex = parallel_async_function(f, &item, options);
        memset(&item, 0xdd, sizeof item);
    } else
        ex = parallel_async_map_function(f, c->items, n, options);
    return ex;
}

static void run_executor(rnd_call *c, rnd_source *more, const parallel_options *options)
{
    unsigned long long r = rnd_draw(more), told = rnd_draw(more);
    size_t n = c->plan.n;
    rnd_ends ends;
    c->options.as_completed = options && told / 32 % 2;
    parallel_executor *ex = make_executor(c, options, told / 16);
    if (!ex) {
        rnd_complain(c, "no executor: errno %d", errno);
        return;
    }
    atomic_store_explicit(&c->ex, ex, memory_order_release);
    rnd_ends_begin(&ends, c, ex, told);
    if (!c->options.deferred && r % 4 == 0) { /* the call keeps what it needs of its pool */
        parallel_pool_free(c->own_pool);
        c->own_pool = NULL;
    }
    bool runs = !c->options.deferred || start(c, ex, r / 64);
    rnd_call **place = runs && r % 2 ? publish(c, r / 2) : NULL;
    for (unsigned k = (unsigned)(r / 16 % 4); runs && k; k--) {
        unsigned long long what = rnd_draw(more);
        if (what % 3 == 0)
            rnd_ends_meddle(&ends, what / 3);
        else
            meddle(c, ex, what / 3);
    }
    if (runs && wait_for(&ends, rnd_draw(more))) {
        check_executor(c, ex);
        rnd_ends_check(&ends);
    }
    withdraw(place);
    if (runs)
        atomic_store_explicit(&c->stopped, true, memory_order_relaxed);
    parallel_executor_free(ex);
    rnd_ends_freed(&ends);
    for (size_t i = 0; i < n && !runs; i++)
        if (rnd_runs(c, i))
            rnd_complain(c, "a task runs that was not to start");
    rnd_check_runs(c);
}

static void run_planned(rnd_call *c, rnd_source *more)
{
    static const parallel_options nothing;
    parallel_options bare = c->options;
    bare.size = 0;
    bare.progress_data = NULL;
    const parallel_options *options = memcmp(&bare, &nothing, sizeof bare) == 0 ? NULL : &c->options;
    const rnd_call *awaited = rnd_awaited;
    rnd_awaited = c;
    switch (rnd_family_of(c)) {
    case RND_BACKGROUND:
        run_executor(c, more, options);
        break;
    case RND_LOOPS:
        run_into(c, options);
        break;
    case RND_REDUCTIONS:
        run_reduce(c, options);
        break;
    case RND_PREDICATES:
        rnd_run_predicate(c, options);
        break;
    case RND_GROWING:
        rnd_run_growing(c, options);
        break;
    case RND_VALUES:
        rnd_run_values(c, options);
        break;
    case RND_STREAMS:
        rnd_run_stream(c, more, options);
        break;
    default:
        run_call(c, options);
        break;
    }
    rnd_awaited = awaited;
    unmake(c);
}

void rnd_run(unsigned long long seed, int depth, rnd_call *outer)
{
    rnd_source source = rnd_seeded(seed), more = rnd_seeded(~seed), later = rnd_seeded(seed * 7);
    rnd_plan plan = rnd_plan_of(&source, seed, depth);
    run_planned(make(&plan, &more, outer), &later);
}

void rnd_run_chosen(rnd_source *source)
{
    rnd_plan plan = rnd_plan_of(source, rnd_draw(source), 0);
    run_planned(make(&plan, source, NULL), source);
}
