/* SPDX-License-Identifier: MIT */
/* The least and the greatest of an array, by functions and by words: each call against the loop that it equals. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/jobs.h"

static const size_t sizes[] = {0,   1,   2,    3,    5,    8,    15,   16,    17,    63,     64,     65,
                               127, 129, 1000, 1021, 8191, 8193, 9000, 65535, 65537, 100003, 1000003};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

/* ---- functions ------------------------------------------------------------------------------------------------- */

struct byte {
    unsigned char key;
};
struct person {
    int id, born;
    double height;
};
struct twenty_four {
    int rest[5], key;
};

static bool is_less(const struct byte *a, const struct byte *b)
{
    return a->key < b->key;
}
PARALLEL_DECORATE_ORDER(is_less, struct byte);

static bool is_younger(const struct person *a, const struct person *b)
{
    return a->born > b->born;
}
PARALLEL_DECORATE_ORDER(is_younger, struct person);

static int compare_heights(const struct person *a, const struct person *b)
{
    return (a->height > b->height) - (a->height < b->height);
}
PARALLEL_DECORATE_ORDER(compare_heights, struct person);

/* As for qsort(). */
static int compare_keys(const void *a, const void *b)
{
    int x = ((const struct twenty_four *)a)->key, y = ((const struct twenty_four *)b)->key;
    return x < y ? -7 : x > y;
}
PARALLEL_DECORATE_ORDER(compare_keys, struct twenty_four);

/* By the function alone, as it is known at run time. */
static parallel_order order_at_run_time(const parallel_order *order)
{
    return (parallel_order){
        .name = order->name, .size = sizeof *order, .call = order->call, .type_size = order->type_size};
}

#define CHECK_EXTREMES(order, handle)                                                                                  \
    do {                                                                                                               \
        const void *least = items, *greatest = items;                                                                  \
        for (size_t i = 1; i < n; i++) {                                                                               \
            if ((handle)->call(&items[i], least) < 0)                                                                  \
                least = &items[i];                                                                                     \
            if ((handle)->call(greatest, &items[i]) < 0)                                                               \
                greatest = &items[i];                                                                                  \
        }                                                                                                              \
        least = n ? least : NULL, greatest = n ? greatest : NULL;                                                      \
        parallel_order plain = order_at_run_time(handle);                                                              \
        for (int round = 0; round < 4; round++) {                                                                      \
            errno = EIO;                                                                                               \
            ck_assert_msg(parallel_min(order, items, n) == least, "least by " #order ", n = %zu", n);                  \
            ck_assert(n || errno == 0);                                                                                \
            errno = EIO;                                                                                               \
            ck_assert_msg(parallel_max(order, items, n) == greatest, "greatest by " #order ", n = %zu", n);            \
            ck_assert(n || errno == 0);                                                                                \
            ck_assert_ptr_eq(parallel_min(order, items, n, .max_workers = round, .grain = (size_t)round * 7), least);  \
            ck_assert_ptr_eq(parallel_max(order, items, n, .executor = PARALLEL_SERIAL), greatest);                    \
            ck_assert_ptr_eq(parallel_max(order, items, n, .pool = pool), greatest);                                   \
        }                                                                                                              \
        ck_assert_ptr_eq(parallel_min_function(&plain, items, n, NULL), least);                                        \
        ck_assert_ptr_eq(parallel_max_function(&plain, items, n, NULL), greatest);                                     \
    } while (0)

START_TEST(by_functions)
{
    size_t n = sizes[_i];
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(3);
    unsigned long long state = n + 5;
    struct person *people = calloc(n + 1, sizeof *people);
    struct twenty_four *many = calloc(n + 1, sizeof *many);
    struct byte *bytes = calloc(n + 1, sizeof *bytes);
    for (int round = 0; round < 4; round++) {
        for (size_t i = 0; i < n; i++) {
            people[i].born = (int)(pl_random(&state) % (round ? 1000000 : 3));
            people[i].height = (double)(pl_random(&state) % (round ? 200000 : 2));
            many[i].key = (int)(pl_random(&state) % (round < 2 ? 7 : 1u << 31));
            bytes[i].key = (unsigned char)(pl_random(&state) % (round ? 256 : 2));
        }
        {
            const struct person *items = people;
            CHECK_EXTREMES(is_younger, &is_younger__parallel_order);
        }
        {
            struct person *items = people;
            CHECK_EXTREMES(compare_heights, &compare_heights__parallel_order);
        }
        {
            struct twenty_four *items = many;
            CHECK_EXTREMES(compare_keys, &compare_keys__parallel_order);
        }
        {
            struct byte *items = bytes;
            CHECK_EXTREMES(is_less, &is_less__parallel_order);
        }
    }
    free(people);
    free(many);
    free(bytes);
}
END_TEST

/* ---- words ----------------------------------------------------------------------------------------------------- */

#define CHECK_WORD(type, is_nan)                                                                                       \
    do {                                                                                                               \
        const type *x = (const type *)in, *least = x, *greatest = x;                                                   \
        for (size_t i = 1; i < n; i++) {                                                                               \
            if (x[i] < *least || (is_nan(*least) && !is_nan(x[i])))                                                    \
                least = x + i;                                                                                         \
            if (x[i] > *greatest || (is_nan(*greatest) && !is_nan(x[i])))                                              \
                greatest = x + i;                                                                                      \
        }                                                                                                              \
        if (n == 0)                                                                                                    \
            least = greatest = NULL;                                                                                   \
        for (int round = 0; round < 3; round++) {                                                                      \
            ck_assert_msg(parallel_min(PARALLEL_ASCENDING, x, n) == least, "least " #type ", n = %zu", n);             \
            ck_assert_msg(parallel_max(PARALLEL_ASCENDING, x, n) == greatest, "greatest " #type ", n = %zu", n);       \
            ck_assert_ptr_eq(parallel_min(PARALLEL_DESCENDING, (type *)x, n, .max_workers = round), greatest);         \
            ck_assert_ptr_eq(parallel_max(PARALLEL_DESCENDING, x, n, .executor = PARALLEL_SERIAL), least);             \
            ck_assert(n || errno == 0);                                                                                \
        }                                                                                                              \
    } while (0)
#define NEVER(x) ((void)(x), 0)
#define IS_NAN(x) ((x) != (x))

static uint64_t *random_words(size_t count, uint64_t mask)
{
    uint64_t *in = malloc(count * sizeof *in);
    unsigned long long state = 88172645463325252u;
    ck_assert_ptr_nonnull(in);
    for (size_t i = 0; i < count; i++)
        in[i] = pl_random(&state) & mask;
    return in;
}

START_TEST(words_of_integers)
{
    size_t n = sizes[_i];
    static const uint64_t masks[] = {UINT64_MAX, UINT64_C(0x0101010101010101), 0, UINT64_C(0xff0000ff0000ff80)};
    for (int k = 0; k < 4; k++) {
        uint64_t *in = random_words(n + 1, masks[k]);
        CHECK_WORD(char, NEVER);
        CHECK_WORD(signed char, NEVER);
        CHECK_WORD(unsigned char, NEVER);
        CHECK_WORD(short, NEVER);
        CHECK_WORD(unsigned short, NEVER);
        CHECK_WORD(int, NEVER);
        CHECK_WORD(unsigned, NEVER);
        CHECK_WORD(long, NEVER);
        CHECK_WORD(unsigned long, NEVER);
        CHECK_WORD(long long, NEVER);
        CHECK_WORD(unsigned long long, NEVER);
        if (masks[k] == UINT64_C(0x0101010101010101) || masks[k] == 0)
            CHECK_WORD(bool, NEVER);
        free(in);
    }
}
END_TEST

#define CHECK_FLOATS(type, nan)                                                                                        \
    do {                                                                                                               \
        type *in = calloc(n + 1, sizeof *in);                                                                          \
        for (int round = 0; round < 6; round++) {                                                                      \
            for (size_t i = 0; i < n; i++) {                                                                           \
                uint64_t r = pl_random(&state);                                                                        \
                in[i] = round == 0       ? (type)(int64_t)r                                                            \
                        : round == 1     ? (type)nan("")                                                               \
                        : round == 2     ? (r % 2 ? -(type)0 : (type)0)                                                \
                        : r % 10 < 3     ? (r % 4 ? (type)nan("1") : -(type)nan(""))                                   \
                        : r % 1000 == 99 ? (type)HUGE_VAL                                                              \
                                         : (type)((int64_t)r >> 50);                                                   \
            }                                                                                                          \
            for (size_t i = 0; i < n && round == 4 && i < n - 1; i++)                                                  \
                in[i] = (type)nan("");                                                                                 \
            CHECK_WORD(type, IS_NAN);                                                                                  \
        }                                                                                                              \
        free(in);                                                                                                      \
    } while (0)

START_TEST(words_of_floats)
{
    size_t n = sizes[_i];
    unsigned long long state = 4711 + n;
    CHECK_FLOATS(float, nanf);
    CHECK_FLOATS(double, nan);
    if (n < 500000)
        CHECK_FLOATS(long double, nanl);
}
END_TEST

/* What is handed to sorting: NaN come last, whatever their sign, and zeros are equal. */
START_TEST(orders_of_floats)
{
    static const double in[] = {-HUGE_VAL, -1, -0.0, 0.0, 1, HUGE_VAL};
    enum { COUNT = sizeof in / sizeof in[0] };
    const parallel_order *up = &parallel_word_orders[0][PARALLEL_F64_], *down = &parallel_word_orders[1][PARALLEL_F64_];
    const double nans[] = {NAN, -NAN};
    for (int i = 0; i < COUNT; i++) {
        for (int k = 0; k < COUNT; k++) {
            ck_assert_int_eq(up->call(in + i, in + k) < 0, in[i] < in[k]);
            ck_assert_int_eq(down->call(in + i, in + k) < 0, in[i] > in[k]);
        }
        for (int k = 0; k < 2; k++) {
            ck_assert(up->call(in + i, nans + k) < 0 && up->call(nans + k, in + i) > 0);
            ck_assert(down->call(in + i, nans + k) < 0 && down->call(nans + k, in + i) > 0);
            ck_assert(up->call(nans, nans + k) == 0 && down->call(nans + k, nans) == 0);
        }
    }
}
END_TEST

/* ---- what is none ---------------------------------------------------------------------------------------------- */

static atomic_uint turns;

static bool says_anything(const struct person *a, const struct person *b)
{
    unsigned turn = atomic_fetch_add_explicit(&turns, 1, memory_order_relaxed);
    return ((unsigned)a->id * 2654435761u ^ (unsigned)b->id * 40503u ^ turn) >> 7 & 1;
}
PARALLEL_DECORATE_ORDER(says_anything, struct person);

START_TEST(what_is_no_order)
{
    enum { N = 50000 };
    struct person *people = calloc(N, sizeof *people);
    for (int i = 0; i < N; i++)
        people[i].id = i;
    for (size_t n = 1; n < N; n = n * 3 + 1) {
        const struct person *least = parallel_min(says_anything, people, n);
        ck_assert(least >= people && least < people + n);
        least = parallel_max(says_anything, people, n, .max_workers = 3);
        ck_assert(least >= people && least < people + n);
    }
    free(people);
}
END_TEST

/* ---- options --------------------------------------------------------------------------------------------------- */

static size_t last_done, last_total;

static void note_progress(size_t done, size_t total, void *data)
{
    (void)data;
    ck_assert(done >= last_done && done <= total);
    last_done = done;
    last_total = total;
}

static bool is_less_slowly(const int *a, const int *b)
{
    pl_test_sleep(200);
    return *a < *b;
}
PARALLEL_DECORATE_ORDER(is_less_slowly, int);

enum { N = 30000 };
static int in[N];

START_TEST(progress_and_time)
{
    ck_assert_ptr_eq(parallel_min(PARALLEL_ASCENDING, in, N, .progress = note_progress), in);
    ck_assert(last_done == N && last_total == N);
    last_done = 0;
    ck_assert_ptr_eq(parallel_max(is_less_slowly, in, 100, .progress = note_progress, .max_workers = 2), in);
    ck_assert(last_done == 100 && last_total == 100);
    double began = now();
    ck_assert_ptr_null(parallel_max(is_less_slowly, in, N, .call_timeout = 0.05));
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert(now() - began < 2);
}
END_TEST

static atomic_int ran, codes[2];

static int search_long(const int *how, int *result, void *extras)
{
    (void)extras;
    *result = 0;
    count_one(&ran);
    bool failed = *how ? !parallel_min(is_less_slowly, in, N, .max_workers = 2) : !parallel_max(is_less_slowly, in, N);
    atomic_store_explicit(&codes[*how], failed ? errno : -1, memory_order_relaxed);
    return 0;
}
PARALLEL_DECORATE_TASK(search_long, int, int);

START_TEST(a_task_that_is_cancelled)
{
    int how = _i % 2;
    bool late = _i >= 2;
    parallel_executor *ex = parallel_async_map(search_long, &how, 1, .timeout = late ? 0.02 : 0);
    while (count_of(&ran) == 0)
        pl_test_sleep(1000);
    if (!late)
        parallel_cancel(ex);
    parallel_executor_free(ex);
    ck_assert_int_eq(count_of(&codes[how]), late ? ETIMEDOUT : ECANCELED);
}
END_TEST

static bool is_right(size_t n)
{
    return parallel_min(PARALLEL_ASCENDING, in, n) == in && parallel_max(is_less_slowly, in, n % 4 + 1) == in;
}
PARALLEL_DECORATE(is_right, size_t, bool);

START_TEST(in_tasks_and_elsewhere)
{
    size_t lengths[50];
    for (size_t i = 0; i < 50; i++)
        lengths[i] = i * i * 10 + 1;
    ck_assert_int_eq(parallel_all(is_right, lengths, 50, .max_workers = 3), 1);
    ck_assert_ptr_eq(parallel_min(PARALLEL_ASCENDING, in, N, .executor = PARALLEL_PROCESS), in);
}
END_TEST

#define CHECK_REFUSED(code, order, items, n, ...)                                                                      \
    do {                                                                                                               \
        parallel_options o = {.size = sizeof o, __VA_ARGS__};                                                          \
        errno = 0;                                                                                                     \
        ck_assert(!parallel_min_function(order, items, n, &o) && errno == (code));                                     \
        errno = 0;                                                                                                     \
        ck_assert(!parallel_max_function(order, items, n, &o) && errno == (code));                                     \
    } while (0)

START_TEST(what_is_wrong)
{
    const char *names[] = {"a", "b", "c"};
    const parallel_order *up = &parallel_word_orders[0][PARALLEL_I32_];
    parallel_order none = {.name = "none", .size = sizeof none, .type_size = 4}, other = *up, sizeless = *up;
    other.number = 99;
    sizeless.type_size = 0;
    for (size_t n = 0; n < 4; n += 3) {
        CHECK_REFUSED(EINVAL, NULL, in, n, .max_workers = 2);
        CHECK_REFUSED(EINVAL, &none, in, n, .max_workers = 2);
        CHECK_REFUSED(EINVAL, &other, in, n, .max_workers = 2);
        CHECK_REFUSED(EINVAL, &sizeless, in, n, .max_workers = 2);
        CHECK_REFUSED(EINVAL, up, in, n, .names = names);
        CHECK_REFUSED(EINVAL, up, in, n, .timeout = 1);
        CHECK_REFUSED(EINVAL, up, in, n, .retries = 1);
        CHECK_REFUSED(EINVAL, up, in, n, .extras = in);
        CHECK_REFUSED(EINVAL, up, in, n, .deferred = true);
        CHECK_REFUSED(ENOTSUP, up, in, n, .executor = PARALLEL_MPI);
    }
    CHECK_REFUSED(EINVAL, up, NULL, 3, .max_workers = 2);
    CHECK_REFUSED(ENOMEM, up, in, SIZE_MAX / 4, .max_workers = 2);
    ck_assert(!parallel_min_function(NULL, in, 3, NULL) && errno == EINVAL);
    ck_assert(!parallel_max_function(up, in, SIZE_MAX, NULL) && errno == ENOMEM);
    ck_assert(!parallel_min(PARALLEL_DESCENDING, (const float *)NULL, 0) && errno == 0);
    other = *up;
    ck_assert_ptr_eq(parallel_max_function(&other, in, 3, NULL), in);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_set_timeout(c, 300);
    tcase_add_loop_test(c, by_functions, 0, SIZES);
    tcase_add_loop_test(c, words_of_integers, 0, SIZES);
    tcase_add_loop_test(c, words_of_floats, 0, SIZES);
    tcase_add_test(c, orders_of_floats);
    tcase_add_test(c, what_is_no_order);
    tcase_add_test(c, progress_and_time);
    tcase_add_loop_test(c, a_task_that_is_cancelled, 0, 4);
    tcase_add_test(c, in_tasks_and_elsewhere);
    tcase_add_test(c, what_is_wrong);
    return pl_run("api/order", c);
}
