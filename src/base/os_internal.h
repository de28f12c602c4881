/* SPDX-License-Identifier: MIT */
/* Between the files that implement os.h. */
#ifndef PL_BASE_OS_INTERNAL_H
#define PL_BASE_OS_INTERNAL_H

#include <stddef.h>

/* A hint that committed memory is used densely. */
void pl_os_use_huge_pages(void *start, size_t bytes);

#endif
