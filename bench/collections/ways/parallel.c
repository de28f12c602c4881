/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <parallel.h>
#include <stdlib.h>
#include <string.h>

#include "../driver.h"

PARALLEL_DECORATE_COMBINE(affine_then, affine);
PARALLEL_DECORATE(item_dear, uint32_t, uint64_t);
PARALLEL_DECORATE(item_cheap, uint32_t, uint32_t);
PARALLEL_DECORATE(is_positive, int, bool);
PARALLEL_DECORATE(is_rare, int, bool);
PARALLEL_DECORATE_FOLD(count_byte, add_histogram, histogram, uint8_t);

PARALLEL_LOOP(diffuse_row, row, ptrdiff_t, width, const float *restrict, u, const float *restrict, c, float *restrict,
              flow, float *restrict, next)
{
    for (ptrdiff_t k = row * width + 1; k <= row * width + width - 2; k++)
        diffuse(k, width, u, c, flow, next);
}

static void succeeds(int status)
{
    if (status != 0)
        abort();
}

static void sum_double(const void *items, size_t n, void *acc)
{
    succeeds(parallel_reduce(PARALLEL_PLUS, (const double *)items, n, (double *)acc));
}

static void sum_float(const void *items, size_t n, void *acc)
{
    succeeds(parallel_reduce(PARALLEL_PLUS, (const float *)items, n, (float *)acc));
}

static void sum_int(const void *items, size_t n, void *acc)
{
    succeeds(parallel_reduce(PARALLEL_PLUS, (const int *)items, n, (int *)acc));
}

static void max_int(const void *items, size_t n, void *acc)
{
    succeeds(parallel_reduce(PARALLEL_MAX, (const int *)items, n, (int *)acc));
}

static void compose(const void *items, size_t n, void *acc)
{
    succeeds(parallel_reduce(affine_then, (const affine *)items, n, (affine *)acc));
}

static void dear(const void *items, size_t n, void *acc)
{
    succeeds(parallel_map_reduce(item_dear, PARALLEL_PLUS, (const uint32_t *)items, n, (uint64_t *)acc));
}

static void cheap(const void *items, size_t n, void *acc)
{
    succeeds(parallel_map_reduce(item_cheap, PARALLEL_PLUS, (const uint32_t *)items, n, (uint32_t *)acc));
}

static void count(const void *items, size_t n, void *acc)
{
    succeeds(parallel_fold(count_byte, (const uint8_t *)items, n, (histogram *)acc));
}

static void count_positive(const void *items, size_t n, void *acc)
{
    ptrdiff_t count = parallel_count(is_positive, (const int *)items, n);
    succeeds(count < 0 ? -1 : 0);
    *(size_t *)acc = (size_t)count;
}

static void find(const void *items, size_t n, void *acc)
{
    const int *found = parallel_find(is_rare, (const int *)items, n);
    succeeds(!found && errno ? -1 : 0);
    *(const int **)acc = found;
}

static void min_index(const void *items, size_t n, void *acc)
{
    const double *least = parallel_min(PARALLEL_ASCENDING, (const double *)items, n);
    succeeds(least ? 0 : -1);
    *(const double **)acc = least;
}

static void scan_double(const void *items, size_t n, void *acc)
{
    const arrays *a = items;
    (void)acc;
    succeeds(parallel_scan_into(PARALLEL_PLUS, (const double *)a->in, n, (double *)a->out));
}

static void scan_int(const void *items, size_t n, void *acc)
{
    const arrays *a = items;
    (void)acc;
    succeeds(parallel_scan_into(PARALLEL_PLUS, (const int *)a->in, n, (int *)a->out));
}

static void filter(const void *items, size_t n, void *acc)
{
    const arrays *a = items;
    succeeds(parallel_filter_into(is_positive, (const int *)a->in, n, (int *)a->out, (size_t *)acc));
}

static void diffuse_all(const void *items, size_t n, void *acc)
{
    const image *p = items;
    (void)n;
    (void)acc;
    succeeds(parallel_loop(diffuse_row, 1, p->side + 1, (p->side + 2, p->u, p->c, p->flow, p->next)));
}

typedef const char *string;
PARALLEL_DECORATE_ORDER(is_less_int, int);
PARALLEL_DECORATE_ORDER(is_less_record, record);
PARALLEL_DECORATE_ORDER(is_less_string, string);

static void sort_int(const void *items, size_t n, void *acc)
{
    const shuffles *s = items;
    (void)acc;
    memcpy(s->out, next_shuffle(s, n * sizeof(int)), n * sizeof(int));
    succeeds(parallel_sort(is_less_int, (int *)s->out, n));
}

static void sort_record(const void *items, size_t n, void *acc)
{
    const shuffles *s = items;
    (void)acc;
    memcpy(s->out, next_shuffle(s, n * sizeof(record)), n * sizeof(record));
    succeeds(parallel_sort(is_less_record, (record *)s->out, n));
}

#define SORT_RECORDS(bytes)                                                                                            \
    PARALLEL_DECORATE_ORDER(is_less_record##bytes, record##bytes);                                                     \
    static void sort_record##bytes(const void *items, size_t n, void *acc)                                             \
    {                                                                                                                  \
        const shuffles *s = items;                                                                                     \
        (void)acc;                                                                                                     \
        memcpy(s->out, next_shuffle(s, n * sizeof(record##bytes)), n * sizeof(record##bytes));                         \
        succeeds(parallel_sort(is_less_record##bytes, (record##bytes *)s->out, n));                                    \
    }
SORT_RECORDS(32)
SORT_RECORDS(64)
SORT_RECORDS(128)

static void sort_string(const void *items, size_t n, void *acc)
{
    const shuffles *s = items;
    (void)acc;
    memcpy(s->out, next_shuffle(s, n * sizeof(string)), n * sizeof(string));
    succeeds(parallel_sort(is_less_string, (string *)s->out, n));
}

static uint64_t key_of(record r)
{
    return r.key;
}
PARALLEL_DECORATE(key_of, record, uint64_t);
PARALLEL_DECORATE(few_keys, int, unsigned);
PARALLEL_DECORATE(many_keys, int, unsigned);
PARALLEL_DECORATE_FLAT(flat_few, int, int);

static void sort_number_int(const void *items, size_t n, void *acc)
{
    const keyed *a = items;
    (void)acc;
    memcpy(a->out, a->in, n * sizeof(int));
    succeeds(parallel_sort(PARALLEL_ASCENDING, (int *)a->out, n));
}

static void sort_number_double(const void *items, size_t n, void *acc)
{
    const keyed *a = items;
    (void)acc;
    memcpy(a->out, a->in, n * sizeof(double));
    succeeds(parallel_sort(PARALLEL_ASCENDING, (double *)a->out, n));
}

static void sort_by_key(const void *items, size_t n, void *acc)
{
    const keyed *a = items;
    (void)acc;
    memcpy(a->out, a->in, n * sizeof(record));
    succeeds(parallel_sort_by(key_of, (record *)a->out, n));
}

static void histogram_many(const void *items, size_t n, void *acc)
{
    const keyed *a = items;
    (void)acc;
    succeeds(parallel_histogram(many_keys, (const int *)a->in, n, a->counts, MANY_KEYS));
}

/* Its vector is its own: what others write to `out`, it has to copy, for the look at the result. */
static void copy_out(const keyed *a, parallel_results *r)
{
    succeeds(r ? 0 : -1);
    memcpy(a->out, parallel_values(r), parallel_length(r) * sizeof(int));
    parallel_results_free(r);
}

static void group_few(const void *items, size_t n, void *acc)
{
    const keyed *a = items;
    (void)acc;
    copy_out(a, parallel_group(few_keys, (const int *)a->in, n, FEW_KEYS, a->offsets));
}

static void group_many(const void *items, size_t n, void *acc)
{
    const keyed *a = items;
    (void)acc;
    copy_out(a, parallel_group(many_keys, (const int *)a->in, n, MANY_KEYS, a->offsets));
}

static void flat_map(const void *items, size_t n, void *acc)
{
    const keyed *a = items;
    parallel_results *r = parallel_flat_map(flat_few, (const int *)a->in, n);
    *(size_t *)acc = r ? parallel_length(r) : SIZE_MAX;
    copy_out(a, r);
}

static void distinct(const void *items, size_t n, void *acc)
{
    const keyed *a = items;
    parallel_results *r = parallel_distinct(PARALLEL_ASCENDING, (const int *)a->in, n);
    *(size_t *)acc = r ? parallel_length(r) : SIZE_MAX;
    copy_out(a, r);
}

const way the_way = {.distinct = distinct,
                     .sort_record32 = sort_record32,
                     .sort_record64 = sort_record64,
                     .sort_record128 = sort_record128,
                     .sort_number_int = sort_number_int,
                     .sort_number_double = sort_number_double,
                     .sort_by_key = sort_by_key,
                     .histogram_many = histogram_many,
                     .group_few = group_few,
                     .group_many = group_many,
                     .flat_map = flat_map,
                     .sort_int = sort_int,
                     .sort_record = sort_record,
                     .sort_string = sort_string,
                     .sum_double = sum_double,
                     .sum_float = sum_float,
                     .sum_int = sum_int,
                     .max_int = max_int,
                     .affine = compose,
                     .map_reduce_dear = dear,
                     .map_reduce_cheap = cheap,
                     .histogram = count,
                     .count = count_positive,
                     .find = find,
                     .min_index = min_index,
                     .scan_double = scan_double,
                     .scan_int = scan_int,
                     .filter = filter,
                     .stencil = diffuse_all};
