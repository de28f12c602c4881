/* SPDX-License-Identifier: MIT */
/* Between board.c, the workers' and the supervisor's side of the board, and home.c. */
#ifndef PL_PROCESS_BOARD_INTERNAL_H
#define PL_PROCESS_BOARD_INTERNAL_H

#include <string.h>

#include "process/board.h"

/* How often who finds nothing looks again before it sleeps, and for how long it sleeps at most. */
#ifdef PL_MODEL
#define LOOKS 0
#define SLEEP_NS UINT64_MAX
#else
#define LOOKS 300
#define SLEEP_NS UINT64_C(1000000000)
#endif

typedef enum kind { NOTHING, DONE, FREE, TAKEN } kind;

static inline uint64_t word_of(kind kind, unsigned slot, unsigned life, uint64_t lap)
{
    return (uint64_t)kind << 62 | (uint64_t)(slot & 0x3ff) << 52 | (uint64_t)(life & 0xfffff) << 32 | (uint32_t)lap;
}

static inline kind kind_of(uint64_t word)
{
    return (kind)(word >> 62);
}

static inline uint64_t lap_of(uint64_t position)
{
    return position / PL_BOARD_ENTRIES + 1;
}

static inline pl_entry *entry_at(pl_board *board, uint64_t position)
{
    return &board->entries[position % PL_BOARD_ENTRIES];
}

_Static_assert((PL_BOARD_REPORTS & (PL_BOARD_REPORTS - 1)) == 0, "positions wrap around");
_Static_assert(sizeof(pl_report) + PL_BOARD_TEXT <= PL_BOARD_REPORTS, "a report fits");
#ifndef PL_MODEL /* where one is to fill the ring */
_Static_assert(sizeof(pl_report) + PL_BOARD_TEXT < PL_BOARD_REPORTS / 2, "two reports fit");
#endif

/* Copies between the ring and memory: `into` the ring, or out of it. */
static inline void copy_ring(unsigned char *ring, uint32_t at, void *memory, size_t bytes, bool into)
{
    size_t start = at % PL_BOARD_REPORTS, first = PL_BOARD_REPORTS - start;
    first = first < bytes ? first : bytes;
    if (into) {
        memcpy(ring + start, memory, first);
        memcpy(ring, (unsigned char *)memory + first, bytes - first);
    } else {
        memcpy(memory, ring + start, first);
        memcpy((unsigned char *)memory + first, ring, bytes - first);
    }
}

#endif
