/* SPDX-License-Identifier: MIT */
/* htslib's hts_tpool: results in order, from a queue that has room for twice the threads. */
#include <htslib/thread_pool.h>
#include <pthread.h>
#include <stdlib.h>

#include "../items.h"

typedef struct job {
    item from;
    const workload *work;
    uint64_t result;
} job;

typedef struct taker {
    flow *flow;
    hts_tpool_process *queue;
} taker;

static void *run_job(void *context)
{
    job *j = context;
    j->result = work(j->work, j->from.value);
    return j;
}

static void *take_jobs(void *context)
{
    taker *t = context;
    while (t->flow->taken < t->flow->work->items) {
        hts_tpool_result *result = hts_tpool_next_result_wait(t->queue);
        if (!result)
            break;
        job *j = hts_tpool_result_data(result);
        sink(t->flow, &j->from, j->result);
        hts_tpool_delete_result(result, 1);
    }
    return NULL;
}

bool run_flow(flow *f)
{
    int threads = threads_to_use();
    hts_tpool *pool = hts_tpool_init(threads);
    hts_tpool_process *queue = pool ? hts_tpool_process_init(pool, 2 * threads, 0) : NULL;
    taker t = {f, queue};
    pthread_t thread;
    item next;
    if (!queue || pthread_create(&thread, NULL, take_jobs, &t) != 0)
        return false;
    while (source(f, &next)) {
        job *j = malloc(sizeof *j);
        if (!j)
            abort();
        *j = (job){next, f->work, 0};
        if (hts_tpool_dispatch(pool, queue, run_job, j) != 0)
            abort();
    }
    pthread_join(thread, NULL);
    hts_tpool_process_destroy(queue);
    hts_tpool_destroy(pool);
    return true;
}
