/* SPDX-License-Identifier: MIT */
/* The second half of the macro of histograms. Nothing here is for programs to use. */
#ifndef LIBPARALLEL_DETAIL_HISTOGRAM_H
#define LIBPARALLEL_DETAIL_HISTOGRAM_H

#ifndef __cplusplus

#include <stdint.h>

#include <libparallel/detail/function.h>
#include <libparallel/detail/key.h>
#include <libparallel/detail/options.h>

/* The size of counts; and an error at compile time if they are neither size_t nor uint32_t. (These may be one type.) */
#define PARALLEL_COUNT_SIZE_(counts)                                                                                   \
    (sizeof *(counts) +                                                                                                \
     PARALLEL_ASSERT_(PARALLEL_IS_(counts, size_t *) || PARALLEL_IS_(counts, uint32_t *),                              \
                      "parallel_histogram(key, args, n, counts, ...): counts are not of type size_t or uint32_t"))

#define PARALLEL_HISTOGRAM_(fn_, args_, n_, counts_, k_, ...)                                                          \
    parallel_histogram_function(PARALLEL_INDEX_FUNCTION_(fn_, "parallel_histogram"), PARALLEL_KEY_TYPE_(fn_),          \
                                PARALLEL_ARGS_(fn_, args_), (n_), (counts_), PARALLEL_COUNT_SIZE_(counts_), (k_),      \
                                PARALLEL_OPTIONS_(__VA_ARGS__))

#endif /* !__cplusplus */

#endif
