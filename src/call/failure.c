/* SPDX-License-Identifier: MIT */
/* A failure: what its task says, what became of that, and the last one of a thread, with the sentence that says so. The
 * account of a call's is failures.c. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"
#include "call/failure.h"
#include "call/results.h"

/* ---- this thread ----------------------------------------------------------------------------------------- */

void pl_failure_put_aside(pl_put_aside *to)
{
    to->last = pl_context_thread.last;
    to->error = pl_error_take();
}

void pl_failure_put_back(pl_put_aside *from)
{
    pl_error_put(&from->error);
    pl_context_thread.last = from->last;
}

void pl_failure_forget(pl_put_aside *aside)
{
    free(aside->error.said);
    free(aside->error.kept);
}

/* Writes "FUNCTION: task 2 (NAME): ", as much of it as there is, to `to`, which has room for `room` bytes, or none. How
 * long it is. */
static size_t write_introduction(char *to, size_t room, const parallel_failure *f, const char *function)
{
    int length = snprintf(to, room, "%s%stask %zu%s%s%s: ", function ? function : "", function ? ": " : "", f->index,
                          f->name ? " (" : "", f->name ? f->name : "", f->name ? ")" : "");
    return length > 0 ? (size_t)length : 0;
}

/* In one block, which goes when the failure does: the sentence, which ends in the message; and the argument. */
static char *make_block(parallel_failure *copy, const pl_failed_call *of)
{
    size_t intro = write_introduction(NULL, 0, copy, of->function), text = strlen(copy->message) + 1;
    size_t begin = of->arg_size ? pl_size_round(intro + text, of->arg_align) : intro + text;
    char *block = pl_results_allocate(pl_size_add(begin, of->arg_size), of->arg_size ? of->arg_align : 0);
    if (!block)
        return NULL;
    write_introduction(block, intro + 1, copy, of->function);
    copy->message = memcpy(block + intro, copy->message, text);
    if (of->arg_size)
        copy->arg = memcpy(block + begin, copy->arg, of->arg_size);
    return block;
}

void pl_failure_set_last(const parallel_failure *failure, const pl_failed_call *of)
{
    parallel_failure copy = *failure;
    char *block = make_block(&copy, of);
    if (!block && of->arg_size)
        block = make_block(&copy, &(pl_failed_call){.function = of->function});
    if (!block) {
        pl_error_put(&(pl_error){.sentence = "a task has failed, and there was no memory to keep what it said"});
        return;
    }
    pl_error_keep(block);
    pl_context_thread.last = copy;
}

parallel_failure *pl_failure_last(void)
{
    return pl_error_thread.kept ? &pl_context_thread.last : NULL;
}

const parallel_failure *parallel_last_failure(void)
{
    return pl_failure_last();
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
