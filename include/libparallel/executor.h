/* SPDX-License-Identifier: MIT */
/* Calls that do not block: they run in the background, and an executor stands for them. */
#ifndef LIBPARALLEL_EXECUTOR_H
#define LIBPARALLEL_EXECUTOR_H

#include <libparallel/base.h>
#include <libparallel/function.h>
#include <libparallel/options.h>
#include <libparallel/par.h>
#include <libparallel/results.h>

PARALLEL_BEGIN_DECLS

/**
 * A call in the background.
 *
 *     PARALLEL_SCOPED parallel_executor *ex = parallel_async_map(fetch, urls, n);
 *     ...                                                        // meanwhile, something else
 *     parallel_results *r = parallel_executor_results(ex);       // waits
 *
 * The caller owns it, and ends it with PARALLEL_SCOPED or parallel_executor_free(). Until then what the call borrows
 * stays where it is: arguments, names, extras. Functions here may be called from any thread, several at once, but for
 * parallel_executor_free(), which is not to overlap with any other. Where they take an executor, NULL is an error,
 * EINVAL, or fine where they say so.
 *
 * A task may make executors and wait for them; what stops the task does not stop them. It may not wait for the one that
 * it is a task of: EDEADLK. In the child process of a fork() the executors that had started before have failed, with
 * ECHILD.
 */
typedef struct parallel_executor parallel_executor;

/** How far an executor is. */
typedef enum parallel_status {
    PARALLEL_NOT_STARTED = 0, /**< it is deferred, and waits for parallel_executor_start() */
    PARALLEL_STARTED,         /**< its tasks run, or are about to */
    PARALLEL_DONE,            /**< it has results */
    PARALLEL_FAILED           /**< it has none: parallel_executor_results() says why */
} parallel_status;

/**
 * parallel_async_map(fn, args, n, ...options): starts parallel_map() and does not wait for it. Equals
 *
 *     r = parallel_map(fn, args, n, ...options);
 *
 * in another thread, where `max_workers` counts threads of the pool alone, as the caller does not take part. Every
 * executor makes progress, however long the tasks of others block: if none of the pool's threads comes for it within
 * some milliseconds, one is added, up to PARALLEL_POOL_MAX; and a thread that waits without a limit works on it itself
 * in the end. On PARALLEL_SERIAL the tasks run on the calling thread, when it is started.
 *
 * @param args    borrowed until the executor is shut down
 * @param options copied; `deferred` makes one that waits for parallel_executor_start()
 * @return the executor, the caller's to free. NULL with errno EINVAL, ENOMEM or ENOTSUP as for parallel_map(); how
 *         tasks went is for parallel_executor_results() to say
 */
#define parallel_async_map(...)                                                                                        \
    PARALLEL_CALL_3_(PARALLEL_ASYNC_MAP_, "parallel_async_map(fn, args, n, ...options)", __VA_ARGS__)

/** parallel_thread_async_map(fn, args, n, ...options): parallel_async_map() on threads, whatever was decorated. */
#define parallel_thread_async_map(...)                                                                                 \
    PARALLEL_CALL_3_(PARALLEL_THREAD_ASYNC_MAP_, "parallel_thread_async_map(fn, args, n, ...options)", __VA_ARGS__)

/** parallel_process_async_map(fn, args, n, ...options): parallel_async_map() on worker processes, see process.h. */
#define parallel_process_async_map(...)                                                                                \
    PARALLEL_CALL_3_(PARALLEL_PROCESS_ASYNC_MAP_, "parallel_process_async_map(fn, args, n, ...options)", __VA_ARGS__)

/** parallel_async_par(futures, n, ...options): starts parallel_par() and does not wait for it. `futures` is copied;
 * what the futures point to, their arguments, is borrowed. */
#define parallel_async_par(...)                                                                                        \
    PARALLEL_CALL_2_(PARALLEL_ASYNC_PAR_, "parallel_async_par(futures, n, ...options)", __VA_ARGS__)

/** parallel_thread_async_par(futures, n, ...options): parallel_async_par() on threads. */
#define parallel_thread_async_par(...)                                                                                 \
    PARALLEL_CALL_2_(PARALLEL_THREAD_ASYNC_PAR_, "parallel_thread_async_par(futures, n, ...options)", __VA_ARGS__)

/** parallel_process_async_par(futures, n, ...options): parallel_async_par() on worker processes, see process.h. */
#define parallel_process_async_par(...)                                                                                \
    PARALLEL_CALL_2_(PARALLEL_PROCESS_ASYNC_PAR_, "parallel_process_async_par(futures, n, ...options)", __VA_ARGS__)

/**
 * Starts an executor that was made with `deferred`.
 *
 * @return 0; or -1 with errno
 *         - EALREADY: it has been started before, if only by being made
 *         - ECANCELED: it has been shut down
 *         - ENOMEM: no memory; it may be tried again
 */
PARALLEL_API int parallel_executor_start(parallel_executor *ex);

/**
 * Waits until all tasks have ended, and gives the results: the executor's own, the same each time. They end with it
 * (parallel_results_free() leaves them alone). If no thread has begun the call yet, the calling thread works on it.
 *
 * @return the results; NULL with errno, and with parallel_last_failure(), as parallel_map() has them. Besides:
 *         - EINVAL: it has not been started
 *         - ECANCELED: it was cancelled, or shut down, before all tasks had started (not with `silent`: then results
 *           tell which)
 *         - EDEADLK, ECHILD: see above
 */
PARALLEL_API parallel_results *parallel_executor_results(parallel_executor *ex);

/** How far it is. Never blocks. Of NULL: PARALLEL_FAILED, with errno EINVAL. */
PARALLEL_API parallel_status parallel_executor_status(const parallel_executor *ex);

/**
 * Waits until all tasks have ended, but no longer than `seconds`; negative: as long as it takes. The calling thread
 * does not work meanwhile. Goes on after signal handlers, and is no cancellation point.
 *
 * @return 0 if they have ended, well or not; or -1 with errno ETIMEDOUT, EINVAL (not started, or seconds is NaN),
 *         EDEADLK
 */
PARALLEL_API int parallel_executor_wait(parallel_executor *ex, double seconds);

/** Whether all tasks have ended, well or not. Never blocks. */
PARALLEL_API bool parallel_executor_done(const parallel_executor *ex);

/**
 * Stops early, and does not wait: tasks that have not started do not start any more (PARALLEL_NOT_RUN), and those that
 * run are asked to give up: parallel_cancelled() is true in them, and parallel_sleep() returns. A task that does give
 * up, by returning an error, is PARALLEL_CANCELLED; one that ends well all the same is PARALLEL_OK. Threads that wait
 * for the executor are woken when the last task has returned.
 *
 * Safe in a signal handler. NULL is fine, and so is an executor that is done.
 *
 * @return 0
 */
PARALLEL_API int parallel_cancel(parallel_executor *ex);

/** parallel_cancel() by the name that goes with the others here. */
PARALLEL_API int parallel_executor_cancel(parallel_executor *ex);

/**
 * Keeps tasks that have not started from starting, and waits for those that run. What the call has borrowed is the
 * caller's again; the results stay. One that has not been started has ended then, too. Once more is fine, and so is
 * NULL.
 *
 * @return 0; or -1 with errno EDEADLK
 */
PARALLEL_API int parallel_executor_shutdown(parallel_executor *ex);

/** Shuts the executor down, and frees it with its results. NULL is fine. errno is left as it was. */
PARALLEL_API void parallel_executor_free(parallel_executor *ex);

/** What parallel_async_map() is made of: for functions known at run time, and for C++. */
PARALLEL_API PARALLEL_MUST_USE parallel_executor *
parallel_async_map_function(const parallel_function *f, const void *args, size_t n, const parallel_options *options);

/** What parallel_thread_async_map() is made of. */
PARALLEL_API PARALLEL_MUST_USE parallel_executor *parallel_thread_async_map_function(const parallel_function *f,
                                                                                     const void *args, size_t n,
                                                                                     const parallel_options *options);

/** What parallel_process_async_map() is made of. */
PARALLEL_API PARALLEL_MUST_USE parallel_executor *parallel_process_async_map_function(const parallel_function *f,
                                                                                      const void *args, size_t n,
                                                                                      const parallel_options *options);

/** What parallel_async_par() is made of. */
PARALLEL_API PARALLEL_MUST_USE parallel_executor *parallel_async_par_futures(const parallel_future *futures, size_t n,
                                                                             const parallel_options *options);

/** What parallel_thread_async_par() is made of. */
PARALLEL_API PARALLEL_MUST_USE parallel_executor *
parallel_thread_async_par_futures(const parallel_future *futures, size_t n, const parallel_options *options);

/** What parallel_process_async_par() is made of. */
PARALLEL_API PARALLEL_MUST_USE parallel_executor *
parallel_process_async_par_futures(const parallel_future *futures, size_t n, const parallel_options *options);

PARALLEL_END_DECLS

#include <libparallel/detail/executor.h>

#endif
