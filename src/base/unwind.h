/* SPDX-License-Identifier: MIT */
/*
 * What leaves a task by another way than returning: a C++ exception, pthread_exit(), or the end of a thread that is cancelled.
 * Below the task lie frames of a call that others take part in, and that cannot be left half done.
 *
 * An *exception* gets no further than a function that has PL_UNWIND_BARRIER() in it: who looks for a handler is told that there
 * is none, and std::terminate() ends the program where the exception was thrown.
 *
 * A *thread that ends*, of the program's, unwinds its stack, with most C libraries. Where it is the one that made the call, and
 * runs a task of it, the frames of the call end it on the way (PL_CLEANUP): no task starts any more, those that run elsewhere are
 * waited for, and what the call has is freed. Elsewhere there is a barrier, which ends the program, or, where a thread
 * may be cancelled, that is put off (pl_os_cancel_defer()).
 *
 * A barrier costs nothing: it names the function that an unwinder asks about the frame (the Itanium C++ ABI, "Exception
 * Handling", level I, calls that its personality routine). So a function has a barrier, or variables with PL_CLEANUP(), and not
 * both. Where the assembler or the machine knows no such thing, there is no barrier.
 */
#ifndef PL_BASE_UNWIND_H
#define PL_BASE_UNWIND_H

#include <stdint.h>

/* What an unwinder is at, a bit each; and what it is told. */
enum { PL_UNWIND_SEARCHES = 1, PL_UNWIND_IS_FORCED = 8 };
enum { PL_UNWIND_NO_CLEANUP = 2, PL_UNWIND_NO_SEARCH = 3, PL_UNWIND_GO_ON = 8 };

/* The personality of a barrier. */
__attribute__((visibility("hidden"))) int pl_unwind_barrier(int version, int actions, uint64_t kind, void *exception,
                                                            void *context);

/* Gives the function the personality `routine`, which is hidden. */
#if defined(PL_HAS_PERSONALITY) && defined(__GCC_HAVE_DWARF2_CFI_ASM) && !defined(PL_MODEL)
#define PL_UNWIND_BY(routine) __asm__ volatile(".cfi_personality 0x1b, " #routine)
#else
#define PL_UNWIND_BY(routine) ((void)0)
#endif

#define PL_UNWIND_BARRIER() PL_UNWIND_BY(pl_unwind_barrier)

/* Has end(&variable) called when the variable's block is left, also by unwinding. */
#define PL_CLEANUP(end) __attribute__((cleanup(end)))

#endif
