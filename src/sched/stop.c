/* SPDX-License-Identifier: MIT */
/* Stopping calls, and sleeping until they are; stop.h says how, and why no wake-up is lost. */
#include "sched/stop.h"

#include <stdalign.h>

#include "base/life.h"
#include "base/os.h"

#ifdef PL_MODEL
enum { PLACES = 1 };
#else
enum { PLACES = 64 };
#endif

typedef struct place {
    alignas(PL_LINE) _Atomic uint32_t epoch;
    _Atomic uint32_t sleepers;
} place;

static place places[PLACES];

#ifdef PL_DELAYS
/* Under stress, epochs wrap around soon: they are only compared. */
static void wrap_around_soon(void)
{
    for (int i = 0; i < PLACES; i++)
        atomic_init(&places[i].epoch, UINT32_MAX - 2);
}

PL_LIFE(PL_LIFE_STOP, .loaded = wrap_around_soon);
#endif

static place *place_of(const void *root)
{
    return &places[(uint64_t)(uintptr_t)root * UINT64_C(0x9e3779b97f4a7c15) >> 32 & (PLACES - 1)];
}

bool pl_stop_raise(pl_stop *stop, int level)
{
    int was = pl_stop_level(stop);
    do {
        if (was >= level)
            return false;
        /* E2 release: m1, why comes before; pairs with E1, R11, X1 */
    } while (!atomic_compare_exchange_weak_explicit(stop, &was, level, memory_order_release, memory_order_relaxed));
    return true;
}

static void notify_place(place *p)
{
    /* E3 seq_cst: m2, before m3 in S; a sleeper that reads it sees m1 (release); pairs with E5 */
    atomic_fetch_add_explicit(&p->epoch, 1, memory_order_seq_cst);
    /* E4 seq_cst: m3, after m2 in S; pairs with E6 */
    if (atomic_load_explicit(&p->sleepers, memory_order_seq_cst) > 0)
        pl_os_wake_all(&p->epoch);
}

void pl_stop_notify(const void *root)
{
    notify_place(place_of(root));
}

void pl_stop_notify_all(void)
{
    for (int i = 0; i < PLACES; i++)
        notify_place(&places[i]);
}

bool pl_stop_sleep(const void *root, uint64_t until, bool (*give_up)(void *context), void *context)
{
    place *p = place_of(root);
    bool gave_up;
    /* E6 seq_cst: n1, before n2 in S; pairs with E4 */
    atomic_fetch_add_explicit(&p->sleepers, 1, memory_order_seq_cst);
    for (;;) {
        /* E5 seq_cst: n2, after n1 in S; if it reads m2, n3 sees m1 (acquire); pairs with E3 */
        uint32_t e = atomic_load_explicit(&p->epoch, memory_order_seq_cst);
        uint64_t now = pl_os_nanoseconds();
        gave_up = give_up(context);
        if (gave_up || now >= until)
            break;
        pl_os_wait_for(&p->epoch, e, until - now);
    }
    /* E7 relaxed: a canceller that still counts this sleeper wakes nobody; pairs with E4 */
    atomic_fetch_sub_explicit(&p->sleepers, 1, memory_order_relaxed);
    return gave_up;
}
