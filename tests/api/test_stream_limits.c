/* SPDX-License-Identifier: MIT */
/*
 * Streams where there is little: memory, descriptors; and programs that fork meanwhile.
 *
 * STREAM_GIGABYTES in the environment: how much goes through a stream in constant memory.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <parallel.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/process.h"
#include "support/test.h"

enum { BLOCK = 1 << 16 };

typedef struct block {
    unsigned char bytes[BLOCK];
} block;

typedef struct flow {
    size_t count, given, taken;
    bool bad;
} flow;

static int invert(const block *arg, block *result, void *extras)
{
    (void)extras;
    for (size_t i = 0; i < BLOCK; i++)
        result->bytes[i] = (unsigned char)~arg->bytes[i];
    if (arg->bytes[0] == 100) /* what it says is freed, too */
        return parallel_fail(EILSEQ, "%0*d", 5000, 7);
    return 0;
}
PARALLEL_DECORATE_TASK(invert, block, block);

static int next_block(block *arg, void *data)
{
    flow *f = data;
    if (f->given == f->count)
        return 0;
    memset(arg->bytes, (int)(f->given++ % 251), BLOCK);
    return 1;
}

static int take_block(const parallel_item *item, void *data)
{
    flow *f = data;
    unsigned char byte = (unsigned char)(f->taken++ % 251);
    f->bad |= item->index != f->taken - 1 || (byte == 100) != (item->failure != NULL);
    if (item->result) {
        const block *b = item->result;
        f->bad |= b->bytes[0] != (unsigned char)~byte || b->bytes[BLOCK - 1] != (unsigned char)~byte;
    }
    return 0;
}

/* The most memory that this process has had, in KiB. */
static long most_memory(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void put_all(flow *f)
{
    PARALLEL_SCOPED parallel_stream *s = parallel_stream_open(invert, .silent = true);
    block *b = malloc(sizeof *b);
    parallel_item item;
    bool has_block = next_block(b, f);
    while (has_block) {
        if (parallel_stream_put(s, b) == 0)
            has_block = next_block(b, f);
        else if (parallel_stream_next(s, &item, -1) == 1)
            take_block(&item, f);
    }
    parallel_stream_end(s);
    while (parallel_stream_next(s, &item, -1) == 1)
        take_block(&item, f);
    free(b);
}

static void run_flow(size_t count, int way)
{
    flow f = {.count = count};
    static const parallel_executor_kind kinds[] = {PARALLEL_THREAD, PARALLEL_SERIAL, PARALLEL_PROCESS};
    if (way == 3)
        put_all(&f);
    else
        ck_assert_int_eq(
            parallel_stream_map(invert, next_block, take_block, &f, .silent = true, .executor = kinds[way]), 0);
    ck_assert(!f.bad && f.taken == count);
}

/* Whether a sanitizer keeps what has been freed, or the system does not tell how much there has been. */
static bool memory_is_told(void)
{
    return !PL_ASAN && !PL_TSAN && !PL_MSAN && !pl_emulated() && most_memory() > 0;
}

START_TEST(constant_memory)
{
    const char *gigabytes = getenv("STREAM_GIGABYTES");
    size_t count = gigabytes ? strtoul(gigabytes, NULL, 10) << 14 : memory_is_told() ? 4000 : 600;
    pl_workers(2);
    run_flow(500, _i); /* more than a window */
    long before = most_memory();
    run_flow(count, _i);
    if (memory_is_told())
        ck_assert_int_le(most_memory() - before, 4096);
}
END_TEST

/* ---- windows ---------------------------------------------------------------------------------------------- */

static int square(const int *arg, long *result, void *extras)
{
    (void)extras;
    *result = (long)*arg * *arg;
    return 0;
}
PARALLEL_DECORATE_TASK(square, int, long);

/* How many items there is room for: what has ended counts until it is taken. */
static int count_room(parallel_stream *s, const void *arg)
{
    int count = 0;
    ck_assert_ptr_nonnull(s);
    while (parallel_stream_put(s, arg) == 0)
        count++;
    ck_assert_int_eq(errno, EAGAIN);
    parallel_stream_free(s);
    return count;
}

/* 256 items, or what fits 1 MiB of arguments and results, and four for each worker at least. */
START_TEST(default_windows)
{
    static const block b;
    int number = 1;
    pl_workers(2);
    ck_assert_int_eq(count_room(parallel_stream_open(square), &number), 256);
    ck_assert_int_eq(count_room(parallel_stream_open(square, .max_workers = 100), &number), 400);
    ck_assert_int_eq(count_room(parallel_stream_open(invert), &b), 8);
    ck_assert_int_eq(count_room(parallel_stream_open(invert, .executor = PARALLEL_SERIAL), &b), 8);
    ck_assert_int_eq(count_room(parallel_stream_open(invert, .max_workers = 3), &b), 12);
    ck_assert_int_eq(count_room(parallel_stream_open(invert, .max_workers = 3, .window = 2), &b), 2);
}
END_TEST

/* ---- descriptors ------------------------------------------------------------------------------------------ */

/* From now on no descriptor is to be had. */
static struct rlimit take_descriptors(void)
{
    struct rlimit old, none;
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
    int first = open("/dev/null", O_RDONLY);
    ck_assert_int_ge(first, 0);
    close(first);
    none = old;
    none.rlim_cur = (rlim_t)first;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    return old;
}

START_TEST(no_descriptors)
{
    parallel_item item;
    pl_workers(2);
    PARALLEL_SCOPED parallel_stream *s = parallel_stream_open(square);
    struct rlimit old = take_descriptors();
    ck_assert(parallel_stream_fd(s) == -1 && errno == EMFILE);
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(parallel_stream_put(s, &i), 0);
        ck_assert_int_eq(parallel_stream_next(s, &item, -1), 1);
        ck_assert_int_eq(*(const long *)item.result, (long)i * i);
    }
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
    ck_assert_int_ge(parallel_stream_fd(s), 0);
}
END_TEST

typedef struct counts {
    int count, given, well, not_run;
} counts;

static int next_int(int *arg, void *data)
{
    counts *c = data;
    *arg = c->given;
    return c->given < c->count ? c->given++, 1 : 0;
}

static int take_square(const parallel_item *item, void *data)
{
    counts *c = data;
    if (item->failure)
        c->not_run += item->failure->state == PARALLEL_NOT_RUN;
    else
        c->well += *(const long *)item->result == (long)item->index * (long)item->index;
    return 0;
}

/* No worker process can be had: no item is run, and all come to sink; later they can. */
START_TEST(no_processes)
{
    counts c = {.count = 1000};
    pl_workers(2);
    struct rlimit old = take_descriptors();
    int result =
        parallel_stream_map(square, next_int, take_square, &c, .executor = PARALLEL_PROCESS, .silent = _i == 1);
    int code = errno;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
    ck_assert_msg(result == -1 && code == EMFILE, "%d: %s", result, strerror(code));
    ck_assert(!parallel_last_failure());
    ck_assert_int_eq(c.not_run, c.given);
    ck_assert_int_lt(c.given, 1000);
    c = (counts){.count = 1000};
    ck_assert_int_eq(parallel_stream_map(square, next_int, take_square, &c, .executor = PARALLEL_PROCESS), 0);
    ck_assert_int_eq(c.well, 1000);
}
END_TEST

/* ---- fork ------------------------------------------------------------------------------------------------- */

typedef struct forks {
    counts counts;
    int at; /* sink forks when it has so many items */
    pid_t child;
} forks;

static int next_of_forks(int *arg, void *data)
{
    return next_int(arg, &((forks *)data)->counts);
}

/* The child makes a stream of its own. */
static int fork_in_sink(const parallel_item *item, void *data)
{
    forks *f = data;
    if ((int)item->index == f->at && (f->child = fork()) == 0) {
        counts own = {.count = 300};
        bool well = !pl_threads_after_fork() ||
                    (parallel_stream_map(square, next_int, take_square, &own) == 0 && own.well == 300);
        _exit(well ? 0 : 1);
    }
    return take_square(item, &f->counts);
}

static const parallel_executor_kind kinds[] = {PARALLEL_THREAD, PARALLEL_SERIAL, PARALLEL_PROCESS};

START_TEST(a_fork_in_the_middle)
{
    pl_workers(2);
    for (int at = 0; at < 1500; at += 300) {
        forks f = {.counts.count = 2000, .at = at};
        ck_assert_int_eq(parallel_stream_map(square, next_of_forks, fork_in_sink, &f, .executor = kinds[_i]), 0);
        ck_assert_int_eq(f.counts.well, 2000);
        ck_assert_int_eq(pl_status_of(f.child), 0);
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, constant_memory, 0, 4);
    tcase_add_test(c, default_windows);
    tcase_add_test(c, no_descriptors);
    tcase_add_loop_test(c, no_processes, 0, 2);
    tcase_add_loop_test(c, a_fork_in_the_middle, 0, 3);
    return pl_run("streams where there is little", c);
}
