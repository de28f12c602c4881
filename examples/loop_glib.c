/* SPDX-License-Identifier: MIT */
/*
 * loop_glib [PARTS]: GLib's main loop, which is GTK's, ticks every 10 ms while other threads count primes, and takes
 * their counts as they come. Ctrl-C stops the work early.
 *
 * Exit status: 0 if all was done, 1 if it was stopped, 2 if it could not begin.
 */
#include <glib-unix.h>

#include "loop_work.h"

static gboolean on_tick(gpointer data)
{
    (void)data;
    tick();
    return G_SOURCE_CONTINUE;
}

static gboolean on_interrupt(gpointer data)
{
    (void)data;
    parallel_cancel(ex);
    return G_SOURCE_CONTINUE;
}

/* The descriptor is taken out of the loop before the executor is freed: by G_SOURCE_REMOVE. */
static gboolean on_work(gint fd, GIOCondition condition, gpointer loop)
{
    (void)fd;
    (void)condition;
    if (!take_work())
        return G_SOURCE_CONTINUE;
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

int main(int argc, char **argv)
{
    start_work(argc, argv);
    int fd = parallel_executor_fd(ex);
    if (fd < 0)
        return 2;
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);
    g_unix_fd_add(fd, G_IO_IN, on_work, loop);
    guint timer = g_timeout_add(10, on_tick, NULL), interrupt = g_unix_signal_add(SIGINT, on_interrupt, NULL);
    g_main_loop_run(loop);
    g_source_remove(timer);
    g_source_remove(interrupt);
    g_main_loop_unref(loop);
    return report_work();
}
