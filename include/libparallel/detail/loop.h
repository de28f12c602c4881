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
    PARALLEL_TWENTY_SIXTH_(__VA_ARGS__, PARALLEL_LOOP_ODD_, PARALLEL_LOOP_ODD_, PARALLEL_LOOP_ODD_,                    \
                           PARALLEL_LOOP_ODD_, PARALLEL_LOOP_ODD_, PARALLEL_LOOP_ODD_, PARALLEL_LOOP_ODD_,             \
                           PARALLEL_LOOP_ODD_, PARALLEL_LOOP_8_, PARALLEL_LOOP_ODD_, PARALLEL_LOOP_7_,                 \
                           PARALLEL_LOOP_ODD_, PARALLEL_LOOP_6_, PARALLEL_LOOP_ODD_, PARALLEL_LOOP_5_,                 \
                           PARALLEL_LOOP_ODD_, PARALLEL_LOOP_4_, PARALLEL_LOOP_ODD_, PARALLEL_LOOP_3_,                 \
                           PARALLEL_LOOP_ODD_, PARALLEL_LOOP_2_, PARALLEL_LOOP_ODD_, PARALLEL_LOOP_1_,                 \
                           PARALLEL_LOOP_ODD_, PARALLEL_LOOP_0_, ~)
#define PARALLEL_TWENTY_SIXTH_(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, ...) z

/* What is no list of pairs. */
#define PARALLEL_LOOP_ODD_(make, ...)                                                                                  \
    _Static_assert(0, "PARALLEL_LOOP: captures are pairs of a type and a name, 8 at most");                            \
    static void parallel_loop_without_pairs(void)

#define PARALLEL_LOOP_0_(make, fn, i) make(fn, i, 0, (char pl_none;), (), (), (void), (0), (), ())
#define PARALLEL_LOOP_1_(make, fn, i, t1, n1)                                                                          \
    make(fn, i, 1, (t1 pl_1;), (, t1 n1), (, t1 pl_1), (t1 pl_1), (pl_1), (, pl_1), (, pl_in->pl_1))
#define PARALLEL_LOOP_2_(make, fn, i, t1, n1, t2, n2)                                                                  \
    make(fn, i, 2, (t1 pl_1; t2 pl_2;), (, t1 n1, t2 n2), (, t1 pl_1, t2 pl_2), (t1 pl_1, t2 pl_2), (pl_1, pl_2),      \
         (, pl_1, pl_2), (, pl_in->pl_1, pl_in->pl_2))
#define PARALLEL_LOOP_3_(make, fn, i, t1, n1, t2, n2, t3, n3)                                                          \
    make(fn, i, 3, (t1 pl_1; t2 pl_2; t3 pl_3;), (, t1 n1, t2 n2, t3 n3), (, t1 pl_1, t2 pl_2, t3 pl_3),               \
         (t1 pl_1, t2 pl_2, t3 pl_3), (pl_1, pl_2, pl_3), (, pl_1, pl_2, pl_3),                                        \
         (, pl_in->pl_1, pl_in->pl_2, pl_in->pl_3))
#define PARALLEL_LOOP_4_(make, fn, i, t1, n1, t2, n2, t3, n3, t4, n4)                                                  \
    make(fn, i, 4, (t1 pl_1; t2 pl_2; t3 pl_3; t4 pl_4;), (, t1 n1, t2 n2, t3 n3, t4 n4),                              \
         (, t1 pl_1, t2 pl_2, t3 pl_3, t4 pl_4), (t1 pl_1, t2 pl_2, t3 pl_3, t4 pl_4), (pl_1, pl_2, pl_3, pl_4),       \
         (, pl_1, pl_2, pl_3, pl_4), (, pl_in->pl_1, pl_in->pl_2, pl_in->pl_3, pl_in->pl_4))
#define PARALLEL_LOOP_5_(make, fn, i, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5)                                          \
    make(fn, i, 5, (t1 pl_1; t2 pl_2; t3 pl_3; t4 pl_4; t5 pl_5;), (, t1 n1, t2 n2, t3 n3, t4 n4, t5 n5),              \
         (, t1 pl_1, t2 pl_2, t3 pl_3, t4 pl_4, t5 pl_5), (t1 pl_1, t2 pl_2, t3 pl_3, t4 pl_4, t5 pl_5),               \
         (pl_1, pl_2, pl_3, pl_4, pl_5), (, pl_1, pl_2, pl_3, pl_4, pl_5),                                             \
         (, pl_in->pl_1, pl_in->pl_2, pl_in->pl_3, pl_in->pl_4, pl_in->pl_5))
#define PARALLEL_LOOP_6_(make, fn, i, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5, t6, n6)                                  \
    make(fn, i, 6, (t1 pl_1; t2 pl_2; t3 pl_3; t4 pl_4; t5 pl_5; t6 pl_6;),                                            \
         (, t1 n1, t2 n2, t3 n3, t4 n4, t5 n5, t6 n6), (, t1 pl_1, t2 pl_2, t3 pl_3, t4 pl_4, t5 pl_5, t6 pl_6),       \
         (t1 pl_1, t2 pl_2, t3 pl_3, t4 pl_4, t5 pl_5, t6 pl_6), (pl_1, pl_2, pl_3, pl_4, pl_5, pl_6),                 \
         (, pl_1, pl_2, pl_3, pl_4, pl_5, pl_6),                                                                       \
         (, pl_in->pl_1, pl_in->pl_2, pl_in->pl_3, pl_in->pl_4, pl_in->pl_5, pl_in->pl_6))
#define PARALLEL_LOOP_7_(make, fn, i, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5, t6, n6, t7, n7)                          \
    make(fn, i, 7, (t1 pl_1; t2 pl_2; t3 pl_3; t4 pl_4; t5 pl_5; t6 pl_6; t7 pl_7;),                                   \
         (, t1 n1, t2 n2, t3 n3, t4 n4, t5 n5, t6 n6, t7 n7),                                                          \
         (, t1 pl_1, t2 pl_2, t3 pl_3, t4 pl_4, t5 pl_5, t6 pl_6, t7 pl_7),                                            \
         (t1 pl_1, t2 pl_2, t3 pl_3, t4 pl_4, t5 pl_5, t6 pl_6, t7 pl_7), (pl_1, pl_2, pl_3, pl_4, pl_5, pl_6, pl_7),  \
         (, pl_1, pl_2, pl_3, pl_4, pl_5, pl_6, pl_7),                                                                 \
         (, pl_in->pl_1, pl_in->pl_2, pl_in->pl_3, pl_in->pl_4, pl_in->pl_5, pl_in->pl_6, pl_in->pl_7))
#define PARALLEL_LOOP_8_(make, fn, i, t1, n1, t2, n2, t3, n3, t4, n4, t5, n5, t6, n6, t7, n7, t8, n8)                  \
    make(fn, i, 8, (t1 pl_1; t2 pl_2; t3 pl_3; t4 pl_4; t5 pl_5; t6 pl_6; t7 pl_7; t8 pl_8;),                          \
         (, t1 n1, t2 n2, t3 n3, t4 n4, t5 n5, t6 n6, t7 n7, t8 n8),                                                   \
         (, t1 pl_1, t2 pl_2, t3 pl_3, t4 pl_4, t5 pl_5, t6 pl_6, t7 pl_7, t8 pl_8),                                   \
         (t1 pl_1, t2 pl_2, t3 pl_3, t4 pl_4, t5 pl_5, t6 pl_6, t7 pl_7, t8 pl_8),                                     \
         (pl_1, pl_2, pl_3, pl_4, pl_5, pl_6, pl_7, pl_8), (, pl_1, pl_2, pl_3, pl_4, pl_5, pl_6, pl_7, pl_8),         \
         (, pl_in->pl_1, pl_in->pl_2, pl_in->pl_3, pl_in->pl_4, pl_in->pl_5, pl_in->pl_6, pl_in->pl_7, pl_in->pl_8))

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
    parallel_loop_function(&fn##__parallel_loop, (begin_), (end_),                                                     \
                           PARALLEL_LOOP_CHECK_COUNT_(fn, captures_) +                                                 \
                               (fn##__parallel_in[1]){fn##__parallel_capture captures_} +                              \
                               PARALLEL_LOOP_CHECK_(fn, captures_),                                                    \
                           PARALLEL_OPTIONS_(__VA_ARGS__))

#define PARALLEL_FOR_2D_(rows_, cols_, body_, ctx_, ...)                                                               \
    parallel_for_2d_function((rows_), (cols_), (body_), (ctx_), PARALLEL_OPTIONS_(__VA_ARGS__))

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
    PARALLEL_LOOP_ASSERT_((PARALLEL_LOOP_COUNT_ captures) == fn##__parallel_count,                                     \
                          "parallel_loop(" #fn ", ...): the loop has another number of captures")
#define PARALLEL_LOOP_CHECK_(fn, captures)                                                                             \
    PARALLEL_LOOP_ASSERT_(PARALLEL_LOOP_FIT_(PARALLEL_CAT_(PARALLEL_LOOP_FIT_, PARALLEL_LOOP_COUNT_ captures), fn,     \
                                             PARALLEL_OPEN_ captures),                                                 \
                          "parallel_loop(" #fn ", ...): a capture is of another type")
#define PARALLEL_LOOP_ASSERT_(condition, text)                                                                         \
    0 * __extension__ sizeof(struct {                                                                                  \
        _Static_assert(condition, text);                                                                               \
        char unused;                                                                                                   \
    })
#define PARALLEL_LOOP_FIT_(fit, ...) fit(__VA_ARGS__)
#define PARALLEL_LOOP_FITS_(fn, k, x) PARALLEL_LOOP_IS_FOR_(x, ((fn##__parallel_in *)0)->pl_##k)
#define PARALLEL_LOOP_IS_FOR_(x, y)                                                                                    \
    (__builtin_classify_type(x) == 5) == (__builtin_classify_type(y) == 5) &&                                          \
        (__builtin_classify_type(y) != 5 || __builtin_types_compatible_p(__typeof__(1 ? (x) : y), __typeof__(y)) ||    \
         __builtin_types_compatible_p(__typeof__(x), void *))

/* How many captures a call has, 9 if they are more than 8; PARALLEL_LOOP_FIT_n checks them. */
#define PARALLEL_LOOP_COUNT_(...)                                                                                      \
    PARALLEL_TWENTY_SIXTH_(__VA_ARGS__, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 8, 7, 6, 5, 4, 3, 2,        \
                           PARALLEL_CAT_(PARALLEL_LOOP_ONE_IF_, PARALLEL_IS_EMPTY_(PARALLEL_FIRST_(__VA_ARGS__, ~))),  \
                           ~)
#define PARALLEL_LOOP_ONE_IF_0 1
#define PARALLEL_LOOP_ONE_IF_1 0
#define PARALLEL_LOOP_FIT_0(fn, ...) 1
#define PARALLEL_LOOP_FIT_9(fn, ...) 1
#define PARALLEL_LOOP_FIT_1(fn, a) PARALLEL_LOOP_FITS_(fn, 1, a)
#define PARALLEL_LOOP_FIT_2(fn, a, b) PARALLEL_LOOP_FITS_(fn, 1, a) && PARALLEL_LOOP_FITS_(fn, 2, b)
#define PARALLEL_LOOP_FIT_3(fn, a, b, c) PARALLEL_LOOP_FIT_2(fn, a, b) && PARALLEL_LOOP_FITS_(fn, 3, c)
#define PARALLEL_LOOP_FIT_4(fn, a, b, c, d) PARALLEL_LOOP_FIT_3(fn, a, b, c) && PARALLEL_LOOP_FITS_(fn, 4, d)
#define PARALLEL_LOOP_FIT_5(fn, a, b, c, d, e) PARALLEL_LOOP_FIT_4(fn, a, b, c, d) && PARALLEL_LOOP_FITS_(fn, 5, e)
#define PARALLEL_LOOP_FIT_6(fn, a, b, c, d, e, f)                                                                      \
    PARALLEL_LOOP_FIT_5(fn, a, b, c, d, e) && PARALLEL_LOOP_FITS_(fn, 6, f)
#define PARALLEL_LOOP_FIT_7(fn, a, b, c, d, e, f, g)                                                                   \
    PARALLEL_LOOP_FIT_6(fn, a, b, c, d, e, f) && PARALLEL_LOOP_FITS_(fn, 7, g)
#define PARALLEL_LOOP_FIT_8(fn, a, b, c, d, e, f, g, h)                                                                \
    PARALLEL_LOOP_FIT_7(fn, a, b, c, d, e, f, g) && PARALLEL_LOOP_FITS_(fn, 8, h)

#endif /* !__cplusplus */

#endif
