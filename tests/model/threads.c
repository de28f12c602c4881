/* SPDX-License-Identifier: MIT */
/* The C library's threads, mutexes and conditions: these take the place of its own. */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "base/os.h"
#include "model/explore.h"
#include "model/memory.h"
#include "model/search.h"

/* ---- threads ------------------------------------------------------------------------------------------------- */

bool model_starts_fail, model_keeps_off;
static bool excluded_cpu[MODEL_THREADS];

/* A thread is known by its number, plus one; to the system, too. */
pl_os_id pl_os_thread_self(void)
{
    return model_self() + 1;
}

bool pl_os_thread(pthread_t *thread, void *(*run)(void *), void *argument, int off,
                  const pl_os_thread_attributes *attributes)
{
    (void)attributes;
    pl_model_point("pl_os_thread", 0);
    search_point(0, true);
    int number = model_starts_fail && search_weak(2) ? -1 : search_start(run, argument);
    *thread = (pthread_t)(number + 1);
    if (number >= 0)
        excluded_cpu[number] = off >= 0;
    return number >= 0;
}

/* All threads are one of the system's, but not to have one errno. */
#ifdef __GLIBC__
int *__errno_location(void)
{
    static int errors[MODEL_THREADS + 1];
    return &errors[model_self() + 1];
}
#endif

pthread_t pthread_self(void)
{
    return (pthread_t)(model_self() + 1);
}

int pthread_join(pthread_t thread, void **result)
{
    (void)result;
    pl_model_point("pthread_join", 0);
    search_join((int)thread - 1);
    return 0;
}

bool pl_os_try_join(pthread_t thread)
{
    pl_model_point("pl_os_try_join", 0);
    return search_try_join((int)thread - 1);
}

bool pl_os_thread_begins(const pl_os_thread_attributes *attributes)
{
    (void)attributes;
    return true;
}

bool pl_os_at_exit(void (*run)(void))
{
    (void)run;
    return true;
}

/* What does not matter to the order of things: a thread's own state, which nobody else sees. */

_Thread_local bool pl_os_forking_apart;

void pl_os_mask_get(pl_os_mask *mask)
{
    (void)mask;
}

void pl_os_mask_set(const pl_os_mask *mask)
{
    (void)mask;
}

void pl_os_mask_block(void)
{
}

void pl_os_handled(pl_os_mask *signals)
{
    (void)signals;
}

void pl_os_mask_set_but(const pl_os_mask *mask, const pl_os_mask *signals)
{
    (void)mask;
    (void)signals;
}

void pl_os_ambient_get(pl_os_ambient *ambient)
{
    *ambient = (pl_os_ambient){0};
}

void pl_os_ambient_enter(const pl_os_ambient *ambient, pl_os_ambient *before)
{
    (void)ambient;
    *before = (pl_os_ambient){0};
}

void *pl_os_program_locale(void)
{
    return NULL;
}

void pl_os_ambient_leave(const pl_os_ambient *before)
{
    (void)before;
}

int pl_os_cancel_defer(void)
{
    return 0;
}

void pl_os_cancel_restore(int state)
{
    (void)state;
}

/* ---- where threads run
 * --------------------------------------------------------------------------------------------- */

bool model_excluded_cpu(int i)
{
    return excluded_cpu[i];
}

int pl_os_cpu(void)
{
    return model_keeps_off ? 0 : -1;
}

bool pl_os_may_exclude_cpu(pl_os_id thread, int cpu)
{
    (void)thread;
    return cpu >= 0;
}

bool pl_os_may_start_excluding(int cpu, const pl_os_thread_attributes *attributes)
{
    (void)attributes;
    return cpu >= 0;
}

void pl_os_exclude_cpu(pl_os_id thread, int cpu, pl_os_cpu_use use)
{
    bool *is = &excluded_cpu[thread - 1];
    if (cpu < 0)
        return;
    pl_model_point("pl_os_exclude_cpu", use);
    search_point((uintptr_t)is, true);
    *is = use == PL_OS_CPU_EXCLUDED;
}

/* ---- what each thread has, and what is done at its end
 * ------------------------------------------------------------- */

static void (*destructor)(void *);
static const void *specific[MODEL_THREADS];

int pthread_key_create(pthread_key_t *key, void (*run)(void *))
{
    *key = 1;
    destructor = run;
    return 0;
}

int pthread_key_delete(pthread_key_t key)
{
    model_assert(key == 1 && destructor);
    destructor = NULL;
    return 0;
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
    model_assert(key == 1 && destructor);
    if (model_self() >= 0)
        specific[model_self()] = value;
    return 0;
}

void search_at_thread_end(void)
{
    void *value = (void *)specific[model_self()];
    specific[model_self()] = NULL;
    if (value && destructor)
        destructor(value);
}

/* ---- fork() ---------------------------------------------------------------------------------------------------- */

static void (*in_child)(void);

int pthread_atfork(void (*before)(void), void (*in_parent)(void), void (*child)(void))
{
    (void)before;
    (void)in_parent;
    in_child = child;
    return 0;
}

void model_begin_anew(void)
{
    memset(specific, 0, sizeof specific);
    in_child();
}

/* ---- mutexes and conditions
 * ---------------------------------------------------------------------------------------- */

/* A mutex's first word says whether it is locked; or that it is none any more. */
enum { DESTROYED = 2 };

int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    (void)attributes;
    memset(mutex, 0, sizeof *mutex);
    return 0;
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    volatile uint32_t *locked = (volatile uint32_t *)mutex;
    pl_model_point("pthread_mutex_lock", 0);
    search_point((uintptr_t)mutex, true);
    model_assert(*locked != DESTROYED);
    while (*locked)
        search_wait(mutex, false);
    *locked = 1;
    if (model_self() >= 0)
        memory_acquire(model_self(), mutex);
    return 0;
}

int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
    volatile uint32_t *locked = (volatile uint32_t *)mutex;
    pl_model_point("pthread_mutex_trylock", 0);
    search_point((uintptr_t)mutex, true);
    if (*locked)
        return EBUSY;
    *locked = 1;
    if (model_self() >= 0)
        memory_acquire(model_self(), mutex);
    return 0;
}

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    volatile uint32_t *locked = (volatile uint32_t *)mutex;
    pl_model_point("pthread_mutex_unlock", 0);
    search_point((uintptr_t)mutex, true);
    *locked = 0;
    if (model_self() >= 0) {
        memory_release(model_self(), mutex);
        search_wake(mutex, true);
    }
    return 0;
}

/* Whoever waits has let go of the mutex, and the waiting begins with that. */
bool pl_os_cond_init(pthread_cond_t *condition)
{
    memset(condition, 0, sizeof *condition);
    return true;
}

int pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes)
{
    (void)attributes;
    return pl_os_cond_init(condition) ? 0 : ENOMEM;
}

int pthread_cond_destroy(pthread_cond_t *condition)
{
    (void)condition;
    return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *mutex)
{
    model_assert(*(volatile uint32_t *)mutex == 0);
    *(volatile uint32_t *)mutex = DESTROYED;
    return 0;
}

int pthread_cond_broadcast(pthread_cond_t *condition)
{
    pl_model_point("pthread_cond_broadcast", 0);
    search_point((uintptr_t)condition, true);
    search_wake(condition, true);
    return 0;
}

int pthread_cond_signal(pthread_cond_t *condition)
{
    pl_model_point("pthread_cond_signal", 0);
    search_point((uintptr_t)condition, true);
    search_wake(condition, false);
    return 0;
}

void pl_os_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, uint64_t until_ns)
{
    pl_model_point("pl_os_cond_wait", 0);
    search_point((uintptr_t)condition, true);
    bool timed = until_ns < pl_os_nanoseconds() + SEARCH_LONG_NS;
    *(volatile uint32_t *)mutex = 0;
    memory_release(model_self(), mutex);
    search_wake(mutex, true);
    if (search_weak(2) == 0)
        search_wait(condition, timed);
    pthread_mutex_lock(mutex);
}

int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    pl_os_cond_wait(condition, mutex, UINT64_MAX);
    return 0;
}
