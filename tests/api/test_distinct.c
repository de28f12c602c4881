/* SPDX-License-Identifier: MIT */
/* The first of each kind: of numbers of all types, and of items of all sizes by comparing, against what qsort()
 * finds. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/bytes.h"
#include "support/ordered_bytes.h"
#include "support/sanitizers.h"

#include <parallel.h>

typedef int comparison(const void *a, const void *b);

static comparison *by_kind;

static int compare_places(const void *a, const void *b)
{
    const unsigned char *x = *(unsigned char *const *)a, *y = *(unsigned char *const *)b;
    return by_kind(x, y) < 0 ? -1 : by_kind(y, x) < 0 ? 1 : (x > y) - (x < y);
}

static int compare_addresses(const void *a, const void *b)
{
    const unsigned char *x = *(unsigned char *const *)a, *y = *(unsigned char *const *)b;
    return (x > y) - (x < y);
}

/* Those of n items, in order, that are not the same as one before; how many. */
static size_t find_kinds(const unsigned char *in, size_t n, size_t size, comparison *compare, unsigned char *out)
{
    const unsigned char **places = some_room(n * sizeof *places);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        places[i] = in + i * size;
    by_kind = compare;
    qsort(places, n, sizeof *places, compare_places);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || compare(places[kept - 1], places[i]) < 0)
            places[kept++] = places[i];
    qsort(places, kept, sizeof *places, compare_addresses);
    for (size_t i = 0; i < kept; i++)
        memcpy(out + i * size, places[i], size);
    free(places);
    return kept;
}

static void check_distinct(const parallel_order *order, const void *in, size_t n)
{
    size_t size = order->type_size;
    unsigned char *expected = some_room(n * size);
    size_t kept = find_kinds(in, n, size, order->call, expected);
    for (int workers = 0; workers < 4; workers++) {
        parallel_options o = {.max_workers = workers, .call_timeout = workers == 3 ? 1e6 : 0};
        PARALLEL_SCOPED parallel_results *r = parallel_distinct_function(order, in, n, workers ? &o : NULL);
        ck_assert_ptr_nonnull(r);
        ck_assert_msg(parallel_length(r) == kept, "%s, n = %zu, %d workers: %zu, not %zu", order->name, n, workers,
                      parallel_length(r), kept);
        ck_assert_msg(kept == 0 || memcmp(parallel_values(r), expected, kept * size) == 0, "%s, n = %zu, %d workers",
                      order->name, n, workers);
    }
    free(expected);
}

static const size_t sizes[] = {
    255,     256, 257, 300, 1000, 2047, 2048, 2049, 3000, 4097, 16384, 16385, 50000,
#if !PL_TSAN /* they would take minutes */
    300007,
#endif
#if !PL_SANITIZED
    2100000,
#endif
};
enum { SIZES = sizeof sizes / sizeof sizes[0], FEW = 70, MANY = 100000 /* of one range in three */ };

static size_t size_of_test(size_t k)
{
    return k < FEW ? k : sizes[k - FEW];
}

/* How many values there are: about so many, or all of them. */
static const uint64_t ranges[] = {1, 2, 5, 1000, 3000, 70000, UINT64_MAX};
enum { RANGES = sizeof ranges / sizeof ranges[0] };

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

/* -0.0 is 0.0, and any NaN is any other: of floating numbers there are some. */
#define CHECK_NUMBERS(type, name, value)                                                                               \
    static void check_##name(size_t n, uint64_t range)                                                                 \
    {                                                                                                                  \
        unsigned long long seed = n + range;                                                                           \
        type *in = some_room(n * sizeof *in);                                                                          \
        for (size_t i = 0; i < n; i++) {                                                                               \
            uint64_t random = pl_random(&seed), r = (random >> 11) % range;                                            \
            in[i] = value;                                                                                             \
            (void)random;                                                                                              \
        }                                                                                                              \
        check_distinct(PARALLEL_ORDER_OF_(PARALLEL_ASCENDING, in), in, n);                                             \
        if (n % 7 == 0)                                                                                                \
            check_distinct(PARALLEL_ORDER_OF_(PARALLEL_DESCENDING, in), in, n);                                        \
        free(in);                                                                                                      \
    }

#define SPECIAL(type, random, value)                                                                                   \
    (random % 9 == 0   ? (type)(random & 64 ? NAN : -NAN)                                                              \
     : random % 9 == 1 ? (type)(random & 64 ? 0.0 : -0.0)                                                              \
     : random % 9 == 2 ? (type)INFINITY                                                                                \
                       : (value))

CHECK_NUMBERS(bool, bool, r & 1)
CHECK_NUMBERS(int8_t, int8, (int8_t)r)
CHECK_NUMBERS(uint16_t, uint16, (uint16_t)r)
CHECK_NUMBERS(int, int, (int)(unsigned)r)
CHECK_NUMBERS(uint32_t, uint32, (uint32_t)(r * 2654435761u))
CHECK_NUMBERS(int64_t, int64, (int64_t)r)
CHECK_NUMBERS(uint64_t, uint64, r << 40 | r >> 24)
CHECK_NUMBERS(float, float, SPECIAL(float, random, (float)r))
CHECK_NUMBERS(double, double, SPECIAL(double, random, (double)r / 3))
CHECK_NUMBERS(long double, long_double, (long double)(r + 1))

START_TEST(numbers)
{
    for (size_t k = 0; k < FEW + SIZES; k++) {
        size_t n = size_of_test(k);
        if (n > MANY && _i % 3)
            continue;
        check_int(n, ranges[_i]);
        check_double(n, ranges[_i]);
        if (n > 400000)
            continue;
        check_bool(n, ranges[_i]);
        check_int8(n, ranges[_i]);
        check_uint16(n, ranges[_i]);
        check_uint32(n, ranges[_i]);
        check_int64(n, ranges[_i]);
        check_uint64(n, ranges[_i]);
        check_float(n, ranges[_i]);
        check_long_double(n < 5000 ? n : 5000, ranges[_i]);
    }
}
END_TEST

/* Runs of one value, and then many others; or the other way round: what a block looks up changes on the way. */
START_TEST(numbers_that_change)
{
    enum { N = 200000 };
    uint64_t *in = some_room(N * sizeof *in);
    for (size_t i = 0; i < N; i++)
        in[i] = _i == 0   ? (i % 20000 < 10000 ? i % 3 : i)
                : _i == 1 ? i / 50
                : _i == 2 ? (i < N / 2 ? i : i % 100)
                          : N - i;
    check_distinct(PARALLEL_ORDER_OF_(PARALLEL_ASCENDING, in), in, N);
    free(in);
}
END_TEST

/* The inverse of an odd number, modulo 2^64 (Newton's method). */
static uint64_t inverse(uint64_t odd)
{
    uint64_t x = odd;
    for (int k = 0; k < 6; k++)
        x *= 2 - odd * x;
    return x;
}

/* Numbers whose hashes, in distinct_numbers.c, differ in what no table looks at: they are told apart all the same. */
START_TEST(numbers_of_one_hash)
{
    enum { N = 60000 };
    uint64_t *in = some_room(N * sizeof *in);
    for (size_t i = 0; i < N; i++) {
        uint64_t x = (i % (N / 2)) * inverse(UINT64_C(0x9E3779B97F4A7C15));
        x ^= x >> 29 ^ x >> 58;
        x *= inverse(UINT64_C(0xBF58476D1CE4E5B9));
        in[i] = x ^ x >> 32;
    }
    check_distinct(PARALLEL_ORDER_OF_(PARALLEL_ASCENDING, in), in, N);
    free(in);
}
END_TEST

/* ---- items ------------------------------------------------------------------------------------------------------- */

/* Of as many bytes as there are, a key, and the number of the item. */
#define OF_BYTES(width, key_width)                                                                                     \
    ORDERED_BYTES(width, key_width)                                                                                    \
    static void check##width(size_t n, uint64_t range)                                                                 \
    {                                                                                                                  \
        unsigned long long seed = n + range;                                                                           \
        struct bytes##width *in = some_room(n * sizeof *in);                                                           \
        for (size_t i = 0; i < n; i++) {                                                                               \
            uint64_t key = (pl_random(&seed) >> 11) % range;                                                           \
            for (size_t at = 0; at < (width); at++)                                                                    \
                in[i].of[at] = (unsigned char)(at < (key_width) ? key >> 8 * at : i >> 8 * (at - (key_width)) % 32);   \
        }                                                                                                              \
        check_distinct(&compare##width##__parallel_order, in, n);                                                      \
        free(in);                                                                                                      \
    }
OF_BYTES(1, 1)
OF_BYTES(2, 1)
OF_BYTES(3, 2)
OF_BYTES(4, 2)
OF_BYTES(8, 4)
OF_BYTES(12, 4)
OF_BYTES(16, 8)
OF_BYTES(17, 4)
OF_BYTES(24, 8)
OF_BYTES(100, 8)

/* They are as aligned as they are to be, in copies, too. */
struct aligned {
    _Alignas(16) uint32_t key;
    uint32_t index;
};
static int compare_aligned(const struct aligned *a, const struct aligned *b)
{
    bool right = (uintptr_t)a % 16 == 0 && (uintptr_t)b % 16 == 0;
    return !right ? -1 : (a->key > b->key) - (a->key < b->key);
}
PARALLEL_DECORATE_ORDER(compare_aligned, struct aligned);

static void check_aligned(size_t n, uint64_t range)
{
    unsigned long long seed = n;
    struct aligned *in = aligned_alloc(16, (n + 1) * sizeof *in);
    memset(in, 0, n * sizeof *in);
    for (size_t i = 0; i < n; i++) {
        in[i].key = (uint32_t)((pl_random(&seed) >> 11) % range);
        in[i].index = (uint32_t)i;
    }
    check_distinct(&compare_aligned__parallel_order, in, n);
    free(in);
}

START_TEST(items)
{
    for (size_t k = 0; k < FEW + SIZES; k++) {
        size_t n = size_of_test(k);
        if (n > MANY && (n > 400000 || _i % 3))
            continue;
        check1(n, ranges[_i]);
        check2(n, ranges[_i]);
        check3(n, ranges[_i]);
        check4(n, ranges[_i]);
        check8(n, ranges[_i]);
        check12(n, ranges[_i]);
        check16(n, ranges[_i]);
        check17(n, ranges[_i]);
        check24(n, ranges[_i]);
        check100(n, ranges[_i]);
        check_aligned(n, ranges[_i]);
    }
}
END_TEST

/* ---- by a loop --------------------------------------------------------------------------------------------------- */

struct pair {
    int key, index;
};
static bool is_less(const struct pair *a, const struct pair *b)
{
    return a->key < b->key;
}
PARALLEL_DECORATE_ORDER(is_less, struct pair);

/* What the loop keeps, of items by an inlined comparison, and by an order without functions of its own. */
START_TEST(pairs)
{
    for (size_t k = 0; k < FEW + SIZES; k++) {
        size_t n = size_of_test(k), m = 0, range = _i == 0 ? 5 : _i == 1 ? 1000 : 1000000;
        unsigned long long seed = n + 1;
        struct pair *in = some_room(n * sizeof *in), *expected = some_room(n * sizeof *expected);
        bool *seen = calloc(range, sizeof *seen);
        for (size_t i = 0; i < n; i++) {
            in[i] = (struct pair){(int)(pl_random(&seed) % range), (int)i};
            if (!seen[in[i].key])
                expected[m++] = in[i];
            seen[in[i].key] = true;
        }
        PARALLEL_SCOPED parallel_results *r = parallel_distinct(is_less, in, n);
        ck_assert_ptr_nonnull(r);
        ck_assert_uint_eq(parallel_length(r), m);
        ck_assert(m == 0 || memcmp(parallel_values(r), expected, m * sizeof *in) == 0);
        parallel_order plain = {.size = sizeof plain, .call = is_less__parallel_order.call, .type_size = sizeof *in};
        PARALLEL_SCOPED parallel_results *again =
            parallel_distinct_function(&plain, in, n, &(parallel_options){.max_workers = 3});
        ck_assert(again && parallel_length(again) == m);
        ck_assert(m == 0 || memcmp(parallel_values(again), expected, m * sizeof *in) == 0);
        free(in);
        free(expected);
        free(seen);
    }
}
END_TEST

/* All NaN are the same, and so are the zeros. */
START_TEST(nan_and_zeros)
{
    const double in[] = {2, NAN, 1, -0.0, NAN, 0, 2, -NAN, 1, 3}, expected[] = {2, NAN, 1, -0.0, 3};
    PARALLEL_SCOPED parallel_results *r = parallel_distinct(PARALLEL_DESCENDING, in, 10);
    ck_assert(r && parallel_length(r) == 5);
    ck_assert_int_eq(memcmp(parallel_values(r), expected, sizeof expected), 0);
}
END_TEST

/* ---- ends -------------------------------------------------------------------------------------------------------- */

START_TEST(a_call_ends_in_time)
{
    enum { N = 3000000 };
    int *in = some_room(N * sizeof *in);
    unsigned long long seed = 1;
    for (size_t i = 0; i < N; i++)
        in[i] = (int)(pl_random(&seed) >> 33);
    errno = 0;
    ck_assert(!parallel_distinct(PARALLEL_ASCENDING, in, N, .call_timeout = 1e-6) && errno == ETIMEDOUT);
    for (double limit = 1e-5; limit < 0.05; limit *= 2) {
        PARALLEL_SCOPED parallel_results *r = parallel_distinct(PARALLEL_ASCENDING, in, N, .call_timeout = limit);
        ck_assert(r || errno == ETIMEDOUT);
    }
    free(in);
}
END_TEST

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
    for (size_t k = 1; k < FEW + SIZES; k += 5) {
        size_t n = size_of_test(k);
        int *in = random_bytes(n * sizeof *in);
        reported = total_reported = 0;
        PARALLEL_SCOPED parallel_results *r = parallel_distinct(PARALLEL_ASCENDING, in, n, .progress = note_progress);
        ck_assert(r && reported == n && total_reported == n);
        free(in);
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_set_timeout(c, 200);
    tcase_add_loop_test(c, numbers, 0, RANGES);
    tcase_add_loop_test(c, numbers_that_change, 0, 4);
    tcase_add_test(c, numbers_of_one_hash);
    tcase_add_loop_test(c, items, 0, RANGES);
    tcase_add_loop_test(c, pairs, 0, 3);
    tcase_add_test(c, nan_and_zeros);
    tcase_add_test(c, a_call_ends_in_time);
    tcase_add_test(c, progress);
    return pl_run("api/distinct", c);
}
