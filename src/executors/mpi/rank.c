/* SPDX-License-Identifier: MIT */
/* A rank that serves home. */
#include "executors/mpi/rank.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "executors/mpi/outcome.h"
#include "executors/mpi/runners.h"
#include "executors/mpi/site.h"

/* What is wrong with a function that came; or not. */
typedef struct known_function {
    parallel_function function;
    int error; /* 0: nothing */
    char wrong[PL_MESSAGE_WRONG];
} known_function;

/* A call that is under way at home. */
typedef struct served_call {
    struct served_call *next;
    struct served_rank *rank;
    uint64_t id;
    pl_message_call said;
    uint64_t deadline; /* 0: none */
    void *extras;      /* NULL: none */
    known_function known;
    pl_runners runners;
    unsigned open; /* pieces that are with the runners; under the site's mutex */
} served_call;

typedef struct served_rank {
    pl_site site;
    served_call *calls; /* the messenger's own */
    bool failed;        /* home will wait for something in vain: there was no memory for it; under the site's mutex */
} served_rank;

static void give_up(served_rank *rank)
{
    pthread_mutex_lock(&rank->site.mutex);
    rank->failed = true;
    pthread_mutex_unlock(&rank->site.mutex);
    pl_site_end(&rank->site, NULL, PL_SITE_OTHERS_STAY);
}

/* ---- pieces that end --------------------------------------------------------------------------------------- */

/* Sends what came of a piece, with the run; if there is no memory for that, that. */
static void send_outcome(served_call *c, pl_run *run)
{
    pl_message *m = pl_outcome_write(run, c->id);
    if (!m) {
        pl_run_fail(run, PARALLEL_ERROR, ENOMEM, NULL);
        m = pl_outcome_write(run, c->id);
    }
    if (!m) {
        free(run->owned);
        pl_run_free(run);
        give_up(c->rank);
    }
    pl_site_post(&c->rank->site, m);
}

/* A runner has run a piece. */
static void end_piece(pl_run *run, void *call)
{
    served_call *c = call;
    pl_site *site = &c->rank->site;
    pl_site_note_pace(site, run->took_ns);
    send_outcome(c, run);
    pthread_mutex_lock(&site->mutex);
    c->open--;
    bool waits = c->open == 1; /* the runners will have nothing to do soon */
    pthread_mutex_unlock(&site->mutex);
    pl_site_add_work(site, -1, waits);
}

/* ---- calls ------------------------------------------------------------------------------------------------- */

static served_call *find_call(const served_rank *rank, uint64_t id)
{
    served_call *c = rank->calls;
    while (c && c->id != id)
        c = c->next;
    return c;
}

static void get_function(known_function *known, pl_message *m)
{
    if (pl_message_get_function(m, &known->function, known->wrong))
        known->error = 0;
    else
        known->error = known->wrong[0] ? ENOEXEC : EBADMSG;
}

/* What a call says of itself. False if there is no memory, or the message is none. */
static bool get_call(served_call *c, pl_message *m)
{
    const void *from = pl_message_get(m, sizeof c->said);
    if (!from)
        return false;
    memcpy(&c->said, from, sizeof c->said);
    if (c->said.left > 0)
        c->deadline = pl_run_services->nanoseconds() + (uint64_t)(c->said.left < 1e9 ? c->said.left * 1e9 : 1e18);
    if (!c->said.is_separate)
        get_function(&c->known, m);
    if (c->said.extras_bytes) {
        const void *extras = pl_message_get_vector(m, (size_t)c->said.extras_bytes);
        c->extras = aligned_alloc(64, pl_size_round((size_t)c->said.extras_bytes, 64));
        if (extras && c->extras)
            memcpy(c->extras, extras, (size_t)c->said.extras_bytes);
        return extras && c->extras;
    }
    return true;
}

/* A call begins. Without memory it does not, and its pieces fail one by one. */
static void begin_call(served_rank *rank, pl_message *m)
{
    served_call *c = calloc(1, sizeof *c);
    if (!c)
        return;
    c->rank = rank;
    c->id = m->head->call;
    unsigned count = 0;
    if (get_call(c, m))
        count = pl_runners_wanted((int)c->said.max_workers, pl_run_services->cores());
    if (!count || !pl_runners_begin(&c->runners, count, end_piece, c)) {
        free(c->extras);
        free(c);
        return;
    }
    c->next = rank->calls;
    rank->calls = c;
    pl_site_add_work(&rank->site, 0, 1);
}

/* A call is over: nothing of it runs. */
static void end_call(served_rank *rank, served_call *c)
{
    served_call **link = &rank->calls;
    while (*link != c)
        link = &(*link)->next;
    *link = c->next;
    pl_runners_end(&c->runners);
    pl_site_add_work(&rank->site, 0, c->open < 2 ? -1 : 0);
    free(c->extras);
    free(c);
}

static void stop_call(served_call *c, pl_message *m)
{
    pl_message_stop stop;
    const void *from = pl_message_get(m, sizeof stop);
    if (!from)
        return;
    memcpy(&stop, from, sizeof stop);
    pl_runners_stop(&c->runners, (int)stop.why, stop.all ? PL_RUNNERS_STOP_ALL : PL_RUNNERS_STOP_STARTING);
}

/* ---- pieces that come -------------------------------------------------------------------------------------- */

static void set_options(pl_run *run, const served_call *c, const pl_message_piece *piece)
{
    const pl_message_call *said = &c->said;
    run->deadline = c->deadline;
    run->options = (parallel_options){
        .size = sizeof run->options,
        .executor =
            pl_runners_executor((parallel_isolation)said->isolation, (int)said->max_workers, pl_run_services->cores()),
        .isolation = (parallel_isolation)said->isolation,
        .max_workers = (int)said->max_workers,
        .tasks_per_worker = (int)said->tasks_per_worker,
        .memory_limit = (size_t)said->memory_limit,
        .grain = (size_t)said->grain,
        .silent = said->silent,
        .extras = c->extras,
        .extras_size = (size_t)said->extras_bytes,
        .timeout = piece->timeout,
        .retry_delay = piece->retry_delay,
        .retries = (int)piece->retries,
    };
}

/* Arguments that are to be aligned to more than a message is. Without memory, NULL. */
static void *align_args(const void *args, size_t bytes, size_t alignment)
{
    void *copy = aligned_alloc(alignment, pl_size_round(bytes, alignment));
    return copy ? memcpy(copy, args, bytes) : NULL;
}

/* The message of a piece becomes the run's. 0, or an error code. */
static int get_args(pl_run *run, pl_message *m)
{
    size_t bytes = pl_size_multiply(run->count, run->function.arg_size);
    run->args = pl_message_get_vector(m, bytes);
    if (!run->args)
        return EBADMSG;
    if (run->function.arg_align > 64) {
        run->args = run->owned = align_args(run->args, bytes, run->function.arg_align);
        return run->args ? 0 : ENOMEM;
    }
    run->owned = m->bytes; /* kept, and not the message around it */
    m->bytes = NULL;
    return 0;
}

static void run_piece(served_call *c, pl_run *run)
{
    pl_site *site = &c->rank->site;
    pthread_mutex_lock(&site->mutex);
    c->open++;
    bool waited = c->open == 2;
    pthread_mutex_unlock(&site->mutex);
    pl_site_add_work(site, 1, waited ? -1 : 0);
    pl_runners_add(&c->runners, run);
}

/* A piece of a call that could not begin here. */
static void refuse_piece(served_rank *rank, uint64_t id, pl_run *run)
{
    served_call none = {.rank = rank, .id = id};
    pl_run_fail(run, PARALLEL_ERROR, ENOMEM, NULL);
    send_outcome(&none, run);
}

static void take_piece(served_rank *rank, pl_message *m)
{
    served_call *c = find_call(rank, m->head->call);
    pl_message_piece piece;
    const void *from = pl_message_get(m, sizeof piece);
    pl_run *run = from ? pl_run_new() : NULL;
    if (!run) {
        give_up(rank);
        return;
    }
    memcpy(&piece, from, sizeof piece);
    run->piece = piece.piece;
    run->count = (size_t)piece.count;
    if (!c) {
        refuse_piece(rank, m->head->call, run);
        return;
    }
    if (c->said.is_separate)
        get_function(&c->known, m);
    run->function = c->known.function;
    set_options(run, c, &piece);
    int error = c->known.error ? c->known.error : get_args(run, m);
    if (error) {
        pl_run_fail(run, PARALLEL_ERROR, error, c->known.error ? c->known.wrong : NULL);
        send_outcome(c, run);
        return;
    }
    run_piece(c, run);
}

/* ---- the rank ---------------------------------------------------------------------------------------------- */

/* Home waits for this: what has been sent before has come then, and MPI need not keep it. */
static void leave_home(served_rank *rank)
{
    pl_message *m = pl_message_new(0, PL_MESSAGE_LEAVE, 0, 0);
    if (m)
        pl_site_end(&rank->site, m, PL_SITE_OTHERS_STAY);
    else
        give_up(rank);
}

static void take_message(pl_site *site, pl_message *m)
{
    served_rank *rank = (served_rank *)site;
    served_call *c;
    switch (m->head->kind) {
    case PL_MESSAGE_CALL:
        begin_call(rank, m);
        break;
    case PL_MESSAGE_PIECE:
        take_piece(rank, m);
        break;
    case PL_MESSAGE_STOP:
        if ((c = find_call(rank, m->head->call)))
            stop_call(c, m);
        break;
    case PL_MESSAGE_END:
        if ((c = find_call(rank, m->head->call)))
            end_call(rank, c);
        break;
    case PL_MESSAGE_EXIT:
        leave_home(rank);
        break;
    default:
        break;
    }
    pl_message_free(m);
}

/* Nobody wants what this rank does any more, if it was home that died. */
static void note_death(pl_site *site, unsigned dead)
{
    if (dead == 0)
        pl_site_end(site, NULL, PL_SITE_OTHERS_STAY);
}

/* Calls that were under way are stopped. Whether all that ran has ended. */
static bool stop_all_calls(served_rank *rank)
{
    bool open = false;
    for (served_call *c = rank->calls; c; c = c->next) {
        pl_runners_stop(&c->runners, ECANCELED, PL_RUNNERS_STOP_ALL);
        pthread_mutex_lock(&rank->site.mutex);
        open |= c->open > 0;
        pthread_mutex_unlock(&rank->site.mutex);
    }
    return !open;
}

static bool has_failed(served_rank *rank)
{
    pthread_mutex_lock(&rank->site.mutex);
    bool failed = rank->failed;
    pthread_mutex_unlock(&rank->site.mutex);
    return failed;
}

pl_rank_end pl_rank_serve(pl_transport *transport, pl_rank_patience patience)
{
    served_rank *rank = calloc(1, sizeof *rank);
    if (!rank)
        return PL_RANK_FAILED;
    rank->site.take = take_message;
    rank->site.note_death = note_death;
    if (!pl_site_begin(&rank->site, transport)) {
        free(rank);
        return PL_RANK_FAILED;
    }
    pl_message_hello hello = {.threads = pl_run_services->cores()};
    pl_message *m = pl_message_new(0, PL_MESSAGE_HELLO, 0, sizeof hello);
    if (m)
        pl_message_put(m, &hello, sizeof hello);
    pl_site_post(&rank->site, m);
    pl_site_run(&rank->site);
    bool idle = stop_all_calls(rank), failed = has_failed(rank);
    if (!idle && patience == PL_RANK_LEAVES)
        return failed ? PL_RANK_FAILED : PL_RANK_BUSY; /* what runs still has all this */
    while (rank->calls)
        end_call(rank, rank->calls);
    pl_site_free(&rank->site);
    free(rank);
    return failed ? PL_RANK_FAILED : PL_RANK_DONE;
}
