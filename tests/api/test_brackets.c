/* SPDX-License-Identifier: MIT */
/* Sums of floating-point numbers depend on their brackets: these are what the number of items says, bit for bit,
 * whoever adds them. */
#include <stdlib.h>
#include <string.h>

#include "support/jobs.h"
#include "support/numbers.h"

static const size_t sizes[] = {1,   2,   3,    7,    8,    63,    64,    65,     127,
                               128, 129, 1000, 1021, 8191, 65535, 65536, 100003, 1000003};
enum { SIZES = sizeof sizes / sizeof sizes[0] };

/* ---- words --------------------------------------------------------------------------------------------------- */

static double sum_with(const double *in, size_t n, parallel_options o)
{
    double sum = 0.25;
    o.size = sizeof o;
    ck_assert_int_eq(
        parallel_reduce_function(&parallel_word_combines[PARALLEL_WORD_PLUS_][PARALLEL_F64_], in, n, &sum, &o), 0);
    return sum;
}

/* The brackets of sums, whatever vectors the machine has: blocks of 1024, which have 16 lanes; then what is left. */
enum { BLOCK = 1024, LANES = 16 };

static double block_of(const double *in, size_t n, const double *before)
{
    double lanes[LANES] = {0}, pairs[2], sum = before ? *before : in[0];
    size_t whole = n / LANES * LANES;
    for (size_t i = 0; i < whole; i++)
        lanes[i % LANES] = i < LANES ? in[i] : lanes[i % LANES] + in[i];
    for (int k = 0; k < 2; k++)
        pairs[k] = ((lanes[k] + lanes[2 + k]) + (lanes[4 + k] + lanes[6 + k])) +
                   ((lanes[8 + k] + lanes[10 + k]) + (lanes[12 + k] + lanes[14 + k]));
    if (whole)
        sum = before ? sum + pairs[0] + pairs[1] : pairs[0] + pairs[1];
    for (size_t i = whole ? whole : !before; i < n; i++)
        sum += in[i];
    return sum;
}

START_TEST(sums_have_the_brackets_of_their_number)
{
    size_t n = 20 * BLOCK;
    double *in = wild_doubles(n);
    for (size_t k = 1; k < n; k += k < 70 ? 1 : k / 7) {
        double sum = 0.25, expected = 0.25;
        ck_assert_int_eq(parallel_reduce(PARALLEL_PLUS, (const double *)in, k, &sum), 0);
        expected = block_of(in, k < BLOCK ? k : BLOCK, &expected);
        for (size_t at = BLOCK; at < k; at += BLOCK)
            expected += block_of(in + at, k - at < BLOCK ? k - at : BLOCK, NULL);
        ck_assert_msg(memcmp(&sum, &expected, sizeof sum) == 0, "n = %zu", k);
    }
    free(in);
}
END_TEST

static const double *all_doubles;

static double sum_of_some(size_t n)
{
    double sum = 0.25;
    parallel_reduce(PARALLEL_PLUS, all_doubles, n, &sum);
    return sum;
}
PARALLEL_DECORATE(sum_of_some, size_t, double);

START_TEST(sums_are_the_same_bit_for_bit)
{
    size_t n = sizes[_i];
    double *in = wild_doubles(n), sum = sum_with(in, n, (parallel_options){.executor = PARALLEL_SERIAL});
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(5);
    for (int round = 0; round < 20; round++) {
        double again = 0.25;
        ck_assert_int_eq(parallel_reduce(PARALLEL_PLUS, in, n, &again), 0);
        ck_assert_msg(memcmp(&again, &sum, sizeof sum) == 0, "n = %zu, round %d", n, round);
    }
    for (int workers = 1; workers <= 64; workers *= 2) {
        double again = sum_with(in, n, (parallel_options){.max_workers = workers, .grain = (size_t)workers});
        ck_assert_msg(memcmp(&again, &sum, sizeof sum) == 0, "n = %zu, %d workers", n, workers);
        again = sum_with(in, n, (parallel_options){.max_workers = workers, .pool = pool, .call_timeout = 1e6});
        ck_assert(memcmp(&again, &sum, sizeof sum) == 0);
    }
    double nested[4], process = sum_with(in, n, (parallel_options){.executor = PARALLEL_PROCESS});
    all_doubles = in;
    ck_assert_int_eq(parallel_map_into(sum_of_some, ((size_t[]){n, n, n, n}), 4, nested), 0);
    for (int i = 0; i < 4; i++)
        ck_assert(memcmp(&nested[i], &sum, sizeof sum) == 0);
    ck_assert(memcmp(&process, &sum, sizeof sum) == 0);
    free(in);
}
END_TEST

/* ---- functions of the program's ------------------------------------------------------------------------------- */

static double add(double a, double b)
{
    return a + b;
}
PARALLEL_DECORATE_COMBINE(add, double);

static double same(double x)
{
    return x;
}
PARALLEL_DECORATE(same, double, double);

static void call_add(void *left, const void *right)
{
    *(double *)left += *(const double *)right;
}

/* How many are in a block: so that there are some 128, or 1024 of many; if that is not one, a multiple of 8. */
static size_t block_size(size_t n)
{
    size_t most = n < 65536 ? 128 : 1024, size = (n + most - 1) / most;
    return n <= 128 ? 1 : (size + 7) / 8 * 8;
}

/* The first block follows on what was there; each other one begins with its first item. */
static double sum_of_blocks(const double *in, size_t n, double sum)
{
    size_t size = block_size(n);
    for (size_t i = 0; i < n && i < size; i++)
        sum += in[i];
    for (size_t at = size; at < n; at += size) {
        double part = in[at];
        for (size_t i = at + 1; i < n && i < at + size; i++)
            part += in[i];
        sum += part;
    }
    return sum;
}

START_TEST(sums_by_functions_have_the_brackets_of_their_number)
{
    enum { MOST = 200000 };
    double *in = wild_doubles(MOST);
    parallel_combine by_hand = {.name = "add", .size = sizeof by_hand, .call = call_add, .type_size = sizeof *in};
    for (size_t n = 1; n < MOST; n += n < 300 ? 1 : n / 9) {
        double expected = sum_of_blocks(in, n, 0.25), sums[] = {0.25, 0.25, 0.25, 0.25, 0.25};
        ck_assert_int_eq(parallel_reduce(add, (const double *)in, n, &sums[0]), 0);
        ck_assert_int_eq(parallel_reduce(add, (const double *)in, n, &sums[1], .max_workers = 3, .grain = 1), 0);
        ck_assert_int_eq(parallel_map_reduce(same, add, (const double *)in, n, &sums[2]), 0);
        ck_assert_int_eq(parallel_map_reduce(same, add, (const double *)in, n, &sums[3], .max_workers = 2), 0);
        ck_assert_int_eq(parallel_reduce_function(&by_hand, in, n, &sums[4], NULL), 0);
        for (int k = 0; k < 5; k++)
            ck_assert_msg(memcmp(&sums[k], &expected, sizeof expected) == 0, "n = %zu, way %d", n, k);
    }
    free(in);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_set_timeout(c, 300);
    tcase_add_test(c, sums_have_the_brackets_of_their_number);
    tcase_add_loop_test(c, sums_are_the_same_bit_for_bit, 0, SIZES);
    tcase_add_test(c, sums_by_functions_have_the_brackets_of_their_number);
    return pl_run("api/brackets", c);
}
