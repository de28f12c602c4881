/* SPDX-License-Identifier: MIT */
/* Sorting numbers; radix.h says how. */
#include "collections/radix.h"

#include <errno.h>
#include <stdalign.h>

#include "base/size.h"
#include "base/unwind.h"
#include "call/failure.h"
#include "collections/order.h"
#include "collections/radix_by.h"
#include "collections/radix_few.h"
#include "collections/radix_split.h"
#include "collections/room.h"
#include "sched/chunking.h"

enum {
    NEAR = 16384,           /* bytes of room on the caller's stack */
    FEW = 16384,            /* numbers that one thread sorts */
    MERGED_INTEGERS = 64,   /* so few are merged, not looked at first; */
    MERGED_FLOATS = 512,    /* more of those whose first bits, as a rule, are among few */
    COUNTED_VALUES = 65536, /* in a range of numbers that are counted, at most, */
    COUNTED_TIMES = 16,     /* if there are so many times more numbers */
    LOOK_BLOCKS = 128,      /* blocks that are looked at, at most; */
    SORT_BLOCKS = 256,      /* and of the places in order, which buckets begin in */
    LARGE_PART = 8,         /* a bucket of one out of so many numbers is sorted by all threads, */
    LARGE_DEPTH = 3         /* if it is not itself part of one so often */
};

/* ---- orders ------------------------------------------------------------------------------------------- */

bool pl_radix_takes(const parallel_order *order)
{
    return order && order->size >= sizeof *order && order->number > 0 && order->number <= PARALLEL_NUMBERS_ &&
           order->number - 1 != PARALLEL_LONG_DOUBLE_ && order->type_size > 0 && order->type_size <= sizeof(uint64_t);
}

pl_radix_numbers pl_radix_numbers_of(const parallel_order *order)
{
    int kind = order->number - 1;
    unsigned width = (unsigned)order->type_size;
    uint64_t all = width ? UINT64_MAX >> (64 - 8 * width) : 0, sign = all ^ all >> 1;
    bool is_floating = kind == PARALLEL_F32_ || kind == PARALLEL_F64_;
    bool is_signed = is_floating || kind <= PARALLEL_I64_;
    return (pl_radix_numbers){
        .width = width,
        .form = {.fold = is_floating ? all >> 1 : 0, .flip = (is_signed ? sign : 0) ^ (order->descends ? all : 0)},
        .is_floating = is_floating,
    };
}

/* ---- few, on one thread ------------------------------------------------------------------------------- */

/* Sorts n numbers of 4 or 8 bytes whose words say all. */
static void sort_words_of(const pl_radix_numbers *numbers, void *array, void *spare, size_t n)
{
    pl_radix_to_words(numbers->width, numbers->form, array, spare, n);
    pl_radix_sort_words(numbers->width, spare, array, n);
    pl_radix_to_numbers(numbers->width, numbers->form, array, array, n);
}

static PL_RADIX_INLINE void reverse_in(unsigned width, void *array, size_t n, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        uint64_t low = pl_radix_get(width, array, i), high = pl_radix_get(width, array, n - 1 - i);
        pl_radix_put(width, array, i, high);
        pl_radix_put(width, array, n - 1 - i, low);
    }
}

/* The numbers from `begin` to `end` change places with those that are as far from the end of all n. */
static void reverse_numbers(unsigned width, void *array, size_t n, size_t begin, size_t end)
{
    if (width == 4)
        reverse_in(4, array, n, begin, end);
    else
        reverse_in(8, array, n, begin, end);
}

static PL_RADIX_INLINE bool is_run_in(unsigned width, pl_radix_form form, const void *array, size_t n, bool *falls)
{
    uint64_t before = pl_radix_to_word(width, form, pl_radix_get(width, array, 0)), word;
    *falls = n > 1 && pl_radix_to_word(width, form, pl_radix_get(width, array, 1)) < before;
    for (size_t i = 1; i < n; i++, before = word) {
        word = pl_radix_to_word(width, form, pl_radix_get(width, array, i));
        if ((word < before) != *falls)
            return false;
    }
    return true;
}

/* Whether n numbers, 1 or more, are a run: each no less, as words, than the one before; or, if `falls`, each less. */
static bool is_run(const pl_radix_numbers *numbers, const void *array, size_t n, bool *falls)
{
    return numbers->width == 4 ? is_run_in(4, numbers->form, array, n, falls)
                               : is_run_in(8, numbers->form, array, n, falls);
}

/* Sorts few, 1 or more, whose words say all. */
static void merge_words_of(const pl_radix_numbers *numbers, void *array, void *spare, size_t n)
{
    bool falls;
    if (is_run(numbers, array, n, &falls)) {
        if (falls)
            reverse_numbers(numbers->width, array, n, 0, n / 2);
        return;
    }
    pl_radix_to_words(numbers->width, numbers->form, array, spare, n);
    pl_radix_sort_few(numbers->width, spare, array, n);
    pl_radix_to_numbers(numbers->width, numbers->form, array, array, n);
}

/* Zeros of both signs among few numbers. */
static void sort_with_zeros(const pl_radix_numbers *numbers, void *array, void *spare, size_t n, size_t zeros)
{
    uint64_t signs[FEW / 64];
    pl_radix_note_zeros(numbers->width, array, n, signs);
    sort_words_of(numbers, array, spare, n);
    pl_radix_restore_zeros(numbers, array, n, signs, zeros);
}

static void sort_few(const pl_radix_numbers *numbers, void *array, void *spare, size_t n)
{
    if (n < 2)
        return;
    if (numbers->width <= 2) {
        pl_radix_sort_short(numbers, array, spare, n);
        return;
    }
    if (n <= (numbers->is_floating ? MERGED_FLOATS : MERGED_INTEGERS) &&
        (!numbers->is_floating || !pl_radix_has_special(numbers->width, array, n))) {
        merge_words_of(numbers, array, spare, n);
        return;
    }
    pl_radix_look look = pl_radix_look_at(numbers, array, n);
    if (look.nans > 0)
        n = pl_radix_move_nans(numbers->width, array, spare, n);
    if (look.nans == 0 && look.ascends)
        return;
    if (look.minus_zeros > 0 && look.zeros > 0)
        sort_with_zeros(numbers, array, spare, n, look.minus_zeros + look.zeros);
    else if (look.nans == 0 && look.descends)
        reverse_numbers(numbers->width, array, n, 0, n / 2);
    else
        sort_words_of(numbers, array, spare, n);
}

/* ---- many: each bucket by itself ---------------------------------------------------------------------- */

typedef struct many_numbers {
    pl_blocks_work work;
    pl_radix_split split;
    const pl_radix_numbers *numbers;
    unsigned char *array, *spare;
    size_t n;
    size_t large; /* a bucket of so many is left alone */
    bool *done;   /* which are in their place in the array */
} many_numbers;

static void sort_bucket(const many_numbers *m, size_t d)
{
    unsigned width = m->numbers->width;
    size_t begin = m->split.begins[d], n = m->split.begins[d + 1] - begin;
    unsigned char *words = m->spare + begin * width, *out = m->array + begin * width;
    if (n >= m->large) {
        pl_radix_range range = pl_radix_range_of(width, words, n);
        if (range.least < range.greatest)
            return;
    }
    pl_radix_sort_words(width, words, out, n);
    pl_radix_to_numbers(width, m->numbers->form, out, out, n);
    m->done[d] = true;
}

static void sort_buckets(size_t begin, size_t end, void *ctx)
{
    const many_numbers *m = ctx;
    size_t to = pl_blocks_begin(&m->work.blocks, end);
    for (size_t d = pl_radix_split_first(&m->split, pl_blocks_begin(&m->work.blocks, begin));
         d < m->split.digits.count && m->split.begins[d] < to; d++)
        if (m->split.begins[d] < m->split.begins[d + 1])
            sort_bucket(m, d);
}

/* What is not in its place yet goes there as it is. */
static void put_back(const many_numbers *m)
{
    unsigned width = m->numbers->width;
    for (size_t d = 0; d < m->split.digits.count; d++) {
        size_t begin = m->split.begins[d], n = m->split.begins[d + 1] - begin;
        if (!m->done[d])
            pl_radix_to_numbers(width, m->numbers->form, m->spare + begin * width, m->array + begin * width, n);
    }
}

static int sort_split(const pl_radix_numbers *numbers, void *array, void *spare, size_t n, pl_phases *phases,
                      unsigned depth);

/* The buckets that are large, which have been put back. */
static int sort_large(const many_numbers *m, pl_phases *phases, unsigned depth)
{
    unsigned width = m->numbers->width;
    int result = 0;
    for (size_t d = 0; d < m->split.digits.count && result == 0; d++) {
        size_t begin = m->split.begins[d], n = m->split.begins[d + 1] - begin;
        if (!m->done[d] && n > 0)
            result = sort_split(m->numbers, m->array + begin * width, m->spare + begin * width, n, phases, depth + 1);
    }
    return result;
}

/* With room for counts. */
static int split_and_sort(many_numbers *m, void *room, pl_phases *phases, unsigned depth)
{
    size_t least = m->n / SORT_BLOCKS + 1;
    if (pl_radix_split_run(&m->split, room, phases) != 0)
        return -1;
    m->large = depth < LARGE_DEPTH && m->n / LARGE_PART > FEW ? m->n / LARGE_PART : SIZE_MAX;
    m->work = (pl_blocks_work){.blocks = pl_blocks_of_size(m->n, least), .treat = sort_buckets};
    int result = pl_phases_run(phases, &m->work, (uintptr_t)sort_buckets + m->numbers->width);
    put_back(m);
    return result == 0 ? sort_large(m, phases, depth) : -1;
}

/* Words whose range is small, as far as the sample tells, are counted. 1: that has been done; 0: not; -1 with errno. */
static int count_instead(const many_numbers *m, void *room, pl_phases *phases)
{
    const pl_radix_digits *d = &m->split.digits;
    if (d->most >= COUNTED_VALUES || d->most >= m->n / COUNTED_TIMES)
        return 0;
    return pl_radix_sort_counted(m->numbers, m->array, m->n, d->least, (size_t)d->most + 1, room, phases);
}

PL_NOT_INLINED static int sort_split(const pl_radix_numbers *numbers, void *array, void *spare, size_t n,
                                     pl_phases *phases, unsigned depth)
{
    bool done[PL_RADIX_BUCKETS] = {false};
    many_numbers m = {.numbers = numbers, .array = array, .spare = spare, .n = n, .done = done};
    m.split.width = numbers->width;
    m.split.form = numbers->form;
    m.split.numbers = array;
    m.split.words = spare;
    m.split.n = n;
    pl_radix_split_sample(&m.split);
    size_t split = pl_radix_split_room(n, PL_RADIX_BUCKETS), counted = pl_radix_counts_room(n, COUNTED_VALUES);
    pl_room counts;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    if (!pl_room_take(&counts, split > counted ? split : counted))
        return -1;
    pl_cleanup_begin(&cleanup, pl_room_drop, &counts);
    int result = count_instead(&m, counts.start, phases);
    if (result == 0)
        result = split_and_sort(&m, counts.start, phases, depth);
    pl_cleanup_end(&cleanup);
    pl_room_drop(&counts);
    return result < 0 ? -1 : 0;
}

/* ---- many: what they are like ------------------------------------------------------------------------- */

typedef struct looked_numbers {
    pl_blocks_work work;
    const pl_radix_numbers *numbers;
    unsigned char *array;
    size_t n;
    pl_radix_look *looks; /* at each block, and the first number of the next */
} looked_numbers;

static void look_at_blocks(size_t begin, size_t end, void *ctx)
{
    const looked_numbers *l = ctx;
    for (size_t k = begin; k < end; k++) {
        size_t from = pl_blocks_begin(&l->work.blocks, k), n = pl_blocks_length(&l->work.blocks, k);
        const unsigned char *block = l->array + from * l->numbers->width;
        l->looks[k] = pl_radix_look_at(l->numbers, block, n);
        if (k + 1 == l->work.blocks.count)
            continue;
        pl_radix_look border = pl_radix_look_at(l->numbers, block + (n - 1) * l->numbers->width, 2);
        l->looks[k].ascends &= border.ascends;
        l->looks[k].descends &= border.descends;
    }
}

int pl_radix_look_at_all(const pl_radix_numbers *numbers, void *array, size_t n, pl_phases *phases, pl_radix_look *all)
{
    enum { BEGINNING = 64 };
    pl_radix_look looks[LOOK_BLOCKS];
    looked_numbers l = {.numbers = numbers, .array = array, .n = n, .looks = looks};
    *all = pl_radix_look_at(numbers, array, BEGINNING);
    /* what has no order in the beginning is not looked at further, unless it is floating */
    if (!all->ascends && !all->descends && !numbers->is_floating)
        return 0;
    l.work =
        (pl_blocks_work){.blocks = pl_blocks_of_size(n, pl_chunking_even(n, LOOK_BLOCKS)), .treat = look_at_blocks};
    if (pl_phases_run(phases, &l.work, (uintptr_t)look_at_blocks + numbers->width) != 0)
        return -1;
    *all = (pl_radix_look){.ascends = true, .descends = true};
    for (size_t k = 0; k < l.work.blocks.count; k++) {
        all->ascends &= looks[k].ascends;
        all->descends &= looks[k].descends;
        all->nans += looks[k].nans;
        all->minus_zeros += looks[k].minus_zeros;
        all->zeros += looks[k].zeros;
    }
    return 0;
}

static void reverse_blocks(size_t begin, size_t end, void *ctx)
{
    const looked_numbers *l = ctx;
    size_t to = pl_blocks_begin(&l->work.blocks, end);
    reverse_numbers(l->numbers->width, l->array, l->n, pl_blocks_begin(&l->work.blocks, begin),
                    to < l->n / 2 ? to : l->n / 2);
}

static int reverse_all(const pl_radix_numbers *numbers, void *array, size_t n, pl_phases *phases)
{
    looked_numbers l = {
        .work = {.blocks = pl_blocks_of_size(n / 2, pl_chunking_even(n / 2, LOOK_BLOCKS)), .treat = reverse_blocks},
        .numbers = numbers,
        .array = array,
        .n = n};
    return pl_phases_run(phases, &l.work, (uintptr_t)reverse_blocks + numbers->width);
}

/* Zeros of both signs get them back. */
PL_NOT_INLINED static int sort_zeros_too(const pl_radix_numbers *numbers, void *array, void *spare, size_t n,
                                         size_t zeros, pl_phases *phases)
{
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    pl_room signs;
    if (!pl_room_take(&signs, (zeros / 64 + 1) * sizeof(uint64_t)))
        return -1;
    pl_cleanup_begin(&cleanup, pl_room_drop, &signs);
    pl_radix_note_zeros(numbers->width, array, n, signs.start);
    int result = sort_split(numbers, array, spare, n, phases, 0);
    if (result == 0)
        pl_radix_restore_zeros(numbers, array, n, signs.start, zeros);
    pl_cleanup_end(&cleanup);
    pl_room_drop(&signs);
    return result;
}

int pl_radix_sort_many(const pl_radix_numbers *numbers, void *array, void *spare, size_t n, pl_phases *phases)
{
    pl_radix_look look;
    if (pl_radix_look_at_all(numbers, array, n, phases, &look) != 0)
        return -1;
    bool has_both = look.minus_zeros > 0 && look.zeros > 0;
    if (look.nans > 0)
        n = pl_radix_move_nans(numbers->width, array, spare, n);
    else if (look.ascends)
        return 0;
    else if (look.descends && !has_both)
        return reverse_all(numbers, array, n, phases);
    if (n < PL_RADIX_SAMPLE) {
        sort_few(numbers, array, spare, n);
        return 0;
    }
    if (has_both)
        return sort_zeros_too(numbers, array, spare, n, look.minus_zeros + look.zeros, phases);
    return sort_split(numbers, array, spare, n, phases, 0);
}

/* ---- calls -------------------------------------------------------------------------------------------- */

typedef struct short_sort {
    pl_blocks_work work;
    const pl_radix_numbers *numbers;
    void *array, *spare;
    size_t n;
} short_sort;

static void sort_here(size_t begin, size_t end, void *ctx)
{
    const short_sort *s = ctx;
    (void)begin;
    (void)end;
    sort_few(s->numbers, s->array, s->spare, s->n);
}

/* Of 1 or 2 bytes, many. */
PL_NOT_INLINED static int sort_counted(const pl_radix_numbers *numbers, void *array, size_t n, pl_phases *phases)
{
    size_t values = (size_t)1 << 8 * numbers->width;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    pl_room room;
    if (!pl_room_take(&room, pl_radix_counts_room(n, values)))
        return -1;
    pl_cleanup_begin(&cleanup, pl_room_drop, &room);
    int result = pl_radix_sort_counted(numbers, array, n, 0, values, room.start, phases);
    pl_cleanup_end(&cleanup);
    pl_room_drop(&room);
    return result < 0 ? -1 : 0;
}

/* With room. */
static int sort_with_room(const pl_radix_numbers *numbers, void *array, void *spare, size_t n, pl_phases *phases)
{
    if (n > FEW)
        return pl_radix_sort_many(numbers, array, spare, n, phases);
    short_sort s = {.work = {.blocks = pl_blocks_of_size(n, n), .treat = sort_here},
                    .numbers = numbers,
                    .array = array,
                    .spare = spare,
                    .n = n};
    return pl_phases_run(phases, &s.work, (uintptr_t)sort_here + numbers->width);
}

PL_NOT_INLINED static int sort_numbers(const pl_radix_numbers *numbers, void *array, size_t n, pl_phases *phases)
{
    alignas(PL_LINE) unsigned char near[NEAR];
    pl_room far;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    if (numbers->width <= 2 && n > FEW)
        return sort_counted(numbers, array, n, phases);
    if (n * numbers->width <= sizeof near)
        return sort_with_room(numbers, array, near, n, phases);
    if (!pl_room_take(&far, n * numbers->width))
        return -1;
    pl_cleanup_begin(&cleanup, pl_room_drop, &far);
    int result = sort_with_room(numbers, array, far.start, n, phases);
    pl_cleanup_end(&cleanup);
    pl_room_drop(&far);
    return result;
}

static int sort_with(const parallel_order *order, void *array, size_t n, const parallel_options *options,
                     const pl_request *request)
{
    parallel_options merged;
    bool has_options = options || order->options;
    pl_failure_clear_last();
    if (n && !array)
        return pl_error_refuse(EINVAL, "the array is NULL, though there are to be %zu", n);
    if (pl_size_multiply(n, order->type_size) == PL_SIZE_NONE)
        return pl_error_return(ENOMEM);
    if (has_options && !pl_options_merge(&merged, options, order->options, request))
        return -1;
    if (has_options && !pl_options_run_here(&merged))
        return -1;
    if (n == 0)
        return pl_blocks_check(has_options ? &merged : NULL, NULL, request);
    pl_radix_numbers numbers = pl_radix_numbers_of(order);
    pl_phases phases = pl_phases_begin(has_options ? &merged : NULL, request);
    return sort_numbers(&numbers, array, n, &phases);
}

int pl_radix_sort(const parallel_order *order, void *array, size_t n, const parallel_options *options,
                  const pl_request *request)
{
    alignas(PL_LINE) unsigned char near[NEAR];
    bool is_plain = !options && !order->options && array && n && n <= NEAR / order->type_size;
    if (!is_plain)
        return sort_with(order, array, n, options, request);
    /* one thread does it anyway, and calls nothing of the program's: it needs no context */
    pl_radix_numbers numbers = pl_radix_numbers_of(order);
    sort_few(&numbers, array, near, n);
    pl_failure_clear_last();
    return 0;
}
