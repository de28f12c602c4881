/* SPDX-License-Identifier: MIT */
/*
 * The tester's memory model.
 *
 * The sources under test are compiled with -fsanitize=thread, but linked with this in place of ThreadSanitizer's
 * runtime: so each atomic operation comes here with its order, and each plain access with its address and size.
 *
 * Atomic operations follow C11 with the amendments of C++20 (P0668, P0982), as far as an execution that goes forward
 * step by step can show it: an operational model with views, as in Kang and others, "A promising semantics for
 * relaxed-memory concurrency" (POPL 2017), without promises.
 *
 *   - Each location keeps its stores in modification order. A load may read any store that is not older than what its
 *     thread knows of the location; a store may go to any place that is not. An atomic read-modify-write goes right
 *     after what it reads, and nothing comes in between later.
 *   - What a thread knows are the accesses that happen before: a clock with a lane for each thread. A release store,
 *     and what read-modify-write operations make of it, carries its thread's clock, and an acquire load takes it over.
 *   - seq_cst operations are, moreover, in one order, that of the execution: such a load reads nothing older, and such
 *     a store comes after, what earlier ones of the same location have written. What earlier ones have read does not
 *     count, as in Lahav and others, "Repairing sequential consistency in C/C++11" (PLDI 2017). By the text of C++20 it
 *     would; but a thread that reads its own relaxed store may see it before others do, and on x86-64, where such loads
 *     are plain ones, that shows.
 *   - pl_os_fence_all() is an asymmetric fence, atomic_signal_fence(seq_cst) its light side, as in Goldblatt's P1202. A
 *     heavy one takes effect in each other thread at a moment of that thread's own, between the call's beginning and
 *     its end. What the other has made visible by a light fence before that moment, who has called sees after the call;
 *     and what who has called had made visible when the call began, the other sees from its next light fence on. This
 *     is between those two alone: what other threads have made visible, the fence does not pass on. (membarrier(2) does
 *     a little more: the moments of two threads are full fences, so that one is before the other.) In the thread that
 *     calls, a heavy fence is a light one at its beginning and at its end.
 *   - A futex's wait reads the word as it has become by those wakes that are over, or any later value; and it may
 *     return for no reason.
 *   - What pl_os_trim() shares to the system is taken at once, or never. (Later makes no difference to who cannot rely
 *     on it but writes it first.)
 *   - Two plain accesses of a byte, or a plain and an atomic one, one of which is a write, must be ordered by happens-
 *     before; no access may come after the memory was freed, or need not come after it was committed. Else the
 *     execution fails.
 *
 * Not shown: loads that read from stores that come later in the execution (load buffering), and seq_cst stores that
 * others have seen before their turn in the one order has come. Read-only, acquire and release fences are not modelled.
 */
#ifndef PL_TESTS_MODEL_MEMORY_H
#define PL_TESTS_MODEL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum memory_operation {
    MEMORY_EXCHANGE,
    MEMORY_ADD,
    MEMORY_SUB,
    MEMORY_AND,
    MEMORY_OR,
    MEMORY_XOR,
    MEMORY_NAND
} memory_operation;

/* An atomic operation of the running thread, on `size` bytes: a power of two up to 8. In setup and check, as it is. */
uint64_t memory_load(const volatile void *pointer, unsigned size, int order);
void memory_store(volatile void *pointer, unsigned size, uint64_t value, int order);
uint64_t memory_change(volatile void *pointer, unsigned size, memory_operation how, uint64_t by, int order);
bool memory_compare(volatile void *pointer, unsigned size, uint64_t *expected, uint64_t desired, int success,
                    int failure, bool weak);

/* A plain access of the running thread. */
void memory_plain(uintptr_t address, size_t size, bool write);

/* A light fence of thread `self`. */
void memory_fence_light(int self);

/* Forgets everything: what memory holds now is what all threads know. */
void memory_reset(void);

/* Thread-local variables: they are at first, in each thread, what they were when the program began. In setup: what they
 * hold now, `thread` begins with. */
void memory_locals_of(int thread);

/* The running thread begins anew. */
void memory_fresh_locals(void);

/* Another thread goes on than before; -1 is none. */
void memory_switch(int before, int next);

/* A heavy fence of thread `self` begins, and ends: in between, it takes effect in each other thread. */
void memory_fence_begin(int self);
void memory_fence_end(int self);

/* What a futex's wait by `self` reads. */
uint32_t memory_read_futex(int self, const volatile void *word);

/* A futex's wake by `self`. */
void memory_wake_futex(int self, const volatile void *word);

/* A mutex is locked, or unlocked. */
void memory_acquire(int self, const volatile void *mutex);
void memory_release(int self, const volatile void *mutex);

/* Zero, unless it is much; until the execution is over. */
void *memory_allocate(size_t bytes);
void *memory_calloc(size_t count, size_t size);
void *memory_aligned(size_t alignment, size_t bytes); /* to 64 at most */
void memory_free(void *start);

/* Address space, of which the first `bytes`, and no more, are usable from a commit on; for another thread, when it
 * knows of that. Whether there has been one. What is much may be used at once. */
void *memory_reserve(size_t bytes);
void memory_commit(void *start, size_t bytes);
bool memory_is_committed(const void *start);

/* The system takes what is there: it is zero from now on, by a relaxed store of the running thread, so to say. */
void memory_take(void *start, size_t bytes);

/* How many allocations there are that have not been freed. */
int memory_left(void);

#endif
