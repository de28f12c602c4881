/* SPDX-License-Identifier: MIT */
/* What the tester's parts say to each other: the search in explore.c, the memory in memory.c, the system in
 * system.c. */
#ifndef PL_TESTS_MODEL_SEARCH_H
#define PL_TESTS_MODEL_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

/* Before the running thread reads or changes what others see: they may go on instead. Address 0 is all of memory. */
void search_point(uintptr_t address, bool write);

/* Before the running thread writes what is not atomic. */
void search_plain_write(uintptr_t address);

/* One of `choices` ways that memory may behave; the first is the usual one, and the others are few in an execution. */
int search_weak(int choices);

/* One of `choices`, at no cost. */
int search_choose(int choices);

/* What came of it, for the report. */
void search_did(const char *what, int order, uint64_t value, int behind);

/* Where the library looks again after a time as long as this, just in case, it is to be woken all the same. */
enum { SEARCH_LONG_NS = 50000000 };

/* The running thread waits until it is woken; or, if `timed`, until the search says that its time is over. */
void search_wait(const volatile void *word, bool timed);

/* Wakes one that waits on this word, or all. */
void search_wake(const volatile void *word, bool all);

/* Starts a spare thread; its number, or -1 if there is none. Waits for its end, or asks whether it has come: then it is
 * a spare one again. */
int search_start(void *(*run)(void *), void *argument);
void search_join(int thread);
bool search_try_join(int thread);

/* The running thread ends: what the system does then. In threads.c. */
void search_at_thread_end(void);

/* The running thread can do nothing until another has. */
void search_yield(void);

/* A clock that goes on at each look. */
uint64_t search_ticks(void);

#endif
