/* SPDX-License-Identifier: MIT */
/* What became of a task that did not succeed. */
#ifndef LIBPARALLEL_FAILURE_H
#define LIBPARALLEL_FAILURE_H

#include <libparallel/base.h>

PARALLEL_BEGIN_DECLS

/** How a task ended. */
typedef enum parallel_state {
    PARALLEL_OK = 0,    /**< it returned success; its value is in the vector */
    PARALLEL_ERROR,     /**< it returned an error code */
    PARALLEL_TIMED_OUT, /**< it took longer than `timeout` */
    PARALLEL_CANCELLED, /**< it gave up after a cancel */
    PARALLEL_CRASHED,   /**< its process died */
    PARALLEL_NOT_RUN    /**< it was never started */
} parallel_state;

/** One failed task. Which strings live how long is said where a failure is handed out. */
typedef struct parallel_failure {
    size_t index;         /**< which task: args[index] */
    const char *name;     /**< its name from `names`, else NULL */
    parallel_state state; /**< never PARALLEL_OK */
    /** What the task returned; else ETIMEDOUT; ECANCELED, also of one that was never started (past `call_timeout`,
     * ETIMEDOUT); EOWNERDEAD, killed by `signal`. Of one that crashed without a signal, its exit status. */
    int code;
    int signal;          /**< what killed its process, else 0: look at it before `code` */
    unsigned attempts;   /**< how often it was tried */
    const char *message; /**< what parallel_fail() attached, else a text for `state` and `code`; never NULL */
    const void *arg;     /**< &args[index], in the caller's memory */
} parallel_failure;

/**
 * Inside a task: attaches a message to its failure, and returns `code` for the task to return.
 *
 *     if (!f) return parallel_fail(errno, "cannot open %s", path);
 *
 * The message may be of any length. It counts only if the same task then returns non-zero; the last message of
 * a task wins. Outside a task, and in functions decorated with PARALLEL_DECORATE, which cannot fail, it does
 * nothing but return `code`. If there is no memory for the message, the failure is reported without it. errno is left
 * as it was.
 *
 * @param code   what to return, not 0
 * @param format as for printf
 * @return `code`
 */
PARALLEL_API int parallel_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * parallel_fail(), and no retry: a task that ends so is not tried again, however many retries are left.
 *
 *     if (status == 404) return parallel_fail_final(ENOENT, "there is no %s", url);
 *     if (status == 503) return parallel_fail(EAGAIN, "%s is busy", url);
 *
 * Of both, the last that a task calls counts. A crash is tried again whatever was said before.
 *
 * @param code   what to return, not 0
 * @param format as for printf
 * @return `code`
 */
PARALLEL_API int parallel_fail_final(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * The failure that the calling thread's last call ended with.
 *
 * When several tasks failed before the call could stop, it is the one with the lowest index among those that
 * ran. With `silent` a call does not fail, so this is NULL; see parallel_failed().
 *
 * @return the failure, valid until this thread's next call; NULL if the last call succeeded, or was itself
 *         wrong (EINVAL and the like)
 */
PARALLEL_API const parallel_failure *parallel_last_failure(void);

/**
 * What the calling thread's last call failed of, in a sentence, without a full stop or a newline:
 *
 *     cube: task 2: item 3 is bad
 *     names 0 and 1 are both 'a'
 *     timeout is NaN
 *
 *     if (!r) { fprintf(stderr, "%s\n", parallel_error()); return 1; }
 *
 * It is there wherever a function of this library has returned NULL, -1 or false with errno, but for those that say so
 * with errno 0. Like errno, it is to be looked at after a failure. A call that runs tasks and goes well leaves "";
 * functions that run none, as parallel_get() or parallel_executor_fd(), set it where they fail, and else leave it
 * alone. Each thread has its own. The words are for people, and may change from release to release: programs go by
 * errno and parallel_last_failure().
 *
 * @return the sentence, never NULL, valid until this thread's next call of the library; "": the last call has not
 *         failed
 */
PARALLEL_API const char *parallel_error(void);

PARALLEL_END_DECLS

#endif
