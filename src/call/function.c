/* SPDX-License-Identifier: MIT */
/* Functions as programs hand them in. */
#include "call/function.h"

#include <string.h>

bool pl_function_copy(parallel_function *to, const parallel_function *from)
{
    if (!from)
        return false;
    if (from->size >= sizeof *to) {
        *to = *from;
    } else {
        size_t known = offsetof(parallel_function, size);
        memset(to, 0, sizeof *to);
        memcpy(to, from, from->size > known ? from->size : known);
    }
    return to->arg_size != 0 && (to->kernel || to->call) && pl_function_is_aligned(to);
}
