/* SPDX-License-Identifier: MIT */
/*
 * The interleaving tester.
 *
 * It runs the library's own sources, compiled so that each atomic operation is preceded by a call of
 * pl_model_point(). A scenario has a few threads, which are coroutines of one real thread: at each point the tester
 * decides which of them goes on. It tries all decisions, depth first, with at most `bound` preemptions (switches away
 * from a thread that could go on): most bugs of concurrency need two (Musuvathi and Qadeer, "Iterative context
 * bounding for systematic testing of multithreaded programs", PLDI 2007). Waiting and waking (pl_os_wait, pl_os_wake)
 * are the tester's, too: threads that all wait are a deadlock, a wake-up nobody sends is one found.
 *
 * What it explores is sequentially consistent: it finds wrong protocols, not orders that are too weak.
 */
#ifndef PL_TESTS_MODEL_EXPLORE_H
#define PL_TESTS_MODEL_EXPLORE_H

#include <stdbool.h>

enum { MODEL_THREADS = 4 };

typedef struct scenario {
    const char *name;
    /* Before each execution: puts everything into its first state. */
    void (*setup)(void);
    /* The threads, in order; NULL after the last. */
    void (*thread[MODEL_THREADS])(void);
    /* After each execution: model_assert()s what must hold then. */
    void (*check)(void);
    /* Preemptions less than the bound asked for, where there is too much to explore. */
    int less;
} scenario;

/* Whether pl_os_reserve() is to find no memory for more than a few slots. A scenario's setup says so each time. */
extern bool model_no_memory;

/* The scenario puts errands into an inbox; set by its setup. */
extern bool model_has_errands;

/* Number of the thread that runs. */
int model_self(void);

/* Fails the execution: the scenario's name and the schedule are printed, and the program ends with status 1. */
void model_fail(const char *what);

#define model_assert(condition) ((condition) ? (void)0 : model_fail(#condition))

/* Explores a scenario. Returns how many executions that took. */
unsigned long model_explore(const scenario *s, int bound);

#endif
