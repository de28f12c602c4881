/* SPDX-License-Identifier: MIT */
/* Groups: each against a counting sort; keys out of range; keys that fail. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/bytes.h"
#include "support/jobs.h"
#include "support/process.h"
#include "support/sanitizers.h"

static const size_t sizes[] = {
    0,       1, 2, 3, 17, 100, 1000, 4097, 16384, 16385, 65537,
#if !PL_TSAN /* they would take minutes */
    100003,
#endif
#if !PL_SANITIZED
    1000003,
#endif
};
static const size_t groups[] = {1, 2, 3, 100, 510, 511, 512, 513, 1000, 4095, 4096, 4097, 65537, 1000003};
enum { SIZES = sizeof sizes / sizeof sizes[0], GROUPS = sizeof groups / sizeof groups[0] };

static size_t k;

/* ---- items of all sizes
 * --------------------------------------------------------------------------------------------- */

/* What a counting sort gives; key(i) are the keys. */
static void group_slowly(const unsigned char *items, size_t size, const size_t *keys, size_t n, size_t *offsets,
                         unsigned char *out)
{
    size_t *next = malloc((k + 1) * sizeof *next);
    memset(offsets, 0, (k + 1) * sizeof *offsets);
    for (size_t i = 0; i < n; i++)
        offsets[keys[i] + 1]++;
    for (size_t g = 0; g < k; g++)
        offsets[g + 1] += offsets[g];
    memcpy(next, offsets, (k + 1) * sizeof *next);
    for (size_t i = 0; i < n; i++)
        memcpy(out + next[keys[i]]++ * size, items + i * size, size);
    free(next);
}

#define OF_BYTES(size, type)                                                                                           \
    struct bytes##size {                                                                                               \
        unsigned char of[size];                                                                                        \
    };                                                                                                                 \
    static type key##size(struct bytes##size item)                                                                     \
    {                                                                                                                  \
        uint32_t r = 0;                                                                                                \
        memcpy(&r, item.of, sizeof item < 4 ? sizeof item : 4);                                                        \
        return (type)(r % k);                                                                                          \
    }                                                                                                                  \
    PARALLEL_DECORATE(key##size, struct bytes##size, type);                                                            \
    static void check##size(size_t n)                                                                                  \
    {                                                                                                                  \
        struct bytes##size *items = random_bytes(n * size), *expected = some_room(n * size);                           \
        size_t *keys = malloc((n + 1) * sizeof *keys);                                                                 \
        size_t *offsets = malloc((k + 1) * sizeof *offsets), *right = malloc((k + 1) * sizeof *right);                 \
        for (size_t i = 0; i < n; i++)                                                                                 \
            keys[i] = (size_t)key##size(items[i]);                                                                     \
        group_slowly((unsigned char *)items, size, keys, n, right, (unsigned char *)expected);                         \
        PARALLEL_SCOPED parallel_results *r = parallel_group(key##size, items, n, k, offsets);                         \
        ck_assert(r &&parallel_length(r) == n && parallel_failures(r) == 0);                                           \
        ck_assert_msg(memcmp(offsets, right, (k + 1) * sizeof *right) == 0, "n = %zu, k = %zu", n, k);                 \
        ck_assert_msg(n == 0 || memcmp(parallel_values(r), expected, n * size) == 0, "n = %zu, k = %zu", n, k);        \
        free(items);                                                                                                   \
        free(expected);                                                                                                \
        free(keys);                                                                                                    \
        free(offsets);                                                                                                 \
        free(right);                                                                                                   \
    }
OF_BYTES(1, size_t)
OF_BYTES(3, int)
OF_BYTES(4, unsigned)
OF_BYTES(8, int64_t)
OF_BYTES(16, long)
OF_BYTES(24, uint32_t)

START_TEST(items_of_all_sizes)
{
    size_t n = sizes[_i];
    for (int g = 0; g < GROUPS; g++) {
        k = groups[g];
        check1(n);
        check4(n);
        if (n > 100003)
            continue;
        check3(n);
        check8(n);
        check16(n);
        check24(n);
    }
}
END_TEST

/* ---- the same whoever does it
 * --------------------------------------------------------------------------------------- */

static int key_task(const struct bytes4 *x, unsigned *key, void *extras)
{
    (void)extras;
    *key = key4(*x);
    return 0;
}
PARALLEL_DECORATE_TASK(key_task, struct bytes4, unsigned);

struct grouped {
    const parallel_function *f;
    const struct bytes4 *items, *expected;
    const size_t *offsets;
    size_t n;
};

static void check_with(const struct grouped *c, parallel_options o)
{
    size_t *offsets = malloc((k + 1) * sizeof *offsets);
    o.size = sizeof o;
    PARALLEL_SCOPED parallel_results *r =
        parallel_group_function(c->f, PARALLEL_KEY_UINT32, c->items, c->n, k, offsets, &o);
    ck_assert(r && parallel_length(r) == c->n && memcmp(offsets, c->offsets, (k + 1) * sizeof *offsets) == 0);
    ck_assert(c->n == 0 || memcmp(parallel_values(r), c->expected, c->n * sizeof *c->expected) == 0);
    free(offsets);
}

static void group_nested(size_t begin, size_t end, void *ctx)
{
    for (; begin < end; begin++)
        check_with(ctx, (parallel_options){.grain = 1});
}

START_TEST(whoever_does_it)
{
    static const parallel_function *const functions[] = {&key4__parallel, &key_task__parallel};
    size_t n = sizes[_i];
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(5);
    for (int g = 0; g < GROUPS; g += 4) {
        k = groups[g];
        struct bytes4 *items = random_bytes(n * 4), *expected = some_room(n * 4);
        size_t *keys = malloc((n + 1) * sizeof *keys), *offsets = malloc((k + 1) * sizeof *offsets);
        for (size_t i = 0; i < n; i++)
            keys[i] = key4(items[i]);
        group_slowly((unsigned char *)items, 4, keys, n, offsets, (unsigned char *)expected);
        for (int which = 0; which < 2; which++) {
            struct grouped c = {functions[which], items, expected, offsets, n};
            for (int workers = 1; workers <= 64; workers *= 8)
                check_with(&c, (parallel_options){.max_workers = workers});
            check_with(&c, (parallel_options){.pool = pool, .grain = 3});
            check_with(&c, (parallel_options){.pool = pool, .call_timeout = 1e6});
            check_with(&c, (parallel_options){.executor = PARALLEL_SERIAL});
            check_with(&c, (parallel_options){.silent = true});
            ck_assert_int_eq(parallel_for(4, group_nested, &c, .pool = pool, .grain = 1), 0);
            if (n == 4097)
                check_with(&c, (parallel_options){.executor = PARALLEL_PROCESS, .max_workers = 2});
        }
        free(items);
        free(expected);
        free(keys);
        free(offsets);
    }
}
END_TEST

/* ---- failures
 * --------------------------------------------------------------------------------------------------------- */

static int itself(int x)
{
    return x;
}
PARALLEL_DECORATE(itself, int, int);

static int itself_task(const int *x, int *key, void *extras)
{
    (void)extras;
    *key = *x;
    return *x == 77 ? parallel_fail(EIO, "seventy-seven") : 0;
}
PARALLEL_DECORATE_TASK(itself_task, int, int);

START_TEST(keys_out_of_range)
{
    size_t n = sizes[_i], offsets[71];
    int *x = calloc(n + 1, sizeof *x);
    for (size_t at = 0; at < n; at += n / 3 + 1) {
        for (size_t i = 0; i < n; i++)
            x[i] = i < at || (i - at) % (n / 5 + 1) ? (int)(i % 70) : i % 2 ? -1 : 70;
        for (int which = 0; which < 2; which++) {
            errno = 0;
            ck_assert_ptr_null(which ? parallel_group(itself_task, x, n, 70, offsets)
                                     : parallel_group(itself, x, n, 70, offsets));
            const parallel_failure *f = parallel_last_failure();
            ck_assert(errno == ERANGE && f && f->index == at && f->arg == &x[at] && f->code == ERANGE);
        }
    }
    free(x);
}
END_TEST

START_TEST(failures)
{
    enum { N = 100003 };
    static const size_t counts[] = {100, 1000, N};
    int *x = calloc(N, sizeof *x);
    for (int c = 0; c < 3; c++) {
        size_t n = counts[c], offsets[1001];
        for (size_t i = 0; i < n; i++)
            x[i] = (int)(i % 77);
        x[n / 2] = x[n - 2] = 77;
        for (size_t limit = 100; limit <= 1000; limit += 900) {
            errno = 0;
            ck_assert_ptr_null(parallel_group(itself_task, x, n, limit, offsets));
            size_t first = parallel_last_failure()->index;
            ck_assert(errno == EIO && (first == n / 2 || first == n - 2));
            PARALLEL_SCOPED parallel_results *r = parallel_group(itself_task, x, n, limit, offsets, .silent = true);
            ck_assert(r && parallel_length(r) == n - 2 && offsets[limit] == n - 2 && offsets[77] == n - 2);
            ck_assert(parallel_failures(r) == 2 && parallel_failed(r, 1)->index == n - 2);
            ck_assert_str_eq(parallel_failed(r, 0)->message, "seventy-seven");
            const int *values = parallel_values(r);
            for (size_t g = 0; g < limit; g++)
                for (size_t i = offsets[g]; i < offsets[g + 1]; i++)
                    ck_assert_int_eq(values[i], (int)g);
        }
        x[n - 1] = 5000;
        errno = 0;
        ck_assert_ptr_null(parallel_group(itself_task, x, n, 100, offsets, .silent = true));
        ck_assert(errno == ERANGE && parallel_last_failure()->index == n - 1);
    }
    free(x);
}
END_TEST

static size_t last_done, last_total;

static void note_progress(size_t done, size_t total, void *data)
{
    (void)data;
    last_done = done;
    last_total = total;
}

static int slow_key(int x)
{
    pl_test_sleep(100);
    return x;
}
PARALLEL_DECORATE(slow_key, int, int);

START_TEST(options)
{
    static int x[20000];
    const char *names[1] = {"a"};
    size_t offsets[2] = {7, 7};
    for (size_t n = 1; n <= 20000; n *= 20) {
        last_done = last_total = 0;
        parallel_results_free(parallel_group(itself, x, n, 1, offsets, .progress = note_progress));
        ck_assert(last_done == n && last_total == n && offsets[0] == 0 && offsets[1] == n);
        last_done = last_total = 0;
        parallel_results_free(parallel_group(itself_task, x, n, 1, offsets, .progress = note_progress));
        ck_assert(last_done == n && last_total == n && offsets[1] == n);
    }
    errno = 0;
    ck_assert_ptr_null(parallel_group(slow_key, x, 20000, 1, offsets, .call_timeout = 0.02));
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_ptr_null(parallel_group(itself, x, 1, 1, offsets, .names = names));
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_ptr_null(parallel_group(itself, x, 0, 1, offsets, .max_workers = -1));
    ck_assert_ptr_null(parallel_group_function(&itself__parallel, PARALLEL_KEY_INT64, x, 1, 1, offsets, NULL));
    ck_assert_ptr_null(parallel_group_function(&itself__parallel, PARALLEL_KEY_FLOAT, x, 1, 1, offsets, NULL));
    ck_assert_ptr_null(parallel_group_function(&itself__parallel, PARALLEL_KEY_INT32, x, 1, 1, NULL, NULL));
    ck_assert_int_eq(errno, EINVAL);
    offsets[0] = offsets[1] = 7;
    PARALLEL_SCOPED parallel_results *none = parallel_group(itself, x, 0, 1, offsets);
    ck_assert(none && parallel_length(none) == 0 && offsets[0] == 0 && offsets[1] == 0);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, items_of_all_sizes, 0, SIZES);
    tcase_add_loop_test(c, whoever_does_it, 0, SIZES);
    tcase_add_loop_test(c, keys_out_of_range, 0, SIZES);
    tcase_add_test(c, failures);
    tcase_add_test(c, options);
    return pl_run("api/group", c);
}
