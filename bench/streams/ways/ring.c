/* SPDX-License-Identifier: MIT */
/* By hand: a ring of items under one mutex, threads that run them, and a caller that reads and writes. */
#include <pthread.h>
#include <stdlib.h>

#include "../items.h"

enum { WINDOW = 256 };

typedef struct ring {
    flow *flow;
    pthread_mutex_t mutex;
    pthread_cond_t more, ended; /* there are items, or an end; an item has ended */
    item items[WINDOW];
    uint64_t results[WINDOW];
    bool done[WINDOW];
    unsigned long put, taken, given;
    bool over;
} ring;

static void *run_items(void *context)
{
    ring *r = context;
    pthread_mutex_lock(&r->mutex);
    for (;;) {
        while (r->taken == r->put && !r->over)
            pthread_cond_wait(&r->more, &r->mutex);
        if (r->taken == r->put)
            break;
        unsigned long i = r->taken++ % WINDOW;
        pthread_mutex_unlock(&r->mutex);
        uint64_t result = work(r->flow->work, r->items[i].value);
        pthread_mutex_lock(&r->mutex);
        r->results[i] = result;
        r->done[i] = true;
        pthread_cond_signal(&r->ended);
    }
    pthread_mutex_unlock(&r->mutex);
    return NULL;
}

/* A thread at sink, so that a source that blocks does not keep results. */
static void *write_items(void *context)
{
    ring *r = context;
    pthread_mutex_lock(&r->mutex);
    for (;;) {
        unsigned long i = r->given % WINDOW;
        while (!r->done[i] && !(r->over && r->given == r->put))
            pthread_cond_wait(&r->ended, &r->mutex);
        if (!r->done[i])
            break;
        pthread_mutex_unlock(&r->mutex);
        sink(r->flow, &r->items[i], r->results[i]);
        pthread_mutex_lock(&r->mutex);
        r->done[i] = false;
        r->given++;
        pthread_cond_broadcast(&r->more);
    }
    pthread_mutex_unlock(&r->mutex);
    return NULL;
}

/* The caller's part. */
static void read_items(ring *r)
{
    item next;
    while (source(r->flow, &next)) {
        pthread_mutex_lock(&r->mutex);
        while (r->put - r->given == WINDOW)
            pthread_cond_wait(&r->more, &r->mutex);
        r->items[r->put++ % WINDOW] = next;
        pthread_cond_broadcast(&r->more);
        pthread_mutex_unlock(&r->mutex);
    }
    pthread_mutex_lock(&r->mutex);
    r->over = true;
    pthread_cond_broadcast(&r->more);
    pthread_cond_broadcast(&r->ended);
    pthread_mutex_unlock(&r->mutex);
}

bool run_flow(flow *f)
{
    int count = threads_to_use();
    ring *r = calloc(1, sizeof *r);
    pthread_t *threads = calloc((size_t)count + 1, sizeof *threads);
    if (!r || !threads)
        return false;
    r->flow = f;
    pthread_mutex_init(&r->mutex, NULL);
    pthread_cond_init(&r->more, NULL);
    pthread_cond_init(&r->ended, NULL);
    for (int i = 0; i <= count; i++)
        if (pthread_create(&threads[i], NULL, i < count ? run_items : write_items, r) != 0)
            abort();
    read_items(r);
    for (int i = 0; i <= count; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    free(r);
    return true;
}
