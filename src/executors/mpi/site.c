/* SPDX-License-Identifier: MIT */
/* A rank's messenger. */
#include "executors/mpi/site.h"

#include <stdlib.h>

/* How long the messenger sleeps: while there is work, half as long as the last piece took, and in these bounds, as a
 * look takes some 10 to 40 us from it. Where somebody waits, or there is no work, a part of the time for which nothing
 * has happened; but at least, and at most where somebody waits; when there is no work; and when there has been none
 * for LONG_NS. */
#define LEAST_WORK_NS UINT64_C(500000)
#define WORK_NS UINT64_C(2000000)
#define PART 4
#define QUICK_NS UINT64_C(50000)
#define WAIT_NS UINT64_C(500000)
#define IDLE_NS UINT64_C(1000000)
#define LATE_NS UINT64_C(10000000)
#define LONG_NS UINT64_C(1000000000)

bool pl_site_begin(pl_site *site, pl_transport *transport)
{
    site->transport = transport;
    site->dead = calloc(transport->ranks, 1);
    if (site->dead && pl_run_services->cond_init(&site->rung)) {
        pthread_mutex_init(&site->mutex, NULL);
        return true;
    }
    free(site->dead);
    return false;
}

void pl_site_free(pl_site *site)
{
    pthread_cond_destroy(&site->rung);
    pthread_mutex_destroy(&site->mutex);
    free(site->dead);
}

/* ---- the messenger ----------------------------------------------------------------------------------------- */

/* Sends what has been posted. Whether that was anything. */
static bool send_posted(pl_site *site)
{
    pthread_mutex_lock(&site->mutex);
    pl_message *m = site->first;
    site->first = NULL;
    pthread_mutex_unlock(&site->mutex);
    bool any = m;
    while (m) {
        pl_message *next = m->next;
        if (site->dead[m->rank]) /* written by this thread alone */
            pl_message_free(m);
        else
            site->transport->send(site->transport, m->rank, m);
        m = next;
    }
    return any;
}

/* A rank is not there any more. Whether that is new. */
static bool take_out(pl_site *site, unsigned rank)
{
    pthread_mutex_lock(&site->mutex);
    bool was_there = !site->dead[rank];
    site->dead[rank] = 1;
    site->awaited -= was_there && site->awaited;
    pthread_mutex_unlock(&site->mutex);
    return was_there;
}

void pl_site_note_left(pl_site *site, unsigned rank)
{
    take_out(site, rank);
}

/* Hands in what has come. Whether that was anything. */
static bool take_received(pl_site *site)
{
    bool any = false;
    for (pl_message *m; (m = site->transport->receive(site->transport)); any = true)
        site->take(site, m);
    return any;
}

static void look_for_deaths(pl_site *site)
{
    pl_transport *t = site->transport;
    for (unsigned rank = 0; rank < t->ranks; rank++) {
        if (rank == t->self || site->dead[rank] || t->is_alive(t, rank))
            continue;
        take_received(site); /* what it said before */
        if (take_out(site, rank))
            site->note_death(site, rank);
    }
}

/* For how long nothing need be looked at, if nothing has happened for so long. With the site's mutex. */
static uint64_t sleep_ns(const pl_site *site, bool is_busy, uint64_t quiet_ns)
{
    bool waits = site->waits || is_busy;
    if (site->work && !waits && !site->ends)
        return site->pace_ns < LEAST_WORK_NS ? LEAST_WORK_NS : site->pace_ns < WORK_NS ? site->pace_ns : WORK_NS;
    uint64_t part = quiet_ns / PART, most = waits ? WAIT_NS : quiet_ns < LONG_NS ? IDLE_NS : LATE_NS;
    if (site->ends || part < QUICK_NS)
        return QUICK_NS;
    return part < most ? part : most;
}

/* Sleeps, unless something has been posted. `quiet` is since when nothing has happened. False: this is the end. */
static bool sleep_or_end(pl_site *site, uint64_t quiet)
{
    pl_transport *t = site->transport;
    bool is_busy = t->is_busy(t);
    uint64_t now = pl_run_services->nanoseconds();
    pthread_mutex_lock(&site->mutex);
    bool ended = site->ends && !site->first && !is_busy && !site->awaited;
    if (!ended && !site->first)
        pl_run_services->cond_wait(&site->rung, &site->mutex, now + sleep_ns(site, is_busy, now - quiet));
    pthread_mutex_unlock(&site->mutex);
    return !ended;
}

void pl_site_run(pl_site *site)
{
    uint64_t quiet = pl_run_services->nanoseconds();
    do {
        bool any = send_posted(site);
        any |= take_received(site); /* what has come may make MPI see what comes next: two looks a wake */
        any |= take_received(site);
        look_for_deaths(site);
        if (any)
            quiet = pl_run_services->nanoseconds();
    } while (sleep_or_end(site, quiet));
}

static void drop_messages(pl_message *m)
{
    while (m) {
        pl_message *next = m->next;
        pl_message_free(m);
        m = next;
    }
}

void pl_site_end(pl_site *site, pl_message *last, pl_site_others others)
{
    pthread_mutex_lock(&site->mutex);
    bool ends = site->ends;
    if (!ends)
        *(site->first ? &site->last->next : &site->first) = last;
    for (unsigned rank = 0; !ends && others == PL_SITE_OTHERS_LEAVE && rank < site->transport->ranks; rank++)
        site->awaited += rank != site->transport->self && !site->dead[rank];
    site->ends = true;
    pthread_cond_signal(&site->rung);
    pthread_mutex_unlock(&site->mutex);
    if (ends)
        drop_messages(last);
}

/* ---- for all threads --------------------------------------------------------------------------------------- */

void pl_site_post(pl_site *site, pl_message *m)
{
    if (!m)
        return;
    m->next = NULL;
    pthread_mutex_lock(&site->mutex);
    bool ends = site->ends;
    if (!ends) {
        if (site->first)
            site->last->next = m;
        else
            site->first = m;
        site->last = m;
        pthread_cond_signal(&site->rung);
    }
    pthread_mutex_unlock(&site->mutex);
    if (ends)
        pl_message_free(m);
}

void pl_site_ring(pl_site *site)
{
    pthread_mutex_lock(&site->mutex);
    pthread_cond_signal(&site->rung);
    pthread_mutex_unlock(&site->mutex);
}

void pl_site_note_pace(pl_site *site, uint64_t took_ns)
{
    pthread_mutex_lock(&site->mutex);
    site->pace_ns = took_ns / 2;
    pthread_mutex_unlock(&site->mutex);
}

void pl_site_add_work(pl_site *site, int work, int waits)
{
    pthread_mutex_lock(&site->mutex);
    bool hurries = waits > 0 && !site->waits;
    site->work += (unsigned)work;
    site->waits += (unsigned)waits;
    if (hurries)
        pthread_cond_signal(&site->rung);
    pthread_mutex_unlock(&site->mutex);
}
