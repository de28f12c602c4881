/* SPDX-License-Identifier: MIT */
/* Workers that are kept: whose they are, and that they have the program's rights and directories of now. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#ifdef PL_OS_LINUX
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "support/workers.h"

enum { WORKERS = 2, TASKS = 8, NOBODY = 65534, SKIPPED = 77 };
#ifdef PL_OS_LINUX
enum { MASK_IS_COMPARED = 1 };
#else
enum { MASK_IS_COMPARED = 0 };
#endif

/* ---- as what tasks run --------------------------------------------------------------------------------------- */

struct self {
    pid_t pid;
    uid_t uid, euid;
    gid_t gid, egid;
    int groups; /* how many */
    dev_t devices[2];
    ino_t files[2]; /* the working directory and the root */
    mode_t mask;
    int rights;
};

static struct self self_of(int unused)
{
    (void)unused;
    struct self self;
    struct stat here, root;
    memset(&self, 0, sizeof self);
    self.pid = getpid();
    self.uid = getuid();
    self.euid = geteuid();
    self.gid = getgid();
    self.egid = getegid();
    self.groups = getgroups(0, NULL);
    if (stat(".", &here) == 0 && stat("/", &root) == 0) {
        self.devices[0] = here.st_dev;
        self.devices[1] = root.st_dev;
        self.files[0] = here.st_ino;
        self.files[1] = root.st_ino;
    }
    self.mask = umask(0);
    umask(self.mask);
#ifdef PL_OS_LINUX
    self.rights = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) + 10 * (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) > 0);
#endif
    return self;
}
PARALLEL_DECORATE(self_of, int, struct self);

static bool look(struct self tasks[TASKS], parallel_pool *pool)
{
    static const int in[TASKS];
    return parallel_map_into(self_of, in, TASKS, tasks, ON(1), .max_workers = WORKERS, .pool = pool) == 0;
}

static bool is_among(pid_t pid, const struct self tasks[TASKS])
{
    for (int i = 0; i < TASKS; i++)
        if (tasks[i].pid == pid)
            return true;
    return false;
}

static bool is_as(const struct self *task, const struct self *program)
{
    return task->uid == program->uid && task->euid == program->euid && task->gid == program->gid &&
           task->egid == program->egid && task->groups == program->groups && task->rights == program->rights &&
           (!MASK_IS_COMPARED || task->mask == program->mask) && task->devices[0] == program->devices[0] &&
           task->devices[1] == program->devices[1] && task->files[0] == program->files[0] &&
           task->files[1] == program->files[1];
}

static bool are_as(const struct self tasks[TASKS], struct self program)
{
    for (int i = 0; i < TASKS; i++)
        if (!is_as(&tasks[i], &program))
            return false;
    return true;
}

/* ---- changes ------------------------------------------------------------------------------------------------- */

static int change_user(void)
{
    return setuid(NOBODY);
}

static int change_effective_user(void)
{
    return seteuid(NOBODY);
}

static int change_group(void)
{
    return setgid(NOBODY);
}

static int change_groups(void)
{
    gid_t groups[] = {NOBODY, 1, 2};
    return setgroups(3, groups);
}

static int go_elsewhere(void)
{
    return chdir("/tmp");
}

static int go_and_come_back(void)
{
    char name[4096];
    return !getcwd(name, sizeof name) || chdir("/tmp") || chdir(name);
}

static int change_root(void)
{
    return chroot("/tmp");
}

/* From one root directory, called "/", to another. */
static int change_root_and_go_there(void)
{
    return chroot("/tmp") || chdir("/");
}

#ifdef PL_OS_LINUX

static int drop_capability(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[2];
    if (syscall(SYS_capget, &header, sets) != 0)
        return -1;
    sets[0].effective &= ~(1u << CAP_NET_BIND_SERVICE);
    return (int)syscall(SYS_capset, &header, sets);
}

static int forgo_privileges(void)
{
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static int filter_calls(void)
{
    struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {.len = 1, .filter = all};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

/* As where no file can be made without a name. */
static int refuse_nameless_files(void)
{
    struct sock_filter opens[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_TMPFILE & ~O_DIRECTORY, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof opens / sizeof opens[0], .filter = opens};
    return forgo_privileges() || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

#endif

static int change_umask(void)
{
    umask(umask(0) == 077 ? 022 : 077);
    return 0;
}

static int keep_all(void)
{
    return 0;
}

static int change_nothing_that_is_compared(void)
{
    return setenv("PARALLEL_TEST_KEPT", "1", 1);
}

static const struct {
    const char *name;
    int (*before)(void), (*change)(void);
    bool as_root; /* only root can */
    bool keeps;   /* the workers stay */
} changes[] = {
    {"nothing", keep_all, keep_all, false, true},
    {"what is not compared", keep_all, change_nothing_that_is_compared, false, true},
    {"directory", keep_all, go_elsewhere, false, false},
    {"directory, and back", keep_all, go_and_come_back, false, true},
    {"user", keep_all, change_user, true, false},
    {"effective user", keep_all, change_effective_user, true, false},
    {"group", keep_all, change_group, true, false},
    {"groups", keep_all, change_groups, true, false},
    {"root", keep_all, change_root, true, false},
    {"root and directory", go_elsewhere, change_root_and_go_there, true, false},
#ifdef PL_OS_LINUX
    {"capabilities", keep_all, drop_capability, true, false},
    {"umask", keep_all, change_umask, false, false},
    {"umask, as the system describes the process", refuse_nameless_files, change_umask, false, false},
    {"no_new_privs", keep_all, forgo_privileges, false, false},
    {"system calls", forgo_privileges, filter_calls, false, false},
#endif
};
enum { CHANGES = sizeof changes / sizeof changes[0] };

/* In a process of its own: what came of it. */
static int try(int i)
{
    struct self before[TASKS], after[TASKS];
    if (changes[i].as_root && geteuid() != 0)
        return SKIPPED;
    if (changes[i].before() || !look(before, NULL))
        return 1;
    if (changes[i].change())
        return SKIPPED; /* it may not, in a container */
    if (!look(after, NULL))
        return 2;
    if (!are_as(after, self_of(0)))
        return 3;
    for (int k = 0; changes[i].keeps && k < TASKS; k++)
        if (pl_is_dead(before[k].pid))
            return 4;
    for (int k = 0; !changes[i].keeps && k < TASKS; k++)
        if (!pl_await_death(before[k].pid))
            return 5;
    return 0;
}

START_TEST(workers_are_as_the_program_is_now)
{
    pl_workers(WORKERS);
    pid_t child = fork();
    if (child == 0)
        _exit(try(_i));
    int status = pl_status_of(child);
    if (status == SKIPPED)
        printf("# %s: may not be changed here\n", changes[_i].name);
    else
        ck_assert_msg(status == 0, "%s: %d", changes[_i].name, status);
}
END_TEST

/* ---- whose they are ------------------------------------------------------------------------------------------ */

static parallel_executor *call_later(parallel_pool *pool, int kind, bool deferred)
{
    static const int in[TASKS];
    return parallel_async_map(self_of, in, TASKS, ON(kind), .max_workers = WORKERS, .pool = pool, .deferred = deferred);
}

/* A call that waits when its pool is freed goes on; but the workers that it had are nobody's, and do not stay. */
START_TEST(a_pool_is_freed_before_the_call)
{
    pl_workers(WORKERS);
    parallel_pool *pool = parallel_pool_new(1);
    struct self tasks[TASKS], others[TASKS];
    ck_assert_ptr_nonnull(pool);
    PARALLEL_SCOPED parallel_executor *ex = call_later(pool, _i, true);
    parallel_pool_free(pool);
    void *there = malloc(3 * sizeof(void *)); /* where it was, maybe */
    ck_assert_ptr_nonnull(there);
    memset(there, 0x41, 3 * sizeof(void *));
    ck_assert_int_eq(parallel_executor_start(ex), 0);
    parallel_results *r = parallel_executor_results(ex);
    ck_assert_ptr_nonnull(r);
    memcpy(tasks, parallel_values(r), sizeof tasks);
    free(there);
    for (int i = 0; i < TASKS; i++)
        ck_assert(pl_await_death(tasks[i].pid));
    parallel_pool *other = parallel_pool_new(1);
    ck_assert(look(others, other));
    for (int i = 0; i < TASKS; i++)
        ck_assert(!is_among(others[i].pid, tasks));
    parallel_pool_free(other);
}
END_TEST

/* The same for calls that queue up behind others. */
START_TEST(a_pool_is_freed_while_calls_are_queued)
{
    enum { CALLS = 6 };
    pl_workers(WORKERS);
    for (int round = 0; round < (PL_SANITIZED ? 3 : 20); round++) {
        parallel_pool *pool = parallel_pool_new(1);
        parallel_executor *calls[CALLS];
        struct self tasks[CALLS][TASKS];
        for (int k = 0; k < CALLS; k++)
            calls[k] = call_later(pool, _i, false);
        parallel_pool_free(pool);
        for (int k = 0; k < CALLS; k++) {
            parallel_results *r = parallel_executor_results(calls[k]);
            ck_assert_ptr_nonnull(r);
            memcpy(tasks[k], parallel_values(r), sizeof tasks[k]);
        }
        for (int k = 0; k < CALLS; k++)
            parallel_executor_free(calls[k]);
        for (int k = 0; k < CALLS; k++)
            for (int i = 0; i < TASKS; i++)
                ck_assert(pl_await_death(tasks[k][i].pid));
    }
}
END_TEST

/* Pools do not end, nor use, each other's workers, nor those of the program. */
START_TEST(each_pool_has_its_own)
{
    pl_workers(WORKERS);
    struct self tasks[3][TASKS], again[TASKS];
    parallel_pool *pools[3] = {NULL, parallel_pool_new(1), parallel_pool_new(1)};
    for (int k = 0; k < 3; k++)
        ck_assert(look(tasks[k], pools[k]));
    parallel_pool_free(pools[1]);
    for (int i = 0; i < TASKS; i++) {
        ck_assert(pl_await_death(tasks[1][i].pid));
        ck_assert(!pl_is_dead(tasks[0][i].pid) && !pl_is_dead(tasks[2][i].pid));
    }
    pools[1] = parallel_pool_new(1);
    ck_assert(look(again, pools[1]));
    for (int i = 0; i < TASKS; i++)
        ck_assert(!is_among(again[i].pid, tasks[0]) && !is_among(again[i].pid, tasks[2]));
    parallel_pool_free(pools[1]);
    parallel_pool_free(pools[2]);
}
END_TEST

int main(void)
{
    TCase *c = pl_case();
    tcase_add_loop_test(c, workers_are_as_the_program_is_now, 0, CHANGES);
    tcase_add_loop_test(c, a_pool_is_freed_before_the_call, 0, PROCESS_KINDS);
    tcase_add_loop_test(c, a_pool_is_freed_while_calls_are_queued, 0, PROCESS_KINDS);
    tcase_add_test(c, each_pool_has_its_own);
    return pl_run("api/kept", c);
}
