/* SPDX-License-Identifier: MIT */
/* A call on ranks: who has what, and what came of it. assign.c decides how large pieces are, and sends them. */
#include "executors/mpi/pieces.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "executors/mpi/assign.h"
#include "executors/mpi/share.h"

/* How long the coordinator sleeps before it looks whether the call is to stop. */
#define LOOK_NS UINT64_C(10000000)

/* ---- what a piece came to ---------------------------------------------------------------------------------- */

/* Copies the results of tasks [from, to) of a piece to where the call wants them. */
static void copy_results(pl_pieces *p, const pl_pieces_piece *piece, const pl_run *run, size_t from, size_t to)
{
    pl_bound b;
    p->call->work.kind->bind(&p->call->work, piece->begin, &b);
    size_t size = b.function.result_size, at = p->call->work.kind->is_separate ? 0 : piece->begin;
    if (run->results && b.out && size && from < to)
        memcpy((unsigned char *)b.out + (at + from) * size, (const unsigned char *)run->results + from * size,
               (to - from) * size);
}

/* Tasks [from, to) of a piece have ended well. */
static void take_well(pl_pieces *p, const pl_pieces_piece *piece, const pl_run *run, size_t from, size_t to)
{
    if (from >= to)
        return;
    copy_results(p, piece, run, from, to);
    p->worker.done += to - from;
    if (p->call->ended)
        pl_run_services->ended_well(p->call->ended, piece->begin + from, piece->begin + to);
}

/* Some have not. Those that have not been run have had no attempt, and the one before counts, if there was one: its
 * rank died. Those that gave up when the call's time was over were late. */
static void take_failed(pl_pieces *p, const pl_pieces_piece *piece, const pl_run_failed *failed)
{
    parallel_failure f = failed->failure;
    size_t begin = piece->begin + failed->begin, end = begin + failed->count;
    if (f.state == PARALLEL_NOT_RUN && !piece->tried) {
        pl_run_services->worker_leave_out(&p->worker, p->over ? p->over : f.code, begin, end);
        return;
    }
    if (f.state == PARALLEL_NOT_RUN)
        f = (parallel_failure){.state = PARALLEL_CRASHED, .code = EOWNERDEAD};
    if (f.state == PARALLEL_CANCELLED && p->over == ETIMEDOUT)
        f = (parallel_failure){.state = PARALLEL_TIMED_OUT, .code = ETIMEDOUT, .attempts = f.attempts};
    bool has_text = f.state == PARALLEL_ERROR || f.state == PARALLEL_CANCELLED;
    f.index = begin;
    f.attempts += piece->tried;
    pl_run_services->worker_fail(&p->worker, &f, has_text && f.message ? strdup(f.message) : NULL, begin, end);
}

static void take_outcome(pl_pieces *p, const pl_pieces_piece *piece, const pl_run *run)
{
    size_t at = 0, count = piece->end - piece->begin;
    for (size_t k = 0; k < run->failures; k++) {
        const pl_run_failed *failed = &run->failed[k];
        if (failed->begin < at || failed->begin > count || failed->count > count - failed->begin)
            continue; /* that cannot be */
        take_well(p, piece, run, at, failed->begin);
        take_failed(p, piece, failed);
        at = failed->begin + failed->count;
    }
    take_well(p, piece, run, at, count);
}

/* ---- pieces that come back ----------------------------------------------------------------------------------- */

/* Takes a piece out of its rank's list. NULL: it is not there. */
static pl_pieces_piece *take_piece(pl_pieces *p, uint64_t number)
{
    pl_pieces_peer *peer = &p->peers[number % p->ranks];
    for (pl_pieces_piece **link = &peer->pieces; *link; link = &(*link)->next) {
        pl_pieces_piece *piece = *link;
        if (piece->number != number)
            continue;
        *link = piece->next;
        peer->count--;
        peer->tasks -= piece->end - piece->begin;
        p->open--;
        return piece;
    }
    return NULL;
}

static void take_run(pl_pieces *p, pl_run *run)
{
    pl_pieces_peer *peer = &p->peers[run->piece % p->ranks];
    pl_pieces_piece *piece = take_piece(p, run->piece);
    if (piece) { /* else it is of a rank that was thought dead */
        pl_share_learn(p, peer, piece->end - piece->begin, run->took_ns);
        pl_share_update(p, peer);
        if (p->site)
            pl_site_note_pace(p->site, run->took_ns);
        if (p->traced)
            pl_run_services->trace_rank_run(p->traced, (unsigned)(peer - p->peers), run->took_ns, piece->begin,
                                            piece->end);
        take_outcome(p, piece, run);
        free(piece);
    }
    pl_message *m = run->owned;
    pl_run_free(run);
    pl_message_free(m);
}

/* A rank has died that had a piece. */
static void take_back(pl_pieces *p, pl_pieces_piece *piece, unsigned rank)
{
    pl_call *c = p->call;
    parallel_failure f = {
        .index = piece->begin, .state = PARALLEL_CRASHED, .code = EOWNERDEAD, .attempts = piece->tried + 1};
    pl_task_policy policy = pl_run_services->policy_of_task(&c->policy, &c->work, piece->begin);
    char *text = malloc(64);
    if (text)
        snprintf(text, 64, "rank %u has died", rank);
    if (f.attempts < policy.attempts && !p->over)
        pl_run_services->worker_put_off(&p->worker, &f, text, piece->begin, piece->end);
    else
        pl_run_services->worker_fail(&p->worker, &f, text, piece->begin, piece->end);
}

static void bury_dead(pl_pieces *p)
{
    for (unsigned rank = 1; rank < p->ranks; rank++) {
        pl_pieces_peer *peer = &p->peers[rank];
        if (!p->dead[rank] || peer->gone)
            continue;
        peer->gone = true;
        p->alive--;
        while (peer->pieces) {
            pl_pieces_piece *piece = take_piece(p, peer->pieces->number);
            take_back(p, piece, rank);
            free(piece);
        }
        pl_share_update(p, peer);
    }
}

/* Takes in what has come. */
static void take_in(pl_pieces *p)
{
    bool died;
    pl_run *run = pl_inbox_take(&p->inbox, p->dead, &died);
    while (run) {
        pl_run *next = run->next;
        take_run(p, run);
        run = next;
    }
    if (died)
        bury_dead(p);
}

/* ---- a call -------------------------------------------------------------------------------------------------- */

/* The call is over: tells the ranks, and drops what is not with one. */
static void stop_call(pl_pieces *p, int why)
{
    pl_policy *policy = &p->call->policy;
    pl_retry *r;
    p->over = p->over ? p->over : why;
    int level = pl_stop_level(&policy->stop);
    if (why != ECANCELED || level == 0) /* past its time, or as who waits for it is to give up */
        level = PL_STOP_ALL;
    if (level > p->level) {
        p->level = level;
        pl_assign_stop(p);
    }
    while ((r = pl_run_services->policy_take_any(policy)))
        pl_run_services->worker_give_up(&p->worker, r);
    if (p->fresh < p->call->work.n)
        pl_run_services->worker_leave_out(&p->worker, p->over, p->fresh, p->call->work.n);
    p->fresh = p->call->work.n;
}

/* When there is something to look at again. Tasks that are due, and for which no rank has room, wait for an outcome. */
static uint64_t next_look(pl_pieces *p)
{
    pl_policy *policy = &p->call->policy;
    uint64_t now = pl_run_services->nanoseconds(), until = now + LOOK_NS;
    bool has_room = !p->over && pl_share_choose(p) != PL_SHARE_NONE;
    uint64_t due = has_room ? pl_run_services->policy_next_due(policy) : UINT64_MAX;
    if (policy->deadline >= now && policy->deadline < until)
        until = policy->deadline + 1;
    return due < until ? due : until;
}

static bool is_finished(const pl_pieces *p)
{
    return p->fresh == p->call->work.n && !p->open && pl_run_services->policy_next_due(&p->call->policy) == UINT64_MAX;
}

/* Has the messenger be quick, where a rank is short of pieces, or all are with ranks. */
static void tell_messenger(pl_pieces *p)
{
    bool waits = p->fresh == p->call->work.n || p->short_of;
    if (!p->site)
        return;
    if (waits != p->waits)
        pl_site_add_work(p->site, 0, waits ? 1 : -1);
    p->waits = waits;
}

/* Whether there is something that the coordinator alone does. */
static bool needs_coordinator(const pl_pieces *p)
{
    return p->over || pl_run_services->call_over(p->call) || p->call->options.progress ||
           pl_run_services->policy_next_due(&p->call->policy) != UINT64_MAX || is_finished(p);
}

/* The turn of another than the coordinator. Whether that is needed, too. */
static bool take_its_turn(pl_pieces *p)
{
    take_in(p);
    if (!p->over && !pl_run_services->call_over(p->call))
        pl_assign_feed(p);
    tell_messenger(p);
    return needs_coordinator(p);
}

/* Who is told of each task that ends may do so in a function of the program's, which is the coordinator's to call. */
void pl_pieces_bring(pl_pieces *p, pl_run *run)
{
    bool calls = true;
    pl_inbox_add(&p->inbox, run);
    if (!p->call->ended && pthread_mutex_trylock(&p->turn) == 0) {
        calls = !p->finished && take_its_turn(p);
        pthread_mutex_unlock(&p->turn);
    }
    if (calls)
        pl_inbox_ring(&p->inbox);
}

/* The coordinator's turn. Whether that was the last. */
static bool take_turn(pl_pieces *p)
{
    take_in(p);
    int why = p->over ? p->over : pl_run_services->call_over(p->call);
    if (why)
        stop_call(p, why);
    else
        pl_assign_feed(p);
    pl_run_services->worker_report(&p->worker);
    tell_messenger(p);
    p->finished = is_finished(p);
    return p->finished;
}

void pl_pieces_run(pl_pieces *p)
{
    for (;;) {
        pthread_mutex_lock(&p->turn);
        bool finished = take_turn(p);
        uint64_t until = next_look(p);
        pthread_mutex_unlock(&p->turn);
        if (finished)
            break;
        pl_inbox_wait(&p->inbox, until);
    }
    if (!p->site)
        return;
    pl_assign_end(p);
    pl_inbox_wait_returned(&p->inbox, p->site);
}

/* ---- its account --------------------------------------------------------------------------------------------- */

static void end_local_piece(pl_run *run, void *pieces)
{
    pl_pieces_bring(pieces, run);
}

static void free_account(pl_pieces *p)
{
    pthread_mutex_destroy(&p->turn);
    free(p->dead);
    free(p);
}

pl_pieces *pl_pieces_new(pl_call *c, uint64_t call_id, pl_site *site, const unsigned *threads, unsigned ranks)
{
    pl_pieces *p = calloc(1, pl_size_add(sizeof *p, pl_size_multiply(ranks, sizeof p->peers[0])));
    if (!p)
        return NULL;
    pthread_mutex_init(&p->turn, NULL);
    p->call = c;
    p->call_id = call_id;
    p->site = site;
    p->ranks = ranks;
    p->dead = calloc(ranks, 1);
    unsigned most = (unsigned)c->options.max_workers;
    for (unsigned rank = 0; rank < ranks; rank++)
        p->peers[rank].threads = most && most < threads[rank] ? most : threads[rank];
    pl_share_begin(p);
    if (!p->dead || !pl_inbox_begin(&p->inbox, ranks)) {
        free_account(p);
        return NULL;
    }
    if (pl_runners_begin(&p->runners, pl_runners_wanted(c->options.max_workers, threads[0]), end_local_piece, p))
        return p;
    pl_inbox_free(&p->inbox);
    free_account(p);
    return NULL;
}

void pl_pieces_free(pl_pieces *p)
{
    pl_runners_end(&p->runners);
    pl_inbox_free(&p->inbox);
    free_account(p);
}
