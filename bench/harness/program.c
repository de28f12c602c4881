/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

enum { MOST_ARGUMENTS = 16 };

double busy_seconds(void)
{
    long long user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0, steal = 0;
    FILE *f = fopen("/proc/stat", "r");
    if (!f)
        return 0;
    (void)!fscanf(f, "cpu %lld %lld %lld %lld %lld %lld %lld %lld", &user, &nice, &system, &idle, &wait, &irq, &softirq,
                  &steal);
    fclose(f);
    return (double)(user + nice + system + irq + softirq + steal) / (double)sysconf(_SC_CLK_TCK);
}

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

static void set_threads(int n)
{
    static const char *const variables[] = {"PARALLEL_NUM_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS",
                                            "SUITE_THREADS", NULL};
    char text[16];
    snprintf(text, sizeof text, "%d", n);
    for (int i = 0; variables[i]; i++)
        setenv(variables[i], text, 1);
}

static void become(const program *p, int output)
{
    const char *argv[MOST_ARGUMENTS + 2] = {p->path};
    for (int i = 0; i < MOST_ARGUMENTS && p->arguments[i]; i++)
        argv[i + 1] = p->arguments[i];
    set_threads(p->threads);
    if (p->wait_policy)
        setenv("OMP_WAIT_POLICY", p->wait_policy, 1);
    dup2(output, STDOUT_FILENO);
    close(output);
    alarm(p->most_seconds);
    execv(p->path, (char *const *)argv);
    _exit(127);
}

/* Reads all there is, and keeps as much as there is room for. */
static void read_line(int from, char *line, size_t size)
{
    size_t have = 0;
    char rest[256];
    for (;;) {
        bool room = have < size - 1;
        ssize_t got = read(from, room ? line + have : rest, room ? size - 1 - have : sizeof rest);
        if (got <= 0)
            break;
        have += room ? (size_t)got : 0;
    }
    line[have] = '\0';
}

ended run_program(const program *p)
{
    ended e = {.status = -1};
    int ends[2];
    if (pipe(ends) != 0)
        return e;
    fflush(NULL);
    double busy = busy_seconds(), start = seconds();
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        become(p, ends[1]);
    }
    close(ends[1]);
    if (pid > 0)
        read_line(ends[0], e.line, sizeof e.line);
    close(ends[0]);
    int status = -1;
    struct rusage used;
    if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
        return e;
    e.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    e.ok = e.status == 0;
    e.peak_mb = (double)used.ru_maxrss / 1024;
    e.lasted = seconds() - start;
    e.others = busy_seconds() - busy - seconds_of(used.ru_utime) - seconds_of(used.ru_stime);
    return e;
}

/* Others may use 5 % of a core, and two ticks of the kernel's clock besides, of 10 ms each, in which it counts. */
bool disturbed(double others, double lasted)
{
    return others > 0.05 * lasted + 0.02;
}

bool is_named(const char *name, char **names)
{
    bool found = !*names;
    for (; *names; names++)
        found |= strcmp(name, *names) == 0;
    return found;
}
