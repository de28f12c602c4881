/* SPDX-License-Identifier: MIT */
/* What an executor in a library of its own gets. */
#include "call/services.h"

#include "api/executors.h"
#include "call/error.h"
#include "executors/threads.h"
#include "sched/trace.h"
#include "trace/recording.h"

const void *parallel_private_services(unsigned version)
{
    static const pl_services services = {
        .set_executor = pl_executors_set_mpi,
        .threads = &pl_threads_executor,
        .nanoseconds = pl_os_nanoseconds,
        .cond_init = pl_os_cond_init,
        .cond_wait = pl_os_cond_wait,
        .thread = pl_os_thread,
        .cores = pl_pool_cores,
        .ticks_per_us = pl_os_ticks_per_us,
        .call_cost = pl_call_cost,
        .cost_guess = pl_cost_guess,
        .cost_learn = pl_cost_learn,
        .call_over = pl_call_over,
        .recording_drop = pl_recording_drop,
        .trace_pending_call = pl_trace_pending_call,
        .trace_rank_run = pl_trace_rank_run,
        .error_deny = pl_error_deny,
        .policy_begin = pl_policy_begin,
        .policy_of_task = pl_policy_of_task,
        .policy_take_due = pl_policy_take_due,
        .policy_take_any = pl_policy_take_any,
        .policy_next_due = pl_policy_next_due,
        .policy_over = pl_policy_over,
        .worker_begin = pl_call_worker_begin,
        .worker_end = pl_call_worker_end,
        .worker_report = pl_call_worker_report,
        .worker_fail = pl_call_worker_fail,
        .worker_put_off = pl_call_worker_put_off,
        .worker_give_up = pl_call_worker_give_up,
        .worker_leave_out = pl_call_worker_leave_out,
        .worker_end_progress = pl_call_worker_end_progress,
        .ended_well = pl_ended_well,
    };
    return version == PL_SERVICES_VERSION ? &services : NULL;
}
