/* SPDX-License-Identifier: MIT */
/*
 * What the library's rule for pieces comes to on many ranks: a discrete-event simulation. The rule is the shipped one
 * (share.c is part of this program); ranks, the network and the items are not there, but their times are.
 *
 * Each rank has one thread. Home sends and receives through one link, a message at a time, which also costs the
 * messenger some time; and works itself. Printed is the efficiency: the least possible time, which is the larger one of
 * an even part of all work and the longest item, in parts of what the call takes. Beside it is that of what nobody does
 * better who does not know the items: each rank takes the next one when it has nothing to do, at no cost.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "executors/mpi/share.h"

#define LATENCY_NS 20e3  /* of a message */
#define MESSENGER_NS 2e3 /* to send or receive one */
#define LINK_NS 0.8      /* a byte, by 10 Gb/s */
#define BEGIN_NS 2e4     /* what a piece takes besides its tasks */
enum { ITEM_BYTES = 8, HEADER_BYTES = 128, MOST_PIECES_NOW = 1 << 18 };

/* What the pieces that are under way do next. */
typedef enum event_kind { ARRIVES, ENDS, RETURNS } event_kind;

typedef struct event {
    double at;
    event_kind kind;
    unsigned rank;
    uint64_t order; /* of those at the same time */
    size_t begin, end;
    double took;
} event;

typedef struct simulation {
    pl_pieces *p;
    double now;
    double *free_at; /* when each rank has run what has arrived there */
    double link_out, link_in;
    event *heap;
    size_t events;
    uint64_t made;
} simulation;

/* ---- items ----------------------------------------------------------------------------------------------------- */

typedef enum shape { EVEN, PARETO, SORTED, SHAPES } shape;
static const char *const shape_names[] = {"even", "Pareto", "sorted"};

static struct {
    shape shape;
    double mean;
    size_t n;
} items;

static double uniform(size_t i)
{
    uint64_t x = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((x ^ x >> 31) >> 11) * 0x1p-53 + 0x1p-54;
}

/* Pareto's has the exponent 1.5, and is cut at 1000 times the least. */
static double cost_of(size_t i)
{
    switch (items.shape) {
    case PARETO: {
        double factor = pow(uniform(i), -1 / 1.5);
        return items.mean / 3 * (factor < 1000 ? factor : 1000);
    }
    case SORTED:
        return 2 * items.mean * (double)i / (double)items.n;
    default:
        return items.mean;
    }
}

static double cost_of_all(size_t begin, size_t end, double *longest)
{
    double sum = 0;
    for (size_t i = begin; i < end; i++) {
        double cost = cost_of(i);
        sum += cost;
        if (longest && cost > *longest)
            *longest = cost;
    }
    return sum;
}

/* ---- events ---------------------------------------------------------------------------------------------------- */

static int is_before(const event *a, const event *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void add_event(simulation *s, event e)
{
    size_t k = s->events++;
    if (k == MOST_PIECES_NOW)
        abort();
    e.order = s->made++;
    for (; k && is_before(&e, &s->heap[(k - 1) / 2]); k = (k - 1) / 2)
        s->heap[k] = s->heap[(k - 1) / 2];
    s->heap[k] = e;
}

static event next_event(simulation *s)
{
    event first = s->heap[0], last = s->heap[--s->events];
    size_t k = 0, child;
    for (; (child = 2 * k + 1) < s->events; k = child) {
        child += child + 1 < s->events && is_before(&s->heap[child + 1], &s->heap[child]);
        if (!is_before(&s->heap[child], &last))
            break;
        s->heap[k] = s->heap[child];
    }
    s->heap[k] = last;
    return first;
}

/* When a message of so many items is through a link that is busy until then. */
static double pass_link(double *busy, double now, size_t tasks)
{
    double start = now > *busy ? now : *busy;
    *busy = start + MESSENGER_NS + LINK_NS * (double)(HEADER_BYTES + tasks * ITEM_BYTES);
    return *busy + LATENCY_NS;
}

/* ---- a call ---------------------------------------------------------------------------------------------------- */

static void assign_all(simulation *s)
{
    pl_pieces *p = s->p;
    for (unsigned rank; p->fresh < items.n && (rank = pl_share_choose(p)) != PL_SHARE_NONE;) {
        pl_pieces_peer *peer = &p->peers[rank];
        size_t size = pl_share_size(p, peer), begin = p->fresh;
        p->fresh += size;
        peer->count++;
        peer->tasks += size;
        pl_share_update(p, peer);
        double at = rank ? pass_link(&s->link_out, s->now, size) : s->now;
        add_event(s, (event){.at = at, .kind = ARRIVES, .rank = rank, .begin = begin, .end = begin + size});
    }
}

static void take_piece_back(simulation *s, const event *e)
{
    pl_pieces_peer *peer = &s->p->peers[e->rank];
    peer->count--;
    peer->tasks -= e->end - e->begin;
    pl_share_learn(s->p, peer, e->end - e->begin, (uint64_t)e->took);
    pl_share_update(s->p, peer);
}

static void handle(simulation *s, event e)
{
    double *free_at = &s->free_at[e.rank];
    switch (e.kind) {
    case ARRIVES:
        e.took = cost_of_all(e.begin, e.end, NULL) + BEGIN_NS;
        e.at = *free_at = (s->now > *free_at ? s->now : *free_at) + e.took;
        e.kind = ENDS;
        add_event(s, e);
        break;
    case ENDS:
        e.at = e.rank ? pass_link(&s->link_in, s->now, e.end - e.begin) : s->now;
        e.kind = RETURNS;
        add_event(s, e);
        break;
    default:
        take_piece_back(s, &e);
        assign_all(s);
    }
}

/* How long the call takes. */
static double simulate(unsigned ranks)
{
    static pl_call call;
    call.work.n = items.n;
    simulation s = {.p = calloc(1, sizeof *s.p + ranks * sizeof s.p->peers[0]),
                    .free_at = calloc(ranks, sizeof *s.free_at),
                    .heap = calloc(MOST_PIECES_NOW, sizeof *s.heap)};
    if (!s.p || !s.free_at || !s.heap)
        abort();
    s.p->call = &call;
    s.p->ranks = ranks;
    s.p->task_bytes = (size_t)2 * ITEM_BYTES;
    for (unsigned rank = 0; rank < ranks; rank++)
        s.p->peers[rank].threads = 1;
    pl_share_begin(s.p);
    assign_all(&s);
    while (s.events) {
        event e = next_event(&s);
        s.now = e.at;
        handle(&s, e);
    }
    free(s.p);
    free(s.free_at);
    free(s.heap);
    return s.now;
}

/* ---- without messages ------------------------------------------------------------------------------------------ */

/* How long it takes if each item goes to the rank that is free first: the times are a heap. */
static double take_in_turn(unsigned ranks)
{
    double *free_at = calloc(ranks, sizeof *free_at), last = 0;
    if (!free_at)
        abort();
    for (size_t i = 0; i < items.n; i++) {
        double at = free_at[0] + cost_of(i);
        size_t k = 0, child;
        for (; (child = 2 * k + 1) < ranks; k = child) {
            child += child + 1 < ranks && free_at[child + 1] < free_at[child];
            if (free_at[child] >= at)
                break;
            free_at[k] = free_at[child];
        }
        free_at[k] = at;
        last = at > last ? at : last;
    }
    free(free_at);
    return last;
}

int main(void)
{
    static const double means[] = {1e3, 1e6, 1e9};
    static const char *const mean_names[] = {"1 us", "1 ms", "1 s"};
    static const size_t each[] = {20000, 500, 50}; /* items for each rank, if they are not too many for home */
    enum { MOST_ITEMS = 20000000 };
    printf("items,shape,ranks,items_in_all,efficiency,without_messages\n");
    for (int m = 0; m < 3; m++)
        for (shape k = EVEN; k < SHAPES; k++)
            for (unsigned ranks = 10; ranks <= 10000; ranks *= 10) {
                items.shape = k;
                items.mean = means[m];
                items.n = each[m] * ranks < MOST_ITEMS ? each[m] * ranks : MOST_ITEMS;
                double longest = 0, even = cost_of_all(0, items.n, &longest) / ranks;
                double least = even > longest ? even : longest;
                printf("%s,%s,%u,%zu,%.3f,%.3f\n", mean_names[m], shape_names[k], ranks, items.n,
                       least / simulate(ranks), least / take_in_turn(ranks));
                fflush(stdout);
            }
    return 0;
}
