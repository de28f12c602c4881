/* SPDX-License-Identifier: MIT */
/* How many workers the program's pool has. */
#include <errno.h>
#include <stdlib.h>

#include "base/os.h"
#include "sched/pool.h"

/* What the variable asks for; 0: it is no such number. */
static unsigned asked_cores(const char *text)
{
    char *end;
    if (*text < '0' || *text > '9')
        return 0;
    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    if (*end || n == 0)
        return 0;
    return errno || n > PL_SLEEP_MAX ? PL_SLEEP_MAX : (unsigned)n;
}

unsigned pl_pool_cpus(void)
{
    static _Atomic unsigned counted; /* 0: not yet */
    /* W78 relaxed: a number by itself; pairs with W79 */
    unsigned cpus = atomic_load_explicit(&counted, memory_order_relaxed);
    if (cpus == 0) {
        cpus = pl_os_cpus();
        /* W79 relaxed: all who count at once count the same; pairs with W78 */
        atomic_store_explicit(&counted, cpus, memory_order_relaxed);
    }
    return cpus;
}

static unsigned count_cores(void)
{
    const char *text = getenv("PARALLEL_NUM_THREADS");
    unsigned asked = text ? asked_cores(text) : 0;
    if (asked)
        return asked;
    unsigned cpus = pl_pool_cpus();
    return cpus < PL_SLEEP_MAX ? cpus : PL_SLEEP_MAX;
}

const char *pl_pool_wrong_cores(void)
{
    const char *text = getenv("PARALLEL_NUM_THREADS");
    return text && *text && !asked_cores(text) ? text : NULL;
}

static _Atomic unsigned cores; /* 0: not counted yet */

void pl_pool_stay_alone(void)
{
    /* W60 relaxed: the process has one thread; pairs with W10 */
    atomic_store_explicit(&cores, 1, memory_order_relaxed);
}

unsigned pl_pool_default_cores(void)
{
    /* W10 relaxed: a number by itself; pairs with W11, W60 */
    unsigned n = atomic_load_explicit(&cores, memory_order_relaxed);
    if (n == 0) {
        int saved = errno;
        pl_os_choose_clock();
        n = count_cores();
        errno = saved;
        /* W11 relaxed: all who count at once count the same; pairs with W10 */
        atomic_store_explicit(&cores, n, memory_order_relaxed);
    }
    return n;
}
