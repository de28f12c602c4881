/* SPDX-License-Identifier: MIT */
/* What tests of worker processes share: memory that tasks write to, the kinds of calls, looking for processes. */
#ifndef PL_TESTS_SUPPORT_WORKERS_H
#define PL_TESTS_SUPPORT_WORKERS_H

#include <dirent.h>
#include <errno.h>
#include <parallel.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/process.h"
#include "support/sanitizers.h"
#include "support/test.h"

/* Where a call runs; a loop test's index says which. */
static const struct kind {
    parallel_executor_kind executor;
    parallel_isolation isolation;
} kinds[] = {
    {PARALLEL_PROCESS, PARALLEL_SNAPSHOT},
    {PARALLEL_PROCESS, PARALLEL_PERSISTENT},
    {PARALLEL_THREAD, PARALLEL_DEFAULT_ISOLATION},
    {PARALLEL_SERIAL, PARALLEL_DEFAULT_ISOLATION},
};
/* The first of them are processes, and those after them are run by several at once. */
enum { PROCESS_KINDS = 2, PARALLEL_KINDS = 3, ALL_KINDS = 4 };

#define ON(k) .executor = kinds[k].executor, .isolation = kinds[k].isolation

/* Zeroed memory that this process shares with those that it forks from now on. */
static inline void *pl_shared(size_t bytes)
{
    void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_msg(start != MAP_FAILED, "no shared memory");
    return start;
}

/* Counters in it. */
static inline int pl_count(atomic_int *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

static inline int pl_add(atomic_int *count, int number)
{
    return atomic_fetch_add_explicit(count, number, memory_order_relaxed);
}

static inline void pl_set(atomic_int *count, int number)
{
    atomic_store_explicit(count, number, memory_order_relaxed);
}

/* Seconds, by the clock that does not jump, and that all processes share. */
static inline double pl_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Longer than anything lasts, and a while in which anything that is to happen does. */
#define PL_LONG 1000.0
#define PL_WHILE 20.0

/* Until a counter has come to `n`; false after a while in which it has not. */
static inline bool pl_await(atomic_int *count, int n)
{
    for (double end = pl_now() + PL_WHILE * 2; pl_count(count) < n; pl_test_sleep(200))
        if (pl_now() > end)
            return false;
    return true;
}

/* Of a process, its parent and its state as ps shows it. False if there is none, or nothing is known. */
static inline bool pl_look_at(pid_t pid, pid_t *parent, char *state)
{
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    size_t got = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file)
        fclose(file);
    text[got] = '\0';
    const char *name_end = NULL; /* the name may have anything in it */
    for (const char *at = text; *at; at++)
        name_end = *at == ')' ? at : name_end;
    int number;
    if (!name_end || sscanf(name_end, ") %c %d", state, &number) != 2)
        return false;
    *parent = number;
    return true;
}

/* Whether a process has ended, if only its parent still has to notice it. */
static inline bool pl_is_dead(pid_t pid)
{
    pid_t parent;
    char state;
    if (kill(pid, 0) != 0)
        return errno == ESRCH;
    return pl_look_at(pid, &parent, &state) && (state == 'Z' || state == 'X');
}

static inline bool pl_await_death(pid_t pid)
{
    for (double end = pl_now() + PL_WHILE; !pl_is_dead(pid); pl_test_sleep(500))
        if (pl_now() > end)
            return false;
    return true;
}

/* A call to check: whether calls of a kind work. */
static int pl_triple(int x)
{
    return x * 3;
}
PARALLEL_DECORATE(pl_triple, int, int);

enum { PL_SOME = 50 };

static inline bool pl_call_works(int kind)
{
    int in[PL_SOME];
    for (int i = 0; i < PL_SOME; i++)
        in[i] = i;
    PARALLEL_SCOPED parallel_results *r = parallel_map(pl_triple, in, PL_SOME, ON(kind));
    bool right = r && parallel_length(r) == PL_SOME;
    for (int i = 0; right && i < PL_SOME; i++)
        right = ((const int *)parallel_values(r))[i] == i * 3;
    return right;
}

/* Crashes that are meant leave no core files. */
static inline void pl_no_cores(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

#endif
