/* SPDX-License-Identifier: MIT */
/* Tasks that kill their process, in every way, or that would never end: each costs itself, and nothing else. */
#include <string.h>

#include "support/workers.h"

/* What becomes of a task. */
enum fate {
    WELL,
    FAULTS,
    BUS,
    DIVIDES,
    ABORTS,
    KILLED,
    LEAVES,
    QUITS,
    LEAVES_WELL,
    OVERFLOWS,
    CRASHES,
    HANGS = CRASHES
};

/* The signal that it dies of; 0: it exits, with that code. */
static const struct end {
    int signal, code;
} ends[CRASHES] = {
#ifdef __GLIBC__
    [LEAVES] = {0, 3},
#else /* the C library does not tell what exit() was called with */
    [LEAVES] = {0, EXIT_FAILURE}, [LEAVES_WELL] = {0, EXIT_FAILURE},
#endif
    [FAULTS] = {SIGSEGV, 0}, [BUS] = {SIGBUS, 0}, [DIVIDES] = {SIGFPE, 0},    [ABORTS] = {SIGABRT, 0},
    [KILLED] = {SIGKILL, 0}, [QUITS] = {0, 4},    [OVERFLOWS] = {SIGSEGV, 0},
};

enum { MOST = 3000 };

/* What is known of a task. When its process left the task before and came to the one after tells how long the library
 * can have seen it run, whatever the system did meanwhile. Times are in seconds; 0: unknown. */
struct account {
    atomic_int starts;
    double before; /* when its process had left the last task, */
    double after;  /* and when it came to the next one */
};

static struct account *accounts;

struct job {
    int index;
    enum fate fate;
};

static struct job jobs[MOST];

static volatile int depth_limit = 2000000000;

static int dig(int depth)
{
    volatile char hole[4096];
    hole[0] = (char)depth;
    if (depth >= depth_limit)
        return 0;
    return dig(depth + 1) + hole[0];
}

static void fault(bool bus)
{
    FILE *empty = bus ? tmpfile() : NULL; /* no page of which can be had */
    int fd = empty ? fileno(empty) : -1;
    volatile char *page = mmap(NULL, 4096, bus ? PROT_READ | PROT_WRITE : PROT_NONE,
                               bus ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, fd, 0);
    *page = 1;
}

static void crash(enum fate fate)
{
    switch (fate) {
    case FAULTS:
    case BUS:
        fault(fate == BUS);
        break;
    case DIVIDES: /* not by a division: not all machines trap that */
        raise(SIGFPE);
        break;
    case ABORTS:
        abort();
    case KILLED:
        raise(SIGKILL);
        break;
    case LEAVES:
        exit(3);
    case QUITS:
        _exit(4);
    case LEAVES_WELL:
        exit(0);
    case OVERFLOWS:
        dig(0);
        break;
    case HANGS:
        for (;;)
            pause();
    case WELL:
        break;
    }
}

static long right_value(int index)
{
    return index * 7L + 5;
}

static int meet(const struct job *job, long *result, void *extras)
{
    static struct account *last;
    static double left;
    (void)extras;
    struct account *mine = &accounts[job->index];
    pl_add(&mine->starts, 1);
    mine->before = left;
    if (last)
        last->after = pl_now();
    last = mine;
    crash(job->fate);
    *result = right_value(job->index);
    left = pl_now();
    return 0;
}
PARALLEL_DECORATE_TASK(meet, struct job, long);

/* Before the first call: all share the accounts. */
static void set_up(int n)
{
    pl_no_cores();
    if (!accounts)
        accounts = pl_shared(MOST * sizeof *accounts);
    memset(accounts, 0, MOST * sizeof *accounts);
    for (int i = 0; i < n; i++)
        jobs[i] = (struct job){.index = i};
}

static void check_well(const parallel_results *r, int i)
{
    ck_assert_msg(parallel_result_state(r, (size_t)i) == PARALLEL_OK, "task %d: state %d", i,
                  (int)parallel_result_state(r, (size_t)i));
    ck_assert_msg(*(const long *)parallel_result(r, (size_t)i) == right_value(i), "task %d: %ld", i,
                  *(const long *)parallel_result(r, (size_t)i));
}

static void check_crashed(const parallel_failure *f, enum fate fate)
{
    ck_assert_msg(f->state == PARALLEL_CRASHED, "fate %d: state %d, code %d", (int)fate, (int)f->state, f->code);
    ck_assert_msg(f->signal == ends[fate].signal, "fate %d: signal %d", (int)fate, f->signal);
    if (!ends[fate].signal)
        ck_assert_msg(f->code == ends[fate].code, "fate %d: code %d", (int)fate, f->code);
}

/* ---- one crash in a call ------------------------------------------------------------------------------------ */

enum { N = 100 };

/* Each crash, with and without a deadline that makes the library look at each task by itself. */
START_TEST(a_crash_costs_one_task)
{
    pl_workers(2);
    set_up(N);
    for (int round = 0; round < 2 * CRASHES; round++) {
        enum fate fate = (enum fate)(round % CRASHES);
        int at = round * 37 % N;
        if (fate == WELL)
            continue;
        set_up(N);
        jobs[at].fate = fate;
        double timeout = round < CRASHES ? 0 : PL_LONG;
        PARALLEL_SCOPED parallel_results *r = parallel_map(meet, jobs, N, ON(_i), .silent = true, .timeout = timeout);
        ck_assert_ptr_nonnull(r);
        ck_assert_uint_eq(parallel_failures(r), 1);
        const parallel_failure *f = parallel_failed(r, 0);
        ck_assert_uint_eq(f->index, (size_t)at);
        check_crashed(f, fate);
        ck_assert_uint_eq(f->attempts, 1);
        ck_assert_ptr_eq(f->arg, &jobs[at]);
        ck_assert_int_gt((int)strlen(f->message), 0);
        ck_assert_int_eq(((const long *)parallel_values(r))[at], 0);
        for (int i = 0; i < N; i++) {
            ck_assert_msg(pl_count(&accounts[i].starts) == 1, "fate %d: task %d has run %d times", (int)fate, i,
                          pl_count(&accounts[i].starts));
            if (i != at)
                check_well(r, i);
        }
    }
}
END_TEST

START_TEST(a_crash_fails_the_call)
{
    pl_workers(2);
    set_up(N);
    for (enum fate fate = FAULTS; fate < CRASHES; fate++) {
        static long out[N];
        set_up(N);
        jobs[40].fate = fate;
        errno = 0;
        ck_assert_ptr_null(parallel_map(meet, jobs, N, ON(_i)));
        ck_assert_int_eq(errno, EOWNERDEAD);
        const parallel_failure *f = parallel_last_failure();
        ck_assert_ptr_nonnull(f);
        ck_assert_uint_eq(f->index, 40);
        check_crashed(f, fate);
        for (int i = 0; i < N; i++)
            ck_assert_int_le(pl_count(&accounts[i].starts), 1);
        errno = 0;
        ck_assert_int_eq(parallel_map_into(meet, jobs, N, out, ON(_i), .silent = true), -1);
        ck_assert_int_eq(errno, EOWNERDEAD);
        for (int i = 0; i < N; i++)
            ck_assert_int_eq(out[i], i == 40 ? 0 : right_value(i));
        jobs[40].fate = WELL; /* and the next one is as if nothing had been */
        ck_assert_int_eq(parallel_map_into(meet, jobs, N, out, ON(_i)), 0);
        ck_assert_int_eq(out[40], right_value(40));
    }
}
END_TEST

/* All crash, in all ways. */
START_TEST(nothing_but_crashes)
{
    pl_workers(3);
    set_up(N);
    for (int i = 0; i < N; i++)
        jobs[i].fate = (enum fate)(FAULTS + i % (CRASHES - FAULTS));
    PARALLEL_SCOPED parallel_results *r = parallel_map(meet, jobs, N, ON(_i), .silent = true);
    ck_assert_uint_eq(parallel_failures(r), N);
    for (int i = 0; i < N; i++) {
        check_crashed(parallel_failed(r, (size_t)i), jobs[i].fate);
        ck_assert_int_eq(pl_count(&accounts[i].starts), 1);
    }
}
END_TEST

/* ---- retries ------------------------------------------------------------------------------------------------ */

static int crash_at_first(const struct job *job, long *result, void *extras)
{
    (void)extras;
    int before = pl_add(&accounts[job->index].starts, 1);
    *result = right_value(job->index);
    if (before < 2)
        crash(job->fate);
    return 0;
}
PARALLEL_DECORATE_TASK(crash_at_first, struct job, long);

START_TEST(tried_again_if_asked)
{
    pl_workers(2);
    set_up(N);
    for (int i = 3; i < N; i += 10)
        jobs[i].fate = i % 4 == 1 ? ABORTS : KILLED;
    PARALLEL_SCOPED parallel_results *r = parallel_map(crash_at_first, jobs, N, ON(_i), .retries = 2);
    ck_assert_ptr_nonnull(r);
    for (int i = 0; i < N; i++) {
        check_well(r, i);
        ck_assert_int_eq(pl_count(&accounts[i].starts), jobs[i].fate ? 3 : 1);
        pl_set(&accounts[i].starts, 0);
    }
    PARALLEL_SCOPED parallel_results *once =
        parallel_map(crash_at_first, jobs, N, ON(_i), .retries = 1, .silent = true);
    ck_assert_uint_eq(parallel_failures(once), 10);
    for (size_t k = 0; k < 10; k++) {
        const parallel_failure *f = parallel_failed(once, k);
        ck_assert_int_eq(f->state, PARALLEL_CRASHED);
        ck_assert_uint_eq(f->index, k * 10 + 3);
        ck_assert_uint_eq(f->attempts, 2);
        ck_assert_int_eq(pl_count(&accounts[f->index].starts), 2);
    }
}
END_TEST

/* ---- functions that cannot fail ----------------------------------------------------------------------------- */

static long plain(int x)
{
    if (x < 0)
        raise(SIGKILL);
    return right_value(x);
}
PARALLEL_DECORATE(plain, int, long);

/* The loop over them is the compiler's, and yet it is known where it was. */
START_TEST(kernels_crash_at_their_index)
{
    enum { LENGTH = 1000 };
    pl_workers(2);
    for (unsigned long long seed = 1; seed <= 5; seed++) {
        unsigned long long random = seed;
        int in[LENGTH];
        for (int i = 0; i < LENGTH; i++)
            in[i] = pl_random(&random) % 50 ? i : -1;
        in[0] = in[LENGTH - 1] = -1;
        PARALLEL_SCOPED parallel_results *r = parallel_map(plain, in, LENGTH, ON(_i), .silent = true);
        ck_assert_ptr_nonnull(r);
        for (int i = 0; i < LENGTH; i++) {
            ck_assert_msg(parallel_result_state(r, (size_t)i) == (in[i] < 0 ? PARALLEL_CRASHED : PARALLEL_OK),
                          "seed %llu, task %d: state %d", seed, i, (int)parallel_result_state(r, (size_t)i));
            if (in[i] >= 0)
                ck_assert_int_eq(*(const long *)parallel_result(r, (size_t)i), right_value(i));
        }
        for (size_t k = 0; k < parallel_failures(r); k++)
            ck_assert_int_eq(parallel_failed(r, k)->signal, SIGKILL);
    }
}
END_TEST

/* Nothing is called, so that the compiler may do with the loop what it likes. */
static long follow(const int *number)
{
    return *number * 3L;
}
PARALLEL_DECORATE(follow, const int *, long);

START_TEST(inlined_kernels_crash_at_their_index)
{
    enum { LENGTH = 3000 };
    pl_workers(2);
    pl_no_cores();
    int *numbers = pl_shared(LENGTH * sizeof *numbers);
    const int *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (unsigned long long seed = 1; seed <= 5; seed++) {
        static const int *in[LENGTH];
        unsigned long long random = seed;
        for (int i = 0; i < LENGTH; i++) {
            numbers[i] = i;
            in[i] = pl_random(&random) % 100 ? &numbers[i] : nowhere;
        }
        PARALLEL_SCOPED parallel_results *r = parallel_map(follow, in, LENGTH, ON(_i), .silent = true);
        ck_assert_ptr_nonnull(r);
        for (int i = 0; i < LENGTH; i++) {
            ck_assert_msg(parallel_result_state(r, (size_t)i) == (in[i] == nowhere ? PARALLEL_CRASHED : PARALLEL_OK),
                          "seed %llu, task %d: state %d", seed, i, (int)parallel_result_state(r, (size_t)i));
            ck_assert_int_eq(((const long *)parallel_values(r))[i], in[i] == nowhere ? 0 : i * 3L);
        }
    }
}
END_TEST

/* ---- what never ends ---------------------------------------------------------------------------------------- */

static atomic_int *children;

static int leave_child(const int *how, int *result, void *extras)
{
    (void)extras;
    *result = *how;
    pid_t child = *how ? fork() : -1;
    if (child == 0) {
        if (*how > 1)
            setsid();
        pl_set(&children[*how], getpid());
        for (;;)
            pause();
    }
    while (*how && pl_count(&children[*how]) == 0)
        pl_test_sleep(200);
    while (*how)
        pause();
    return 0;
}
PARALLEL_DECORATE_TASK(leave_child, int, int);

START_TEST(what_hangs_is_killed)
{
    pl_workers(2);
    set_up(N);
    jobs[7].fate = jobs[60].fate = HANGS;
    PARALLEL_SCOPED parallel_results *r = parallel_map(meet, jobs, N, ON(_i), .silent = true, .timeout = 0.5);
    for (int k = 0; k < 2; k++) {
        size_t at = k ? 60 : 7;
        ck_assert_int_eq(parallel_result_state(r, at), PARALLEL_TIMED_OUT);
        ck_assert_int_eq(pl_count(&accounts[at].starts), 1);
    }
    ck_assert_int_eq(parallel_failed(r, 0)->code, ETIMEDOUT);
    ck_assert_str_eq(parallel_failed(r, 0)->message, "timed out");
    errno = 0;
    ck_assert_ptr_null(parallel_map(meet, jobs, 8, ON(_i), .timeout = 0.02));
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_eq(parallel_last_failure()->state, PARALLEL_TIMED_OUT);
    errno = 0;
    ck_assert_ptr_null(parallel_map(meet, jobs, 8, ON(_i), .call_timeout = 0.02));
    ck_assert_int_eq(errno, ETIMEDOUT);
    ck_assert_int_ge(pl_count(&accounts[7].starts), 1); /* short times may be over before a slow task counts itself */
    ck_assert_int_le(pl_count(&accounts[7].starts), 3);
}
END_TEST

/* With what it has forked, if that has made itself a session of its own, too. */
START_TEST(its_children_are_killed_too)
{
#ifdef PL_OS_LINUX
    /* qemu-user lets nobody be a subreaper, and without /proc one does not know its children */
    size_t count = pl_emulated() || !pl_has_proc() ? 2 : 3;
#else
    size_t count = 2; /* elsewhere, what leaves its process group is not found */
#endif
    pl_workers(2);
    children = pl_shared(4096);
    int hows[] = {0, 1, 2};
    PARALLEL_SCOPED parallel_results *r = parallel_map(leave_child, hows, count, ON(_i), .silent = true, .timeout = 2);
    for (size_t i = 1; i < count; i++) {
        ck_assert_int_eq(parallel_result_state(r, i), PARALLEL_TIMED_OUT);
        ck_assert_int_gt(pl_count(&children[i]), 0);
        ck_assert_msg(pl_await_death(pl_count(&children[i])), "the child of task %zu lives", i);
    }
}
END_TEST

/* ---- all together ------------------------------------------------------------------------------------------- */

/* The fates of many, and whether they were what was reported. */
static void try_many(int kind, unsigned long long seed)
{
    bool slow = PL_SANITIZED || getenv("PARALLEL_NO_SINGLE");
    int n = slow ? 300 : MOST, late = 0, good = 0;
    double timeout = slow ? 0.05 : 0.002;
    set_up(n);
    unsigned long long random = seed;
    for (int i = 0; i < n; i++) {
        unsigned lot = (unsigned)(pl_random(&random) % 100);
        jobs[i].fate = lot < 3    ? HANGS
                       : lot < 20 ? (enum fate)(FAULTS + pl_random(&random) % (OVERFLOWS - FAULTS))
                                  : WELL;
    }
    PARALLEL_SCOPED parallel_results *r =
        parallel_map(meet, jobs, (size_t)n, ON(kind), .silent = true, .timeout = timeout);
    ck_assert_ptr_nonnull(r);
    ck_assert_uint_eq(parallel_length(r), (size_t)n);
    size_t k = 0;
    for (int i = 0; i < n; i++) {
        const struct account *a = &accounts[i];
        parallel_state state = parallel_result_state(r, (size_t)i);
        ck_assert_msg(pl_count(&accounts[i].starts) <= 1, "seed %llu: task %d has run %d times", seed, i,
                      pl_count(&accounts[i].starts));
        const parallel_failure *f = state == PARALLEL_OK ? NULL : parallel_failed(r, k++);
        ck_assert_msg(!f || f->index == (size_t)i, "seed %llu: task %d is not among the failures", seed, i);
        good += jobs[i].fate == WELL;
        if (jobs[i].fate == HANGS) {
            ck_assert_msg(state == PARALLEL_TIMED_OUT, "seed %llu: task %d hangs: %d", seed, i, (int)state);
        } else if (state == PARALLEL_TIMED_OUT) { /* only if it was away for so long */
            late += jobs[i].fate == WELL;
            ck_assert_msg(!(a->before > 0 && a->after > 0) || a->after - a->before >= timeout,
                          "seed %llu: task %d was not late after %g s", seed, i, a->after - a->before);
        } else if (jobs[i].fate == WELL) {
            ck_assert_msg(pl_count(&accounts[i].starts) == 1, "seed %llu: task %d has not run", seed, i);
            check_well(r, i);
        } else {
            check_crashed(f, jobs[i].fate);
        }
    }
    ck_assert_uint_eq(parallel_failures(r), k);
    ck_assert_msg(late * 2 < good, "seed %llu: %d of %d are late", seed, late, good);
}

START_TEST(none_lost_and_none_wrong)
{
    pl_workers(3);
    for (unsigned long long seed = 1; seed <= 3; seed++)
        try_many(_i, seed);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, a_crash_costs_one_task, 0, PROCESS_KINDS);
    tcase_add_loop_test(c, a_crash_fails_the_call, 0, PROCESS_KINDS);
    tcase_add_loop_test(c, nothing_but_crashes, 0, PROCESS_KINDS);
    tcase_add_loop_test(c, tried_again_if_asked, 0, PROCESS_KINDS);
    tcase_add_loop_test(c, kernels_crash_at_their_index, 0, PROCESS_KINDS);
    tcase_add_loop_test(c, inlined_kernels_crash_at_their_index, 0, PROCESS_KINDS);
    tcase_add_loop_test(c, what_hangs_is_killed, 0, PROCESS_KINDS);
    tcase_add_loop_test(c, its_children_are_killed_too, 0, PROCESS_KINDS);
    tcase_add_loop_test(c, none_lost_and_none_wrong, 0, PROCESS_KINDS);
    return pl_run("api/crashes", c);
}
