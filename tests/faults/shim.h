/* SPDX-License-Identifier: MIT */
/*
 * Calls of the system and of the C library that fail on demand.
 *
 * The linker gives the library's calls of malloc(), mmap(), fork() and so on to this shim (--wrap), which counts them
 * by kind, makes those fail that a *plan* says, and keeps account of what has been taken and not given back. The plan
 * is in memory that all processes share: a call may fail in a supervisor or in a worker, too.
 */
#ifndef PL_TESTS_FAULTS_SHIM_H
#define PL_TESTS_FAULTS_SHIM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* What fails together. */
typedef enum fault_kind {
    FAULT_HEAP,      /* malloc() and its kin, strdup() */
    FAULT_GROW,      /* realloc() */
    FAULT_MAP,       /* mmap() */
    FAULT_COMMIT,    /* mprotect() */
    FAULT_THREAD,    /* pthread_create() */
    FAULT_KEY,       /* pthread_key_create(), pthread_setspecific() */
    FAULT_CONDITION, /* pthread_cond_init() and its attributes */
    FAULT_FORK,      /* fork(), clone() */
    FAULT_CLONE,     /* clone(), which the system has not */
    FAULT_FILE,      /* open(), pipe(), socketpair(), fcntl() that duplicates */
    FAULT_PIDFD,     /* pidfd_open(), which the system has not */
    FAULT_FENCE,     /* membarrier(), likewise */
    FAULT_WAIT,      /* a wait on a futex that ends for no reason */
    FAULT_HINT,      /* madvise(), affinity masks, prctl() */
    FAULT_KINDS,
} fault_kind;

#define FAULT_BIT(kind) (1u << (kind))

/* The error code of each, and what it is called. */
int fault_error(fault_kind kind);
const char *fault_name(fault_kind kind);

enum { FAULT_ITEMS = 8192 };

typedef struct fault_plan {
    atomic_bool armed;
    unsigned kinds;                  /* bits */
    unsigned first;                  /* which of their calls is the first to fail, from 1 */
    unsigned last;                   /* and which is the last */
    atomic_uint seen, fired;         /* calls of these kinds; and those that have failed */
    atomic_uint calls[FAULT_KINDS];  /* of each */
    atomic_size_t asked;             /* bytes that calls have asked the heap and mmap() for */
    char complaint[256];             /* what was wrong with the case; empty: nothing */
    atomic_uchar times[FAULT_ITEMS]; /* how often each item has run */
} fault_plan;

/* Makes some, zeroed. */
fault_plan *fault_plans(size_t count);

/* The one that goes for this process, and those that it forks. */
extern fault_plan *fault_now;

/* The account of this process begins: what its past has taken does not count. */
void fault_open_account(void);

/* Blocks on the heap, bytes that are mapped, and what was given back without having been taken. */
long fault_blocks(void);
long long fault_mapped(void);
long fault_strange(void);

/* Who has taken the blocks, for a message. */
void fault_takers(char *text, size_t size);

/* What the library's arena keeps for later: blocks, and bytes that are mapped. */
void fault_arena(long *blocks, long long *mapped);

/* Another process, of the test's own. */
int fault_fork(void);

#endif
