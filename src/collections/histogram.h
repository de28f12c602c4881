/* SPDX-License-Identifier: MIT */
/*
 * Histograms.
 *
 * Each participant counts in a table of its own, and tables are added up in the end. A table of few counts is there
 * four times, as a count that was stored a moment ago takes a while to be loaded again. Where tables for all would
 * take more room than 8 bytes for each item, the keys are kept, as indices of 4 bytes, and counted when all are there,
 * in the program's own counts (histogram_kept.c).
 */
#ifndef PL_COLLECTIONS_HISTOGRAM_H
#define PL_COLLECTIONS_HISTOGRAM_H

#include <libparallel/histogram.h>

#include "call/options.h"

int pl_histogram(const parallel_function *key, parallel_key type, const void *args, size_t n, void *counts,
                 size_t count_size, size_t k, const parallel_options *options, const pl_request *request);

#endif
