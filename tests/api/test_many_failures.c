/* SPDX-License-Identifier: MIT */
/* Failures by the million: neighbours that failed alike cost no more than one, and each can be had all the same. */
#include <errno.h>
#include <parallel.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>

#include "support/workers.h"

/* ---- most of a call is not run --------------------------------------------------------------------------- */

enum { MANY = 5000000 };
static char many[MANY];

static char slow(char c)
{
    pl_test_sleep(1000);
    return (char)(c + 1);
}
PARALLEL_DECORATE(slow, char, char);

static long megabytes(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

/* Everything that can be asked for agrees: `ok` tells who has succeeded, the others have failed thus. */
static void check_all(const parallel_results *r, size_t n, size_t step)
{
    size_t failures = parallel_failures(r), k = 0, *well = malloc(n * sizeof *well);
    ck_assert_ptr_nonnull(well);
    size_t succeeded = parallel_succeeded(r, well, n), w = 0;
    ck_assert_uint_eq(succeeded + failures, n);
    for (size_t i = 0; i < n; i++) {
        bool is_well = w < succeeded && well[w] == i;
        w += is_well;
        if (i % step == 0) {
            ck_assert_int_eq(parallel_result_state(r, i) == PARALLEL_OK, is_well);
            ck_assert_int_eq(parallel_result(r, i) != NULL, is_well);
        }
        if (!is_well && k % step == 0) {
            const parallel_failure *f = parallel_failed(r, k);
            ck_assert_ptr_nonnull(f);
            ck_assert_uint_eq(f->index, i);
            ck_assert_int_eq(f->state, parallel_result_state(r, i));
        }
        k += !is_well;
    }
    ck_assert_uint_eq(k, failures);
    ck_assert_ptr_null(parallel_failed(r, failures));
    free(well);
}

START_TEST(what_is_not_run_costs_nothing)
{
    pl_workers(2);
    memset(many, 7, sizeof many);
    parallel_results_free(parallel_map(slow, many, 4, ON(_i)));
    for (size_t grain = 0; grain < 2; grain++) {
        long before = megabytes();
        PARALLEL_SCOPED parallel_results *r =
            parallel_map(slow, many, MANY, .call_timeout = 0.02, .silent = true, .grain = grain, ON(_i));
        ck_assert_ptr_nonnull(r);
        size_t failures = parallel_failures(r);
        ck_assert_uint_gt(failures, MANY / 2);
        if (!PL_SANITIZED) /* 64 bytes for each would be 300 MB */
            ck_assert_int_lt(megabytes() - before, 100);
        const parallel_failure *f = parallel_failed(r, failures - 1);
        ck_assert_uint_eq(f->index, MANY - 1);
        ck_assert_int_eq(f->state, PARALLEL_NOT_RUN);
        ck_assert_int_eq(f->code, ETIMEDOUT);
        ck_assert_uint_eq(f->attempts, 0);
        ck_assert_ptr_eq(f->arg, &many[MANY - 1]);
        ck_assert_str_eq(f->message, "not run before the time of the call was over");
        const parallel_failure *other = parallel_failed(r, failures - 2);
        ck_assert_uint_eq(other->index, MANY - 2);
        ck_assert_uint_eq(f->index, MANY - 1); /* both are there */
        ck_assert_ptr_eq(parallel_failed(r, failures - 1), f);
        check_all(r, MANY, 997);
        const char *values = parallel_values(r);
        for (size_t i = 0; i < MANY; i++)
            if (values[i] != 8) /* where it did not run, and nobody has looked */
                ck_assert_int_eq(values[i], 0);
        ck_assert_int_eq(values[MANY - 1], 0);
        parallel_replace_failed(r, &(char){3});
        ck_assert_int_eq(values[MANY - 1], 3);
    }
}
END_TEST

START_TEST(what_is_not_run_is_untouched)
{
    static char out[MANY];
    pl_workers(2);
    memset(many, 7, sizeof many);
    for (int silent = 0; silent < 2; silent++) {
        memset(out, 5, sizeof out);
        ck_assert_int_eq(parallel_map_into(slow, many, MANY, out, .call_timeout = 0.02, .silent = silent, ON(_i)), -1);
        ck_assert_int_eq(errno, ETIMEDOUT);
        size_t late = 0;
        for (size_t i = 0; i < MANY; i++) {
            late += out[i] == 0;
            ck_assert(out[i] == 8 || out[i] == 5 || out[i] == 0);
        }
        ck_assert_uint_le(late, 16); /* those that were being run */
        ck_assert_int_eq(out[MANY - 1], 5);
    }
}
END_TEST

/* ---- all kinds, mixed ------------------------------------------------------------------------------------ */

enum { MIXED = 20000 };

/* What becomes of a task: runs of neighbours that end alike, of many lengths, and some alone. */
static int fate(int i)
{
    return i % 4096 < 1500 ? EPERM : i % 7 == 0 ? ERANGE : i % 512 < 100 ? 1000 + i % 3 : i % 1024 == 600 ? -1 : 0;
}

static int meet_fate(const int *arg, int *result, void *extras)
{
    (void)extras;
    int code = fate(*arg);
    *result = *arg;
    return code < 0 ? parallel_fail(EIO, "number %d", *arg) : code;
}
PARALLEL_DECORATE_TASK(meet_fate, int, int);

static void check_fates(const parallel_results *r, const int *args)
{
    ck_assert_ptr_nonnull(r);
    size_t k = 0;
    for (int i = 0; i < MIXED; i++) {
        int code = fate(i);
        if (code == 0) {
            ck_assert_int_eq(*(const int *)parallel_result(r, (size_t)i), i);
            continue;
        }
        const parallel_failure *f = parallel_failed(r, k++);
        ck_assert_uint_eq(f->index, (size_t)i);
        ck_assert_int_eq(f->state, PARALLEL_ERROR);
        ck_assert_int_eq(f->code, code < 0 ? EIO : code);
        ck_assert_uint_eq(f->attempts, 1);
        if (args)
            ck_assert_ptr_eq(f->arg, &args[i]);
        else
            ck_assert_int_eq(*(const int *)f->arg, i);
        char text[32];
        snprintf(text, sizeof text, code < 0 ? "number %d" : "error %d", code < 0 ? i : code);
        if (code < 0 || code >= 1000)
            ck_assert_str_eq(f->message, text);
        else
            ck_assert_str_eq(f->message, strerror(code));
    }
    ck_assert_uint_eq(parallel_failures(r), k);
    check_all(r, MIXED, 1);
}

START_TEST(neighbours_that_failed_alike)
{
    static int args[MIXED];
    static parallel_future futures[MIXED];
    pl_workers(4);
    for (int i = 0; i < MIXED; i++) {
        args[i] = i;
        futures[i] = (parallel_future){.function = &meet_fate__parallel, .arg = &args[i]};
    }
    PARALLEL_SCOPED parallel_results *simple = parallel_map(meet_fate, args, MIXED, .silent = true, ON(_i));
    check_fates(simple, args);
    PARALLEL_SCOPED parallel_results *careful =
        parallel_map(meet_fate, args, MIXED, .silent = true, .call_timeout = 1000, ON(_i));
    check_fates(careful, args);
    PARALLEL_SCOPED parallel_results *par = parallel_par(futures, MIXED, .silent = true, ON(_i));
    memset(futures, 0, sizeof futures); /* they were borrowed for the call alone */
    check_fates(par, args);
}
END_TEST

/* ---- readers --------------------------------------------------------------------------------------------- */

enum { READERS = 4, READ = 100000 };
static const parallel_results *shared;
static const parallel_failure *seen[READERS][READ];

static void *read_all(void *number)
{
    size_t me = *(size_t *)number;
    for (size_t k = 0; k < READ; k++) {
        size_t at = me % 2 ? READ - 1 - k : k;
        seen[me][at] = parallel_failed(shared, at);
        ck_assert_uint_eq(seen[me][at]->index, at);
    }
    return NULL;
}

static int refuse(const char *arg, void *result, void *extras)
{
    (void)arg, (void)result, (void)extras;
    return EACCES;
}
PARALLEL_DECORATE_TASK(refuse, char, void);

START_TEST(several_threads_read)
{
    static char names_text[READ][8];
    static const char *names[READ];
    pthread_t threads[READERS];
    size_t numbers[READERS];
    pl_workers(2);
    for (size_t i = 0; i < READ; i++) {
        snprintf(names_text[i], sizeof names_text[i], "n%zu", i);
        names[i] = names_text[i];
    }
    PARALLEL_SCOPED parallel_results *r = parallel_map(refuse, many, READ, .silent = true, .names = names);
    shared = r;
    for (size_t i = 0; i < READERS; i++) {
        numbers[i] = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_all, &numbers[i]), 0);
    }
    for (size_t i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    for (size_t k = 0; k < READ; k++) {
        for (size_t i = 1; i < READERS; i++)
            ck_assert_ptr_eq(seen[i][k], seen[0][k]);
        ck_assert_ptr_eq(seen[0][k]->name, names[k]);
        ck_assert_ptr_eq(seen[0][k]->arg, &many[k]);
        ck_assert_uint_eq(seen[0][k]->index, k); /* still */
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, what_is_not_run_costs_nothing, 0, ALL_KINDS);
    tcase_add_loop_test(c, what_is_not_run_is_untouched, 0, ALL_KINDS);
    tcase_add_loop_test(c, neighbours_that_failed_alike, 0, ALL_KINDS);
    tcase_add_test(c, several_threads_read);
    return pl_run("many failures", c);
}
