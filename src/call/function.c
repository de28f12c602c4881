/* SPDX-License-Identifier: MIT */
/* Functions as programs hand them in. */
#include "call/function.h"

bool pl_function_copy(parallel_function *to, const parallel_function *from)
{
    if (!from)
        return false;
    if (from->size >= sizeof *to)
        *to = *from;
    else
        pl_function_copy_members(to, sizeof *to, from, from->size, offsetof(parallel_function, size));
    return to->arg_size != 0 && (to->kernel || to->call) && pl_function_is_aligned(to);
}
