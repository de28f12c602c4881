/* SPDX-License-Identifier: MIT */
/* Memory that is kept from one call to the next: which, how much, and when it is not. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "base/spare.h"
#include "support/sanitizers.h"
#include "support/test.h"

#define MEGABYTE ((size_t)1 << 20)

/* Whether there is memory behind an address: its page is mapped. */
static bool is_mapped(void *address)
{
    return msync(address, 1, MS_ASYNC) == 0;
}

static char *take(size_t bytes)
{
    size_t got;
    char *start = pl_spare_take(bytes, &got);
    ck_assert_ptr_nonnull(start);
    ck_assert_uint_ge(got, bytes);
    ck_assert_uint_eq((uintptr_t)start % (2 * MEGABYTE), 0);
    start[0] = start[bytes - 1] = 1;
    return start;
}

#ifdef PL_OS_LINUX

START_TEST(is_used_again)
{
    char *start = take(8 * MEGABYTE);
    pl_spare_give(start, 8 * MEGABYTE);
    ck_assert(is_mapped(start));
    ck_assert_ptr_eq(take(4 * MEGABYTE), start);
    ck_assert_ptr_ne(take(4 * MEGABYTE), start); /* that is in use */
}
END_TEST

/* The three largest pieces are; a call gets the smallest of them that is large enough. */
START_TEST(largest_are_kept)
{
    enum { PIECES = 5 };
    static const size_t sizes[PIECES] = {8, 6, 20, 4, 10};
    char *pieces[PIECES];
    for (size_t i = 0; i < PIECES; i++)
        pieces[i] = take(sizes[i] * MEGABYTE);
    for (size_t i = 0; i < PIECES; i++)
        pl_spare_give(pieces[i], sizes[i] * MEGABYTE);
    for (size_t i = 0; i < PIECES; i++)
        ck_assert_int_eq(is_mapped(pieces[i]), sizes[i] > 6);
    ck_assert_ptr_eq(take(9 * MEGABYTE), pieces[4]);
    ck_assert_ptr_eq(take(9 * MEGABYTE), pieces[2]);
    ck_assert_ptr_ne(take(9 * MEGABYTE), pieces[0]);
    pl_spare_end();
    ck_assert(!is_mapped(pieces[0]));
    ck_assert(!is_mapped(pieces[0] + 8 * MEGABYTE - 1));
    ck_assert(is_mapped(pieces[2]));
}
END_TEST

/* Memory that nobody touches, so as to have more of it than a sixteenth of the machine's. */
START_TEST(too_much_is_not_kept)
{
    size_t all = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE), got;
    char *start = pl_spare_take(all / 8, &got);
    if (!start)
        return; /* the system does not lend more than it has */
    pl_spare_give(start, got);
    ck_assert(!is_mapped(start));
}
END_TEST

/* With a limit to what the process has, spare memory would be missed elsewhere. */
START_TEST(limits)
{
    int which = _i ? RLIMIT_DATA : RLIMIT_AS;
    if (PL_SANITIZED)
        return; /* their own memory is more than any limit */
    char *start = take(4 * MEGABYTE);
    struct rlimit limit = {.rlim_cur = (rlim_t)1 << 40, .rlim_max = RLIM_INFINITY};
    ck_assert_int_eq(setrlimit(which, &limit), 0);
    pl_spare_give(start, 4 * MEGABYTE);
    ck_assert(!is_mapped(start));
}
END_TEST

/* If memory is wanted that there is not, what is kept goes first. */
START_TEST(goes_if_it_is_missed)
{
    enum { KEPT = 64, WANTED = 96 };
    char *start = take(KEPT * MEGABYTE), *more;
    size_t got, pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (PL_SANITIZED || !f || fscanf(f, "%zu", &pages) != 1)
        return; /* an address space of terabytes, or no /proc */
    fclose(f);
    pl_spare_give(start, KEPT * MEGABYTE);
    rlim_t had = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
    struct rlimit limit = {.rlim_cur = had + (WANTED - KEPT / 2) * MEGABYTE, .rlim_max = RLIM_INFINITY};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    ck_assert_ptr_nonnull(more = pl_spare_take(WANTED * MEGABYTE, &got));
    memset(more, 1, WANTED * MEGABYTE);
    ck_assert_ptr_null(pl_spare_take(WANTED * MEGABYTE, &got));
}
END_TEST

START_TEST(locked_is_not_kept)
{
    char *start = take(4 * MEGABYTE);
    if (PL_SANITIZED || mlock(start, 4 * MEGABYTE) != 0)
        return; /* they do not lock it; or it is not permitted */
    pl_spare_give(start, 4 * MEGABYTE);
    ck_assert(!is_mapped(start));
}
END_TEST

START_TEST(ends_at_fork)
{
    char *start = take(4 * MEGABYTE);
    pl_spare_give(start, 4 * MEGABYTE);
    pid_t child = fork();
    if (child == 0)
        _exit(is_mapped(start) ? 1 : 0);
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert(!is_mapped(start));
    start = take(4 * MEGABYTE);
    pl_spare_give(start, 4 * MEGABYTE);
    ck_assert(is_mapped(start));
}
END_TEST

static atomic_bool is_over;

static void *use_until_it_is_over(void *room)
{
    while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
        size_t got;
        char *start = pl_spare_take(4 * MEGABYTE, &got);
        if (start)
            pl_spare_give(start, got);
    }
    return room;
}

/* A thread may be at what is kept when the process forks; it is not in the child, where memory is kept all the same. */
START_TEST(fork_while_a_thread_is_there)
{
    enum { FORKS = 100 };
    pthread_t thread;
    int wrong = 0;
    if (PL_SANITIZED)
        return; /* they do not bear threads and forks */
    ck_assert_int_eq(pthread_create(&thread, NULL, use_until_it_is_over, NULL), 0);
    for (int i = 0; i < FORKS; i++) {
        pid_t child = fork();
        if (child == 0) {
            char *start = take(4 * MEGABYTE);
            pl_spare_give(start, 4 * MEGABYTE);
            _exit(is_mapped(start) ? 0 : 1);
        }
        int status;
        wrong += waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    }
    atomic_store_explicit(&is_over, true, memory_order_relaxed);
    pthread_join(thread, NULL);
    ck_assert_int_eq(wrong, 0);
}
END_TEST

#else

START_TEST(nothing_is_kept)
{
    char *start = take(8 * MEGABYTE);
    pl_spare_give(start, 8 * MEGABYTE);
    ck_assert(!is_mapped(start));
}
END_TEST

#endif

/* ---- by many threads ------------------------------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 200 };

/* Each has its memory for itself. */
static void *take_and_give(void *number)
{
    uintptr_t me = (uintptr_t)number, wrong = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t bytes = (4 + (round * 7 + me) % 5) * MEGABYTE, got;
        unsigned char *start = pl_spare_take(bytes, &got);
        if (!start)
            return (void *)(uintptr_t)1;
        for (size_t at = 0; at < bytes; at += MEGABYTE)
            start[at] = (unsigned char)me;
        sched_yield();
        for (size_t at = 0; at < bytes; at += MEGABYTE)
            wrong |= start[at] != me;
        pl_spare_give(start, got);
    }
    return (void *)wrong;
}

START_TEST(threads)
{
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, take_and_give, (void *)(i + 1)), 0);
    for (size_t i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        ck_assert_ptr_null(wrong);
    }
    pl_spare_end();
}
END_TEST

START_TEST(sizes_that_no_memory_has)
{
    size_t got;
    ck_assert_ptr_null(pl_spare_take(SIZE_MAX, &got));
    ck_assert_ptr_null(pl_spare_take(SIZE_MAX - 4 * MEGABYTE, &got));
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
#ifdef PL_OS_LINUX
    tcase_add_test(c, is_used_again);
    tcase_add_test(c, largest_are_kept);
    tcase_add_test(c, too_much_is_not_kept);
    tcase_add_loop_test(c, limits, 0, 2);
    tcase_add_test(c, goes_if_it_is_missed);
    tcase_add_test(c, locked_is_not_kept);
    tcase_add_test(c, ends_at_fork);
    tcase_add_test(c, fork_while_a_thread_is_there);
#else
    tcase_add_test(c, nothing_is_kept);
#endif
    tcase_add_test(c, threads);
    tcase_add_test(c, sizes_that_no_memory_has);
    return pl_run("spare", c);
}
