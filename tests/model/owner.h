/* SPDX-License-Identifier: MIT */
/* A deque, its owner, and thieves: what the scenarios on it share. They are in model_deque.c and model_room.c. */
#ifndef PL_TESTS_MODEL_OWNER_H
#define PL_TESTS_MODEL_OWNER_H

#include "model/model.h"

/* The owner of the deque that the running thread uses: the first, unless it says otherwise. */
extern pl_worker owners[2];
extern int used[MODEL_THREADS];

static inline pl_worker *used_owner(void)
{
    return &owners[model_self() < 0 ? 0 : used[model_self()]];
}

static inline pl_deque *used_deque(void)
{
    return &used_owner()->deque;
}

/* Each task is of a kind of its own, so that what a thief reads of it must match. */
extern const pl_task kind[TASKS];

void set_up_deque(void);

/* The owner: tasks are known by their numbers. A pop joins the youngest, which is this one. */
void push(size_t number);
void publish(void);
void pop(size_t number);

/* Thieves. */
void steal_one(void);
void steal_two(void);
void ask_and_steal(void);
void reveal_and_steal(void);
void reveal_twice(void);
void claim_and_steal(void);
void reveal_anyhow(void);

/* All have run, once each, and the deque is empty. */
void three_ran(void);
void four_ran(void);
void five_ran(void);

#endif
