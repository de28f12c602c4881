/* SPDX-License-Identifier: MIT */
/* One input has one result, bit for bit, of each call that combines: on any number of workers, on pools, in tasks, on
 * worker processes, with a handle that has learnt and one that has not. Values are doubles of which sums and products
 * depend on the brackets. */
#include <parallel.h>
#include <string.h>

#include "support/numbers.h"
#include "support/tasks.h"

/* Around the ends of blocks, and of what is done at once. */
static const size_t sizes[] = {1, 2, 3, 100, 128, 129, 1023, 1024, 1025, 4097, 65535, 65537, 200003};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

static const double *in;
static size_t n;

/* ---- functions ----------------------------------------------------------------------------------------------- */

static double add(double a, double b)
{
    return a + b;
}
PARALLEL_DECORATE_COMBINE(add, double);

/* x -> a x + b, one after the other: nor does it commute. 24 bytes. */
typedef struct line {
    double a, b, sum;
} line;

static line then(line f, line g)
{
    return (line){f.a * g.a, g.a * f.b + g.b, f.sum + g.sum};
}
PARALLEL_DECORATE_COMBINE(then, line);

static double scaled(double x)
{
    return x * 0x1p-3 + 1;
}
PARALLEL_DECORATE(scaled, double, double);

static line line_of(double x)
{
    return (line){1 + x * 0x1p-60, x, x};
}
PARALLEL_DECORATE(line_of, double, line);

static int try_scaled(const double *x, double *result, void *extras)
{
    (void)extras;
    *result = scaled(*x);
    return 0;
}
PARALLEL_DECORATE_TASK(try_scaled, double, double);

PARALLEL_LOOP_REDUCE(double, product_at, i, const double *, x)
{
    return x[i] * (double)(i + 1);
}

PARALLEL_LOOP_REDUCE(line, line_at, i, const double *, x)
{
    return line_of(x[i]);
}

/* Accumulators that are small, and larger ones, of which there are fewer. */
typedef struct some_sums {
    double sum, squares;
} some_sums;

static void add_to_some(some_sums *s, const double *x)
{
    s->sum += *x;
    s->squares += *x * *x;
}

static void join_some(some_sums *s, const some_sums *right)
{
    s->sum += right->sum;
    s->squares += right->squares;
}
PARALLEL_DECORATE_FOLD(add_to_some, join_some, some_sums, double);

typedef struct many_sums {
    double of[300];
} many_sums;

static void add_to_many(many_sums *s, const double *x)
{
    s->of[(size_t)fmod(fabs(*x), 300)] += *x;
}

static void join_many(many_sums *s, const many_sums *right)
{
    for (int i = 0; i < 300; i++)
        s->of[i] += right->of[i];
}
PARALLEL_DECORATE_FOLD(add_to_many, join_many, many_sums, double);

static bool is_nearer(const double *a, const double *b)
{
    return ilogb(*a) < ilogb(*b);
}
PARALLEL_DECORATE_ORDER(is_nearer, double);

/* ---- calls --------------------------------------------------------------------------------------------------- */

/* What they come to; padding is zero. */
typedef struct results {
    double reduced, by_function, mapped, by_task, looped;
    line lines, line_loop;
    some_sums some;
    many_sums many;
    ptrdiff_t least, greatest, nearest;
    double *scanned, *exclusive, total;
    double *scanned_by_function;
} results;

enum { ARRAYS = 3 };

static results *new_results(void)
{
    results *r = calloc(1, sizeof *r);
    double *room = calloc(ARRAYS * n, sizeof *room);
    ck_assert(r && room);
    r->scanned = room;
    r->exclusive = room + n;
    r->scanned_by_function = room + 2 * n;
    return r;
}

static void free_results(results *r)
{
    free(r->scanned);
    free(r);
}

#define OPTIONS .max_workers = o.max_workers, .grain = o.grain, .pool = o.pool, .executor = o.executor

/* All calls: 0, or how many have failed. */
static int make_values(results *r, parallel_options o)
{
    int failed = 0;
    r->reduced = r->by_function = r->mapped = r->by_task = r->looped = r->total = 0.25;
    r->lines = r->line_loop = (line){1, 0, 0};
    failed += parallel_reduce(PARALLEL_PLUS, in, n, &r->reduced, OPTIONS) != 0;
    failed += parallel_reduce(add, in, n, &r->by_function, OPTIONS) != 0;
    failed += parallel_map_reduce(scaled, PARALLEL_PLUS, in, n, &r->mapped, OPTIONS) != 0;
    failed += parallel_map_reduce(try_scaled, add, in, n, &r->by_task, OPTIONS) != 0;
    failed += parallel_map_reduce(line_of, then, in, n, &r->lines, OPTIONS) != 0;
    failed += parallel_fold(add_to_some, in, n, &r->some, OPTIONS) != 0;
    failed += parallel_fold(add_to_many, in, n, &r->many, OPTIONS) != 0;
    failed += parallel_scan_into(PARALLEL_PLUS, in, n, r->scanned, OPTIONS) != 0;
    failed += parallel_scan_exclusive_into(PARALLEL_PLUS, in, n, r->exclusive, &r->total, OPTIONS) != 0;
    failed += parallel_scan_into(add, in, n, r->scanned_by_function, OPTIONS) != 0;
    if (o.executor == PARALLEL_PROCESS) /* loops are not for processes */
        o.executor = PARALLEL_DEFAULT_EXECUTOR;
    failed += parallel_loop_reduce(product_at, PARALLEL_PLUS, 0, (ptrdiff_t)n, (in), &r->looped, OPTIONS) != 0;
    failed += parallel_loop_reduce(line_at, then, 0, (ptrdiff_t)n, (in), &r->line_loop, OPTIONS) != 0;
    r->least = parallel_min(PARALLEL_ASCENDING, in, n, OPTIONS) - in;
    r->greatest = parallel_max(PARALLEL_ASCENDING, in, n, OPTIONS) - in;
    r->nearest = parallel_min(is_nearer, in, n, OPTIONS) - in;
    return failed;
}

static bool are_same(const results *a, const results *b)
{
    size_t bytes = offsetof(results, scanned);
    return memcmp(a, b, bytes) == 0 && memcmp(&a->total, &b->total, sizeof a->total) == 0 &&
           memcmp(a->scanned, b->scanned, ARRAYS * n * sizeof *in) == 0;
}

static void check_with(const results *expected, parallel_options o, const char *how, int number)
{
    results *r = new_results();
    int failed = make_values(r, o);
    ck_assert_msg(failed == 0, "n = %zu, %s %d: %d calls have failed", n, how, number, failed);
    ck_assert_msg(are_same(r, expected), "n = %zu, %s %d: other bits", n, how, number);
    free_results(r);
}

static void make_nested(size_t begin, size_t end, void *ctx)
{
    results *const *all = ctx;
    for (; begin < end; begin++)
        if (make_values(all[begin], (parallel_options){.grain = begin % 3}) != 0)
            all[begin]->total = NAN;
}

START_TEST(by_whomever)
{
    n = sizes[_i];
    in = wild_doubles(n);
    results *expected = new_results(), *nested[4];
    ck_assert_int_eq(make_values(expected, (parallel_options){.executor = PARALLEL_SERIAL}), 0);
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(5);
    for (int round = 0; round < 10; round++)
        check_with(expected, (parallel_options){0}, "round", round);
    for (int workers = 1; workers <= 64; workers += workers < 4 ? 1 : workers / 2 - 1) {
        check_with(expected, (parallel_options){.max_workers = workers}, "workers", workers);
        check_with(expected, (parallel_options){.max_workers = workers, .grain = 1, .pool = pool}, "pool", workers);
    }
    check_with(expected, (parallel_options){.max_workers = 64, .grain = 1000}, "workers", 64);
    check_with(expected, (parallel_options){.executor = PARALLEL_PROCESS, .max_workers = 2}, "processes", 2);
    for (int i = 0; i < 4; i++)
        nested[i] = new_results();
    ck_assert_int_eq(parallel_for(4, make_nested, nested, .pool = pool), 0);
    for (int i = 0; i < 4; i++) {
        ck_assert_msg(are_same(nested[i], expected), "n = %zu, nested", n);
        free_results(nested[i]);
    }
    free_results(expected);
    free((void *)in);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, by_whomever, 0, SIZES);
    return pl_run("api/same_bits", c);
}
