/* SPDX-License-Identifier: MIT */
/* What explore.c keeps of executions: the steps of the last one, and who has ever used what. */
#ifndef PL_TESTS_MODEL_SCHEDULE_H
#define PL_TESTS_MODEL_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

/* In the sources: where the running thread is, as pl_model_point() has said. */
typedef struct place {
    const char *file;
    int line;
} place;

place schedule_place(void);

/* The thread does something there; search_did() says what. */
void schedule_step(place where, int thread, uintptr_t address);

void schedule_print(void);
void schedule_forget(void);

/* The thread uses a location. Whether more than one thread does so, and one writes; and whether that is news. */
bool users_share(uintptr_t address, int thread, bool write, bool *news);
void users_forget(void);

#endif
