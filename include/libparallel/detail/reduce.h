/* SPDX-License-Identifier: MIT */
/* The second halves of the macros of reductions: handles, words for numbers, and what the calls check. Nothing here is
 * for programs to use. */
#ifndef LIBPARALLEL_DETAIL_REDUCE_H
#define LIBPARALLEL_DETAIL_REDUCE_H

#include <stdbool.h>
#include <stddef.h>

#include <libparallel/detail/function.h>
#include <libparallel/detail/loop.h>
#include <libparallel/detail/options.h>
#include <libparallel/detail/paste.h>
#include <libparallel/detail/words.h>

/* ---- words ------------------------------------------------------------------------------------------------- */

/* The types of numbers, by size and kind. */
enum {
    PARALLEL_I8_,
    PARALLEL_I16_,
    PARALLEL_I32_,
    PARALLEL_I64_,
    PARALLEL_U8_,
    PARALLEL_U16_,
    PARALLEL_U32_,
    PARALLEL_U64_,
    PARALLEL_F32_,
    PARALLEL_F64_,
    PARALLEL_LONG_DOUBLE_,
    PARALLEL_BOOL_,
    PARALLEL_NUMBERS_
};

#ifndef __cplusplus

/* 0; and an error at compile time, which says so, if `p` does not point to what a word takes. To compilers, integers
 * are of class 1, floating-point numbers of class 8, and bool of 1 or 4. */
#define PARALLEL_OF_NUMBERS_(word, p)                                                                                  \
    PARALLEL_ASSERT_(PARALLEL_IS_CLASS_(p, 0x102) && _Generic((p), _Bool * : 0, _Bool const * : 0, default : 1),       \
                     word " takes numbers, and args are none")
#define PARALLEL_OF_NUMBERS_OR_BOOL_(word, p)                                                                          \
    PARALLEL_ASSERT_(PARALLEL_IS_CLASS_(p, 0x112), word " takes numbers or bool, and args are neither")
#define PARALLEL_OF_INTEGERS_OR_BOOL_(word, p)                                                                         \
    PARALLEL_ASSERT_(PARALLEL_IS_CLASS_(p, 0x12), word " takes integers or bool, and args are neither")
#define PARALLEL_IS_CLASS_(p, classes) ((classes) >> __builtin_classify_type(*(p)) & 1)

/* The operators of words. */
#define PARALLEL_WORD_OF_PARALLEL_PLUS(p)                                                                              \
    &parallel_word_combines[PARALLEL_WORD_PLUS_][PARALLEL_OF_NUMBERS_("PARALLEL_PLUS", p) + PARALLEL_NUMBER_(p)]
#define PARALLEL_WORD_OF_PARALLEL_TIMES(p)                                                                             \
    &parallel_word_combines[PARALLEL_WORD_TIMES_][PARALLEL_OF_NUMBERS_("PARALLEL_TIMES", p) + PARALLEL_NUMBER_(p)]
#define PARALLEL_WORD_OF_PARALLEL_MIN(p)                                                                               \
    &parallel_word_combines[PARALLEL_WORD_MIN_]                                                                        \
                           [PARALLEL_OF_NUMBERS_OR_BOOL_("PARALLEL_MIN", p) + PARALLEL_NUMBER_OR_BOOL_(p)]
#define PARALLEL_WORD_OF_PARALLEL_MAX(p)                                                                               \
    &parallel_word_combines[PARALLEL_WORD_MAX_]                                                                        \
                           [PARALLEL_OF_NUMBERS_OR_BOOL_("PARALLEL_MAX", p) + PARALLEL_NUMBER_OR_BOOL_(p)]
#define PARALLEL_WORD_OF_PARALLEL_AND(p)                                                                               \
    &parallel_word_combines[PARALLEL_WORD_AND_]                                                                        \
                           [PARALLEL_OF_INTEGERS_OR_BOOL_("PARALLEL_AND", p) + PARALLEL_INTEGER_OR_BOOL_(p)]
#define PARALLEL_WORD_OF_PARALLEL_OR(p)                                                                                \
    &parallel_word_combines[PARALLEL_WORD_OR_]                                                                         \
                           [PARALLEL_OF_INTEGERS_OR_BOOL_("PARALLEL_OR", p) + PARALLEL_INTEGER_OR_BOOL_(p)]
#define PARALLEL_WORD_OF_PARALLEL_XOR(p)                                                                               \
    &parallel_word_combines[PARALLEL_WORD_XOR_]                                                                        \
                           [PARALLEL_OF_INTEGERS_OR_BOOL_("PARALLEL_XOR", p) + PARALLEL_INTEGER_OR_BOOL_(p)]

/* What C's integers are among them: names, as what follows is short in programs that make strings of calls. */
#define PARALLEL_SIZED_KIND_(t, kind8, kind16, kind32, kind64)                                                         \
    (sizeof(t) == 1 ? kind8 : sizeof(t) == 2 ? kind16 : sizeof(t) == 4 ? kind32 : kind64)
#define PARALLEL_SIGNED_KIND_(t) PARALLEL_SIZED_KIND_(t, PARALLEL_I8_, PARALLEL_I16_, PARALLEL_I32_, PARALLEL_I64_)
#define PARALLEL_UNSIGNED_KIND_(t) PARALLEL_SIZED_KIND_(t, PARALLEL_U8_, PARALLEL_U16_, PARALLEL_U32_, PARALLEL_U64_)
enum {
    PARALLEL_CHAR_ = (char)-1 < 0 ? PARALLEL_I8_ : PARALLEL_U8_,
    PARALLEL_SHORT_ = PARALLEL_SIGNED_KIND_(short),
    PARALLEL_INT_ = PARALLEL_SIGNED_KIND_(int),
    PARALLEL_LONG_ = PARALLEL_SIGNED_KIND_(long),
    PARALLEL_USHORT_ = PARALLEL_UNSIGNED_KIND_(short),
    PARALLEL_UINT_ = PARALLEL_UNSIGNED_KIND_(int),
    PARALLEL_ULONG_ = PARALLEL_UNSIGNED_KIND_(long)
};

/* Which of the numbers a pointer points to; of anything else, an error at compile time. */
#define PARALLEL_CASE_(t, kind) t * : kind, t const * : kind
#define PARALLEL_INTEGER_CASES_                                                                                        \
    PARALLEL_CASE_(char, PARALLEL_CHAR_), PARALLEL_CASE_(signed char, PARALLEL_I8_),                                   \
        PARALLEL_CASE_(short, PARALLEL_SHORT_), PARALLEL_CASE_(int, PARALLEL_INT_),                                    \
        PARALLEL_CASE_(long, PARALLEL_LONG_), PARALLEL_CASE_(long long, PARALLEL_I64_),                                \
        PARALLEL_CASE_(unsigned char, PARALLEL_U8_), PARALLEL_CASE_(unsigned short, PARALLEL_USHORT_),                 \
        PARALLEL_CASE_(unsigned, PARALLEL_UINT_), PARALLEL_CASE_(unsigned long, PARALLEL_ULONG_),                      \
        PARALLEL_CASE_(unsigned long long, PARALLEL_U64_)
#define PARALLEL_FLOAT_CASES_                                                                                          \
    PARALLEL_CASE_(float, PARALLEL_F32_), PARALLEL_CASE_(double, PARALLEL_F64_),                                       \
        PARALLEL_CASE_(long double, PARALLEL_LONG_DOUBLE_)
#define PARALLEL_NUMBER_(p) _Generic((p), PARALLEL_INTEGER_CASES_, PARALLEL_FLOAT_CASES_)
#define PARALLEL_NUMBER_OR_BOOL_(p)                                                                                    \
    _Generic((p), PARALLEL_INTEGER_CASES_, PARALLEL_FLOAT_CASES_, PARALLEL_CASE_(_Bool, PARALLEL_BOOL_))
#define PARALLEL_INTEGER_OR_BOOL_(p) _Generic((p), PARALLEL_INTEGER_CASES_, PARALLEL_CASE_(_Bool, PARALLEL_BOOL_))

/* ---- calls ------------------------------------------------------------------------------------------------- */

/* The operator for an array, which is checked. */
#define PARALLEL_COMBINE_OF_(op, args) PARALLEL_CAT_(PARALLEL_COMBINE_OF_, PARALLEL_IS_WORD_(op))(op, args)
#define PARALLEL_COMBINE_OF_0(op, args) &op##__parallel_combine
#define PARALLEL_COMBINE_OF_1(op, args) PARALLEL_WORD_OF_##op(args)

/* `args`, if it points to what the operator takes, const or not; and `acc`, if it points to just that. */
#define PARALLEL_COMBINE_ARGS_(op, args) PARALLEL_CAT_(PARALLEL_COMBINE_ARGS_, PARALLEL_IS_WORD_(op))(op, args)
#define PARALLEL_COMBINE_ARGS_0(op, args)                                                                              \
    PARALLEL_VIEW_(args, op##__parallel_type, "args is to point to what " #op " takes")
#define PARALLEL_COMBINE_ARGS_1(op, args) (args)
#define PARALLEL_COMBINE_ACC_(op, args, acc) PARALLEL_CAT_(PARALLEL_COMBINE_ACC_, PARALLEL_IS_WORD_(op))(op, args, acc)
#define PARALLEL_COMBINE_ACC_0(op, args, acc)                                                                          \
    PARALLEL_POINTER_(acc, op##__parallel_type, "acc, or out, is to point to what " #op " takes, and not to const")
#define PARALLEL_COMBINE_ACC_1(op, args, acc)                                                                          \
    PARALLEL_POINTER_(acc, __typeof__(((void)0, *(args))),                                                             \
                      "acc, or out, is to point to the type of the items, and not to const")

#define PARALLEL_REDUCE_(op_, args_, n_, acc_, ...)                                                                    \
    parallel_reduce_function(PARALLEL_COMBINE_OF_(op_, args_), PARALLEL_COMBINE_ARGS_(op_, args_), (n_),               \
                             PARALLEL_COMBINE_ACC_(op_, args_, acc_), PARALLEL_OPTIONS_(__VA_ARGS__))

/* A handle, of a function or loop that gives what acc points to; which has to be what the operator takes, too. */
#define PARALLEL_GIVES_(fn, handle, acc)                                                                               \
    (&handle + PARALLEL_ASSERT_(_Generic((acc), fn##__parallel_result * : 1, default : 0),                             \
                                "acc is to point to what " #fn " gives"))

#define PARALLEL_MAP_REDUCE_(fn_, op_, args_, n_, acc_, ...)                                                           \
    parallel_map_reduce_function(PARALLEL_GIVES_(fn_, fn_##__parallel_fused, acc_),                                    \
                                 PARALLEL_COMBINE_OF_(op_, (fn_##__parallel_result *)0), PARALLEL_ARGS_(fn_, args_),   \
                                 (n_), PARALLEL_COMBINE_ACC_(op_, (fn_##__parallel_result *)0, acc_),                  \
                                 PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_LOOP_REDUCE_CALL_(fn_, op_, begin_, end_, captures_, acc_, ...)                                       \
    PARALLEL_CAT_(PARALLEL_LOOP_REDUCE_RUN_, PARALLEL_IN_PARENTHESES_(captures_))                                      \
    (fn_, op_, begin_, end_, captures_, acc_, __VA_ARGS__)
#define PARALLEL_LOOP_REDUCE_RUN_0(fn_, ...) PARALLEL_LOOP_RUN_0(fn_, ~)
#define PARALLEL_LOOP_REDUCE_RUN_1(fn_, op_, begin_, end_, captures_, acc_, ...)                                       \
    parallel_loop_reduce_function(                                                                                     \
        PARALLEL_GIVES_(fn_, fn_##__parallel_loop, acc_), PARALLEL_COMBINE_OF_(op_, (fn_##__parallel_result *)0),      \
        (begin_), (end_),                                                                                              \
        PARALLEL_LOOP_CHECK_COUNT_(fn_, captures_) + (fn_##__parallel_in[1]){fn_##__parallel_capture captures_} +      \
            PARALLEL_LOOP_CHECK_(fn_, captures_),                                                                      \
        PARALLEL_COMBINE_ACC_(op_, (fn_##__parallel_result *)0, acc_), PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_FOLD_(fold_, args_, n_, acc_, ...)                                                                    \
    parallel_fold_function(                                                                                            \
        &fold_##__parallel_fold,                                                                                       \
        PARALLEL_VIEW_(args_, fold_##__parallel_item, "args is to point to what " #fold_ " adds"), (n_),               \
        PARALLEL_POINTER_(acc_, fold_##__parallel_acc, "acc is to point to what " #fold_ " adds to"),                  \
        PARALLEL_OPTIONS_(__VA_ARGS__))

/* ---- loops that give values -------------------------------------------------------------------------------- */

/* As PARALLEL_LOOP_EACH_ (detail/loop.h), which says why the loop stands in a function of its own. */
#define PARALLEL_LOOP_VALUES_(type_and_name, i, count, members, named, typed, params, packed, passed, taken)           \
    PARALLEL_LOOP_VALUES__(PARALLEL_OPEN_ type_and_name, i, count, members, named, typed, params, packed, passed, taken)
#define PARALLEL_LOOP_VALUES__(...) PARALLEL_LOOP_VALUES___(__VA_ARGS__)
#define PARALLEL_LOOP_VALUES___(type, fn, i, count, members, named, typed, params, packed, passed, taken)              \
    PARALLEL_LOOP_CAPTURES_(fn, count, members, params, packed)                                                        \
    typedef __typeof__(type) fn##__parallel_result;                                                                    \
    __attribute__((unused)) static inline fn##__parallel_result fn##__parallel_body(ptrdiff_t PARALLEL_OPEN_ typed);   \
    __attribute__((noinline, unused)) static void fn##__parallel_range(                                                \
        ptrdiff_t pl_begin, ptrdiff_t pl_end, fn##__parallel_result *restrict pl_results PARALLEL_OPEN_ typed)         \
    {                                                                                                                  \
        for (ptrdiff_t pl_i = pl_begin; pl_i < pl_end; pl_i++)                                                         \
            pl_results[pl_i - pl_begin] = fn##__parallel_body(pl_i PARALLEL_OPEN_ passed);                             \
    }                                                                                                                  \
    __attribute__((unused)) static void fn##__parallel_chunk(const void *pl_captures, ptrdiff_t pl_begin,              \
                                                             ptrdiff_t pl_end, void *pl_results)                       \
    {                                                                                                                  \
        const fn##__parallel_in *pl_in __attribute__((unused)) = (const fn##__parallel_in *)pl_captures;               \
        fn##__parallel_range(pl_begin, pl_end, (fn##__parallel_result *)pl_results PARALLEL_OPEN_ taken);              \
    }                                                                                                                  \
    __attribute__((unused)) static parallel_cost fn##__parallel_cost;                                                  \
    __attribute__((unused)) static const parallel_loop_values fn##__parallel_loop = {                                  \
        .name = #fn,                                                                                                   \
        .size = sizeof(parallel_loop_values),                                                                          \
        .call = fn##__parallel_chunk,                                                                                  \
        .result_size = sizeof(fn##__parallel_result),                                                                  \
        .captures_size = sizeof(fn##__parallel_in),                                                                    \
        .cost = &fn##__parallel_cost,                                                                                  \
    };                                                                                                                 \
    __attribute__((unused)) static inline fn##__parallel_result fn##__parallel_body(                                   \
        ptrdiff_t i __attribute__((unused)) PARALLEL_OPEN_ named)

/* ---- decorations ------------------------------------------------------------------------------------------- */

/* What decorations share: a cost, and options. */
#define PARALLEL_DEFAULTS_(name, ...)                                                                                  \
    __attribute__((unused)) static parallel_cost name##_cost;                                                          \
    __extension__ PARALLEL_IF_ANY_(PARALLEL_ASSERT_NAMED_(__VA_ARGS__), _Static_assert(1, ""), __VA_ARGS__);           \
    __attribute__((unused)) static const parallel_options name##_options = {PARALLEL_SIZED_(__VA_ARGS__)};

/* So many blocks are folded side by side, unless values are large: what one waits for, others do meanwhile. */
#define PARALLEL_COMBINE_LANES_(type) (sizeof(type) <= 32 ? 4 : 1)

#define PARALLEL_DECORATE_COMBINE_(fn, type, ...)                                                                      \
    typedef __typeof__(type) fn##__parallel_type;                                                                      \
    _Static_assert(_Generic(&fn, fn##__parallel_type(*)(fn##__parallel_type, fn##__parallel_type) : 1, default : 0),   \
                   "PARALLEL_DECORATE_COMBINE(" #fn ", ...): the function is to be " #type " " #fn "(" #type           \
                   ", " #type ")");                                                                                    \
    __attribute__((unused)) static void fn##__parallel_fold_parts(void *pl_to, const void *pl_items, size_t pl_n,      \
                                                                  size_t pl_block)                                     \
    {                                                                                                                  \
        enum { pl_lanes = PARALLEL_COMBINE_LANES_(fn##__parallel_type) };                                              \
        const fn##__parallel_type *pl_x = (const fn##__parallel_type *)pl_items;                                       \
        fn##__parallel_type *pl_parts = (fn##__parallel_type *)pl_to;                                                  \
        for (; pl_lanes == 4 && pl_n / 4 >= pl_block; pl_n -= 4 * pl_block) {                                          \
            fn##__parallel_type pl_0 = pl_x[0], pl_1 = pl_x[pl_block], pl_2 = pl_x[2 * pl_block],                      \
                                pl_3 = pl_x[3 * pl_block];                                                             \
            for (size_t pl_i = 1; pl_i < pl_block; pl_i++) {                                                           \
                pl_0 = fn(pl_0, pl_x[pl_i]);                                                                           \
                pl_1 = fn(pl_1, pl_x[pl_i + pl_block]);                                                                \
                pl_2 = fn(pl_2, pl_x[pl_i + 2 * pl_block]);                                                            \
                pl_3 = fn(pl_3, pl_x[pl_i + 3 * pl_block]);                                                            \
            }                                                                                                          \
            *pl_parts++ = pl_0, *pl_parts++ = pl_1, *pl_parts++ = pl_2, *pl_parts++ = pl_3;                            \
            pl_x += 4 * pl_block;                                                                                      \
        }                                                                                                              \
        for (size_t pl_end; pl_n; pl_n -= pl_end, pl_x += pl_end) {                                                    \
            fn##__parallel_type pl_value = pl_x[0];                                                                    \
            pl_end = pl_block < pl_n ? pl_block : pl_n;                                                                \
            for (size_t pl_i = 1; pl_i < pl_end; pl_i++)                                                               \
                pl_value = fn(pl_value, pl_x[pl_i]);                                                                   \
            *pl_parts++ = pl_value;                                                                                    \
        }                                                                                                              \
    }                                                                                                                  \
    __attribute__((unused)) static void fn##__parallel_fold_blocks(void *pl_left, const void *pl_items, size_t pl_n,   \
                                                                   size_t pl_block)                                    \
    {                                                                                                                  \
        enum { pl_lanes = PARALLEL_COMBINE_LANES_(fn##__parallel_type) };                                              \
        const fn##__parallel_type *pl_x = (const fn##__parallel_type *)pl_items;                                       \
        fn##__parallel_type pl_value = *(fn##__parallel_type *)pl_left, pl_parts[pl_lanes];                            \
        size_t pl_end = pl_block < pl_n && pl_block > 1 ? pl_block : pl_n;                                             \
        for (size_t pl_i = 0; pl_i < pl_end; pl_i++)                                                                   \
            pl_value = fn(pl_value, pl_x[pl_i]);                                                                       \
        while (pl_n -= pl_end) {                                                                                       \
            pl_x += pl_end;                                                                                            \
            pl_end = pl_block <= pl_n / pl_lanes ? pl_block * pl_lanes : pl_block < pl_n ? pl_block : pl_n;            \
            fn##__parallel_fold_parts(pl_parts, pl_x, pl_end, pl_block);                                               \
            pl_value = fn(pl_value, pl_parts[0]);                                                                      \
            for (size_t pl_i = 1; pl_i < pl_lanes && pl_end > pl_block; pl_i++)                                        \
                pl_value = fn(pl_value, pl_parts[pl_i]);                                                               \
        }                                                                                                              \
        *(fn##__parallel_type *)pl_left = pl_value;                                                                    \
    }                                                                                                                  \
    __attribute__((unused)) static void fn##__parallel_call(void *pl_left, const void *pl_right)                       \
    {                                                                                                                  \
        fn##__parallel_fold_blocks(pl_left, pl_right, 1, 1);                                                           \
    }                                                                                                                  \
    PARALLEL_SCAN_KERNEL_(fn)                                                                                          \
    PARALLEL_DEFAULTS_(fn##__parallel_combine, __VA_ARGS__)                                                            \
    __attribute__((unused)) static const parallel_combine fn##__parallel_combine = {                                   \
        .name = #fn,                                                                                                   \
        .size = sizeof(parallel_combine),                                                                              \
        .call = fn##__parallel_call,                                                                                   \
        .type_size = sizeof(fn##__parallel_type),                                                                      \
        .type_align = _Alignof(fn##__parallel_type),                                                                   \
        .fold = fn##__parallel_fold_blocks,                                                                            \
        .options = PARALLEL_IF_ANY_(&fn##__parallel_combine_options, (const parallel_options *)0, __VA_ARGS__),        \
        .cost = &fn##__parallel_combine_cost,                                                                          \
        .scan = fn##__parallel_scan,                                                                                   \
        .fold_parts = fn##__parallel_fold_parts,                                                                       \
    }

/* Each item is read before its place in `out`, which may be its own, is written. */
#define PARALLEL_SCAN_EACH_(fn, exclusive_value, value)                                                                \
    for (size_t pl_i = 0; pl_i < pl_n; pl_i++) {                                                                       \
        fn##__parallel_type pl_next = fn(pl_value, pl_x[pl_i]);                                                        \
        pl_out[pl_i] = pl_exclusive ? (exclusive_value) : (value);                                                     \
        pl_value = pl_next;                                                                                            \
    }
#define PARALLEL_SCAN_KERNEL_(fn)                                                                                      \
    __attribute__((unused, always_inline)) static inline void fn##__parallel_scan_items(                               \
        const fn##__parallel_type *pl_prefix, fn##__parallel_type *pl_last, const fn##__parallel_type *pl_x,           \
        fn##__parallel_type *pl_out, size_t pl_n, bool pl_exclusive)                                                   \
    {                                                                                                                  \
        fn##__parallel_type pl_value = *pl_last;                                                                       \
        if (pl_prefix) {                                                                                               \
            fn##__parallel_type pl_before = *pl_prefix;                                                                \
            PARALLEL_SCAN_EACH_(fn, fn(pl_before, pl_value), fn(pl_before, pl_next))                                   \
        } else {                                                                                                       \
            PARALLEL_SCAN_EACH_(fn, pl_value, pl_next)                                                                 \
        }                                                                                                              \
        *pl_last = pl_value;                                                                                           \
    }                                                                                                                  \
    __attribute__((unused)) static void fn##__parallel_scan(                                                           \
        const void *pl_prefix, void *pl_last, const void *pl_items, void *pl_to, size_t pl_n, bool pl_exclusive)       \
    {                                                                                                                  \
        const fn##__parallel_type *pl_x = (const fn##__parallel_type *)pl_items;                                       \
        fn##__parallel_type *pl_out = (fn##__parallel_type *)pl_to;                                                    \
        if (!pl_x) {                                                                                                   \
            fn##__parallel_type pl_before = *(const fn##__parallel_type *)pl_prefix;                                   \
            for (size_t pl_i = 0; pl_i < pl_n; pl_i++)                                                                 \
                pl_out[pl_i] = fn(pl_before, pl_out[pl_i]);                                                            \
        } else if (pl_exclusive)                                                                                       \
            fn##__parallel_scan_items((const fn##__parallel_type *)pl_prefix, (fn##__parallel_type *)pl_last, pl_x,    \
                                      pl_out, pl_n, true);                                                             \
        else                                                                                                           \
            fn##__parallel_scan_items((const fn##__parallel_type *)pl_prefix, (fn##__parallel_type *)pl_last, pl_x,    \
                                      pl_out, pl_n, false);                                                            \
    }

#define PARALLEL_DECORATE_FOLD_(fn, combine_, acc_t, arg_t, ...)                                                       \
    typedef __typeof__(acc_t) fn##__parallel_acc;                                                                      \
    typedef __typeof__(arg_t) fn##__parallel_item;                                                                     \
    _Static_assert(_Generic(&fn, void (*)(fn##__parallel_acc *, const fn##__parallel_item *) : 1, default : 0),        \
                   "PARALLEL_DECORATE_FOLD(" #fn ", ...): the function is to be void " #fn "(" #acc_t                  \
                   " *, const " #arg_t " *)");                                                                         \
    _Static_assert(_Generic(&combine_, void (*)(fn##__parallel_acc *, const fn##__parallel_acc *) : 1, default : 0),   \
                   "PARALLEL_DECORATE_FOLD(" #fn ", ...): what combines is to be void " #combine_ "(" #acc_t           \
                   " *, const " #acc_t " *)");                                                                         \
    __attribute__((unused)) static void fn##__parallel_fold_items(void *pl_acc, const void *pl_items, size_t pl_n)     \
    {                                                                                                                  \
        for (size_t pl_i = 0; pl_i < pl_n; pl_i++)                                                                     \
            fn((fn##__parallel_acc *)pl_acc, (const fn##__parallel_item *)pl_items + pl_i);                            \
    }                                                                                                                  \
    __attribute__((unused)) static void fn##__parallel_add(void *pl_acc, const void *pl_item)                          \
    {                                                                                                                  \
        fn((fn##__parallel_acc *)pl_acc, (const fn##__parallel_item *)pl_item);                                        \
    }                                                                                                                  \
    __attribute__((unused)) static void fn##__parallel_join(void *pl_acc, const void *pl_right)                        \
    {                                                                                                                  \
        combine_((fn##__parallel_acc *)pl_acc, (const fn##__parallel_acc *)pl_right);                                  \
    }                                                                                                                  \
    PARALLEL_DEFAULTS_(fn##__parallel_fold, __VA_ARGS__)                                                               \
    __attribute__((unused)) static const parallel_folding fn##__parallel_fold = {                                      \
        .name = #fn,                                                                                                   \
        .size = sizeof(parallel_folding),                                                                              \
        .call = fn##__parallel_add,                                                                                    \
        .combine = fn##__parallel_join,                                                                                \
        .acc_size = sizeof(fn##__parallel_acc),                                                                        \
        .arg_size = sizeof(fn##__parallel_item),                                                                       \
        .acc_align = _Alignof(fn##__parallel_acc),                                                                     \
        .fold = fn##__parallel_fold_items,                                                                             \
        .options = PARALLEL_IF_ANY_(&fn##__parallel_fold_options, (const parallel_options *)0, __VA_ARGS__),           \
        .cost = &fn##__parallel_fold_cost,                                                                             \
    }

#endif /* !__cplusplus */

#endif
