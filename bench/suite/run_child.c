/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run.h"

/* Seconds of CPU time that the whole machine has used, stolen ones with them; 0 where that is not told. */
static double busy_seconds(void)
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

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

static void become(const child *c, int output)
{
    char threads[16], reps[16];
    snprintf(threads, sizeof threads, "%d", c->threads);
    snprintf(reps, sizeof reps, "%d", c->reps);
    setenv("PARALLEL_NUM_THREADS", threads, 1);
    setenv("OMP_NUM_THREADS", threads, 1);
    setenv("SUITE_THREADS", threads, 1);
    dup2(output, STDOUT_FILENO);
    alarm(c->most_seconds);
    execl(c->path, c->path, reps, c->small ? "small" : (char *)NULL, (char *)NULL);
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

static bool parse(const char *line, outcome *o)
{
    long long min, median, idle;
    long spawns;
    char word[8];
    if (sscanf(line, "min_ns=%lld median_ns=%lld spawns=%ld idle_cpu_ns=%lld result=%7s", &min, &median, &spawns, &idle,
               word) != 5 ||
        strcmp(word, "OK") != 0)
        return false;
    o->min_ms = (double)min * 1e-6;
    o->median_ms = (double)median * 1e-6;
    o->idle_cpu_ms = (double)idle * 1e-6;
    o->spawns = spawns;
    return true;
}

outcome run_child(const child *c)
{
    outcome o = {0};
    int ends[2];
    if (pipe(ends) != 0)
        return o;
    fflush(NULL);
    double busy = busy_seconds(), start = seconds();
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        become(c, ends[1]);
    }
    close(ends[1]);
    char line[256] = "";
    if (pid > 0)
        read_line(ends[0], line, sizeof line);
    close(ends[0]);
    int status = -1;
    struct rusage used;
    if (pid < 0 || wait4(pid, &status, 0, &used) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0 ||
        !parse(line, &o))
        return o;
    o.ok = true;
    o.peak_mb = (double)used.ru_maxrss / 1024;
    o.lasted = seconds() - start;
    o.others = busy_seconds() - busy - seconds_of(used.ru_utime) - seconds_of(used.ru_stime);
    return o;
}
