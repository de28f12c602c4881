/* SPDX-License-Identifier: MIT */
/* What has come for a call at home. */
#include "executors/mpi/inbox.h"

#include <stdlib.h>
#include <string.h>

bool pl_inbox_begin(pl_inbox *inbox, unsigned ranks)
{
    *inbox = (pl_inbox){.ranks = ranks, .dead = calloc(ranks, 1)};
    if (inbox->dead && pl_runners_services->cond_init(&inbox->changed)) {
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
    pthread_cond_signal(&inbox->changed);
    pthread_mutex_unlock(&inbox->mutex);
}

void pl_inbox_note_death(pl_inbox *inbox, unsigned rank)
{
    pthread_mutex_lock(&inbox->mutex);
    inbox->dead[rank] = 1;
    inbox->news = true;
    pthread_cond_signal(&inbox->changed);
    pthread_mutex_unlock(&inbox->mutex);
}

void pl_inbox_close(pl_inbox *inbox)
{
    pthread_mutex_lock(&inbox->mutex);
    inbox->closed = inbox->news = true;
    pthread_cond_signal(&inbox->changed);
    pthread_mutex_unlock(&inbox->mutex);
}

pl_run *pl_inbox_take(pl_inbox *inbox, uint64_t until, unsigned char *dead)
{
    pthread_mutex_lock(&inbox->mutex);
    while (!inbox->news && pl_runners_services->nanoseconds() < until)
        pl_runners_services->cond_wait(&inbox->changed, &inbox->mutex, until);
    pl_run *runs = inbox->first;
    inbox->first = NULL;
    inbox->news = false;
    for (unsigned rank = 1; rank < inbox->ranks; rank++)
        dead[rank] = inbox->closed || inbox->dead[rank];
    pthread_mutex_unlock(&inbox->mutex);
    return runs;
}
