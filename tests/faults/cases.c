/* SPDX-License-Identifier: MIT */
/*
 * Each case is a process of its own, forked before the library has done anything, so that first use is in it. It runs
 * its scenario with some calls failing, and again with none, and exits: then the library has to have given everything
 * back.
 */
#define _GNU_SOURCE
#include "faults/cases.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/process.h"
#include "support/test.h"

/* After so many seconds a case hangs. */
enum { HANGS = 60 };

static unsigned long fault_count, case_count;

/* ---- complaints ------------------------------------------------------------------------------------------ */

int fault_wrong(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    if (!fault_now->complaint[0])
        vsnprintf(fault_now->complaint, sizeof fault_now->complaint, format, list);
    va_end(list);
    return -1;
}

void fault_clear(void)
{
    memset((void *)fault_now->times, 0, sizeof fault_now->times);
}

int fault_ran(int n, int least, int most)
{
    for (int i = 0; i < n; i++) {
        int times = atomic_load_explicit(&fault_now->times[i], memory_order_relaxed);
        if (times < least || times > most)
            return fault_wrong("item %d has run %d times", i, times);
    }
    return 0;
}

/* ---- in a case ------------------------------------------------------------------------------------------- */

static pid_t this_case; /* 0: this process is none */
static int output, files_before;

static int count_files(void)
{
    DIR *files = opendir("/proc/self/fd");
    int count = 0;
    for (struct dirent *entry; files && (entry = readdir(files));)
        count += entry->d_name[0] != '.';
    if (files)
        closedir(files);
    return files ? count : -1;
}

static int what_is_left(void)
{
    long blocks;
    long long mapped;
    char takers[160];
    struct stat st;
    fault_arena(&blocks, &mapped);
    fault_takers(takers, sizeof takers);
    if (fault_blocks() != blocks)
        return fault_wrong("%ld blocks are left, %ld of them the arena's, by%s", fault_blocks(), blocks, takers);
    if (fault_mapped() != mapped)
        return fault_wrong("%lld bytes are mapped, %lld of them the arena's", fault_mapped(), mapped);
    if (fault_strange())
        return fault_wrong("%ld blocks were freed that had not been taken", fault_strange());
    if (count_files() != files_before)
        return fault_wrong("%d files are open, and %d were before", count_files(), files_before);
    if (!pl_threads_leave(1))
        return fault_wrong("%d threads are left", pl_count_threads());
    if (fstat(output, &st) != 0 || st.st_size > 0)
        return fault_wrong("something was printed");
    return 0;
}

/* After the library's own destructors. */
__attribute__((destructor(101))) static void the_end(void)
{
    if (this_case == getpid())
        _exit(what_is_left() ? 1 : 0);
}

/* Whether it is an error that one of the plan's faults explains. */
static bool is_explained(int error)
{
    for (fault_kind kind = 0; kind < FAULT_KINDS; kind++)
        if ((fault_now->kinds & FAULT_BIT(kind)) && (error == fault_error(kind) || error == ENOMEM))
            return true;
    return false;
}

static _Noreturn void run_case(const fault_scenario *s)
{
    signal(SIGALRM, SIG_DFL); /* Check has its own use for it */
    alarm(HANGS);
    this_case = getpid();
    output = memfd_create("output", MFD_CLOEXEC);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    files_before = count_files();
    fault_open_account();
    atomic_store_explicit(&fault_now->armed, true, memory_order_relaxed);
    int error = s->run();
    atomic_store_explicit(&fault_now->armed, false, memory_order_relaxed);
    if (error > 0 && !is_explained(error))
        fault_wrong("error %d (%s)", error, strerror(error));
    error = error < 0 ? error : s->run();
    if (error > 0)
        fault_wrong("without faults: error %d (%s)", error, strerror(error));
    exit(0); /* the_end() */
}

/* ---- around it ------------------------------------------------------------------------------------------- */

/* Waits for all that the case has left behind. False if something is there for good. */
static bool bury_all(void)
{
    for (long naps = 0; naps < 200000; naps++) {
        pid_t pid = waitpid(-1, NULL, WNOHANG | __WALL);
        if (pid < 0 && errno == ECHILD)
            return true;
        if (pid == 0)
            pl_test_sleep(naps < 1000 ? 100 : 200);
    }
    return false;
}

/* One run of a scenario. */
typedef struct fault_case {
    const char *name; /* of the kind */
    unsigned kinds, first, last;
} fault_case;

/* So many are run at once, each with a plan of its own: much of their time goes in waiting. */
enum { AT_ONCE = 6 };
static fault_plan *plans;

static pid_t begin(const fault_scenario *s, const fault_case *c)
{
    fault_plan *p = fault_now;
    p->kinds = c->kinds;
    p->first = c->first;
    p->last = c->last;
    p->seen = p->fired = 0;
    p->complaint[0] = '\0';
    memset((void *)p->calls, 0, sizeof p->calls);
    pid_t child = fault_fork();
    if (child == 0)
        run_case(s);
    return child;
}

static void end(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    atomic_store_explicit(&fault_now->armed, false, memory_order_relaxed);
    if (WIFSIGNALED(status))
        fault_wrong("%s", WTERMSIG(status) == SIGALRM ? "it hangs" : strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0)
        fault_wrong("it has exited with status %d", WEXITSTATUS(status));
    fault_count += fault_now->fired;
    case_count++;
}

/* Fails the test if one of them goes wrong. */
static void run_cases(const fault_scenario *s, const fault_case *cases, int count)
{
    pid_t children[AT_ONCE];
    fflush(NULL);
    for (int i = 0; i < count; i++) {
        fault_now = &plans[i];
        children[i] = begin(s, &cases[i]);
        ck_assert_int_gt(children[i], 0);
    }
    for (int i = 0; i < count; i++) {
        fault_now = &plans[i];
        end(children[i]);
    }
    bool gone = bury_all();
    for (int i = 0; i < count; i++)
        ck_assert_msg(!plans[i].complaint[0], "%s, %s %u to %u: %s", s->name, cases[i].name, cases[i].first,
                      cases[i].last, plans[i].complaint);
    ck_assert_msg(gone, "%s, %s %u to %u, or one of those before it: processes are left", s->name,
                  cases[count - 1].name, cases[count - 1].first, cases[count - 1].last);
}

/* ---- all cases ------------------------------------------------------------------------------------------- */

enum { MOST_CASES = 4096 };
static fault_case cases[MOST_CASES];
static int cases_planned;

static void plan(const char *name, unsigned kinds, unsigned first, unsigned last)
{
    ck_assert_int_lt(cases_planned, MOST_CASES);
    cases[cases_planned++] = (fault_case){name, kinds, first, last};
}

/* Hints are about speed, and a wait may end for no reason: few places will do. */
static bool is_minor(unsigned kinds)
{
    return !(kinds & ~(FAULT_BIT(FAULT_HINT) | FAULT_BIT(FAULT_FENCE) | FAULT_BIT(FAULT_WAIT)));
}

/* Of so many calls: each, and farther on one in ever more, unless all are asked for. A failure may lead to more
 * calls. */
static void plan_kinds(const fault_scenario *s, const char *name, unsigned kinds, unsigned calls)
{
    bool all = getenv("FAULTS_ALL"), single = (kinds & (kinds - 1)) == 0;
    unsigned most = calls + calls / 4 + 1, each = is_minor(kinds) ? 1 : 6;
    bool rarely = is_minor(kinds) || kinds == FAULT_BIT(FAULT_FORK); /* a supervisor tries to fork for half a second */
    for (unsigned n = 1; n <= most && single; n += all || n < each ? 1 : n / 2 + 1)
        plan(name, kinds, n, n);
    for (unsigned n = 1; n <= most; n = all ? n + 1 : rarely ? n * 16 : n * 4)
        plan(name, kinds, n, s->waits || is_minor(kinds) ? n + 40 : UINT_MAX);
}

static void plan_all(const fault_scenario *s)
{
    static const fault_kind memory[] = {FAULT_HEAP, FAULT_GROW, FAULT_MAP, FAULT_COMMIT, FAULT_THREAD};
    unsigned kinds = 0, calls = 0;
    for (size_t i = 0; i < sizeof memory / sizeof memory[0]; i++) {
        kinds |= FAULT_BIT(memory[i]);
        calls += fault_now->calls[memory[i]];
    }
    for (fault_kind kind = 0; kind < FAULT_KINDS; kind++)
        if (fault_now->calls[kind])
            plan_kinds(s, fault_name(kind), FAULT_BIT(kind), fault_now->calls[kind]);
    plan_kinds(s, "all memory", kinds, calls);
}

/* ---- the test -------------------------------------------------------------------------------------------- */

static const fault_scenario *scenarios;

START_TEST(calls_that_fail)
{
    const fault_scenario *s = &scenarios[_i];
    const char *only = getenv("FAULTS_ONLY");
    if (only && strcmp(only, s->name) != 0)
        return;
    pl_workers(4);
    plans = fault_plans(AT_ONCE);
    ck_assert_ptr_nonnull(plans);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    run_cases(s, &(fault_case){.name = "none"}, 1);
    plan_all(s);
    for (int i = 0; i < cases_planned; i += AT_ONCE)
        run_cases(s, cases + i, cases_planned - i < AT_ONCE ? cases_planned - i : AT_ONCE);
    if (getenv("FAULTS_COUNT"))
        printf("# %s: %lu faults in %lu cases\n", s->name, fault_count, case_count);
}
END_TEST

int fault_main(const char *name, const fault_scenario *all, int count)
{
    TCase *c = pl_case();
    scenarios = all;
    tcase_add_loop_test(c, calls_that_fail, 0, count);
    return pl_run(name, c);
}
