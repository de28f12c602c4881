/* SPDX-License-Identifier: MIT */
/* Reductions and folds: each against the loop that it equals. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/jobs.h"
#include "support/numbers.h"
#include "support/process.h"

static const size_t sizes[] = {1,   2,   3,    7,    8,    63,    64,    65,     127,
                               128, 129, 1000, 1021, 8191, 65535, 65536, 100003, 1000003};
enum { SIZES = sizeof sizes / sizeof sizes[0], MOST = 1000003 };

/* ---- words --------------------------------------------------------------------------------------------------- */

#define CHECK_WORD(word, type, n, start, expression)                                                                   \
    do {                                                                                                               \
        type acc = (start), expected = (start);                                                                        \
        for (size_t i = 0; i < (n); i++) {                                                                             \
            type a = expected, b = ((const type *)in)[i];                                                              \
            expected = (type)(expression);                                                                             \
        }                                                                                                              \
        ck_assert_int_eq(parallel_reduce(word, (const type *)in, (n), &acc), 0);                                       \
        ck_assert_msg(acc == expected, #word " of " #type ", n = %zu", (size_t)(n));                                   \
    } while (0)

#define CHECK_INTEGERS(type, utype, n)                                                                                 \
    do {                                                                                                               \
        CHECK_WORD(PARALLEL_PLUS, type, n, 3, (uint64_t)a + (uint64_t)b);                                              \
        CHECK_WORD(PARALLEL_TIMES, type, n, 5, (uint64_t)a *(uint64_t)b);                                              \
        CHECK_WORD(PARALLEL_MIN, type, n, 100, b < a ? b : a);                                                         \
        CHECK_WORD(PARALLEL_MAX, type, n, 1, b > a ? b : a);                                                           \
        CHECK_WORD(PARALLEL_AND, type, n, (type)-1, a &b);                                                             \
        CHECK_WORD(PARALLEL_OR, type, n, 0, a | b);                                                                    \
        CHECK_WORD(PARALLEL_XOR, type, n, 9, a ^ b);                                                                   \
    } while (0)

static uint64_t *random_words(size_t count)
{
    uint64_t *in = malloc(count * sizeof *in);
    unsigned long long state = 88172645463325252u;
    ck_assert_ptr_nonnull(in);
    for (size_t i = 0; i < count; i++)
        in[i] = pl_random(&state);
    return in;
}

START_TEST(words_of_integers)
{
    uint64_t *in = random_words(MOST);
    size_t n = sizes[_i];
    CHECK_INTEGERS(signed char, unsigned char, n);
    CHECK_INTEGERS(unsigned char, unsigned char, n);
    CHECK_INTEGERS(char, unsigned char, n);
    CHECK_INTEGERS(short, unsigned short, n);
    CHECK_INTEGERS(unsigned short, unsigned short, n);
    CHECK_INTEGERS(int, unsigned, n);
    CHECK_INTEGERS(unsigned, unsigned, n);
    CHECK_INTEGERS(long, unsigned long, n);
    CHECK_INTEGERS(unsigned long, unsigned long, n);
    CHECK_INTEGERS(long long, unsigned long long, n);
    CHECK_INTEGERS(unsigned long long, unsigned long long, n);
    free(in);
}
END_TEST

START_TEST(words_of_bool)
{
    bool *in = calloc(MOST, sizeof *in);
    size_t n = sizes[_i];
    for (int set = 0; set < 3; set++) {
        for (size_t i = 0; i < n; i++)
            in[i] = set == 1 || (set == 2 && i % 3);
        CHECK_WORD(PARALLEL_MIN, bool, n, true, a &&b);
        CHECK_WORD(PARALLEL_MAX, bool, n, false, a || b);
        CHECK_WORD(PARALLEL_AND, bool, n, true, a &b);
        CHECK_WORD(PARALLEL_OR, bool, n, false, a | b);
        CHECK_WORD(PARALLEL_XOR, bool, n, false, a ^ b);
    }
    free(in);
}
END_TEST

START_TEST(words_of_floats)
{
    size_t n = sizes[_i];
    float *in = malloc(n * sizeof *in), sum = 1, product = 1, least = FLT_MAX, greatest = -FLT_MAX;
    long double *wide = malloc(n * sizeof *wide), wide_sum = 0;
    ck_assert(in && wide);
    for (size_t i = 0; i < n; i++) {
        in[i] = (float)(i % 17) - 8; /* all sums are exact */
        wide[i] = (long double)i;
    }
    ck_assert_int_eq(parallel_reduce(PARALLEL_PLUS, in, n, &sum), 0);
    ck_assert_int_eq(parallel_reduce(PARALLEL_TIMES, in, n, &product), 0);
    ck_assert_int_eq(parallel_reduce(PARALLEL_MIN, in, n, &least), 0);
    ck_assert_int_eq(parallel_reduce(PARALLEL_MAX, in, n, &greatest), 0);
    ck_assert_int_eq(parallel_reduce(PARALLEL_PLUS, wide, n, &wide_sum), 0);
    float expected = 1;
    for (size_t i = 0; i < n; i++)
        expected += in[i];
    ck_assert(sum == expected && wide_sum == (long double)n * (n - 1) / 2);
    ck_assert(product == 0 || n < 9);
    ck_assert(least == -8 && greatest == (n < 17 ? (float)n - 9 : 8));
    free(in);
    free(wide);
}
END_TEST

START_TEST(nan_is_passed_over)
{
    double in[300], least = NAN, greatest = NAN, nothing = NAN;
    for (int i = 0; i < 300; i++)
        in[i] = i % 7 == 3 ? i : NAN;
    ck_assert_int_eq(parallel_reduce(PARALLEL_MIN, in, 300, &least), 0);
    ck_assert_int_eq(parallel_reduce(PARALLEL_MAX, in, 300, &greatest), 0);
    ck_assert(least == 3 && greatest == 297);
    for (int i = 0; i < 300; i++)
        in[i] = NAN;
    ck_assert_int_eq(parallel_reduce(PARALLEL_MIN, in, 300, &nothing), 0);
    ck_assert(isnan(nothing));
    ck_assert_int_eq(parallel_reduce(PARALLEL_MAX, in, 300, &greatest), 0);
    ck_assert(greatest == 297);
}
END_TEST

/* ---- operators of the program's ------------------------------------------------------------------------------- */

/* x -> a x + b, one after the other: it does not commute. */
struct affine {
    uint64_t a, b, unused;
};

static struct affine then(struct affine f, struct affine g)
{
    return (struct affine){f.a * g.a, g.a * f.b + g.b, 0};
}
PARALLEL_DECORATE_COMBINE(then, struct affine);
static struct affine then_with_options(struct affine f, struct affine g)
{
    return then(f, g);
}
PARALLEL_DECORATE_COMBINE(then_with_options, struct affine, .max_workers = 3);

static struct affine *random_maps(size_t n)
{
    struct affine *in = malloc(n * sizeof *in);
    unsigned long long state = 42;
    ck_assert_ptr_nonnull(in);
    for (size_t i = 0; i < n; i++)
        in[i] = (struct affine){pl_random(&state) | 1, pl_random(&state), 0};
    return in;
}

static void call_then(void *left, const void *right)
{
    *(struct affine *)left = then(*(struct affine *)left, *(const struct affine *)right);
}

START_TEST(operators_that_do_not_commute)
{
    size_t n = sizes[_i];
    struct affine *in = random_maps(n), expected = {3, 4, 0}, acc = expected, other = expected, by_hand = expected;
    for (size_t i = 0; i < n; i++)
        expected = then(expected, in[i]);
    ck_assert_int_eq(parallel_reduce(then, in, n, &acc), 0);
    ck_assert_int_eq(parallel_reduce(then_with_options, in, n, &other, .grain = 10), 0);
    parallel_combine op = {.name = "then", .size = sizeof op, .call = call_then, .type_size = sizeof(struct affine)};
    ck_assert_int_eq(parallel_reduce_function(&op, in, n, &by_hand, NULL), 0);
    ck_assert(memcmp(&acc, &expected, sizeof acc) == 0 && memcmp(&other, &expected, sizeof acc) == 0 &&
              memcmp(&by_hand, &expected, sizeof acc) == 0);
    op.size = 0; /* the first four members are all */
    by_hand = (struct affine){3, 4, 0};
    ck_assert_int_eq(parallel_reduce_function(&op, in, n, &by_hand, NULL), 0);
    ck_assert(memcmp(&by_hand, &expected, sizeof acc) == 0);
    free(in);
}
END_TEST

struct large {
    char bytes[3000];
};

static struct large add_large(struct large a, struct large b)
{
    for (size_t i = 0; i < sizeof a.bytes; i++)
        a.bytes[i] = (char)(a.bytes[i] + b.bytes[i]);
    return a;
}
PARALLEL_DECORATE_COMBINE(add_large, struct large);

START_TEST(large_values)
{
    enum { N = 300 };
    struct large *in = malloc(N * sizeof *in), acc = {{0}};
    ck_assert_ptr_nonnull(in);
    for (int i = 0; i < N; i++)
        memset(&in[i], i, sizeof in[i]);
    ck_assert_int_eq(parallel_reduce(add_large, in, N, &acc), 0);
    for (size_t i = 0; i < sizeof acc.bytes; i++)
        ck_assert_int_eq(acc.bytes[i], (char)(N * (N - 1) / 2));
    free(in);
}
END_TEST

/* ---- folds ---------------------------------------------------------------------------------------------------- */

struct histogram {
    unsigned of[256];
};

static void count_byte(struct histogram *h, const unsigned char *byte)
{
    h->of[*byte]++;
}

static void add_counts(struct histogram *h, const struct histogram *right)
{
    for (int i = 0; i < 256; i++)
        h->of[i] += right->of[i];
}
PARALLEL_DECORATE_FOLD(count_byte, add_counts, struct histogram, unsigned char);

/* The bytes in their order, as a number: it matters which part comes first. */
struct text {
    uint64_t hash, power;
};

static void add_byte(struct text *t, const unsigned char *byte)
{
    if (t->power == 0)
        t->power = 1;
    t->hash = t->hash * 31 + *byte;
    t->power *= 31;
}

static void add_text(struct text *t, const struct text *right)
{
    if (t->power == 0)
        t->power = 1;
    t->hash = t->hash * (right->power ? right->power : 1) + right->hash;
    t->power *= right->power ? right->power : 1;
}
PARALLEL_DECORATE_FOLD(add_byte, add_text, struct text, unsigned char);

START_TEST(folds)
{
    size_t n = sizes[_i];
    unsigned char *in = (unsigned char *)random_words(n / 8 + 1);
    struct histogram h = {{1, 2, 3}}, expected = h;
    struct text t = {7, 31}, text = t;
    for (size_t i = 0; i < n; i++) {
        count_byte(&expected, &in[i]);
        add_byte(&text, &in[i]);
    }
    for (int round = 0; round < 3; round++) {
        h = (struct histogram){{1, 2, 3}};
        t = (struct text){7, 31};
        ck_assert_int_eq(parallel_fold(count_byte, in, n, &h), 0);
        ck_assert_int_eq(parallel_fold(add_byte, in, n, &t), 0);
        ck_assert(memcmp(&h, &expected, sizeof h) == 0);
        ck_assert(t.hash == text.hash);
        t = (struct text){7, 31};
        ck_assert_int_eq(parallel_fold(add_byte, in, n, &t, .max_workers = 3, .call_timeout = 1e5), 0);
        ck_assert(t.hash == text.hash);
    }
    free(in);
}
END_TEST

/* How many parts there are, in an accumulator that is not tiny. */
struct counted {
    long parts, sum, rest[6];
};

static void add_number(struct counted *c, const int *x)
{
    c->parts = c->parts ? c->parts : 1;
    c->sum += *x;
}

static void add_counted(struct counted *c, const struct counted *right)
{
    c->parts += right->parts;
    c->sum += right->sum;
}
PARALLEL_DECORATE_FOLD(add_number, add_counted, struct counted, int);

START_TEST(a_few_items_can_be_shared)
{
    const int x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    for (size_t n = 1; n <= sizeof x / sizeof x[0]; n++) {
        struct counted c = {.parts = 1};
        ck_assert_int_eq(parallel_fold(add_number, x, n, &c), 0);
        ck_assert_int_eq(c.sum, (long)(n * (n + 1) / 2));
        ck_assert_msg(n <= 4 ? c.parts == (long)n : c.parts >= 3, "%zu items, %ld parts", n, c.parts);
    }
}
END_TEST

/* ---- maps that are reduced ------------------------------------------------------------------------------------ */

static double halve(int x)
{
    return x / 2.0 + 1e-9 * (x % 7);
}
PARALLEL_DECORATE(halve, int, double);

static int halve_some(const int *x, double *result, void *extras)
{
    if (extras && *x % *(int *)extras == 3)
        return parallel_fail(EIO, "%d is bad", *x);
    *result = halve(*x);
    return 0;
}
PARALLEL_DECORATE_TASK(halve_some, int, double);

static int *counting(size_t n)
{
    int *in = malloc(n * sizeof *in);
    ck_assert_ptr_nonnull(in);
    for (size_t i = 0; i < n; i++)
        in[i] = (int)i;
    return in;
}

static struct affine make_map(int x)
{
    return (struct affine){(uint64_t)x * 2654435761u | 1, (uint64_t)x, 0};
}
PARALLEL_DECORATE(make_map, int, struct affine);

START_TEST(maps_that_are_reduced)
{
    size_t n = sizes[_i];
    int *in = counting(n);
    double sum = 0.5, again = 0.5, task = 0.5, serial = 0.5;
    struct affine expected = {1, 0, 0}, acc = expected;
    for (size_t i = 0; i < n; i++)
        expected = then(expected, make_map(in[i]));
    ck_assert_int_eq(parallel_map_reduce(make_map, then, in, n, &acc), 0);
    ck_assert(memcmp(&acc, &expected, sizeof acc) == 0);
    ck_assert_int_eq(parallel_map_reduce(halve, PARALLEL_PLUS, in, n, &serial, .executor = PARALLEL_SERIAL), 0);
    for (int round = 0; round < 5; round++) {
        sum = again = task = 0.5;
        ck_assert_int_eq(parallel_map_reduce(halve, PARALLEL_PLUS, in, n, &sum), 0);
        ck_assert_int_eq(
            parallel_map_reduce(halve, PARALLEL_PLUS, in, n, &again, .max_workers = 1 + round, .retries = 1), 0);
        ck_assert_int_eq(parallel_map_reduce(halve_some, PARALLEL_PLUS, in, n, &task), 0);
        ck_assert(memcmp(&sum, &serial, sizeof sum) == 0);
        ck_assert(memcmp(&again, &serial, sizeof sum) == 0);
        ck_assert(memcmp(&task, &serial, sizeof sum) == 0);
    }
    free(in);
}
END_TEST

START_TEST(maps_on_processes_that_are_reduced)
{
    size_t n = 70000;
    int *in = counting(n);
    double sum = 0, there = 0;
    ck_assert_int_eq(parallel_map_reduce(halve, PARALLEL_PLUS, in, n, &sum), 0);
    ck_assert_int_eq(
        parallel_map_reduce(halve, PARALLEL_PLUS, in, n, &there, .executor = PARALLEL_PROCESS, .max_workers = 2), 0);
    ck_assert(memcmp(&sum, &there, sizeof sum) == 0);
    free(in);
}
END_TEST

START_TEST(a_task_fails)
{
    size_t n = 100000;
    int *in = counting(n), every = 90000; /* in the third window */
    double sum = 4;
    errno = 0;
    in[90003] = 3;
    for (int i = 0; i < 10; i++)
        in[i] = 0;
    ck_assert_int_eq(parallel_map_reduce(halve_some, PARALLEL_PLUS, in, n, &sum, .extras = &every), -1);
    ck_assert_int_eq(errno, EIO);
    ck_assert(sum == 4);
    const parallel_failure *failure = parallel_last_failure();
    ck_assert_ptr_nonnull(failure);
    ck_assert_uint_eq(failure->index, 90003);
    ck_assert_ptr_eq(failure->arg, &in[90003]);
    ck_assert_str_eq(failure->message, "3 is bad");
    free(in);
}
END_TEST

static size_t last_done, last_total;

static void note_progress(size_t done, size_t total, void *data)
{
    (void)data;
    ck_assert(done >= last_done && done <= total);
    last_done = done;
    last_total = total;
}

START_TEST(failed_tasks_are_left_out)
{
    size_t n = 100000;
    int *in = counting(n), every = 1000;
    double sum = 0, expected = 0;
    char name[] = "one";
    (void)name;
    for (size_t i = 0; i < n; i++)
        expected += in[i] % every == 3 ? 0 : in[i] / 2.0; /* near enough */
    ck_assert_int_eq(parallel_map_reduce(halve_some, PARALLEL_PLUS, in, n, &sum, .extras = &every, .silent = true,
                                         .progress = note_progress),
                     -1);
    ck_assert_int_eq(errno, EIO);
    ck_assert_uint_eq(parallel_last_failure()->index, 3);
    ck_assert(fabs(sum - expected) < 1e-3);
    ck_assert(last_done == n && last_total == n);
    free(in);
}
END_TEST

/* ---- loops ---------------------------------------------------------------------------------------------------- */

PARALLEL_LOOP_REDUCE(double, dot, i, const double *restrict, x, const double *restrict, y)
{
    return x[i] * y[i];
}

PARALLEL_LOOP_REDUCE(struct affine, map_of, i, uint64_t, factor)
{
    return (struct affine){(uint64_t)i * factor | 1, (uint64_t)i, 0};
}

PARALLEL_LOOP_REDUCE(long, index_of, i)
{
    return i;
}

START_TEST(loops_that_are_reduced)
{
    size_t n = sizes[_i];
    double *in = wild_doubles(n), serial = 1;
    ptrdiff_t end = (ptrdiff_t)n, begin = -end / 2;
    struct affine expected = {1, 0, 0}, acc = expected;
    for (ptrdiff_t i = begin; i < end; i++)
        expected = then(expected, (struct affine){(uint64_t)i * 77u | 1, (uint64_t)i, 0});
    ck_assert_int_eq(parallel_loop_reduce(map_of, then, begin, end, (77), &acc), 0);
    ck_assert(memcmp(&acc, &expected, sizeof acc) == 0);
    ck_assert_int_eq(parallel_loop_reduce(dot, PARALLEL_PLUS, 0, end, (in, in), &serial, .executor = PARALLEL_SERIAL),
                     0);
    for (int round = 0; round < 10; round++) {
        double sum = 1;
        long indices = 0;
        ck_assert_int_eq(parallel_loop_reduce(dot, PARALLEL_PLUS, 0, end, (in, in), &sum), 0);
        ck_assert(memcmp(&sum, &serial, sizeof sum) == 0);
        ck_assert_int_eq(parallel_loop_reduce(index_of, PARALLEL_PLUS, begin, end, (), &indices), 0);
        ck_assert_int_eq(indices, (end * (end - 1) - begin * (begin - 1)) / 2);
    }
    double untouched = 5;
    ck_assert_int_eq(parallel_loop_reduce(dot, PARALLEL_PLUS, 3, 3, (in, in), &untouched), 0);
    ck_assert_int_eq(parallel_loop_reduce(dot, PARALLEL_PLUS, PTRDIFF_MIN, 3, (in, in), &untouched), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(parallel_loop_reduce(dot, PARALLEL_PLUS, 0, 3, (in, in), &untouched, .timeout = 1), -1);
    ck_assert(untouched == 5);
    free(in);
}
END_TEST

/* ---- options, and what is wrong -------------------------------------------------------------------------------- */

static int sleep_long(const int *x, double *result, void *extras)
{
    (void)extras;
    *result = *x;
    return parallel_sleep(10) ? ECANCELED : 0;
}
PARALLEL_DECORATE_TASK(sleep_long, int, double);

static double add_slowly(double a, double b)
{
    parallel_sleep(0.01);
    return a + b;
}
PARALLEL_DECORATE_COMBINE(add_slowly, double);

START_TEST(time_limits)
{
    int in[4] = {0, 1, 2, 3};
    double sum = 7, *many = wild_doubles(1000);
    errno = 0;
    ck_assert_int_eq(parallel_map_reduce(sleep_long, PARALLEL_PLUS, in, 4, &sum, .timeout = 0.05), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_eq(parallel_map_reduce(sleep_long, PARALLEL_PLUS, in, 4, &sum, .call_timeout = 0.05), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_eq(parallel_reduce(add_slowly, many, 1000, &sum, .call_timeout = 0.1), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert(sum == 7);
    free(many);
}
END_TEST

START_TEST(progress_counts_items)
{
    size_t n = 1000;
    double sum = 0, *in = wild_doubles(n);
    ck_assert_int_eq(parallel_reduce(PARALLEL_PLUS, in, n, &sum, .progress = note_progress), 0);
    ck_assert(last_done == n && last_total == n);
    free(in);
}
END_TEST

#define REFUSED(code, call)                                                                                            \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        ck_assert_int_eq(call, -1);                                                                                    \
        ck_assert_int_eq(errno, code);                                                                                 \
    } while (0)

START_TEST(what_is_wrong)
{
    double in[3] = {1, 2, 3}, acc = 5;
    struct counted counted = {0};
    const char *names[] = {"a", "b", "c"};
    const parallel_combine *plus = &parallel_word_combines[PARALLEL_WORD_PLUS_][PARALLEL_F64_];
    parallel_combine none = {.name = "none", .size = sizeof none, .type_size = sizeof(double)};
    REFUSED(EINVAL, parallel_reduce_function(NULL, in, 3, &acc, NULL));
    REFUSED(EINVAL, parallel_reduce_function(&none, in, 3, &acc, NULL));
    REFUSED(EINVAL, parallel_reduce_function(plus, NULL, 3, &acc, NULL));
    REFUSED(EINVAL, parallel_reduce_function(plus, in, 3, NULL, NULL));
    REFUSED(ENOMEM, parallel_reduce_function(plus, in, SIZE_MAX / 4, &acc, NULL));
    REFUSED(EINVAL, parallel_reduce(PARALLEL_PLUS, in, 3, &acc, .names = names));
    REFUSED(EINVAL, parallel_reduce(PARALLEL_PLUS, in, 3, &acc, .timeout = 1));
    REFUSED(EINVAL, parallel_reduce(PARALLEL_PLUS, in, 3, &acc, .retries = 1));
    REFUSED(EINVAL, parallel_reduce(PARALLEL_PLUS, in, 0, &acc, .retries = 1));
    REFUSED(EINVAL, parallel_reduce(PARALLEL_PLUS, in, 3, &acc, .deferred = true));
    REFUSED(ENOTSUP, parallel_reduce(PARALLEL_PLUS, in, 3, &acc, .executor = PARALLEL_MPI));
    REFUSED(EINVAL, parallel_map_reduce_function(NULL, plus, in, 3, &acc, NULL));
    REFUSED(EINVAL, parallel_map_reduce_function(&halve__parallel, &then__parallel_combine, in, 3, &acc, NULL));
    REFUSED(ENOMEM, parallel_map_reduce_function(&halve__parallel, plus, in, SIZE_MAX / 2, &acc, NULL));
    REFUSED(ENOMEM, parallel_map_reduce_function(&halve_some__parallel, plus, in, SIZE_MAX / 2, &acc, NULL));
    REFUSED(EINVAL, parallel_fold_function(NULL, in, 3, &acc, NULL));
    REFUSED(EINVAL, parallel_fold_function(&add_number__parallel_fold, NULL, 3, &counted, NULL));
    REFUSED(ENOMEM, parallel_fold_function(&add_number__parallel_fold, in, SIZE_MAX / 2, &counted, NULL));
    ck_assert_int_eq(parallel_reduce(PARALLEL_PLUS, in, 0, &acc), 0);
    ck_assert_int_eq(parallel_fold(count_byte, (const unsigned char *)NULL, 0, &(struct histogram){{0}}), 0);
    ck_assert(acc == 5);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_set_timeout(c, 300);
    tcase_add_loop_test(c, words_of_integers, 0, SIZES);
    tcase_add_loop_test(c, words_of_bool, 0, SIZES);
    tcase_add_loop_test(c, words_of_floats, 0, SIZES);
    tcase_add_test(c, nan_is_passed_over);
    tcase_add_loop_test(c, operators_that_do_not_commute, 0, SIZES);
    tcase_add_test(c, large_values);
    tcase_add_test(c, a_few_items_can_be_shared);
    tcase_add_loop_test(c, folds, 0, SIZES);
    tcase_add_loop_test(c, maps_that_are_reduced, 0, SIZES);
    tcase_add_test(c, maps_on_processes_that_are_reduced);
    tcase_add_test(c, a_task_fails);
    tcase_add_test(c, failed_tasks_are_left_out);
    tcase_add_loop_test(c, loops_that_are_reduced, 0, SIZES);
    tcase_add_test(c, time_limits);
    tcase_add_test(c, progress_counts_items);
    tcase_add_test(c, what_is_wrong);
    return pl_run("api/reduce", c);
}
