/* SPDX-License-Identifier: MIT */
/* The doors that the compiler knows: what it calls at each access to memory, with -fsanitize=thread. */
#include <string.h>

#include "model/explore.h"
#include "model/memory.h"

/* NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the names are the compiler's */

#define PLAIN(n)                                                                                                       \
    void __tsan_read##n(void *p);                                                                                      \
    void __tsan_write##n(void *p);                                                                                     \
    void __tsan_unaligned_read##n(void *p);                                                                            \
    void __tsan_unaligned_write##n(void *p);                                                                           \
    void __tsan_read##n(void *p)                                                                                       \
    {                                                                                                                  \
        memory_plain((uintptr_t)p, n, false);                                                                          \
    }                                                                                                                  \
    void __tsan_write##n(void *p)                                                                                      \
    {                                                                                                                  \
        memory_plain((uintptr_t)p, n, true);                                                                           \
    }                                                                                                                  \
    void __tsan_unaligned_read##n(void *p)                                                                             \
    {                                                                                                                  \
        memory_plain((uintptr_t)p, n, false);                                                                          \
    }                                                                                                                  \
    void __tsan_unaligned_write##n(void *p)                                                                            \
    {                                                                                                                  \
        memory_plain((uintptr_t)p, n, true);                                                                           \
    }
PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

#define CHANGES(n, type, name, how)                                                                                    \
    type __tsan_atomic##n##_##name(volatile type *p, type v, int order);                                               \
    type __tsan_atomic##n##_##name(volatile type *p, type v, int order)                                                \
    {                                                                                                                  \
        return (type)memory_change(p, sizeof(type), how, v, order);                                                    \
    }
#define COMPARES(n, type, strength, weak)                                                                              \
    int __tsan_atomic##n##_compare_exchange_##strength(volatile type *p, type *e, type v, int success, int failure);   \
    int __tsan_atomic##n##_compare_exchange_##strength(volatile type *p, type *e, type v, int success, int failure)    \
    {                                                                                                                  \
        uint64_t expected = *e;                                                                                        \
        bool same = memory_compare(p, sizeof(type), &expected, v, success, failure, weak);                             \
        *e = (type)expected;                                                                                           \
        return same;                                                                                                   \
    }
/* clang's, for both strengths. */
#define COMPARES_VALUE(n, type)                                                                                        \
    type __tsan_atomic##n##_compare_exchange_val(volatile type *p, type e, type v, int success, int failure);          \
    type __tsan_atomic##n##_compare_exchange_val(volatile type *p, type e, type v, int success, int failure)           \
    {                                                                                                                  \
        uint64_t expected = e;                                                                                         \
        memory_compare(p, sizeof(type), &expected, v, success, failure, false);                                        \
        return (type)expected;                                                                                         \
    }
#define ATOMIC(n, type)                                                                                                \
    type __tsan_atomic##n##_load(const volatile type *p, int order);                                                   \
    void __tsan_atomic##n##_store(volatile type *p, type v, int order);                                                \
    type __tsan_atomic##n##_load(const volatile type *p, int order)                                                    \
    {                                                                                                                  \
        return (type)memory_load(p, sizeof(type), order);                                                              \
    }                                                                                                                  \
    void __tsan_atomic##n##_store(volatile type *p, type v, int order)                                                 \
    {                                                                                                                  \
        memory_store(p, sizeof(type), v, order);                                                                       \
    }                                                                                                                  \
    CHANGES(n, type, exchange, MEMORY_EXCHANGE)                                                                        \
    CHANGES(n, type, fetch_add, MEMORY_ADD)                                                                            \
    CHANGES(n, type, fetch_sub, MEMORY_SUB)                                                                            \
    CHANGES(n, type, fetch_and, MEMORY_AND)                                                                            \
    CHANGES(n, type, fetch_or, MEMORY_OR)                                                                              \
    CHANGES(n, type, fetch_xor, MEMORY_XOR)                                                                            \
    CHANGES(n, type, fetch_nand, MEMORY_NAND)                                                                          \
    COMPARES(n, type, strong, false)                                                                                   \
    COMPARES(n, type, weak, true)                                                                                      \
    COMPARES_VALUE(n, type)
ATOMIC(8, uint8_t)
ATOMIC(16, uint16_t)
ATOMIC(32, uint32_t)
ATOMIC(64, uint64_t)

void __tsan_init(void);
void __tsan_func_entry(void *pc);
void __tsan_func_exit(void *pc);
void __tsan_read_range(void *p, size_t size);
void __tsan_write_range(void *p, size_t size);
void __tsan_atomic_signal_fence(int order);
void __tsan_atomic_thread_fence(int order);
void *__tsan_memcpy(void *to, const void *from, size_t size);
void *__tsan_memmove(void *to, const void *from, size_t size);
void *__tsan_memset(void *to, int c, size_t size);

void __tsan_init(void)
{
}

void __tsan_func_entry(void *pc)
{
    (void)pc;
}

void __tsan_func_exit(void *pc)
{
    (void)pc;
}

void __tsan_read_range(void *p, size_t size)
{
    memory_plain((uintptr_t)p, size, false);
}

void __tsan_write_range(void *p, size_t size)
{
    memory_plain((uintptr_t)p, size, true);
}

void __tsan_atomic_signal_fence(int order)
{
    if (model_self() >= 0 && order == __ATOMIC_SEQ_CST)
        memory_fence_light(model_self());
}

void __tsan_atomic_thread_fence(int order)
{
    (void)order;
    model_fail("fences are not modelled");
}

void *__tsan_memcpy(void *to, const void *from, size_t size)
{
    memory_plain((uintptr_t)from, size, false);
    memory_plain((uintptr_t)to, size, true);
    return memmove(to, from, size);
}

void *__tsan_memmove(void *to, const void *from, size_t size)
{
    return __tsan_memcpy(to, from, size);
}

void *__tsan_memset(void *to, int c, size_t size)
{
    memory_plain((uintptr_t)to, size, true);
    return memset(to, c, size);
}

/* NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming) */
