/* SPDX-License-Identifier: MIT */
/* Pools of the program's own: who works where, and how they begin and end. */
#include <errno.h>
#include <parallel.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "support/process.h"
#include "support/sanitizers.h"
#include "support/tasks.h"
#include "support/test.h"

/* ---- which threads ran ------------------------------------------------------------------------------------- */

/* A thread's number, from 1 on, and the pools whose tasks it has run, but for threads of the program. */
static _Thread_local unsigned number, pools_of_thread;
static _Thread_local bool is_programs;
static atomic_uint numbers, strangers;

enum { MOST_THREADS = 64 };
static atomic_bool was_here[MOST_THREADS];

/* A task on a pool, a bit of a set. A thread of the library that has been seen on another one is a stranger. */
static void note(unsigned pool)
{
    if (!number)
        number = atomic_fetch_add_explicit(&numbers, 1, memory_order_relaxed) + 1;
    if (number < MOST_THREADS)
        atomic_store_explicit(&was_here[number], true, memory_order_relaxed);
    if (is_programs)
        return;
    pools_of_thread |= pool;
    if (pools_of_thread != pool)
        atomic_fetch_add_explicit(&strangers, 1, memory_order_relaxed);
}

/* How many threads were here since the last time. */
static unsigned how_many(void)
{
    unsigned count = 0;
    for (int i = 0; i < MOST_THREADS; i++)
        count += atomic_exchange_explicit(&was_here[i], false, memory_order_relaxed);
    return count;
}

/* The threads of this process; -1 if the system does not say, or if some are ThreadSanitizer's. */
static int count_threads(void)
{
    return PL_TSAN ? -1 : pl_count_threads();
}

static bool threads_leave(int most)
{
    return PL_TSAN || pl_threads_leave(most);
}

static void set_up(int workers)
{
    pl_workers(workers);
    is_programs = true;
}

/* ---- calls to check ---------------------------------------------------------------------------------------- */

enum { DEFAULT = 1, P = 2, Q = 4, N = 60 };

typedef struct visitor {
    unsigned pool; /* where it runs */
    int nap;       /* microseconds */
    int value;
} visitor;

static long stay(visitor v)
{
    note(v.pool);
    if (v.nap)
        pl_test_sleep(v.nap);
    return v.value * 2L;
}
PARALLEL_DECORATE(stay, visitor, long);

/* A map on `pool`, which is `set`. Whether it is right. */
static bool stays(parallel_pool *pool, unsigned set, int nap, int max_workers)
{
    visitor in[N];
    long out[N];
    for (int i = 0; i < N; i++)
        in[i] = (visitor){set, nap, i};
    if (parallel_map_into(stay, in, N, out, .pool = pool, .max_workers = max_workers) != 0)
        return false;
    for (int i = 0; i < N; i++)
        if (out[i] != i * 2L)
            return false;
    return true;
}

/* ---- sizes ------------------------------------------------------------------------------------------------- */

START_TEST(a_pool_has_its_size)
{
    static const int sizes[] = {1, 2, 3, 5, 8};
    set_up(pl_worker_counts[_i]);
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        int before = count_threads();
        parallel_pool *p = parallel_pool_new(sizes[k]);
        ck_assert_ptr_nonnull(p);
        ck_assert_int_eq(count_threads(), before);
        for (int round = 0; round < 5; round++) {
            ck_assert(stays(p, P, 300, 0));
            ck_assert_uint_le(how_many(), (unsigned)sizes[k]);
            ck_assert_int_le(count_threads(), before < 0 ? -1 : before + sizes[k] - 1);
            ck_assert(stays(p, P, 300, sizes[k] < 2 ? 1 : 2));
            ck_assert_uint_le(how_many(), 2);
        }
        ck_assert(stays(p, P, 3000, 0));
        if (sizes[k] > 1)
            ck_assert_uint_ge(how_many(), 2);
        parallel_pool_free(p);
        ck_assert(threads_leave(before));
        ck_assert(stays(NULL, DEFAULT, 100, 0));
        how_many();
        ck_assert(threads_leave(before + pl_worker_counts[_i] - 1));
    }
}
END_TEST

START_TEST(size_0_is_that_of_the_programs_pool)
{
    set_up(3);
    int before = count_threads();
    parallel_pool *p = parallel_pool_new(0);
    for (int round = 0; round < 5; round++) {
        ck_assert(stays(p, P, 500, 0));
        ck_assert_uint_le(how_many(), 3);
        ck_assert_int_le(count_threads(), before < 0 ? -1 : before + 2);
    }
    parallel_pool_free(p);
}
END_TEST

static atomic_int met;

/* Waits until so many have come. */
static int meet(int many)
{
    note(P);
    pl_count(&met);
    return pl_await(&met, many, 60);
}
PARALLEL_DECORATE(meet, int, int);

START_TEST(more_workers_than_its_size)
{
    static const int sizes[] = {1, 2, 4};
    set_up(pl_worker_counts[_i]);
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        parallel_pool *p = parallel_pool_new(sizes[k]);
        int in[6] = {6, 6, 6, 6, 6, 6}, out[6];
        atomic_store_explicit(&met, 0, memory_order_relaxed);
        ck_assert_int_eq(parallel_map_into(meet, in, 6, out, .pool = p, .max_workers = 6), 0);
        for (int i = 0; i < 6; i++)
            ck_assert_int_eq(out[i], 1);
        ck_assert_uint_eq(how_many(), 6);
        parallel_pool_free(p);
    }
}
END_TEST

START_TEST(wrong_arguments)
{
    set_up(2);
    static const int wrong[] = {-1, -1000, 1025, 2147483647};
    for (size_t k = 0; k < sizeof wrong / sizeof wrong[0]; k++) {
        errno = 0;
        ck_assert_ptr_null(parallel_pool_new(wrong[k]));
        ck_assert_int_eq(errno, EINVAL);
    }
    errno = ERANGE;
    parallel_pool *largest = parallel_pool_new(PARALLEL_POOL_MAX);
    ck_assert_ptr_nonnull(largest);
    ck_assert(stays(largest, P, 0, 0));
    parallel_pool_free(largest);
    parallel_pool_free(NULL);
    PARALLEL_SCOPED parallel_pool *none = NULL;
    ck_assert_ptr_null(none);
    ck_assert_int_eq(errno, ERANGE);

    visitor in[2] = {{.value = 1}, {.value = 2}};
    PARALLEL_SCOPED parallel_results *r = parallel_map(stay, in, 2);
    parallel_pool *no_pool = (parallel_pool *)(void *)r;
    errno = 0;
    ck_assert_ptr_null(parallel_map(stay, in, 2, .pool = no_pool));
    ck_assert_int_eq(errno, EINVAL);
    errno = 0;
    ck_assert(!stays(no_pool, P, 0, 0));
    ck_assert_int_eq(errno, EINVAL);
    parallel_pool_free(no_pool);
    ck_assert_uint_eq(parallel_length(r), 2);
}
END_TEST

START_TEST(pools_of_a_scope)
{
    set_up(pl_worker_counts[_i]);
    int before = count_threads();
    for (int round = 0; round < 20; round++) {
        PARALLEL_SCOPED parallel_pool *p = parallel_pool_new(3), *q = parallel_pool_new(2);
        ck_assert(stays(p, P, 100, 0));
        ck_assert(stays(q, Q, 100, 0));
    }
    ck_assert(threads_leave(before));
    ck_assert_uint_eq(atomic_load_explicit(&strangers, memory_order_relaxed), 0);
}
END_TEST

START_TEST(options_on_a_pool)
{
    set_up(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_pool *p = parallel_pool_new(3);
    parallel_function f = stay__parallel;
    f.options = &(const parallel_options){.pool = p};
    visitor in[N];
    for (int i = 0; i < N; i++)
        in[i] = (visitor){P, 200, i};
    PARALLEL_SCOPED parallel_results *decorated = parallel_map_function(&f, in, N, NULL);
    ck_assert_int_eq(*(const long *)parallel_result(decorated, 7), 14);
    PARALLEL_SCOPED parallel_results *serial = parallel_map(stay, in, N, .pool = p, .executor = PARALLEL_SERIAL);
    ck_assert_int_eq(*(const long *)parallel_result(serial, 8), 16);
    ck_assert_uint_eq(parallel_length(serial), N);
    PARALLEL_SCOPED parallel_results *empty = parallel_thread_map(stay, in, 0, .pool = p);
    ck_assert_ptr_nonnull(empty);
}
END_TEST

/* ---- calls in calls ---------------------------------------------------------------------------------------- */

static parallel_pool *p_of_test, *q_of_test;

PARALLEL_TASK(long, sum_of_leaves, unsigned, pool, int, level)
{
    note(pool);
    if (level == 0)
        return 1;
    PARALLEL_SPAWN(sum_of_leaves, pool, level - 1);
    long sum = PARALLEL_CALL(sum_of_leaves, pool, level - 1);
    return sum + PARALLEL_SYNC(sum_of_leaves);
}

static void count_range(size_t begin, size_t end, void *ctx)
{
    note(*(unsigned *)ctx);
    if (end > begin)
        pl_test_sleep(50);
}

/* A task on P, which stays there, but for a call on Q. */
static int on_p(int x)
{
    unsigned p = P;
    bool right = true;
    note(P);
    right = right && stays(NULL, P, x % 3 ? 0 : 50, 0);
    right = right && stays(p_of_test, P, 0, 0);
    right = right && parallel_for(20, count_range, &p) == 0;
    right = right && PARALLEL_RUN(sum_of_leaves, P, 8) == 256;
    return right ? x : -1;
}
PARALLEL_DECORATE(on_p, int, int);

static bool all_right(parallel_pool *pool)
{
    int in[16], out[16];
    for (int i = 0; i < 16; i++)
        in[i] = i;
    return parallel_map_into(on_p, in, 16, out, .pool = pool) == 0 && memcmp(in, out, sizeof in) == 0;
}

START_TEST(calls_inside_stay)
{
    set_up(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_pool *p = p_of_test = parallel_pool_new(_i + 1);
    ck_assert(stays(NULL, DEFAULT, 200, 0));
    for (int round = 0; round < 10; round++) {
        ck_assert(all_right(p));
        ck_assert(stays(NULL, DEFAULT, 100, 0));
        ck_assert_int_eq(PARALLEL_RUN(sum_of_leaves, DEFAULT, 12), 4096);
    }
    ck_assert_uint_eq(atomic_load_explicit(&strangers, memory_order_relaxed), 0);
}
END_TEST

/* A task on Q, called by a task on P. */
static int on_q(int x)
{
    note(Q);
    bool right = stays(NULL, Q, 0, 0) && PARALLEL_RUN(sum_of_leaves, Q, 6) == 64;
    if (x % 4 == 0)
        right = right && stays(p_of_test, P, 20, 0) && stays(NULL, Q, 20, 0);
    return right ? x : -1;
}
PARALLEL_DECORATE(on_q, int, int);

static int on_both(int x)
{
    int in[8], out[8];
    for (int i = 0; i < 8; i++)
        in[i] = x + i;
    note(P);
    bool right = stays(NULL, P, 0, 0);
    right = right && parallel_map_into(on_q, in, 8, out, .pool = q_of_test) == 0 && memcmp(in, out, sizeof in) == 0;
    right = right && stays(NULL, P, 50, 0);
    return right ? x : -1;
}
PARALLEL_DECORATE(on_both, int, int);

/* Threads of one pool are guests of the other, so that strangers mean nothing here. */
START_TEST(one_pool_inside_of_another)
{
    set_up(pl_worker_counts[_i]);
    for (int size = 1; size < 5; size++) {
        PARALLEL_SCOPED parallel_pool *p = p_of_test = parallel_pool_new(size);
        PARALLEL_SCOPED parallel_pool *q = q_of_test = parallel_pool_new(3);
        ck_assert_ptr_nonnull(q);
        int in[12], out[12];
        for (int i = 0; i < 12; i++)
            in[i] = i;
        for (int round = 0; round < 5; round++) {
            ck_assert_int_eq(parallel_map_into(on_both, in, 12, out, .pool = p), 0);
            ck_assert_mem_eq(in, out, sizeof in);
        }
    }
}
END_TEST

/* ---- several threads --------------------------------------------------------------------------------------- */

typedef struct caller {
    parallel_pool *pool, *then;
    unsigned set;
    int rounds;
    bool right;
} caller;

static void *call_on(void *argument)
{
    caller *c = argument;
    is_programs = true;
    c->right = true;
    for (int i = 0; i < c->rounds; i++)
        c->right = c->right && stays(c->pool, c->set, i % 3 * 50, i % 4);
    if (c->then)
        c->right = c->right && stays(c->then, c->set == P ? Q : P, 50, 0);
    return NULL;
}

/* Runs them at once. Whether all were right. */
static bool run_callers(caller *callers, int count)
{
    pthread_t threads[8];
    bool right = true;
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, call_on, &callers[i]), 0);
    for (int i = 0; i < count; i++) {
        pthread_join(threads[i], NULL);
        right = right && callers[i].right;
    }
    return right;
}

START_TEST(several_threads_and_pools)
{
    set_up(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_pool *p = parallel_pool_new(3), *q = parallel_pool_new(_i + 1);
    caller callers[] = {{p, NULL, P, 60, false},
                        {q, NULL, Q, 60, false},
                        {p, q, P, 60, false},
                        {NULL, NULL, DEFAULT, 60, false},
                        {q, p, Q, 60, false}};
    for (int round = 0; round < 3; round++)
        ck_assert(run_callers(callers, 5));
    ck_assert_uint_eq(atomic_load_explicit(&strangers, memory_order_relaxed), 0);
}
END_TEST

/* Kilobytes of address space or memory; 0 if the system does not say. */
static long kilobytes(int field)
{
    long pages[2] = {0, 0};
    FILE *statm = fopen("/proc/self/statm", "r");
    if (statm && fscanf(statm, "%ld %ld", &pages[0], &pages[1]) != 2)
        pages[0] = pages[1] = 0;
    if (statm)
        fclose(statm);
    return pages[field] * (sysconf(_SC_PAGESIZE) / 1024);
}

/* A record takes gigabytes of address space. */
START_TEST(threads_that_end_give_their_records_back)
{
    set_up(pl_worker_counts[_i]);
    PARALLEL_SCOPED parallel_pool *p = parallel_pool_new(2), *q = parallel_pool_new(2);
    long before = 0;
    for (int round = 0; round < (PL_SANITIZED ? 30 : 50); round++) {
        caller callers[] = {{p, q, P, 2, false}, {q, p, Q, 2, false}, {NULL, p, Q, 2, false}};
        ck_assert(run_callers(callers, 3));
        if (round == 20)
            before = kilobytes(0);
    }
    if (!PL_SANITIZED)
        ck_assert_int_lt(kilobytes(0) - before, 16L << 20);
}
END_TEST

static pthread_barrier_t barrier;

static void *outlive(void *argument)
{
    caller *c = argument;
    is_programs = true;
    c->right = stays(c->pool, P, 50, 0) && stays(NULL, DEFAULT, 50, 0);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier); /* it has been freed */
    c->right = c->right && stays(c->then, Q, 50, 0) && stays(NULL, DEFAULT, 50, 0);
    return NULL;
}

START_TEST(guests_outlive_a_pool)
{
    set_up(pl_worker_counts[_i]);
    for (int round = 0; round < 10; round++) {
        parallel_pool *p = parallel_pool_new(3), *q = parallel_pool_new(2);
        caller callers[4];
        pthread_t threads[4];
        pthread_barrier_init(&barrier, NULL, 5);
        for (int i = 0; i < 4; i++) {
            callers[i] = (caller){.pool = p, .then = q};
            ck_assert_int_eq(pthread_create(&threads[i], NULL, outlive, &callers[i]), 0);
        }
        pthread_barrier_wait(&barrier);
        parallel_pool_free(p);
        pthread_barrier_wait(&barrier);
        for (int i = 0; i < 4; i++)
            pthread_join(threads[i], NULL);
        pthread_barrier_destroy(&barrier);
        parallel_pool_free(q);
        for (int i = 0; i < 4; i++)
            ck_assert(callers[i].right);
    }
    ck_assert_uint_eq(atomic_load_explicit(&strangers, memory_order_relaxed), 0);
}
END_TEST

/* ---- beginning and end ------------------------------------------------------------------------------------- */

START_TEST(many_pools_leave_nothing)
{
    set_up(pl_worker_counts[_i]);
    int threads = count_threads();
    long before[2] = {0, 0};
    for (int round = 0; round < (PL_SANITIZED ? 50 : 100); round++) {
        parallel_pool *p = parallel_pool_new(round % 5 + 1);
        ck_assert(stays(p, P, round % 10 ? 0 : 100, round % 7));
        parallel_pool_free(p);
        if (round == 20)
            for (int field = 0; field < 2; field++)
                before[field] = kilobytes(field);
    }
    ck_assert(threads_leave(threads));
    if (!PL_SANITIZED && !pl_emulated()) { /* which remembers each page that there was */
        ck_assert_int_lt(kilobytes(0) - before[0], 4L << 20);
        ck_assert_int_lt(kilobytes(1) - before[1], 4L << 10);
    }
}
END_TEST

static int free_it(int x)
{
    note(P);
    if (x == 3) {
        parallel_pool_free(p_of_test);
        pl_count(&met);
    }
    bool right = stays(NULL, P, 100, 0);
    return right ? x : -1;
}
PARALLEL_DECORATE(free_it, int, int);

/* Which is a mistake. */
START_TEST(freed_in_a_task_of_its_own)
{
    set_up(pl_worker_counts[_i]);
    int before = count_threads(), in[8] = {0, 1, 2, 3, 4, 5, 6, 7}, out[8];
    for (int round = 0; round < 20; round++) {
        p_of_test = parallel_pool_new(round % 4 + 1);
        ck_assert_int_eq(parallel_map_into(free_it, in, 8, out, .pool = p_of_test), 0);
        ck_assert_mem_eq(in, out, sizeof in);
        ck_assert(threads_leave(before));
    }
    ck_assert_int_eq(atomic_load_explicit(&met, memory_order_relaxed), 20);
}
END_TEST

static void *call_and_outlive(void *argument)
{
    caller *c = argument;
    int in[4] = {1, 2, 2, 2}, out[4];
    is_programs = true;
    c->right = parallel_map_into(meet, in, 4, out, .pool = c->pool) == 0 && out[0] == 1 && out[3] == 1;
    return NULL;
}

/* Likewise. */
START_TEST(freed_while_another_thread_calls)
{
    set_up(pl_worker_counts[_i]);
    int before = count_threads();
    for (int round = 0; round < 20; round++) {
        caller c = {.pool = parallel_pool_new(round % 4 + 1)};
        pthread_t thread;
        atomic_store_explicit(&met, 0, memory_order_relaxed);
        ck_assert_int_eq(pthread_create(&thread, NULL, call_and_outlive, &c), 0);
        ck_assert(pl_await(&met, 1, 60)); /* the others wait for a second one, which is this */
        parallel_pool_free(c.pool);
        pl_count(&met);
        pthread_join(thread, NULL);
        ck_assert(c.right);
        ck_assert(threads_leave(before));
    }
}
END_TEST

/* ---- fork and exit ----------------------------------------------------------------------------------------- */

static void end_child(bool right)
{
    if (PL_ASAN) /* at exit, it looks for leaks in threads that a child does not have */
        _exit(right ? 73 : 1);
    exit(right ? 73 : 1);
}

START_TEST(a_child_has_the_pool_too)
{
    set_up(pl_worker_counts[_i]);
    if (PL_SANITIZED || !pl_threads_after_fork()) /* ASan's locks may be held in the child */
        return;
    parallel_pool *p = parallel_pool_new(3), *q = parallel_pool_new(2), *unused = parallel_pool_new(4);
    for (int round = 0; round < 6; round++) {
        ck_assert(stays(p, P, 100, 0));
        ck_assert(stays(q, Q, 100, 0));
        ck_assert(stays(NULL, DEFAULT, 100, 0));
        pid_t child = fork();
        if (child == 0) {
            alarm(60);
            bool right = count_threads() <= 1;
            right = right && (round % 3 == 2 || stays(p, P, 200, 0));
            right = right && stays(NULL, DEFAULT, 50, 0) && stays(q, Q, 200, 0);
            right = right && count_threads() <= 1 + 2 + 1 + pl_worker_counts[_i] - 1;
            if (round % 2 == 0) {
                parallel_pool_free(p);
                parallel_pool_free(unused);
            }
            right = right && stays(q, Q, 0, 0);
            end_child(right);
        }
        ck_assert(stays(q, Q, 0, 0));
        ck_assert_int_eq(pl_status_of(child), 73);
    }
    parallel_pool_free(p);
    parallel_pool_free(q);
    parallel_pool_free(unused);
}
END_TEST

static int fork_on_it(int x)
{
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        bool right = stays(p_of_test, P, 50, 0) && stays(NULL, DEFAULT, 50, 0);
        parallel_pool_free(p_of_test);
        _exit(right ? x : 99);
    }
    return pl_status_of(child);
}
PARALLEL_DECORATE(fork_on_it, int, int);

START_TEST(fork_in_a_task)
{
    set_up(pl_worker_counts[_i]);
    if (PL_SANITIZED || !pl_threads_after_fork())
        return;
    p_of_test = parallel_pool_new(3);
    int in[12], out[12];
    for (int i = 0; i < 12; i++)
        in[i] = i;
    ck_assert_int_eq(parallel_map_into(fork_on_it, in, 12, out, .pool = p_of_test), 0);
    ck_assert_mem_eq(in, out, sizeof in);
    parallel_pool_free(p_of_test);
}
END_TEST

static void *call_for_ever(void *pool)
{
    is_programs = true;
    while (stays(pool, P, 1000, 0))
        ;
    return NULL;
}

static void free_at_exit(void)
{
    if (!stays(p_of_test, P, 0, 0))
        _exit(98);
    parallel_pool_free(p_of_test);
}

static int leave(int x)
{
    if (x == 1)
        exit(73);
    pl_test_sleep(20000000);
    return x;
}
PARALLEL_DECORATE(leave, int, int);

/* Argument: a way to end with pools about. */
static void end_somehow(int way)
{
    static parallel_pool *volatile left;                                 /* within reach of a leak checker */
    PARALLEL_SCOPED parallel_pool *scoped = left = parallel_pool_new(2); /* is not: exit() knows no scopes */
    parallel_pool *p = p_of_test = parallel_pool_new(3);
    pthread_t thread;
    int in[2] = {1, 2};
    bool right = stays(p, P, 200, 0) && stays(scoped, Q, 100, 0);
    right = right && (way % 2 || stays(NULL, DEFAULT, 100, 0));
    switch (way / 2) {
    case 1:
        atexit(free_at_exit);
        break;
    case 2:
        right = right && pthread_create(&thread, NULL, call_for_ever, p) == 0;
        pl_test_sleep(20000);
        break;
    case 3:
        parallel_map_into(leave, in, 2, in, .pool = p);
        right = false;
        break;
    }
    exit(right ? 73 : 1);
}

START_TEST(the_end_of_the_program)
{
    if (PL_TSAN && _i / 2 >= 2) /* it reports the threads that are not joined, as they cannot be here */
        return;
    pid_t child = fork();
    if (child == 0) {
        set_up(2);
        alarm(60);
        end_somehow(_i);
    }
    ck_assert_int_eq(pl_status_of(child), 73);
}
END_TEST

/* ---- random programs on several pools ---------------------------------------------------------------------- */

enum { POOLS = 4, LEVELS = 4 };
static parallel_pool *several[POOLS]; /* the first is NULL: whichever the caller is in */

typedef struct node {
    unsigned long long seed;
    int level;
} node;

static long walk(node n);
PARALLEL_DECORATE(walk, node, long);

static size_t fan_of(node n)
{
    return n.level == LEVELS ? 0 : 1 + n.seed / 8 % 5;
}

static node child_of(node n, size_t i)
{
    return (node){pl_scramble(n.seed + i), n.level + 1};
}

static long walk(node n)
{
    node children[8];
    long sums[8], sum = 1;
    size_t fan = fan_of(n);
    if (n.seed % 16 == 0)
        pl_test_sleep(20);
    for (size_t i = 0; i < fan; i++)
        children[i] = child_of(n, i);
    if (fan == 0)
        return sum;
    if (parallel_map_into(walk, children, fan, sums, .pool = several[n.seed / 64 % POOLS],
                          .max_workers = (int)(n.seed / 1024 % 4)) != 0)
        return -1000000;
    for (size_t i = 0; i < fan; i++)
        sum += sums[i];
    return sum;
}

static long model_walk(node n)
{
    long sum = 1;
    for (size_t i = 0; i < fan_of(n); i++)
        sum += model_walk(child_of(n, i));
    return sum;
}

typedef struct walker {
    unsigned long long seed, wrong; /* the seed that went wrong, or 0 */
} walker;

static void *walk_about(void *argument)
{
    walker *w = argument;
    for (int i = 0; i < (PL_SANITIZED ? 10 : 20); i++) {
        node root = {pl_scramble(w->seed + (unsigned)i), 0};
        if (walk(root) != model_walk(root))
            w->wrong = root.seed;
        /* a pool of its own for a while, in between */
        PARALLEL_SCOPED parallel_pool *p = parallel_pool_new(2);
        parallel_results_free(parallel_map(walk, &root, 1, .pool = p));
    }
    return NULL;
}

START_TEST(random_programs)
{
    set_up(pl_worker_counts[_i]);
    for (int round = 0; round < 3; round++) {
        for (int k = 1; k < POOLS; k++)
            several[k] = parallel_pool_new(k);
        pthread_t threads[4];
        walker walkers[4];
        for (int i = 0; i < 4; i++) {
            walkers[i] = (walker){(unsigned long long)(round * 4 + i) * 1000 + 1, 0};
            ck_assert_int_eq(pthread_create(&threads[i], NULL, walk_about, &walkers[i]), 0);
        }
        for (int i = 0; i < 4; i++)
            pthread_join(threads[i], NULL);
        for (int k = 1; k < POOLS; k++)
            parallel_pool_free(several[k]);
        for (int i = 0; i < 4; i++)
            ck_assert_msg(!walkers[i].wrong, "seed %llu", walkers[i].wrong);
    }
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, a_pool_has_its_size, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, size_0_is_that_of_the_programs_pool);
    tcase_add_loop_test(c, more_workers_than_its_size, 0, PL_WORKER_COUNTS);
    tcase_add_test(c, wrong_arguments);
    tcase_add_loop_test(c, pools_of_a_scope, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, options_on_a_pool, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, calls_inside_stay, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, one_pool_inside_of_another, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, several_threads_and_pools, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, threads_that_end_give_their_records_back, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, guests_outlive_a_pool, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, many_pools_leave_nothing, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, freed_in_a_task_of_its_own, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, freed_while_another_thread_calls, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, a_child_has_the_pool_too, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, fork_in_a_task, 0, PL_WORKER_COUNTS);
    tcase_add_loop_test(c, the_end_of_the_program, 0, 8);
    tcase_add_loop_test(c, random_programs, 0, PL_WORKER_COUNTS);
    return pl_run("api/pools", c);
}
