/* SPDX-License-Identifier: MIT */
/*
 * Scenarios on streams whose ends are in the program's hands: the shipped files that stream_ends.h names, on the pool's
 * injector, with the scheduler's workers. What an item's run is, and how a stream ends, is in place of stream.c's: an
 * item is a number, and its result ten times that.
 */
#include "model/model.h"

#include <errno.h>
#include <string.h>

#include "base/os.h"
#include "model/memory.h"
#include "stream/stream_apart.h"
#include "stream/stream_ends.h"
#include "stream/stream_open.h"

enum { PLACES = 4, FAILS = 9 };

/* A slot, its number in plain variables: two threads that are not ordered would race there. */
typedef struct slot {
    pl_stream_slot stream;
    int arg, result;
} slot;

static slot slots[PLACES];
static _Atomic(void *) waiting[PLACES], ended[PLACES];
static void *spare[PLACES];
static parallel_stream *shared;
static event started, over;
static unsigned seats;

/* ---- in place of stream.c -------------------------------------------------------------------------------- */

bool pl_stream_init(pl_stream *s, const parallel_function *f, const parallel_options *options,
                    const pl_request *request)
{
    (void)f;
    (void)request;
    s->options = *options;
    s->function.arg_size = sizeof(int);
    s->arg_at = offsetof(slot, arg);
    s->result_at = s->failure_at = offsetof(slot, result); /* a result is written as a whole */
    s->workers = seats;
    memset(slots, 0, sizeof slots);
    memset(spare, 0, sizeof spare);
    for (int i = 0; i < PLACES; i++) {
        atomic_init(&waiting[i], NULL);
        atomic_init(&ended[i], i ? NULL : PL_RING_LEFT);
    }
    s->ring = (pl_ring){.window = 2,
                        .mask = PLACES - 1,
                        .waiting = waiting,
                        .ended = ended,
                        .spare = spare,
                        .memory = (unsigned char *)slots,
                        .stride = sizeof *slots};
    return true;
}

void pl_stream_end(pl_stream *s)
{
    (void)s;
}

void *pl_stream_new_slot(const pl_stream *s)
{
    (void)s;
    slot *one = memory_allocate(sizeof *one);
    memset(one, 0, sizeof *one);
    return one;
}

parallel_item pl_stream_item(const pl_stream *s, pl_stream_slot *one)
{
    (void)s;
    return (parallel_item){
        .index = one->number, .arg = &((slot *)(void *)one)->arg, .result = &((slot *)(void *)one)->result};
}

void pl_stream_drop(const pl_stream *s, pl_stream_slot *one)
{
    (void)s;
    one->failed = false;
}

void pl_stream_enter(const pl_stream *s, pl_context *context, unsigned participant)
{
    (void)s;
    context->participant = participant;
    context->outer = NULL;
    context->parent = NULL;
}

static void limit_all(pl_stream *s)
{
    atomic_store_explicit(&s->limits, PL_STREAM_NONE, memory_order_seq_cst);
}

bool pl_stream_look(pl_stream *s)
{
    if (!pl_policy_over(&s->policy))
        return false;
    limit_all(s);
    return true;
}

void pl_stream_close(pl_stream *s)
{
    limit_all(s);
}

void pl_stream_run(pl_stream *s, pl_context *context, pl_stream_slot *one)
{
    (void)context;
    slot *item = (slot *)(void *)one;
    model_assert(item->arg > 0);
    if (item->arg == FAILS) {
        limit_all(s);
        one->failed = true;
    } else if (pl_stream_limits(s) == PL_STREAM_ALL)
        item->result = 10 * item->arg;
    else
        item->result = -1;
}

void pl_stream_leave_out(pl_stream *s, pl_stream_slot *one)
{
    (void)s;
    ((slot *)(void *)one)->result = -1;
}

unsigned pl_stream_range(const pl_stream *s)
{
    (void)s;
    return 1;
}

void pl_stream_learn(pl_stream *s, uint64_t ticks, unsigned items)
{
    (void)s;
    (void)ticks;
    (void)items;
}

int pl_stream_return(pl_stream *s)
{
    (void)s;
    return 0;
}

/* ---- in place of others ---------------------------------------------------------------------------------- */

bool pl_stream_apart_init(pl_stream *s)
{
    (void)s;
    return true;
}

void pl_stream_apart_end(pl_stream *s)
{
    (void)s;
}

void pl_stream_apart_run(pl_stream *s, pl_context *context, void *const *items, unsigned count)
{
    (void)s;
    (void)context;
    (void)items;
    (void)count;
}

int pl_policy_over(const pl_policy *policy)
{
    return pl_stop_level(&policy->stop) ? ECANCELED : 0;
}

void pl_progress_add(pl_progress *progress, size_t done, size_t failed)
{
    (void)progress;
    (void)done;
    (void)failed;
}

void pl_progress_end(pl_progress *progress)
{
    (void)progress;
}

/* ---- programs -------------------------------------------------------------------------------------------- */

static void set_up(int workers)
{
    set_up_pool(workers, 16);
    seats = 1;
    memset(&started, 0, sizeof started);
    memset(&over, 0, sizeof over);
    model_flag_reset();
    shared = NULL;
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

static parallel_stream *open_stream(void)
{
    parallel_options o = {0};
    const pl_request request = {.background = true};
    parallel_stream *s = pl_stream_open_new(NULL, &o, &request);
    model_assert(s);
    return s;
}

static void put(parallel_stream *s, int number)
{
    model_assert(parallel_stream_put(s, &number) == 0);
}

/* The next item is that number's. */
static void take(parallel_stream *s, int number, double seconds)
{
    parallel_item item;
    model_assert(parallel_stream_next(s, &item, seconds) == 1);
    model_assert(*(const int *)item.arg == number && *(const int *)item.result == 10 * number);
}

static void takes_end(parallel_stream *s)
{
    parallel_item item;
    model_assert(parallel_stream_next(s, &item, -1) == 0);
}

/* Long, but the thread does not work meanwhile. */
static const double wait_long = 1000;

static void put_and_take(void)
{
    parallel_stream *s = open_stream();
    put(s, 1);
    put(s, 2);
    take(s, 1, wait_long);
    take(s, 2, wait_long);
    parallel_stream_free(s);
    stop_pool();
}

static void put_and_work(void)
{
    parallel_stream *s = open_stream();
    put(s, 1);
    put(s, 2);
    parallel_stream_end(s);
    take(s, 1, -1);
    take(s, 2, -1);
    takes_end(s);
    parallel_stream_free(s);
    stop_pool();
}

/* What waits is dropped, what runs is waited for. */
static void put_and_free(void)
{
    parallel_stream *s = open_stream();
    put(s, 1);
    put(s, 2);
    parallel_stream_free(s);
    stop_pool();
}

/* One thread puts, another takes. */
static void share(void)
{
    shared = open_stream();
    event_set(&started);
    put(shared, 1);
    parallel_stream_end(shared);
    event_wait(&over);
    parallel_stream_free(shared);
    stop_pool();
}

static void take_shared(void)
{
    event_wait(&started);
    take(shared, 1, wait_long);
    takes_end(shared);
    event_set(&over);
}

/* The same, where the other works on items itself, or waits for one to be put. */
static void work_on_shared(void)
{
    event_wait(&started);
    take(shared, 1, -1);
    takes_end(shared);
    event_set(&over);
}

/* Another thread cancels it, while this one waits for an item that nobody puts. */
static void share_to_be_cancelled(void)
{
    parallel_item item;
    shared = open_stream();
    event_set(&started);
    model_assert(parallel_stream_next(shared, &item, wait_long) == 0);
    event_wait(&over);
    parallel_stream_free(shared);
    stop_pool();
}

static void cancel_shared(void)
{
    event_wait(&started);
    parallel_stream_cancel(shared);
    event_set(&over);
}

static void poll_and_take(void)
{
    parallel_stream *s = open_stream();
    model_assert(parallel_stream_fd(s) == 1);
    put(s, 1);
    model_flag_wait();
    take(s, 1, 0);
    parallel_stream_end(s);
    model_flag_wait();
    takes_end(s);
    parallel_stream_free(s);
    stop_pool();
}

/* The descriptor is asked for when the item may have ended. */
static void put_and_poll(void)
{
    parallel_stream *s = open_stream();
    put(s, 1);
    model_assert(parallel_stream_fd(s) == 1);
    model_flag_wait();
    take(s, 1, 0);
    parallel_stream_free(s);
    stop_pool();
}

/* The first item fails, so the second one is left out, by one of the two. */
static void poll_after_failure(void)
{
    parallel_item item;
    parallel_stream *s = open_stream();
    model_assert(parallel_stream_fd(s) == 1);
    put(s, FAILS);
    int second = 2;
    bool is_put = parallel_stream_put(s, &second) == 0;
    for (size_t i = 0; i < 1 + (size_t)is_put; i++) {
        model_flag_wait();
        model_assert(parallel_stream_next(s, &item, 0) == 1 && item.index == i);
    }
    model_flag_wait();
    model_assert(parallel_stream_next(s, &item, 0) == 0);
    parallel_stream_free(s);
    stop_pool();
}

const scenario stream_ends_scenarios[] = {
    {"ends: two items, and a worker", set_up_two, {put_and_take, be_a_worker}, pool_is_at_rest, 0},
    {"ends: who takes works, too", set_up_two, {put_and_work, be_a_worker}, pool_is_at_rest, 0},
    {"ends: freed at once", set_up_two, {put_and_free, be_a_worker}, pool_is_at_rest, 0},
    {"ends: another takes", set_up_three, {share, be_a_worker, take_shared}, pool_is_at_rest, 1},
    {"ends: another takes and works", set_up_three, {share, be_a_worker, work_on_shared}, pool_is_at_rest, 1},
    {"ends: cancelled by another",
     set_up_three,
     {share_to_be_cancelled, be_a_worker, cancel_shared},
     pool_is_at_rest,
     1},
    {"ends: polled", set_up_two, {poll_and_take, be_a_worker}, pool_is_at_rest, 0},
    {"ends: polled after a failure", set_up_two, {poll_after_failure, be_a_worker}, pool_is_at_rest, -1},
    {"ends: polled later", set_up_two, {put_and_poll, be_a_worker}, pool_is_at_rest, 0},
    {0},
};
