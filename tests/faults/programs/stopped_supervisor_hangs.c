/*
 * A task stops its supervisor by SIGSTOP.
 * Expected: "a timeout is a promise": the call ends, after call_timeout at the latest, and nothing is left of it.
 * Seen: it is not back after 15 s, and three processes outlive the program. Who does not follow the wish to end workers
 * is not killed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <parallel.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static int stop(int x)
{
    if (x == 1)
        kill(getppid(), SIGSTOP);
    if (x == 2)
        for (;;)
            pause();
    return x;
}
PARALLEL_DECORATE(stop, int, int);

int main(void)
{
    int in[4] = {0, 1, 2, 3};
    alarm(10); /* afterwards see `ps` for what is left */
    parallel_results *r =
        parallel_process_map(stop, in, 4, .timeout = 0.2, .call_timeout = 1, .silent = true, .max_workers = 1);
    printf("back: %s, errno %d, %zu failures\n", r ? "results" : "none", r ? 0 : errno, parallel_failures(r));
    parallel_results_free(r);
}
