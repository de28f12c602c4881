/* SPDX-License-Identifier: MIT */
/*
 * What the library does when a call of the system or of the C library fails, at whatever place: the call that was made
 * of it fails with a code that says why, or it does its work in a smaller way; nothing is lost, and the next call
 * works.
 *
 * A case is a scenario, and the calls that fail in it.
 */
#ifndef PL_TESTS_FAULTS_CASES_H
#define PL_TESTS_FAULTS_CASES_H

#include <parallel.h>

#include "faults/shim.h"

/* Uses the library as a program does, and looks at what has come of it: 0 if all went well; an error code if a call has
 * failed with it; -1 if anything was wrong, with a complaint. */
typedef struct fault_scenario {
    const char *name;
    int (*run)(void);
    bool waits; /* for memory, where it has no other way: then calls go on failing for a while only */
} fault_scenario;

/*
 * The main function of a test with these scenarios. Makes the calls of each kind that a scenario makes fail, each in
 * its turn, and then each with all that follow it.
 *
 * FAULTS_ALL=1 in the environment: each call in its turn also where there are many. FAULTS_ONLY: the name of a
 * scenario. FAULTS_COUNT=1: says how many faults there have been.
 */
int fault_main(const char *name, const fault_scenario *scenarios, int count);

/* ---- for scenarios --------------------------------------------------------------------------------------- */

/* -1, with a complaint. */
int fault_wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* An item is being run. */
static inline void fault_run(int item)
{
    atomic_fetch_add_explicit(&fault_now->times[item], 1, memory_order_relaxed);
}

/* No item has run yet. */
void fault_clear(void);

/* Each of the first `n` items has run so often: 0, or -1. */
int fault_ran(int n, int least, int most);

#endif
