/* SPDX-License-Identifier: MIT */
/* Between board.c, coordinator.c and endpoint.c. */
#ifndef PL_PROCESS_BOARD_INTERNAL_H
#define PL_PROCESS_BOARD_INTERNAL_H

#include <string.h>

#include "executors/process/board.h"

/* How often a worker that finds nothing looks again before it sleeps, and for how long it sleeps at most. The looks
 * take one and a half times as long as a program needs to see that kept workers may be used again
 * (pl_os_attributes_are). */
#ifdef PL_MODEL
#define LOOKS 0
#define SLEEP_NS UINT64_MAX
#else
#define LOOKS 1000
#define SLEEP_NS UINT64_C(1000000000)
#endif

typedef enum kind { NOTHING, DONE, FREE, TAKEN } kind;

/* The highest number of a generation that a word has room for. */
#define PL_BOARD_GENERATIONS 0xfffffu

static inline uint64_t word_of(kind kind, unsigned slot, unsigned generation, uint64_t lap)
{
    return (uint64_t)kind << 62 | (uint64_t)(slot & 0x3ff) << 52 | (uint64_t)(generation & PL_BOARD_GENERATIONS) << 32 |
           (uint32_t)lap;
}

/* DONE, by a party that knows the seal of what was to be done. */
static inline uint64_t done_word(uint64_t seal, uint64_t lap)
{
    return (uint64_t)DONE << 62 | (seal & 0x3fffffff) << 32 | (uint32_t)lap;
}

static inline kind kind_of(uint64_t word)
{
    return (kind)(word >> 62);
}

static inline unsigned slot_in(uint64_t word)
{
    return (unsigned)(word >> 52) & 0x3ff;
}

static inline uint32_t generation_in(uint64_t word)
{
    return (uint32_t)(word >> 32) & PL_BOARD_GENERATIONS;
}

static inline uint64_t lap_of(uint64_t position)
{
    return position / PL_BOARD_ENTRIES + 1;
}

static inline pl_entry *entry_at(pl_board *board, uint64_t position)
{
    return &board->entries[position % PL_BOARD_ENTRIES];
}

/* What `asleep` says. */
enum { AWAKE, ASLEEP, ABSENT };

/* What `run` says, beside its number. */
enum { IDLE, RUNNING, KILLED };

/* A number with each bit twice, the second time inverted: what `wrote` is. */
static inline uint64_t checked_number(uint32_t number)
{
    return (uint64_t)~number << 32 | number;
}

/* What `unavailable` is made of. */
static inline uint32_t unavailable_word(int why)
{
    return (uint32_t)why << 16 | (~(uint32_t)why & 0xffff);
}

/* ---- seals ------------------------------------------------------------------------------------------------- */

/* One more word goes into a seal. */
static inline uint64_t seal_with(uint64_t seal, uint64_t word)
{
    seal = (seal ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return seal ^ seal >> 29;
}

static inline uint64_t seal_of_work(const pl_board_work *work)
{
    uint64_t seal = seal_with(1, (uintptr_t)work->run);
    seal = seal_with(seal, (uintptr_t)work->orphan);
    seal = seal_with(seal, (uintptr_t)work->context);
    seal = seal_with(seal, (uint64_t)work->tasks_per_worker << 8 | (work->traced ? 2 : 0) | (work->timed ? 1 : 0));
    return seal_with(seal, work->memory_limit);
}

static inline uint64_t seal_of_assignment(uint64_t work_seal, const pl_assignment *assignment)
{
    uint64_t seal = seal_with(work_seal, assignment->begin);
    seal = seal_with(seal, assignment->end);
    seal = seal_with(seal, (uint64_t)assignment->tried << 8 | assignment->last);
    seal = seal_with(seal, assignment->timeout_ns);
    return seal_with(seal, assignment->position);
}

/* `wrote`: how many bytes of reports stand before it; `slot`: whose it is. */
static inline uint64_t seal_of_report(const pl_report *report, uint32_t wrote, unsigned slot)
{
    uint64_t seal = seal_with(2, (uint64_t)report->kind << 32 | report->length);
    seal = seal_with(seal, report->position);
    seal = seal_with(seal, report->begin);
    seal = seal_with(seal, report->end);
    seal = seal_with(seal, (uint64_t)(uint32_t)report->code << 32 | report->state);
    seal = seal_with(seal, report->final);
    return seal_with(seal, (uint64_t)slot << 32 | wrote);
}

static inline uint64_t seal_of_death(const pl_death *death, uint32_t noted)
{
    uint64_t seal = seal_with(3, (uint64_t)death->slot << 32 | death->generation);
    seal = seal_with(seal, (uint64_t)(uint32_t)death->signal << 32 | (uint32_t)death->code);
    seal = seal_with(seal, death->index);
    return seal_with(seal, (uint64_t)noted << 32 | death->killed);
}

/* ---- the ring of reports ----------------------------------------------------------------------------------- */

_Static_assert((PL_BOARD_REPORTS & (PL_BOARD_REPORTS - 1)) == 0, "positions wrap around");
_Static_assert(sizeof(pl_report) + PL_BOARD_TEXT <= PL_BOARD_REPORTS, "a report fits");
#ifndef PL_MODEL /* there, one is to fill the ring */
_Static_assert(sizeof(pl_report) + PL_BOARD_TEXT < PL_BOARD_REPORTS / 2, "two reports fit");
#endif

/* How many of `bytes` fit between a place in the ring and the ring's end. The others stand at its beginning. */
static inline size_t before_the_end(size_t start, size_t bytes)
{
    return bytes < PL_BOARD_REPORTS - start ? bytes : PL_BOARD_REPORTS - start;
}

static inline void copy_into_ring(unsigned char *ring, uint32_t at, const void *memory, size_t bytes)
{
    size_t start = at % PL_BOARD_REPORTS, first = before_the_end(start, bytes);
    memcpy(ring + start, memory, first);
    memcpy(ring, (const unsigned char *)memory + first, bytes - first);
}

static inline void copy_out_of_ring(void *memory, const unsigned char *ring, uint32_t at, size_t bytes)
{
    size_t start = at % PL_BOARD_REPORTS, first = before_the_end(start, bytes);
    memcpy(memory, ring + start, first);
    memcpy((unsigned char *)memory + first, ring, bytes - first);
}

#endif
