/* SPDX-License-Identifier: MIT */
/* Calls on worker processes: their beginning, worker groups and end; process.h says how it fits together. */
#include <errno.h>
#include <string.h>

#include "executors/process/executor.h"
#include "executors/process/process.h"
#include "base/os.h"
#include "call/failure.h"
#include "sched/chunking.h"
#include "sched/pool.h"
#include "sched/trace.h"

/* How long the coordinator sleeps before it looks whether the call is to stop, and whether the group is still there. */
#define LOOK_NS UINT64_C(10000000)
/* A call that is expected to take less than this wakes one worker, and the coordinator stays awake for it. */
#define SHORT_US 40
/* How many worker groups may die without having done anything. */
#define GROUPS 3
/* How long the group has to kill what runs when it is told to: some time longer than the supervisor's own grace
 * period. */
#define KILL_NS UINT64_C(2000000000)

/* ---- stopping -------------------------------------------------------------------------------------------- */

/* Why nothing more is to start: an error code, or 0. */
static int reason_to_stop(const pl_process_call *p)
{
    int why = p->over ? p->over : pl_call_over(p->call);
    return !why && pl_coordinator_is_corrupted(p->coordinator) ? EIO : why;
}

/* Tells the workers not to start anything more; and where the call is late, the supervisor to kill what runs. */
static void stop_workers(pl_process_call *p, int why)
{
    int level = pl_stop_level(&p->call->policy.stop);
    p->over = p->over ? p->over : why;
    bool late = pl_policy_over(&p->call->policy) == ETIMEDOUT; /* also where it is over for another reason */
    pl_coordinator_stop(p->coordinator, p->over == ECANCELED && level && !late ? level : PL_STOP_ALL);
    if (late) {
        p->kill_asked = p->killed ? p->kill_asked : p->clock;
        p->killed = true;
        pl_group_kill_tasks(p->group);
    }
}

/* Drops all that is not on the board. */
static void drop_plans(pl_process_call *p)
{
    pl_retry *r;
    while (p->pending_count) {
        pl_pending last = p->pending[--p->pending_count];
        pl_process_drop(p, &last.assignment, last.retry);
    }
    while ((r = pl_policy_take_any(&p->call->policy)))
        pl_process_give_up(p, r);
    pl_process_leave_out(p, p->next, p->call->work.n);
    p->next = p->call->work.n;
}

/* Takes back all that has not been begun, and drops it, too. */
static void sweep_board(pl_process_call *p)
{
    pl_assignment assignment;
    while (pl_coordinator_take_back(p->coordinator, &assignment))
        pl_process_drop(p, &assignment, pl_process_take_retry(p, assignment.position));
    drop_plans(p);
}

/* ---- worker groups --------------------------------------------------------------------------------------- */

/* Gets a group, and tells it what there is to do. 0 or an error code. */
static int begin_with_group(pl_process_call *p)
{
    p->group = pl_group_open(p->call->groups, p->workers, p->kind, PL_REMOTE_INDEX);
    if (!p->group)
        return errno ? errno : ENOMEM;
    if (!p->kept && pl_trace_is_on())
        pl_trace_moment(PL_TRACE_START, p->workers, 0);
    p->moved = p->clock;
    p->coordinator = &p->group->coordinator;
    pl_coordinator_begin(p->coordinator, &p->work, p->workers, p->watch_ns);
    if (p->kept && p->watch_ns)
        pl_group_notify(p->group);
    pl_death death;
    while (pl_coordinator_death(p->coordinator, &death)) { /* noted since the last call */
    }
    return 0;
}

/* The call goes on or ends without this group. */
static void leave_group(pl_process_call *p)
{
    pl_process_forget_all(p);
    pl_coordinator_end(p->coordinator);
    p->group = NULL;
}

/* This is a child that the progress callback has forked: the call ends here, and nothing is to be touched that the
 * parent has. */
static void disown_group(pl_process_call *p)
{
    p->call->error = ECHILD;
    p->group = NULL;
    p->copies_results = false;
}

/* Whether the group does not do as it is told, and is not to be waited for any longer. Moves the coordinator's
 * clock. */
static bool is_defied(pl_process_call *p)
{
    uint64_t now = pl_os_nanoseconds();
    if (now - p->looked < LOOK_NS)
        return false;
    p->looked = now;
    p->clock += LOOK_NS;
    if (p->killed && p->clock - p->kill_asked > KILL_NS + pl_group_slowness(p->group))
        return true;
    return p->watch_ns && pl_process_is_stuck(p);
}

/* Takes over what workers have counted. */
static void count_done(pl_process_call *p)
{
    uint64_t done = pl_coordinator_done(p->coordinator);
    p->worker.done += done - p->counted;
    p->counted = done;
}

/* All workers of the group have died: takes in what they have left. Whether they had done or begun anything. */
static bool take_over(pl_process_call *p)
{
    pl_death death;
    pl_assignment assignment;
    bool any = pl_process_take_in(p) || pl_coordinator_done(p->coordinator) > 0;
    while (pl_coordinator_reclaim_any(p->coordinator, &assignment, &death)) {
        any |= death.index != PL_NO_INDEX;
        death.killed |= p->killed || pl_process_outstanding(p, assignment.position)->late;
        pl_process_reclaim(p, &death, &assignment);
    }
    while (pl_coordinator_take_back(p->coordinator, &assignment))
        pl_process_put_off(p, &assignment, assignment.begin, assignment.end,
                           pl_process_take_retry(p, assignment.position));
    if (!pl_coordinator_all_done(p->coordinator)) /* nobody knows what has become of the rest */
        pl_coordinator_distrust(p->coordinator);
    count_done(p);
    p->counted = 0;
    return any;
}

/* The group has died, or is as good as dead: goes on with another, if one can be had. */
static void replace_group(pl_process_call *p)
{
    p->groups = take_over(p) ? 0 : p->groups + 1;
    int error = pl_coordinator_is_corrupted(p->coordinator) ? EIO : 0;
    pl_group *group = p->group;
    leave_group(p);
    pl_group_end(group);
    if (!error && !p->over)
        error = p->groups >= GROUPS ? EOWNERDEAD : begin_with_group(p);
    if (error)
        p->over = error;
    if (error == EIO)
        p->call->error = error; /* what the board has said of any task may be wrong */
}

/* ---- a call ---------------------------------------------------------------------------------------------- */

/* Tells how far the call has come: never further than to its end, whatever workers have counted. */
static void report_progress(pl_process_call *p)
{
    if (p->group)
        count_done(p);
    size_t rest = p->call->work.n - p->reported;
    p->worker.done = p->worker.done < rest ? p->worker.done : rest;
    if (p->call->options.progress)
        p->reported += p->worker.done;
    pl_call_worker_report(&p->worker);
}

static uint64_t sleep_length(pl_process_call *p)
{
    pl_policy *policy = &p->call->policy;
    uint64_t now = pl_os_nanoseconds(), until = now + LOOK_NS;
    uint64_t due = p->over ? UINT64_MAX : pl_policy_next_due(policy);
    if (policy->deadline >= now && policy->deadline < until)
        until = policy->deadline + 1;
    until = due < until ? due : until;
    return until > now ? until - now : 0;
}

/* Whether nothing is to be assigned, and nothing is assigned. */
static bool is_finished(pl_process_call *p)
{
    return p->next == p->call->work.n && !p->pending_count && pl_policy_next_due(&p->call->policy) == UINT64_MAX &&
           pl_coordinator_all_done(p->coordinator);
}

/* Takes in what there is. Why nothing more is to start: an error code, or 0. */
static int take_in(pl_process_call *p)
{
    bool stopped = pl_coordinator_stopped(p->coordinator); /* to be read before the reason for it */
    pl_process_take_in(p);
    int why = reason_to_stop(p);
    if (stopped && !why) /* a wild pointer has written there */
        pl_coordinator_distrust(p->coordinator);
    return why ? why : pl_coordinator_unavailable(p->coordinator);
}

/* Assigns what there is, and wakes workers for it. */
static void feed_workers(pl_process_call *p)
{
    bool fed = pl_process_feed(p), more = p->next < p->call->work.n || p->pending_count;
    pl_coordinator_announce_rest(p->coordinator, more ? PL_MORE_TO_COME : PL_NOTHING_LEFT);
    if (fed)
        pl_coordinator_call(p->coordinator, p->is_short ? 1 : p->workers);
    if (fed && !p->kept) /* the supervisor may have left out a worker that there was nothing to do for */
        pl_group_notify(p->group);
}

/* What becomes of a call after a look at everything. */
typedef enum outlook {
    GOES_ON,  /* there is something to wait for */
    FINISHED, /* all tasks have ended, or will never be run; the board agrees */
    FOREIGN,  /* this is a child of the program, and the call is its parent's */
    LOST      /* the group has died, or contradicts itself, or does not do as it is told and has been killed for that */
} outlook;

/* `quiet`: nobody has rung since the last look. */
static outlook look_ahead(pl_process_call *p, bool quiet)
{
    if (is_finished(p) && !pl_process_take_in(p) && is_finished(p)) {
        pl_coordinator_verify(p->coordinator);
        if (!pl_coordinator_is_corrupted(p->coordinator))
            return FINISHED;
    }
    if (quiet)
        pl_coordinator_doubt(p->coordinator);
    report_progress(p);
    if (pl_group_is_foreign(p->group))
        return FOREIGN;
    if (is_defied(p)) {
        pl_group_kill(p->group);
        return LOST;
    }
    return pl_coordinator_is_corrupted(p->coordinator) || (quiet && pl_group_is_gone(p->group)) ? LOST : GOES_ON;
}

/* Sleeps until there is something to look at. Whether nobody has rung meanwhile. */
static bool sleep_until_rung(pl_process_call *p, uint32_t bell)
{
    uint64_t timeout_ns = sleep_length(p);
    if (!p->is_short || !pl_coordinator_spin(p->coordinator, bell))
        pl_coordinator_sleep(p->coordinator, bell, timeout_ns);
    return pl_coordinator_bell(p->coordinator) == bell;
}

/* Runs all tasks, with a group. */
static void run_call(pl_process_call *p)
{
    bool quiet = false;
    while (p->group) {
        uint32_t bell = pl_coordinator_bell(p->coordinator); /* to be read before anything else */
        int why = take_in(p);
        if (why) {
            stop_workers(p, why);
            sweep_board(p);
        } else {
            feed_workers(p);
        }
        switch (look_ahead(p, quiet)) {
        case FINISHED:
            return;
        case FOREIGN:
            disown_group(p);
            return;
        case LOST:
            replace_group(p);
            quiet = false;
            break;
        case GOES_ON:
            quiet = sleep_until_rung(p, bell);
        }
    }
    drop_plans(p); /* there is no group any more, and none can be had */
}

/* ---- beginning and ending -------------------------------------------------------------------------------- */

/* How many of a call's tasks may have something of their own. */
static size_t different_tasks(const pl_call *c)
{
    return c->work.kind->is_separate ? c->work.n : 1;
}

/* The shortest timeout of a task; 0: none has one. */
static uint64_t shortest_timeout(const pl_call *c)
{
    uint64_t shortest = 0;
    for (size_t i = 0; i < different_tasks(c); i++) {
        uint64_t timeout = pl_policy_of_task(&c->policy, &c->work, i).timeout_ns;
        shortest = timeout && (!shortest || timeout < shortest) ? timeout : shortest;
    }
    return shortest;
}

/* Tasks' own extras are pointers of unknown size. */
static bool has_own_extras(const pl_call *c)
{
    pl_bound b = {.own_extras = false};
    for (size_t i = 0; i < different_tasks(c) && !b.own_extras; i++)
        c->work.kind->bind(&c->work, i, &b);
    return b.own_extras;
}

static void choose_sizes(pl_process_call *p, const pl_cost *cost)
{
    pl_call *c = p->call;
    uint64_t lasting = PL_CHUNKING_US * pl_os_ticks_per_us();
    p->least = p->workers <= pl_pool_cores() ? pl_chunking_first(pl_cost_guess(cost, 1), lasting) : 1;
    p->whole = c->options.grain;
    if (c->work.kind->is_split && !p->whole)
        p->whole = pl_chunking_even(c->work.n, p->workers);
    else if (c->ended && !c->work.kind->is_split)
        p->whole = 1;
    p->is_short = p->kept && pl_cost_guess(cost, c->work.n) < SHORT_US * pl_os_ticks_per_us();
}

/* 0, or why the call cannot be made. */
static int prepare_call(pl_process_call *p, void *out)
{
    pl_call *c = p->call;
    size_t workers = c->options.max_workers ? (size_t)c->options.max_workers : pl_pool_cores();
    p->kind = c->options.isolation == PARALLEL_PERSISTENT ? PL_GROUP_PERSISTENT
              : c->has_own_workers                        ? PL_GROUP_OWN
                                                          : PL_GROUP_ONCE;
    p->kept = p->kind != PL_GROUP_ONCE;
    if (p->kind == PL_GROUP_PERSISTENT && has_own_extras(c)) {
        c->reason = "a future has extras of its own, which have no size to be sent to workers that are kept";
        return EINVAL;
    }
    if (c->options.memory_limit && !pl_os_can_limit_memory()) {
        c->reason = "memory_limit cannot be set here: the system or a sandbox refuses it";
        return ENOTSUP;
    }
    p->vector = out;
    p->copies_results = !c->work.results && out && c->work.map.result_size;
    workers = workers < PL_BOARD_SLOTS ? workers : PL_BOARD_SLOTS;
    p->workers = (unsigned)(workers < c->work.n ? workers : c->work.n);
    p->watch_ns = shortest_timeout(c);
    p->traced_call = pl_trace_pending_call();
    if (!pl_process_lay_out(p))
        return ENOMEM;
    p->work = (pl_board_work){.run = pl_remote_run,
                              .orphan = pl_remote_orphan,
                              .context = p->remote,
                              .timed = p->watch_ns != 0,
                              .traced = p->traced_call != 0,
                              .memory_limit = c->options.memory_limit,
                              .tasks_per_worker = (unsigned)c->options.tasks_per_worker};
    return begin_with_group(p);
}

/* Learns what tasks cost, where that was not disturbed. */
static void learn_cost(pl_process_call *p, pl_cost *cost)
{
    uint64_t done = p->group ? pl_coordinator_done(p->coordinator) : 0, busy;
    if (done && !p->watch_ns && !pl_coordinator_is_corrupted(p->coordinator) &&
        pl_coordinator_busy(p->coordinator, &busy))
        pl_cost_learn(cost, busy, done, done > 1000 ? PL_COST_SURE : PL_COST_UNSURE);
}

static void clean_up(pl_process_call *p)
{
    pl_group *group = p->group;
    if (group) {
        /* a supervisor that may yet follow a wish to kill what runs is not for another call */
        bool fit = p->kept && !p->killed && !pl_coordinator_is_corrupted(p->coordinator);
        leave_group(p);
        if (fit)
            pl_group_keep(group);
        else
            pl_group_end(group);
    }
    if (p->copies_results && p->block.start && !p->call->error)
        pl_process_copy_back(p);
    pl_arena_give(&p->block);
    free(p->pending);
    free(p->alone);
}

static void run_in_processes(pl_call *c, void *out)
{
    pl_cost *cost = pl_call_cost(c, PL_CALL_APART);
    pl_process_call *p = malloc(sizeof *p);
    if (!p) {
        c->error = ENOMEM;
        return;
    }
    memset(p, 0, offsetof(pl_process_call, outstanding));
    p->call = c;
    if (!c->policy.began)
        pl_policy_begin(&c->policy, &c->options, c->work.n);
    pl_call_worker_begin(&p->worker, c, 0);
    c->error = c->work.n ? prepare_call(p, out) : 0;
    if (c->work.n && !c->error) {
        choose_sizes(p, cost);
        run_call(p);
        learn_cost(p, cost);
        c->failures.lost |= p->lost;
    }
    if (!c->error)
        report_progress(p);
    clean_up(p);
    pl_call_worker_end(&p->worker);
    free(p);
    if (!c->error)
        pl_call_worker_end_progress(c);
}

/* Workers that are kept have no way to the program's memory, so what is sent has to have a size; loops leave nothing
 * but what they write to that memory. */
static bool check_call(const pl_call *c)
{
    const parallel_options *o = &c->options;
    if (!c->work.kind->bind)
        return pl_error_deny(ENOTSUP, "this call has no worker processes, which do not share the program's memory");
    if (o->isolation == PARALLEL_PERSISTENT && o->extras && !o->extras_size)
        return pl_error_deny(EINVAL, "extras_size is 0: extras are sent to workers that are kept");
    return true;
}

const pl_executor pl_process_executor = {
    .name = "processes",
    .memory = &pl_arena_memory,
    .needs_policy = true,
    .check = check_call,
    .run = run_in_processes,
};
