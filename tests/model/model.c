/* SPDX-License-Identifier: MIT */
/*
 * model [--deep | --bounds=PREEMPTIONS,WEAK,TOGETHER] [--seconds=N] [--part=K/N] [SCENARIO | !SCENARIO...]: explores
 * small scenarios on the lock-free parts, all or those so named or not: every interleaving and what memory may do,
 * within bounds (explore.h). Each for so many seconds at most; of all, every Nth from the Kth (counted from 0) on.
 *
 * model --litmus: small programs that pin down what the tester's memory does.
 */
#include "model/model.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/os.h"
#include "model/memory.h"

int ran[TASKS];
static int done_as[MODEL_THREADS];

void nothing(void)
{
}

/* ---- a pool whose workers are all there ---------------------------------------------------------------------- */

pl_pool *pool;
static int workers;

pl_worker *worker_number(int i)
{
    return pool->workers[i];
}

unsigned pl_pool_default_cores(void)
{
    return (unsigned)workers;
}

/* There is no pool yet; the program's will be of that size. */
void without_a_pool(int size)
{
    model_begin_anew();
    workers = size;
    memset(ran, 0, sizeof ran);
    memset(done_as, 0, sizeof done_as);
}

/* The program's pool is being ended, before there was one. */
void without_workers(void)
{
    pl_worker_become(NULL);
    memory_locals_of(0);
    pl_pool_end_all();
}

/* All threads exist, and search, when a scenario begins. They do not count as the pool's, which is not to take them for
 * too many; and there will be no more. */
void set_up_pool(int count, uint32_t slots)
{
    static pl_pool the_pool;
    static pl_worker the_workers[MODEL_THREADS];
    pool = &the_pool;
    without_a_pool(count);
    memset(&pool->sleep, 0, sizeof pool->sleep);
    memset(&pool->injector, 0, sizeof pool->injector);
    atomic_init(&pool->stopping, 0);
    atomic_init(&pool->waiting, 0);
    atomic_init(&pool->high, (uint32_t)count);
    atomic_init(&pool->threads, 0);
    atomic_init(&pool->no_threads_until, UINT64_MAX);
    atomic_init(&pool->sleep.searching, (uint32_t)count - 1);
    atomic_init(&pool->sleep.waking, (uint32_t)count - 1);
    pool->cpus = MODEL_THREADS + 1;
    pool->size = (unsigned)count;
    pool->can_fence = pl_os_fence_init();
    for (int i = 0; i < count; i++) {
        pl_worker *w = &the_workers[i];
        atomic_init(&pool->workers[i], w);
        memset(w, 0, sizeof *w);
        model_assert(pl_deque_init(&w->deque, slots));
        w->pool = pool;
        w->index = (unsigned)i;
        pl_worker_become(w);
        memory_locals_of(i);
    }
}

void two_workers(void)
{
    set_up_pool(2, 16);
}

void three_workers(void)
{
    set_up_pool(3, 16);
}

void be_a_worker(void)
{
    pl_worker_main(pl_worker_self());
}

void stop_pool(void)
{
    atomic_store_explicit(&pool->stopping, 1, memory_order_seq_cst);
    for (int i = 1; i < workers; i++)
        pl_unpark(&worker_number(i)->parker);
}

void pool_is_at_rest(void)
{
    model_assert(pool->sleep.searching == 0 || pool->sleep.searching == (uint32_t)workers - 1);
    model_assert(pool->waiting == 0);
    model_assert(pool->injector.count == 0 && pool->injector.drivers == 0 && !pool->injector.first &&
                 !pool->injector.last);
    for (int i = 0; i < workers; i++) {
        pl_worker *w = worker_number(i);
        model_assert(!w->activation && w->inside == 0 && w->tasks == 0);
        model_assert(w->deque.head == w->deque.base && !w->deque.overflow && w->deque.side_top == w->deque.side);
        model_assert(!pl_deque_has_public(&w->deque));
        model_assert(!pl_handoff_busy(&w->handoff) && !pl_handoff_offers(&w->handoff) && pl_handoff_open(&w->handoff));
        for (pl_slot *slot = w->deque.base; slot < w->deque.base + w->deque.reserve; slot++)
            model_assert(!slot->task && slot->state == 0);
    }
}

void event_wait(event *e)
{
    while (!atomic_load_explicit(&e->word, memory_order_acquire))
        pl_os_wait(&e->word, 0, -1);
}

void event_set(event *e)
{
    atomic_store_explicit(&e->word, 1, memory_order_release);
    for (int i = 1; i < MODEL_THREADS; i++)
        pl_os_wake(&e->word); /* all of them, one after the other */
}

/* ---- loops -------------------------------------------------------------------------------------------------- */

event met[2];

void work_as(unsigned participant)
{
    model_assert(participant < MODEL_THREADS);
    done_as[participant]++;
}

int run_iterations(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    (void)ctx;
    (void)stop;
    work_as(participant);
    for (size_t i = begin; i < end; i++)
        ran[i]++;
    return 0;
}

void run_loop(size_t n, pl_loop_body *body)
{
    pl_cost unknown = {0};
    pl_loop_run(&(pl_loop_spec){.n = n, .body = body, .cost = &unknown});
}

int meet(void *ctx, size_t begin, size_t end, void *stop, unsigned participant)
{
    for (size_t i = begin; i < end; i++) {
        event_set(&met[i]);
        event_wait(&met[!i]);
    }
    return run_iterations(ctx, begin, end, stop, participant);
}

/* ---- all scenarios ------------------------------------------------------------------------------------------- */

static const scenario *const all[] = {
    deque_scenarios,      room_scenarios,        sched_scenarios,   pool_scenarios,  task_scenarios, mixed_scenarios,
    background_scenarios, executor_scenarios,    process_scenarios, chain_scenarios, open_scenarios, watch_scenarios,
    stream_scenarios,     stream_ends_scenarios, trace_scenarios,   spare_scenarios, ranks_scenarios};

/* What the command line asks for. */
static struct {
    bounds bounds;
    unsigned seconds, part, parts; /* every so manyth scenario */
    char **names;
} asked = {.bounds = {2, 1, 2}, .parts = 1};

static void read_options(char **argument)
{
    for (; *argument && strncmp(*argument, "--", 2) == 0; argument++) {
        bounds *b = &asked.bounds;
        if (strcmp(*argument, "--deep") == 0)
            *b = (bounds){3, 1, 3};
        sscanf(*argument, "--bounds=%d,%d,%d", &b->preemptions, &b->weak, &b->together);
        sscanf(*argument, "--seconds=%u", &asked.seconds);
        sscanf(*argument, "--part=%u/%u", &asked.part, &asked.parts);
    }
    asked.names = argument;
}

static bool wanted(const char *name)
{
    bool any = false;
    for (char **n = asked.names; *n; n++) {
        if (**n == '!' && strstr(name, *n + 1))
            return false;
        any |= **n != '!';
        if (**n != '!' && strstr(name, *n))
            return true;
    }
    return !any;
}

static unsigned long look_at(const scenario *s, int number)
{
    clock_t start = clock();
    bounds b = asked.bounds;
    b.preemptions -= s->less;
    b.together -= s->less;
    bool cut;
    unsigned long executions = model_explore(s, b, asked.seconds, &cut);
    printf("ok %d - %s: %lu executions, %d preemptions, %d weak, together %d, %.2f s%s\n", number, s->name, executions,
           b.preemptions, b.weak, b.together, (double)(clock() - start) / CLOCKS_PER_SEC, cut ? ", cut off" : "");
    return executions;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--litmus") == 0)
        return run_litmus();
    read_options(argv + 1);
    int count = 0;
    unsigned long total = 0;
    unsigned place = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++)
        for (const scenario *s = all[k]; s->name; s++)
            if (wanted(s->name) && place++ % asked.parts == asked.part)
                total += look_at(s, ++count);
    printf("1..%d\n# %lu executions\n", count, total);
    return count ? 0 : 2;
}
