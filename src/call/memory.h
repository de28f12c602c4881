/* SPDX-License-Identifier: MIT */
/* Memory for results that is not the program's own: what an executor says of it. */
#ifndef PL_CALL_MEMORY_H
#define PL_CALL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* A piece of it. */
typedef struct pl_block {
    void *start; /* NULL: there is none */
    size_t bytes;
    unsigned region; /* its number, from 0 */
    unsigned forks;  /* how many forks lie between the first process and the one that took it, up to then; */
    unsigned shared; /* and how many forks that process's program had made */
    bool own;        /* this process's alone: a copy that it has made of what it has inherited */
} pl_block;

typedef struct pl_memory {
    /* So many bytes at a multiple of `alignment`, a power of two; NULL with errno. Not zeroed. */
    void *(*take)(pl_block *block, size_t bytes, size_t alignment);
    void (*give)(pl_block *block);
    /* The program is going to write there: false if there is no memory for a copy of its own. */
    bool (*make_own)(pl_block *block);
} pl_memory;

#endif
