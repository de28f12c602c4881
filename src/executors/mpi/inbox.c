/* SPDX-License-Identifier: MIT */
/* What has come for a call at home. */
#include "executors/mpi/inbox.h"

#include <stdlib.h>
#include <string.h>

/* How often the messenger is asked whether all that has been lent has come back. */
#define RETURN_NS UINT64_C(200000)

bool pl_inbox_begin(pl_inbox *inbox, unsigned ranks)
{
    *inbox = (pl_inbox){.ranks = ranks, .dead = calloc(ranks, 1)};
    if (inbox->dead && pl_run_services->cond_init(&inbox->changed)) {
        pthread_mutex_init(&inbox->mutex, NULL);
        return true;
    }
    free(inbox->dead);
    return false;
}

void pl_inbox_free(pl_inbox *inbox)
{
    pthread_cond_destroy(&inbox->changed);
    pthread_mutex_destroy(&inbox->mutex);
    free(inbox->dead);
}

void pl_inbox_add(pl_inbox *inbox, pl_run *run)
{
    run->next = NULL;
    pthread_mutex_lock(&inbox->mutex);
    if (inbox->first)
        inbox->last->next = run;
    else
        inbox->first = run;
    inbox->last = run;
    inbox->news = true;
    pthread_mutex_unlock(&inbox->mutex);
}

void pl_inbox_ring(pl_inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    inbox->news = true;
    pthread_cond_signal(&inbox->changed);
    pthread_mutex_unlock(&inbox->mutex);
}

void pl_inbox_note_death(pl_inbox *inbox, unsigned rank)
{
    pthread_mutex_lock(&inbox->mutex);
    inbox->dead[rank] = 1;
    inbox->died = inbox->news = true;
    pthread_cond_signal(&inbox->changed);
    pthread_mutex_unlock(&inbox->mutex);
}

void pl_inbox_close(pl_inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    inbox->closed = inbox->died = inbox->news = true;
    pthread_cond_signal(&inbox->changed);
    pthread_mutex_unlock(&inbox->mutex);
}

void pl_inbox_wait(pl_inbox *inbox, uint64_t until)
{
    pthread_mutex_lock(&inbox->mutex);
    while (!inbox->news && pl_run_services->nanoseconds() < until)
        pl_run_services->cond_wait(&inbox->changed, &inbox->mutex, until);
    pthread_mutex_unlock(&inbox->mutex);
}

pl_run *pl_inbox_take(pl_inbox *inbox, unsigned char *dead, bool *died)
{
    pthread_mutex_lock(&inbox->mutex);
    pl_run *runs = inbox->first;
    inbox->first = NULL;
    inbox->news = false;
    *died = inbox->died;
    for (unsigned rank = 1; inbox->died && rank < inbox->ranks; rank++)
        dead[rank] = inbox->closed || inbox->dead[rank];
    inbox->died = false;
    pthread_mutex_unlock(&inbox->mutex);
    return runs;
}

void pl_inbox_lend(pl_inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    inbox->lent++;
    pthread_mutex_unlock(&inbox->mutex);
}

void pl_inbox_return(pl_inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    inbox->lent--;
    pthread_cond_signal(&inbox->changed);
    pthread_mutex_unlock(&inbox->mutex);
}

void pl_inbox_wait_returned(pl_inbox *inbox, pl_site *site)
{
    pthread_mutex_lock(&inbox->mutex);
    while (inbox->lent) {
        pthread_mutex_unlock(&inbox->mutex);
        pl_site_ring(site);
        pthread_mutex_lock(&inbox->mutex);
        if (inbox->lent)
            pl_run_services->cond_wait(&inbox->changed, &inbox->mutex, pl_run_services->nanoseconds() + RETURN_NS);
    }
    pthread_mutex_unlock(&inbox->mutex);
}
