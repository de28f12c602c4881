/* SPDX-License-Identifier: MIT */
/* parallel_stream_map(): order, the window, every item exactly once, however it ends. */
#include <errno.h>
#include <parallel.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/test.h"

enum { NEVER = 1 << 30 };

/* What a stream is to do, and what it did. */
typedef struct ends {
    int count;       /* items */
    int source_code; /* in place of the end */
    int refused;     /* the item for which sink returns a code */
    int delay_us;    /* of source, before each item */
    atomic_int given, returned, at_source, at_sink, most;
    atomic_bool overlapped, disordered, bad;
    int failed, not_run, codes;
    bool is_unordered;
    bool blocks; /* source, now and then, until sink has had all */
    unsigned char seen[200000];
    atomic_int running;
} ends;

static ends *e; /* the test's */

/* What an item is to do. */
static struct {
    int fails, fails_too; /* items that do */
    int slow;             /* an item that takes so long that others overtake it */
    int slow_us, all_us;
    int rounds;
    atomic_int tried, started, cancelled;
    int well_at; /* the attempt that goes well */
} task;

static int run(const int *arg, long *result, void *extras)
{
    (void)extras;
    int i = *arg;
    if (*result != 0)
        e->bad = true;
    task.started++;
    if (i == task.slow) {
        pl_test_sleep(task.slow_us);
        if (parallel_cancelled())
            task.cancelled++;
    } else if (task.all_us)
        pl_test_sleep(task.all_us);
    for (volatile int k = 0; k < task.rounds; k++) {
    }
    *result = 3L * i + 1;
    if (i == task.fails || i == task.fails_too) {
        if (++task.tried >= task.well_at && task.well_at)
            return 0;
        return parallel_fail(EILSEQ, "item %d", i);
    }
    return 0;
}
PARALLEL_DECORATE_TASK(run, int, long);

static int next_item(int *arg, void *data)
{
    ends *x = data;
    if (x->at_source++)
        x->overlapped = true;
    if (*arg != 0)
        x->bad = true;
    if (x->delay_us)
        pl_test_sleep(x->delay_us);
    while (x->blocks && x->given % 7 == 6 && x->returned < x->given)
        pl_test_sleep(50);
    int i = x->given, code = i < x->count ? 1 : -x->source_code;
    if (code > 0) {
        *arg = i;
        x->given++;
        int between = x->given - x->returned;
        if (between > x->most)
            x->most = between;
    }
    x->at_source--;
    return code;
}

static int take_item(const parallel_item *item, void *data)
{
    ends *x = data;
    int i = *(const int *)item->arg, expected = x->returned;
    if (x->at_sink++)
        x->overlapped = true;
    if ((size_t)i != item->index || (!x->is_unordered && i != expected))
        x->disordered = true;
    x->seen[i]++;
    if (item->failure) {
        x->failed++;
        x->not_run += item->failure->state == PARALLEL_NOT_RUN;
        if (item->result || item->failure->index != item->index || item->failure->arg != item->arg ||
            !item->failure->message)
            x->bad = true;
        /* those before the first that fails come well */
        if (!x->is_unordered && task.fails >= 0 && !task.well_at && i < task.fails)
            x->bad = true;
    } else if (*(const long *)item->result != 3L * i + 1)
        x->bad = true;
    x->at_sink--;
    x->returned++;
    return i == x->refused || (x->codes && x->returned > x->refused) ? x->codes ? x->codes++ : EFBIG : 0;
}

static void begin(int count)
{
    free(e);
    e = calloc(1, sizeof *e);
    e->count = count;
    e->refused = NEVER;
    memset(&task, 0, sizeof task);
    task.fails = task.fails_too = task.slow = -1;
}

/* What holds of every stream: each item that source gave has reached sink once. */
static void check_ends(void)
{
    ck_assert(!e->overlapped && !e->disordered && !e->bad);
    ck_assert_int_eq(e->given, e->returned);
    for (int i = 0; i < e->given; i++)
        ck_assert_msg(e->seen[i] == 1, "item %d came %d times", i, e->seen[i]);
}

/* ---- order, window ------------------------------------------------------------------------------------------ */

static const size_t windows[] = {0, 1, 2, 3, 7, 64, 5000};
enum { WINDOWS = sizeof windows / sizeof windows[0] };

START_TEST(all_come_in_order)
{
    pl_workers(pl_worker_counts[_i]);
    for (int w = 0; w < WINDOWS; w++)
        for (int rounds = 0; rounds <= 2000; rounds = rounds * 10 + 2) {
            begin(3000);
            task.rounds = rounds;
            ck_assert_int_eq(parallel_stream_map(run, next_item, take_item, e, .window = windows[w]), 0);
            ck_assert_int_eq(e->given, 3000);
            check_ends();
            ck_assert(e->failed == 0 && (!windows[w] || e->most <= (int)windows[w]) && e->most <= 5000);
        }
}
END_TEST

START_TEST(ways_to_run)
{
    pl_workers(2);
    PARALLEL_SCOPED parallel_pool *pool = parallel_pool_new(3);
    begin(500);
    ck_assert_int_eq(parallel_stream_map(run, next_item, take_item, e, .executor = PARALLEL_SERIAL), 0);
    check_ends();
    ck_assert_int_eq(e->most, 1);
    begin(500);
    ck_assert_int_eq(parallel_stream_map(run, next_item, take_item, e, .pool = pool), 0);
    check_ends();
    begin(200);
    task.all_us = 100;
    ck_assert_int_eq(parallel_stream_map(run, next_item, take_item, e, .max_workers = 8, .window = 3), 0);
    check_ends();
    ck_assert(e->most <= 3);
    begin(0);
    ck_assert_int_eq(parallel_stream_map(run, next_item, take_item, e), 0);
    check_ends();
}
END_TEST

START_TEST(unordered_come_as_they_end)
{
    pl_workers(2);
    begin(2000);
    e->is_unordered = true;
    task.slow = 0;
    task.slow_us = 20000;
    task.all_us = 10;
    ck_assert_int_eq(
        parallel_stream_map(run, next_item, take_item, e, .unordered = true, .window = 8, .max_workers = 4), 0);
    check_ends();
    ck_assert(e->most <= 8 && e->given == 2000);
}
END_TEST

/* Items that are there do not wait for a source that blocks: this one does so, now and then, until sink has had all. */
START_TEST(nothing_waits_for_source)
{
    pl_workers(pl_worker_counts[_i]);
    for (int rounds = 0; rounds < 30000; rounds = rounds * 30 + 30) {
        begin(1000);
        e->blocks = true;
        task.rounds = rounds;
        ck_assert_int_eq(parallel_stream_map(run, next_item, take_item, e), 0);
        check_ends();
    }
}
END_TEST

/* Where there are more workers than cores, items may wait for each other, also behind many that were cheap: each of six
 * for the others. */
enum { CHEAP = 2000, TOGETHER = 6, MEETINGS = 5, ROUNDS = 50 };
static atomic_int come[MEETINGS];

static int meet(const int *arg, long *result, void *extras)
{
    (void)extras;
    int meeting = (*arg - CHEAP) / TOGETHER;
    if (*arg >= CHEAP)
        for (come[meeting]++; come[meeting] < TOGETHER;)
            pl_test_sleep(100);
    *result = 3L * *arg + 1;
    return 0;
}
PARALLEL_DECORATE_TASK(meet, int, long);

START_TEST(items_that_wait_for_each_other)
{
    pl_workers(2);
    for (int round = 0; _i == 0 && round < ROUNDS; round++) {
        begin(CHEAP + TOGETHER * MEETINGS);
        for (int k = 0; k < MEETINGS; k++)
            come[k] = 0;
        ck_assert_int_eq(parallel_stream_map(meet, next_item, take_item, e, .max_workers = TOGETHER), 0);
        check_ends();
    }
    if (_i == 0)
        return;
    begin(CHEAP + TOGETHER * MEETINGS);
    PARALLEL_SCOPED parallel_stream *s = parallel_stream_open(meet, .max_workers = TOGETHER);
    parallel_item item;
    for (int given = 0, taken = 0; taken < e->count; taken++) {
        for (; given < e->count && parallel_stream_put(s, &given) == 0; given++) {
        }
        ck_assert_int_eq(parallel_stream_next(s, &item, 1000), 1);
        ck_assert_int_eq(*(const long *)item.result, 3L * taken + 1);
    }
}
END_TEST

/* ---- failures ----------------------------------------------------------------------------------------------- */

START_TEST(a_failure_stops)
{
    pl_workers(pl_worker_counts[_i]);
    for (int at = 0; at < 300; at += 37) {
        begin(10000);
        task.fails = at;
        task.fails_too = at + 3;
        task.rounds = 300;
        task.slow = at > 5 ? at - 5 : -1;
        task.slow_us = 300;
        errno = 0;
        ck_assert_int_eq(parallel_stream_map(run, next_item, take_item, e, .window = 64), -1);
        ck_assert_int_eq(errno, EILSEQ);
        const parallel_failure *f = parallel_last_failure();
        ck_assert(f && f->index == (size_t)at && f->state == PARALLEL_ERROR && *(const int *)f->arg == at);
        char text[20];
        snprintf(text, sizeof text, "item %d", at);
        ck_assert_str_eq(f->message, text);
        check_ends();
        ck_assert(e->given < 10000 && e->failed >= 1 && e->given <= at + 65);
        ck_assert_int_eq(task.started, e->given - e->not_run);
    }
}
END_TEST

START_TEST(silent_goes_on)
{
    pl_workers(2);
    begin(1000);
    task.fails = 10;
    task.fails_too = 500;
    ck_assert_int_eq(parallel_stream_map(run, next_item, take_item, e, .silent = true), 0);
    check_ends();
    ck_assert(e->given == 1000 && e->failed == 2 && e->not_run == 0);
}
END_TEST

START_TEST(codes_of_the_ends)
{
    pl_workers(pl_worker_counts[_i]);
    begin(100);
    e->source_code = ENODATA;
    ck_assert(parallel_stream_map(run, next_item, take_item, e) == -1 && errno == ENODATA && !parallel_last_failure());
    check_ends();
    ck_assert(e->given == 100 && e->failed == 0);
    for (int rounds = 0; rounds < 3000; rounds = rounds * 4 + 10) {
        begin(10000);
        e->refused = 70;
        e->codes = 1000; /* further ones are others */
        task.rounds = rounds;
        ck_assert(parallel_stream_map(run, next_item, take_item, e, .window = 32) == -1 && errno == 1000);
        ck_assert(!parallel_last_failure());
        check_ends();
        ck_assert(e->given < 10000);
    }
}
END_TEST

START_TEST(retries_and_times)
{
    pl_workers(2);
    begin(50);
    task.fails = 20;
    task.well_at = 3;
    ck_assert_int_eq(parallel_stream_map(run, next_item, take_item, e, .retries = 2, .retry_delay = 0.001), 0);
    check_ends();
    ck_assert(task.tried == 3 && e->failed == 0);
    begin(50);
    task.fails = 20;
    ck_assert(parallel_stream_map(run, next_item, take_item, e, .retries = 2) == -1 && errno == EILSEQ);
    ck_assert(parallel_last_failure()->attempts == 3);
    check_ends();
    begin(50);
    task.slow = 20;
    task.slow_us = 60000;
    ck_assert(parallel_stream_map(run, next_item, take_item, e, .timeout = 0.03) == -1 && errno == ETIMEDOUT);
    ck_assert(parallel_last_failure()->index == 20 && parallel_last_failure()->state == PARALLEL_TIMED_OUT);
    ck_assert_int_eq(task.cancelled, 1);
    check_ends();
    begin(100000);
    e->delay_us = 1000;
    ck_assert(parallel_stream_map(run, next_item, take_item, e, .call_timeout = 0.05) == -1 && errno == ETIMEDOUT);
    check_ends();
    ck_assert(e->given < 100000);
}
END_TEST

/* A program that fails to write: the error of a full disk. */
static int write_item(const parallel_item *item, void *data)
{
    ends *x = data;
    static char block[4096];
    (void)item;
    x->returned++;
    return write(x->failed, block, sizeof block) == (ssize_t)sizeof block ? 0 : errno;
}

START_TEST(a_file_that_does_not_grow)
{
    pl_workers(2);
    begin(10000);
    FILE *file = tmpfile();
    ck_assert(file);
    struct rlimit limit = {65536, 65536};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    e->failed = fileno(file);
    ck_assert(parallel_stream_map(run, next_item, write_item, e) == -1 && errno == EFBIG);
    ck_assert(e->given == e->returned && e->given < 10000);
}
END_TEST

START_TEST(what_is_wrong)
{
    pl_workers(2);
    begin(10);
    const char *names[10] = {"a", "b"};
    int (*no_source)(int *, void *) = NULL;
    ck_assert(parallel_stream_map(run, no_source, take_item, e) == -1 && errno == EINVAL);
    ck_assert(parallel_stream_map(run, next_item, NULL, e) == -1 && errno == EINVAL);
    ck_assert(parallel_stream_map(run, next_item, take_item, e, .names = names) == -1 && errno == EINVAL);
    ck_assert(parallel_stream_map(run, next_item, take_item, e, .deferred = true) == -1 && errno == EINVAL);
    ck_assert(parallel_stream_map(run, next_item, take_item, e, .max_workers = -1) == -1 && errno == EINVAL);
    ck_assert(parallel_stream_map(run, next_item, take_item, e, .window = SIZE_MAX) == -1 && errno == ENOMEM);
    ck_assert(parallel_stream_map(run, next_item, take_item, e, .window = SIZE_MAX / 64) == -1 && errno == ENOMEM);
    ck_assert_int_eq(e->given, 0);
}
END_TEST

/* ---- nesting ------------------------------------------------------------------------------------------------ */

typedef struct small {
    int next, count;
    long sum;
} small;

static int next_small(int *arg, void *data)
{
    small *s = data;
    *arg = s->next;
    return s->next++ < s->count;
}

static int add_small(const parallel_item *item, void *data)
{
    small *s = data;
    s->sum += *(const long *)item->result;
    return 0;
}

static long square(int x)
{
    for (volatile int k = 0; k < 500; k++) {
    }
    return (long)x * x;
}
PARALLEL_DECORATE(square, int, long);

static int sum_squares(const int *n, long *sum, void *extras)
{
    (void)extras;
    small s = {0, *n, 0};
    int code = parallel_stream_map(square, next_small, add_small, &s, .window = 5);
    *sum = s.sum;
    return code ? errno : 0;
}
PARALLEL_DECORATE_TASK(sum_squares, int, long);

static int check_sum(const parallel_item *item, void *data)
{
    long n = *(const int *)item->arg, sum = item->failure ? -1 : *(const long *)item->result;
    small *s = data;
    s->sum += sum == (n - 1) * n * (2 * n - 1) / 6;
    return 0;
}

START_TEST(streams_in_tasks_of_streams)
{
    pl_workers(pl_worker_counts[_i]);
    small s = {0, 200, 0};
    ck_assert_int_eq(parallel_stream_map(sum_squares, next_small, check_sum, &s), 0);
    ck_assert_int_eq(s.sum, 200);
}
END_TEST

/* A call that waits for the stream is cancelled: no more is begun, and what source gave comes. */
static int run_in_task(const int *arg, int *code, void *extras)
{
    (void)arg;
    (void)extras;
    *code = parallel_stream_map(run, next_item, take_item, e) == 0 ? 0 : errno;
    return 0;
}
PARALLEL_DECORATE_TASK(run_in_task, int, int);

START_TEST(cancelled_with_the_call_around_it)
{
    pl_workers(pl_worker_counts[_i]);
    begin(100000);
    e->delay_us = 50;
    PARALLEL_SCOPED parallel_executor *ex = parallel_async(run_in_task, 1);
    while (e->returned < 50)
        pl_test_sleep(100);
    ck_assert_int_eq(parallel_cancel(ex), 0);
    const int *code = parallel_executor_result(ex);
    ck_assert(code && *code == ECANCELED);
    check_ends();
    ck_assert_int_lt(e->given, 100000);
    ck_assert_int_eq(task.started, e->given - e->not_run);
}
END_TEST

static void *run_stream(void *ok)
{
    for (int k = 0; k < 20; k++) {
        small s = {0, 100, 0};
        if (parallel_stream_map(square, next_small, add_small, &s, .window = 1 + (size_t)k) == 0 && s.sum == 328350)
            ++*(int *)ok;
    }
    return NULL;
}

START_TEST(a_hundred_at_once)
{
    enum { THREADS = 100 };
    pl_workers(2);
    static int ok[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_stream, &ok[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(ok[i], 20);
    }
}
END_TEST

/* ---- progress ----------------------------------------------------------------------------------------------- */

static size_t last_done, calls;
static bool told_wrong;

static void tell(size_t done, size_t total, void *data)
{
    (void)data;
    told_wrong |= done < last_done || total != 0;
    last_done = done;
    calls++;
}

START_TEST(progress_counts_what_sink_has_had)
{
    pl_workers(2);
    begin(300);
    task.all_us = 1000;
    ck_assert_int_eq(parallel_stream_map(run, next_item, take_item, e, .progress = tell), 0);
    ck_assert(last_done == 300 && calls >= 2 && !told_wrong);
}
END_TEST

/* ---- large and small items ---------------------------------------------------------------------------------- */

typedef struct wide {
    _Alignas(128) unsigned char bytes[4096];
} wide;

static int fill_wide(wide *w, void *data)
{
    int *i = data;
    if ((uintptr_t)w % 128)
        return -EINVAL;
    memset(w->bytes, *i & 255, sizeof w->bytes);
    return (*i)++ < 1000;
}

static int last_byte(const wide *w, unsigned char *last, void *extras)
{
    (void)extras;
    *last = w->bytes[sizeof w->bytes - 1];
    return 0;
}
PARALLEL_DECORATE_TASK(last_byte, wide, unsigned char);

static int check_byte(const parallel_item *item, void *data)
{
    (void)data;
    return *(const unsigned char *)item->result == (item->index & 255) ? 0 : ERANGE;
}

static void drop(char c)
{
    (void)c;
}
PARALLEL_DECORATE(drop, char, void);

static int next_char(char *c, void *data)
{
    int *i = data;
    *c = 'x';
    return (*i)++ < 1000;
}

static int check_none(const parallel_item *item, void *data)
{
    (void)data;
    return item->result || item->failure || *(const char *)item->arg != 'x' ? ERANGE : 0;
}

START_TEST(items_of_all_kinds)
{
    pl_workers(2);
    for (int workers = 1; workers <= 4; workers++) {
        int i = 0;
        ck_assert_int_eq(parallel_stream_map(last_byte, fill_wide, check_byte, &i, .max_workers = workers), 0);
        i = 0;
        ck_assert_int_eq(parallel_stream_map(drop, next_char, check_none, &i, .max_workers = workers), 0);
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, all_come_in_order, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, ways_to_run);
    tcase_add_test(c, unordered_come_as_they_end);
    tcase_add_loop_test(c, nothing_waits_for_source, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, items_that_wait_for_each_other, 0, 2);
    tcase_add_loop_test(c, a_failure_stops, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, silent_goes_on);
    tcase_add_loop_test(c, codes_of_the_ends, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, retries_and_times);
    tcase_add_test(c, a_file_that_does_not_grow);
    tcase_add_test(c, what_is_wrong);
    tcase_add_loop_test(c, streams_in_tasks_of_streams, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, cancelled_with_the_call_around_it, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, a_hundred_at_once);
    tcase_add_test(c, progress_counts_what_sink_has_had);
    tcase_add_test(c, items_of_all_kinds);
    return pl_run("streams", c);
}
