/* SPDX-License-Identifier: MIT */
/* A failure: what its task says, what became of that, and the last one of a thread. The account of a call's is
 * failures.c. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/life.h"
#include "base/size.h"
#include "call/failure.h"
#include "call/results.h"
#include "sched/inline.h"

/* ---- this thread ----------------------------------------------------------------------------------------- */

/* Frees the message when a thread ends. Should a later destructor of the thread make a call, that begins afresh. */
static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static bool has_key;

static void thread_leaves(void *message)
{
    pl_context_thread.failed = false;
    free(message);
}

static void make_key(void)
{
    has_key = pthread_key_create(&key, thread_leaves) == 0;
}

/* The main thread's message, and the key of a library that is unloaded: after the pool's threads have ended, whose
 * messages the key frees. */
static void end_failures(void)
{
    pl_failure_clear_last();
    if (has_key)
        pthread_key_delete(key);
    has_key = false;
}

PL_LIFE(PL_LIFE_FAILURES, .unloaded = end_failures);

void pl_failure_drop_last(void)
{
    pl_context_thread.failed = false;
    free((char *)pl_context_thread.last.message);
    if (has_key)
        pthread_setspecific(key, NULL);
}

static void keep_last(const parallel_failure *failure)
{
    pl_context_thread.failed = true;
    pl_context_thread.last = *failure;
    pl_inline_look(); /* so that the next call comes by here, and clears it */
    pthread_once(&key_once, make_key);
    if (has_key)
        pthread_setspecific(key, pl_context_thread.last.message);
}

void pl_failure_set_last(const parallel_failure *failure)
{
    parallel_failure copy = *failure;
    copy.message = strdup(failure->message);
    if (copy.message)
        keep_last(&copy);
}

/* The argument comes after the message, in one block: it goes when that does. */
void pl_failure_set_last_with(const parallel_failure *failure, size_t arg_size, size_t arg_align)
{
    parallel_failure copy = *failure;
    size_t text = strlen(failure->message) + 1, begin = pl_size_round(text, arg_align);
    char *block = pl_results_allocate(pl_size_add(begin, arg_size), arg_align);
    if (!block) {
        pl_failure_set_last(failure);
        return;
    }
    memcpy(block, failure->message, text);
    memcpy(block + begin, failure->arg, arg_size);
    copy.message = block;
    copy.arg = block + begin;
    keep_last(&copy);
}

void pl_failure_put_aside(pl_put_aside *to)
{
    *to = (pl_put_aside){pl_context_thread.failed, pl_context_thread.last};
    pl_context_thread.failed = false;
    if (to->failed && has_key)
        pthread_setspecific(key, NULL);
}

void pl_failure_put_back(pl_put_aside *from)
{
    pl_failure_clear_last();
    if (from->failed)
        keep_last(&from->last);
}

const parallel_failure *parallel_last_failure(void)
{
    return pl_context_thread.failed ? &pl_context_thread.last : NULL;
}

/* ---- messages -------------------------------------------------------------------------------------------- */

char *pl_failure_message(pl_context *context, size_t index)
{
    char *message = context->message;
    if (!message || context->said_index != index)
        return NULL;
    context->message = NULL;
    return message;
}

bool pl_failure_is_final(const pl_context *context, size_t index)
{
    return context->span.code && context->final && context->said_index == index;
}

parallel_failure pl_failure_of_context(const pl_context *context, size_t i, size_t noted, unsigned tried)
{
    parallel_failure f = {.index = i, .state = PARALLEL_ERROR, .code = context->span.code, .attempts = tried + 1};
    bool saw_cancel = context->saw_cancel && context->saw_cancel_index == noted;
    if (saw_cancel || (f.code == ECANCELED && pl_stop_level(pl_context_stop(context)) == PL_STOP_ALL)) {
        f.state = PARALLEL_CANCELLED;
        f.code = ECANCELED;
    }
    return f;
}

parallel_failure pl_failure_of_late(size_t i, unsigned tried)
{
    return (parallel_failure){.index = i, .state = PARALLEL_TIMED_OUT, .code = ETIMEDOUT, .attempts = tried + 1};
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
typedef enum next_attempt { MAY_FOLLOW, IS_REFUSED } next_attempt;

static void attach_message(next_attempt next, const char *format, va_list arguments)
{
    pl_context *context = pl_context_thread.context;
    if (!context || !context->can_fail || (!format && next == MAY_FOLLOW))
        return;
    int saved = errno;
    char *message = format ? format_message(format, arguments) : NULL; /* may refer to the old one */
    if (format || context->said_index != context->span.index) {
        free(context->message);
        context->message = message;
    }
    context->final = next == IS_REFUSED;
    context->said_index = context->span.index;
    errno = saved;
}

int parallel_fail(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    attach_message(MAY_FOLLOW, format, arguments);
    va_end(arguments);
    return code;
}

int parallel_fail_final(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    attach_message(IS_REFUSED, format, arguments);
    va_end(arguments);
    return code;
}
