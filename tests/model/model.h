/* SPDX-License-Identifier: MIT */
/* What the scenarios share. */
#ifndef PL_TESTS_MODEL_MODEL_H
#define PL_TESTS_MODEL_MODEL_H

#include "deque/deque.h"
#include "model/explore.h"
#include "sched/inline.h"
#include "sched/loop.h"
#include "sched/pool.h"
#include "sched/wake.h"

/* The scenarios of each layer; one without a name is the last. */
extern const scenario deque_scenarios[], room_scenarios[], sched_scenarios[], pool_scenarios[], task_scenarios[],
    mixed_scenarios[], background_scenarios[], executor_scenarios[], process_scenarios[], chain_scenarios[],
    open_scenarios[], watch_scenarios[], stream_scenarios[], stream_ends_scenarios[], trace_scenarios[],
    spare_scenarios[], ranks_scenarios[];

enum { TASKS = 8 };

/* How often each task has been run. */
extern int ran[TASKS];

/* Does and checks nothing. */
void nothing(void);

/* The pool: its thread 0 is the caller, the others run pl_worker_main(), or whatever the scenario says. */
extern pl_pool *pool;

/* Prepares `count` workers, with room for `slots` tasks each. All but the first search. */
void set_up_pool(int count, uint32_t slots);

/* In its place: makes the library have no pool yet; the program's will be of that size. */
void without_a_pool(int size);

/* The worker of the thread that runs, or of another. */
pl_worker *worker_number(int i);

/* Makes the calls of thread 0 find no worker. */
void without_workers(void);

/* A scenario's setups, threads and checks. */
void two_workers(void);
void three_workers(void);
void be_a_worker(void);
void pool_is_at_rest(void);

/* Ends the pool's threads. */
void stop_pool(void);

/* Sleeps until it is set; sets it. */
typedef struct event {
    _Atomic uint32_t word;
} event;

void event_wait(event *e);
void event_set(event *e);

/* Counts, in a plain variable for each, what a participant of a loop has run: two threads with one number would race
 * there. For one loop at a time. */
void work_as(unsigned participant);

/* The one flag that there is (pl_os_flag): waits until it is raised; lowers it before a program. */
void model_flag_wait(void);
void model_flag_reset(void);

/* A loop of unknown cost. Its iterations count themselves in `ran`; or are two that wait for each other. */
void run_loop(size_t n, pl_loop_body *body);
int run_iterations(void *ctx, size_t begin, size_t end, void *stop, unsigned participant);
int meet(void *ctx, size_t begin, size_t end, void *stop, unsigned participant);
extern event met[2];

/* The program's status. */
int run_litmus(void);

#endif
