/* SPDX-License-Identifier: MIT */
/* Sorts by comparisons as they are written for qsort(), in each of the usual ways. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "support/bytes.h"
#include "support/jobs.h"
#include "support/sanitizers.h"

struct pair {
    int key, index;
};

static int compare_by_branches(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->key < y->key)
        return INT_MIN;
    if (x->key > y->key)
        return INT_MAX;
    return 0;
}
PARALLEL_DECORATE_ORDER(compare_by_branches, struct pair);

static int compare_by_choice(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return x->key < y->key ? -3 : x->key > y->key;
}
PARALLEL_DECORATE_ORDER(compare_by_choice, struct pair);

static int compare_by_difference(const struct pair *a, const struct pair *b)
{
    return a->key - b->key;
}
PARALLEL_DECORATE_ORDER(compare_by_difference, struct pair);

static int compare_by_both(const struct pair *a, const struct pair *b)
{
    return (a->key > b->key) - (a->key < b->key);
}
PARALLEL_DECORATE_ORDER(compare_by_both, struct pair);

/* What a stable sort makes, as no two are the same. */
static int compare_all(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return x->key != y->key ? (x->key < y->key ? -1 : 1) : (x->index > y->index) - (x->index < y->index);
}

#define CHECK_SORT(fn)                                                                                                 \
    do {                                                                                                               \
        memcpy(out, in, n * sizeof *in);                                                                               \
        ck_assert_int_eq(parallel_sort(fn, out, n), 0);                                                                \
        ck_assert_msg(memcmp(out, expected, n * sizeof *in) == 0, #fn ", n = %zu, %d keys", n, keys);                  \
        const struct pair *least = parallel_min(fn, in, n), *greatest = parallel_max(fn, in, n);                       \
        ck_assert(n == 0 || (least->key == out[0].key && greatest->key == out[n - 1].key));                            \
    } while (0)

static void check_all(size_t n, int keys)
{
    unsigned long long seed = n + (unsigned)keys;
    struct pair *in = some_room(n * sizeof *in), *out = some_room(n * sizeof *in);
    struct pair *expected = some_room(n * sizeof *in);
    for (size_t i = 0; i < n; i++)
        in[i] = (struct pair){(int)(pl_random(&seed) >> 20) % keys, (int)i};
    memcpy(expected, in, n * sizeof *in);
    qsort(expected, n, sizeof *in, compare_all);
    CHECK_SORT(compare_by_branches);
    CHECK_SORT(compare_by_choice);
    CHECK_SORT(compare_by_difference);
    CHECK_SORT(compare_by_both);
    free(in);
    free(out);
    free(expected);
}

START_TEST(comparisons_of_all_kinds)
{
    static const int keys[] = {1, 2, 30, INT_MAX / 2};
    static const size_t sizes[] = {0, 1, 2, 3, 5, 8, 31, 32, 33, 100, 257, 1000, 4097, 30000};
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
        check_all(sizes[k], keys[_i]);
#if !PL_TSAN
    check_all(1100000, keys[_i]);
#endif
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_set_timeout(c, 200);
    tcase_add_loop_test(c, comparisons_of_all_kinds, 0, 4);
    return pl_run("api/sort_written", c);
}
