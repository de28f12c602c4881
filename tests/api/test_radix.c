/* SPDX-License-Identifier: MIT */
/* Sorting numbers by their bits: each type against a stable sort by comparing, NaN and zeros by their bits. It is
 * linked with the library's own functions, as what is tested here has no name of its own. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/jobs.h"
#include "support/test.h"

static const size_t sizes[] = {
    0,      1,      2,   3,   4,   5,   7,    8,    9,    17,   21,   23,   24,    25,    32,    33,    63,    64,
    65,     100,    255, 511, 512, 513, 1000, 1021, 2047, 2048, 2049, 4096, 16383, 16384, 16385, 20011, 65537,
#if !PL_SANITIZED /* they would take minutes */
    131072, 500009,
#endif
};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static unsigned long long state;

/* Numbers are spread in many ways. */
enum { SPREADS = 11 };

static uint64_t integer_of(int spread, size_t i, size_t n)
{
    uint64_t r = pl_random(&state);
    switch (spread) {
    case 0:
        return r;
    case 1:
        return r >> (r & 63);
    case 2:
        return r % 7;
    case 3:
        return i;
    case 4:
        return 0 - (uint64_t)i;
    case 5:
        return r & 1 ? r >> 44 : r;
    case 6: /* clusters that a first cut does not tell apart */
        return r % 3 * 0x123456789abcdull + (r >> 50);
    case 7:
        return r % 1000 ? 42 : r;
    case 8: /* nearly in order */
        return r % 100 ? i : r % (n + 1);
    case 9: /* two values, as bits have them that are far apart */
        return r & 1 ? UINT64_C(0x8000000000000001) : 1;
    default: /* each more than twice the one before: all is in one bucket, again and again */
        return UINT64_C(1) << (r & 63);
    }
}

static double double_of(int spread, size_t i)
{
    uint64_t r = pl_random(&state);
    double x;
    switch (spread) {
    case 0: /* any bits */
        memcpy(&x, &r, sizeof x);
        return x;
    case 1:
        return (double)(r >> 11) * 0x1p-53;
    case 2:
        return (double)((int)(r >> 33) % 5 - 2) * (r & 1 ? 1 : -1);
    case 3: /* NaN of both signs, and all bits */
        r = r % 100 ? r : r >> 8 | UINT64_C(0x7ff) << 52 | r << 63;
        memcpy(&x, &r, sizeof x);
        return x;
    case 4: /* zeros of both signs */
        return r % 3 == 0 ? 0.0 : r % 3 == 1 ? -0.0 : (double)(int)(r >> 40) * 1e-3;
    case 5:
        return exp((double)(int64_t)r * 0x1p-60);
    case 6:
        return r % 50 == 0   ? (double)NAN
               : r % 50 == 1 ? (double)INFINITY
               : r % 50 == 2 ? -(double)INFINITY
                             : (double)(r >> 60);
    case 7: /* denormal ones */
        return 4.9406564584124654e-324 * (double)(r >> 50) * (r & 1 ? 1 : -1);
    case 8: /* in order, but for a NaN in front, and zeros */
        return i == 0 ? (double)NAN : i < 5 ? (i & 1 ? 0.0 : -0.0) : (double)i;
    case 9: /* the other way round, with zeros */
        return i < 7 ? 1e9 - (double)i : i < 12 ? (i & 1 ? 0.0 : -0.0) : -(double)i;
    default:
        return (double)NAN;
    }
}

/* Merges halves, by the order's own comparison. */
static void sort_slowly(const parallel_order *o, unsigned char *items, unsigned char *room, size_t n)
{
    size_t size = o->type_size, half = n / 2, i = 0, j = half;
    if (n < 2)
        return;
    sort_slowly(o, items, room, half);
    sort_slowly(o, items + half * size, room, n - half);
    memcpy(room, items, n * size);
    for (size_t k = 0; k < n; k++) {
        bool right = i == half || (j < n && o->call(room + j * size, room + i * size) < 0);
        memcpy(items + k * size, room + (right ? j++ : i++) * size, size);
    }
}

static void put_number(const parallel_order *o, void *items, size_t i, int spread, size_t n)
{
    unsigned char *to = (unsigned char *)items + i * o->type_size;
    int kind = o->number - 1;
    double x = kind == PARALLEL_F32_ || kind == PARALLEL_F64_ ? double_of(spread, i) : 0;
    uint64_t bits = kind == PARALLEL_BOOL_ ? pl_random(&state) & 1 : integer_of(spread, i, n);
    float f = (float)x;
    if (kind == PARALLEL_F64_)
        memcpy(to, &x, sizeof x);
    else if (kind == PARALLEL_F32_)
        memcpy(to, &f, sizeof f);
    else if (o->type_size == 1)
        *to = (unsigned char)bits;
    else if (o->type_size == 2)
        memcpy(to, &(uint16_t){(uint16_t)bits}, 2);
    else if (o->type_size == 4)
        memcpy(to, &(uint32_t){(uint32_t)bits}, 4);
    else
        memcpy(to, &bits, 8);
}

static void check_sort(const parallel_order *o, size_t n, int spread, const parallel_options *options)
{
    size_t bytes = n * o->type_size;
    unsigned char *items = malloc(bytes + 1), *expected = malloc(bytes + 1), *room = malloc(bytes + 1);
    for (size_t i = 0; i < n; i++)
        put_number(o, items, i, spread, n);
    memcpy(expected, items, bytes);
    sort_slowly(o, expected, room, n);
    ck_assert_int_eq(parallel_sort_items(o, items, n, options), 0);
    ck_assert_msg(memcmp(items, expected, bytes) == 0, "kind %d, n = %zu, spread %d, descends %d", o->number, n, spread,
                  o->descends);
    free(items);
    free(expected);
    free(room);
}

START_TEST(numbers_of_all_types)
{
    size_t n = sizes[_i];
    state = 88172645463325252u + (unsigned)_i;
    for (int spread = 0; spread < SPREADS; spread++)
        for (int kind = 0; kind < PARALLEL_NUMBERS_; kind++)
            for (int word = 0; word < PARALLEL_ORDERS_; word++)
                if (kind != PARALLEL_LONG_DOUBLE_) /* which test_sort.c sorts */
                    check_sort(&parallel_word_orders[word][kind], n, spread, NULL);
}
END_TEST

static const parallel_order *const ints = &parallel_word_orders[PARALLEL_WORD_ASCENDING_][PARALLEL_I32_];
static const parallel_order *const doubles = &parallel_word_orders[PARALLEL_WORD_DESCENDING_][PARALLEL_F64_];
static const parallel_order *const shorts = &parallel_word_orders[PARALLEL_WORD_ASCENDING_][PARALLEL_I16_];

static void sort_nested(size_t begin, size_t end, void *ctx)
{
    (void)ctx;
    for (; begin < end; begin++) {
        int x[5000];
        for (int i = 0; i < 5000; i++)
            x[i] = (int)((unsigned)(i + (int)begin) * 2654435761u);
        ck_assert_int_eq(parallel_sort_items(ints, x, 5000, NULL), 0);
        for (int i = 1; i < 5000; i++)
            ck_assert(x[i - 1] <= x[i]);
    }
}

START_TEST(whoever_does_it)
{
    size_t n = sizes[_i];
    state = 88172645463325252u;
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(5);
    for (int spread = 0; spread < 4; spread += 3) {
        for (int workers = 1; workers <= 64; workers *= 8) {
            const parallel_options o = {.size = sizeof o, .max_workers = workers};
            check_sort(ints, n, spread, &o);
            check_sort(doubles, n, spread, &o);
            check_sort(shorts, n, spread, &o);
        }
        check_sort(ints, n, spread, &(parallel_options){.size = sizeof(parallel_options), .pool = pool, .grain = 1});
        check_sort(doubles, n, spread,
                   &(parallel_options){.size = sizeof(parallel_options), .pool = pool, .call_timeout = 1e6});
        check_sort(ints, n, spread, &(parallel_options){.size = sizeof(parallel_options), .executor = PARALLEL_SERIAL});
    }
    ck_assert_int_eq(parallel_for(8, sort_nested, NULL, .pool = pool, .grain = 1), 0);
}
END_TEST

static size_t last_done, last_total;

static void note_progress(size_t done, size_t total, void *data)
{
    (void)data;
    last_done = done;
    last_total = total;
}

/* The sum and the sum of squares tell whether all are there. */
static uint64_t mark_of(const int *x, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (uint64_t)(uint32_t)x[i] * (uint32_t)x[i] + (uint32_t)x[i];
    return sum;
}

enum { N = 1500007 };
static int numbers[N];

static void fill_numbers(void)
{
    state = 88172645463325252u;
    for (int i = 0; i < N; i++)
        numbers[i] = (int)pl_random(&state);
}

START_TEST(options)
{
    static const size_t some[] = {1, 100, 30000};
    for (int k = 0; k < 3; k++) {
        fill_numbers();
        parallel_options o = {.size = sizeof o, .progress = note_progress};
        last_done = last_total = 0;
        ck_assert_int_eq(parallel_sort_items(ints, numbers, some[k], &o), 0);
        ck_assert(last_done == some[k] && last_total == some[k]);
        errno = 0;
        o = (parallel_options){.size = sizeof o, .executor = PARALLEL_PROCESS};
        ck_assert_int_eq(parallel_sort_items(ints, numbers, some[k], &o), -1);
        ck_assert_int_eq(errno, ENOTSUP);
        o = (parallel_options){.size = sizeof o, .timeout = 1};
        ck_assert_int_eq(parallel_sort_items(ints, numbers, some[k], &o), -1);
        ck_assert_int_eq(errno, EINVAL);
    }
    ck_assert_int_eq(parallel_sort_items(ints, NULL, 1, NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(parallel_sort_items(ints, NULL, 0, NULL), 0);
    ck_assert_int_eq(parallel_sort_items(ints, numbers, SIZE_MAX / 4, NULL), -1);
    ck_assert_int_eq(errno, ENOMEM);
}
END_TEST

/* Wherever a call is ended, all numbers are there. */
START_TEST(a_call_ends_in_time)
{
    bool has_failed = false;
    fill_numbers();
    uint64_t mark = mark_of(numbers, N);
    for (double seconds = 1e-9; seconds < 1; seconds *= 1.6) {
        parallel_options o = {.size = sizeof o, .call_timeout = seconds};
        fill_numbers();
        errno = 0;
        int result = parallel_sort_items(ints, numbers, N, &o);
        ck_assert(result == 0 || errno == ETIMEDOUT);
        ck_assert(mark_of(numbers, N) == mark);
        has_failed |= result != 0;
    }
    ck_assert(has_failed);
}
END_TEST

static int sort_until_cancelled(const int *arg, int *result, void *extras)
{
    (void)arg;
    (void)extras;
    count_one(&begun);
    for (*result = 0; *result == 0;) {
        fill_numbers();
        *result = parallel_sort_items(ints, numbers, N, NULL) == 0 ? 0 : errno;
    }
    count_one(&ended);
    return 0;
}
PARALLEL_DECORATE_TASK(sort_until_cancelled, int, int);

START_TEST(a_task_that_is_cancelled)
{
    int arg = 0;
    parallel_executor *ex = parallel_async_map(sort_until_cancelled, &arg, 1);
    while (count_of(&begun) == 0)
        pl_test_sleep(1000);
    pl_test_sleep(20000);
    parallel_cancel(ex);
    parallel_executor_free(ex);
    ck_assert_int_eq(count_of(&ended), 1);
    uint64_t mark = mark_of(numbers, N);
    fill_numbers();
    ck_assert(mark == mark_of(numbers, N));
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, numbers_of_all_types, 0, SIZES);
    tcase_add_loop_test(c, whoever_does_it, 0, SIZES);
    tcase_add_test(c, options);
    tcase_add_test(c, a_call_ends_in_time);
    tcase_add_test(c, a_task_that_is_cancelled);
    return pl_run("api/radix", c);
}
