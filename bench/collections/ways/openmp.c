/* SPDX-License-Identifier: MIT */
#include <omp.h>
#include <stdlib.h>

#include "../driver.h"

enum { MOST_THREADS = 256 };

static int most_threads(void)
{
    return omp_get_max_threads() < MOST_THREADS ? omp_get_max_threads() : MOST_THREADS;
}

/* firstprivate(x): clang vectorises no loop whose array is shared, as it takes it to change under it. */

static void sum_double(const void *items, size_t n, void *acc)
{
    const double *x = items;
    double sum = *(double *)acc;
#pragma omp parallel for firstprivate(x) reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    *(double *)acc = sum;
}

static void sum_float(const void *items, size_t n, void *acc)
{
    const float *x = items;
    float sum = *(float *)acc;
#pragma omp parallel for firstprivate(x) reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    *(float *)acc = sum;
}

static void sum_int(const void *items, size_t n, void *acc)
{
    const int *x = items;
    int sum = *(int *)acc;
#pragma omp parallel for firstprivate(x) reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    *(int *)acc = sum;
}

static void max_int(const void *items, size_t n, void *acc)
{
    const int *x = items;
    int greatest = *(int *)acc;
#pragma omp parallel for firstprivate(x) reduction(max : greatest)
    for (size_t i = 0; i < n; i++)
        greatest = x[i] > greatest ? x[i] : greatest;
    *(int *)acc = greatest;
}

/* By hand, as the order in which a reduction combines is nobody's: a part for each thread, then the parts in order. */
static void compose(const void *items, size_t n, void *acc)
{
    static struct {
        _Alignas(64) affine all;
    } part[MOST_THREADS];
    const affine *x = items;
    int parts = 1;
#pragma omp parallel num_threads(most_threads())
    {
        affine all = {1, 0};
#pragma omp single
        parts = omp_get_num_threads();
#pragma omp for schedule(static) nowait
        for (size_t i = 0; i < n; i++)
            all = affine_then(all, x[i]);
        part[omp_get_thread_num()].all = all;
    }
    for (int i = 0; i < parts; i++)
        *(affine *)acc = affine_then(*(affine *)acc, part[i].all);
}

static void dear(const void *items, size_t n, void *acc)
{
    const uint32_t *x = items;
    uint64_t sum = *(uint64_t *)acc;
#pragma omp parallel for firstprivate(x) reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += item_dear(x[i]);
    *(uint64_t *)acc = sum;
}

static void cheap(const void *items, size_t n, void *acc)
{
    const uint32_t *x = items;
    uint32_t sum = *(uint32_t *)acc;
#pragma omp parallel for firstprivate(x) reduction(+ : sum)
    for (size_t i = 0; i < n; i++)
        sum += item_cheap(x[i]);
    *(uint32_t *)acc = sum;
}

static void count(const void *items, size_t n, void *acc)
{
    const uint8_t *x = items;
    uint64_t *of = ((histogram *)acc)->of;
#pragma omp parallel for firstprivate(x) reduction(+ : of[:256])
    for (size_t i = 0; i < n; i++)
        of[x[i]]++;
}

static void count_positive(const void *items, size_t n, void *acc)
{
    const int *x = items;
    size_t count = 0;
#pragma omp parallel for firstprivate(x) reduction(+ : count)
    for (size_t i = 0; i < n; i++)
        count += is_positive(x[i]);
    *(size_t *)acc = count;
}

/* A block at a time, from the front; none that lies behind what has been found. */
static void find(const void *items, size_t n, void *acc)
{
    enum { BLOCK = 4096 };
    const int *x = items;
    size_t first = n;
#pragma omp parallel for firstprivate(x) schedule(dynamic)
    for (size_t begin = 0; begin < n; begin += BLOCK) {
        size_t end = begin + BLOCK < n ? begin + BLOCK : n, known, i = begin;
#pragma omp atomic read
        known = first;
        while (i < end && begin < known && !is_rare(x[i]))
            i++;
        if (i < end && begin < known)
#pragma omp critical
        {
            if (i < first)
#pragma omp atomic write
                first = i;
        }
    }
    *(const int **)acc = first < n ? &x[first] : NULL;
}

typedef struct place {
    double value;
    size_t index;
} place;

static inline place first_least(place a, place b)
{
    return b.value < a.value || (b.value == a.value && b.index < a.index) ? b : a;
}

#pragma omp declare reduction(first_least:place                                                                        \
                              : omp_out = first_least(omp_out, omp_in)) initializer(omp_priv = omp_orig)

static void min_index(const void *items, size_t n, void *acc)
{
    const double *x = items;
    place least = {x[0], 0};
#pragma omp parallel for firstprivate(x) reduction(first_least : least)
    for (size_t i = 1; i < n; i++)
        if (x[i] < least.value)
            least = (place){x[i], i};
    *(const double **)acc = &x[least.index];
}

/* By hand, as not every compiler's `inscan` can (see openmp_simd.c): each thread adds up its part, and then knows with
 * which sum that begins. */
static void scan_double(const void *items, size_t n, void *acc)
{
    static struct {
        _Alignas(64) double sum;
    } part[MOST_THREADS];
    const arrays *a = items;
    const double *in = a->in;
    double *out = a->out;
    (void)acc;
#pragma omp parallel firstprivate(in, out) num_threads(most_threads())
    {
        int thread = omp_get_thread_num();
        double own = 0, sum = 0;
#pragma omp for schedule(static) nowait
        for (size_t i = 0; i < n; i++)
            own += in[i];
        part[thread].sum = own;
#pragma omp barrier
        for (int i = 0; i < thread; i++)
            sum += part[i].sum;
#pragma omp for schedule(static) nowait
        for (size_t i = 0; i < n; i++)
            out[i] = sum += in[i];
    }
}

static void scan_int(const void *items, size_t n, void *acc)
{
    static struct {
        _Alignas(64) int sum;
    } part[MOST_THREADS];
    const arrays *a = items;
    const int *in = a->in;
    int *out = a->out;
    (void)acc;
#pragma omp parallel firstprivate(in, out) num_threads(most_threads())
    {
        int thread = omp_get_thread_num();
        int own = 0, sum = 0;
#pragma omp for schedule(static) nowait
        for (size_t i = 0; i < n; i++)
            own += in[i];
        part[thread].sum = own;
#pragma omp barrier
        for (int i = 0; i < thread; i++)
            sum += part[i].sum;
#pragma omp for schedule(static) nowait
        for (size_t i = 0; i < n; i++)
            out[i] = sum += in[i];
    }
}

/* Likewise: each thread counts what it keeps, and then knows where that begins. */
static void filter(const void *items, size_t n, void *acc)
{
    static struct {
        _Alignas(64) size_t kept;
    } part[MOST_THREADS];
    const arrays *a = items;
    const int *in = a->in;
    int *out = a->out;
#pragma omp parallel firstprivate(in, out) num_threads(most_threads())
    {
        int thread = omp_get_thread_num();
        size_t kept = 0, at = 0;
#pragma omp for schedule(static) nowait
        for (size_t i = 0; i < n; i++)
            kept += is_positive(in[i]);
        part[thread].kept = kept;
#pragma omp barrier
        for (int i = 0; i < thread; i++)
            at += part[i].kept;
#pragma omp for schedule(static) nowait
        for (size_t i = 0; i < n; i++)
            if (is_positive(in[i]))
                out[at++] = in[i];
        if (thread == omp_get_num_threads() - 1)
            *(size_t *)acc = at;
    }
}

__attribute__((noinline)) static void diffuse_rows(ptrdiff_t side, const float *restrict u, const float *restrict c,
                                                   float *restrict flow, float *restrict next)
{
    ptrdiff_t width = side + 2;
#pragma omp parallel for firstprivate(u, c, flow, next)
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

/* Counters that all threads share would be hit by chance only, if there are many. */
static void histogram_many(const void *items, size_t n, void *acc)
{
    const keyed *a = items;
    const int *x = a->in;
    uint32_t *counts = a->counts;
    (void)acc;
#pragma omp parallel for
    for (size_t i = 0; i < n; i++)
#pragma omp atomic
        counts[many_keys(x[i])]++;
}

/* A counting sort: each thread counts its part, and then moves it to where it belongs. */
static inline __attribute__((always_inline)) void group(const keyed *a, size_t n, unsigned key(int x), size_t k)
{
    const int *x = a->in;
    int *out = a->out;
    size_t *offsets = a->offsets, *counts = calloc((size_t)omp_get_max_threads() * k, sizeof *counts);
#pragma omp parallel
    {
        size_t *own = counts + (size_t)omp_get_thread_num() * k;
#pragma omp for schedule(static)
        for (size_t i = 0; i < n; i++)
            own[key(x[i])]++;
#pragma omp single
        for (size_t g = 0, at = 0; g <= k; g++) {
            offsets[g] = at;
            for (int t = 0; g < k && t < omp_get_num_threads(); t++) {
                size_t count = counts[(size_t)t * k + g];
                counts[(size_t)t * k + g] = at;
                at += count;
            }
        }
#pragma omp for schedule(static)
        for (size_t i = 0; i < n; i++)
            out[own[key(x[i])]++] = x[i];
    }
    free(counts);
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

/* Once to count, and once to write. */
static void flat_map(const void *items, size_t n, void *acc)
{
    const keyed *a = items;
    const int *x = a->in;
    int *out = a->out;
    size_t ends[256] = {0};
#pragma omp parallel
    {
        int thread = omp_get_thread_num();
        size_t count = 0, at = 0;
#pragma omp for schedule(static)
        for (size_t i = 0; i < n; i++)
            count += flat_few(&x[i], NULL, 0);
        ends[thread] = count;
#pragma omp barrier
        for (int t = 0; t < thread; t++)
            at += ends[t];
#pragma omp for schedule(static)
        for (size_t i = 0; i < n; i++)
            at += flat_few(&x[i], out + at, FLAT_MOST);
        if (thread == omp_get_num_threads() - 1)
            *(size_t *)acc = at;
    }
}

const way the_way = {.sum_double = sum_double,
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
                     .stencil = diffuse_all,
                     .histogram_many = histogram_many,
                     .group_few = group_few,
                     .group_many = group_many,
                     .flat_map = flat_map};
