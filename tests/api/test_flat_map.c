/* SPDX-License-Identifier: MIT */
/* Flat maps: each against the loop that it equals; how often functions are called, and what room they get. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/jobs.h"
#include "support/sanitizers.h"

static const size_t sizes[] = {
    0,      1, 2, 3, 15, 16, 17, 33, 100, 1000, 4097, 16385, 65537,
#if !PL_TSAN /* they would take minutes */
    300007,
#endif
};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

/* How many results an item has: none of many, now and then a lot, or ever more. */
enum { SPREADS = 5 };
static int spread;
static size_t n;

static size_t results_of(int x)
{
    unsigned r = (unsigned)x * 2654435761u;
    switch (spread) {
    case 0:
        return r >> 30;
    case 1:
        return 1;
    case 2:
        return r % 4001 == 0 ? 3000 : 0;
    case 3:
        return (size_t)x > n / 10 * 9 ? 9 : 0;
    default:
        return 0;
    }
}

#define FLAT(type, name)                                                                                               \
    static size_t name(const int *x, type *out, size_t room)                                                           \
    {                                                                                                                  \
        size_t count = results_of(*x);                                                                                 \
        for (size_t i = 0; i < count && i < room; i++)                                                                 \
            memset(&out[i], 0, sizeof out[i]), *(unsigned char *)&out[i] = (unsigned char)(*x + (int)i);               \
        return count;                                                                                                  \
    }                                                                                                                  \
    PARALLEL_DECORATE_FLAT(name, int, type);                                                                           \
    static void check_##name(const int *x)                                                                             \
    {                                                                                                                  \
        size_t m = 0, k = 0;                                                                                           \
        for (size_t i = 0; i < n; i++)                                                                                 \
            m += results_of(x[i]);                                                                                     \
        type *expected = calloc(m + 1, sizeof *expected);                                                              \
        for (size_t i = 0; i < n; i++)                                                                                 \
            k += name(&x[i], expected + k, m - k);                                                                     \
        for (int times = 0; times < 3; times++) {                                                                      \
            PARALLEL_SCOPED parallel_results *r = parallel_flat_map(name, x, n);                                       \
            ck_assert_msg(r &&parallel_length(r) == m, #name ", n = %zu, spread %d", n, spread);                       \
            ck_assert_msg(m == 0 || memcmp(parallel_values(r), expected, m * sizeof *expected) == 0,                   \
                          #name ", n = %zu, spread %d", n, spread);                                                    \
            ck_assert(m == 0 || (uintptr_t)parallel_values(r) % 64 == 0);                                              \
        }                                                                                                              \
        free(expected);                                                                                                \
    }
struct triple {
    unsigned char of[3];
};
struct large {
    unsigned char of[100];
};
FLAT(unsigned char, bytes)
FLAT(struct triple, triples)
FLAT(int, ints)
FLAT(uint64_t, words)
FLAT(struct large, large_ones)

static int *make_items(void)
{
    int *x = malloc((n + 1) * sizeof *x);
    for (size_t i = 0; i < n; i++)
        x[i] = (int)i;
    return x;
}

START_TEST(results_of_all_sizes)
{
    n = sizes[_i];
    int *x = make_items();
    for (spread = 0; spread < SPREADS; spread++) {
        check_bytes(x);
        check_ints(x);
        check_words(x);
        if (n > 65537)
            continue;
        check_triples(x);
        check_large_ones(x);
    }
    free(x);
}
END_TEST

/* ---- the same whoever does it ------------------------------------------------------------------------------------ */

static size_t call_ints(const void *arg, void *out, size_t room)
{
    return ints(arg, out, room);
}

static const parallel_flat by_hand = {.name = "by hand",
                                      .size = sizeof(parallel_flat),
                                      .call = call_ints,
                                      .arg_size = sizeof(int),
                                      .result_size = sizeof(int)};

static void check_with(const parallel_flat *f, const int *x, parallel_options o)
{
    size_t k = 0;
    o.size = sizeof o;
    PARALLEL_SCOPED parallel_results *r = parallel_flat_map_function(f, x, n, &o);
    ck_assert_ptr_nonnull(r);
    const int *values = parallel_values(r);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0, count = results_of(x[i]); j < count; j++, k++)
            ck_assert(k < parallel_length(r) && *(const unsigned char *)&values[k] == (unsigned char)(x[i] + (int)j));
    ck_assert_uint_eq(k, parallel_length(r));
}

struct nested {
    const parallel_flat *f;
    const int *x;
};

static void map_nested(size_t begin, size_t end, void *ctx)
{
    const struct nested *c = ctx;
    for (; begin < end; begin++)
        check_with(c->f, c->x, (parallel_options){.grain = 1});
}

START_TEST(whoever_does_it)
{
    static const parallel_flat *const functions[] = {&ints__parallel_flat, &by_hand};
    n = sizes[_i];
    int *x = make_items();
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(5);
    for (spread = 0; spread < SPREADS; spread++)
        for (int which = 0; which < 2; which++) {
            const parallel_flat *f = functions[which];
            for (int workers = 1; workers <= 64; workers *= 8)
                check_with(f, x, (parallel_options){.max_workers = workers});
            check_with(f, x, (parallel_options){.pool = pool, .grain = 3});
            check_with(f, x, (parallel_options){.pool = pool, .call_timeout = 1e6});
            check_with(f, x, (parallel_options){.executor = PARALLEL_SERIAL});
            struct nested c = {f, x};
            ck_assert_int_eq(parallel_for(4, map_nested, &c, .pool = pool, .grain = 1), 0);
        }
    free(x);
}
END_TEST

/* ---- how often --------------------------------------------------------------------------------------------------- */

enum { N = 20011 };
static atomic_int calls[N];

static size_t counted(const int *x, int *out, size_t room)
{
    size_t count = results_of(*x);
    count_one(&calls[*x]);
    for (size_t i = 0; i < room; i++) /* all that is said to be room is some */
        out[i] = *x;
    return count;
}
PARALLEL_DECORATE_FLAT(counted, int, int);

START_TEST(calls_of_an_item)
{
    n = _i ? 10 : N;
    int *x = make_items();
    for (spread = 0; spread < SPREADS; spread++) {
        for (int i = 0; i < N; i++)
            atomic_store_explicit(&calls[i], 0, memory_order_relaxed);
        PARALLEL_SCOPED parallel_results *r = parallel_flat_map(counted, x, n);
        ck_assert_ptr_nonnull(r);
        for (size_t i = 0; i < n; i++)
            ck_assert(count_of(&calls[i]) == 1 || count_of(&calls[i]) == 2);
    }
    free(x);
}
END_TEST

static size_t never_enough(const int *x, int *out, size_t room)
{
    (void)out;
    return *x == 5 ? room + 1 : 0;
}
PARALLEL_DECORATE_FLAT(never_enough, int, int);

static size_t too_many(const int *x, int *out, size_t room)
{
    (void)out;
    (void)room;
    return *x == 5 ? SIZE_MAX / 8 : 0;
}
PARALLEL_DECORATE_FLAT(too_many, int, int);

START_TEST(functions_that_are_wrong)
{
    static const size_t some[] = {6, 1000, 100000};
    for (int k = 0; k < 9; k++) {
        n = some[k % 3];
        int *x = make_items();
        errno = 0;
        ck_assert_ptr_null(parallel_flat_map(never_enough, x, n));
        ck_assert_int_eq(errno, EINVAL);
        errno = 0;
        if (!PL_SANITIZED) {
            ck_assert_ptr_null(parallel_flat_map(too_many, x, n));
            ck_assert_int_eq(errno, ENOMEM);
        }
        free(x);
    }
}
END_TEST

/* ---- options -------------------------------------------------------------------------------------------------------
 * */

static size_t last_done, last_total;

static void note_progress(size_t done, size_t total, void *data)
{
    (void)data;
    last_done = done;
    last_total = total;
}

static size_t slowly(const int *x, int *out, size_t room)
{
    pl_test_sleep(100);
    if (room)
        out[0] = *x;
    return 1;
}
PARALLEL_DECORATE_FLAT(slowly, int, int);

START_TEST(options)
{
    static int x[N];
    const char *names[1] = {"a"};
    spread = 1;
    n = N;
    for (size_t some = 1; some <= N; some *= 20) {
        last_done = last_total = 0;
        parallel_results_free(parallel_flat_map(ints, x, some, .progress = note_progress));
        ck_assert(last_done == some && last_total == some);
    }
    errno = 0;
    ck_assert_ptr_null(parallel_flat_map(slowly, x, N, .call_timeout = 0.02));
    ck_assert_int_eq(errno, ETIMEDOUT);
    errno = 0;
    ck_assert_ptr_null(parallel_flat_map(ints, x, 1, .executor = PARALLEL_PROCESS));
    ck_assert_int_eq(errno, ENOTSUP);
    errno = 0;
    ck_assert_ptr_null(parallel_flat_map(ints, x, 1, .names = names));
    ck_assert_int_eq(errno, EINVAL);
    errno = 0;
    ck_assert_ptr_null(parallel_flat_map(ints, x, 1, .timeout = 1));
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_ptr_null(parallel_flat_map(ints, x, 0, .max_workers = -1));
    ck_assert_ptr_null(parallel_flat_map_function(&ints__parallel_flat, NULL, 1, NULL));
    ck_assert_ptr_null(parallel_flat_map_function(NULL, x, 1, NULL));
    ck_assert_ptr_null(parallel_flat_map_function(&(parallel_flat){.size = sizeof(parallel_flat)}, x, 1, NULL));
    ck_assert_int_eq(errno, EINVAL);
    PARALLEL_SCOPED parallel_results *none = parallel_flat_map(ints, x, 0);
    ck_assert(none && parallel_length(none) == 0);
}
END_TEST

static int map_long(const int *arg, int *code, void *extras)
{
    static int x[N];
    (void)arg;
    (void)extras;
    count_one(&begun);
    parallel_results *r = parallel_flat_map(slowly, x, N);
    *code = r ? -1 : errno;
    parallel_results_free(r);
    atomic_store_explicit(&ended, *code, memory_order_relaxed);
    return 0;
}
PARALLEL_DECORATE_TASK(map_long, int, int);

/* It takes seconds, if nothing ends it. */
START_TEST(a_task_that_is_cancelled)
{
    int arg = 0;
    parallel_executor *ex = parallel_async_map(map_long, &arg, 1, .timeout = _i ? 0.01 : 0);
    while (count_of(&begun) == 0)
        pl_test_sleep(1000);
    if (!_i)
        parallel_cancel(ex);
    parallel_executor_free(ex);
    ck_assert_int_eq(count_of(&ended), _i ? ETIMEDOUT : ECANCELED);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, results_of_all_sizes, 0, SIZES);
    tcase_add_loop_test(c, whoever_does_it, 0, SIZES);
    tcase_add_loop_test(c, calls_of_an_item, 0, 2);
    tcase_add_test(c, functions_that_are_wrong);
    tcase_add_test(c, options);
    tcase_add_loop_test(c, a_task_that_is_cancelled, 0, 2);
    return pl_run("api/flat_map", c);
}
