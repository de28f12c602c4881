/* SPDX-License-Identifier: MIT */
/* Ranks that die, or exit, on purpose: in a task, or some time after now, wherever they are then. */
#ifndef PL_TESTS_MPI_ENDS_H
#define PL_TESTS_MPI_ENDS_H

/* The processes of other ranks end in tasks: by a signal, abort(), or exit(). */
int lose_ranks(char *how);

/* To be called first. Other ranks die so many milliseconds later, about when MPI is being initialised. */
void die_soon(int ms);

/* Other ranks die so many milliseconds later, while messages of megabytes go to and fro; or about when home ends. */
int lose_in_messages(int ms);
int lose_at_shutdown(int ms);

/* This process exits, with status 3, so many milliseconds later, while such messages go to and fro. */
_Noreturn void exit_in_messages(int ms);

#endif
