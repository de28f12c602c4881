/* SPDX-License-Identifier: MIT */
/*
 * Calls whose options and arguments may be wrong. The model lists the errors that are right, and what the serial loop
 * gives.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fuzz/fuzz.h"

enum { MOST = 6, TAIL = 32 };

typedef enum way { MAP, THREAD_MAP, INTO, SPLIT, FOR, PAR, THREAD_PAR, ASYNC_MAP, ASYNC_PAR, WAYS } way;

typedef struct mistaken {
    way way;
    size_t n;
    const long *args;
    const parallel_function *function;
    void (*body)(size_t begin, size_t end, void *ctx);
    const char *names[MOST];
    long extras;
    _Alignas(parallel_options) unsigned char options[sizeof(parallel_options) + TAIL]; /* as the program has them */
    parallel_options seen; /* what the library is to make of them */
    bool has_tail, has_options;
    size_t reported; /* the last report of progress */
    long out[MOST];
} mistaken;

static int triple(const long *arg, long *result, void *extras)
{
    *result = *arg * 3 + (extras ? *(const long *)extras : 0);
    return 0;
}
PARALLEL_DECORATE_TASK(triple, long, long);

static const parallel_function nameless = {
    .arg_size = sizeof(long), .result_size = sizeof(long), .call = (int (*)(const void *, void *, void *))NULL};
static const parallel_function sizeless = {.name = "sizeless", .result_size = sizeof(long)};

static void triple_range(size_t begin, size_t end, void *ctx)
{
    mistaken *m = ctx;
    for (size_t i = begin; i < end; i++)
        m->out[i] = m->args[i] * 3;
}

static void note_progress(size_t done, size_t total, void *data)
{
    mistaken *m = data;
    if (done > total || total != m->n)
        rnd_complain(NULL, "progress %zu of %zu, where n is %zu", done, total, m->n);
    m->reported = done;
}

/* ---- choosing -------------------------------------------------------------------------------------------- */

static bool one_in(rnd_source *source, size_t count)
{
    return fuzz_one_of(source, count) == count - 1;
}

#define ONE_OF(source, values) (values)[fuzz_one_of(source, sizeof(values) / sizeof *(values))]

static void choose_members(mistaken *m, rnd_source *source, parallel_options *o)
{
    static const double times[] = {0, 0, 0, 0, -1, 1000, INFINITY, -INFINITY, 1e300, NAN};
    static const double delays[] = {0, 0, 0, -1, 1e-6, 1e300, INFINITY, NAN};
    static const int workers[] = {0, 0, 0, 1, 2, 5, 1024, 100000, INT_MAX, -1, INT_MIN};
    static const int retries[] = {0, 0, 1, -1, 7, INT_MIN, INT_MAX};
    static const size_t grains[] = {0, 0, 1, 2, 5, 64, SIZE_MAX / 2, SIZE_MAX - 1, SIZE_MAX};
    static const int executors[] = {0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 4, 5, -1, INT_MIN};
    static const int isolations[] = {0, 0, 0, 1, 2, 3, -1};
    static const int per_worker[] = {0, 0, 0, 1, INT_MAX, -1};
    static const size_t tiles[] = {0, 0, 0, 0, 1, 64, PTRDIFF_MAX, SIZE_MAX};
    o->timeout = ONE_OF(source, times);
    o->call_timeout = ONE_OF(source, times);
    o->retry_delay = ONE_OF(source, delays);
    o->max_workers = ONE_OF(source, workers);
    o->retries = ONE_OF(source, retries);
    o->grain = ONE_OF(source, grains);
    o->executor = (parallel_executor_kind)ONE_OF(source, executors);
    o->isolation = (parallel_isolation)ONE_OF(source, isolations);
    o->tasks_per_worker = ONE_OF(source, per_worker);
    o->silent = one_in(source, 2);
    o->deferred = one_in(source, 4);
    o->extras = one_in(source, 3) ? &m->extras : NULL;
    o->extras_size = o->extras && one_in(source, 2) ? sizeof m->extras : 0;
    o->names = one_in(source, 3) ? m->names : NULL;
    o->progress = one_in(source, 4) ? note_progress : NULL;
    o->progress_data = m;
    o->tile_rows = ONE_OF(source, tiles);
    o->tile_cols = ONE_OF(source, tiles);
}

/* The size that the options say they have, what is in them beyond it, and what there is beyond what the library
 * knows. */
static void choose_size(mistaken *m, rnd_source *source, parallel_options *o)
{
    static const size_t sizes[] = {sizeof *o,
                                   sizeof *o,
                                   sizeof *o,
                                   sizeof *o,
                                   0,
                                   offsetof(parallel_options, grain),
                                   offsetof(parallel_options, max_workers),
                                   sizeof o->size,
                                   sizeof o->size - 1,
                                   1,
                                   sizeof *o + TAIL};
    o->size = ONE_OF(source, sizes);
    memset(m->options, 0, sizeof m->options);
    memcpy(m->options, o, sizeof *o);
    size_t beyond = one_in(source, 2) ? sizeof *o + fuzz_one_of(source, TAIL) : 0;
    m->options[beyond ? beyond : sizeof *o] = beyond != 0;
    m->has_tail = beyond && beyond < o->size;
    memset(&m->seen, 0, sizeof m->seen);
    size_t size = o->size ? o->size : sizeof *o;
    memcpy(&m->seen, m->options, size < sizeof m->seen ? size : sizeof m->seen);
}

static void choose(mistaken *m, rnd_source *source)
{
    static const long args[MOST] = {3, -1, 0, 4, 1 << 20, -5};
    static const char *const names[] = {"a", "b", "", "dd", "e", "a long name that a task may have"};
    parallel_options o;
    memset(&o, 0, sizeof o);
    *m = (mistaken){.way = (way)fuzz_one_of(source, WAYS), .n = fuzz_one_of(source, MOST + 1), .extras = 11};
    m->args = one_in(source, 24) ? NULL : args;
    m->body = one_in(source, 24) ? NULL : triple_range;
    m->function = !one_in(source, 12) ? &triple__parallel
                  : one_in(source, 3) ? NULL
                  : one_in(source, 2) ? &nameless
                                      : &sizeless;
    memcpy(m->names, names, sizeof m->names);
    if (one_in(source, 6))
        m->names[fuzz_one_of(source, MOST)] = one_in(source, 2) ? NULL : names[fuzz_one_of(source, MOST)];
    if (m->way == FOR)
        m->args = args;
    m->has_options = !one_in(source, 8);
    if (!m->has_options)
        return;
    choose_members(m, source, &o);
    choose_size(m, source, &o);
}

/* ---- the model ------------------------------------------------------------------------------------------- */

static bool is_par(const mistaken *m)
{
    return m->way == PAR || m->way == THREAD_PAR || m->way == ASYNC_PAR;
}

static bool is_async(const mistaken *m)
{
    return m->way == ASYNC_MAP || m->way == ASYNC_PAR;
}

static bool names_are_wrong(const mistaken *m)
{
    for (size_t i = 0; i < m->n; i++)
        for (size_t k = 0; k <= i; k++)
            if (!m->names[i] || (k < i && strcmp(m->names[i], m->names[k]) == 0))
                return true;
    return false;
}

/* Whether what is not in the options is wrong. */
static bool arguments_are_wrong(const mistaken *m)
{
    if (m->way == FOR)
        return !m->body;
    if (is_par(m))
        return m->n && (m->function != &triple__parallel || !m->args);
    return m->function != &triple__parallel || (m->n && !m->args);
}

static bool options_are_invalid(const mistaken *m)
{
    const parallel_options *o = &m->seen;
    if (o->size && o->size < sizeof o->size)
        return true;
    if (o->max_workers < 0 || o->tasks_per_worker < 0 || isnan(o->timeout) || isnan(o->call_timeout) ||
        isnan(o->retry_delay) || o->tile_rows > PTRDIFF_MAX || o->tile_cols > PTRDIFF_MAX)
        return true;
    if ((int)o->isolation < 0 || o->isolation > PARALLEL_PERSISTENT || (int)o->executor < 0 ||
        o->executor > PARALLEL_MPI)
        return true;
    if ((m->way == THREAD_MAP || m->way == THREAD_PAR) && o->executor && o->executor != PARALLEL_THREAD)
        return true;
    if (o->deferred && !is_async(m))
        return true;
    if (o->executor == PARALLEL_PROCESS && o->isolation == PARALLEL_PERSISTENT && o->extras && !o->extras_size)
        return true;
    if (m->way == FOR)
        return o->names || o->extras || o->timeout > 0 || o->retries > 0;
    return o->names && names_are_wrong(m);
}

static bool options_are_not_supported(const mistaken *m)
{
    return m->has_tail || m->seen.executor == PARALLEL_MPI || (m->way == FOR && m->seen.executor == PARALLEL_PROCESS);
}

static long right_value(const mistaken *m, size_t i)
{
    return m->args[i] * 3 + (m->seen.extras ? m->extras : 0);
}

/* ---- comparing ------------------------------------------------------------------------------------------- */

static void complain(const mistaken *m, const char *what, int error)
{
    const parallel_options *o = &m->seen;
    rnd_complain(NULL,
                 "way %d, n %zu, size %zu, executor %d, isolation %d, workers %d, times %g %g, retries %d after %g, "
                 "grain %zu, per worker %d, deferred %d, names %d, extras %d %zu: %s, errno %d",
                 m->way, m->n, o->size, (int)o->executor, (int)o->isolation, o->max_workers, o->timeout,
                 o->call_timeout, o->retries, o->retry_delay, o->grain, o->tasks_per_worker, o->deferred,
                 o->names != NULL, o->extras != NULL, o->extras_size, what, error);
}

/* Whether the call did well to succeed, or to fail with that error. */
static void compare_error(const mistaken *m, bool well, int error)
{
    bool invalid = arguments_are_wrong(m) || options_are_invalid(m), unsupported = options_are_not_supported(m);
    if (well ? invalid || unsupported : !((invalid && error == EINVAL) || (unsupported && error == ENOTSUP)))
        complain(m, well ? "is not refused" : "is refused", error);
}

static void compare_values(const mistaken *m, const long *values)
{
    for (size_t i = 0; i < m->n; i++)
        if (values[i] != right_value(m, i))
            complain(m, "has a wrong value", 0);
    if (m->seen.progress && m->reported != m->n)
        complain(m, "has not reported all", 0);
}

static void compare_results(const mistaken *m, const parallel_results *r)
{
    if (parallel_length(r) != m->n || parallel_failures(r) != 0)
        complain(m, "has another length, or failures", 0);
    for (size_t i = 0; i < m->n; i++) {
        const long *value = parallel_result(r, i);
        if (!value || *value != right_value(m, i))
            complain(m, "has a wrong result", 0);
        if (m->seen.names && parallel_get(r, m->names[i]) != value)
            complain(m, "has lost a name", 0);
    }
    if (m->n && !is_par(m))
        compare_values(m, parallel_values(r));
}

/* ---- calling --------------------------------------------------------------------------------------------- */

static void call_executor(mistaken *m, const parallel_future *futures, const parallel_options *o)
{
    parallel_executor *ex = m->way == ASYNC_PAR ? parallel_async_par_futures(futures, m->n, o)
                                                : parallel_async_map_function(m->function, m->args, m->n, o);
    compare_error(m, ex != NULL, errno);
    if (ex && m->seen.deferred && parallel_executor_start(ex) != 0)
        complain(m, "does not start", errno);
    parallel_results *r = ex ? parallel_executor_results(ex) : NULL;
    if (r)
        compare_results(m, r);
    else if (ex)
        complain(m, "has no results", errno);
    parallel_executor_free(ex);
}

static parallel_results *call_results(mistaken *m, const parallel_future *futures, const parallel_options *o)
{
    switch (m->way) {
    case MAP:
        return parallel_map_function(m->function, m->args, m->n, o);
    case THREAD_MAP:
        return parallel_thread_map_function(m->function, m->args, m->n, o);
    case SPLIT:
        return parallel_split_function(m->function, m->args, m->n, o);
    case THREAD_PAR:
        return parallel_thread_par_futures(futures, m->n, o);
    default:
        return parallel_par_futures(futures, m->n, o);
    }
}

void fuzz_options(rnd_source *source)
{
    static _Thread_local mistaken m;
    parallel_future futures[MOST];
    choose(&m, source);
    for (size_t i = 0; i < m.n; i++)
        futures[i] = (parallel_future){.function = m.function, .arg = m.args ? &m.args[i] : NULL};
    const parallel_options *o = m.has_options ? (const parallel_options *)(const void *)m.options : NULL;
    errno = 0;
    if (is_async(&m))
        call_executor(&m, futures, o);
    else if (m.way == INTO || m.way == FOR) {
        int rc = m.way == FOR ? parallel_for_function(m.n, m.body, &m, o)
                              : parallel_map_into_function(m.function, m.args, m.n, m.out, o);
        compare_error(&m, rc == 0, errno);
        if (rc == 0)
            compare_values(&m, m.out);
    } else {
        parallel_results *r = call_results(&m, futures, o);
        compare_error(&m, r != NULL, errno);
        if (r)
            compare_results(&m, r);
        parallel_results_free(r);
    }
}
