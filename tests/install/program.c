/* SPDX-License-Identifier: MIT */
/* A program as a user would write it, compiled against the installed header and library. With WRONG_... defined it must
 * not compile. */
#include <parallel.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

struct request {
    const char *url;
    const char *table;
    int priority;
};

struct page {
    char text[32];
};

static double cube(double x)
{
    return x * x * x;
}
PARALLEL_DECORATE(cube, double, double);

static bool is_nearer(const double *a, const double *b)
{
    return (*a - 500) * (*a - 500) < (*b - 500) * (*b - 500);
}
PARALLEL_DECORATE_ORDER(is_nearer, double);

static int remainder_of_3(int x)
{
    return x % 3;
}
PARALLEL_DECORATE(remainder_of_3, int, int);

static double opposite(int x)
{
    return -x;
}
PARALLEL_DECORATE(opposite, int, double);

static size_t twice_each(const int *x, int *out, size_t room)
{
    for (size_t i = 0; i < 2 && i < room; i++)
        out[i] = *x;
    return 2;
}
PARALLEL_DECORATE_FLAT(twice_each, int, int);

static bool is_large(double x)
{
    return x > 990;
}
PARALLEL_DECORATE(is_large, double, bool);

static struct page fetch(struct request r)
{
    struct page p = {{0}};
    snprintf(p.text, sizeof p.text, "%s@%s", r.table ? r.table : "web", r.url);
    return p;
}
PARALLEL_DECORATE(fetch, struct request, struct page, .max_workers = 32);

static int load(const struct request *arg, struct page *result, void *extras)
{
    if (!arg->url)
        return parallel_fail(EINVAL, "no url, priority %d", arg->priority);
    snprintf(result->text, sizeof result->text, "%s%s", (const char *)extras, arg->url);
    return 0;
}
PARALLEL_DECORATE_TASK(load, struct request, struct page);

static void add_to(size_t begin, size_t end, void *ctx)
{
    int *v = ctx;
    for (size_t i = begin; i < end; i++)
        v[i]++;
}

PARALLEL_TASK(long, fib, int, n)
{
    if (n < 2)
        return n;
    PARALLEL_SPAWN(fib, n - 1);
    long b = PARALLEL_CALL(fib, n - 2);
    return b + PARALLEL_SYNC(fib);
}

/* Results that are pointers, to void too. */
PARALLEL_TASK(void *, address, int *, p)
{
    return p;
}

static void *next_int(int *p)
{
    return p + 1;
}
PARALLEL_DECORATE(next_int, int *, void *);

typedef void notify(int);

static void nobody(int n)
{
    (void)n;
}

PARALLEL_TASK_DECLARE(void, fill, struct page *, pages, size_t, n, struct request, r, notify *, done);

PARALLEL_TASK(void, fill_one, struct page *, result, struct request, p)
{
    *result = fetch(p);
}

PARALLEL_TASK_DEFINE(void, fill, struct page *, pages, size_t, n, struct request, r, notify *, done)
{
    for (size_t i = 0; i < n; i++)
        PARALLEL_SPAWN(fill_one, &pages[i], r);
    for (size_t i = 0; i < n; i++)
        PARALLEL_SYNC(fill_one);
    done((int)n);
}

PARALLEL_LOOP(add_scaled, i, double, a, const double *restrict, x, double *restrict, y)
{
    y[i] += a * x[i];
}

PARALLEL_LOOP_RANGE(clear, from, to, double *, y)
{
    memset(y + from, 0, (size_t)(to - from) * sizeof *y);
}

static void add_to_tile(size_t row, size_t row_end, size_t col, size_t col_end, void *ctx)
{
    int(*v)[10] = ctx;
    for (size_t i = row; i < row_end; i++)
        for (size_t j = col; j < col_end; j++)
            v[i][j]++;
}

static int tripled(int x)
{
    return 3 * x;
}
PARALLEL_DECORATE(tripled, int, int);

static double times(double x, int y)
{
    return x * y;
}
PARALLEL_DECORATE_ZIP(times, double, int, double);

#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                            \
            return 1;                                                                                                  \
        }                                                                                                              \
    } while (0)

static int failures_as_a_user_reads_them(void)
{
    static char prefix[] = "https://";
    const struct request requests[] = {{.url = "a"}, {.priority = 7}, {.url = "c"}};
    const char *names[] = {"first", "second", "third"};
    PARALLEL_SCOPED parallel_results *r =
        parallel_map(load, requests, 3, .extras = prefix, .names = names, .silent = true);
    REQUIRE(r && parallel_length(r) == 3 && parallel_failures(r) == 1);
    const struct page *third = parallel_get(r, "third");
    REQUIRE(third && strcmp(third->text, "https://c") == 0);
    REQUIRE(strcmp(parallel_failed(r, 0)->message, "no url, priority 7") == 0);
    REQUIRE(strcmp(parallel_failed(r, 0)->name, "second") == 0);
    REQUIRE(parallel_map(load, requests, 3, .extras = prefix) == NULL && errno == EINVAL);
    REQUIRE(parallel_last_failure()->index == 1);
    return 0;
}

/* One pool ends with its scope, one by hand. */
static int pools_as_a_user_has_them(void)
{
    double in[1000], out[1000];
    for (int i = 0; i < 1000; i++)
        in[i] = i;
    REQUIRE(parallel_warm_up() == 0);
    PARALLEL_SCOPED parallel_pool *p = parallel_pool_new(3);
    parallel_pool *q = parallel_pool_new(0);
    REQUIRE(p && q);
    for (int i = 0; i < 100; i++)
        REQUIRE(parallel_map_into(cube, in, 1000, out, .pool = i % 2 ? p : q, .max_workers = i / 2 % 4) == 0 &&
                out[10] == 1000);
    parallel_pool_free(q);
    errno = 0;
    REQUIRE(parallel_pool_new(-1) == NULL && errno == EINVAL);
    return 0;
}

static int traces_as_a_user_draws_them(void)
{
    double in[100] = {2}, out[100];
    parallel_stats_t before = {.size = sizeof before}, after = {.size = sizeof after};
    REQUIRE(parallel_stats(NULL, &before) == 0 && parallel_trace_begin("program.svg") == 0);
    REQUIRE(parallel_map_into(cube, in, 100, out) == 0);
    REQUIRE(parallel_trace_end() == 0 && parallel_stats(NULL, &after) == 0);
    REQUIRE(after.items - before.items == 100 && remove("program.svg") == 0);
    errno = 0;
    REQUIRE(parallel_trace_begin("program.txt") == -1 && errno == EINVAL);
    return 0;
}

/* A tree, whose nodes are their depths. */
static int walk(const int *depth, void *none, void *extras)
{
    int less = *depth - 1;
    (void)none;
    atomic_fetch_add((atomic_int *)extras, 1);
    for (int k = 0; less > 0 && k < 2; k++)
        if (parallel_for_each_add(walk, &less) != 0)
            return errno;
    return 0;
}
PARALLEL_DECORATE_TASK(walk, int, void);

static int trees_as_a_user_writes_them(void)
{
    atomic_int nodes = 0;
    int depth = 12;
    REQUIRE(parallel_for_each(walk, &depth, 1, .extras = &nodes) == 0 && nodes == 4095);
    REQUIRE(parallel_for_each_add(walk, &depth) == -1 && errno == EINVAL);
    return 0;
}

/* The ends of a stream: numbers below 1000, and the sum of their cubes, in order. */
static int next_number(double *arg, void *data)
{
    double *end = data;
    *arg = end[0]++;
    return *arg < 1000;
}

static int add_up(const parallel_item *item, void *data)
{
    double *end = data, x = *(const double *)item->arg;
    end[1] += *(const double *)item->result;
    return item->failure || x != (double)item->index;
}

static int streams_as_a_user_writes_them(void)
{
    double ends[2] = {0, 0}, x = 3;
    REQUIRE(parallel_stream_map(cube, next_number, add_up, ends) == 0 && ends[1] == 999.0 * 999 * 1000 * 1000 / 4);
    PARALLEL_SCOPED parallel_stream *s = parallel_stream_open(cube, .window = 2, .unordered = true);
    parallel_item item;
    REQUIRE(s && parallel_stream_put(s, &x) == 0 && parallel_stream_fd(s) >= 0);
    REQUIRE(parallel_stream_next(s, &item, -1) == 1 && *(const double *)item.result == 27);
    REQUIRE(parallel_stream_end(s) == 0 && parallel_stream_next(s, &item, -1) == 0);
    PARALLEL_SCOPED parallel_executor *ex = parallel_async(cube, 2.0, .as_completed = true);
    REQUIRE(ex && parallel_executor_next(ex, &item, -1) == 1 && item.index == 0);
    REQUIRE(parallel_executor_any(&ex, 1, -1) == 0 && *(const double *)parallel_executor_result(ex) == 8);
    return 0;
}

static int loops_as_a_user_writes_them(void)
{
    double x[1000], y[1000];
    int v[1000] = {0}, tiles[10][10] = {{0}};
    for (int i = 0; i < 1000; i++)
        x[i] = i;
    REQUIRE(parallel_loop(clear, 0, 1000, (y)) == 0 && y[0] == 0 && y[999] == 0);
    REQUIRE(parallel_loop(add_scaled, 1, 999, (2.5, x, y), .max_workers = 3) == 0 && y[998] == 2495 && y[999] == 0);
    REQUIRE(parallel_for_2d(10, 10, add_to_tile, tiles, .tile_rows = 3) == 0 && tiles[0][0] == 1 && tiles[9][9] == 1);
    REQUIRE(parallel_map_range_into(tripled, -500, 500, v) == 0 && v[0] == -1500 && v[999] == 1497);
    PARALLEL_SCOPED parallel_results *r = parallel_map_range(tripled, 0, 10, .grain = 3);
    REQUIRE(parallel_length(r) == 10 && *(const int *)parallel_result(r, 9) == 27);
    REQUIRE(parallel_count(is_large, x, 1000) == 9 && parallel_find(is_large, x, 1000) == x + 991);
    REQUIRE(parallel_find_last(is_large, x, 1000) == x + 999 && parallel_find(is_large, x, 900) == NULL && errno == 0);
    REQUIRE(parallel_min(PARALLEL_ASCENDING, x, 1000) == x && parallel_max(PARALLEL_ASCENDING, x, 1000) == x + 999);
    REQUIRE(parallel_min(PARALLEL_DESCENDING, x, 10) == x + 9 && parallel_min(is_nearer, x, 1000) == x + 500);
    REQUIRE(parallel_max(is_nearer, x, 0) == NULL && errno == 0 && parallel_max(is_nearer, x, 9, .grain = 2) == x);
    REQUIRE(parallel_sort(is_nearer, x, 1000) == 0 && x[0] == 500 && parallel_sort(PARALLEL_ASCENDING, x, 1000) == 0);
    REQUIRE(x[0] == 0 && x[999] == 999);
    PARALLEL_SCOPED parallel_results *down = parallel_sorted(PARALLEL_DESCENDING, x, 1000, .max_workers = 2);
    REQUIRE(parallel_length(down) == 1000 && *(const double *)parallel_result(down, 999) == 0);
    PARALLEL_SCOPED parallel_results *distinct = parallel_distinct(PARALLEL_ASCENDING, v, 1000);
    REQUIRE(parallel_length(distinct) == 1000 && *(const int *)parallel_result(distinct, 0) == -1500);
    REQUIRE(parallel_any(is_large, x, 900) == 0 && parallel_all(is_large, x + 991, 9, .max_workers = 2) == 1);
    size_t kept = 0;
    REQUIRE(parallel_filter_into(is_large, x, 1000, y, &kept) == 0 && kept == 9 && y[8] == 999);
    REQUIRE(parallel_partition_into(is_large, x, 1000, y, &kept) == 0 && kept == 9 && y[9] == 0 && y[999] == 990);
    PARALLEL_SCOPED parallel_results *large = parallel_filter(is_large, x, 1000);
    REQUIRE(parallel_length(large) == 9 && *(const double *)parallel_result(large, 0) == 991);
    double total = 1;
    REQUIRE(parallel_scan_into(PARALLEL_PLUS, x, 1000, y) == 0 && y[999] == 499500);
    REQUIRE(parallel_scan_exclusive_into(PARALLEL_PLUS, x, 1000, y, &total) == 0 && y[0] == 1 && total == 499501);
    PARALLEL_SCOPED parallel_results *sums = parallel_scan(PARALLEL_PLUS, x, 1000);
    REQUIRE(parallel_length(sums) == 1000 && *(const double *)parallel_result(sums, 2) == 3);
    REQUIRE(parallel_zip_map_into(times, x, v, 1000, x) == 0 && x[999] == 999.0 * 1497);
    size_t counts[3] = {0};
    REQUIRE(parallel_histogram(remainder_of_3, v, 1000, counts, 3) == 0 && counts[0] == 1000);
    PARALLEL_SCOPED parallel_results *groups = parallel_group(remainder_of_3, v, 1000, 2, counts);
    REQUIRE(parallel_length(groups) == 1000 && counts[1] == 1000 && counts[2] == 1000);
    PARALLEL_SCOPED parallel_results *flat = parallel_flat_map(twice_each, v, 1000);
    REQUIRE(parallel_length(flat) == 2000 && *(const int *)parallel_result(flat, 1999) == 1497);
    REQUIRE(parallel_sort_by(opposite, v, 1000) == 0 && v[0] == 1497 && v[999] == -1500);
    return 0;
}

int main(void)
{
    double in[1000], out[1000];
    for (int i = 0; i < 1000; i++)
        in[i] = i;
    const double *view = in;
    PARALLEL_SCOPED parallel_results *r = parallel_map(cube, view, 1000, .max_workers = 4);
    REQUIRE(r && ((const double *)parallel_values(r))[999] == 999.0 * 999.0 * 999.0);
    REQUIRE(parallel_map_into(cube, in, 1000, out) == 0 && out[10] == 1000);

    struct request requests[] = {{.url = "x"}, {.url = "y", .table = "db"}};
    PARALLEL_SCOPED parallel_results *pages = parallel_thread_map(fetch, requests, 2);
    REQUIRE(pages && strcmp(((const struct page *)parallel_result(pages, 1))->text, "db@y") == 0);

    int counts[100] = {0};
    REQUIRE(parallel_for(100, add_to, counts) == 0 && counts[0] == 1 && counts[99] == 1);
    REQUIRE(failures_as_a_user_reads_them() == 0);
    REQUIRE(pools_as_a_user_has_them() == 0);
    REQUIRE(traces_as_a_user_draws_them() == 0);
    REQUIRE(loops_as_a_user_writes_them() == 0);
    REQUIRE(trees_as_a_user_writes_them() == 0);
    REQUIRE(streams_as_a_user_writes_them() == 0);

    struct page filled[20];
    PARALLEL_RUN(fill, filled, 20, ((struct request){.url = "z", .table = "db"}), nobody);
    REQUIRE(strcmp(filled[19].text, "db@z") == 0);
    REQUIRE(PARALLEL_RUN(fib, 20) == 6765);
    REQUIRE(PARALLEL_RUN(address, counts) == counts);
    int *pointers[] = {counts};
    void *results[1];
    REQUIRE(parallel_map_into(next_int, pointers, 1, results) == 0 && results[0] == counts + 1);

#ifdef WRONG_TASK_ARGUMENT
    (void)PARALLEL_RUN(fib, in);
#endif
#ifdef WRONG_TASK_COUNT
    (void)PARALLEL_RUN(fib, 1, 2);
#endif
#ifdef WRONG_SPAWN_OUTSIDE
    PARALLEL_SPAWN(fib, 1);
#endif
#ifdef WRONG_ARGUMENT_TYPE
    parallel_map(cube, requests, 2);
#endif
#ifdef WRONG_CAPTURE
    (void)parallel_loop(add_scaled, 0, 1000, (1.0, counts, out));
#endif
#ifdef WRONG_RESULT_TYPE
    parallel_map_into(cube, in, 1000, counts);
#endif
#ifdef WRONG_OPTION
    parallel_map(cube, in, 1000, .max_worker = 4);
#endif
#ifdef WRONG_UNNAMED_OPTION
    (void)parallel_map(cube, in, 1000, 4);
#endif
#ifdef WRONG_UNDECORATED
    parallel_map(main, in, 1000);
#endif
    puts("fine");
    return 0;
}
