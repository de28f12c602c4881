/* SPDX-License-Identifier: MIT */
/*
 * What the tests share. A test program declares its tests with Check's START_TEST, adds them to one case, and ends in
 *
 *      int main(void)
 *      {
 *          TCase *c = pl_case();
 *          tcase_add_test(c, ...);
 *          return pl_run("name of the program", c);
 *      }
 *
 * Each test runs in a process of its own, which makes its own pool: call pl_workers() first. Its time limit is what
 * detects a hang. Workers only record; the main thread asserts, after the call that it tests has returned.
 */
#ifndef PL_TESTS_SUPPORT_TEST_H
#define PL_TESTS_SUPPORT_TEST_H

#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "support/sanitizers.h"

/*
 * Check is not compiled with MemorySanitizer, which then takes what Check has written for uninitialised when it comes
 * to, say, fwrite(). So calls of the C library are looked at while a test runs, and not while Check does.
 */
#if PL_MSAN
#include <sanitizer/msan_interface.h>
#define pl_in_check() __msan_scoped_disable_interceptor_checks()
#define pl_in_test() __msan_scoped_enable_interceptor_checks()

#undef START_TEST
#define START_TEST(name)                                                                                               \
    static void name##_body(int);                                                                                      \
    static void name##_fn(int i)                                                                                       \
    {                                                                                                                  \
        pl_in_test();                                                                                                  \
        name##_body(i);                                                                                                \
        pl_in_check();                                                                                                 \
    }                                                                                                                  \
    static const TTest name##_ttest = {#name, name##_fn, __FILE__, __LINE__};                                          \
    static const TTest *name = &name##_ttest;                                                                          \
    static void name##_body(int _i CK_ATTRIBUTE_UNUSED)
#else
#define pl_in_check() ((void)0)
#define pl_in_test() ((void)0)
#endif

/* Sanitizers and planted delays slow everything down, and so do other tests that run at the same time. */
#define PL_TEST_SECONDS 240

/*
 * Check writes to a file for each assertion that holds, so that it can tell where a test crashed: some tests would do
 * that a million times, and little else. Here, each line is written down when it is first passed. The marks are atomic
 * for the sake of what is asserted by several threads, and relaxed so as to order nothing that a test is to find
 * unordered.
 */
static inline void pl_passed(const char *file, int line)
{
    static _Atomic unsigned char passed[1024];
    _Atomic unsigned char *seen = &passed[(size_t)line % sizeof passed];
    if (!atomic_load_explicit(seen, memory_order_relaxed)) {
        atomic_store_explicit(seen, 1, memory_order_relaxed);
        pl_in_check();
        _mark_point(file, line);
        pl_in_test();
    }
}

#undef ck_assert
#undef ck_assert_msg
#define ck_assert(expr) ck_assert_msg(expr, "Assertion '%s' failed", #expr)
#define ck_assert_msg(expr, ...) ((expr) ? pl_passed(__FILE__, __LINE__) : ck_abort_msg(__VA_ARGS__))

static inline TCase *pl_case(void)
{
    TCase *c = tcase_create("all");
    tcase_set_timeout(c, PL_TEST_SECONDS);
    return c;
}

static inline int pl_run(const char *name, TCase *c)
{
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, c);
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    pl_in_check();
    srunner_run_all(runner, CK_SILENT);
    pl_in_test();
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}

/* The library takes this process for a machine with `n` cores. Before the first call of the process. */
static inline void pl_workers(int n)
{
    char text[16];
    snprintf(text, sizeof text, "%d", n);
    setenv("PARALLEL_NUM_THREADS", text, 1);
}

/* The counts of workers that API tests run with, as a loop test's index: two, more than there are cores, and one alone,
 * which is left out where it would say what another build's tests have said. */
static const int pl_worker_counts[] = {2, 8, 1};
#define PL_WORKER_COUNTS pl_worker_counts_used()

static inline int pl_worker_counts_used(void)
{
    return getenv("PARALLEL_NO_SINGLE") ? 2 : 3;
}

/* Does nothing for a while, off the CPU. */
static inline void pl_test_sleep(long microseconds)
{
    struct timespec t = {microseconds / 1000000, microseconds % 1000000 * 1000};
    nanosleep(&t, NULL);
}

/* A small generator of pseudo-random numbers (Marsaglia, "Xorshift RNGs", 2003), never 0 from a seed that is not. */
static inline unsigned long long pl_random(unsigned long long *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif
