/* SPDX-License-Identifier: MIT */
/* Keys: numbers that functions give, by which items are put in order, counted or grouped. */
#ifndef LIBPARALLEL_KEY_H
#define LIBPARALLEL_KEY_H

#include <libparallel/base.h>

/** Which numbers a function gives. The macros find it out; the functions beneath them want to be told. */
typedef enum parallel_key {
    PARALLEL_KEY_NONE = 0, /**< no number */
    PARALLEL_KEY_INT8,
    PARALLEL_KEY_INT16,
    PARALLEL_KEY_INT32,
    PARALLEL_KEY_INT64,
    PARALLEL_KEY_UINT8,
    PARALLEL_KEY_UINT16,
    PARALLEL_KEY_UINT32,
    PARALLEL_KEY_UINT64,
    PARALLEL_KEY_FLOAT,
    PARALLEL_KEY_DOUBLE,
    PARALLEL_KEY_LONG_DOUBLE,
    PARALLEL_KEY_BOOL
} parallel_key;

#endif
