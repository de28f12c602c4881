/* SPDX-License-Identifier: MIT */
/* GLib's GTask, in a thread of its pool. */
#include <gio/gio.h>

#include "../tasks.h"

typedef struct job {
    uint64_t value, *sum;
    int *left;
} job;

static void on_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    job *j = data;
    (void)source, (void)cancellable;
    j->value = run_task(j->value);
    g_task_return_boolean(task, TRUE);
}

static void on_done(GObject *source, GAsyncResult *result, gpointer data)
{
    job *j = data;
    (void)source;
    *j->sum += g_task_propagate_boolean(G_TASK(result), NULL) ? j->value : 0;
    --*j->left;
}

bool run_tasks(int n, uint64_t *sum)
{
    static job jobs[MOST_TASKS];
    int left = n;
    for (int i = 0; i < n; i++) {
        jobs[i] = (job){(uint64_t)i, sum, &left};
        GTask *task = g_task_new(NULL, NULL, on_done, &jobs[i]);
        g_task_set_task_data(task, &jobs[i], NULL);
        g_task_run_in_thread(task, on_thread);
        g_object_unref(task);
    }
    while (left > 0)
        g_main_context_iteration(NULL, TRUE);
    return true;
}
