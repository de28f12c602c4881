/* SPDX-License-Identifier: MIT */
/* Different functions at once. */
#include "api/executors.h"
#include "call/call.h"

static parallel_results *par_on(parallel_executor_kind executor, const parallel_future *futures, size_t n,
                                const parallel_options *options)
{
    pl_call c;
    if (!pl_call_begin_par(&c, futures, n, options, PL_NOW(executor)))
        return NULL;
    parallel_results *r = pl_call_results(&c);
    pl_call_return(&c, !r);
    return r;
}

parallel_results *parallel_par_futures(const parallel_future *futures, size_t n, const parallel_options *options)
{
    return par_on(PARALLEL_DEFAULT_EXECUTOR, futures, n, options);
}

parallel_results *parallel_thread_par_futures(const parallel_future *futures, size_t n, const parallel_options *options)
{
    return par_on(PARALLEL_THREAD, futures, n, options);
}

parallel_results *parallel_process_par_futures(const parallel_future *futures, size_t n,
                                               const parallel_options *options)
{
    return par_on(PARALLEL_PROCESS, futures, n, options);
}
