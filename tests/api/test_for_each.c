/* SPDX-License-Identifier: MIT */
/* parallel_for_each: each item, and each that tasks add, is run exactly once. */
#include <errno.h>
#include <parallel.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "support/tasks.h"

static atomic_int runs, wrong;

static void count(atomic_int *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static int take(atomic_int *counter)
{
    return atomic_exchange_explicit(counter, 0, memory_order_relaxed);
}

/* ---- trees ----------------------------------------------------------------------------------------------- */

enum { NODES = 1 << 17 };

static atomic_uchar seen[NODES];
static unsigned nodes;

/* A heap: node i has the children 2i + 1 and 2i + 2. Adds before the decoration. */
static int visit_node(const unsigned *node, void *none, void *extras)
{
    (void)none;
    (void)extras;
    atomic_fetch_add_explicit(&seen[*node], 1, memory_order_relaxed);
    for (unsigned child = 2 * *node + 1; child <= 2 * *node + 2 && child < nodes; child++)
        if (parallel_for_each_add(visit_node, &child) != 0)
            return errno;
    return 0;
}
PARALLEL_DECORATE_TASK(visit_node, unsigned, void);

static size_t not_once(void)
{
    size_t bad = 0;
    for (unsigned i = 0; i < NODES; i++)
        bad += atomic_exchange_explicit(&seen[i], 0, memory_order_relaxed) != (i < nodes);
    return bad;
}

START_TEST(walks_trees)
{
    pl_workers(pl_worker_counts[_i]);
    const unsigned sizes[] = {1, 2, 3, 4, 7, 100, 1000, 5000, NODES - 3, NODES};
    for (int round = 0; round < 3; round++) {
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            nodes = sizes[k];
            unsigned root = 0;
            ck_assert_int_eq(parallel_for_each(visit_node, &root, 1), 0);
            ck_assert_msg(not_once() == 0, "%u nodes", nodes);
        }
    }
    ck_assert_ptr_null(parallel_last_failure());
}
END_TEST

START_TEST(walks_small_trees_again_and_again)
{
    pl_workers(pl_worker_counts[_i]);
    for (unsigned round = 0; round < 20000; round++) {
        unsigned root = 0, bad = 0;
        nodes = 1 + round % 40;
        ck_assert_int_eq(parallel_for_each(visit_node, &root, 1), 0);
        for (unsigned i = 0; i < 40; i++)
            bad += atomic_exchange_explicit(&seen[i], 0, memory_order_relaxed) != (i < nodes);
        ck_assert_msg(bad == 0, "round %u", round);
    }
}
END_TEST

START_TEST(begins_with_many_items)
{
    pl_workers(pl_worker_counts[_i]);
    unsigned *items = malloc(NODES * sizeof *items);
    for (unsigned i = 0; i < NODES; i++)
        items[i] = i;
    nodes = 0;
    for (size_t n = 0; n <= NODES; n = 2 * n + 1) {
        ck_assert_int_eq(parallel_for_each(visit_node, items, n), 0);
        size_t bad = 0;
        for (unsigned i = 0; i < NODES; i++)
            bad += atomic_exchange_explicit(&seen[i], 0, memory_order_relaxed) != (i < n);
        ck_assert_msg(bad == 0, "n = %zu", n);
    }
    free(items);
}
END_TEST

/* ---- chains, and wide nodes ------------------------------------------------------------------------------ */

static char *lowest, *highest;

static int follow(const long *rest, void *none, void *extras)
{
    long next = *rest - 1;
    (void)none;
    (void)extras;
    count(&runs);
    return next > 0 && parallel_for_each_add(follow, &next) != 0 ? errno : 0;
}
PARALLEL_DECORATE_TASK(follow, long, void);

START_TEST(follows_long_chains)
{
    pl_workers(pl_worker_counts[_i]);
    long length = 1000000, several[5] = {3, 100000, 1, 70000, 2};
    ck_assert_int_eq(parallel_for_each(follow, &length, 1), 0);
    ck_assert_int_eq(take(&runs), 1000000);
    ck_assert_int_eq(parallel_for_each(follow, several, 5), 0);
    ck_assert_int_eq(take(&runs), 170006);
}
END_TEST

/* Notes where the stack of the caller's thread is. */
static int follow_deeply(const long *rest, void *none, void *extras);
PARALLEL_DECORATE_TASK(follow_deeply, long, void);
static int follow_deeply(const long *rest, void *none, void *extras)
{
    long next = *rest - 1;
    char *here = (char *)&next;
    (void)none;
    if (pthread_equal(pthread_self(), *(pthread_t *)extras)) {
        lowest = !lowest || here < lowest ? here : lowest;
        highest = here > highest ? here : highest;
    }
    return next > 0 && parallel_for_each_add(follow_deeply, &next) != 0 ? errno : 0;
}

START_TEST(takes_no_more_stack_for_long_chains)
{
    pl_workers(2);
    pthread_t self = pthread_self();
    long length = 100000;
    ck_assert_int_eq(parallel_for_each(follow_deeply, &length, 1, .extras = &self), 0);
    ck_assert_int_lt(highest - lowest, 20000); /* it may have run none of them */
}
END_TEST

static int spread(const int *i, void *none, void *extras);
PARALLEL_DECORATE_TASK(spread, int, void);
static int spread(const int *i, void *none, void *extras)
{
    (void)none;
    int width = *(int *)extras;
    count(&runs);
    for (int k = 1; *i == 0 && k < width; k++)
        if (parallel_for_each_add(spread, &k) != 0)
            return errno;
    return 0;
}

START_TEST(runs_what_one_item_adds)
{
    pl_workers(pl_worker_counts[_i]);
    for (int width = 1; width < 300000; width = width * 3 + 1) {
        int root = 0;
        ck_assert_int_eq(parallel_for_each(spread, &root, 1, .extras = &width), 0);
        ck_assert_int_eq(take(&runs), width);
    }
}
END_TEST

/* ---- graphs ---------------------------------------------------------------------------------------------- */

static atomic_bool marked[NODES];
static atomic_int degree;

/* Each node is added by whoever marks it. */
static int search(const uint32_t *node, void *none, void *extras)
{
    (void)none;
    (void)extras;
    atomic_fetch_add_explicit(&seen[*node], 1, memory_order_relaxed);
    for (unsigned k = 0; k < 6; k++) {
        uint32_t to = (uint32_t)(pl_scramble(*node * 6ULL + k) % NODES);
        if (!atomic_exchange_explicit(&marked[to], true, memory_order_relaxed) &&
            parallel_for_each_add(search, &to) != 0)
            return errno;
    }
    count(&degree);
    return 0;
}
PARALLEL_DECORATE_TASK(search, uint32_t, void);

START_TEST(searches_graphs)
{
    pl_workers(pl_worker_counts[_i]);
    static uint32_t stack[NODES];
    static bool expected[NODES];
    size_t top = 0, reached = 1, bad = 0;
    for (expected[0] = true, stack[top++] = 0; top > 0;) {
        uint32_t node = stack[--top];
        for (unsigned k = 0; k < 6; k++) {
            uint32_t to = (uint32_t)(pl_scramble(node * 6ULL + k) % NODES);
            if (!expected[to]) {
                expected[to] = true;
                reached++;
                stack[top++] = to;
            }
        }
    }
    uint32_t first = 0;
    atomic_store(&marked[0], true);
    ck_assert_int_eq(parallel_for_each(search, &first, 1), 0);
    ck_assert_uint_eq((size_t)take(&degree), reached);
    for (unsigned i = 0; i < NODES; i++)
        bad += atomic_load(&seen[i]) != expected[i];
    ck_assert_uint_eq(bad, 0);
}
END_TEST

/* ---- items of all kinds ---------------------------------------------------------------------------------- */

static parallel_function of_bytes;

/* The first byte says how deep it is, the others follow from that and from where they are. */
static void fill_item(unsigned char *item, size_t size, int depth)
{
    for (size_t i = 0; i < size; i++)
        item[i] = (unsigned char)(i ? (size_t)depth * 37 + i * 11 : (size_t)depth);
}

static int check_bytes(const void *arg, void *result, void *extras)
{
    const unsigned char *item = arg;
    unsigned char more[300];
    size_t size = of_bytes.arg_size;
    count(&runs);
    fill_item(more, size, item[0]);
    if (result || extras || memcmp(item, more, size) != 0)
        count(&wrong);
    fill_item(more, size, item[0] + 1);
    for (int k = 0; item[0] < 9 && k < 2; k++)
        if (parallel_for_each_add_function(&of_bytes, more) != 0)
            return errno;
    if (memcmp(item, more, size) == 0) /* it has not moved */
        count(&wrong);
    return 0;
}

START_TEST(keeps_items_of_any_size)
{
    pl_workers(pl_worker_counts[_i]);
    for (size_t size = 1; size <= 300; size += size < 20 ? 1 : 31) {
        unsigned char root[300];
        fill_item(root, size, 0);
        of_bytes = (parallel_function){.name = "bytes", .arg_size = size, .call = check_bytes};
        ck_assert_int_eq(parallel_for_each_function(&of_bytes, root, 1, NULL), 0);
        ck_assert_int_eq(take(&runs), 1023);
        ck_assert_msg(take(&wrong) == 0, "size %zu", size);
    }
}
END_TEST

typedef struct large {
    alignas(256) int depth;
    char rest[5000];
} large;

static int check_large(const large *item, void *none, void *extras)
{
    static const large zero;
    (void)none;
    (void)extras;
    large more = {.depth = item->depth - 1};
    if ((uintptr_t)item % 256 != 0 || memcmp(item->rest, zero.rest, sizeof item->rest) != 0)
        count(&wrong);
    count(&runs);
    for (int k = 0; item->depth > 0 && k < 2; k++)
        if (parallel_for_each_add(check_large, &more) != 0)
            return errno;
    return 0;
}
PARALLEL_DECORATE_TASK(check_large, large, void);

START_TEST(keeps_large_items_aligned)
{
    pl_workers(pl_worker_counts[_i]);
    static large items[3] = {{.depth = 6}, {.depth = 3}, {.depth = 0}};
    ck_assert_int_eq(parallel_for_each(check_large, items, 3), 0);
    ck_assert_int_eq(take(&runs), 127 + 15 + 1);
    ck_assert_int_eq(take(&wrong), 0);
}
END_TEST

static int overwrite(const int *item, void *none, void *extras)
{
    (void)none;
    int *items = extras;
    if (*item < 1000)
        count(&wrong);
    count(&runs);
    for (int i = 0; i < 100; i++)
        __atomic_store_n(&items[i], i, __ATOMIC_RELAXED);
    return 0;
}
PARALLEL_DECORATE_TASK(overwrite, int, void);

START_TEST(copies_items)
{
    pl_workers(pl_worker_counts[_i]);
    int items[100];
    for (int i = 0; i < 100; i++)
        items[i] = 1000 + i;
    ck_assert_int_eq(parallel_for_each(overwrite, items, 100, .extras = items), 0);
    ck_assert_int_eq(take(&runs), 100);
    ck_assert_int_eq(take(&wrong), 0);
}
END_TEST

/* ---- where items may be added ---------------------------------------------------------------------------- */

static atomic_int refused;

/* Whether adding is refused. */
static bool is_refused(int got)
{
    int code = errno;
    return got == -1 && code == EINVAL;
}

static double try_to_add(double x)
{
    unsigned item = 1;
    count(is_refused(parallel_for_each_add(visit_node, &item)) ? &refused : &wrong);
    return x;
}
PARALLEL_DECORATE(try_to_add, double, double);

static int try_to_add_task(const int *x, int *result, void *extras)
{
    (void)extras;
    *result = *x;
    try_to_add(1);
    return 0;
}
PARALLEL_DECORATE_TASK(try_to_add_task, int, int);

static void try_to_add_in_loop(size_t begin, size_t end, void *ctx)
{
    (void)ctx;
    for (size_t i = begin; i < end; i++)
        try_to_add(1);
}

static void try_to_add_in_progress(size_t done, size_t total, void *data)
{
    (void)done;
    (void)total;
    (void)data;
    try_to_add(1);
}

static int call_others(const unsigned *item, void *none, void *extras);
PARALLEL_DECORATE_TASK(call_others, unsigned, void);
static int call_others(const unsigned *item, void *none, void *extras)
{
    double x[4] = {0}, y[4];
    int in[4] = {0}, out[4];
    unsigned other = *item;
    (void)none;
    (void)extras;
    count(&runs);
    if (parallel_map_into(try_to_add, x, 4, y) != 0 || parallel_map_into(try_to_add_task, in, 4, out) != 0 ||
        parallel_for(4, try_to_add_in_loop, NULL) != 0 || !is_refused(parallel_for_each_add(visit_node, &other)))
        count(&wrong);
    other++;
    return other < 20 && parallel_for_each_add(call_others, &other) != 0 ? errno : 0;
}

START_TEST(refuses_to_add_elsewhere)
{
    pl_workers(pl_worker_counts[_i]);
    unsigned item = 0;
    try_to_add(1);
    ck_assert_int_eq(take(&refused), 1);
    ck_assert(is_refused(parallel_for_each_add_function(NULL, &item)));
    ck_assert(is_refused(parallel_for_each_add_function(&visit_node__parallel, &item)));
    ck_assert_int_eq(parallel_for_each(call_others, &item, 1), 0);
    ck_assert_int_eq(take(&runs), 20);
    ck_assert_int_eq(take(&refused), 20 * 12);
    nodes = 10;
    ck_assert_int_eq(parallel_for_each(visit_node, &item, 1, .progress = try_to_add_in_progress), 0);
    ck_assert_int_ge(take(&refused), 1);
    ck_assert_int_eq(take(&wrong), 0);
    try_to_add(1);
    ck_assert_int_eq(take(&refused), 1);
}
END_TEST

static int add_nothing(const int *item, void *none, void *extras)
{
    (void)none;
    (void)extras;
    if (*item == 0)
        count(is_refused(parallel_for_each_add(add_nothing, (int *)NULL)) ? &refused : &wrong);
    return 0;
}
PARALLEL_DECORATE_TASK(add_nothing, int, void);

START_TEST(refuses_null_items)
{
    pl_workers(2);
    int item = 0;
    ck_assert_int_eq(parallel_for_each(add_nothing, &item, 1), 0);
    ck_assert_int_eq(take(&refused), 1);
}
END_TEST

static int walk_in_task(const unsigned *node, void *none, void *extras);
PARALLEL_DECORATE_TASK(walk_in_task, unsigned, void);

/* Adds from inside of a task of fork and join, as far as it is where the item runs. */
PARALLEL_TASK(int, add_below, unsigned, node, int, depth)
{
    if (depth == 0)
        return parallel_for_each_add(walk_in_task, &node);
    PARALLEL_SPAWN(add_below, node, depth - 1);
    int error = PARALLEL_CALL(add_below, node, depth - 1);
    return PARALLEL_SYNC(add_below) | error;
}

static int walk_in_task(const unsigned *node, void *none, void *extras)
{
    (void)none;
    (void)extras;
    count(&runs);
    if (*node >= 3)
        return 0;
    return PARALLEL_RUN(add_below, *node + 1, 3) ? EAGAIN : 0;
}

START_TEST(adds_from_tasks_of_fork_and_join)
{
    pl_workers(1); /* else other threads would take some of them, whose they are not */
    unsigned node = 0;
    ck_assert_int_eq(parallel_for_each(walk_in_task, &node, 1), 0);
    ck_assert_int_eq(take(&runs), 1 + 8 + 64 + 512);
}
END_TEST

/* ---- calls in calls -------------------------------------------------------------------------------------- */

static int walk_again(const unsigned *depth, void *none, void *extras);
PARALLEL_DECORATE_TASK(walk_again, unsigned, void);
static int walk_again(const unsigned *depth, void *none, void *extras)
{
    unsigned next = *depth - 1, two[2] = {next, next};
    (void)none;
    (void)extras;
    count(&runs);
    if (*depth == 0)
        return 0;
    if (parallel_for_each_add(walk_again, &next) != 0)
        return errno;
    return *depth % 2 && parallel_for_each(walk_again, two, 2) != 0 ? errno : 0;
}

static int walks_of(unsigned depth)
{
    return depth == 0 ? 1 : 1 + walks_of(depth - 1) * (depth % 2 ? 3 : 1);
}

START_TEST(nests_in_itself)
{
    pl_workers(pl_worker_counts[_i]);
    for (unsigned depth = 0; depth < 16; depth++) {
        ck_assert_int_eq(parallel_for_each(walk_again, &depth, 1), 0);
        ck_assert_int_eq(take(&runs), walks_of(depth));
    }
}
END_TEST

static long walk_chain(long length)
{
    return parallel_for_each(follow, &length, 1) == 0 ? length : -1;
}
PARALLEL_DECORATE(walk_chain, long, long);

START_TEST(nests_in_maps)
{
    pl_workers(pl_worker_counts[_i]);
    enum { CHAINS = 500 };
    long in[CHAINS], out[CHAINS];
    int all = 0;
    for (int i = 0; i < CHAINS; i++)
        all += (int)(in[i] = 1 + i * 7 % 400);
    for (int round = 0; round < 4; round++) {
        ck_assert_int_eq(parallel_map_into(walk_chain, in, CHAINS, out), 0);
        ck_assert_int_eq(take(&runs), all);
        for (int i = 0; i < CHAINS; i++)
            ck_assert_int_eq(out[i], in[i]);
    }
}
END_TEST

/* ---- who runs them --------------------------------------------------------------------------------------- */

enum { MOST = 64 };
static atomic_int busy[MOST], at_work, most_at_work;

static int work_a_while(const int *rest, void *none, void *extras)
{
    (void)none;
    size_t me = parallel_worker_index(), limit = *(size_t *)extras;
    int now = atomic_fetch_add(&at_work, 1) + 1, most = atomic_load(&most_at_work);
    while (now > most && !atomic_compare_exchange_weak(&most_at_work, &most, now)) {
    }
    if (me >= limit || atomic_fetch_add(&busy[me], 1) != 0)
        count(&wrong);
    for (volatile int i = 0; i < 3000; i++) {
    }
    if (me < limit)
        atomic_fetch_sub(&busy[me], 1);
    atomic_fetch_sub(&at_work, 1);
    count(&runs);
    for (int next = *rest - 1, k = 0; *rest > 0 && k < 2; k++)
        if (parallel_for_each_add(work_a_while, &next) != 0)
            return errno;
    return 0;
}
PARALLEL_DECORATE_TASK(work_a_while, int, void);

START_TEST(has_no_more_workers_than_asked_for)
{
    pl_workers(8);
    for (int workers = 1; workers <= 12; workers++) {
        int depth = 9;
        size_t limit = (size_t)workers;
        take(&most_at_work);
        ck_assert_int_eq(parallel_for_each(work_a_while, &depth, 1, .max_workers = workers, .extras = &limit), 0);
        ck_assert_int_eq(take(&runs), 1023);
        ck_assert_int_le(take(&most_at_work), workers);
        ck_assert_msg(take(&wrong) == 0, "%d workers", workers);
    }
}
END_TEST

static atomic_int came;

/* All are to be there at once: those that one of them has added, after many that take no time. */
static int meet(const int *i, void *none, void *extras);
PARALLEL_DECORATE_TASK(meet, int, void);
static int meet(const int *i, void *none, void *extras)
{
    (void)none;
    (void)extras;
    if (*i > 4) {
        int next = *i - 1;
        return parallel_for_each_add(meet, &next) != 0 ? errno : 0;
    }
    for (int k = 0; *i == 4 && k < 3; k++)
        if (parallel_for_each_add(meet, &k) != 0)
            return errno;
    pl_count(&came);
    return pl_await(&came, 4, 60) ? 0 : ETIMEDOUT;
}

START_TEST(has_more_workers_than_cores)
{
    pl_workers(pl_worker_counts[_i]);
    for (int round = 0; round < 20; round++) {
        int length = round % 2 ? 4 : 2000;
        atomic_store(&came, 0);
        ck_assert_int_eq(parallel_for_each(meet, &length, 1, .max_workers = 16), 0);
        ck_assert_int_eq(atomic_load(&came), 4);
    }
}
END_TEST

static void *walk_on_a_thread(void *result)
{
    long length = 20000;
    for (int round = 0; round < 20; round++)
        *(int *)result |= parallel_for_each(follow, &length, 1);
    return NULL;
}

START_TEST(runs_from_several_threads)
{
    pl_workers(pl_worker_counts[_i]);
    pthread_t threads[4];
    int results[4] = {0};
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, walk_on_a_thread, &results[i]);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(results[i], 0);
    }
    ck_assert_int_eq(take(&runs), 4 * 20 * 20000);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, walks_trees, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, walks_small_trees_again_and_again, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, begins_with_many_items, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, follows_long_chains, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, takes_no_more_stack_for_long_chains);
    tcase_add_loop_test(c, runs_what_one_item_adds, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, searches_graphs, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, keeps_items_of_any_size, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, keeps_large_items_aligned, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, copies_items, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, refuses_to_add_elsewhere, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, refuses_null_items);
    tcase_add_test(c, adds_from_tasks_of_fork_and_join);
    tcase_add_loop_test(c, nests_in_itself, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, nests_in_maps, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, has_no_more_workers_than_asked_for);
    tcase_add_loop_test(c, has_more_workers_than_cores, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, runs_from_several_threads, 0, PL_WORKER_COUNTS);
    return pl_run("for_each", c);
}
