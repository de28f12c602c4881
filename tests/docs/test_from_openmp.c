/* SPDX-License-Identifier: MIT */
/* The examples of docs/from-openmp.md: with pragmas and with this library they give the same, and what is right. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "docs/from_openmp.h"
#include "support/test.h"

static const struct examples *const ways[] = {&openmp_examples, &parallel_examples};

enum { N = 10000 };

static int compare_doubles(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

bool is_safe(const signed char *column, int row)
{
    for (int above = 0; above < row; above++)
        if (column[above] == column[row] || abs(column[above] - column[row]) == row - above)
            return false;
    return true;
}

void sort_doubles(double *x, ptrdiff_t n)
{
    qsort(x, (size_t)n, sizeof *x, compare_doubles);
}

static double *random_doubles(size_t n)
{
    double *x = malloc(n * sizeof *x);
    unsigned long long state = 88172645463325252u;
    ck_assert_ptr_nonnull(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (double)(pl_random(&state) >> 11) * 0x1p-53;
    return x;
}

/* What no order of additions can change is the same to the bit, unless registers have more of them than memory has. */
static bool agree(double a, double b)
{
    return FLT_EVAL_METHOD == 0 ? a == b : fabs(a - b) <= 1e-9 * fabs(b);
}

/* ---- loops --------------------------------------------------------------------------------------------------- */

START_TEST(loops_of_arrays)
{
    pl_workers(4);
    double *x = random_doubles(N), y[N], sum = 0;
    for (ptrdiff_t i = 0; i < N; i++)
        sum += x[i] * x[i];
    for (int w = 0; w < 2; w++) {
        memset(y, 0, sizeof y);
        ways[w]->add_scaled(2, x, y, N);
        for (ptrdiff_t i = 0; i < N; i++)
            ck_assert_msg(y[i] == 2 * x[i], "%td", i);
        ways[w]->two_loops(x, y, N);
        for (ptrdiff_t i = 0; i < N; i++)
            ck_assert_msg(agree(y[i], x[i] + 1), "%td", i);
        for (ptrdiff_t i = 0; i < N; i++)
            x[i] /= 2;
        struct moments m = ways[w]->moments(x, N);
        ck_assert(fabs(m.squares - sum) < 1e-9 * sum);
        ck_assert(fabs(ways[w]->dot(x, x, N) - sum) < 1e-9 * sum);
        memcpy(y, x, sizeof y);
        ways[w]->normalise(y, N);
        ck_assert(fabs(ways[w]->moments(y, N).sum - 1) < 1e-9);
        ck_assert(fabs(y[0] * m.sum - x[0]) < 1e-9);
        double least = 2, greatest = -1;
        ways[w]->both_ends(x, N, &least, &greatest);
        sort_doubles(memcpy(y, x, sizeof y), N);
        ck_assert(least == y[0] && greatest == y[N - 1]);
    }
    free(x);
}
END_TEST

START_TEST(loops_of_tables)
{
    enum { ROWS = 123, COLS = 77 };
    pl_workers(4);
    double *a = random_doubles((size_t)N * WIDTH), *b = random_doubles((size_t)N * WIDTH), medians[2][N];
    float in[N], out[2][N];
    for (ptrdiff_t i = 0; i < N; i++)
        in[i] = (float)a[i];
    memset(out, 0, sizeof out);
    for (int w = 0; w < 2; w++) {
        ways[w]->transpose(a, b, ROWS, COLS);
        for (ptrdiff_t i = 0; i < ROWS; i++)
            for (ptrdiff_t j = 0; j < COLS; j++)
                ck_assert_msg(b[j * ROWS + i] == a[i * COLS + j], "%td, %td", i, j);
        ways[w]->medians(a, medians[w], N);
        ways[w]->smooth(in, out[w], N);
    }
    ck_assert_mem_eq(medians[0], medians[1], sizeof medians[0]);
    sort_doubles(a, WIDTH);
    ck_assert(medians[1][0] == a[WIDTH / 2]);
    for (ptrdiff_t i = 1; i < N - 1; i++)
        ck_assert_msg(fabsf(out[0][i] - out[1][i]) <= 1e-6f, "%td", i);
    ck_assert(out[1][0] == 0 && out[1][N - 1] == 0);
    ck_assert(fabsf(out[1][1] - (in[0] + 2 * in[1] + in[2]) / 4) <= 1e-6f);
    free(a);
    free(b);
}
END_TEST

static int compare_indices(const void *a, const void *b)
{
    ptrdiff_t i = *(const ptrdiff_t *)a, j = *(const ptrdiff_t *)b;
    return (i > j) - (i < j);
}

START_TEST(loops_of_integers)
{
    pl_workers(4);
    static int steps[N];
    static ptrdiff_t found[N];
    for (int w = 0; w < 2; w++) {
        memset(steps, 0, sizeof steps);
        ways[w]->all_steps(steps, N);
        int longest = 0;
        ptrdiff_t many = 0;
        struct candidate best = {cost_of(0), 0};
        for (ptrdiff_t i = 0; i < N; i++) {
            ck_assert_msg(steps[i] == collatz(i + 1), "%td", i);
            longest = steps[i] > longest ? steps[i] : longest;
            best = cost_of(i) < best.cost ? (struct candidate){cost_of(i), i} : best;
        }
        ck_assert_int_eq(ways[w]->threads_of_two(N), longest);
        struct candidate cheapest = ways[w]->cheapest(N);
        ck_assert(cheapest.cost == best.cost && cheapest.at == best.at);
        ptrdiff_t count = ways[w]->long_ones(found, N);
        qsort(found, (size_t)count, sizeof *found, compare_indices);
        for (ptrdiff_t i = 0; i < N; i++)
            if (steps[i] > 100)
                ck_assert_msg(many < count && found[many++] == i, "%td", i);
        ck_assert(many == count && many > 0);
    }
}
END_TEST

START_TEST(counts)
{
    pl_workers(4);
    static unsigned char text[N];
    static int ends[N], degree[256];
    static atomic_int atomic_degree[256];
    for (ptrdiff_t i = 0; i < N; i++)
        ends[i] = text[i] = (unsigned char)(i * i % 251);
    static struct histogram counts[2];
    for (int w = 0; w < 2; w++)
        ways[w]->count_bytes(text, N, &counts[w]);
    openmp_count_ends(ends, N, degree);
    parallel_count_ends(ends, N, atomic_degree);
    long all = 0;
    for (int i = 0; i < 256; i++) {
        long expected = counts[0].of[i];
        all += expected;
        ck_assert_msg(counts[1].of[i] == expected && degree[i] == expected, "%d", i);
        ck_assert_msg(atomic_load_explicit(&atomic_degree[i], memory_order_relaxed) == expected, "%d", i);
    }
    ck_assert_int_eq(all, N);
}
END_TEST

START_TEST(lines_in_order)
{
    pl_workers(4);
    for (int w = 0; w < 2; w++) {
        char *text = NULL, line[LINE];
        size_t length, at = 0;
        FILE *file = open_memstream(&text, &length);
        ck_assert_ptr_nonnull(file);
        ways[w]->write_lines(file, N);
        fclose(file);
        for (ptrdiff_t i = 0; i < N; i++) {
            size_t expected = (size_t)snprintf(line, LINE, "%td takes %d steps\n", i + 1, collatz(i + 1));
            ck_assert_msg(at + expected <= length && memcmp(text + at, line, expected) == 0, "%td", i);
            at += expected;
        }
        ck_assert(at == length);
        free(text);
    }
}
END_TEST

START_TEST(tasks)
{
    enum { NODES = 1023 };
    pl_workers(4);
    static struct node node[NODES];
    static long list[NODES];
    long sum = 0, steps = 0;
    for (int i = 0; i < NODES; i++) {
        node[i] = (struct node){.value = i};
        if (2 * i + 2 < NODES) {
            node[i].left = &node[2 * i + 1];
            node[i].right = &node[2 * i + 2];
        }
        list[i] = i + 1;
        sum += i;
        steps += collatz(i + 1);
    }
    for (int w = 0; w < 2; w++) {
        ck_assert_int_eq(ways[w]->sum_tree(node), sum);
        ck_assert_int_eq(ways[w]->sum_list(list, NODES), steps);
        ck_assert_int_eq(ways[w]->count_leaves(node), (NODES + 1) / 2);
        ck_assert_int_eq(ways[w]->count_queens(8), 92);
    }
}
END_TEST

START_TEST(cancellation)
{
    pl_workers(4);
    static struct record records[N];
    for (ptrdiff_t i = 0; i < N; i++)
        records[i] = (struct record){.day = (int)(i % 31) + 1, .month = (int)(i % 12) + 1};
    for (int w = 0; w < 2; w++) {
        ck_assert_int_eq(ways[w]->first_invalid(records, N), -1);
        records[N / 3].day = 32;
        ck_assert_int_eq(ways[w]->first_invalid(records, N), N / 3);
        ck_assert_int_eq(parallel_refused_record(records, N), N / 3);
        records[N / 3].day = 1;
    }
    ck_assert_int_eq(parallel_refused_record(records, N), -1);
}
END_TEST

START_TEST(scans_and_filters)
{
    pl_workers(4);
    static struct record records[N], valid[N];
    double *x = random_doubles(N), *y = random_doubles(N);
    for (ptrdiff_t i = 0; i < N; i++)
        records[i] = (struct record){.day = (int)(i % 37), .month = (int)(i % 14)};
    for (int w = 0; w < 2; w++) {
        memset(y, 0, N * sizeof *y);
        ways[w]->running_sums(x, y, N);
        double sum = 0;
        size_t count = ways[w]->valid_ones(records, N, valid), k = 0;
        for (ptrdiff_t i = 0; i < N; i++) {
            sum += x[i];
            ck_assert_msg(fabs(y[i] - sum) <= 1e-9 * sum, "%td", i);
            if (is_valid(&records[i]))
                ck_assert_mem_eq(&valid[k++], &records[i], sizeof records[i]);
        }
        ck_assert_uint_eq(k, count);
    }
    free(x);
    free(y);
}
END_TEST

/* ---- conjugate gradients ------------------------------------------------------------------------------------- */

enum { SIDE = 60, POINTS = SIDE * SIDE, STEPS = 120 };

/* The Laplacian of SIDE x SIDE points, with a border of zeros. */
static struct matrix laplacian(void)
{
    static ptrdiff_t first[POINTS + 1];
    static int column[5 * POINTS];
    static double value[5 * POINTS];
    ptrdiff_t k = 0;
    for (int i = 0; i < POINTS; i++) {
        const int neighbour[] = {i >= SIDE ? i - SIDE : -1, i % SIDE ? i - 1 : -1, i, i % SIDE < SIDE - 1 ? i + 1 : -1,
                                 i < POINTS - SIDE ? i + SIDE : -1};
        for (int j = 0; j < 5; j++)
            if (neighbour[j] >= 0) {
                column[k] = neighbour[j];
                value[k++] = neighbour[j] == i ? 4 : -1;
            }
        first[i + 1] = k;
    }
    return (struct matrix){POINTS, first, column, value};
}

typedef double iteration(const struct matrix *a, double *x, struct vectors v, int steps, double *error);

/* Five iterations from a start that is no eigenvector. Returns the last one's result. */
static double iterate(iteration *way, const struct matrix *a, double *x)
{
    double *all = malloc(4 * POINTS * sizeof *all), error, least = 0;
    ck_assert_ptr_nonnull(all);
    for (int i = 0; i < POINTS; i++)
        x[i] = 1.0 / SIDE;
    for (int k = 0; k < 5; k++) {
        least = way(a, x, (struct vectors){all, all + POINTS, all + 2 * POINTS, all + 3 * POINTS}, STEPS, &error);
        ck_assert(error < 1e-9);
    }
    free(all);
    return least;
}

START_TEST(conjugate_gradients)
{
    struct matrix a = laplacian();
    static double by_openmp[POINTS], x[2][POINTS];
    /* what is known of that matrix */
    double sine = sin(acos(-1) / (2 * (SIDE + 1))), known = 8 * sine * sine;
    ck_assert(fabs(iterate(openmp_iterate, &a, by_openmp) / known - 1) < 1e-4);
    pl_workers(4);
    for (int w = 0; w < 2; w++)
        ck_assert(fabs(iterate(parallel_iterate, &a, x[w]) / known - 1) < 1e-4);
    ck_assert_mem_eq(x[0], x[1], sizeof x[0]); /* bit for bit */
    for (int i = 0; i < POINTS; i++)
        ck_assert_msg(fabs(x[0][i] - by_openmp[i]) < 1e-9, "%d", i);
}
END_TEST

/* ---- multigrid ----------------------------------------------------------------------------------------------- */

enum { LEVELS = 7, FINEST = (1 << LEVELS) - 1 };

/* Grids of 127 x 127 points and fewer. The right-hand side is that of u = sin(pi x) sin(pi y). */
static void make_grids(struct grid grids[LEVELS])
{
    for (int l = 0; l < LEVELS; l++) {
        ptrdiff_t n = (1 << (LEVELS - l)) - 1, size = (n + 2) * (n + 2);
        double *all = calloc((size_t)size * 3, sizeof *all);
        ck_assert_ptr_nonnull(all);
        grids[l] = (struct grid){n, all, all + size, all + 2 * size};
    }
    double pi = acos(-1), h = 1.0 / (FINEST + 1);
    for (ptrdiff_t i = 1; i <= FINEST; i++)
        for (ptrdiff_t j = 1; j <= FINEST; j++)
            grids[0].f[i * (FINEST + 2) + j] = 2 * pi * pi * sin(pi * (double)i * h) * sin(pi * (double)j * h);
}

START_TEST(multigrid)
{
    pl_workers(4);
    struct grid a[LEVELS], b[LEVELS];
    make_grids(a);
    make_grids(b);
    double rest = 0, last = 20;
    for (int cycle = 0; cycle < 8; cycle++, last = rest) {
        rest = openmp_cycle(a, LEVELS);
        ck_assert(agree(parallel_cycle(b, LEVELS), rest));
        ck_assert(rest < last / 4);
    }
    for (ptrdiff_t i = 0; i < (FINEST + 2) * (FINEST + 2); i++)
        ck_assert_msg(agree(a[0].u[i], b[0].u[i]), "%td", i);
    ck_assert(fabs(b[0].u[(FINEST + 1) / 2 * (FINEST + 3)] - 1) < 1e-3);
    for (int l = 0; l < LEVELS; l++) {
        free(a[l].u);
        free(b[l].u);
    }
}
END_TEST

int main(void)
{
    setenv("OMP_CANCELLATION", "true", 1);
    setenv("OMP_WAIT_POLICY", "passive", 1); /* there may be more threads than CPUs */
    TCase *c = pl_case();
    tcase_add_test(c, loops_of_arrays);
    tcase_add_test(c, loops_of_tables);
    tcase_add_test(c, loops_of_integers);
    tcase_add_test(c, counts);
    tcase_add_test(c, lines_in_order);
    tcase_add_test(c, tasks);
    tcase_add_test(c, cancellation);
    tcase_add_test(c, scans_and_filters);
    tcase_add_test(c, conjugate_gradients);
    tcase_add_test(c, multigrid);
    return pl_run("from OpenMP", c);
}
