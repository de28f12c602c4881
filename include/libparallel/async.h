/* SPDX-License-Identifier: MIT */
/* Single tasks in the background; ends that an event loop can wait for; results as they come. */
#ifndef LIBPARALLEL_ASYNC_H
#define LIBPARALLEL_ASYNC_H

#include <libparallel/base.h>
#include <libparallel/executor.h>
#include <libparallel/function.h>
#include <libparallel/item.h>
#include <libparallel/options.h>

PARALLEL_BEGIN_DECLS

/**
 * parallel_async(fn, arg, ...options): runs one task in the background. Equals
 *
 *     arg_t copy = arg;
 *     result = fn(copy);
 *
 * in another thread. An example:
 *
 *     PARALLEL_SCOPED parallel_executor *ex = parallel_async(fetch, ((struct request){.url = "..."}));
 *     ...                                                        // meanwhile, something else
 *     const struct page *page = parallel_executor_result(ex);    // waits
 *
 * @param arg     a value of the argument type, as in PARALLEL_FUTURE(); copied. What it points to is borrowed until the
 *                executor is shut down
 * @param options as for parallel_async_map() of one argument; on worker processes with `.executor = PARALLEL_PROCESS`
 * @return the executor, the caller's to free. NULL with errno as for parallel_async_map()
 */
#define parallel_async(...) PARALLEL_CALL_2_(PARALLEL_ASYNC_, "parallel_async(fn, arg, ...options)", __VA_ARGS__)

/** What parallel_async() is made of: for functions known at run time, and for C++. `arg` points to the argument, which
 * is copied. */
PARALLEL_API PARALLEL_MUST_USE parallel_executor *parallel_async_function(const parallel_function *f, const void *arg,
                                                                          const parallel_options *options);

/**
 * Waits as parallel_executor_results() does, and gives the result of the first task, which is the only one of
 * parallel_async(). It lives as long as the executor.
 *
 * @return the result; or NULL with errno
 *         - 0: the function gives none
 *         - what the task failed with
 *         - as of parallel_executor_results(); EINVAL also of a call without tasks
 */
PARALLEL_API const void *parallel_executor_result(parallel_executor *ex);

/**
 * A file descriptor for event loops: poll, epoll, libuv, GLib and the like. docs/event-loops.md has a recipe for each.
 *
 * It is readable from the moment that the call has ended (well or not, cancelled, or shut down) until the executor is
 * freed, and never before; of a call with `as_completed`, whenever parallel_executor_next(ex, &item, 0) does not wait.
 * Once it is readable, parallel_executor_results(), _wait() and _shutdown() do not block, but with `as_completed` only
 * when all has ended. There is one edge for EPOLLET each time that it becomes readable.
 *
 * It is the executor's: not to be read, written or closed, and to be taken out of the loop before
 * parallel_executor_free(), which closes it. It is close-on-exec and does not block. On Linux it is an eventfd,
 * elsewhere the end of a pipe. The executor may not have been started yet.
 *
 * After a fork(), the child's executor has one of its own, of the same number: readable, if the call was under way. A
 * descriptor there that has not been asked for in the child is the parent's; a function for the executor, whichever,
 * changes that.
 *
 * @return the same descriptor each time; or -1 with errno EMFILE, ENFILE, ENOMEM or EINVAL
 */
PARALLEL_API int parallel_executor_fd(parallel_executor *ex);

/**
 * Has notify(ex, data) called exactly once when the call has ended, well or not; also of one that is shut down, or
 * freed, before it was started. It is called at once, in the calling thread, if the call has ended already. Else it is
 * called by whichever thread ends the call: one of the library's, or one that waits, if that has worked on the call
 * itself.
 *
 * It is for posting to an event loop: uv_async_send(), g_main_context_invoke(), write(), sem_post(). Signals are
 * blocked on threads of the library. It must not wait for anything, and does not free the executor: in it,
 * parallel_executor_results(), _status() and _next() do not block, parallel_executor_shutdown() is EDEADLK, and
 * parallel_executor_free() does nothing, and sets errno to EDEADLK. Elsewhere parallel_executor_free() waits until it
 * has returned. In the child process of a fork(), it is not called for a call that was under way in the parent.
 *
 * @param notify takes the place of one that was given before, but not called yet; NULL: takes that back
 * @return 0; or -1 with errno
 *         - EALREADY: one has been called already, or is being called
 *         - EINVAL: that is no executor
 */
PARALLEL_API int parallel_executor_notify(parallel_executor *ex, void (*notify)(parallel_executor *ex, void *data),
                                          void *data);

/**
 * The next task that has ended, of a call with the option `as_completed`: in the order in which they end, each once; in
 * the end those that were not run, as the call was stopped. So it is n times 1, and then 0:
 *
 *     parallel_item item;
 *     while (parallel_executor_next(ex, &item, -1) == 1)
 *         if (item.failure) warn(item.failure); else show(item.arg, item.result);
 *
 * Waits until there is one, but no longer than `seconds`; negative: as long as it takes; 0: not at all. The executor
 * may not have been started yet. Several threads may take tasks: each gets others. A task that is tried again has ended
 * when its last attempt has. On worker processes, and where a task ends between two others of a chunk (parallel_split()
 * and the like), it is given when that is known.
 *
 * @param item filled in. Its `result` and `failure` live as long as the executor, also where the call has failed
 * @return 1: there is one more; 0: all have been given, and the call has ended; or -1 with errno
 *         - ETIMEDOUT: there was none in that time
 *         - EINVAL: that is no executor, or one without `as_completed`; there is no item; `seconds` is NaN
 *         - EDEADLK: this is a task of the call
 *         - ECHILD: the call was under way when this process was forked
 *         - ENOMEM: no memory for the failure; the task will be given the next time
 */
PARALLEL_API int parallel_executor_next(parallel_executor *ex, parallel_item *item, double seconds);

/**
 * Waits until one of several calls has ended, but no longer than `seconds`; negative: as long as it takes; 0: not at
 * all. They may not have been started yet.
 *
 * @param exs n executors; NULL among them is passed over
 * @return the lowest index of one that has ended; or -1 with errno
 *         - ETIMEDOUT: none has in that time
 *         - EINVAL: there is none, or one that is no executor; `seconds` is NaN
 *         - EDEADLK: this is a task of all of them that have not ended
 */
PARALLEL_API int parallel_executor_any(parallel_executor *const *exs, size_t n, double seconds);

PARALLEL_END_DECLS

#include <libparallel/detail/async.h>

#endif
