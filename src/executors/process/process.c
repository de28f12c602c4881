/* SPDX-License-Identifier: MIT */
/* Calls on worker processes: their beginning, crews and end; process.h says how it fits together. */
#include <errno.h>
#include <string.h>

#include "executors/process/process.h"
#include "base/os.h"
#include "base/size.h"
#include "sched/pool.h"

/* How long home sleeps before it looks whether the call is to stop, and everybody is still there. */
#define LOOK_NS UINT64_C(10000000)
/* How long a piece of the call lasts at least, so that taking it costs little. */
#define PIECE_US 5
/* A call that is over so soon is worth one worker, and being awake for. */
#define SHORT_US 40
/* How many crews may die without having done anything. */
#define CREWS 3
/* How long the crew has to kill what runs when it is told to: some time longer than the supervisor's own grace. */
#define CONDEMN_NS UINT64_C(2000000000)

/* ---- stopping -------------------------------------------------------------------------------------------- */

static void stop(pl_process_call *p, int why)
{
    int level = pl_stop_level(&p->call->care.stop);
    p->over = p->over ? p->over : why;
    bool late = pl_care_over(p->call) == ETIMEDOUT; /* also where it is over for another reason */
    pl_home_stop(p->home, p->over == ECANCELED && level && !late ? level : PL_STOP_ALL);
    if (late) {
        p->wished = p->condemned ? p->wished : p->clock;
        p->condemned = true;
        pl_crew_condemn(p->crew);
    }
}

/* Lets go of all that is not on the board. */
static void drop_plans(pl_process_call *p)
{
    pl_retry *r;
    while (p->pending_count) {
        pl_pending last = p->pending[--p->pending_count];
        pl_process_let_go(p, &last.offer, last.retry);
    }
    while ((r = pl_retry_next(p->call, true)))
        pl_process_give_up(p, r);
    pl_process_leave_out(p, p->next, p->call->n);
    p->next = p->call->n;
}

/* Takes back all that has not been begun, and lets go of it, too. */
static void sweep(pl_process_call *p)
{
    pl_offer offer;
    while (pl_home_take_back(p->home, &offer))
        pl_process_let_go(p, &offer, pl_process_take_try(p, offer.position));
    drop_plans(p);
}

/* Why nothing more is to start: an error code, or 0. */
static int reason(const pl_process_call *p)
{
    int why = p->over ? p->over : pl_care_over(p->call);
    if (!why && pl_chunk_reason(p->call->parent))
        why = ECANCELED;
    return !why && p->home->corrupted ? EIO : why;
}

/* ---- crews ----------------------------------------------------------------------------------------------- */

/* Gets a crew, and tells it what there is to do. 0 or an error code. */
static int begin_with_crew(pl_process_call *p)
{
    pl_call *c = p->call;
    p->crew = pl_crew_open(c->crews, p->workers, p->persistent, PL_REMOTE_INDEX);
    if (!p->crew)
        return errno ? errno : ENOMEM;
    pl_heard *all = realloc(p->heard, pl_size_multiply(p->crew->workers, sizeof *all));
    if (!all) {
        pl_crew_close(p->crew, p->persistent);
        p->crew = NULL;
        return ENOMEM;
    }
    p->heard = all;
    p->moved = p->clock;
    for (unsigned i = 0; i < p->crew->workers; i++)
        p->heard[i] = (pl_heard){.message = NULL};
    p->home = &p->crew->home;
    pl_home_begin(p->home, p->crew->board, &p->job, p->workers, p->watch_ns);
    if (p->persistent && p->watch_ns)
        pl_crew_nudge(p->crew);
    pl_death death;
    while (pl_home_death(p->home, &death)) { /* since the last call */
    }
    return 0;
}

static void end_with_crew(pl_process_call *p, bool keep)
{
    for (unsigned i = 0; p->heard && i < p->crew->workers; i++)
        free(p->heard[i].message);
    uint64_t count = p->home->tail - p->home->first;
    for (uint64_t i = 0; i < count && i < PL_BOARD_ENTRIES; i++)
        pl_process_forget_try(p, p->home->first + i);
    pl_home_end(p->home);
    /* a supervisor that may yet follow a wish to kill what runs is not for another call */
    pl_crew_close(p->crew, keep && p->persistent && !p->condemned);
    p->crew = NULL;
}

/* Whether this is a child that the progress callback has forked: the crew is its parent's. */
static bool is_orphan(const pl_process_call *p)
{
    return p->crew->forks != pl_pool_forks();
}

/* The call ends here; nothing is to be touched that the parent has. */
static void disown(pl_process_call *p)
{
    p->call->error = ECHILD;
    p->crew = NULL;
    p->back = false;
}

/* Whether the crew does not do as it is told, and is not to be waited for any longer. */
static bool is_defied(pl_process_call *p)
{
    uint64_t now = pl_os_nanoseconds();
    if (now - p->looked < LOOK_NS)
        return false;
    p->looked = now;
    p->clock += LOOK_NS;
    if (p->condemned && p->clock - p->wished > CONDEMN_NS + pl_crew_slowness(p->crew))
        return true;
    return p->watch_ns && pl_process_is_stuck(p);
}

/* Takes over what workers have counted. */
static void count_done(pl_process_call *p)
{
    uint64_t done = pl_home_done(p->home);
    p->turn.done += done - p->counted;
    p->counted = done;
}

/* All of the crew have died: takes in what they have left, and goes on with another. */
static void replace_crew(pl_process_call *p)
{
    pl_death death;
    pl_offer offer;
    bool any = pl_process_take_in(p) || pl_home_done(p->home) > 0;
    while (pl_home_legacy(p->home, &offer, &death)) {
        any |= death.index != PL_NO_INDEX;
        death.condemned = p->condemned || p->waited[offer.position % PL_BOARD_ENTRIES].late ||
                          pl_board_was_condemned(p->crew->board, death.slot);
        pl_process_inherit(p, &death, &offer);
    }
    while (pl_home_take_back(p->home, &offer))
        pl_process_put_off(p, &offer, offer.begin, offer.end, pl_process_take_try(p, offer.position));
    p->home->corrupted |= !pl_home_all_done(p->home); /* there is something of which nobody knows what has become */
    count_done(p);
    p->counted = 0;
    p->crews = any ? 0 : p->crews + 1;
    int error = p->home->corrupted ? EIO : 0;
    end_with_crew(p, false);
    if (!error && !p->over)
        error = p->crews >= CREWS ? EOWNERDEAD : begin_with_crew(p);
    if (error)
        p->over = error;
    if (error == EIO)
        p->call->error = error; /* what it has said of any task may be wrong */
}

/* ---- a call ---------------------------------------------------------------------------------------------- */

/* Tells how far the call has come: never further than to its end, whatever has been counted, and by whom. */
static void tell(pl_process_call *p)
{
    if (p->crew)
        count_done(p);
    size_t rest = p->call->n - p->told;
    p->turn.done = p->turn.done < rest ? p->turn.done : rest;
    if (p->call->o.progress)
        p->told += p->turn.done;
    pl_turn_tell(&p->turn);
}

static uint64_t nap_length(pl_process_call *p)
{
    pl_call *c = p->call;
    uint64_t now = pl_os_nanoseconds(), until = now + LOOK_NS, due = p->over ? UINT64_MAX : pl_retry_next_due(c);
    if (c->care.deadline >= now && c->care.deadline < until)
        until = c->care.deadline + 1;
    until = due < until ? due : until;
    return until > now ? until - now : 0;
}

static bool is_finished(pl_process_call *p)
{
    return p->next == p->call->n && !p->pending_count && pl_retry_next_due(p->call) == UINT64_MAX &&
           pl_home_all_done(p->home);
}

/* Runs all tasks, with a crew. */
static void run(pl_process_call *p, bool is_short)
{
    bool quiet = false; /* nobody has rung for a while */
    while (p->crew) {
        uint32_t bell = pl_home_bell(p->home);
        bool stopped = pl_home_stopped(p->home);
        pl_process_take_in(p);
        int why = reason(p);
        p->home->corrupted |= stopped && !why; /* by whom? */
        int hopeless = pl_home_hopeless(p->home);
        if (hopeless && !why)
            why = hopeless;
        if (why) {
            stop(p, why);
            sweep(p);
        } else {
            bool fed = pl_process_feed(p);
            pl_home_has_more(p->home, p->next < p->call->n || p->pending_count);
            if (fed)
                pl_home_call(p->home, is_short ? 1 : p->workers);
            if (fed && !p->persistent) /* it may have left out a worker that there was nothing to do for */
                pl_crew_nudge(p->crew);
        }
        if (is_finished(p) && !pl_process_take_in(p) && is_finished(p)) {
            pl_home_verify(p->home);
            if (!p->home->corrupted)
                return;
        }
        if (quiet)
            pl_home_doubt(p->home);
        tell(p);
        if (is_orphan(p)) {
            disown(p);
            return;
        }
        bool defied = is_defied(p);
        if (defied)
            pl_crew_kill(p->crew);
        if (p->home->corrupted || defied || (quiet && pl_crew_gone(p->crew))) {
            replace_crew(p);
            quiet = false;
            continue;
        }
        pl_home_sleep(p->home, bell, nap_length(p), is_short);
        quiet = pl_home_bell(p->home) == bell;
    }
    drop_plans(p); /* there is no crew any more, and none to be had */
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

/* Lays out what the workers are given; the first time without a block, only to see how much that is. */
static size_t lay_out(pl_process_call *p)
{
    pl_call *c = p->call;
    const pl_par *par = &c->par;
    size_t used = 0, count = par->futures ? c->n : 1;
    p->remote = (pl_remote *)(void *)carve(
        p, &used, pl_size_add(sizeof *p->remote, pl_size_multiply(count, sizeof p->remote->tasks[0])), LINE);
    void *extras = p->persistent && c->o.extras ? carve(p, &used, c->o.extras_size, LINE) : c->o.extras;
    if (p->remote) {
        *p->remote = (pl_remote){.par = par->futures != NULL,
                                 .chunks = c->failures.chunks,
                                 .keep_all = c->o.silent,
                                 .parent = p->persistent ? NULL : c->parent};
        if (p->persistent && c->o.extras)
            memcpy(extras, c->o.extras, c->o.extras_size);
    }
    if (!par->futures) {
        p->sent = p->persistent ? carve(p, &used, pl_size_multiply(c->n, c->m.arg_size), c->f.arg_align) : NULL;
        void *out = p->back ? carve(p, &used, pl_size_multiply(c->n, c->m.result_size), c->f.result_align) : p->vector;
        if (p->remote) {
            p->remote->tasks[0] = (pl_remote_task){.args = p->sent ? p->sent : c->m.args, .out = out, .extras = extras};
            pl_remote_function(&p->remote->tasks[0], &c->f);
            c->m.out = out;
        }
    }
    for (size_t i = 0; par->futures && i < c->n; i++) {
        const parallel_future *future = &par->futures[i];
        parallel_function f;
        pl_function_copy(&f, future->function);
        void *arg = p->persistent ? carve(p, &used, f.arg_size, f.arg_align) : (void *)future->arg;
        if (!p->remote)
            continue;
        if (p->persistent)
            memcpy(arg, future->arg, f.arg_size);
        p->remote->tasks[i] = (pl_remote_task){
            .args = arg, .out = pl_results_place(par->results, i), .extras = future->extras ? future->extras : extras};
        pl_remote_function(&p->remote->tasks[i], &f);
    }
    return used;
}

/* The shortest timeout of a task; 0: none has one. */
static uint64_t shortest_timeout(const pl_call *c)
{
    uint64_t shortest = c->par.futures ? 0 : c->care.terms.timeout_ns;
    for (size_t i = 0; c->par.futures && i < c->n; i++) {
        uint64_t timeout = pl_care_terms(c, i).timeout_ns;
        shortest = timeout && (!shortest || timeout < shortest) ? timeout : shortest;
    }
    return shortest;
}

/* Futures' own extras are pointers of unknown size. */
static bool has_own_extras(const pl_call *c)
{
    for (size_t i = 0; c->par.futures && i < c->n; i++)
        if (c->par.futures[i].extras)
            return true;
    return false;
}

static void choose_sizes(pl_process_call *p, const pl_cost *cost)
{
    pl_call *c = p->call;
    uint64_t one = pl_cost_guess(cost, 1), piece = PIECE_US * pl_os_ticks_per_us();
    p->least = one <= piece && p->workers <= pl_pool_cores() ? (size_t)(piece / (one + 1)) + 1 : 1;
    p->whole = c->o.grain;
    if (c->splits && !p->whole)
        p->whole = (c->n - 1) / p->workers + 1;
}

/* 0, or why the call cannot be made. */
static int prepare(pl_process_call *p, void *out)
{
    pl_call *c = p->call;
    size_t workers = c->o.max_workers ? (size_t)c->o.max_workers : pl_pool_cores();
    p->persistent = c->o.isolation == PARALLEL_PERSISTENT;
    if (p->persistent && has_own_extras(c))
        return EINVAL;
    if (c->o.memory_limit && !pl_os_can_limit_memory())
        return ENOTSUP;
    p->vector = out;
    p->back = !c->par.results && out && c->m.result_size;
    workers = workers < PL_BOARD_SLOTS ? workers : PL_BOARD_SLOTS;
    p->workers = (unsigned)(workers < c->n ? workers : c->n);
    p->watch_ns = shortest_timeout(c);
    size_t bytes = lay_out(p);
    p->memory = pl_arena_take_aligned(&p->block, bytes, p->alignment);
    if (!p->memory)
        return ENOMEM;
    lay_out(p);
    p->job = (pl_board_job){.run = pl_remote_run,
                            .stray = pl_remote_stray,
                            .context = p->remote,
                            .timed = p->watch_ns != 0,
                            .memory_limit = c->o.memory_limit,
                            .tasks_per_worker = (unsigned)c->o.tasks_per_worker};
    return begin_with_crew(p);
}

static void clean_up(pl_process_call *p)
{
    if (p->crew)
        end_with_crew(p, !p->home->corrupted);
    if (p->back && p->block.start && !p->call->error)
        pl_process_copy_back(p);
    pl_arena_give(&p->block);
    free(p->pending);
    free(p->heard);
    free(p->alone);
}

void pl_process_run(pl_call *c, void *out)
{
    pl_cost *cost = pl_call_cost(c, 2);
    pl_process_call *p = malloc(sizeof *p);
    if (!p) {
        c->error = ENOMEM;
        return;
    }
    memset(p, 0, offsetof(pl_process_call, trying));
    p->call = c;
    if (!c->care.began)
        pl_care_begin(c);
    pl_turn_begin(&p->turn, c);
    c->error = c->n ? prepare(p, out) : 0;
    if (c->n && !c->error) {
        choose_sizes(p, cost);
        uint64_t guess = pl_cost_guess(cost, c->n);
        run(p, p->persistent && guess < SHORT_US * pl_os_ticks_per_us());
        uint64_t done = p->crew ? pl_home_done(p->home) : 0, busy;
        if (done && !p->watch_ns && !p->home->corrupted && pl_home_busy(p->home, &busy))
            pl_cost_learn(cost, busy, done, done > 1000);
        c->failures.lost |= p->lost;
    }
    if (!c->error)
        tell(p);
    clean_up(p);
    pl_turn_end(&p->turn);
    free(p);
    if (c->o.progress && !c->error)
        pl_care_report_end(c);
}
