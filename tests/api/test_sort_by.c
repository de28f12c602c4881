/* SPDX-License-Identifier: MIT */
/* Sorting by keys: items of all sizes by keys of all types against a stable sort by comparing; keys that fail, are
 * late, or are tried again. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/bytes.h"
#include "support/jobs.h"
#include "support/process.h"
#include "support/sanitizers.h"

static const size_t sizes[] = {
    0,     1,      2, 3, 15, 16, 17, 24, 25, 33, 100, 257, 1000, 4099, 16383, 16384, 16385, 20011,
#if !PL_TSAN /* they would take minutes */
    65536, 100003,
#endif
};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

/* ---- items of all sizes, keys of all types ----------------------------------------------------------------------- */

static bool comes_before(long double a, long double b)
{
    return a < b || (a == a && b != b);
}

/* Merges halves, by keys, of items with their indices in front. */
static void sort_slowly(long double *keys, size_t *order, size_t *room, size_t n)
{
    size_t half = n / 2, i = 0, j = half;
    if (n < 2)
        return;
    sort_slowly(keys, order, room, half);
    sort_slowly(keys, order + half, room, n - half);
    memcpy(room, order, n * sizeof *order);
    for (size_t k = 0; k < n; k++) {
        bool right = i == half || (j < n && comes_before(keys[room[j]], keys[room[i]]));
        order[k] = room[right ? j++ : i++];
    }
}

/* Where each item is expected. */
static size_t *order_of(long double *keys, size_t n)
{
    size_t *order = malloc((n + 1) * sizeof *order), *room = malloc((n + 1) * sizeof *room);
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    sort_slowly(keys, order, room, n);
    free(room);
    return order;
}

#define KEY(size, name, type, value)                                                                                   \
    static type key##size##name(struct bytes##size item)                                                               \
    {                                                                                                                  \
        uint64_t r = 0;                                                                                                \
        memcpy(&r, item.of, sizeof item < 8 ? sizeof item : 8);                                                        \
        return value;                                                                                                  \
    }                                                                                                                  \
    PARALLEL_DECORATE(key##size##name, struct bytes##size, type);                                                      \
    static void check##size##name(size_t n)                                                                            \
    {                                                                                                                  \
        struct bytes##size *items = random_bytes(n * size), *as_they_were = some_room(n * size);                       \
        long double *keys = malloc((n + 1) * sizeof *keys);                                                            \
        memcpy(as_they_were, items, n *size);                                                                          \
        for (size_t i = 0; i < n; i++)                                                                                 \
            keys[i] = (long double)key##size##name(items[i]);                                                          \
        size_t *order = order_of(keys, n);                                                                             \
        ck_assert_int_eq(parallel_sort_by(key##size##name, items, n), 0);                                              \
        for (size_t i = 0; i < n; i++)                                                                                 \
            ck_assert_msg(memcmp(&items[i], &as_they_were[order[i]], size) == 0,                                       \
                          "%d bytes by " #type ", n = %zu, item %zu", size, n, i);                                     \
        free(items);                                                                                                   \
        free(as_they_were);                                                                                            \
        free(keys);                                                                                                    \
        free(order);                                                                                                   \
    }

/* -Wfloat-conversion: what is asked for. */
#define OF_BYTES(size)                                                                                                 \
    struct bytes##size {                                                                                               \
        unsigned char of[size];                                                                                        \
    };                                                                                                                 \
    KEY(size, i8, int8_t, (int8_t)r)                                                                                   \
    KEY(size, i32, int, (int)(r * 2654435761u))                                                                        \
    KEY(size, i64, int64_t, (int64_t)r)                                                                                \
    KEY(size, u16, uint16_t, (uint16_t)(r % 1000))                                                                     \
    KEY(size, u32, uint32_t, (uint32_t)r)                                                                              \
    KEY(size, u64, uint64_t, (r % 3 * UINT64_C(0x123456789abcd) + r % 999))                                            \
    KEY(size, bool, bool, r & 1)                                                                                       \
    KEY(size, float, float, r % 16 == 0 ? NAN : r % 16 == 1 ? -0.0f : r % 16 == 2 ? 0.0f : (float)(int)r)              \
    KEY(size, double, double,                                                                                          \
        r % 16 == 0   ? -(double)NAN                                                                                   \
        : r % 16 == 1 ? -0.0                                                                                           \
        : r % 16 == 2 ? 0.0                                                                                            \
                      : (double)(int64_t)r * 1e-3)                                                                     \
    KEY(size, long, long double, r % 16 == 0 ? (long double)NAN : (long double)(int64_t)r)                             \
    static void check_all##size(size_t n)                                                                              \
    {                                                                                                                  \
        check##size##i8(n);                                                                                            \
        check##size##i32(n);                                                                                           \
        check##size##i64(n);                                                                                           \
        check##size##u16(n);                                                                                           \
        check##size##u32(n);                                                                                           \
        check##size##u64(n);                                                                                           \
        check##size##bool(n);                                                                                          \
        check##size##float(n);                                                                                         \
        check##size##double(n);                                                                                        \
        check##size##long(n);                                                                                          \
    }
OF_BYTES(1)
OF_BYTES(2)
OF_BYTES(3)
OF_BYTES(4)
OF_BYTES(7)
OF_BYTES(8)
OF_BYTES(12)
OF_BYTES(16)
OF_BYTES(24)
OF_BYTES(200)

START_TEST(items_of_all_sizes)
{
    size_t n = sizes[_i];
    for (int times = 0; times < 3; times++) { /* what keys cost is known then */
        check_all1(n);
        check_all2(n);
        check_all3(n);
        check_all4(n);
        check_all7(n);
        check_all8(n);
        check_all12(n);
        check_all16(n);
        check_all24(n);
        if (n <= 20011)
            check_all200(n);
        if (n > 5000)
            break;
    }
}
END_TEST

/* ---- the same whoever does it ------------------------------------------------------------------------------------ */

struct record {
    uint64_t key, value;
};

static uint64_t key_of(struct record r)
{
    return r.key;
}
PARALLEL_DECORATE(key_of, struct record, uint64_t);

static int key_task(const struct record *r, uint64_t *key, void *extras)
{
    (void)extras;
    *key = r->key;
    return 0;
}
PARALLEL_DECORATE_TASK(key_task, struct record, uint64_t);

static int call_key(const void *arg, void *result, void *extras)
{
    return key_task(arg, result, extras);
}

static const parallel_function by_hand = {
    .name = "by hand", .arg_size = sizeof(struct record), .result_size = sizeof(uint64_t), .call = call_key};
static const parallel_function *const keys[] = {&key_of__parallel, &key_task__parallel, &by_hand};
enum { KEYS = sizeof keys / sizeof keys[0], SPREADS = 6 };

static struct record *make_records(size_t n, int spread)
{
    struct record *r = malloc((n + 1) * sizeof *r);
    unsigned long long state = 88172645463325252u;
    for (size_t i = 0; i < n; i++) {
        uint64_t x = pl_random(&state);
        uint64_t key[SPREADS] = {x, x % 5, x >> (x & 63), x % 4 ? 7 : x, i, n - i};
        r[i] = (struct record){key[spread], i};
    }
    return r;
}

static bool are_sorted(const struct record *r, size_t n)
{
    size_t i = 1;
    while (i < n && (r[i - 1].key < r[i].key || (r[i - 1].key == r[i].key && r[i - 1].value < r[i].value)))
        i++;
    return i >= n;
}

static void check_with(const parallel_function *f, size_t n, int spread, parallel_options o)
{
    struct record *r = make_records(n, spread);
    o.size = sizeof o;
    ck_assert_int_eq(parallel_sort_by_function(f, PARALLEL_KEY_UINT64, r, n, &o), 0);
    ck_assert_msg(are_sorted(r, n), "n = %zu, spread %d", n, spread);
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += r[i].value;
    ck_assert(n == 0 || sum == (uint64_t)n * (n - 1) / 2);
    free(r);
}

struct nested {
    const parallel_function *f;
    size_t n;
};

static void sort_nested(size_t begin, size_t end, void *ctx)
{
    const struct nested *c = ctx;
    for (; begin < end; begin++)
        check_with(c->f, c->n, (int)begin, (parallel_options){.grain = 1});
}

START_TEST(whoever_does_it)
{
    size_t n = sizes[_i % SIZES];
    const parallel_function *f = keys[_i / SIZES];
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(5);
    for (int spread = 0; spread < SPREADS; spread++) {
        for (int workers = 1; workers <= 64; workers *= 8)
            check_with(f, n, spread, (parallel_options){.max_workers = workers});
        check_with(f, n, spread, (parallel_options){.pool = pool});
        check_with(f, n, spread, (parallel_options){.pool = pool, .grain = 3, .call_timeout = 1e6});
        check_with(f, n, spread, (parallel_options){.executor = PARALLEL_SERIAL});
    }
    struct nested c = {f, n};
    ck_assert_int_eq(parallel_for(4, sort_nested, &c, .pool = pool, .grain = 1), 0);
    if (n > 10000 && n < 20000)
        check_with(f, n, 0, (parallel_options){.executor = PARALLEL_PROCESS, .max_workers = 2});
}
END_TEST

/* ---- failures ------------------------------------------------------------------------------------------------------
 * */

enum { N = 100003 };
static int in[N];

static void fill(void)
{
    for (int i = 0; i < N; i++)
        in[i] = i;
}

static int bad[2] = {-1, -1};
static atomic_int tried;

static int minus_or_bad(const int *x, int *key, void *extras)
{
    (void)extras;
    if (*x == bad[0] || *x == bad[1])
        return parallel_fail(EIO, "%d is bad", *x);
    *key = -*x;
    return 0;
}
PARALLEL_DECORATE_TASK(minus_or_bad, int, int);

static int long_minus_or_bad(const int *x, long double *key, void *extras)
{
    int minus = 0, code = minus_or_bad(x, &minus, extras);
    *key = (long double)minus;
    return code;
}
PARALLEL_DECORATE_TASK(long_minus_or_bad, int, long double);

START_TEST(keys_that_fail)
{
    for (bad[0] = 0; bad[0] < N; bad[0] += 49999) {
        fill();
        errno = 0;
        ck_assert_int_eq(parallel_sort_by(minus_or_bad, in, N), -1);
        ck_assert(errno == EIO && parallel_last_failure()->index == (size_t)bad[0]);
        ck_assert(parallel_last_failure()->arg == &in[bad[0]]);
        for (int i = 0; i < N; i++)
            ck_assert_int_eq(in[i], i);
    }
}
END_TEST

/* Items without a key come last, in their order. */
static void check_silent(int n)
{
    ck_assert(errno == EIO && parallel_last_failure()->index == (size_t)bad[0]);
    ck_assert(in[n - 2] == bad[0] && in[n - 1] == bad[1]);
    for (int i = 0, x = n - 1; i < n - 2; i++, x--) {
        while (x == bad[0] || x == bad[1])
            x--;
        ck_assert_int_eq(in[i], x);
    }
}

START_TEST(failures_that_are_silent)
{
    static const int counts[] = {20, 1000, 20000, N};
    for (int k = 0; k < 4; k++) {
        bad[0] = 7;
        bad[1] = counts[k] - 3;
        fill();
        errno = 0;
        ck_assert_int_eq(parallel_sort_by(minus_or_bad, in, (size_t)counts[k], .silent = true), -1);
        check_silent(counts[k]);
        fill();
        errno = 0;
        ck_assert_int_eq(parallel_sort_by(long_minus_or_bad, in, (size_t)counts[k], .silent = true), -1);
        check_silent(counts[k]);
    }
}
END_TEST

struct wide {
    int x;
    char more[20];
};

static int all_bad(const struct wide *w, int *key, void *extras)
{
    (void)extras;
    *key = -w->x;
    return w->x % 100 ? EIO : 0;
}
PARALLEL_DECORATE_TASK(all_bad, struct wide, int);

START_TEST(nearly_all_fail)
{
    struct wide *w = calloc(N, sizeof *w);
    for (int i = 0; i < N; i++)
        w[i].x = i;
    ck_assert_int_eq(parallel_sort_by(all_bad, w, N, .silent = true), -1);
    ck_assert_int_eq(errno, EIO);
    int good = (N - 1) / 100 + 1;
    for (int i = 0; i < good; i++)
        ck_assert_int_eq(w[i].x, (good - 1 - i) * 100);
    for (int i = good, x = 1; i < N; i++, x += x % 100 == 99 ? 2 : 1)
        ck_assert_int_eq(w[i].x, x);
    free(w);
}
END_TEST

static int fails_at_first(const int *x, int *key, void *extras)
{
    (void)extras;
    if (*x == bad[0] && atomic_fetch_add(&tried, 1) < 2)
        return EAGAIN;
    *key = -*x;
    return 0;
}
PARALLEL_DECORATE_TASK(fails_at_first, int, int, .retries = 2);

START_TEST(keys_that_are_tried_again)
{
    fill();
    bad[0] = 50000;
    ck_assert_int_eq(parallel_sort_by(fails_at_first, in, N), 0);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(in[i], N - 1 - i);
    ck_assert(count_of(&tried) >= 2);
}
END_TEST

static int sleeps(const int *x, int *key, void *extras)
{
    (void)extras;
    *key = -*x;
    for (int i = 0; *x == bad[0] && i < 1000 && !parallel_cancelled(); i++)
        pl_test_sleep(1000);
    return 0;
}
PARALLEL_DECORATE_TASK(sleeps, int, int);

START_TEST(keys_that_are_late)
{
    fill();
    bad[0] = 50;
    bad[1] = -1;
    errno = 0;
    ck_assert_int_eq(parallel_sort_by(sleeps, in, 100, .timeout = 0.02), -1);
    ck_assert(errno == ETIMEDOUT && parallel_last_failure()->state == PARALLEL_TIMED_OUT && in[0] == 0);
    ck_assert_int_eq(parallel_sort_by(sleeps, in, 100, .timeout = 0.02, .silent = true), -1);
    ck_assert(errno == ETIMEDOUT && in[0] == 99 && in[99] == 50);
}
END_TEST

/* ---- options -------------------------------------------------------------------------------------------------------
 * */

static int minus(int x)
{
    return -x;
}
PARALLEL_DECORATE(minus, int, int);

static size_t last_done, last_total;

static void note_progress(size_t done, size_t total, void *data)
{
    (void)data;
    ck_assert(done >= last_done && done <= total);
    last_done = done;
    last_total = total;
}

START_TEST(options)
{
    static const size_t some[] = {1, 10, 1000, 20000, N};
    const char *names[1] = {"a"};
    for (int k = 0; k < 10; k++) {
        size_t n = some[k / 2];
        fill();
        bad[0] = bad[1] = -1;
        last_done = last_total = 0;
        ck_assert_int_eq(k % 2 ? parallel_sort_by(minus, in, n, .progress = note_progress)
                               : parallel_sort_by(minus_or_bad, in, n, .progress = note_progress),
                         0);
        ck_assert(last_done == n && last_total == n && in[0] == (int)n - 1);
    }
    errno = 0;
    ck_assert_int_eq(parallel_sort_by(minus, in, 1, .names = names), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(parallel_sort_by(minus, in, 0, .max_workers = -1), -1);
    ck_assert_int_eq(parallel_sort_by_function(&minus__parallel, PARALLEL_KEY_INT64, in, 1, NULL), -1);
    ck_assert_int_eq(parallel_sort_by_function(&minus__parallel, PARALLEL_KEY_NONE, in, 1, NULL), -1);
    ck_assert_int_eq(parallel_sort_by_function(&minus__parallel, PARALLEL_KEY_INT32, NULL, 1, NULL), -1);
    ck_assert_int_eq(parallel_sort_by_function(NULL, PARALLEL_KEY_INT32, in, 1, NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(parallel_sort_by_function(&minus__parallel, PARALLEL_KEY_INT32, in, SIZE_MAX / 4, NULL), -1);
    ck_assert_int_eq(errno, ENOMEM);
    ck_assert_int_eq(parallel_sort_by(minus, in, 0), 0);
}
END_TEST

#if !PL_SANITIZED /* they need address space */
START_TEST(without_memory)
{
    struct rlimit old;
    fill();
    ck_assert_int_eq(parallel_sort_by(minus, in, 1000), 0); /* threads are there */
    fill();
    if (!pl_take_away_room(&old, 1 << 20))
        return;
    errno = 0;
    int result = parallel_sort_by(minus, in, N), code = errno;
    setrlimit(RLIMIT_AS, &old);
    ck_assert(result == -1 && code == ENOMEM);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(in[i], i);
}
END_TEST
#endif

static int minus_slowly(int x)
{
    pl_test_sleep(100);
    return -x;
}
PARALLEL_DECORATE(minus_slowly, int, int);

START_TEST(a_call_ends_in_time)
{
    fill();
    double began = now();
    errno = 0;
    ck_assert_int_eq(parallel_sort_by(minus_slowly, in, N, .call_timeout = 0.02), -1);
    ck_assert(errno == ETIMEDOUT && now() - began < 2);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(in[i], i);
}
END_TEST

/* Wherever a call is ended, all items are there, whole. */
START_TEST(a_call_ends_at_any_time)
{
    enum { MANY = 300007 };
    for (double seconds = 1e-4; seconds < 1; seconds *= 1.5) {
        struct record *r = make_records(MANY, 0);
        errno = 0;
        int result = parallel_sort_by(key_of, r, MANY, .call_timeout = seconds);
        ck_assert(result == 0 ? are_sorted(r, MANY) : errno == ETIMEDOUT);
        struct record *again = make_records(MANY, 0);
        unsigned char *seen = calloc(MANY, 1);
        for (size_t i = 0; i < MANY; i++) {
            ck_assert(r[i].value < MANY && !seen[r[i].value] && r[i].key == again[r[i].value].key);
            seen[r[i].value] = 1;
        }
        free(r);
        free(again);
        free(seen);
    }
}
END_TEST

static int sort_long(const int *arg, int *code, void *extras)
{
    (void)arg;
    (void)extras;
    count_one(&begun);
    *code = parallel_sort_by(minus_slowly, in, N) == 0 ? 0 : errno;
    atomic_store_explicit(&ended, *code, memory_order_relaxed);
    return 0;
}
PARALLEL_DECORATE_TASK(sort_long, int, int);

START_TEST(a_task_that_is_cancelled)
{
    int arg = 0;
    fill();
    parallel_executor *ex = parallel_async_map(sort_long, &arg, 1, .timeout = _i ? 0.01 : 0);
    while (count_of(&begun) == 0)
        pl_test_sleep(1000);
    if (!_i)
        parallel_cancel(ex);
    parallel_executor_free(ex);
    ck_assert_int_eq(count_of(&ended), _i ? ETIMEDOUT : ECANCELED);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(in[i], i);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, items_of_all_sizes, 0, SIZES);
    tcase_add_loop_test(c, whoever_does_it, 0, KEYS * SIZES);
    tcase_add_test(c, keys_that_fail);
    tcase_add_test(c, failures_that_are_silent);
    tcase_add_test(c, nearly_all_fail);
    tcase_add_test(c, keys_that_are_tried_again);
    tcase_add_test(c, keys_that_are_late);
    tcase_add_test(c, options);
#if !PL_SANITIZED
    tcase_add_test(c, without_memory);
#endif
    tcase_add_test(c, a_call_ends_in_time);
    tcase_add_test(c, a_call_ends_at_any_time);
    tcase_add_loop_test(c, a_task_that_is_cancelled, 0, 2);
    return pl_run("api/sort_by", c);
}
