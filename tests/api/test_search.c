/* SPDX-License-Identifier: MIT */
/* Counting and searching: each call against the loop that it equals. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support/jobs.h"
#include "support/process.h"

static const size_t sizes[] = {0,  1,   2,   3,    5,    7,    8,    9,    15,   16,    17,     63,     64,
                               65, 255, 257, 1000, 1021, 4095, 4096, 4097, 8191, 65535, 100003, 1000003};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

/* ---- types of several sizes ------------------------------------------------------------------------------------ */

struct three {
    unsigned char mark, rest[2];
};
struct twelve {
    int rest[2], mark;
};
struct sixteen {
    double rest;
    long mark;
};
struct twenty_four {
    uint64_t mark, rest[2];
};

/* What is marked 1 is sought. */
#define PREDICATES(name, type, mark)                                                                                   \
    static bool is_##name(type x)                                                                                      \
    {                                                                                                                  \
        return x mark == 1;                                                                                            \
    }                                                                                                                  \
    PARALLEL_DECORATE(is_##name, type, bool);                                                                          \
    static int ask_##name(const type *x, bool *result, void *extras)                                                   \
    {                                                                                                                  \
        (void)extras;                                                                                                  \
        *result = (*x)mark == 1;                                                                                       \
        return 0;                                                                                                      \
    }                                                                                                                  \
    PARALLEL_DECORATE_TASK(ask_##name, type, bool);

#define CHECK_WITH(predicate, what, ...)                                                                               \
    do {                                                                                                               \
        errno = EIO;                                                                                                   \
        ck_assert_msg(parallel_find(predicate, items, n, __VA_ARGS__) == first, "find %s, n = %zu", what, n);          \
        ck_assert(first || errno == 0);                                                                                \
        errno = EIO;                                                                                                   \
        ck_assert_msg(parallel_find_last(predicate, items, n, __VA_ARGS__) == last, "last %s, n = %zu", what, n);      \
        ck_assert(last || errno == 0);                                                                                 \
        ck_assert_msg(parallel_count(predicate, items, n, __VA_ARGS__) == count, "count %s, n = %zu", what, n);        \
        ck_assert_msg(parallel_any(predicate, items, n, __VA_ARGS__) == (count > 0), "any %s, n = %zu", what, n);      \
        ck_assert_msg(parallel_all(predicate, items, n, __VA_ARGS__) == ((size_t)count == n), "all %s, n = %zu", what, \
                      n);                                                                                              \
    } while (0)

#define CHECKS(name, type, the_mark)                                                                                   \
    static void check_marks_of_##name(const type *items, size_t n, parallel_pool *pool)                                \
    {                                                                                                                  \
        const type *first = NULL, *last = NULL;                                                                        \
        ptrdiff_t count = 0;                                                                                           \
        for (size_t i = 0; i < n; i++)                                                                                 \
            if (is_##name(items[i])) {                                                                                 \
                first = first ? first : items + i;                                                                     \
                last = items + i;                                                                                      \
                count++;                                                                                               \
            }                                                                                                          \
        CHECK_WITH(is_##name, #name, .max_workers = 0);                                                                \
        CHECK_WITH(is_##name, #name " with grain", .max_workers = 3, .grain = 1 + n % 100);                            \
        CHECK_WITH(is_##name, #name " in a pool", .pool = pool);                                                       \
        CHECK_WITH(is_##name, #name " here", .executor = PARALLEL_SERIAL);                                             \
        CHECK_WITH(ask_##name, #name " by tasks", .max_workers = 2);                                                   \
        for (int round = 0; round < 3; round++) {                                                                      \
            ck_assert_ptr_eq(parallel_find(is_##name, items, n), first);                                               \
            ck_assert_ptr_eq(parallel_find_last(is_##name, items, n), last);                                           \
            ck_assert_int_eq(parallel_count(is_##name, items, n), count);                                              \
            ck_assert_int_eq(parallel_any(is_##name, items, n), count > 0);                                            \
            ck_assert_int_eq(parallel_all(is_##name, items, n), (size_t)count == n);                                   \
        }                                                                                                              \
    }                                                                                                                  \
    static void check_##name(size_t n, parallel_pool *pool)                                                            \
    {                                                                                                                  \
        type *items = calloc(n + 1, sizeof *items);                                                                    \
        unsigned long long state = n + 1;                                                                              \
        ck_assert_ptr_nonnull(items);                                                                                  \
        check_marks_of_##name(items, n, pool);                                                                         \
        for (size_t i = 0; i < n; i++)                                                                                 \
            items[i] the_mark = 1;                                                                                     \
        check_marks_of_##name(items, n, pool);                                                                         \
        for (int round = 0; round < 6 && n; round++) {                                                                 \
            bool others = round % 2;                                                                                   \
            for (size_t i = 0; i < n; i++)                                                                             \
                items[i] the_mark = others;                                                                            \
            size_t one = round == 0 ? 0 : round == 1 ? n - 1 : pl_random(&state) % n;                                  \
            items[one] the_mark = !others;                                                                             \
            items[round > 2 ? pl_random(&state) % n : one] the_mark = !others;                                         \
            check_marks_of_##name(items, n, pool);                                                                     \
        }                                                                                                              \
        free(items);                                                                                                   \
    }

#define NOTHING
#define TYPE(name, type, mark) PREDICATES(name, type, mark) CHECKS(name, type, mark)
TYPE(byte, unsigned char, NOTHING)
TYPE(three, struct three, .mark)
TYPE(number, int, NOTHING)
TYPE(real, double, NOTHING)
TYPE(twelve, struct twelve, .mark)
TYPE(sixteen, struct sixteen, .mark)
TYPE(twenty_four, struct twenty_four, .mark)

START_TEST(as_the_loops)
{
    size_t n = sizes[_i];
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(3);
    check_byte(n, pool);
    check_number(n, pool);
    check_twenty_four(n, pool);
    if (n < 500000) {
        check_three(n, pool);
        check_real(n, pool);
        check_twelve(n, pool);
        check_sixteen(n, pool);
    }
}
END_TEST

/* Of functions that were not decorated. */
static int call_is_number(const void *arg, void *result, void *extras)
{
    (void)extras;
    *(bool *)result = is_number(*(const int *)arg);
    return 0;
}

START_TEST(predicates_known_at_run_time)
{
    enum { N = 10000 };
    static int in[N];
    parallel_function f = {
        .name = "is_number", .arg_size = sizeof(int), .result_size = sizeof(bool), .call = call_is_number};
    parallel_options two = {.size = sizeof two, .max_workers = 2};
    in[777] = in[8888] = 1;
    ck_assert_ptr_eq(parallel_find_function(&f, in, N, NULL), in + 777);
    ck_assert_ptr_eq(parallel_find_last_function(&f, in, N, &two), in + 8888);
    ck_assert_int_eq(parallel_count_function(&f, in, N, &two), 2);
    ck_assert_int_eq(parallel_any_function(&f, in, N, NULL), 1);
    ck_assert_int_eq(parallel_all_function(&f, in, N, NULL), 0);
    f = is_number__parallel;
    f.cost = NULL;
    ck_assert_ptr_eq(parallel_find_function(&f, in, N, NULL), in + 777);
    ck_assert_int_eq(parallel_count_function(&f, in, N, NULL), 2);
}
END_TEST

/* A call in each of the tasks of a map. */
static const int *shared_items;

static bool finds_as_the_loop(size_t n)
{
    const int *first = NULL;
    ptrdiff_t count = 0;
    for (size_t i = n; i-- > 0;)
        if (is_number(shared_items[i])) {
            first = shared_items + i;
            count++;
        }
    return parallel_find(is_number, shared_items, n) == first && parallel_count(is_number, shared_items, n) == count &&
           parallel_any(ask_number, shared_items, n) == (count > 0);
}
PARALLEL_DECORATE(finds_as_the_loop, size_t, bool);

START_TEST(in_tasks)
{
    enum { N = 300000, CALLS = 60 };
    int *items = calloc(N, sizeof *items);
    size_t lengths[CALLS];
    unsigned long long state = 99;
    items[N / 3] = items[N - 5] = 1;
    shared_items = items;
    for (int i = 0; i < CALLS; i++)
        lengths[i] = pl_random(&state) % N;
    ck_assert_int_eq(parallel_all(finds_as_the_loop, lengths, CALLS, .max_workers = 4), 1);
    free(items);
}
END_TEST

/* ---- how much is looked at ------------------------------------------------------------------------------------- */

static atomic_size_t asked;
static size_t the_one;

static bool is_the_one(size_t i)
{
    atomic_fetch_add_explicit(&asked, 1, memory_order_relaxed);
    return i == the_one;
}
PARALLEL_DECORATE(is_the_one, size_t, bool);

static int ask_the_one(const size_t *i, bool *result, void *extras)
{
    (void)extras;
    *result = is_the_one(*i);
    return 0;
}
PARALLEL_DECORATE_TASK(ask_the_one, size_t, bool);

static size_t times_asked(void)
{
    return atomic_exchange_explicit(&asked, 0, memory_order_relaxed);
}

START_TEST(about_as_much_as_the_loop_looks_at)
{
    enum { N = 4000000 };
    size_t *in = malloc(N * sizeof *in);
    for (size_t i = 0; i < N; i++)
        in[i] = i;
    for (size_t hit = 0; hit < 400000; hit = hit * 3 + 1) {
        const size_t slack = 2 * hit + 20000; /* what others do in a millisecond, in which one may not run */
        the_one = hit;
        ck_assert_ptr_eq(parallel_find(is_the_one, in, N), in + hit);
        ck_assert_uint_le(times_asked(), slack);
        ck_assert_ptr_eq(parallel_find(ask_the_one, in, N), in + hit);
        ck_assert_uint_le(times_asked(), hit + hit / 4 + 17);
        ck_assert_int_eq(parallel_any(is_the_one, in, N, .max_workers = 4), 1);
        ck_assert_uint_le(times_asked(), slack);
        the_one = N - 1 - hit;
        ck_assert_ptr_eq(parallel_find_last(is_the_one, in, N), in + the_one);
        ck_assert_uint_le(times_asked(), slack);
        ck_assert_ptr_eq(parallel_find_last(ask_the_one, in, N), in + the_one);
        ck_assert_uint_le(times_asked(), hit + hit / 4 + 17);
    }
    the_one = 0;
    ck_assert_int_eq(parallel_all(is_the_one, in, N), 0);
    ck_assert_uint_le(times_asked(), 20000);
    the_one = N;
    ck_assert_ptr_null(parallel_find(is_the_one, in, N));
    ck_assert_uint_eq(times_asked(), N);
    ck_assert_int_eq(parallel_count(is_the_one, in, N), 0);
    ck_assert_uint_eq(times_asked(), N);
    free(in);
}
END_TEST

/* Those that take long: none is asked twice, and few beyond the one. */
static bool is_slowly_the_one(size_t i)
{
    pl_test_sleep(2000);
    return is_the_one(i);
}
PARALLEL_DECORATE(is_slowly_the_one, size_t, bool);

START_TEST(items_that_take_long)
{
    enum { N = 2000 };
    static size_t in[N];
    for (size_t i = 0; i < N; i++)
        in[i] = i;
    for (int round = 0; round < 6; round++) {
        the_one = (size_t)round * 7;
        ck_assert_ptr_eq(parallel_find(is_slowly_the_one, in, N, .max_workers = 2), in + the_one);
        ck_assert_uint_le(times_asked(), 2 * the_one + 6);
    }
}
END_TEST

/* ---- failures -------------------------------------------------------------------------------------------------- */

/* What an item is to do. */
enum { IS_NOT, IS, FAILS, FAILS_ONCE, CRASHES, SLEEPS };

static atomic_int tries;

static int ask(const int *x, bool *result, void *extras)
{
    (void)extras;
    *result = *x == IS;
    if (*x == FAILS)
        return parallel_fail(EIO, "no answer");
    if (*x == FAILS_ONCE && atomic_fetch_add_explicit(&tries, 1, memory_order_relaxed) == 0)
        return EAGAIN;
    if (*x == CRASHES)
        abort();
    if (*x == SLEEPS && !parallel_sleep(60))
        return ECANCELED;
    return 0;
}
PARALLEL_DECORATE_TASK(ask, int, bool);

static int ask_whether_not(const int *x, bool *result, void *extras)
{
    int code = ask(x, result, extras);
    *result = !*result;
    return code;
}
PARALLEL_DECORATE_TASK(ask_whether_not, int, bool);

enum { N = 3000 };
static int in[N];

static void set_item(size_t i, int to)
{
    if (i < N)
        in[i] = to;
}

static void check_failure(const void *found, size_t failed)
{
    const parallel_failure *failure = parallel_last_failure();
    ck_assert_ptr_null(found);
    ck_assert_int_eq(errno, EIO);
    ck_assert_ptr_nonnull(failure);
    ck_assert_uint_eq(failure->index, failed);
    ck_assert_ptr_eq(failure->arg, &in[failed]);
    ck_assert_str_eq(failure->message, "no answer");
}

static void check_found(const void *found, size_t hit)
{
    ck_assert_ptr_eq(found, hit < N ? &in[hit] : NULL);
    ck_assert(hit < N || errno == 0);
    ck_assert_ptr_null(parallel_last_failure());
}

/* One item is what is sought, and one fails, or several after it (or before it, from the back). */
static void check_order(size_t hit, size_t failed, bool many)
{
    memset(in, 0, sizeof in);
    for (size_t i = failed; many && i < N; i += 1 + i % 3)
        in[i] = FAILS;
    set_item(failed, FAILS);
    set_item(hit, IS);
    errno = 0;
    const int *found = parallel_find(ask, in, N);
    int any = parallel_any(ask, in, N), any_code = errno, all = parallel_all(ask_whether_not, in, N), all_code = errno;
    errno = 0;
    found = parallel_find(ask, in, N);
    if (failed < hit && failed < N) {
        check_failure(found, failed);
        ck_assert(any == -1 && any_code == EIO && all == -1 && all_code == EIO);
    } else {
        check_found(found, hit);
        ck_assert(any == (hit < N) && all == (hit >= N));
    }
    if (many)
        return;
    errno = 0;
    found = parallel_find_last(ask, in, N);
    if (failed < N && (failed > hit || hit >= N))
        check_failure(found, failed);
    else
        check_found(found, hit);
    errno = 0;
    ptrdiff_t count = parallel_count(ask, in, N);
    if (failed < N)
        check_failure(count == -1 ? NULL : in, failed);
    else
        ck_assert_int_eq(count, hit < N);
}

START_TEST(tasks_that_fail)
{
    static const size_t places[] = {0, 1, 2, 15, 16, 17, 31, 100, 999, 1000, N - 2, N - 1, N};
    enum { PLACES = sizeof places / sizeof places[0] };
    for (int h = 0; h < PLACES; h++)
        for (int f = 0; f < PLACES; f++)
            if (h != f || h == PLACES - 1) {
                check_order(places[h], places[f], false);
                check_order(places[h], places[f], true);
            }
}
END_TEST

/* Neighbours fail alike, without a word: it is the nearest that is reported. */
static int ask_in_silence(const int *x, bool *result, void *extras)
{
    (void)extras;
    *result = *x == IS;
    return *x == FAILS ? ENOENT : 0;
}
PARALLEL_DECORATE_TASK(ask_in_silence, int, bool);

START_TEST(neighbours_that_fail)
{
    memset(in, 0, sizeof in);
    for (size_t i = 1000; i < 2000; i++)
        in[i] = FAILS;
    ck_assert_ptr_null(parallel_find(ask_in_silence, in, N));
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_uint_eq(parallel_last_failure()->index, 1000);
    ck_assert_ptr_null(parallel_find_last(ask_in_silence, in, N));
    ck_assert_int_eq(errno, ENOENT);
    ck_assert_uint_eq(parallel_last_failure()->index, 1999);
    ck_assert_ptr_eq(parallel_last_failure()->arg, &in[1999]);
    in[500] = in[2500] = IS;
    ck_assert_ptr_eq(parallel_find(ask_in_silence, in, N), &in[500]);
    ck_assert_ptr_eq(parallel_find_last(ask_in_silence, in, N), &in[2500]);
    ck_assert_ptr_null(parallel_last_failure());
}
END_TEST

START_TEST(failures_that_are_passed_over)
{
    memset(in, 0, sizeof in);
    in[10] = in[20] = in[2000] = FAILS;
    errno = 0;
    ck_assert_int_eq(parallel_count(ask, in, N, .silent = true), -1);
    check_failure(NULL, 10);
    errno = 0;
    check_failure(parallel_find(ask, in, N, .silent = true), 10);
    errno = 0;
    check_failure(parallel_find_last(ask, in, N, .silent = true), 2000);
    ck_assert_int_eq(parallel_any(ask, in, N, .silent = true), -1);
    ck_assert_int_eq(parallel_all(ask_whether_not, in, N, .silent = true), -1);
    ck_assert_int_eq(parallel_all(ask, in, N, .silent = true), 0);
    in[1000] = IS;
    check_found(parallel_find(ask, in, N, .silent = true), 1000);
    check_found(parallel_find_last(ask, in, N, .silent = true), 1000);
    ck_assert_int_eq(parallel_any(ask, in, N, .silent = true), 1);
    ck_assert_int_eq(parallel_all(ask_whether_not, in, N, .silent = true), 0);
    ck_assert_ptr_null(parallel_last_failure());
}
END_TEST

START_TEST(tasks_that_are_tried_again)
{
    memset(in, 0, sizeof in);
    in[700] = FAILS_ONCE;
    in[900] = IS;
    ck_assert_ptr_null(parallel_find(ask, in, N));
    ck_assert_int_eq(errno, EAGAIN);
    atomic_store_explicit(&tries, 0, memory_order_relaxed);
    ck_assert_ptr_eq(parallel_find(ask, in, N, .retries = 1), &in[900]);
    ck_assert_int_eq(count_of(&tries), 2);
    atomic_store_explicit(&tries, 0, memory_order_relaxed);
    ck_assert_int_eq(parallel_count(ask, in, N, .retries = 1, .retry_delay = 0.001), 1);
    ck_assert_int_eq(count_of(&tries), 2);
    ck_assert_int_eq(parallel_count(is_number, in, N, .retries = 1, .timeout = 100, .extras = in), 1);
    ck_assert_ptr_eq(parallel_find(is_number, in, N, .timeout = 100), &in[900]);
}
END_TEST

START_TEST(on_processes)
{
    memset(in, 0, sizeof in);
    in[1234] = in[2345] = IS;
    ck_assert_int_eq(parallel_count(is_number, in, N, .executor = PARALLEL_PROCESS, .max_workers = 2), 2);
    ck_assert_ptr_eq(parallel_find(is_number, in, N, .executor = PARALLEL_PROCESS, .max_workers = 2), &in[1234]);
    ck_assert_ptr_eq(parallel_find_last(ask, in, N, .executor = PARALLEL_PROCESS, .max_workers = 2), &in[2345]);
    ck_assert_int_eq(parallel_all(ask_whether_not, in, N, .executor = PARALLEL_PROCESS, .max_workers = 2), 0);
    in[1235] = CRASHES;
    ck_assert_ptr_eq(parallel_find(ask, in, N, .executor = PARALLEL_PROCESS, .max_workers = 2), &in[1234]);
    in[1233] = CRASHES;
    ck_assert_ptr_null(parallel_find(ask, in, N, .executor = PARALLEL_PROCESS, .max_workers = 2));
    ck_assert_int_eq(errno, EOWNERDEAD);
    ck_assert_uint_eq(parallel_last_failure()->index, 1233);
    ck_assert_int_eq(parallel_last_failure()->state, PARALLEL_CRASHED);
    ck_assert_int_eq(parallel_count(ask, in, N, .executor = PARALLEL_PROCESS, .max_workers = 2, .silent = true), -1);
    ck_assert_int_eq(errno, EOWNERDEAD);
    ck_assert_int_eq(parallel_any(ask, in, N, .executor = PARALLEL_PROCESS, .max_workers = 2, .silent = true), 1);
}
END_TEST

/* ---- time, and giving up --------------------------------------------------------------------------------------- */

static int nap(const int *x, bool *result, void *extras)
{
    (void)extras;
    pl_test_sleep(2000);
    *result = *x == IS;
    return 0;
}
PARALLEL_DECORATE_TASK(nap, int, bool);

static bool is_after_a_nap(int x)
{
    pl_test_sleep(2000);
    return x == IS;
}
PARALLEL_DECORATE(is_after_a_nap, int, bool);

START_TEST(time_limits)
{
    memset(in, 0, sizeof in);
    double began = now();
    ck_assert_ptr_null(parallel_find(nap, in, N, .call_timeout = 0.03));
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_ptr_null(parallel_find_last(is_after_a_nap, in, N, .call_timeout = 0.03));
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_eq(parallel_count(is_after_a_nap, in, N, .call_timeout = 0.03), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_eq(parallel_any(is_after_a_nap, in, N, .call_timeout = 0.03), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_ptr_null(parallel_find(is_after_a_nap, in, N, .call_timeout = 1e-9));
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_eq(parallel_all(nap, in, N, .call_timeout = 0.03), 0); /* the first decides */
    ck_assert(now() - began < 1);
    in[2] = IS;
    ck_assert_ptr_eq(parallel_find(nap, in, N, .call_timeout = 100), &in[2]);
    in[3] = SLEEPS;
    ck_assert_ptr_eq(parallel_find(ask, in, N, .timeout = 0.05), &in[2]);
    in[1] = SLEEPS;
    ck_assert_ptr_null(parallel_find(ask, in, N, .timeout = 0.05));
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_uint_eq(parallel_last_failure()->index, 1);
}
END_TEST

/* What is found before all items in between have been looked at is not the first, whatever a call passes. */
START_TEST(time_that_is_over_is_not_passed)
{
    memset(in, 0, sizeof in);
    in[N - 10] = in[N - 1] = IS;
    ck_assert_ptr_null(
        parallel_find_last(nap, in + N - 10, 10, .call_timeout = 0.008, .max_workers = 1, .silent = true));
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_ptr_eq(parallel_last_failure()->arg, &in[N - 1]);
    ck_assert_int_eq(parallel_last_failure()->state, PARALLEL_NOT_RUN);
    in[N - 1] = FAILS;
    ck_assert_ptr_eq(parallel_find_last(ask, in + N - 10, 10, .call_timeout = 100, .silent = true), &in[N - 10]);
}
END_TEST

START_TEST(failures_name_items)
{
    memset(in, 0, sizeof in);
    ck_assert_int_eq(parallel_count(is_after_a_nap, in, N, .call_timeout = 0.03), -1);
    const parallel_failure *f = parallel_last_failure();
    ck_assert(f && f->code == ETIMEDOUT && f->index < N);
    ck_assert_ptr_eq(f->arg, &in[f->index]);
}
END_TEST

static atomic_int codes[6], ran;

static int search_long(const int *how, int *result, void *extras)
{
    (void)extras;
    count_one(&ran);
    errno = 0;
    *result = 0;
    bool failed = *how == 0   ? !parallel_find(is_after_a_nap, in, N)
                  : *how == 1 ? parallel_count(is_after_a_nap, in, N) == -1
                  : *how == 2 ? parallel_any(is_after_a_nap, in, N, .max_workers = 2) == -1
                  : *how == 3 ? parallel_count(is_after_a_nap, in, N, .call_timeout = 100) == -1
                  : *how == 4 ? !parallel_find(is_after_a_nap, in, N, .call_timeout = 100)
                              : !parallel_find_last(is_after_a_nap, in, N, .executor = PARALLEL_SERIAL);
    atomic_store_explicit(&codes[*how], failed ? errno : -1, memory_order_relaxed);
    return 0;
}
PARALLEL_DECORATE_TASK(search_long, int, int);

/* Each takes seconds, if nothing ends it. */
START_TEST(a_task_that_is_cancelled)
{
    int how = _i % 6;
    bool late = _i >= 6;
    memset(in, 0, sizeof in);
    parallel_executor *ex = parallel_async_map(search_long, &how, 1, .timeout = late ? 0.02 : 0);
    while (count_of(&ran) == 0)
        pl_test_sleep(1000);
    pl_test_sleep(10000);
    if (!late)
        parallel_cancel(ex);
    parallel_executor_free(ex);
    ck_assert_int_eq(count_of(&codes[how]), late ? ETIMEDOUT : ECANCELED);
}
END_TEST

static int count_when_cancelled(const int *is_plain, int *result, void *extras)
{
    (void)extras;
    *result = 0;
    count_one(&ran);
    while (!parallel_cancelled())
        pl_test_sleep(100);
    ptrdiff_t count = *is_plain ? parallel_count(is_after_a_nap, in, N) : parallel_count(nap, in, N);
    int code = count == -1 ? errno : -1;
    const parallel_failure *f = parallel_last_failure();
    bool is_named = f && f->code == code && f->state == PARALLEL_NOT_RUN && f->index < N && f->arg == &in[f->index];
    atomic_store_explicit(&codes[0], is_named ? code : -1, memory_order_relaxed);
    return 0;
}
PARALLEL_DECORATE_TASK(count_when_cancelled, int, int);

START_TEST(nothing_runs_in_a_task_that_was_cancelled_before)
{
    parallel_executor *ex = parallel_async_map(count_when_cancelled, &_i, 1);
    while (count_of(&ran) == 0)
        pl_test_sleep(1000);
    parallel_cancel(ex);
    parallel_executor_free(ex);
    ck_assert_int_eq(count_of(&codes[0]), ECANCELED);
}
END_TEST

/* ---- progress -------------------------------------------------------------------------------------------------- */

static size_t last_done, last_total, reports;

static void note_progress(size_t done, size_t total, void *data)
{
    ck_assert_ptr_eq(data, &reports);
    ck_assert(done >= last_done && done <= total);
    last_done = done;
    last_total = total;
    reports++;
}

static void check_progress(size_t least, size_t most)
{
    ck_assert_msg(last_done >= least && last_done <= most, "%zu", last_done);
    ck_assert_uint_eq(last_total, N);
    ck_assert_uint_gt(reports, 0);
    last_done = last_total = reports = 0;
}

#define WITH_PROGRESS .progress = note_progress, .progress_data = &reports

START_TEST(progress_as_far_as_it_came)
{
    memset(in, 0, sizeof in);
    ck_assert_int_eq(parallel_count(is_number, in, N, WITH_PROGRESS), 0);
    check_progress(N, N);
    ck_assert_int_eq(parallel_count(ask, in, N, WITH_PROGRESS), 0);
    check_progress(N, N);
    ck_assert_ptr_null(parallel_find(is_number, in, N, WITH_PROGRESS));
    check_progress(N, N);
    ck_assert_ptr_null(parallel_find_last(ask, in, N, WITH_PROGRESS));
    check_progress(N, N);
    ck_assert_int_eq(parallel_any(is_after_a_nap, in, N / 10, WITH_PROGRESS), 0); /* 0.6 s of work */
    ck_assert_uint_gt(reports, 1);
    ck_assert(last_done == N / 10 && last_total == N / 10);
    last_done = reports = 0;
    in[100] = IS;
    ck_assert_ptr_eq(parallel_find(ask, in, N, WITH_PROGRESS), in + 100);
    check_progress(101, 200);
    ck_assert_ptr_eq(parallel_find(is_number, in, N, WITH_PROGRESS), in + 100);
    check_progress(101, N - 1);
    ck_assert_ptr_null(parallel_find(is_number, in, 0, WITH_PROGRESS));
    ck_assert(reports == 1 && last_done == 0 && last_total == 0);
}
END_TEST

/* ---- what is wrong, and what is left behind --------------------------------------------------------------------- */

static void fail_before(void)
{
    in[0] = FAILS;
    ck_assert_int_eq(parallel_any(ask, in, N), -1);
    ck_assert_ptr_nonnull(parallel_last_failure());
    errno = EIO;
}

START_TEST(nothing_is_left_of_earlier_failures)
{
    memset(in, 0, sizeof in);
    for (size_t n = 0; n < N; n = n * 2 + 1) {
        fail_before();
        ck_assert_ptr_null(parallel_find(is_number, in, n));
        ck_assert(errno == 0 && !parallel_last_failure());
        fail_before();
        ck_assert_int_eq(parallel_count(is_number, in, n), 0);
        ck_assert_ptr_null(parallel_last_failure());
    }
    fail_before();
    ck_assert_int_eq(parallel_count_function(NULL, in, 3, NULL), -1);
    ck_assert_ptr_null(parallel_last_failure());
}
END_TEST

static int whole(int x)
{
    return x;
}
PARALLEL_DECORATE(whole, int, int);

#define CHECK_REFUSED(code, f, args, n, ...)                                                                           \
    do {                                                                                                               \
        parallel_options o = {.size = sizeof o, __VA_ARGS__};                                                          \
        errno = 0;                                                                                                     \
        ck_assert(parallel_count_function(f, args, n, &o) == -1 && errno == (code));                                   \
        errno = 0;                                                                                                     \
        ck_assert(!parallel_find_function(f, args, n, &o) && errno == (code));                                         \
        errno = 0;                                                                                                     \
        ck_assert(!parallel_find_last_function(f, args, n, &o) && errno == (code));                                    \
        errno = 0;                                                                                                     \
        ck_assert(parallel_any_function(f, args, n, &o) == -1 && errno == (code));                                     \
        errno = 0;                                                                                                     \
        ck_assert(parallel_all_function(f, args, n, &o) == -1 && errno == (code));                                     \
    } while (0)

static int ask_many(const int *x, size_t n, bool *results, void *extras)
{
    (void)extras;
    for (size_t i = 0; i < n; i++)
        results[i] = x[i] != 0;
    return 0;
}
PARALLEL_DECORATE_SPLIT(ask_many, int, bool);

START_TEST(what_is_wrong)
{
    const char *names[N] = {"a", "b", "c"};
    const parallel_function *f = &is_number__parallel, *task = &ask__parallel;
    parallel_function none = {.name = "none", .arg_size = 4, .result_size = 1};
    for (size_t n = 0; n < 4; n += 3) {
        CHECK_REFUSED(EINVAL, NULL, in, n, .max_workers = 2);
        CHECK_REFUSED(EINVAL, &none, in, n, .max_workers = 2);
        CHECK_REFUSED(EINVAL, &whole__parallel, in, n, .max_workers = 2);
        CHECK_REFUSED(EINVAL, &ask_many__parallel, in, n, .max_workers = 2);
        CHECK_REFUSED(EINVAL, f, in, n, .names = names);
        CHECK_REFUSED(EINVAL, task, in, n, .names = names);
        CHECK_REFUSED(EINVAL, f, in, n, .deferred = true);
        CHECK_REFUSED(EINVAL, task, in, n, .max_workers = -1);
        CHECK_REFUSED(EINVAL, f, in, n, .max_workers = -1);
        CHECK_REFUSED(ENOTSUP, f, in, n, .executor = PARALLEL_MPI);
        CHECK_REFUSED(ENOTSUP, task, in, n, .executor = PARALLEL_MPI);
    }
    CHECK_REFUSED(EINVAL, f, NULL, 3, .max_workers = 2);
    CHECK_REFUSED(EINVAL, task, NULL, 3, .max_workers = 2);
    CHECK_REFUSED(ENOMEM, f, in, SIZE_MAX / 4, .max_workers = 2);
    CHECK_REFUSED(ENOMEM, task, in, SIZE_MAX / 4, .max_workers = 2);
    CHECK_REFUSED(ENOMEM, f, in, SIZE_MAX, .max_workers = 2);
    memset(in, 0, sizeof in);
    ck_assert(parallel_count(is_number, in, SIZE_MAX / 4) == -1 && errno == ENOMEM);
    ck_assert_ptr_eq(parallel_find(is_number, (int *)NULL, 0), NULL);
    ck_assert(parallel_count(ask, (int *)NULL, 0) == 0 && parallel_all(is_number, (const int *)NULL, 0) == 1);
}
END_TEST

/* What is evaluated, and how often. */
START_TEST(arguments_are_evaluated_once)
{
    size_t n = 10;
    const int *p = in;
    memset(in, 0, sizeof in);
    in[9] = IS;
    ck_assert_ptr_eq(parallel_find(is_number, p++, n++), in + 9);
    ck_assert(p == in + 1 && n == 11);
    ck_assert_int_eq(parallel_count(ask, p--, n--, .max_workers = 2), 1);
    ck_assert(p == in && n == 10);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_set_timeout(c, 300);
    tcase_add_loop_test(c, as_the_loops, 0, SIZES);
    tcase_add_test(c, predicates_known_at_run_time);
    tcase_add_test(c, in_tasks);
    tcase_add_test(c, about_as_much_as_the_loop_looks_at);
    tcase_add_test(c, items_that_take_long);
    tcase_add_test(c, tasks_that_fail);
    tcase_add_test(c, neighbours_that_fail);
    tcase_add_test(c, failures_that_are_passed_over);
    tcase_add_test(c, tasks_that_are_tried_again);
    tcase_add_test(c, on_processes);
    tcase_add_test(c, time_limits);
    tcase_add_test(c, time_that_is_over_is_not_passed);
    tcase_add_test(c, failures_name_items);
    tcase_add_loop_test(c, nothing_runs_in_a_task_that_was_cancelled_before, 0, 2);
    tcase_add_loop_test(c, a_task_that_is_cancelled, 0, 12);
    tcase_add_test(c, progress_as_far_as_it_came);
    tcase_add_test(c, nothing_is_left_of_earlier_failures);
    tcase_add_test(c, what_is_wrong);
    tcase_add_test(c, arguments_are_evaluated_once);
    return pl_run("api/search", c);
}
