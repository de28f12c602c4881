/* SPDX-License-Identifier: MIT */
/* The participants of a for_each: what they have, make public, take and add; and a caller that waits. for_each.h says
 * how they work together. */
#include "collections/for_each_parts.h"

#include <errno.h>
#include <string.h>

#include "base/os.h"
#include "call/failure.h"
#include "sched/stop.h"

/* ---- participants ---------------------------------------------------------------------------------------- */

void pl_for_each_init_part(pl_for_each_part *part, pl_for_each *e)
{
    pl_bag_init(&part->bag, &e->shape);
    part->each = e;
    part->participant = NULL;
    part->want = part->limit = 1;
    part->number = part->numbers = part->added = 0;
    part->ticks = part->items = 0;
    part->far = NULL;
}

/* The caller is about to have others come: makes what they need. False if there is no memory; then none do. */
static bool make_others(pl_for_each *e)
{
    if (e->others || e->count == 1)
        return e->others;
    e->others = pl_results_allocate((e->count - 1) * sizeof *e->others, alignof(pl_for_each_part));
    for (unsigned i = 1; e->others && i < e->count; i++)
        pl_for_each_init_part(pl_for_each_part_at(e, i), e);
    if (e->others)
        for (unsigned i = 1; i < e->count; i++)
            pl_for_each_part_at(e, i)->want = e->first.want;
    return e->others;
}

bool pl_for_each_has_public(const pl_for_each *e)
{
    for (unsigned i = 0; i < pl_for_each_parts(e); i++)
        if (pl_bag_has_public(&pl_for_each_part_at((pl_for_each *)e, i)->bag))
            return true;
    return false;
}

static bool steal_items(pl_for_each *e, pl_for_each_part *part, unsigned me)
{
    for (unsigned k = 1; k < pl_for_each_parts(e); k++)
        if (pl_bag_steal(&pl_for_each_part_at(e, (me + k) % e->count)->bag, &part->bag))
            return true;
    return false;
}

pl_for_each_part *pl_for_each_enter(pl_for_each *e, pl_participant *p, unsigned participant)
{
    bool has_others = p && (participant > 0 || make_others(e));
    pl_for_each_part *part = pl_for_each_part_at(e, participant);
    if (part->bag.count == 0 && !pl_bag_take_back(&part->bag) && !steal_items(e, part, participant))
        return NULL;
    part->participant = has_others ? p : NULL;
    if (has_others)
        pl_for_each_offer(part, part->want);
    return part;
}

void pl_for_each_leave(pl_for_each_part *part)
{
    part->participant = NULL;
}

/* There are public items: sees to it that others come. */
static void offer_public(pl_for_each_part *part)
{
    pl_loop_offer(part->participant);
    if (part->each->waits)
        pl_for_each_tell(part->each);
}

void pl_for_each_offer(pl_for_each_part *part, size_t keep)
{
    size_t limit = 2 * part->want;
    pl_bag_publish(&part->bag, keep);
    part->limit = part->bag.count + (limit > part->each->shape.room ? limit : part->each->shape.room);
    if (pl_for_each_has_public(part->each))
        offer_public(part);
}

/* ---- adding ---------------------------------------------------------------------------------------------- */

pl_for_each_part *pl_for_each_here(void)
{
    return pl_context_thread.context ? pl_context_thread.context->part : NULL;
}

/* The number of an item that comes now. */
static size_t next_number(pl_for_each_part *part)
{
    pl_for_each *e = part->each;
    if (part->numbers == 0) {
        pthread_mutex_lock(&e->mutex);
        part->number = e->numbers;
        e->numbers += PL_FOR_EACH_NUMBERS;
        pthread_mutex_unlock(&e->mutex);
        part->numbers = PL_FOR_EACH_NUMBERS;
    }
    part->numbers--;
    return part->number++;
}

static void fill_record(const pl_for_each *e, unsigned char *record, const void *item, size_t number)
{
    memcpy(record, &number, sizeof number);
    memcpy(record + e->offset, item, e->call->work.function.arg_size);
}

bool pl_for_each_push(pl_for_each_part *part, const void *item, size_t number)
{
    unsigned char *record = pl_bag_push(&part->bag);
    if (record)
        fill_record(part->each, record, item, number);
    return record;
}

/* The same in public, and offers it. */
static bool put_item(pl_for_each_part *part, const void *item, size_t number)
{
    unsigned char *record = pl_bag_begin_put(&part->bag);
    if (!record)
        return false;
    fill_record(part->each, record, item, number);
    pl_bag_end_put(&part->bag);
    offer_public(part);
    return true;
}

int pl_for_each_add(pl_for_each_part *part, const void *item)
{
    int saved = errno;
    size_t number = next_number(part);
    bool is_public = part->participant && part->want == 1;
    if (!(is_public ? put_item(part, item, number) : pl_for_each_push(part, item, number)))
        return pl_error_return(ENOMEM);
    part->added++;
    if (part->participant && part->bag.count > part->limit)
        pl_for_each_offer(part, part->want);
    errno = saved;
    return 0;
}

int pl_for_each_over(const pl_for_each *e)
{
    return pl_call_over(e->call);
}

/* ---- a caller that waits --------------------------------------------------------------------------------- */

typedef struct wait_for {
    pl_for_each *each;
    uint64_t until;
} wait_for;

static bool has_come(void *context)
{
    const wait_for *w = context;
    pl_for_each *e = w->each;
    return pl_for_each_has_public(e) || pl_for_each_next_due(e) < w->until || pl_for_each_over(e);
}

static void set_sleeps(pl_for_each *e, bool sleeps)
{
    pthread_mutex_lock(&e->mutex);
    e->caller_sleeps = sleeps;
    pthread_mutex_unlock(&e->mutex);
}

/* That it sleeps is set before it looks, and read, with the mutex, after what it is to see has been made: one of the
 * two sees the other. */
void pl_for_each_wait(pl_for_each *e)
{
    const pl_policy *policy = &e->call->policy;
    uint64_t due = pl_for_each_next_due(e), until = due;
    if (policy->deadline && policy->deadline < until)
        until = policy->deadline + 1;
    set_sleeps(e, true);
    pl_stop_sleep(pl_context_root(pl_context_thread.context), until, has_come, &(wait_for){e, due});
    set_sleeps(e, false);
}

void pl_for_each_tell(pl_for_each *e)
{
    pthread_mutex_lock(&e->mutex);
    bool sleeps = e->caller_sleeps;
    pthread_mutex_unlock(&e->mutex);
    if (sleeps)
        pl_stop_notify(pl_context_root(pl_context_thread.context));
}
