/* SPDX-License-Identifier: MIT */
/*
 * Threads of this process that pretend to be ranks: a transport of queues, whose ranks may be slow, or die at any
 * message.
 *
 * What runs on it is the shipped home and the shipped ranks. They share nothing but what mutexes guard, and have no
 * atomics of their own: there is no order of memory to be explored, and ThreadSanitizer sees in any run what is not
 * guarded. A wake-up of the coordinator or the messenger that is lost costs milliseconds (LOOK_NS in pieces.c,
 * sleep_ns() in site.c), and never hangs a call. So these tests run in all builds, that with ThreadSanitizer among
 * them, in place of a scenario of the interleaving tester.
 */
#ifndef PL_TESTS_MPI_PRETEND_H
#define PL_TESTS_MPI_PRETEND_H

#include <stdint.h>

enum { PRETEND_MOST = 8 };

/* What a rank is like. */
typedef struct pretend_rank {
    unsigned dies_at; /* its first messages, in and out, get through, and then it is dead; 0: it lives */
    unsigned slow_us; /* between two looks at what has come */
} pretend_rank;

/* Starts so many ranks, home among them, each as `ranks` says, which may be NULL. */
void pretend_begin(unsigned count, const pretend_rank *ranks);

/* Ends all of them, and waits for that. How many messages a rank has seen, in and out. */
void pretend_end(void);
unsigned pretend_messages(unsigned rank);

#endif
