/* SPDX-License-Identifier: MIT */
/* Why a thread's last call failed, in a sentence. */
#include "call/error.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libparallel/failure.h>

#include "base/life.h"
#include "sched/inline.h"

#ifdef __clang_analyzer__
#undef pl_error_deny
#undef pl_error_deny_null
#undef pl_error_deny_part
#undef pl_error_deny_memory
#endif

_Thread_local pl_error pl_error_thread;

/* ---- this thread ----------------------------------------------------------------------------------------- */

/* Frees what is on the heap when a thread ends. Should a later destructor of the thread make a call, that begins
 * afresh. */
static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static bool has_key;

static void free_all(void)
{
    free(pl_error_thread.said);
    free(pl_error_thread.kept);
    pl_error_thread = (pl_error){0};
}

static void thread_leaves(void *thread)
{
    (void)thread;
    free_all();
}

static void make_key(void)
{
    has_key = pthread_key_create(&key, thread_leaves) == 0;
}

/* The main thread's, and the key of a library that is unloaded: after the pool's threads have ended, whose memory the
 * key frees. */
static void end_errors(void)
{
    pl_error_drop();
    if (has_key)
        pthread_key_delete(key);
    has_key = false;
}

PL_LIFE(PL_LIFE_FAILURES, .unloaded = end_errors);

/* Something has been put on the heap, or taken from there. */
static void note_heap(void)
{
    bool any = pl_error_thread.said || pl_error_thread.kept;
    if (any)
        pthread_once(&key_once, make_key);
    if (has_key)
        pthread_setspecific(key, any ? &pl_error_thread : NULL);
}

void pl_error_drop(void)
{
    bool any = pl_error_thread.said || pl_error_thread.kept;
    free_all();
    if (any)
        note_heap();
}

pl_error pl_error_take(void)
{
    pl_error all = pl_error_thread;
    pl_error_thread = (pl_error){0};
    if (all.said || all.kept)
        note_heap();
    return all;
}

void pl_error_put(const pl_error *error)
{
    pl_error_drop();
    pl_error_thread = *error;
    if (error->said || error->kept)
        note_heap();
    if (error->sentence)
        pl_inline_look(); /* so that the next call comes by here, and drops it */
}

void pl_error_keep(void *block)
{
    pl_error_put(&(pl_error){.sentence = block, .kept = block});
}

const char *parallel_error(void)
{
    return pl_error_thread.sentence ? pl_error_thread.sentence : "";
}

/* ---- sentences ------------------------------------------------------------------------------------------- */

/* The sentence is the one on the heap, or, if there is none, `fixed`. */
static void set_sentence(const char *fixed, char *heap)
{
    bool had_heap = pl_error_thread.said;
    free(pl_error_thread.said);
    pl_error_thread.said = heap;
    pl_error_thread.sentence = heap ? heap : fixed;
    if (heap || had_heap)
        note_heap();
    pl_inline_look();
}

static void format_sentence(int code, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = strchr(format, '%') ? vsnprintf(NULL, 0, format, again) : -1;
    va_end(again);
    char *heap = length < 0 ? NULL : malloc((size_t)length + 1);
    if (heap)
        vsnprintf(heap, (size_t)length + 1, format, arguments);
    set_sentence(length < 0 ? format : "something is wrong, and there is no memory to say what", heap);
    errno = code;
}

int pl_error_refuse(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_sentence(code, format, arguments);
    va_end(arguments);
    return -1;
}

bool pl_error_deny(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_sentence(code, format, arguments);
    va_end(arguments);
    return false;
}

bool pl_error_deny_null(const char *what, size_t n)
{
    return pl_error_deny(EINVAL, "%s is NULL, though there are to be %zu", what, n);
}

bool pl_error_deny_part(const char *what, const void *part)
{
    if (!part)
        return pl_error_deny(EINVAL, "%s is NULL", what);
    return pl_error_deny(
        EINVAL, "%s is incomplete: it wants sizes, a function to call, and alignments that are powers of two", what);
}

bool pl_error_deny_memory(void)
{
    return pl_error_return(ENOMEM) == 0;
}

/* ---- codes ----------------------------------------------------------------------------------------------- */

/* Whether the C library has a text of its own for a code. Some have the same one for all that they do not know. */
static bool has_text(int code, char *text, size_t size)
{
    char unknown[128];
    if (strerror_r(code, text, size) != 0)
        return false;
    return strerror_r(-1, unknown, sizeof unknown) != 0 || strcmp(text, unknown) != 0;
}

char *pl_error_text(int code)
{
    char text[128];
    if (!has_text(code, text, sizeof text))
        snprintf(text, sizeof text, "error %d", code);
    return strdup(text);
}

int pl_error_return(int code)
{
    static const struct {
        int code;
        const char *sentence;
    } known[] = {
        {ENOMEM, "there is not enough memory"},
        {ETIMEDOUT, "the time was over"},
        {ECANCELED, "it was cancelled"},
        {EDEADLK, "it would wait for itself: it is called by one of its own tasks"},
        {ECHILD, "it was under way in another process when that forked this one"},
        {EMFILE, "this process has too many open files"},
        {ENFILE, "there are too many open files"},
        {EAGAIN, "the system cannot make a thread or a process now"},
        {EIO, "a worker process has written where it must not"},
    };
    size_t k = 0, count = sizeof known / sizeof known[0];
    while (k < count && known[k].code != code)
        k++;
    set_sentence(k < count ? known[k].sentence : "there is no memory to say why",
                 k < count ? NULL : pl_error_text(code));
    errno = code;
    return -1;
}
