/* SPDX-License-Identifier: MIT */
/* Running calls with care; care.h says how. */
#include "api/care.h"

#include <errno.h>
#include <string.h>

#include "api/call.h"
#include "base/os.h"
#include "sched/cost.h"

/* How long a piece is to last, and how often a thread tells what it has done. */
#define PIECE_US 50
/* How long the callback is left alone. */
#define REPORT_NS UINT64_C(50000000)

void pl_care_init(pl_call *c)
{
    memset(&c->care, 0, sizeof c->care);
    pthread_mutex_init(&c->care.mutex, NULL);
}

void pl_care_end(pl_call *c)
{
    pthread_mutex_destroy(&c->care.mutex);
    free(c->care.waiting);
}

/* The moment that is `seconds` after `now`, never 0. */
static uint64_t after(uint64_t now, double seconds)
{
    return seconds < 1e9 ? now + (uint64_t)(seconds * 1e9) : UINT64_MAX;
}

void pl_care_begin(pl_call *c)
{
    pl_care *care = &c->care;
    care->began = care->reported = pl_os_nanoseconds();
    care->deadline = c->o.call_timeout > 0 ? after(care->began, c->o.call_timeout) : 0;
    care->facts = (pl_progress_facts){.started = care->began};
    care->random = care->began | 1;
}

int pl_care_over(const pl_call *c)
{
    if (c->care.deadline && pl_os_nanoseconds() > c->care.deadline)
        return ETIMEDOUT;
    return pl_stop_level(&c->care.stop) ? ECANCELED : 0;
}

/* ---- terms ----------------------------------------------------------------------------------------------- */

static double first_set(double a, double b, double c)
{
    return a != 0 ? a : b != 0 ? b : c;
}

pl_terms pl_care_terms(const pl_call *c, size_t i)
{
    double timeout = c->o.timeout, delay = c->o.retry_delay;
    int retries = c->o.retries;
    if (c->par.futures) {
        const parallel_future *future = &c->par.futures[i];
        parallel_options own = {0};
        pl_options_copy(&own, future->function->options); /* has been tried, and can be done */
        timeout = first_set(future->timeout, timeout, own.timeout);
        delay = first_set(future->retry_delay, delay, own.retry_delay);
        retries = future->retries ? future->retries : retries ? retries : own.retries;
    }
    return (pl_terms){
        .timeout_ns = timeout > 0 ? after(0, timeout) : 0,
        .attempts = retries > 0 ? (unsigned)retries + 1 : 1,
        .delay = delay > 0 ? delay : 0,
    };
}

/* ---- telling --------------------------------------------------------------------------------------------- */

/* Calls the callback. With the mutex held, which it lets go meanwhile. */
static void report(pl_call *c, bool ended)
{
    pl_care *care = &c->care;
    size_t done = care->done;
    care->reporting = true;
    care->facts.failures = care->failed;
    care->facts.ended = ended;
    pthread_mutex_unlock(&care->mutex);
    pl_progress_facts *outer = pl_progress_now;
    pl_progress_now = &care->facts;
    c->o.progress(done, c->n, c->o.progress_data);
    pl_progress_now = outer;
    pthread_mutex_lock(&care->mutex);
    care->reporting = false;
    care->reported = pl_os_nanoseconds();
}

/* This thread's tally for a call. */
static pl_tally *tally_for(const pl_call *c)
{
    pl_tally *tally = &pl_this_thread.tally;
    if (tally->call != c || tally->call_began != c->care.began)
        *tally = (pl_tally){.call = c, .call_began = c->care.began, .told = pl_ticks()};
    return tally;
}

/* Tasks have ended. */
static void count(const pl_call *c, size_t done, size_t failed)
{
    pl_tally *tally = tally_for(c); /* a task may have worked on other calls */
    tally->done += done;
    tally->failed += failed;
}

void pl_care_tell(pl_call *c)
{
    pl_care *care = &c->care;
    pl_tally *tally = tally_for(c);
    pthread_mutex_lock(&care->mutex);
    care->done += tally->done;
    care->failed += tally->failed;
    tally->done = tally->failed = 0;
    if (c->o.progress && !care->reporting && pl_os_nanoseconds() - care->reported > REPORT_NS)
        report(c, false);
    pthread_mutex_unlock(&care->mutex);
    tally->told = pl_ticks();
}

/* ---- a turn ---------------------------------------------------------------------------------------------- */

void pl_turn_begin(pl_turn *t, pl_call *c)
{
    *t = (pl_turn){.call = c};
    t->chunk.span =
        (parallel_span){.args = c->m.args, .results = c->m.out, .extras = c->o.extras, .stop = &c->care.stop};
    t->chunk.can_fail = !c->loop.body && pl_can_fail(&c->f);
    t->chunk.parent = c->parent;
    t->chunk.call = c;
    pl_chunk_begin(&t->chunk);
}

void pl_turn_end(pl_turn *t)
{
    pl_chunk_end(&t->chunk);
}

void pl_turn_note(pl_turn *t, const parallel_failure *failure, char *message, size_t begin, size_t end)
{
    pl_call *c = t->call;
    parallel_failure f = *failure;
    for (f.index = begin; f.index < end; f.index++) {
        char *text = message && f.index + 1 < end ? strdup(message) : message;
        f.arg = pl_call_arg(c, f.index);
        pl_call_zero(c, f.index);
        pl_failures_add(&c->failures, &f, text);
        if (!c->o.silent && f.index + 1 < end) { /* the first says it all */
            free(message);
            break;
        }
    }
    if (c->o.silent)
        return;
    t->stop = true;
    if (failure->state != PARALLEL_NOT_RUN)
        pl_stop_raise(&c->care.stop, PL_STOP_ALL);
}

/* Notes that [begin, end) is not run. */
static void leave_out(pl_turn *t, int why, size_t begin, size_t end)
{
    pl_care *care = &t->call->care;
    pthread_mutex_lock(&care->mutex);
    care->left_out = true;
    pthread_mutex_unlock(&care->mutex);
    parallel_failure failure = {.state = PARALLEL_NOT_RUN, .code = why};
    pl_turn_note(t, &failure, NULL, begin, end);
}

/* One task of a par. */
static size_t run_future(pl_turn *t, size_t i)
{
    pl_call *c = t->call;
    const parallel_future *future = &c->par.futures[i];
    parallel_span *span = &t->chunk.span;
    parallel_function f;
    pl_function_copy(&f, future->function);
    t->chunk.can_fail = pl_can_fail(&f);
    span->args = future->arg;
    span->results = pl_results_place(c->par.results, i);
    span->extras = future->extras ? future->extras : c->o.extras;
    if (f.kernel)
        return i + f.kernel(span, 0, 1);
    pl_map m = {.call = f.call, .args = future->arg, .out = span->results};
    return i + pl_call_each(&m, span, 0, 1);
}

/* Runs [begin, end) once. Returns as a kernel does. */
static size_t run_once(pl_turn *t, size_t begin, size_t end)
{
    pl_call *c = t->call;
    t->chunk.gave_up = false;
    t->chunk.span.code = 0;
    if (c->par.futures)
        return run_future(t, begin);
    if (!c->loop.body)
        return c->m.kernel ? c->m.kernel(&t->chunk.span, begin, end) : pl_call_each(&c->m, &t->chunk.span, begin, end);
    c->loop.body(begin, end, c->loop.ctx);
    return end;
}

/* What became of the tasks from `i` on, which have ended badly. */
static parallel_failure failure_of(const pl_turn *t, size_t i, bool late, unsigned tried)
{
    const pl_chunk *chunk = &t->chunk;
    parallel_failure f = {.index = i, .state = PARALLEL_ERROR, .code = chunk->span.code, .attempts = tried + 1};
    if (late) {
        f.state = PARALLEL_TIMED_OUT;
        f.code = ETIMEDOUT;
    } else if (chunk->gave_up || (f.code == ECANCELED && pl_stop_level(&t->call->care.stop) == PL_STOP_ALL)) {
        f.state = PARALLEL_CANCELLED;
        f.code = ECANCELED;
    }
    return f;
}

/* When what starts now is late. */
static uint64_t deadline(const pl_call *c, const pl_terms *terms)
{
    uint64_t task = 0, call = c->care.deadline;
    if (terms->timeout_ns) {
        uint64_t now = pl_os_nanoseconds();
        task = terms->timeout_ns < UINT64_MAX - now ? now + terms->timeout_ns : UINT64_MAX;
    }
    return task == 0 || (call && call < task) ? call : task;
}

size_t pl_turn_run(pl_turn *t, size_t begin, size_t end, unsigned tried)
{
    pl_call *c = t->call;
    pl_chunk *chunk = &t->chunk;
    pl_terms terms = pl_care_terms(c, begin);
    size_t from = begin;
    for (;; tried++) {
        chunk->deadline = deadline(c, &terms);
        size_t i = run_once(t, from, end);
        bool late = chunk->deadline && pl_os_nanoseconds() > chunk->deadline;
        if (chunk->span.code == 0 && (i < end || !late)) {
            count(c, i - begin, 0);
            return i;
        }
        if (i != from && !late) {
            from = i; /* the tasks before it went well */
            tried = 0;
        }
        size_t last = late || c->failures.chunks ? end : from + 1;
        parallel_failure failure = failure_of(t, from, late, tried);
        char *message = pl_chunk_message(chunk, c->par.futures ? 0 : from);
        bool again = failure.state != PARALLEL_CANCELLED && failure.attempts < terms.attempts && !pl_care_over(c);
        count(c, from - begin, 0);
        begin = from;
        if (again && terms.delay == 0) {
            free(message);
            for (size_t k = from; k < last; k++)
                pl_call_zero(c, k);
            end = last;
            continue;
        }
        if (!again || !pl_retry_later(t, &failure, message, from, last)) {
            pl_turn_note(t, &failure, message, from, last);
            count(c, last - from, last - from);
        }
        return last;
    }
}

/* ---- the body -------------------------------------------------------------------------------------------- */

/* How many tasks to run in one go: one where there is a clock to look at, else what lasts as long as a piece. */
static size_t piece(const pl_call *c, const pl_loop_spec *spec, pl_tally *tally, size_t begin, size_t end)
{
    if (c->failures.chunks || (c->loop.body && c->o.grain))
        return end;
    if (c->par.futures || (!c->loop.body && (c->care.deadline || c->o.timeout > 0)))
        return begin + 1;
    if (tally->piece == 0) {
        uint64_t one = pl_cost_guess(spec->cost, 1), all = PIECE_US * pl_os_ticks_per_us();
        tally->piece = one == 0 ? 4096 : one < all ? all / one : 1;
    }
    return end - begin < tally->piece ? end : begin + tally->piece;
}

/* Pieces become longer or shorter, so that they last as long as they should. */
static void adapt(pl_tally *tally, size_t size, uint64_t took)
{
    uint64_t right = PIECE_US * pl_os_ticks_per_us();
    if (took < right / 2 && size >= tally->piece && size < SIZE_MAX / 4)
        tally->piece = size * 4;
    else if (took > right * 2)
        tally->piece = size / 2 ? size / 2 : 1;
}

typedef struct careful {
    pl_call *call;
    const pl_loop_spec *spec;
} careful;

static int run_with_care(void *ctx, size_t begin, size_t end, void *loop_stop)
{
    const careful *all = ctx;
    pl_call *c = all->call;
    pl_tally *tally = tally_for(c);
    pl_turn t;
    (void)loop_stop;
    pl_turn_begin(&t, c);
    uint64_t before = pl_ticks();
    while (begin < end && !t.stop) {
        int why = pl_care_over(c);
        if (why) {
            leave_out(&t, why, begin, end);
            break;
        }
        size_t to = pl_turn_run(&t, begin, piece(c, all->spec, tally, begin, end), 0);
        tally = tally_for(c);
        uint64_t now = pl_ticks();
        adapt(tally, to - begin, now - before);
        if (now - tally->told > PIECE_US * pl_os_ticks_per_us()) {
            pl_care_tell(c);
            pl_retry_due(&t);
            now = pl_ticks();
        }
        before = now;
        begin = to;
    }
    pl_turn_end(&t);
    return t.stop;
}

void pl_care_run(pl_call *c, pl_loop_spec *spec)
{
    pl_care *care = &c->care;
    careful all = {c, spec};
    spec->body = run_with_care;
    spec->ctx = &all;
    spec->ctx_size = 0;
    if (!care->began)
        pl_care_begin(c);
    pl_loop_run(spec);
    pl_retry_rest(c, spec->workers);
    if (care->left_out)
        pl_cost_forget(spec->cost);
    if (!c->o.progress)
        return;
    pthread_mutex_lock(&care->mutex);
    if (c->failures.count == 0)
        care->done = c->n;
    else if (c->o.silent) {
        care->failed = c->failures.count;
        care->done = c->n - pl_failures_not_run(&c->failures);
    }
    report(c, true);
    pthread_mutex_unlock(&care->mutex);
}
