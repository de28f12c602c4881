/* SPDX-License-Identifier: MIT */
/* The operating system as the library under test sees it. The C library's threads are in threads.c. */
#include <string.h>

#include "base/os.h"
#include "base/os_process.h"
#include "deque/deque.h"
#include "model/explore.h"
#include "model/memory.h"
#include "model/search.h"

bool model_no_memory, model_commits_fail, model_fences_fail, model_no_fences;
uint32_t pl_model_first_room, pl_model_kept_room;

void pl_os_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns)
{
    pl_model_point("pl_os_wait", 0);
    search_point((uintptr_t)word, true);
    /* it may return for no reason */
    if (memory_read_futex(model_self(), word) == expected && search_weak(2) == 0)
        search_wait(word, timeout_ns >= 0);
}

static void wake(_Atomic uint32_t *word, bool all)
{
    pl_model_point("pl_os_wake", all);
    if (model_self() < 0)
        return;
    search_point((uintptr_t)word, true);
    memory_wake_futex(model_self(), word);
    search_wake(word, all);
}

void pl_os_wake(_Atomic uint32_t *word)
{
    wake(word, false);
}

void pl_os_wait_for(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
    pl_os_wait(word, expected, timeout_ns < SEARCH_LONG_NS ? (int64_t)timeout_ns : -1);
}

void pl_os_wake_all(_Atomic uint32_t *word)
{
    wake(word, true);
}

/* Processes are threads here. */
void pl_os_shared_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
    pl_os_wait_for(word, expected, timeout_ns);
}

void pl_os_shared_wake(_Atomic uint32_t *word, pl_os_sleepers sleepers)
{
    wake(word, sleepers == PL_OS_ALL_SLEEPERS);
}

/* No worker has a reason to, but one that finds that the board is not as it has left it. */
void pl_os_leave(int status)
{
    (void)status;
    model_assert(false);
    for (;;)
        pl_os_sleep();
}

const int pl_os_killed_by = 9;

unsigned pl_pool_cpus(void)
{
    return MODEL_THREADS + 1;
}

unsigned pl_os_cpus_allowed(void)
{
    return MODEL_THREADS + 1;
}

/* ---- time
 * ------------------------------------------------------------------------------------------------------------ */

void pl_os_yield(void)
{
    search_yield();
}

void pl_os_name_self(const char *name)
{
    (void)name;
}

void pl_os_after_fork(void)
{
}

bool pl_os_is_new_child(void)
{
    return false;
}

void pl_os_known_child(void)
{
}

void pl_os_sleep(void)
{
    pl_os_yield();
}

bool pl_os_fence_init(void)
{
    return !model_no_fences;
}

bool pl_os_fence_all(void)
{
    if (model_fences_fail)
        return false;
    pl_model_point("pl_os_fence_all begins", 0);
    search_point(0, true);
    memory_fence_begin(model_self());
    pl_model_point("pl_os_fence_all ends", 0);
    search_point(0, true);
    memory_fence_end(model_self());
    return true;
}

/* Each reading of the clock is a millisecond after the last: nobody spins for long, and chunks stay at one item. */
uint64_t pl_ticks(void)
{
    return search_ticks();
}

void pl_os_choose_clock(void)
{
}

uint64_t pl_os_ticks_per_us(void)
{
    return 1;
}

uint64_t pl_os_nanoseconds(void)
{
    return pl_ticks() * 1000;
}

/* ---- memory
 * ---------------------------------------------------------------------------------------------------------- */

void *pl_os_reserve(size_t bytes)
{
    enum { FEW = 1 << 12 };
    return model_no_memory && bytes > FEW ? NULL : memory_reserve(bytes);
}

size_t pl_os_to_reserve(size_t bytes)
{
    return bytes;
}

/* The first one of some memory comes before others know of that. */
bool pl_os_commit(void *start, size_t bytes)
{
    bool first = !memory_is_committed(start);
    pl_model_point("pl_os_commit", 0);
    if (!first)
        search_point(0, true);
    if (!first && model_commits_fail && search_weak(2) == 1)
        return false;
    memory_commit(start, bytes);
    return start && bytes;
}

void pl_os_release(void *start, size_t bytes)
{
    (void)bytes;
    memory_free(start);
}

void pl_os_trim(void *start, size_t kept, size_t used, size_t *warm)
{
    size_t middle = used > kept ? used : kept;
    if (model_self() >= 0 && (*warm > middle || used > kept)) {
        pl_model_point("pl_os_trim", 0);
        search_point(0, true);
    }
    if (*warm > middle)
        memory_take((char *)start + middle, *warm - middle);
    if (used > kept && model_self() >= 0 && search_choose(2) == 1)
        memory_take((char *)start + kept, used - kept);
    *warm = used > kept ? used : 0;
}

/* The system takes it at once, or never. */
bool pl_os_offer(void *start, size_t bytes)
{
    if (search_choose(2) == 1)
        memory_take(start, bytes);
    return true;
}

bool pl_os_may_keep(size_t bytes, unsigned share)
{
    (void)bytes;
    (void)share;
    return true;
}

void *pl_os_zalloc(size_t bytes)
{
    return memory_allocate(bytes);
}
