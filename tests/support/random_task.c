/* SPDX-License-Identifier: MIT */
/* Random calls: what their tasks do, and note. */
#include <errno.h>
#include <string.h>

#include "support/random.h"
#include "support/tasks.h"

/* ---- coming and going ------------------------------------------------------------------------------------ */

_Thread_local const rnd_call *rnd_awaited;

/* Whether a task of `c` may run on this thread: what it waits for is that call, or one around it. */
static bool is_awaited(const rnd_call *c)
{
    for (; rnd_awaited && c; c = c->outer)
        if (c == rnd_awaited)
            return true;
    return !rnd_awaited;
}

static void come_in(rnd_call *c)
{
    if (!is_awaited(c))
        rnd_complain(c, "a task runs on a thread that waits for another call");
    unsigned now = atomic_fetch_add_explicit(&c->inside, 1, memory_order_relaxed) + 1;
    if (c->limit && now > c->limit)
        rnd_complain(c, "%u tasks at once, of at most %u", now, c->limit);
}

static void go_out(rnd_call *c)
{
    atomic_fetch_sub_explicit(&c->inside, 1, memory_order_relaxed);
}

/* Serial calls run on one thread, in order; which that is, is not said where it begins with the last item, or where
 * items are added. */
static void check_order(rnd_call *c, size_t index, size_t count, unsigned run)
{
    if (c->options.executor != PARALLEL_SERIAL)
        return;
    if (!pthread_equal(c->caller, pthread_self()))
        rnd_complain(c, "task %zu of a serial call runs on another thread", index);
    bool in_order = c->plan.kind != RND_FIND_LAST && c->plan.kind != RND_FOR_EACH;
    if (in_order && run == 0 && index != c->next)
        rnd_complain(c, "task %zu of a serial call runs when it is %zu's turn", index, c->next);
    if (run == 0)
        c->next = index + count;
}

/* Whether task `i` may run now, for the `run`-th time, as far as the run before tells. */
static void check_again(const rnd_call *c, size_t i, unsigned run)
{
    const rnd_log *before = &c->logs[i];
    if (run > (unsigned)rnd_retries_of(c, i))
        rnd_complain(c, "task %zu runs %u times", i, run + 1);
    else if (run > 0 && before->code == 0 && !rnd_late(c, i))
        rnd_complain(c, "task %zu runs again, though all was well", i);
    else if (run > 0 && before->told && !rnd_late(c, i))
        rnd_complain(c, "task %zu runs again, though it gave up", i);
}

/* ---- acting ---------------------------------------------------------------------------------------------- */

PARALLEL_TASK(int, leaves, int, height)
{
    if (height == 0)
        return 1;
    PARALLEL_SPAWN(leaves, height - 1);
    int right = PARALLEL_CALL(leaves, height - 1);
    return right + PARALLEL_SYNC(leaves);
}

static void nap(rnd_log *log, double seconds)
{
    if (parallel_sleep(seconds) == 0)
        return;
    log->told = true;
    log->told_late = errno == ETIMEDOUT;
}

static void work_overtime(rnd_log *log, bool asleep)
{
    while (!log->told)
        if (asleep)
            nap(log, 1000);
        else {
            log->told = parallel_cancelled();
            sched_yield();
        }
}

/* The executor that `c` is part of, if its tasks may not wait for it. */
static rnd_call *background_of(rnd_call *c)
{
    while (c && !rnd_is_async(c))
        c = c->plan.kind == RND_STREAM_OPEN ? NULL : c->outer; /* whose tasks nobody has to wait for */
    return c;
}

static void cancel_own(rnd_call *c)
{
    rnd_call *own = background_of(c);
    parallel_executor *ex = own ? atomic_load_explicit(&own->ex, memory_order_acquire) : NULL;
    if (!ex)
        return;
    atomic_store_explicit(&own->stopped, true, memory_order_relaxed);
    if (parallel_cancel(ex) != 0)
        rnd_complain(c, "an executor is not cancelled");
}

static void ask_own(rnd_call *c, bool shut)
{
    rnd_call *own = background_of(c);
    parallel_executor *ex = own ? atomic_load_explicit(&own->ex, memory_order_acquire) : NULL;
    if (!ex)
        return;
    errno = 0;
    if (parallel_executor_results(ex) || errno != EDEADLK)
        rnd_complain(c, "a task asks for its executor's results: errno %d", errno);
    if (parallel_executor_wait(ex, shut ? 0 : -1) != -1 || errno != EDEADLK)
        rnd_complain(c, "a task waits for its executor: errno %d", errno);
    if (parallel_executor_any(&ex, 1, shut ? 0 : -1) != -1 || errno != EDEADLK)
        rnd_complain(c, "a task waits for one of its executors: errno %d", errno);
    if (parallel_executor_done(ex) || parallel_executor_status(ex) != PARALLEL_STARTED)
        rnd_complain(c, "an executor whose task runs has not started");
    if (!shut)
        return;
    atomic_store_explicit(&own->stopped, true, memory_order_relaxed);
    if (parallel_executor_shutdown(ex) != -1 || errno != EDEADLK)
        rnd_complain(c, "a task shuts its executor down: errno %d", errno);
}

/* Does what the task is to do, but for failing; notes what it was told. */
static void act(rnd_call *c, size_t i, unsigned long long r, rnd_log *log)
{
    static const rnd_call tree;
    switch (rnd_act_of(c, i)) {
    case RND_SLEEP:
        nap(log, (double)(r % 8) * 2e-5);
        break;
    case RND_POLL:
        for (int k = 0; k < 5 && !log->told; k++)
            log->told = parallel_cancelled();
        break;
    case RND_SPIN:
        for (volatile unsigned k = r % 2000; k; k--) {
        }
        break;
    case RND_OVERTIME:
        work_overtime(log, r % 4);
        break;
    case RND_NEST:
        rnd_run(pl_scramble(r), c->plan.depth + 1, c);
        break;
    case RND_SPAWN:
        rnd_awaited = &tree;
        if (PARALLEL_RUN(leaves, 5) != 32)
            rnd_complain(c, "a tree has lost leaves");
        break;
    case RND_CANCEL_OWN:
        cancel_own(c);
        break;
    case RND_CANCEL_OTHER:
        rnd_disturb(r);
        break;
    case RND_ASK_OWN:
        ask_own(c, r % 8 == 0);
        break;
    default:
        break;
    }
}

/* What the task is to return from its `run`-th run. */
static int code_of(rnd_call *c, size_t i, unsigned run, unsigned long long r, const rnd_log *log)
{
    static const int codes[] = {EIO, ENOENT, ERANGE, EDOM};
    rnd_act what = rnd_act_of(c, i);
    bool fails = what == RND_FAIL || (what == RND_FLAKY && run < 1 + r % 3);
    if (log->told)
        return r / 4 % 4 == 0 ? 0 : r / 4 % 4 == 1 ? ECANCELED : codes[i % 4];
    return fails ? codes[i % 4] : what == RND_OVERTIME && r % 2 ? EIO : 0;
}

int rnd_run_tasks(const rnd_item *items, size_t count, unsigned long long *results, void *extras, bool can_fail)
{
    if (items->magic != RND_MAGIC) {
        rnd_complain(NULL, "a task runs without its arguments");
        return 0;
    }
    rnd_call *c = items->call;
    size_t i = items->index;
    unsigned runs = rnd_runs(c, i);
    unsigned long long r = pl_scramble(rnd_value(c, i));
    rnd_log now = {.speaker = i, .speaker_run = runs};
    come_in(c);
    check_order(c, i, count, runs);
    for (size_t k = i; k < i + count; k++)
        check_again(c, k, atomic_fetch_add_explicit(&c->logs[k].runs, 1, memory_order_relaxed));
    if (can_fail && extras != rnd_extras_of(c, i))
        rnd_complain(c, "task %zu gets wrong extras", i);
    for (size_t k = 0; k < count && can_fail && results && c->plan.kind != RND_INTO; k++)
        if (results[k] != 0)
            rnd_complain(c, "the result of task %zu does not begin as zero", i + k);
    const rnd_call *awaited = rnd_awaited;
    act(c, i, r, &now);
    rnd_awaited = awaited;
    now.code = can_fail ? code_of(c, i, runs, r, &now) : 0;
    now.spoke = can_fail && r / 16 % 3;
    if (now.spoke) {
        char text[96];
        rnd_message(c, i, runs, text, sizeof text);
        parallel_fail(EIO, "%s", text);
    }
    for (size_t k = 0; k < count; k++) {
        rnd_log *log = &c->logs[i + k];
        log->code = now.code;
        log->told = now.told;
        log->told_late = now.told_late;
        log->spoke = now.spoke;
        log->speaker = i;
        log->speaker_run = runs;
        if (results)
            results[k] = now.code ? ~0ULL : rnd_value(c, i + k);
    }
    go_out(c);
    if (items->magic != RND_MAGIC)
        rnd_complain(NULL, "a task's arguments are gone");
    return now.code;
}

/* ---- functions ------------------------------------------------------------------------------------------- */

static int task(const rnd_item *item, unsigned long long *result, void *extras)
{
    return rnd_run_tasks(item, 1, result, extras, true);
}
PARALLEL_DECORATE_TASK(task, rnd_item, unsigned long long);

static unsigned long long plain(rnd_item item)
{
    unsigned long long result = 0;
    rnd_run_tasks(&item, 1, &result, NULL, false);
    return result;
}
PARALLEL_DECORATE(plain, rnd_item, unsigned long long);

static int effect(const rnd_item *item, void *result, void *extras)
{
    if (result)
        rnd_complain(item->call, "a task without a result has room for one");
    return rnd_run_tasks(item, 1, NULL, extras, true);
}
PARALLEL_DECORATE_TASK(effect, rnd_item, void);

static int tried(const rnd_item *item, unsigned long long *result, void *extras)
{
    return rnd_run_tasks(item, 1, result, extras, true);
}
PARALLEL_DECORATE_TASK(tried, rnd_item, unsigned long long, .retries = 1);

static int chunk(const rnd_item *items, size_t n, unsigned long long *results, void *extras)
{
    const rnd_call *c = items->call;
    size_t grain = c->options.grain, i = items->index;
    if (n == 0 || i + n > c->plan.n)
        rnd_complain(c, "a chunk of %zu at %zu", n, i);
    else if (grain && !rnd_is_par(c) && (i % grain || (c->plan.kind == RND_SPLIT && n != grain && i + n != c->plan.n)))
        rnd_complain(c, "a chunk of %zu at %zu, where the grain is %zu", n, i, grain);
    return rnd_run_tasks(items, n, results, extras, true);
}
PARALLEL_DECORATE_SPLIT(chunk, rnd_item, unsigned long long);

static int call_task(const void *item, void *result, void *extras)
{
    return rnd_run_tasks(item, 1, result, extras, true);
}

static const parallel_function runtime = {
    .name = "runtime", .arg_size = sizeof(rnd_item), .result_size = sizeof(unsigned long long), .call = call_task};

const parallel_function *const rnd_functions[RND_FUNCTIONS] = {
    [RND_TASK] = &task__parallel, [RND_PLAIN] = &plain__parallel, [RND_VOID] = &effect__parallel,
    [RND_RUNTIME] = &runtime,     [RND_TRIED] = &tried__parallel, [RND_CHUNK] = &chunk__parallel,
};

/* ---- functions of integers ------------------------------------------------------------------------------- */

static const rnd_item *item_of(uintptr_t number)
{
    return (const rnd_item *)(number * sizeof(rnd_item));
}

static int range_task(const uintptr_t *number, unsigned long long *result, void *extras)
{
    return rnd_run_tasks(item_of(*number), 1, result, extras, true);
}
PARALLEL_DECORATE_TASK(range_task, uintptr_t, unsigned long long);

static unsigned long long range_plain(uintptr_t number)
{
    unsigned long long result = 0;
    rnd_run_tasks(item_of(number), 1, &result, NULL, false);
    return result;
}
PARALLEL_DECORATE(range_plain, uintptr_t, unsigned long long);

static int range_tried(const uintptr_t *number, unsigned long long *result, void *extras)
{
    return rnd_run_tasks(item_of(*number), 1, result, extras, true);
}
PARALLEL_DECORATE_TASK(range_tried, uintptr_t, unsigned long long, .retries = 1);

static int call_range_task(const void *number, void *result, void *extras)
{
    return range_task(number, result, extras);
}

static const parallel_function range_runtime = {.name = "range_runtime",
                                                .arg_size = sizeof(uintptr_t),
                                                .result_size = sizeof(unsigned long long),
                                                .call = call_range_task};

const parallel_function *const rnd_range_functions[RND_FUNCTIONS] = {
    [RND_TASK] = &range_task__parallel,
    [RND_PLAIN] = &range_plain__parallel,
    [RND_RUNTIME] = &range_runtime,
    [RND_TRIED] = &range_tried__parallel,
};

/* ---- callbacks ------------------------------------------------------------------------------------------- */

void rnd_loop_body(size_t begin, size_t end, void *ctx)
{
    rnd_call *c = ctx;
    if (begin >= end || end > c->plan.n)
        rnd_complain(c, "a range from %zu to %zu", begin, end);
    else
        rnd_run_tasks(&c->items[begin], end - begin, &c->out[begin], NULL, false);
}

void rnd_progress(size_t done, size_t total, void *call)
{
    rnd_call *c = call;
    if (atomic_exchange_explicit(&c->reporting, true, memory_order_relaxed))
        rnd_complain(c, "two reports of progress at once");
    bool is_open = rnd_family_of(c) == RND_STREAMS;
    bool is_total = c->plan.kind == RND_FOR_EACH ? total <= c->plan.n : total == (is_open ? 0 : c->plan.n);
    if (!is_total || done > (is_open ? c->plan.n : total) || done < c->done)
        rnd_complain(c, "progress from %zu to %zu, of %zu", c->done, done, total);
    c->done = done;
    c->reports++;
    atomic_store_explicit(&c->reporting, false, memory_order_relaxed);
}
