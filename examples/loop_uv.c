/* SPDX-License-Identifier: MIT */
/*
 * loop_uv [PARTS]: libuv's event loop ticks every 10 ms while other threads count primes, and takes their counts as
 * they come. Ctrl-C stops the work early.
 *
 * Exit status: 0 if all was done, 1 if it was stopped, 2 if it could not begin.
 */
#include <uv.h>

#include "loop_work.h"

static uv_poll_t work;
static uv_timer_t timer;
static uv_signal_t interrupt;

static void on_tick(uv_timer_t *handle)
{
    (void)handle;
    tick();
}

static void on_interrupt(uv_signal_t *handle, int signal)
{
    (void)handle;
    (void)signal;
    parallel_cancel(ex);
}

/* The descriptor is taken out of the loop before the executor is freed. */
static void on_work(uv_poll_t *handle, int status, int events)
{
    (void)status;
    (void)events;
    if (!take_work())
        return;
    uv_close((uv_handle_t *)handle, NULL);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_close((uv_handle_t *)&interrupt, NULL);
}

int main(int argc, char **argv)
{
    uv_loop_t *loop = uv_default_loop();
    start_work(argc, argv);
    if (uv_poll_init(loop, &work, parallel_executor_fd(ex)) != 0)
        return 2;
    uv_poll_start(&work, UV_READABLE, on_work);
    uv_timer_init(loop, &timer);
    uv_timer_start(&timer, on_tick, 10, 10);
    uv_signal_init(loop, &interrupt);
    uv_signal_start(&interrupt, on_interrupt, SIGINT);
    uv_run(loop, UV_RUN_DEFAULT); /* until all handles are closed */
    uv_loop_close(loop);
    return report_work();
}
