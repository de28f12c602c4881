/* SPDX-License-Identifier: MIT */
/* Partitions. In a first loop, the bits of each block are got and counted, which takes a bit for each item; then it is
 * known where the others go, and in a second loop the blocks are packed. */
#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "base/pack.h"
#include "base/size.h"
#include "base/unwind.h"
#include "call/failure.h"
#include "call/results.h"
#include "collections/blocks.h"
#include "collections/filter.h"
#include "collections/search.h"
#include "sched/cost.h"

enum { FEW_ITEMS = PL_FILTER_PIECE /* in a short call at most */ };

typedef struct partition {
    pl_blocks_work work;
    const pl_filter_call *call;
    size_t words;   /* of bits, for each block */
    size_t *before; /* how many are kept in each block; later, in all before it; and in all */
    uint64_t *bits;
} partition;

static void get_bits(size_t begin, size_t end, void *ctx)
{
    const partition *p = ctx;
    for (size_t k = begin; k < end; k++) {
        size_t at = pl_blocks_begin(&p->work.blocks, k);
        p->before[k] = pl_filter_bits(&p->call->f, p->call->args, at, at + pl_blocks_length(&p->work.blocks, k),
                                      p->bits + k * p->words);
    }
}

/* How many are kept, of all. */
static size_t add_up(const partition *p)
{
    size_t all = 0;
    for (size_t k = 0; k < p->work.blocks.count; k++) {
        size_t kept = p->before[k];
        p->before[k] = all;
        all += kept;
    }
    return p->before[p->work.blocks.count] = all;
}

/* Packs n items apart: those whose bits are set, and the others, whose bits are then. */
static void pack_apart(const pl_filter_call *c, size_t at, size_t n, uint64_t *bits, size_t kept, unsigned char *out,
                       unsigned char *others)
{
    size_t size = c->f.arg_size;
    pl_pack_items(out, c->args + at * size, size, bits, n, kept);
    for (size_t i = 0; i < PL_PACK_WORDS(n); i++)
        bits[i] = ~bits[i];
    if (n % 64)
        bits[n / 64] &= (UINT64_C(1) << n % 64) - 1;
    pl_pack_items(others, c->args + at * size, size, bits, n, n - kept);
}

static void pack_blocks(size_t begin, size_t end, void *ctx)
{
    const partition *p = ctx;
    const pl_filter_call *c = p->call;
    size_t all = p->before[p->work.blocks.count];
    for (size_t k = begin; k < end; k++) {
        size_t at = pl_blocks_begin(&p->work.blocks, k), before = p->before[k];
        pack_apart(c, at, pl_blocks_length(&p->work.blocks, k), p->bits + k * p->words, p->before[k + 1] - before,
                   c->out + before * c->f.arg_size, c->out + (all + at - before) * c->f.arg_size);
    }
}

/* ---- calls ----------------------------------------------------------------------------------------------- */

static pl_cost *cost_of(const parallel_function *f)
{
    return pl_cost_of((uintptr_t)f->kernel * 31 + f->arg_size + 1);
}

/* The second loop has no progress: all items have been examined. */
static int pack_all(partition *p, const pl_request *request)
{
    parallel_options o = p->call->merged;
    o.progress = NULL;
    p->work.treat = pack_blocks;
    return pl_blocks_treat(&p->work, pl_cost_of((uintptr_t)pack_blocks + p->call->f.arg_size),
                           p->call->has_options ? &o : NULL, NULL, request);
}

PL_NOT_INLINED static int partition_in_blocks(const pl_filter_call *c, size_t *kept, const pl_request *request)
{
    pl_cost *cost = cost_of(&c->f);
    partition p = {.call = c, .work.blocks = pl_filter_blocks(c, cost)};
    size_t counts = (p.work.blocks.count + 1) * sizeof *p.before;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    p.work.args = c->args;
    p.work.arg_size = c->f.arg_size;
    p.work.treat = get_bits;
    p.words = PL_PACK_WORDS(p.work.blocks.size);
    p.before = malloc(counts + p.work.blocks.count * p.words * sizeof *p.bits);
    if (!p.before)
        return pl_error_return(ENOMEM);
    p.bits = (uint64_t *)(void *)((unsigned char *)p.before + pl_size_round(counts, sizeof *p.bits));
    pl_cleanup_begin(&cleanup, free, p.before);
    int result = pl_blocks_treat(&p.work, cost, c->has_options ? &c->merged : NULL, NULL, request);
    size_t all = result == 0 ? add_up(&p) : 0;
    if (result == 0)
        result = pack_all(&p, request);
    pl_cleanup_end(&cleanup);
    int saved = errno;
    free(p.before);
    errno = saved;
    if (result == 0)
        *kept = all;
    return result;
}

PL_NOT_INLINED static int partition_with(const parallel_function *f, const void *args, size_t n, void *out,
                                         size_t *kept, const parallel_options *options, const pl_request *request)
{
    pl_filter_call c;
    if (!kept || (n && (!out || out == args))) {
        pl_failure_clear_last();
        return pl_error_refuse(EINVAL, !kept ? "kept is NULL" : !out ? "out is NULL" : "out is args");
    }
    if (!pl_filter_check(&c, f, args, n, out, options, request))
        return -1;
    if (c.is_map)
        return pl_filter_tasks_apart(&c, kept, request);
    if (n)
        return partition_in_blocks(&c, kept, request);
    int result = pl_blocks_check(c.has_options ? &c.merged : NULL, NULL, request);
    if (result == 0)
        *kept = 0;
    return result;
}

/* All of a short one, on the caller. */
typedef struct short_partition {
    pl_filter_call call;
    size_t kept;
} short_partition;

static void partition_here(size_t begin, size_t end, void *ctx)
{
    short_partition *s = ctx;
    const pl_filter_call *c = &s->call;
    uint64_t bits[PL_PACK_WORDS(FEW_ITEMS)];
    (void)begin;
    (void)end;
    s->kept = pl_filter_bits(&c->f, c->args, 0, c->n, bits);
    pack_apart(c, 0, c->n, bits, s->kept, c->out, c->out + s->kept * c->f.arg_size);
}

int pl_partition_into(const parallel_function *f, const void *args, size_t n, void *out, size_t *kept,
                      const parallel_options *options, const pl_request *request)
{
    bool is_plain = pl_search_is_plain(f, args, options) && out && kept && n && n <= FEW_ITEMS;
    const pl_cost *cost = is_plain ? cost_of(f) : NULL;
    if (!is_plain || !pl_blocks_fit_here(cost, n) || pl_filter_overlap(out, args, n * f->arg_size))
        return partition_with(f, args, n, out, kept, options, request);
    short_partition s = {.call.f = *f, .call.args = args, .call.n = n, .call.out = out};
    int result = pl_blocks_run_here(partition_here, &s, cost, n);
    *kept = s.kept;
    return result;
}
