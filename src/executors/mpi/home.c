/* SPDX-License-Identifier: MIT */
/* Home, and the executor. */
#include "executors/mpi/home.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "executors/mpi/assign.h"
#include "executors/mpi/outcome.h"
#include "executors/mpi/pieces.h"
#include "executors/mpi/share.h"

/* A call of which it is known that it takes less than this stays on this rank: sooner no other has begun. */
#define CHEAP_US 100

/* What home is. */
typedef enum home_state {
    CLOSED,   /* there is no home, or none any more */
    ALONE,    /* calls stay on this rank: there is no other, or it is not home */
    CONNECTED /* there are others */
} home_state;

/* It stays for as long as the program: calls may be under way when that ends. */
static struct {
    pthread_mutex_t mutex; /* guards all that follows */
    home_state state;
    pl_pieces *calls;  /* that are under way, and use other ranks */
    uint64_t made;     /* so many of them, so far */
    unsigned *threads; /* by rank */
    pl_site site;
} home = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* ---- the messenger ------------------------------------------------------------------------------------------- */

/* What came of a piece goes to its call, unless that is over: it had thought the rank dead. */
static bool take_outcome(pl_message *m)
{
    pl_run *run = pl_outcome_read(m);
    if (!run)
        return false;
    pthread_mutex_lock(&home.mutex);
    pl_pieces *p = home.calls;
    while (p && p->call_id != m->head->call)
        p = p->next;
    if (p)
        pl_pieces_bring(p, run);
    pthread_mutex_unlock(&home.mutex);
    if (!p)
        pl_run_free(run);
    return p;
}

static void take_hello(pl_message *m)
{
    pl_message_hello hello;
    const void *from = pl_message_get(m, sizeof hello);
    if (!from)
        return;
    memcpy(&hello, from, sizeof hello);
    pthread_mutex_lock(&home.mutex);
    home.threads[m->rank] = hello.threads ? (unsigned)hello.threads : 1;
    pthread_mutex_unlock(&home.mutex);
}

static void note_death(pl_site *site, unsigned rank)
{
    (void)site;
    pthread_mutex_lock(&home.mutex);
    for (pl_pieces *p = home.calls; p; p = p->next)
        pl_inbox_note_death(&p->inbox, rank);
    pthread_mutex_unlock(&home.mutex);
}

static void take_message(pl_site *site, pl_message *m)
{
    if (m->head->kind == PL_MESSAGE_OUTCOME && take_outcome(m))
        return;
    if (m->head->kind == PL_MESSAGE_HELLO)
        take_hello(m);
    if (m->head->kind == PL_MESSAGE_LEAVE)
        pl_site_note_left(site, m->rank);
    pl_message_free(m);
}

/* ---- calls --------------------------------------------------------------------------------------------------- */

/* Notes which ranks have died before a call began. With home's mutex held. */
static void note_dead(pl_pieces *p)
{
    pl_site *site = p->site;
    pthread_mutex_lock(&site->mutex);
    for (unsigned rank = 1; rank < p->ranks; rank++)
        if (site->dead[rank])
            pl_inbox_note_death(&p->inbox, rank);
    pthread_mutex_unlock(&site->mutex);
}

/* A call begins, with other ranks if there are any and it is to have them. NULL with errno. */
static pl_pieces *open_call(pl_call *c, bool stays)
{
    unsigned threads_here = pl_run_services->cores();
    pthread_mutex_lock(&home.mutex);
    bool connected = home.state == CONNECTED && !stays;
    pl_site *site = connected ? &home.site : NULL;
    pl_pieces *p = pl_pieces_new(c, ++home.made, site, connected ? home.threads : &threads_here,
                                 connected ? home.site.transport->ranks : 1);
    if (p && connected) {
        note_dead(p);
        p->next = home.calls;
        home.calls = p;
    }
    pthread_mutex_unlock(&home.mutex);
    if (p && connected)
        pl_site_add_work(site, 1, 0);
    return p;
}

/* The site stays for as long as the call is in the list. */
static void close_call(pl_pieces *p)
{
    pthread_mutex_lock(&home.mutex);
    if (p->site)
        pl_site_add_work(p->site, -1, p->waits ? -1 : 0);
    pl_pieces **link = &home.calls;
    while (*link && *link != p)
        link = &(*link)->next;
    if (*link)
        *link = p->next;
    pthread_mutex_unlock(&home.mutex);
    pl_pieces_free(p);
}

/* Tasks' own extras are pointers of unknown size. */
static bool has_own_extras(const pl_call *c)
{
    pl_bound b = {.own_extras = false};
    for (size_t i = 0; c->work.kind->is_separate && i < c->work.n && !b.own_extras; i++)
        c->work.kind->bind(&c->work, i, &b);
    return b.own_extras;
}

/* Tasks in one piece where that is not to be decided by the time they take. */
static size_t whole_size(const pl_pieces *p)
{
    const pl_call *c = p->call;
    size_t workers = p->peers[0].threads ? p->peers[0].threads : 1;
    for (unsigned rank = 1; rank < p->ranks; rank++)
        workers += p->peers[rank].threads;
    if (c->work.kind->is_split)
        return c->options.grain ? c->options.grain : (c->work.n - 1) / workers + 1;
    return c->ended ? 1 : 0;
}

static size_t task_bytes(const pl_call *c)
{
    return c->work.kind->is_separate ? 0 : c->work.map.arg_size + (c->work.map.out ? c->work.map.result_size : 0);
}

/* Learns what tasks cost, where that was not disturbed. */
static void learn_cost(const pl_pieces *p, pl_cost *cost)
{
    double ticks = p->busy_ns * 1e-3 * (double)pl_run_services->ticks_per_us();
    if (p->busy_tasks && !p->over)
        pl_run_services->cost_learn(cost, (uint64_t)ticks, p->busy_tasks, PL_COST_SURE);
}

static void run_by_pieces(pl_call *c, bool stays, pl_cost *cost)
{
    if (!c->policy.began)
        pl_run_services->policy_begin(&c->policy, &c->options, c->work.n);
    c->error = has_own_extras(c) ? EINVAL : 0;
    if (c->error)
        c->reason = "a future has extras of its own, which have no size to be sent to ranks";
    pl_pieces *p = c->error ? NULL : open_call(c, stays);
    if (!p) {
        c->error = c->error ? c->error : ENOMEM;
        return;
    }
    pl_run_services->worker_begin(&p->worker, c, 0);
    p->whole = c->work.n ? whole_size(p) : 0;
    p->task_bytes = task_bytes(c);
    p->traced = pl_run_services->trace_pending_call();
    pl_pieces_run(p);
    learn_cost(p, cost);
    pl_run_services->worker_end(&p->worker);
    close_call(p);
    pl_run_services->worker_end_progress(c);
}

static home_state current_state(void)
{
    pthread_mutex_lock(&home.mutex);
    home_state state = home.state;
    pthread_mutex_unlock(&home.mutex);
    return state;
}

/* Whether it is known that the call is not worth sending: it is over so soon, or its tasks are. */
static bool is_cheap(const pl_call *c, const pl_cost *cost)
{
    double ticks_per_us = (double)pl_run_services->ticks_per_us();
    uint64_t all = pl_run_services->cost_guess(cost, c->work.n);
    if (c->work.kind->is_separate || c->work.kind->is_split || c->work.n == 0 || all == UINT64_MAX)
        return false;
    double us = (double)all / ticks_per_us;
    return us < CHEAP_US || pl_share_stays(us * 1e3 / (double)c->work.n, task_bytes(c));
}

/* Runs a cheap call on this rank's pool, and looks whether it was. */
static void run_here(pl_call *c, void *out, pl_cost *cost)
{
    uint64_t n = c->work.n, before = pl_run_services->nanoseconds();
    pl_run_services->threads->run(c, out);
    double us = (double)(pl_run_services->nanoseconds() - before) * 1e-3;
    unsigned most = (unsigned)c->options.max_workers, cores = pl_run_services->cores();
    us *= us < CHEAP_US ? 1 : most && most < cores ? most : cores;
    pl_run_services->cost_learn(cost, (uint64_t)(us * (double)pl_run_services->ticks_per_us()), n, PL_COST_UNSURE);
}

static void run_on_ranks(pl_call *c, void *out)
{
    bool stays = c->parent || current_state() == ALONE;
    pl_cost *cost = pl_run_services->call_cost(c, PL_CALL_APART);
    bool has_processes = c->options.isolation == PARALLEL_PERSISTENT;
    if (stays && !has_processes)
        pl_run_services->threads->run(c, out);
    else if (!has_processes && is_cheap(c, cost))
        run_here(c, out, cost);
    else
        run_by_pieces(c, stays, cost);
}

/* What is sent has to have a size; loops leave nothing but what they write to the program's memory; and a snapshot of
 * that is nowhere else. */
static bool check_call(const pl_call *c)
{
    const parallel_options *o = &c->options;
    if (current_state() == CLOSED)
        return pl_run_services->error_deny(ENOTSUP, "the ranks have been shut down");
    if (!c->work.kind->bind)
        return pl_run_services->error_deny(ENOTSUP, "this call has no ranks, which do not share its memory");
    if (o->isolation == PARALLEL_SNAPSHOT)
        return pl_run_services->error_deny(ENOTSUP, "ranks have no snapshot of the program's memory");
    if (o->extras && !o->extras_size)
        return pl_run_services->error_deny(EINVAL, "extras_size is 0: extras are sent to ranks");
    return true;
}

static const pl_executor executor = {.name = "ranks", .needs_policy = true, .check = check_call, .run = run_on_ranks};

/* ---- life ---------------------------------------------------------------------------------------------------- */

bool pl_home_begin(void)
{
    if (!pl_run_services)
        pl_run_services = parallel_private_services(PL_SERVICES_VERSION);
    return pl_run_services;
}

static void set_state(home_state state)
{
    pthread_mutex_lock(&home.mutex);
    home.state = state;
    pthread_mutex_unlock(&home.mutex);
    pl_run_services->set_executor(&executor);
}

void pl_home_be_elsewhere(void)
{
    pl_run_services->recording_drop();
    set_state(ALONE);
}

bool pl_home_open(pl_transport *transport)
{
    if (!transport || transport->ranks == 1) {
        set_state(ALONE);
        return true;
    }
    home.threads = malloc(transport->ranks * sizeof *home.threads);
    if (!home.threads)
        return false;
    for (unsigned rank = 0; rank < transport->ranks; rank++)
        home.threads[rank] = rank ? 1 : pl_run_services->cores();
    home.site = (pl_site){.take = take_message, .note_death = note_death};
    if (!pl_site_begin(&home.site, transport)) {
        free(home.threads);
        return false;
    }
    set_state(CONNECTED);
    return true;
}

/* What the messenger had, when it has ended. */
static void free_connection(void)
{
    pthread_mutex_lock(&home.mutex);
    if (!home.calls) { /* else they may still look at it */
        pl_site_free(&home.site);
        free(home.threads);
    }
    pthread_mutex_unlock(&home.mutex);
}

void pl_home_run(void)
{
    pl_site_run(&home.site);
    free_connection();
}

void pl_home_close(void)
{
    pthread_mutex_lock(&home.mutex);
    bool connected = home.state == CONNECTED;
    home.state = CLOSED;
    for (pl_pieces *p = home.calls; p; p = p->next)
        pl_inbox_close(&p->inbox);
    pthread_mutex_unlock(&home.mutex);
    if (!connected)
        return;
    pl_message *exits = NULL;
    for (unsigned rank = 1; rank < home.site.transport->ranks; rank++) {
        pl_message *m = pl_message_new(rank, PL_MESSAGE_EXIT, 0, 0);
        if (m)
            m->next = exits;
        exits = m ? m : exits;
    }
    pl_site_end(&home.site, exits, PL_SITE_OTHERS_LEAVE);
}

void pl_home_forget(void)
{
    home.mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    home.state = CLOSED;
    home.calls = NULL;
}

unsigned pl_home_ranks(void)
{
    pthread_mutex_lock(&home.mutex);
    unsigned ranks = home.state == CONNECTED ? home.site.transport->ranks : home.state == ALONE;
    pthread_mutex_unlock(&home.mutex);
    return ranks;
}
