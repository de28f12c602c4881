/* SPDX-License-Identifier: MIT */
/* Making, keeping and ending worker groups: the program's side. */
#include "executors/process/group.h"
#include "call/context.h"
#include "call/handle.h"

#include <errno.h>
#include <stdlib.h>

#include "base/life.h"
#include "base/os.h"
#include "sched/fork_lock.h"

/* How many worker groups without a call are kept. */
enum { KEPT = 4 };

static void become_child(void);

static pl_fork_lock guard = PL_FORK_LOCK(become_child);

/* All groups of this process, those that are not busy being kept; and all owners but the program. The lists change
 * under the mutex, by one pointer at a time: the child of a fork() finds them whole, whatever another thread was
 * doing. */
static _Atomic(pl_group *) groups;
static _Atomic(pl_group_owner *) owners;
static uint64_t last_number; /* of an owner, so far */

/* ---- lists ------------------------------------------------------------------------------------------------ */

static pl_group *group_at(const _Atomic(pl_group *) *link)
{
    /* P160 relaxed: under the mutex, or in a child with one thread; pairs with P161 */
    return atomic_load_explicit((_Atomic(pl_group *) *)link, memory_order_relaxed);
}

static void set_group(_Atomic(pl_group *) *link, pl_group *group)
{
    /* P161 release: what is in the list is whole, at whatever moment another thread forks; pairs with P160 */
    atomic_store_explicit(link, group, memory_order_release);
}

static pl_group_owner *owner_at(const _Atomic(pl_group_owner *) *link)
{
    /* P162 relaxed: as P160; pairs with P163 */
    return atomic_load_explicit((_Atomic(pl_group_owner *) *)link, memory_order_relaxed);
}

static void set_owner(_Atomic(pl_group_owner *) *link, pl_group_owner *owner)
{
    /* P163 release: as P161; pairs with P162 */
    atomic_store_explicit(link, owner, memory_order_release);
}

/* ---- making and ending ----------------------------------------------------------------------------------- */

static void free_group(pl_group *group)
{
    free(group->pids);
    free(group->generations);
    free(group->starts);
    free(group->killed);
    free(group);
}

static void discard_group(pl_group *group)
{
    pl_arena_give(&group->block);
    free_group(group);
}

/* With the mutex held. */
static void unlink_group(const pl_group *group)
{
    _Atomic(pl_group *) *link = &groups;
    for (pl_group *c; (c = group_at(link)) && c != group;)
        link = &c->next;
    if (group_at(link))
        set_group(link, group_at(&group->next));
}

void pl_group_end(pl_group *group)
{
    int saved = errno;
    pl_fork_lock_take(&guard);
    unlink_group(group);
    pl_fork_lock_drop(&guard);
    if (pl_group_is_foreign(group)) { /* it is the parent process's, and so is all that it has */
        errno = saved;
        return;
    }
    /* P60 release: the last word; pairs with P61 */
    atomic_store_explicit(&group->board->ending, 1, memory_order_release);
    pl_os_apart_end(&group->apart);
    discard_group(group);
    errno = saved;
}

/* A busy group of so many slots, without a supervisor. NULL if there is no memory. */
static pl_group *make_group(uint64_t owner, unsigned slots, pl_group_kind kind, size_t index_at)
{
    pl_group *group = calloc(1, sizeof *group);
    if (!group)
        return NULL;
    group->owner = owner;
    group->kind = kind;
    group->kept = kind != PL_GROUP_ONCE;
    group->workers = slots;
    group->index_at = index_at;
    group->pids = calloc(slots, sizeof *group->pids);
    group->generations = calloc(slots, sizeof *group->generations);
    group->starts = calloc(slots, sizeof *group->starts);
    group->killed = calloc(slots, sizeof *group->killed);
    if (!group->pids || !group->generations || !group->starts || !group->killed ||
        !pl_arena_take(&group->block, pl_board_bytes(slots))) {
        free_group(group);
        return NULL;
    }
    group->board = group->block.start;
    group->busy = true;
    pl_board_init(group->board, slots, index_at);
    pl_coordinator_init(&group->coordinator, group->board, slots, index_at);
    return group;
}

/* Notes what there is now, when the supervisor is about to be forked: is_fit() compares it with what there is later. */
static void note_surroundings(pl_group *group)
{
    group->forks = pl_pool_forks();
    group->regions = pl_arena_regions();
    group->images = pl_os_images();
    group->program = pl_os_self();
    if (group->kept)
        pl_os_attributes_get(&group->attributes);
}

/* Makes a group, with `slots` for workers, of which `workers` are wanted now, and forks its supervisor. NULL with
 * errno. */
static pl_group *start_group(uint64_t owner, unsigned workers, unsigned slots, pl_group_kind kind, size_t index_at)
{
    pl_group *group = make_group(owner, slots, kind, index_at);
    if (!group) {
        errno = ENOMEM;
        return NULL;
    }
    note_surroundings(group);
    pl_group_want(group, workers);
    int error = pl_os_fork_apart(&group->apart, pl_group_run_supervisor, group);
    if (error) {
        discard_group(group);
        errno = error;
        return NULL;
    }
    pl_fork_lock_take(&guard);
    set_group(&group->next, group_at(&groups));
    set_group(&groups, group);
    pl_fork_lock_drop(&guard);
    return group;
}

/* ---- keeping --------------------------------------------------------------------------------------------- */

static bool is_fit(const pl_group *group)
{
    return group->images == pl_os_images() && group->regions >= pl_arena_regions() && !pl_group_is_gone(group) &&
           !pl_coordinator_unavailable(&group->coordinator) && pl_os_attributes_are(&group->attributes);
}

/* Whether there is such an owner. With the mutex held. */
static bool has_owner(uint64_t number)
{
    const pl_group_owner *owner = owner_at(&owners);
    while (owner && owner->number != number)
        owner = owner_at(&owner->next);
    return owner || number == PL_PROGRAM_GROUPS;
}

/* Makes an idle group of this owner busy; NULL if there is none. */
static pl_group *take_idle(uint64_t owner)
{
    pl_fork_lock_take(&guard);
    pl_group *group = group_at(&groups);
    while (group && (group->busy || group->owner != owner))
        group = group_at(&group->next);
    if (group)
        group->busy = true;
    pl_fork_lock_drop(&guard);
    return group;
}

pl_group *pl_group_open(uint64_t owner, unsigned workers, pl_group_kind kind, size_t index_at)
{
    workers = workers < PL_BOARD_SLOTS ? workers : PL_BOARD_SLOTS;
    for (pl_group *group; kind != PL_GROUP_ONCE && (group = take_idle(owner));) {
        if (group->workers >= workers && is_fit(group)) {
            pl_group_want(group, workers);
            return group;
        }
        pl_group_end(group);
    }
    unsigned cores = pl_pool_cores(), slots = kind == PL_GROUP_PERSISTENT && cores > workers ? cores : workers;
    return start_group(owner, workers, slots, kind, index_at);
}

void pl_group_keep(pl_group *group)
{
    unsigned count = 0;
    pl_fork_lock_take(&guard);
    for (const pl_group *other = group_at(&groups); other; other = group_at(&other->next))
        count += other->owner == group->owner && !other->busy;
    bool keep = group->kept && count < KEPT && !pl_group_is_foreign(group) && has_owner(group->owner);
    if (keep)
        group->busy = false;
    pl_fork_lock_drop(&guard);
    if (!keep)
        pl_group_end(group);
}

void pl_group_begin_owner(pl_group_owner *owner)
{
    pl_fork_lock_take(&guard);
    owner->number = ++last_number;
    set_owner(&owner->next, owner_at(&owners));
    set_owner(&owners, owner);
    pl_fork_lock_drop(&guard);
}

void pl_group_end_owner(pl_group_owner *owner)
{
    pl_fork_lock_take(&guard);
    _Atomic(pl_group_owner *) *link = &owners;
    for (pl_group_owner *o; (o = owner_at(link)) && o != owner;)
        link = &o->next;
    if (owner_at(link))
        set_owner(link, owner_at(&owner->next));
    pl_fork_lock_drop(&guard);
    pl_group_end_kept(owner->number);
}

void pl_group_end_kept(uint64_t owner)
{
    for (pl_group *group; (group = take_idle(owner));)
        pl_group_end(group);
}

bool pl_group_is_foreign(const pl_group *group)
{
    return group->forks != pl_pool_forks();
}

bool pl_group_is_gone(const pl_group *group)
{
    return pl_group_is_foreign(group) || pl_os_apart_gone(&group->apart);
}

void pl_group_notify(const pl_group *group)
{
    pl_os_apart_notify(&group->apart);
}

void pl_group_want(pl_group *group, unsigned workers)
{
    if (pl_coordinator_want(&group->coordinator, workers) && group->apart.pid)
        pl_group_notify(group);
}

void pl_group_kill_tasks(pl_group *group)
{
    pl_coordinator_kill_tasks(&group->coordinator);
    pl_group_notify(group);
}

void pl_group_kill(const pl_group *group)
{
    pl_os_apart_kill(&group->apart);
}

/* ---- the end, and fork ----------------------------------------------------------------------------------- */

static void end_idle_groups(void)
{
    if (pl_context_in_worker_process())
        return;
    for (pl_group *group = group_at(&groups), *next; group; group = next) {
        next = group_at(&group->next);
        if (!group->busy)
            pl_group_end(group);
    }
}

/* The parent's worker groups are not the child's; but a busy one belongs to a call that has forked, and still uses it.
 * No lock is held while fork handlers run, since those of the program may make calls: so another thread may have held
 * the mutex. */
static void become_child(void)
{
    for (pl_group *group; (group = group_at(&groups));) {
        set_group(&groups, group_at(&group->next));
        pl_os_apart_forget(&group->apart);
        if (group->busy)
            continue;
        /* else this is going to be a supervisor, and what is in that place later may be for its workers */
        if (!pl_os_forking_apart)
            pl_os_release(group->block.start, group->block.bytes);
        free_group(group);
    }
}

static void after_fork_in_child(void)
{
    pl_fork_lock_renew(&guard);
}

PL_LIFE(PL_LIFE_GROUPS, .in_child = after_fork_in_child, .unloaded = end_idle_groups);
