/* SPDX-License-Identifier: MIT */
/* What PARALLEL_DECORATE_FLAT defines, and the second half of the macro of flat maps. Nothing here is for programs to
 * use. */
#ifndef LIBPARALLEL_DETAIL_FLAT_MAP_H
#define LIBPARALLEL_DETAIL_FLAT_MAP_H

#ifndef __cplusplus

#include <stddef.h>

#include <libparallel/detail/options.h>
#include <libparallel/detail/reduce.h>

#define PARALLEL_DECORATE_FLAT_(fn, arg_t, result_t, ...)                                                              \
    typedef __typeof__(arg_t) fn##__parallel_flat_arg;                                                                 \
    typedef __typeof__(result_t) fn##__parallel_flat_result;                                                           \
    _Static_assert(_Generic(&fn, size_t(*)(fn##__parallel_flat_arg const *, fn##__parallel_flat_result *, size_t) : 1, \
                            default : 0),                                                                              \
                   "PARALLEL_DECORATE_FLAT(" #fn ", ...): the function is to be size_t " #fn "(const " #arg_t          \
                   " *, " #result_t " *, size_t)");                                                                    \
    __attribute__((unused)) static size_t fn##__parallel_flat_run(const void *pl_args, size_t pl_n, void *pl_to,       \
                                                                  size_t pl_room, size_t *pl_done, size_t *pl_wants)   \
    {                                                                                                                  \
        fn##__parallel_flat_arg const *pl_arg = (fn##__parallel_flat_arg const *)pl_args;                              \
        fn##__parallel_flat_result *pl_out = (fn##__parallel_flat_result *)pl_to;                                      \
        size_t pl_i = 0, pl_used = 0;                                                                                  \
        for (; pl_i < pl_n; pl_i++) {                                                                                  \
            size_t pl_has = fn(&pl_arg[pl_i], pl_out + pl_used, pl_room - pl_used);                                    \
            if (pl_has > pl_room - pl_used) {                                                                          \
                *pl_wants = pl_has;                                                                                    \
                break;                                                                                                 \
            }                                                                                                          \
            pl_used += pl_has;                                                                                         \
        }                                                                                                              \
        *pl_done = pl_i;                                                                                               \
        return pl_used;                                                                                                \
    }                                                                                                                  \
    __attribute__((unused)) static size_t fn##__parallel_flat_call(const void *pl_arg, void *pl_out, size_t pl_room)   \
    {                                                                                                                  \
        return fn((fn##__parallel_flat_arg const *)pl_arg, (fn##__parallel_flat_result *)pl_out, pl_room);             \
    }                                                                                                                  \
    PARALLEL_DEFAULTS_(fn##__parallel_flat, __VA_ARGS__)                                                               \
    __attribute__((unused)) static const parallel_flat fn##__parallel_flat = {                                         \
        .name = #fn,                                                                                                   \
        .size = sizeof(parallel_flat),                                                                                 \
        .call = fn##__parallel_flat_call,                                                                              \
        .arg_size = sizeof(fn##__parallel_flat_arg),                                                                   \
        .result_size = sizeof(fn##__parallel_flat_result),                                                             \
        .arg_align = _Alignof(fn##__parallel_flat_arg),                                                                \
        .result_align = _Alignof(fn##__parallel_flat_result),                                                          \
        .run = fn##__parallel_flat_run,                                                                                \
        .options = PARALLEL_IF_ANY_(&fn##__parallel_flat_options, (const parallel_options *)0, __VA_ARGS__),           \
        .cost = &fn##__parallel_flat_cost,                                                                             \
    }

#define PARALLEL_FLAT_MAP_(fn_, args_, n_, ...)                                                                        \
    parallel_flat_map_function(                                                                                        \
        &fn_##__parallel_flat,                                                                                         \
        PARALLEL_VIEW_(args_, fn_##__parallel_flat_arg, "args is to point to what " #fn_ " takes"), (n_),              \
        PARALLEL_OPTIONS_(__VA_ARGS__))

#endif /* !__cplusplus */

#endif
