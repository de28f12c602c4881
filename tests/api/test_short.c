/* SPDX-License-Identifier: MIT */
/* Short calls, call after call: at once, handed over, shared; whichever it is, the results are the serial loop's. */
#include <errno.h>
#include <parallel.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/test.h"
#include "support/workers.h"

enum { MOST = 20000, REFUSED = 33 };

/* An item whose low bits say how long it takes. */
static uint32_t turn(uint32_t x)
{
    uint32_t y = x | 1;
    for (uint32_t turns = x & 0xffff; turns; turns--) {
        y ^= y << 13;
        y ^= y >> 17;
        y ^= y << 5;
    }
    return y;
}
PARALLEL_DECORATE(turn, uint32_t, uint32_t);

static int turn_or_fail(const uint32_t *x, uint32_t *y, void *extras)
{
    (void)extras;
    *y = turn(*x);
    return *x >> 31 ? parallel_fail(REFUSED, "%u is too much", *x) : 0;
}
PARALLEL_DECORATE_TASK(turn_or_fail, uint32_t, uint32_t);

struct vectors {
    const uint32_t *in;
    uint32_t *out;
};

static void turns(size_t begin, size_t end, void *ctx)
{
    const struct vectors *v = ctx;
    for (size_t i = begin; i < end; i++)
        v->out[i] = turn(v->in[i]);
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* One call, in whichever way; how many of its results are wrong. */
static size_t wrong_results(int way, const uint32_t *in, const uint32_t *expected, size_t n, uint32_t *out)
{
    memset(out, 0xff, n * sizeof *out);
    struct vectors v = {in, out};
    PARALLEL_SCOPED parallel_results *r = NULL;
    switch (way) {
    case 0:
        if (parallel_map_into(turn, in, n, out) != 0)
            return n;
        break;
    case 1:
        if (parallel_for(n, turns, &v) != 0)
            return n;
        break;
    case 2:
        if (parallel_map_into(turn_or_fail, in, n, out) != 0)
            return n;
        break;
    default:
        r = parallel_map(turn, in, n);
        if (!r)
            return n;
        memcpy(out, parallel_values(r), n * sizeof *out);
    }
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++)
        wrong += out[i] != expected[i];
    return wrong;
}

/* Many calls of random length, each length a few times in a row, while the cost of an item jumps. */
static size_t make_calls(uint32_t seed, int calls)
{
    uint32_t *in = malloc(MOST * sizeof *in), *out = malloc(MOST * sizeof *out), *expected = malloc(MOST * sizeof *out);
    size_t wrong = 0;
    for (int k = 0; k < calls; k++) {
        uint32_t cost = 1u << next_random(&seed) % 14, n = 1 + next_random(&seed) % (1u << next_random(&seed) % 15);
        n = n < 4000000 / cost ? n : 1 + n % 200;
        for (uint32_t i = 0; i < n; i++) {
            in[i] = i << 16 | (next_random(&seed) % cost & 0xffff);
            in[i] &= INT32_MAX;
            expected[i] = turn(in[i]);
        }
        int way = (int)(next_random(&seed) % 4), times = (int)(next_random(&seed) % 20);
        for (int t = 0; t < times; t++)
            wrong += wrong_results(way, in, expected, n, out);
    }
    free(in);
    free(out);
    free(expected);
    return wrong;
}

START_TEST(costs_that_jump)
{
    pl_workers(pl_worker_counts[_i]);
    for (uint32_t seed = 1; seed <= 5; seed++)
        ck_assert_msg(make_calls(seed, 60) == 0, "seed %u", seed);
}
END_TEST

static void *caller(void *seed)
{
    return (void *)make_calls((uint32_t)(uintptr_t)seed, 60);
}

START_TEST(several_callers)
{
    pl_workers(pl_worker_counts[_i]);
    pthread_t thread[4];
    for (uintptr_t k = 0; k < 4; k++)
        ck_assert_int_eq(pthread_create(&thread[k], NULL, caller, (void *)(k + 1)), 0);
    for (int k = 0; k < 4; k++) {
        void *wrong;
        pthread_join(thread[k], &wrong);
        ck_assert_msg(!wrong, "caller %d", k);
    }
}
END_TEST

/* Call after call of the same, so that a searcher stays awake in between, and gets the back of each. */
START_TEST(one_after_the_other)
{
    pl_workers(pl_worker_counts[_i]);
    static uint32_t in[MOST], out[MOST], expected[MOST];
    for (uint32_t n = 2; n <= MOST; n = n * 3 / 2) {
        for (uint32_t i = 0; i < n; i++) {
            in[i] = i << 16 | 2;
            expected[i] = turn(in[i]);
        }
        for (int k = 0; k < 2000; k++) {
            memset(out, 0, n * sizeof *out);
            ck_assert_int_eq(parallel_map_into(turn, in, n, out), 0);
            ck_assert_msg(memcmp(out, expected, n * sizeof *out) == 0, "n = %u, call %d", n, k);
        }
    }
}
END_TEST

/* A short loop in each item of a loop, short or not. */
static uint32_t sum_of_turns(uint32_t n)
{
    uint32_t in[64] = {0}, out[64], sum = 0;
    for (uint32_t i = 0; i < n % 64; i++)
        in[i] = i << 16 | n % 7;
    if (parallel_map_into(turn, in, n % 64, out) != 0)
        return 0;
    for (uint32_t i = 0; i < n % 64; i++)
        sum += out[i];
    return sum;
}
PARALLEL_DECORATE(sum_of_turns, uint32_t, uint32_t);

START_TEST(nested)
{
    pl_workers(pl_worker_counts[_i]);
    static uint32_t in[3000], out[3000], expected[3000];
    for (uint32_t i = 0; i < 3000; i++)
        in[i] = i;
    ck_assert_int_eq(parallel_map_into(sum_of_turns, in, 3000, expected, .executor = PARALLEL_SERIAL), 0);
    for (uint32_t n = 1; n <= 3000; n = n * 2 + 1)
        for (int k = 0; k < 100; k++) {
            memset(out, 0, n * sizeof *out);
            ck_assert_int_eq(parallel_map_into(sum_of_turns, in, n, out), 0);
            ck_assert_msg(memcmp(out, expected, n * sizeof *out) == 0, "n = %u, call %d", n, k);
        }
}
END_TEST

/* A short call that goes well leaves no failure behind, as any call. */
START_TEST(a_success_clears_the_last_failure)
{
    pl_workers(pl_worker_counts[_i]);
    static uint32_t in[100], out[100];
    for (int k = 0; k < 1000; k++) {
        in[50] = UINT32_MAX << 31;
        errno = 0;
        ck_assert_int_eq(parallel_map_into(turn_or_fail, in, 100, out), -1);
        ck_assert_int_eq(errno, REFUSED);
        ck_assert_uint_eq(parallel_last_failure()->index, 50);
        ck_assert_str_eq(parallel_last_failure()->message, "2147483648 is too much");
        in[50] = 0;
        switch (k % 3) {
        case 0:
            ck_assert_int_eq(parallel_map_into(turn, in, 1 + k % 3, out), 0);
            break;
        case 1:
            parallel_results_free(parallel_map(turn, in, 2));
            break;
        default:
            ck_assert_int_eq(parallel_for(2, turns, (&(struct vectors){in, out})), 0);
        }
        ck_assert_ptr_null(parallel_last_failure());
    }
}
END_TEST

/* Also if a task of that call has had a failure of its own, and swallowed it. */
static uint32_t swallows(uint32_t x)
{
    uint32_t bad = UINT32_MAX << 31, out;
    if (x == 3 && parallel_map_into(turn_or_fail, &bad, 1, &out) == 0)
        return 0;
    return x + 1;
}
PARALLEL_DECORATE(swallows, uint32_t, uint32_t);

static void swallow_in_a_loop(size_t begin, size_t end, void *out)
{
    for (size_t i = begin; i < end; i++)
        ((uint32_t *)out)[i] = swallows((uint32_t)i);
}

START_TEST(swallowed_failures_are_not_left_behind)
{
    pl_workers(pl_worker_counts[_i]);
    uint32_t in[4], out[4];
    for (uint32_t k = 0; k < 2000; k++) {
        for (uint32_t i = 0; i < 4; i++)
            in[i] = k % 5 ? 0 : i;
        ck_assert_int_eq(parallel_map_into(swallows, in, 4, out), 0);
        ck_assert_ptr_null(parallel_last_failure());
        ck_assert_uint_eq(out[3], in[3] + 1);
        ck_assert_int_eq(parallel_for(k % 5 ? 2 : 4, swallow_in_a_loop, out), 0);
        ck_assert_ptr_null(parallel_last_failure());
    }
}
END_TEST

/* A function that cannot fail, and tries to: that concerns neither it nor the task around it. */
static uint32_t fails_in_vain(uint32_t x)
{
    return (uint32_t)parallel_fail((int)x, "in vain");
}
PARALLEL_DECORATE(fails_in_vain, uint32_t, uint32_t);

static int calls_it(const uint32_t *x, uint32_t *y, void *extras)
{
    (void)extras;
    uint32_t in[2] = {*x, *x + 1}, out[2];
    if (parallel_map_into(fails_in_vain, in, 2, out) != 0 || out[0] != in[0] || out[1] != in[1])
        return REFUSED + 1;
    *y = 0;
    return REFUSED;
}
PARALLEL_DECORATE_TASK(calls_it, uint32_t, uint32_t);

START_TEST(messages_stay_with_their_tasks)
{
    pl_workers(pl_worker_counts[_i]);
    uint32_t in[3] = {1, 2, 3};
    for (int k = 0; k < 300; k++) {
        PARALLEL_SCOPED parallel_results *r = parallel_map(calls_it, in, 3, .silent = true);
        ck_assert_ptr_nonnull(r);
        ck_assert_uint_eq(parallel_failures(r), 3);
        for (size_t i = 0; i < 3; i++) {
            ck_assert_int_eq(parallel_failed(r, i)->code, REFUSED);
            ck_assert_ptr_null(strstr(parallel_failed(r, i)->message, "in vain"));
        }
    }
}
END_TEST

/* A short call with options does what any call with them does, also where tasks fail. */
static int note_or_fail(const uint32_t *x, uint32_t *y, void *extras)
{
    *y = *x + 1;
    ((bool *)extras)[*x % 8] = true;
    return *x >> 31 ? parallel_fail(REFUSED, "%u", *x % 8) : 0;
}
PARALLEL_DECORATE_TASK(note_or_fail, uint32_t, uint32_t);

/* What is wrong with results of which those in `fails` have failed. */
static const char *what_is_wrong(const parallel_results *r, const uint32_t in[8], uint32_t fails, const bool ran[8])
{
    char text[2] = "0";
    for (size_t i = 0, k = 0; i < 8; i++) {
        bool failed = fails >> i & 1;
        text[0] = (char)('0' + i);
        if (!ran[i] || (parallel_result_state(r, i) == PARALLEL_OK) == failed)
            return "states";
        if (((const uint32_t *)parallel_values(r))[i] != (failed ? 0 : in[i] + 1))
            return "values";
        const parallel_failure *f = failed ? parallel_failed(r, k++) : NULL;
        if (failed &&
            (f->index != i || f->code != REFUSED || f->attempts != 1 || f->arg != &in[i] || strcmp(f->message, text)))
            return "failures";
    }
    return "nothing";
}

START_TEST(options_of_short_calls)
{
    pl_workers(pl_worker_counts[_i]);
    for (uint32_t k = 0; k < 3000; k++) {
        uint32_t in[8], out[8], fails = k % 3 ? 0 : k * 2654435761u >> 24, first = 0;
        bool ran[8] = {false}, silent = k & 1;
        for (uint32_t i = 0; i < 8; i++)
            in[i] = i | (fails >> i & 1) << 31;
        for (; first < 8 && !(fails >> first & 1); first++) {
        }
        int workers = k % 5 ? (int)(k % 2) : 1;
        memset(out, 7, sizeof out);
        int code = parallel_map_into(note_or_fail, in, 8, out, .extras = ran, .silent = silent, .max_workers = workers);
        ck_assert_msg(code == (fails ? -1 : 0), "call %u", k);
        for (uint32_t i = 0; i < 8; i++)
            if (!fails || silent || (workers == 1 && i <= first))
                ck_assert_msg(ran[i] && out[i] == (fails >> i & 1 ? 0 : in[i] + 1), "call %u, task %u", k, i);
        ck_assert_msg(!fails == !parallel_last_failure(), "call %u", k);
        if (fails && (silent || workers == 1))
            ck_assert_msg(parallel_last_failure()->index == first && errno == REFUSED, "call %u", k);
        memset(ran, 0, sizeof ran);
        PARALLEL_SCOPED parallel_results *r =
            parallel_map(note_or_fail, in, 8, .extras = ran, .silent = true, .max_workers = workers);
        ck_assert_msg(r && parallel_failures(r) == (size_t)__builtin_popcount(fails), "call %u", k);
        ck_assert_msg(strcmp(what_is_wrong(r, in, fails, ran), "nothing") == 0, "call %u", k);
        ck_assert_ptr_null(parallel_last_failure());
    }
}
END_TEST

static int no_source(void *arg, void *data)
{
    (void)arg, (void)data;
    return -EPROTO;
}

static int no_sink(const parallel_item *item, void *data)
{
    (void)item, (void)data;
    return 0;
}

static void some_microseconds(size_t begin, size_t end, void *ctx)
{
    uint32_t *x = ctx;
    for (; begin < end; begin++)
        *x = turn(*x | 0x7ff);
}

/* While there are no threads, and of one iteration, with which nobody could help; whatever has been called before. */
START_TEST(the_first_loops)
{
    uint32_t x = 1, expected = 1;
    ck_assert_int_ne(parallel_stream_map(turn, no_source, no_sink, NULL), 0);
    for (int k = 0; k < 200; k++) {
        ck_assert_int_eq(parallel_for(1, some_microseconds, &x), 0);
        some_microseconds(0, 1, &expected);
        ck_assert_uint_eq(x, expected);
    }
}
END_TEST

static _Atomic int begun, alone;

static void wait_for_another(size_t begin, size_t end, void *ctx)
{
    (void)begin, (void)end, (void)ctx;
    atomic_fetch_add(&begun, 1);
    for (double until = pl_now() + PL_WHILE; atomic_load(&begun) < 2 && !atomic_load(&alone); pl_test_sleep(200))
        if (pl_now() > until)
            atomic_store(&alone, 1);
}

/* Of the first loop of a process, with few items for each CPU, none is run before others may begin: it may be long. */
START_TEST(the_first_of_few_items)
{
    size_t cpus = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
    ck_assert_int_eq(parallel_for(16 * cpus - 1, wait_for_another, NULL), 0);
    ck_assert(!atomic_load(&alone) || parallel_worker_limit(NULL) == 1);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_test(c, the_first_loops);
    tcase_add_test(c, the_first_of_few_items);
    tcase_add_loop_test(c, costs_that_jump, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, several_callers, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, one_after_the_other, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, nested, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_success_clears_the_last_failure, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, swallowed_failures_are_not_left_behind, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, messages_stay_with_their_tasks, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, options_of_short_calls, 0, PL_WORKER_COUNTS);
    return pl_run("api/short", c);
}
