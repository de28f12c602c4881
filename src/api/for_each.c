/* SPDX-License-Identifier: MIT */
/* Calls whose tasks bring forth others. */
#include <errno.h>
#include <string.h>

#include "api/executors.h"
#include "call/failure.h"
#include "collections/for_each.h"
#include "collections/for_each_parts.h"

int parallel_for_each_function(const parallel_function *f, const void *items, size_t n, const parallel_options *options)
{
    return pl_for_each_run(f, items, n, options, PL_NOW(PARALLEL_DEFAULT_EXECUTOR));
}

static int refuse_item(const void *item)
{
    return pl_error_refuse(EINVAL,
                           item ? "this is no task of a parallel_for_each() of that function" : "the item is NULL");
}

/* Whether two handles are of one function. One that stands in a header has a handle in each file. */
static bool are_same(const parallel_function *known, const parallel_function *f)
{
    parallel_function copy;
    if (!pl_function_copy(&copy, f) || copy.arg_size != known->arg_size)
        return false;
    if (copy.function && known->function)
        return copy.function == known->function;
    return (copy.kernel && copy.kernel == known->kernel) || (copy.call && copy.call == known->call);
}

int parallel_for_each_add_function(const parallel_function *f, const void *item)
{
    pl_for_each_part *part = pl_for_each_here();
    if (!part || !item || (f != part->each->given && !are_same(&part->each->call->work.function, f)))
        return refuse_item(item);
    return pl_for_each_add(part, item);
}

int parallel_for_each_add_item(void (*function)(void), const void *item, size_t size)
{
    pl_for_each_part *part = pl_for_each_here();
    const parallel_function *known = part ? &part->each->call->work.function : NULL;
    if (!part || !item || known->function != function || known->arg_size != size)
        return refuse_item(item);
    return pl_for_each_add(part, item);
}
