/* SPDX-License-Identifier: MIT */
/*
 * Splitting into buckets; radix_split.h says what for.
 *
 * Words go to where they belong one by one. There are no more buckets than the first cache has lines: so lines are
 * filled before they leave it. (To gather words in lines of one's own first, and to write those past the caches, was
 * half as fast on a Zen 4, for 256 and 512 buckets, and faster from 1024 on only.)
 */
#include "collections/radix_split.h"

#include "sched/chunking.h"

enum {
    BLOCK_LEAST = 16384, /* words: several for each bucket */
    MOST_BLOCKS = 64
};

pl_blocks pl_radix_split_blocks(size_t n)
{
    size_t size = pl_chunking_even(n, MOST_BLOCKS);
    return pl_blocks_of_size(n, size < BLOCK_LEAST ? BLOCK_LEAST : size);
}

/* ---- counting ----------------------------------------------------------------------------------------- */

static PL_RADIX_INLINE void count_words(unsigned width, bool is_even, const pl_radix_split *s, size_t begin, size_t end,
                                        size_t *counts)
{
    const void *numbers = s->numbers;
    pl_radix_digits digits = s->digits; /* its own, which nothing that is written may alias */
    pl_radix_form form = s->form;
    for (size_t i = begin; i < end; i++) {
        uint64_t word = pl_radix_to_word(width, form, pl_radix_get(width, numbers, i));
        counts[pl_radix_bucket(&digits, is_even, word)]++;
    }
}

static void count_blocks(size_t begin, size_t end, void *ctx)
{
    const pl_radix_split *s = ctx;
    for (size_t k = begin; k < end; k++) {
        size_t from = pl_blocks_begin(&s->work.blocks, k), to = from + pl_blocks_length(&s->work.blocks, k);
        size_t *counts = s->counts + k * s->digits.count;
        memset(counts, 0, s->digits.count * sizeof *counts);
        if (s->width == 4 && s->digits.is_even)
            count_words(4, true, s, from, to, counts);
        else if (s->width == 4)
            count_words(4, false, s, from, to, counts);
        else if (s->digits.is_even)
            count_words(8, true, s, from, to, counts);
        else
            count_words(8, false, s, from, to, counts);
    }
}

/* Of each block, where its words of each bucket go. */
static void add_up(pl_radix_split *s)
{
    size_t sum = 0, buckets = s->digits.count;
    for (size_t d = 0; d < buckets; d++) {
        s->begins[d] = sum;
        for (size_t k = 0; k < s->work.blocks.count; k++) {
            size_t *count = s->counts + k * buckets + d, before = sum;
            sum += *count;
            *count = before;
        }
    }
    s->begins[buckets] = sum;
}

/* ---- moving ------------------------------------------------------------------------------------------- */

/* `size` is 0 if there are no items. */
static PL_RADIX_INLINE void move_words(unsigned width, bool is_even, size_t size, const pl_radix_split *s, size_t begin,
                                       size_t end, size_t *next)
{
    const void *numbers = s->numbers;
    void *words = s->words;
    const unsigned char *items = s->items;
    unsigned char *items_to = s->items_to;
    pl_radix_digits digits = s->digits;
    pl_radix_form form = s->form;
    for (size_t i = begin; i < end; i++) {
        uint64_t word = pl_radix_to_word(width, form, pl_radix_get(width, numbers, i));
        size_t at = next[pl_radix_bucket(&digits, is_even, word)]++;
        if (words)
            pl_radix_put(width, words, at, word);
        if (size)
            memcpy(items_to + at * size, items + i * size, size);
    }
}

/* For sizes of items that are moved as a few words. */
static PL_RADIX_INLINE void move_items(unsigned width, bool is_even, const pl_radix_split *s, size_t begin, size_t end,
                                       size_t *next)
{
    switch (s->item_size) {
    case 0:
        move_words(width, is_even, 0, s, begin, end, next);
        break;
    case 4:
        move_words(width, is_even, 4, s, begin, end, next);
        break;
    case 8:
        move_words(width, is_even, 8, s, begin, end, next);
        break;
    case 16:
        move_words(width, is_even, 16, s, begin, end, next);
        break;
    default:
        move_words(width, is_even, s->item_size, s, begin, end, next);
        break;
    }
}

static void move_blocks(size_t begin, size_t end, void *ctx)
{
    const pl_radix_split *s = ctx;
    for (size_t k = begin; k < end; k++) {
        size_t from = pl_blocks_begin(&s->work.blocks, k), to = from + pl_blocks_length(&s->work.blocks, k);
        size_t *next = s->counts + k * s->digits.count;
        if (s->width == 4 && s->digits.is_even)
            move_items(4, true, s, from, to, next);
        else if (s->width == 4)
            move_items(4, false, s, from, to, next);
        else if (s->digits.is_even)
            move_items(8, true, s, from, to, next);
        else
            move_items(8, false, s, from, to, next);
    }
}

/* ---- all ---------------------------------------------------------------------------------------------- */

void pl_radix_split_sample(pl_radix_split *s)
{
    uint64_t taken[PL_RADIX_SAMPLE], sorted[PL_RADIX_SAMPLE], random = 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < PL_RADIX_SAMPLE; i++) {
        /* one of each stretch, anywhere in it */
        size_t stretch = s->n / PL_RADIX_SAMPLE;
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint64_t number = pl_radix_get(s->width, s->numbers, i * stretch + (size_t)(random >> 33) % stretch);
        pl_radix_put(s->width, taken, i, pl_radix_to_word(s->width, s->form, number));
    }
    pl_radix_sort_words(s->width, taken, sorted, PL_RADIX_SAMPLE);
    pl_radix_digits_make(&s->digits, s->width, sorted);
}

size_t pl_radix_split_room(size_t n, size_t buckets)
{
    return ((pl_radix_split_blocks(n).count + 1) * buckets + 1) * sizeof(size_t);
}

int pl_radix_split_run(pl_radix_split *s, void *room, pl_phases *phases)
{
    uintptr_t what = s->width + s->item_size * 16;
    s->begins = room;
    s->counts = s->begins + s->digits.count + 1;
    s->work.blocks = pl_radix_split_blocks(s->n);
    s->work.treat = count_blocks;
    if (pl_phases_run(phases, &s->work, (uintptr_t)count_blocks + what) != 0)
        return -1;
    add_up(s);
    s->work.treat = move_blocks;
    return pl_phases_run(phases, &s->work, (uintptr_t)move_blocks + what);
}

size_t pl_radix_split_first(const pl_radix_split *s, size_t i)
{
    size_t low = 0, high = s->digits.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (s->begins[middle] < i)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
