/* SPDX-License-Identifier: MIT */
/* Maps over input that has no end, or does not fit memory: items come one by one, and results go in order. */
#ifndef LIBPARALLEL_STREAM_H
#define LIBPARALLEL_STREAM_H

#include <libparallel/base.h>
#include <libparallel/function.h>
#include <libparallel/item.h>
#include <libparallel/options.h>

PARALLEL_BEGIN_DECLS

/** Gives the next argument: fills in `*arg`, which is all zero bytes, and returns 1; or returns 0: that was all; or
 * -code, an error code below 0: the stream is to end with it. */
typedef int parallel_source(void *arg, void *data);

/** Takes an item that has ended, well or not. Returns 0; or a code: the stream is to end with it. */
typedef int parallel_sink(const parallel_item *item, void *data);

/**
 * parallel_stream_map(fn, source, sink, data, ...options): maps a function over what source gives, and gives the
 * results to sink, in order. Equals
 *
 *     while ((code = source(&arg, data)) > 0)
 *         if ((code = sink(&item, data)) != 0)       the item has arg, and what fn has made of it
 *             break;
 *
 * with several `fn` at once, and never more than `window` items between source's return and sink's:
 *
 *     static int next_block(struct block *b, void *files);           // int source(arg_t *, void *)
 *     static int write_block(const parallel_item *item, void *files);
 *     PARALLEL_DECORATE_TASK(compress, struct block, struct packed);
 *
 *     if (parallel_stream_map(compress, next_block, write_block, &files) != 0)
 *         fprintf(stderr, "%s\n", parallel_error());
 *
 * **Order.** Sink gets items 0, 1, 2 ... exactly as source gave them, whatever `max_workers` is; with `unordered`, as
 * they end. Source is called by one thread at a time, any that works on the call, and so is sink; each sees everything
 * that its last call has done. They may run at the same time as each other, and as `fn`. Who needs source or sink on
 * one particular thread takes parallel_stream_open().
 *
 * **Memory.** `*arg` and the result lie in slots of the library's, which are zeroed, and are used again after sink has
 * returned. *Every item that source gave reaches sink exactly once*, also after a failure, a stop, or a cancel: so
 * there is one place to free what arguments and results point to. Sink gets items that did not go well with `result`
 * NULL and their `failure`; those that were never started are PARALLEL_NOT_RUN. What a task that failed had put into
 * its result is discarded: keep memory where the argument can reach it.
 *
 * **Failure.** Without `silent`: when an item fails, source is not asked again, and no item behind it is started. Items
 * before it are run, and come well; those behind it that were running come as they end. With `silent` it goes on.
 * After a code of source's, what it gave before is run, and comes. After a code of sink's, nothing further is started,
 * tasks that run are asked to give up, and sink gets the rest; its further codes are ignored.
 *
 * **Latency.** An item is begun as soon as it is there, and given as soon as it is the next; nothing waits for a source
 * that blocks, which costs one thread and no CPU.
 *
 * **Cheap items.** Items that are so cheap that help costs more than it brings are run by the caller alone, in a loop
 * that this macro compiles into the program: where the compiler sees source, fn and sink, it makes one loop of them, as
 * of the three lines above. It does not where arguments or results are larger than 512 bytes, or with -fexceptions.
 *
 * @param fn      a decorated function
 * @param source  int source(arg_t *arg, void *data), as parallel_source says; another argument type is an error at
 *                compile time
 * @param sink    as parallel_sink says. The item, and what it points to, are good until it returns.
 * @param data    handed to both
 * @param options as `.name = value`, see parallel_options. `progress` counts items whose sink has returned, of a total
 *                of 0, as it is not known. A task that waits for its next attempt (`retry_delay`) keeps its worker.
 *                `grain` changes nothing. `names`, `deferred`: EINVAL.
 *                On PARALLEL_PROCESS arguments and results are copied, and what they point to is not. Worker processes
 *                are the stream's own: one is forked when it is first needed, and has the program's memory as it is
 *                then (a snapshot), or nothing of it (PARALLEL_PERSISTENT). Cheap items are run several at a time.
 * @return 0; or -1 with errno:
 *         - the task's code, after a task failed (not with `silent`): the first such item by number (with `unordered`,
 *           the first that ended) is parallel_last_failure(), its `arg` a copy, good until this thread's next call
 *         - the code that source or sink returned; there is no last failure then
 *         - ETIMEDOUT: past `call_timeout`; ECANCELED: a task makes the call that is to give up. No further item is
 *           begun then, and source is not asked again
 *         - EINVAL: source or sink NULL, a bad option, an incomplete handle
 *         - ENOMEM: no memory for the window
 *         - why items could not be run: on PARALLEL_PROCESS, EAGAIN, ENOMEM and the like where no process can be had
 *
 * From any thread, and from inside tasks.
 */
#define parallel_stream_map(...)                                                                                       \
    PARALLEL_CALL_4_(PARALLEL_STREAM_MAP_, "parallel_stream_map(fn, source, sink, data, ...options)", __VA_ARGS__)

/**
 * A stream with both ends in the program's hands: there the library calls nothing but the function.
 *
 *     PARALLEL_SCOPED parallel_stream *s = parallel_stream_open(compress);
 *     parallel_item item;
 *     while (read_block(&block)) {
 *         while (parallel_stream_put(s, &block) != 0)                       // the window is full:
 *             if (parallel_stream_next(s, &item, -1) == 1)                  // takes a result first
 *                 write_block(&item);
 *         while (parallel_stream_next(s, &item, 0) == 1)
 *             write_block(&item);
 *     }
 *     parallel_stream_end(s);
 *     while (parallel_stream_next(s, &item, -1) == 1)
 *         write_block(&item);
 *
 * What goes for parallel_stream_map() goes for it: order, failures, options; but that the two ends are not called.
 * Items run in the background, on threads of the pool, and in parallel_stream_next(). Functions here may be called from
 * any thread, several at once, but for parallel_stream_free(), which is not to overlap with any other; of several that
 * take items, each item goes to one. In the child process of a fork() a stream that was opened before it has failed,
 * with ECHILD; parallel_stream_free() is fine there.
 */
typedef struct parallel_stream parallel_stream;

/**
 * parallel_stream_open(fn, ...options): opens a stream.
 *
 * @param fn      a decorated function
 * @param options copied; `extras` is borrowed until the stream is freed. `call_timeout` counts from now.
 *                On PARALLEL_SERIAL items are run by parallel_stream_next() alone.
 * @return the stream, the caller's to free, with PARALLEL_SCOPED or parallel_stream_free(); or NULL with errno EINVAL,
 *         ENOMEM as above
 */
#define parallel_stream_open(...) PARALLEL_STREAM_OPEN_(__VA_ARGS__, PARALLEL_END_)

/**
 * Puts an argument, which is copied. Never blocks, and runs nothing of the program's.
 *
 * @param arg points to an argument of the function's type
 * @return 0; or -1 with errno, and then nothing has been put:
 *         - EAGAIN: the window is full; take results first
 *         - EPIPE: the stream has ended, by parallel_stream_end(), a failure (not with `silent`), a cancel, or its time
 *         - EINVAL: NULL, or no stream
 *         - ECHILD: see above
 */
PARALLEL_API int parallel_stream_put(parallel_stream *stream, const void *arg);

/**
 * Takes the next item: the next in order; with `unordered`, the next that has ended. It is good until the calling
 * thread's next call of this function for the stream, and counts no longer in the window.
 *
 * @param item    what it is put into
 * @param seconds how long to wait for it, 0: not at all; negative: as long as it takes, and meanwhile the calling
 *                thread works on items itself. Where nothing has been put, it waits for another thread to do so.
 * @return 1; 0: the stream has been ended, and all items have been given; -1 with errno:
 *         - ETIMEDOUT: not yet
 *         - after all that was put has been given: the code of the first failure, which is parallel_last_failure();
 *           ECANCELED after a cancel; ETIMEDOUT past `call_timeout`
 *         - EDEADLK: called in a task of this stream
 *         - ENOMEM: no memory for the item that a thread takes first
 *         - EINVAL: NULL, no stream, or seconds is NaN; ECHILD: see above
 *         Whether -1 with ETIMEDOUT is the end is for `call_timeout`: then it comes at once, and put is EPIPE.
 */
PARALLEL_API int parallel_stream_next(parallel_stream *stream, parallel_item *item, double seconds);

/** No more is put. Once more is fine. @return 0; or -1 with errno EINVAL, ECHILD */
PARALLEL_API int parallel_stream_end(parallel_stream *stream);

/**
 * Stops early, and does not wait: items that have not been started are PARALLEL_NOT_RUN, those that run are asked to
 * give up, as by parallel_cancel(). All are still given. Safe in a signal handler. NULL is fine.
 */
PARALLEL_API void parallel_stream_cancel(parallel_stream *stream);

/** Waits for what runs, drops what waits, and what nobody has taken, and frees the stream with its items. NULL is fine.
 * In a task of the stream it does nothing. errno is left as it was. */
PARALLEL_API void parallel_stream_free(parallel_stream *stream);

/**
 * A descriptor for poll(), epoll and event loops: readable while parallel_stream_next() with 0 seconds would give an
 * item, or the end. Not to be read, written or closed by the program; taken out of its loop before the stream is freed.
 * The same each time.
 *
 * @return it; or -1 with errno EMFILE, ENFILE, ENOMEM, EINVAL, ECHILD
 */
PARALLEL_API int parallel_stream_fd(parallel_stream *stream);

/** What parallel_stream_map() is made of: for functions known at run time, and for C++. */
PARALLEL_API int parallel_stream_map_function(const parallel_function *f, parallel_source *source, parallel_sink *sink,
                                              void *data, const parallel_options *options);

/** What parallel_stream_open() is made of. */
PARALLEL_API PARALLEL_MUST_USE parallel_stream *parallel_stream_open_function(const parallel_function *f,
                                                                              const parallel_options *options);

PARALLEL_END_DECLS

#include <libparallel/detail/stream.h>

#endif
