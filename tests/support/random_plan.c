/* SPDX-License-Identifier: MIT */
/* Random calls: what they are, as it follows from their seeds. */
#include <stdio.h>

#include "support/random.h"
#include "support/tasks.h"

const rnd_kind_facts rnd_kinds[RND_KINDS] = {
    [RND_MAP] = {"map", RND_VECTORS},
    [RND_THREAD_MAP] = {"thread_map", RND_VECTORS},
    [RND_RANGE] = {"map_range", RND_VECTORS},
    [RND_INTO] = {"map_into", RND_LOOPS},
    [RND_SPLIT] = {"split", RND_VECTORS},
    [RND_FOR] = {"for", RND_LOOPS},
    [RND_REDUCE] = {"map_reduce", RND_REDUCTIONS},
    [RND_COUNT] = {"count", RND_PREDICATES},
    [RND_FIND] = {"find", RND_PREDICATES},
    [RND_FIND_LAST] = {"find_last", RND_PREDICATES},
    [RND_ANY] = {"any", RND_PREDICATES},
    [RND_ALL] = {"all", RND_PREDICATES},
    [RND_FILTER] = {"filter", RND_PREDICATES},
    [RND_FILTER_INTO] = {"filter_into", RND_PREDICATES},
    [RND_PARTITION] = {"partition_into", RND_PREDICATES},
    [RND_FOR_EACH] = {"for_each", RND_GROWING},
    [RND_SCAN] = {"scan", RND_VALUES},
    [RND_SCAN_INTO] = {"scan_into", RND_VALUES},
    [RND_SCAN_EXCLUSIVE] = {"scan_exclusive_into", RND_VALUES},
    [RND_PLAIN_REDUCE] = {"reduce", RND_VALUES},
    [RND_FOLD] = {"fold", RND_VALUES},
    [RND_MIN] = {"min", RND_VALUES},
    [RND_MAX] = {"max", RND_VALUES},
    [RND_PAR] = {"par", RND_VECTORS},
    [RND_ASYNC_MAP] = {"async_map", RND_BACKGROUND},
    [RND_ASYNC_PAR] = {"async_par", RND_BACKGROUND},
    [RND_STREAM] = {"stream_map", RND_STREAMS},
    [RND_STREAM_OPEN] = {"stream_open", RND_STREAMS},
};

/* ---- choices --------------------------------------------------------------------------------------------- */

rnd_source rnd_seeded(unsigned long long seed)
{
    return (rnd_source){.state = pl_scramble(seed) | 1};
}

unsigned long long rnd_draw_byte(rnd_source *source)
{
    if (!source->left)
        return pl_random(&source->state) / 8;
    source->left--;
    return *source->bytes++;
}

unsigned long long rnd_draw(rnd_source *source)
{
    if (!source->left)
        return pl_random(&source->state) / 8;
    unsigned long long low = rnd_draw_byte(source);
    return source->left ? low | rnd_draw_byte(source) << 8 : low;
}

/* A thousand seconds, or next to none. */
static double seconds_of(rnd_time time)
{
    return time == RND_LONG ? 1000 : time == RND_SHORT ? 0.002 : 0;
}

/* One of a thing's `count` values, the first one `weight` times as often as the others. */
static unsigned pick(rnd_source *r, unsigned count, unsigned weight)
{
    unsigned long long x = rnd_draw(r) % (count - 1 + weight);
    return x < count ? (unsigned)x : 0;
}

static size_t size(rnd_source *r, int depth)
{
    unsigned long long x = rnd_draw(r);
    if (depth)
        return x % 7;
    switch (x % 16) {
    case 0:
        return x / 16 % 3;
    case 1:
    case 2:
        return x / 16 % 201;
    default:
        return x / 16 % 24;
    }
}

static void choose_times(rnd_plan *p, rnd_source *r)
{
    p->timeout = (rnd_time)pick(r, 3, 6);
    p->call_timeout = (rnd_time)pick(r, 3, 12);
    p->options.timeout = seconds_of(p->timeout);
    p->options.call_timeout = seconds_of(p->call_timeout);
    if (pick(r, 2, 12))
        p->options.timeout = p->timeout ? p->options.timeout : -1;
    if (pick(r, 2, 2)) {
        p->options.retries = (int)pick(r, 4, 1) ? (int)pick(r, 4, 1) : -1;
        static const double delays[] = {0, 1e-9, 5e-5, 3e-4};
        p->options.retry_delay = delays[pick(r, 4, 3)];
    }
}

static void choose_options(rnd_plan *p, rnd_source *r)
{
    parallel_options *o = &p->options;
    choose_times(p, r);
    o->silent = pick(r, 2, 1);
    if (pick(r, 2, 1))
        o->max_workers = (int)(pick(r, 2, 2) ? 1 + pick(r, 20, 1) : 1 + pick(r, 4, 1));
    if (p->kind != RND_THREAD_MAP)
        o->executor = pick(r, 2, 6) ? PARALLEL_SERIAL : pick(r, 2, 6) ? PARALLEL_THREAD : PARALLEL_DEFAULT_EXECUTOR;
    o->grain = pick(r, 2, 5) ? 1 + pick(r, 64, 1) : 0;
    rnd_family family = rnd_kinds[p->kind].family;
    if ((family == RND_GROWING || family == RND_VALUES) && pick(r, 2, 12)) /* which run nothing in processes */
        o->executor = PARALLEL_PROCESS;
    o->deferred = pick(r, 2, 2) && family == RND_BACKGROUND;
    p->named = pick(r, 2, 3);
    p->with_extras = pick(r, 2, 1);
    p->with_progress = pick(r, 2, 5);
    p->with_own_pool = pick(r, 2, 24);
    if (family == RND_PREDICATES || family == RND_GROWING || family == RND_STREAMS)
        p->named = false;
    if (family == RND_STREAMS) {
        o->window = pick(r, 2, 1) ? 1 + pick(r, 20, 1) : 0;
        o->unordered = pick(r, 2, 3);
    }
    if (p->kind == RND_FOR || family == RND_VALUES) {
        o->timeout = o->retry_delay = 0;
        o->retries = 0;
        p->timeout = RND_NO_TIME;
        p->named = p->with_extras = false;
    }
}

/* Whether calls of a kind may be of such a function. */
static bool may_have(rnd_kind kind, rnd_function function)
{
    rnd_family family = rnd_kinds[kind].family;
    if (function == RND_VOID && family == RND_STREAMS)
        return true;
    if (function == RND_VOID || function == RND_CHUNK)
        return kind != RND_RANGE && (family == RND_VECTORS || family == RND_LOOPS || family == RND_BACKGROUND);
    return function != RND_PLAIN || family != RND_GROWING;
}

rnd_plan rnd_plan_of(rnd_source *r, unsigned long long seed, int depth)
{
    static const unsigned fails[] = {0, 0, 3, 9, 40}, lives[] = {0, 2, 5, 5, 20};
    rnd_plan p = {.seed = seed, .depth = depth};
    p.kind = (rnd_kind)(rnd_draw(r) % RND_KINDS);
    p.function = (rnd_function)pick(r, RND_FUNCTIONS, 3);
    p.n = size(r, depth);
    p.fails = fails[pick(r, 5, 1)];
    p.lives = lives[pick(r, 5, 1)];
    if (pick(r, 2, 4) == 0)
        choose_options(&p, r);
    if (depth == 0 && pick(r, 2, PL_SANITIZED ? 800 : 200)) {
        p.n = 10000;
        p.lives = 0;
        p.fails = p.fails ? 997 : 0;
    }
    if (p.kind == RND_SPLIT && pick(r, 2, 1))
        p.function = RND_CHUNK;
    rnd_family family = rnd_kinds[p.kind].family;
    if (depth == 0 && (family == RND_VALUES ? pick(r, 2, 1) : family == RND_PREDICATES && pick(r, 2, 6)))
        p.n = rnd_draw(r) % (family == RND_VALUES ? 5000 : 1000);
    if (!may_have(p.kind, p.function))
        p.function = RND_TASK;
    return p;
}

/* ---- tasks ----------------------------------------------------------------------------------------------- */

static unsigned long long random_of(const rnd_call *c, size_t i)
{
    unsigned long long twist = c->twists ? c->twists[i] : 0;
    return pl_scramble(c->plan.seed * 31 + i + (twist << 32)) / 8;
}

rnd_act rnd_act_of(const rnd_call *c, size_t i)
{
    unsigned long long r = random_of(c, i);
    if (c->plan.fails && r % c->plan.fails == 0)
        return r / 64 % 2 ? RND_FAIL : RND_FLAKY;
    r /= 128;
    if (c->plan.lives == 0 || r % c->plan.lives != 0)
        return RND_SUCCEED;
    r /= 32;
    switch (r % 12) {
    case 0:
    case 1:
        return RND_SLEEP;
    case 2:
        return RND_POLL;
    case 3:
    case 4:
    case 5:
        return rnd_late(c, i) ? RND_OVERTIME : RND_SPIN;
    case 6:
        return c->plan.depth < 2 ? RND_NEST : RND_SUCCEED;
    case 7:
        return RND_SPAWN;
    case 8:
        return r / 16 % 4 ? RND_SLEEP : RND_CANCEL_OWN;
    case 9:
        return r / 16 % 4 ? RND_SPIN : RND_CANCEL_OTHER;
    case 10:
        return RND_ASK_OWN;
    default:
        return RND_SUCCEED;
    }
}

rnd_function rnd_function_of(const rnd_call *c, size_t i)
{
    return rnd_is_par(c) ? (rnd_function)(random_of(c, i) / 4096 % RND_FUNCTIONS) : c->plan.function;
}

unsigned long long rnd_value(const rnd_call *c, size_t i)
{
    return random_of(c, i) | 1;
}

void rnd_message(const rnd_call *c, size_t speaker, unsigned run, char *text, size_t size)
{
    snprintf(text, size, "task %zu of %llu, run %u", speaker, c->plan.seed, run);
}

/* What a future says for itself, or the call. */
rnd_time rnd_time_of(const rnd_call *c, size_t i)
{
    double timeout = c->options.timeout;
    if (rnd_is_par(c) && c->futures[i].timeout != 0)
        timeout = c->futures[i].timeout;
    return timeout <= 0 ? RND_NO_TIME : timeout > 1 ? RND_LONG : RND_SHORT;
}

int rnd_retries_of(const rnd_call *c, size_t i)
{
    int retries = c->options.retries;
    bool decorated = c->plan.kind != RND_FOR && rnd_function_of(c, i) == RND_TRIED;
    if (rnd_is_par(c) && c->futures[i].retries != 0)
        retries = c->futures[i].retries;
    else if (decorated && (retries == 0 || (rnd_is_par(c) && retries > 0)))
        retries = 1;
    return retries > 0 ? retries : 0;
}

void *rnd_extras_of(const rnd_call *c, size_t i)
{
    return rnd_is_par(c) && c->futures[i].extras ? c->futures[i].extras : c->options.extras;
}

bool rnd_late(const rnd_call *c, size_t i)
{
    return c->plan.call_timeout == RND_SHORT || rnd_time_of(c, i) == RND_SHORT;
}
