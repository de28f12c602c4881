/* SPDX-License-Identifier: MIT */
/* How the items of a for_each are run, slice by slice. */
#ifndef PL_COLLECTIONS_FOR_EACH_TASKS_H
#define PL_COLLECTIONS_FOR_EACH_TASKS_H

#include "sched/loop.h"

/* What is done in a slice: pl_open_loop.work of calls without and with a policy. */
pl_loop_found pl_for_each_work(void *each, pl_participant *p, void *stop, unsigned participant);
pl_loop_found pl_for_each_work_by_policy(void *each, pl_participant *p, void *stop, unsigned participant);

#endif
