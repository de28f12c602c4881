/* SPDX-License-Identifier: MIT */
/* Moving items to where an order of their indices says. */
#include "collections/radix_by.h"

/* `size` is a constant where this is inlined. */
static PL_RADIX_INLINE void move_each(size_t size, unsigned char *to, const unsigned char *from, const uint64_t *order,
                                      uint64_t indices, size_t n)
{
    for (size_t i = 0; i < n; i++)
        memcpy(to + i * size, from + (size_t)(order[i] & indices) * size, size);
}

void pl_radix_move(size_t size, void *to, const void *from, const uint64_t *order, uint64_t indices, size_t n)
{
    switch (size) {
    case 4:
        move_each(4, to, from, order, indices, n);
        break;
    case 8:
        move_each(8, to, from, order, indices, n);
        break;
    case 12:
        move_each(12, to, from, order, indices, n);
        break;
    case 16:
        move_each(16, to, from, order, indices, n);
        break;
    case 24:
        move_each(24, to, from, order, indices, n);
        break;
    case 32:
        move_each(32, to, from, order, indices, n);
        break;
    default:
        move_each(size, to, from, order, indices, n);
        break;
    }
}
