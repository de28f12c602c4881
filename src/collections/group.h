/* SPDX-License-Identifier: MIT */
/*
 * Groups: counting sorts.
 *
 * Keys are kept as indices. A few items are counted and moved by one thread. Many in few groups are moved there at once
 * (group_direct.h). Many in many are split by their indices' highest bits (radix_split.h), and then each bucket is
 * counted and moved by one thread, in its second cache. Items that have no key, as their task has failed, are in one
 * more group, the last.
 */
#ifndef PL_COLLECTIONS_GROUP_H
#define PL_COLLECTIONS_GROUP_H

#include <libparallel/group.h>

#include "call/options.h"

parallel_results *pl_group(const parallel_function *key, parallel_key type, const void *args, size_t n, size_t k,
                           size_t *offsets, const parallel_options *options, const pl_request *request);

#endif
