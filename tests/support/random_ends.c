/* SPDX-License-Identifier: MIT */
/* Random calls in the background: who is told of their ends, by a descriptor, a notification, or task by task. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "support/random.h"
#include "support/tasks.h"

static bool is_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1 && (p.revents & POLLIN);
}

/* ---- notifications --------------------------------------------------------------------------------------- */

static void take_note(parallel_executor *ex, void *ends)
{
    rnd_ends *e = ends;
    if (!parallel_executor_done(ex) || parallel_executor_status(ex) < PARALLEL_DONE)
        rnd_complain(e->call, "a notification comes before the end");
    errno = 0;
    if (parallel_executor_shutdown(ex) != -1 || errno != EDEADLK)
        rnd_complain(e->call, "a notification shuts its executor down: errno %d", errno);
    atomic_fetch_add_explicit(&e->notes, 1, memory_order_relaxed);
}

static unsigned count_notes(rnd_ends *e)
{
    return atomic_load_explicit(&e->notes, memory_order_relaxed);
}

/* Asks for one, or takes that back. */
static void ask_for_note(rnd_ends *e, bool wants)
{
    bool was_noted = count_notes(e) > 0;
    if (parallel_executor_notify(e->ex, wants ? take_note : NULL, e) == 0) {
        e->wants_note = wants;
        if (was_noted)
            rnd_complain(e->call, "a second notification is taken");
    } else if (errno != EALREADY || !e->wants_note)
        rnd_complain(e->call, "no notification is taken: errno %d", errno);
}

/* ---- descriptors ----------------------------------------------------------------------------------------- */

static void ask_for_descriptor(rnd_ends *e)
{
    int fd = parallel_executor_fd(e->ex);
    if (fd < 0 || (e->fd >= 0 && fd != e->fd))
        rnd_complain(e->call, "descriptor %d, in place of %d: errno %d", fd, e->fd, errno);
    e->fd = fd;
}

/* It is readable when the call has ended, and never before; or when there is a task to be taken. */
static void look_at_descriptor(rnd_ends *e)
{
    parallel_item item;
    ask_for_descriptor(e);
    bool was_done = parallel_executor_done(e->ex), readable = is_readable(e->fd);
    if (was_done && !readable)
        rnd_complain(e->call, "a call has ended, and its descriptor does not say so");
    if (readable && !e->items && !parallel_executor_done(e->ex))
        rnd_complain(e->call, "a call's descriptor says that it has ended, and it has not");
    if (readable && e->items && !rnd_ends_take(e, &item, 0) && errno == ETIMEDOUT)
        rnd_complain(e->call, "a call's descriptor says that there is a task, and there is none");
}

/* ---- tasks as they end ----------------------------------------------------------------------------------- */

static void check_item(rnd_ends *e, const parallel_item *item)
{
    const rnd_call *c = e->call;
    size_t i = item->index;
    if (i >= c->plan.n || e->items[i] || (!c->is_copied && item->arg != &c->items[i])) {
        rnd_complain(c, "task %zu is given, with an argument that is another's, or for the second time", i);
        return;
    }
    e->items[i] = true;
    const unsigned long long *result = item->result;
    bool was_run = !item->failure || item->failure->state != PARALLEL_NOT_RUN;
    if (was_run && e->any_not_run)
        rnd_complain(c, "task %zu is given after one that was not run", i);
    e->any_not_run = !was_run;
    if (item->failure) {
        rnd_check_task(c, item->failure, !c->options.silent);
        if (item->failure->index != i || result)
            rnd_complain(c, "task %zu is given with a wrong failure", i);
    } else if (!rnd_may_be_well(c, i))
        rnd_complain(c, "task %zu is given as well, though it ran %u times, the last with code %d", i, rnd_runs(c, i),
                     c->logs[i].code);
    else if (rnd_function_of(c, i) == RND_VOID ? result != NULL : !result || *result != rnd_value(c, i))
        rnd_complain(c, "task %zu is given with a wrong result", i);
}

bool rnd_ends_take(rnd_ends *e, parallel_item *item, double seconds)
{
    int got = parallel_executor_next(e->ex, item, seconds);
    if (got == 1) {
        check_item(e, item);
        e->taken++;
    } else if (got == 0 ? e->taken != e->call->plan.n : errno != ETIMEDOUT || seconds < 0)
        rnd_complain(e->call, "after %zu tasks no more is given: %d, errno %d", e->taken, got, errno);
    if (got == 0)
        errno = 0;
    return got == 1;
}

void rnd_ends_take_all(rnd_ends *e)
{
    parallel_item item;
    while (e->items && rnd_ends_take(e, &item, -1))
        if (e->fd >= 0)
            look_at_descriptor(e);
}

/* ---- a call ---------------------------------------------------------------------------------------------- */

void rnd_ends_begin(rnd_ends *e, rnd_call *c, parallel_executor *ex, unsigned long long r)
{
    *e = (rnd_ends){.call = c, .ex = ex, .fd = -1};
    if (c->options.as_completed)
        e->items = calloc(c->plan.n + 1, sizeof *e->items);
    if (r % 2)
        ask_for_descriptor(e);
    if (r / 2 % 4 == 0)
        ask_for_note(e, true);
}

void rnd_ends_meddle(rnd_ends *e, unsigned long long r)
{
    static const double times[] = {0, 1e-6, 1e-3};
    parallel_item item;
    switch (r % 4) {
    case 0:
        ask_for_note(e, r / 4 % 4);
        break;
    case 1:
        look_at_descriptor(e);
        break;
    case 2:
        if (e->items)
            rnd_ends_take(e, &item, times[r / 4 % 3]);
        else if (parallel_executor_next(e->ex, &item, -1) != -1 || errno != EINVAL)
            rnd_complain(e->call, "tasks are given that were not asked for");
        break;
    default:
        if (parallel_executor_any(&e->ex, 1, times[r / 4 % 3]) == 0 ? !parallel_executor_done(e->ex)
                                                                    : errno != ETIMEDOUT)
            rnd_complain(e->call, "one of several calls has ended, and has not: errno %d", errno);
        break;
    }
}

void rnd_ends_check(rnd_ends *e)
{
    if (e->fd >= 0)
        look_at_descriptor(e);
    rnd_ends_take_all(e);
    if (parallel_executor_any(&e->ex, 1, 0) != 0)
        rnd_complain(e->call, "no call of one has ended: errno %d", errno);
}

void rnd_ends_freed(rnd_ends *e)
{
    if (count_notes(e) != e->wants_note)
        rnd_complain(e->call, "%u notifications, not %d", count_notes(e), e->wants_note);
    free(e->items);
}
