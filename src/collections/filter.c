/* SPDX-License-Identifier: MIT */
/* Filters; filter.h says how they work. */
#include "collections/filter.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include "base/pack.h"
#include "base/size.h"
#include "base/unwind.h"
#include "call/failure.h"
#include "call/results.h"
#include "collections/chained.h"
#include "collections/search.h"
#include "sched/cost.h"
#include "sched/inline.h"

enum {
    LEAST_ITEMS = 16,      /* in a block */
    BLOCK_BYTES = 65536,   /* of items in one that has more as they cost little */
    WINDOW_BYTES = 131072, /* of bits; */
    WINDOW_LINKS = 16      /* but for so many blocks at least */
};

/* ---- what is given --------------------------------------------------------------------------------------- */

bool pl_filter_overlap(const void *a, const void *b, size_t bytes)
{
    return (uintptr_t)a - (uintptr_t)b < bytes || (uintptr_t)b - (uintptr_t)a < bytes;
}

bool pl_filter_check(pl_filter_call *c, const parallel_function *f, const void *args, size_t n, void *out,
                     const parallel_options *options, const pl_request *request)
{
    pl_search_means means;
    if (!pl_search_begin(&means, f, args, n, options, request))
        return false;
    if (out && out != args && pl_filter_overlap(out, args, n * means.f.arg_size))
        return pl_error_deny(EINVAL, "out overlaps args");
    *c = (pl_filter_call){
        .f = means.f,
        .args = args,
        .n = n,
        .out = out,
        .merged = means.options,
        .has_options = means.has_options,
        .is_map = pl_search_needs_map(&means) || means.options.call_timeout > 0,
    };
    c->f.options = NULL; /* they are in `merged` */
    return true;
}

pl_blocks pl_filter_blocks(const pl_filter_call *c, const pl_cost *cost)
{
    pl_blocks b = pl_blocks_of_links(c->n, c->f.arg_size, sizeof(size_t), LEAST_ITEMS);
    size_t times = pl_chained_worth(cost, LEAST_ITEMS), most = BLOCK_BYTES / c->f.arg_size;
    times = times < most / LEAST_ITEMS ? times : most / LEAST_ITEMS;
    return b.size < times * LEAST_ITEMS ? pl_blocks_of_size(c->n, times * LEAST_ITEMS) : b;
}

size_t pl_filter_bits(const parallel_function *f, const unsigned char *args, size_t begin, size_t end, uint64_t *bits)
{
    alignas(PL_LINE) bool flags[PL_FILTER_PIECE];
    size_t count = 0;
    for (size_t to; begin < end; begin = to, bits += PL_FILTER_PIECE / 64) {
        to = end - begin < PL_FILTER_PIECE ? end : begin + PL_FILTER_PIECE;
        parallel_span span = {.args = args + begin * f->arg_size, .results = flags};
        f->kernel(&span, 0, to - begin);
        count += pl_pack_bits(bits, flags, to - begin);
    }
    return count;
}

/* ---- links ----------------------------------------------------------------------------------------------- */

/* The place of a link has how many of its items are kept; and, when it has been passed, of all up to its end. */
typedef struct filtering {
    pl_chained chained;
    const parallel_function *f;
    const unsigned char *args;
    unsigned char *out;
} filtering;

static size_t *kept_up_to(const filtering *f, size_t k)
{
    return pl_chained_place(&f->chained, k);
}

static size_t kept_before(const filtering *f, size_t k)
{
    return k ? *kept_up_to(f, k - 1) : 0;
}

static void make_link(void *ctx, size_t k)
{
    const filtering *f = ctx;
    size_t begin = pl_blocks_begin(&f->chained.work.blocks, k);
    *kept_up_to(f, k) = pl_filter_bits(f->f, f->args, begin, begin + pl_blocks_length(&f->chained.work.blocks, k),
                                       pl_chained_slot(&f->chained, k));
}

static void pass_link(void *ctx, size_t k)
{
    const filtering *f = ctx;
    *kept_up_to(f, k) += kept_before(f, k);
}

static void finish_link(void *ctx, size_t k)
{
    const filtering *f = ctx;
    size_t size = f->f->arg_size, before = kept_before(f, k);
    pl_pack_items(f->out + before * size, f->args + pl_blocks_begin(&f->chained.work.blocks, k) * size, size,
                  pl_chained_slot(&f->chained, k), pl_blocks_length(&f->chained.work.blocks, k),
                  *kept_up_to(f, k) - before);
}

/* Packs those of the items [begin, end) that are to be kept to `out`, which may be where they are, or before. */
static size_t pack_range(const parallel_function *f, const unsigned char *args, size_t begin, size_t end,
                         unsigned char *out)
{
    uint64_t bits[PL_PACK_WORDS(PL_FILTER_PIECE)];
    size_t kept = 0, size = f->arg_size;
    for (size_t to; begin < end; begin = to) {
        to = end - begin < PL_FILTER_PIECE ? end : begin + PL_FILTER_PIECE;
        size_t count = pl_filter_bits(f, args, begin, to, bits);
        pl_pack_items(out + kept * size, args + begin * size, size, bits, to - begin, count);
        kept += count;
    }
    return kept;
}

static void make_in_place(void *ctx, size_t k)
{
    const filtering *f = ctx;
    size_t begin = pl_blocks_begin(&f->chained.work.blocks, k);
    *kept_up_to(f, k) = pack_range(f->f, f->args, begin, begin + pl_blocks_length(&f->chained.work.blocks, k),
                                   f->out + begin * f->f->arg_size);
}

static void pass_in_place(void *ctx, size_t k)
{
    const filtering *f = ctx;
    size_t size = f->f->arg_size, before = kept_before(f, k);
    memmove(f->out + before * size, f->out + pl_blocks_begin(&f->chained.work.blocks, k) * size,
            *kept_up_to(f, k) * size);
    *kept_up_to(f, k) += before;
}

static const pl_chain_work links_elsewhere = {.make = make_link, .pass = pass_link, .finish = finish_link};
static const pl_chain_work links_in_place = {.make = make_in_place, .pass = pass_in_place};

static void begin_nothing(pl_chained *c)
{
    (void)c;
}

/* All is well: the number is where the chain's memory is no more, when the call returns. */
static void note_kept(pl_chained *c)
{
    filtering *f = (filtering *)c;
    c->result = kept_before(f, c->work.blocks.count);
}

static pl_cost *cost_of(const parallel_function *f)
{
    return pl_cost_of((uintptr_t)f->kernel * 31 + f->arg_size);
}

static int filter_in_links(const pl_filter_call *call, size_t *kept, const pl_request *request)
{
    filtering f = {.f = &call->f, .args = call->args, .out = call->out};
    pl_chained *c = &f.chained;
    bool is_in_place = call->out == call->args;
    pl_cost *cost = cost_of(&call->f);
    c->work.blocks = pl_filter_blocks(call, cost);
    c->work.args = call->args;
    c->work.arg_size = call->f.arg_size;
    c->place_count = c->work.blocks.count;
    c->links = is_in_place ? &links_in_place : &links_elsewhere;
    c->place_size = sizeof *kept;
    c->slot_size = is_in_place ? 0 : PL_PACK_WORDS(c->work.blocks.size) * sizeof(uint64_t);
    c->window = is_in_place ? SIZE_MAX : WINDOW_BYTES / c->slot_size;
    c->window = c->window < WINDOW_LINKS ? WINDOW_LINKS : c->window;
    int result = pl_chained_run(c, begin_nothing, note_kept, cost, call->has_options ? &call->merged : NULL, request);
    if (result == 0)
        *kept = c->result;
    return result;
}

/* ---- calls ----------------------------------------------------------------------------------------------- */

static int run_filter(const pl_filter_call *c, size_t *kept, const pl_request *request)
{
    if (c->is_map)
        return pl_filter_tasks_into(c, kept, request);
    if (c->n)
        return filter_in_links(c, kept, request);
    int result = pl_blocks_check(c->has_options ? &c->merged : NULL, NULL, request);
    if (result == 0)
        *kept = 0;
    return result;
}

PL_NOT_INLINED static int filter_with(const parallel_function *f, const void *args, size_t n, void *out, size_t *kept,
                                      const parallel_options *options, const pl_request *request)
{
    pl_filter_call c;
    if (!kept || (n && !out)) {
        pl_failure_clear_last();
        return pl_error_refuse(EINVAL, "%s is NULL", kept ? "out" : "kept");
    }
    return pl_filter_check(&c, f, args, n, out, options, request) ? run_filter(&c, kept, request) : -1;
}

/* All of a short one, on the caller. */
typedef struct short_filter {
    const parallel_function *f;
    const unsigned char *args;
    size_t n;
    unsigned char *out;
    size_t *kept;
} short_filter;

/* Of so few, flags are looked at one by one. */
enum { FEW_ITEMS = 16 };

/* Those of n items, FEW_ITEMS or fewer, whose flags are set; `size` is a constant where this is inlined. What `s` has
 * is read once: as far as a compiler knows, it may be written over. */
static inline __attribute__((always_inline)) size_t pack_few(const short_filter *s, const bool *flags, size_t size)
{
    const unsigned char *item = s->args;
    unsigned char *out = s->out;
    size_t n = s->n, kept = 0;
    for (size_t i = 0; i < n; i++, item += size)
        if (flags[i])
            memmove(out + kept++ * size, item, size);
    return kept;
}

static size_t filter_few(const short_filter *s)
{
    bool flags[FEW_ITEMS];
    pl_search_ask(s->f, s->args, 0, s->n, flags);
    size_t size = s->f->arg_size;
    return size == 4 ? pack_few(s, flags, 4) : size == 8 ? pack_few(s, flags, 8) : pack_few(s, flags, size);
}

static void filter_here(size_t begin, size_t end, void *ctx)
{
    const short_filter *s = ctx;
    (void)begin;
    (void)end;
    *s->kept = s->n <= FEW_ITEMS ? filter_few(s) : pack_range(s->f, s->args, 0, s->n, s->out);
}

/* What is known to take no longer is not worth a chain's links, whoever might help. */
enum { ALONE_NS = 1500 };

static bool fits_alone(const pl_cost *cost, size_t n)
{
    return pl_cost_guess(cost, n) < ALONE_NS * pl_os_ticks_per_us() / 1000 && !pl_trace_is_on();
}

/* One on the caller that is timed. */
PL_NOT_INLINED static int filter_alone(short_filter *s, pl_cost *cost)
{
    pl_cost_trust trust = pl_inline_own.limit ? PL_COST_UNSURE : PL_COST_SURE; /* it is to be looked at closely */
    uint64_t start = pl_ticks();
    pl_blocks_call(filter_here, s);
    uint64_t now = pl_ticks();
    pl_cost_learn(cost, now - start, s->n, trust);
    pl_inline_timed(now);
    pl_stats_count_inline(&pl_inline_own.account, s->n);
    pl_inline_renew();
    pl_failure_clear_last();
    return 0;
}

int pl_filter_into(const parallel_function *f, const void *args, size_t n, void *out, size_t *kept,
                   const parallel_options *options, const pl_request *request)
{
    bool is_plain = pl_search_is_plain(f, args, options) && out && kept && n;
    pl_cost *cost = is_plain ? cost_of(f) : NULL;
    bool is_here = is_plain && pl_blocks_fit_here(cost, n);
    if ((!is_here && !(is_plain && fits_alone(cost, n))) ||
        (out != args && pl_filter_overlap(out, args, n * f->arg_size)))
        return filter_with(f, args, n, out, kept, options, request);
    short_filter s = {f, args, n, out, kept};
    return is_here ? pl_blocks_run_here(filter_here, &s, cost, n) : filter_alone(&s, cost);
}

PL_NOT_INLINED static parallel_results *filter_to_vector(pl_filter_call *c, const pl_request *request)
{
    size_t kept = 0;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    parallel_results *r = pl_results_new(c->n, c->f.arg_size, c->f.arg_align, PL_RESULTS_ANY, NULL);
    if (!r)
        return NULL;
    pl_cleanup_begin(&cleanup, pl_results_drop, r);
    c->out = pl_results_vector(r);
    int result = run_filter(c, &kept, request);
    pl_cleanup_end(&cleanup);
    if (result == 0)
        return pl_results_shrink(r, kept, c->f.arg_align);
    parallel_results_free(r);
    return NULL;
}

parallel_results *pl_filter(const parallel_function *f, const void *args, size_t n, const parallel_options *options,
                            const pl_request *request)
{
    pl_filter_call c;
    if (!pl_filter_check(&c, f, args, n, NULL, options, request))
        return NULL;
    return c.is_map ? pl_filter_tasks(&c, request) : filter_to_vector(&c, request);
}
