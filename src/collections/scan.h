/* SPDX-License-Identifier: MIT */
/* Scans: what the exported functions do, with the executors that there are. */
#ifndef PL_COLLECTIONS_SCAN_H
#define PL_COLLECTIONS_SCAN_H

#include <libparallel/scan.h>

#include "call/options.h"

/* `acc` is NULL for an inclusive one. */
int pl_scan_into(const parallel_combine *op, const void *args, size_t n, void *out, void *acc,
                 const parallel_options *options, const pl_request *request);

parallel_results *pl_scan(const parallel_combine *op, const void *args, size_t n, const parallel_options *options,
                          const pl_request *request);

#endif
