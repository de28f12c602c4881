/* SPDX-License-Identifier: MIT */
/*
 * The arena: memory that the program shares with the worker processes that it forks, in blocks of whole pages.
 *
 * It consists of *regions*, anonymous shared mappings: no file, no /dev/shm, and no memory behind pages that nobody has
 * touched. A process has all regions that there were when it was forked. Blocks are reused, first fit, since a page that all
 * have seen already costs nothing; what is kept for that is limited (WARM in arena.c).
 *
 * When the program itself forks, its child has the same memory, not a copy. So a block that was in use then is never reused:
 * its pages are unmapped, here and there, when its owners let go of it. Who wants to write into such a block in the child
 * makes it its own first.
 *
 * (Forks are counted before and after, so that no lock is to be held meanwhile.)
 *
 * All this is kept in memory of the process's own, under a mutex: the bookkeeping is out of the workers' reach.
 */
#ifndef PL_PROCESS_ARENA_H
#define PL_PROCESS_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "call/memory.h"

/* A block, not zeroed. False with errno. */
bool pl_arena_take(pl_block *block, size_t bytes);

/* The same with room for so many bytes at a multiple of `alignment`, a power of two: where that is; NULL with errno. */
void *pl_arena_take_aligned(pl_block *block, size_t bytes, size_t alignment);
void pl_arena_give(pl_block *block);

/* This process is going to write to so many bytes, all of a block: gets their pages, if it has not had them before. */
void pl_arena_warm(void *start, size_t bytes);

/* Whether the block has been inherited from the process that forked this one. */
bool pl_arena_inherited(const pl_block *block);

/* Makes an inherited block, if it is one, this process's own. False if there is no memory. */
bool pl_arena_make_own(pl_block *block);

/* The arena as memory for results. */
extern const pl_memory pl_arena_memory;

/* Whether this process has done so, and no longer sees what others write there, whatever it will be. */
bool pl_arena_has_own(void);

/* How many regions there are: a process forked now has these. */
unsigned pl_arena_regions(void);

#endif
