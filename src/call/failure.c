/* SPDX-License-Identifier: MIT */
/* A failure: what its task says, what became of that, and the last one of a thread. The account of a call's is failures.c. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call/internal.h"
#include "sched/inline.h"

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
    if (!message || chunk->said_index != index)
        return NULL;
    chunk->message = NULL;
    return message;
}

bool pl_chunk_is_final(const pl_chunk *chunk, size_t index)
{
    return chunk->span.code && chunk->final && chunk->said_index == index;
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

/* Inside a task that can fail: attaches a message. */
static void say(bool final, const char *format, va_list arguments)
{
    pl_chunk *chunk = pl_this_thread.chunk;
    if (!chunk || !chunk->can_fail || (!format && !final))
        return;
    int saved = errno;
    char *message = format ? format_message(format, arguments) : NULL; /* may refer to the old one */
    if (format || chunk->said_index != chunk->span.index) {
        free(chunk->message);
        chunk->message = message;
    }
    chunk->final = final;
    chunk->said_index = chunk->span.index;
    errno = saved;
}

int parallel_fail(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(false, format, arguments);
    va_end(arguments);
    return code;
}

int parallel_fail_final(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(true, format, arguments);
    va_end(arguments);
    return code;
}
