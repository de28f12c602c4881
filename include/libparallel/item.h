/* SPDX-License-Identifier: MIT */
/* One task that has ended. */
#ifndef LIBPARALLEL_ITEM_H
#define LIBPARALLEL_ITEM_H

#include <libparallel/base.h>
#include <libparallel/failure.h>

/** A task that has ended, as it is given to who takes results while others still run. Where it comes from says how long
 * what it points to lives. */
typedef struct parallel_item {
    size_t index;                    /**< which task: args[index] */
    const void *arg;                 /**< its argument, in the caller's memory */
    const void *result;              /**< its result; NULL: it has failed, or its function gives none */
    const parallel_failure *failure; /**< why it has failed; NULL: it has not */
} parallel_item;

#endif
