/* SPDX-License-Identifier: MIT */
/*
 * The one header for atomic operations.
 *
 * Everything that threads share goes through <stdatomic.h>, as included here, and through its `_explicit`
 * operations alone. No other file of the library includes it, so a tester that wants every atomic operation to
 * be a scheduling point has one place to put its hook: hook.h.
 *
 * The rules, checked by scripts/check-atomics:
 *
 *   - Each operation carries a comment with its label, its order, what that order licenses, and its partner:
 *       D3 release: the slot is written before a thief may see it; pairs with D7
 *     or, for an operation that needs no partner, why: "no partner: only the owner writes it".
 *   - Store-to-load ordering (publish, then look for sleepers; announce, then look for work) is had from
 *     seq_cst on all four accesses, never from a fence: ThreadSanitizer understands it, the standard's total
 *     order S proves it, and on x86-64 it costs one locked instruction on the publishing side and nothing on
 *     the looking side.
 */
#ifndef PL_BASE_ATOMIC_H
#define PL_BASE_ATOMIC_H

#include <stdatomic.h>

#if defined(PL_DELAYS)
#include "base/delay.h"
#elif defined(PL_MODEL)
void pl_model_point(const char *file, int line);
#define PL_HOOK(file, line) pl_model_point(file, line)
#include "base/hook.h"
#endif

/* A cache line: the distance at which two words do not disturb each other, on every machine that we care for. */
#define PL_LINE 64

#endif
