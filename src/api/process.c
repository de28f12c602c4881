/* SPDX-License-Identifier: MIT */
/*
 * Calls on worker processes: home, the thread that makes the call, or performs it.
 *
 * Home offers tasks on the board (process/board.h), takes in what workers report and the supervisor notes, and decides what is
 * to become of each failed task, as care.c does for threads: noted, or tried again later (retry.c's heap). It runs nothing
 * itself. What a worker has left undone, or was taking care of when it died, is offered again; a task that a worker died
 * in is not. If the supervisor dies, all workers do, and home goes on with another crew.
 */
#include <errno.h>
#include <string.h>

#include "api/call.h"
#include "api/remote.h"
#include "base/os.h"
#include "process/crew.h"
#include "sched/pool.h"

/* How long home sleeps before it looks whether the call is to stop, and everybody is still there. */
#define LOOK_NS UINT64_C(10000000)
/* How long a piece of the call lasts at least, so that taking it costs little. */
#define PIECE_US 5
/* A call that is over so soon is worth one worker, and being awake for. */
#define SHORT_US 40
/* How many crews may die without having done anything. */
#define CREWS 3

/* Tasks to be offered, of which the last attempt came to `retry`, if that is not the first. */
typedef struct pending {
    pl_offer offer;
    pl_retry *retry;
} pending;

/* What home knows of a worker's slot. */
typedef struct heard {
    char *message; /* what has come of one so far */
    size_t length;
    bool any;          /* it has reported about the offer at `position`: */
    uint64_t position; /* the last of */
    size_t ended;      /* the tasks before this one have ended, */
    size_t left;       /* and those from here on it has given back; SIZE_MAX: none */
} heard;

typedef struct process_call {
    pl_call *call;
    pl_turn turn;
    pl_crew *crew;
    pl_home *home;
    pl_block block; /* what workers read and write but the results of a vector */
    pl_remote *remote;
    unsigned char *sent; /* where copies of a map's arguments go; NULL: they are not sent */
    pl_board_job job;
    unsigned workers;
    uint64_t watch_ns;
    bool persistent, back; /* results have to be copied to the program's vector: */
    unsigned char *vector;
    size_t next;         /* the first task that has not been offered */
    size_t least, whole; /* tasks to offer at once: at least; 0, or all but the last */
    pending *pending;    /* to be offered before */
    size_t pending_count, room;
    pl_retry *trying[PL_BOARD_ENTRIES]; /* by where they are offered */
    heard *heard;                       /* by slot */
    uint64_t done_before, busy_before;  /* what the crew had done before this call, */
    uint64_t counted;                   /* and what of this call's has been told */
    int over;                           /* why nothing more is to start */
    unsigned crews;                     /* that have done nothing */
    bool lost;                          /* there was no memory for something */
} process_call;

/* ---- what does not run ----------------------------------------------------------------------------------- */

static size_t result_size(const process_call *p)
{
    return p->call->par.futures ? 0 : p->call->m.result_size;
}

/* Tasks [begin, end) are not run. */
static void leave_out(process_call *p, size_t begin, size_t end)
{
    pl_call *c = p->call;
    parallel_failure failure = {.state = PARALLEL_NOT_RUN, .code = p->over};
    if (begin == end)
        return;
    if (p->back) /* what is there stays */
        memcpy((unsigned char *)c->m.out + begin * result_size(p), p->vector + begin * result_size(p),
               (end - begin) * result_size(p));
    else if (c->par.futures || (c->m.out && result_size(p)))
        for (size_t i = begin; i < end; i++)
            pl_call_zero(c, i);
    c->care.left_out = true;
    pl_turn_note(&p->turn, &failure, NULL, begin, end);
}

static void drop_retry(pl_retry *r)
{
    if (r)
        free(r->message);
    free(r);
}

/* The attempt that came before is the last. */
static void give_up(process_call *p, pl_retry *r)
{
    pl_turn_note(&p->turn, &r->failure, r->message, r->begin, r->end);
    p->turn.done += r->end - r->begin;
    p->turn.failed += r->end - r->begin;
    free(r);
}

/* An offer that nobody has begun, and nobody will. */
static void let_go(process_call *p, const pl_offer *offer, pl_retry *retry)
{
    if (retry)
        give_up(p, retry);
    else
        leave_out(p, offer->begin, offer->end);
}

/* ---- offering -------------------------------------------------------------------------------------------- */

/* To be offered (again). */
static void put_off(process_call *p, const pl_offer *offer, size_t begin, size_t end, pl_retry *retry)
{
    if (begin >= end)
        return;
    if (p->pending_count == p->room) {
        size_t room = p->room ? p->room * 2 : 16;
        pending *list = realloc(p->pending, room * sizeof *list);
        if (!list) {
            p->lost = true;
            p->over = p->over ? p->over : ENOMEM;
            drop_retry(retry);
            leave_out(p, begin, end);
            return;
        }
        p->pending = list;
        p->room = room;
    }
    pending *last = &p->pending[p->pending_count++];
    *last = (pending){.offer = *offer, .retry = retry};
    last->offer.begin = begin;
    last->offer.end = end;
}

static bool offer_pending(process_call *p, pending *what)
{
    if (!pl_home_offer(p->home, &what->offer))
        return false;
    pl_retry **place = &p->trying[what->offer.position % PL_BOARD_ENTRIES];
    drop_retry(*place); /* that went well */
    *place = what->retry;
    return true;
}

/* How many tasks to offer next: few at first, since all the work may be in the first ones, and at the end, so that all
 * workers end at once. */
static size_t next_size(const process_call *p)
{
    size_t rest = p->call->n - p->next;
    if (p->call->par.futures)
        return 1;
    if (p->whole)
        return rest < p->whole ? rest : p->whole;
    size_t size = rest / (16 * (size_t)p->workers), ramp = 1 + p->next / 8;
    size = size < ramp ? size : ramp;
    size = size > p->least ? size : p->least;
    return size < rest ? size : rest;
}

/* Copies the next arguments. */
static void send_args(process_call *p, size_t count)
{
    size_t size = p->call->m.arg_size, at = p->next * size;
    pl_arena_warm(p->sent + at, count * size);
    memcpy(p->sent + at, (const unsigned char *)p->call->m.args + at, count * size);
}

/* Offers what there is, as far as there is room. Whether that was anything. */
static bool feed(process_call *p)
{
    pl_call *c = p->call;
    pl_retry *r;
    uint64_t tail = p->home->tail;
    while (p->pending_count && offer_pending(p, &p->pending[p->pending_count - 1]))
        p->pending_count--;
    if (p->pending_count)
        return p->home->tail != tail;
    while ((r = pl_retry_next(c, false))) {
        pending again = {
            .offer = {.begin = r->begin,
                      .end = r->end,
                      .tried = r->failure.attempts,
                      .timeout_ns = c->par.futures ? pl_care_terms(c, r->begin).timeout_ns : c->care.terms.timeout_ns},
            .retry = r};
        if (!offer_pending(p, &again)) {
            put_off(p, &again.offer, r->begin, r->end, r);
            return p->home->tail != tail;
        }
    }
    while (p->next < c->n) {
        size_t size = next_size(p);
        pending fresh = {.offer = {.begin = p->next, .end = p->next + size, .timeout_ns = c->care.terms.timeout_ns}};
        if (c->par.futures)
            fresh.offer.timeout_ns = pl_care_terms(c, p->next).timeout_ns;
        if (p->sent)
            send_args(p, size);
        if (!offer_pending(p, &fresh))
            break;
        p->next += size;
        if (p->persistent && p->next == size) /* the first: somebody may begin */
            pl_home_call(p->home, 1);
    }
    return p->home->tail != tail;
}

/* ---- failures -------------------------------------------------------------------------------------------- */

/* Tasks [begin, end), which `offer` was about, have failed. Takes the message. */
static void fail(process_call *p, const pl_offer *offer, parallel_failure *failure, char *message, size_t begin,
                 size_t end)
{
    pl_call *c = p->call;
    pl_terms terms = c->par.futures ? pl_care_terms(c, begin) : c->care.terms;
    failure->index = begin;
    failure->attempts = offer->tried + 1;
    bool again = failure->state != PARALLEL_CANCELLED && failure->attempts < terms.attempts && !p->over;
    if (again && pl_retry_later(&p->turn, failure, message, begin, end))
        return;
    pl_turn_note(&p->turn, failure, message, begin, end);
    p->turn.done += end - begin;
    p->turn.failed += end - begin;
}

/* The attempt before that was made of what stood at `position` does not count any more. */
static void forget_try(process_call *p, uint64_t position)
{
    drop_retry(p->trying[position % PL_BOARD_ENTRIES]);
    p->trying[position % PL_BOARD_ENTRIES] = NULL;
}

static void add_text(heard *h, const char *text, size_t length)
{
    char *message = realloc(h->message, h->length + length + 1);
    if (!message)
        return; /* then it is shorter */
    memcpy(message + h->length, text, length);
    h->length += length;
    message[h->length] = '\0';
    h->message = message;
}

static char *take_text(heard *h)
{
    char *message = h->message;
    h->message = NULL;
    h->length = 0;
    return message;
}

/* Whether a report can be true. */
static bool is_sound(const process_call *p, const pl_report *report)
{
    const pl_offer *offer = &p->home->offered[report->position % PL_BOARD_ENTRIES];
    return offer->position == report->position && report->begin >= offer->begin && report->end <= offer->end &&
           report->begin < report->end && (report->kind == PL_REPORT_FAILED || report->kind == PL_REPORT_LEFT) &&
           (report->kind == PL_REPORT_LEFT || report->state == PARALLEL_ERROR || report->state == PARALLEL_CANCELLED ||
            report->state == PARALLEL_TIMED_OUT);
}

static void take_report(process_call *p, heard *h, const pl_report *report)
{
    const pl_offer offer = p->home->offered[report->position % PL_BOARD_ENTRIES];
    if (!h->any || h->position != report->position)
        *h = (heard){.message = h->message, .length = h->length, .any = true, .left = SIZE_MAX};
    h->position = report->position;
    if (report->kind == PL_REPORT_LEFT) {
        pl_retry **retry = &p->trying[report->position % PL_BOARD_ENTRIES];
        pl_retry *before = report->begin == offer.begin ? *retry : NULL;
        if (before)
            *retry = NULL;
        h->left = report->begin;
        if (p->over)
            let_go(p, &(pl_offer){.begin = report->begin, .end = report->end}, before);
        else
            put_off(p, &offer, report->begin, report->end, before);
        return;
    }
    forget_try(p, report->position);
    parallel_failure failure = {.state = (parallel_state)report->state, .code = report->code};
    h->ended = report->end;
    fail(p, &offer, &failure, take_text(h), report->begin, report->end);
}

/* Takes in what a slot's workers have reported. */
static bool listen(process_call *p, unsigned slot)
{
    pl_report report;
    char text[PL_BOARD_TEXT];
    bool any = false;
    heard *h = &p->heard[slot];
    for (; pl_home_report(p->home, slot, &report, text); any = true) {
        if (report.kind != PL_REPORT_TEXT && !is_sound(p, &report)) {
            p->home->corrupted = true;
            break;
        }
        if (report.length)
            add_text(h, text, report.length);
        if (report.kind != PL_REPORT_TEXT)
            take_report(p, h, &report);
    }
    return any;
}

/* A worker has died that had taken `offer`. */
static void inherit(process_call *p, const pl_death *death, const pl_offer *offer)
{
    heard *h = &p->heard[death->slot];
    bool told = h->any && h->position == offer->position;
    size_t from = told && h->ended > offer->begin ? h->ended : offer->begin;
    size_t to = told && h->left != SIZE_MAX ? h->left : offer->end;
    size_t at = p->call->par.futures && death->index != PL_NO_INDEX ? offer->begin : death->index;
    free(take_text(h));          /* of a report that was never finished */
    if (at < from || at >= to) { /* it was between two tasks */
        if (from < to && !told) {
            pl_retry *before = p->trying[offer->position % PL_BOARD_ENTRIES];
            p->trying[offer->position % PL_BOARD_ENTRIES] = NULL;
            put_off(p, offer, from, to, before);
        } else
            put_off(p, offer, from, to, NULL);
        return;
    }
    forget_try(p, offer->position);
    parallel_failure failure = {.state = PARALLEL_CRASHED, .code = death->code, .signal = death->signal};
    if (death->condemned)
        failure = (parallel_failure){.state = PARALLEL_TIMED_OUT, .code = ETIMEDOUT};
    else if (death->signal)
        failure.code = EOWNERDEAD;
    size_t end = p->call->failures.chunks ? to : at + 1;
    fail(p, offer, &failure, NULL, at, end);
    put_off(p, offer, end, to, NULL);
}

/* Takes in all there is; whether that was anything. */
static bool take_in(process_call *p)
{
    pl_death death;
    pl_offer offer;
    bool any = false;
    for (unsigned i = 0; i < p->crew->workers; i++)
        any |= listen(p, i);
    while (pl_home_death(p->home, &death)) {
        any = true;
        listen(p, death.slot); /* it wrote that before it died */
        if (pl_home_bequest(p->home, &death, &offer))
            inherit(p, &death, &offer);
    }
    return any;
}

/* ---- stopping -------------------------------------------------------------------------------------------- */

static void stop(process_call *p, int why)
{
    int level = pl_stop_level(&p->call->care.stop);
    p->over = p->over ? p->over : why;
    pl_home_stop(p->home, why == ECANCELED && level ? level : PL_STOP_ALL);
    if (why == ETIMEDOUT)
        pl_crew_condemn(p->crew);
}

/* Lets go of all that is not on the board. */
static void drop_plans(process_call *p)
{
    pl_retry *r;
    while (p->pending_count) {
        pending last = p->pending[--p->pending_count];
        let_go(p, &last.offer, last.retry);
    }
    while ((r = pl_retry_next(p->call, true)))
        give_up(p, r);
    leave_out(p, p->next, p->call->n);
    p->next = p->call->n;
}

/* Takes back all that has not been begun, and lets go of it, too. */
static void sweep(process_call *p)
{
    pl_offer offer;
    while (pl_home_take_back(p->home, &offer)) {
        pl_retry *before = p->trying[offer.position % PL_BOARD_ENTRIES];
        p->trying[offer.position % PL_BOARD_ENTRIES] = NULL;
        let_go(p, &offer, before);
    }
    drop_plans(p);
}

/* Why nothing more is to start: an error code, or 0. */
static int reason(const process_call *p)
{
    int why = p->over ? p->over : pl_care_over(p->call);
    if (!why && pl_chunk_reason(p->call->parent))
        why = ECANCELED;
    return !why && p->home->corrupted ? EIO : why;
}

/* ---- crews ----------------------------------------------------------------------------------------------- */

/* Gets a crew, and tells it what there is to do. 0 or an error code. */
static int begin_with_crew(process_call *p)
{
    pl_call *c = p->call;
    p->crew = pl_crew_open(pl_pool_of(c->o.pool), p->workers, p->persistent, PL_REMOTE_INDEX);
    if (!p->crew)
        return errno ? errno : ENOMEM;
    heard *all = realloc(p->heard, p->crew->workers * sizeof *all);
    if (!all) {
        pl_crew_close(p->crew, p->persistent);
        p->crew = NULL;
        return ENOMEM;
    }
    p->heard = all;
    for (unsigned i = 0; i < p->crew->workers; i++)
        p->heard[i] = (heard){.left = SIZE_MAX};
    p->home = &p->crew->home;
    pl_home_begin(p->home, p->crew->board, &p->job, p->workers, p->watch_ns);
    if (p->persistent && p->watch_ns)
        pl_crew_nudge(p->crew);
    p->done_before = pl_home_done(p->home);
    p->busy_before = pl_home_busy(p->home);
    pl_death death;
    while (pl_home_death(p->home, &death)) { /* since the last call */
    }
    return 0;
}

static void end_with_crew(process_call *p, bool keep)
{
    for (unsigned i = 0; p->heard && i < p->crew->workers; i++)
        free(p->heard[i].message);
    for (size_t i = 0; i < PL_BOARD_ENTRIES; i++)
        forget_try(p, i);
    pl_home_end(p->home);
    pl_crew_close(p->crew, keep && p->persistent);
    p->crew = NULL;
}

/* All of the crew have died: takes in what they have left, and goes on with another. */
static void replace_crew(process_call *p)
{
    pl_death death;
    pl_offer offer;
    bool any = take_in(p) || pl_home_done(p->home) > p->done_before;
    while (pl_home_legacy(p->home, &offer, &death)) {
        any |= death.index != PL_NO_INDEX;
        inherit(p, &death, &offer);
    }
    while (pl_home_take_back(p->home, &offer)) {
        pl_retry *before = p->trying[offer.position % PL_BOARD_ENTRIES];
        p->trying[offer.position % PL_BOARD_ENTRIES] = NULL;
        put_off(p, &offer, offer.begin, offer.end, before);
    }
    p->crews = any ? 0 : p->crews + 1;
    p->counted = 0;
    int error = p->crew->forks != pl_pool_forks() ? ECHILD : p->home->corrupted ? EIO : 0;
    end_with_crew(p, false);
    if (!error)
        error = p->crews >= CREWS ? EOWNERDEAD : begin_with_crew(p);
    if (error)
        p->over = error;
}

/* ---- a call ---------------------------------------------------------------------------------------------- */

/* Tells how far the call has come. */
static void tell(process_call *p)
{
    uint64_t done = p->crew ? pl_home_done(p->home) - p->done_before : 0;
    p->turn.done += done - p->counted;
    p->counted = done;
    pl_turn_tell(&p->turn);
}

static uint64_t nap_length(process_call *p)
{
    pl_call *c = p->call;
    uint64_t now = pl_os_nanoseconds(), until = now + LOOK_NS, due = p->over ? UINT64_MAX : pl_retry_next_due(c);
    if (!p->over && c->care.deadline && c->care.deadline < until)
        until = c->care.deadline + 1;
    until = due < until ? due : until;
    return until > now ? until - now : 0;
}

static bool is_finished(process_call *p)
{
    return p->next == p->call->n && !p->pending_count && pl_retry_next_due(p->call) == UINT64_MAX &&
           pl_home_all_done(p->home);
}

/* Runs all tasks, with a crew. */
static void run(process_call *p, bool is_short)
{
    bool quiet = false; /* nobody has rung for a while */
    while (p->crew) {
        uint32_t bell = pl_home_bell(p->home);
        take_in(p);
        int why = reason(p);
        int hopeless = pl_home_hopeless(p->home);
        if (hopeless && !why)
            why = hopeless;
        if (why) {
            stop(p, why);
            sweep(p);
        } else {
            bool fed = feed(p);
            pl_home_has_more(p->home, p->next < p->call->n || p->pending_count);
            if (fed && p->persistent)
                pl_home_call(p->home, is_short ? 1 : p->workers);
            else if (fed) /* it may have left out a worker that there was nothing to do for */
                pl_crew_nudge(p->crew);
        }
        if (is_finished(p) && !take_in(p) && is_finished(p))
            return;
        tell(p);
        if (p->home->corrupted || (quiet && pl_crew_gone(p->crew))) {
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

/* Room in the block, from *used on, aligned for anything. */
static unsigned char *carve(const process_call *p, size_t *used, size_t bytes)
{
    size_t at = (*used + 63) / 64 * 64;
    *used = at + bytes;
    return p->block.start ? (unsigned char *)p->block.start + at : NULL;
}

/* Lays out what the workers are given; the first time without a block, only to see how much that is. */
static size_t lay_out(process_call *p)
{
    pl_call *c = p->call;
    const pl_par *par = &c->par;
    size_t used = 0, count = par->futures ? c->n : 1;
    p->remote = (pl_remote *)(void *)carve(p, &used, sizeof *p->remote + count * sizeof p->remote->tasks[0]);
    void *extras = p->persistent && c->o.extras ? carve(p, &used, c->o.extras_size) : c->o.extras;
    if (p->remote) {
        *p->remote = (pl_remote){.par = par->futures != NULL,
                                 .chunks = c->failures.chunks,
                                 .keep_all = c->o.silent,
                                 .parent = p->persistent ? NULL : c->parent};
        if (p->persistent && c->o.extras)
            memcpy(extras, c->o.extras, c->o.extras_size);
    }
    if (!par->futures) {
        p->sent = p->persistent ? carve(p, &used, c->n * c->m.arg_size) : NULL;
        void *out = p->back ? carve(p, &used, c->n * c->m.result_size) : p->vector;
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
        void *arg = p->persistent ? carve(p, &used, f.arg_size) : (void *)future->arg;
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

static void choose_sizes(process_call *p, const pl_cost *cost)
{
    pl_call *c = p->call;
    uint64_t one = pl_cost_guess(cost, 1), piece = PIECE_US * pl_os_ticks_per_us();
    p->least = one <= piece ? (size_t)(piece / (one + 1)) + 1 : 1;
    p->whole = c->o.grain;
    if (c->splits && !p->whole)
        p->whole = (c->n - 1) / p->workers + 1;
}

/* 0, or why the call cannot be made. */
static int prepare(process_call *p, void *out)
{
    pl_call *c = p->call;
    size_t workers = c->o.max_workers ? (size_t)c->o.max_workers : pl_pool_cores();
    p->persistent = c->o.isolation == PARALLEL_PERSISTENT;
    if (p->persistent && has_own_extras(c))
        return EINVAL;
    p->vector = out;
    p->back = !c->par.results && out && c->m.result_size;
    workers = workers < PL_BOARD_SLOTS ? workers : PL_BOARD_SLOTS;
    p->workers = (unsigned)(workers < c->n ? workers : c->n);
    if (!c->care.began)
        pl_care_begin(c);
    p->watch_ns = shortest_timeout(c);
    if (!pl_arena_take(&p->block, lay_out(p)))
        return ENOMEM;
    lay_out(p);
    p->job = (pl_board_job){.run = pl_remote_run,
                            .context = p->remote,
                            .timed = p->watch_ns != 0,
                            .memory_limit = c->o.memory_limit,
                            .tasks_per_worker = (unsigned)c->o.tasks_per_worker};
    return begin_with_crew(p);
}

static void clean_up(process_call *p)
{
    if (p->crew)
        end_with_crew(p, !p->home->corrupted);
    if (p->back && p->block.start)
        memcpy(p->vector, p->call->m.out, p->call->n * p->call->m.result_size);
    pl_arena_give(&p->block);
    free(p->pending);
    free(p->heard);
}

void pl_process_run(pl_call *c, void *out)
{
    pl_cost *cost = pl_call_cost(c, 2);
    process_call *p = calloc(1, sizeof *p);
    if (!p) {
        c->error = ENOMEM;
        return;
    }
    p->call = c;
    pl_turn_begin(&p->turn, c);
    c->error = c->n ? prepare(p, out) : 0;
    if (c->n && !c->error) {
        choose_sizes(p, cost);
        uint64_t guess = pl_cost_guess(cost, c->n);
        run(p, p->persistent && guess < SHORT_US * pl_os_ticks_per_us());
        uint64_t done = p->crew ? pl_home_done(p->home) - p->done_before : 0;
        if (done && !p->watch_ns)
            pl_cost_learn(cost, pl_home_busy(p->home) - p->busy_before, done, done > 1000);
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
