/* SPDX-License-Identifier: MIT */
/*
 * The account of a call's failures.
 *
 * Neighbours that have failed alike are one entry: stopping a call of which a hundred million tasks are left costs no
 * more than stopping one of a hundred. Entries come in any order, as threads make them. When their list is full, it is
 * sorted, and neighbours are joined; it grows if that has not halved it, and the next time without a try. So it takes
 * memory for what is different, and adding costs the logarithm of that.
 *
 * Once the call has ended, the list is settled: in order, each entry with the number of failures before it, which is
 * what finds the k-th of all. A program that asks for a task inside an entry wants a record of that task alone, and may
 * keep it as long as the results live: records are made then, in blocks, and published (base/publish.h), as several
 * threads may ask.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call/failures.h"
#include "call/error.h"
#include "base/size.h"

/* How many neighbours get their records together. */
#define BLOCK ((size_t)256)

/* ---- adding ---------------------------------------------------------------------------------------------- */

void pl_failures_init(pl_failures *failures, bool keep_all)
{
    /* by parts: as one it is cleared by `rep stos`, which takes a part of a short call */
    failures->mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    failures->keep_all = keep_all;
    failures->lost = failures->chunks = false;
    failures->parent = NULL;
    failures->arg = NULL;
    failures->arg_size = 0;
    failures->all = (pl_failed_list){0};
}

void pl_failures_free(pl_failures *failures)
{
    pl_failures_free_list(&failures->all);
    pthread_mutex_destroy(&failures->mutex);
}

/* Whether a call that can report but one failure rather reports what has ended so: what failed by itself before what
 * was asked to give up, and that before what did not run. */
static int severity_rank(parallel_state state)
{
    switch (state) {
    case PARALLEL_OK:
    case PARALLEL_ERROR:
    case PARALLEL_TIMED_OUT:
    case PARALLEL_CRASHED:
        return 0;
    case PARALLEL_CANCELLED:
        return 1;
    case PARALLEL_NOT_RUN:
        break;
    }
    return 2;
}

/* The same of failures: by index, if nothing else speaks for one. */
static bool goes_before(const parallel_failure *a, const parallel_failure *b)
{
    int difference = severity_rank(a->state) - severity_rank(b->state);
    return difference ? difference < 0 : a->index < b->index;
}

/* Whether two entries have the same to say, but for the message. */
static bool are_alike(const parallel_failure *a, const parallel_failure *b)
{
    return a->state == b->state && a->code == b->code && a->signal == b->signal;
}

/* Joins an entry with the one that follows it, if that can be. */
static bool join_next(pl_failed *e, const pl_failed *next)
{
    if (e->first.index + e->count != next->first.index || e->first.message || next->first.message ||
        !are_alike(&e->first, &next->first) || e->first.attempts != next->first.attempts)
        return false;
    e->count += next->count;
    return true;
}

static int by_index(const void *a, const void *b)
{
    size_t i = ((const pl_failed *)a)->first.index, j = ((const pl_failed *)b)->first.index;
    return (i > j) - (i < j);
}

/* Sorts the list, and joins neighbours. */
static void put_in_order(pl_failed_list *all)
{
    if (all->count < 2)
        return;
    qsort(all->list, all->count, sizeof *all->list, by_index);
    size_t last = 0;
    for (size_t i = 1; i < all->count; i++)
        if (!join_next(&all->list[last], &all->list[i]))
            all->list[++last] = all->list[i];
    all->count = last + 1;
}

/* Makes room in a list that is full. False if there is no memory. */
static bool make_room(pl_failed_list *all)
{
    if (!all->scattered) {
        put_in_order(all);
        if (all->count < all->room && all->count <= all->room / 2)
            return true;
    }
    all->scattered = !all->scattered;
    size_t room = all->room ? pl_size_multiply(all->room, 2) : 1;
    pl_failed *list = realloc(all->list, pl_size_multiply(room, sizeof *list));
    if (list) {
        all->list = list;
        all->room = room;
    }
    return all->count < all->room;
}

/* Appends an entry. False if there is no memory. */
static bool append_entry(pl_failed_list *all, const pl_failed *e)
{
    if (all->count && join_next(&all->list[all->count - 1], e))
        return true;
    if (all->count == all->room && !make_room(all))
        return false;
    all->list[all->count++] = *e;
    return true;
}

/* A failure is kept whose argument may go. */
static void copy_arg(pl_failures *failures, const parallel_failure *failure)
{
    if (failures->arg && failure->arg)
        memcpy(failures->arg, failure->arg, failures->arg_size);
}

void pl_failures_add(pl_failures *failures, const parallel_failure *failure, size_t count, char *message)
{
    pl_failed e = {.first = *failure, .count = failures->keep_all ? count : 1}; /* else the first says it all */
    e.first.message = message;
    pl_failed_list *all = &failures->all;
    pthread_mutex_lock(&failures->mutex);
    if (failures->keep_all || all->count == 0) {
        if (append_entry(all, &e)) {
            all->tasks += e.count;
            message = NULL;
            copy_arg(failures, failure);
        } else
            failures->lost = true;
    } else if (goes_before(failure, &all->list[0].first)) {
        message = (char *)all->list[0].first.message;
        all->list[0] = e;
        copy_arg(failures, failure);
    }
    pthread_mutex_unlock(&failures->mutex);
    free(message);
}

/* ---- settling -------------------------------------------------------------------------------------------- */

char *pl_failures_text(const parallel_failure *f)
{
    static const char *const texts[] = {
        [PARALLEL_TIMED_OUT] = "timed out", [PARALLEL_CANCELLED] = "cancelled", [PARALLEL_NOT_RUN] = "not run"};
    char text[128];
    if (f->state == PARALLEL_NOT_RUN && f->code == ETIMEDOUT)
        return strdup("not run before the time of the call was over");
    if (f->state < sizeof texts / sizeof texts[0] && texts[f->state])
        return strdup(texts[f->state]);
    if (f->state == PARALLEL_CRASHED) {
        if (f->signal)
            snprintf(text, sizeof text, "killed by signal %d (%s)", f->signal, strsignal(f->signal));
        else
            snprintf(text, sizeof text, "exited with status %d", f->code);
        return strdup(text);
    }
    return pl_error_text(f->code);
}

/* The same, or what a neighbour says. */
static const char *shared_text(const parallel_failure *f, const parallel_failure *before)
{
    return before && are_alike(before, f) ? before->message : pl_failures_text(f);
}

static const void *arg_of(const pl_failed_list *all, size_t i)
{
    if (all->each)
        return all->each[i];
    return all->args ? (const unsigned char *)all->args + i * all->arg_size : NULL;
}

void pl_failures_settle(pl_failures *failures)
{
    pl_failed_list *all = &failures->all;
    put_in_order(all);
    const parallel_failure *plain = NULL; /* the one before, if it had nothing to say either */
    size_t before = 0;
    for (size_t k = 0; k < all->count; k++) {
        pl_failed *e = &all->list[k];
        e->before = before;
        before += e->count;
        e->first.name = all->names ? all->names[e->first.index] : NULL;
        e->first.arg = failures->arg ? failures->arg : arg_of(all, e->first.index);
        bool silent = !e->first.message;
        if (silent && !(e->first.message = shared_text(&e->first, plain)))
            failures->lost = true;
        plain = silent && e->first.message ? &e->first : NULL;
    }
}

/* ---- what has been settled ------------------------------------------------------------------------------- */

static size_t blocks_of(const pl_failed *e)
{
    return (e->count - 1) / BLOCK + 1;
}

void pl_failures_free_list(pl_failed_list *all)
{
    if (!all->list && !all->each)
        return;
    for (size_t k = 0; all->list && k < all->count; k++) {
        pl_failed *e = &all->list[k];
        pl_published *blocks = pl_published_get(&e->blocks);
        for (size_t i = 0; blocks && i < blocks_of(e); i++)
            free(pl_published_get(&blocks[i]));
        free(blocks);
        if (k + 1 == all->count || all->list[k + 1].first.message != e->first.message)
            free((char *)e->first.message);
    }
    free(all->list);
    free(all->each);
    *all = (pl_failed_list){0};
}

/* The first entry that ends after the task `i`; the number of entries if there is none. */
static size_t entry_at(const pl_failed_list *all, size_t i)
{
    size_t low = 0, high = all->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (all->list[middle].first.index + all->list[middle].count <= i)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

parallel_state pl_failures_state(const pl_failed_list *all, size_t i)
{
    size_t k = entry_at(all, i);
    return k < all->count && all->list[k].first.index <= i ? all->list[k].first.state : PARALLEL_OK;
}

/* The entry that the k-th of all failed tasks is in. */
static pl_failed *entry_of(const pl_failed_list *all, size_t k)
{
    if (all->count == all->tasks) /* each is one */
        return &all->list[k];
    size_t low = 0, high = all->count - 1;
    while (low < high) {
        size_t middle = low + (high - low + 1) / 2;
        if (all->list[middle].before <= k)
            low = middle;
        else
            high = middle - 1;
    }
    return &all->list[low];
}

/* Where the pointers to an entry's blocks are; NULL if there is no memory. */
static pl_published *get_blocks(pl_failed *e)
{
    pl_published *blocks = pl_published_get(&e->blocks);
    if (blocks)
        return blocks;
    pl_published *mine = calloc(blocks_of(e), sizeof *mine);
    blocks = mine ? pl_published_set(&e->blocks, mine) : NULL;
    if (blocks != mine)
        free(mine);
    return blocks;
}

/* The records of the tasks that block `b` of an entry is about; NULL if there is no memory. */
static const parallel_failure *get_block(const pl_failed_list *all, const pl_failed *e, pl_published *blocks, size_t b)
{
    const parallel_failure *block = pl_published_get(&blocks[b]);
    if (block)
        return block;
    size_t from = b * BLOCK, count = e->count - from < BLOCK ? e->count - from : BLOCK;
    parallel_failure *mine = malloc(count * sizeof *mine);
    if (!mine)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        mine[i] = e->first;
        mine[i].index += from + i;
        mine[i].name = all->names ? all->names[mine[i].index] : NULL;
        mine[i].arg = arg_of(all, mine[i].index);
    }
    block = pl_published_set(&blocks[b], mine);
    if (block != mine)
        free(mine);
    return block;
}

const parallel_failure *pl_failures_get(const pl_failed_list *all, size_t k)
{
    if (k >= all->tasks)
        return NULL;
    pl_failed *e = entry_of(all, k);
    if (e->count == 1)
        return &e->first;
    size_t i = k - e->before;
    pl_published *blocks = get_blocks(e);
    const parallel_failure *block = blocks ? get_block(all, e, blocks, i / BLOCK) : NULL;
    if (!block) {
        pl_error_return(ENOMEM);
        return NULL;
    }
    return &block[i % BLOCK];
}
