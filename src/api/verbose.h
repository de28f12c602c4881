/* SPDX-License-Identifier: MIT */
/* PARALLEL_VERBOSE=1: what was found, and what the workers have done, is printed when the program exits. */
#ifndef PL_API_VERBOSE_H
#define PL_API_VERBOSE_H

/* Prints that, if the user has asked for it. */
void pl_verbose_print(void);

#endif
