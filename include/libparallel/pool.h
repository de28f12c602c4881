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
PARALLEL_API parallel_pool *parallel_pool_new(int workers);

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
