/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "faults/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- the plan -------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int error;
} kinds[FAULT_KINDS] = {
    [FAULT_HEAP] = {"heap", ENOMEM},
    [FAULT_GROW] = {"realloc", ENOMEM},
    [FAULT_MAP] = {"mmap", ENOMEM},
    [FAULT_COMMIT] = {"mprotect", ENOMEM},
    [FAULT_THREAD] = {"thread", EAGAIN},
    [FAULT_KEY] = {"key", EAGAIN},
    [FAULT_CONDITION] = {"condition", ENOMEM},
    [FAULT_FORK] = {"fork", EAGAIN},
    [FAULT_CLONE] = {"clone", EPERM},
    [FAULT_FILE] = {"file", EMFILE},
    [FAULT_PIDFD] = {"pidfd_open", ENOSYS},
    [FAULT_FENCE] = {"membarrier", ENOSYS},
    [FAULT_WAIT] = {"futex wait", EINTR},
    [FAULT_HINT] = {"hint", EINVAL},
};

fault_plan *fault_now;

int fault_error(fault_kind kind)
{
    return kinds[kind].error;
}

const char *fault_name(fault_kind kind)
{
    return kinds[kind].name;
}

/* Whether this call is to fail. Sets errno if so. */
static bool fails(fault_kind kind)
{
    fault_plan *p = fault_now;
    if (!p || !atomic_load_explicit(&p->armed, memory_order_relaxed))
        return false;
    atomic_fetch_add_explicit(&p->calls[kind], 1, memory_order_relaxed);
    if (!(p->kinds & FAULT_BIT(kind)))
        return false;
    unsigned number = atomic_fetch_add_explicit(&p->seen, 1, memory_order_relaxed) + 1;
    if (number < p->first || number > p->last)
        return false;
    atomic_fetch_add_explicit(&p->fired, 1, memory_order_relaxed);
    errno = kinds[kind].error;
    return true;
}

/* The same of a call that asks for so many bytes. */
static bool refuses(fault_kind kind, size_t bytes)
{
    fault_plan *p = fault_now;
    if (p && atomic_load_explicit(&p->armed, memory_order_relaxed))
        atomic_fetch_add_explicit(&p->asked, bytes, memory_order_relaxed);
    return fails(kind);
}

/* ---- the account ----------------------------------------------------------------------------------------- */

/* What has been taken: a hash table without a lock, since a process is forked while other threads are at it. */
enum { PLACES = 1 << 12 };
#define GONE ((void *)1)
static _Atomic(void *) taken[PLACES];
static const void *takers[PLACES];
static atomic_long blocks, strange;
static atomic_llong mapped;

static size_t place_of(const void *memory)
{
    return (size_t)((uintptr_t)memory * UINT64_C(0x9e3779b97f4a7c15) >> 40) % PLACES;
}

static void *take(void *memory, const void *taker)
{
    if (!memory)
        return NULL;
    atomic_fetch_add_explicit(&blocks, 1, memory_order_relaxed);
    for (size_t i = place_of(memory);; i = (i + 1) % PLACES) {
        void *there = atomic_load_explicit(&taken[i], memory_order_relaxed);
        if ((!there || there == GONE) && atomic_compare_exchange_strong(&taken[i], &there, memory)) {
            takers[i] = taker;
            return memory;
        }
    }
}

/* Whether it had been taken. */
static bool give(const void *memory)
{
    void *there;
    for (size_t i = place_of(memory); (there = atomic_load_explicit(&taken[i], memory_order_relaxed));
         i = (i + 1) % PLACES)
        if (there == memory) {
            atomic_store_explicit(&taken[i], GONE, memory_order_relaxed);
            atomic_fetch_sub_explicit(&blocks, 1, memory_order_relaxed);
            return true;
        }
    atomic_fetch_add_explicit(&strange, 1, memory_order_relaxed);
    return false;
}

void fault_open_account(void)
{
    for (size_t i = 0; i < PLACES; i++)
        takers[i] = NULL;
    blocks = strange = 0;
    mapped = 0;
}

long fault_blocks(void)
{
    return blocks;
}

long long fault_mapped(void)
{
    return mapped;
}

long fault_strange(void)
{
    return strange;
}

void fault_takers(char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < PLACES && used + 24 < size; i++) {
        const void *memory = taken[i];
        if (memory && memory != GONE && takers[i])
            used += (size_t)snprintf(text + used, size - used, " %p", takers[i]);
    }
}

/* ---- the heap -------------------------------------------------------------------------------------------- */

#define TAKER __builtin_return_address(0)

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t n, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
void __real_free(void *memory);

/* Nobody is to rely on what fresh memory holds, or memory that was freed. */
static void *soil(void *memory)
{
    if (memory)
        memset(memory, 0xa5, malloc_usable_size(memory));
    return memory;
}

void *__wrap_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes)
{
    return refuses(FAULT_HEAP, bytes) ? NULL : take(soil(__real_malloc(bytes)), TAKER);
}

void *__wrap_calloc(size_t n, size_t bytes);
void *__wrap_calloc(size_t n, size_t bytes)
{
    return refuses(FAULT_HEAP, n * bytes) ? NULL : take(__real_calloc(n, bytes), TAKER);
}

void *__wrap_realloc(void *memory, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes)
{
    if (refuses(FAULT_GROW, bytes))
        return NULL;
    if (memory)
        give(memory);
    return take(__real_realloc(memory, bytes), TAKER);
}

void *__wrap_aligned_alloc(size_t alignment, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes)
{
    return refuses(FAULT_HEAP, bytes) ? NULL : take(soil(__real_aligned_alloc(alignment, bytes)), TAKER);
}

char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = fails(FAULT_HEAP) ? NULL : take(__real_malloc(bytes), TAKER);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

void __wrap_free(void *memory);
void __wrap_free(void *memory)
{
    if (memory && give(memory))
        soil(memory);
    __real_free(memory);
}

/* ---- maps ------------------------------------------------------------------------------------------------ */

void *__real_mmap(void *start, size_t bytes, int protection, int flags, int fd, off_t offset);
int __real_munmap(void *start, size_t bytes);
int __real_mprotect(void *start, size_t bytes, int protection);
int __real_madvise(void *start, size_t bytes, int advice);

static long long whole(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (long long)((bytes + page - 1) / page * page);
}

void *__wrap_mmap(void *start, size_t bytes, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *start, size_t bytes, int protection, int flags, int fd, off_t offset)
{
    void *got = refuses(FAULT_MAP, protection == PROT_NONE ? 0 : bytes)
                    ? MAP_FAILED
                    : __real_mmap(start, bytes, protection, flags, fd, offset);
    if (got != MAP_FAILED && !(flags & MAP_FIXED))
        atomic_fetch_add_explicit(&mapped, whole(bytes), memory_order_relaxed);
    return got;
}

int __wrap_munmap(void *start, size_t bytes);
int __wrap_munmap(void *start, size_t bytes)
{
    atomic_fetch_sub_explicit(&mapped, whole(bytes), memory_order_relaxed);
    return __real_munmap(start, bytes);
}

int __wrap_mprotect(void *start, size_t bytes, int protection);
int __wrap_mprotect(void *start, size_t bytes, int protection)
{
    return fails(FAULT_COMMIT) ? -1 : __real_mprotect(start, bytes, protection);
}

int __wrap_madvise(void *start, size_t bytes, int advice);
int __wrap_madvise(void *start, size_t bytes, int advice)
{
    return fails(FAULT_HINT) ? -1 : __real_madvise(start, bytes, advice);
}

/* ---- threads --------------------------------------------------------------------------------------------- */

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __real_pthread_key_create(pthread_key_t *key, void (*destroy)(void *));
int __real_pthread_setspecific(pthread_key_t key, const void *value);
int __real_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes);
int __real_pthread_condattr_init(pthread_condattr_t *attributes);
int __real_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);
int __real_pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *set);
int __real_pthread_setaffinity_np(pthread_t thread, size_t size, const cpu_set_t *set);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    return fails(FAULT_THREAD) ? EAGAIN : __real_pthread_create(thread, attributes, run, argument);
}

int __wrap_pthread_key_create(pthread_key_t *key, void (*destroy)(void *));
int __wrap_pthread_key_create(pthread_key_t *key, void (*destroy)(void *))
{
    return fails(FAULT_KEY) ? EAGAIN : __real_pthread_key_create(key, destroy);
}

int __wrap_pthread_setspecific(pthread_key_t key, const void *value);
int __wrap_pthread_setspecific(pthread_key_t key, const void *value)
{
    return value && fails(FAULT_KEY) ? ENOMEM : __real_pthread_setspecific(key, value);
}

int __wrap_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes);
int __wrap_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes)
{
    return fails(FAULT_CONDITION) ? ENOMEM : __real_pthread_cond_init(condition, attributes);
}

int __wrap_pthread_condattr_init(pthread_condattr_t *attributes);
int __wrap_pthread_condattr_init(pthread_condattr_t *attributes)
{
    return fails(FAULT_CONDITION) ? ENOMEM : __real_pthread_condattr_init(attributes);
}

int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set);
int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
    return fails(FAULT_HINT) ? -1 : __real_sched_getaffinity(pid, size, set);
}

int __wrap_pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *set);
int __wrap_pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *set)
{
    return fails(FAULT_HINT) ? EINVAL : __real_pthread_getaffinity_np(thread, size, set);
}

int __wrap_pthread_setaffinity_np(pthread_t thread, size_t size, const cpu_set_t *set);
int __wrap_pthread_setaffinity_np(pthread_t thread, size_t size, const cpu_set_t *set)
{
    return fails(FAULT_HINT) ? EINVAL : __real_pthread_setaffinity_np(thread, size, set);
}

/* ---- processes and files --------------------------------------------------------------------------------- */

pid_t __real_fork(void);
int __real_clone(int (*run)(void *), void *stack, int flags, void *argument, ...);
int __real_pipe(int ends[2]);
int __real_socketpair(int domain, int type, int protocol, int ends[2]);
int __real_open(const char *path, int flags, ...);
int __real_fcntl(int fd, int command, ...);
long __real_syscall(long number, ...);

int fault_fork(void)
{
    return __real_fork();
}

pid_t __wrap_fork(void);
pid_t __wrap_fork(void)
{
    return fails(FAULT_FORK) ? -1 : __real_fork();
}

int __wrap_clone(int (*run)(void *), void *stack, int flags, void *argument, ...);
int __wrap_clone(int (*run)(void *), void *stack, int flags, void *argument, ...)
{
    void *more[3];
    va_list list;
    va_start(list, argument);
    for (int i = 0; i < 3; i++)
        more[i] = va_arg(list, void *);
    va_end(list);
    return fails(FAULT_FORK) || fails(FAULT_CLONE)
               ? -1
               : __real_clone(run, stack, flags, argument, more[0], more[1], more[2]);
}

int __wrap_pipe(int ends[2]);
int __wrap_pipe(int ends[2])
{
    return fails(FAULT_FILE) ? -1 : __real_pipe(ends);
}

int __wrap_socketpair(int domain, int type, int protocol, int ends[2]);
int __wrap_socketpair(int domain, int type, int protocol, int ends[2])
{
    return fails(FAULT_FILE) ? -1 : __real_socketpair(domain, type, protocol, ends);
}

int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    return fails(FAULT_FILE) ? -1 : __real_open(path, flags); /* the library creates no files */
}

int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
    va_list list;
    va_start(list, command);
    int argument = va_arg(list, int);
    va_end(list);
    return command == F_DUPFD_CLOEXEC && fails(FAULT_FILE) ? -1 : __real_fcntl(fd, command, argument);
}

/* Which kind a system call is of, that has no function of its own; FAULT_KINDS: none. */
static fault_kind kind_of(long number, const long *arguments)
{
    bool waits = (arguments[1] & FUTEX_CMD_MASK) == FUTEX_WAIT;
    switch (number) {
    case SYS_futex:
        return waits ? FAULT_WAIT : FAULT_KINDS;
    case SYS_membarrier:
        return FAULT_FENCE;
#ifdef SYS_pidfd_open
    case SYS_pidfd_open:
        return FAULT_PIDFD;
#endif
    default:
        return FAULT_KINDS;
    }
}

long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
    long a[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long); /* those that were not given are not looked at */
    va_end(list);
    fault_kind kind = kind_of(number, a);
    return kind < FAULT_KINDS && fails(kind) ? -1 : __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

fault_plan *fault_plans(size_t count)
{
    size_t bytes = count * sizeof(fault_plan);
    void *plans = __real_mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return plans == MAP_FAILED ? NULL : plans;
}
