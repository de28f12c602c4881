/* SPDX-License-Identifier: MIT */
/* Why the calling thread's last call failed, in a sentence: what parallel_error() gives. */
#ifndef PL_CALL_ERROR_H
#define PL_CALL_ERROR_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/os.h"

/* What a thread knows of that. */
typedef struct pl_error {
    const char *sentence; /* NULL: its last call has not failed */
    char *said;           /* the sentence, if it is on the heap, and no task's */
    void *kept; /* the last failure of a task (failure.h): a block on the heap that begins with the sentence for
                             it; or NULL */
} pl_error;

extern _Thread_local pl_error pl_error_thread PL_OF_THREAD __attribute__((visibility("hidden")));

/* What a call gives that cannot be made: -1, with errno, and a sentence that says why. The last failure of a task
 * stays: a call has dropped it when it began, and what only looks at a call's results leaves it alone. */
int pl_error_refuse(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same for those who give something else after a failure: false. */
bool pl_error_deny(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* EINVAL: there is no `what`, an array of n things. */
bool pl_error_deny_null(const char *what, size_t n);

/* EINVAL: what the program has filled in by hand is NULL, or there is something missing in it. */
bool pl_error_deny_part(const char *what, const void *part);

/* ENOMEM. */
bool pl_error_deny_memory(void);

#ifdef __clang_analyzer__ /* which does not look into other files, and is to know that these are false */
#define pl_error_deny(...) (pl_error_deny(__VA_ARGS__) && false)
#define pl_error_deny_null(what, n) (pl_error_deny_null(what, n) && false)
#define pl_error_deny_part(what, part) (pl_error_deny_part(what, part) && false)
#define pl_error_deny_memory() (pl_error_deny_memory() && false)
#endif

/* -1, with errno, and what there is to say of that code; and that text for most of them, on the heap, or NULL. */
int pl_error_return(int code);
char *pl_error_text(int code);

/* The thread's block of a failure, whose sentence goes from now on. */
void pl_error_keep(void *block);

/* Drops all there is. */
void pl_error_drop(void);

/* Takes all there is away; and puts it back, where nothing else is. */
pl_error pl_error_take(void);
void pl_error_put(const pl_error *error);

#endif
