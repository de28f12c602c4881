/* SPDX-License-Identifier: MIT */
/* Orders as programs hand them in. */
#include "collections/order.h"

#include <string.h>

bool pl_order_copy(parallel_order *to, const parallel_order *from)
{
    if (!from)
        return false;
    size_t known = offsetof(parallel_order, type_align), size = from->size < known ? known : from->size;
    memset(to, 0, sizeof *to);
    memcpy(to, from, size < sizeof *to ? size : sizeof *to);
    return to->type_size && to->call && (to->type_align & (to->type_align - 1)) == 0 &&
           (unsigned)to->number <= PARALLEL_NUMBERS_;
}
