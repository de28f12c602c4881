/* SPDX-License-Identifier: MIT */
/* Items of so many bytes, `struct bytes5`, in the order of a key that they begin with: what `compare5` is. */
#ifndef PL_TESTS_SUPPORT_ORDERED_BYTES_H
#define PL_TESTS_SUPPORT_ORDERED_BYTES_H

#include <string.h>

#include <parallel.h>

#define BYTES_OF(width)                                                                                                \
    struct bytes##width {                                                                                              \
        unsigned char of[width];                                                                                       \
    };

/* One more order, `compareNAME`, of items that there are. */
#define ORDER_OF(name, width, key_width)                                                                               \
    static int compare##name(const struct bytes##width *a, const struct bytes##width *b)                               \
    {                                                                                                                  \
        return memcmp(a->of, b->of, key_width);                                                                        \
    }                                                                                                                  \
    PARALLEL_DECORATE_ORDER(compare##name, struct bytes##width);

#define ORDERED_BYTES(width, key_width)                                                                                \
    BYTES_OF(width)                                                                                                    \
    ORDER_OF(width, width, key_width)

#endif
