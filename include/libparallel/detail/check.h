/* SPDX-License-Identifier: MIT */
/* How decorations are compared with the functions that they decorate, at compile time. Nothing here is for programs to
 * use. */
#ifndef LIBPARALLEL_DETAIL_CHECK_H
#define LIBPARALLEL_DETAIL_CHECK_H

#ifndef __cplusplus

#include <stddef.h>

/* 0, in an expression; and an error at compile time if the condition does not hold. */
#define PARALLEL_ASSERT_(condition, text)                                                                              \
    (0 * __extension__ sizeof(struct {                                                                                 \
         _Static_assert(condition, text);                                                                              \
         char unused;                                                                                                  \
     }))

/* A pointer, which is to be one to `type`, or to that or a const one; and an error at compile time if it is not, which
 * says so. Short, as programs make strings of calls. */
#define PARALLEL_POINTER_(pointer, type, text)                                                                         \
    ((void)PARALLEL_ASSERT_(_Generic((pointer), type * : 1, default : 0), text), (pointer))
#define PARALLEL_VIEW_(pointer, type, text)                                                                            \
    ((void)PARALLEL_ASSERT_(_Generic((pointer), type * : 1, type const * : 1, default : 0), text), (pointer))

/* A loop's body, a pointer to a function of that type, or NULL; and an error at compile time if it is of another type,
 * of which compilers warn, and say nothing where the headers are a system's. */
#define PARALLEL_BODY_(body, type, text)                                                                               \
    ((void)PARALLEL_ASSERT_(_Generic((body), type : 1, void * : 1, default : 0), text),                                \
     _Generic((body), void * : (type)0, default : (body)))

/*
 * What a decoration says of a function is compared with the function: C would convert arguments and results without a
 * word. Their types are to be compatible, in C's sense; so qualifiers of parameters do not matter, nor do those of a
 * result.
 *
 * PARALLEL_IS_(x, type) tells whether `x` is a pointer of that type; PARALLEL_TAKES_() whether a function is one that
 * returns `value` and takes these. (To clang, a function that returns const is of another type; gcc knows no such.)
 */
#define PARALLEL_IS_(x, type) _Generic((x), type : 1, default : 0)
#ifdef __clang__
#define PARALLEL_TAKES_(fn, value, ...)                                                                                \
    (PARALLEL_IS_(&fn, value(*)(__VA_ARGS__)) || PARALLEL_IS_(&fn, value##_const(*)(__VA_ARGS__)))
#else
#define PARALLEL_TAKES_(fn, value, ...) PARALLEL_IS_(&fn, value (*)(__VA_ARGS__))
#endif

/* Whether an expression is of a pointer type; and the type of pointers to const of what it points to. Of what is no
 * pointer, or points to a function (such a pointer may be dereferenced any number of times), that is a type that
 * nothing else has. */
#define PARALLEL_IS_POINTER_(x) (__builtin_classify_type(x) == __builtin_classify_type((void *)0))
#define PARALLEL_DEREF_(x) *__builtin_choose_expr(PARALLEL_IS_POINTER_(x), x, (struct parallel_nothing **)0)
#define PARALLEL_TO_VALUE_(x)                                                                                          \
    __builtin_choose_expr(PARALLEL_IS_(x, void *) || PARALLEL_IS_(x, void const *), (struct parallel_nothing **)0, x)
#define PARALLEL_IS_FUNCTION_(x)                                                                                       \
    __builtin_types_compatible_p(__typeof__(PARALLEL_DEREF_(PARALLEL_TO_VALUE_(x))),                                   \
                                 __typeof__(PARALLEL_DEREF_(PARALLEL_DEREF_(PARALLEL_TO_VALUE_(x)))))
#define PARALLEL_TO_CONST_(x)                                                                                          \
    __typeof__(*__builtin_choose_expr(PARALLEL_IS_POINTER_(x) && !PARALLEL_IS_FUNCTION_(x), x,                         \
                                      (struct parallel_nothing **)0)) const *

/* In a kernel, of a function of one argument ... */
#define PARALLEL_CHECK_ARG_(fn)                                                                                        \
    __extension__ typedef __typeof__(fn(pl_args[0])) fn##__parallel_value;                                             \
    typedef fn##__parallel_value const fn##__parallel_value_const __attribute__((unused));                             \
    __extension__ typedef PARALLEL_TO_CONST_(pl_args[0]) fn##__parallel_to_const;                                      \
    _Static_assert(PARALLEL_TAKES_(fn, fn##__parallel_value, fn##__parallel_arg) ||                                    \
                       (PARALLEL_IS_POINTER_(pl_args[0]) &&                                                            \
                        (PARALLEL_TAKES_(fn, fn##__parallel_value, fn##__parallel_to_const) ||                         \
                         PARALLEL_TAKES_(fn, fn##__parallel_value, void *) ||                                          \
                         PARALLEL_TAKES_(fn, fn##__parallel_value, void const *))),                                    \
                   "PARALLEL_DECORATE(" #fn ", ...): the argument type is not that of the function");

/* ... and its value ... */
#define PARALLEL_CHECK_VALUE_(fn)                                                                                      \
    _Static_assert(!PARALLEL_IS_((fn##__parallel_value *)0, void *),                                                   \
                   "PARALLEL_DECORATE(" #fn ", ...): the result type is not that of the function, which has none");    \
    __extension__ typedef PARALLEL_TO_CONST_(fn(pl_args[0])) fn##__parallel_value_to_const;                            \
    _Static_assert(PARALLEL_IS_((fn##__parallel_value *)0, fn##__parallel_result *) ||                                 \
                       PARALLEL_IS_((fn##__parallel_value_to_const *)0, fn##__parallel_result *) ||                    \
                       (PARALLEL_IS_POINTER_(pl_results[0]) && PARALLEL_IS_((fn##__parallel_value *)0, void **)) ||    \
                       (PARALLEL_IS_POINTER_(fn(pl_args[0])) &&                                                        \
                        (PARALLEL_IS_(pl_results, void **) || PARALLEL_IS_(pl_results, void const **))),               \
                   "PARALLEL_DECORATE(" #fn ", ...): the result type is not that of the function");

/* ... or of one that returns a code, and whose parameters are listed by `list`. */
#define PARALLEL_CHECK_CODE_(fn, what, call, list)                                                                     \
    typedef __typeof__(call) fn##__parallel_code;                                                                      \
    typedef fn##__parallel_code const fn##__parallel_code_const __attribute__((unused));                               \
    _Static_assert(PARALLEL_IS_CODE_((fn##__parallel_code *)0),                                                        \
                   what "(" #fn ", ...): the function does not return int");                                           \
    _Static_assert(PARALLEL_TAKES_ANY_(fn, list, fn##__parallel_result *) || PARALLEL_TAKES_ANY_(fn, list, void *),    \
                   what "(" #fn ", ...): the types are not those of the function");
#define PARALLEL_OF_TASK_(arg, result, extras) arg, result, extras
#define PARALLEL_OF_SPLIT_(arg, result, extras) arg, size_t, result, extras
/* bool, and enum types, are as good. */
#define PARALLEL_IS_CODE_(x)                                                                                           \
    _Generic((x), int * : 1, unsigned * : 1, _Bool * : 1, char * : 1, signed char * : 1, unsigned char * : 1,          \
             short * : 1, unsigned short * : 1, default : 0)
#define PARALLEL_TAKES_ANY_(fn, list, result)                                                                          \
    (PARALLEL_TAKES_ALL_(fn, list(fn##__parallel_arg const *, result, void *)) ||                                      \
     PARALLEL_TAKES_ALL_(fn, list(fn##__parallel_arg const *, result, void const *)) ||                                \
     PARALLEL_TAKES_ALL_(fn, list(fn##__parallel_arg *, result, void *)) ||                                            \
     PARALLEL_TAKES_ALL_(fn, list(fn##__parallel_arg *, result, void const *)) ||                                      \
     PARALLEL_TAKES_ALL_(fn, list(void const *, result, void *)) ||                                                    \
     PARALLEL_TAKES_ALL_(fn, list(void const *, result, void const *)) ||                                              \
     PARALLEL_TAKES_ALL_(fn, list(void *, result, void *)) ||                                                          \
     PARALLEL_TAKES_ALL_(fn, list(void *, result, void const *)))
#define PARALLEL_TAKES_ALL_(fn, ...) PARALLEL_TAKES_(fn, fn##__parallel_code, __VA_ARGS__)

#endif /* !__cplusplus */

#endif
