/* SPDX-License-Identifier: MIT */
/*
 * Threads of this process that pretend to be ranks: a transport of queues, whose ranks may be slow, or die at any
 * message.
 *
 * What runs on it is the shipped home and the shipped ranks, in all builds, those with sanitizers among them. In which
 * order messages and threads come, and who dies at which message, is explored by the interleaving tester, on a
 * transport of its own (tests/model/model_ranks.c).
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
