/* SPDX-License-Identifier: MIT */
/* Bags of items; bag.h says how they work. */
#include "sched/bag.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/size.h"

enum {
    CHUNK_BYTES = 2048, /* of a chunk, unless a record is larger */
    STOLEN_CHUNKS = 8   /* the most that are taken at once */
};

/* ---- chunks ---------------------------------------------------------------------------------------------- */

pl_bag_shape pl_bag_shape_of(size_t bytes, size_t align)
{
    size_t stride = pl_size_round(bytes, align), header = pl_size_round(sizeof(pl_bag_chunk), align);
    size_t room = stride < CHUNK_BYTES - sizeof(pl_bag_chunk) ? (CHUNK_BYTES - sizeof(pl_bag_chunk)) / stride : 1;
    return (pl_bag_shape){.stride = stride, .align = align, .room = room, .header = header};
}

static unsigned char *record_at(const pl_bag *bag, pl_bag_chunk *c, size_t i)
{
    return (unsigned char *)c + bag->shape->header + i * bag->shape->stride;
}

static void *allocate_chunk(size_t bytes, size_t align)
{
    if (bytes == PL_SIZE_NONE || align <= alignof(max_align_t))
        return bytes == PL_SIZE_NONE ? NULL : malloc(bytes);
    bytes = pl_size_round(bytes, align);
    return bytes == PL_SIZE_NONE ? NULL : aligned_alloc(align, bytes);
}

/* An empty chunk, or NULL if there is no memory. */
static pl_bag_chunk *new_chunk(pl_bag *bag)
{
    const pl_bag_shape *shape = bag->shape;
    pl_bag_chunk *c = bag->spare;
    bag->spare = NULL;
    if (c)
        return c;
    c = allocate_chunk(pl_size_add(shape->header, pl_size_multiply(shape->room, shape->stride)), shape->align);
    if (c)
        *c = (pl_bag_chunk){.room = shape->room};
    return c;
}

/* A chunk that is empty, and in no list. */
static void drop_chunk(pl_bag *bag, pl_bag_chunk *c)
{
    if (!bag->spare)
        bag->spare = c;
    else if (!c->near)
        free(c);
}

static void append_chunk(pl_bag_list *list, pl_bag_chunk *c)
{
    c->older = list->newest;
    c->newer = NULL;
    if (list->newest)
        list->newest->newer = c;
    else
        list->oldest = c;
    list->newest = c;
    list->chunks++;
}

static void prepend_chunk(pl_bag_list *list, pl_bag_chunk *c)
{
    c->older = NULL;
    c->newer = list->oldest;
    if (list->oldest)
        list->oldest->older = c;
    else
        list->newest = c;
    list->oldest = c;
    list->chunks++;
}

static pl_bag_chunk *take_oldest(pl_bag_list *list)
{
    pl_bag_chunk *c = list->oldest;
    list->oldest = c->newer;
    if (c->newer)
        c->newer->older = NULL;
    else
        list->newest = NULL;
    list->chunks--;
    return c;
}

static pl_bag_chunk *take_newest(pl_bag_list *list)
{
    pl_bag_chunk *c = list->newest;
    list->newest = c->older;
    if (c->older)
        c->older->newer = NULL;
    else
        list->oldest = NULL;
    list->chunks--;
    return c;
}

/* The public chunks have changed, with the mutex held: so the last store tells how many there are. */
static void show_chunks(pl_bag *bag)
{
    size_t chunks = bag->shared.chunks;
    pl_range_set(&bag->shown, 0, chunks < UINT32_MAX ? (uint32_t)chunks : UINT32_MAX);
}

/* ---- life ------------------------------------------------------------------------------------------------ */

void pl_bag_init(pl_bag *bag, const pl_bag_shape *shape)
{
    bag->shape = shape;
    bag->own = bag->shared = (pl_bag_list){0};
    bag->count = 0;
    bag->spare = NULL;
    bag->mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    atomic_init(&bag->shown.word, 0);
}

void pl_bag_lend(pl_bag *bag, void *memory, size_t bytes)
{
    const pl_bag_shape *shape = bag->shape;
    if (shape->align > PL_LINE || bytes < shape->header || bytes - shape->header < shape->stride)
        return;
    bag->spare = memory;
    *bag->spare = (pl_bag_chunk){.room = (bytes - shape->header) / shape->stride, .near = true};
}

static void free_list(pl_bag_list *list)
{
    while (list->chunks) {
        pl_bag_chunk *c = take_oldest(list);
        if (!c->near)
            free(c);
    }
}

void pl_bag_free(pl_bag *bag)
{
    free_list(&bag->own);
    free_list(&bag->shared);
    if (bag->spare && !bag->spare->near)
        free(bag->spare);
    pthread_mutex_destroy(&bag->mutex);
}

/* ---- its owner ------------------------------------------------------------------------------------------- */

void *pl_bag_push(pl_bag *bag)
{
    pl_bag_chunk *c = bag->own.newest;
    if (!c || c->count == c->room) {
        c = new_chunk(bag);
        if (!c)
            return NULL;
        append_chunk(&bag->own, c);
    }
    bag->count++;
    return record_at(bag, c, c->count++);
}

void *pl_bag_begin_put(pl_bag *bag)
{
    pthread_mutex_lock(&bag->mutex);
    pl_bag_chunk *c = bag->shared.newest;
    if (!c || c->count == c->room) {
        c = new_chunk(bag);
        if (!c) {
            pthread_mutex_unlock(&bag->mutex);
            return NULL;
        }
        append_chunk(&bag->shared, c);
    }
    return record_at(bag, c, c->count++);
}

void pl_bag_end_put(pl_bag *bag)
{
    show_chunks(bag);
    pthread_mutex_unlock(&bag->mutex);
}

void *pl_bag_pop(pl_bag *bag)
{
    pl_bag_chunk *c = bag->own.newest;
    if (!c)
        return NULL;
    bag->count--;
    void *record = record_at(bag, c, --c->count);
    if (c->count == 0) {
        take_newest(&bag->own);
        if (bag->spare && !bag->spare->near)
            free(bag->spare);
        bag->spare = c; /* this one, as what was popped stays where it is */
    }
    return record;
}

/* Keeps the newest `keep` records of the oldest private chunk private, and takes the others out as a chunk; NULL if
 * there is no memory for that. */
static pl_bag_chunk *split_oldest(pl_bag *bag, size_t keep)
{
    pl_bag_chunk *kept = new_chunk(bag), *c;
    if (!kept)
        return NULL;
    if (kept->room < keep) {
        drop_chunk(bag, kept);
        return NULL;
    }
    c = take_oldest(&bag->own);
    pl_assert(keep < c->count);
    memcpy(record_at(bag, kept, 0), record_at(bag, c, c->count - keep), keep * bag->shape->stride);
    c->count -= keep;
    kept->count = keep;
    prepend_chunk(&bag->own, kept);
    return c;
}

bool pl_bag_publish(pl_bag *bag, size_t keep)
{
    bool none = !pl_bag_has_public(bag);
    pl_bag_list moved = {0};
    if (none && keep > bag->count / 2)
        keep = bag->count - bag->count / 2;
    while (bag->count > keep && bag->count - bag->own.oldest->count >= keep) {
        pl_bag_chunk *c = take_oldest(&bag->own);
        bag->count -= c->count;
        append_chunk(&moved, c);
    }
    size_t excess = bag->count > keep ? bag->count - keep : 0;
    if (excess && (excess > keep || (none && !moved.chunks))) {
        pl_bag_chunk *c = split_oldest(bag, bag->own.oldest->count - excess);
        if (c) {
            bag->count -= c->count;
            append_chunk(&moved, c);
        }
    }
    if (!moved.chunks)
        return false;
    pthread_mutex_lock(&bag->mutex);
    while (moved.chunks)
        append_chunk(&bag->shared, take_oldest(&moved));
    show_chunks(bag);
    pthread_mutex_unlock(&bag->mutex);
    return true;
}

bool pl_bag_take_back(pl_bag *bag)
{
    if (!pl_bag_has_public(bag))
        return false;
    pthread_mutex_lock(&bag->mutex);
    pl_bag_chunk *c = bag->shared.chunks ? take_newest(&bag->shared) : NULL;
    show_chunks(bag);
    pthread_mutex_unlock(&bag->mutex);
    if (!c)
        return false;
    append_chunk(&bag->own, c);
    bag->count = c->count;
    return true;
}

/* ---- others ---------------------------------------------------------------------------------------------- */

bool pl_bag_steal(pl_bag *from, pl_bag *to)
{
    pl_bag_list taken = {0};
    if (!pl_bag_has_public(from))
        return false;
    pthread_mutex_lock(&from->mutex);
    size_t most = (from->shared.chunks + 1) / 2;
    most = most < STOLEN_CHUNKS ? most : STOLEN_CHUNKS;
    while (taken.chunks < most)
        append_chunk(&taken, take_oldest(&from->shared));
    show_chunks(from);
    pthread_mutex_unlock(&from->mutex);
    for (pl_bag_chunk *c = taken.oldest; c; c = c->newer)
        to->count += c->count;
    to->own = taken;
    return taken.chunks > 0;
}
