/* SPDX-License-Identifier: MIT */
/*
 * Tasks that are left by another way than returning: by a C++ exception, by pthread_exit(), or as the thread is
 * cancelled. Below the task lie frames of a call that other threads take part in, and that cannot be left half done.
 *
 * An *exception* gets no further than a function that has PL_UNWIND_BARRIER() in it: the unwinder, as it looks for a
 * handler, is told that there is none, and std::terminate() ends the program where the exception was thrown.
 *
 * A *thread that ends*, of the program's, unwinds its stack, with most C libraries. Where it is the one that made the
 * call, and runs a task of it, the call is ended on the way (PL_UNWIND_CLEANS()): no task starts any more, those that
 * run elsewhere are waited for, and what the call has is freed. Elsewhere there is a barrier, which ends the program;
 * or, where the thread may be cancelled, cancellation is put off (pl_os_cancel_defer()).
 *
 * All this costs next to nothing: each such function only names the routine that an unwinder asks about its frame (its
 * *personality*: the Itanium C++ ABI, "Exception Handling", level I). The routines here need nothing of the unwinder's,
 * so that the library is not linked with one. A function has one routine: functions that name one are not inlined into
 * others. Where the assembler or the machine knows no personalities, there are none.
 */
#ifndef PL_BASE_UNWIND_H
#define PL_BASE_UNWIND_H

#include <stdint.h>

#include "base/os.h"

/* What an unwinder is doing, a bit each; and what a personality may answer. */
enum { PL_UNWIND_SEARCHES = 1, PL_UNWIND_IS_FORCED = 8 };
enum { PL_UNWIND_NO_CLEANUP = 2, PL_UNWIND_NO_SEARCH = 3, PL_UNWIND_GO_ON = 8 };

/* The personality of a barrier. */
__attribute__((visibility("hidden"))) int pl_unwind_barrier(int version, int actions, uint64_t kind, void *exception,
                                                            void *context);

/* Gives the function, which is PL_NOT_INLINED, the personality `routine`, which is hidden. */
#if defined(PL_HAS_PERSONALITY) && defined(__GCC_HAVE_DWARF2_CFI_ASM) && !defined(PL_MODEL)
#define PL_UNWIND_BY(routine) __asm__ volatile(".cfi_personality 0x1b, " #routine)
#else
#define PL_UNWIND_BY(routine) ((void)0)
#endif
#define PL_NOT_INLINED __attribute__((noinline))

#define PL_UNWIND_BARRIER() PL_UNWIND_BY(pl_unwind_barrier)

/* ---- what is to be done when a thread ends ------------------------------------------------------------------ */

/* end(what) is called if the frame that holds this record is unwound. A thread's records are ended innermost first. */
typedef struct pl_cleanup {
    void (*end)(void *what);
    void *what;
    struct pl_cleanup *outer;
} pl_cleanup;

extern _Thread_local pl_cleanup *pl_cleanup_innermost PL_OF_THREAD __attribute__((visibility("hidden")));

/* For a function that calls what may be unwound only between pl_cleanup_begin() and pl_cleanup_end() of one
 * pl_cleanup. */
#define PL_UNWIND_CLEANS() PL_UNWIND_BY(pl_unwind_cleans)
__attribute__((visibility("hidden"))) int pl_unwind_cleans(int version, int actions, uint64_t kind, void *exception,
                                                           void *context);

#ifdef PL_MODEL /* where nothing unwinds */
static inline void pl_cleanup_begin(pl_cleanup *cleanup, void (*end)(void *what), void *what)
{
    (void)cleanup, (void)end, (void)what;
}

static inline void pl_cleanup_end(const pl_cleanup *cleanup)
{
    (void)cleanup;
}
#else
static inline void pl_cleanup_begin(pl_cleanup *cleanup, void (*end)(void *what), void *what)
{
    *cleanup = (pl_cleanup){end, what, pl_cleanup_innermost};
    pl_cleanup_innermost = cleanup;
}

static inline void pl_cleanup_end(const pl_cleanup *cleanup)
{
    pl_cleanup_innermost = cleanup->outer;
}
#endif

#endif
