/* SPDX-License-Identifier: MIT */
/*
 * loop_poll [PARTS]: an event loop around poll() that ticks every 10 ms while other threads count primes, and takes
 * their counts as they come. Ctrl-C, or a line on the standard input, stops the work early.
 *
 * Exit status: 0 if all was done, 1 if it was stopped, 2 if it could not begin.
 */
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "loop_work.h"

static void stop(int signal)
{
    (void)signal;
    parallel_cancel(ex); /* which is safe in a signal handler */
}

static long milliseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
    start_work(argc, argv);
    sigaction(SIGINT, &(struct sigaction){.sa_handler = stop}, NULL);
    struct pollfd fds[2] = {{.fd = parallel_executor_fd(ex), .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    if (fds[0].fd < 0)
        return fprintf(stderr, "loop_poll: %s\n", parallel_error()), 2;
    long next = milliseconds() + 10;
    for (bool all = false; !all;) {
        long left = next - milliseconds();
        int ready = poll(fds, 2, left > 0 ? (int)left : 0);
        if (milliseconds() >= next) {
            tick();
            next += 10;
        }
        if (ready > 0 && fds[0].revents)
            all = take_work();
        if (ready > 0 && fds[1].revents) {
            char line[80];
            if (read(0, line, sizeof line) > 0)
                parallel_cancel(ex);
            else
                fds[1].fd = -1; /* no more comes from there */
        }
    }
    return report_work();
}
