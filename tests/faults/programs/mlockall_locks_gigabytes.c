/*
 * A real-time program locks its memory, and then calls. usage: mlockall_locks_gigabytes [MB of RLIMIT_MEMLOCK, then uid
 * 65534] Expected: some MB more are locked, or resident. Seen: 4.1 GB locked after a map (13.6 GB with 8 workers): the
 * address space reserved for deques; 1 GB resident after a map on
 *       processes: the arena. With a limit of 8 MB there are no threads, and maps on processes fail with ENOMEM.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <parallel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static int in[64];

static int leaf(int x)
{
    usleep(500);
    return x;
}
PARALLEL_DECORATE(leaf, int, int);

static long mb(const char *what)
{
    char line[256];
    long kb = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (fgets(line, sizeof line, f))
        if (!strncmp(line, what, strlen(what)))
            kb = atol(line + strlen(what));
    fclose(f);
    return kb >> 10;
}

static void show(const char *when, const parallel_results *r)
{
    printf("%-20s resident %6ld MB, locked %6ld MB; %s\n", when, mb("VmRSS:"), mb("VmLck:"),
           r ? "ok" : strerror(errno));
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        rlim_t limit = (rlim_t)atol(argv[1]) << 20;
        if (setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){limit, limit}) || setuid(65534))
            return perror("the limit"), 77;
    }
    if (mlockall(MCL_CURRENT | MCL_FUTURE))
        return perror("mlockall"), 77;
    show("a map", parallel_map(leaf, in, 64));
    show("a map on processes", parallel_process_map(leaf, in, 8));
    show("a map, 8 workers", parallel_map(leaf, in, 64, .max_workers = 8));
    return mb("VmRSS:") > 64 || mb("VmLck:") > 256;
}
