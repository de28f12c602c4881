/* SPDX-License-Identifier: MIT */
/*
 * The OS interface on any POSIX system. Waiting is done on condition variables: a small table of them, hashed
 * by the address of the word that is waited for. Two words may share an entry; then a wake-up wakes the threads of
 * both, and those that wait for the other word sleep on.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/os.h"
#include "base/os_internal.h"

/* The longest wait: its caller looks again, and waits again. */
enum { LOTS = 64, LONGEST_S = 100000000 };

static struct parking_lot {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
} lots[LOTS] = {
#define ONE                                                                                                            \
    {                                                                                                                  \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER                                                            \
    }
#define EIGHT ONE, ONE, ONE, ONE, ONE, ONE, ONE, ONE
    EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT,
#undef EIGHT
#undef ONE
};

static struct parking_lot *lot_of(const _Atomic uint32_t *word)
{
    uintptr_t address = (uintptr_t)word / sizeof *word;
    return &lots[(address ^ address >> 6 ^ address >> 12) % LOTS];
}

void pl_os_wait(_Atomic uint32_t *word, uint32_t expected, int64_t timeout_ns)
{
    struct parking_lot *lot = lot_of(word);
    struct timespec until;
    if (timeout_ns >= 0) {
        clock_gettime(CLOCK_REALTIME, &until);
        int64_t seconds = timeout_ns / 1000000000; /* years are enough; seconds of 32 bits would not hold more */
        until.tv_sec += seconds < LONGEST_S ? (time_t)seconds : LONGEST_S;
        until.tv_nsec += (long)(timeout_ns % 1000000000);
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
    }
    int state = pl_os_cancel_defer();
    pthread_mutex_lock(&lot->mutex);
    int rc = 0;
    /* O3 relaxed: the mutex orders it: a waker changes the word first, and takes the mutex then; no partner */
    while (atomic_load_explicit(word, memory_order_relaxed) == expected && rc != ETIMEDOUT)
        rc = timeout_ns < 0 ? pthread_cond_wait(&lot->condition, &lot->mutex)
                            : pthread_cond_timedwait(&lot->condition, &lot->mutex, &until);
    pthread_mutex_unlock(&lot->mutex);
    pl_os_cancel_restore(state);
}

void pl_os_wake(_Atomic uint32_t *word)
{
    struct parking_lot *lot = lot_of(word);
    pthread_mutex_lock(&lot->mutex);
    pthread_cond_broadcast(&lot->condition);
    pthread_mutex_unlock(&lot->mutex);
}

void pl_os_wait_for(_Atomic uint32_t *word, uint32_t expected, uint64_t timeout_ns)
{
    int saved = errno, state = pl_os_cancel_defer();
    struct timespec t = {.tv_nsec = timeout_ns < 1000000 ? (long)timeout_ns : 1000000};
    /* O4 seq_cst: a change by the thread that wakes, if it is missed here, is seen a millisecond later; no partner */
    if (atomic_load_explicit(word, memory_order_seq_cst) == expected)
        nanosleep(&t, NULL);
    pl_os_cancel_restore(state);
    errno = saved;
}

void pl_os_wake_all(_Atomic uint32_t *word)
{
    (void)word;
}

void pl_os_after_fork(void)
{
    for (int i = 0; i < LOTS; i++)
        lots[i] = (struct parking_lot){PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER};
}

bool pl_os_is_new_child(void)
{
    return false;
}

void pl_os_known_child(void)
{
}

bool pl_os_try_join(pthread_t thread)
{
    return pthread_join(thread, NULL) == 0;
}

void pl_os_name_self(const char *name)
{
    (void)name;
}

unsigned pl_os_cpus(void)
{
    return pl_os_cpus_allowed();
}

unsigned pl_os_cpus_allowed(void)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (unsigned)online : 1;
}

int pl_os_cpu(void)
{
    return -1;
}

pl_os_id pl_os_thread_self(void)
{
    return 0;
}

bool pl_os_place(pthread_attr_t *attributes, int off, const pl_os_cpu_set *cpus)
{
    (void)attributes;
    (void)off;
    (void)cpus;
    return false;
}

pl_os_cpu_set *pl_os_cpu_set_new(const int *numbers, size_t count, unsigned *usable)
{
    (void)numbers;
    (void)count;
    (void)usable;
    errno = EINVAL;
    return NULL;
}

bool pl_os_may_start_excluding(int cpu, const pl_os_thread_attributes *attributes)
{
    (void)cpu;
    (void)attributes;
    return false;
}

/* POSIX knows no attributes of single threads that would have to be taken over. */
bool pl_os_thread_begins(const pl_os_thread_attributes *attributes)
{
    (void)attributes;
    return true;
}

#if defined(__x86_64__) || defined(__i386__)
void pl_os_choose_clock(void)
{
}

uint64_t pl_os_nanoseconds_by_kernel(void)
{
    return 0;
}
#endif

bool pl_os_may_exclude_cpu(pl_os_id thread, int cpu)
{
    (void)thread;
    (void)cpu;
    return false;
}

void pl_os_exclude_cpu(pl_os_id thread, int cpu, pl_os_cpu_use use)
{
    (void)thread;
    (void)cpu;
    (void)use;
}

/* ---- fences, and memory: what POSIX does not have -------------------------------------------------------- */

bool pl_os_fence_init(void)
{
    return false;
}

bool pl_os_fence_all(void)
{
    return false;
}

void pl_os_use_huge_pages(void *start, size_t bytes)
{
    (void)start;
    (void)bytes;
}

bool pl_os_is_locked(void *page, size_t bytes)
{
    return msync(page, bytes, MS_SYNC | MS_INVALIDATE) != 0 && errno == EBUSY;
}

void pl_os_discard(void *start, size_t bytes)
{
    (void)start;
    (void)bytes;
}

bool pl_os_offer(void *start, size_t bytes)
{
    (void)start;
    (void)bytes;
    return false;
}

void pl_os_find_cpu_limits(pl_os_cpu_limits *limits)
{
    unsigned online = pl_os_cpus();
    *limits = (pl_os_cpu_limits){online, online, 0};
}

/* ---- the environment ------------------------------------------------------------------------------------- */

const char *pl_os_environment(const char *name)
{
    return getuid() == geteuid() && getgid() == getegid() ? getenv(name) : NULL;
}
