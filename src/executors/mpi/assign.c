/* SPDX-License-Identifier: MIT */
/* Pieces of a call on their way to ranks. */
#include "executors/mpi/assign.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "sched/chunking.h"

/* How long a piece is to last at least; and for each rank, since home has the pieces of all to send and to take in,
 * some microseconds each; for how many times as long a rank has pieces ahead; and how many tasks more, in times, a
 * piece may have than the one before. */
#define PIECE_NS 2e6
#define PIECE_NS_A_RANK 2e4
#define PREFETCH 2.5
#define STEP 16
/* From how long on a task is long beside what it takes to send it. */
#define LONG_NS 5e6
/* What goes by in a piece besides its tasks: it is not counted among what those take. */
#define BEGIN_NS 2e4
/* A rank's piece is at most one part out of so many of what is left for it. */
#define PARTS 8
/* What a byte costs that is sent and received: by shared memory some tenths of a nanosecond on each side. */
#define BYTE_NS 0.5
/* Pieces that a rank may have, whatever they take. */
#define MOST_PIECES 16

/* ---- how much ------------------------------------------------------------------------------------------------ */

void pl_assign_learn(pl_pieces *p, pl_pieces_peer *peer, const pl_pieces_piece *piece, const pl_run *run)
{
    size_t tasks = piece->end - piece->begin;
    double took = (double)run->took_ns;
    if (!run->took_ns)
        return;
    took = took > 2 * BEGIN_NS ? took - BEGIN_NS : took / 2;
    peer->task_ns = took / (double)tasks;
    peer->last = tasks;
    p->busy_ns += took * (tasks < peer->threads ? (double)tasks : peer->threads);
    p->busy_tasks += tasks;
}

/* Ranks that may be given pieces. */
static unsigned count_alive(const pl_pieces *p)
{
    unsigned alive = 0;
    for (unsigned rank = 0; rank < p->ranks; rank++)
        alive += !p->peers[rank].gone;
    return alive;
}

/* How long a piece is to last. */
static double piece_ns(const pl_pieces *p)
{
    double of_all = PIECE_NS_A_RANK * p->ranks;
    return of_all > PIECE_NS ? of_all : PIECE_NS;
}

/* So few tasks that each of a rank's threads that its runners can use has one. */
static size_t least_tasks(const pl_pieces *p, const pl_pieces_peer *peer)
{
    unsigned runners = pl_runners_wanted(p->call->options.max_workers, peer->threads);
    return pl_chunking_even(peer->threads ? peer->threads : 1, runners);
}

/* How many fresh tasks a rank is given. */
static size_t piece_size(const pl_pieces *p, const pl_pieces_peer *peer)
{
    size_t rest = p->call->work.n - p->fresh, grain = p->call->options.grain;
    if (p->whole)
        return rest < p->whole ? rest : p->whole;
    double size = peer->last ? piece_ns(p) / (peer->task_ns + 1e-3) : 1;
    double most = (double)peer->last * STEP, part = (double)rest / (PARTS * count_alive(p));
    size = peer->last && size > most ? most : size;
    size = size > part ? part : size;
    size_t least = least_tasks(p, peer), tasks = size > (double)least ? (size_t)size : least;
    tasks = grain ? pl_chunking_even(tasks, grain) * grain : tasks;
    return tasks < rest ? tasks : rest;
}

bool pl_assign_stays(double task_ns, size_t bytes)
{
    return task_ns < BYTE_NS * (double)bytes;
}

static bool stays_home(const pl_pieces *p)
{
    return p->peers[0].last && pl_assign_stays(p->peers[0].task_ns, p->task_bytes);
}

/* Whether a rank may be given one more piece. */
static bool has_room(const pl_pieces *p, unsigned rank)
{
    const pl_pieces_peer *peer = &p->peers[rank];
    unsigned runners = pl_runners_wanted(p->call->options.max_workers, peer->threads);
    if (peer->gone || (rank != 0 && stays_home(p)))
        return false;
    if (peer->count < runners)
        return true;
    if (!peer->last || peer->task_ns > LONG_NS)
        return p->call->options.retry_delay > 0 && p->call->options.retries > 0 && peer->count < MOST_PIECES;
    return peer->count < MOST_PIECES &&
           (peer->count < 2 || (double)peer->tasks * peer->task_ns < PREFETCH * piece_ns(p));
}

/* The rank with room that has the fewest pieces; of several that after the last one that got one. `ranks`: none. */
static unsigned choose_rank(const pl_pieces *p)
{
    unsigned best = p->ranks;
    for (unsigned rank = 0; rank < p->ranks; rank++)
        if (has_room(p, rank) && (best == p->ranks || p->peers[rank].count < p->peers[best].count))
            best = rank;
    return best;
}

/* ---- messages ------------------------------------------------------------------------------------------------ */

static bool is_separate(const pl_pieces *p)
{
    return p->call->work.kind->is_separate;
}

static pl_message *write_call(const pl_pieces *p, unsigned rank, const parallel_function *f)
{
    const pl_call *c = p->call;
    const parallel_options *o = &c->options;
    uint64_t now = pl_runners_services->nanoseconds(), deadline = c->policy.deadline;
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
    pl_task_policy policy = pl_runners_services->policy_of_task(&c->policy, &c->work, piece->begin);
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

static pl_message *write_piece(const pl_pieces *p, unsigned rank, const pl_pieces_piece *piece, const pl_bound *b)
{
    pl_message_piece said = describe_piece(p, piece);
    size_t bytes = (size_t)said.count * b->function.arg_size;
    pl_message *m = pl_message_new(rank, PL_MESSAGE_PIECE, p->call_id, pl_size_add(sizeof said, bytes));
    if (!m)
        return NULL;
    pl_message_put(m, &said, sizeof said);
    m->lost |= is_separate(p) && !pl_message_put_function(m, &b->function);
    pl_message_put_vector(m, args_of(p, piece, b), bytes);
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
    pl_run *run = pl_runners_new_run();
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
    pl_retry *r = pl_runners_services->policy_take_due(&p->call->policy);
    if (r) {
        *piece = (pl_pieces_piece){.begin = r->begin, .end = r->end, .tried = r->failure.attempts};
        free(r->message);
        free(r);
        return true;
    }
    if (p->fresh == p->call->work.n)
        return false;
    size_t size = is_separate(p) ? 1 : piece_size(p, peer);
    *piece = (pl_pieces_piece){.begin = p->fresh, .end = p->fresh + size};
    p->fresh += size;
    return true;
}

/* A piece could not be assigned: the function cannot be told to others, or there is no memory. */
static void refuse_piece(pl_pieces *p, pl_pieces_piece *piece, bool has_place)
{
    parallel_failure f = {.state = PARALLEL_ERROR, .code = has_place ? ENOMEM : EINVAL, .attempts = piece->tried + 1};
    char *text = has_place ? NULL : strdup("the function is in no image that other ranks can have");
    pl_runners_services->worker_fail(&p->worker, &f, text, piece->begin, piece->end);
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
        pl_runners_services->worker_fail(&p->worker, &f, NULL, none.begin, none.end);
        return;
    }
    *piece = *tasks;
    piece->number = ++p->made;
    if (rank == 0 ? !keep_piece(p, piece, &b) : !send_piece(p, rank, piece, &b)) {
        pl_image_place place;
        const void *code = NULL;
        memcpy(&code, b.function.kernel ? (void *)&b.function.kernel : (void *)&b.function.call, sizeof code);
        refuse_piece(p, piece, rank == 0 || pl_image_find(&place, code));
        return;
    }
    piece->next = peer->pieces;
    peer->pieces = piece;
    peer->count++;
    peer->tasks += piece->end - piece->begin;
    p->open++;
}

void pl_assign_feed(pl_pieces *p)
{
    pl_pieces_piece tasks;
    for (unsigned rank; (rank = choose_rank(p)) < p->ranks;) {
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
