/* SPDX-License-Identifier: MIT */
/* Predicates and map steps that crash on worker processes: each call loses that one item, as if it had failed. */
#include <string.h>
#include <sys/resource.h>

#include "support/jobs.h"

/* Items are a block of a map's and some more; of these, one crashes, and it comes before, amid or after all that are
 * sought. */
enum { N = 20011, FIRST_HIT = 500, LAST_HIT = 15500, HIT_STEP = 3000 };
static const int crashing[] = {0, 499, 8000, 15501, N - 1};
enum { PLACES = sizeof crashing / sizeof crashing[0] };

static int in[N], out[N], crashes_at;

static bool is_hit(int x)
{
    return x >= FIRST_HIT && x <= LAST_HIT && x % HIT_STEP == FIRST_HIT;
}

static void may_crash(int x)
{
    if (x == crashes_at)
        abort();
}

static bool look(int x)
{
    may_crash(x);
    return is_hit(x);
}
PARALLEL_DECORATE(look, int, bool, .executor = PARALLEL_PROCESS, .max_workers = 2);

static int ask(const int *x, bool *result, void *extras)
{
    (void)extras;
    *result = look(*x);
    return 0;
}
PARALLEL_DECORATE_TASK(ask, int, bool, .executor = PARALLEL_PROCESS, .max_workers = 2);

static bool look_for_others(int x)
{
    return !look(x);
}
PARALLEL_DECORATE(look_for_others, int, bool, .executor = PARALLEL_PROCESS, .max_workers = 2);

static int ask_for_others(const int *x, bool *result, void *extras)
{
    (void)extras;
    *result = !look(*x);
    return 0;
}
PARALLEL_DECORATE_TASK(ask_for_others, int, bool, .executor = PARALLEL_PROCESS, .max_workers = 2);

static long step(int x)
{
    may_crash(x);
    return x;
}
PARALLEL_DECORATE(step, int, long, .executor = PARALLEL_PROCESS, .max_workers = 2);

static int try_step(const int *x, long *result, void *extras)
{
    (void)extras;
    *result = step(*x);
    return 0;
}
PARALLEL_DECORATE_TASK(try_step, int, long, .executor = PARALLEL_PROCESS, .max_workers = 2);

static const parallel_function *const predicates[] = {&look__parallel, &ask__parallel};
static const parallel_function *const others[] = {&look_for_others__parallel, &ask_for_others__parallel};
static const parallel_function *const steps[] = {&step__parallel, &try_step__parallel};
static const parallel_options silent = {.size = sizeof silent, .silent = true};

/* A loop test's index is a place, and whether functions can fail. */
static int which(int index)
{
    const struct rlimit none = {0, 0};
    pl_workers(2);
    setrlimit(RLIMIT_CORE, &none);
    for (int i = 0; i < N; i++)
        in[i] = i;
    crashes_at = crashing[index / 2];
    return index % 2;
}

/* That is what the call has failed for, of which this is the result. */
static void check_crash(bool failed)
{
    int error = errno;
    const parallel_failure *f = parallel_last_failure();
    ck_assert(failed);
    ck_assert_int_eq(error, EOWNERDEAD);
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(f->state, PARALLEL_CRASHED);
    ck_assert_uint_eq(f->index, (size_t)crashes_at);
    ck_assert_ptr_eq(f->arg, &in[crashes_at]);
    errno = 0;
}

/* A search finds what the loop finds before it comes to that item, or fails. */
static void check_found(const void *found, int hit, bool comes_first)
{
    if (comes_first) {
        ck_assert_ptr_eq(found, &in[hit]);
        ck_assert_ptr_null(parallel_last_failure());
    } else {
        check_crash(found == NULL);
    }
}

START_TEST(searches)
{
    int k = which(_i);
    const parallel_function *p = predicates[k], *q = others[k];
    bool first = crashes_at > FIRST_HIT, last = crashes_at < LAST_HIT;
    errno = 0;
    check_crash(parallel_count_function(p, in, N, NULL) == -1);
    check_found(parallel_find_function(p, in, N, NULL), FIRST_HIT, first);
    check_found(parallel_find_last_function(p, in, N, NULL), LAST_HIT, last);
    int any = parallel_any_function(p, in, N, NULL), all = -2;
    if (first)
        ck_assert_int_eq(any, 1);
    else
        check_crash(any == -1);
    errno = 0;
    all = parallel_all_function(q, in, N, NULL);
    if (first)
        ck_assert_int_eq(all, 0);
    else
        check_crash(all == -1);
}
END_TEST

START_TEST(searches_that_pass_it_over)
{
    int k = which(_i);
    const parallel_function *p = predicates[k], *q = others[k];
    errno = 0;
    check_crash(parallel_count_function(p, in, N, &silent) == -1);
    check_found(parallel_find_function(p, in, N, &silent), FIRST_HIT, true);
    check_found(parallel_find_last_function(p, in, N, &silent), LAST_HIT, true);
    ck_assert_int_eq(parallel_any_function(p, in, N, &silent), 1);
    ck_assert_int_eq(parallel_all_function(q, in, N, &silent), 0);
}
END_TEST

/* The items but for that one: those that hold, and then the others. Returns how many hold. */
static size_t divide(int *expected)
{
    size_t kept = 0, n = 0;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < N; i++)
            if (i != crashes_at && is_hit(in[i]) == (round == 0))
                expected[n++] = in[i];
        kept = round == 0 ? n : kept;
    }
    return kept;
}

START_TEST(filters)
{
    int k = which(_i);
    const parallel_function *p = predicates[k];
    size_t kept = 7;
    errno = 0;
    check_crash(parallel_filter_function(p, in, N, NULL) == NULL);
    check_crash(parallel_filter_into_function(p, in, N, out, &kept, NULL) == -1);
    check_crash(parallel_partition_into_function(p, in, N, out, &kept, NULL) == -1);
    ck_assert_uint_eq(kept, 7);
}
END_TEST

START_TEST(filters_that_leave_it_out)
{
    static int expected[N];
    int k = which(_i);
    const parallel_function *p = predicates[k];
    size_t m = divide(expected), kept = 7;
    errno = 0;
    check_crash(parallel_filter_into_function(p, in, N, out, &kept, &silent) == -1);
    ck_assert_uint_eq(kept, m);
    ck_assert(memcmp(out, expected, m * sizeof *out) == 0);
    check_crash(parallel_partition_into_function(p, in, N, out, &kept, &silent) == -1);
    ck_assert_uint_eq(kept, m);
    ck_assert(memcmp(out, expected, (N - 1) * sizeof *out) == 0);
    PARALLEL_SCOPED parallel_results *r = parallel_filter_function(p, in, N, &silent);
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(parallel_length(r), m);
    ck_assert(memcmp(parallel_values(r), expected, m * sizeof *out) == 0);
    ck_assert_uint_eq(parallel_failures(r), 1);
    ck_assert_uint_eq(parallel_failed(r, 0)->index, (size_t)crashes_at);
    ck_assert_int_eq(parallel_failed(r, 0)->state, PARALLEL_CRASHED);
}
END_TEST

static void subtract(void *left, const void *right)
{
    *(long *)left = *(long *)left * 31 + *(const long *)right; /* by itself not associative: only of one item */
}

START_TEST(maps_that_are_reduced)
{
    int k = which(_i);
    const parallel_combine *plus = &parallel_word_combines[PARALLEL_WORD_PLUS_][PARALLEL_I64_];
    parallel_combine by_hand = {.name = "by hand", .size = sizeof by_hand, .call = subtract, .type_size = sizeof(long)};
    long sum = 7, all = (long)N * (N - 1) / 2;
    errno = 0;
    check_crash(parallel_map_reduce_function(steps[k], plus, in, N, &sum, NULL) == -1);
    check_crash(parallel_map_reduce_function(steps[k], &by_hand, in, N, &sum, NULL) == -1);
    ck_assert_int_eq(sum, 7);
    check_crash(parallel_map_reduce_function(steps[k], plus, in, N, &sum, &silent) == -1);
    ck_assert_int_eq(sum, 7 + all - crashes_at);
}
END_TEST

/* What has no function of items is done at home, by whatever executor; the items are as good as others there. */
START_TEST(calls_without_a_function_of_items)
{
    static long sums[N];
    parallel_options o = {.size = sizeof o, .executor = PARALLEL_PROCESS, .max_workers = 2};
    const parallel_combine *plus = &parallel_word_combines[PARALLEL_WORD_PLUS_][PARALLEL_I64_];
    long sum = 7;
    which(_i);
    for (int i = 0; i < N; i++)
        sums[i] = i;
    ck_assert_int_eq(parallel_reduce_function(plus, sums, N, &sum, &o), 0);
    ck_assert_int_eq(sum, 7 + (long)N * (N - 1) / 2);
    ck_assert_int_eq(parallel_scan_into_function(plus, sums, N, sums, &o), 0);
    ck_assert_int_eq(sums[N - 1] + 7, sum);
    ck_assert_ptr_eq(parallel_max(PARALLEL_ASCENDING, (const int *)in, N, .executor = PARALLEL_PROCESS), &in[N - 1]);
    ck_assert_ptr_eq(parallel_min(PARALLEL_ASCENDING, (const int *)in, N, .executor = PARALLEL_PROCESS), &in[0]);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, searches, 0, 2 * PLACES);
    tcase_add_loop_test(c, searches_that_pass_it_over, 0, 2 * PLACES);
    tcase_add_loop_test(c, filters, 0, 2 * PLACES);
    tcase_add_loop_test(c, filters_that_leave_it_out, 0, 2 * PLACES);
    tcase_add_loop_test(c, maps_that_are_reduced, 0, 2 * PLACES);
    tcase_add_loop_test(c, calls_without_a_function_of_items, 0, 1);
    return pl_run("api/crashing_items", c);
}
