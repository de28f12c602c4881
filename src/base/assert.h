/* SPDX-License-Identifier: MIT */
/*
 * Internal checks. `pl_assert` documents an invariant and tests it in builds configured with --enable-debug;
 * in others it vanishes. It guards against our own mistakes only: a caller's mistakes get an errno.
 */
#ifndef PL_BASE_ASSERT_H
#define PL_BASE_ASSERT_H

#ifdef PL_DEBUG
#undef NDEBUG
#include <assert.h>
#define pl_assert(condition) assert(condition)
#else
#define pl_assert(condition) ((void)0)
#endif

#endif
