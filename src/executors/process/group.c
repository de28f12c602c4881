/* SPDX-License-Identifier: MIT */
/* Making, keeping and ending crews: the program's side. */
#include "executors/process/group.h"

#include <errno.h>
#include <stdlib.h>

#include "base/os.h"
#include "sched/fork_lock.h"

/* How many crews without a call are kept. */
enum { KEPT = 4 };

static void become_child(void);

static pl_fork_lock guard = PL_FORK_LOCK(become_child);

/* All of this process; those that are not busy are kept. And their owners but the program. Lists change under the mutex, by one
 * pointer at a time: the child of a fork() finds them whole, whatever another thread was at. */
static _Atomic(pl_crew *) crews;
static _Atomic(pl_crew_owner *) owners;
static uint64_t last_number; /* that an owner has got */

/* ---- lists ------------------------------------------------------------------------------------------------ */

static pl_crew *crew_at(const _Atomic(pl_crew *) *link)
{
    /* P160 relaxed: under the mutex, or in a child with one thread; pairs with P161 */
    return atomic_load_explicit((_Atomic(pl_crew *) *)link, memory_order_relaxed);
}

static void set_crew(_Atomic(pl_crew *) *link, pl_crew *crew)
{
    /* P161 release: what is in the list is whole, in whatever moment another thread forks; pairs with P160 */
    atomic_store_explicit(link, crew, memory_order_release);
}

static pl_crew_owner *owner_at(const _Atomic(pl_crew_owner *) *link)
{
    /* P162 relaxed: as P160; pairs with P163 */
    return atomic_load_explicit((_Atomic(pl_crew_owner *) *)link, memory_order_relaxed);
}

static void set_owner(_Atomic(pl_crew_owner *) *link, pl_crew_owner *owner)
{
    /* P163 release: as P161; pairs with P162 */
    atomic_store_explicit(link, owner, memory_order_release);
}

/* ---- making and ending ----------------------------------------------------------------------------------- */

static void free_crew(pl_crew *crew)
{
    free(crew->pids);
    free(crew->lives);
    free(crew->starts);
    free(crew->condemned);
    free(crew);
}

static void discard(pl_crew *crew)
{
    pl_arena_give(&crew->block);
    free_crew(crew);
}

/* With the mutex held. */
static void unlink_crew(const pl_crew *crew)
{
    _Atomic(pl_crew *) *link = &crews;
    for (pl_crew *c; (c = crew_at(link)) && c != crew;)
        link = &c->next;
    if (crew_at(link))
        set_crew(link, crew_at(&crew->next));
}

/* Ends a crew that is busy, which is to say, the caller's. */
static void end(pl_crew *crew)
{
    int saved = errno;
    pl_fork_lock_take(&guard);
    unlink_crew(crew);
    pl_fork_lock_drop(&guard);
    if (crew->forks != pl_pool_forks()) { /* it is the parent process's, and so is what it has */
        errno = saved;
        return;
    }
    /* P60 release: a last word; pairs with P61 */
    atomic_store_explicit(&crew->board->ending, 1, memory_order_release);
    pl_os_apart_end(&crew->apart);
    discard(crew);
    errno = saved;
}

/* With `slots` for workers, of which `workers` are wanted now. */
static pl_crew *make(uint64_t owner, unsigned workers, unsigned slots, bool kept, size_t index_at)
{
    pl_crew *crew = calloc(1, sizeof *crew);
    if (!crew)
        return NULL;
    crew->owner = owner;
    crew->kept = kept;
    crew->workers = slots;
    crew->pids = calloc(slots, sizeof *crew->pids);
    crew->lives = calloc(slots, sizeof *crew->lives);
    crew->starts = calloc(slots, sizeof *crew->starts);
    crew->condemned = calloc(slots, sizeof *crew->condemned);
    crew->index_at = index_at;
    int error = ENOMEM;
    if (crew->pids && crew->lives && crew->starts && crew->condemned &&
        pl_arena_take(&crew->block, pl_board_bytes(slots))) {
        crew->board = crew->block.start;
        crew->forks = pl_pool_forks();
        crew->regions = pl_arena_regions();
        crew->images = pl_os_images();
        crew->program = pl_os_self();
        if (kept)
            pl_os_attributes_get(&crew->attributes);
        pl_board_init(crew->board, slots, index_at);
        pl_home_init(&crew->home, crew->board, slots, index_at);
        pl_crew_want(crew, workers);
        error = pl_os_fork_apart(&crew->apart, pl_supervise, crew);
    }
    if (error) {
        discard(crew);
        errno = error;
        return NULL;
    }
    crew->busy = true;
    pl_fork_lock_take(&guard);
    set_crew(&crew->next, crew_at(&crews));
    set_crew(&crews, crew);
    pl_fork_lock_drop(&guard);
    return crew;
}

/* ---- keeping --------------------------------------------------------------------------------------------- */

static bool is_fit(const pl_crew *crew)
{
    return crew->images == pl_os_images() && crew->regions >= pl_arena_regions() && !pl_crew_gone(crew) &&
           !pl_home_hopeless(&crew->home) && pl_os_attributes_are(&crew->attributes);
}

/* Whether there is such an owner. With the mutex held. */
static bool has_owner(uint64_t number)
{
    const pl_crew_owner *owner = owner_at(&owners);
    while (owner && owner->number != number)
        owner = owner_at(&owner->next);
    return owner || number == PL_CREW_PROGRAM;
}

/* Makes an idle crew of this owner busy; NULL if there is none. */
static pl_crew *take(uint64_t owner)
{
    pl_fork_lock_take(&guard);
    pl_crew *crew = crew_at(&crews);
    while (crew && (crew->busy || crew->owner != owner))
        crew = crew_at(&crew->next);
    if (crew)
        crew->busy = true;
    pl_fork_lock_drop(&guard);
    return crew;
}

pl_crew *pl_crew_open(uint64_t owner, unsigned workers, bool kept, size_t index_at)
{
    workers = workers < PL_BOARD_SLOTS ? workers : PL_BOARD_SLOTS;
    if (!kept)
        return make(owner, workers, workers, false, index_at);
    for (pl_crew *crew; (crew = take(owner));) {
        if (crew->workers >= workers && is_fit(crew)) {
            pl_crew_want(crew, workers);
            return crew;
        }
        end(crew);
    }
    unsigned cores = pl_pool_cores();
    return make(owner, workers, workers > cores ? workers : cores, true, index_at);
}

void pl_crew_close(pl_crew *crew, bool keep)
{
    unsigned count = 0;
    pl_fork_lock_take(&guard);
    for (const pl_crew *other = crew_at(&crews); other; other = crew_at(&other->next))
        count += other->owner == crew->owner && !other->busy;
    keep = keep && crew->kept && count < KEPT && crew->forks == pl_pool_forks() && has_owner(crew->owner);
    if (keep)
        crew->busy = false;
    pl_fork_lock_drop(&guard);
    if (!keep)
        end(crew);
}

void pl_crew_begin_owner(pl_crew_owner *owner)
{
    pl_fork_lock_take(&guard);
    owner->number = ++last_number;
    set_owner(&owner->next, owner_at(&owners));
    set_owner(&owners, owner);
    pl_fork_lock_drop(&guard);
}

void pl_crew_end_owner(pl_crew_owner *owner)
{
    pl_fork_lock_take(&guard);
    _Atomic(pl_crew_owner *) *link = &owners;
    for (pl_crew_owner *o; (o = owner_at(link)) && o != owner;)
        link = &o->next;
    if (owner_at(link))
        set_owner(link, owner_at(&owner->next));
    pl_fork_lock_drop(&guard);
    pl_crew_end_kept(owner->number);
}

void pl_crew_end_kept(uint64_t owner)
{
    for (pl_crew *crew; (crew = take(owner));)
        end(crew);
}

bool pl_crew_gone(const pl_crew *crew)
{
    return crew->forks != pl_pool_forks() || pl_os_apart_gone(&crew->apart);
}

void pl_crew_nudge(const pl_crew *crew)
{
    pl_os_apart_nudge(&crew->apart);
}

void pl_crew_want(pl_crew *crew, unsigned workers)
{
    if (pl_home_want(&crew->home, workers) && crew->apart.pid)
        pl_crew_nudge(crew);
}

void pl_crew_condemn(pl_crew *crew)
{
    pl_home_condemn(&crew->home);
    pl_crew_nudge(crew);
}

void pl_crew_kill(const pl_crew *crew)
{
    pl_os_apart_kill(&crew->apart);
}

/* ---- the end, and fork ----------------------------------------------------------------------------------- */

__attribute__((destructor)) static void end_crews(void)
{
    if (pl_in_worker_process())
        return;
    for (pl_crew *crew = crew_at(&crews), *next; crew; crew = next) {
        next = crew_at(&crew->next);
        if (!crew->busy)
            end(crew);
    }
}

/* The parent's crews are not the child's; but who forks in the midst of a call has it still in hand. No lock is held while fork
 * handlers run, since those of the program may make calls: so another thread may have held the mutex. */
static void become_child(void)
{
    for (pl_crew *crew; (crew = crew_at(&crews));) {
        set_crew(&crews, crew_at(&crew->next));
        pl_os_apart_forget(&crew->apart);
        if (crew->busy)
            continue;
        if (!pl_os_forking_apart) /* what is in that place later may be for a worker */
            pl_os_release(crew->block.start, crew->block.bytes);
        free_crew(crew);
    }
}

static void after_fork_in_child(void)
{
    pl_fork_lock_renew(&guard);
}

__attribute__((constructor)) static void watch_forks(void)
{
    pl_pool_in_child(after_fork_in_child);
}
