/* SPDX-License-Identifier: MIT */
/*
 * Planted delays, for stress tests: in a build configured with --enable-debug=delays, every atomic operation is now and
 * then preceded by a pause of random length, or gives up the CPU. This widens the windows between operations in which
 * other threads can interfere. Included by atomic.h alone.
 */
#ifndef PL_BASE_DELAY_H
#define PL_BASE_DELAY_H

#include <sched.h>
#include <stdint.h>

static inline void pl_delay(void)
{
    static _Thread_local uint32_t state;
    if (!state)
        state = (uint32_t)(uintptr_t)&state >> 4 | 1;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    if (state % 64 == 0)
        sched_yield();
    else if (state % 16 == 0)
        for (volatile uint32_t i = state >> 8 & 0x3ff; i; i--) {
        }
}

#define PL_HOOK(file, line) pl_delay()
#include "base/hook.h"

#endif
