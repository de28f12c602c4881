/* SPDX-License-Identifier: MIT */
/* What PARALLEL_LOOP defines, and the second halves of the macros that run loops. Nothing here is for programs to
 * use. */
#ifndef LIBPARALLEL_DETAIL_LOOP_H
#define LIBPARALLEL_DETAIL_LOOP_H

#ifndef __cplusplus

#include <libparallel/detail/check.h>
#include <libparallel/detail/options.h>
#include <libparallel/detail/paste.h>

/* ---- lists of captures ----------------------------------------------------------------------------------- */

/* Gives PARALLEL_LOOP_n_, which calls `make` with n and the n captures in all the forms that it needs: their
 * declarations in a struct; as parameters after others, under the user's names and under ours; as the only parameters;
 * our names as what fills in the struct; the same as arguments after others; and likewise out of a struct. Those that
 * come after others begin with a comma. */
#define PARALLEL_LOOP_MAKE_(make, fn, ...) PARALLEL_LOOP_LIST_(__VA_ARGS__)(make, fn, __VA_ARGS__)
#define PARALLEL_LOOP_LIST_(...)                                                                                       \
    PARALLEL_33RD_(__VA_ARGS__, PARALLEL_LOOP_ODD_5_, PARALLEL_LOOP_ODD_5_, PARALLEL_LOOP_ODD_5_, PARALLEL_LOOP_8_,    \
                   PARALLEL_LOOP_ODD_, PARALLEL_LOOP_7_, PARALLEL_LOOP_ODD_, PARALLEL_LOOP_6_, PARALLEL_LOOP_ODD_,     \
                   PARALLEL_LOOP_5_, PARALLEL_LOOP_ODD_, PARALLEL_LOOP_4_, PARALLEL_LOOP_ODD_, PARALLEL_LOOP_3_,       \
                   PARALLEL_LOOP_ODD_, PARALLEL_LOOP_2_, PARALLEL_LOOP_ODD_, PARALLEL_LOOP_1_, PARALLEL_LOOP_ODD_,     \
                   PARALLEL_LOOP_0_, ~)
#define PARALLEL_LOOP_ODD_5_                                                                                           \
    PARALLEL_LOOP_ODD_, PARALLEL_LOOP_ODD_, PARALLEL_LOOP_ODD_, PARALLEL_LOOP_ODD_, PARALLEL_LOOP_ODD_

/* What is no list of pairs. */
#define PARALLEL_LOOP_ODD_(make, ...)                                                                                  \
    _Static_assert(0, "PARALLEL_LOOP: captures are pairs of a type and a name, 8 at most");                            \
    static void parallel_loop_without_pairs(void)

#define PARALLEL_LOOP_0_(make, fn, i) make(fn, i, 0, (char pl_none;), (), (), (void), (0), (), ())
#define PARALLEL_LOOP_1_(...) PARALLEL_LOOP_FORMS_(PARALLEL_EACH_1_, 1, __VA_ARGS__)
#define PARALLEL_LOOP_2_(...) PARALLEL_LOOP_FORMS_(PARALLEL_EACH_2_, 2, __VA_ARGS__)
#define PARALLEL_LOOP_3_(...) PARALLEL_LOOP_FORMS_(PARALLEL_EACH_3_, 3, __VA_ARGS__)
#define PARALLEL_LOOP_4_(...) PARALLEL_LOOP_FORMS_(PARALLEL_EACH_4_, 4, __VA_ARGS__)
#define PARALLEL_LOOP_5_(...) PARALLEL_LOOP_FORMS_(PARALLEL_EACH_5_, 5, __VA_ARGS__)
#define PARALLEL_LOOP_6_(...) PARALLEL_LOOP_FORMS_(PARALLEL_EACH_6_, 6, __VA_ARGS__)
#define PARALLEL_LOOP_7_(...) PARALLEL_LOOP_FORMS_(PARALLEL_EACH_7_, 7, __VA_ARGS__)
#define PARALLEL_LOOP_8_(...) PARALLEL_LOOP_FORMS_(PARALLEL_EACH_8_, 8, __VA_ARGS__)
#define PARALLEL_LOOP_FORMS_(each, n, make, fn, i, ...)                                                                \
    make(fn, i, n, (each(PARALLEL_LOOP_MEMBER_, PARALLEL_NOTHING_, __VA_ARGS__)),                                      \
         (each(PARALLEL_LOOP_NAMED_, PARALLEL_NOTHING_, __VA_ARGS__)),                                                 \
         (each(PARALLEL_LOOP_TYPED_, PARALLEL_NOTHING_, __VA_ARGS__)),                                                 \
         (each(PARALLEL_LOOP_ONLY_, PARALLEL_COMMA_, __VA_ARGS__)),                                                    \
         (each(PARALLEL_LOOP_PACKED_, PARALLEL_COMMA_, __VA_ARGS__)),                                                  \
         (each(PARALLEL_LOOP_PASSED_, PARALLEL_NOTHING_, __VA_ARGS__)),                                                \
         (each(PARALLEL_LOOP_TAKEN_, PARALLEL_NOTHING_, __VA_ARGS__)))

/* The forms of a capture. */
#define PARALLEL_LOOP_MEMBER_(i, type, name) type pl_##i;
#define PARALLEL_LOOP_NAMED_(i, type, name) , type name
#define PARALLEL_LOOP_TYPED_(i, type, name) , type pl_##i
#define PARALLEL_LOOP_ONLY_(i, type, name) type pl_##i
#define PARALLEL_LOOP_PACKED_(i, type, name) pl_##i
#define PARALLEL_LOOP_PASSED_(i, type, name) , pl_##i
#define PARALLEL_LOOP_TAKEN_(i, type, name) , pl_in->pl_##i

/* ---- definitions ----------------------------------------------------------------------------------------- */

/*
 * The loop stands in a function of its own, `range`, whose parameters the captures are: what `restrict` says of them
 * goes for the whole loop, and not just for one iteration, as it would if the body were all that has them. gcc forgets
 * it where that function is inlined.
 */
#define PARALLEL_LOOP_EACH_(fn, i, count, members, named, typed, params, packed, passed, taken)                        \
    PARALLEL_LOOP_CAPTURES_(fn, count, members, params, packed)                                                        \
    __attribute__((unused)) static inline void fn##__parallel_body(ptrdiff_t PARALLEL_OPEN_ typed);                    \
    __attribute__((noinline, unused)) static void fn##__parallel_range(ptrdiff_t pl_begin,                             \
                                                                       ptrdiff_t pl_end PARALLEL_OPEN_ typed)          \
    {                                                                                                                  \
        for (ptrdiff_t pl_i = pl_begin; pl_i < pl_end; pl_i++)                                                         \
            fn##__parallel_body(pl_i PARALLEL_OPEN_ passed);                                                           \
    }                                                                                                                  \
    PARALLEL_LOOP_HANDLE_(fn, taken)                                                                                   \
    __attribute__((unused)) static inline void fn##__parallel_body(ptrdiff_t i __attribute__((unused))                 \
                                                                   PARALLEL_OPEN_ named)

#define PARALLEL_LOOP_OF_RANGE_(name_and_from, to, count, members, named, typed, params, packed, passed, taken)        \
    PARALLEL_LOOP_OF_RANGE__(PARALLEL_OPEN_ name_and_from, to, count, members, named, typed, params, packed, taken)
#define PARALLEL_LOOP_OF_RANGE__(...) PARALLEL_LOOP_OF_RANGE___(__VA_ARGS__)
#define PARALLEL_LOOP_OF_RANGE___(fn, from, to, count, members, named, typed, params, packed, taken)                   \
    PARALLEL_LOOP_CAPTURES_(fn, count, members, params, packed)                                                        \
    __attribute__((noinline, unused)) static void fn##__parallel_range(ptrdiff_t, ptrdiff_t PARALLEL_OPEN_ typed);     \
    PARALLEL_LOOP_HANDLE_(fn, taken)                                                                                   \
    __attribute__((noinline, unused)) static void fn##__parallel_range(ptrdiff_t from,                                 \
                                                                       ptrdiff_t to PARALLEL_OPEN_ named)

#define PARALLEL_LOOP_CAPTURES_(fn, count_, members, params, packed)                                                   \
    typedef struct {                                                                                                   \
        PARALLEL_OPEN_ members                                                                                         \
    } fn##__parallel_in;                                                                                               \
    enum { fn##__parallel_count = count_ };                                                                            \
    __attribute__((unused)) static inline fn##__parallel_in fn##__parallel_capture params                              \
    {                                                                                                                  \
        return (fn##__parallel_in){PARALLEL_OPEN_ packed};                                                             \
    }

#define PARALLEL_LOOP_HANDLE_(fn, taken)                                                                               \
    __attribute__((unused)) static void fn##__parallel_chunk(const void *pl_captures, ptrdiff_t pl_begin,              \
                                                             ptrdiff_t pl_end)                                         \
    {                                                                                                                  \
        const fn##__parallel_in *pl_in __attribute__((unused)) = (const fn##__parallel_in *)pl_captures;               \
        fn##__parallel_range(pl_begin, pl_end PARALLEL_OPEN_ taken);                                                   \
    }                                                                                                                  \
    __attribute__((unused)) static parallel_cost fn##__parallel_cost;                                                  \
    __attribute__((unused)) static const parallel_loop_body fn##__parallel_loop = {                                    \
        .name = #fn,                                                                                                   \
        .size = sizeof(parallel_loop_body),                                                                            \
        .call = fn##__parallel_chunk,                                                                                  \
        .captures_size = sizeof(fn##__parallel_in),                                                                    \
        .cost = &fn##__parallel_cost,                                                                                  \
    };

/* ---- calls ----------------------------------------------------------------------------------------------- */

#define PARALLEL_LOOP_CALL_(fn, begin_, end_, captures_, ...)                                                          \
    PARALLEL_CAT_(PARALLEL_LOOP_RUN_, PARALLEL_IN_PARENTHESES_(captures_))(fn, begin_, end_, captures_, __VA_ARGS__)
#define PARALLEL_LOOP_RUN_0(fn, ...) PARALLEL_WRONG_CALL_("captures stand in parentheses, as (a, x, y), or ()")
#define PARALLEL_LOOP_RUN_1(fn, begin_, end_, captures_, ...)                                                          \
    parallel_loop_function(PARALLEL_VIEW_(&fn##__parallel_loop, parallel_loop_body,                                    \
                                          "parallel_loop(" #fn ", ...): it is a PARALLEL_LOOP_REDUCE"),                \
                           (begin_), (end_),                                                                           \
                           PARALLEL_LOOP_CHECK_COUNT_(fn, captures_) +                                                 \
                               (fn##__parallel_in[1]){fn##__parallel_capture captures_} +                              \
                               PARALLEL_LOOP_CHECK_(fn, captures_),                                                    \
                           PARALLEL_OPTIONS_(__VA_ARGS__))

/* 1, or 0 if the argument does not begin with them. */
#define PARALLEL_IN_PARENTHESES_(x) PARALLEL_SECOND_(PARALLEL_PARENTHESES_ x, 0, ~)
#define PARALLEL_PARENTHESES_(...) ~, 1

#define PARALLEL_FOR_2D_(rows_, cols_, body_, ctx_, ...)                                                               \
    parallel_for_2d_function(                                                                                          \
        (rows_), (cols_),                                                                                              \
        PARALLEL_BODY_(body_, void (*)(size_t, size_t, size_t, size_t, void *),                                        \
                       "parallel_for_2d(rows, cols, body, ctx): the body is to be void body(size_t row, size_t "       \
                       "row_end, size_t col, size_t col_end, void *ctx)"),                                             \
        (ctx_), PARALLEL_OPTIONS_(__VA_ARGS__))

/*
 * PARALLEL_LOOP_CHECK_(fn, (captures...)) is 0, and an error at compile time if a pointer is not what the loop has: C
 * takes one for another with a warning at most. Numbers are converted, as C does, and other structs are refused, where
 * the captures are packed; a warning there says which pointer it is. All this is short, as programs make strings of
 * calls.
 *
 * With a pointer y, `1 ? x : y` has the type of y if x converts to it: what is no pointer to const becomes one, and not
 * the other way round. A pointer to void is as good in C, but not in that. 5 is what both compilers give for pointers.
 */
#define PARALLEL_LOOP_CHECK_COUNT_(fn, captures)                                                                       \
    PARALLEL_ASSERT_((PARALLEL_LOOP_COUNT_ captures) == fn##__parallel_count,                                          \
                     "parallel_loop(" #fn ", ...): the loop has another number of captures")
#define PARALLEL_LOOP_CHECK_(fn, captures)                                                                             \
    PARALLEL_ASSERT_(PARALLEL_LOOP_FIT_(PARALLEL_CAT_(PARALLEL_LOOP_FIT_, PARALLEL_LOOP_COUNT_ captures), fn,          \
                                        PARALLEL_OPEN_ captures),                                                      \
                     "parallel_loop(" #fn ", ...): a capture is of another type")
#define PARALLEL_LOOP_FIT_(fit, ...) fit(__VA_ARGS__)
#define PARALLEL_LOOP_FITS_(fn, k, x) PARALLEL_LOOP_IS_FOR_(x, ((fn##__parallel_in *)0)->pl_##k)
#define PARALLEL_LOOP_IS_FOR_(x, y)                                                                                    \
    (__builtin_classify_type(x) == 5) == (__builtin_classify_type(y) == 5) &&                                          \
        (__builtin_classify_type(y) != 5 || __builtin_types_compatible_p(__typeof__(1 ? (x) : y), __typeof__(y)) ||    \
         __builtin_types_compatible_p(__typeof__(x), void *))

/* How many captures a call has, 9 if they are more than 8. PARALLEL_LOOP_FIT_n checks n of them, of which the first is
 * number n. */
#define PARALLEL_LOOP_COUNT_(...)                                                                                      \
    PARALLEL_HOW_MANY_(PARALLEL_CAT_(PARALLEL_LOOP_ONE_IF_, PARALLEL_IS_EMPTY_(PARALLEL_FIRST_(__VA_ARGS__, ~))),      \
                       __VA_ARGS__)
#define PARALLEL_LOOP_ONE_IF_0 1
#define PARALLEL_LOOP_ONE_IF_1 0
#define PARALLEL_LOOP_FIT_0(fn, ...) 1
#define PARALLEL_LOOP_FIT_9(fn, ...) 1
#define PARALLEL_LOOP_FIT_1(fn, x) PARALLEL_LOOP_FITS_(fn, 1, x)
#define PARALLEL_LOOP_FIT_2(fn, x, ...) PARALLEL_LOOP_FITS_(fn, 2, x) && PARALLEL_LOOP_FIT_1(fn, __VA_ARGS__)
#define PARALLEL_LOOP_FIT_3(fn, x, ...) PARALLEL_LOOP_FITS_(fn, 3, x) && PARALLEL_LOOP_FIT_2(fn, __VA_ARGS__)
#define PARALLEL_LOOP_FIT_4(fn, x, ...) PARALLEL_LOOP_FITS_(fn, 4, x) && PARALLEL_LOOP_FIT_3(fn, __VA_ARGS__)
#define PARALLEL_LOOP_FIT_5(fn, x, ...) PARALLEL_LOOP_FITS_(fn, 5, x) && PARALLEL_LOOP_FIT_4(fn, __VA_ARGS__)
#define PARALLEL_LOOP_FIT_6(fn, x, ...) PARALLEL_LOOP_FITS_(fn, 6, x) && PARALLEL_LOOP_FIT_5(fn, __VA_ARGS__)
#define PARALLEL_LOOP_FIT_7(fn, x, ...) PARALLEL_LOOP_FITS_(fn, 7, x) && PARALLEL_LOOP_FIT_6(fn, __VA_ARGS__)
#define PARALLEL_LOOP_FIT_8(fn, x, ...) PARALLEL_LOOP_FITS_(fn, 8, x) && PARALLEL_LOOP_FIT_7(fn, __VA_ARGS__)

#endif /* !__cplusplus */

#endif
