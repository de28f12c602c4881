/* SPDX-License-Identifier: MIT */
/* The loops that decorations compile around their functions: the range kernels. Nothing here is for programs to use. */
#ifndef LIBPARALLEL_DETAIL_KERNEL_H
#define LIBPARALLEL_DETAIL_KERNEL_H

#ifndef __cplusplus

#include <stdatomic.h>
#include <stddef.h>

#include <libparallel/detail/check.h>
#include <libparallel/detail/paste.h>

/* The range kernel. Its own names all begin with pl_, so that `fn` may have any other. */
#define PARALLEL_KERNEL_(fn, result_t) PARALLEL_CAT_(PARALLEL_KERNEL_, PARALLEL_IS_VOID_(result_t))(fn)

/* Of a function with a value ... */
#define PARALLEL_KERNEL_0(fn)                                                                                          \
    __attribute__((unused)) static size_t fn##__parallel_kernel(parallel_span *pl_span, size_t pl_begin,               \
                                                                size_t pl_end)                                         \
    {                                                                                                                  \
        fn##__parallel_arg const *pl_args = (fn##__parallel_arg const *)pl_span->args;                                 \
        fn##__parallel_result *pl_results = (fn##__parallel_result *)pl_span->results;                                 \
        PARALLEL_CHECK_ARG_(fn)                                                                                        \
        PARALLEL_CHECK_VALUE_(fn)                                                                                      \
        for (size_t pl_i = pl_begin; pl_i < pl_end; pl_i++)                                                            \
            pl_results[pl_i] = fn(pl_args[pl_i]);                                                                      \
        return pl_end;                                                                                                 \
    }

/* For processes: if the function crashes, it is known where. The barrier keeps the note before what belongs to the
 * call; so this loop is not vectorised. */
#define PARALLEL_STEP_(fn, result_t) PARALLEL_CAT_(PARALLEL_STEP_, PARALLEL_IS_VOID_(result_t))(fn)
#define PARALLEL_NOTE_(span, i)                                                                                        \
    *(volatile size_t *)&(span)->index = (i);                                                                          \
    __asm__ __volatile__("" ::: "memory");

#define PARALLEL_STEP_0(fn)                                                                                            \
    __attribute__((unused)) static size_t fn##__parallel_step(parallel_span *pl_span, size_t pl_begin, size_t pl_end)  \
    {                                                                                                                  \
        fn##__parallel_arg const *pl_args = (fn##__parallel_arg const *)pl_span->args;                                 \
        fn##__parallel_result *pl_results = (fn##__parallel_result *)pl_span->results;                                 \
        for (size_t pl_i = pl_begin; pl_i < pl_end; pl_i++) {                                                          \
            /* X2 relaxed: as X1; pairs with E2 in src/sched/stop.c */                                                 \
            if (atomic_load_explicit((_Atomic int *)pl_span->stop, memory_order_relaxed))                              \
                return pl_i;                                                                                           \
            PARALLEL_NOTE_(pl_span, pl_i)                                                                              \
            pl_results[pl_i] = fn(pl_args[pl_i]);                                                                      \
        }                                                                                                              \
        return pl_end;                                                                                                 \
    }

#define PARALLEL_STEP_1(fn)                                                                                            \
    __attribute__((unused)) static size_t fn##__parallel_step(parallel_span *pl_span, size_t pl_begin, size_t pl_end)  \
    {                                                                                                                  \
        fn##__parallel_arg const *pl_args = (fn##__parallel_arg const *)pl_span->args;                                 \
        for (size_t pl_i = pl_begin; pl_i < pl_end; pl_i++) {                                                          \
            /* X3 relaxed: as X1; pairs with E2 in src/sched/stop.c */                                                 \
            if (atomic_load_explicit((_Atomic int *)pl_span->stop, memory_order_relaxed))                              \
                return pl_i;                                                                                           \
            PARALLEL_NOTE_(pl_span, pl_i)                                                                              \
            fn(pl_args[pl_i]);                                                                                         \
        }                                                                                                              \
        return pl_end;                                                                                                 \
    }

/* ... of one called for its effect ... */
#define PARALLEL_KERNEL_1(fn)                                                                                          \
    __attribute__((unused)) static size_t fn##__parallel_kernel(parallel_span *pl_span, size_t pl_begin,               \
                                                                size_t pl_end)                                         \
    {                                                                                                                  \
        fn##__parallel_arg const *pl_args = (fn##__parallel_arg const *)pl_span->args;                                 \
        PARALLEL_CHECK_ARG_(fn)                                                                                        \
        for (size_t pl_i = pl_begin; pl_i < pl_end; pl_i++)                                                            \
            fn(pl_args[pl_i]);                                                                                         \
        return pl_end;                                                                                                 \
    }

/* ... and of one that can fail. */
#define PARALLEL_SLOT_0(results, i) (results) + (i)
#define PARALLEL_SLOT_1(results, i) (results)
#define PARALLEL_TASK_KERNEL_(fn, slot)                                                                                \
    __attribute__((unused)) static size_t fn##__parallel_kernel(parallel_span *pl_span, size_t pl_begin,               \
                                                                size_t pl_end)                                         \
    {                                                                                                                  \
        fn##__parallel_arg const *pl_args = (fn##__parallel_arg const *)pl_span->args;                                 \
        fn##__parallel_result *pl_results = (fn##__parallel_result *)pl_span->results;                                 \
        PARALLEL_CHECK_CODE_(fn, "PARALLEL_DECORATE_TASK", fn(pl_span->stop, pl_span->extras, pl_span->results),       \
                             PARALLEL_OF_TASK_)                                                                        \
        for (size_t pl_i = pl_begin; pl_i < pl_end; pl_i++) {                                                          \
            /* X1 relaxed: a hint that no task need start any more; pairs with E2 in src/sched/stop.c */               \
            if (atomic_load_explicit((_Atomic int *)pl_span->stop, memory_order_relaxed))                              \
                return pl_i;                                                                                           \
            *(volatile size_t *)&pl_span->index = pl_i;                                                                \
            pl_span->code = fn(pl_args + pl_i, slot(pl_results, pl_i), pl_span->extras);                               \
            if (pl_span->code)                                                                                         \
                return pl_i;                                                                                           \
        }                                                                                                              \
        return pl_end;                                                                                                 \
    }

/* ... or of one that treats all of them at once. */
#define PARALLEL_SPLIT_KERNEL_(fn, slot)                                                                               \
    __attribute__((unused)) static size_t fn##__parallel_kernel(parallel_span *pl_span, size_t pl_begin,               \
                                                                size_t pl_end)                                         \
    {                                                                                                                  \
        fn##__parallel_arg const *pl_args = (fn##__parallel_arg const *)pl_span->args;                                 \
        fn##__parallel_result *pl_results = (fn##__parallel_result *)pl_span->results;                                 \
        PARALLEL_CHECK_CODE_(fn, "PARALLEL_DECORATE_SPLIT",                                                            \
                             fn(pl_span->stop, pl_begin, pl_span->extras, pl_span->results), PARALLEL_OF_SPLIT_)       \
        PARALLEL_NOTE_(pl_span, pl_begin)                                                                              \
        pl_span->code = fn(pl_args + pl_begin, pl_end - pl_begin, slot(pl_results, pl_begin), pl_span->extras);        \
        return pl_span->code ? pl_begin : pl_end;                                                                      \
    }

#endif /* !__cplusplus */

#endif
