/*
 * A call that keeps all outcomes is stopped by its call_timeout, early. usage: silent_stop_costs [N]
 * Expected: it is back soon after call_timeout, with and without `silent`: for tasks that did not run there is nothing
 * to do. Seen: N = 10^7: 3.1 s and 594 MB with `silent`, 0.05 s and 0 MB without; 5 * 10^7: 26 s and 3 GB. One record
 * is made for each task
 *       that did not run, under a mutex, and then they are sorted.
 */
#include <errno.h>
#include <parallel.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static char nap(char x)
{
    nanosleep(&(struct timespec){0, 1000000}, 0);
    return x;
}
PARALLEL_DECORATE(nap, char, char);

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoull(argv[1], 0, 0) : 10000000;
    char *in = calloc(n, 1);
    int bad = 0;
    for (int silent = 0; silent < 2; silent++) {
        struct rusage u;
        getrusage(RUSAGE_SELF, &u);
        long before = u.ru_maxrss;
        double t = now();
        parallel_results *r = parallel_map(nap, in, n, .call_timeout = 0.05, .silent = silent);
        t = now() - t;
        getrusage(RUSAGE_SELF, &u);
        printf("silent %d: call_timeout 0.05 s, back after %.2f s, %ld MB more, %zu failures\n", silent, t,
               (u.ru_maxrss - before) / 1024, parallel_failures(r));
        bad += t > 0.5;
        parallel_results_free(r);
    }
    free(in);
    return bad != 0;
}
