/* SPDX-License-Identifier: MIT */
/*
 * What workers are given of a call: first it is computed where in a block of the arena everything lies, then that is
 * filled in.
 *
 *      pl_remote, with a pl_remote_task for each function
 *      extras                  where workers are kept
 *      for each function:
 *          arguments           where workers are kept
 *          results             where they are to be copied to the program's vector
 *
 * A map has one function for all tasks. Where each task is separate, each has its own.
 */
#include <string.h>

#include "executors/process/process.h"
#include "base/size.h"

/* What lies in the block begins with cache lines of its own. */
#define LINE 64

/* The next free place in a block that has no address yet; and how the block has to be aligned for what it has so
 * far. */
typedef struct cursor {
    size_t at, alignment;
} cursor;

/* The offset of the next `bytes`. */
static size_t place_bytes(cursor *c, size_t bytes, size_t alignment)
{
    alignment = alignment > LINE ? alignment : LINE;
    c->alignment = alignment > c->alignment ? alignment : c->alignment;
    size_t offset = pl_size_round(c->at, alignment);
    c->at = pl_size_add(offset, bytes);
    return offset;
}

static size_t function_count(const pl_process_call *p)
{
    return p->call->work.kind->is_separate ? p->call->work.n : 1;
}

/* Where what all tasks have in common lies. */
typedef struct common {
    size_t remote, extras;
} common;

static common place_common(const pl_process_call *p, cursor *c)
{
    const parallel_options *options = &p->call->options;
    size_t tasks = pl_size_multiply(function_count(p), sizeof p->remote->tasks[0]);
    common at = {.remote = place_bytes(c, pl_size_add(sizeof *p->remote, tasks), LINE)};
    if (p->kind == PL_GROUP_PERSISTENT && options->extras)
        at.extras = place_bytes(c, options->extras_size, LINE);
    return at;
}

/* Where the arguments and results of a function lie. */
typedef struct own {
    size_t args, args_size, results;
} own;

static own place_own(const pl_process_call *p, const pl_bound *b, cursor *c)
{
    const pl_work *work = &p->call->work;
    size_t count = work->kind->is_separate ? 1 : work->n;
    own at = {.args_size = pl_size_multiply(count, b->function.arg_size)};
    if (p->kept)
        at.args = place_bytes(c, at.args_size, b->function.arg_align);
    if (p->copies_results)
        at.results = place_bytes(c, pl_size_multiply(count, b->function.result_size), b->function.result_align);
    return at;
}

static pl_bound bind_function(const pl_process_call *p, size_t i)
{
    pl_bound b;
    p->call->work.kind->bind(&p->call->work, i, &b);
    return b;
}

/* ---- filling in -------------------------------------------------------------------------------------------- */

/* Returns where workers find the call's extras. */
static void *fill_common(pl_process_call *p, unsigned char *memory, common at)
{
    const pl_call *c = p->call;
    p->remote = (pl_remote *)(void *)(memory + at.remote);
    *p->remote = (pl_remote){.separate = c->work.kind->is_separate,
                             .chunks = c->failures.chunks,
                             .keep_all = c->options.silent,
                             .first_participant = c->participant,
                             .parent = p->kept ? NULL : c->parent};
    if (p->kind != PL_GROUP_PERSISTENT || !c->options.extras)
        return c->options.extras;
    return memcpy(memory + at.extras, c->options.extras, c->options.extras_size);
}

static void fill_own(pl_process_call *p, unsigned char *memory, own at, size_t i, const pl_bound *b, void *extras)
{
    pl_work *work = &p->call->work;
    bool separate = work->kind->is_separate;
    const void *args = p->kept ? memory + at.args : b->args;
    void *out = p->copies_results ? memory + at.results : separate ? b->out : p->vector;
    if (p->kept && separate)
        memcpy(memory + at.args, b->args, at.args_size);
    else if (p->kept)
        p->sent = memory + at.args; /* copied as they are assigned */
    if (!separate)
        work->map.out = out;
    p->remote->tasks[i] = (pl_remote_task){.args = args, .out = out, .extras = b->own_extras ? b->extras : extras};
    pl_remote_function(&p->remote->tasks[i], &b->function);
}

bool pl_process_lay_out(pl_process_call *p)
{
    cursor end = {.at = 0};
    common shared = place_common(p, &end);
    cursor next = end;
    for (size_t i = 0; i < function_count(p); i++) {
        pl_bound b = bind_function(p, i);
        place_own(p, &b, &end);
    }
    unsigned char *memory = pl_arena_take_aligned(&p->block, end.at, end.alignment);
    if (!memory)
        return false;
    void *extras = fill_common(p, memory, shared);
    for (size_t i = 0; i < function_count(p); i++) {
        pl_bound b = bind_function(p, i);
        own at = place_own(p, &b, &next);
        fill_own(p, memory, at, i, &b, extras);
    }
    return true;
}
