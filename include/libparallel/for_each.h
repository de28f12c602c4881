/* SPDX-License-Identifier: MIT */
/* Work that brings forth more of its kind: walks of trees, of graphs, of directories. */
#ifndef LIBPARALLEL_FOR_EACH_H
#define LIBPARALLEL_FOR_EACH_H

#include <libparallel/base.h>
#include <libparallel/function.h>
#include <libparallel/options.h>

PARALLEL_BEGIN_DECLS

/**
 * parallel_for_each(fn, items, n, ...options): runs a function on each item, and on each item that it adds, until there
 * is none left. Equals
 *
 *     for (size_t i = n; i-- > 0;)
 *         push(items[i]);
 *     while (pop(&item))
 *         fn(&item, NULL, extras);      and here parallel_for_each_add(fn, &more) is push(more)
 *
 * with the items in any order, several at once:
 *
 *     static int visit(struct node *const *node, void *none, void *extras);
 *     PARALLEL_DECORATE_TASK(visit, struct node *, void);
 *
 *     static int visit(struct node *const *node, void *none, void *extras)
 *     {
 *         for (size_t i = 0; i < (*node)->children; i++)
 *             if (parallel_for_each_add(visit, &(*node)->child[i]) != 0)
 *                 return errno;
 *         return look_at(*node);
 *     }
 *     parallel_for_each(visit, &root, 1);
 *
 * Nothing waits for what it has added, so a chain of any length takes no more stack than one item. Items that are added
 * last are run first, as a rule: a walk goes into the depth, and memory is taken by what is still to be run. A graph's
 * nodes are each run once if the task that marks a node, by an atomic exchange, is the one that adds it.
 *
 * @param fn      a function decorated with PARALLEL_DECORATE_TASK whose result type is void; another result type is an
 *                error at compile time
 * @param items   n items to begin with, contiguous, copied when the call begins. A pointer to another type is an error
 *                at compile time. A null pointer of that type is fine if n is 0.
 * @param n       how many; 0 runs nothing
 * @param options as `.name = value`, see parallel_options. A task that is tried again adds again what it adds.
 *                `progress` is told of as many items as are known of so far. `names`: EINVAL. `grain` changes nothing.
 * @return 0 when all items have been run, and those that they have added; or -1 with errno:
 *         - the task's code, after a task failed: without `silent`, no further item is begun, and those that ran have
 *           ended; with it, all are run. The failure is parallel_last_failure(): of several, the one whose item came
 *           first. Its `index` is that of an item of `items`; items that were added have numbers from n on, about in
 *           the order in which they came. Its `arg` points to a copy of the item, valid until this thread's next
 *           call.
 *         - ETIMEDOUT: a task was late, or the call was, past `call_timeout`; then no further item is begun
 *         - ECANCELED: a task makes the call that is cancelled; the same
 *         - EINVAL: items NULL, a bad option, `names`
 *         - ENOMEM: no memory for the items
 *         - ENOTSUP: PARALLEL_PROCESS, as items that processes add would have to come back
 *         Items that are not run are freed with the call.
 *
 * From any thread, and from inside tasks, its own too.
 */
#define parallel_for_each(...)                                                                                         \
    PARALLEL_CALL_3_(PARALLEL_FOR_EACH_, "parallel_for_each(fn, items, n, ...options)", __VA_ARGS__)

/**
 * parallel_for_each_add(fn, item): inside a task of parallel_for_each(), one more item for the same call.
 *
 * It may be run at once by another thread. It may stand before or after the decoration of `fn`.
 *
 * @param fn   the function of that call
 * @param item a pointer to the item, which is copied; to another type than the function's is an error at compile time
 * @return 0; or -1 with errno, and then nothing has been added:
 *         - EINVAL: this is not a task of a parallel_for_each() of `fn`. A call that the task makes, of whatever kind,
 *           has tasks of its own: an item is added by the task itself, or by what it runs with PARALLEL_RUN as far as
 *           no other thread has taken that.
 *         - ENOMEM: no memory. What becomes of the item is up to the task, as by returning ENOMEM.
 *
 * From the task's thread.
 */
#define parallel_for_each_add(fn, item) PARALLEL_FOR_EACH_ADD_(fn, item)

/**
 * What parallel_for_each() is made of: for functions known at run time, and for C++.
 *
 * @param f       without a result; read during the call only
 * @param items   n items of f->arg_size bytes each
 * @param options NULL: none
 * @return as parallel_for_each(); EINVAL also for an incomplete `f`, or one with a result
 */
PARALLEL_API int parallel_for_each_function(const parallel_function *f, const void *items, size_t n,
                                            const parallel_options *options);

/** What parallel_for_each_add() is for these: `f` is the call's function, or a copy of it. */
PARALLEL_API int parallel_for_each_add_function(const parallel_function *f, const void *item);

/** What parallel_for_each_add() is made of: the function itself, as a pointer of that type, and the size of an item. */
PARALLEL_API int parallel_for_each_add_item(void (*function)(void), const void *item, size_t size);

PARALLEL_END_DECLS

#include <libparallel/detail/for_each.h>

#endif
