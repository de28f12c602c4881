/* SPDX-License-Identifier: MIT */
/* The account of tasks as they end; ended.h says how it is kept. */
#include "call/ended.h"
#include "call/error.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

/* A failure that the program has been given, or will be, with its message behind it. */
struct pl_ended_record {
    struct pl_ended_record *before;
    parallel_failure failure;
    char message[];
};

/* Stands for a failure of which no record could be made, for want of memory. */
static const parallel_failure unknown = {
    .state = PARALLEL_ERROR, .code = ENOMEM, .attempts = 1, .message = "no memory to keep what the task said"};

pl_ended *pl_ended_new(const pl_work *work, const char *const *names, pthread_mutex_t *mutex,
                       void (*more)(pl_ended *ended))
{
    size_t n = work->n, sets = n / 8 + 1, tasks = pl_size_multiply(n, sizeof(pl_ended_task));
    size_t all = pl_size_add(sizeof(pl_ended), pl_size_add(tasks, sets));
    pl_ended *ended = all == PL_SIZE_NONE ? NULL : calloc(1, all); /* what is large is not touched before it is used */
    if (!ended) {
        pl_error_return(ENOMEM);
        return NULL;
    }
    ended->mutex = mutex;
    ended->more = more;
    ended->work = work;
    ended->names = names;
    ended->known = (unsigned char *)ended->tasks + tasks;
    return ended;
}

void pl_ended_free(pl_ended *ended)
{
    while (ended->records) {
        struct pl_ended_record *record = ended->records;
        ended->records = record->before;
        free(record);
    }
    parallel_results_free(ended->results);
    free(ended);
}

void pl_ended_keep(pl_ended *ended, parallel_results *results)
{
    ended->results = results;
}

/* ---- records ----------------------------------------------------------------------------------------------- */

/* A record of task i, whose failure is otherwise as `failure` says. NULL if there is no memory. */
static struct pl_ended_record *new_record(const pl_ended *ended, const parallel_failure *failure, const char *message,
                                          size_t i)
{
    size_t bytes = strlen(message) + 1;
    struct pl_ended_record *record = malloc(sizeof *record + bytes);
    if (!record)
        return NULL;
    record->failure = *failure;
    record->failure.index = i;
    record->failure.name = ended->names ? ended->names[i] : NULL;
    record->failure.arg = ended->work->kind->arg(ended->work, i);
    record->failure.message = memcpy(record->message, message, bytes);
    return record;
}

/* With the mutex. */
static const parallel_failure *keep_record(pl_ended *ended, struct pl_ended_record *record)
{
    record->before = ended->records;
    ended->records = record;
    return &record->failure;
}

/* ---- adding ------------------------------------------------------------------------------------------------ */

static bool is_known(const pl_ended *ended, size_t i)
{
    return ended->known[i / 8] >> i % 8 & 1;
}

/* With the mutex. */
static void add_task(pl_ended *ended, size_t i, const parallel_failure *failure)
{
    if (is_known(ended, i)) /* what a worker process that went wrong says twice */
        return;
    ended->known[i / 8] |= (unsigned char)(1u << i % 8);
    ended->tasks[ended->count++] = (pl_ended_task){.index = i, .failure = failure};
    if (ended->count == ended->taken + 1)
        ended->more(ended);
}

void pl_ended_well(pl_ended *ended, size_t begin, size_t end)
{
    if (begin == end)
        return;
    pthread_mutex_lock(ended->mutex);
    for (size_t i = begin; i < end; i++)
        add_task(ended, i, NULL);
    pthread_mutex_unlock(ended->mutex);
}

void pl_ended_badly(pl_ended *ended, const parallel_failure *failure, const char *message, size_t begin, size_t end)
{
    char *text = message ? NULL : pl_failures_text(failure);
    const char *said = message ? message : text;
    for (size_t i = begin; i < end; i++) {
        struct pl_ended_record *record = said ? new_record(ended, failure, said, i) : NULL;
        pthread_mutex_lock(ended->mutex);
        add_task(ended, i, record ? keep_record(ended, record) : &unknown);
        pthread_mutex_unlock(ended->mutex);
    }
    free(text);
}

void pl_ended_leave_out(pl_ended *ended, int why)
{
    pthread_mutex_lock(ended->mutex);
    ended->why = ended->why ? ended->why : why;
    pthread_mutex_unlock(ended->mutex);
}

/* ---- taking ------------------------------------------------------------------------------------------------ */

/* What the program gets of task i that went well; NULL: its function gives nothing. */
static const void *result_of(const pl_work *work, size_t i)
{
    if (work->kind->is_separate)
        return pl_results_place(work->results, i);
    const unsigned char *results = work->map.result_size ? work->map.out : NULL;
    return results ? results + i * work->map.result_size : NULL;
}

static int no_memory(void)
{
    return pl_error_return(ENOMEM);
}

/* The record of a task that has none yet. NULL if there is no memory. */
static const parallel_failure *record_of(pl_ended *ended, const parallel_failure *failure, const char *message,
                                         size_t i)
{
    struct pl_ended_record *record = message ? new_record(ended, failure, message, i) : NULL;
    return record ? keep_record(ended, record) : NULL;
}

int pl_ended_take(pl_ended *ended, parallel_item *item)
{
    pl_ended_task *task = &ended->tasks[ended->taken];
    const pl_work *work = ended->work;
    if (task->failure == &unknown) {
        const parallel_failure *known = record_of(ended, &unknown, unknown.message, task->index);
        if (!known)
            return no_memory();
        task->failure = known;
    }
    ended->taken++;
    *item = (parallel_item){.index = task->index,
                            .arg = work->kind->arg(work, task->index),
                            .result = task->failure ? NULL : result_of(work, task->index),
                            .failure = task->failure};
    return 1;
}

/* The first task from i on that is not known; n if there is none. */
static size_t next_unknown(const pl_ended *ended, size_t i)
{
    size_t n = ended->work->n;
    while (i < n && is_known(ended, i))
        i = i % 8 == 0 && ended->known[i / 8] == UCHAR_MAX ? i + 8 : i + 1;
    return i < n ? i : n;
}

int pl_ended_take_rest(pl_ended *ended, parallel_item *item)
{
    size_t i = ended->next = next_unknown(ended, ended->next);
    if (i == ended->work->n)
        return 0;
    parallel_failure failure = {.state = PARALLEL_NOT_RUN, .code = ended->why ? ended->why : ECANCELED};
    char *text = pl_failures_text(&failure);
    const parallel_failure *known = record_of(ended, &failure, text, i);
    free(text);
    if (!known)
        return no_memory();
    ended->next = i + 1;
    *item = (parallel_item){.index = i, .arg = ended->work->kind->arg(ended->work, i), .failure = known};
    return 1;
}
