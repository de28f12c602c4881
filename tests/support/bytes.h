/* SPDX-License-Identifier: MIT */
/* Memory to work on, and to write to: some bytes more than is asked for, so that it is never none. */
#ifndef PL_TESTS_SUPPORT_BYTES_H
#define PL_TESTS_SUPPORT_BYTES_H

#include <stdlib.h>
#include <string.h>

#include "support/test.h"

enum { UNTOUCHED = 0x5a, MORE_BYTES = 8 };

/* n bytes, the same each time. */
static inline void *random_bytes(size_t n)
{
    unsigned char *in = malloc(n + MORE_BYTES);
    unsigned long long state = 88172645463325252u;
    ck_assert_ptr_nonnull(in);
    for (size_t i = 0; i < n; i += MORE_BYTES) {
        unsigned long long r = pl_random(&state);
        memcpy(in + i, &r, sizeof r);
    }
    return in;
}

/* Room for n bytes, which are UNTOUCHED. */
static inline void *some_room(size_t n)
{
    void *out = malloc(n + MORE_BYTES);
    ck_assert_ptr_nonnull(out);
    memset(out, UNTOUCHED, n + MORE_BYTES);
    return out;
}

#endif
