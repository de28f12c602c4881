/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

static void spin(pid_t parent)
{
    /* a parent that was killed could not stop it */
    while (getppid() == parent)
        for (volatile int i = 0; i < 1000000; i++)
            ;
    _exit(0);
}

void start_neighbours(neighbours *them, int n)
{
    pid_t parent = getpid();
    fflush(NULL);
    for (them->n = 0; them->n < n && them->n < MOST_NEIGHBOURS; them->n++) {
        pid_t pid = fork();
        if (pid < 0)
            break;
        if (pid == 0)
            spin(parent);
        them->pid[them->n] = pid;
    }
}

void stop_neighbours(neighbours *them)
{
    for (int i = 0; i < them->n; i++)
        kill(them->pid[i], SIGKILL);
    for (int i = 0; i < them->n; i++)
        waitpid(them->pid[i], NULL, 0);
    them->n = 0;
}
