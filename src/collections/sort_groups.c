/* SPDX-License-Identifier: MIT */
/*
 * Sorts of many items: a stable sample sort (Sanders and Winkel, "Super scalar sample sort", 2004; Axtmann, Witt,
 * Ferizovic and Sanders, "In-place parallel super scalar samplesort", 2017, for groups of equal items).
 *
 *   1. If all items are a run, up or down, that is all (sort_runs.c).
 *   2. Some items, spread evenly, are sorted; what divides them in equal parts are the splitters of all. If some are
 *      the same, there is a group of its own for the items that equal a splitter, which need not be sorted.
 *   3. Each block of items is classified: the number of each item's group is written down, and how many each has.
 *   4. Now it is known where each block's part of each group goes; blocks are copied there, to the other place.
 *   5. Groups are sorted, those that are unusually large first, and come back.
 *
 * Where there are but few different items in the sample, and those that are equal are the same in all of their bytes,
 * items are counted in place of the third step. If there are no others, nothing is dealt: each group is written where
 * it is to be.
 *
 * Up to the end of the fourth step the items are where they were, and after it in the other place, but for groups that
 * are done.
 */
#include <errno.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/os.h"
#include "base/size.h"
#include "base/unwind.h"
#include "call/context.h"
#include "call/failure.h"
#include "call/results.h"
#include "collections/blocks.h"
#include "collections/room.h"
#include "collections/sort.h"
#include "sched/chunking.h"

enum {
    MOST_GROUPS = 256,
    MORE_GROUPS = 64,   /* that large ones of equal items are cut into, so that several threads have something to do */
    MOST_SAME = 16,     /* splitters that items are counted by */
    SAMPLES = 8,        /* items of the sample for each group */
    LEAST_ITEMS = 18,   /* in a group, on the average: so the sample and its splitters fit the other place, see below */
    USUAL_ITEMS = 1024, /* the least, if comparisons are cheap */
    LEAST_BLOCK = 512,  /* items; of dear ones fewer */
    WORTH_US = 20,      /* how long a group is to take, if there can be as many as that */
    NEAR_ROOM = 8192    /* bytes of room for few items that are on the stack */
};
_Static_assert(LEAST_ITEMS >= 2 * SAMPLES + 2, "two places for the sample, and a tree and a list of splitters");

/* What a group is. */
typedef struct group {
    size_t begin, end;
    const unsigned char *splitter; /* what its items are equal to; or NULL */
    bool is_back; /* they are where they are to be; else, if they have been dealt, in the other place */
} group;

typedef struct group_sort {
    pl_blocks_work work; /* of the loop that runs */
    const pl_sort_call *call;
    pl_cost *cost; /* by effort */
    pl_blocks blocks;
    pl_room room; /* what follows is in: */
    unsigned char *other;
    unsigned char *rooms; /* for each participant, if they are large, else NULL */
    unsigned char *numbers;
    size_t *places; /* of each block: for each group, how many items; later where the next goes */
    parallel_splitters splitters;
    size_t count;              /* groups */
    bool is_dealt, is_stopped; /* dealt: or there is no need for that */
    size_t same;               /* splitters: all items are the same as one of them, as far as is known; or 0 */
    bool is_done[MOST_GROUPS + MORE_GROUPS];   /* of blocks, or groups */
    uint16_t order[MOST_GROUPS + MORE_GROUPS]; /* in which groups are sorted */
    group groups[MOST_GROUPS + MORE_GROUPS];
} group_sort;
_Static_assert(MOST_GROUPS >= (int)PL_SORT_BLOCKS, "one list for both");

static size_t size_of(const group_sort *g)
{
    return g->call->order.type_size;
}

static const unsigned char *item_at(const group_sort *g, size_t i)
{
    return (const unsigned char *)g->call->from + i * size_of(g);
}

/* Runs a loop over the items' blocks, or over others. 0; or -1 with errno. */
static int run_loop(group_sort *g, void (*treat)(size_t, size_t, void *), const pl_blocks *blocks,
                    pl_sort_report report)
{
    g->work.blocks = *blocks;
    g->is_stopped = false;
    return pl_sort_loop(g->call, &g->work, treat, report);
}

/* ---- splitters ------------------------------------------------------------------------------------------- */

/* How many groups there are to be, at first: a power of two, and 2 at least. */
static size_t groups_wanted(const group_sort *g)
{
    size_t n = g->call->n, count = 2, usual = USUAL_ITEMS;
    uint64_t took = pl_cost_guess(g->cost, pl_sort_effort(usual)), worth = WORTH_US * pl_os_ticks_per_us();
    while (usual > (size_t)2 * LEAST_ITEMS && took != UINT64_MAX && took / 2 > worth) {
        usual /= 2;
        took /= 2;
    }
    while (count < MOST_GROUPS && n / usual >= 2 * count)
        count *= 2;
    return count;
}

/* The room of whoever runs this. */
static unsigned char *room_of(const group_sort *g, unsigned char *near)
{
    size_t participant = pl_context_thread.context->participant;
    return g->rooms ? g->rooms + participant * PARALLEL_SORT_FEW_ * size_of(g) : near;
}

/* Copies `count` items from all parts to the beginning of the other place, and sorts them. */
static bool sort_sample(group_sort *g, size_t count)
{
    alignas(PL_LINE) unsigned char near[NEAR_ROOM];
    size_t size = size_of(g), part = g->call->n / count;
    uint64_t random = 1;
    for (size_t i = 0; i < count; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407); /* Knuth, MMIX */
        memcpy(g->other + i * size, item_at(g, i * part + (size_t)(random >> 33) % part), size);
    }
    parallel_sorting s;
    s.items = g->other;
    s.other = g->other + count * size;
    s.room = room_of(g, near);
    s.n = count;
    uint64_t start = pl_ticks();
    bool is_sorted = pl_sort_some(&s, &g->call->order, false);
    if (is_sorted)
        pl_cost_learn(g->cost, pl_ticks() - start, pl_sort_effort(count), PL_COST_UNSURE);
    return is_sorted;
}

static int compare_samples(const group_sort *g, size_t a, size_t b)
{
    return g->call->order.call(g->other + a * size_of(g), g->other + b * size_of(g));
}

/* Of a sorted sample of SAMPLES * wanted items, copies what divides it into so many parts to the item `to` of the other
 * place and behind, each once; says how many these are, and whether there were any twice. */
static size_t take_splitters(const group_sort *g, size_t sampled, size_t wanted, size_t to, bool *twice)
{
    size_t count = 0, size = size_of(g);
    *twice = false;
    for (size_t k = 1; k < wanted; k++) {
        size_t i = k * (sampled / wanted);
        if (count && compare_samples(g, to + count - 1, i) >= 0) {
            *twice = true;
        } else {
            memcpy(g->other + (to + count) * size, g->other + i * size, size);
            count++;
        }
    }
    return count;
}

/* Whether an item is the same as one of `count` others. */
static bool is_among(const unsigned char *item, const unsigned char *others, size_t count, size_t size)
{
    while (count > 0 && memcmp(item, others + (count - 1) * size, size) != 0)
        count--;
    return count > 0;
}

/* If there are `most` different items in a sorted sample, or fewer, and those that are equal are the same in all bytes,
 * copies each once, as above. How many these are; or 0. None is there twice, whatever the comparison says. */
static size_t take_same(const group_sort *g, size_t sampled, size_t most, size_t to)
{
    size_t count = 0, size = size_of(g);
    unsigned char *list = g->other + to * size;
    for (size_t i = 0; i < sampled; i++) {
        const unsigned char *item = g->other + i * size;
        if (count > 0 && memcmp(item, list + (count - 1) * size, size) == 0)
            continue;
        if (count == most || is_among(item, list, count, size) ||
            (count > 0 && compare_samples(g, to + count - 1, i) >= 0))
            return 0;
        memcpy(list + count * size, item, size);
        count++;
    }
    return count;
}

/* A sample of 2 * SAMPLES * wanted places at the beginning of the other place; the list of splitters behind it, and
 * then the tree. */
static void choose_splitters(size_t begin, size_t end, void *ctx)
{
    group_sort *g = ctx;
    size_t size = size_of(g), wanted = groups_wanted(g), sampled = SAMPLES * wanted, list = 2 * sampled, levels = 1;
    bool twice;
    (void)begin;
    (void)end;
    pl_context_thread.context->deadline = g->call->deadline;
    g->is_stopped = !sort_sample(g, sampled);
    if (g->is_stopped)
        return;
    size_t most = wanted <= MOST_SAME ? wanted - 1 : MOST_SAME;
    size_t count = pl_sort_same_takes(size) ? take_same(g, sampled, most, list) : 0;
    g->same = count;
    twice = count > 0;
    if (!twice)
        count = take_splitters(g, sampled, wanted, list, &twice);
    if (twice && !g->same && wanted > MOST_GROUPS / 2)
        count = take_splitters(g, sampled, MOST_GROUPS / 2, list, &twice);
    while (((size_t)1 << levels) <= count)
        levels++;
    size_t leaves = (size_t)1 << levels, tree = list + leaves;
    for (; count < leaves; count++)
        memcpy(g->other + (list + count) * size, g->other + (list + count - 1) * size, size);
    for (size_t width = 1; width < leaves; width *= 2)
        for (size_t i = 0; i < width; i++)
            memcpy(g->other + (tree + width + i) * size,
                   g->other + (list + (2 * i + 1) * (leaves / width / 2) - 1) * size, size);
    memcpy(g->other + tree * size, g->other + (tree + 1) * size, size);
    g->splitters = (parallel_splitters){
        .tree = g->other + tree * size, .sorted = twice ? g->other + list * size : NULL, .levels = (unsigned)levels};
    g->count = twice ? 2 * leaves : leaves;
}

/* ---- dealing --------------------------------------------------------------------------------------------- */

/* Counts n numbers of groups, n <= PARALLEL_SORT_LOOK_. If there are few, a number is often the same as the one before,
 * whose count is not yet written when it is to be read: so there are several counts of each. */
static void count_numbers(size_t *counts, size_t groups, const unsigned char *numbers, size_t n)
{
    enum { LANES = 4, FEW = 32 };
    uint16_t lanes[LANES][FEW] = {{0}};
    size_t i = 0;
    for (; groups <= FEW && i + LANES <= n; i += LANES)
        for (size_t lane = 0; lane < LANES; lane++)
            lanes[lane][numbers[i + lane] % FEW]++;
    for (; i < n; i++)
        counts[numbers[i]]++;
    for (size_t k = 0; groups <= FEW && k < groups; k++)
        for (size_t lane = 0; lane < LANES; lane++)
            counts[k] += lanes[lane][k];
}

static void classify_blocks(size_t begin, size_t end, void *ctx)
{
    group_sort *g = ctx;
    const parallel_order *order = &g->call->order;
    for (size_t k = begin; k < end; k++) {
        size_t at = pl_blocks_begin(&g->blocks, k), last = at + pl_blocks_length(&g->blocks, k);
        size_t *counts = g->places + k * g->count;
        memset(counts, 0, g->count * sizeof *counts);
        for (size_t to; at < last && !pl_sort_is_over(); at = to) {
            to = last - at < PARALLEL_SORT_LOOK_ ? last : at + PARALLEL_SORT_LOOK_;
            order->sorter->classify(&g->splitters, item_at(g, at), to - at, g->numbers + at, order);
            count_numbers(counts, g->count, g->numbers + at, to - at);
        }
        g->is_done[k] = at == last;
    }
}

/* Counts the items of blocks by the splitters that they are the same as, until one is not: then the block is not
 * done. */
static void count_blocks(size_t begin, size_t end, void *ctx)
{
    group_sort *g = ctx;
    size_t size = size_of(g);
    for (size_t k = begin; k < end; k++) {
        size_t at = pl_blocks_begin(&g->blocks, k), last = at + pl_blocks_length(&g->blocks, k), others = 0;
        size_t *counts = g->places + k * g->count;
        memset(counts, 0, g->count * sizeof *counts);
        for (size_t to; at < last && others == 0; at = to) {
            to = last - at < PARALLEL_SORT_LOOK_ ? last : at + PARALLEL_SORT_LOOK_;
            others = to - at;
            for (size_t i = 0; i < g->same && others > 0; i++) {
                size_t same = pl_sort_same_count(item_at(g, at), to - at, g->splitters.sorted + i * size, size);
                counts[2 * i + 1] += same;
                others -= same;
            }
        }
        g->is_done[k] = others == 0;
    }
}

/* Where each group is; and in it, where each block's items go. False if some blocks are not done. */
static bool find_places(group_sort *g)
{
    size_t at = 0;
    for (size_t k = 0; k < g->blocks.count; k++)
        if (!g->is_done[k])
            return false;
    for (size_t i = 0; i < g->count; i++) {
        bool is_equal = g->splitters.sorted && i % 2;
        g->groups[i] = (group){.begin = at, .splitter = is_equal ? g->splitters.sorted + i / 2 * size_of(g) : NULL};
        for (size_t k = 0; k < g->blocks.count; k++) {
            size_t *place = &g->places[k * g->count + i], items = *place;
            *place = at;
            at += items;
        }
        g->groups[i].end = at;
    }
    return true;
}

static inline __attribute__((always_inline)) void deal_items(unsigned char *to, const unsigned char *from, size_t n,
                                                             const unsigned char *numbers, size_t *places, size_t size)
{
    for (size_t i = 0; i < n; i++)
        memcpy(to + places[numbers[i]]++ * size, from + i * size, size);
}

static void deal_blocks(size_t begin, size_t end, void *ctx)
{
    const group_sort *g = ctx;
    for (size_t k = begin; k < end; k++) {
        size_t at = pl_blocks_begin(&g->blocks, k), n = pl_blocks_length(&g->blocks, k), size = size_of(g);
        size_t *places = g->places + k * g->count;
        if (size == 4)
            deal_items(g->other, item_at(g, at), n, g->numbers + at, places, 4);
        else if (size == 8)
            deal_items(g->other, item_at(g, at), n, g->numbers + at, places, 8);
        else if (size == 16)
            deal_items(g->other, item_at(g, at), n, g->numbers + at, places, 16);
        else
            deal_items(g->other, item_at(g, at), n, g->numbers + at, places, size);
    }
}

/* ---- groups ---------------------------------------------------------------------------------------------- */

static void bring_back(group_sort *g, group *w)
{
    size_t size = size_of(g), bytes = (w->end - w->begin) * size;
    unsigned char *to = (unsigned char *)g->call->items + w->begin * size;
    if (bytes > 0 && g->same)
        pl_sort_same_fill(to, bytes, w->splitter, size);
    else if (bytes > 0)
        memcpy(to, g->other + w->begin * size, bytes);
    w->is_back = true;
}

/* Cuts large groups of equal items, which only have to come back. */
static void cut_groups(group_sort *g)
{
    size_t most = g->call->n / MORE_GROUPS + LEAST_BLOCK;
    for (size_t i = 0; i < g->count; i++) {
        group *w = &g->groups[i];
        if (!w->splitter || w->end - w->begin <= most)
            continue;
        g->groups[g->count] = *w;
        g->groups[g->count++].begin = w->end = w->begin + most;
    }
}

/* Brings back those that are elsewhere, if it has come to that, as the call has failed; and frees its memory. */
static void end_sort(void *sort)
{
    group_sort *g = sort;
    for (size_t i = 0; g->is_dealt && i < g->count; i++)
        if (!g->groups[i].is_back)
            bring_back(g, &g->groups[i]);
    pl_room_drop(&g->room);
}

static bool sort_group(group_sort *g, group *w)
{
    alignas(PL_LINE) unsigned char near[NEAR_ROOM];
    size_t size = size_of(g);
    parallel_sorting s;
    s.items = (unsigned char *)g->call->items + w->begin * size;
    s.other = g->other + w->begin * size;
    s.room = room_of(g, near);
    s.n = w->end - w->begin;
    w->is_back = true; /* if it ends otherwise than here, too */
    return pl_sort_some(&s, &g->call->order, true);
}

static void sort_groups(size_t begin, size_t end, void *ctx)
{
    group_sort *g = ctx;
    for (size_t k = begin; k < end; k++) {
        group *w = &g->groups[g->order[k]];
        if (w->splitter)
            bring_back(g, w);
        else if (!sort_group(g, w))
            g->is_done[g->order[k]] = false;
    }
}

/* There are two groups at least, which clang's analyser does not see. */
static size_t average_items(const group_sort *g)
{
    return g->call->n / (g->count > 0 ? g->count : 1);
}

/* Groups of more than twice as many items as the average come first. */
static void order_groups(group_sort *g)
{
    size_t large = 2 * average_items(g), at = 0;
    for (int is_large = 1; is_large >= 0; is_large--)
        for (size_t i = 0; i < g->count; i++)
            if ((g->groups[i].end - g->groups[i].begin > large) == is_large)
                g->order[at++] = (uint16_t)i;
    for (size_t i = 0; i < g->count; i++)
        g->is_done[i] = true; /* until one is not */
}

static int sort_all_groups(group_sort *g)
{
    cut_groups(g);
    pl_blocks blocks = {.n = g->call->n, .size = average_items(g), .count = g->count};
    order_groups(g);
    g->is_dealt = true;
    int result = run_loop(g, sort_groups, &blocks, PL_SORT_REPORTING);
    for (size_t i = 0; result == 0 && i < g->count; i++)
        if (!g->is_done[i])
            return pl_error_return(pl_sort_reason(g->call));
    return result;
}

/* ---- all ------------------------------------------------------------------------------------------------- */

static int sort_dealt(group_sort *g)
{
    int found = pl_sort_runs(g->call, &g->blocks, g->cost);
    if (found != 0)
        return found < 0 ? -1 : 0;
    pl_blocks_call(choose_splitters, g);
    if (g->is_stopped)
        return pl_error_return(pl_sort_reason(g->call));
    if (g->same && run_loop(g, count_blocks, &g->blocks, PL_SORT_SILENTLY) != 0)
        return -1;
    if (g->same && find_places(g))
        return sort_all_groups(g);
    g->same = 0;
    if (run_loop(g, classify_blocks, &g->blocks, PL_SORT_SILENTLY) != 0)
        return -1;
    if (!find_places(g))
        return pl_error_return(pl_sort_reason(g->call));
    if (run_loop(g, deal_blocks, &g->blocks, PL_SORT_SILENTLY) != 0)
        return -1;
    return sort_all_groups(g);
}

/* Blocks of so many items that there are enough of them, and not too many. */
static pl_blocks blocks_of(size_t n)
{
    size_t size = n / 16 < LEAST_BLOCK ? n / 16 : LEAST_BLOCK, fewest = pl_chunking_even(n, PL_SORT_BLOCKS);
    return pl_blocks_of_size(n, size > fewest ? size : fewest);
}

/* One piece of memory: the other place, places by blocks, rooms, and the numbers of groups. False: there is none. */
static bool take_memory(group_sort *g)
{
    const pl_sort_call *c = g->call;
    size_t size = c->order.type_size, alignment = c->order.type_align > PL_LINE ? c->order.type_align : PL_LINE;
    size_t room = pl_size_round(pl_size_multiply(PARALLEL_SORT_FEW_, size), alignment);
    bool is_near = room <= NEAR_ROOM && alignment == PL_LINE;
    size_t workers = !is_near ? parallel_worker_limit(c->has_options ? &c->merged : NULL) : 0;
    size_t rooms = pl_size_multiply(workers, room), items = pl_size_round(c->n * size, alignment);
    size_t places = pl_size_multiply(g->blocks.count * MOST_GROUPS, sizeof *g->places);
    size_t bytes = pl_size_add(pl_size_add(items, rooms), pl_size_add(places, c->n));
    if (!pl_room_take_aligned(&g->room, bytes, alignment))
        return false;
    g->other = g->room.start;
    g->rooms = workers ? g->other + items : NULL;
    g->places = (size_t *)(void *)(g->other + items + rooms);
    g->numbers = g->other + items + rooms + places;
    return true;
}

PL_NOT_INLINED int pl_sort_in_groups(pl_sort_call *c, pl_cost *cost)
{
    group_sort g;
    pl_cleanup cleanup;
    PL_UNWIND_CLEANS();
    g.call = c;
    g.cost = cost;
    g.blocks = blocks_of(c->n);
    g.work = (pl_blocks_work){.args = c->items, .arg_size = c->order.type_size};
    g.count = 0;
    g.is_dealt = g.is_stopped = false;
    g.same = 0;
    if (!take_memory(&g))
        return -1;
    pl_cleanup_begin(&cleanup, end_sort, &g);
    int result = sort_dealt(&g), saved = errno;
    pl_cleanup_end(&cleanup);
    end_sort(&g);
    errno = saved;
    return result;
}
