/* SPDX-License-Identifier: MIT */
/* The second half of the macro of groups. Nothing here is for programs to use. */
#ifndef LIBPARALLEL_DETAIL_GROUP_H
#define LIBPARALLEL_DETAIL_GROUP_H

#ifndef __cplusplus

#include <libparallel/detail/function.h>
#include <libparallel/detail/key.h>
#include <libparallel/detail/options.h>

#define PARALLEL_GROUP_(fn_, args_, n_, k_, offsets_, ...)                                                             \
    parallel_group_function(                                                                                           \
        PARALLEL_INDEX_FUNCTION_(fn_, "parallel_group"), PARALLEL_KEY_TYPE_(fn_), PARALLEL_ARGS_(fn_, args_), (n_),    \
        (k_), PARALLEL_POINTER_(offsets_, size_t, "offsets is to point to size_t"), PARALLEL_OPTIONS_(__VA_ARGS__))

#endif /* !__cplusplus */

#endif
