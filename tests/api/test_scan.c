/* SPDX-License-Identifier: MIT */
/* Scans: each against the loop that it equals, and against itself, bit for bit; and their options. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/bytes.h"
#include "support/jobs.h"
#include "support/process.h"
#include "support/sanitizers.h"

static const size_t sizes[] = {
    0,      1,      2,       3,    31,   32,   33,   63,    64,    65,    127,   128,    1000,
    1021,   4095,   4096,    4097, 8191, 8192, 8193, 12289, 65535, 65536, 65537, 100003, 524289,
#if !PL_SANITIZED /* they would take minutes */
    524287, 524288, 1000003,
#endif
};
enum { SIZES = sizeof sizes / sizeof sizes[0], MOST = 1000003 };

/* ---- words --------------------------------------------------------------------------------------------------- */

/* Inclusive and exclusive, into other memory and in place; `expression` is of `a` and `b`. */
#define CHECK_SCAN(word, type, n, start, expression)                                                                   \
    do {                                                                                                               \
        type *in = random_bytes((n) * sizeof *in), *out = some_room((n) * sizeof *out), total = (start);               \
        type *expected = some_room((n) * sizeof *expected), expected_total = (start);                                  \
        for (size_t i = 0; i < (n); i++) {                                                                             \
            type a = i ? expected[i - 1] : 0, b = in[i];                                                               \
            expected[i] = i ? (type)(expression) : b;                                                                  \
        }                                                                                                              \
        ck_assert_int_eq(parallel_scan_into(word, (const type *)in, (n), out), 0);                                     \
        ck_assert_msg(memcmp(out, expected, (n) * sizeof *out) == 0, #word " of " #type ", n = %zu", (size_t)(n));     \
        PARALLEL_SCOPED parallel_results *r = parallel_scan(word, (const type *)in, (n));                              \
        ck_assert(r &&parallel_length(r) == (n));                                                                      \
        ck_assert((n) == 0 || memcmp(parallel_values(r), expected, (n) * sizeof *out) == 0);                           \
        for (size_t i = 0; i < (n); i++) {                                                                             \
            type a = expected_total, b = in[i];                                                                        \
            expected[i] = a;                                                                                           \
            expected_total = (type)(expression);                                                                       \
        }                                                                                                              \
        ck_assert_int_eq(parallel_scan_exclusive_into(word, (const type *)in, (n), out, &total), 0);                   \
        ck_assert(memcmp(out, expected, (n) * sizeof *out) == 0 && total == expected_total);                           \
        memcpy(out, in, (n) * sizeof *out);                                                                            \
        total = (start);                                                                                               \
        ck_assert_int_eq(parallel_scan_exclusive_into(word, out, (n), out, &total), 0);                                \
        ck_assert(memcmp(out, expected, (n) * sizeof *out) == 0 && total == expected_total);                           \
        for (size_t i = 0; i < (n); i++) {                                                                             \
            type a = i ? expected[i - 1] : 0, b = in[i];                                                               \
            expected[i] = i ? (type)(expression) : b;                                                                  \
        }                                                                                                              \
        ck_assert_int_eq(parallel_scan_into(word, in, (n), in), 0);                                                    \
        ck_assert(memcmp(in, expected, (n) * sizeof *out) == 0);                                                       \
        free(in);                                                                                                      \
        free(out);                                                                                                     \
        free(expected);                                                                                                \
    } while (0)

#define CHECK_INTEGERS(type, n)                                                                                        \
    do {                                                                                                               \
        CHECK_SCAN(PARALLEL_PLUS, type, n, 3, (uint64_t)a + (uint64_t)b);                                              \
        CHECK_SCAN(PARALLEL_TIMES, type, n, 5, (uint64_t)a *(uint64_t)b);                                              \
        CHECK_SCAN(PARALLEL_MIN, type, n, 100, b < a ? b : a);                                                         \
        CHECK_SCAN(PARALLEL_MAX, type, n, 1, b > a ? b : a);                                                           \
        CHECK_SCAN(PARALLEL_AND, type, n, (type)-1, a &b);                                                             \
        CHECK_SCAN(PARALLEL_OR, type, n, 0, a | b);                                                                    \
        CHECK_SCAN(PARALLEL_XOR, type, n, 9, a ^ b);                                                                   \
    } while (0)

START_TEST(words_of_integers)
{
    size_t n = sizes[_i];
    CHECK_INTEGERS(signed char, n);
    CHECK_INTEGERS(unsigned char, n);
    CHECK_INTEGERS(short, n);
    CHECK_INTEGERS(unsigned short, n);
    CHECK_INTEGERS(int, n);
    CHECK_INTEGERS(unsigned, n);
    CHECK_INTEGERS(long, n);
    CHECK_INTEGERS(unsigned long long, n);
}
END_TEST

START_TEST(words_of_floats)
{
    size_t n = sizes[_i];
    float *in = some_room(n * sizeof *in), *out = some_room(n * sizeof *out), least = INFINITY;
    long double *wide = some_room(n * sizeof *wide);
    bool *bits = some_room(n * sizeof *bits);
    for (size_t i = 0; i < n; i++) {
        in[i] = i % 5 == 2 ? NAN : (float)(n - i);
        wide[i] = 1;
        bits[i] = i % 3 == 0;
    }
    ck_assert_int_eq(parallel_scan_exclusive_into(PARALLEL_MIN, in, n, out, &least), 0);
    ck_assert_int_eq(parallel_scan_into(PARALLEL_PLUS, wide, n, wide), 0);
    ck_assert_int_eq(parallel_scan_into(PARALLEL_XOR, bits, n, bits), 0);
    float expected = INFINITY;
    for (size_t i = 0; i < n; i++) {
        ck_assert(out[i] == expected && wide[i] == (long double)(i + 1) && bits[i] == (i / 3 + 1) % 2);
        expected = in[i] < expected ? in[i] : expected;
    }
    ck_assert(least == expected);
    free(in);
    free(out);
    free(wide);
    free(bits);
}
END_TEST

/* ---- bits ------------------------------------------------------------------------------------------------------ */

/* Sums of such numbers depend on the brackets in nearly every bit. */
static double *wild_doubles(size_t n)
{
    unsigned long long state = 123456789;
    double *in = some_room(n * sizeof *in);
    for (size_t i = 0; i < n; i++) {
        uint64_t r = pl_random(&state);
        in[i] = ldexp((double)(r >> 12) - 0x1p51, (int)(r % 120) - 60);
    }
    return in;
}

/* The brackets, whatever vectors the machine has: blocks of 4096, in groups of eight. */
enum { BLOCK = 4096, GROUP = 8 };

/* Scans one block; returns what it comes to. */
static double scan_block(const double *in, size_t n, const double *prefix, double *out)
{
    double carry = 0;
    for (size_t at = 0; at < n; at += GROUP) {
        double v[GROUP] = {0};
        size_t length = n - at < GROUP ? n - at : GROUP;
        memcpy(v, in + at, length * sizeof *v);
        for (size_t half = 1; half < GROUP; half *= 2)
            for (size_t i = 0; i < GROUP; i++)
                v[i] = i & half ? v[i / half * half - 1] + v[i] : v[i];
        for (size_t i = 0; i < length; i++) {
            v[i] = at ? carry + v[i] : v[i];
            out[at + i] = prefix ? *prefix + v[i] : v[i];
        }
        carry = v[length - 1];
    }
    return carry;
}

START_TEST(sums_have_the_brackets_of_their_number)
{
    size_t most = 6 * BLOCK;
    double *in = wild_doubles(most), *expected = some_room(2 * most * sizeof *in), *out = expected + most;
    for (size_t n = 1; n < most; n += n < 70 ? 1 : n / 7) {
        double prefix = 0.25, total = 0.25;
        for (size_t at = 0; at < n; at += BLOCK) {
            double block = scan_block(in + at, n - at < BLOCK ? n - at : BLOCK, at ? &prefix : NULL, expected + at);
            prefix = at ? prefix + block : block;
        }
        ck_assert_int_eq(parallel_scan_into(PARALLEL_PLUS, (const double *)in, n, out), 0);
        ck_assert_msg(memcmp(out, expected, n * sizeof *out) == 0, "n = %zu", n);
        prefix = 0.25;
        for (size_t at = 0; at < n; at += BLOCK)
            prefix += scan_block(in + at, n - at < BLOCK ? n - at : BLOCK, &prefix, expected + at);
        ck_assert_int_eq(parallel_scan_exclusive_into(PARALLEL_PLUS, (const double *)in, n, out, &total), 0);
        ck_assert_msg(memcmp(out + 1, expected, (n - 1) * sizeof *out) == 0, "n = %zu, exclusive", n);
        ck_assert(*out == 0.25 && total == prefix);
    }
    free(in);
    free(expected);
}
END_TEST

/* What is larger than caches is written past them, if it is not the items, and stands at a multiple of 16 bytes. */
START_TEST(large_scans)
{
    size_t n = 4500000;
    double *in = wild_doubles(n), *room = some_room((2 * n + 1) * sizeof *in), *out = room + _i, *exclusive = out + n;
    double total = 0.25, last = 0.25;
    ck_assert_int_eq(parallel_scan_into(PARALLEL_PLUS, (const double *)in, n, out), 0);
    ck_assert_int_eq(parallel_scan_exclusive_into(PARALLEL_PLUS, (const double *)in, n, exclusive, &total), 0);
    double *again = wild_doubles(n);
    ck_assert_int_eq(parallel_scan_into(PARALLEL_PLUS, in, n, in), 0);
    ck_assert_int_eq(parallel_scan_exclusive_into(PARALLEL_PLUS, again, n, again, &last), 0);
    ck_assert(memcmp(out, in, n * sizeof *in) == 0 && memcmp(exclusive, again, n * sizeof *in) == 0 && total == last);
    free(in);
    free(again);
    free(room);
}
END_TEST

static double add(double a, double b)
{
    return a + b;
}
PARALLEL_DECORATE_COMBINE(add, double);

/* Now and then it takes long: so links are put aside, and finished by others. */
static double add_at_times(double a, double b)
{
    uint64_t bits;
    memcpy(&bits, &b, sizeof bits);
    if (bits % 32768 == 7)
        pl_test_sleep(100);
    return a + b;
}
PARALLEL_DECORATE_COMBINE(add_at_times, double);

static const parallel_combine *const operators[] = {&parallel_word_combines[PARALLEL_WORD_PLUS_][PARALLEL_F64_],
                                                    &add__parallel_combine, &add_at_times__parallel_combine};

/* Both kinds of scans; the exclusive one's total comes last. */
static void scan_with(const parallel_combine *op, const double *in, size_t n, double *out, parallel_options o)
{
    o.size = sizeof o;
    out[2 * n] = 0.25;
    ck_assert_int_eq(parallel_scan_into_function(op, in, n, out, &o), 0);
    ck_assert_int_eq(parallel_scan_exclusive_into_function(op, in, n, out + n, out + 2 * n, &o), 0);
}

static const double *all_doubles;
static const parallel_combine *now_used;
static double *nested_out;

static int scan_nested(size_t n, size_t which)
{
    scan_with(now_used, all_doubles, n, nested_out + which * (2 * n + 1), (parallel_options){.grain = 1});
    return 0;
}

static void scan_some(size_t begin, size_t end, void *ctx)
{
    for (size_t i = begin; i < end; i++)
        scan_nested(*(size_t *)ctx, i);
}

START_TEST(sums_are_the_same_bit_for_bit)
{
    size_t n = sizes[_i % SIZES], bytes = (2 * n + 1) * sizeof(double);
    const parallel_combine *op = operators[_i / SIZES];
    double *in = wild_doubles(n), *out = some_room(bytes), *again = some_room(bytes);
    scan_with(op, in, n, out, (parallel_options){.executor = PARALLEL_SERIAL});
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(5);
    double sum = 0.25, left = 0;
    for (size_t i = 0; i < n; i++) {
        left = i ? left + fabs(in[i]) : fabs(in[i]);
        ck_assert(fabs(out[n + i] - sum) <= 1e-12 * (left + 1));
        sum += in[i];
        ck_assert(fabs(out[i] + 0.25 - sum) <= 1e-12 * (left + 1));
    }
    for (int round = 0; round < 5; round++) {
        again[2 * n] = 0.25;
        ck_assert_int_eq(parallel_scan_into_function(op, in, n, again, NULL), 0);
        ck_assert_int_eq(parallel_scan_exclusive_into_function(op, in, n, again + n, again + 2 * n, NULL), 0);
        ck_assert_msg(memcmp(again, out, bytes) == 0, "n = %zu, round %d", n, round);
    }
    for (int workers = 1; workers <= 64; workers *= 4) {
        scan_with(op, in, n, again, (parallel_options){.max_workers = workers, .grain = (size_t)workers});
        ck_assert_msg(memcmp(again, out, bytes) == 0, "n = %zu, %d workers", n, workers);
        memset(again, 0, bytes);
        scan_with(op, in, n, again, (parallel_options){.pool = pool, .call_timeout = 1e6});
        ck_assert(memcmp(again, out, bytes) == 0);
    }
    scan_with(op, in, n, again, (parallel_options){.executor = PARALLEL_PROCESS});
    ck_assert(memcmp(again, out, bytes) == 0);
    all_doubles = in;
    now_used = op;
    nested_out = some_room(4 * bytes);
    ck_assert_int_eq(parallel_for(4, scan_some, &n, .pool = pool), 0);
    for (size_t i = 0; i < 4; i++)
        ck_assert(memcmp(nested_out + i * (2 * n + 1), out, bytes) == 0);
    free(nested_out);
    free(in);
    free(out);
    free(again);
}
END_TEST

/* ---- operators of the program's -------------------------------------------------------------------------------- */

/* x -> a x + b, one after the other: it does not commute. */
struct affine {
    uint64_t a, b, unused;
};

static struct affine then(struct affine f, struct affine g)
{
    return (struct affine){f.a * g.a, g.a * f.b + g.b, f.unused};
}
PARALLEL_DECORATE_COMBINE(then, struct affine);

static struct affine then_with_options(struct affine f, struct affine g)
{
    return then(f, g);
}
PARALLEL_DECORATE_COMBINE(then_with_options, struct affine, .max_workers = 3);

static void call_then(void *left, const void *right)
{
    *(struct affine *)left = then(*(struct affine *)left, *(const struct affine *)right);
}

START_TEST(operators_that_do_not_commute)
{
    size_t n = sizes[_i], bytes = n * sizeof(struct affine);
    struct affine *in = random_bytes(bytes), *out = some_room(bytes), *inclusive = some_room(bytes);
    struct affine *exclusive = some_room(bytes), start = {3, 4, 5}, total = start, all = start;
    for (size_t i = 0; i < n; i++) {
        in[i].unused = 5;
        inclusive[i] = i ? then(inclusive[i - 1], in[i]) : in[i];
        exclusive[i] = all;
        all = then(all, in[i]);
    }
    parallel_combine op = {.name = "then", .size = sizeof op, .call = call_then, .type_size = sizeof(struct affine)};
    const parallel_combine *const all_of_them[] = {&then__parallel_combine, &then_with_options__parallel_combine, &op};
    for (int way = 0; way < 3; way++) {
        const parallel_combine *this = all_of_them[way];
        memset(out, 1, bytes);
        ck_assert_int_eq(parallel_scan_into_function(this, in, n, out, NULL), 0);
        ck_assert(memcmp(out, inclusive, bytes) == 0);
        total = start;
        ck_assert_int_eq(parallel_scan_exclusive_into_function(this, in, n, out, &total, NULL), 0);
        ck_assert(memcmp(out, exclusive, bytes) == 0 && memcmp(&total, &all, sizeof all) == 0);
        memcpy(out, in, bytes);
        ck_assert_int_eq(parallel_scan_into_function(this, out, n, out, NULL), 0);
        ck_assert(memcmp(out, inclusive, bytes) == 0);
        memcpy(out, in, bytes);
        total = start;
        ck_assert_int_eq(parallel_scan_exclusive_into_function(this, out, n, out, &total, NULL), 0);
        ck_assert(memcmp(out, exclusive, bytes) == 0 && memcmp(&total, &all, sizeof all) == 0);
    }
    free(in);
    free(out);
    free(inclusive);
    free(exclusive);
}
END_TEST

/* What fits in no register, and what is large. */
#define OF_BYTES(size)                                                                                                 \
    struct bytes##size {                                                                                               \
        unsigned char of[size];                                                                                        \
    };                                                                                                                 \
    static struct bytes##size add##size(struct bytes##size a, struct bytes##size b)                                    \
    {                                                                                                                  \
        for (size_t i = 0; i < size; i++)                                                                              \
            a.of[i] = (unsigned char)(a.of[i] + b.of[i]);                                                              \
        return a;                                                                                                      \
    }                                                                                                                  \
    PARALLEL_DECORATE_COMBINE(add##size, struct bytes##size);                                                          \
    static void check##size(size_t n)                                                                                  \
    {                                                                                                                  \
        struct bytes##size *in = random_bytes(n * size), *out = some_room(n * size), sum = {{0}};                      \
        ck_assert_int_eq(parallel_scan_into(add##size, in, n, out), 0);                                                \
        for (size_t i = 0; i < n; i++) {                                                                               \
            sum = add##size(sum, in[i]);                                                                               \
            ck_assert(memcmp(&sum, &out[i], size) == 0);                                                               \
        }                                                                                                              \
        free(in);                                                                                                      \
        free(out);                                                                                                     \
    }
OF_BYTES(1)
OF_BYTES(3)
OF_BYTES(7)
OF_BYTES(16)
OF_BYTES(24)
OF_BYTES(3000)
OF_BYTES(20000)

START_TEST(values_of_all_sizes)
{
    for (int s = 0; s < SIZES && sizes[s] < 20000; s++) {
        check1(sizes[s]);
        check3(sizes[s]);
        check7(sizes[s]);
        check16(sizes[s]);
        check24(sizes[s]);
    }
    check3000(333);
    check20000(100);
}
END_TEST

/* ---- options --------------------------------------------------------------------------------------------------- */

static size_t last_done, last_total, reports;

static void note_progress(size_t done, size_t total, void *data)
{
    (void)data;
    ck_assert(done >= last_done && done <= total);
    last_done = done;
    last_total = total;
    reports++;
}

START_TEST(options)
{
    enum { N = 100003 };
    static double in[N], out[N];
    const char *names[1] = {"a"};
    double acc = 3;
    for (int i = 0; i < N; i++)
        in[i] = 1;
    ck_assert_int_eq(parallel_scan_exclusive_into(PARALLEL_PLUS, in, N, out, &acc, .progress = note_progress), 0);
    ck_assert(last_done == N && last_total == N && reports > 0 && acc == N + 3);
    for (int i = 0; i < N; i++)
        ck_assert(out[i] == i + 3);
    errno = 0;
    ck_assert_int_eq(parallel_scan_into(PARALLEL_PLUS, in, 1, out, .names = names), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(parallel_scan_into(PARALLEL_PLUS, in, 1, out, .extras = out), -1);
    ck_assert_int_eq(parallel_scan_into(PARALLEL_PLUS, in, 1, out, .timeout = 1), -1);
    ck_assert_int_eq(parallel_scan_into(PARALLEL_PLUS, in, 1, out, .retries = 1), -1);
    ck_assert_int_eq(parallel_scan_into(PARALLEL_PLUS, in, 0, out, .max_workers = -1), -1);
    ck_assert_ptr_null(parallel_scan(PARALLEL_PLUS, in, 1, .max_workers = -1));
    const parallel_combine *plus = operators[0];
    errno = 0;
    ck_assert_int_eq(parallel_scan_into_function(NULL, in, 1, out, NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(parallel_scan_into_function(plus, NULL, 1, out, NULL), -1);
    ck_assert_int_eq(parallel_scan_into_function(plus, in, 1, NULL, NULL), -1);
    ck_assert_int_eq(parallel_scan_exclusive_into_function(plus, in, 1, out, NULL, NULL), -1);
    ck_assert_ptr_null(parallel_scan_function(plus, NULL, 1, NULL));
    ck_assert_int_eq(parallel_scan_into_function(plus, NULL, 0, NULL, NULL), 0);
    errno = 0;
    ck_assert_int_eq(parallel_scan_into_function(plus, in, SIZE_MAX / 4, out, NULL), -1);
    ck_assert_int_eq(errno, ENOMEM);
    errno = 0;
    ck_assert_int_eq(parallel_scan_exclusive_into_function(plus, in, SIZE_MAX / 4, out, out, NULL), -1);
    ck_assert_int_eq(errno, ENOMEM);
    errno = 0;
    if (!PL_SANITIZED) { /* they end a program that asks for so much */
        ck_assert_ptr_null(parallel_scan_function(plus, in, SIZE_MAX / 32, NULL));
        ck_assert_int_eq(errno, ENOMEM);
    }
    struct affine f = {2, 1, 0};
    parallel_combine large = {.call = call_then, .size = sizeof large, .type_size = 5000};
    ck_assert_int_eq(parallel_scan_into_function(&large, &f, 1, out, NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
}
END_TEST

static atomic_int additions; /* those that are slow */

static double add_slowly(double a, double b)
{
    count_one(&additions);
    pl_test_sleep(100);
    return a + b;
}
PARALLEL_DECORATE_COMBINE(add_slowly, double);

enum { LONG = 100000 };
static double values[LONG], scanned[LONG];

START_TEST(a_call_ends_in_time)
{
    double acc = 5;
    errno = 0;
    ck_assert_int_eq(parallel_scan_exclusive_into(add_slowly, values, LONG, scanned, &acc, .call_timeout = 0.02), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert(acc == 5 && count_of(&additions) < LONG / 4);
}
END_TEST

static atomic_bool is_slow;

static double add_more_slowly(double a, double b)
{
    if (atomic_load_explicit(&is_slow, memory_order_relaxed)) {
        count_one(&additions);
        pl_test_sleep(500);
    }
    return a + b;
}
PARALLEL_DECORATE_COMBINE(add_more_slowly, double);

/* It is known to be cheap, and is not any more. */
START_TEST(a_call_that_has_become_dear_ends_in_time)
{
    enum { MANY = 20000 };
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(parallel_scan_into(add_more_slowly, values, MANY, scanned), 0);
    atomic_store_explicit(&is_slow, true, memory_order_relaxed);
    errno = 0;
    ck_assert_int_eq(parallel_scan_into(add_more_slowly, values, MANY, scanned, .call_timeout = 0.02), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_lt(count_of(&additions), MANY / 4);
}
END_TEST

static atomic_int begun, codes[2];

static int scan_long(const int *how, int *result, void *extras)
{
    double acc = 5;
    (void)extras;
    *result = 0;
    count_one(&begun);
    int code = *how == 0 ? parallel_scan_exclusive_into(add_slowly, values, LONG, scanned, &acc)
                         : parallel_scan_into(add_slowly, values, LONG, scanned, .call_timeout = 100);
    atomic_store_explicit(&codes[*how], code && acc == 5 ? errno : -1, memory_order_relaxed);
    return 0;
}
PARALLEL_DECORATE_TASK(scan_long, int, int);

/* Each takes seconds, if nothing ends it. */
START_TEST(a_task_that_is_cancelled)
{
    int how = _i % 2;
    bool late = _i >= 2;
    parallel_executor *ex = parallel_async_map(scan_long, &how, 1, .timeout = late ? 0.01 : 0);
    while (count_of(&begun) == 0)
        pl_test_sleep(1000);
    if (!late)
        parallel_cancel(ex);
    parallel_executor_free(ex);
    ck_assert_int_eq(count_of(&codes[how]), late ? ETIMEDOUT : ECANCELED);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_set_timeout(c, 100);
    tcase_add_loop_test(c, words_of_integers, 0, SIZES);
    tcase_add_loop_test(c, words_of_floats, 0, SIZES);
    tcase_add_test(c, sums_have_the_brackets_of_their_number);
    tcase_add_loop_test(c, large_scans, 0, 2);
    tcase_add_loop_test(c, sums_are_the_same_bit_for_bit, 0, 3 * SIZES);
    tcase_add_loop_test(c, operators_that_do_not_commute, 0, SIZES);
    tcase_add_test(c, values_of_all_sizes);
    tcase_add_test(c, options);
    tcase_add_test(c, a_call_ends_in_time);
    tcase_add_test(c, a_call_that_has_become_dear_ends_in_time);
    tcase_add_loop_test(c, a_task_that_is_cancelled, 0, 4);
    return pl_run("api/scan", c);
}
