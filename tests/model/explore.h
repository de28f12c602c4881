/* SPDX-License-Identifier: MIT */
/*
 * The interleaving tester.
 *
 * It runs the library's own sources, compiled so that each access to memory comes to the tester (memory.h). A scenario
 * has a few threads, which are coroutines of one real thread: before each atomic operation, wait, wake or lock, the
 * tester decides which of them goes on. It tries all decisions, depth first, with at most so many preemptions (switches
 * away from a thread that could go on): most bugs of concurrency need two (Musuvathi and Qadeer, "Iterative context
 * bounding for systematic testing of multithreaded programs", PLDI 2007). Where memory may behave in several ways, it
 * tries them too, with at most so many that are not the usual one: a load of what is no longer the last store, a store
 * in place of one before the last, a compare-exchange that fails, or a wait that ends, for no reason. Two things are
 * tried in all ways, without a bound: when a heavy fence reaches another thread, if that one goes on while the fence is
 * under way, which is a preemption like any other; and whether the system takes memory that was offered to it.
 *
 * Two kinds of preemptions change nothing, and are left out. Before an operation on what no other thread uses, or all
 * only read: which locations these are is learned, and when one turns out to be shared the search begins anew. And
 * those after which the thread goes on before anybody has done something that conflicts with the operation before which
 * it was stopped: the same comes of stopping it after that operation. (It is a sleep set of Godefroid's, "Partial-order
 * methods for the verification of concurrent systems", 1996; and needs no more preemptions.)
 *
 * Waiting and waking are the tester's, too: threads that all wait are a deadlock, a wake-up nobody sends is one found.
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

/* How much is explored: preemptions, unusual behaviours of memory, and both together, in an execution. */
typedef struct bounds {
    int preemptions, weak, together;
} bounds;

/* Whether pl_os_reserve() is to find no memory for more than a few slots. A scenario's setup says so each time. */
extern bool model_no_memory;

/* Whether there may be no memory for a deque to grow, at random. How much room it has at first, and what is kept of it,
 * a scenario's setup says by pl_model_first_room and pl_model_kept_room (deque.h): else a deque does not grow. */
extern bool model_commits_fail;

/* Whether heavy fences are to fail; or not to be had in the first place. */
extern bool model_fences_fail, model_no_fences;

/* Whether a thread may fail to start, at random. */
extern bool model_starts_fail;

/* Whether threads can be kept off a CPU; and whether one is. */
extern bool model_keeps_off;
bool model_excluded_cpu(int i);

/* Whether times that run out while another thread could go on are preemptions: for a thread that waits again and again,
 * which could do so for ever. */
extern bool model_times_cost;

/* Number of the thread that runs; -1 in setup and check. */
int model_self(void);

/* Fails the execution: the scenario's name and the schedule are printed, and the program ends with status 1. */
_Noreturn void model_fail(const char *what);

/* In setup: the library's pools are as they are in a new process. */
void model_begin_anew(void);

/* In setup: thread `i` is a process that may be killed before any write of what it shares, and before any atomic
 * operation; until it says that it may not. In an execution it is killed once at most, at no cost. */
void model_may_be_killed(int i);
void model_may_not_be_killed(void);

/* Waits for the end of thread `i`. Whether it was killed. */
bool model_await_end(int i);

/* As a scenario's thread: one that the library may start, once or, when it has been joined, again. Those that it does
 * not start do nothing. */
void model_spare(void);

/* How many of those have been started, and not joined. */
int model_started(void);

/* Adds one, as no data race. */
void model_count(int *n);

#define model_assert(condition) ((condition) ? (void)0 : model_fail(#condition))

/* Explores a scenario, for as many seconds of CPU time at most; 0: until it has seen all. Returns how many executions
 * that took, of the last round: it looks with one deviation first, then with two, and so on. `cut` says whether it has
 * not come to the end of that one. */
unsigned long model_explore(const scenario *s, bounds b, unsigned seconds, bool *cut);

/* Explores it until it fails; returns why, or NULL if it does not. */
const char *model_explore_to_fail(const scenario *s, bounds b);

#endif
