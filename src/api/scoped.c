/* SPDX-License-Identifier: MIT */
/* PARALLEL_SCOPED: ends any object that the library hands out, by its first word. */
#include <string.h>

#include <parallel.h>

#include "call/handle.h"

void parallel_scoped_cleanup(void *where)
{
    void *object;
    memcpy(&object, where, sizeof object);
    if (!object)
        return;
    switch (*(pl_kind *)object) {
    case PL_RESULTS:
        parallel_results_free(object);
        break;
    case PL_OWN_POOL:
        parallel_pool_free(object);
        break;
    case PL_EXECUTOR:
        parallel_executor_free(object);
        break;
    case PL_STREAM:
        parallel_stream_free(object);
        break;
    }
}
