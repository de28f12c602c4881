/* SPDX-License-Identifier: MIT */
/* A sandbox that refuses one system call. */
#ifndef PL_TESTS_SUPPORT_SANDBOX_H
#define PL_TESTS_SUPPORT_SANDBOX_H

#include <stdbool.h>

#if defined(__linux__) && defined(__has_include)
#if __has_include(<linux/seccomp.h>) && __has_include(<linux/filter.h>)
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#define PL_SANDBOX 1
#endif
#endif

/* What is done about some system calls from now on, in this thread and all that it makes: it cannot be undone. False
 * where there is no such thing. */
static inline bool pl_filter(int number, unsigned action)
{
#ifdef PL_SANDBOX
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
#else
    (void)number;
    (void)action;
    return false;
#endif
}

/* The system call of that number fails with that error. */
static inline bool pl_refuse(int number, int error)
{
#ifdef PL_SANDBOX
    return pl_filter(number, SECCOMP_RET_ERRNO | (unsigned)error);
#else
    return pl_filter(number, (unsigned)error);
#endif
}

/* It ends the process. */
static inline bool pl_forbid(int number)
{
#ifdef PL_SANDBOX
    return pl_filter(number, SECCOMP_RET_KILL_PROCESS);
#else
    return pl_filter(number, 0);
#endif
}

#endif
