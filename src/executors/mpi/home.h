/* SPDX-License-Identifier: MIT */
/*
 * Home: rank 0, where the program runs and makes its calls. And the executor of PARALLEL_MPI, on every rank: calls that
 * tasks make run on the rank that the task runs on, and so do those of a program that has but one.
 */
#ifndef PL_MPI_HOME_H
#define PL_MPI_HOME_H

#include <stdbool.h>

#include "executors/mpi/transport.h"

/* Whether the library that has the calls is of this release: to be asked first, on every rank. */
bool pl_home_begin(void);

/* Calls that ask for PARALLEL_MPI are served from now on: by this rank alone, if the transport is NULL, and else by all
 * of them. The transport is borrowed until the end. False if there is no memory. Not while home is open. */
bool pl_home_open(pl_transport *transport);

/* Is the messenger of an open home with a transport, until that is closed. */
void pl_home_run(void);

/* Other ranks are told to end, and calls that are under way go on without them; those that are made from now on are
 * ENOTSUP. The messenger ends when that has been sent. */
void pl_home_close(void);

/* This is the child process of a fork(), and there is no home. */
void pl_home_forget(void);

/* This is another rank. */
void pl_home_be_elsewhere(void);

/* How many ranks there are; 0: none is open. */
unsigned pl_home_ranks(void);

#endif
