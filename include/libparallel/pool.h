/* SPDX-License-Identifier: MIT */
/* Pools of one's own: threads that some calls have to themselves. */
#ifndef LIBPARALLEL_POOL_H
#define LIBPARALLEL_POOL_H

#include <libparallel/base.h>
#include <libparallel/options.h>

PARALLEL_BEGIN_DECLS

/** The most workers that a pool can have. */
#define PARALLEL_POOL_MAX 1024

/**
 * Makes a pool of threads for the calls that name it. A call on it equals the same call without:
 *
 *     PARALLEL_SCOPED parallel_pool *p = parallel_pool_new(4);
 *     PARALLEL_SCOPED parallel_results *r = parallel_map(cube, in, n, .pool = p);
 *
 * Calls that name none run on the pool of the task that makes them, or, outside of all tasks, on the program's own. So
 * what a call on `p` calls inside stays on `p`, and PARALLEL_RUN too. A task on one pool may name another; the calling
 * thread works there until the call returns.
 *
 * Most programs need none. A pool keeps calls that block away from those that compute, or gives a part of the
 * program its share of the cores.
 *
 * @param workers how many work on a call on the pool that does not say, each call's thread among them: a pool of 4
 *                starts at most 3 threads, when calls first need them, and several calls at once share these. A pool
 *                of 1 starts none. With `.max_workers` a call uses fewer, or more: for those, and for calls in the
 *                background, which have no thread of their own, threads are added, which leave when idle. 0: as many as
 *                the program's pool has.
 * @return the pool, the caller's to free. NULL with errno:
 *         - EINVAL: workers negative, or more than PARALLEL_POOL_MAX
 *         - ENOMEM: no memory
 *         Lack of threads is no error: calls go on with those that exist.
 *
 * From any thread; and any threads may call on one pool, several at once. The child of a fork() has the pool too, with
 * threads of its own. When the program exits, the threads of all pools are joined; a call after that runs on its
 * caller.
 */
PARALLEL_API PARALLEL_MUST_USE parallel_pool *parallel_pool_new(int workers);

/** What a pool is to be like, and its threads. All zero: as parallel_pool_new(0) makes it. */
typedef struct parallel_pool_options {
    /** sizeof(parallel_pool_options), so that programs and library may be of different ages. Zero stands for all that
     * are declared here. */
    size_t size;

    /** As for parallel_pool_new(). */
    int workers;

    /**
     * Bytes of stack that each of its threads has. Too little for any thread is EINVAL. Zero: as much as the program's
     * first thread may have (`ulimit -s`), or what pthread_setattr_default_np() has set; 64 MB where there is no limit
     * (2 MB on machines of 32 bits). The stack of the thread that makes a call is its own affair.
     */
    size_t stack_size;

    /** The name of its threads, as debuggers and `ps -L` show it: its first 15 bytes. Copied. NULL: "parallel/" and a
     * number. */
    const char *name;

    /**
     * Called by each of the pool's threads with `thread_data`, as the first and the last thing that it does; not by the
     * threads that make calls. NULL: nothing. Threads come and go while the pool lives. Calls that these functions make
     * run on the thread alone. `thread_end` comes before destructors of thread-specific data.
     */
    void (*thread_start)(void *thread_data);
    void (*thread_end)(void *thread_data); /**< see thread_start */
    void *thread_data;                     /**< handed to both */

    /** Added to the nice value of the program's first thread: 19 is the least urgent. Where the system does not allow
     * it, as it does not allow a program without privileges to be more urgent, that is left out. Outside of -40 to 40:
     * EINVAL. */
    int nice;

    /**
     * The numbers of the CPUs that its threads may run on, `cpu_count` of them. Copied. NULL and 0: those of the
     * program's first thread. Of these numbers those that the process may not use are left out; if none is left, or the
     * system knows no such thing, that is EINVAL. The thread that makes a call stays where it is.
     */
    const int *cpus;
    size_t cpu_count; /**< how many numbers */
} parallel_pool_options;

/**
 * parallel_pool_new() with more to say:
 *
 *     parallel_pool_options o = {.size = sizeof o, .workers = 4, .stack_size = 256 << 20, .name = "solver"};
 *     PARALLEL_SCOPED parallel_pool *p = parallel_pool_new_with(&o);
 *
 * @param options read during the call only; NULL: as parallel_pool_new(0)
 * @return the pool, the caller's to free. NULL with errno EINVAL, ENOMEM, or ENOTSUP for an option that this release
 *         does not have
 */
PARALLEL_API PARALLEL_MUST_USE parallel_pool *parallel_pool_new_with(const parallel_pool_options *options);

/**
 * Ends the threads of the program's own pool, and its kept worker processes (process.h), and gives back memory that is
 * kept for sorts to come (sort.h); the next call makes them anew.
 * For use before fork(), before dlclose() of code that runs in tasks, or where thread-local objects are to be
 * destroyed at a certain time. At exit that is done without being asked for, before the destructors of objects that
 * were there when the first call was made.
 *
 * Pools of parallel_pool_new() are not touched. Other threads may call meanwhile: they work alone until it is done.
 *
 * @return 0; or -1 with errno EBUSY, and nothing is done: a call is under way, or waits, on the program's pool, in
 *         whatever thread; also if that is the call of a task that calls this; or another thread is at the same
 */
PARALLEL_API int parallel_shutdown(void);

/**
 * Makes the program's pool and starts its threads, which the first call does otherwise that is worth their help: that
 * takes some tenths of a millisecond.
 *
 * From any thread; again, it does nothing. Threads of pools of one's own start with the first calls on them.
 *
 * @return 0; or -1 with errno EAGAIN: not all threads can be had now; calls use those that there are, and try again
 */
PARALLEL_API int parallel_warm_up(void);

/**
 * Ends a pool: joins its threads, and frees it. Threads that have called on it are not affected. NULL is fine. errno is
 * left as it was.
 *
 * No call may begin on it any more, or be under way. Should one be under way nevertheless, its own or another thread's,
 * then it goes on as before, and the pool ends when it returns.
 */
PARALLEL_API void parallel_pool_free(parallel_pool *pool);

PARALLEL_END_DECLS

#endif
