/* SPDX-License-Identifier: MIT */
/*
 * The arena: memory that the program shares with the worker processes that it forks, in blocks of whole pages.
 *
 * It consists of *regions*, anonymous shared mappings: no file, no /dev/shm, and no memory behind pages that no process
 * has touched. A process has all regions that there were when it was forked. Blocks are reused, first fit, since a page
 * that all have touched already costs nothing; how much is kept for that is limited (WARM in arena.c).
 *
 * When the program itself forks, its child has the same memory, not a copy. So a block that was in use then is never
 * reused: its pages are unmapped, in each of the two processes, when its owner there lets go of it. A child that is
 * going to write to such a block makes it its own first.
 *
 * (Forks are counted before and after, so that no lock is to be held meanwhile.)
 *
 * All bookkeeping is in memory of the process's own, under a mutex: it is out of the workers' reach.
 */
#ifndef PL_PROCESS_ARENA_H
#define PL_PROCESS_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "call/memory.h"

/* Takes a block, not zeroed. False with errno. */
bool pl_arena_take(pl_block *block, size_t bytes);

/* Takes one with room for so many bytes at a multiple of `alignment`, a power of two. Returns where that is; NULL with
 * errno. */
void *pl_arena_take_aligned(pl_block *block, size_t bytes, size_t alignment);

/* Gives a block back, if it is one. */
void pl_arena_give(pl_block *block);

/* This process is going to write to so many bytes, all of a block: gets their pages, if it has not had them before. */
void pl_arena_warm(void *start, size_t bytes);

/* Whether the block has been inherited from the process that forked this one, and is not yet this one's own. */
bool pl_arena_inherited(const pl_block *block);

/* Makes an inherited block, if it is one, this process's own. False if there is no memory. */
bool pl_arena_make_own(pl_block *block);

/* Whether this process has made a block its own: then it does not see what others write there, now or in a later
 * block. */
bool pl_arena_has_own(void);

/* The arena as memory for results. */
extern const pl_memory pl_arena_memory;

/* How many regions there are: a process that is forked now has these. */
unsigned pl_arena_regions(void);

#endif
