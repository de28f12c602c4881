/* SPDX-License-Identifier: MIT */
/*
 * stress [SECONDS [SEED]]: random programs on the public API, from several threads, each checked against the serial
 * model.
 *
 * A random program is a tree of calls: maps, maps into a vector, loops, trees of tasks; of random sizes, costs, worker
 * counts, on random pools; some items make such a call again, some fail, with and without `silent`. Every task's
 * execution is counted. In a build with planted delays the scheduler's windows are wide. The seed of each round is
 * printed when something is wrong; a watchdog tells a hang, with the seeds in progress.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <parallel.h>

#include "common.h"

enum { THREADS = 3, DEPTH = 3, MOST = 300, POOLS = 3, HANG_SECONDS = 60 };

static parallel_pool *pools[POOLS];

static _Atomic unsigned long long in_progress[THREADS];
static _Atomic unsigned long long rounds, tasks;
static _Atomic int wrong;
static double end_time;

static void complain(unsigned long long seed, const char *what)
{
    fprintf(stderr, "stress: seed %llu: %s\n", seed, what);
    atomic_store_explicit(&wrong, 1, memory_order_relaxed);
}

/* ---- a random call, and what it must come to --------------------------------------------------------------- */

/* Everything about a call follows from its seed. */
typedef struct plan {
    unsigned long long seed;
    int depth;
    size_t n;
    int workers;
    parallel_pool *pool;
    enum kind { FOR, INTO, MAP, TASKS, KINDS } kind;
    bool silent;
    unsigned nests, fails, spins; /* one item in so many; 0: none */
    bool ends_early;              /* it fails, and its items' calls may end when it does */
    bool is_unchecked;            /* an item of such a call makes it, and nobody uses what it gives */
} plan;

static plan plan_of(unsigned long long seed, int depth)
{
    unsigned long long r = scramble(seed);
    static const int workers[] = {0, 0, 1, 2, 3, 8};
    plan p = {.seed = seed, .depth = depth};
    p.n = r % 4 == 0 ? r / 4 % 4 : r / 4 % (depth ? MOST / 8 : MOST) + 1;
    p.workers = workers[r / 4096 % 6];
    p.kind = (enum kind)(r / 65536 % KINDS);
    p.silent = r / 262144 % 2;
    p.nests = depth < DEPTH ? (unsigned)(r / 524288 % 3 ? 0 : 7) : 0;
    p.fails = r / 4194304 % 4 ? 0 : 11;
    p.spins = r / 16777216 % 2 ? 0 : 5;
    p.pool = r / 33554432 % 2 ? NULL : pools[r / 67108864 % POOLS];
    return p;
}

typedef struct item {
    const plan *plan;
    size_t index;
} item;

static unsigned long long item_seed(const item *it)
{
    return scramble(it->plan->seed * 31 + it->index) | 1;
}

static bool item_fails(const item *it)
{
    return it->plan->fails && item_seed(it) / 8 % it->plan->fails == 0;
}

static unsigned long long run_call(unsigned long long seed, int depth, bool is_unchecked);

/* The task: its value is a function of the item alone. */
static int run_item(const item *it, unsigned long long *result, void *counts)
{
    unsigned long long seed = item_seed(it);
    const plan *p = it->plan;
    atomic_fetch_add_explicit((_Atomic unsigned *)counts + it->index, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&tasks, 1, memory_order_relaxed);
    if (p->spins && seed % p->spins == 0)
        for (volatile unsigned i = seed / 64 % 3000; i; i--) {
        }
    if (seed % 97 == 0)
        sched_yield();
    unsigned long long value = seed;
    if (p->nests && seed / 128 % p->nests == 0)
        value += run_call(seed, p->depth + 1, p->ends_early);
    if (item_fails(it))
        return parallel_fail(1000 + (int)(it->index % 1000), "item %zu of %llu", it->index, p->seed);
    *result = value;
    return 0;
}
PARALLEL_DECORATE_TASK(run_item, item, unsigned long long);

typedef struct for_context {
    const item *items;
    unsigned long long *out;
    _Atomic unsigned *counts;
} for_context;

static void run_items(size_t begin, size_t end, void *context)
{
    const for_context *c = context;
    for (size_t i = begin; i < end; i++)
        if (run_item(&c->items[i], &c->out[i], c->counts) != 0)
            c->out[i] = 0;
}

/* A part of the items, by value, whether it fits into a slot or not. */
typedef struct part {
    const for_context *context;
    size_t begin, end;
    char ballast[200];
} part;

PARALLEL_TASK_DECLARE(size_t, run_part, const for_context *, c, size_t, begin, size_t, end);
PARALLEL_TASK(size_t, run_large_part, part, p)
{
    return PARALLEL_CALL(run_part, p.context, p.begin, p.end);
}

/* Runs items by tasks that part them at random, some in many parts at once. Returns how many. */
PARALLEL_TASK_DEFINE(size_t, run_part, const for_context *, c, size_t, begin, size_t, end)
{
    if (end - begin <= 1) {
        run_items(begin, end, (void *)c);
        return end - begin;
    }
    unsigned long long r = scramble(item_seed(&c->items[begin]) + end);
    size_t parts = r % 4 ? 2 + r / 4 % 3 : end - begin, ran = 0;
    bool large = r / 64 % 8 == 0;
    for (size_t i = 1; i < parts; i++) {
        size_t from = begin + (end - begin) * i / parts, to = begin + (end - begin) * (i + 1) / parts;
        if (large)
            PARALLEL_SPAWN(run_large_part, ((part){.context = c, .begin = from, .end = to}));
        else
            PARALLEL_SPAWN(run_part, c, from, to);
    }
    ran += PARALLEL_CALL(run_part, c, begin, begin + (end - begin) / parts);
    for (size_t i = 1; i < parts; i++)
        ran += large ? PARALLEL_SYNC(run_large_part) : PARALLEL_SYNC(run_part);
    return ran;
}

/* The failure that a call must report is at the lowest index among those that ran; which ran, is not known. */
static void check_failure(const plan *p, const item *items, _Atomic unsigned *counts)
{
    const parallel_failure *f = parallel_last_failure();
    char message[64];
    if (!f || f->index >= p->n || !item_fails(&items[f->index]) || f->code != 1000 + (int)(f->index % 1000)) {
        complain(p->seed, "a wrong failure is reported");
        return;
    }
    snprintf(message, sizeof message, "item %zu of %llu", f->index, p->seed);
    if (strcmp(message, f->message) != 0 || f->arg != &items[f->index] || errno != f->code)
        complain(p->seed, "the failure is not described right");
    for (size_t i = 0; i < f->index; i++)
        if (counts[i] && item_fails(&items[i]))
            complain(p->seed, "a failure with a lower index ran");
}

static unsigned long long sum_of(const plan *p, const unsigned long long *values, _Atomic unsigned *counts, bool all)
{
    unsigned long long sum = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (counts[i] > 1 || (all && counts[i] != 1))
            complain(p->seed, "an item did not run exactly once");
        sum += values[i];
    }
    return sum;
}

static unsigned long long run_map(const plan *p, const item *items, _Atomic unsigned *counts, bool failing)
{
    PARALLEL_SCOPED parallel_results *r = parallel_map(run_item, items, p->n, .max_workers = p->workers,
                                                       .pool = p->pool, .silent = p->silent, .extras = (void *)counts);
    if (p->is_unchecked)
        return 0;
    if (!r && failing && !p->silent) {
        check_failure(p, items, counts);
        return 0;
    }
    if (!r || (failing && !p->silent)) {
        complain(p->seed, "a call ended in the wrong way");
        return 0;
    }
    for (size_t i = 0; i < p->n; i++)
        if ((parallel_result(r, i) == NULL) != item_fails(&items[i]))
            complain(p->seed, "a wrong item failed");
    return p->n ? sum_of(p, parallel_values(r), counts, true) : 0;
}

static unsigned long long run_into(const plan *p, const item *items, _Atomic unsigned *counts, bool failing,
                                   unsigned long long *out)
{
    for_context c = {items, out, counts};
    if (p->kind == TASKS && p->n > 0 && PARALLEL_RUN(run_part, &c, 0, p->n) != p->n)
        complain(p->seed, "a task's result is wrong");
    if (p->kind == FOR && parallel_for(p->n, run_items, &c, .max_workers = p->workers, .pool = p->pool) != 0 &&
        !p->is_unchecked)
        complain(p->seed, "a loop failed");
    if (p->kind == FOR || p->kind == TASKS)
        return p->is_unchecked ? 0 : sum_of(p, out, counts, true);
    int rc = parallel_map_into(run_item, items, p->n, out, .max_workers = p->workers, .pool = p->pool,
                               .silent = p->silent, .extras = (void *)counts);
    if (p->is_unchecked)
        return 0;
    if ((rc != 0) != failing)
        complain(p->seed, "a call ended in the wrong way");
    if (rc != 0)
        check_failure(p, items, counts);
    unsigned long long sum = sum_of(p, out, counts, !failing || p->silent);
    return failing && !p->silent ? 0 : sum;
}

/* Runs a random call in parallel, and gives its sum: of what succeeded, or 0 if the call had to fail. */
static unsigned long long run_call(unsigned long long seed, int depth, bool is_unchecked)
{
    plan p = plan_of(seed, depth);
    item items[MOST];
    unsigned long long out[MOST];
    _Atomic unsigned counts[MOST];
    bool failing = false;
    for (size_t i = 0; i < p.n; i++) {
        items[i] = (item){&p, i};
        out[i] = 0;
        atomic_init(&counts[i], 0);
        failing |= item_fails(&items[i]);
    }
    p.is_unchecked = is_unchecked;
    p.ends_early = is_unchecked || (failing && !p.silent && (p.kind == MAP || p.kind == INTO));
    return p.kind == MAP ? run_map(&p, items, counts, failing) : run_into(&p, items, counts, failing, out);
}

/* The same by a serial loop. */
static unsigned long long model_call(unsigned long long seed, int depth)
{
    const plan p = plan_of(seed, depth);
    unsigned long long sum = 0;
    bool failing = false;
    for (size_t i = 0; i < p.n; i++) {
        item it = {&p, i};
        unsigned long long s = item_seed(&it);
        failing |= item_fails(&it);
        if (!item_fails(&it))
            sum += s + (p.nests && s / 128 % p.nests == 0 ? model_call(s, depth + 1) : 0);
    }
    return failing && !p.silent && (p.kind == INTO || p.kind == MAP) ? 0 : sum;
}

/* ---- threads ----------------------------------------------------------------------------------------------- */

static void *run_rounds(void *number)
{
    int me = *(int *)number;
    unsigned long long seed = atomic_load_explicit(&in_progress[me], memory_order_relaxed);
    while (seconds() < end_time && !atomic_load_explicit(&wrong, memory_order_relaxed)) {
        seed = scramble(seed + 1);
        atomic_store_explicit(&in_progress[me], seed, memory_order_relaxed);
        if (run_call(seed, 0, false) != model_call(seed, 0))
            complain(seed, "the sum is wrong");
        atomic_fetch_add_explicit(&rounds, 1, memory_order_relaxed);
        if (seed % 64 == 0)
            usleep(1000); /* let the workers go to sleep */
    }
    return NULL;
}

/* Ends the program if no round ends for long. */
static void *watch(void *unused)
{
    unsigned long long last = 0;
    double since = seconds();
    (void)unused;
    for (;;) {
        usleep(100000);
        unsigned long long now = atomic_load_explicit(&rounds, memory_order_relaxed);
        if (now != last)
            since = seconds();
        last = now;
        if (seconds() - since > HANG_SECONDS) {
            fprintf(stderr, "stress: hang; seeds in progress:");
            for (int i = 0; i < THREADS; i++)
                fprintf(stderr, " %llu", atomic_load_explicit(&in_progress[i], memory_order_relaxed));
            fprintf(stderr, "\n");
            abort();
        }
    }
}

int main(int argc, char **argv)
{
    double duration = argc > 1 ? atof(argv[1]) : 5;
    unsigned long long seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    pthread_t threads[THREADS], watchdog;
    static int numbers[THREADS];
    end_time = seconds() + duration;
    for (int i = 0; i < POOLS; i++)
        pools[i] = parallel_pool_new(i + 1);
    pthread_create(&watchdog, NULL, watch, NULL);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        atomic_store_explicit(&in_progress[i], seed + (unsigned long long)i, memory_order_relaxed);
        if (pthread_create(&threads[i], NULL, run_rounds, &numbers[i]) != 0)
            return 2;
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < POOLS; i++)
        parallel_pool_free(pools[i]);
    bool good = !atomic_load_explicit(&wrong, memory_order_relaxed);
    printf("%s 1 - %llu random programs, %llu tasks, first seed %llu\n1..1\n", good ? "ok" : "not ok",
           atomic_load_explicit(&rounds, memory_order_relaxed), atomic_load_explicit(&tasks, memory_order_relaxed),
           seed);
    return good ? 0 : 1;
}
