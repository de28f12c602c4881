/* SPDX-License-Identifier: MIT */
/* Orders as programs hand them in. */
#include "collections/order.h"

#include "call/function.h"

bool pl_order_copy(parallel_order *to, const parallel_order *from)
{
    if (!from)
        return false;
    pl_function_copy_members(to, sizeof *to, from, from->size, offsetof(parallel_order, type_align));
    return to->type_size && to->call && pl_function_is_alignment(to->type_align) &&
           (unsigned)to->number <= PARALLEL_NUMBERS_;
}
