/* SPDX-License-Identifier: MIT */
/* What the other parts share: linkage, scope clean-up, attributes. */
#ifndef LIBPARALLEL_BASE_H
#define LIBPARALLEL_BASE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
#define PARALLEL_BEGIN_DECLS extern "C" {
#define PARALLEL_END_DECLS }
#else
#define PARALLEL_BEGIN_DECLS
#define PARALLEL_END_DECLS
#endif

/** The release of this header, "0.2.0", and its parts. parallel_version() is that of the library. */
#define PARALLEL_VERSION_MAJOR 0
#define PARALLEL_VERSION_MINOR 2
#define PARALLEL_VERSION_PATCH 0
#define PARALLEL_VERSION "0.2.0"

/** Marks what the shared library exports. */
#define PARALLEL_API __attribute__((visibility("default")))

/** Marks what gives something that is to be freed: to drop it is a warning. */
#define PARALLEL_MUST_USE __attribute__((warn_unused_result))

PARALLEL_BEGIN_DECLS

/**
 * Frees the object that the pointer at `where` points to; what PARALLEL_SCOPED runs. The object may be of any
 * kind that the library hands out, or NULL.
 */
PARALLEL_API void parallel_scoped_cleanup(void *where);

/** The release of the library that the program runs with. PARALLEL_VERSION is that which it was compiled for. */
PARALLEL_API const char *parallel_version(void);

PARALLEL_END_DECLS

/**
 * Ties an object to the block that declares it: it is freed on every way out of the block.
 *
 *     PARALLEL_SCOPED parallel_results *r = parallel_map(cube, in, n);
 */
#define PARALLEL_SCOPED __attribute__((cleanup(parallel_scoped_cleanup)))

#endif
