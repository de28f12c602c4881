/* SPDX-License-Identifier: MIT */
/* The loops that decorations compile around their functions: the range kernels. Nothing here is for programs to use. */
#ifndef LIBPARALLEL_DETAIL_KERNEL_H
#define LIBPARALLEL_DETAIL_KERNEL_H

#ifndef __cplusplus

#include <stdatomic.h>
#include <stddef.h>

#include <libparallel/detail/check.h>
#include <libparallel/detail/paste.h>
#include <libparallel/detail/words.h>
#include <libparallel/function.h>

/* The range kernel. Its own names all begin with pl_, so that `fn` may have any other. */
#define PARALLEL_KERNEL_(fn, result_t) PARALLEL_CAT_(PARALLEL_KERNEL_, PARALLEL_IS_VOID_(result_t))(fn)

/*
 * Of a function with a value. Two loops, since compilers want to know how arguments and results overlap where the
 * function has a loop of its own, and they would vectorise across items: they check that at run time for innermost
 * loops only. Results are in another array than arguments, or in the same (map.h); so one has pointers that do not
 * overlap, and the other a single one. Both are inlined into the kernel: gcc keeps what a parameter says.
 */
#define PARALLEL_KERNEL_0(fn)                                                                                          \
    __attribute__((unused)) static inline void fn##__parallel_apart(                                                   \
        fn##__parallel_arg const *__restrict pl_args, fn##__parallel_result *__restrict pl_results, size_t pl_n)       \
    {                                                                                                                  \
        PARALLEL_CHECK_ARG_(fn)                                                                                        \
        PARALLEL_CHECK_VALUE_(fn)                                                                                      \
        for (size_t pl_i = 0; pl_i < pl_n; pl_i++)                                                                     \
            pl_results[pl_i] = fn(pl_args[pl_i]);                                                                      \
    }                                                                                                                  \
    __attribute__((unused)) static inline void fn##__parallel_in_place(fn##__parallel_result *pl_results, size_t pl_n) \
    {                                                                                                                  \
        for (size_t pl_i = 0; pl_i < pl_n; pl_i++)                                                                     \
            pl_results[pl_i] = fn(((fn##__parallel_arg const *)pl_results)[pl_i]);                                     \
    }                                                                                                                  \
    __attribute__((unused)) static size_t fn##__parallel_kernel(parallel_span *pl_span, size_t pl_begin,               \
                                                                size_t pl_end)                                         \
    {                                                                                                                  \
        fn##__parallel_arg const *pl_args = (fn##__parallel_arg const *)pl_span->args;                                 \
        fn##__parallel_result *pl_results = (fn##__parallel_result *)pl_span->results;                                 \
        if (__builtin_types_compatible_p(fn##__parallel_arg, fn##__parallel_result) &&                                 \
            pl_span->args == pl_span->results)                                                                         \
            fn##__parallel_in_place(pl_results + pl_begin, pl_end - pl_begin);                                         \
        else                                                                                                           \
            fn##__parallel_apart(pl_args + pl_begin, pl_results + pl_begin, pl_end - pl_begin);                        \
        return pl_end;                                                                                                 \
    }

/* Of one whose value is an integer or bool, for reductions by words, and for counts and searches: folds the values as
 * they come. Of others it is never called. Programs that need none have none, as nothing refers to it. */
#define PARALLEL_FUSED_0(fn)                                                                                           \
    __attribute__((unused)) static void fn##__parallel_fused_kernel(void *pl_acc, const void *pl_items, size_t pl_n,   \
                                                                    int pl_word)                                       \
    {                                                                                                                  \
        typedef __typeof__(PARALLEL_INTEGER_OF_(fn##__parallel_result)) pl_plain;                                      \
        typedef __typeof__(PARALLEL_UNSIGNED_OF_(fn##__parallel_result)) pl_wrapping;                                  \
        fn##__parallel_arg const *pl_args = (fn##__parallel_arg const *)pl_items;                                      \
        switch (pl_word) {                                                                                             \
            PARALLEL_FUSED_BY_(fn, PARALLEL_WORD_PLUS_, pl_wrapping, (pl_wrapping)(pl_value + pl_next))                \
            PARALLEL_FUSED_BY_(fn, PARALLEL_WORD_TIMES_, pl_wrapping, (pl_wrapping)(1u * pl_value * pl_next))          \
            PARALLEL_FUSED_BY_(fn, PARALLEL_WORD_MIN_, pl_plain, (pl_plain)(pl_next < pl_value ? pl_next : pl_value))  \
            PARALLEL_FUSED_BY_(fn, PARALLEL_WORD_MAX_, pl_plain, (pl_plain)(pl_next > pl_value ? pl_next : pl_value))  \
            PARALLEL_FUSED_BY_(fn, PARALLEL_WORD_AND_, pl_wrapping, (pl_wrapping)(pl_value & pl_next))                 \
            PARALLEL_FUSED_BY_(fn, PARALLEL_WORD_OR_, pl_wrapping, (pl_wrapping)(pl_value | pl_next))                  \
            PARALLEL_FUSED_BY_(fn, PARALLEL_WORD_XOR_, pl_wrapping, (pl_wrapping)(pl_value ^ pl_next))                 \
            PARALLEL_FUSED_BY_(fn, PARALLEL_COUNT_TRUE_, unsigned, pl_value + (pl_next != 0))                          \
            PARALLEL_FUSED_FIND_(fn, PARALLEL_FIND_TRUE_, pl_i, 1)                                                     \
            PARALLEL_FUSED_FIND_(fn, PARALLEL_FIND_FALSE_, pl_i, 0)                                                    \
            PARALLEL_FUSED_FIND_(fn, PARALLEL_FIND_LAST_, pl_n - 1 - pl_i, 1)                                          \
        default:                                                                                                       \
            break;                                                                                                     \
        }                                                                                                              \
    }
#define PARALLEL_FUSED_1(fn)
#define PARALLEL_FUSED_(fn, result_t) PARALLEL_CAT_(PARALLEL_FUSED_, PARALLEL_IS_VOID_(result_t))(fn)
#define PARALLEL_FUSED_KERNEL_(fn, result_t) PARALLEL_CAT_(PARALLEL_FUSED_KERNEL_, PARALLEL_IS_VOID_(result_t))(fn)
#define PARALLEL_FUSED_KERNEL_0(fn) fn##__parallel_fused_kernel
#define PARALLEL_FUSED_KERNEL_1(fn) 0
#define PARALLEL_FUSED_BY_(fn, word, type, combined)                                                                   \
    case word: {                                                                                                       \
        type pl_value = *(type *)pl_acc;                                                                               \
        for (size_t pl_i = 0; pl_i < pl_n; pl_i++) {                                                                   \
            fn##__parallel_result pl_result = fn(pl_args[pl_i]);                                                       \
            type pl_next = (type)PARALLEL_INTEGER_(pl_result);                                                         \
            pl_value = combined;                                                                                       \
        }                                                                                                              \
        *(type *)pl_acc = pl_value;                                                                                    \
        break;                                                                                                         \
    }

/* The loop that a search equals; only predicates have it. */
#define PARALLEL_FUSED_FIND_(fn, word, index, sought)                                                                  \
    case word:                                                                                                         \
        if (__builtin_types_compatible_p(fn##__parallel_result, _Bool)) {                                              \
            size_t pl_i = 0;                                                                                           \
            for (; pl_i < pl_n; pl_i++) {                                                                              \
                fn##__parallel_result pl_result = fn(pl_args[index]);                                                  \
                if ((PARALLEL_INTEGER_(pl_result) != 0) == (sought))                                                   \
                    break;                                                                                             \
            }                                                                                                          \
            *(size_t *)pl_acc = pl_i;                                                                                  \
        }                                                                                                              \
        break;

/* A value, if it is an integer or bool, else 0; and zeros of its type, and of the unsigned one of its size. */
#define PARALLEL_INTEGER_(x)                                                                                           \
    _Generic((x), char                                                                                                 \
             : (x), signed char                                                                                        \
             : (x), unsigned char                                                                                      \
             : (x), short                                                                                              \
             : (x), unsigned short                                                                                     \
             : (x), int                                                                                                \
             : (x), unsigned                                                                                           \
             : (x), long                                                                                               \
             : (x), unsigned long                                                                                      \
             : (x), long long                                                                                          \
             : (x), unsigned long long                                                                                 \
             : (x), _Bool                                                                                              \
             : (x), default                                                                                            \
             : (unsigned char)0)
#define PARALLEL_INTEGER_OF_(type)                                                                                     \
    _Generic(*(type *)0, char                                                                                          \
             : (char)0, signed char                                                                                    \
             : (signed char)0, unsigned char                                                                           \
             : (unsigned char)0, short                                                                                 \
             : (short)0, unsigned short                                                                                \
             : (unsigned short)0, int : 0, unsigned : 0u, long : 0l, unsigned long : 0ul, long long : 0ll,             \
               unsigned long long : 0ull, _Bool                                                                        \
             : (_Bool)0, default                                                                                       \
             : (unsigned char)0)
#define PARALLEL_UNSIGNED_OF_(type)                                                                                    \
    _Generic(*(type *)0, short                                                                                         \
             : (unsigned short)0, unsigned short                                                                       \
             : (unsigned short)0, int : 0u, unsigned : 0u, long : 0ul, unsigned long : 0ul, long long : 0ull,          \
               unsigned long long : 0ull, default                                                                      \
             : (unsigned char)0)

/* Notes which item is next: in worker processes it is known by that where a function has crashed. The fence keeps the
 * note before what belongs to the item; so a loop that has it is not vectorised. */
static inline __attribute__((always_inline)) void parallel_span_note(parallel_span *span, size_t i)
{
    /* X2 relaxed: before the fence; pairs with Y18 */
    atomic_store_explicit((_Atomic size_t *)&span->index, i, memory_order_relaxed);
    /* X3 seq_cst: the light side of an asymmetric fence, for the compiler alone; pairs with Y18 */
    atomic_signal_fence(memory_order_seq_cst);
}

/* Whether the next item may begin. Noted before, so that others know which are left if this thread is held up
 * (src/sched/watch.h). */
static inline __attribute__((always_inline)) _Bool parallel_span_begins(parallel_span *span, size_t i)
{
    parallel_span_note(span, i);
    /* X1 relaxed: a hint, or by the fence more than that; pairs with E2, Y12 */
    return !atomic_load_explicit((_Atomic int *)span->stop, memory_order_relaxed);
}

#define PARALLEL_STEP_(fn, result_t) PARALLEL_CAT_(PARALLEL_STEP_, PARALLEL_IS_VOID_(result_t))(fn)
#define PARALLEL_STEP_0(fn)                                                                                            \
    __attribute__((unused)) static size_t fn##__parallel_step(parallel_span *pl_span, size_t pl_begin, size_t pl_end)  \
    {                                                                                                                  \
        fn##__parallel_arg const *pl_args = (fn##__parallel_arg const *)pl_span->args;                                 \
        fn##__parallel_result *pl_results = (fn##__parallel_result *)pl_span->results;                                 \
        for (size_t pl_i = pl_begin; pl_i < pl_end; pl_i++) {                                                          \
            if (!parallel_span_begins(pl_span, pl_i))                                                                  \
                return pl_i;                                                                                           \
            pl_results[pl_i] = fn(pl_args[pl_i]);                                                                      \
        }                                                                                                              \
        return pl_end;                                                                                                 \
    }

#define PARALLEL_STEP_1(fn)                                                                                            \
    __attribute__((unused)) static size_t fn##__parallel_step(parallel_span *pl_span, size_t pl_begin, size_t pl_end)  \
    {                                                                                                                  \
        fn##__parallel_arg const *pl_args = (fn##__parallel_arg const *)pl_span->args;                                 \
        for (size_t pl_i = pl_begin; pl_i < pl_end; pl_i++) {                                                          \
            if (!parallel_span_begins(pl_span, pl_i))                                                                  \
                return pl_i;                                                                                           \
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
            if (!parallel_span_begins(pl_span, pl_i))                                                                  \
                return pl_i;                                                                                           \
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
        parallel_span_note(pl_span, pl_begin);                                                                         \
        pl_span->code = fn(pl_args + pl_begin, pl_end - pl_begin, slot(pl_results, pl_begin), pl_span->extras);        \
        return pl_span->code ? pl_begin : pl_end;                                                                      \
    }

#endif /* !__cplusplus */

#endif
