/* SPDX-License-Identifier: MIT */
/* Failures: the messages of tasks, the list of a call, the last one of a thread. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/internal.h"
#include "sched/brief.h"

/* ---- this thread ----------------------------------------------------------------------------------------- */

_Thread_local pl_thread pl_this_thread;

/* Frees the message when a thread ends. Should a later destructor of the thread make a call, that begins afresh. */
static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static bool has_key;

static void thread_leaves(void *message)
{
    pl_this_thread.failed = false;
    free(message);
}

static void make_key(void)
{
    has_key = pthread_key_create(&key, thread_leaves) == 0;
}

/* The main thread's message, and the key of a library that is unloaded: after the pool's threads have ended, whose
 * messages the key frees. (Destructors with a priority run after those without.) */
__attribute__((destructor(1000))) static void end_failures(void)
{
    pl_last_failure_clear();
    if (has_key)
        pthread_key_delete(key);
    has_key = false;
}

void pl_last_failure_drop(void)
{
    pl_this_thread.failed = false;
    free((char *)pl_this_thread.last.message);
    if (has_key)
        pthread_setspecific(key, NULL);
}

static void keep(const parallel_failure *failure)
{
    pl_this_thread.failed = true;
    pl_this_thread.last = *failure;
    pl_brief_look(); /* so that the next call comes by here, and clears it */
    pthread_once(&key_once, make_key);
    if (has_key)
        pthread_setspecific(key, pl_this_thread.last.message);
}

void pl_last_failure_set(const parallel_failure *failure)
{
    parallel_failure copy = *failure;
    copy.message = strdup(failure->message);
    if (copy.message)
        keep(&copy);
}

void pl_last_failure_put_aside(pl_put_aside *to)
{
    *to = (pl_put_aside){pl_this_thread.failed, pl_this_thread.last};
    pl_this_thread.failed = false;
    if (to->failed && has_key)
        pthread_setspecific(key, NULL);
}

void pl_last_failure_put_back(pl_put_aside *from)
{
    pl_last_failure_clear();
    if (from->failed)
        keep(&from->last);
}

const parallel_failure *parallel_last_failure(void)
{
    return pl_this_thread.failed ? &pl_this_thread.last : NULL;
}

/* ---- messages -------------------------------------------------------------------------------------------- */

char *pl_chunk_message(pl_chunk *chunk, size_t index)
{
    char *message = chunk->message;
    if (!message || chunk->message_index != index)
        return NULL;
    chunk->message = NULL;
    return message;
}

parallel_failure pl_chunk_failure(const pl_chunk *chunk, size_t i, size_t noted, bool late, unsigned tried)
{
    parallel_failure f = {.index = i, .state = PARALLEL_ERROR, .code = chunk->span.code, .attempts = tried + 1};
    bool gave_up = chunk->gave_up && chunk->gave_up_index == noted;
    if (late) {
        f.state = PARALLEL_TIMED_OUT;
        f.code = ETIMEDOUT;
    } else if (gave_up || (f.code == ECANCELED && pl_stop_level(chunk->span.stop) == PL_STOP_ALL)) {
        f.state = PARALLEL_CANCELLED;
        f.code = ECANCELED;
    }
    return f;
}

/* Formats into memory of its own; NULL if there is none. */
static char *format_message(const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    char *message = length < 0 ? NULL : malloc((size_t)length + 1);
    if (message)
        vsnprintf(message, (size_t)length + 1, format, arguments);
    return message;
}

int parallel_fail(int code, const char *format, ...)
{
    pl_chunk *chunk = pl_this_thread.chunk;
    if (!chunk || !chunk->can_fail || !format)
        return code;
    int saved = errno;
    va_list arguments;
    va_start(arguments, format);
    char *message = format_message(format, arguments); /* may refer to the old one */
    va_end(arguments);
    free(chunk->message);
    chunk->message = message;
    chunk->message_index = chunk->span.index;
    errno = saved;
    return code;
}

/* ---- the failures of a call ------------------------------------------------------------------------------ */

void pl_failures_init(pl_failures *failures, bool keep_all)
{
    *failures = (pl_failures){.mutex = PTHREAD_MUTEX_INITIALIZER, .keep_all = keep_all};
}

void pl_failures_free(pl_failures *failures)
{
    if (failures->list)
        pl_failures_free_list(failures->list, failures->count);
    pthread_mutex_destroy(&failures->mutex);
}

void pl_failures_free_list(parallel_failure *list, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (k + 1 == count || list[k + 1].message != list[k].message)
            free((char *)list[k].message);
    free(list);
}

/* Whether a call that can report but one failure rather reports `a`: what failed by itself before what was asked to give
 * up, and that before what did not run; then by index. */
static bool goes_before(const parallel_failure *a, const parallel_failure *b)
{
    static const unsigned char rank[] = {[PARALLEL_CANCELLED] = 1, [PARALLEL_NOT_RUN] = 2};
    int difference = rank[a->state] - rank[b->state];
    return difference ? difference < 0 : a->index < b->index;
}

/* Where the next failure goes; NULL if there is no memory. */
static parallel_failure *place(pl_failures *failures)
{
    if (failures->count == failures->room) {
        size_t room = failures->room ? failures->room * 2 : failures->keep_all ? 16 : 1;
        parallel_failure *list = realloc(failures->list, room * sizeof *list);
        if (!list)
            return NULL;
        failures->list = list;
        failures->room = room;
    }
    return &failures->list[failures->count++];
}

void pl_failures_add(pl_failures *failures, const parallel_failure *failure, char *message)
{
    pthread_mutex_lock(&failures->mutex);
    parallel_failure *to;
    if (failures->keep_all || failures->count == 0)
        to = place(failures);
    else if (goes_before(failure, &failures->list[0])) {
        to = &failures->list[0];
        free((char *)to->message);
    } else
        to = NULL;
    if (to) {
        *to = *failure;
        to->message = message;
    } else {
        free(message);
        failures->lost |= failures->keep_all || failures->count == 0;
    }
    pthread_mutex_unlock(&failures->mutex);
}

void pl_failures_add_all(pl_failures *failures, parallel_failure first, size_t end, char *message)
{
    size_t last = failures->keep_all ? end - 1 : first.index; /* else the first says it all */
    for (; first.index < last; first.index++)
        pl_failures_add(failures, &first, message ? strdup(message) : NULL);
    pl_failures_add(failures, &first, message);
}

static int by_index(const void *a, const void *b)
{
    size_t i = ((const parallel_failure *)a)->index, j = ((const parallel_failure *)b)->index;
    return (i > j) - (i < j);
}

/* Whether the C library has a text of its own for a code. Some have the same one for all that they do not know. */
static bool has_text(int code, char *text, size_t size)
{
    char unknown[128];
    if (strerror_r(code, text, size) != 0)
        return false;
    return strerror_r(-1, unknown, sizeof unknown) != 0 || strcmp(text, unknown) != 0;
}

/* What there is to say of a failure whose task said nothing, on the heap; NULL if there is no memory. */
static char *plain_text(const parallel_failure *f)
{
    static const char *const texts[] = {
        [PARALLEL_TIMED_OUT] = "timed out", [PARALLEL_CANCELLED] = "cancelled", [PARALLEL_NOT_RUN] = "not run"};
    char text[128];
    if (f->state == PARALLEL_NOT_RUN && f->code == ETIMEDOUT)
        return strdup("not run before the time of the call was over");
    if (f->state < sizeof texts / sizeof texts[0] && texts[f->state])
        return strdup(texts[f->state]);
    if (f->state == PARALLEL_CRASHED) {
        if (f->signal)
            snprintf(text, sizeof text, "killed by signal %d (%s)", f->signal, strsignal(f->signal));
        else
            snprintf(text, sizeof text, "exited with status %d", f->code);
        return strdup(text);
    }
    if (!has_text(f->code, text, sizeof text))
        snprintf(text, sizeof text, "error %d", f->code);
    return strdup(text);
}

/* The same, or what a neighbour says. */
static const char *shared_text(const parallel_failure *f, const parallel_failure *before)
{
    return before && before->code == f->code && before->state == f->state && before->signal == f->signal
               ? before->message
               : plain_text(f);
}

void pl_failures_finish(pl_failures *failures, const char *const *names)
{
    if (failures->count > 1)
        qsort(failures->list, failures->count, sizeof *failures->list, by_index);
    const parallel_failure *plain = NULL; /* the one before, if it had nothing to say either */
    for (size_t k = 0; k < failures->count; k++) {
        parallel_failure *f = &failures->list[k];
        f->name = names ? names[f->index] : NULL;
        bool silent = !f->message;
        if (silent && !(f->message = shared_text(f, plain)))
            failures->lost = true;
        plain = silent && f->message ? f : NULL;
    }
}
