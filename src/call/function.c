/* SPDX-License-Identifier: MIT */
/* Functions as programs hand them in. */
#include "call/function.h"

#include "call/error.h"

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

bool pl_function_take(parallel_function *to, const parallel_function *from)
{
    if (pl_function_copy(to, from))
        return true;
    const char *name = from && to->name ? to->name : "the function";
    if (!from)
        return pl_error_deny(EINVAL, "the function is NULL");
    if (!to->arg_size)
        return pl_error_deny(EINVAL, "%s: its arg_size is 0", name);
    if (!to->kernel && !to->call)
        return pl_error_deny(EINVAL, "%s: there is neither a call nor a kernel", name);
    return pl_error_deny(EINVAL, "%s: arg_align or result_align is no power of two", name);
}
