/* SPDX-License-Identifier: MIT */
/* Calls on worker processes: their beginning, worker groups and end; process.h says how it fits together. */
#include <errno.h>
#include <string.h>

#include "executors/process/executor.h"
#include "executors/process/process.h"
#include "base/os.h"
#include "base/size.h"
#include "sched/chunking.h"
#include "sched/pool.h"

/* How long the coordinator sleeps before it looks whether the call is to stop, and everybody is still there. */
#define LOOK_NS UINT64_C(10000000)
/* A call that is over so soon is worth one worker, and being awake for. */
#define SHORT_US 40
/* How many worker groups may die without having done anything. */
#define GROUPS 3
/* How long the group has to kill what runs when it is told to: some time longer than the supervisor's own grace. */
#define KILL_NS UINT64_C(2000000000)

/* ---- stopping -------------------------------------------------------------------------------------------- */

static void stop(pl_process_call *p, int why)
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

/* Lets go of all that is not on the board. */
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

/* Takes back all that has not been begun, and lets go of it, too. */
static void sweep(pl_process_call *p)
{
    pl_assignment assignment;
    while (pl_coordinator_take_back(p->coordinator, &assignment))
        pl_process_drop(p, &assignment, pl_process_take_retry(p, assignment.position));
    drop_plans(p);
}

/* Why nothing more is to start: an error code, or 0. */
static int reason(const pl_process_call *p)
{
    int why = p->over ? p->over : pl_policy_over(&p->call->policy);
    if (!why && pl_context_reason(p->call->parent))
        why = ECANCELED;
    return !why && p->coordinator->corrupted ? EIO : why;
}

/* ---- worker groups ----------------------------------------------------------------------------------------------- */

/* Gets a group, and tells it what there is to do. 0 or an error code. */
static int begin_with_group(pl_process_call *p)
{
    pl_call *c = p->call;
    p->group = pl_group_open(c->groups, p->workers, p->persistent, PL_REMOTE_INDEX);
    if (!p->group)
        return errno ? errno : ENOMEM;
    pl_received *all = realloc(p->received, pl_size_multiply(p->group->workers, sizeof *all));
    if (!all) {
        pl_group_close(p->group, p->persistent);
        p->group = NULL;
        return ENOMEM;
    }
    p->received = all;
    p->moved = p->clock;
    for (unsigned i = 0; i < p->group->workers; i++)
        p->received[i] = (pl_received){.message = NULL};
    p->coordinator = &p->group->coordinator;
    pl_coordinator_begin(p->coordinator, p->group->board, &p->job, p->workers, p->watch_ns);
    if (p->persistent && p->watch_ns)
        pl_group_notify(p->group);
    pl_death death;
    while (pl_coordinator_death(p->coordinator, &death)) { /* since the last call */
    }
    return 0;
}

static void end_with_group(pl_process_call *p, bool keep)
{
    for (unsigned i = 0; p->received && i < p->group->workers; i++)
        free(p->received[i].message);
    uint64_t count = p->coordinator->tail - p->coordinator->first;
    for (uint64_t i = 0; i < count && i < PL_BOARD_ENTRIES; i++)
        pl_process_forget_retry(p, p->coordinator->first + i);
    pl_coordinator_end(p->coordinator);
    /* a supervisor that may yet follow a wish to kill what runs is not for another call */
    pl_group_close(p->group, keep && p->persistent && !p->killed);
    p->group = NULL;
}

/* Whether this is a child that the progress callback has forked: the group is its parent's. */
static bool is_foreign_child(const pl_process_call *p)
{
    return p->group->forks != pl_pool_forks();
}

/* The call ends here; nothing is to be touched that the parent has. */
static void disown(pl_process_call *p)
{
    p->call->error = ECHILD;
    p->group = NULL;
    p->back = false;
}

/* Whether the group does not do as it is told, and is not to be waited for any longer. */
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
    p->run.done += done - p->counted;
    p->counted = done;
}

/* All of the group have died: takes in what they have left, and goes on with another. */
static void replace_group(pl_process_call *p)
{
    pl_death death;
    pl_assignment assignment;
    bool any = pl_process_take_in(p) || pl_coordinator_done(p->coordinator) > 0;
    while (pl_coordinator_reclaim_any(p->coordinator, &assignment, &death)) {
        any |= death.index != PL_NO_INDEX;
        death.killed = p->killed || p->waited[assignment.position % PL_BOARD_ENTRIES].late ||
                       pl_board_was_killed(p->group->board, death.slot);
        pl_process_reclaim(p, &death, &assignment);
    }
    while (pl_coordinator_take_back(p->coordinator, &assignment))
        pl_process_put_off(p, &assignment, assignment.begin, assignment.end,
                           pl_process_take_retry(p, assignment.position));
    p->coordinator->corrupted |=
        !pl_coordinator_all_done(p->coordinator); /* there is something of which nobody knows what has become */
    count_done(p);
    p->counted = 0;
    p->groups = any ? 0 : p->groups + 1;
    int error = p->coordinator->corrupted ? EIO : 0;
    end_with_group(p, false);
    if (!error && !p->over)
        error = p->groups >= GROUPS ? EOWNERDEAD : begin_with_group(p);
    if (error)
        p->over = error;
    if (error == EIO)
        p->call->error = error; /* what it has said of any task may be wrong */
}

/* ---- a call ---------------------------------------------------------------------------------------------- */

/* Tells how far the call has come: never further than to its end, whatever has been counted, and by whom. */
static void report_progress(pl_process_call *p)
{
    if (p->group)
        count_done(p);
    size_t rest = p->call->work.n - p->reported;
    p->run.done = p->run.done < rest ? p->run.done : rest;
    if (p->call->options.progress)
        p->reported += p->run.done;
    pl_call_worker_report(&p->run);
}

static uint64_t sleep_length(pl_process_call *p)
{
    pl_call *c = p->call;
    uint64_t now = pl_os_nanoseconds(), until = now + LOOK_NS,
             due = p->over ? UINT64_MAX : pl_policy_next_due(&c->policy);
    if (c->policy.deadline >= now && c->policy.deadline < until)
        until = c->policy.deadline + 1;
    until = due < until ? due : until;
    return until > now ? until - now : 0;
}

static bool is_finished(pl_process_call *p)
{
    return p->next == p->call->work.n && !p->pending_count && pl_policy_next_due(&p->call->policy) == UINT64_MAX &&
           pl_coordinator_all_done(p->coordinator);
}

/* Runs all tasks, with a group. */
static void run(pl_process_call *p, bool is_short)
{
    bool quiet = false; /* nobody has rung for a while */
    while (p->group) {
        uint32_t bell = pl_coordinator_bell(p->coordinator);
        bool stopped = pl_coordinator_stopped(p->coordinator);
        pl_process_take_in(p);
        int why = reason(p);
        p->coordinator->corrupted |= stopped && !why; /* by whom? */
        int unavailable = pl_coordinator_unavailable(p->coordinator);
        if (unavailable && !why)
            why = unavailable;
        if (why) {
            stop(p, why);
            sweep(p);
        } else {
            bool fed = pl_process_feed(p);
            pl_coordinator_has_more(p->coordinator, p->next < p->call->work.n || p->pending_count);
            if (fed)
                pl_coordinator_call(p->coordinator, is_short ? 1 : p->workers);
            if (fed && !p->persistent) /* it may have left out a worker that there was nothing to do for */
                pl_group_notify(p->group);
        }
        if (is_finished(p) && !pl_process_take_in(p) && is_finished(p)) {
            pl_coordinator_verify(p->coordinator);
            if (!p->coordinator->corrupted)
                return;
        }
        if (quiet)
            pl_coordinator_doubt(p->coordinator);
        report_progress(p);
        if (is_foreign_child(p)) {
            disown(p);
            return;
        }
        bool defied = is_defied(p);
        if (defied)
            pl_group_kill(p->group);
        if (p->coordinator->corrupted || defied || (quiet && pl_group_is_gone(p->group))) {
            replace_group(p);
            quiet = false;
            continue;
        }
        pl_coordinator_sleep(p->coordinator, bell, sleep_length(p), is_short);
        quiet = pl_coordinator_bell(p->coordinator) == bell;
    }
    drop_plans(p); /* there is no group any more, and none to be had */
}

/* ---- preparing ------------------------------------------------------------------------------------------- */

/* What lies in the block begins with cache lines of its own. */
#define LINE 64

/* Room in the block, from *used on, aligned so, at least to LINE. */
static unsigned char *carve(pl_process_call *p, size_t *used, size_t bytes, size_t alignment)
{
    alignment = alignment > LINE ? alignment : LINE;
    p->alignment = alignment > p->alignment ? alignment : p->alignment;
    size_t at = pl_size_round(*used, alignment);
    *used = pl_size_add(at, bytes);
    return p->memory ? p->memory + at : NULL;
}

/* What the workers are given of one function: of a task that is separate, or of all. */
static void lay_out_task(pl_process_call *p, size_t *used, size_t i, void *extras)
{
    pl_work *work = &p->call->work;
    bool separate = work->kind->is_separate;
    size_t count = separate ? 1 : work->n;
    pl_bound b;
    work->kind->bind(work, i, &b);
    size_t bytes = pl_size_multiply(count, b.function.arg_size);
    unsigned char *args = p->persistent ? carve(p, used, bytes, b.function.arg_align) : (unsigned char *)b.args;
    void *out = separate ? b.out : p->vector;
    if (p->back)
        out = carve(p, used, pl_size_multiply(count, b.function.result_size), b.function.result_align);
    if (!p->remote)
        return;
    if (p->persistent && separate)
        memcpy(args, b.args, bytes);
    else if (p->persistent)
        p->sent = args; /* copied as they are assigned */
    if (!separate)
        work->map.out = out;
    p->remote->tasks[i] = (pl_remote_task){.args = args, .out = out, .extras = b.own_extras ? b.extras : extras};
    pl_remote_function(&p->remote->tasks[i], &b.function);
}

/* Lays out what the workers are given; the first time without a block, only to see how much that is. */
static size_t lay_out(pl_process_call *p)
{
    pl_call *c = p->call;
    bool separate = c->work.kind->is_separate;
    size_t used = 0, count = separate ? c->work.n : 1, size = pl_size_multiply(count, sizeof p->remote->tasks[0]);
    p->remote = (pl_remote *)(void *)carve(p, &used, pl_size_add(sizeof *p->remote, size), LINE);
    void *extras =
        p->persistent && c->options.extras ? carve(p, &used, c->options.extras_size, LINE) : c->options.extras;
    if (p->remote) {
        *p->remote = (pl_remote){.separate = separate,
                                 .chunks = c->failures.chunks,
                                 .keep_all = c->options.silent,
                                 .parent = p->persistent ? NULL : c->parent};
        if (p->persistent && c->options.extras)
            memcpy(extras, c->options.extras, c->options.extras_size);
    }
    for (size_t i = 0; i < count; i++)
        lay_out_task(p, &used, i, extras);
    return used;
}

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
}

/* 0, or why the call cannot be made. */
static int prepare(pl_process_call *p, void *out)
{
    pl_call *c = p->call;
    size_t workers = c->options.max_workers ? (size_t)c->options.max_workers : pl_pool_cores();
    p->persistent = c->options.isolation == PARALLEL_PERSISTENT;
    if (p->persistent && has_own_extras(c))
        return EINVAL;
    if (c->options.memory_limit && !pl_os_can_limit_memory())
        return ENOTSUP;
    p->vector = out;
    p->back = !c->work.results && out && c->work.map.result_size;
    workers = workers < PL_BOARD_SLOTS ? workers : PL_BOARD_SLOTS;
    p->workers = (unsigned)(workers < c->work.n ? workers : c->work.n);
    p->watch_ns = shortest_timeout(c);
    size_t bytes = lay_out(p);
    p->memory = pl_arena_take_aligned(&p->block, bytes, p->alignment);
    if (!p->memory)
        return ENOMEM;
    lay_out(p);
    p->job = (pl_board_work){.run = pl_remote_run,
                             .orphan = pl_remote_orphan,
                             .context = p->remote,
                             .timed = p->watch_ns != 0,
                             .memory_limit = c->options.memory_limit,
                             .tasks_per_worker = (unsigned)c->options.tasks_per_worker};
    return begin_with_group(p);
}

static void clean_up(pl_process_call *p)
{
    if (p->group)
        end_with_group(p, !p->coordinator->corrupted);
    if (p->back && p->block.start && !p->call->error)
        pl_process_copy_back(p);
    pl_arena_give(&p->block);
    free(p->pending);
    free(p->received);
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
    memset(p, 0, offsetof(pl_process_call, trying));
    p->call = c;
    if (!c->policy.began)
        pl_policy_begin(&c->policy, &c->options, c->work.n);
    pl_call_worker_begin(&p->run, c, 0);
    c->error = c->work.n ? prepare(p, out) : 0;
    if (c->work.n && !c->error) {
        choose_sizes(p, cost);
        uint64_t guess = pl_cost_guess(cost, c->work.n);
        run(p, p->persistent && guess < SHORT_US * pl_os_ticks_per_us());
        uint64_t done = p->group ? pl_coordinator_done(p->coordinator) : 0, busy;
        if (done && !p->watch_ns && !p->coordinator->corrupted && pl_coordinator_busy(p->coordinator, &busy))
            pl_cost_learn(cost, busy, done, done > 1000 ? PL_COST_SURE : PL_COST_UNSURE);
        c->failures.lost |= p->lost;
    }
    if (!c->error)
        report_progress(p);
    clean_up(p);
    pl_call_worker_end(&p->run);
    free(p);
    if (!c->error)
        pl_call_worker_end_progress(c);
}

/* Workers that are kept have no way to the program's memory, so what is sent has to have a size; loops leave nothing but what they
 * write to that memory. */
static int check_call(const pl_call *c)
{
    const parallel_options *o = &c->options;
    if (!c->work.kind->bind)
        return ENOTSUP;
    return o->isolation == PARALLEL_PERSISTENT && o->extras && !o->extras_size ? EINVAL : 0;
}

const pl_executor pl_process_executor = {
    .name = "processes",
    .memory = &pl_arena_memory,
    .needs_policy = true,
    .check = check_call,
    .run = run_in_processes,
};
