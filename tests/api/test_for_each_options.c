/* SPDX-License-Identifier: MIT */
/* parallel_for_each: failures, time, cancels and all other options. */
#include <errno.h>
#include <parallel.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "support/tasks.h"

static atomic_int runs;

static int runs_so_far(void)
{
    return atomic_load(&runs);
}

/* ---- failures -------------------------------------------------------------------------------------------- */

enum { FAILS = 1000 };

typedef struct item {
    int number, depth;
    char text[48];
} item;

/* A number from FAILS on fails, with that code less FAILS; one below has two children. */
static int walk(const item *i, void *none, void *extras);
PARALLEL_DECORATE_TASK(walk, item, void);
static int walk(const item *i, void *none, void *extras)
{
    (void)none;
    (void)extras;
    pl_count(&runs);
    if (i->number >= FAILS)
        return i->number % 2 ? i->number - FAILS : parallel_fail(i->number - FAILS, "no %s", i->text);
    item child = {.number = i->number, .depth = i->depth - 1};
    for (int k = 0; i->depth > 0 && k < 2; k++)
        if (parallel_for_each_add(walk, &child) != 0)
            return errno;
    return 0;
}

START_TEST(tells_which_item_failed)
{
    pl_workers(pl_worker_counts[_i]);
    for (int k = 0; k < 50; k++) {
        item items[50] = {{0}};
        items[k] = (item){.number = FAILS + 4, .text = "bread"};
        ck_assert_int_eq(parallel_for_each(walk, items, 50), -1);
        ck_assert_int_eq(errno, 4);
        const parallel_failure *f = parallel_last_failure();
        ck_assert_ptr_nonnull(f);
        ck_assert_uint_eq(f->index, (size_t)k);
        ck_assert_int_eq(f->state, PARALLEL_ERROR);
        ck_assert_int_eq(f->code, 4);
        ck_assert_uint_eq(f->attempts, 1);
        ck_assert_str_eq(f->message, "no bread");
        ck_assert_ptr_null(f->name);
        memset(&items[k], 1, sizeof items[k]); /* it has a copy */
        ck_assert_int_eq(((const item *)f->arg)->number, FAILS + 4);
        ck_assert_str_eq(((const item *)f->arg)->text, "bread");
    }
    item fine = {.depth = 3};
    ck_assert_int_eq(parallel_for_each(walk, &fine, 1), 0);
    ck_assert_ptr_null(parallel_last_failure());
}
END_TEST

START_TEST(goes_on_if_silent)
{
    pl_workers(pl_worker_counts[_i]);
    item items[20] = {{0}};
    for (int k = 0; k < 20; k++)
        items[k].depth = 8;
    items[17] = (item){.number = FAILS + 17};
    items[5] = (item){.number = FAILS + 5};
    items[11] = (item){.number = FAILS + 12, .text = "milk"};
    for (int round = 0; round < 10; round++) {
        atomic_store(&runs, 0);
        ck_assert_int_eq(parallel_for_each(walk, items, 20, .silent = true), -1);
        ck_assert_int_eq(errno, 5);
        ck_assert_int_eq(runs_so_far(), 17 * 511 + 3);
        ck_assert_uint_eq(parallel_last_failure()->index, 5);
        ck_assert_int_eq(((const item *)parallel_last_failure()->arg)->number, FAILS + 5);
    }
}
END_TEST

/* Adds for ever, until one is told to fail. */
static int grow(const long *i, void *none, void *extras);
PARALLEL_DECORATE_TASK(grow, long, void);
static int grow(const long *i, void *none, void *extras)
{
    (void)none;
    long next = *i + 1, last = *(long *)extras;
    pl_count(&runs);
    if (*i == last)
        return EIO;
    for (int k = 0; k < 1 + (*i % 7 == 0); k++)
        if (parallel_for_each_add(grow, &next) != 0)
            return errno;
    return 0;
}

START_TEST(ends_at_the_first_failure)
{
    pl_workers(pl_worker_counts[_i]);
    for (long last = 1; last < 100000; last = last * 3 + 1) {
        long first = 0;
        ck_assert_int_eq(parallel_for_each(grow, &first, 1, .extras = &last), -1);
        ck_assert_int_eq(errno, EIO);
        const parallel_failure *f = parallel_last_failure();
        ck_assert_int_eq(f->state, PARALLEL_ERROR);
        ck_assert_int_eq(*(const long *)f->arg, last);
        ck_assert_uint_ge(f->index, 1);
    }
}
END_TEST

static int large_failure(const void *arg, void *result, void *extras)
{
    (void)arg;
    (void)result;
    (void)extras;
    return parallel_fail(EDOM, "%01000d", 7);
}

START_TEST(copies_large_items_that_fail)
{
    pl_workers(2);
    for (size_t size = 1; size < 5000; size = size * 2 + 1) {
        static unsigned char bytes[5000];
        memset(bytes, (int)size % 251, size);
        parallel_function f = {.name = "large", .arg_size = size, .call = large_failure};
        ck_assert_int_eq(parallel_for_each_function(&f, bytes, 1, NULL), -1);
        ck_assert_int_eq(errno, EDOM);
        ck_assert_uint_eq(strlen(parallel_last_failure()->message), 1000);
        ck_assert_int_eq(memcmp(parallel_last_failure()->arg, bytes, size), 0);
    }
}
END_TEST

static int say_and_fail(const int *i, void *none, void *extras)
{
    (void)none;
    (void)extras;
    if (*i % 2 == 0) {
        parallel_fail(EIO, "not meant");
        return 0;
    }
    return *i == 7 ? ENOENT : 0;
}
PARALLEL_DECORATE_TASK(say_and_fail, int, void);

START_TEST(keeps_messages_apart)
{
    pl_workers(1);
    int items[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    ck_assert_int_eq(parallel_for_each(say_and_fail, items, 8), -1);
    ck_assert_str_eq(parallel_last_failure()->message, strerror(ENOENT));
    ck_assert_int_eq(parallel_for_each(say_and_fail, items, 8, .retries = 1), -1);
    ck_assert_str_eq(parallel_last_failure()->message, strerror(ENOENT));
    ck_assert_uint_eq(parallel_last_failure()->attempts, 2);
}
END_TEST

/* ---- retries --------------------------------------------------------------------------------------------- */

enum { TRIED = 300 };
static atomic_int tries[TRIED], leaves;

/* A node is tried three times, and adds a leaf each time: those of failed attempts are run, too. */
static int try_again(const int *i, void *none, void *extras);
PARALLEL_DECORATE_TASK(try_again, int, void);
static int try_again(const int *i, void *none, void *extras)
{
    (void)none;
    (void)extras;
    if (*i < 0) {
        pl_count(&leaves);
        return 0;
    }
    int leaf = -1;
    if (parallel_for_each_add(try_again, &leaf) != 0)
        return errno;
    return atomic_fetch_add(&tries[*i], 1) < 2 ? EAGAIN : 0;
}

static size_t not_tried(int times)
{
    size_t bad = 0;
    for (int i = 0; i < TRIED; i++)
        bad += atomic_exchange(&tries[i], 0) != times;
    return bad;
}

START_TEST(tries_again)
{
    pl_workers(pl_worker_counts[_i]);
    int items[TRIED];
    for (int i = 0; i < TRIED; i++)
        items[i] = i;
    for (int round = 0; round < 4; round++) {
        double delay = round % 2 ? 0.02 : 0;
        ck_assert_int_eq(parallel_for_each(try_again, items, TRIED, .retries = 2, .retry_delay = delay), 0);
        ck_assert_uint_eq(not_tried(3), 0);
        ck_assert_int_eq(atomic_exchange(&leaves, 0), 3 * TRIED);
    }
    ck_assert_int_eq(parallel_for_each(try_again, items, 1, .retries = 2, .retry_delay = .01), 0);
    ck_assert_int_eq(atomic_exchange(&tries[0], 0), 3);
    ck_assert_int_eq(parallel_for_each(try_again, items, TRIED, .retries = 1, .retry_delay = .01, .silent = true), -1);
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_uint_eq(parallel_last_failure()->attempts, 2);
    ck_assert_uint_eq(parallel_last_failure()->index, 0);
    ck_assert_uint_eq(not_tried(2), 0);
    ck_assert_int_eq(parallel_for_each(try_again, items, 3, .retries = 1, .retry_delay = .01), -1);
    ck_assert_int_eq(errno, EAGAIN);
    ck_assert_uint_le(parallel_last_failure()->attempts, 2); /* 1: it still waited when another had failed for good */
}
END_TEST

static atomic_int waited;

/* The first fails once; the others run until it has come again. */
static int wait_for_first(const int *i, void *none, void *extras);
PARALLEL_DECORATE_TASK(wait_for_first, int, void);
static int wait_for_first(const int *i, void *none, void *extras)
{
    (void)none;
    (void)extras;
    if (*i == 0)
        return atomic_fetch_add(&waited, 1) == 0 ? EAGAIN : 0;
    pl_count(&runs);
    pl_test_sleep(200);
    return atomic_load(&waited) < 2 && parallel_for_each_add(wait_for_first, i) != 0 ? errno : 0;
}

START_TEST(runs_others_while_one_waits_for_its_next_attempt)
{
    pl_workers(pl_worker_counts[_i]);
    int items[2] = {0, 1};
    ck_assert_int_eq(parallel_for_each(wait_for_first, items, 2, .retries = 1, .retry_delay = .05), 0);
    ck_assert_int_eq(atomic_load(&waited), 2);
    ck_assert_int_ge(runs_so_far(), 10);
}
END_TEST

static int add_after_a_while(const int *i, void *none, void *extras);
PARALLEL_DECORATE_TASK(add_after_a_while, int, void);
static int add_after_a_while(const int *i, void *none, void *extras)
{
    (void)none;
    (void)extras;
    if (*i == 0)
        return atomic_fetch_add(&waited, 1) == 0 ? EAGAIN : 0;
    if (*i == 1) {
        int next = 2;
        pl_test_sleep(30000); /* by then the caller sleeps, as a rule */
        for (int k = 0; k < 3; k++)
            if (parallel_for_each_add(add_after_a_while, &next) != 0)
                return errno;
    }
    pl_count(&runs);
    return *i < 2 || pl_await(&runs, 4, 60) ? 0 : ETIMEDOUT;
}

START_TEST(wakes_a_caller_that_waits_for_an_attempt)
{
    pl_workers(2);
    int items[2] = {0, 1};
    for (int round = 0; round < 3; round++) {
        double start = pl_seconds();
        atomic_store(&waited, 0);
        atomic_store(&runs, 0);
        ck_assert_int_eq(
            parallel_for_each(add_after_a_while, items, 2, .retries = 1, .retry_delay = .4, .max_workers = 4), 0);
        ck_assert_int_eq(atomic_load(&waited), 2);
        ck_assert_int_eq(runs_so_far(), 4);
        ck_assert_double_lt(pl_seconds() - start, 50);
    }
}
END_TEST

/* ---- time ------------------------------------------------------------------------------------------------ */

static int take_time(const int *ms, void *none, void *extras)
{
    (void)none;
    (void)extras;
    pl_count(&runs);
    return parallel_sleep(*ms * 1e-3) == 0 ? 0 : errno;
}
PARALLEL_DECORATE_TASK(take_time, int, void);

START_TEST(ends_tasks_that_are_late)
{
    pl_workers(pl_worker_counts[_i]);
    int items[6] = {0, 0, 0, 0, 60000, 0};
    ck_assert_int_eq(parallel_for_each(take_time, items, 6, .timeout = .05), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_eq(parallel_last_failure()->state, PARALLEL_TIMED_OUT);
    ck_assert_uint_eq(parallel_last_failure()->index, 4);
    ck_assert_int_eq(*(const int *)parallel_last_failure()->arg, 60000);
    atomic_store(&runs, 0);
    ck_assert_int_eq(parallel_for_each(take_time, items, 6, .timeout = .05, .silent = true, .retries = 1), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_uint_eq(parallel_last_failure()->attempts, 2);
    ck_assert_int_eq(runs_so_far(), 7);
}
END_TEST

START_TEST(ends_when_the_call_is_late)
{
    pl_workers(pl_worker_counts[_i]);
    for (int silent = 0; silent < 2; silent++) {
        long first = 0, never = -1;
        ck_assert_int_eq(parallel_for_each(grow, &first, 1, .extras = &never, .call_timeout = .05, .silent = silent),
                         -1);
        ck_assert_int_eq(errno, ETIMEDOUT);
    }
    int items[2] = {60000, 60000};
    ck_assert_int_eq(parallel_for_each(take_time, items, 2, .call_timeout = .05), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_eq(parallel_last_failure()->state, PARALLEL_TIMED_OUT);
    int one = 0;
    atomic_store(&tries[0], -1000); /* it fails, and its next attempt would be too late */
    ck_assert_int_eq(parallel_for_each(try_again, &one, 1, .retries = 5, .retry_delay = 60, .call_timeout = .05), -1);
    ck_assert_int_eq(errno, EAGAIN);
}
END_TEST

/* ---- cancels --------------------------------------------------------------------------------------------- */

static long never = -1;

static int walk_for_ever(const int *how, int *result, void *extras)
{
    long first = 0;
    (void)extras;
    int got = *how == 0   ? parallel_for_each(grow, &first, 1, .extras = &never)
              : *how == 1 ? parallel_for_each(grow, &first, 1, .extras = &never, .silent = true, .call_timeout = 100)
                          : parallel_for_each(wait_for_first, &(int){0}, 1, .retries = 1, .retry_delay = 100);
    *result = got == -1 ? errno : 0;
    return 0;
}
PARALLEL_DECORATE_TASK(walk_for_ever, int, int);

START_TEST(ends_when_the_task_around_it_is_cancelled)
{
    pl_workers(pl_worker_counts[_i]);
    for (int how = 0; how < 3; how++) {
        atomic_store(&runs, 0);
        atomic_store(&waited, 0);
        parallel_executor *ex = parallel_async_map(walk_for_ever, &how, 1, .silent = true);
        ck_assert_ptr_nonnull(ex);
        ck_assert(pl_await(how == 2 ? &waited : &runs, how == 2 ? 1 : 1000, 60));
        parallel_cancel(ex);
        const parallel_results *r = parallel_executor_results(ex);
        ck_assert_ptr_nonnull(r);
        const int *code = parallel_values(r);
        ck_assert_msg(*code == ECANCELED || (how == 2 && *code == EAGAIN), "how %d: %d", how, *code);
        parallel_executor_free(ex);
    }
}
END_TEST

static int walk_late(const int *unused, int *result, void *extras)
{
    long first = 0;
    (void)unused;
    (void)extras;
    *result = parallel_for_each(grow, &first, 1, .extras = &never) == -1 ? errno : 0;
    return *result;
}
PARALLEL_DECORATE_TASK(walk_late, int, int);

START_TEST(ends_when_the_task_around_it_is_late)
{
    pl_workers(pl_worker_counts[_i]);
    int one = 1, out;
    ck_assert_int_eq(parallel_map_into(walk_late, &one, 1, &out, .timeout = .05), -1);
    ck_assert_int_eq(errno, ETIMEDOUT);
}
END_TEST

static int notice_stop(const int *i, void *none, void *extras)
{
    (void)none;
    (void)extras;
    if (*i == 0) {
        pl_await(&runs, 1, 60);
        return EIO;
    }
    pl_count(&runs);
    while (!parallel_cancelled()) {
    }
    return ECANCELED;
}
PARALLEL_DECORATE_TASK(notice_stop, int, void);

START_TEST(tells_tasks_that_another_has_failed)
{
    pl_workers(2);
    int items[2] = {0, 1};
    for (int timed = 0; timed < 2; timed++) {
        atomic_store(&runs, 0);
        ck_assert_int_eq(parallel_for_each(notice_stop, items, 2, .max_workers = 3, .timeout = timed ? 100 : 0), -1);
        ck_assert_int_eq(errno, EIO);
        ck_assert_uint_eq(parallel_last_failure()->index, 0);
    }
}
END_TEST

/* ---- progress -------------------------------------------------------------------------------------------- */

typedef struct told {
    int calls, wrong;
    size_t done, total;
} told;

static void note_progress(size_t done, size_t total, void *data)
{
    told *t = data;
    t->wrong += done < t->done || done > total || total < t->total;
    t->calls++;
    t->done = done;
    t->total = total;
}

static int slow_tree(const int *depth, void *none, void *extras);
PARALLEL_DECORATE_TASK(slow_tree, int, void);
static int slow_tree(const int *depth, void *none, void *extras)
{
    int next = *depth - 1;
    (void)none;
    (void)extras;
    pl_test_sleep(200);
    for (int k = 0; *depth > 0 && k < 2; k++)
        if (parallel_for_each_add(slow_tree, &next) != 0)
            return errno;
    return 0;
}

START_TEST(tells_how_far_it_is)
{
    pl_workers(pl_worker_counts[_i]);
    told t = {0};
    int depth = 10;
    ck_assert_int_eq(parallel_for_each(slow_tree, &depth, 1, .progress = note_progress, .progress_data = &t), 0);
    ck_assert_int_eq(t.wrong, 0);
    ck_assert_int_ge(t.calls, 2);
    ck_assert_uint_eq(t.done, 2047);
    ck_assert_uint_eq(t.total, 2047);
    t = (told){0};
    ck_assert_int_eq(parallel_for_each(slow_tree, &depth, 0, .progress = note_progress, .progress_data = &t), 0);
    ck_assert_int_eq(t.calls, 1);
    ck_assert_uint_eq(t.total, 0);
    t = (told){0};
    long first = 0, last = 2000;
    ck_assert_int_eq(
        parallel_for_each(grow, &first, 1, .extras = &last, .progress = note_progress, .progress_data = &t), -1);
    ck_assert_int_eq(t.wrong, 0);
    ck_assert_uint_lt(t.done, t.total + 1);
}
END_TEST

/* ---- the rest -------------------------------------------------------------------------------------------- */

static pthread_t caller;
static atomic_int elsewhere;
static int order[8], came;

static int note_order(const int *i, void *none, void *extras)
{
    (void)none;
    (void)extras;
    if (!pthread_equal(pthread_self(), caller))
        pl_count(&elsewhere);
    else
        order[came++] = *i;
    return 0;
}
PARALLEL_DECORATE_TASK(note_order, int, void);

START_TEST(runs_serially)
{
    pl_workers(4);
    caller = pthread_self();
    int items[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    ck_assert_int_eq(parallel_for_each(note_order, items, 8, .executor = PARALLEL_SERIAL), 0);
    ck_assert_int_eq(memcmp(order, items, sizeof items), 0);
    came = 0;
    ck_assert_int_eq(parallel_for_each(note_order, items, 8, .max_workers = 1, .retries = 1), 0);
    ck_assert_int_eq(memcmp(order, items, sizeof items), 0);
    ck_assert_int_eq(atomic_load(&elsewhere), 0);
}
END_TEST

static int with_value(const void *arg, void *result, void *extras)
{
    (void)arg;
    (void)result;
    (void)extras;
    return 0;
}

static int fails_with(int got)
{
    return got == -1 ? errno : 0;
}

START_TEST(refuses_what_is_wrong)
{
    pl_workers(2);
    item one = {0};
    const char *names[] = {"one"};
    parallel_function valued = {.name = "valued", .arg_size = 4, .result_size = 4, .call = with_value},
                      incomplete = {.name = "incomplete", .arg_size = 4}, empty = {.name = "empty", .call = with_value};
    ck_assert_int_eq(fails_with(parallel_for_each(walk, &one, 1, .names = names)), EINVAL);
    ck_assert_int_eq(fails_with(parallel_for_each(walk, &one, 1, .executor = PARALLEL_PROCESS)), ENOTSUP);
    ck_assert_int_eq(fails_with(parallel_for_each(walk, &one, 1, .executor = PARALLEL_MPI)), ENOTSUP);
    ck_assert_int_eq(fails_with(parallel_for_each(walk, &one, 1, .max_workers = -1)), EINVAL);
    ck_assert_int_eq(fails_with(parallel_for_each(walk, &one, 1, .deferred = true)), EINVAL);
    ck_assert_int_eq(fails_with(parallel_for_each(walk, (item *)NULL, 1)), EINVAL);
    ck_assert_int_eq(fails_with(parallel_for_each(walk, &one, SIZE_MAX / 2)), ENOMEM);
    ck_assert_int_eq(fails_with(parallel_for_each_function(NULL, &one, 1, NULL)), EINVAL);
    ck_assert_int_eq(fails_with(parallel_for_each_function(&valued, &one, 1, NULL)), EINVAL);
    ck_assert_int_eq(fails_with(parallel_for_each_function(&incomplete, &one, 1, NULL)), EINVAL);
    ck_assert_int_eq(fails_with(parallel_for_each_function(&empty, &one, 1, NULL)), EINVAL);
    ck_assert_int_eq(runs_so_far(), 0);
    ck_assert_ptr_null(parallel_last_failure());
    ck_assert_int_eq(parallel_for_each(walk, (item *)NULL, 0), 0);
    ck_assert_int_eq(fails_with(parallel_for_each(walk, (item *)NULL, 0, .names = names)), EINVAL);
}
END_TEST

START_TEST(runs_on_pools)
{
    pl_workers(2);
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(3);
    item root = {.depth = 12};
    for (int round = 0; round < 3; round++) {
        atomic_store(&runs, 0);
        ck_assert_int_eq(parallel_for_each(walk, &root, 1, .pool = pool, .grain = round), 0);
        ck_assert_int_eq(runs_so_far(), 8191);
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, tells_which_item_failed, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, goes_on_if_silent, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, ends_at_the_first_failure, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, copies_large_items_that_fail);
    tcase_add_test(c, keeps_messages_apart);
    tcase_add_loop_test(c, tries_again, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, runs_others_while_one_waits_for_its_next_attempt, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, wakes_a_caller_that_waits_for_an_attempt);
    tcase_add_loop_test(c, ends_tasks_that_are_late, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, ends_when_the_call_is_late, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, ends_when_the_task_around_it_is_cancelled, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, ends_when_the_task_around_it_is_late, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, tells_tasks_that_another_has_failed);
    tcase_add_loop_test(c, tells_how_far_it_is, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, runs_serially);
    tcase_add_test(c, refuses_what_is_wrong);
    tcase_add_test(c, runs_on_pools);
    return pl_run("for_each, options", c);
}
