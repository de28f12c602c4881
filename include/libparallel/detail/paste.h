/* SPDX-License-Identifier: MIT */
/* Macros that paste names, and choose by whether a type is void. Nothing here is for programs to use. */
#ifndef LIBPARALLEL_DETAIL_PASTE_H
#define LIBPARALLEL_DETAIL_PASTE_H

#define PARALLEL_FIRST_(first, ...) first
#define PARALLEL_SECOND_(...) PARALLEL_SECOND__(__VA_ARGS__)
#define PARALLEL_SECOND__(first, second, ...) second
#define PARALLEL_CAT__(a, b) a##b
#define PARALLEL_CAT_(a, b) PARALLEL_CAT__(a, b)

/* PARALLEL_IS_VOID_(type) is 1 for void and 0 for other types: of void alone pasting makes a call of
 * PARALLEL_VOID_void, which shifts a 1 into second place; of void * it makes PARALLEL_VOID_void *(). */
#define PARALLEL_VOID_void() ~, 1
#define PARALLEL_IS_VOID_(type) PARALLEL_SECOND_(PARALLEL_VOID_##type(), 0, ~)

/* PARALLEL_IS_TYPE_(x) is 1 if x begins with a word for a type, and 0 otherwise: so macros notice a type in the place
 * of a function. */
#define PARALLEL_IS_TYPE_(x) PARALLEL_IS_TYPE__(x)
#define PARALLEL_IS_TYPE__(x) PARALLEL_SECOND_(PARALLEL_TYPE_WORD_##x, 0, ~)
#define PARALLEL_TYPE_WORD_void ~, 1,
#define PARALLEL_TYPE_WORD_char ~, 1,
#define PARALLEL_TYPE_WORD_short ~, 1,
#define PARALLEL_TYPE_WORD_int ~, 1,
#define PARALLEL_TYPE_WORD_long ~, 1,
#define PARALLEL_TYPE_WORD_float ~, 1,
#define PARALLEL_TYPE_WORD_double ~, 1,
#define PARALLEL_TYPE_WORD_signed ~, 1,
#define PARALLEL_TYPE_WORD_unsigned ~, 1,
#define PARALLEL_TYPE_WORD_const ~, 1,
#define PARALLEL_TYPE_WORD_volatile ~, 1,
#define PARALLEL_TYPE_WORD_struct ~, 1,
#define PARALLEL_TYPE_WORD_union ~, 1,
#define PARALLEL_TYPE_WORD_enum ~, 1,
#define PARALLEL_TYPE_WORD_bool ~, 1,
#define PARALLEL_TYPE_WORD__Bool ~, 1,
#define PARALLEL_TYPE_WORD_size_t ~, 1,
#define PARALLEL_TYPE_WORD_ptrdiff_t ~, 1,
#define PARALLEL_TYPE_WORD_int8_t ~, 1,
#define PARALLEL_TYPE_WORD_int16_t ~, 1,
#define PARALLEL_TYPE_WORD_int32_t ~, 1,
#define PARALLEL_TYPE_WORD_int64_t ~, 1,
#define PARALLEL_TYPE_WORD_uint8_t ~, 1,
#define PARALLEL_TYPE_WORD_uint16_t ~, 1,
#define PARALLEL_TYPE_WORD_uint32_t ~, 1,
#define PARALLEL_TYPE_WORD_uint64_t ~, 1,

/* What is in parentheses, without them. */
#define PARALLEL_OPEN_(...) __VA_ARGS__

/* PARALLEL_IS_EMPTY_(x) is 1 if x is nothing, and 0 if it is something: parentheses after it make a call of
 * PARALLEL_CALLED_ if it is nothing, or in parentheses itself; in that case it makes one without them, too. */
#define PARALLEL_CALLED_(...) ~, 1, ~
#define PARALLEL_IS_EMPTY_(x)                                                                                          \
    PARALLEL_CAT_(PARALLEL_IS_EMPTY_, PARALLEL_CAT_(PARALLEL_SECOND_(PARALLEL_CALLED_ x(), 0, ~),                      \
                                                    PARALLEL_SECOND_(PARALLEL_CALLED_ x, 0, ~)))
#define PARALLEL_IS_EMPTY_00 0
#define PARALLEL_IS_EMPTY_10 1
#define PARALLEL_IS_EMPTY_11 0

/* The 33rd of its arguments. */
#define PARALLEL_33RD_(...) PARALLEL_33RD__(__VA_ARGS__)
#define PARALLEL_33RD__(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, A, B, C, D, E,   \
                        F, nth, ...)                                                                                   \
    nth

/* How many arguments follow `one`, 9 if they are more than 8; and `one` if it is a single one, which may be nothing. */
#define PARALLEL_HOW_MANY_(one, ...)                                                                                   \
    PARALLEL_33RD_(__VA_ARGS__, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 8, 7, 6, 5, 4, \
                   3, 2, one, ~)

/* PARALLEL_EACH_n_(form, between, type, name, ...) is form(i, type, name) for each of n pairs, with i from n down to 1,
 * and between() between them. */
#define PARALLEL_EACH_1_(form, between, type, name) form(1, type, name)
#define PARALLEL_EACH_2_(form, between, type, name, ...)                                                               \
    form(2, type, name) between() PARALLEL_EACH_1_(form, between, __VA_ARGS__)
#define PARALLEL_EACH_3_(form, between, type, name, ...)                                                               \
    form(3, type, name) between() PARALLEL_EACH_2_(form, between, __VA_ARGS__)
#define PARALLEL_EACH_4_(form, between, type, name, ...)                                                               \
    form(4, type, name) between() PARALLEL_EACH_3_(form, between, __VA_ARGS__)
#define PARALLEL_EACH_5_(form, between, type, name, ...)                                                               \
    form(5, type, name) between() PARALLEL_EACH_4_(form, between, __VA_ARGS__)
#define PARALLEL_EACH_6_(form, between, type, name, ...)                                                               \
    form(6, type, name) between() PARALLEL_EACH_5_(form, between, __VA_ARGS__)
#define PARALLEL_EACH_7_(form, between, type, name, ...)                                                               \
    form(7, type, name) between() PARALLEL_EACH_6_(form, between, __VA_ARGS__)
#define PARALLEL_EACH_8_(form, between, type, name, ...)                                                               \
    form(8, type, name) between() PARALLEL_EACH_7_(form, between, __VA_ARGS__)
#define PARALLEL_COMMA_() ,
#define PARALLEL_NOTHING_()

#endif
