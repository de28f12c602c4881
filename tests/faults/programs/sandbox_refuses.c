/*
 * A sandbox that refuses one system call with an error. usage: sandbox_refuses [NUMBER [ERRNO]]; sched_setaffinity and
 * EPERM if not given Expected: what is optional is done without; what is needed gives a clear error; no call hangs.
 * Seen: sched_setaffinity, EPERM or ENOSYS: the program has one thread for ever, and all its calls are serial:
 * pthread_create() with an
 *       affinity attribute fails, and is not tried without. waitid: a call on processes hangs. kill: it hangs, and its
 *       supervisor and workers outlive the program for minutes at least, as the supervisor waits for what it could not
 *       kill.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <parallel.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int who(int x)
{
    (void)x;
    usleep(5000);
    return gettid();
}
PARALLEL_DECORATE(who, int, int);
static int crash(int x)
{
    if (x == 3)
        abort();
    return x;
}
PARALLEL_DECORATE(crash, int, int);

int main(int argc, char **argv)
{
    static int in[20], numbers[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    int others = 0;
    struct sock_filter f[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, argc > 1 ? (unsigned)atoi(argv[1]) : SYS_sched_setaffinity, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (argc > 2 ? (unsigned)atoi(argv[2]) : EPERM)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog p = {4, f};
    alarm(10);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p))
        return perror("seccomp"), 77;
    parallel_results_free(parallel_map(who, in, 20));
    parallel_results *r = parallel_map(who, in, 20);
    const int *v = parallel_values(r);
    for (int i = 0; i < 20; i++)
        others += v[i] != v[0];
    printf("%d of 20 tasks ran on a second thread\n", others);
    fflush(stdout);
    r = parallel_process_map(crash, numbers, 10, .silent = true, .timeout = 2);
    printf("on processes: %s, %zu failed (1 expected)\n", r ? "results" : "none", parallel_failures(r));
    return others == 0;
}
