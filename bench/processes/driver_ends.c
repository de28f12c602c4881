/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <parallel.h>

#include "driver.h"

/*
 * Tasks of even number end badly, and note when they begin to; those of odd number note when they have begun. One
 * worker takes one after the other, in what order it likes.
 */
enum { MOST_TASKS = 200 };

static double *stamps; /* in memory that all processes share, from before there was any */

static void crash(int task)
{
    stamps[task] = now_ns();
    if (task % 2 == 0)
        raise(SIGSEGV);
}

static void hang(int task)
{
    stamps[task] = now_ns();
    for (volatile int on = task % 2 == 0; on;)
        ;
}

static int crash_task(const int *task, int *result, void *extras)
{
    (void)extras;
    crash(*task);
    return *result = 0;
}
PARALLEL_DECORATE_TASK(crash_task, int, int, .silent = true, .max_workers = 1);

static int hang_task(const int *task, int *result, void *extras)
{
    (void)extras;
    hang(*task);
    return *result = 0;
}
PARALLEL_DECORATE_TASK(hang_task, int, int, .silent = true, .max_workers = 1, .timeout = LATE_NS * 1e-9);

static bool is_bad(const parallel_results *r, size_t n, parallel_state expected)
{
    bool good = r != NULL;
    for (size_t i = 0; good && i < n; i++)
        good = parallel_result_state(r, i) == (i % 2 == 0 ? expected : PARALLEL_OK);
    return good;
}

/* What one would write by hand: a process for each task. */
static bool crash_forked(const int *tasks, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int status;
        pid_t pid = fork();
        if (pid == 0) {
            crash(tasks[i]);
            _exit(0);
        }
        if (pid < 0 || waitpid(pid, &status, 0) != pid || WIFSIGNALED(status) != (i % 2 == 0))
            return false;
    }
    return true;
}

static bool run_crashes(const measurement *m, const int *tasks)
{
    if (m->way == FORK)
        return crash_forked(tasks, m->n);
    PARALLEL_SCOPED parallel_results *r = parallel_process_map(
        crash_task, tasks, m->n, .isolation = m->way == PERSISTENT ? PARALLEL_PERSISTENT : PARALLEL_SNAPSHOT);
    return is_bad(r, m->n, PARALLEL_CRASHED);
}

static bool run_hangs(const measurement *m, const int *tasks)
{
    PARALLEL_SCOPED parallel_results *r = parallel_process_map(
        hang_task, tasks, m->n, .isolation = m->way == PERSISTENT ? PARALLEL_PERSISTENT : PARALLEL_SNAPSHOT);
    return is_bad(r, m->n, PARALLEL_TIMED_OUT);
}

/* What passed from an even task's stamp to the next one, whichever that is; 0 if it was the last. */
static double until_next(size_t n, size_t task)
{
    double next = 0;
    for (size_t i = 0; i < n; i++)
        if (stamps[i] > stamps[task] && (next == 0 || stamps[i] < next))
            next = stamps[i];
    return next > 0 ? next - stamps[task] : 0;
}

/* Runs calls until the time is filled, and notes what passed from each even task to the next, beyond `expected`. */
static bool measure_ends(measurement *m, bool (*run)(const measurement *, const int *), double expected)
{
    if (m->n > MOST_TASKS || m->n < 2 || m->way == SERIAL || m->way == THREADS || m->way == BARE_FORK) {
        errno = EINVAL;
        return false;
    }
    int tasks[MOST_TASKS];
    for (size_t i = 0; i < m->n; i++)
        tasks[i] = (int)i;
    stamps = mmap(NULL, MOST_TASKS * sizeof *stamps, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (stamps == MAP_FAILED)
        return false;
    double end = now_ns() + m->fill * 1e9;
    do {
        if (!run(m, tasks))
            return false;
        for (size_t i = 0; i < m->n; i += 2) {
            double passed = until_next(m->n, i);
            if (passed > 0)
                note_time(m, passed - expected);
        }
    } while (now_ns() < end);
    return true;
}

bool measure_crashes(measurement *m)
{
    return measure_ends(m, run_crashes, 0);
}

bool measure_lateness(measurement *m)
{
    if (m->way == FORK) {
        errno = EINVAL;
        return false;
    }
    return measure_ends(m, run_hangs, LATE_NS);
}
