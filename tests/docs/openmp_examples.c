/* SPDX-License-Identifier: MIT */
/* The examples of docs/from-openmp.md with pragmas. Compiled without OpenMP, they are the serial loops. */
#include <stdlib.h>
#include <string.h>

#include "from_openmp.h"

static void add_scaled_all(double a, const double *x, double *y, ptrdiff_t n)
{
#pragma omp parallel for
    for (ptrdiff_t i = 0; i < n; i++)
        y[i] += a * x[i];
}

static double dot_all(const double *x, const double *y, ptrdiff_t n)
{
    double sum = 0;
#pragma omp parallel for reduction(+ : sum)
    for (ptrdiff_t i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

static struct moments moments_all(const double *x, ptrdiff_t n)
{
    double sum = 0, squares = 0;
#pragma omp parallel for reduction(+ : sum, squares)
    for (ptrdiff_t i = 0; i < n; i++) {
        sum += x[i];
        squares += x[i] * x[i];
    }
    return (struct moments){sum, squares};
}

static struct candidate cheapest_of_all(ptrdiff_t n)
{
    struct candidate best = {cost_of(0), 0};
#pragma omp parallel for
    for (ptrdiff_t i = 1; i < n; i++) {
        double cost = cost_of(i);
#pragma omp critical
        if (cost < best.cost || (cost == best.cost && i < best.at))
            best = (struct candidate){cost, i};
    }
    return best;
}

static void count_all_bytes(const unsigned char *text, ptrdiff_t n, struct histogram *counts)
{
    long *of = counts->of;
#pragma omp parallel for reduction(+ : of[:256])
    for (ptrdiff_t i = 0; i < n; i++)
        of[text[i]]++;
}

static void transpose_all(const double *a, double *b, ptrdiff_t rows, ptrdiff_t cols)
{
#pragma omp parallel for collapse(2)
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < cols; j++)
            b[j * rows + i] = a[i * cols + j];
}

static void find_all_steps(int *steps, ptrdiff_t n)
{
#pragma omp parallel for schedule(dynamic, 16)
    for (ptrdiff_t i = 0; i < n; i++)
        steps[i] = collatz(i + 1);
}

static void write_all_lines(FILE *file, ptrdiff_t n)
{
#pragma omp parallel for ordered schedule(dynamic)
    for (ptrdiff_t i = 0; i < n; i++) {
        char text[LINE];
        snprintf(text, LINE, "%td takes %d steps\n", i + 1, collatz(i + 1));
#pragma omp ordered
        fputs(text, file);
    }
}

static double least_of(const double *x, ptrdiff_t n)
{
    double least = x[0];
    for (ptrdiff_t i = 1; i < n; i++)
        least = x[i] < least ? x[i] : least;
    return least;
}

static double greatest_of(const double *x, ptrdiff_t n)
{
    double greatest = x[0];
    for (ptrdiff_t i = 1; i < n; i++)
        greatest = x[i] > greatest ? x[i] : greatest;
    return greatest;
}

static void find_both_ends(const double *x, ptrdiff_t n, double *least, double *greatest)
{
#pragma omp parallel sections
    {
#pragma omp section
        *least = least_of(x, n);
#pragma omp section
        *greatest = greatest_of(x, n);
    }
}

static long sum_of_node(const struct node *node)
{
    if (!node)
        return 0;
    long left, right;
#pragma omp task shared(left)
    left = sum_of_node(node->left);
    right = sum_of_node(node->right);
#pragma omp taskwait
    return node->value + left + right;
}

static long sum_of_tree(const struct node *root)
{
    long sum;
#pragma omp parallel
#pragma omp single
    sum = sum_of_node(root);
    return sum;
}

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

static long place_queens(struct board b, int n, int row)
{
    if (n - row <= 4)
        return place_rest(b.column, n, row);
    long ways = 0;
    for (b.column[row] = 0; b.column[row] < n; b.column[row]++)
        if (is_safe(b.column, row)) {
#pragma omp task shared(ways) firstprivate(b)
            {
                long found = place_queens(b, n, row + 1);
#pragma omp atomic
                ways += found;
            }
        }
#pragma omp taskwait
    return ways;
}

static long count_queens(int n)
{
    static const struct board empty;
    long ways;
#pragma omp parallel
#pragma omp single
    ways = place_queens(empty, n, 0);
    return ways;
}

static long sum_of_list(const long *x, ptrdiff_t n)
{
    long sum = 0;
#pragma omp parallel
#pragma omp single
#pragma omp taskgroup
    for (ptrdiff_t i = 0; i < n; i++) {
#pragma omp task shared(sum)
        {
            long steps = collatz(x[i]);
#pragma omp atomic
            sum += steps;
        }
    }
    return sum;
}

static void smooth_all(const float *x, float *y, ptrdiff_t n)
{
#pragma omp parallel for simd
    for (ptrdiff_t i = 1; i < n - 1; i++)
        y[i] = 0.25f * x[i - 1] + 0.5f * x[i] + 0.25f * x[i + 1];
}

static double scratch[WIDTH];
#pragma omp threadprivate(scratch)

static void find_medians(const double *table, double *out, ptrdiff_t rows)
{
#pragma omp parallel for
    for (ptrdiff_t i = 0; i < rows; i++) {
        memcpy(scratch, table + i * WIDTH, sizeof scratch);
        sort_doubles(scratch, WIDTH);
        out[i] = scratch[WIDTH / 2];
    }
}

static ptrdiff_t find_long_ones(ptrdiff_t *found, ptrdiff_t n)
{
    ptrdiff_t count = 0;
#pragma omp parallel for
    for (ptrdiff_t i = 0; i < n; i++)
        if (collatz(i + 1) > 100) {
#pragma omp critical
            found[count++] = i;
        }
    return count;
}

static void normalise_all(double *x, ptrdiff_t n)
{
    double sum = 0, scale;
#pragma omp parallel
    {
#pragma omp for reduction(+ : sum)
        for (ptrdiff_t i = 0; i < n; i++)
            sum += x[i];
#pragma omp single
        scale = 1 / sum;
#pragma omp for
        for (ptrdiff_t i = 0; i < n; i++)
            x[i] *= scale;
    }
}

void openmp_count_ends(const int *ends, ptrdiff_t n, int *degree)
{
#pragma omp parallel for
    for (ptrdiff_t i = 0; i < n; i++)
#pragma omp atomic
        degree[ends[i]]++;
}

static int steps_on_two_threads(ptrdiff_t n)
{
    int longest = 0;
#pragma omp parallel for num_threads(2) reduction(max : longest)
    for (ptrdiff_t i = 0; i < n; i++) {
        int steps = collatz(i + 1);
        longest = steps > longest ? steps : longest;
    }
    return longest;
}

static void run_two_loops(double *x, double *y, ptrdiff_t n)
{
#pragma omp parallel
    {
#pragma omp for nowait
        for (ptrdiff_t i = 0; i < n; i++)
            x[i] *= 2;
#pragma omp for
        for (ptrdiff_t i = 0; i < n; i++)
            y[i] += 1;
    }
}

static ptrdiff_t find_invalid(const struct record *records, ptrdiff_t n)
{
    ptrdiff_t invalid = -1;
#pragma omp parallel
#pragma omp for
    for (ptrdiff_t i = 0; i < n; i++) {
        if (!is_valid(&records[i])) {
#pragma omp atomic write
            invalid = i;
#pragma omp cancel for
        }
#pragma omp cancellation point for
    }
    return invalid;
}

static void running_sums_of(const double *x, double *y, ptrdiff_t n)
{
    double sum = 0;
#pragma omp parallel for reduction(inscan, + : sum)
    for (ptrdiff_t i = 0; i < n; i++) {
        sum += x[i];
#pragma omp scan inclusive(sum)
        y[i] = sum;
    }
}

static size_t take_valid_ones(const struct record *records, ptrdiff_t n, struct record *valid)
{
    size_t count = 0;
#pragma omp parallel for ordered
    for (ptrdiff_t i = 0; i < n; i++) {
        bool take = is_valid(&records[i]);
#pragma omp ordered
        if (take)
            valid[count++] = records[i];
    }
    return count;
}

static void look_at_node(const struct node *node, long *leaves)
{
    if (!node->left && !node->right) {
#pragma omp atomic
        ++*leaves;
    }
    if (node->left) {
#pragma omp task
        look_at_node(node->left, leaves);
    }
    if (node->right) {
#pragma omp task
        look_at_node(node->right, leaves);
    }
}

static long count_leaves_of(const struct node *root)
{
    long leaves = 0;
#pragma omp parallel
#pragma omp single
    look_at_node(root, &leaves);
    return leaves;
}

const struct examples openmp_examples = {
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
