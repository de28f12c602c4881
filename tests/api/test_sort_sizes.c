/* SPDX-License-Identifier: MIT */
/*
 * Sorts against stable references that qsort() makes: of every size from 0 to 300, and of random ones to 10^6, of items
 * from 1 to 200 bytes, in all the orders that sorts are measured in. By comparisons that are no order, and late: a
 * permutation at least. And as those call qsort() who have written their comparison for that.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/bytes.h"
#include "support/jobs.h"
#include "support/ordered_bytes.h"
#include "support/sanitizers.h"

enum { EACH_SIZE = 300, MOST = 1000000, MOST_BYTES = 48000000, ROUNDS = PL_TSAN ? 4 : PL_SANITIZED ? 8 : 20 };
enum { STEP = PL_TSAN ? 23 : PL_SANITIZED ? 3 : 1 }; /* from one size to the next */

/* ---- keys in all orders ------------------------------------------------------------------------------------------ */

enum { RANDOM, TWO, FEW, MOSTLY, EQUAL, RISING, FALLING, NEARLY, ORGAN, ZIPF, KILLER, PAIRS, SAW, SPREADS };

/* Ranks of which the k-th is as frequent as 1 / k, about. */
static uint64_t zipf(uint64_t random)
{
    uint64_t power = (uint64_t)1 << random % 16;
    return power + (random >> 32) % power;
}

/* What makes the median of the first, the middle and the last a bad pivot (Musser, 1997). */
static uint64_t killer(size_t i, size_t n)
{
    size_t half = n / 2;
    return i >= half ? 2 * (i - half + 1) : i % 2 ? half + i + half % 2 : i + 1;
}

static uint64_t key_of(int spread, size_t i, size_t n, unsigned long long *seed)
{
    uint64_t random = pl_random(seed) >> 8;
    switch (spread) {
    case TWO:
        return random % 2;
    case FEW:
        return random % 16;
    case MOSTLY: /* others are too rare for a sample */
        return random % 20000 ? random % 3 * 7 : random % 9;
    case EQUAL:
        return 7;
    case RISING:
        return i;
    case FALLING:
        return n - i;
    case NEARLY:
        return random % 50 ? i : random % n;
    case ORGAN:
        return i < n / 2 ? i : n - i;
    case ZIPF:
        return zipf(random);
    case KILLER:
        return killer(i, n);
    case PAIRS:
        return i ^ 1;
    case SAW:
        return i % (n / 10 + 1);
    default:
        return random;
    }
}

/* ---- items of all sizes ------------------------------------------------------------------------------------------ */

typedef int comparison(const void *a, const void *b);

static comparison *by_key;

/* With that, qsort() is stable: equal items are where they were. An order says no more than which one comes before. */
static int compare_places(const void *a, const void *b)
{
    const unsigned char *x = *(unsigned char *const *)a, *y = *(unsigned char *const *)b;
    return by_key(x, y) < 0 ? -1 : by_key(y, x) < 0 ? 1 : (x > y) - (x < y);
}

/* Copies of `in` in order. */
static unsigned char *sort_by_qsort(const unsigned char *in, size_t n, size_t size, comparison *compare)
{
    unsigned char *out = some_room(n * size);
    const unsigned char **places = some_room(n * sizeof *places);
    for (size_t i = 0; i < n; i++)
        places[i] = in + i * size;
    by_key = compare;
    qsort(places, n, sizeof *places, compare_places);
    for (size_t i = 0; i < n; i++)
        memcpy(out + i * size, places[i], size);
    free(places);
    return out;
}

/* Of as many bytes as there are, a key, its most significant byte first, and the number of the item. */
static unsigned char *make_items(size_t n, size_t size, size_t key_size, int spread)
{
    unsigned char *items = some_room(n * size);
    unsigned long long seed = n * 31 + size;
    for (size_t i = 0; i < n; i++) {
        uint64_t key = key_of(spread, i, n, &seed);
        unsigned char *item = items + i * size;
        for (size_t at = 0; at < size; at++)
            item[at] =
                (unsigned char)(at < key_size ? key >> 8 * (key_size - 1 - at) % 64 : i >> 8 * (at - key_size) % 32);
    }
    return items;
}

/* Some bytes above what malloc() gives, so that it is aligned to nothing. */
static void check_anywhere(const parallel_order *order, const unsigned char *in, const unsigned char *expected,
                           size_t n)
{
    size_t bytes = n * order->type_size;
    unsigned char *room = some_room(bytes + 1);
    memcpy(room + 1, in, bytes);
    ck_assert_int_eq(parallel_sort_function(room + 1, n, order->type_size, order->call, NULL), 0);
    ck_assert_msg(memcmp(room + 1, expected, bytes) == 0, "%s, n = %zu, at an odd address", order->name, n);
    ck_assert(room[0] == UNTOUCHED && room[bytes + 1] == UNTOUCHED);
    free(room);
}

static void check_sorts(const parallel_order *order, size_t key_size, size_t n, int spread)
{
    size_t size = order->type_size;
    unsigned char *in = make_items(n, size, key_size, spread), *out = some_room(n * size);
    unsigned char *expected = sort_by_qsort(in, n, size, order->call);
    for (int workers = 0; workers < 3; workers++) {
        parallel_options o = {.max_workers = workers};
        memcpy(out, in, n * size);
        ck_assert_int_eq(parallel_sort_items(order, out, n, workers ? &o : NULL), 0);
        ck_assert_msg(memcmp(out, expected, n * size) == 0, "%s, n = %zu, spread %d, %d workers", order->name, n,
                      spread, workers);
    }
    ck_assert(out[n * size] == UNTOUCHED);
    check_anywhere(order, in, expected, n);
    free(in);
    free(out);
    free(expected);
}

ORDERED_BYTES(1, 1)
ORDERED_BYTES(2, 1)
ORDERED_BYTES(3, 2)
ORDERED_BYTES(4, 2)
ORDERED_BYTES(6, 3)
ORDERED_BYTES(8, 4)
ORDERED_BYTES(12, 8)
ORDERED_BYTES(16, 8)
ORDERED_BYTES(20, 8)
ORDERED_BYTES(24, 8)
ORDERED_BYTES(32, 8)
ORDERED_BYTES(48, 8)
ORDERED_BYTES(64, 8)
ORDERED_BYTES(100, 8)
ORDERED_BYTES(128, 8)
ORDERED_BYTES(200, 8)

/* By all bytes: those that are equal are the same. */
ORDER_OF(_all4, 4, 4)
ORDER_OF(_all8, 8, 8)
ORDER_OF(_all16, 16, 16)
ORDER_OF(_all20, 20, 20)

static const struct kind {
    const parallel_order *order;
    size_t key_size;
} kinds[] = {
    {&compare1__parallel_order, 1},       {&compare2__parallel_order, 1},      {&compare3__parallel_order, 2},
    {&compare4__parallel_order, 2},       {&compare6__parallel_order, 3},      {&compare8__parallel_order, 4},
    {&compare12__parallel_order, 8},      {&compare16__parallel_order, 8},     {&compare20__parallel_order, 8},
    {&compare24__parallel_order, 8},      {&compare32__parallel_order, 8},     {&compare48__parallel_order, 8},
    {&compare64__parallel_order, 8},      {&compare100__parallel_order, 8},    {&compare128__parallel_order, 8},
    {&compare200__parallel_order, 8},     {&compare_all4__parallel_order, 4},  {&compare_all8__parallel_order, 8},
    {&compare_all16__parallel_order, 16}, {&compare_all20__parallel_order, 20}};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

START_TEST(every_size)
{
    for (size_t n = 0; n <= EACH_SIZE; n += STEP)
        for (int spread = 0; spread < SPREADS; spread++)
            check_sorts(kinds[_i].order, kinds[_i].key_size, n, spread);
}
END_TEST

/* As many of each power of two. */
static size_t random_size(unsigned long long *seed, size_t most)
{
    size_t power = (size_t)1 << pl_random(seed) % 20, n = power + pl_random(seed) % power;
    return n < most ? n : most;
}

START_TEST(random_sizes)
{
    unsigned long long seed = (unsigned)_i + 1;
    for (int spread = 0; spread < SPREADS; spread++) {
        const struct kind *kind = &kinds[pl_random(&seed) % KINDS];
        size_t most = MOST_BYTES / kind->order->type_size;
        check_sorts(kind->order, kind->key_size, random_size(&seed, most < MOST ? most : MOST), spread);
    }
}
END_TEST

START_TEST(a_million)
{
    check_sorts(&compare16__parallel_order, 8, MOST, _i);
    check_sorts(&compare_all8__parallel_order, 8, MOST, _i);
}
END_TEST

/* ---- comparisons that are no order ------------------------------------------------------------------------------- */

static _Thread_local unsigned long long lie = 1;

static int lie_at_random(const void *a, const void *b)
{
    return a == b ? 0 : (int)(pl_random(&lie) >> 20) % 3 - 1;
}

static int lie_always(const void *a, const void *b)
{
    (void)a;
    (void)b;
    return -1;
}

static int lie_never(const void *a, const void *b)
{
    (void)a;
    (void)b;
    return 1;
}

static int lie_in_circles(const void *a, const void *b)
{
    return (*(const unsigned char *)a - *(const unsigned char *)b + 3) % 3 == 1 ? -1 : 1;
}

static int lie_now_and_then(const void *a, const void *b)
{
    return pl_random(&lie) >> 20 & 63 ? memcmp(a, b, 1) : INT_MIN;
}

/* The lowest bits of addresses: what it says is another thing wherever items are. */
static int lie_by_address(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t)a * 2654435761u, y = (uintptr_t)b * 2654435761u;
    return (x > y) - (x < y);
}

static comparison *const lies[] = {lie_at_random,  lie_always,       lie_never,
                                   lie_in_circles, lie_now_and_then, lie_by_address};
enum { LIES = sizeof lies / sizeof lies[0] };

/* Whether each item, which has its number as its key, is there once. */
static void check_permutation(const unsigned char *items, size_t n, size_t size, const char *what)
{
    unsigned char *seen = calloc(n + 1, 1);
    for (size_t i = 0; i < n; i++) {
        uint32_t number;
        memcpy(&number, items + i * size, sizeof number);
        ck_assert_msg(number < n && !seen[number]++, "%s, %zu bytes, n = %zu, item %zu is %u", what, size, n, i,
                      number);
    }
    free(seen);
}

static unsigned char *make_numbers(size_t n, size_t size)
{
    unsigned char *items = some_room(n * size);
    for (size_t i = 0; i < n; i++) {
        uint32_t number = (uint32_t)((uint64_t)i * 7919 % n); /* a prime, which no n is a multiple of */
        memcpy(items + i * size, &number, sizeof number);
    }
    return items;
}

/* By a lie, for a while: a limit of 0 is none. */
static void check_lie(size_t which, size_t n, size_t size, double limit)
{
    unsigned char *items = make_numbers(n, size);
    const parallel_order order = {.size = sizeof order, .call = lies[which], .type_size = size};
    parallel_options o = {.max_workers = (int)(n % 3), .call_timeout = limit};
    int result = parallel_sort_items(&order, items, n, &o), code = errno;
    ck_assert(result == 0 || (limit > 0 && code == ETIMEDOUT));
    check_permutation(items, n, size, "a sort");
    PARALLEL_SCOPED parallel_results *r = parallel_sorted_function(&order, items, n, &o);
    ck_assert(r || (limit > 0 && errno == ETIMEDOUT));
    if (r)
        check_permutation(parallel_values(r), n, size, "a copy");
    check_permutation(items, n, size, "what was copied");
    PARALLEL_SCOPED parallel_results *some = parallel_distinct_function(&order, items, n, &o);
    ck_assert(some ? parallel_length(some) <= n : limit > 0 && errno == ETIMEDOUT);
    free(items);
}

/* Of few values, which are the same in all bytes, there are as many as before. */
static void check_lie_of_few(size_t which, size_t n, double limit)
{
    uint64_t *items = some_room(n * sizeof *items);
    size_t counts[3] = {0};
    const parallel_order order = {.size = sizeof order, .call = lies[which], .type_size = sizeof *items};
    for (size_t i = 0; i < n; i++)
        items[i] = i * i % 7 % 3;
    parallel_options o = {.call_timeout = limit};
    int result = parallel_sort_items(&order, items, n, &o), code = errno;
    ck_assert(result == 0 || (limit > 0 && code == ETIMEDOUT));
    for (size_t i = 0; i < n; i++) {
        ck_assert_uint_lt(items[i], 3);
        counts[items[i]]++;
        counts[i * i % 7 % 3]--;
    }
    ck_assert(counts[0] == 0 && counts[1] == 0 && counts[2] == 0);
    free(items);
}

static const size_t some_sizes[] = {4, 8, 12, 16, 24, 128};
enum { SOME_SIZES = sizeof some_sizes / sizeof some_sizes[0] };

START_TEST(comparisons_that_lie)
{
    static const size_t many[] = {10007, 65537, 300007};
    for (size_t k = 0; k < SOME_SIZES; k++) {
        for (size_t n = 1; n <= EACH_SIZE; n += STEP)
            check_lie((size_t)_i, n, some_sizes[k], 0);
        for (size_t m = 0; m < (PL_TSAN ? 1 : sizeof many / sizeof many[0]); m++)
            check_lie((size_t)_i, many[m], some_sizes[k], 0);
    }
}
END_TEST

START_TEST(comparisons_that_lie_of_few_values)
{
    for (size_t n = 100; n < 1000000; n = 3 * n) {
        check_lie_of_few((size_t)_i, n, 0);
        check_lie_of_few((size_t)_i, n, 1e-6 * (double)(n / 100));
    }
}
END_TEST

START_TEST(comparisons_that_lie_and_are_late)
{
    for (size_t k = 0; k < SOME_SIZES; k++)
        for (double limit = 1e-6; limit < (PL_TSAN ? 1e-5 : 0.02); limit *= 3)
            check_lie((size_t)_i, 200003, some_sizes[k], limit);
}
END_TEST

/* ---- a task that lies and is cancelled --------------------------------------------------------------------------- */

static unsigned char *to_sort;
static atomic_int compared;

static int lie_slowly(const void *a, const void *b)
{
    count_one(&compared);
    pl_test_sleep(10);
    return lie_at_random(a, b);
}

static int sort_long(const size_t *n, int *result, void *extras)
{
    (void)extras;
    *result = parallel_sort_function(to_sort, *n, 16, lie_slowly, NULL);
    return 0;
}
PARALLEL_DECORATE_TASK(sort_long, size_t, int);

START_TEST(lies_that_are_cancelled)
{
    size_t n = _i % 2 ? 3001 : 70001;
    int after = 1 << (_i / 2);
    to_sort = make_numbers(n, 16);
    parallel_executor *ex = parallel_async_map(sort_long, &n, 1);
    while (count_of(&compared) < after)
        pl_test_sleep(100);
    parallel_cancel(ex);
    parallel_executor_free(ex);
    check_permutation(to_sort, n, 16, "a sort that was cancelled");
    free(to_sort);
}
END_TEST

/* ---- as qsort() is called ---------------------------------------------------------------------------------------- */

/* -Wcast-function-type: as scandir() of the C library does it. */
static comparison *as_for_qsort(int (*compare)(const struct dirent **, const struct dirent **))
{
    return (comparison *)(void (*)(void))compare;
}

static int compare_texts(const void *a, const void *b)
{
    return strcoll(*(char *const *)a, *(char *const *)b);
}

/* What scandir() reads, in an order of its own, and what it sorts. */
START_TEST(entries_of_a_directory)
{
    struct dirent **sorted, **entries;
    int n = scandir("/usr/include", &sorted, NULL, alphasort), m = scandir("/usr/include", &entries, NULL, NULL);
    if (n < 0)
        return; /* there is none */
    ck_assert_int_eq(n, m);
    ck_assert_int_eq(parallel_sort_function(entries, (size_t)n, sizeof *entries, as_for_qsort(alphasort), NULL), 0);
    for (int i = 0; i < n; i++) {
        ck_assert_str_eq(entries[i]->d_name, sorted[i]->d_name);
        free(entries[i]);
        free(sorted[i]);
    }
    free(entries);
    free(sorted);
}
END_TEST

/* Pointers to texts, as glob() has them; texts themselves, by strcmp() itself; and their lengths, as those would. */
START_TEST(texts)
{
    enum { N = 5000, ROOM = 12 };
    static char all[N][ROOM], again[N][ROOM];
    static char *pointers[N];
    unsigned long long seed = 1;
    for (size_t i = 0; i < N; i++) {
        snprintf(all[i], ROOM, "%u", (unsigned)(pl_random(&seed) >> 20) % 3000);
        pointers[i] = all[i];
    }
    ck_assert_int_eq(parallel_sort_function(pointers, N, sizeof *pointers, compare_texts, NULL), 0);
    for (size_t i = 1; i < N; i++) {
        int order = strcmp(pointers[i - 1], pointers[i]);
        ck_assert(order < 0 || (order == 0 && pointers[i - 1] < pointers[i]));
        strcpy(again[i], pointers[i]);
    }
    strcpy(again[0], pointers[0]);
    ck_assert_int_eq(parallel_sort_function(all, N, ROOM, (comparison *)(void (*)(void))strcmp, NULL), 0);
    for (size_t i = 0; i < N; i++)
        ck_assert_str_eq(all[i], again[i]);
    ck_assert_ptr_nonnull(bsearch(again[N / 3], all, N, ROOM, (comparison *)(void (*)(void))strcmp));
}
END_TEST

static int compare_four(const void *a, const void *b)
{
    return memcmp(a, b, 4);
}

/* A comparison that sorts, and changes errno. */
static int compare_by_sorting(const void *a, const void *b)
{
    int x[3], y[3];
    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    qsort(x, 3, sizeof *x, compare_four);
    parallel_sort_function(y, 3, sizeof *y, compare_four, NULL);
    errno = EDOM;
    return memcmp(x, y, sizeof x);
}

START_TEST(comparisons_that_sort)
{
    enum { N = 3001, EACH = 3 * sizeof(int) };
    unsigned char *in = make_items(N, EACH, 2, RANDOM), *expected = sort_by_qsort(in, N, EACH, compare_by_sorting);
    ck_assert_int_eq(parallel_sort_function(in, N, EACH, compare_by_sorting, NULL), 0);
    ck_assert_int_eq(memcmp(in, expected, (size_t)N * EACH), 0);
    free(in);
    free(expected);
}
END_TEST

static int never_called(const void *a, const void *b)
{
    ck_abort_msg("compared %p and %p", a, b);
}

START_TEST(nothing_to_compare)
{
    int one = 1;
    ck_assert_int_eq(parallel_sort_function(NULL, 0, sizeof one, never_called, NULL), 0);
    ck_assert_int_eq(parallel_sort_function(&one, 0, sizeof one, never_called, NULL), 0);
    ck_assert_int_eq(parallel_sort_function(&one, 1, sizeof one, never_called, NULL), 0);
    ck_assert_int_eq(one, 1);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_set_timeout(c, 200);
    tcase_add_loop_test(c, every_size, 0, KINDS);
    tcase_add_loop_test(c, random_sizes, 0, ROUNDS);
    tcase_add_loop_test(c, a_million, 0, PL_TSAN ? 1 : PL_SANITIZED ? FEW + 1 : SPREADS);
    tcase_add_loop_test(c, comparisons_that_lie, 0, LIES);
    tcase_add_loop_test(c, comparisons_that_lie_of_few_values, 0, LIES);
    tcase_add_loop_test(c, comparisons_that_lie_and_are_late, 0, LIES);
    tcase_add_loop_test(c, lies_that_are_cancelled, 0, 24);
    tcase_add_test(c, entries_of_a_directory);
    tcase_add_test(c, texts);
    tcase_add_test(c, comparisons_that_sort);
    tcase_add_test(c, nothing_to_compare);
    return pl_run("api/sort_sizes", c);
}
