/* SPDX-License-Identifier: MIT */
/*
 * Much memory, for a while: a call's room to work in, or its results. The system clears every page before it hands it
 * out, which takes as long as a good part of what calls do with it; so some is kept from one call to the next.
 *
 * - There are three pieces in a process at most, the largest that were given back, of a sixteenth of the machine's
 *   memory in all.
 * - They are offered to the system, which takes their pages when it is short of memory, without writing them anywhere:
 *   so they are not missed elsewhere, nor in a control group. But they count as resident until then.
 * - Nothing is kept where the process's memory is limited or locked, nor past a fork(), parallel_shutdown(), or the end
 *   of the library.
 *
 * Two threads that give or take at the same time do not wait for each other: one of them goes to the system.
 */
#ifndef PL_BASE_SPARE_H
#define PL_BASE_SPARE_H

#include <stddef.h>

/* So many bytes, from the beginning of a large page on; NULL: there are none. What is in them is not said. *got is how
 * many there are, maybe more. */
void *pl_spare_take(size_t bytes, size_t *got);
void pl_spare_give(void *start, size_t got);

/* Gives back what is kept. */
void pl_spare_end(void);

#endif
