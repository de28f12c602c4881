/* SPDX-License-Identifier: MIT */
/* Calls inside of tasks: results, errors, locks held across them, and stacks that stay bounded. */
#include <errno.h>
#include <parallel.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "support/test.h"

/* ---- how deep tasks sit on each other -------------------------------------------------------------------- */

static _Thread_local int depth;
static atomic_int deepest;

static void go_in(void)
{
    int now = ++depth, most = atomic_load_explicit(&deepest, memory_order_relaxed);
    while (most < now &&
           !atomic_compare_exchange_weak_explicit(&deepest, &most, now, memory_order_relaxed, memory_order_relaxed)) {
    }
}

static void go_out(void)
{
    depth--;
}

/* The deepest since the last time. */
static int how_deep(void)
{
    return atomic_exchange_explicit(&deepest, 0, memory_order_relaxed);
}

/* No deeper than the program nests. Less deep where others have taken what is inside: for them, it begins anew. */
static void as_deep_as(int levels, bool alone)
{
    int deep = how_deep();
    ck_assert_int_le(deep, levels);
    if (alone)
        ck_assert_int_eq(deep, levels);
}

/* Work of about this many nanoseconds, times a few. */
static void toil(int rounds)
{
    atomic_int sink = 0;
    for (int i = 0; i < rounds; i++)
        atomic_store_explicit(&sink, i, memory_order_relaxed);
}

/* ---- maps in maps ---------------------------------------------------------------------------------------- */

static long leaf(int x)
{
    go_in();
    toil(x % 7 == 0 ? 2000 : 10);
    go_out();
    return x;
}
PARALLEL_DECORATE(leaf, int, long);

static long middle(int x)
{
    go_in();
    int in[30];
    for (int i = 0; i < 30; i++)
        in[i] = x + i;
    long sum = 0;
    PARALLEL_SCOPED parallel_results *r = parallel_map(leaf, in, 30);
    const long *out = parallel_values(r);
    for (int i = 0; out && i < 30; i++)
        sum += out[i];
    go_out();
    return sum;
}
PARALLEL_DECORATE(middle, int, long);

static long top(int x)
{
    go_in();
    int in[20];
    for (int i = 0; i < 20; i++)
        in[i] = x + i;
    long out[20], sum = 0;
    if (parallel_map_into(middle, in, 20, out) == 0)
        for (int i = 0; i < 20; i++)
            sum += out[i];
    go_out();
    return sum;
}
PARALLEL_DECORATE(top, int, long);

static long serial_top(int x)
{
    long sum = 0;
    for (int i = 0; i < 20; i++)
        for (int j = 0; j < 30; j++)
            sum += x + i + j;
    return sum;
}

START_TEST(map_in_map_in_map)
{
    pl_workers(pl_worker_counts[_i]);
    int in[25];
    for (int i = 0; i < 25; i++)
        in[i] = i * 10;
    for (int round = 0; round < 5; round++) {
        PARALLEL_SCOPED parallel_results *r = parallel_map(top, in, 25);
        ck_assert_ptr_nonnull(r);
        for (size_t i = 0; i < 25; i++)
            ck_assert_int_eq(((const long *)parallel_values(r))[i], serial_top(in[i]));
        as_deep_as(3, pl_worker_counts[_i] == 1);
    }
    ck_assert_int_eq(depth, 0);
}
END_TEST

static void add_up(size_t begin, size_t end, void *ctx)
{
    go_in();
    long sum = 0;
    for (size_t i = begin; i < end; i++)
        sum += (long)i;
    toil((int)(begin % 5) * 50);
    atomic_fetch_add_explicit((atomic_long *)ctx, sum, memory_order_relaxed);
    go_out();
}

static long sum_below(int n)
{
    go_in();
    atomic_long sum = 0;
    int failed = parallel_for((size_t)n, add_up, &sum);
    go_out();
    return failed ? -1 : atomic_load_explicit(&sum, memory_order_relaxed);
}
PARALLEL_DECORATE(sum_below, int, long);

START_TEST(loops_in_maps)
{
    pl_workers(pl_worker_counts[_i]);
    int in[200];
    for (int i = 0; i < 200; i++)
        in[i] = i % 3 ? i : i * i;
    for (int round = 0; round < 5; round++) {
        PARALLEL_SCOPED parallel_results *r = parallel_map(sum_below, in, 200);
        ck_assert_ptr_nonnull(r);
        for (size_t i = 0; i < 200; i++)
            ck_assert_int_eq(((const long *)parallel_values(r))[i], (long)in[i] * (in[i] - 1) / 2);
        ck_assert_int_le(how_deep(), 2);
    }
}
END_TEST

/* Outer tasks of very unequal costs, whose inner calls are of very unequal sizes. */
static long uneven(int x)
{
    go_in();
    int size = x % 10 == 0 ? 2000 : x % 10, in[2000];
    for (int i = 0; i < size; i++)
        in[i] = x * i;
    if (x % 8 == 0)
        pl_test_sleep(2000);
    long sum = 0;
    PARALLEL_SCOPED parallel_results *r = parallel_map(leaf, in, (size_t)size, .max_workers = x % 5);
    for (size_t i = 0; i < parallel_length(r); i++)
        sum += ((const long *)parallel_values(r))[i];
    go_out();
    return sum;
}
PARALLEL_DECORATE(uneven, int, long);

START_TEST(unequal_costs)
{
    pl_workers(pl_worker_counts[_i]);
    int in[80];
    for (int i = 0; i < 80; i++)
        in[i] = i;
    PARALLEL_SCOPED parallel_results *r = parallel_map(uneven, in, 80);
    ck_assert_ptr_nonnull(r);
    for (int i = 0; i < 80; i++) {
        long size = i % 10 == 0 ? 2000 : i % 10;
        ck_assert_int_eq(((const long *)parallel_values(r))[i], i * (size * (size - 1) / 2));
    }
    ck_assert_int_le(how_deep(), 2);
}
END_TEST

/* ---- recursion ------------------------------------------------------------------------------------------- */

struct node {
    int level, fan;
    int lean; /* only the first child has children */
};

static long count_leaves(struct node node);
PARALLEL_DECORATE(count_leaves, struct node, long);

static long count_leaves(struct node node)
{
    go_in();
    long leaves = node.level == 0;
    if (node.level > 0) {
        struct node children[4];
        long counts[4] = {0};
        for (int i = 0; i < node.fan; i++)
            children[i] = (struct node){node.lean && i ? 0 : node.level - 1, node.fan, node.lean};
        if (parallel_map_into(count_leaves, children, (size_t)node.fan, counts) != 0)
            leaves = -1000000;
        for (int i = 0; i < node.fan; i++)
            leaves += counts[i];
    } else
        toil(50);
    go_out();
    return leaves;
}

START_TEST(deep_recursion)
{
    pl_workers(pl_worker_counts[_i]);
    static const struct {
        struct node root;
        long leaves;
    } trees[] = {{{20, 2, 1}, 21}, {{7, 3, 0}, 2187}, {{11, 2, 0}, 2048}, {{60, 1, 0}, 1}, {{5, 4, 0}, 1024}};
    for (int round = 0; round < 4; round++) {
        for (size_t t = 0; t < sizeof trees / sizeof trees[0]; t++) {
            PARALLEL_SCOPED parallel_results *r = parallel_map(count_leaves, &trees[t].root, 1);
            ck_assert_int_eq(*(const long *)parallel_result(r, 0), trees[t].leaves);
            as_deep_as(trees[t].root.level + 1, pl_worker_counts[_i] == 1);
        }
    }
}
END_TEST

/* ---- a lock held across a nested call -------------------------------------------------------------------- */

struct account {
    pthread_mutex_t mutex;
    long balance;
    atomic_int errors;
};

static int held_by_this_thread(const int *arg, long *result, void *extras)
{
    struct account *account = extras;
    int in[100];
    for (int i = 0; i < 100; i++)
        in[i] = *arg + i;
    if (pthread_mutex_lock(&account->mutex) != 0) {
        atomic_fetch_add_explicit(&account->errors, 1, memory_order_relaxed);
        return EDEADLK;
    }
    PARALLEL_SCOPED parallel_results *r = parallel_map(leaf, in, 100);
    for (size_t i = 0; i < parallel_length(r); i++)
        account->balance += ((const long *)parallel_values(r))[i];
    *result = account->balance;
    if (pthread_mutex_unlock(&account->mutex) != 0)
        atomic_fetch_add_explicit(&account->errors, 1, memory_order_relaxed);
    return 0;
}
PARALLEL_DECORATE_TASK(held_by_this_thread, int, long);

static void open_account(struct account *account)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&account->mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

START_TEST(a_lock_is_not_taken_again_by_a_stranger)
{
    pl_workers(pl_worker_counts[_i]);
    struct account account = {.balance = 0};
    open_account(&account);
    int in[64];
    for (int i = 0; i < 64; i++)
        in[i] = i;
    long expected = 0;
    for (int round = 0; round < 10; round++) {
        PARALLEL_SCOPED parallel_results *r = parallel_map(held_by_this_thread, in, 64, .extras = &account);
        ck_assert_int_eq(atomic_load_explicit(&account.errors, memory_order_relaxed), 0);
        ck_assert_ptr_nonnull(r);
        for (int i = 0; i < 64; i++)
            expected += 100 * i + 4950;
        ck_assert_int_eq(account.balance, expected);
    }
    pthread_mutex_destroy(&account.mutex);
}
END_TEST

/* Several calls from several threads share the lock: tasks of another call are strangers, too. */
static void *customer(void *account)
{
    int in[16];
    for (int i = 0; i < 16; i++)
        in[i] = i;
    for (int round = 0; round < 10; round++)
        parallel_results_free(parallel_map(held_by_this_thread, in, 16, .extras = account, .max_workers = 4));
    return NULL;
}

START_TEST(nor_by_a_stranger_of_another_call)
{
    pl_workers(pl_worker_counts[_i]);
    struct account account = {.balance = 0};
    open_account(&account);
    pthread_t threads[4];
    for (int t = 0; t < 4; t++)
        ck_assert_int_eq(pthread_create(&threads[t], NULL, customer, &account), 0);
    for (int t = 0; t < 4; t++)
        pthread_join(threads[t], NULL);
    ck_assert_int_eq(atomic_load_explicit(&account.errors, memory_order_relaxed), 0);
    ck_assert_int_eq(account.balance, 4 * 10 * (100 * 120 + 16 * 4950));
    pthread_mutex_destroy(&account.mutex);
}
END_TEST

/* ---- errors on their way up ------------------------------------------------------------------------------ */

enum { CULPRIT = 777 };

static int innermost(const int *arg, void *result, void *extras)
{
    (void)result, (void)extras;
    return *arg == CULPRIT ? parallel_fail(ERANGE, "culprit %d", *arg) : 0;
}
PARALLEL_DECORATE_TASK(innermost, int, void);

static int between(const int *arg, int *result, void *extras)
{
    (void)extras;
    int in[10];
    for (int i = 0; i < 10; i++)
        in[i] = *arg + i;
    if (parallel_map_into(innermost, in, 10, (void *)NULL) != 0) {
        const parallel_failure *f = parallel_last_failure();
        return parallel_fail(errno, "between: %zu: %s", f->index, f->message);
    }
    *result = *arg;
    return 0;
}
PARALLEL_DECORATE_TASK(between, int, int);

static int outermost(const int *arg, long *result, void *extras)
{
    (void)extras;
    int in[10];
    for (int i = 0; i < 10; i++)
        in[i] = *arg + i * 10;
    PARALLEL_SCOPED parallel_results *r = parallel_map(between, in, 10);
    if (!r) {
        const parallel_failure *f = parallel_last_failure();
        return parallel_fail(f->code, "outermost: %zu: %s", f->index, f->message);
    }
    *result = *arg;
    return 0;
}
PARALLEL_DECORATE_TASK(outermost, int, long);

START_TEST(errors_go_up_level_by_level)
{
    pl_workers(pl_worker_counts[_i]);
    int in[20];
    for (int i = 0; i < 20; i++)
        in[i] = i * 100;
    for (int round = 0; round < 10; round++) {
        errno = 0;
        ck_assert_ptr_null(parallel_map(outermost, in, 20));
        ck_assert_int_eq(errno, ERANGE);
        const parallel_failure *f = parallel_last_failure();
        ck_assert_uint_eq(f->index, 7);
        ck_assert_ptr_eq(f->arg, &in[7]);
        ck_assert_str_eq(f->message, "outermost: 7: between: 7: culprit 777");
        PARALLEL_SCOPED parallel_results *r = parallel_map(outermost, in, 20, .silent = true);
        ck_assert_uint_eq(parallel_failures(r), 1);
        ck_assert_str_eq(parallel_failed(r, 0)->message, "outermost: 7: between: 7: culprit 777");
        ck_assert_int_eq(*(const long *)parallel_result(r, 19), 1900);
    }
}
END_TEST

/* A nested call's options are its own. */
static int serial_inside(const int *arg, int *result, void *extras)
{
    int in[50], out[50];
    for (int i = 0; i < 50; i++)
        in[i] = *arg;
    PARALLEL_SCOPED parallel_results *r = parallel_map(leaf, in, 50, .executor = PARALLEL_SERIAL);
    PARALLEL_SCOPED parallel_results *none = parallel_map(innermost, in, 50, .executor = PARALLEL_MPI);
    int error = none ? 0 : errno;
    *result = parallel_map_into(between, in, 50, out) == 0 && r && error == ENOTSUP && extras ? out[49] : -1;
    return 0;
}
PARALLEL_DECORATE_TASK(serial_inside, int, int);

START_TEST(options_are_each_calls_own)
{
    pl_workers(pl_worker_counts[_i]);
    int in[60], out[60];
    for (int i = 0; i < 60; i++)
        in[i] = i;
    ck_assert_int_eq(parallel_map_into(serial_inside, in, 60, out, .extras = in), 0);
    ck_assert_int_eq(memcmp(in, out, sizeof in), 0);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, map_in_map_in_map, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, loops_in_maps, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, unequal_costs, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, deep_recursion, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_lock_is_not_taken_again_by_a_stranger, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, nor_by_a_stranger_of_another_call, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, errors_go_up_level_by_level, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, options_are_each_calls_own, 0, PL_WORKER_COUNTS);
    return pl_run("api/nested", c);
}
