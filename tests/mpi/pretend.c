/* SPDX-License-Identifier: MIT */
/* Threads that pretend to be ranks. */
#include "mpi/pretend.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "executors/mpi/home.h"
#include "executors/mpi/rank.h"

typedef struct pretended {
    pl_transport base;
    pretend_rank like;
    pthread_t thread;
    pl_message *first, *last; /* that have come; under the mutex, as all that follows */
    unsigned messages;        /* that it has seen, in and out */
    bool dead;
} pretended;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pretended all[PRETEND_MOST];
static unsigned count;

/* One more message goes in or out of a rank. Whether it gets through. With the mutex. */
static bool pass_message(pretended *rank)
{
    rank->dead |= rank->like.dies_at && rank->messages >= rank->like.dies_at;
    rank->messages += !rank->dead;
    return !rank->dead;
}

static void send_message(pl_transport *transport, unsigned to, pl_message *m)
{
    pretended *from = (pretended *)transport, *at = &all[to];
    bool is_whole = pl_message_join(m);
    pthread_mutex_lock(&mutex);
    bool arrives = pass_message(from) && is_whole && !at->dead;
    if (arrives) {
        m->rank = transport->self;
        m->next = NULL;
        pl_message_rewind(m);
        if (at->first)
            at->last->next = m;
        else
            at->first = m;
        at->last = m;
    }
    pthread_mutex_unlock(&mutex);
    if (!arrives)
        pl_message_free(m);
}

static pl_message *receive_message(pl_transport *transport)
{
    pretended *at = (pretended *)transport;
    if (at->like.slow_us)
        nanosleep(&(struct timespec){.tv_nsec = (long)at->like.slow_us * 1000}, NULL);
    pthread_mutex_lock(&mutex);
    pl_message *m = at->first;
    if (m && pass_message(at))
        at->first = m->next;
    else
        m = NULL;
    pthread_mutex_unlock(&mutex);
    return m;
}

static bool is_busy(pl_transport *transport)
{
    (void)transport;
    return false;
}

/* Who is dead has nobody that is alive for it, so it ends. */
static bool is_alive(pl_transport *transport, unsigned rank)
{
    pthread_mutex_lock(&mutex);
    bool alive = !all[rank].dead && !((pretended *)transport)->dead;
    pthread_mutex_unlock(&mutex);
    return alive;
}

static void *run_rank(void *rank)
{
    pretended *r = rank;
    if (r->base.self == 0)
        pl_home_run();
    else
        pl_rank_serve(&r->base, PL_RANK_WAITS);
    return NULL;
}

void pretend_begin(unsigned ranks, const pretend_rank *like)
{
    count = ranks;
    if (!pl_home_begin())
        abort();
    for (unsigned i = 0; i < count; i++) {
        all[i] = (pretended){.like = like ? like[i] : (pretend_rank){0}};
        all[i].base = (pl_transport){.self = i,
                                     .ranks = count,
                                     .send = send_message,
                                     .receive = receive_message,
                                     .is_busy = is_busy,
                                     .is_alive = is_alive};
    }
    if (!pl_home_open(&all[0].base))
        abort();
    for (unsigned i = count == 1; i < count; i++)
        if (pthread_create(&all[i].thread, NULL, run_rank, &all[i]) != 0)
            abort();
}

void pretend_end(void)
{
    pl_home_close();
    for (unsigned i = count == 1; i < count; i++)
        pthread_join(all[i].thread, NULL);
    for (unsigned i = 0; i < count; i++) {
        while (all[i].first) {
            pl_message *m = all[i].first;
            all[i].first = m->next;
            pl_message_free(m);
        }
    }
}

unsigned pretend_messages(unsigned rank)
{
    pthread_mutex_lock(&mutex);
    unsigned messages = all[rank].messages;
    pthread_mutex_unlock(&mutex);
    return messages;
}
