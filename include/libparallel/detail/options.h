/* SPDX-License-Identifier: MIT */
/* How macros take options by name: the helpers that every macro with `...options` ends in. Nothing here is for programs
 * to use. */
#ifndef LIBPARALLEL_DETAIL_OPTIONS_H
#define LIBPARALLEL_DETAIL_OPTIONS_H

#include <libparallel/detail/paste.h>

/*
 * The macros that take options end their arguments with PARALLEL_END_. So PARALLEL_OPTIONS_(.name = value, ...,
 * PARALLEL_END_) points to such options, their size filled in; PARALLEL_OPTIONS_(PARALLEL_END_) is NULL.
 * PARALLEL_IF_ANY_(some, none, ...) chooses likewise: if its third argument is PARALLEL_END_, that and what follows is
 * a call, which puts `none` into second place.
 */
#define PARALLEL_END_(...) __VA_ARGS__
#define PARALLEL_OPTIONS_(...)                                                                                         \
    PARALLEL_IF_ANY_((PARALLEL_BY_NAME_(__VA_ARGS__) + &(parallel_options){PARALLEL_SIZED_(__VA_ARGS__)}),             \
                     ((const parallel_options *)0), __VA_ARGS__)
#define PARALLEL_SIZED_(...) __VA_ARGS__(.size = sizeof(parallel_options))
#define PARALLEL_IF_ANY_(some, none, ...) PARALLEL_SECOND_(PARALLEL_FIRST_(__VA_ARGS__, ~)(~, none), some, ~)

/*
 * PARALLEL_BY_NAME_(.name = value, ..., PARALLEL_END_) is 0, and an error at compile time if what comes first is not
 * named: it would be taken for the first member. Both compilers know the value of __builtin_strncmp() while they
 * compile. All this is short, and about the first alone, as programs make strings of calls (Check's
 * ck_assert_int_eq()).
 */
#define PARALLEL_BY_NAME_(...)                                                                                         \
    (0 * __extension__ sizeof(struct {                                                                                 \
         PARALLEL_ASSERT_NAMED_(__VA_ARGS__);                                                                          \
         char unused;                                                                                                  \
     }))
#define PARALLEL_ASSERT_NAMED_(...)                                                                                    \
    _Static_assert(__builtin_strncmp(PARALLEL_STRING_(PARALLEL_FIRST_(__VA_ARGS__, ~)), ".", 1) == 0,                  \
                   "options are given by name, as .timeout = 5")
#define PARALLEL_STRING_(...) PARALLEL_STRING__(__VA_ARGS__)
#define PARALLEL_STRING__(...) #__VA_ARGS__

/*
 * Macros that are calls, and those that decorate, say what they want, and how many arguments at least, before options:
 * PARALLEL_CALL_3_(macro, usage, ...) is macro(..., PARALLEL_END_); or an error at compile time that tells the usage,
 * if the third is missing.
 */
#define PARALLEL_CALL_2_(...) PARALLEL_WANT_2_(PARALLEL_TOO_FEW_, __VA_ARGS__)
#define PARALLEL_CALL_3_(...) PARALLEL_WANT_3_(PARALLEL_TOO_FEW_, __VA_ARGS__)
#define PARALLEL_CALL_4_(...) PARALLEL_WANT_4_(PARALLEL_TOO_FEW_, __VA_ARGS__)
#define PARALLEL_CALL_5_(...) PARALLEL_WANT_5_(PARALLEL_TOO_FEW_, __VA_ARGS__)
#define PARALLEL_CALL_6_(...) PARALLEL_WANT_6_(PARALLEL_TOO_FEW_, __VA_ARGS__)
#define PARALLEL_DECORATION_2_(...) PARALLEL_DECORATION_(PARALLEL_WANT_2_, __VA_ARGS__)
#define PARALLEL_DECORATION_3_(...) PARALLEL_DECORATION_(PARALLEL_WANT_3_, __VA_ARGS__)
#define PARALLEL_DECORATION_4_(...) PARALLEL_DECORATION_(PARALLEL_WANT_4_, __VA_ARGS__)
#define PARALLEL_DECORATION_(want, macro, usage, ...)                                                                  \
    PARALLEL_CAT_(PARALLEL_DECORATION_OF_, PARALLEL_IS_TYPE_(PARALLEL_FIRST_(__VA_ARGS__, ~)))                         \
    (want, macro, usage, __VA_ARGS__)
#define PARALLEL_DECORATION_OF_0(want, macro, usage, ...) want(PARALLEL_TOO_LITTLE_, macro, usage, __VA_ARGS__)
#define PARALLEL_DECORATION_OF_1(want, macro, usage, ...) _Static_assert(0, "the function comes first: " usage)

#define PARALLEL_ENDS_ PARALLEL_END_, PARALLEL_END_, PARALLEL_END_, PARALLEL_END_, PARALLEL_END_, PARALLEL_END_
#define PARALLEL_WANT_2_(few, macro, usage, ...)                                                                       \
    PARALLEL_WANT_(few, PARALLEL_2ND_(__VA_ARGS__, PARALLEL_ENDS_, ~))(macro, usage, __VA_ARGS__)
#define PARALLEL_WANT_3_(few, macro, usage, ...)                                                                       \
    PARALLEL_WANT_(few, PARALLEL_3RD_(__VA_ARGS__, PARALLEL_ENDS_, ~))(macro, usage, __VA_ARGS__)
#define PARALLEL_WANT_4_(few, macro, usage, ...)                                                                       \
    PARALLEL_WANT_(few, PARALLEL_4TH_(__VA_ARGS__, PARALLEL_ENDS_, ~))(macro, usage, __VA_ARGS__)
#define PARALLEL_WANT_5_(few, macro, usage, ...)                                                                       \
    PARALLEL_WANT_(few, PARALLEL_5TH_(__VA_ARGS__, PARALLEL_ENDS_, ~))(macro, usage, __VA_ARGS__)
#define PARALLEL_WANT_6_(few, macro, usage, ...)                                                                       \
    PARALLEL_WANT_(few, PARALLEL_6TH_(__VA_ARGS__, PARALLEL_ENDS_, ~))(macro, usage, __VA_ARGS__)
#define PARALLEL_2ND_(...) PARALLEL_2ND__(__VA_ARGS__)
#define PARALLEL_2ND__(a, b, ...) b
#define PARALLEL_3RD_(...) PARALLEL_3RD__(__VA_ARGS__)
#define PARALLEL_3RD__(a, b, c, ...) c
#define PARALLEL_4TH_(...) PARALLEL_4TH__(__VA_ARGS__)
#define PARALLEL_4TH__(a, b, c, d, ...) d
#define PARALLEL_5TH_(...) PARALLEL_5TH__(__VA_ARGS__)
#define PARALLEL_5TH__(a, b, c, d, e, ...) e
#define PARALLEL_6TH_(...) PARALLEL_6TH__(__VA_ARGS__)
#define PARALLEL_6TH__(a, b, c, d, e, f, ...) f
#define PARALLEL_WANT_(few, ...) PARALLEL_IF_ANY_(PARALLEL_ENOUGH_, few, __VA_ARGS__)
#define PARALLEL_ENOUGH_(macro, usage, ...) macro(__VA_ARGS__, PARALLEL_END_)
#define PARALLEL_TOO_FEW_(macro, usage, ...) PARALLEL_WRONG_CALL_("there are arguments missing: " usage)
#define PARALLEL_TOO_LITTLE_(macro, usage, ...) _Static_assert(0, "there are arguments missing: " usage)
/* What stands for a call that is wrong: an error at compile time. */
#define PARALLEL_WRONG_CALL_(why)                                                                                      \
    (0 * __extension__ sizeof(struct {                                                                                 \
         _Static_assert(0, why);                                                                                       \
         char unused;                                                                                                  \
     }))

#endif
