/* SPDX-License-Identifier: MIT */
/*
 * A program of an MPI job, for tests/mpi/mpi.sh: each way to call it (run_case() has the list) checks something, and
 * says on standard error what is not as it is to be. Every rank has an alarm: no test leaves anything behind.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "mpi/ends.h"
#include "mpi/job.h"
#include "mpi/plugin.h"

enum { N = 20000 };

int wrong;
static int in[N];

/* ---- functions ----------------------------------------------------------------------------------------------- */

static int square(int x)
{
    return x * x;
}
PARALLEL_DECORATE(square, int, int);

static int which_process(int x)
{
    struct timespec pause = {.tv_nsec = 200000};
    (void)x;
    nanosleep(&pause, NULL);
    return (int)getpid();
}
PARALLEL_DECORATE(which_process, int, int);

typedef struct text {
    char said[80];
} text;

static int greet(const int *i, text *t, void *extras)
{
    const int *bad = extras;
    if (bad && *i % *bad == 0)
        return parallel_fail(EIO, "no %d", *i);
    snprintf(t->said, sizeof t->said, "hello %d", *i);
    return 0;
}
PARALLEL_DECORATE_TASK(greet, int, text);

static int greet_by_hand(const void *i, void *t, void *extras)
{
    return greet(i, t, extras);
}

static int double_lines(const int *from, size_t n, int *to, void *extras)
{
    (void)extras;
    for (size_t i = 0; i < n; i++)
        to[i] = 2 * from[i];
    return 0;
}
PARALLEL_DECORATE_SPLIT(double_lines, int, int);

static int sleep_long(const int *i, int *result, void *extras)
{
    (void)extras;
    *result = *i;
    return *i < 4 ? 0 : parallel_sleep(1000) ? errno : 0;
}
PARALLEL_DECORATE_TASK(sleep_long, int, int);

static int call_inside(int x)
{
    int few[10], sum = 0;
    for (int i = 0; i < 10; i++)
        few[i] = i + x;
    PARALLEL_SCOPED parallel_results *r = parallel_map(square, few, 10, ON_RANKS);
    for (int i = 0; r && i < 10; i++)
        sum += ((const int *)parallel_values(r))[i] - (i + x) * (i + x);
    return r ? sum : -1;
}
PARALLEL_DECORATE(call_inside, int, int);

static int crash_at(const int *i, int *result, void *extras)
{
    (void)extras;
    *result = *i + 1;
    if (*i % 50 == 17)
        abort();
    return 0;
}
PARALLEL_DECORATE_TASK(crash_at, int, int);

/* Microseconds of CPU that this process has used. */
static long cpu_used(int x)
{
    struct rusage r;
    struct timespec pause = {.tv_nsec = 5000000};
    (void)x;
    nanosleep(&pause, NULL);
    getrusage(RUSAGE_SELF, &r);
    return (r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000L + r.ru_utime.tv_usec + r.ru_stime.tv_usec;
}

typedef struct use {
    int pid;
    long us;
} use;

static use note_use(int x)
{
    return (use){(int)getpid(), cpu_used(x)};
}
PARALLEL_DECORATE(note_use, int, use);

/* ---- what comes back ----------------------------------------------------------------------------------------- */

static void check_maps(void)
{
    int bad = 9, *out = malloc(sizeof in);
    for (size_t n = 0; n <= N; n = n * 5 + 1) {
        PARALLEL_SCOPED parallel_results *r = parallel_map(square, in, n, ON_RANKS);
        CHECK(r && parallel_length(r) == n);
        CHECK(parallel_map_into(square, in, n, out, ON_RANKS) == 0);
        for (size_t i = 0; r && i < n; i++)
            if (((const int *)parallel_values(r))[i] != in[i] * in[i] || out[i] != in[i] * in[i]) {
                CHECK(!"a result is wrong");
                break;
            }
    }
    PARALLEL_SCOPED parallel_results *r =
        parallel_map(greet, in, N, ON_RANKS, .silent = true, .extras = &bad, .extras_size = sizeof bad);
    CHECK(r && parallel_failures(r) == (N + 8) / 9);
    for (size_t k = 0; r && k < parallel_failures(r); k++) {
        const parallel_failure *f = parallel_failed(r, k);
        char expected[20];
        snprintf(expected, sizeof expected, "no %zu", 9 * k);
        if (f->index != 9 * k || f->code != EIO || f->state != PARALLEL_ERROR || strcmp(f->message, expected)) {
            CHECK(!"a failure is wrong");
            break;
        }
    }
    CHECK(!parallel_map(greet, in, N, ON_RANKS, .extras = &bad, .extras_size = sizeof bad) && errno == EIO);
    CHECK(parallel_last_failure() && strncmp(parallel_last_failure()->message, "no ", 3) == 0);
    CHECK(!parallel_map(greet, in, N, ON_RANKS, .extras = &bad) && errno == EINVAL);
    PARALLEL_SCOPED parallel_results *s = parallel_split(double_lines, in, N, ON_RANKS);
    CHECK(s && ((const int *)parallel_values(s))[N - 1] == 2 * in[N - 1]);
    free(out);
}

static void check_par(void)
{
    parallel_future futures[] = {PARALLEL_FUTURE(square, 7, .name = "a"), PARALLEL_FUTURE(greet, 8, .name = "b"),
                                 PARALLEL_FUTURE(call_inside, 9)};
    PARALLEL_SCOPED parallel_results *r = parallel_par(futures, 3, ON_RANKS);
    CHECK(r && *(const int *)parallel_get(r, "a") == 49);
    CHECK(r && strcmp(((const text *)parallel_get(r, "b"))->said, "hello 8") == 0);
    CHECK(r && *(const int *)parallel_result(r, 2) == 0);
}

static void check_background(void)
{
    enum { FEW = 100 };
    PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(square, in, FEW, ON_RANKS, .as_completed = true);
    parallel_item item;
    size_t items = 0;
    for (; ex && parallel_executor_next(ex, &item, -1) == 1; items++)
        CHECK(!item.failure && *(const int *)item.result == in[item.index] * in[item.index]);
    CHECK(items == FEW);
    PARALLEL_SCOPED parallel_executor *slow = parallel_async_map(sleep_long, in, N, ON_RANKS, .silent = true);
    CHECK(slow && parallel_executor_wait(slow, 0.05) == -1);
    parallel_cancel(slow);
    parallel_results *r = parallel_executor_results(slow);
    CHECK(r && parallel_failures(r) >= N - 100);
}

static void check_time(void)
{
    PARALLEL_SCOPED parallel_results *r = parallel_map(sleep_long, in, 8, ON_RANKS, .silent = true, .timeout = 0.02);
    CHECK(r && parallel_failures(r) == 4 && parallel_failed(r, 0)->state == PARALLEL_TIMED_OUT);
    PARALLEL_SCOPED parallel_results *all =
        parallel_map(sleep_long, in, N, ON_RANKS, .silent = true, .call_timeout = 0.05);
    CHECK(all && parallel_failures(all) == N - 4 && parallel_failed(all, 0)->code == ETIMEDOUT);
}

/* The ranks' processes are others than this one. */
static void check_places(int ranks)
{
    int seen[64], count = 0;
    PARALLEL_SCOPED parallel_results *r = parallel_map(which_process, in, 400, ON_RANKS);
    for (int i = 0; r && i < 400; i++) {
        int pid = ((const int *)parallel_values(r))[i], k = 0;
        while (k < count && seen[k] != pid)
            k++;
        if (k == count && count < 64)
            seen[count++] = pid;
    }
    CHECK(count == ranks);
    CHECK(parallel_mpi_ranks() == ranks);
}

/* Functions that were not decorated, and those of a shared object that only home has opened. */
static void check_functions(const char *plugin_path)
{
    parallel_function by_hand = {
        .name = "greet", .arg_size = sizeof(int), .result_size = sizeof(text), .call = greet_by_hand};
    PARALLEL_SCOPED parallel_results *r =
        parallel_map_function(&by_hand, in, 500, &(parallel_options){.size = sizeof(parallel_options), ON_RANKS});
    CHECK(r && strcmp(((const text *)parallel_result(r, 499))->said, "hello 499") == 0);
    const parallel_function *thrice = plugin_function(plugin_path);
    CHECK(thrice);
    PARALLEL_SCOPED parallel_results *p =
        thrice
            ? parallel_map_function(thrice, in, 5000, &(parallel_options){.size = sizeof(parallel_options), ON_RANKS})
            : NULL;
    CHECK(p && ((const int *)parallel_values(p))[4999] == 3 * 4999);
}

static void check_crashes(void)
{
    PARALLEL_SCOPED parallel_results *r =
        parallel_map(crash_at, in, 200, ON_RANKS, .silent = true, .isolation = PARALLEL_PERSISTENT);
    CHECK(r && parallel_failures(r) == 4);
    for (size_t k = 0; r && k < parallel_failures(r); k++)
        CHECK(parallel_failed(r, k)->index == 50 * k + 17 && parallel_failed(r, k)->signal == SIGABRT);
    CHECK(r && *(const int *)parallel_result(r, 199) == 200);
}

static int check_all(int ranks, const char *plugin_path)
{
    check_maps();
    check_par();
    check_background();
    check_time();
    check_places(ranks);
    check_functions(plugin_path);
    check_crashes();
    CHECK(parallel_for(10, NULL, NULL, ON_RANKS) == -1 && errno == ENOTSUP);
    parallel_mpi_shutdown();
    CHECK(parallel_mpi_ranks() == 0);
    CHECK(!parallel_map(square, in, 10, ON_RANKS) && errno == ENOTSUP);
    return wrong != 0;
}

/* ---- ends ---------------------------------------------------------------------------------------------------- */

/* The least, or the most, that a process had used of a CPU in some tasks; -1: it has run none. */
static long used_by(const parallel_results *r, int pid, bool most)
{
    long used = -1;
    for (size_t i = 0; i < parallel_length(r); i++) {
        const use *u = parallel_result(r, i);
        if (u && u->pid == pid && (used < 0 || (u->us > used) == most))
            used = u->us;
    }
    return used;
}

/* Nothing to do for three seconds, and how much of a CPU the others take for that: 5 % of it at most. */
static int be_idle(int ranks)
{
    enum { TASKS = 64, LAST = 1, FIRST = 0 };
    PARALLEL_SCOPED parallel_results *before = parallel_map(note_use, in, TASKS, ON_RANKS);
    sleep(3);
    PARALLEL_SCOPED parallel_results *after = parallel_map(note_use, in, TASKS, ON_RANKS);
    bool compared = false;
    for (size_t i = 0; before && after && i < TASKS; i++) {
        int pid = ((const use *)parallel_result(before, i))->pid;
        long begin = used_by(before, pid, LAST), end = used_by(after, pid, FIRST);
        if (pid == (int)getpid() || end < 0)
            continue;
        compared = true;
        if (end - begin > 150000) {
            fprintf(stderr, "%ld us\n", end - begin);
            CHECK(!"idle ranks take more than 5 % of a CPU");
            break;
        }
    }
    CHECK(compared || ranks == 1);
    return wrong != 0;
}

/* Ranks of other programs cannot run this one's functions. */
static int be_refused(void)
{
    PARALLEL_SCOPED parallel_results *r = parallel_map(which_process, in, 400, ON_RANKS, .silent = true);
    CHECK(r && parallel_failures(r) > 0);
    const parallel_failure *f = parallel_failed(r, 0);
    CHECK(f && f->code == ENOEXEC && strstr(f->message, "build") && strstr(f->message, "job"));
    if (f)
        puts(f->message);
    return wrong != 0;
}

/* A child of home is a program without ranks, and its end is not that of the job. */
static int have_child(void)
{
    pid_t child = fork();
    if (child == 0) {
        bool refused = !parallel_map(square, in, 10, ON_RANKS) && errno == ENOTSUP;
        exit(refused ? 0 : 1);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(parallel_map_into(square, in, N, (int[N]){0}, ON_RANKS) == 0);
    return wrong != 0;
}

/* ---- hosts, and large vectors -------------------------------------------------------------------------------- */

static text host_name(int x)
{
    text t = {""};
    struct timespec pause = {.tv_nsec = 1000000};
    (void)x;
    nanosleep(&pause, NULL);
    gethostname(t.said, sizeof t.said - 1);
    return t;
}
PARALLEL_DECORATE(host_name, int, text);

/* Tasks run on as many hosts as there are ranks. */
static int count_hosts(int ranks)
{
    enum { TASKS = 400, MOST = 16 };
    const char *seen[MOST];
    int count = 0;
    PARALLEL_SCOPED parallel_results *r = parallel_map(host_name, in, TASKS, ON_RANKS);
    CHECK(r);
    for (size_t i = 0; r && i < TASKS; i++) {
        const char *name = ((const text *)parallel_result(r, i))->said;
        int k = 0;
        while (k < count && strcmp(seen[k], name) != 0)
            k++;
        if (k == count && count < MOST)
            seen[count++] = name;
    }
    CHECK(count == ranks);
    return wrong != 0;
}

static int widen(const unsigned char *from, size_t n, unsigned *to, void *extras)
{
    (void)extras;
    for (size_t i = 0; i < n; i++)
        to[i] = from[i] + 1u;
    return 0;
}
PARALLEL_DECORATE_SPLIT(widen, unsigned char, unsigned);

/* Results of more than 2 GiB in one message: two pieces, one of them another rank's. It takes 13 GB of memory. */
static int send_gigabytes(void)
{
    size_t each = ((size_t)1 << 29) + 1000003, n = 2 * each;
    unsigned char *bytes = malloc(n);
    for (size_t i = 0; bytes && i < n; i++)
        bytes[i] = (unsigned char)(i * 7 >> 3);
    PARALLEL_SCOPED parallel_results *r = bytes ? parallel_split(widen, bytes, n, ON_RANKS, .grain = each) : NULL;
    CHECK(r && parallel_length(r) == n);
    for (size_t i = 0; !wrong && i < n; i++)
        CHECK(((const unsigned *)parallel_values(r))[i] == bytes[i] + 1u);
    free(bytes);
    return wrong != 0;
}

/* ---- what is refused ----------------------------------------------------------------------------------------- */

static bool says(const char *words)
{
    const char *sentence = parallel_error();
    return sentence && strstr(sentence, words);
}

/* MPI that others have initialised, and not for threads. */
static int check_refusals(void)
{
    int level;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_SINGLE, &level);
    CHECK(parallel_mpi_init_on(MPI_COMM_WORLD) == -1 && errno == ENOTSUP && says("MPI_THREAD_MULTIPLE"));
    CHECK(parallel_mpi_init(NULL, NULL) == -1 && errno == EALREADY && says("before"));
    CHECK(parallel_mpi_ranks() == 0);
    MPI_Finalize();
    return wrong != 0;
}

static int run_case(const char *what, int ranks, char *more)
{
    if (strcmp(what, "all") == 0)
        return check_all(ranks, more);
    if (strcmp(what, "lose") == 0)
        return lose_ranks(more);
    if (strcmp(what, "lose-in-messages") == 0)
        return lose_in_messages(atoi(more));
    if (strcmp(what, "lose-at-shutdown") == 0)
        return lose_at_shutdown(atoi(more));
    if (strcmp(what, "lose-at-start") == 0)
        return 0;
    if (strcmp(what, "hosts") == 0)
        return count_hosts(ranks);
    if (strcmp(what, "huge") == 0)
        return send_gigabytes();
    if (strcmp(what, "idle") == 0)
        return be_idle(ranks);
    if (strcmp(what, "refused") == 0)
        return be_refused();
    if (strcmp(what, "child") == 0)
        return have_child();
    if (strcmp(what, "exit") == 0) {
        CHECK(parallel_map_into(square, in, N, (int[N]){0}, ON_RANKS) == 0);
        exit(wrong ? 1 : 3);
    }
    if (strcmp(what, "exit-in-call") == 0) {
        parallel_executor *ex = parallel_async_map(sleep_long, in, N, ON_RANKS);
        CHECK(parallel_executor_wait(ex, 0.1) == -1);
        exit(wrong ? 1 : 3);
    }
    if (strcmp(what, "exit-in-messages") == 0)
        exit_in_messages(atoi(more));
    fprintf(stderr, "%s?\n", what);
    return 2;
}

/* The program has MPI itself. */
static int run_on(const char *what, char *more)
{
    int level, rank, ranks;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_MULTIPLE, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    int status = 0;
    CHECK(parallel_mpi_init_on(MPI_COMM_WORLD) == 0);
    if (rank == 0)
        status = run_case(what, ranks, more);
    if (rank == 0)
        parallel_mpi_shutdown();
    MPI_Barrier(MPI_COMM_WORLD);
    MPI_Finalize();
    return status || wrong;
}

/* job RANKS CASE [MORE]; `on` before the case: MPI is the program's own. */
int main(int argc, char **argv)
{
    alarm(60);
    for (int i = 0; i < N; i++)
        in[i] = i;
    if (argc > 3 && strcmp(argv[2], "lose-at-start") == 0)
        die_soon(atoi(argv[3]));
    if (argc > 2 && strcmp(argv[2], "refusals") == 0)
        return check_refusals();
    if (argc > 3 && strcmp(argv[2], "on") == 0)
        return run_on(argv[3], argc > 4 ? argv[4] : NULL);
    CHECK(!parallel_map(square, in, 10, ON_RANKS) && errno == ENOTSUP);
    CHECK(parallel_mpi_ranks() == 0);
    if (parallel_mpi_init(&argc, &argv) != 0) {
        perror("parallel_mpi_init");
        return 1;
    }
    return argc > 2 ? run_case(argv[2], atoi(argv[1]), argc > 3 ? argv[3] : NULL) : 2;
}
