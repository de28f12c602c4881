/* SPDX-License-Identifier: MIT */
/* Pieces of a call on their way to ranks. */
#include "executors/mpi/assign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "executors/mpi/share.h"

/* ---- messages ------------------------------------------------------------------------------------------------ */

static bool is_separate(const pl_pieces *p)
{
    return p->call->work.kind->is_separate;
}

static pl_message *write_call(const pl_pieces *p, unsigned rank, const parallel_function *f)
{
    const pl_call *c = p->call;
    const parallel_options *o = &c->options;
    uint64_t now = pl_run_services->nanoseconds(), deadline = c->policy.deadline;
    pl_message_call said = {
        .left = !deadline        ? 0
                : deadline > now ? (double)(deadline - now) * 1e-9
                                 : 1e-9,
        .max_workers = o->max_workers,
        .isolation = (int64_t)o->isolation,
        .tasks_per_worker = o->tasks_per_worker,
        .memory_limit = o->memory_limit,
        .grain = c->work.kind->is_split ? p->whole : o->grain,
        .silent = o->silent || c->ended,
        .is_separate = is_separate(p),
        .extras_bytes = o->extras ? o->extras_size : 0,
    };
    pl_message *m =
        pl_message_new(rank, PL_MESSAGE_CALL, p->call_id, pl_size_add(sizeof said, (size_t)said.extras_bytes));
    if (!m)
        return NULL;
    pl_message_put(m, &said, sizeof said);
    m->lost |= !said.is_separate && !pl_message_put_function(m, f);
    if (said.extras_bytes)
        pl_message_put_vector(m, o->extras, o->extras_size);
    return m;
}

/* What goes for the tasks of a piece. */
static pl_message_piece describe_piece(const pl_pieces *p, const pl_pieces_piece *piece)
{
    const pl_call *c = p->call;
    pl_task_policy policy = pl_run_services->policy_of_task(&c->policy, &c->work, piece->begin);
    return (pl_message_piece){
        .piece = piece->number,
        .count = piece->end - piece->begin,
        .timeout = (double)policy.timeout_ns * 1e-9,
        .retry_delay = policy.delay,
        .retries = policy.attempts > piece->tried ? (int64_t)(policy.attempts - piece->tried) - 1 : 0,
    };
}

static const void *args_of(const pl_pieces *p, const pl_pieces_piece *piece, const pl_bound *b)
{
    return is_separate(p) ? b->args : (const unsigned char *)b->args + piece->begin * b->function.arg_size;
}

/* Arguments are sent from where they are: the call lasts until that is over. */
static void take_args_back(void *pieces)
{
    pl_pieces *p = pieces;
    pl_inbox_return(&p->inbox);
}

static pl_message *write_piece(pl_pieces *p, unsigned rank, const pl_pieces_piece *piece, const pl_bound *b)
{
    pl_message_piece said = describe_piece(p, piece);
    pl_message *m = pl_message_new(rank, PL_MESSAGE_PIECE, p->call_id, sizeof said + sizeof(parallel_function));
    if (!m)
        return NULL;
    pl_message_put(m, &said, sizeof said);
    m->lost |= is_separate(p) && !pl_message_put_function(m, &b->function);
    pl_inbox_lend(&p->inbox);
    pl_message_lend_vector(m, args_of(p, piece, b), (size_t)said.count * b->function.arg_size, take_args_back, p);
    return m;
}

/* Posts a message, unless it lacks something. Whether it was posted. */
static bool post_whole(const pl_pieces *p, pl_message *m)
{
    if (m && !m->lost) {
        pl_site_post(p->site, m);
        return true;
    }
    pl_message_free(m);
    return false;
}

/* Sends a piece, and the call before it, if the rank has not got that. False if there is no memory. */
static bool send_piece(pl_pieces *p, unsigned rank, const pl_pieces_piece *piece, const pl_bound *b)
{
    pl_pieces_peer *peer = &p->peers[rank];
    if (!peer->told && !post_whole(p, write_call(p, rank, &b->function)))
        return false;
    peer->told = true;
    return post_whole(p, write_piece(p, rank, piece, b));
}

/* Runs a piece at home. False if there is no memory. */
static bool keep_piece(pl_pieces *p, const pl_pieces_piece *piece, const pl_bound *b)
{
    const parallel_options *o = &p->call->options;
    pl_message_piece said = describe_piece(p, piece);
    pl_run *run = pl_run_new();
    if (!run)
        return false;
    run->piece = piece->number;
    run->function = b->function;
    run->function.options = NULL;
    run->args = args_of(p, piece, b);
    run->count = (size_t)said.count;
    run->deadline = p->call->policy.deadline;
    run->options = (parallel_options){
        .size = sizeof run->options,
        .executor = pl_runners_executor(o->isolation, o->max_workers, p->peers[0].threads),
        .isolation = o->isolation,
        .max_workers = o->max_workers,
        .tasks_per_worker = o->tasks_per_worker,
        .memory_limit = o->memory_limit,
        .grain = p->call->work.kind->is_split ? p->whole : o->grain,
        .silent = o->silent || p->call->ended,
        .extras = b->extras,
        .extras_size = o->extras_size,
        .timeout = said.timeout,
        .retry_delay = said.retry_delay,
        .retries = (int)said.retries,
    };
    pl_runners_add(&p->runners, run);
    return true;
}

/* ---- assigning ----------------------------------------------------------------------------------------------- */

/* The next tasks for a rank: those whose next attempt is due, or fresh ones. False: there are none. */
static bool next_tasks(pl_pieces *p, const pl_pieces_peer *peer, pl_pieces_piece *piece)
{
    pl_retry *r = pl_run_services->policy_take_due(&p->call->policy);
    if (r) {
        *piece = (pl_pieces_piece){.begin = r->begin, .end = r->end, .tried = r->failure.attempts};
        free(r->message);
        free(r);
        return true;
    }
    if (p->fresh == p->call->work.n)
        return false;
    size_t size = is_separate(p) ? 1 : pl_share_size(p, peer);
    *piece = (pl_pieces_piece){.begin = p->fresh, .end = p->fresh + size};
    p->fresh += size;
    return true;
}

/* A piece could not be assigned: the function cannot be told to others, or there is no memory. */
static void refuse_piece(pl_pieces *p, pl_pieces_piece *piece, bool has_place)
{
    parallel_failure f = {.state = PARALLEL_ERROR, .code = has_place ? ENOMEM : EINVAL, .attempts = piece->tried + 1};
    char *text = has_place ? NULL : strdup("the function is in no image that other ranks can have");
    pl_run_services->worker_fail(&p->worker, &f, text, piece->begin, piece->end);
    free(piece);
}

static void assign_piece(pl_pieces *p, unsigned rank, const pl_pieces_piece *tasks)
{
    pl_pieces_peer *peer = &p->peers[rank];
    pl_pieces_piece *piece = malloc(sizeof *piece), none = *tasks;
    pl_bound b;
    p->call->work.kind->bind(&p->call->work, tasks->begin, &b);
    if (!piece) {
        parallel_failure f = {.state = PARALLEL_ERROR, .code = ENOMEM, .attempts = none.tried + 1};
        pl_run_services->worker_fail(&p->worker, &f, NULL, none.begin, none.end);
        return;
    }
    *piece = *tasks;
    piece->number = ++p->made * p->ranks + rank;
    if (rank == 0 ? !keep_piece(p, piece, &b) : !send_piece(p, rank, piece, &b)) {
        pl_image_place place;
        const void *code = NULL;
        memcpy(&code, b.function.kernel ? (void *)&b.function.kernel : (void *)&b.function.call, sizeof code);
        refuse_piece(p, piece, rank == 0 || pl_image_find(&place, code));
        return;
    }
    pl_share_give(p, peer, piece);
}

void pl_assign_feed(pl_pieces *p)
{
    pl_pieces_piece tasks;
    for (unsigned rank; (rank = pl_share_choose(p)) != PL_SHARE_NONE;) {
        if (!next_tasks(p, &p->peers[rank], &tasks))
            return;
        assign_piece(p, rank, &tasks);
    }
}

/* ---- all who have the call ----------------------------------------------------------------------------------- */

static bool has_call(const pl_pieces *p, unsigned rank)
{
    return p->peers[rank].told && !p->peers[rank].gone;
}

void pl_assign_stop(pl_pieces *p)
{
    bool all = p->level == PL_STOP_ALL;
    pl_message_stop stop = {.why = p->over, .all = all};
    pl_runners_stop(&p->runners, p->over, all ? PL_RUNNERS_STOP_ALL : PL_RUNNERS_STOP_STARTING);
    for (unsigned rank = 1; rank < p->ranks; rank++) {
        pl_message *m = has_call(p, rank) ? pl_message_new(rank, PL_MESSAGE_STOP, p->call_id, sizeof stop) : NULL;
        if (m)
            pl_message_put(m, &stop, sizeof stop);
        if (m)
            post_whole(p, m);
    }
}

void pl_assign_end(pl_pieces *p)
{
    for (unsigned rank = 1; rank < p->ranks; rank++)
        if (has_call(p, rank))
            pl_site_post(p->site, pl_message_new(rank, PL_MESSAGE_END, p->call_id, 0));
}
