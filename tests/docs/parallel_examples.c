/* SPDX-License-Identifier: MIT */
/* The examples of docs/from-openmp.md with this library. */
#include <errno.h>
#include <parallel.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "from_openmp.h"

/* ---- parallel for -------------------------------------------------------------------------------------------- */

PARALLEL_LOOP(add_scaled, i, double, a, const double *restrict, x, double *restrict, y)
{
    y[i] += a * x[i];
}

static void add_scaled_all(double a, const double *x, double *y, ptrdiff_t n)
{
    parallel_loop(add_scaled, 0, n, (a, x, y));
}

/* ---- reduction ----------------------------------------------------------------------------------------------- */

PARALLEL_LOOP_REDUCE(double, dot, i, const double *, x, const double *, y)
{
    return x[i] * y[i];
}

static double dot_all(const double *x, const double *y, ptrdiff_t n)
{
    double sum = 0;
    parallel_loop_reduce(dot, PARALLEL_PLUS, 0, n, (x, y), &sum);
    return sum;
}

static struct moments add_moments(struct moments a, struct moments b)
{
    return (struct moments){a.sum + b.sum, a.squares + b.squares};
}
PARALLEL_DECORATE_COMBINE(add_moments, struct moments);

PARALLEL_LOOP_REDUCE(struct moments, moments_at, i, const double *, x)
{
    return (struct moments){x[i], x[i] * x[i]};
}

static struct moments moments_all(const double *x, ptrdiff_t n)
{
    struct moments all = {0, 0};
    parallel_loop_reduce(moments_at, add_moments, 0, n, (x), &all);
    return all;
}

static void count_byte(struct histogram *counts, const unsigned char *byte)
{
    counts->of[*byte]++;
}

static void add_counts(struct histogram *counts, const struct histogram *right)
{
    for (int i = 0; i < 256; i++)
        counts->of[i] += right->of[i];
}
PARALLEL_DECORATE_FOLD(count_byte, add_counts, struct histogram, unsigned char);

static void count_all_bytes(const unsigned char *text, ptrdiff_t n, struct histogram *counts)
{
    parallel_fold(count_byte, text, (size_t)n, counts);
}

/* ---- collapse ------------------------------------------------------------------------------------------------ */

struct transposition {
    const double *a;
    double *b;
    size_t rows, cols;
};

static void transpose_tile(size_t row, size_t row_end, size_t col, size_t col_end, void *ctx)
{
    struct transposition *t = ctx;
    for (size_t i = row; i < row_end; i++)
        for (size_t j = col; j < col_end; j++)
            t->b[j * t->rows + i] = t->a[i * t->cols + j];
}

static void transpose_all(const double *a, double *b, ptrdiff_t rows, ptrdiff_t cols)
{
    struct transposition t = {a, b, (size_t)rows, (size_t)cols};
    parallel_for_2d(t.rows, t.cols, transpose_tile, &t);
}

/* ---- schedule ------------------------------------------------------------------------------------------------ */

PARALLEL_LOOP(find_steps, i, int *, steps)
{
    steps[i] = collatz(i + 1);
}

static void find_all_steps(int *steps, ptrdiff_t n)
{
    parallel_loop(find_steps, 0, n, (steps));
}

/* ---- ordered ------------------------------------------------------------------------------------------------- */

static struct line line_of(ptrdiff_t i)
{
    struct line line;
    snprintf(line.text, LINE, "%td takes %d steps\n", i + 1, collatz(i + 1));
    return line;
}
PARALLEL_DECORATE(line_of, ptrdiff_t, struct line);

static void write_all_lines(FILE *file, ptrdiff_t n)
{
    PARALLEL_SCOPED parallel_results *r = parallel_map_range(line_of, 0, n);
    const struct line *lines = parallel_values(r);
    for (ptrdiff_t i = 0; r && i < n; i++)
        fputs(lines[i].text, file);
}

/* ---- sections ------------------------------------------------------------------------------------------------ */

struct vector {
    const double *x;
    ptrdiff_t n;
};

static double least_of(struct vector v)
{
    double least = v.x[0];
    for (ptrdiff_t i = 1; i < v.n; i++)
        least = v.x[i] < least ? v.x[i] : least;
    return least;
}
PARALLEL_DECORATE(least_of, struct vector, double);

static double greatest_of(struct vector v)
{
    double greatest = v.x[0];
    for (ptrdiff_t i = 1; i < v.n; i++)
        greatest = v.x[i] > greatest ? v.x[i] : greatest;
    return greatest;
}
PARALLEL_DECORATE(greatest_of, struct vector, double);

static void find_both_ends(const double *x, ptrdiff_t n, double *least, double *greatest)
{
    struct vector v = {x, n};
    parallel_future sections[] = {PARALLEL_FUTURE(least_of, v), PARALLEL_FUTURE(greatest_of, v)};
    PARALLEL_SCOPED parallel_results *r = parallel_par(sections, 2);
    if (r) {
        *least = *(const double *)parallel_result(r, 0);
        *greatest = *(const double *)parallel_result(r, 1);
    }
}

/* ---- task ---------------------------------------------------------------------------------------------------- */

PARALLEL_TASK(long, sum_of_node, const struct node *, node)
{
    if (!node)
        return 0;
    PARALLEL_SPAWN(sum_of_node, node->left);
    long right = PARALLEL_CALL(sum_of_node, node->right);
    return node->value + right + PARALLEL_SYNC(sum_of_node);
}

static long sum_of_tree(const struct node *root)
{
    return PARALLEL_RUN(sum_of_node, root);
}

PARALLEL_TASK(long, steps_from, long, x)
{
    return collatz(x);
}

PARALLEL_TASK(long, sum_of_steps, const long *, x, ptrdiff_t, n)
{
    long sum = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        PARALLEL_SPAWN(steps_from, x[i]);
    PARALLEL_SYNC_ALL(steps_from, PARALLEL_PLUS, sum);
    return sum;
}

static long sum_of_list(const long *x, ptrdiff_t n)
{
    return PARALLEL_RUN(sum_of_steps, x, n);
}

/* ---- a cutoff ------------------------------------------------------------------------------------------------ */

/* In place, as in the serial program. */
static long place_rest(signed char *column, int n, int row)
{
    if (row == n)
        return 1;
    long ways = 0;
    for (column[row] = 0; column[row] < n; column[row]++)
        if (is_safe(column, row))
            ways += place_rest(column, n, row + 1);
    return ways;
}

/* A task has a board of its own, and so stops where four rows are left. */
PARALLEL_TASK(long, place_queens, struct board, b, int, n, int, row)
{
    if (n - row <= 4)
        return place_rest(b.column, n, row);
    long ways = 0;
    for (b.column[row] = 0; b.column[row] < n; b.column[row]++)
        if (is_safe(b.column, row))
            PARALLEL_SPAWN(place_queens, b, n, row + 1);
    PARALLEL_SYNC_ALL(place_queens, PARALLEL_PLUS, ways);
    return ways;
}

static long count_queens(int n)
{
    static const struct board empty;
    return PARALLEL_RUN(place_queens, empty, n, 0);
}

/* ---- simd ---------------------------------------------------------------------------------------------------- */

PARALLEL_LOOP_RANGE(smooth, from, to, const float *restrict, x, float *restrict, y)
{
#pragma omp simd
    for (ptrdiff_t i = from; i < to; i++)
        y[i] = 0.25f * x[i - 1] + 0.5f * x[i] + 0.25f * x[i + 1];
}

static void smooth_all(const float *x, float *y, ptrdiff_t n)
{
    parallel_loop(smooth, 1, n - 1, (x, y));
}

/* ---- threadprivate ------------------------------------------------------------------------------------------- */

PARALLEL_LOOP(find_median, i, const double *, table, double *, out, double *, scratch)
{
    double *mine = scratch + parallel_worker_index() * WIDTH;
    memcpy(mine, table + i * WIDTH, WIDTH * sizeof *mine);
    sort_doubles(mine, WIDTH);
    out[i] = mine[WIDTH / 2];
}

static void find_medians(const double *table, double *out, ptrdiff_t rows)
{
    double *scratch = calloc(parallel_worker_limit(NULL), WIDTH * sizeof *scratch);
    if (scratch)
        parallel_loop(find_median, 0, rows, (table, out, scratch));
    free(scratch);
}

/* ---- critical ------------------------------------------------------------------------------------------------ */

static struct candidate better_of(struct candidate a, struct candidate b)
{
    return b.cost < a.cost ? b : a;
}
PARALLEL_DECORATE_COMBINE(better_of, struct candidate);

PARALLEL_LOOP_REDUCE(struct candidate, candidate_at, i)
{
    return (struct candidate){cost_of(i), i};
}

static struct candidate cheapest_of_all(ptrdiff_t n)
{
    struct candidate best = {cost_of(0), 0};
    parallel_loop_reduce(candidate_at, better_of, 1, n, (), &best);
    return best;
}

struct list {
    pthread_mutex_t lock;
    ptrdiff_t *found, count;
};

PARALLEL_LOOP(note_long_one, i, struct list *, list)
{
    if (collatz(i + 1) > 100) {
        pthread_mutex_lock(&list->lock);
        list->found[list->count++] = i;
        pthread_mutex_unlock(&list->lock);
    }
}

static ptrdiff_t find_long_ones(ptrdiff_t *found, ptrdiff_t n)
{
    struct list list = {.lock = PTHREAD_MUTEX_INITIALIZER, .found = found};
    parallel_loop(note_long_one, 0, n, (&list));
    return list.count;
}

/* ---- single, master ------------------------------------------------------------------------------------------ */

PARALLEL_LOOP(scale, i, double, factor, double *, x)
{
    x[i] *= factor;
}

static void normalise_all(double *x, ptrdiff_t n)
{
    double sum = 0;
    parallel_reduce(PARALLEL_PLUS, x, (size_t)n, &sum);
    double factor = 1 / sum;
    parallel_loop(scale, 0, n, (factor, x));
}

/* ---- atomic -------------------------------------------------------------------------------------------------- */

PARALLEL_LOOP(count_end, i, const int *, ends, atomic_int *, degree)
{
    atomic_fetch_add_explicit(&degree[ends[i]], 1, memory_order_relaxed);
}

void parallel_count_ends(const int *ends, ptrdiff_t n, atomic_int *degree)
{
    parallel_loop(count_end, 0, n, (ends, degree));
}

/* ---- num_threads --------------------------------------------------------------------------------------------- */

PARALLEL_LOOP_REDUCE(int, steps_at, i)
{
    return collatz(i + 1);
}

static int steps_on_two_threads(ptrdiff_t n)
{
    int longest = 0;
    parallel_loop_reduce(steps_at, PARALLEL_MAX, 0, n, (), &longest, .max_workers = 2);
    return longest;
}

/* ---- nowait -------------------------------------------------------------------------------------------------- */

PARALLEL_LOOP(increment, i, double *, x)
{
    x[i] += 1;
}

PARALLEL_TASK(void, double_all, double *, x, ptrdiff_t, n)
{
    parallel_loop(scale, 0, n, (2, x));
}

PARALLEL_TASK(void, do_both, double *, x, double *, y, ptrdiff_t, n)
{
    PARALLEL_SPAWN(double_all, x, n);
    parallel_loop(increment, 0, n, (y));
    PARALLEL_SYNC(double_all);
}

static void run_two_loops(double *x, double *y, ptrdiff_t n)
{
    PARALLEL_RUN(do_both, x, y, n);
}

/* ---- cancellation -------------------------------------------------------------------------------------------- */

static int check_record(const struct record *r, void *result, void *extras)
{
    (void)result, (void)extras;
    return is_valid(r) ? 0 : parallel_fail(EINVAL, "there is no day %d of month %d", r->day, r->month);
}
PARALLEL_DECORATE_TASK(check_record, struct record, void);

ptrdiff_t parallel_refused_record(const struct record *records, ptrdiff_t n)
{
    if (parallel_map_into(check_record, records, (size_t)n, (void *)0) == 0)
        return -1;
    return (ptrdiff_t)parallel_last_failure()->index;
}

static bool is_wrong(struct record r)
{
    return !is_valid(&r);
}
PARALLEL_DECORATE(is_wrong, struct record, bool);

static ptrdiff_t find_invalid(const struct record *records, ptrdiff_t n)
{
    const struct record *found = parallel_find(is_wrong, records, (size_t)n);
    return found ? found - records : -1;
}

/* ---- scans and filters --------------------------------------------------------------------------------------- */

static void running_sums_of(const double *x, double *y, ptrdiff_t n)
{
    parallel_scan_into(PARALLEL_PLUS, x, (size_t)n, y);
}

static bool is_right(struct record r)
{
    return is_valid(&r);
}
PARALLEL_DECORATE(is_right, struct record, bool);

static size_t take_valid_ones(const struct record *records, ptrdiff_t n, struct record *valid)
{
    size_t count = 0;
    parallel_filter_into(is_right, records, (size_t)n, valid, &count);
    return count;
}

/* ---- work that brings forth more ----------------------------------------------------------------------------- */

static int look_at_node(const struct node *const *at, void *none, void *leaves)
{
    const struct node *node = *at;
    (void)none;
    if (!node->left && !node->right)
        atomic_fetch_add((atomic_long *)leaves, 1);
    if (node->left && parallel_for_each_add(look_at_node, &node->left) != 0)
        return errno;
    if (node->right && parallel_for_each_add(look_at_node, &node->right) != 0)
        return errno;
    return 0;
}
PARALLEL_DECORATE_TASK(look_at_node, const struct node *, void);

static long count_leaves_of(const struct node *root)
{
    atomic_long leaves = 0;
    parallel_for_each(look_at_node, &root, 1, .extras = &leaves);
    return leaves;
}

const struct examples parallel_examples = {
    .add_scaled = add_scaled_all,
    .dot = dot_all,
    .moments = moments_all,
    .cheapest = cheapest_of_all,
    .count_bytes = count_all_bytes,
    .transpose = transpose_all,
    .all_steps = find_all_steps,
    .write_lines = write_all_lines,
    .both_ends = find_both_ends,
    .sum_tree = sum_of_tree,
    .sum_list = sum_of_list,
    .count_queens = count_queens,
    .smooth = smooth_all,
    .medians = find_medians,
    .long_ones = find_long_ones,
    .normalise = normalise_all,
    .threads_of_two = steps_on_two_threads,
    .two_loops = run_two_loops,
    .first_invalid = find_invalid,
    .running_sums = running_sums_of,
    .valid_ones = take_valid_ones,
    .count_leaves = count_leaves_of,
};
