/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "../driver.h"

static void sum_double(const void *items, size_t n, void *acc)
{
    const double *x = items;
    double sum = *(double *)acc;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    *(double *)acc = sum;
}

static void sum_float(const void *items, size_t n, void *acc)
{
    const float *x = items;
    float sum = *(float *)acc;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    *(float *)acc = sum;
}

static void sum_int(const void *items, size_t n, void *acc)
{
    const int *x = items;
    int sum = *(int *)acc;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    *(int *)acc = sum;
}

static void max_int(const void *items, size_t n, void *acc)
{
    const int *x = items;
    int greatest = *(int *)acc;
    for (size_t i = 0; i < n; i++)
        greatest = x[i] > greatest ? x[i] : greatest;
    *(int *)acc = greatest;
}

static void compose(const void *items, size_t n, void *acc)
{
    const affine *x = items;
    affine all = *(affine *)acc;
    for (size_t i = 0; i < n; i++)
        all = affine_then(all, x[i]);
    *(affine *)acc = all;
}

static void dear(const void *items, size_t n, void *acc)
{
    const uint32_t *x = items;
    uint64_t sum = *(uint64_t *)acc;
    for (size_t i = 0; i < n; i++)
        sum += item_dear(x[i]);
    *(uint64_t *)acc = sum;
}

static void cheap(const void *items, size_t n, void *acc)
{
    const uint32_t *x = items;
    uint32_t sum = *(uint32_t *)acc;
    for (size_t i = 0; i < n; i++)
        sum += item_cheap(x[i]);
    *(uint32_t *)acc = sum;
}

static void count(const void *items, size_t n, void *acc)
{
    const uint8_t *x = items;
    for (size_t i = 0; i < n; i++)
        count_byte(acc, &x[i]);
}

static void count_positive(const void *items, size_t n, void *acc)
{
    const int *x = items;
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += is_positive(x[i]);
    *(size_t *)acc = count;
}

static void find(const void *items, size_t n, void *acc)
{
    const int *x = items, *found = NULL;
    for (size_t i = 0; i < n; i++)
        if (is_rare(x[i])) {
            found = &x[i];
            break;
        }
    *(const int **)acc = found;
}

static void min_index(const void *items, size_t n, void *acc)
{
    const double *x = items, *least = x;
    for (size_t i = 1; i < n; i++)
        if (x[i] < *least)
            least = &x[i];
    *(const double **)acc = least;
}

static void scan_double(const void *items, size_t n, void *acc)
{
    const arrays *a = items;
    const double *in = a->in;
    double *out = a->out, sum = 0;
    (void)acc;
    for (size_t i = 0; i < n; i++)
        out[i] = sum += in[i];
}

static void scan_int(const void *items, size_t n, void *acc)
{
    const arrays *a = items;
    const int *in = a->in;
    int *out = a->out, sum = 0;
    (void)acc;
    for (size_t i = 0; i < n; i++)
        out[i] = sum += in[i];
}

static void filter(const void *items, size_t n, void *acc)
{
    const arrays *a = items;
    const int *in = a->in;
    int *out = a->out;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (is_positive(in[i]))
            out[kept++] = in[i];
    *(size_t *)acc = kept;
}

/* In a function of its own: gcc forgets what `restrict` says of parameters where it inlines. */
__attribute__((noinline)) static void diffuse_rows(ptrdiff_t side, const float *restrict u, const float *restrict c,
                                                   float *restrict flow, float *restrict next)
{
    ptrdiff_t width = side + 2;
    for (ptrdiff_t row = 1; row <= side; row++)
        for (ptrdiff_t k = row * width + 1; k <= row * width + side; k++)
            diffuse(k, width, u, c, flow, next);
}

static void diffuse_all(const void *items, size_t n, void *acc)
{
    const image *p = items;
    (void)n;
    (void)acc;
    diffuse_rows(p->side, p->u, p->c, p->flow, p->next);
}

static int compare_ints(const void *a, const void *b)
{
    return is_less_int(b, a) - is_less_int(a, b);
}

static int compare_records(const void *a, const void *b)
{
    return is_less_record(b, a) - is_less_record(a, b);
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_next(const shuffles *s, size_t n, size_t size, int compare(const void *a, const void *b))
{
    memcpy(s->out, next_shuffle(s, n * size), n * size);
    qsort(s->out, n, size, compare);
}

static void sort_int(const void *items, size_t n, void *acc)
{
    (void)acc;
    sort_next(items, n, sizeof(int), compare_ints);
}

static void sort_record(const void *items, size_t n, void *acc)
{
    (void)acc;
    sort_next(items, n, sizeof(record), compare_records);
}

#define SORT_RECORDS(bytes)                                                                                            \
    static int compare_records##bytes(const void *a, const void *b)                                                    \
    {                                                                                                                  \
        return is_less_record##bytes(b, a) - is_less_record##bytes(a, b);                                              \
    }                                                                                                                  \
    static void sort_record##bytes(const void *items, size_t n, void *acc)                                             \
    {                                                                                                                  \
        (void)acc;                                                                                                     \
        sort_next(items, n, sizeof(record##bytes), compare_records##bytes);                                            \
    }
SORT_RECORDS(32)
SORT_RECORDS(64)
SORT_RECORDS(128)

static void sort_string(const void *items, size_t n, void *acc)
{
    (void)acc;
    sort_next(items, n, sizeof(char *), compare_strings);
}

static int compare_number_ints(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static int compare_number_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* qsort() keeps the order of equal keys, where it has the memory to merge. */
static int compare_keys(const void *a, const void *b)
{
    uint64_t x = ((const record *)a)->key, y = ((const record *)b)->key;
    return (x > y) - (x < y);
}

static void sort_copy(const void *items, size_t n, size_t size, int compare(const void *, const void *))
{
    const keyed *a = items;
    memcpy(a->out, a->in, n * size);
    qsort(a->out, n, size, compare);
}

static void sort_number_int(const void *items, size_t n, void *acc)
{
    (void)acc;
    sort_copy(items, n, sizeof(int), compare_number_ints);
}

static void sort_number_double(const void *items, size_t n, void *acc)
{
    (void)acc;
    sort_copy(items, n, sizeof(double), compare_number_doubles);
}

static void sort_by_key(const void *items, size_t n, void *acc)
{
    (void)acc;
    sort_copy(items, n, sizeof(record), compare_keys);
}

static void histogram_many(const void *items, size_t n, void *acc)
{
    const keyed *a = items;
    const int *x = a->in;
    (void)acc;
    for (size_t i = 0; i < n; i++)
        a->counts[many_keys(x[i])]++;
}

static inline __attribute__((always_inline)) void group(const keyed *a, size_t n, unsigned key(int x), size_t k)
{
    const int *x = a->in;
    int *out = a->out;
    size_t *offsets = a->offsets;
    memset(offsets, 0, (k + 1) * sizeof *offsets);
    for (size_t i = 0; i < n; i++)
        offsets[key(x[i])]++;
    for (size_t g = 0, at = 0; g < k; g++) {
        size_t count = offsets[g];
        offsets[g] = at;
        at += count;
    }
    for (size_t i = 0; i < n; i++)
        out[offsets[key(x[i])]++] = x[i];
    memmove(offsets + 1, offsets, k * sizeof *offsets);
    offsets[0] = 0;
}

static void group_few(const void *items, size_t n, void *acc)
{
    (void)acc;
    group(items, n, few_keys, FEW_KEYS);
}

static void group_many(const void *items, size_t n, void *acc)
{
    (void)acc;
    group(items, n, many_keys, MANY_KEYS);
}

static void flat_map(const void *items, size_t n, void *acc)
{
    const keyed *a = items;
    const int *x = a->in;
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += flat_few(&x[i], (int *)a->out + count, FLAT_MOST);
    *(size_t *)acc = count;
}

/* A table of indices, counted from 1 on, that is half empty at least. */
static void distinct(const void *items, size_t n, void *acc)
{
    const keyed *a = items;
    const int *x = a->in;
    int *out = a->out;
    size_t slots = 16, count = 0;
    while (slots < 2 * n)
        slots *= 2;
    uint32_t *table = calloc(slots, sizeof *table);
    for (size_t i = 0; i < n; i++) {
        size_t at = (size_t)((uint64_t)(unsigned)x[i] * 0x9e3779b97f4a7c15u >> 32) & (slots - 1);
        while (table[at] && out[table[at] - 1] != x[i])
            at = (at + 1) & (slots - 1);
        if (table[at])
            continue;
        out[count++] = x[i];
        table[at] = (uint32_t)count;
    }
    free(table);
    *(size_t *)acc = count;
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
