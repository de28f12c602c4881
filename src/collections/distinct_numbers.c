/* SPDX-License-Identifier: MIT */
/*
 * Which numbers of an array are the first of their kind: by hashing, as two are the same if their words are.
 *
 *   1. Each block of numbers has a small table of those that it has met. What is in it is left out; the others, with
 *      their indices, are its candidates, and flagged. Where few are left out, no more is looked up.
 *   2. Candidates are dealt to parts by their hash, those of a block behind those of the blocks before it.
 *   3. Each part has a table, in which its candidates are looked up in their order: those that are not in it are the
 *      first of their kind. The others lose their flags, which are anywhere in memory: a block's are written in order,
 *      so it costs least where most numbers are different.
 *
 * A part's table fits a cache, and so does a block's. That of a part has the words themselves, and stands where its
 * candidates came from. Tables are half empty at least, and searched from a slot on, one after the other (Knuth, "The
 * Art of Computer Programming", volume 3, section 6.4). Steps are counted: with numbers that were chosen to have the
 * same hash, it is given up.
 */
#include "collections/distinct.h"

#include <stdint.h>
#include <string.h>

#include "base/size.h"
#include "base/unwind.h"
#include "collections/radix_numbers.h"
#include "collections/radix_word.h"
#include "collections/room.h"

enum {
    PARTS = 256,
    MOST_BLOCKS = 128,
    LEAST_BLOCK = 16384, /* numbers */
    SLOTS = 8192,        /* of a block's table: */
    KNOWN = SLOTS / 4,   /* so many numbers at most */
    CHUNK = 1024,        /* numbers, after which it is looked how many were left out: */
    WORTH = CHUNK / 4,   /* so many at least, or it is not worth it */
    STEPS = 32           /* for each number of a table, on the average */
};

/* A number that may be the first of its kind: its word, and its index, in one word where 8 bytes suffice. */
typedef struct wide_candidate {
    uint64_t word;
    uint32_t index;
} wide_candidate;

typedef struct numbers_sort {
    pl_blocks_work work;
    const pl_sort_call *call;
    pl_radix_numbers numbers;
    bool *flags;
    unsigned char *found, *dealt; /* candidates, as blocks have found them, each where it begins; and by parts */
    uint32_t (*places)[PARTS];    /* of each block: how many for each part; later where the next goes */
    size_t begins[PARTS + 1];     /* of parts */
    size_t kept[MOST_BLOCKS];     /* candidates of each block */
    bool is_known[MOST_BLOCKS];   /* of a block: its candidates are all different */
    bool is_bad[PARTS];
    bool is_wide;
} numbers_sort;

/* ---- words, and candidates --------------------------------------------------------------------------------- */

/* A number's bits; of all that are the same, the same. */
static PL_RADIX_INLINE uint64_t word_at(const void *items, size_t i, unsigned width, bool is_floating)
{
    uint64_t word = width == 1   ? ((const unsigned char *)items)[i]
                    : width == 2 ? ((const __attribute__((may_alias)) uint16_t *)items)[i]
                                 : pl_radix_get(width, items, i);
    if (!is_floating)
        return word;
    uint64_t sign = (uint64_t)1 << (8 * width - 1), infinite = width == 4 ? 0x7f800000 : 0x7ff0000000000000;
    uint64_t size = word & (sign - 1);
    return size > infinite ? sign - 1 : size ? word : 0;
}

/* The highest bits are the best ones; of a word of 32 bits, all are good. */
static PL_RADIX_INLINE uint64_t hash_word(bool is_wide, uint64_t word)
{
    if (is_wide) {
        word ^= word >> 32;
        word *= UINT64_C(0xBF58476D1CE4E5B9);
        word ^= word >> 29;
    }
    return word * UINT64_C(0x9E3779B97F4A7C15);
}

static PL_RADIX_INLINE size_t part_of(uint64_t hash)
{
    return (size_t)(hash >> 24) % PARTS;
}

static PL_RADIX_INLINE size_t candidate_size(bool is_wide)
{
    return is_wide ? sizeof(wide_candidate) : sizeof(uint64_t);
}

static PL_RADIX_INLINE uint64_t candidate_word(bool is_wide, const unsigned char *candidates, size_t i)
{
    uint64_t narrow;
    if (is_wide)
        return ((const wide_candidate *)(const void *)candidates)[i].word;
    memcpy(&narrow, candidates + i * sizeof narrow, sizeof narrow);
    return narrow >> 32;
}

static PL_RADIX_INLINE uint32_t candidate_index(bool is_wide, const unsigned char *candidates, size_t i)
{
    uint64_t narrow;
    if (is_wide)
        return ((const wide_candidate *)(const void *)candidates)[i].index;
    memcpy(&narrow, candidates + i * sizeof narrow, sizeof narrow);
    return (uint32_t)narrow;
}

static PL_RADIX_INLINE void put_candidate(bool is_wide, unsigned char *candidates, size_t i, uint64_t word,
                                          uint32_t index)
{
    if (is_wide) {
        ((wide_candidate *)(void *)candidates)[i] = (wide_candidate){word, index};
        return;
    }
    uint64_t narrow = word << 32 | index;
    memcpy(candidates + i * sizeof narrow, &narrow, sizeof narrow);
}

/* ---- tables ------------------------------------------------------------------------------------------------ */

/* Of a block: slots have numbers of candidates, counted from 1 on; or 0. */
typedef struct table {
    uint16_t *slots;
    size_t count; /* of slots */
    const unsigned char *candidates;
    size_t steps; /* that are left */
} table;

/* Where a word is looked for first, of so many slots. */
static PL_RADIX_INLINE size_t first_slot(uint64_t hash, size_t count)
{
    return (size_t)((hash >> 32) * count >> 32);
}

/* The slot of a word, or the empty one where it would be; SIZE_MAX: it takes too many steps. */
static PL_RADIX_INLINE size_t look_up(table *t, bool is_wide, uint64_t word, uint64_t hash)
{
    size_t at = first_slot(hash, t->count), number;
    while ((number = t->slots[at]) && candidate_word(is_wide, t->candidates, number - 1) != word) {
        at = at + 1 < t->count ? at + 1 : 0;
        if (t->steps-- == 0)
            return SIZE_MAX;
    }
    return at;
}

/* ---- steps ------------------------------------------------------------------------------------------------- */

/* Where a block is: its numbers, and its candidates so far. */
typedef struct finder {
    const void *items;
    size_t at, count;
    unsigned char *candidates;
    bool *flags;
    uint32_t *places; /* how many for each part */
    table known;
    bool looks_up; /* in the table */
    bool is_known; /* all candidates are in it */
} finder;

/* The numbers up to `to` become candidates, unless they are known. The finder is kept in registers meanwhile. */
static PL_RADIX_INLINE void find_some(finder *finder_of_block, size_t to, unsigned width, bool is_floating,
                                      bool is_wide)
{
    finder f = *finder_of_block;
    for (; f.at < to; f.at++) {
        uint64_t word = word_at(f.items, f.at, width, is_floating), hash = hash_word(is_wide, word);
        if (f.looks_up) {
            size_t slot = look_up(&f.known, is_wide, word, hash);
            f.looks_up = slot != SIZE_MAX;
            if (f.looks_up && f.known.slots[slot])
                continue;
            if (f.looks_up && f.count < KNOWN)
                f.known.slots[slot] = (uint16_t)(f.count + 1);
            else
                f.is_known = false;
        }
        put_candidate(is_wide, f.candidates, f.count++, word, (uint32_t)f.at);
        f.flags[f.at] = true;
        f.places[part_of(hash)]++;
    }
    *finder_of_block = f;
}

static void find_in_chunk(finder *f, size_t to, const pl_radix_numbers *numbers)
{
    if (numbers->is_floating && numbers->width == 4)
        find_some(f, to, 4, true, false);
    else if (numbers->is_floating)
        find_some(f, to, 8, true, true);
    else if (numbers->width == 8)
        find_some(f, to, 8, false, true);
    else if (numbers->width == 4)
        find_some(f, to, 4, false, false);
    else if (numbers->width == 2)
        find_some(f, to, 2, false, false);
    else
        find_some(f, to, 1, false, false);
}

/* The numbers of a block, up to `last`. */
static void find_all(finder *f, size_t last, const pl_radix_numbers *numbers)
{
    while (f->at < last) {
        size_t before = f->count, to = last - f->at < CHUNK ? last : f->at + CHUNK;
        find_in_chunk(f, to, numbers);
        bool is_worth_it = f->count - before <= CHUNK - WORTH || f->count < KNOWN;
        f->is_known = f->is_known && (is_worth_it || f->at == last);
        f->looks_up = f->looks_up && is_worth_it;
    }
}

static void find_in_blocks(size_t begin, size_t end, void *ctx)
{
    numbers_sort *s = ctx;
    uint16_t slots[SLOTS];
    for (size_t k = begin; k < end; k++) {
        size_t at = pl_blocks_begin(&s->work.blocks, k), last = at + pl_blocks_length(&s->work.blocks, k);
        unsigned char *candidates = s->found + at * candidate_size(s->is_wide);
        finder f = {
            .items = s->call->from, .at = at, .candidates = candidates, .flags = s->flags, .places = s->places[k]};
        size_t few = SLOTS / KNOWN * (last - at);
        f.known = (table){slots, few < SLOTS ? few : SLOTS, candidates, (size_t)STEPS * (last - at)};
        f.looks_up = f.is_known = true;
        memset(slots, 0, f.known.count * sizeof *slots);
        memset(s->places[k], 0, sizeof s->places[k]);
        memset(s->flags + at, 0, last - at);
        find_all(&f, last, &s->numbers);
        s->kept[k] = f.count;
        s->is_known[k] = f.is_known;
    }
}

/* Where each part begins; and in it, where each block's candidates go. */
static void find_places(numbers_sort *s)
{
    size_t at = 0;
    for (size_t p = 0; p < PARTS; p++) {
        s->begins[p] = at;
        for (size_t k = 0; k < s->work.blocks.count; k++) {
            size_t count = s->places[k][p];
            s->places[k][p] = (uint32_t)at;
            at += count;
        }
    }
    s->begins[PARTS] = at;
}

static PL_RADIX_INLINE void deal_candidates(const numbers_sort *s, size_t k, bool is_wide)
{
    const unsigned char *from = s->found + pl_blocks_begin(&s->work.blocks, k) * candidate_size(is_wide);
    uint32_t *places = s->places[k];
    for (size_t i = 0; i < s->kept[k]; i++) {
        uint64_t word = candidate_word(is_wide, from, i);
        put_candidate(is_wide, s->dealt, places[part_of(hash_word(is_wide, word))]++, word,
                      candidate_index(is_wide, from, i));
    }
}

static void deal_blocks(size_t begin, size_t end, void *ctx)
{
    const numbers_sort *s = ctx;
    for (size_t k = begin; k < end; k++)
        if (s->is_wide)
            deal_candidates(s, k, true);
        else
            deal_candidates(s, k, false);
}

/* A word that no candidate of a part has: an empty slot's. */
static PL_RADIX_INLINE uint64_t word_of_none(size_t p, bool is_wide)
{
    uint64_t word = 0;
    while (part_of(hash_word(is_wide, word)) == p)
        word++;
    return word;
}

static PL_RADIX_INLINE void empty_slots(unsigned char *slots, size_t count, uint64_t none, bool is_wide)
{
    for (size_t i = 0; i < count; i++)
        pl_radix_put(is_wide ? 8 : 4, slots, i, none);
}

/* Leaves the flags of the first of their kind. Whether it has come to an end. */
static PL_RADIX_INLINE bool flag_part(const numbers_sort *s, size_t p, bool is_wide)
{
    size_t begin = s->begins[p], n = s->begins[p + 1] - begin, size = candidate_size(is_wide), count = 2 * n;
    const unsigned char *candidates = s->dealt + begin * size;
    unsigned char *slots = s->found + begin * size;
    const unsigned width = is_wide ? 8 : 4;
    uint64_t none = word_of_none(p, is_wide);
    size_t steps = STEPS * n;
    empty_slots(slots, count, none, is_wide);
    for (size_t i = 0; i < n; i++) {
        uint64_t word = candidate_word(is_wide, candidates, i), met;
        size_t at = first_slot(hash_word(is_wide, word), count);
        while ((met = pl_radix_get(width, slots, at)) != none && met != word) {
            at = at + 1 < count ? at + 1 : 0;
            if (steps-- == 0)
                return false;
        }
        if (met == none)
            pl_radix_put(width, slots, at, word);
        else
            s->flags[candidate_index(is_wide, candidates, i)] = false;
    }
    return true;
}

static void flag_parts(size_t begin, size_t end, void *ctx)
{
    numbers_sort *s = ctx;
    for (size_t p = begin; p < end; p++)
        s->is_bad[p] = !(s->is_wide ? flag_part(s, p, true) : flag_part(s, p, false));
}

/* ---- all --------------------------------------------------------------------------------------------------- */

static int run_loop(numbers_sort *s, void (*treat)(size_t, size_t, void *))
{
    return pl_sort_loop(s->call, &s->work, treat, PL_SORT_SILENTLY);
}

static pl_distinct_end flag_numbers(numbers_sort *s)
{
    if (run_loop(s, find_in_blocks) != 0)
        return PL_DISTINCT_FAILED;
    if (s->work.blocks.count == 1 && s->is_known[0])
        return PL_DISTINCT_FLAGGED;
    find_places(s);
    if (run_loop(s, deal_blocks) != 0)
        return PL_DISTINCT_FAILED;
    s->work.blocks = (pl_blocks){.n = s->call->n, .size = s->call->n / PARTS + 1, .count = PARTS};
    if (run_loop(s, flag_parts) != 0)
        return PL_DISTINCT_FAILED;
    for (size_t p = 0; p < PARTS; p++)
        if (s->is_bad[p])
            return PL_DISTINCT_BAD_LUCK;
    return PL_DISTINCT_FLAGGED;
}

bool pl_distinct_takes(const pl_sort_call *c)
{
    return c->n <= INT32_MAX && pl_radix_takes(&c->order);
}

PL_NOT_INLINED pl_distinct_end pl_distinct_flag_numbers(const pl_sort_call *c, bool *flags)
{
    numbers_sort s;
    pl_room room;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    size_t block = c->n / MOST_BLOCKS < LEAST_BLOCK ? LEAST_BLOCK : c->n / MOST_BLOCKS + 1;
    s.call = c;
    s.flags = flags;
    s.numbers = pl_radix_numbers_of(&c->order);
    s.is_wide = s.numbers.width == 8;
    s.work = (pl_blocks_work){.blocks = pl_blocks_of_size(c->n, block), .args = c->from, .arg_size = s.numbers.width};
    size_t candidates = pl_size_round(pl_size_multiply(c->n, candidate_size(s.is_wide)), PL_LINE);
    size_t places = pl_size_multiply(s.work.blocks.count, sizeof *s.places);
    if (!pl_room_take(&room, pl_size_add(pl_size_multiply(2, candidates), places)))
        return PL_DISTINCT_FAILED;
    s.found = room.start;
    s.dealt = s.found + candidates;
    s.places = (uint32_t(*)[PARTS])(void *)(s.dealt + candidates);
    pl_cleanup_begin(&cleanup, pl_room_drop, &room);
    pl_distinct_end end = flag_numbers(&s);
    pl_cleanup_end(&cleanup);
    pl_room_drop(&room);
    return end;
}
