/* SPDX-License-Identifier: MIT */
/* Tasks: what their fast paths, in libparallel/task.h, leave to the library. deque/deque.h has the protocol. */
#include "base/assert.h"
#include "base/os.h"
#include "base/unwind.h"
#include "sched/pool.h"
#include "sched/trace.h"
#include "sched/wake.h"

/* How long a worker looks for work of its thief before it parks. */
#define WAIT_US 50

/* ---- runs from outside ----------------------------------------------------------------------------------- */

/* What a thread has on its stack for results that are kept: those of the pending tasks of a recursion, as a rule. */
#define SERIAL_BYTES 4096

/* Where there is no worker to be had: all tasks run in their push. That may be so because there is no memory at all. */
static void run_serially(const pl_task *task, pl_slot *slot)
{
    pl_deque d;
    pl_slot slots[2];
    alignas(PL_LINE) unsigned char kept[SERIAL_BYTES];
    pl_deque_init_serial(&d, slots);
    pl_deque_lend(&d, kept, sizeof kept);
    PL_UNWIND_BARRIER();
    task->run(&d.bounds, slot, d.head);
    pl_deque_end_serial(&d);
}

/* Starts the task, and notes how long it took. */
static void start_and_note(pl_worker *w, const pl_task *task, pl_slot *slot)
{
    bool traced = pl_trace_is_on();
    pl_trace_call call = {0};
    if (traced)
        call = pl_trace_call_begin();
    uint64_t start = pl_ticks(), waited = w->waited;
    pl_trace_own.pending = 0;
    pl_worker_start(w, task, slot);
    uint64_t now = pl_ticks();
    if (!w->is_thread && !w->activation->outer)
        pl_stats_count(&w->counters, PL_COUNT_BUSY, now - start - (w->waited - waited));
    if (!traced)
        return;
    pl_trace_run(call.number, start, now, 0, 1, 1);
    call.what = "run";
    call.name = task->name;
    call.n = 1;
    pl_trace_call_end(&call);
}

static void run_from_outside(const pl_task *task, pl_slot *slot)
{
    pl_worker *w = pl_worker_self();
    pl_activation activation = {.task = true};
    if (w)
        pl_worker_enter(w, &activation);
    if (!w || pl_pool_stopping(w->pool)) {
        if (w)
            pl_worker_exit(w);
        run_serially(task, slot);
        return;
    }
    pl_pool_start_threads(w->pool, w->pool->size - 1, PL_GROWTH_TO_SIZE);
    pl_os_ambient ambient;
    pl_os_ambient_get(&ambient);
    pl_worker_show(w, &ambient);
    pl_deque *d = &w->deque;
    pl_slot *head = d->head;
    pl_deque_find_head(d);
    start_and_note(w, task, slot);
    d->head = head;
    pl_worker_exit(w);
    if (!w->activation)
        pl_deque_trim(d);
    pl_worker_end_call();
}

void parallel_task_run(const parallel_task *task, parallel_slot *slot)
{
    int state = pl_os_cancel_defer();
    run_from_outside(task, slot);
    pl_os_cancel_restore(state);
}

/* ---- spawn ----------------------------------------------------------------------------------------------- */

/* After a slow path that has, or has not, published some of the tasks below `head`: what is private from here on is so
 * because nobody wants it. A worker that goes to sleep later looks for itself (W28 and pl_deque_claim()). */
static void look_after(pl_worker *w, pl_slot *head, bool published)
{
    pl_deque *d = &w->deque;
    if (!published && !pl_deque_has_public(d) && pl_pool_idle(w->pool)) {
        published = pl_deque_share(d, head, PL_SHARE_HALF);
        if (!published)
            pl_deque_ask(d);
    }
    if (published)
        pl_wake_call_for_help(w, PL_GROWTH_TO_SIZE);
}

static void *data_of(const pl_task *task, pl_slot *slot)
{
    return pl_task_fits(task) ? (void *)slot->data : *(void **)(void *)slot->data;
}

/* There is no room for the task, which is at `slot`, with nothing above: runs it. */
static void run_now(pl_deque *d, pl_slot *slot, const pl_task *task)
{
    void *data = data_of(task, slot);
    pl_slot *head = d->head;
    d->head = slot;
    PL_UNWIND_BARRIER();
    task->run(&d->bounds, slot, slot);
    d->head = head;
    pl_deque_keep(d, slot, data, task->size);
    if (!pl_task_fits(task))
        pl_deque_side_release(d, data);
}

parallel_slot *parallel_task_push(parallel_worker *worker, parallel_slot *slot)
{
    pl_deque *d = (pl_deque *)worker;
    bool published;
    /* W29 relaxed: the owner's own; no partner */
    const pl_task *task = atomic_load_explicit(&slot->task, memory_order_relaxed);
    if (!pl_deque_push_slow(d, slot, &published)) {
        run_now(d, slot, task);
        return slot;
    }
    look_after((pl_worker *)d, slot + 1, published);
    return slot + 1;
}

void *parallel_task_reserve(parallel_worker *worker, size_t size)
{
    return pl_deque_side((pl_deque *)worker, size);
}

void parallel_task_release(parallel_worker *worker, void *room)
{
    pl_deque_side_release((pl_deque *)worker, room);
}

void parallel_task_run_now(parallel_worker *worker, parallel_slot *slot, const parallel_task *task)
{
    run_now((pl_deque *)worker, slot, task);
}

/* ---- join ------------------------------------------------------------------------------------------------ */

/* Steals from the thief of `slot` what it has spawned for it, and runs that. False if it has nothing. */
static bool leapfrog_thief(pl_worker *w, pl_worker *thief, const pl_slot *slot)
{
    pl_slot *stolen;
    const pl_task *task;
    pl_steal got = pl_worker_steal(w, thief, &stolen, &task);
    if (got == PL_STEAL_GOT)
        pl_worker_run_if(!(pl_slot_state(slot) & PL_SLOT_ENDED), w, thief, stolen, task);
    return got != PL_STEAL_EMPTY;
}

static void note_wait(pl_worker *w, uint64_t since, uint64_t now)
{
    w->waited += now - since;
    if (pl_trace_is_on())
        pl_trace_record(PL_TRACE_WAIT, 0, since, now, 0, 0, 0);
}

/* Helps until the stolen task in `slot` has ended. Returns its state. */
static unsigned wait_for(pl_worker *w, pl_slot *slot)
{
    pl_pool *pool = w->pool;
    uint64_t patience = pl_pool_crowded(pool) ? 0 : WAIT_US * pl_os_ticks_per_us();
    uint64_t start = pl_ticks(), now = start;
    unsigned state;
    while (!((state = pl_slot_state(slot)) & PL_SLOT_ENDED)) {
        unsigned number = state / PL_SLOT_THIEF;
        pl_worker *thief = number ? pl_pool_worker(pool, number - 1) : NULL;
        if (thief && leapfrog_thief(w, thief, slot)) {
            note_wait(w, start, now);
            start = now = pl_ticks();
            continue;
        }
        now = pl_ticks();
        if (now - start < patience) {
            pl_pause();
            continue;
        }
        if (!thief) {
            pl_os_yield(); /* it has not said yet who it is */
            continue;
        }
        if (!(pl_slot_await(slot) & PL_SLOT_ENDED) && !pl_worker_uncover(w, thief))
            pl_park(&w->parker, -1);
        pl_slot_unawait(slot);
    }
    note_wait(w, start, pl_ticks());
    return state;
}

/* The task in `slot` has been stolen. Its result, or NULL if it was given back. */
static void *join_stolen(pl_worker *w, pl_slot *slot, const pl_task *task)
{
    unsigned state = pl_slot_state(slot);
    if (!(state & PL_SLOT_ENDED)) {
        pl_slot *head = w->deque.head;
        w->deque.head = slot + 1;
        pl_wake_waiter_begins(w->pool);
        state = wait_for(w, slot);
        pl_wake_waiter_ends(w->pool);
        w->deque.head = head;
    }
    pl_deque_forget(&w->deque, slot);
    if (state & PL_SLOT_RETURNED)
        return NULL;
    void *result = data_of(task, slot);
    if (!pl_task_fits(task))
        pl_deque_side_release(&w->deque, result); /* it stays as it is until the next spawn */
    return result;
}

void *parallel_task_pop(parallel_worker *worker, parallel_slot *slot, const parallel_task *task, parallel_slot **head)
{
    pl_deque *d = (pl_deque *)worker;
    pl_worker *w = (pl_worker *)d;
    bool published;
    if (d->overflowed) {
        *head = slot + 1;
        return pl_deque_kept(d, slot);
    }
    *head = slot;
    if (pl_deque_pop_slow(d, slot, PL_TAKE_HALF, &published) == PL_POP_STOLEN)
        return join_stolen(w, slot, task);
    look_after(w, slot, published);
    return NULL;
}
