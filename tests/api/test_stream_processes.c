/* SPDX-License-Identifier: MIT */
/* Streams on worker processes: the same as on threads, and a crash costs one item. */
#include <dirent.h>
#include <errno.h>
#include <parallel.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/process.h"
#include "support/test.h"

/* What an item does. */
typedef enum act { WELL, FAILS, CRASHES, LEAVES, HANGS, WAITS, SECOND_TIME, KILLS_SUPERVISOR } act;

typedef struct job {
    int number;
    act act;
} job;

typedef struct outcome {
    long value;
    int pid, index, seen;
} outcome;

static int before; /* what workers are to see of the program */
static char marks[64];

static int work(const job *arg, outcome *result, void *extras)
{
    outcome o = {.value = 3L * arg->number + 1,
                 .pid = (int)getpid(),
                 .index = (int)parallel_worker_index(),
                 .seen = extras ? *(const int *)extras : before};
    switch (arg->act) {
    case FAILS:
        return parallel_fail(EILSEQ, "job %d", arg->number);
    case CRASHES:
        raise(SIGKILL);
        break;
    case LEAVES:
        _exit(0);
    case HANGS:
        for (;;)
            pause();
    case WAITS:
        while (!parallel_cancelled())
            parallel_sleep(0.001);
        return ECANCELED;
    case SECOND_TIME: /* the first attempt leaves a mark */
        if (access(marks, F_OK) != 0) {
            FILE *f = fopen(marks, "w");
            if (f)
                fclose(f);
            raise(SIGKILL);
        }
        break;
    case KILLS_SUPERVISOR:
        if (access(marks, F_OK) != 0) {
            FILE *f = fopen(marks, "w");
            if (f)
                fclose(f);
            kill(getppid(), SIGKILL);
            for (;;)
                pause();
        }
        break;
    case WELL:
        break;
    }
    *result = o;
    return 0;
}
PARALLEL_DECORATE_TASK(work, job, outcome);

/* A stream that is run, and what came of it. */
typedef struct ends {
    int count, given, returned, failed, not_run, bad;
    int special; /* each item of that number, and its multiples if `again`, */
    bool again;
    act act; /* does this */
    bool is_unordered;
    parallel_state state; /* which is to come to that, */
    int code, signal, attempts;
    int well; /* so many items did */
    int most_index;
    long sum;
    int refused; /* the item for which sink returns EFBIG; or -1 */
    pid_t pids[1000];
    int pid_count;
} ends;

static int next_job(job *arg, void *data)
{
    ends *e = data;
    if (e->given == e->count)
        return 0;
    arg->number = e->given;
    bool is_special = e->again ? e->given % e->special == e->special - 1 : e->given == e->special;
    arg->act = is_special ? e->act : WELL;
    e->given++;
    return 1;
}

static void note_pid(ends *e, int pid)
{
    for (int i = 0; i < e->pid_count; i++)
        if (e->pids[i] == pid)
            return;
    if (e->pid_count < (int)(sizeof e->pids / sizeof e->pids[0]))
        e->pids[e->pid_count++] = pid;
}

static int take_outcome(const parallel_item *item, void *data)
{
    ends *e = data;
    const job *j = item->arg;
    const outcome *o = item->result;
    e->bad += (int)item->index != j->number || (!e->is_unordered && j->number != e->returned);
    e->returned++;
    if (item->failure && item->failure->state == PARALLEL_NOT_RUN)
        e->not_run++;
    else if (item->failure) {
        const parallel_failure *f = item->failure;
        e->failed++;
        e->bad += f->state != e->state || f->code != e->code || f->signal != e->signal || j->act != e->act ||
                  f->index != item->index || f->arg != item->arg || !f->message || item->result ||
                  f->attempts != (unsigned)e->attempts;
    } else {
        e->well++;
        e->bad += !o || o->value != 3L * j->number + 1;
        if (o) {
            e->most_index = o->index > e->most_index ? o->index : e->most_index;
            note_pid(e, o->pid);
        }
    }
    return j->number == e->refused ? EFBIG : 0;
}

#define run_stream(e, ...)                                                                                             \
    parallel_stream_map(work, next_job, take_outcome, e, .executor = PARALLEL_PROCESS, __VA_ARGS__)

static ends new_ends(int count)
{
    return (ends){.count = count, .special = -1, .refused = -1, .attempts = 1};
}

static int count_files(void)
{
    int count = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d))
        count++;
    if (d)
        closedir(d);
    return count;
}

/* ---- as on threads ---------------------------------------------------------------------------------------- */

static const size_t windows[] = {0, 1, 2, 3, 40};
enum { WINDOWS = sizeof windows / sizeof windows[0] };

START_TEST(all_come_in_order)
{
    pl_workers(2);
    int files = count_files();
    for (int workers = 0; workers < 4; workers++) {
        ends e = new_ends(500);
        e.is_unordered = workers == 3;
        ck_assert_int_eq(run_stream(&e, .max_workers = workers, .window = windows[_i], .unordered = e.is_unordered), 0);
        ck_assert_int_eq(e.returned, 500);
        ck_assert_int_eq(e.well, 500);
        ck_assert_int_eq(e.bad, 0);
        ck_assert_int_lt(e.most_index, workers ? workers : 2);
        ck_assert_int_le(e.pid_count, workers ? workers : 2);
        for (int i = 0; i < e.pid_count; i++)
            ck_assert_int_ne(e.pids[i], getpid());
    }
    ck_assert_int_eq(count_files(), files);
    ck_assert(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}
END_TEST

/* Each item is as large as 100 KB, and none is run together with another. */
typedef struct block {
    int number;
    unsigned char bytes[100000];
} block;

static void turn(const block *arg, block *result)
{
    result->number = arg->number;
    for (size_t i = 0; i < sizeof arg->bytes; i++)
        result->bytes[i] = (unsigned char)~arg->bytes[i];
}
static int turn_task(const block *arg, block *result, void *extras)
{
    (void)extras;
    turn(arg, result);
    return 0;
}
PARALLEL_DECORATE_TASK(turn_task, block, block);

static int next_block(block *b, void *data)
{
    int *given = data;
    if (*given == 50)
        return 0;
    b->number = *given;
    memset(b->bytes, *given, sizeof b->bytes);
    ++*given;
    return 1;
}

static int check_block(const parallel_item *item, void *data)
{
    (void)data;
    const block *b = item->result;
    bool good = b && b->number == (int)item->index;
    for (size_t i = 0; good && i < sizeof b->bytes; i++)
        good = b->bytes[i] == (unsigned char)~b->number;
    return good ? 0 : EILSEQ;
}

START_TEST(large_items)
{
    int given = 0;
    pl_workers(2);
    ck_assert_int_eq(parallel_stream_map(turn_task, next_block, check_block, &given, .executor = PARALLEL_PROCESS), 0);
    ck_assert_int_eq(given, 50);
}
END_TEST

static double add(int i)
{
    return i + 0.5;
}
PARALLEL_DECORATE(add, int, double, .executor = PARALLEL_PROCESS);

static void drop(int i)
{
    (void)i;
}
PARALLEL_DECORATE(drop, int, void, .executor = PARALLEL_PROCESS);

static int next_int(int *arg, void *data)
{
    int *given = data;
    *arg = *given;
    return ++*given <= 3000;
}

static int check_sum(const parallel_item *item, void *data)
{
    (void)data;
    return *(const double *)item->result == (double)item->index + 0.5 ? 0 : EILSEQ;
}

static int check_nothing(const parallel_item *item, void *data)
{
    (void)data;
    return item->result || item->failure ? EILSEQ : 0;
}

START_TEST(functions_that_cannot_fail)
{
    int given = 0;
    pl_workers(2);
    ck_assert_int_eq(parallel_stream_map(add, next_int, check_sum, &given), 0);
    given = 0;
    ck_assert_int_eq(parallel_stream_map(drop, next_int, check_nothing, &given), 0);
}
END_TEST

/* ---- items that end badly --------------------------------------------------------------------------------- */

static const struct {
    act act;
    parallel_state state;
    int code, signal, error;
} bad_ends[] = {
    {FAILS, PARALLEL_ERROR, EILSEQ, 0, EILSEQ},
    {CRASHES, PARALLEL_CRASHED, EOWNERDEAD, SIGKILL, EOWNERDEAD},
    {LEAVES, PARALLEL_CRASHED, 0, 0, EOWNERDEAD},
    {HANGS, PARALLEL_TIMED_OUT, ETIMEDOUT, 0, ETIMEDOUT},
};
enum { BAD_ENDS = sizeof bad_ends / sizeof bad_ends[0] };

static ends bad_stream(int count, int how)
{
    ends e = new_ends(count);
    e.act = bad_ends[how].act;
    e.state = bad_ends[how].state;
    e.code = bad_ends[how].code;
    e.signal = bad_ends[how].signal;
    return e;
}

/* The first item that fails ends the stream: those before it come well. */
START_TEST(a_bad_end_stops)
{
    pl_workers(2);
    for (int special = 0; special < 100; special += 33) {
        ends e = bad_stream(100000, _i);
        e.special = special;
        ck_assert_int_eq(run_stream(&e, .timeout = e.act == HANGS ? 0.1 : 0), -1);
        ck_assert_int_eq(errno, bad_ends[_i].error);
        const parallel_failure *f = parallel_last_failure();
        ck_assert(f && f->index == (size_t)special && f->state == e.state && f->signal == e.signal);
        ck_assert_int_eq(((const job *)f->arg)->number, special);
        ck_assert_int_eq(e.bad, 0);
        ck_assert_int_eq(e.failed, 1);
        ck_assert_int_eq(e.returned, e.given);
        ck_assert_int_ge(e.well, special);
        ck_assert_int_lt(e.given, 100000);
    }
}
END_TEST

START_TEST(a_bad_end_is_passed)
{
    ends e = bad_stream(120, _i);
    pl_workers(2);
    e.special = 30;
    e.again = true;
    ck_assert_int_eq(run_stream(&e, .silent = true, .timeout = e.act == HANGS ? 0.1 : 0), 0);
    ck_assert_int_eq(e.bad, 0);
    ck_assert_int_eq(e.failed, 4);
    ck_assert_int_eq(e.well, 116);
    ck_assert_int_eq(e.returned, 120);
}
END_TEST

START_TEST(attempts)
{
    pl_workers(2);
    for (int silent = 0; silent < 2; silent++) {
        ends e = bad_stream(60, 1);
        e.special = 20;
        e.attempts = 3;
        ck_assert_int_eq(run_stream(&e, .silent = silent, .retries = 2), silent ? 0 : -1);
        ck_assert_int_eq(e.bad, 0);
        ck_assert_int_eq(e.failed, 1);
        ck_assert_int_eq(e.returned, e.given);
        e = new_ends(60);
        e.special = 20;
        e.act = silent ? SECOND_TIME : KILLS_SUPERVISOR;
        ck_assert_int_eq(run_stream(&e, .retries = 2, .retry_delay = 0.001), 0);
        ck_assert_int_eq(e.well, 60);
        ck_assert_int_eq(e.bad, 0);
        unlink(marks);
    }
}
END_TEST

START_TEST(codes_of_the_ends)
{
    ends e = new_ends(100000);
    pl_workers(2);
    e.refused = 50;
    ck_assert(run_stream(&e, .window = 32) == -1 && errno == EFBIG && !parallel_last_failure());
    ck_assert_int_eq(e.bad, 0);
    ck_assert_int_eq(e.returned, e.given);
    e = new_ends(10);
    e.special = 3;
    e.act = HANGS;
    e.state = PARALLEL_TIMED_OUT;
    e.code = ETIMEDOUT;
    ck_assert(run_stream(&e, .call_timeout = 0.3) == -1 && errno == ETIMEDOUT);
    ck_assert_int_eq(e.bad, 0);
    ck_assert_int_eq(e.returned, e.given);
}
END_TEST

/* ---- what workers know ------------------------------------------------------------------------------------ */

static int seen_by_all;

static int check_seen(const parallel_item *item, void *data)
{
    seen_by_all += item->result && ((const outcome *)item->result)->seen == 17;
    return take_outcome(item, data);
}

START_TEST(memory_and_extras)
{
    ends e = new_ends(100);
    int shared = 17;
    pl_workers(2);
    before = 17;
    ck_assert_int_eq(parallel_stream_map(work, next_job, check_seen, &e, .executor = PARALLEL_PROCESS), 0);
    e = new_ends(100);
    before = 0;
    ck_assert_int_eq(
        parallel_stream_map(work, next_job, check_seen, &e, .executor = PARALLEL_PROCESS, .extras = &shared), 0);
    e = new_ends(100);
    ck_assert_int_eq(parallel_stream_map(work, next_job, check_seen, &e, .executor = PARALLEL_PROCESS,
                                         .extras = &shared, .extras_size = sizeof shared,
                                         .isolation = PARALLEL_PERSISTENT),
                     0);
    ck_assert_int_eq(seen_by_all, 300);
    ck_assert(run_stream(&e, .isolation = PARALLEL_PERSISTENT, .extras = &shared) == -1 && errno == EINVAL);
}
END_TEST

/* A worker takes over after so many tasks. */
START_TEST(tasks_per_worker)
{
    ends e = new_ends(100);
    pl_workers(2);
    ck_assert_int_eq(run_stream(&e, .tasks_per_worker = 7), 0);
    ck_assert_int_eq(e.well, 100);
    ck_assert_int_eq(e.bad, 0);
    ck_assert_int_ge(e.pid_count, 100 / 7);
}
END_TEST

/* ---- open streams ----------------------------------------------------------------------------------------- */

static int put_job(parallel_stream *s, int number, act what)
{
    return parallel_stream_put(s, &(job){number, what});
}

START_TEST(an_open_stream)
{
    parallel_item item;
    pl_workers(2);
    int files = count_files();
    {
        PARALLEL_SCOPED parallel_stream *s =
            parallel_stream_open(work, .executor = PARALLEL_PROCESS, .silent = true, .timeout = 0.1, .window = 8);
        ck_assert(s);
        int given = 0, fd = parallel_stream_fd(s);
        for (int taken = 0; taken < 100; taken++) {
            while (given < 100 && put_job(s, given, given == 40 ? CRASHES : given == 60 ? HANGS : WELL) == 0)
                given++;
            if (_i == 0) {
                struct pollfd p = {.fd = fd, .events = POLLIN};
                ck_assert_int_eq(poll(&p, 1, -1), 1);
            }
            ck_assert_int_eq(parallel_stream_next(s, &item, _i == 0 ? 0 : -1), 1);
            ck_assert_int_eq(item.index, taken);
            if (taken == 40)
                ck_assert(item.failure->state == PARALLEL_CRASHED && item.failure->signal == SIGKILL);
            else if (taken == 60)
                ck_assert(item.failure->state == PARALLEL_TIMED_OUT);
            else
                ck_assert(item.result && ((const outcome *)item.result)->value == 3L * taken + 1);
        }
        parallel_stream_end(s);
        ck_assert_int_eq(parallel_stream_next(s, &item, -1), 0);
    }
    ck_assert_int_eq(count_files(), files);
    ck_assert(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}
END_TEST

/* What runs is told to give up. */
START_TEST(a_cancel)
{
    parallel_item item;
    pl_workers(2);
    PARALLEL_SCOPED parallel_stream *s = parallel_stream_open(work, .executor = PARALLEL_PROCESS, .window = 8);
    ck_assert_int_eq(put_job(s, 0, WELL), 0);
    ck_assert_int_eq(parallel_stream_next(s, &item, -1), 1);
    for (int i = 1; i < 6; i++)
        ck_assert_int_eq(put_job(s, i, WAITS), 0);
    pl_test_sleep(20000);
    parallel_stream_cancel(s);
    for (int i = 1; i < 6; i++) {
        ck_assert_int_eq(parallel_stream_next(s, &item, -1), 1);
        ck_assert(item.failure &&
                  (item.failure->state == PARALLEL_CANCELLED || item.failure->state == PARALLEL_NOT_RUN));
    }
    ck_assert(parallel_stream_next(s, &item, -1) == -1 && errno == ECANCELED);
}
END_TEST

/* A child process has nothing of it. */
START_TEST(in_a_child)
{
    parallel_item item;
    pl_workers(2);
    PARALLEL_SCOPED parallel_stream *s = parallel_stream_open(work, .executor = PARALLEL_PROCESS);
    ck_assert_int_eq(put_job(s, 0, WELL), 0);
    ck_assert_int_eq(put_job(s, 1, WELL), 0);
    ck_assert_int_eq(parallel_stream_next(s, &item, -1), 1);
    pid_t child = fork();
    if (child == 0) {
        bool lost = parallel_stream_next(s, &item, 0) == -1 && errno == ECHILD && put_job(s, 2, WELL) == -1;
        parallel_stream_free(s);
        _exit(lost ? 0 : 1);
    }
    ck_assert_int_eq(pl_status_of(child), 0);
    ck_assert_int_eq(parallel_stream_next(s, &item, -1), 1);
    ck_assert_int_eq(put_job(s, 2, WELL), 0);
    ck_assert_int_eq(parallel_stream_next(s, &item, -1), 1);
    ck_assert(!item.failure);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    snprintf(marks, sizeof marks, "stream_processes_%d", (int)getpid());
    tcase_add_loop_test(c, all_come_in_order, 0, WINDOWS);
    tcase_add_test(c, large_items);
    tcase_add_test(c, functions_that_cannot_fail);
    tcase_add_loop_test(c, a_bad_end_stops, 0, BAD_ENDS);
    tcase_add_loop_test(c, a_bad_end_is_passed, 0, BAD_ENDS);
    tcase_add_test(c, attempts);
    tcase_add_test(c, codes_of_the_ends);
    tcase_add_test(c, memory_and_extras);
    tcase_add_test(c, tasks_per_worker);
    tcase_add_loop_test(c, an_open_stream, 0, 2);
    tcase_add_test(c, a_cancel);
    tcase_add_test(c, in_a_child);
    return pl_run("streams on worker processes", c);
}
