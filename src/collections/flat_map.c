/* SPDX-License-Identifier: MIT */
/* Flat maps; flat_map.h says how they work. */
#include "collections/flat_map.h"

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "base/size.h"
#include "base/unwind.h"
#include "call/failure.h"
#include "call/function.h"
#include "call/results.h"
#include "collections/chained.h"
#include "collections/room.h"
#include "sched/cost.h"

enum {
    LEAST_ITEMS = 16,    /* in a block */
    BLOCK_BYTES = 65536, /* of items in one that has more as they cost little */
    WINDOW = 64,         /* links that have buffers, at most, */
    LEAST_WINDOW = 8,    /* and at least, */
    WINDOW_EACH = 4,     /* for each participant: buffers are used in turns, and all are to fit the cache */
    FIRST_BYTES = 4096,  /* of a buffer, at least */
    NEAR = 8192,         /* bytes of one on the caller's stack */
    MOST_PARTS = 64      /* of the vector: each has as much as all before it, or more */
};

/* ---- buffers ------------------------------------------------------------------------------------------ */

/* Room for results, some of which are there. */
typedef struct buffer {
    unsigned char *start;
    size_t room, used; /* in results */
    bool is_near;      /* it is not on the heap */
} buffer;

static void free_buffer(void *which)
{
    buffer *b = which;
    if (!b->is_near)
        free(b->start);
    b->start = NULL;
}

/* Makes room for so many results more. 0; or ENOMEM. */
static int grow_buffer(buffer *b, const parallel_flat *f, size_t wants)
{
    size_t least = FIRST_BYTES / f->result_size + 1, room = pl_size_add(b->used, wants);
    room = room < 2 * b->room ? 2 * b->room : room;
    room = room < least ? least : room;
    size_t alignment = f->result_align > PL_LINE ? f->result_align : PL_LINE;
    unsigned char *start = pl_results_allocate(pl_size_multiply(room, f->result_size), alignment);
    if (!start)
        return ENOMEM;
    if (b->used)
        memcpy(start, b->start, b->used * f->result_size);
    free_buffer(b);
    *b = (buffer){.start = start, .room = room, .used = b->used};
    return 0;
}

/* By a function that is known by its call alone. */
static size_t run_each(const parallel_flat *f, const unsigned char *args, size_t n, unsigned char *out, size_t room,
                       size_t *done, size_t *wants)
{
    size_t used = 0, i = 0;
    for (size_t has; i < n; i++, used += has) {
        has = f->call(args + i * f->arg_size, out + used * f->result_size, room - used);
        if (has > room - used) {
            *wants = has;
            break;
        }
    }
    *done = i;
    return used;
}

/* -1, with errno and a sentence: why results could not be written. */
static int say_reason(int code)
{
    return code == EINVAL ? pl_error_refuse(code, "the function has said twice how many results it has, and has more")
                          : pl_error_return(code);
}

/* Writes the results of n items. 0; or EINVAL or ENOMEM. */
static int fill_buffer(buffer *b, const parallel_flat *f, const unsigned char *args, size_t n)
{
    size_t done, wants, asked = SIZE_MAX; /* the item that has said how much it wants */
    b->used = 0;
    if (!b->room && grow_buffer(b, f, n) != 0)
        return ENOMEM;
    for (size_t i = 0; i < n;) {
        unsigned char *out = b->start + b->used * f->result_size;
        const unsigned char *rest = args + i * f->arg_size;
        b->used += f->run ? f->run(rest, n - i, out, b->room - b->used, &done, &wants)
                          : run_each(f, rest, n - i, out, b->room - b->used, &done, &wants);
        i += done;
        if (i == n)
            break;
        if (i == asked) /* it does not know */
            return EINVAL;
        asked = i;
        if (grow_buffer(b, f, wants) != 0)
            return ENOMEM;
    }
    return 0;
}

/* ---- links -------------------------------------------------------------------------------------------- */

/* What a link comes to: how many results; and, when it has been passed, where they go. */
typedef struct place {
    size_t count;
    size_t up_to;      /* of all links up to this one */
    unsigned char *to; /* in a part of the vector */
    int code;          /* it has failed, or one before it has: then nothing goes anywhere */
} place;

/* A part of the vector. */
typedef struct part {
    parallel_results *results;
    size_t room, used;
} part;

typedef struct flat_mapping {
    pl_chained chained;
    const parallel_flat *f;
    const unsigned char *args;
    buffer buffers[WINDOW];
    part parts[MOST_PARTS];
    size_t count; /* of parts */
    int code;     /* why it has failed, or 0 */
} flat_mapping;

static place *place_of(const flat_mapping *m, size_t k)
{
    return pl_chained_place(&m->chained, k);
}

static buffer *buffer_of(flat_mapping *m, size_t k)
{
    return &m->buffers[k % m->chained.window];
}

static void make_link(void *ctx, size_t k)
{
    flat_mapping *m = ctx;
    const pl_blocks *b = &m->chained.work.blocks;
    buffer *own = buffer_of(m, k);
    place *p = place_of(m, k);
    p->code = fill_buffer(own, m->f, m->args + pl_blocks_begin(b, k) * m->f->arg_size, pl_blocks_length(b, k));
    p->count = own->used;
}

/* A further part, for the results of link k, and what is expected of those that follow. 0; or ENOMEM. */
static int add_part(flat_mapping *m, size_t k, size_t up_to)
{
    const parallel_flat *f = m->f;
    size_t links = m->chained.work.blocks.count, count = place_of(m, k)->count, each = up_to / (k + 1) + 1;
    size_t expected = pl_size_multiply(each + each / 16, links - k), before = m->count ? up_to : 0;
    size_t room = pl_size_add(count, expected > before ? expected : before);
    if (m->count == MOST_PARTS)
        return ENOMEM;
    part *p = &m->parts[m->count];
    p->results = pl_room_results(room, f->result_size, f->result_align);
    if (!p->results && room > count) {
        room = count;
        p->results = pl_room_results(room, f->result_size, f->result_align);
    }
    if (!p->results)
        return ENOMEM;
    p->room = room;
    p->used = 0;
    m->count++;
    return 0;
}

static void pass_link(void *ctx, size_t k)
{
    flat_mapping *m = ctx;
    place *p = place_of(m, k);
    const place *before = k ? place_of(m, k - 1) : NULL;
    p->up_to = (before ? before->up_to : 0) + p->count;
    if (before && before->code)
        p->code = before->code;
    if (!p->code && p->count && (!m->count || m->parts[m->count - 1].room - m->parts[m->count - 1].used < p->count))
        p->code = add_part(m, k, p->up_to);
    if (p->code || !p->count)
        return;
    part *last = &m->parts[m->count - 1];
    p->to = (unsigned char *)pl_results_vector(last->results) + last->used * m->f->result_size;
    last->used += p->count;
}

static void finish_link(void *ctx, size_t k)
{
    flat_mapping *m = ctx;
    const place *p = place_of(m, k);
    if (!p->code && p->count)
        memcpy(p->to, buffer_of(m, k)->start, p->count * m->f->result_size);
}

static const pl_chain_work links = {.make = make_link, .pass = pass_link, .finish = finish_link};

static void begin_nothing(pl_chained *c)
{
    (void)c;
}

static void note_code(pl_chained *c)
{
    flat_mapping *m = (flat_mapping *)c;
    m->code = place_of(m, c->work.blocks.count - 1)->code;
}

/* ---- the vector --------------------------------------------------------------------------------------- */

static void free_all(void *mapping)
{
    flat_mapping *m = mapping;
    for (size_t k = 0; k < WINDOW; k++)
        free_buffer(&m->buffers[k]);
    for (size_t k = 0; k < m->count; k++)
        parallel_results_free(m->parts[k].results);
    m->count = 0;
}

/* All parts in one vector. NULL with errno. */
static parallel_results *put_together(flat_mapping *m)
{
    size_t size = m->f->result_size, used = 0, at = 0;
    for (size_t k = 0; k < m->count; k++)
        used += m->parts[k].used;
    if (m->count == 1) {
        m->count = 0; /* it is no part any more */
        return pl_results_shrink(m->parts[0].results, used, m->f->result_align);
    }
    parallel_results *all = pl_results_new(used, size, m->f->result_align, PL_RESULTS_ANY, NULL);
    for (size_t k = 0; all && k < m->count; k++) {
        memcpy((unsigned char *)pl_results_vector(all) + at * size, pl_results_vector(m->parts[k].results),
               m->parts[k].used * size);
        at += m->parts[k].used;
    }
    return all;
}

/* ---- calls -------------------------------------------------------------------------------------------- */

static pl_blocks blocks_of(const parallel_flat *f, size_t n, const pl_cost *cost)
{
    pl_blocks b = pl_blocks_of_links(n, f->arg_size, sizeof(place), LEAST_ITEMS);
    size_t times = pl_chained_worth(cost, LEAST_ITEMS), most = BLOCK_BYTES / f->arg_size;
    times = times < most / LEAST_ITEMS ? times : most / LEAST_ITEMS;
    return b.size < times * LEAST_ITEMS ? pl_blocks_of_size(n, times * LEAST_ITEMS) : b;
}

static size_t window_of(size_t participants)
{
    size_t most = participants < WINDOW / WINDOW_EACH ? participants * WINDOW_EACH : WINDOW;
    return most > LEAST_WINDOW ? most : LEAST_WINDOW;
}

PL_NOT_INLINED static parallel_results *map_in_links(const parallel_flat *f, const void *args, size_t n, pl_cost *cost,
                                                     const parallel_options *options, const pl_request *request)
{
    flat_mapping m = {.f = f, .args = args};
    pl_chained *c = &m.chained;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    c->work.blocks = blocks_of(f, n, cost);
    c->work.args = args;
    c->work.arg_size = f->arg_size;
    c->links = &links;
    c->place_count = c->work.blocks.count;
    c->place_size = sizeof(place);
    c->window = window_of(parallel_worker_limit(options));
    pl_cleanup_begin(&cleanup, free_all, &m);
    int result = pl_chained_run(c, begin_nothing, note_code, cost, options, request);
    if (result == 0 && m.code)
        result = say_reason(m.code);
    parallel_results *r = result == 0 ? put_together(&m) : NULL;
    pl_cleanup_end(&cleanup);
    int saved = errno;
    free_all(&m);
    errno = saved;
    return r;
}

static bool copy_flat(parallel_flat *to, const parallel_flat *from)
{
    if (!from)
        return false;
    pl_function_copy_members(to, sizeof *to, from, from->size, offsetof(parallel_flat, arg_align));
    return to->arg_size && to->result_size && (to->run || to->call) && pl_function_is_alignment(to->arg_align) &&
           pl_function_is_alignment(to->result_align);
}

/* What a call is given. False with errno. */
static bool take_given(parallel_flat *to, const parallel_flat *flat, const void *args, size_t n)
{
    if (!copy_flat(to, flat))
        return pl_error_deny_part("the function", flat);
    if (n && !args)
        return pl_error_deny_null("args", n);
    return pl_size_multiply(n, to->arg_size) != PL_SIZE_NONE || pl_error_deny_memory();
}

static pl_cost *cost_of(const parallel_flat *f)
{
    return f->cost ? (pl_cost *)f->cost : pl_cost_of(f->run ? (uintptr_t)f->run : (uintptr_t)f->call);
}

PL_NOT_INLINED static parallel_results *flat_map_with(const parallel_flat *flat, const void *args, size_t n,
                                                      const parallel_options *options, const pl_request *request)
{
    parallel_flat own;
    parallel_options merged;
    pl_failure_clear_last();
    if (!take_given(&own, flat, args, n))
        return NULL;
    bool has_options = options || own.options;
    if (has_options && !pl_options_merge(&merged, options, own.options, request))
        return NULL;
    if (has_options && !pl_options_run_here(&merged))
        return NULL;
    if (n)
        return map_in_links(&own, args, n, cost_of(&own), has_options ? &merged : NULL, request);
    if (pl_blocks_check(has_options ? &merged : NULL, NULL, request) != 0)
        return NULL;
    return pl_results_new(0, own.result_size, own.result_align, PL_RESULTS_ANY, NULL);
}

/* All of a short one, on the caller. */
typedef struct short_map {
    const parallel_flat *f;
    const unsigned char *args;
    size_t n;
    buffer results;
    int code;
} short_map;

static void map_here(size_t begin, size_t end, void *ctx)
{
    short_map *s = ctx;
    (void)begin;
    (void)end;
    s->code = fill_buffer(&s->results, s->f, s->args, s->n);
}

PL_NOT_INLINED static parallel_results *flat_map_short(const parallel_flat *f, const void *args, size_t n)
{
    alignas(PL_LINE) unsigned char near[NEAR];
    short_map s = {.f = f, .args = args, .n = n};
    parallel_results *r = NULL;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    if (f->result_align <= PL_LINE)
        s.results = (buffer){.start = near, .room = sizeof near / f->result_size, .is_near = true};
    pl_cleanup_begin(&cleanup, free_buffer, &s.results);
    pl_blocks_run_here(map_here, &s, cost_of(f), n);
    if (s.code)
        say_reason(s.code);
    else
        r = pl_results_new(s.results.used, f->result_size, f->result_align, PL_RESULTS_ANY, NULL);
    if (r && s.results.used)
        memcpy(pl_results_vector(r), s.results.start, s.results.used * f->result_size);
    pl_cleanup_end(&cleanup);
    int saved = errno;
    free_buffer(&s.results);
    errno = saved;
    return r;
}

parallel_results *pl_flat_map(const parallel_flat *flat, const void *args, size_t n, const parallel_options *options,
                              const pl_request *request)
{
    bool is_plain = !options && flat && flat->size == sizeof *flat && flat->run && !flat->options && flat->cost &&
                    flat->arg_size && flat->result_size && pl_function_is_alignment(flat->result_align) && args && n;
    if (!is_plain || !pl_blocks_fit_here((const pl_cost *)flat->cost, n))
        return flat_map_with(flat, args, n, options, request);
    return flat_map_short(flat, args, n);
}
