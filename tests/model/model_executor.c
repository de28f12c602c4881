/* SPDX-License-Identifier: MIT */
/*
 * Scenarios on executors: the shipped files of src/api that executor_state.h names, on the pool's injector, with the
 * scheduler's workers. What a call is made of is in place of the API's: one task, which either returns, or sleeps until
 * the call is cancelled; a flag that is polled is an event.
 */
#include "model/model.h"

#include <errno.h>
#include <string.h>

#include "api/executors.h"
#include "call/call.h"
#include "call/failure.h"
#include "base/os.h"
#include "model/memory.h"
#include "sched/stop.h"

_Thread_local pl_thread pl_context_thread;
_Thread_local pl_error pl_error_thread;

/* ---- the call -------------------------------------------------------------------------------------------- */

struct parallel_results {
    size_t n;
};

static bool one_by_one;    /* the second task of a call does not end before the first has been taken */
static bool sleeps;        /* the task does, */
static event slept_in;     /* and is about to */
static event started, got; /* between the threads of a scenario */
static parallel_executor *shared;

const pl_work_kind pl_work_map;
static const pl_executor threads = {.name = "threads"}, serial = {.name = "serial", .is_here = true};
const pl_executor *pl_executors[PL_EXECUTOR_KINDS]; /* not asked: a call knows its own */

/* A call's tasks have neither arguments nor results. */
static const void *no_arg(const pl_work *work, size_t i)
{
    (void)work;
    (void)i;
    return NULL;
}

static const pl_work_kind kind_of_all = {.arg = no_arg};

static bool begin_call(pl_call *c, size_t n, const parallel_options *options)
{
    memset(c, 0, sizeof *c);
    c->work.kind = &kind_of_all;
    c->work.n = n;
    c->options = *options;
    c->executor = options->executor == PARALLEL_SERIAL ? &serial : &threads;
    return true;
}

bool pl_call_begin_map(pl_call *c, const pl_work_kind *kind, const parallel_function *f, const void *args, size_t n,
                       const parallel_options *options, const pl_request *request)
{
    (void)kind;
    (void)f;
    (void)args;
    (void)request;
    return begin_call(c, n, options);
}

bool pl_call_begin_par(pl_call *c, const parallel_future *futures, size_t n, const parallel_options *options,
                       const pl_request *request)
{
    (void)futures;
    (void)request;
    return begin_call(c, n, options);
}

static bool is_cancelled(void *c)
{
    return pl_stop_level(&((pl_call *)c)->policy.stop) == PL_STOP_ALL;
}

/* Its task notes itself in the executor's memory, too, so that nobody may end it meanwhile. */
parallel_results *pl_call_results(pl_call *c)
{
    if (pl_stop_level(&c->policy.stop) != 0) {
        c->error = ECANCELED;
        return NULL;
    }
    ran[0]++;
    c->work.given = c;
    if (sleeps) {
        event_set(&slept_in);
        pl_stop_sleep(c, UINT64_MAX, is_cancelled, c);
    }
    for (size_t i = c->work.n; c->ended && i-- > 0;) {
        pl_ended_well(c->ended, i, i + 1);
        if (one_by_one)
            event_wait(&got);
    }
    parallel_results *r = memory_allocate(sizeof *r);
    r->n = c->work.n;
    return r;
}

int pl_call_code(const pl_call *c)
{
    return c->error;
}

const parallel_failure *pl_call_failure(const pl_call *c)
{
    (void)c;
    return NULL;
}

void pl_call_end(pl_call *c)
{
    if (c->ended)
        pl_ended_free(c->ended);
}

/* What no scenario needs. */
char *pl_failures_text(const parallel_failure *failure)
{
    (void)failure;
    return NULL;
}

void *pl_results_place(const parallel_results *r, size_t i)
{
    (void)r;
    (void)i;
    return NULL;
}

bool pl_function_copy(parallel_function *to, const parallel_function *from)
{
    (void)to;
    (void)from;
    return false;
}

bool pl_function_take(parallel_function *to, const parallel_function *from)
{
    return pl_function_copy(to, from);
}

void *pl_results_allocate(size_t bytes, size_t alignment)
{
    (void)alignment;
    return memory_allocate(bytes);
}

const void *parallel_result(const parallel_results *r, size_t i)
{
    (void)r;
    (void)i;
    return NULL;
}

parallel_state parallel_result_state(const parallel_results *r, size_t i)
{
    (void)r;
    (void)i;
    return PARALLEL_OK;
}

size_t parallel_length(const parallel_results *r)
{
    return r->n;
}

const parallel_failure *parallel_failed(const parallel_results *r, size_t k)
{
    (void)r;
    (void)k;
    return NULL;
}

/* ---- flags --------------------------------------------------------------------------------------------------- */

/* The one flag that there is. A loop polls it by event_wait(). */
static event flag;

int pl_os_flag_open(pl_os_flag *f)
{
    f->fd = 1;
    return 0;
}

void pl_os_flag_raise(const pl_os_flag *f)
{
    model_assert(f->fd == 1 && !atomic_load_explicit(&flag.word, memory_order_relaxed));
    event_set(&flag);
}

void pl_os_flag_lower(const pl_os_flag *f)
{
    model_assert(f->fd == 1);
    atomic_store_explicit(&flag.word, 0, memory_order_relaxed);
}

void pl_os_flag_close(pl_os_flag *f)
{
    f->fd = -1;
}

bool pl_os_flag_renew(pl_os_flag *f)
{
    (void)f;
    return false;
}

void model_flag_wait(void)
{
    event_wait(&flag);
}

void model_flag_reset(void)
{
    memset(&flag, 0, sizeof flag);
}

/* Of unknown cost. */
pl_cost *pl_call_cost(const pl_call *c, pl_call_way way)
{
    static pl_cost unknown;
    (void)c;
    (void)way;
    return &unknown;
}

void pl_policy_begin(pl_policy *policy, const parallel_options *options, size_t n)
{
    (void)options;
    (void)n;
    policy->began = pl_os_nanoseconds();
}

void pl_results_keep(parallel_results *r)
{
    (void)r;
}

void pl_results_let_go(parallel_results *r)
{
    (void)r;
}

void parallel_results_free(parallel_results *r)
{
    if (r)
        memory_free(r);
}

void pl_failure_put_aside(pl_put_aside *to)
{
    (void)to;
}

void pl_failure_put_back(pl_put_aside *from)
{
    (void)from;
}

void pl_call_tell(const pl_call *c)
{
    errno = pl_call_code(c);
}

void pl_error_drop(void)
{
}

int pl_error_refuse(int code, const char *format, ...)
{
    (void)format;
    errno = code;
    return -1;
}

bool pl_error_deny(int code, const char *format, ...)
{
    (void)format;
    errno = code;
    return false;
}

int pl_error_return(int code)
{
    errno = code;
    return -1;
}

/* ---- programs -------------------------------------------------------------------------------------------- */

static event noted; /* the notification runs */
static int notes;   /* how often it has */

static void set_up(int count)
{
    set_up_pool(count, 16);
    memset(&started, 0, sizeof started);
    memset(&slept_in, 0, sizeof slept_in);
    memset(&got, 0, sizeof got);
    memset(&flag, 0, sizeof flag);
    memset(&noted, 0, sizeof noted);
    notes = 0;
    shared = NULL;
    sleeps = one_by_one = false;
}

static void set_up_one(void)
{
    set_up(1);
}

static void set_up_two(void)
{
    set_up(2);
}

static void set_up_three(void)
{
    set_up(3);
    pool->sleep.searching = pool->sleep.waking = 1; /* the last is one of the program's */
}

static void set_up_one_by_one(void)
{
    set_up_two();
    one_by_one = true;
}

static void set_up_sleeping(void)
{
    set_up_three();
    sleeps = true;
}

static parallel_executor *make(void)
{
    parallel_options o = {0};
    parallel_executor *ex = parallel_async_map_function(NULL, NULL, 7, &o);
    model_assert(ex);
    return ex;
}

static void is_right(const parallel_results *r)
{
    model_assert(r && r->n == 7 && ran[0] == 1);
}

static void get_and_free(void)
{
    parallel_executor *ex = make();
    parallel_results *r = parallel_executor_results(ex);
    is_right(r);
    model_assert(parallel_executor_results(ex) == r && parallel_executor_status(ex) == PARALLEL_DONE);
    parallel_executor_free(ex);
    stop_pool();
}

static void wait_and_free(void)
{
    parallel_executor *ex = make();
    model_assert(parallel_executor_wait(ex, -1) == 0 && parallel_executor_done(ex));
    is_right(parallel_executor_results(ex));
    parallel_executor_free(ex);
    stop_pool();
}

static void wait_for_a_while(void)
{
    parallel_executor *ex = make();
    int code = parallel_executor_wait(ex, 0.005);
    model_assert(code == 0 ? parallel_executor_done(ex) : errno == ETIMEDOUT);
    is_right(parallel_executor_results(ex));
    parallel_executor_free(ex);
    stop_pool();
}

/* Its task may have run or not, but does not any more. */
static void free_at_once(void)
{
    parallel_executor_free(make());
    model_assert(ran[0] <= 1);
    stop_pool();
}

static void shut_down_and_get(void)
{
    parallel_executor *ex = make();
    parallel_executor_shutdown(ex);
    int before = ran[0];
    const parallel_results *r = parallel_executor_results(ex);
    model_assert(r ? before == 1 && r->n == 7 : before == 0 && errno == ECANCELED);
    parallel_executor_free(ex);
    model_assert(ran[0] == before);
    stop_pool();
}

/* Where nobody comes for it, its task does not start any more. */
static void shut_down_alone(void)
{
    parallel_executor *ex = make();
    parallel_executor_shutdown(ex);
    model_assert(ran[0] == 0 && !parallel_executor_results(ex) && errno == ECANCELED);
    parallel_executor_free(ex);
}

/* Two threads wait for the same one; the first ends it when both have its results. */
static void share(void)
{
    shared = make();
    event_set(&started);
    is_right(parallel_executor_results(shared));
    event_wait(&got);
    parallel_executor_free(shared);
    stop_pool();
}

static void get_shared(void)
{
    event_wait(&started);
    is_right(parallel_executor_results(shared));
    event_set(&got);
}

/* Another cancels it: before, while, or after its task runs. */
static void share_to_be_cancelled(void)
{
    shared = make();
    event_set(&started);
    const parallel_results *r = parallel_executor_results(shared);
    model_assert(r ? r->n == 7 && ran[0] == 1 : ran[0] == 0 && errno == ECANCELED);
    event_wait(&got);
    parallel_executor_free(shared);
    stop_pool();
}

static void cancel_shared(void)
{
    event_wait(&started);
    parallel_cancel(shared);
    event_set(&got);
}

/* Its task sleeps until that; whoever comes for it. */
static void cancel_shared_asleep(void)
{
    event_wait(&started);
    event_wait(&slept_in);
    parallel_cancel(shared);
    event_set(&got);
}

/* ---- event loops --------------------------------------------------------------------------------------------- */

static void polls(parallel_executor *ex)
{
    model_assert(parallel_executor_fd(ex) == 1);
    event_wait(&flag);
    model_assert(parallel_executor_done(ex));
}

static void poll_and_free(void)
{
    parallel_executor *ex = make();
    polls(ex);
    is_right(parallel_executor_results(ex));
    parallel_executor_free(ex);
    stop_pool();
}

/* Another thread polls while this one may perform the call itself. */
static void poll_shared(void)
{
    event_wait(&started);
    polls(shared);
    is_right(parallel_executor_results(shared));
    event_set(&got);
}

static void note(parallel_executor *ex, void *data)
{
    (void)data;
    event_set(&noted);
    model_assert(parallel_executor_done(ex));
    parallel_executor_free(ex); /* does nothing */
    notes++;
}

/* It is called once, and has returned when the executor is freed. */
static void be_notified(void)
{
    parallel_executor *ex = make();
    model_assert(parallel_executor_notify(ex, note, NULL) == 0);
    event_wait(&noted);
    parallel_executor_free(ex);
    model_assert(notes == 1);
    stop_pool();
}

static void ask_shared_to_notify(void)
{
    event_wait(&started);
    model_assert(parallel_executor_notify(shared, note, NULL) == 0);
    event_wait(&noted);
    event_set(&got);
}

static void share_and_free(void)
{
    share();
    model_assert(notes == 1);
}

/* One of two; only the second has been started. */
static void wait_for_any(void)
{
    parallel_options later = {.deferred = true};
    parallel_executor *ex[3] = {NULL, parallel_async_map_function(NULL, NULL, 7, &later), make()};
    model_assert(parallel_executor_any(ex, 3, -1) == 2 && parallel_executor_done(ex[2]));
    parallel_executor_free(ex[1]);
    parallel_executor_free(ex[2]);
    stop_pool();
}

/* Tasks come in order of ending: the second before the first. */
static void take_both(parallel_executor *ex)
{
    parallel_item item;
    for (size_t i = 2; i-- > 0;)
        model_assert(parallel_executor_next(ex, &item, -1) == 1 && item.index == i && !item.failure);
    model_assert(parallel_executor_next(ex, &item, -1) == 0 && parallel_executor_done(ex));
}

static parallel_executor *make_two(void)
{
    parallel_options o = {.as_completed = true};
    parallel_executor *ex = parallel_async_map_function(NULL, NULL, 2, &o);
    model_assert(ex);
    return ex;
}

static void take_and_free(void)
{
    parallel_executor *ex = make_two();
    take_both(ex);
    parallel_executor_free(ex);
    stop_pool();
}

/* Only when the flag is raised; and then there is something. */
static void poll_and_take(void)
{
    parallel_executor *ex = make_two();
    parallel_item item;
    int rc = 1, count = 0;
    for (parallel_executor_fd(ex); rc; count += rc) {
        event_wait(&flag);
        rc = parallel_executor_next(ex, &item, 0);
        model_assert(rc >= 0);
        event_set(&got);
    }
    model_assert(count == 2);
    parallel_executor_free(ex);
    stop_pool();
}

const scenario executor_scenarios[] = {
    {"executor: results", set_up_two, {get_and_free, be_a_worker}, pool_is_at_rest, 0},
    {"executor: waited for", set_up_two, {wait_and_free, be_a_worker}, pool_is_at_rest, 0},
    {"executor: waited for a while", set_up_two, {wait_for_a_while, be_a_worker}, pool_is_at_rest, 0},
    {"executor: freed at once", set_up_two, {free_at_once, be_a_worker}, pool_is_at_rest, 0},
    {"executor: shut down", set_up_two, {shut_down_and_get, be_a_worker}, pool_is_at_rest, 0},
    {"executor: shut down, and no worker", set_up_one, {shut_down_alone}, pool_is_at_rest, 0},
    {"executor: two want results", set_up_three, {share, be_a_worker, get_shared}, pool_is_at_rest, 0},
    {"executor: cancelled", set_up_three, {share_to_be_cancelled, be_a_worker, cancel_shared}, pool_is_at_rest, 0},
    {"executor: cancelled in its sleep",
     set_up_sleeping,
     {share_to_be_cancelled, be_a_worker, cancel_shared_asleep},
     pool_is_at_rest,
     0},
    {"executor: polled", set_up_two, {poll_and_free, be_a_worker}, pool_is_at_rest, 0},
    {"executor: polled by another", set_up_three, {share, be_a_worker, poll_shared}, pool_is_at_rest, 0},
    {"executor: notifies", set_up_two, {be_notified, be_a_worker}, pool_is_at_rest, 0},
    {"executor: notifies another",
     set_up_three,
     {share_and_free, be_a_worker, ask_shared_to_notify},
     pool_is_at_rest,
     0},
    {"executor: any", set_up_two, {wait_for_any, be_a_worker}, pool_is_at_rest, 0},
    {"executor: as completed", set_up_two, {take_and_free, be_a_worker}, pool_is_at_rest, 0},
    {"executor: as completed, polled", set_up_one_by_one, {poll_and_take, be_a_worker}, pool_is_at_rest, 0},
    {0},
};
