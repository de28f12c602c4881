/* SPDX-License-Identifier: MIT */
/*
 * What an executor in a library of its own needs of this one: the functions that executors in here simply call.
 *
 * Such a library is of the same release and is compiled with these headers. It asks parallel_private_services() for
 * this table, which is not for programs, and hands in its executor: from then on, calls that ask for that kind get it.
 * It stays loaded for as long as there may be such calls.
 */
#ifndef PL_CALL_SERVICES_H
#define PL_CALL_SERVICES_H

#include "call/call_worker.h"

/* What both sides are to agree on. It changes whenever the table does, or a struct that is reached through it. */
#define PL_SERVICES_VERSION 3

typedef struct pl_services {
    /* The executor of calls that ask for PARALLEL_MPI; not NULL. Before there are any. */
    void (*set_executor)(const pl_executor *executor);
    const pl_executor *threads;

    /* base/os.h, sched/pool.h, sched/cost.h, call/call.h */
    uint64_t (*nanoseconds)(void);
    bool (*cond_init)(pthread_cond_t *condition);
    void (*cond_wait)(pthread_cond_t *condition, pthread_mutex_t *mutex, uint64_t until_ns);
    bool (*thread)(pthread_t *thread, void *(*run)(void *), void *argument, int off,
                   const pl_os_thread_attributes *attributes);
    unsigned (*cores)(void);
    uint64_t (*ticks_per_us)(void);
    pl_cost *(*call_cost)(const pl_call *c, pl_call_way way);
    uint64_t (*cost_guess)(const pl_cost *cost, uint64_t items);
    void (*cost_learn)(pl_cost *cost, uint64_t ticks, uint64_t items, pl_cost_trust trust);
    int (*call_over)(const pl_call *c);

    /* sched/trace.h, trace/recording.h */
    void (*recording_drop)(void);
    uint64_t (*trace_pending_call)(void);
    void (*trace_rank_run)(uint64_t call, unsigned rank, uint64_t took_ns, uint64_t begin, uint64_t end);

    /* call/error.h */
    bool (*error_deny)(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

    /* call/policy.h */
    void (*policy_begin)(pl_policy *policy, const parallel_options *options, size_t n);
    pl_task_policy (*policy_of_task)(const pl_policy *policy, const pl_work *work, size_t i);
    pl_retry *(*policy_take_due)(pl_policy *policy);
    pl_retry *(*policy_take_any)(pl_policy *policy);
    uint64_t (*policy_next_due)(pl_policy *policy);
    int (*policy_over)(const pl_policy *policy);

    /* call/call_worker.h, call/ended.h */
    void (*worker_begin)(pl_call_worker *t, pl_call *c, unsigned participant);
    void (*worker_end)(pl_call_worker *t);
    void (*worker_report)(pl_call_worker *t);
    void (*worker_fail)(pl_call_worker *t, const parallel_failure *failure, char *message, size_t begin, size_t end);
    void (*worker_put_off)(pl_call_worker *t, const parallel_failure *failure, char *message, size_t begin, size_t end);
    void (*worker_give_up)(pl_call_worker *t, pl_retry *r);
    void (*worker_leave_out)(pl_call_worker *t, int why, size_t begin, size_t end);
    void (*worker_end_progress)(pl_call *c);
    void (*ended_well)(pl_ended *ended, size_t begin, size_t end);
} pl_services;

#endif
