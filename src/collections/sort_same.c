/* SPDX-License-Identifier: MIT */
/* Sorts of many items that are the same, in all of their bytes: these are counted, and written. */
#include <stdint.h>
#include <string.h>

#include "collections/sort.h"

bool pl_sort_same_takes(size_t size)
{
    return size == 4 || size == 8 || size == 16;
}

/* How many of n items are the same as one. Of as many as there are as a rule, so that it is made of vectors. */
static inline __attribute__((always_inline)) size_t count_same(const unsigned char *items, size_t n,
                                                               const unsigned char *item, size_t size)
{
    uint64_t count = 0, x[2] = {0}, y[2] = {0};
    uint32_t short_count = 0, short_x, short_y;
    if (size == sizeof short_x) {
        memcpy(&short_x, item, sizeof short_x);
        for (size_t i = 0; i < n; i++) {
            memcpy(&short_y, items + i * sizeof short_y, sizeof short_y);
            short_count += short_x == short_y;
        }
        return short_count;
    }
    memcpy(x, item, size);
    for (size_t i = 0; i < n; i++) {
        memcpy(y, items + i * size, size);
        count += ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
    }
    return count;
}

size_t pl_sort_same_count(const unsigned char *items, size_t n, const unsigned char *item, size_t size)
{
    if (n != PARALLEL_SORT_LOOK_)
        return size == 4   ? count_same(items, n, item, 4)
               : size == 8 ? count_same(items, n, item, 8)
                           : count_same(items, n, item, 16);
    return size == 4   ? count_same(items, PARALLEL_SORT_LOOK_, item, 4)
           : size == 8 ? count_same(items, PARALLEL_SORT_LOOK_, item, 8)
                       : count_same(items, PARALLEL_SORT_LOOK_, item, 16);
}

/* Twice as many each time, as long as what is read stays near. */
void pl_sort_same_fill(unsigned char *to, size_t bytes, const unsigned char *item, size_t size)
{
    enum { NEAR_BYTES = 4096 };
    size_t done = bytes < size ? bytes : size;
    memcpy(to, item, done);
    for (size_t more = done; done < bytes; done += more) {
        more = done <= NEAR_BYTES / 2 ? done : more;
        more = bytes - done < more ? bytes - done : more;
        memcpy(to + done, to, more);
    }
}
