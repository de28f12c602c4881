/* SPDX-License-Identifier: MIT */
/* Calls what each stage of the library's life has registered, in the order that life.h states. */
#include "base/life.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/* What each stage has registered. Written by constructors alone. */
static const pl_life *lives[PL_LIFE_STAGES];

static void before_fork(void)
{
    for (int i = PL_LIFE_STAGES; i-- > 0;)
        if (lives[i] && lives[i]->before_fork)
            lives[i]->before_fork();
}

static void after_fork(void)
{
    for (int i = 0; i < PL_LIFE_STAGES; i++)
        if (lives[i] && lives[i]->after_fork)
            lives[i]->after_fork();
}

static void in_child(void)
{
    for (int i = 0; i < PL_LIFE_STAGES; i++)
        if (lives[i] && lives[i]->in_child)
            lives[i]->in_child();
}

void pl_life_register(pl_life_stage stage, const pl_life *life)
{
    static bool watched;
    if (!watched)
        pthread_atfork(before_fork, after_fork, in_child);
    watched = true;
    lives[stage] = life;
    if (life->loaded)
        life->loaded();
}

__attribute__((destructor(1000))) static void end_lives(void)
{
    for (int i = PL_LIFE_STAGES; i-- > 0;)
        if (lives[i] && lives[i]->unloaded)
            lives[i]->unloaded();
}
