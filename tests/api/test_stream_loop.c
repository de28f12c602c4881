/* SPDX-License-Identifier: MIT */
/* parallel_stream_map() as the program compiles it, beside the library's own, which calls all three by pointer: what
 * sink gets, and what the call returns, is the same, whatever goes wrong, and where. */
#include <errno.h>
#include <parallel.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "support/process.h"
#include "support/sanitizers.h"

enum { ITEMS = 700, MOST_TOGETHER = 64, MOST_TEXT = 1 << 18, NEVER = -1 };

/* What goes wrong at which item. */
typedef struct plan {
    int items, source_code;
    int fails, says, sink_stops, cancels;
    bool silent;
} plan;

static plan now;
static parallel_executor *outer; /* the call that the stream is made in */

/* What has happened, as a text. */
static struct {
    char text[MOST_TEXT];
    size_t length;
    int given;
} said;

static void note(const char *what, long a, long b)
{
    int n = snprintf(said.text + said.length, MOST_TEXT - said.length, "%s %ld %ld\n", what, a, b);
    said.length += n > 0 && said.length + (size_t)n < MOST_TEXT ? (size_t)n : 0;
}

/* ---- functions of all kinds ---------------------------------------------------------------------------------- */

typedef struct wide {
    int at;
    char rest[2000];
} wide;

static long value(int x)
{
    return x * 3L + 1;
}
PARALLEL_DECORATE(value, int, long);

static const char *of_const(int const x)
{
    return x % 2 ? "odd" : "even";
}
PARALLEL_DECORATE(of_const, int const, const char *);

static void effect(int x)
{
    note("effect", x, (long)parallel_worker_index());
}
PARALLEL_DECORATE(effect, int, void);

static wide widen(int x)
{
    return (wide){.at = x};
}
PARALLEL_DECORATE(widen, int, wide);

static long narrow(wide w)
{
    return w.at;
}
PARALLEL_DECORATE(narrow, wide, long);

/* What an item that can fail does: one says something and goes well, another fails without a word. */
static int do_item(int x)
{
    if (x == now.says)
        parallel_fail_final(EIO, "item %d says so", x);
    if (x == now.cancels && parallel_cancelled())
        note("cancelled", x, 0);
    return x == now.fails ? EILSEQ : 0;
}

static int try_item(const int *x, long *result, void *extras)
{
    if (*result)
        note("not zero", *x, *result);
    *result = *x + *(const int *)extras;
    return do_item(*x);
}
PARALLEL_DECORATE_TASK(try_item, int, long);

static int try_effect(const int *x, void *none, void *extras)
{
    note("effect", *x, *(const int *)extras + (none != NULL));
    return do_item(*x);
}
PARALLEL_DECORATE_TASK(try_effect, int, void);

static int try_wide(const wide *x, wide *result, void *extras)
{
    result->at = x->at + *(const int *)extras;
    return do_item(x->at);
}
PARALLEL_DECORATE_TASK(try_wide, wide, wide);

static int split(const int *x, size_t n, long *results, void *extras)
{
    for (size_t i = 0; i < n; i++)
        results[i] = x[i] + *(const int *)extras;
    return n == 1 ? do_item(*x) : EINVAL;
}
PARALLEL_DECORATE_SPLIT(split, int, long);

/* ---- ends ---------------------------------------------------------------------------------------------------- */

/* All arguments begin with an int. */
static int next_item(void *arg, void *data)
{
    const plan *p = data;
    int x;
    memcpy(&x, arg, sizeof x);
    if (x)
        note("argument not zero", said.given, x);
    if (said.given == p->cancels)
        parallel_cancel(outer);
    if (said.given == p->items)
        return -p->source_code;
    memcpy(arg, &said.given, sizeof x);
    said.given++;
    return 1;
}

/* Of all results that are numbers, or begin with one, that is noted. */
static int take_item(const parallel_item *item, void *data)
{
    const plan *p = data;
    int x, result = 0;
    memcpy(&x, item->arg, sizeof x);
    if (item->result)
        memcpy(&result, item->result, sizeof result);
    note("item", (long)item->index, x);
    note(item->result ? "result" : "none", result, (long)item->index);
    if (item->failure) {
        note(item->failure->message, item->failure->state, item->failure->code);
        note("failure", (long)item->failure->index, item->failure->arg == item->arg);
        note("attempts", (long)item->failure->attempts, 0);
    }
    parallel_fail(EBADF, "sink is no task");
    return x == p->sink_stops ? EFBIG : 0;
}

/* Words are noted by what they say, as where they are differs. */
static int take_word(const parallel_item *item, void *data)
{
    (void)data;
    note(*(const char *const *)item->result, (long)item->index, *(const int *)item->arg);
    return 0;
}

/* ---- both ways ----------------------------------------------------------------------------------------------- */

typedef enum kind { VALUE, CONST, EFFECT, WIDE_RESULT, WIDE_ARG, TRY, TRY_EFFECT, TRY_WIDE, SPLIT, KINDS } kind;

#define BOTH(fn, sink)                                                                                                 \
    (compiled ? parallel_stream_map(fn, next_item, sink, &now, .max_workers = 1, .silent = now.silent,                 \
                                    .extras = &extra, .extras_size = sizeof extra)                                     \
              : parallel_stream_map_function(&fn##__parallel, next_item, sink, &now, &options))

static int run_kind(kind k, bool compiled)
{
    static int extra = 100;
    parallel_options options = {
        .size = sizeof options, .max_workers = 1, .silent = now.silent, .extras = &extra, .extras_size = sizeof extra};
    switch (k) {
    case VALUE:
        return BOTH(value, take_item);
    case CONST:
        return BOTH(of_const, take_word);
    case EFFECT:
        return BOTH(effect, take_item);
    case WIDE_RESULT:
        return BOTH(widen, take_item);
    case WIDE_ARG:
        return BOTH(narrow, take_item);
    case TRY:
        return BOTH(try_item, take_item);
    case TRY_EFFECT:
        return BOTH(try_effect, take_item);
    case TRY_WIDE:
        return BOTH(try_wide, take_item);
    default:
        return BOTH(split, take_item);
    }
}

static void run_and_note(kind k, bool compiled)
{
    said.length = 0;
    said.given = 0;
    errno = 0;
    int result = run_kind(k, compiled), code = errno;
    note("returns", result, result ? code : 0);
    const parallel_failure *last = parallel_last_failure();
    if (last) {
        note(last->message, (long)last->index, last->code);
        note("of", *(const int *)last->arg, last->state);
    }
    note(result ? parallel_error() : "", said.given, 0);
}

/* One plan: what the library does is what is expected. */
static void compare(kind k)
{
    static char expected[MOST_TEXT];
    run_and_note(k, false);
    memcpy(expected, said.text, sizeof expected);
    run_and_note(k, true);
    if (strcmp(said.text, expected) == 0)
        return;
    size_t at = 0;
    while (said.text[at] == expected[at])
        at++;
    at = at > 40 ? at - 40 : 0;
    ck_abort_msg("kind %d, fails %d, says %d, sink %d: \"%.100s\" in place of \"%.100s\"", k, now.fails, now.says,
                 now.sink_stops, said.text + at, expected + at);
}

/* Where groups of items begin and end, and in the middle. */
static const int places[] = {0, 1, 15, 16, 17, 47, 48, 300, ITEMS - 1};
enum { PLACES = sizeof places / sizeof places[0] };

static void all_goes_well(void)
{
    now = (plan){.items = ITEMS, .fails = NEVER, .says = NEVER, .sink_stops = NEVER, .cancels = NEVER};
}

START_TEST(what_sink_gets)
{
    pl_workers(1);
    for (int i = 0; i < PLACES; i++) {
        all_goes_well();
        now.items = places[i];
        compare((kind)_i);
        now.source_code = EIO;
        compare((kind)_i);
        all_goes_well();
        now.sink_stops = places[i];
        compare((kind)_i);
    }
}
END_TEST

START_TEST(items_that_fail)
{
    pl_workers(1);
    for (int i = 0; i < 2 * PLACES; i++) {
        all_goes_well();
        now.silent = i % 2;
        now.fails = places[i / 2];
        compare((kind)_i);
        now.says = now.fails;
        compare((kind)_i);
        /* that message, and that it is final, are not those of an item that fails later on */
        now.says = now.fails - 1;
        compare((kind)_i);
        now.says = now.fails > 20 ? now.fails - 20 : 0;
        compare((kind)_i);
    }
}
END_TEST

/* ---- cancelled ------------------------------------------------------------------------------------------------ */

/* By source, between two items: that is seen when the group has ended, and by tasks that ask. */
static int stream_of_kind(const int *k, void *none, void *compiled)
{
    (void)none;
    run_and_note((kind)*k, *(const bool *)compiled);
    return 0;
}
PARALLEL_DECORATE_TASK(stream_of_kind, int, void);

static void run_cancelled(kind k, bool compiled)
{
    int arg = (int)k;
    outer = parallel_async_map(stream_of_kind, &arg, 1, .deferred = true, .max_workers = 1, .extras = &compiled,
                               .extras_size = sizeof compiled);
    ck_assert_ptr_nonnull(outer);
    parallel_executor_start(outer);
    parallel_executor_wait(outer, -1);
    parallel_executor_free(outer);
    outer = NULL;
}

START_TEST(cancelled_by_source)
{
    pl_workers(1);
    for (int i = 0; i < 2 * PLACES; i++) {
        all_goes_well();
        now.cancels = places[i / 2];
        run_cancelled((kind)_i, i % 2);
        int most = now.cancels + MOST_TOGETHER;
        ck_assert_msg(said.given <= most, "%d given, cancelled before %d", said.given, now.cancels);
        ck_assert(most >= ITEMS || strstr(said.text, "\nreturns -1 "));
        ck_assert(!strstr(said.text, "not zero"));
        ck_assert(_i < TRY || most >= ITEMS || strstr(said.text, "cancelled"));
    }
}
END_TEST

/* ---- help ----------------------------------------------------------------------------------------------------- */

static long sometimes_slow(int x)
{
    for (volatile int i = 0; x % 1000 > 500 && i < 3000; i++) {
    }
    return x * 3L + 1;
}
PARALLEL_DECORATE(sometimes_slow, int, long);

typedef struct count {
    int given, taken;
    bool wrong;
} count;

static int next_number(int *x, void *data)
{
    count *c = data;
    *x = c->given;
    return c->given++ < 20000;
}

static int take_number(const parallel_item *item, void *data)
{
    count *c = data;
    if ((size_t)c->taken != item->index || *(const int *)item->arg != c->taken ||
        *(const long *)item->result != c->taken * 3L + 1)
        c->wrong = true;
    c->taken++;
    return 0;
}

/* Cheap items are the program's own to run, dear ones the library's, and cheap ones again. */
START_TEST(from_one_to_the_other)
{
    pl_workers(pl_worker_counts[_i]);
    for (int i = 0; i < 5; i++) {
        count c = {0};
        ck_assert_int_eq(parallel_stream_map(sometimes_slow, next_number, take_number, &c), 0);
        ck_assert_int_eq(c.taken, 20000);
        ck_assert(!c.wrong);
    }
}
END_TEST

static int drop_item(const parallel_item *item, void *data)
{
    (void)item;
    (void)data;
    return 0;
}

static void run_short_stream(void)
{
    count c = {.given = 19990};
    ck_assert_int_eq(parallel_stream_map(value, next_number, drop_item, &c), 0);
    ck_assert_int_eq(c.given, 20001);
}

/* A stream in the source of a stream. */
static int next_of_streams(int *x, void *data)
{
    run_short_stream();
    return next_number(x, data);
}

static int take_none(const parallel_item *item, void *data)
{
    (void)item;
    (void)data;
    run_short_stream();
    return 0;
}

START_TEST(a_stream_in_a_stream)
{
    pl_workers(1);
    all_goes_well();
    count c = {.given = 19900};
    ck_assert_int_eq(parallel_stream_map(value, next_of_streams, take_none, &c), 0);
    ck_assert_int_eq(c.given, 20001);
}
END_TEST

/* ---- a thread that ends --------------------------------------------------------------------------------------- */

static int who_leaves;

static int source_leaves(int *x, void *data)
{
    if (who_leaves == 0 && *(int *)data == 30)
        pthread_exit(NULL);
    *x = (*(int *)data)++;
    return *x < 100;
}

static long leaves(int x)
{
    if (who_leaves == 1 && x == 30)
        pthread_exit(NULL);
    return x;
}
PARALLEL_DECORATE(leaves, int, long);

static int sink_leaves(const parallel_item *item, void *data)
{
    (void)data;
    if (who_leaves == 2 && item->index == 30)
        pthread_exit(NULL);
    return 0;
}

static void *stream_that_ends(void *unused)
{
    int given = 0;
    parallel_stream_map(leaves, source_leaves, sink_leaves, &given, .max_workers = 1);
    return unused;
}

/* It ends the program, as it does where the library calls them. */
START_TEST(a_thread_that_ends)
{
    if (PL_SANITIZED || !pl_threads_after_fork())
        return;
    for (who_leaves = 0; who_leaves < 4; who_leaves++) {
        pid_t child = fork();
        if (child == 0) {
            struct rlimit none = {0, 0};
            pthread_t thread;
            setrlimit(RLIMIT_CORE, &none);
            if (pthread_create(&thread, NULL, stream_that_ends, NULL) == 0)
                pthread_join(thread, NULL);
            _exit(3);
        }
        int status;
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        if (who_leaves < 3)
            ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "status %d", status);
        else
            ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 3);
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, what_sink_gets, 0, KINDS);
    tcase_add_loop_test(c, items_that_fail, TRY, KINDS);
    tcase_add_loop_test(c, cancelled_by_source, 0, KINDS);
    tcase_add_loop_test(c, from_one_to_the_other, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, a_stream_in_a_stream);
#ifdef __GLIBC__
    tcase_add_test(c, a_thread_that_ends);
#endif
    return pl_run("api/stream_loop", c);
}
