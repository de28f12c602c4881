/* SPDX-License-Identifier: MIT */
/*
 * The examples of docs/from-openmp.md, each with pragmas (openmp_*.c) and with this library (parallel_*.c). What the
 * page shows stands in these files, line for line, and test_from_openmp.c runs both and compares.
 */
#ifndef FROM_OPENMP_H
#define FROM_OPENMP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct moments {
    double sum, squares;
};

struct histogram {
    long of[256];
};

struct candidate {
    double cost;
    ptrdiff_t at;
};

struct record {
    int day, month;
};

struct node {
    long value;
    const struct node *left, *right;
};

enum { WIDTH = 64, LINE = 64 };

struct line {
    char text[LINE];
};

/* Steps from n to 1: many for some numbers, few for their neighbours. */
static inline int collatz(long long n)
{
    int steps = 0;
    for (; n > 1; steps++)
        n = n % 2 ? 3 * n + 1 : n / 2;
    return steps;
}

static inline double cost_of(ptrdiff_t i)
{
    return (double)((i * 7919 + 13) % 100003);
}

static inline bool is_valid(const struct record *r)
{
    return r->day >= 1 && r->day <= 31 && r->month >= 1 && r->month <= 12;
}

/* Sorts n numbers. */
void sort_doubles(double *x, ptrdiff_t n);

/* A board, or its first rows, with a queen in a column of each. */
struct board {
    signed char column[16];
};

/* Whether the queen in that row is attacked by none above. */
bool is_safe(const signed char *column, int row);

/* The same examples, one way or the other. */
struct examples {
    void (*add_scaled)(double a, const double *x, double *y, ptrdiff_t n);
    double (*dot)(const double *x, const double *y, ptrdiff_t n);
    struct moments (*moments)(const double *x, ptrdiff_t n);
    struct candidate (*cheapest)(ptrdiff_t n);
    void (*count_bytes)(const unsigned char *text, ptrdiff_t n, struct histogram *counts);
    void (*transpose)(const double *a, double *b, ptrdiff_t rows, ptrdiff_t cols);
    void (*all_steps)(int *steps, ptrdiff_t n);
    void (*write_lines)(FILE *file, ptrdiff_t n);
    void (*both_ends)(const double *x, ptrdiff_t n, double *least, double *greatest);
    long (*sum_tree)(const struct node *root);
    long (*sum_list)(const long *x, ptrdiff_t n);
    void (*smooth)(const float *x, float *y, ptrdiff_t n);
    void (*medians)(const double *table, double *out, ptrdiff_t rows);
    ptrdiff_t (*long_ones)(ptrdiff_t *found, ptrdiff_t n);
    void (*normalise)(double *x, ptrdiff_t n);
    int (*threads_of_two)(ptrdiff_t n);
    void (*two_loops)(double *x, double *y, ptrdiff_t n);
    ptrdiff_t (*first_invalid)(const struct record *records, ptrdiff_t n);
    void (*running_sums)(const double *x, double *y, ptrdiff_t n);
    size_t (*valid_ones)(const struct record *records, ptrdiff_t n, struct record *valid);
    long (*count_leaves)(const struct node *root);
    long (*count_queens)(int n);
};

extern const struct examples openmp_examples, parallel_examples;

/* first_invalid() by tasks that fail. */
ptrdiff_t parallel_refused_record(const struct record *records, ptrdiff_t n);

/* Their elements are of different types. */
void openmp_count_ends(const int *ends, ptrdiff_t n, int *degree);
void parallel_count_ends(const int *ends, ptrdiff_t n, atomic_int *degree);

/* ---- conjugate gradients ------------------------------------------------------------------------------------- */

/* A sparse, symmetric, positive definite matrix: row i has value[k] in column[k], for k in [first[i], first[i + 1]). */
struct matrix {
    ptrdiff_t n;
    const ptrdiff_t *first;
    const int *column;
    const double *value;
};

/* Vectors of n numbers, besides that of the start and the result. */
struct vectors {
    double *p, *q, *r, *z;
};

/*
 * One step of inverse iteration: solves A z = x by so many steps of conjugate gradients, and normalises z to x. Returns
 * what 1 / |z| is, which goes to the least eigenvalue of A if |x| is 1; *error becomes |x - A z|.
 */
double openmp_iterate(const struct matrix *a, double *x, struct vectors v, int steps, double *error);
double parallel_iterate(const struct matrix *a, double *x, struct vectors v, int steps, double *error);

/* ---- multigrid ----------------------------------------------------------------------------------------------- */

/* n x n points, n = 2^k - 1, with a border of zeros: (n + 2) x (n + 2) numbers, row by row. */
struct grid {
    ptrdiff_t n;
    double *u, *f, *r; /* the solution, the right-hand side, and what is missing from it */
};

/* One V-cycle for the Laplacian of u to be -f; grids[0] is the finest of so many. Returns the greatest of |r|. */
double openmp_cycle(const struct grid *grids, int count);
double parallel_cycle(const struct grid *grids, int count);

#endif
