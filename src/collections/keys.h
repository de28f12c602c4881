/* SPDX-License-Identifier: MIT */
/*
 * Keys that a function gives, one for each item: for calls that sort, count or group by them.
 *
 * What cannot fail is run piece by piece into a buffer that stays in the first cache, by several threads at once, and
 * keys are taken from there. Where tasks may fail, have a timeout, are tried again, or run in other processes, they are
 * tasks of maps, window by window (windows.h), and keys are taken on the caller.
 */
#ifndef PL_COLLECTIONS_KEYS_H
#define PL_COLLECTIONS_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libparallel/key.h>

#include "collections/phases.h"
#include "collections/search.h"

enum { PL_KEYS_PIECE = 1024 /* keys that are taken at once, at most, but in calls of tasks */ };

typedef struct pl_keys {
    parallel_function f;
    parallel_key type;
    parallel_options merged;
    bool has_options;
    bool is_map;  /* tasks are those of maps */
    size_t block; /* else: items in a block, each of which one thread takes; 0: as many as is best */
    const unsigned char *args;
    size_t n;

    /* Takes the keys of `count` items from `first` on; NULL: those have failed, of a call that goes on in spite of it.
     * Each item's is taken once, in any order, several at once. */
    void (*take)(void *ctx, size_t first, size_t count, const void *keys);
    void *ctx;

    pl_blocks_work work; /* the call's */
} pl_keys;

/* How many bytes keys of a type have; 0: it is none. */
size_t pl_keys_size(parallel_key type);

/* Whether a call can be made without any account of failures, and without any options. */
bool pl_keys_is_plain(const parallel_function *f, parallel_key type, const void *args, const parallel_options *options);

/* Checks and copies what a call was given. False with errno. */
bool pl_keys_begin(pl_keys *k, const parallel_function *f, parallel_key type, const void *args, size_t n,
                   const parallel_options *options, const pl_request *request);

/* The phases of the call, which begins now. */
pl_phases pl_keys_phases(const pl_keys *k, const pl_request *request);

/* Whether so many keys are known to cost less than it takes for a few threads to be even: a block may be as large. */
bool pl_keys_cost_little(const pl_keys *k, size_t items);

/* Has all keys taken, of 1 item or more. 0; or -1 with errno, and a failure: also where all keys were taken that there
 * are, if the call is `silent`: then *goes_on is set. */
int pl_keys_run(pl_keys *k, pl_phases *phases, bool *goes_on);

/* Has those taken of items [begin, end), on this thread, in a context that there is. For functions that cannot fail. */
void pl_keys_take(const pl_keys *k, size_t begin, size_t end);

/* Keys as words of 8 bytes, in order; those that are no less than any other, as NaN, are alike. Not for long double. */
void pl_keys_to_words(parallel_key type, const void *keys, uint64_t *words, size_t n);

/* Keys as indices of 2, 4 or 8 bytes, if they are below `limit`. Returns how many are, before the first that is not. */
size_t pl_keys_to_indices(parallel_key type, const void *keys, unsigned width, void *indices, size_t n, uint64_t limit);

/* Whether n keys are indices of 4 bytes as they are, all below `limit`; false may also mean that they have another
 * size. */
bool pl_keys_are_below(parallel_key type, const void *keys, size_t n, uint64_t limit);

/* Whether keys of a type are integers or bool: those that can be indices. */
bool pl_keys_are_indices(parallel_key type);

/* The call fails, as the key of an item is no index. Returns -1, with errno and the last failure. */
int pl_keys_fail_range(const pl_keys *k, size_t i);

#endif
