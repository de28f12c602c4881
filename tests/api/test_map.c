/* SPDX-License-Identifier: MIT */
/* Maps: order, types, decorations, each item exactly once. How many run at once is in test_concurrent.c. */
#include <parallel.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "support/test.h"

static const size_t sizes[] = {0, 1, 2, 3, 63, 64, 65, 1000, 100000};
enum { SIZES = sizeof sizes / sizeof sizes[0], MANY = 1000 };

/* How often each item was run. */
static atomic_int runs[100000];

static void ran(size_t i)
{
    atomic_fetch_add_explicit(&runs[i], 1, memory_order_relaxed);
}

/* How many of the first n items were not run exactly `times` times; forgets the counts. */
static size_t not_run(size_t n, int times)
{
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++)
        wrong += atomic_exchange_explicit(&runs[i], 0, memory_order_relaxed) != times;
    return wrong;
}

/* ---- order and types ------------------------------------------------------------------------------------- */

static double cube(double x)
{
    return x * x * x;
}
PARALLEL_DECORATE(cube, double, double);

START_TEST(map_of_doubles_is_the_serial_loop)
{
    pl_workers(pl_worker_counts[_i]);
    for (size_t s = 0; s < SIZES * 2; s++) {
        size_t n = sizes[s % SIZES], wrong = 0;
        double *in = malloc((n + 1) * sizeof *in);
        for (size_t i = 0; i < n; i++)
            in[i] = (double)i - 7;
        PARALLEL_SCOPED parallel_results *r = parallel_map(cube, in, n);
        ck_assert_ptr_nonnull(r);
        ck_assert_uint_eq(parallel_length(r), n);
        ck_assert_uint_eq(parallel_failures(r), 0);
        const double *out = parallel_values(r);
        ck_assert(n == 0 ? out == NULL : out != NULL);
        for (size_t i = 0; i < n; i++)
            wrong += out[i] < cube(in[i]) || out[i] > cube(in[i]) || parallel_result(r, i) != out + i;
        ck_assert_msg(wrong == 0, "n = %zu: %zu wrong", n, wrong);
        free(in);
    }
}
END_TEST

START_TEST(no_items_need_no_array)
{
    pl_workers(pl_worker_counts[_i]);
    double *none = NULL;
    PARALLEL_SCOPED parallel_results *r = parallel_map(cube, none, 0);
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(parallel_length(r), 0);
    ck_assert_int_eq(parallel_map_into(cube, none, 0, none), 0);
}
END_TEST

struct request {
    int number;
    char tag;
};

struct page {
    long square;
    char text[12];
    char tag;
};

static struct page fetch(struct request q)
{
    struct page p = {.square = (long)q.number * q.number, .tag = q.tag};
    snprintf(p.text, sizeof p.text, "%d", q.number);
    return p;
}
PARALLEL_DECORATE(fetch, struct request, struct page);

START_TEST(structs_by_value)
{
    pl_workers(pl_worker_counts[_i]);
    struct request in[MANY];
    for (int i = 0; i < MANY; i++)
        in[i] = (struct request){i, (char)('a' + i % 26)};
    const struct request *borrowed = in;
    PARALLEL_SCOPED parallel_results *r = parallel_map(fetch, borrowed, MANY);
    ck_assert_ptr_nonnull(r);
    const struct page *out = parallel_values(r);
    size_t wrong = 0;
    for (int i = 0; i < MANY; i++)
        wrong += out[i].square != (long)i * i || atoi(out[i].text) != i || out[i].tag != in[i].tag;
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

static char *past_blanks(char *s)
{
    return s + strspn(s, " ");
}
PARALLEL_DECORATE(past_blanks, char *, char *);

static const char *word(const char *s)
{
    return s + 1;
}
PARALLEL_DECORATE(word, const char *, const char *);

static bool is_odd(unsigned x)
{
    return x % 2;
}
PARALLEL_DECORATE(is_odd, unsigned, bool);

START_TEST(pointers_and_bools)
{
    pl_workers(pl_worker_counts[_i]);
    char text[64] = "     x";
    char *in[MANY];
    const char *words[MANY];
    unsigned numbers[MANY];
    for (unsigned i = 0; i < MANY; i++) {
        in[i] = text + i % 5;
        words[i] = text + i % 3;
        numbers[i] = i * 7;
    }
    char *const *held = in;
    PARALLEL_SCOPED parallel_results *a = parallel_map(past_blanks, held, MANY);
    PARALLEL_SCOPED parallel_results *b = parallel_map(word, words, MANY);
    PARALLEL_SCOPED parallel_results *c = parallel_map(is_odd, numbers, MANY);
    ck_assert(a && b && c);
    char *const *ends = parallel_values(a);
    const char *const *nexts = parallel_values(b);
    const bool *odd = parallel_values(c);
    size_t wrong = 0;
    for (unsigned i = 0; i < MANY; i++)
        wrong += ends[i] != text + 5 || nexts[i] != words[i] + 1 || odd[i] != (i * 7 % 2 == 1);
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

static void mark(int i)
{
    ran((size_t)i);
}
PARALLEL_DECORATE(mark, int, void);

static int mark_task(const int *i, void *result, void *extras)
{
    ran((size_t)*i);
    return result == NULL && extras == NULL ? 0 : 1;
}
PARALLEL_DECORATE_TASK(mark_task, int, void);

START_TEST(void_results)
{
    pl_workers(pl_worker_counts[_i]);
    static int in[100000];
    for (int i = 0; i < 100000; i++)
        in[i] = i;
    for (size_t s = 0; s < SIZES; s++) {
        PARALLEL_SCOPED parallel_results *r = parallel_map(mark, in, sizes[s]);
        ck_assert_ptr_nonnull(r);
        ck_assert_uint_eq(not_run(sizes[s], 1), 0);
        ck_assert_uint_eq(parallel_length(r), sizes[s]);
        ck_assert_ptr_null(parallel_values(r));
        ck_assert_ptr_null(parallel_result(r, 0));
        ck_assert(sizes[s] == 0 || parallel_result_state(r, sizes[s] - 1) == PARALLEL_OK);
        PARALLEL_SCOPED parallel_results *t = parallel_map(mark_task, in, sizes[s]);
        ck_assert_ptr_nonnull(t);
        ck_assert_ptr_null(parallel_values(t));
        ck_assert_uint_eq(not_run(sizes[s], 1), 0);
    }
    ck_assert_int_eq(parallel_map_into(mark, in, MANY, (void *)NULL), 0);
    ck_assert_uint_eq(not_run(MANY, 1), 0);
}
END_TEST

struct block {
    unsigned char bytes[4096];
    int id;
};

static struct block inverted(struct block b)
{
    for (size_t i = 0; i < sizeof b.bytes; i++)
        b.bytes[i] ^= 0xff;
    b.id = -b.id;
    return b;
}
PARALLEL_DECORATE(inverted, struct block, struct block);

START_TEST(large_structs)
{
    pl_workers(pl_worker_counts[_i]);
    enum { N = 150 };
    static struct block in[N];
    for (int i = 0; i < N; i++) {
        memset(in[i].bytes, i, sizeof in[i].bytes);
        in[i].id = i;
    }
    PARALLEL_SCOPED parallel_results *r = parallel_map(inverted, in, N);
    ck_assert_ptr_nonnull(r);
    const struct block *out = parallel_values(r);
    size_t wrong = 0;
    for (int i = 0; i < N; i++) {
        struct block expected = inverted(in[i]);
        wrong += memcmp(out[i].bytes, expected.bytes, sizeof expected.bytes) != 0 || out[i].id != -i;
    }
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

START_TEST(into_the_callers_vector)
{
    pl_workers(pl_worker_counts[_i]);
    for (size_t s = 0; s < SIZES; s++) {
        size_t n = sizes[s], wrong = 0;
        double *in = malloc((n + 1) * sizeof *in), *out = malloc((n + 1) * sizeof *out);
        for (size_t i = 0; i <= n; i++)
            in[i] = out[i] = (double)i;
        ck_assert_int_eq(parallel_map_into(cube, in, n, out), 0);
        ck_assert_int_eq(parallel_map_into(cube, (const double *)in, n, in), 0);
        for (size_t i = 0; i < n; i++)
            wrong += memcmp(&out[i], &in[i], sizeof *in) != 0 || out[i] < cube((double)i) || out[i] > cube((double)i);
        wrong += out[n] < (double)n || out[n] > (double)n;
        ck_assert_msg(wrong == 0, "n = %zu: %zu wrong", n, wrong);
        free(in);
        free(out);
    }
}
END_TEST

/* ---- decorations ----------------------------------------------------------------------------------------- */

static int shared = 1000, other = 5000;

static int load(const struct request *q, struct page *p, void *extras)
{
    p->square = q->number + *(int *)extras;
    p->tag = q->tag;
    return 0;
}
PARALLEL_DECORATE_TASK(load, struct request, struct page, .extras = &shared);

static size_t loads_wrong(const parallel_results *r, const struct request *in, size_t n, int base)
{
    size_t wrong = 0;
    const struct page *out = parallel_values(r);
    for (size_t i = 0; i < n; i++)
        wrong += out[i].square != in[i].number + base || out[i].tag != in[i].tag || out[i].text[0] != 0;
    return wrong;
}

START_TEST(tasks_see_extras)
{
    pl_workers(pl_worker_counts[_i]);
    struct request in[MANY];
    for (int i = 0; i < MANY; i++)
        in[i] = (struct request){i, (char)(i % 100)};
    PARALLEL_SCOPED parallel_results *decorated = parallel_map(load, in, MANY);
    PARALLEL_SCOPED parallel_results *own = parallel_map(load, in, MANY, .extras = &other);
    ck_assert(decorated && own);
    ck_assert_uint_eq(loads_wrong(decorated, in, MANY, shared), 0);
    ck_assert_uint_eq(loads_wrong(own, in, MANY, other), 0);
}
END_TEST

static int half(const void *arg, void *result, void *extras)
{
    *(float *)result = (float)*(const short *)arg / 2 + (extras ? *(float *)extras : 0);
    return 0;
}

START_TEST(functions_filled_by_hand)
{
    pl_workers(pl_worker_counts[_i]);
    parallel_function f = {.name = "half", .arg_size = sizeof(short), .result_size = sizeof(float), .call = half};
    parallel_function nameless = {.arg_size = sizeof(short), .result_size = sizeof(float), .call = half};
    float base = 100;
    short in[MANY];
    for (short i = 0; i < MANY; i++)
        in[i] = i;
    PARALLEL_SCOPED parallel_results *a = parallel_map_function(&f, in, MANY, NULL);
    PARALLEL_SCOPED parallel_results *b =
        parallel_map_function(&nameless, in, MANY, &(parallel_options){.extras = &base});
    PARALLEL_SCOPED parallel_results *c = parallel_thread_map_function(&f, in, MANY, NULL);
    float into[MANY];
    ck_assert_int_eq(parallel_map_into_function(&f, in, MANY, into, NULL), 0);
    ck_assert(a && b && c);
    const float *x = parallel_values(a), *y = parallel_values(b), *z = parallel_values(c);
    size_t wrong = 0;
    for (int i = 0; i < MANY; i++)
        wrong += (int)(x[i] * 2) != i || (int)(y[i] * 2) != i + 200 || (int)(z[i] * 2) != i || (int)(into[i] * 2) != i;
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

static int end(int x)
{
    return x + 1;
}
static int args(int x)
{
    return x + 2;
}
static int i(int x)
{
    return x + 3;
}
static int n(int x)
{
    return x + 4;
}
static int results(int x)
{
    return x + 5;
}
static int fn(int x)
{
    return x + 6;
}
static int span(const int *x, int *result, void *extras)
{
    return *result = *x + 7, (void)extras, 0;
}
PARALLEL_DECORATE(end, int, int);
PARALLEL_DECORATE(args, int, int);
PARALLEL_DECORATE(i, int, int);
PARALLEL_DECORATE(n, int, int);
PARALLEL_DECORATE(results, int, int);
PARALLEL_DECORATE(fn, int, int);
PARALLEL_DECORATE_TASK(span, int, int);

START_TEST(any_name_will_do)
{
    pl_workers(2);
    int in[] = {10, 20}, out[7][2];
    ck_assert_int_eq(parallel_map_into(end, in, 2, out[0]), 0);
    ck_assert_int_eq(parallel_map_into(args, in, 2, out[1]), 0);
    ck_assert_int_eq(parallel_map_into(i, in, 2, out[2]), 0);
    ck_assert_int_eq(parallel_map_into(n, in, 2, out[3]), 0);
    ck_assert_int_eq(parallel_map_into(results, in, 2, out[4]), 0);
    ck_assert_int_eq(parallel_map_into(fn, in, 2, out[5]), 0);
    ck_assert_int_eq(parallel_map_into(span, in, 2, out[6]), 0);
    for (int k = 0; k < 7; k++)
        ck_assert(out[k][0] == 11 + k && out[k][1] == 21 + k);
    ck_assert_str_eq(end__parallel.name, "end");
    ck_assert_int_eq(end(1), 2);
}
END_TEST

/* ---- how often ------------------------------------------------------------------------------------------- */

struct job {
    int index, microseconds;
};

static int toil(struct job job)
{
    ran((size_t)job.index);
    struct timespec t0, t1;
    clock_gettime(CLOCK_MONOTONIC, &t0);
    do
        clock_gettime(CLOCK_MONOTONIC, &t1);
    while (job.microseconds && (t1.tv_sec - t0.tv_sec) * 1000000 + (t1.tv_nsec - t0.tv_nsec) / 1000 < job.microseconds);
    return job.index * 3;
}
PARALLEL_DECORATE(toil, struct job, int);

/* Runs the jobs; how many were not run once or have a wrong result. */
static size_t toils_wrong(const struct job *jobs, size_t count, int max_workers)
{
    PARALLEL_SCOPED parallel_results *r = parallel_map(toil, jobs, count, .max_workers = max_workers);
    const int *out = parallel_values(r);
    size_t wrong = not_run(count, 1) + !r;
    for (size_t k = 0; r && k < count; k++)
        wrong += out[k] != (int)k * 3;
    return wrong;
}

START_TEST(irregular_costs)
{
    pl_workers(pl_worker_counts[_i]);
    static struct job jobs[3000];
    unsigned long long seed = (unsigned long long)_i + 1;
    for (int shape = 0; shape < 4; shape++) {
        for (int k = 0; k < 3000; k++)
            jobs[k] = (struct job){k, shape == 2 ? (int)(pl_random(&seed) % 20) : 0};
        jobs[shape == 0 ? 0 : 2999].microseconds = 20000;
        if (shape == 3)
            jobs[1500].microseconds = 20000;
        ck_assert_msg(toils_wrong(jobs, 3000, 0) == 0, "shape %d, seed %d", shape, _i + 1);
    }
}
END_TEST

START_TEST(cheap_then_dear_and_back)
{
    pl_workers(pl_worker_counts[_i]);
    static const struct {
        int count, microseconds;
    } phases[] = {{2, 0}, {2000, 0}, {40, 500}, {2, 5000}, {2000, 0}, {2, 0}, {30, 1000}, {1, 0}, {64, 100}};
    static struct job jobs[2000];
    for (int round = 0; round < 3; round++) {
        for (size_t p = 0; p < sizeof phases / sizeof phases[0]; p++) {
            for (int k = 0; k < phases[p].count; k++)
                jobs[k] = (struct job){k, phases[p].microseconds};
            ck_assert_uint_eq(toils_wrong(jobs, (size_t)phases[p].count, 0), 0);
        }
    }
}
END_TEST

START_TEST(each_once_with_any_number_of_workers)
{
    pl_workers(pl_worker_counts[_i]);
    static struct job jobs[500];
    for (int k = 0; k < 500; k++)
        jobs[k] = (struct job){k, k % 50 == 0 ? 200 : k % 3};
    for (int workers = 1; workers <= 9; workers++)
        for (size_t count = 1; count <= 500; count = count * 3 + 1)
            ck_assert_msg(toils_wrong(jobs, count, workers) == 0, "%zu items, %d workers", count, workers);
}
END_TEST

/* ---- where ----------------------------------------------------------------------------------------------- */

static pthread_t caller;
static int next_in_order, out_of_order, elsewhere;

static int in_order(int x)
{
    if (!pthread_equal(pthread_self(), caller))
        elsewhere++;
    else if (x != next_in_order++)
        out_of_order++;
    return -x;
}
PARALLEL_DECORATE(in_order, int, int);
static int in_order_too(int x)
{
    return in_order(x);
}
PARALLEL_DECORATE(in_order_too, int, int, .executor = PARALLEL_SERIAL);

START_TEST(serial_is_the_loop_itself)
{
    pl_workers(pl_worker_counts[_i]);
    int in[MANY];
    for (int k = 0; k < MANY; k++)
        in[k] = k;
    caller = pthread_self();
    for (int round = 0; round < 4; round++) {
        next_in_order = 0;
        PARALLEL_SCOPED parallel_results *r = round % 2 ? parallel_map(in_order_too, in, MANY)
                                                        : parallel_map(in_order, in, MANY, .executor = PARALLEL_SERIAL);
        ck_assert_ptr_nonnull(r);
        ck_assert_int_eq(next_in_order, MANY);
        ck_assert_int_eq(out_of_order, 0);
        ck_assert_int_eq(elsewhere, 0);
        ck_assert_int_eq(*(const int *)parallel_result(r, MANY - 1), 1 - MANY);
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, map_of_doubles_is_the_serial_loop, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, no_items_need_no_array, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, structs_by_value, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, pointers_and_bools, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, void_results, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, large_structs, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, into_the_callers_vector, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, tasks_see_extras, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, functions_filled_by_hand, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, any_name_will_do);
    tcase_add_loop_test(c, irregular_costs, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, cheap_then_dear_and_back, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, each_once_with_any_number_of_workers, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, serial_is_the_loop_itself, 0, PL_WORKER_COUNTS);
    return pl_run("api/map", c);
}
