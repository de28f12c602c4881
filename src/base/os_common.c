/* SPDX-License-Identifier: MIT */
/* The part of the OS interface that is the same on Linux and on other POSIX systems. */
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/life.h"
#include "base/os.h"
#include "base/os_internal.h"

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

/* How much to reserve at a time where that is locked in memory. */
#define LOCKED_BYTES ((size_t)1 << 20)

/* The most stack, which is address space, that a thread is given where the program does not say; and the stack that
 * glibc gives where there is no limit. */
#define STACK_MOST (sizeof(void *) > 4 ? (size_t)64 << 20 : (size_t)2 << 20)
#define STACK_GLIBC ((size_t)2 << 20)

/* ---- time ------------------------------------------------------------------------------------------------- */

uint64_t pl_os_nanoseconds(void)
{
    struct timespec t;
#if defined(__x86_64__) || defined(__i386__)
    /* O10 relaxed: as O8; pairs with O9 */
    if (__builtin_expect(atomic_load_explicit(&pl_os_no_counter, memory_order_relaxed), 0))
        return pl_os_nanoseconds_by_kernel();
#endif
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
    struct timespec t = pl_os_timespec(until_ns);
    int state = pl_os_cancel_defer(); /* if the thread were cancelled, the mutex would stay locked */
    pthread_cond_timedwait(condition, mutex, &t);
    pl_os_cancel_restore(state);
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
_Atomic bool pl_os_no_counter;

/* The bounds of the clock rates in use, in ticks for each microsecond. Another rate says that a clock has been set. */
#define LEAST_TICKS 100
#define MOST_TICKS 20000
/* A guess, where nothing has been measured yet. */
#define SOME_TICKS 2500

/* When the library was loaded, on both clocks: the longer ago, the better the ratio. Written once, before the library
 * has threads. */
static uint64_t loaded_ticks, loaded_ns;

static void note_load_time(void)
{
    pl_os_choose_clock();
    loaded_ticks = pl_ticks();
    loaded_ns = pl_os_nanoseconds();
}

PL_LIFE(PL_LIFE_CLOCK, .loaded = note_load_time);

/* Measures the rate for 20 microseconds. */
static uint64_t measure_ticks(void)
{
    uint64_t ticks = pl_ticks(), start = pl_os_nanoseconds(), ns;
    while ((ns = pl_os_nanoseconds() - start) < 20000) {
    }
    uint64_t ratio = (pl_ticks() - ticks) / (ns / 1000);
    return ratio < LEAST_TICKS || ratio > MOST_TICKS ? SOME_TICKS : ratio;
}

uint64_t pl_os_ticks_per_us(void)
{
    static _Atomic uint64_t known;
    /* O11 relaxed: as O8; pairs with O9 */
    if (__builtin_expect(atomic_load_explicit(&pl_os_no_counter, memory_order_relaxed), 0))
        return 1000;
    /* O1 relaxed: a number by itself; pairs with O2 */
    uint64_t ratio = atomic_load_explicit(&known, memory_order_relaxed);
    if (ratio)
        return ratio;
    uint64_t ticks = pl_ticks() - loaded_ticks, ns = pl_os_nanoseconds() - loaded_ns;
    if (ns < 1000)
        return SOME_TICKS;
    ratio = ticks / (ns / 1000);
    if (ratio < LEAST_TICKS || ratio > MOST_TICKS) {
        ratio = measure_ticks(); /* the counter has been set since the library was loaded */
        ns = UINT64_MAX;
    }
    if (ns > 1000000) {
        /* O2 relaxed: all threads store the same to within a thousandth; pairs with O1 */
        atomic_store_explicit(&known, ratio, memory_order_relaxed);
    }
    return ratio;
}
#endif

#if !defined(__x86_64__) && !defined(__i386__)
void pl_os_choose_clock(void)
{
}
#endif

/* ---- memory ----------------------------------------------------------------------------------------------- */

/* Memory of so many bytes and more is in huge pages, where there are such. */
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

size_t pl_os_to_reserve(size_t bytes)
{
    if (bytes <= LOCKED_BYTES)
        return bytes;
    int saved = errno;
    size_t page = whole_pages(1);
    void *probe = mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool locked = probe != MAP_FAILED ? pl_os_is_locked(probe, page) : errno == EAGAIN;
    if (probe != MAP_FAILED)
        munmap(probe, page);
    errno = saved;
    return locked ? LOCKED_BYTES : bytes;
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

/* ---- threads ---------------------------------------------------------------------------------------------- */

size_t pl_os_least_stack(void)
{
    long least = sysconf(_SC_THREAD_STACK_MIN);
    return least > 16384 ? (size_t)least : 16384;
}

/* The stack of a thread where the program does not say: as much as the first thread may have, if the C library would
 * give less. Some give threads little: musl 128 KB, that of macOS 512 KB. glibc gives as much, or what the program has
 * set by pthread_setattr_default_np(), but where there is no limit, 2 MB. 0: what the C library gives will do. */
static size_t default_stack(const pthread_attr_t *attributes)
{
    struct rlimit limit;
    size_t given;
    if (pthread_attr_getstacksize(attributes, &given) != 0 || getrlimit(RLIMIT_STACK, &limit) != 0)
        return 0;
#ifdef __GLIBC__
    return limit.rlim_cur == RLIM_INFINITY && given == STACK_GLIBC ? STACK_MOST : 0;
#else
    size_t wanted = STACK_GLIBC;
    if (limit.rlim_cur != RLIM_INFINITY)
        wanted = limit.rlim_cur > STACK_MOST ? STACK_MOST : (size_t)limit.rlim_cur;
    return given < wanted ? wanted : 0;
#endif
}

static void set_stack(pthread_attr_t *attributes, size_t size)
{
    size_t page = pl_os_page();
    if (size)
        pthread_attr_setstacksize(attributes, (size + page - 1) / page * page);
}

/* One try: *placed says whether to set where the thread is to run; afterwards, whether that was set. */
static bool try_thread(pthread_t *thread, void *(*run)(void *), void *argument, int off,
                       const pl_os_thread_attributes *wanted, bool *placed)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return *placed = false;
    set_stack(&attributes, wanted->stack_size ? wanted->stack_size : default_stack(&attributes));
    *placed = *placed && pl_os_place(&attributes, off, wanted->cpus);
    bool made = pthread_create(thread, &attributes, run, argument) == 0;
    pthread_attr_destroy(&attributes);
    return made;
}

bool pl_os_thread(pthread_t *thread, void *(*run)(void *), void *argument, int off,
                  const pl_os_thread_attributes *attributes)
{
    pl_os_mask mask;
    pl_os_mask_get(&mask);
    pl_os_mask_block();
    bool placed = true, made = try_thread(thread, run, argument, off, attributes, &placed);
    if (!made && placed) { /* rather a thread that runs anywhere than none: a sandbox may refuse to place it */
        placed = false;
        made = try_thread(thread, run, argument, off, attributes, &placed);
    }
    pl_os_mask_set(&mask);
    return made;
}

/* ---- what tasks see of a thread --------------------------------------------------------------------------- */

void pl_os_mask_get(pl_os_mask *mask)
{
    pthread_sigmask(SIG_SETMASK, NULL, mask);
}

void pl_os_mask_set(const pl_os_mask *mask)
{
    pthread_sigmask(SIG_SETMASK, mask, NULL);
}

/* The signals that a thread's own faults raise. */
static const int own_faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT};

void pl_os_mask_block(void)
{
    sigset_t most;
    sigfillset(&most);
    for (size_t i = 0; i < sizeof own_faults / sizeof own_faults[0]; i++)
        sigdelset(&most, own_faults[i]);
    sigdelset(&most, SIGPROF);
    pthread_sigmask(SIG_SETMASK, &most, NULL);
}

void pl_os_handled(pl_os_mask *signals)
{
    sigemptyset(signals);
    for (int i = 1; i < NSIG; i++) {
        struct sigaction action;
        if (i != SIGKILL && i != SIGSTOP && i != SIGPROF && sigaction(i, NULL, &action) == 0 &&
            ((action.sa_flags & SA_SIGINFO) || (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN)))
            sigaddset(signals, i);
    }
    for (size_t i = 0; i < sizeof own_faults / sizeof own_faults[0]; i++)
        sigdelset(signals, own_faults[i]);
}

void pl_os_mask_set_but(const pl_os_mask *mask, const pl_os_mask *signals)
{
    sigset_t both = *mask;
    for (int i = 1; i < NSIG; i++)
        if (sigismember(signals, i) == 1)
            sigaddset(&both, i);
    pl_os_mask_set(&both);
}

/* The control bits of the floating-point unit, without its flags. */
static uint64_t floating_control(void)
{
#if defined(__x86_64__) || defined(__i386__)
    uint16_t x87;
    uint32_t sse = 0;
    __asm__ volatile("fnstcw %0" : "=m"(x87));
#ifdef __SSE__
    __asm__ volatile("stmxcsr %0" : "=m"(sse));
#endif
    return (uint64_t)(sse & ~UINT32_C(0x3f)) << 16 | x87;
#elif defined(__aarch64__)
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return fpcr;
#elif defined(__riscv) && defined(__riscv_flen)
    uint64_t rounding;
    __asm__ volatile("frrm %0" : "=r"(rounding));
    return rounding;
#else
    return 0;
#endif
}

static void set_floating_control(uint64_t control)
{
#if defined(__x86_64__) || defined(__i386__)
    uint16_t x87 = (uint16_t)control;
    __asm__ volatile("fldcw %0" : : "m"(x87));
#ifdef __SSE__
    uint32_t sse = (uint32_t)(control >> 16);
    __asm__ volatile("ldmxcsr %0" : : "m"(sse));
#endif
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"(control));
#elif defined(__riscv) && defined(__riscv_flen)
    __asm__ volatile("fsrm %0" : : "r"(control));
#else
    (void)control;
#endif
}

void pl_os_ambient_get(pl_os_ambient *ambient)
{
    ambient->floating = floating_control();
    ambient->locale = uselocale((locale_t)0);
}

void pl_os_ambient_enter(const pl_os_ambient *ambient, pl_os_ambient *before)
{
    pl_os_ambient_get(before);
    if (ambient->floating != before->floating)
        set_floating_control(ambient->floating);
    if (ambient->locale != before->locale)
        uselocale(ambient->locale);
}

void pl_os_ambient_leave(const pl_os_ambient *before)
{
    pl_os_ambient now;
    pl_os_ambient_enter(before, &now);
}

void *pl_os_program_locale(void)
{
    return LC_GLOBAL_LOCALE;
}

int pl_os_cancel_defer(void)
{
    int state = PTHREAD_CANCEL_ENABLE;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    return state;
}

void pl_os_cancel_restore(int state)
{
    if (state >= 0)
        pthread_setcancelstate(state, NULL);
}

/* ---- rest ------------------------------------------------------------------------------------------------- */

bool pl_os_asks_for_few_calls(void)
{
    const char *text = getenv("PARALLEL_SYSCALLS");
    return text && strcmp(text, "few") == 0;
}

bool pl_os_few_calls(void)
{
    static _Atomic int known; /* 0: not known yet; 1: all calls; 2: few */
    /* O12 relaxed: a number by itself, and all threads find the same; pairs with O13 */
    int few = atomic_load_explicit(&known, memory_order_relaxed);
    if (!few) {
        few = pl_os_asks_for_few_calls() ? 2 : 1;
        /* O13 relaxed: see O12; pairs with O12 */
        atomic_store_explicit(&known, few, memory_order_relaxed);
    }
    return few == 2;
}

long pl_os_process_id(void)
{
    return (long)getpid();
}

bool pl_os_at_exit(void (*run)(void))
{
    return atexit(run) == 0;
}

void pl_os_yield(void)
{
    static _Atomic uint32_t nobody_wakes;
    if (pl_os_few_calls())
        pl_os_wait(&nobody_wakes, 0, 1);
    else
        sched_yield();
}

void pl_os_sleep(void)
{
    struct timespec t = {.tv_nsec = 1000000};
    int saved = errno, state = pl_os_cancel_defer();
    nanosleep(&t, NULL);
    pl_os_cancel_restore(state);
    errno = saved;
}
