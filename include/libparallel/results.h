/* SPDX-License-Identifier: MIT */
/* The ordered, typed vector that a map gives back. */
#ifndef LIBPARALLEL_RESULTS_H
#define LIBPARALLEL_RESULTS_H

#include <libparallel/base.h>
#include <libparallel/failure.h>

PARALLEL_BEGIN_DECLS

/**
 * The results of one call: `result[i]` belongs to `args[i]`, always.
 *
 * The caller owns them and ends them with parallel_results_free() or PARALLEL_SCOPED. Reading them from several
 * threads at once is safe; parallel_replace_failed() and freeing are not to overlap with anything. Every
 * function here takes NULL for an empty vector.
 */
typedef struct parallel_results parallel_results;

/** How many values there are: of a map the `n` of the call, as there is one for each task. */
PARALLEL_API size_t parallel_length(const parallel_results *r);

/**
 * The vector itself: `n` values of the result type, contiguous, aligned as it wants, and to 64 bytes at
 * least (to 64, if `result_align` of a function filled in by hand does not say). Cast it:
 *
 *     const double *v = parallel_values(r);
 *
 * The slot of a failed task is all zero bytes until replaced.
 *
 * @return the vector, owned by `r`; NULL if the result type is void, or n is 0
 */
PARALLEL_API const void *parallel_values(const parallel_results *r);

/**
 * The value of task `i`.
 *
 * @return a pointer into the vector; NULL if task `i` failed or there are no values, and with errno EINVAL if
 *         there is no task `i`
 */
PARALLEL_API const void *parallel_result(const parallel_results *r, size_t i);

/**
 * The value of the task with that name, for a call with `names`; a hash look-up.
 *
 * @return as parallel_result(); NULL with errno ENOENT if no task has that name, or `name` is NULL
 */
PARALLEL_API const void *parallel_get(const parallel_results *r, const char *name);

/** How task `i` ended; PARALLEL_NOT_RUN, with errno EINVAL, if there is no task `i`. */
PARALLEL_API parallel_state parallel_result_state(const parallel_results *r, size_t i);

/** How many tasks did not end in PARALLEL_OK. */
PARALLEL_API size_t parallel_failures(const parallel_results *r);

/**
 * The `k`-th failure in the order of index, for k = 0, 1, ...
 *
 *     const parallel_failure *f;
 *     for (size_t k = 0; (f = parallel_failed(r, k)); k++)
 *         fprintf(stderr, "%zu: %s\n", f->index, f->message);
 *
 * Neighbours that failed alike are kept as one, and a record of each is made when it is asked for: a call of which a
 * hundred million tasks were not run costs no more than another. Any k may be asked for, in any order.
 *
 * @return the failure, owned by `r`, and valid as long as that; NULL when there are no more, or with errno ENOMEM if
 *         there is no memory for the record (errno is left as it is otherwise)
 */
PARALLEL_API const parallel_failure *parallel_failed(const parallel_results *r, size_t k);

/**
 * The indices of the tasks that succeeded, ascending.
 *
 * @param indices room for `max` indices; NULL if max is 0
 * @return how many succeeded; the first `max` of them are stored
 */
PARALLEL_API size_t parallel_succeeded(const parallel_results *r, size_t *indices, size_t max);

/**
 * Puts `*value`, one value of the result type, into the slot of every failed task. The states stay as they are,
 * so parallel_result() is still NULL there. Does nothing if `value` is NULL or the result type void.
 */
PARALLEL_API void parallel_replace_failed(parallel_results *r, const void *value);

/** Ends the results and all that they own. NULL is fine. errno is left as it was. */
PARALLEL_API void parallel_results_free(parallel_results *r);

PARALLEL_END_DECLS

#endif
