/* SPDX-License-Identifier: MIT */
/* The part of the OS interface that is the same on Linux and on other POSIX systems. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/os.h"
#include "base/os_internal.h"

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

/* A thread's stack if the program's has no limit, and the most that is asked for. */
#define STACK_DEFAULT ((size_t)2 << 20)
#define STACK_MOST ((size_t)64 << 20)

uint64_t pl_os_nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

bool pl_os_cond_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return false;
    bool well =
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 && pthread_cond_init(condition, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return well;
}

void pl_os_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, uint64_t until_ns)
{
    struct timespec t = pl_timespec(until_ns);
    pthread_cond_timedwait(condition, mutex, &t);
}

#if defined(PL_TICKS_ARE_NANOSECONDS)
uint64_t pl_os_ticks_per_us(void)
{
    return 1000;
}
#elif defined(__aarch64__)
uint64_t pl_os_ticks_per_us(void)
{
    uint64_t hz;
    __asm__("mrs %0, cntfrq_el0" : "=r"(hz));
    return hz < 1000000 ? 1 : hz / 1000000;
}
#else
/* When the library was loaded, on both clocks: the longer ago, the better the ratio. Written once, before any
 * thread of ours exists. */
static uint64_t loaded_ticks, loaded_ns;

__attribute__((constructor)) static void note_load_time(void)
{
    loaded_ticks = pl_ticks();
    loaded_ns = pl_os_nanoseconds();
}

uint64_t pl_os_ticks_per_us(void)
{
    static _Atomic uint64_t known;
    /* O1 relaxed: a number by itself; pairs with O2 */
    uint64_t ratio = atomic_load_explicit(&known, memory_order_relaxed);
    if (ratio)
        return ratio;
    uint64_t ticks = pl_ticks() - loaded_ticks, ns = pl_os_nanoseconds() - loaded_ns;
    if (ns < 1000)
        return 2500; /* a guess between the clock rates in use */
    ratio = ticks / (ns / 1000);
    ratio = ratio ? ratio : 1;
    if (ns > 1000000) {
        /* O2 relaxed: whoever stores, stores the same to within a thousandth; pairs with O1 */
        atomic_store_explicit(&known, ratio, memory_order_relaxed);
    }
    return ratio;
}
#endif

/* From how much on memory is better had in huge pages, where there are such: a few of them. */
#define HUGE_BYTES ((size_t)8 << 20)

static size_t whole_pages(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (bytes + page - 1) / page * page;
}

void *pl_os_reserve(size_t bytes)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    int saved = errno;
    void *start = mmap(NULL, whole_pages(bytes), PROT_NONE, flags, -1, 0);
    errno = saved;
    return start == MAP_FAILED ? NULL : start;
}

bool pl_os_commit(void *start, size_t bytes)
{
    int saved = errno;
    bytes = whole_pages(bytes);
    bool done = mprotect(start, bytes, PROT_READ | PROT_WRITE) == 0;
    if (done && bytes >= HUGE_BYTES)
        pl_os_use_huge_pages(start, bytes);
    errno = saved;
    return done;
}

void pl_os_release(void *start, size_t bytes)
{
    munmap(start, whole_pages(bytes));
}

void pl_os_trim(void *start, size_t kept, size_t used, size_t *warm)
{
    size_t middle = used > kept ? used : kept;
    if (*warm > middle)
        pl_os_discard((char *)start + middle, *warm - middle);
    if (used > kept)
        pl_os_offer((char *)start + kept, used - kept);
    *warm = used > kept ? used : 0;
}

void *pl_os_zalloc(size_t bytes)
{
    bytes = (bytes + PL_LINE - 1) / PL_LINE * PL_LINE;
    void *memory = aligned_alloc(PL_LINE, bytes);
    if (memory)
        memset(memory, 0, bytes);
    return memory;
}

/* Some C libraries give threads little, whatever the program may have: musl 128 KB, that of macOS 512 KB. With glibc it is what
 * the program may have, or has asked for by pthread_setattr_default_np(). */
static void enlarge_stack(pthread_attr_t *attributes)
{
#ifndef __GLIBC__
    struct rlimit limit;
    size_t given, wanted = STACK_DEFAULT, page = pl_os_page();
    if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        wanted = limit.rlim_cur > STACK_MOST ? STACK_MOST : (size_t)limit.rlim_cur;
    if (pthread_attr_getstacksize(attributes, &given) == 0 && given < wanted)
        pthread_attr_setstacksize(attributes, (wanted + page - 1) / page * page);
#else
    (void)attributes;
#endif
}

bool pl_os_thread(pthread_t *thread, void *(*run)(void *), void *argument, int off)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    enlarge_stack(&attributes);
    if (off >= 0)
        pl_os_begin_off(&attributes, off);
    sigset_t all, before;
    sigfillset(&all);
    static const int own_faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};
    for (size_t i = 0; i < sizeof own_faults / sizeof own_faults[0]; i++)
        sigdelset(&all, own_faults[i]);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool made = pthread_create(thread, &attributes, run, argument) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return made;
}

void pl_os_yield(void)
{
    sched_yield();
}

void pl_os_nap(void)
{
    struct timespec t = {.tv_nsec = 1000000};
    int saved = errno;
    nanosleep(&t, NULL);
    errno = saved;
}
