/* SPDX-License-Identifier: MIT */
/* Who gets how much. */
#include "executors/mpi/share.h"

#include "sched/chunking.h"

/* How long a piece is to last at most; how long at least, and at the end; and all of that for each rank, since home has
 * the pieces of all to send and to take in, some microseconds each. How many tasks more, in times, it may have than the
 * one before. */
#define PIECE_NS 10e6
#define PIECE_NS_A_RANK 2e4
#define LEAST_NS 1e6
#define END_NS 1e5
#define LEAST_NS_A_RANK 4e3
#define STEP 16
/* A rank's piece is at most one part out of so many of what is left for it. */
#define PARTS 8
/* For how long a rank is to have something to do, whatever is under way to it. */
#define AHEAD_NS 3e6
/* From how long on a task is long beside what it takes to send it. */
#define LONG_NS 5e6
/* How long home's tasks are to have run before others are taken to be like it. */
#define SURE_NS 5e4
/* What goes by in a piece besides its tasks: it is not counted among what those take. */
#define BEGIN_NS 2e4
/* What a byte costs that is sent and received: by shared memory some tenths of a nanosecond on each side. */
#define BYTE_NS 0.5

/* ---- what is known of a rank --------------------------------------------------------------------------------- */

/* What the last piece took counts as much as all before it. */
void pl_share_learn(pl_pieces *p, pl_pieces_peer *peer, size_t tasks, uint64_t took_ns)
{
    double took = (double)took_ns;
    if (!took_ns)
        return;
    took = took > 2 * BEGIN_NS ? took - BEGIN_NS : took / 2;
    peer->busy_ns = peer->busy_ns / 2 + took;
    peer->busy_tasks = peer->busy_tasks / 2 + (double)tasks;
    peer->task_ns = peer->busy_ns / peer->busy_tasks;
    peer->last = tasks;
    p->busy_ns += took * (tasks < peer->threads ? (double)tasks : peer->threads);
    p->busy_tasks += tasks;
    if (peer == p->peers && !p->is_sure && peer->busy_ns >= SURE_NS) {
        p->is_sure = true;
        for (unsigned rank = 1; rank < p->ranks; rank++)
            pl_share_update(p, &p->peers[rank]);
    }
}

bool pl_share_stays(double task_ns, size_t bytes)
{
    return task_ns < BYTE_NS * (double)bytes;
}

static bool stays_home(const pl_pieces *p)
{
    return p->peers[0].last && pl_share_stays(p->peers[0].task_ns, p->task_bytes);
}

/* ---- how much ------------------------------------------------------------------------------------------------ */

/* How many tasks a rank is to be given of what is left for all, as the work runs out. */
static double part_of_rest(const pl_pieces *p)
{
    return (double)(p->call->work.n - p->fresh) / ((double)PARTS * p->alive);
}

/* How long a rank takes for a task; if nothing of it has come back yet, it is taken for one like home, whose pieces
 * come back sooner. 0: that is not known. */
static double task_ns_of(const pl_pieces *p, const pl_pieces_peer *peer)
{
    const pl_pieces_peer *home = &p->peers[0];
    if (peer->last)
        return peer->task_ns + 1e-3;
    return !p->is_sure ? 0 : home->task_ns * home->threads / (peer->threads ? peer->threads : 1) + 1e-3;
}

static double smaller_of(double a, double b)
{
    return a < b ? a : b;
}

static double larger_of(double a, double b)
{
    return a > b ? a : b;
}

/* The last pieces of all are what is left for a rank. */
static double end_size(const pl_pieces *p, double task_ns)
{
    return smaller_of(larger_of(END_NS, LEAST_NS_A_RANK * p->ranks) / task_ns, PARTS * part_of_rest(p));
}

/* By the time that it is to take. */
static double timed_size(const pl_pieces *p, const pl_pieces_peer *peer)
{
    double task_ns = task_ns_of(p, peer);
    if (task_ns == 0)
        return 1;
    double piece_ns = larger_of(PIECE_NS, PIECE_NS_A_RANK * p->ranks);
    double least_ns = larger_of(LEAST_NS, LEAST_NS_A_RANK * p->ranks);
    double part = part_of_rest(p), least = smaller_of(least_ns / task_ns, 2 * part);
    double most = peer->last ? (double)peer->last * STEP : smaller_of(least, part);
    return smaller_of(smaller_of(piece_ns / task_ns, larger_of(part, larger_of(least, end_size(p, task_ns)))), most);
}

/* So few tasks that each of a rank's threads that its runners can use has one. */
static size_t least_tasks(const pl_pieces *p, const pl_pieces_peer *peer)
{
    unsigned runners = pl_runners_wanted(p->call->options.max_workers, peer->threads);
    return pl_chunking_even(peer->threads ? peer->threads : 1, runners);
}

size_t pl_share_size(const pl_pieces *p, const pl_pieces_peer *peer)
{
    size_t rest = p->call->work.n - p->fresh, grain = p->call->options.grain;
    if (p->whole)
        return rest < p->whole ? rest : p->whole;
    double size = timed_size(p, peer);
    size_t least = least_tasks(p, peer), tasks = size > (double)least ? (size_t)size : least;
    tasks = grain ? pl_chunking_even(tasks, grain) * grain : tasks;
    return tasks < rest ? tasks : rest;
}

/* ---- who ----------------------------------------------------------------------------------------------------- */

/* Whether a rank has too little to do for as long as messages take; but no more than a quarter of what is left for it,
 * as tasks may take longer than those before. */
static bool has_little(const pl_pieces *p, const pl_pieces_peer *peer)
{
    double tasks = (double)peer->tasks;
    return tasks * task_ns_of(p, peer) < AHEAD_NS && tasks < 2 * part_of_rest(p);
}

/* Whether a rank may be given one more piece. */
static bool has_room(const pl_pieces *p, const pl_pieces_peer *peer)
{
    unsigned runners = pl_runners_wanted(p->call->options.max_workers, peer->threads);
    if (peer->gone || peer->count >= PL_PIECES_MOST)
        return false;
    if (peer->count < runners)
        return true;
    double task_ns = task_ns_of(p, peer);
    if (task_ns == 0 || task_ns > LONG_NS)
        return p->call->options.retry_delay > 0 && p->call->options.retries > 0;
    return peer->count < 2 || (peer != &p->peers[0] && has_little(p, peer));
}

static void unlink_peer(pl_pieces *p, pl_pieces_peer *peer)
{
    pl_pieces_room *room = &p->room[peer->room];
    *(peer->before ? &peer->before->after : &room->first) = peer->after;
    *(peer->after ? &peer->after->before : &room->last) = peer->before;
    peer->has_room = false;
}

static void link_peer(pl_pieces *p, pl_pieces_peer *peer)
{
    pl_pieces_room *room = &p->room[peer->count];
    peer->room = peer->count;
    peer->before = room->last;
    peer->after = NULL;
    *(room->last ? &room->last->after : &room->first) = peer;
    room->last = peer;
    peer->has_room = true;
}

/* Whether the messenger is to be quick for a rank: it will have nothing to do soon. */
static void count_short(pl_pieces *p, pl_pieces_peer *peer)
{
    bool is_short = peer->told && !peer->gone && peer->count < 2;
    p->short_of += (unsigned)is_short - (unsigned)peer->is_short;
    peer->is_short = is_short;
}

void pl_share_update(pl_pieces *p, pl_pieces_peer *peer)
{
    bool has = has_room(p, peer);
    count_short(p, peer);
    if (has && peer->has_room && peer->room == peer->count)
        return;
    if (peer->has_room)
        unlink_peer(p, peer);
    if (has)
        link_peer(p, peer);
}

void pl_share_give(pl_pieces *p, pl_pieces_peer *peer, pl_pieces_piece *piece)
{
    piece->next = peer->pieces;
    peer->pieces = piece;
    peer->count++;
    peer->tasks += piece->end - piece->begin;
    p->open++;
    pl_share_update(p, peer);
}

void pl_share_begin(pl_pieces *p)
{
    p->alive = p->ranks;
    for (unsigned rank = 0; rank < p->ranks; rank++)
        pl_share_update(p, &p->peers[rank]);
}

/* The one that is first in a list. NULL: there is none. */
static pl_pieces_peer *first_with_room(pl_pieces *p, unsigned count)
{
    pl_pieces_peer *peer;
    while ((peer = p->room[count].first) && !has_room(p, peer)) /* any more: less is left than when it was put there */
        unlink_peer(p, peer);
    return peer;
}

unsigned pl_share_choose(pl_pieces *p)
{
    pl_pieces_peer *home = &p->peers[0];
    if (stays_home(p))
        return has_room(p, home) ? 0 : PL_SHARE_NONE;
    for (unsigned count = 0; count < PL_PIECES_MOST; count++) {
        pl_pieces_peer *peer = first_with_room(p, count);
        if (peer)
            return (unsigned)(peer - home);
    }
    return PL_SHARE_NONE;
}
