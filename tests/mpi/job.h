/* SPDX-License-Identifier: MIT */
/* What the parts of tests/mpi/job.c have in common. */
#ifndef PL_TESTS_MPI_JOB_H
#define PL_TESTS_MPI_JOB_H

#include <errno.h>
#include <parallel_mpi.h>
#include <stdio.h>

#define ON_RANKS .executor = PARALLEL_MPI
#define CHECK(claim)                                                                                                   \
    do {                                                                                                               \
        if (!(claim)) {                                                                                                \
            fprintf(stderr, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #claim, errno);                              \
            wrong++;                                                                                                   \
        }                                                                                                              \
    } while (0)

/* How many claims were wrong. */
extern int wrong;

#endif
