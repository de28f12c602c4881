/* SPDX-License-Identifier: MIT */
/* Calls of several loops, one after the other, to which options apply as to one. */
#ifndef PL_COLLECTIONS_PHASES_H
#define PL_COLLECTIONS_PHASES_H

#include <stdbool.h>
#include <stdint.h>

#include "collections/blocks.h"

typedef struct pl_phases {
    const parallel_options *options; /* merged; or NULL */
    const pl_request *request;
    uint64_t deadline; /* of the call, in pl_os_nanoseconds(); 0: none */
    bool has_reported; /* progress has been reported, all of it: further loops do not */
    bool had_tasks;    /* what options say of tasks has been done: it is not for loops */
} pl_phases;

/* A call begins now. `options` are merged, and stay where they are; or NULL. */
pl_phases pl_phases_begin(const parallel_options *options, const pl_request *request);

/* Has all blocks of a work treated, as pl_blocks_treat(), by what is left of the call's time. What items cost is known
 * by `key`. */
int pl_phases_run(pl_phases *p, pl_blocks_work *work, uintptr_t key);

#endif
