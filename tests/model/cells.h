/* SPDX-License-Identifier: MIT */
/* Between memory.c, which knows of atomic operations, and cells.c, which knows of plain accesses and allocations. */
#ifndef PL_TESTS_MODEL_CELLS_H
#define PL_TESTS_MODEL_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/explore.h"

/* How much of each thread's past is known: its events are numbered from 1. */
typedef struct lanes {
    uint16_t at[MODEL_THREADS];
} lanes;

/* What each thread knows. */
extern lanes happened[MODEL_THREADS];

/* Whether there is one of these events, the last of each thread, that `self` need not know of. */
bool any_unknown(int self, const lanes *events);

/* Of a location's modification order; and that a thread knows of one. */
typedef struct store store;
typedef struct view view;

typedef struct location {
    struct location *next; /* in its cell */
    uintptr_t address;
    unsigned size;
    store *first, *last;
    uint64_t ordered; /* place of the last store of a seq_cst operation */
    view *views[MODEL_THREADS];
    lanes reads, writes; /* the last atomic ones of each thread */
    lanes woken;         /* what is visible because of wakes; or because of a mutex */
} location;

/* Plain accesses of some bytes of a cell. */
typedef struct field {
    uint8_t offset, size;
    int8_t writer;
    uint16_t written;
    lanes read;
} field;

/* Eight bytes. */
typedef struct cell {
    uintptr_t number; /* address / 8 */
    unsigned long reset;
    location *locations;
    int fields;
    field field[8];
} cell;

/* The cell of that number; NULL if it does not exist, and is not to be made. */
cell *cell_of(uintptr_t number, bool make);

/* Fails if some bytes of the cell were accessed in conflict with this; notes it, if it is a plain access. */
void access_cell(int self, cell *c, unsigned offset, unsigned size, bool write, bool plain);

/* Fails if it is memory of the execution's, and not allocated, or freed. */
void check_allocated(uintptr_t address, size_t size);

/* Forgets all cells and allocations. */
void cells_reset(void);

#endif
