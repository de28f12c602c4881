/* SPDX-License-Identifier: MIT */
/* Sorting numbers of few values: they are counted, and written anew. */
#include "collections/radix_numbers.h"

#include "base/size.h"
#include "sched/chunking.h"

/* A table for each block of numbers, of which there are as many times its values, or more; and at most so many. */
enum { TIMES_VALUES = 4, MOST_BLOCKS = 64, WRITTEN_BLOCKS = 256 };

/* ---- numbers of 1, 2, 4 and 8 bytes ------------------------------------------------------------------- */

typedef __attribute__((may_alias)) uint16_t word2;

static PL_RADIX_INLINE uint64_t get_number(unsigned width, const void *numbers, size_t i)
{
    return width == 1   ? ((const uint8_t *)numbers)[i]
           : width == 2 ? ((const word2 *)numbers)[i]
                        : pl_radix_get(width, numbers, i);
}

static PL_RADIX_INLINE void put_number(unsigned width, void *numbers, size_t i, uint64_t number)
{
    if (width == 1)
        ((uint8_t *)numbers)[i] = (uint8_t)number;
    else if (width == 2)
        ((word2 *)numbers)[i] = (uint16_t)number;
    else
        pl_radix_put(width, numbers, i, number);
}

static PL_RADIX_INLINE uint64_t to_word(unsigned width, pl_radix_form form, uint64_t number)
{
    return width <= 2 ? number ^ form.flip : pl_radix_to_word(width, form, number);
}

static PL_RADIX_INLINE uint64_t to_number(unsigned width, pl_radix_form form, uint64_t word)
{
    return width <= 2 ? word ^ form.flip : pl_radix_to_number(width, form, word);
}

/* ---- few of them -------------------------------------------------------------------------------------- */

enum { FEW = 32 };

static PL_RADIX_INLINE void insert_numbers(unsigned width, pl_radix_form form, void *array, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        uint64_t number = get_number(width, array, i), word = to_word(width, form, number), before;
        size_t k = i;
        for (; k > 0 && to_word(width, form, before = get_number(width, array, k - 1)) > word; k--)
            put_number(width, array, k, before);
        put_number(width, array, k, number);
    }
}

static void sort_bytes(pl_radix_form form, uint8_t *array, size_t n)
{
    size_t counts[256] = {0}, at = 0;
    for (size_t i = 0; i < n; i++)
        counts[array[i]]++;
    for (size_t word = 0; word < 256; word++) {
        size_t number = word ^ (size_t)form.flip;
        memset(array + at, (int)number, counts[number]);
        at += counts[number];
    }
}

static void sort_pairs(pl_radix_form form, word2 *array, word2 *spare, size_t n)
{
    size_t low[256] = {0}, high[256] = {0}, lows = 0, highs = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned word = array[i] ^ (unsigned)form.flip;
        low[word & 255]++;
        high[word >> 8]++;
    }
    for (size_t d = 0; d < 256; d++) {
        size_t in_low = low[d], in_high = high[d];
        low[d] = lows;
        high[d] = highs;
        lows += in_low;
        highs += in_high;
    }
    for (size_t i = 0; i < n; i++)
        spare[low[(array[i] ^ form.flip) & 255]++] = array[i];
    for (size_t i = 0; i < n; i++)
        array[high[(spare[i] ^ (unsigned)form.flip) >> 8]++] = spare[i];
}

void pl_radix_sort_short(const pl_radix_numbers *numbers, void *array, void *spare, size_t n)
{
    if (n <= FEW && numbers->width == 1)
        insert_numbers(1, numbers->form, array, n);
    else if (n <= FEW)
        insert_numbers(2, numbers->form, array, n);
    else if (numbers->width == 1)
        sort_bytes(numbers->form, array, n);
    else
        sort_pairs(numbers->form, array, spare, n);
}

/* ---- many --------------------------------------------------------------------------------------------- */

typedef struct counted_sort {
    pl_blocks_work work;
    const pl_radix_numbers *numbers;
    void *array;
    size_t n;
    uint64_t least;
    size_t values;    /* and one more in tables: for all that is not among them */
    uint32_t *counts; /* of each block */
    size_t *ends;     /* of all numbers up to each value */
} counted_sort;

static pl_blocks blocks_of(size_t n, size_t values)
{
    size_t size = pl_chunking_even(n, MOST_BLOCKS), least = values * TIMES_VALUES;
    size = size < least ? least : size;
    return pl_blocks_of_size(n, size < UINT32_MAX ? size : UINT32_MAX);
}

size_t pl_radix_counts_room(size_t n, size_t values)
{
    return values * sizeof(size_t) + blocks_of(n, values).count * (values + 1) * sizeof(uint32_t);
}

/* Two tables would be better where the same value comes often; but where it does not, they are twice as large. */
static PL_RADIX_INLINE void count_numbers(unsigned width, const counted_sort *c, size_t begin, size_t end,
                                          uint32_t *counts)
{
    const void *array = c->array;
    pl_radix_form form = c->numbers->form;
    uint64_t least = c->least, values = c->values;
    for (size_t i = begin; i < end; i++) {
        uint64_t more = to_word(width, form, get_number(width, array, i)) - least;
        counts[more < values ? more : values]++;
    }
}

static void count_blocks(size_t begin, size_t end, void *ctx)
{
    const counted_sort *c = ctx;
    for (size_t k = begin; k < end; k++) {
        size_t from = pl_blocks_begin(&c->work.blocks, k), to = from + pl_blocks_length(&c->work.blocks, k);
        uint32_t *counts = c->counts + k * (c->values + 1);
        memset(counts, 0, (c->values + 1) * sizeof *counts);
        switch (c->numbers->width) {
        case 1:
            count_numbers(1, c, from, to, counts);
            break;
        case 2:
            count_numbers(2, c, from, to, counts);
            break;
        case 4:
            count_numbers(4, c, from, to, counts);
            break;
        default:
            count_numbers(8, c, from, to, counts);
            break;
        }
    }
}

/* Where each value ends. False: there are others. */
static bool add_up(const counted_sort *c)
{
    size_t sum = 0, others = 0;
    memset(c->ends, 0, c->values * sizeof *c->ends);
    for (size_t k = 0; k < c->work.blocks.count; k++) {
        const uint32_t *counts = c->counts + k * (c->values + 1);
        for (size_t v = 0; v < c->values; v++)
            c->ends[v] += counts[v];
        others += counts[c->values];
    }
    for (size_t v = 0; v < c->values; v++)
        c->ends[v] = sum += c->ends[v];
    return others == 0;
}

/* The value at a position. */
static size_t value_at(const counted_sort *c, size_t i)
{
    size_t low = 0, high = c->values;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c->ends[middle] <= i)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The same number, again and again: line by line. */
static PL_RADIX_INLINE void fill_numbers(unsigned width, void *array, size_t begin, size_t end, uint64_t number)
{
    unsigned char line[64];
    size_t step = sizeof line / width;
    if (end - begin >= step) {
        for (size_t i = 0; i < step; i++)
            put_number(width, line, i, number);
        for (; end - begin >= step; begin += step)
            memcpy((unsigned char *)array + begin * width, line, sizeof line);
    }
    for (; begin < end; begin++)
        put_number(width, array, begin, number);
}

static PL_RADIX_INLINE void write_numbers(unsigned width, const counted_sort *c, size_t begin, size_t end)
{
    void *array = c->array;
    for (size_t i = begin, v = value_at(c, i); i < end; v++) {
        size_t to = c->ends[v] < end ? c->ends[v] : end;
        fill_numbers(width, array, i, to, to_number(width, c->numbers->form, c->least + v));
        i = to;
    }
}

static void write_blocks(size_t begin, size_t end, void *ctx)
{
    const counted_sort *c = ctx;
    for (size_t k = begin; k < end; k++) {
        size_t from = pl_blocks_begin(&c->work.blocks, k), to = from + pl_blocks_length(&c->work.blocks, k);
        switch (c->numbers->width) {
        case 1:
            write_numbers(1, c, from, to);
            break;
        case 2:
            write_numbers(2, c, from, to);
            break;
        case 4:
            write_numbers(4, c, from, to);
            break;
        default:
            write_numbers(8, c, from, to);
            break;
        }
    }
}

/* Writes what a call that has been ended left: all that it counted is to be there. */
static void write_all(const counted_sort *c)
{
    counted_sort whole = *c;
    whole.work.blocks = pl_blocks_of_size(c->n, c->n);
    write_blocks(0, 1, &whole);
}

int pl_radix_sort_counted(const pl_radix_numbers *numbers, void *array, size_t n, uint64_t least, size_t values,
                          void *room, pl_phases *phases)
{
    counted_sort c = {.numbers = numbers, .array = array, .n = n, .least = least, .values = values, .ends = room};
    c.counts = (uint32_t *)(void *)(c.ends + values);
    c.work = (pl_blocks_work){.blocks = blocks_of(n, values), .treat = count_blocks};
    if (pl_phases_run(phases, &c.work, (uintptr_t)count_blocks + numbers->width) != 0)
        return -1;
    if (!add_up(&c))
        return 0;
    c.work =
        (pl_blocks_work){.blocks = pl_blocks_of_size(n, pl_chunking_even(n, WRITTEN_BLOCKS)), .treat = write_blocks};
    if (pl_phases_run(phases, &c.work, (uintptr_t)write_blocks + numbers->width) == 0)
        return 1;
    write_all(&c);
    return -1;
}
