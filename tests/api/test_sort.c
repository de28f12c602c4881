/* SPDX-License-Identifier: MIT */
/* Sorts: each against a serial stable sort; with comparisons that are no order, the items at least. */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/bytes.h"
#include "support/jobs.h"
#include "support/ordered_bytes.h"
#include "support/sanitizers.h"

static const size_t sizes[] = {
    101,    127,     128,   255,    256,    257,  511,  513,   1000,  1021,
    1023,   1024,    1025,  2047,   2049,   4095, 4097, 10007, 65537,
#if !PL_TSAN /* they would take minutes */
    16384,  16385,   65535, 100003, 131072,
#endif
#if !PL_SANITIZED
    262147, 1000003,
#endif
};
enum { SIZES = sizeof sizes / sizeof sizes[0], FEW = 100 };

/* What the test sorts by: copies of so many bytes, and a comparison. */
typedef int compare(const void *a, const void *b);

/* A stable merge sort, with room for as many items. */
static void sort_serially(void *array, size_t n, size_t size, compare *is, void *room)
{
    unsigned char *v = array, *to = room;
    size_t half = n / 2, a = 0, b = half;
    if (n < 2)
        return;
    sort_serially(v, half, size, is, room);
    sort_serially(v + half * size, n - half, size, is, room);
    memcpy(to, v, n * size);
    for (size_t i = 0; i < n; i++) {
        bool right = a == half || (b < n && is(to + b * size, to + a * size) < 0);
        memcpy(v + i * size, to + (right ? b++ : a++) * size, size);
    }
}

/* ---- kinds of input -------------------------------------------------------------------------------------------- */

enum { RANDOM, FEW_KEYS, EQUAL, RISING, FALLING, PIPE, SWAPPED, TAIL, SAW, STEPS, PAIRS, TURNS, KINDS };

/* The key of item i of n. */
static uint64_t key_of(int kind, size_t i, size_t n, unsigned long long *seed)
{
    uint64_t random = pl_random(seed);
    switch (kind) {
    case FEW_KEYS:
        return random % 5;
    case EQUAL:
        return 7;
    case RISING:
        return i;
    case FALLING:
        return n - i;
    case PIPE:
        return i < n / 2 ? i : n - i;
    case SWAPPED:
        return random % 100 ? i : random % n;
    case TAIL:
        return i < n - n / 50 ? i : random % n;
    case SAW:
        return i % 1000;
    case STEPS:
        return i / 100 * 100 + (i % 100 ? 100 - i % 100 : 0);
    case PAIRS:
        return i ^ 1;
    case TURNS: /* two that rise take turns, as in what is bad for quicksorts by medians of three */
        return i < n / 2 && i % 2 ? i + n : i;
    default:
        return random >> 20;
    }
}

/* ---- items of all sizes ---------------------------------------------------------------------------------------- */

/* The first bytes are a key, most significant first; the others say where the item was. */
static void put_bytes(unsigned char *item, size_t bytes, uint64_t number)
{
    while (bytes-- > 0) {
        item[bytes] = (unsigned char)number;
        number >>= 8;
    }
}

static bool has_given_workers(int round, parallel_options *o)
{
    *o = (parallel_options){.max_workers = round > 1 ? round : 0,
                            .executor = round == 1 ? PARALLEL_SERIAL : PARALLEL_DEFAULT_EXECUTOR,
                            .grain = round == 3 ? 100 : 0};
    return round > 0;
}

/* Sorts as the loop would, in all ways. */
static void check(const parallel_order *order, const void *in, size_t n, int kind)
{
    size_t size = order->type_size;
    void *expected = some_room(n * size), *room = some_room(n * size), *out = some_room(n * size);
    parallel_order plain = {.size = sizeof plain, .call = order->call, .type_size = size};
    memcpy(expected, in, n * size);
    sort_serially(expected, n, size, order->call, room);
    for (int round = 0; round < 4; round++) {
        parallel_options o;
        const parallel_options *options = has_given_workers(round, &o) ? &o : NULL;
        for (int way = 0; way < 3; way++) {
            memcpy(out, in, n * size);
            int result = way == 0   ? parallel_sort_items(order, out, n, options)
                         : way == 1 ? parallel_sort_items(&plain, out, n, options)
                                    : parallel_sort_function(out, n, size, order->call, options);
            ck_assert_int_eq(result, 0);
            ck_assert_msg(memcmp(out, expected, n * size) == 0, "%s, n = %zu, kind %d, round %d, way %d", order->name,
                          n, kind, round, way);
        }
        PARALLEL_SCOPED parallel_results *r = parallel_sorted_function(order, in, n, options);
        ck_assert(r && parallel_length(r) == n);
        ck_assert_msg(n == 0 || memcmp(parallel_values(r), expected, n * size) == 0, "copy: %s, n = %zu, kind %d",
                      order->name, n, kind);
    }
    free(expected);
    free(room);
    free(out);
}

#define OF_BYTES(width, key_width)                                                                                     \
    ORDERED_BYTES(width, key_width)                                                                                    \
    static void check##width(size_t n, int kind)                                                                       \
    {                                                                                                                  \
        unsigned long long seed = n + 1;                                                                               \
        struct bytes##width *in = some_room(n * sizeof *in);                                                           \
        for (size_t i = 0; i < n; i++) {                                                                               \
            put_bytes(in[i].of, key_width, key_of(kind, i, n, &seed));                                                 \
            put_bytes(in[i].of + (key_width), (width) - (key_width), i);                                               \
        }                                                                                                              \
        check(&compare##width##__parallel_order, in, n, kind);                                                         \
        free(in);                                                                                                      \
    }
OF_BYTES(1, 1)
OF_BYTES(2, 1)
OF_BYTES(3, 1)
OF_BYTES(5, 2)
OF_BYTES(7, 3)
OF_BYTES(12, 4)
OF_BYTES(24, 4)
OF_BYTES(200, 3)
OF_BYTES(300, 3)

struct pair {
    int key, index;
};
static bool is_less(const struct pair *a, const struct pair *b)
{
    return a->key < b->key;
}
PARALLEL_DECORATE_ORDER(is_less, struct pair);

/* As for qsort(). */
static int compare_ints(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}
PARALLEL_DECORATE_ORDER(compare_ints, int);

struct record {
    uint64_t key, index;
};
static int compare_records(const struct record *a, const struct record *b)
{
    return a->key < b->key ? -3 : a->key > b->key;
}
PARALLEL_DECORATE_ORDER(compare_records, struct record);

static void check_usual(size_t n, int kind)
{
    unsigned long long seed = n + 1;
    struct pair *pairs = some_room(n * sizeof *pairs);
    struct record *records = some_room(n * sizeof *records);
    int *ints = some_room(n * sizeof *ints);
    for (size_t i = 0; i < n; i++) {
        uint64_t key = key_of(kind, i, n, &seed);
        ints[i] = (int)key;
        pairs[i] = (struct pair){(int)(key & 0xffff), (int)i};
        records[i] = (struct record){key, i};
    }
    check(&is_less__parallel_order, pairs, n, kind);
    check(&compare_ints__parallel_order, ints, n, kind);
    check(&compare_records__parallel_order, records, n, kind);
    free(pairs);
    free(records);
    free(ints);
}

START_TEST(few_items)
{
    for (size_t n = 0; n <= FEW; n += PL_TSAN ? 13 : 1) {
        check_usual(n, _i);
        check1(n, _i);
        check2(n, _i);
        check3(n, _i);
        check5(n, _i);
        check7(n, _i);
        check12(n, _i);
        check24(n, _i);
        check200(n, _i);
    }
}
END_TEST

START_TEST(many_items)
{
    size_t n = sizes[_i];
    for (int kind = 0; kind < KINDS; kind++) {
        if (n > 200000 && kind != RANDOM && kind != FEW_KEYS && kind != SWAPPED && kind != TAIL)
            continue;
        check_usual(n, kind);
        if (n < 200000 && kind <= FEW_KEYS) {
            check1(n, kind);
            check3(n, kind);
            check24(n, kind);
        }
        if (n < 20000 && kind <= FEW_KEYS)
            check200(n, kind);
        if (n < 20000 && kind <= FEW_KEYS)
            check300(n, kind);
    }
}
END_TEST

/* Items that want to be aligned to more than anything else is. */
struct aligned {
    _Alignas(256) int key;
    int index;
};
static int compare_aligned(const struct aligned *a, const struct aligned *b)
{
    bool right = (uintptr_t)a % 256 == 0 && (uintptr_t)b % 256 == 0;
    return !right ? -1 : (a->key > b->key) - (a->key < b->key);
}
PARALLEL_DECORATE_ORDER(compare_aligned, struct aligned);

START_TEST(aligned_items)
{
    for (size_t n = 1; n < 10000; n = 3 * n + 1) {
        unsigned long long seed = n;
        struct aligned *items = aligned_alloc(256, n * sizeof *items);
        for (size_t i = 0; i < n; i++) {
            memset(&items[i], 0, sizeof items[i]);
            items[i].key = (int)(pl_random(&seed) % 1000);
            items[i].index = (int)i;
        }
        ck_assert_int_eq(parallel_sort(compare_aligned, items, n), 0);
        for (size_t i = 1; i < n; i++)
            ck_assert(items[i - 1].key < items[i].key ||
                      (items[i - 1].key == items[i].key && items[i - 1].index < items[i].index));
        free(items);
    }
}
END_TEST

/* ---- words ----------------------------------------------------------------------------------------------------- */

/* NaN, whatever their sign, come last, in their order; zeros keep theirs. */
START_TEST(numbers_with_nan)
{
    static double in[30011], out[30011];
    for (size_t n = 0; n < 30011; n = n < 40 ? n + 1 : 2 * n + 1) {
        unsigned long long seed = n + 1;
        for (size_t i = 0; i < n; i++) {
            uint64_t random = pl_random(&seed);
            in[i] = random % 7 == 0   ? (random % 2 ? NAN : -NAN)
                    : random % 7 == 1 ? (random % 2 ? 0.0 : -0.0)
                                      : (double)(random % 1000) - 500;
        }
        for (int down = 0; down < 2; down++) {
            static double expected[30011], room[30011];
            memcpy(out, in, sizeof out);
            memcpy(expected, in, sizeof out);
            if (n)
                sort_serially(expected, n, sizeof *in, parallel_word_orders[down][PARALLEL_F64_].call, room);
            int result = down ? parallel_sort(PARALLEL_DESCENDING, out, n) : parallel_sort(PARALLEL_ASCENDING, out, n);
            ck_assert_int_eq(result, 0);
            ck_assert_msg(memcmp(out, expected, n * sizeof *in) == 0, "n = %zu, down %d", n, down);
        }
    }
}
END_TEST

#define CHECK_WORD(type)                                                                                               \
    do {                                                                                                               \
        type *x = random_bytes(N * sizeof *x);                                                                         \
        ck_assert_int_eq(parallel_sort(PARALLEL_ASCENDING, x, N), 0);                                                  \
        for (size_t i = 1; i < N; i++)                                                                                 \
            ck_assert(x[i - 1] <= x[i]);                                                                               \
        PARALLEL_SCOPED parallel_results *r = parallel_sorted(PARALLEL_DESCENDING, (const type *)x, N);                \
        ck_assert_ptr_nonnull(r);                                                                                      \
        const type *y = parallel_values(r);                                                                            \
        for (size_t i = 0; i < N; i++)                                                                                 \
            ck_assert(y[i] == x[N - 1 - i]);                                                                           \
        free(x);                                                                                                       \
    } while (0)

START_TEST(words_of_integers)
{
    enum { N = 20011 };
    CHECK_WORD(int8_t);
    CHECK_WORD(int16_t);
    CHECK_WORD(int32_t);
    CHECK_WORD(int64_t);
    CHECK_WORD(uint8_t);
    CHECK_WORD(uint16_t);
    CHECK_WORD(uint32_t);
    CHECK_WORD(uint64_t);
}
END_TEST

/* ---- comparisons that are no order ----------------------------------------------------------------------------- */

static _Thread_local unsigned long long lie = 1;

static int lie_randomly(const int *a, const int *b)
{
    ck_assert(a && b && *a >= 0 && *b >= 0);
    return (int)(pl_random(&lie) % 3) - 1;
}
static int lie_always(const int *a, const int *b)
{
    return *a < 0 || *b < 0 ? 0 : -1;
}
static int lie_never(const int *a, const int *b)
{
    return *a < 0 || *b < 0 ? 0 : 1;
}
static int lie_in_circles(const int *a, const int *b)
{
    return (*a - *b + 3) % 3 == 1 ? -1 : 1;
}
static int lie_now_and_then(const int *a, const int *b)
{
    return pl_random(&lie) % 64 ? (*a > *b) - (*a < *b) : -1;
}
PARALLEL_DECORATE_ORDER(lie_randomly, int);
PARALLEL_DECORATE_ORDER(lie_always, int);
PARALLEL_DECORATE_ORDER(lie_never, int);
PARALLEL_DECORATE_ORDER(lie_in_circles, int);
PARALLEL_DECORATE_ORDER(lie_now_and_then, int);

static const parallel_order *const lies[] = {&lie_randomly__parallel_order, &lie_always__parallel_order,
                                             &lie_never__parallel_order, &lie_in_circles__parallel_order,
                                             &lie_now_and_then__parallel_order};
enum { LIES = sizeof lies / sizeof lies[0] };

/* Whether they are 0 to n - 1, in any order. */
static bool is_permutation(const int *items, size_t n)
{
    bool *seen = calloc(n + 1, sizeof *seen), well = true;
    for (size_t i = 0; i < n; i++) {
        well &= items[i] >= 0 && (size_t)items[i] < n && !seen[items[i]];
        if (well)
            seen[items[i]] = true;
    }
    free(seen);
    return well;
}

/* Items 0 to n - 1: in an order that is random, or rises. */
static int *some_items(size_t n, bool rising)
{
    int *items = some_room(n * sizeof *items);
    unsigned long long seed = n + 1;
    for (size_t i = 0; i < n; i++)
        items[i] = (int)i;
    for (size_t i = n; i > 1 && !rising; i--) {
        size_t k = pl_random(&seed) % i;
        int item = items[i - 1];
        items[i - 1] = items[k];
        items[k] = item;
    }
    return items;
}

START_TEST(comparisons_that_lie)
{
    for (size_t k = 0; k < FEW + 20; k++) {
        size_t n = k < FEW ? k : k < FEW + SIZES - 1 ? sizes[k - FEW] : 3000;
        int *items = some_items(n, k % 3 == 0);
        ck_assert_int_eq(parallel_sort_items(lies[_i], items, n, NULL), 0);
        ck_assert_msg(is_permutation(items, n), "%s, n = %zu", lies[_i]->name, n);
        parallel_order plain = {.size = sizeof plain, .call = lies[_i]->call, .type_size = sizeof(int)};
        ck_assert_int_eq(parallel_sort_items(&plain, items, n, &(parallel_options){.max_workers = 3}), 0);
        ck_assert_msg(is_permutation(items, n), "%s, n = %zu", lies[_i]->name, n);
        free(items);
    }
}
END_TEST

/* ---- how much is compared ---------------------------------------------------------------------------------------- */

static size_t comparisons;

static bool is_less_counted(const int *a, const int *b)
{
    comparisons++;
    return *a < *b;
}
PARALLEL_DECORATE_ORDER(is_less_counted, int);

/* What is in order nearly, once a few neighbours are, is merged: by half of the comparisons that it takes to divide it
 * time and again. */
START_TEST(nearly_in_order)
{
    enum { N = 50000 };
    int *items = some_room(N * sizeof *items);
    unsigned long long seed = 1;
    for (size_t i = 0; i < N; i++)
        items[i] = (int)key_of(_i == 0 ? PAIRS : TURNS, i, N, &seed);
    comparisons = 0;
    ck_assert_int_eq(parallel_sort(is_less_counted, items, N, .executor = PARALLEL_SERIAL), 0);
    ck_assert_msg(comparisons < 9 * (size_t)N, "%zu comparisons", comparisons);
    for (size_t i = 1; i < N; i++)
        ck_assert_int_lt(items[i - 1], items[i]);
    free(items);
}
END_TEST

/* ---- input that is bad for a sort with such pivots ------------------------------------------------------------- */

/* McIlroy, "A killer adversary for quicksort", 1999: the comparison decides what items are as it goes, so that each
 * pivot is a bad one. */
static int *values, solid, candidate;
static size_t comparisons;

static int compare_badly(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    comparisons++;
    if (values[x] == INT_MAX && values[y] == INT_MAX)
        values[x == candidate ? x : y] = solid++;
    if (values[x] == INT_MAX)
        candidate = x;
    else if (values[y] == INT_MAX)
        candidate = y;
    return (values[x] > values[y]) - (values[x] < values[y]);
}

START_TEST(an_adversary)
{
    enum { N = 30000 };
    int *items = some_items(N, false), *again = some_items(N, false);
    values = malloc(N * sizeof *values);
    for (int i = 0; i < N; i++)
        values[i] = INT_MAX;
    parallel_options alone = {.max_workers = 1};
    ck_assert_int_eq(parallel_sort_function(items, N, sizeof *items, compare_badly, &alone), 0);
    ck_assert(is_permutation(items, N));
    comparisons = 0;
    ck_assert_int_eq(parallel_sort_function(again, N, sizeof *again, compare_badly, &alone), 0);
    ck_assert_int_eq(memcmp(items, again, sizeof *items * N), 0);
    ck_assert_uint_lt(comparisons, (size_t)N * 15 * 8);
    free(items);
    free(again);
    free(values);
}
END_TEST

/* ---- options --------------------------------------------------------------------------------------------------- */

enum { MANY = 50000 };

static size_t reported, total_reported;

static void note_progress(size_t done, size_t total, void *data)
{
    (void)data;
    ck_assert_uint_ge(done, reported);
    reported = done;
    total_reported = total;
}

START_TEST(progress)
{
    static const size_t few[] = {0, 1, 10, 1000, MANY};
    for (int rising = 0; rising < 2; rising++) {
        for (size_t k = 0; k < sizeof few / sizeof few[0]; k++) {
            int *items = some_items(few[k], rising);
            reported = total_reported = 0;
            ck_assert_int_eq(parallel_sort(compare_ints, items, few[k], .progress = note_progress), 0);
            ck_assert(few[k] == 0 || (reported == few[k] && total_reported == few[k]));
            free(items);
        }
    }
}
END_TEST

START_TEST(options)
{
    int few[] = {3, 1, 2};
    const char *const names[] = {"a", "b", "c"};
    const parallel_order *order = &compare_ints__parallel_order;
    const parallel_options wrong[] = {{.names = names}, {.extras = few},    {.timeout = 1},
                                      {.retries = 1},   {.deferred = true}, {.max_workers = -1}};
    parallel_order bad = *order;
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        for (size_t n = 0; n < 4; n += 3) {
            errno = 0;
            ck_assert_msg(parallel_sort_items(order, few, n, &wrong[k]) == -1 && errno == EINVAL, "%zu of %zu", k, n);
            errno = 0;
            ck_assert(!parallel_sorted_function(order, few, n, &wrong[k]) && errno == EINVAL);
            errno = 0;
            ck_assert(!parallel_distinct_function(order, few, n, &wrong[k]) && errno == EINVAL);
        }
    }
    errno = 0;
    ck_assert(parallel_sort(compare_ints, few, 3, .executor = PARALLEL_PROCESS) == -1 && errno == ENOTSUP);
    ck_assert(few[0] == 3 && few[1] == 1 && few[2] == 2);
    bad.call = NULL;
    ck_assert(parallel_sort_items(&bad, few, 3, NULL) == -1 && errno == EINVAL);
    ck_assert(parallel_sort_items(NULL, few, 3, NULL) == -1 && errno == EINVAL);
    ck_assert(parallel_sort_items(order, NULL, 3, NULL) == -1 && errno == EINVAL);
    ck_assert(parallel_sort_function(few, 3, 0, compare_ints, NULL) == -1 && errno == EINVAL);
    ck_assert(parallel_sort_function(few, 3, 4, NULL, NULL) == -1 && errno == EINVAL);
    errno = 0;
    ck_assert(parallel_sort_function(few, SIZE_MAX / 2, 4, compare_ints, NULL) == -1 && errno == ENOMEM);
    parallel_pool *pool = parallel_pool_new(3);
    int *items = some_items(MANY, false);
    ck_assert_int_eq(parallel_sort(compare_ints, items, MANY, .pool = pool, .silent = true), 0);
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(items[i], i);
    free(items);
    parallel_pool_free(pool);
}
END_TEST

/* ---- ends ------------------------------------------------------------------------------------------------------ */

static atomic_int compared;

static bool is_less_slowly(const int *a, const int *b)
{
    count_one(&compared);
    pl_test_sleep(20);
    return *a < *b;
}
PARALLEL_DECORATE_ORDER(is_less_slowly, int);

START_TEST(a_call_ends_in_time)
{
    static const size_t some[] = {300, 5000, MANY};
    bool rising = _i >= 3; /* then there is little to compare */
    size_t n = rising ? MANY : some[_i];
    int *items = some_items(n, rising);
    double began = now();
    errno = 0;
    ck_assert_int_eq(parallel_sort(is_less_slowly, items, n, .call_timeout = 0.01), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert(now() - began < 20 && is_permutation(items, n));
    errno = 0;
    ck_assert(!parallel_sorted(is_less_slowly, items, n, .call_timeout = 0.01) && errno == ETIMEDOUT);
    errno = 0;
    ck_assert(!parallel_distinct(is_less_slowly, items, n, .call_timeout = 0.01) && errno == ETIMEDOUT);
    ck_assert(is_permutation(items, n));
    free(items);
}
END_TEST

/* What is nearly in order, and merged: it is looked at the time in runs that are made, too. */
START_TEST(what_is_nearly_in_order_ends_in_time)
{
    enum { N = 40000 };
    int *items = some_items(N, true), before = count_of(&compared);
    for (int i = 0; i < N; i++)
        items[i] = i ^ 1;
    errno = 0;
    ck_assert_int_eq(parallel_sort(is_less_slowly, items, N, .call_timeout = 0.01, .max_workers = 1), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_lt(count_of(&compared) - before, N);
    ck_assert(is_permutation(items, N));
    free(items);
}
END_TEST

static int *to_sort;
static atomic_int code;

static int sort_long(const size_t *n, int *result, void *extras)
{
    (void)extras;
    *result = 0;
    count_one(&begun);
    int failed = parallel_sort(is_less_slowly, to_sort, *n);
    atomic_store_explicit(&code, failed ? errno : -1, memory_order_relaxed);
    return 0;
}
PARALLEL_DECORATE_TASK(sort_long, size_t, int);

/* Each takes seconds, if nothing ends it; it is ended after so many comparisons. */
START_TEST(a_task_that_is_cancelled)
{
    static const size_t some[] = {5000, MANY};
    size_t n = some[_i % 2];
    int after = 1 << (_i / 2);
    to_sort = some_items(n, false);
    parallel_executor *ex = parallel_async_map(sort_long, &n, 1);
    while (count_of(&compared) < after)
        pl_test_sleep(100);
    parallel_cancel(ex);
    parallel_executor_free(ex);
    ck_assert_int_eq(count_of(&code), ECANCELED);
    ck_assert(is_permutation(to_sort, n));
    free(to_sort);
}
END_TEST

static int sort_in_task(int seed)
{
    size_t n = 1000 + (size_t)seed * 997;
    int *items = some_items(n, seed % 4 == 0), well = parallel_sort(compare_ints, items, n) == 0;
    for (size_t i = 0; i < n; i++)
        well &= items[i] == (int)i;
    free(items);
    return well;
}
PARALLEL_DECORATE(sort_in_task, int, int);

START_TEST(sorts_in_tasks)
{
    int seeds[40], well[40];
    for (int i = 0; i < 40; i++)
        seeds[i] = i;
    ck_assert_int_eq(parallel_map_into(sort_in_task, seeds, 40, well, .max_workers = 4), 0);
    for (int i = 0; i < 40; i++)
        ck_assert_msg(well[i], "task %d", i);
}
END_TEST

static pthread_t sorter;
static size_t compared_here, last_comparison;

/* The thread that has made the call ends in the midst of it. */
static int compare_and_end(const int *a, const int *b)
{
    if (pthread_equal(pthread_self(), sorter) && ++compared_here == last_comparison)
        pthread_exit(NULL);
    return (*a > *b) - (*a < *b);
}
PARALLEL_DECORATE_ORDER(compare_and_end, int);

static void *sort_and_end(void *n)
{
    sorter = pthread_self();
    compared_here = 0;
    parallel_sort(compare_and_end, to_sort, *(size_t *)n);
    return n;
}

static const size_t ends[] = {3, 8, 13, 20, 32, 200, 3000, MANY};

START_TEST(a_thread_that_ends)
{
    size_t n = ends[_i];
    bool ended = true;
    for (last_comparison = 1; ended && !PL_SANITIZED; last_comparison += last_comparison / 2 + 1) {
        pthread_t thread;
        void *result;
        to_sort = some_items(n, false);
        ck_assert_int_eq(pthread_create(&thread, NULL, sort_and_end, &n), 0);
        pthread_join(thread, &result);
        ended = result != &n;
        ck_assert_msg(is_permutation(to_sort, n), "n = %zu, comparison %zu", n, last_comparison);
        free(to_sort);
    }
}
END_TEST

/* The process can have no more memory. */
static bool limit_memory(struct rlimit *before)
{
    FILE *f = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;
    bool known = f && fscanf(f, "%lu", &pages) == 1 && getrlimit(RLIMIT_AS, before) == 0;
    if (f)
        fclose(f);
    struct rlimit now = {pages * (rlim_t)sysconf(_SC_PAGESIZE), known ? before->rlim_max : 0};
    return known && setrlimit(RLIMIT_AS, &now) == 0;
}

START_TEST(no_memory)
{
    static const size_t some[] = {1000003, 5000011};
    for (int k = 0; k < 2 && !PL_SANITIZED; k++) {
        size_t n = some[k];
        struct rlimit before;
        int *items = some_items(n, false), failed = 0, codes_of[3] = {0};
        if (!limit_memory(&before))
            continue;
        errno = 0;
        failed += parallel_sort(compare_ints, items, n) == -1;
        codes_of[0] = errno;
        errno = 0;
        failed += !parallel_sorted(compare_ints, items, n);
        codes_of[1] = errno;
        errno = 0;
        failed += !parallel_distinct(compare_ints, items, n);
        codes_of[2] = errno;
        setrlimit(RLIMIT_AS, &before);
        ck_assert(failed == 3 && codes_of[0] == ENOMEM && codes_of[1] == ENOMEM && codes_of[2] == ENOMEM);
        ck_assert(is_permutation(items, n));
        ck_assert_int_eq(parallel_sort(compare_ints, items, n), 0);
        ck_assert(items[0] == 0 && items[n - 1] == (int)n - 1);
        free(items);
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_set_timeout(c, 200);
    tcase_add_loop_test(c, few_items, 0, KINDS);
    tcase_add_loop_test(c, many_items, 0, SIZES);
    tcase_add_loop_test(c, nearly_in_order, 0, 2);
    tcase_add_test(c, aligned_items);
    tcase_add_test(c, numbers_with_nan);
    tcase_add_test(c, words_of_integers);
    tcase_add_loop_test(c, comparisons_that_lie, 0, LIES);
    tcase_add_test(c, an_adversary);
    tcase_add_test(c, progress);
    tcase_add_test(c, options);
    tcase_add_loop_test(c, a_call_ends_in_time, 0, 4);
    tcase_add_test(c, what_is_nearly_in_order_ends_in_time);
    tcase_add_loop_test(c, a_task_that_is_cancelled, 0, 30);
    tcase_add_test(c, sorts_in_tasks);
    tcase_add_loop_test(c, a_thread_that_ends, 0, sizeof ends / sizeof ends[0]);
    tcase_add_test(c, no_memory);
    return pl_run("api/sort", c);
}
