/* SPDX-License-Identifier: MIT */
/* Maps over two arrays. */
#ifndef PL_COLLECTIONS_ZIP_H
#define PL_COLLECTIONS_ZIP_H

#include <stdbool.h>
#include <stddef.h>

#include <parallel.h>

typedef struct pl_zip {
    const parallel_zip *function;
    const void *a, *b;
    void *out;
} pl_zip;

/* The function as given, without members that an older or hand-filled one does not have. False if there is none. */
bool pl_zip_copy(parallel_zip *to, const parallel_zip *from);

/* Whether it can be called. */
static inline bool pl_zip_is_complete(const parallel_zip *zip)
{
    return zip->call && zip->a_size && zip->b_size && zip->result_size;
}

/* Runs it on the items [begin, end): the body of a pl_body. */
void pl_zip_body(size_t begin, size_t end, void *zip);

#endif
