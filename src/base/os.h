/* SPDX-License-Identifier: MIT */
/*
 * The operating system, as far as the library knows it. This header is the whole interface; it is implemented
 * once for Linux (os_linux.c) and once for any POSIX system (os_posix.c), with what both share in os_common.c.
 * Nothing above this layer includes a system header for threads, memory, clocks or processors.
 */
#ifndef PL_BASE_OS_H
#define PL_BASE_OS_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"

/* ---- processors ------------------------------------------------------------------------------------------ */

/*
 * How many CPUs this process may use, at least 1: those of its first thread's affinity mask, whichever thread asks, and
 * no more than its cgroup's quota rounded up (version 1 or 2, the tightest on the way to the root).
 */
unsigned pl_os_cpus(void);

/* Those of the affinity mask alone: no fewer, and known in a microsecond. */
unsigned pl_os_cpus_allowed(void);

/* What that comes from. */
typedef struct pl_os_cpu_limits {
    unsigned online;  /* CPUs that there are; 0: not known */
    unsigned allowed; /* by the affinity mask */
    unsigned quota;   /* of the cgroup, rounded up; 0: none */
} pl_os_cpu_limits;

void pl_os_find_cpu_limits(pl_os_cpu_limits *limits);

/*
 * Whether to do without all system calls that are not needed, as some sandboxes end a program that makes one: the
 * environment says PARALLEL_SYSCALLS=few. docs/sandbox.md has the list.
 */
bool pl_os_few_calls(void);

/*
 * The CPU quota of the cgroup that `self_cgroup` (the text of /proc/self/cgroup) describes, with hierarchies
 * mounted below `root`, rounded up to whole CPUs; 0 if there is none. On Linux; apart from pl_os_cpus() for its tests.
 */
unsigned pl_os_cgroup_quota(const char *self_cgroup, const char *root);

/* ---- waiting --------------------------------------------------------------------------------------------- */

/*
 * Sleeps while *word == expected, until pl_os_wake(), for at most `timeout_ns` if that is not negative. May
 * return for no reason at all: callers loop.
 */
void pl_os_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns);

/* Wakes the thread that sleeps on `word`. The word itself may be gone already: only its address is used. */
void pl_os_wake(_Atomic uint32_t *word);

/*
 * Another way to wait, where many threads may sleep on one word, and the wake-up is safe in a signal handler:
 * pl_os_wait_for() sleeps while *word == expected, for at most `timeout_ns`, and may return for no reason;
 * pl_os_wake_all() wakes all threads that wait on `word`, at once or, where the system has no way to do that in a
 * signal handler, within a millisecond.
 */
void pl_os_wait_for(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns);
void pl_os_wake_all(_Atomic uint32_t *word);

/* In a new child process, whose other threads are gone: makes waiting work again. */
void pl_os_after_fork(void);

/*
 * Whether this is a child process that has not said pl_os_known_child() yet: fork handlers of the program that are
 * older than the library's run before these in the child, and may call. False where the system cannot tell.
 */
bool pl_os_is_new_child(void);
void pl_os_known_child(void);

/* A condition variable whose waits end by pl_os_nanoseconds(). False if there can be none. */
bool pl_os_cond_init(pthread_cond_t *condition);

/* pthread_cond_wait(), but no longer than until then. */
void pl_os_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, uint64_t until_ns);

/* One step of a spin loop: tells the CPU that nothing happens here. */
static inline void pl_pause(void)
{
#if defined(PL_MODEL)
#elif defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#elif defined(__riscv)
    __asm__ volatile(".insn i 0x0F, 0, x0, x0, 0x010" ::: "memory"); /* pause, a hint on every RISC-V */
#endif
}

/* ---- time ------------------------------------------------------------------------------------------------ */

/* Monotonic time in nanoseconds. */
uint64_t pl_os_nanoseconds(void);

/*
 * A clock that is as cheap to read as the machine allows, in ticks of its own. It may be set back, or forward, when a
 * virtual machine or a checkpoint is restored. So nothing waits for a number of ticks to be reached: what is compared
 * is how many have passed since a start (`pl_ticks() - start > patience`), which a clock that was set back makes very
 * many. Times that another thread waits for are in nanoseconds.
 */
#if defined(PL_MODEL)
uint64_t pl_ticks(void);
#elif defined(__x86_64__) || defined(__i386__)
/* Whether this process may not read the CPU's counter: prctl(PR_SET_TSC). Found out when the library is loaded, and
 * again before its first call on several threads. */
extern _Atomic bool pl_os_no_counter __attribute__((visibility("hidden")));
static inline uint64_t pl_ticks(void)
{
    /* O8 relaxed: written before there are threads of ours; pairs with O9 */
    if (__builtin_expect(atomic_load_explicit(&pl_os_no_counter, memory_order_relaxed), 0))
        return pl_os_nanoseconds();
    return __builtin_ia32_rdtsc();
}
#elif defined(__aarch64__)
static inline uint64_t pl_ticks(void)
{
    uint64_t t;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(t));
    return t;
}
#else
#define PL_TICKS_ARE_NANOSECONDS 1
static inline uint64_t pl_ticks(void)
{
    return pl_os_nanoseconds();
}
#endif

/*
 * Ticks in a microsecond, at least 1. Exact where the hardware tells; else measured against the clock, and good
 * to about a factor of two in the first millisecond of the program. For thresholds, not for figures.
 */
uint64_t pl_os_ticks_per_us(void);

/* Finds out whether pl_ticks() may read the CPU's counter. Called before the process has threads of the library's. */
void pl_os_choose_clock(void);

/* ---- memory ---------------------------------------------------------------------------------------------- */

/*
 * Address space without memory behind it: `bytes` (rounded up to pages), or NULL. Parts of it become usable,
 * and zero, with pl_os_commit(), which returns false if there is no memory. pl_os_release() ends all of it.
 */
void *pl_os_reserve(size_t bytes);
bool pl_os_commit(void *start, size_t bytes);
void pl_os_release(void *start, size_t bytes);

/*
 * How much to reserve, or to share (os_process.h), for what may take `bytes` one day: all of it, as a rule, since it
 * has no memory behind it. But where new mappings are locked, after mlockall(MCL_FUTURE), all of it counts as memory at
 * once: then no more than is likely to be used.
 */
size_t pl_os_to_reserve(size_t bytes);

/* Gives back the memory behind committed pages, where the system can: they stay usable, and are zero or as they
 * were. */
void pl_os_discard(void *start, size_t bytes);

/* Lets the system take that memory when it is short of it, and not before: to use it again costs next to nothing. A
 * page is as it was until the system has taken it, or then zero. False if the system cannot, as it is locked. */
bool pl_os_offer(void *start, size_t bytes);

/* Whether the process may keep so much memory that it does not use: it is a part of the machine's, one of `share`, or
 * less; and there is no limit to its own. */
bool pl_os_may_keep(size_t bytes, unsigned share);

/*
 * Trims committed memory at the end of some work to `kept` bytes. What this work has used beyond, `used` bytes in all,
 * is offered; what only earlier work has, *warm bytes in all, is given back. So a burst of use costs page faults once,
 * when it is repeated, and memory once, when it is not.
 */
void pl_os_trim(void *start, size_t kept, size_t used, size_t *warm);

/* Zeroed memory on a cache line of its own, or NULL; ends with free(). */
void *pl_os_zalloc(size_t bytes);

/* ---- threads --------------------------------------------------------------------------------------------- */

/* A set of CPUs. */
typedef struct pl_os_cpu_set pl_os_cpu_set;

/* The CPUs, of the `count` numbers, that the process may run on; *usable is how many. Freed by free(). NULL with errno:
 * EINVAL if there are none, or where the system has no such sets; ENOMEM. */
pl_os_cpu_set *pl_os_cpu_set_new(const int *numbers, size_t count, unsigned *usable);

/* What the pool's threads are like, whatever the thread is like that starts them. */
typedef struct pl_os_thread_attributes {
    size_t stack_size;         /* bytes; 0: as much as the program's first thread may have */
    const pl_os_cpu_set *cpus; /* where they may run; NULL: where the program's first thread may */
    unsigned cpu_count;        /* how many CPUs are in `cpus` */
    int nice;                  /* added to the nice value of the program's first thread */
} pl_os_thread_attributes;

/* The smallest stack that a thread can have. */
size_t pl_os_least_stack(void);

/*
 * Starts a thread with all signals blocked (pl_os_mask_block()). If `off` is not -1, it begins off that CPU, where the
 * system can do that. False if there can be no further thread.
 */
typedef sigset_t pl_os_mask;
bool pl_os_thread(pthread_t *thread, void *(*run)(void *), void *argument, int off,
                  const pl_os_thread_attributes *attributes);

/* Whether a thread that is started with these attributes may run on `cpu`, and elsewhere. */
bool pl_os_may_start_excluding(int cpu, const pl_os_thread_attributes *attributes);

/*
 * The first thing that such a thread does: it takes the priority and the scheduling policy of the process's first
 * thread, and not those of the thread that has started it. False if the system does not allow that.
 */
bool pl_os_thread_begins(const pl_os_thread_attributes *attributes);

/*
 * Which signals a thread blocks. A pool's threads block all, so that the program's handlers run on the program's
 * threads, but for those that a thread's own faults raise, and the profiler's. While they run tasks, they have the mask
 * of the thread that waits for these, since what a task starts inherits it; but signals that the program handles stay
 * blocked. (What is not handled, and not ignored, ends or stops the whole process, whichever thread it comes to.)
 */
void pl_os_mask_get(pl_os_mask *mask);
void pl_os_mask_set(const pl_os_mask *mask);
void pl_os_mask_block(void);

/* The signals for which the program has a handler now. Some microseconds. */
void pl_os_handled(pl_os_mask *signals);

/* Sets a mask that blocks `signals` besides those of `mask`. */
void pl_os_mask_set_but(const pl_os_mask *mask, const pl_os_mask *signals);

/*
 * What else tasks see of the thread that waits for them: how it rounds, and other control bits of its floating-point
 * unit (not the flags), and its locale, as uselocale() has set it.
 */
typedef struct pl_os_ambient {
    uint64_t floating;
    void *locale;
} pl_os_ambient;

void pl_os_ambient_get(pl_os_ambient *ambient);
/* Puts `ambient` in place. *before becomes what the thread had, for pl_os_ambient_leave(), which puts that back, also
 * where tasks have changed it. */
void pl_os_ambient_enter(const pl_os_ambient *ambient, pl_os_ambient *before);
void pl_os_ambient_leave(const pl_os_ambient *before);
/* The locale of threads that have not called uselocale(). */
void *pl_os_program_locale(void);

/* Between these, a request to cancel the calling thread is not acted on; they may be nested. The first returns what the
 * second takes. */
int pl_os_cancel_defer(void);
void pl_os_cancel_restore(int state);

/* pl_os_cancel_defer(), where the stack of a cancelled thread is not unwound (unwind.h); elsewhere does nothing. */
#if defined(__GLIBC__) && defined(PL_HAS_PERSONALITY)
#define PL_CANCEL_UNWINDS 1
#else
#define PL_CANCEL_UNWINDS 0
#endif
static inline int pl_os_cancel_unless_unwound(void)
{
    return PL_CANCEL_UNWINDS ? -1 : pl_os_cancel_defer();
}

/*
 * For a thread-local variable that no other library sees: the fastest access that the C library allows to a library
 * which is loaded by dlopen(). glibc keeps some room for such variables, and musl refuses libraries that would need it.
 */
#if defined(__GLIBC__) || defined(__FreeBSD__)
#define PL_OF_THREAD __attribute__((tls_model("initial-exec")))
#else
#define PL_OF_THREAD __attribute__((tls_model("local-dynamic")))
#endif

/* Gives the calling thread a name of at most 15 letters, for debuggers, where the system can. */
void pl_os_name_self(const char *name);

/* Joins a thread that has ended, or is about to: true if that is done. May return false instead of waiting; then it is
 * to be tried again later. */
bool pl_os_try_join(pthread_t thread);

/* A variable of the environment; NULL: there is none, or the program runs with more privileges than its user. */
const char *pl_os_environment(const char *name);

/* The number of this process. */
long pl_os_process_id(void);

/* Registers a function to be called when the program exits, before those that were registered earlier; or when the
 * library is unloaded. False if there is no memory. */
bool pl_os_at_exit(void (*run)(void));

/* Gives the CPU to another thread that is ready to run. */
void pl_os_yield(void);

/* The CPU that the calling thread runs on; -1 where that is not known. */
int pl_os_cpu(void);

/* The system's number for the calling thread, which may be used after its end: nothing happens then. */
typedef long pl_os_id;
pl_os_id pl_os_thread_self(void);

/* Whether a thread may run on `cpu`, and on others: then it can be kept off that CPU. */
bool pl_os_may_exclude_cpu(pl_os_id thread, int cpu);

/* Keeps a thread off a CPU, or lets it run there again. */
typedef enum pl_os_cpu_use { PL_OS_CPU_ALLOWED, PL_OS_CPU_EXCLUDED } pl_os_cpu_use;
void pl_os_exclude_cpu(pl_os_id thread, int cpu, pl_os_cpu_use use);

/* Sleeps for about a millisecond. */
void pl_os_sleep(void);

/*
 * The heavy side of an asymmetric fence: when it returns, every running thread of the process has passed a full memory
 * fence since it was called. The light side, in those threads, is atomic_signal_fence(memory_order_seq_cst). False, and
 * nothing is promised, where the system has no such fence. pl_os_fence_init() is called before, once in a process.
 */
bool pl_os_fence_init(void);
bool pl_os_fence_all(void);

/* ---- the terminal ---------------------------------------------------------------------------------------- */

typedef struct pl_terminal {
    unsigned columns; /* its width; 0: not known */
    bool has_output;  /* whether standard output goes to a terminal, too */
    bool has_blocks;  /* it shows U+2588 to U+258F, each in a column: a locale of UTF-8 and narrow letters */
    bool has_colours; /* and its user has not said NO_COLOR */
} pl_terminal;

/* Whether standard error is a terminal that moves its cursor when told to, with this process in its foreground. */
bool pl_os_terminal(pl_terminal *terminal);

/* Whether the terminal takes text without a wait: not while its user has stopped it, for example. */
bool pl_os_terminal_takes(void);

/* Writes to the terminal, at one go if it takes so much at once. False if it has not taken all. */
bool pl_os_terminal_write(const char *text, size_t length);

/* ---- flags that can be polled ---------------------------------------------------------------------------- */

/*
 * A descriptor that poll() and its like find readable while the flag is raised. It is closed by exec(), and never
 * blocks. Raised only while it is lowered, and the other way round: so nothing is kept of it but whether it is.
 */
typedef struct pl_os_flag {
    int fd;  /* what is polled; -1: it is not open */
    int end; /* where the system needs one to raise it by; else -1 */
} pl_os_flag;

#define PL_OS_NO_FLAG ((pl_os_flag){.fd = -1, .end = -1})

/* Opens a flag, lowered: 0, or EMFILE, ENFILE or ENOMEM. */
int pl_os_flag_open(pl_os_flag *flag);
void pl_os_flag_raise(const pl_os_flag *flag);
void pl_os_flag_lower(const pl_os_flag *flag);

/* Closes it, if it is open. */
void pl_os_flag_close(pl_os_flag *flag);

/* In a child process: `flag` is its parent's, and becomes one of its own by the same number, lowered. False if there is
 * none to be had: then it is closed. Another thread that opens a file at that moment may keep it from being so, but
 * only where no descriptor is left. */
bool pl_os_flag_renew(pl_os_flag *flag);

#endif
