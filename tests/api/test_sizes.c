/* SPDX-License-Identifier: MIT */
/* How large things are, and how they are aligned: sizes that no memory has are ENOMEM, and what a type asks for it
 * gets. */
#include <errno.h>
#include <parallel.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/size.h"
#include "support/process.h"
#include "support/test.h"

/* ---- sizes ----------------------------------------------------------------------------------------------- */

START_TEST(sums_and_products_do_not_wrap)
{
    const size_t most = PTRDIFF_MAX;
    ck_assert_uint_eq(pl_size_add(2, 3), 5);
    ck_assert_uint_eq(pl_size_add(most - 3, 3), most);
    ck_assert_uint_eq(pl_size_add(most - 3, 4), PL_SIZE_NONE);
    ck_assert_uint_eq(pl_size_add(SIZE_MAX, 1), PL_SIZE_NONE);
    ck_assert_uint_eq(pl_size_add(0, PL_SIZE_NONE), PL_SIZE_NONE);
    ck_assert_uint_eq(pl_size_multiply(6, 7), 42);
    ck_assert_uint_eq(pl_size_multiply(0, SIZE_MAX), 0);
    ck_assert_uint_eq(pl_size_multiply(SIZE_MAX, 0), 0);
    ck_assert_uint_eq(pl_size_multiply(most / 2, 2), most - 1);
    ck_assert_uint_eq(pl_size_multiply(most / 2 + 1, 2), PL_SIZE_NONE);
    ck_assert_uint_eq(pl_size_multiply(1, PL_SIZE_NONE), PL_SIZE_NONE);
    ck_assert_uint_eq(pl_size_round(1, 64), 64);
    ck_assert_uint_eq(pl_size_round(64, 64), 64);
    ck_assert_uint_eq(pl_size_round(most - 3, 64), PL_SIZE_NONE);
    ck_assert_uint_eq(pl_size_round(PL_SIZE_NONE, 64), PL_SIZE_NONE);
}
END_TEST

static char letter(char c)
{
    return c;
}
PARALLEL_DECORATE(letter, char, char);

static double number(char c)
{
    return c;
}
PARALLEL_DECORATE(number, char, double);

static int nothing(const void *arg, void *result, void *extras)
{
    (void)arg, (void)result, (void)extras;
    return 0;
}

static char in[64];

/* Both of what a call can give: results, or an executor. */
static void no_memory(const void *r)
{
    ck_assert_ptr_null(r);
    ck_assert_int_eq(errno, ENOMEM);
    errno = 0;
}

START_TEST(extras_are_too_large)
{
    pl_workers(2);
    for (size_t less = 0; less <= 8192; less += 64)
        no_memory(parallel_process_map(letter, in, 64, .isolation = PARALLEL_PERSISTENT, .extras = in,
                                       .extras_size = SIZE_MAX - less));
    no_memory(parallel_process_map(letter, in, 64, .isolation = PARALLEL_PERSISTENT, .extras = in,
                                   .extras_size = PTRDIFF_MAX));
    parallel_future futures[] = {PARALLEL_FUTURE(letter, 'x')};
    no_memory(parallel_process_par(futures, 1, .isolation = PARALLEL_PERSISTENT, .extras = in,
                                   .extras_size = SIZE_MAX - 100));
}
END_TEST

START_TEST(arguments_and_results_are_too_many)
{
    static const parallel_executor_kind kinds[] = {PARALLEL_THREAD, PARALLEL_SERIAL, PARALLEL_PROCESS};
    pl_workers(2);
    double out[1];
    for (int k = 0; k < 3; k++) {
        for (size_t n = SIZE_MAX / sizeof(double); n > PTRDIFF_MAX / sizeof(double) - 8; n -= n / 16) {
            /* the product with the size of a result wraps to little or nothing */
            no_memory(parallel_map(number, in, n + 1, .executor = kinds[k]));
            ck_assert_int_eq(parallel_map_into(number, in, n + 1, out, .executor = kinds[k]), -1);
            ck_assert_int_eq(errno, ENOMEM);
            ck_assert_int_eq(parallel_map_into(number, in, n + 1, out, .executor = kinds[k], .retries = 1), -1);
            ck_assert_int_eq(errno, ENOMEM);
        }
        ck_assert_int_eq(parallel_map_into(letter, in, PTRDIFF_MAX, in, .executor = PARALLEL_PROCESS,
                                           .isolation = PARALLEL_PERSISTENT),
                         -1);
        ck_assert_int_eq(errno, ENOMEM);
    }
}
END_TEST

START_TEST(futures_are_too_large)
{
    pl_workers(2);
    const size_t sizes[] = {PTRDIFF_MAX, PTRDIFF_MAX - 100, SIZE_MAX / 2 + 2, SIZE_MAX - 100, SIZE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        parallel_function large = {.arg_size = 1, .result_size = sizes[i], .call = nothing};
        parallel_function much = {.arg_size = sizes[i], .call = nothing};
        parallel_future results[] = {{.function = &large, .arg = in}, {.function = &large, .arg = in}};
        parallel_future arguments[] = {{.function = &much, .arg = in}, {.function = &much, .arg = in}};
        no_memory(parallel_par(results, 2));
        no_memory(parallel_process_par(results, 2));
        no_memory(parallel_process_par(arguments, 2, .isolation = PARALLEL_PERSISTENT));
        no_memory(parallel_process_map_function(&much, in, 1, &(parallel_options){.isolation = PARALLEL_PERSISTENT}));
    }
    no_memory(parallel_async_par((parallel_future[1]){{0}}, SIZE_MAX / sizeof(parallel_future) + 2));
}
END_TEST

/* ---- alignment ------------------------------------------------------------------------------------------- */

/* A type that is aligned to so much; its values say where arguments were. */
#define ALIGNED(type, bytes)                                                                                           \
    struct type {                                                                                                      \
        alignas(bytes) uintptr_t at;                                                                                   \
        int calls;                                                                                                     \
    };                                                                                                                 \
    static int place_##type(const struct type *arg, struct type *result, void *extras)                                 \
    {                                                                                                                  \
        (void)extras;                                                                                                  \
        result->at = (uintptr_t)arg % (bytes) + (uintptr_t)result % (bytes);                                           \
        result->calls = arg->calls + 1;                                                                                \
        return 0;                                                                                                      \
    }                                                                                                                  \
    PARALLEL_DECORATE_TASK(place_##type, struct type, struct type);                                                    \
    static struct type twice_##type(struct type arg)                                                                   \
    {                                                                                                                  \
        arg.calls *= 2;                                                                                                \
        return arg;                                                                                                    \
    }                                                                                                                  \
    PARALLEL_DECORATE(twice_##type, struct type, struct type);                                                         \
    static void check_##type(const parallel_results *r, size_t n)                                                      \
    {                                                                                                                  \
        ck_assert_ptr_nonnull(r);                                                                                      \
        for (size_t i = 0; i < n; i++) {                                                                               \
            const struct type *v = parallel_result(r, i);                                                              \
            ck_assert_uint_eq((uintptr_t)v % (bytes), 0);                                                              \
            ck_assert_uint_eq(v->at, 0);                                                                               \
            ck_assert_int_eq(v->calls, 8);                                                                             \
        }                                                                                                              \
    }                                                                                                                  \
    static void align_##type(parallel_executor_kind kind, parallel_isolation isolation)                                \
    {                                                                                                                  \
        enum { N = 5 };                                                                                                \
        static struct type args[N], out[N];                                                                            \
        for (int i = 0; i < N; i++)                                                                                    \
            args[i] = (struct type){.calls = 7};                                                                       \
        parallel_results *r[3];                                                                                        \
        for (int k = 0; k < 3; k++) { /* all at other addresses */                                                     \
            r[k] = parallel_map(place_##type, args, N, .executor = kind, .isolation = isolation);                      \
            check_##type(r[k], N);                                                                                     \
        }                                                                                                              \
        for (int k = 0; k < 3; k++)                                                                                    \
            parallel_results_free(r[k]);                                                                               \
        ck_assert_int_eq(parallel_map_into(place_##type, args, N, out, .executor = kind, .isolation = isolation), 0);  \
        ck_assert(out[N - 1].at == 0 && out[N - 1].calls == 8);                                                        \
        ck_assert_int_eq(                                                                                              \
            parallel_map_into(place_##type, out, N, out, .executor = kind, .isolation = isolation, .retries = 1), 0);  \
        ck_assert(out[N - 1].at == 0 && out[N - 1].calls == 9);                                                        \
        static struct type one;                                                                                        \
        one = (struct type){.calls = 7};                                                                               \
        static char x = 'x';                                                                                           \
        parallel_future futures[] = {                                                                                  \
            {.function = &place_##type##__parallel, .arg = &one},                                                      \
            {.function = &letter__parallel, .arg = &x},                                                                \
            {.function = &place_##type##__parallel, .arg = &one},                                                      \
        };                                                                                                             \
        PARALLEL_SCOPED parallel_results *p = parallel_par(futures, 3, .executor = kind, .isolation = isolation);      \
        check_##type(p, 1);                                                                                            \
        ck_assert_int_eq(*(const char *)parallel_result(p, 1), 'x');                                                   \
        ck_assert_uint_eq((uintptr_t)parallel_result(p, 2) % (bytes), 0);                                              \
        PARALLEL_SCOPED parallel_executor *ex =                                                                        \
            parallel_async_map(place_##type, args, N, .executor = kind, .isolation = isolation);                       \
        check_##type(parallel_executor_results(ex), N);                                                                \
        PARALLEL_SCOPED parallel_results *t = parallel_map(twice_##type, args, N);                                     \
        ck_assert_uint_eq((uintptr_t)parallel_values(t) % (bytes), 0);                                                 \
        ck_assert_int_eq(((const struct type *)parallel_values(t))[N - 1].calls, 14);                                  \
    }

ALIGNED(line, 64)
ALIGNED(lines, 128)
ALIGNED(page, 4096)
ALIGNED(pages, 65536)

START_TEST(types_are_aligned_as_they_ask)
{
    static const struct {
        parallel_executor_kind kind;
        parallel_isolation isolation;
    } ways[] = {
        {PARALLEL_THREAD, 0}, {PARALLEL_SERIAL, 0}, {PARALLEL_PROCESS, 0}, {PARALLEL_PROCESS, PARALLEL_PERSISTENT}};
    pl_workers(2);
    align_line(ways[_i].kind, ways[_i].isolation);
    align_lines(ways[_i].kind, ways[_i].isolation);
    align_page(ways[_i].kind, ways[_i].isolation);
    align_pages(ways[_i].kind, ways[_i].isolation);
}
END_TEST

/* What other programs have: none knows its alignment. */
START_TEST(handles_without_alignment)
{
    pl_workers(2);
    parallel_function old = place_line__parallel;
    static struct line args[3];
    old.size = offsetof(parallel_function, arg_align);
    old.arg_align = old.result_align = 12345; /* not there */
    PARALLEL_SCOPED parallel_results *r = parallel_map_function(&old, args, 3, NULL);
    ck_assert_uint_eq((uintptr_t)parallel_values(r) % 64, 0);
    ck_assert_int_eq(((const struct line *)parallel_values(r))[2].calls, 1);
    parallel_function by_hand = {.arg_size = sizeof *args, .result_size = sizeof *args, .call = nothing};
    PARALLEL_SCOPED parallel_results *h = parallel_map_function(&by_hand, args, 3, NULL);
    ck_assert_uint_eq((uintptr_t)parallel_values(h) % 64, 0);
    parallel_function wrong = twice_line__parallel;
    wrong.result_align = 24;
    ck_assert_ptr_null(parallel_map_function(&wrong, args, 3, NULL));
    ck_assert_int_eq(errno, EINVAL);
    const parallel_future future = {.function = &wrong, .arg = args};
    ck_assert_ptr_null(parallel_par(&future, 1));
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_test(c, sums_and_products_do_not_wrap);
    tcase_add_test(c, extras_are_too_large);
    tcase_add_test(c, arguments_and_results_are_too_many);
    tcase_add_test(c, futures_are_too_large);
    tcase_add_loop_test(c, types_are_aligned_as_they_ask, 0, 4);
    tcase_add_test(c, handles_without_alignment);
    return pl_run("sizes", c);
}
