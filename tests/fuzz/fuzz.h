/* SPDX-License-Identifier: MIT */
/*
 * Calls that bytes stand for, compared with what the serial program would give.
 *
 * An input is a sequence of operations: random calls as in support/random.h, each choice of which is read from the
 * input; calls with options and arguments of which some are wrong (fuzz_options.c); calls on worker processes, whose
 * tasks crash, exit and hang (fuzz_process.c); pools. What an operation does not find in the input is made up, from the
 * same numbers each time. An input may have two threads work on its halves at once.
 *
 * `./dev fuzz` has libFuzzer make up inputs; replay.c is a test that goes through those of corpus/, and through others.
 */
#ifndef PL_TESTS_FUZZ_FUZZ_H
#define PL_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "support/random.h"

/* Once, before the first input. */
void fuzz_begin(void);

/* What is wrong with the first input that something is wrong with, NULL if nothing is. */
const char *fuzz_run(const uint8_t *bytes, size_t size);

/* ---- operations ------------------------------------------------------------------------------------------ */

/* One of a number of things. */
static inline size_t fuzz_one_of(rnd_source *source, size_t count)
{
    return (size_t)rnd_draw_byte(source) % count;
}

/* A call whose options and arguments may be wrong: its error is the right one, or its results are. */
void fuzz_options(rnd_source *source);

/* A call on worker processes. */
void fuzz_process(rnd_source *source);

#endif
