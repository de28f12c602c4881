/* SPDX-License-Identifier: MIT */
/*
 * Scans. The brackets: the items are cut into blocks. The first one is scanned as the serial loop does it. Of each
 * other one, a result is op(prefix, v), where `prefix` is what all blocks before it come to, from the left, and v what
 * its own items up to here come to, from its first on, from the left. (For words on floating-point numbers, the start
 * of an exclusive scan is such a prefix, too, and a block has brackets of its own: words_scan.c.)
 *
 * Blocks are links of a chain (chained.h). To *make* one is to scan its own items into its place in `out`; to *pass*
 * it, to put the prefix before what its items come to; and to *finish* it, to put the prefix before each result. Where
 * the prefix is there from the beginning, all three are done in one pass: a result takes two calls of an operator of
 * the program's, but the second one waits for nothing.
 *
 * Numbers are cheap, and memory is not: to make a block of them is to find out what they come to, and to finish it, to
 * scan them. So `out` is written once, and past the caches if it is larger than these.
 */
#include "collections/scan.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include "base/size.h"
#include "base/unwind.h"
#include "call/failure.h"
#include "call/results.h"
#include "collections/chained.h"
#include "collections/reduce.h"
#include "collections/words.h"
#include "sched/cost.h"

enum {
    LEAST_OTHERS = 32,      /* items in a block, */
    LEAST_NUMBERS = 4096,   /* and of those that are cheap */
    STREAM_BYTES = 1 << 25, /* of results that no cache has room for */
    VALUE_HERE = 256,       /* bytes of values of which a short call has some on its stack */
    VALUE_MOST = 4096       /* of those of an operator that has only `call` */
};

typedef struct scan {
    pl_blocks blocks;
    const parallel_combine *op;
    const unsigned char *args;
    unsigned char *out;
    unsigned char *acc; /* the start, and then the total; NULL: inclusive */
    unsigned how;       /* of numbers: as pl_words_scan() wants it */
} scan;

/* The place of a block has what its items come to; and, when it has been passed, what all up to its end do. */
typedef struct chained_scan {
    pl_chained chained;
    scan scan;
    size_t blocks; /* in each link: a bracket is a block's, so this may depend on what items cost */
} chained_scan;

static size_t blocks_end(const chained_scan *s, size_t k)
{
    size_t rest = s->scan.blocks.count - k * s->blocks;
    return k * s->blocks + (s->blocks < rest ? s->blocks : rest);
}

static void *place_of(const chained_scan *s, size_t k)
{
    return pl_chained_place(&s->chained, k);
}

/* Two places beyond the blocks': the start, as *acc may be one of the results; and room to pass in. */
static void *start_of(const chained_scan *s)
{
    return place_of(s, s->scan.blocks.count);
}

static void *room_of(const chained_scan *s)
{
    return place_of(s, s->scan.blocks.count + 1);
}

/* ---- operators ------------------------------------------------------------------------------------------- */

/* What `scan` of an operator does, by one call for each item, and without a prefix or items, by one for each
 * result. */
static void call_each(const parallel_combine *op, const void *prefix, void *value, const unsigned char *items,
                      unsigned char *out, size_t n, bool exclusive)
{
    alignas(PL_LINE) unsigned char other[VALUE_MOST];
    size_t size = op->type_size;
    for (size_t i = 0; i < n; i++, out += size) {
        memcpy(other, items ? value : prefix, size);
        pl_reduce_fold(op, items ? value : other, items ? items + i * size : out, 1);
        memcpy(out, items && !exclusive ? value : other, size);
    }
}

static void scan_items(const parallel_combine *op, const void *prefix, void *value, const void *items, void *out,
                       size_t n, bool exclusive)
{
    if (n == 0)
        return;
    if (op->scan) {
        op->scan(prefix, value, items, out, n, exclusive);
        return;
    }
    if (items)
        call_each(op, NULL, value, items, out, n, exclusive);
    if (prefix)
        call_each(op, prefix, NULL, NULL, out, n, exclusive);
}

/* memcpy() of a value: of those that a short call mostly has, in line. */
static inline void copy_value(void *to, const void *from, size_t size)
{
    if (size == 8)
        memcpy(to, from, 8);
    else if (size == 4)
        memcpy(to, from, 4);
    else
        memcpy(to, from, size);
}

/* ---- blocks ---------------------------------------------------------------------------------------------- */

/* Scans block k by itself: *value becomes what its items come to, which is the start of an exclusive scan before, if it
 * is the first block. With a prefix, that is put before each result, too. */
static void scan_block(const scan *s, size_t k, const void *prefix, void *value)
{
    size_t size = s->op->type_size, at = pl_blocks_begin(&s->blocks, k) * size;
    size_t n = pl_blocks_length(&s->blocks, k), first = k > 0 || !s->acc;
    if (first)
        copy_value(value, s->args + at, size);
    if (first && prefix && s->acc) {
        copy_value(s->out + at, prefix, size);
    } else if (first && !s->acc) {
        copy_value(s->out + at, value, size);
        if (prefix)
            scan_items(s->op, prefix, NULL, NULL, s->out + at, 1, false);
    }
    at += first * size;
    scan_items(s->op, prefix, value, s->args + at, s->out + at, n - first, s->acc != NULL);
}

/* Puts the prefix before the results of block k, which is not the first. */
static void put_before(const scan *s, size_t k, const void *prefix)
{
    size_t size = s->op->type_size, at = pl_blocks_begin(&s->blocks, k) * size, first = s->acc != NULL;
    if (first)
        memcpy(s->out + at, prefix, size);
    scan_items(s->op, prefix, NULL, NULL, s->out + at + first * size, pl_blocks_length(&s->blocks, k) - first, false);
}

static void make_block(const chained_scan *s, size_t b)
{
    if (b == 0 && s->scan.acc)
        memcpy(place_of(s, b), start_of(s), s->scan.op->type_size);
    scan_block(&s->scan, b, NULL, place_of(s, b));
}

static void pass_block(const chained_scan *s, size_t b)
{
    size_t size = s->scan.op->type_size;
    if (b == 0)
        return;
    copy_value(room_of(s), place_of(s, b - 1), size);
    pl_reduce_fold(s->scan.op, room_of(s), place_of(s, b), 1);
    copy_value(place_of(s, b), room_of(s), size);
}

static void make_link(void *ctx, size_t k)
{
    const chained_scan *s = ctx;
    for (size_t b = k * s->blocks; b < blocks_end(s, k); b++)
        make_block(s, b);
}

static void pass_link(void *ctx, size_t k)
{
    const chained_scan *s = ctx;
    for (size_t b = k * s->blocks; b < blocks_end(s, k); b++)
        pass_block(s, b);
}

static void finish_link(void *ctx, size_t k)
{
    const chained_scan *s = ctx;
    for (size_t b = k * s->blocks; b < blocks_end(s, k); b++)
        if (b > 0)
            put_before(&s->scan, b, place_of(s, b - 1));
}

static void do_all(void *ctx, size_t k)
{
    const chained_scan *s = ctx;
    for (size_t b = k * s->blocks; b < blocks_end(s, k); b++) {
        if (b == 0)
            make_block(s, b);
        else
            scan_block(&s->scan, b, place_of(s, b - 1), place_of(s, b));
        pass_block(s, b);
    }
}

/* ---- blocks of numbers ----------------------------------------------------------------------------------- */

/* Scans block k, with what comes before, or NULL; *after becomes what all up to its end come to. */
static void scan_numbers(const scan *s, size_t k, const void *prefix, void *after)
{
    size_t at = pl_blocks_begin(&s->blocks, k) * s->op->type_size;
    pl_words_scan(s->op, prefix, after, s->args + at, s->out + at, pl_blocks_length(&s->blocks, k), s->how);
}

/* What comes before block b. */
static const void *prefix_of(const chained_scan *s, size_t b)
{
    return b > 0 ? place_of(s, b - 1) : s->scan.acc ? start_of(s) : NULL;
}

static void make_numbers(void *ctx, size_t k)
{
    const chained_scan *s = ctx;
    size_t size = s->scan.op->type_size;
    for (size_t b = k * s->blocks; b < blocks_end(s, k); b++)
        pl_words_scan(s->scan.op, NULL, place_of(s, b), s->scan.args + pl_blocks_begin(&s->scan.blocks, b) * size, NULL,
                      pl_blocks_length(&s->scan.blocks, b), 0);
}

static void pass_numbers(void *ctx, size_t k)
{
    const chained_scan *s = ctx;
    size_t size = s->scan.op->type_size;
    for (size_t b = k * s->blocks; b < blocks_end(s, k); b++)
        if (prefix_of(s, b)) {
            copy_value(room_of(s), prefix_of(s, b), size);
            pl_reduce_fold(s->scan.op, room_of(s), place_of(s, b), 1);
            copy_value(place_of(s, b), room_of(s), size);
        }
}

static void finish_numbers(void *ctx, size_t k)
{
    const chained_scan *s = ctx;
    unsigned char after[sizeof(long double)]; /* which is known */
    for (size_t b = k * s->blocks; b < blocks_end(s, k); b++)
        scan_numbers(&s->scan, b, prefix_of(s, b), after);
}

static void do_all_numbers(void *ctx, size_t k)
{
    const chained_scan *s = ctx;
    for (size_t b = k * s->blocks; b < blocks_end(s, k); b++)
        scan_numbers(&s->scan, b, prefix_of(s, b), place_of(s, b));
}

/* ---- whole scans ----------------------------------------------------------------------------------------- */

static const pl_chain_work number_links = {
    .make = make_numbers, .pass = pass_numbers, .finish = finish_numbers, .all = do_all_numbers};
static const pl_chain_work value_links = {.make = make_link, .pass = pass_link, .finish = finish_link, .all = do_all};

static void begin_scan(pl_chained *c)
{
    const chained_scan *s = (const chained_scan *)c;
    if (s->scan.acc)
        memcpy(start_of(s), s->scan.acc, s->scan.op->type_size);
}

static void end_scan(pl_chained *c)
{
    const chained_scan *s = (const chained_scan *)c;
    if (s->scan.acc)
        memcpy(s->scan.acc, place_of(s, s->scan.blocks.count - 1), s->scan.op->type_size);
}

/* All of a short one, on the caller; and of numbers. */
static void scan_numbers_here(size_t begin, size_t end, void *ctx)
{
    const scan *s = ctx;
    unsigned char after[sizeof(long double)];
    size_t size = s->op->type_size;
    (void)begin;
    (void)end;
    if (s->acc)
        copy_value(after, s->acc, size);
    for (size_t k = 0; k < s->blocks.count; k++)
        scan_numbers(s, k, k > 0 || s->acc ? after : NULL, after);
    if (s->acc)
        copy_value(s->acc, after, size);
}

static void scan_here(size_t begin, size_t end, void *ctx)
{
    const scan *s = ctx;
    alignas(PL_LINE) unsigned char prefix[VALUE_HERE], value[VALUE_HERE];
    size_t size = s->op->type_size;
    (void)begin;
    (void)end;
    if (s->acc)
        copy_value(prefix, s->acc, size);
    scan_block(s, 0, NULL, prefix);
    for (size_t k = 1; k < s->blocks.count; k++) {
        scan_block(s, k, prefix, value);
        pl_reduce_fold(s->op, prefix, value, 1);
    }
    if (s->acc)
        copy_value(s->acc, prefix, size);
}

/* ---- calls ----------------------------------------------------------------------------------------------- */

static scan scan_of(const parallel_combine *op, const void *args, size_t n, void *out, void *acc)
{
    bool is_large = out != args && n > STREAM_BYTES / op->type_size;
    return (scan){
        .blocks = pl_blocks_of_links(n, op->type_size, op->type_size, op->word ? LEAST_NUMBERS : LEAST_OTHERS),
        .op = op,
        .args = args,
        .out = out,
        .acc = acc,
        .how = (acc ? PL_WORDS_EXCLUSIVE : 0) | (is_large ? PL_WORDS_STREAM : 0),
    };
}

/* What items of a scan have cost; those of reductions cost less. */
static pl_cost *cost_of(const parallel_combine *op)
{
    return pl_cost_of(op->scan ? (uintptr_t)op->scan : (uintptr_t)op->call * 31 + (uintptr_t)op->fold + 1);
}

PL_NOT_INLINED static int scan_with(const parallel_combine *op, const void *args, size_t n, void *out, void *acc,
                                    const parallel_options *options, const pl_request *request)
{
    parallel_combine own;
    parallel_options merged;
    pl_failure_clear_last();
    if (!pl_reduce_take(&own, op, args, n, &own))
        return -1;
    if (n && !out)
        return pl_error_refuse(EINVAL, "out is NULL, though there are to be %zu", n);
    if (!own.scan && !own.word && own.type_size > VALUE_MOST)
        return pl_error_refuse(EINVAL, "a value has %zu bytes, more than %d", own.type_size, (int)VALUE_MOST);
    if (pl_size_multiply(n, own.type_size) == PL_SIZE_NONE)
        return pl_error_return(ENOMEM);
    if (n == 0)
        return pl_blocks_check(options, own.options, request);
    bool has_options = options || own.options;
    if (has_options && !pl_options_merge(&merged, options, own.options, request))
        return -1;
    pl_cost *cost = cost_of(&own);
    chained_scan s = {.scan = scan_of(&own, args, n, out, acc)};
    bool is_timed = has_options && merged.call_timeout > 0; /* then no link is long, also if items have become dearer */
    s.blocks = is_timed ? 1 : pl_chained_worth(cost, s.scan.blocks.size);
    s.chained.work.blocks = pl_blocks_of_size(n, s.blocks * s.scan.blocks.size);
    s.chained.work.args = args;
    s.chained.work.arg_size = own.type_size;
    s.chained.place_count = s.scan.blocks.count + 2;
    s.chained.links = own.word ? &number_links : &value_links;
    s.chained.place_size = own.type_size;
    s.chained.place_align = own.type_align;
    s.chained.window = SIZE_MAX;
    return pl_chained_run(&s.chained, begin_scan, end_scan, cost, has_options ? &merged : NULL, request);
}

/* In one block, as there is none with fewer. */
static int scan_few_numbers(const parallel_combine *op, const void *args, size_t n, void *out, void *acc)
{
    unsigned char after[sizeof(long double)];
    pl_words_scan(op, acc, acc ? acc : after, args, out, n, acc ? PL_WORDS_EXCLUSIVE : 0);
    pl_failure_clear_last();
    return 0;
}

int pl_scan_into(const parallel_combine *op, const void *args, size_t n, void *out, void *acc,
                 const parallel_options *options, const pl_request *request)
{
    bool is_plain = !options && op && op->size == sizeof *op && (op->scan || op->word) && op->fold && !op->options &&
                    op->type_size && op->type_size <= VALUE_HERE && op->type_align <= PL_LINE && args && out && n;
    if (is_plain && op->word && n <= LEAST_NUMBERS)
        return scan_few_numbers(op, args, n, out, acc);
    const pl_cost *cost = is_plain ? cost_of(op) : NULL;
    if (!is_plain || !pl_blocks_fit_here(cost, n))
        return scan_with(op, args, n, out, acc, options, request);
    scan s = scan_of(op, args, n, out, acc);
    return pl_blocks_run_here(op->word ? scan_numbers_here : scan_here, &s, cost, n);
}

PL_NOT_INLINED parallel_results *pl_scan(const parallel_combine *op, const void *args, size_t n,
                                         const parallel_options *options, const pl_request *request)
{
    parallel_combine own;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    pl_failure_clear_last();
    if (!pl_reduce_take(&own, op, args, n, &own))
        return NULL;
    parallel_results *r = pl_results_new(n, own.type_size, own.type_align, PL_RESULTS_ANY, NULL);
    if (!r)
        return NULL;
    pl_cleanup_begin(&cleanup, pl_results_drop, r);
    int result = pl_scan_into(op, args, n, pl_results_vector(r), NULL, options, request);
    pl_cleanup_end(&cleanup);
    if (result != 0)
        parallel_results_free(r);
    return result == 0 ? r : NULL;
}
