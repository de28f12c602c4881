/* SPDX-License-Identifier: MIT */
/* Folds: each block of items is added to an accumulator of its own, and these are combined from the left (blocks.h). */
#include "collections/reduce.h"

#include <errno.h>
#include <stdalign.h>
#include <string.h>

#include "base/os.h"
#include "base/size.h"
#include "base/unwind.h"
#include "call/failure.h"
#include "call/function.h"
#include "collections/blocks.h"
#include "sched/cost.h"

/* The most bytes of an accumulator that a short fold needs on the stack for one more. */
#define PART_HERE 4096

/* A part is an accumulator; but for the first, it begins with zeros. */
typedef struct folding {
    pl_blocks_work work;
    const parallel_folding *fold;
} folding;

static void add_items(const parallel_folding *f, void *acc, const unsigned char *items, size_t n)
{
    if (f->fold) {
        f->fold(acc, items, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        f->call(acc, items + i * f->arg_size);
}

static void fold_blocks(size_t begin, size_t end, void *ctx)
{
    const folding *f = ctx;
    size_t size = f->fold->acc_size;
    for (size_t k = begin; k < end; k++) {
        unsigned char *part = f->work.parts + k * size;
        if (k > 0)
            memset(part, 0, size);
        add_items(f->fold, part, f->work.args + pl_blocks_begin(&f->work.blocks, k) * f->fold->arg_size,
                  pl_blocks_length(&f->work.blocks, k));
    }
}

static void join_parts(size_t begin, size_t end, void *ctx)
{
    const folding *f = ctx;
    (void)begin;
    (void)end;
    for (size_t k = 1; k < f->work.blocks.count; k++)
        f->fold->combine(f->work.parts, f->work.parts + k * f->fold->acc_size);
}

static bool copy_folding(parallel_folding *to, const parallel_folding *from)
{
    if (!from)
        return false;
    pl_function_copy_members(to, sizeof *to, from, from->size, offsetof(parallel_folding, acc_align));
    return to->acc_size && to->arg_size && (to->fold || to->call) && to->combine &&
           pl_function_is_alignment(to->acc_align);
}

/* What a call is given. False with errno. */
static bool take_given(parallel_folding *to, const parallel_folding *fold, const void *args, size_t n, const void *acc)
{
    if (!copy_folding(to, fold))
        return pl_error_deny_part("the fold", fold);
    if (n && !args)
        return pl_error_deny_null("args", n);
    return acc || pl_error_deny(EINVAL, "acc is NULL");
}

static folding folding_of(const parallel_folding *fold, const void *args, size_t n)
{
    return (folding){
        .work = {.blocks = pl_blocks_of_accumulators(n, fold->acc_size),
                 .part_size = fold->acc_size,
                 .part_align = fold->acc_align,
                 .args = args,
                 .arg_size = fold->arg_size,
                 .treat = fold_blocks,
                 .combine = join_parts},
        .fold = fold,
    };
}

PL_NOT_INLINED static int fold_with(const parallel_folding *fold, const void *args, size_t n, void *acc,
                                    const parallel_options *options, const pl_request *request)
{
    parallel_folding own;
    pl_failure_clear_last();
    if (!take_given(&own, fold, args, n, acc))
        return -1;
    if (pl_size_multiply(n, own.arg_size) == PL_SIZE_NONE)
        return pl_error_return(ENOMEM);
    if (n == 0)
        return pl_blocks_check(options, own.options, request);
    folding f = folding_of(&own, args, n);
    pl_cost *cost = own.cost ? (pl_cost *)own.cost : pl_cost_of(own.fold ? (uintptr_t)own.fold : (uintptr_t)own.call);
    return pl_blocks_run(&f.work, acc, cost, options, own.options, request);
}

/* All of a short one, on the caller. One block is the serial loop. */
static void fold_here(size_t begin, size_t end, void *ctx)
{
    const folding *f = ctx;
    alignas(PL_LINE) unsigned char part[PART_HERE];
    (void)begin;
    (void)end;
    f->fold->fold(f->work.parts, f->work.args, pl_blocks_length(&f->work.blocks, 0));
    for (size_t k = 1; k < f->work.blocks.count; k++) {
        memset(part, 0, f->fold->acc_size);
        f->fold->fold(part, f->work.args + pl_blocks_begin(&f->work.blocks, k) * f->fold->arg_size,
                      pl_blocks_length(&f->work.blocks, k));
        f->fold->combine(f->work.parts, part);
    }
}

int pl_fold(const parallel_folding *fold, const void *args, size_t n, void *acc, const parallel_options *options,
            const pl_request *request)
{
    bool is_plain = !options && fold && fold->size == sizeof *fold && fold->fold && fold->cost && !fold->options &&
                    fold->acc_size && fold->acc_size <= PART_HERE && fold->acc_align <= PL_LINE && fold->combine &&
                    args && acc && n;
    if (!is_plain || !pl_blocks_fit_here((const pl_cost *)fold->cost, n))
        return fold_with(fold, args, n, acc, options, request);
    folding f = folding_of(fold, args, n);
    f.work.parts = acc;
    return pl_blocks_run_here(fold_here, &f, (const pl_cost *)fold->cost, n);
}
