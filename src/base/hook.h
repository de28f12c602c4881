/* SPDX-License-Identifier: MIT */
/*
 * Atomic operations with a hook: PL_HOOK() is called before each, with file and line, and after each that is more than
 * a load or a store. For builds that plant delays, and for the interleaving tester, to which each atomic operation is a
 * point where another thread may go on. Included by atomic.h alone.
 */
#ifndef PL_BASE_HOOK_H
#define PL_BASE_HOOK_H

#ifdef __clang__
#define PL_PLAIN(clang_name, gcc_name, ...) __c11_atomic_##clang_name(__VA_ARGS__)
#else
#define PL_PLAIN(clang_name, gcc_name, ...) __atomic_##gcc_name(__VA_ARGS__)
#endif
#define PL_HOOKED(...) (PL_HOOK(__FILE__, __LINE__), PL_PLAIN(__VA_ARGS__))
#define PL_HOOKED_TWICE(...)                                                                                           \
    __extension__({                                                                                                    \
        PL_HOOK(__FILE__, __LINE__);                                                                                   \
        __auto_type pl_was = PL_PLAIN(__VA_ARGS__);                                                                    \
        PL_HOOK(__FILE__, __LINE__);                                                                                   \
        pl_was;                                                                                                        \
    })

#undef atomic_load_explicit
#undef atomic_store_explicit
#undef atomic_exchange_explicit
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub_explicit
#undef atomic_fetch_or_explicit
#undef atomic_fetch_and_explicit
#undef atomic_compare_exchange_strong_explicit
#undef atomic_compare_exchange_weak_explicit

#define atomic_load_explicit(p, order) PL_HOOKED(load, load_n, p, order)
#define atomic_store_explicit(p, value, order) PL_HOOKED(store, store_n, p, value, order)
#define atomic_exchange_explicit(p, value, order) PL_HOOKED_TWICE(exchange, exchange_n, p, value, order)
#define atomic_fetch_add_explicit(p, value, order) PL_HOOKED_TWICE(fetch_add, fetch_add, p, value, order)
#define atomic_fetch_sub_explicit(p, value, order) PL_HOOKED_TWICE(fetch_sub, fetch_sub, p, value, order)
#define atomic_fetch_or_explicit(p, value, order) PL_HOOKED_TWICE(fetch_or, fetch_or, p, value, order)
#define atomic_fetch_and_explicit(p, value, order) PL_HOOKED_TWICE(fetch_and, fetch_and, p, value, order)
#ifdef __clang__
#define atomic_compare_exchange_strong_explicit(p, expected, value, success, failure)                                  \
    PL_HOOKED_TWICE(compare_exchange_strong, , p, expected, value, success, failure)
#define atomic_compare_exchange_weak_explicit(p, expected, value, success, failure)                                    \
    PL_HOOKED_TWICE(compare_exchange_weak, , p, expected, value, success, failure)
#else
#define atomic_compare_exchange_strong_explicit(p, expected, value, success, failure)                                  \
    PL_HOOKED_TWICE(, compare_exchange_n, p, expected, value, 0, success, failure)
#define atomic_compare_exchange_weak_explicit(p, expected, value, success, failure)                                    \
    PL_HOOKED_TWICE(, compare_exchange_n, p, expected, value, 1, success, failure)
#endif

#endif
