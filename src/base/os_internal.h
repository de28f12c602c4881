/* SPDX-License-Identifier: MIT */
/* Between the files that implement os.h. */
#ifndef PL_BASE_OS_INTERNAL_H
#define PL_BASE_OS_INTERNAL_H

#include <pthread.h>

/* A hint that a new thread is to run on any CPU but this one. */
void pl_os_move_thread(pthread_t thread, int off);

/* A hint that committed memory is used densely. */
void pl_os_use_huge_pages(void *start, size_t bytes);

#endif
