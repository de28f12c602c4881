/* SPDX-License-Identifier: MIT */
/* The supervisor: forks workers, watches them, kills what is late, reaps what has died. */
#include <errno.h>

#include "base/os.h"
#include "executors/process/group.h"

/* How long it waits before it tries again to fork where it could not, or to note a death where there was no room. */
#define AGAIN_NS UINT64_C(5000000)
/* How often it tries to fork in a row while it has no worker. */
#define TRIES 100
/* How many workers may die in a row that have done nothing. */
#define USELESS 100
/* How long workers have to die by themselves, once the coordinator wants those killed that run a task. */
#define GRACE_NS UINT64_C(500000000)
/* How long it waits at its own end for all to be dead: that, and so many times what a fork takes. */
#define END_NS UINT64_C(1000000000)
#define END_PER_FORK 4
/* How often it looks again for what has to be killed at its end. */
#define LOOK_NS UINT64_C(10000000)

typedef struct supervisor {
    pl_group *group;
    pl_board *board;
    pl_os_supervisor os;
    unsigned alive;         /* workers */
    unsigned tries;         /* forks that failed in a row */
    unsigned useless;       /* workers in a row that died and had done nothing */
    uint64_t again;         /* when to try again to fork; 0: now */
    uint64_t fork_ns;       /* what the slowest fork has taken: deaths take as long, in large programs */
    uint32_t kill_requests; /* as many of the coordinator's as have been met */
    uint64_t kill_all_at;   /* when all are killed, whatever they do; UINT64_MAX: never */
    bool kills_all;         /* that time has come */
    uint32_t noted;         /* deaths */
    bool blocked;           /* a death could not be noted */
    bool powerless;         /* a worker that is to be killed cannot be */
} supervisor;

/* ---- workers --------------------------------------------------------------------------------------------- */

static int slot_of(const supervisor *s, int pid)
{
    for (unsigned i = 0; i < s->group->workers; i++)
        if (s->group->pids[i] == pid)
            return (int)i;
    return -1;
}

/* Whether it is a worker, or is in the process group of one that is alive, as is what that has forked. */
static bool is_of_a_worker(void *context, int pid)
{
    return slot_of(context, pid) >= 0 || slot_of(context, pl_os_group(pid)) >= 0;
}

/* Forks the next generation of a slot. False if it cannot be. */
static bool spawn_worker(supervisor *s, unsigned slot)
{
    pl_group *group = s->group;
    unsigned generation = group->generations[slot] + 1;
    group->starts[slot] = pl_board_starts(s->board, slot);
    int supervisor_pid = pl_os_self();
    uint64_t began = pl_os_nanoseconds();
    int pid = pl_os_fork_worker(&s->os);
    if (pid == 0) {
        pl_os_become_worker(&s->os, supervisor_pid);
        pl_group_run_worker(group, slot, generation);
    }
    if (pid < 0)
        return false;
    uint64_t took = pl_os_nanoseconds() - began;
    s->fork_ns = took > s->fork_ns ? took : s->fork_ns;
    group->pids[slot] = pid;
    group->generations[slot] = generation; /* the coordinator counts generations, too */
    group->killed[slot] = false;
    s->alive++;
    return true;
}

/* A fork has failed: another is tried later. If there is no worker at all, that is not tried for ever. */
static void spawn_later(supervisor *s)
{
    int error = errno;
    s->again = pl_os_nanoseconds() + AGAIN_NS;
    if (s->alive == 0 && ++s->tries > TRIES) {
        s->tries = 0;
        pl_board_give_up(s->board, error ? error : EAGAIN);
    }
}

/* Forks workers into slots that are to have one and have none. */
static void spawn_missing(supervisor *s)
{
    /* P63 relaxed: a number by itself; pairs with P68 */
    unsigned wanted = atomic_load_explicit(&s->board->wanted, memory_order_relaxed);
    if (s->again && pl_os_nanoseconds() < s->again)
        return;
    s->again = 0;
    if (s->useless > USELESS || s->kill_all_at != UINT64_MAX)
        return; /* it forks no more */
    for (unsigned i = 0; i < wanted && i < s->group->workers; i++) {
        if (s->group->pids[i])
            continue;
        if (s->alive && !s->group->kept && !pl_board_has_work(s->board))
            break; /* a fork costs more; the coordinator notifies when it assigns more */
        if (!spawn_worker(s, i)) {
            spawn_later(s);
            break;
        }
        s->tries = 0;
    }
}

/* ---- the dead -------------------------------------------------------------------------------------------- */

/* Notes that the worker of a slot has died. False if that has to wait. */
static bool reap_worker(supervisor *s, unsigned slot, int pid)
{
    pl_death death = {
        .slot = slot,
        .generation = s->group->generations[slot],
        .killed = s->group->killed[slot] || s->kills_all,
        .index = *pl_board_index(s->board, slot, s->group->index_at),
    };
    s->blocked = !pl_board_has_room(s->board, s->noted);
    if (s->blocked)
        return false;
    pl_os_end how = pl_os_reap(&s->os, pid, PL_OS_WORKER);
    death.signal = how.signal;
    death.code = how.code;
    s->group->pids[slot] = 0;
    s->alive--;
    s->useless = pl_board_starts(s->board, slot) == s->group->starts[slot] ? s->useless + 1 : 0;
    if (s->useless == USELESS + 1)
        pl_board_give_up(s->board, EOWNERDEAD);
    pl_board_note_death(s->board, s->group->workers, s->noted++, &death);
    return true;
}

/* There are no children any more: workers that were there have died, and it is not known how. */
static void reap_lost(supervisor *s)
{
    for (unsigned i = 0; i < s->group->workers && s->alive; i++)
        if (s->group->pids[i] && !reap_worker(s, i, s->group->pids[i]))
            break;
}

/* Reaps all that have died, and forks their successors. */
static void reap_dead(supervisor *s)
{
    bool left = false;
    int pid;
    while ((pid = pl_os_dead(&s->os)) > 0) {
        int slot = slot_of(s, pid);
        if (slot < 0) /* a worker had forked it */
            pl_os_reap(&s->os, pid, PL_OS_ORPHAN);
        else if (!reap_worker(s, (unsigned)slot, pid))
            break;
        spawn_missing(s);
        left = true;
    }
    if (pid < 0 && s->alive)
        reap_lost(s);
    if (left)
        pl_os_kill_orphans(is_of_a_worker, s, PL_OS_NEXT_NUMBERS);
}

/* ---- the late -------------------------------------------------------------------------------------------- */

static void kill_worker(supervisor *s, unsigned slot)
{
    if (!pl_os_kill(s->group->pids[slot]))
        s->powerless = true;
}

/* Kills the worker of a slot if its task is one of `which`, or all are to be killed. Returns when the task will be
 * late; UINT64_MAX: never. */
static uint64_t kill_if_late(supervisor *s, unsigned slot, uint64_t now, pl_board_killing which)
{
    uint64_t late_at = UINT64_MAX;
    bool late = pl_board_kill(s->board, slot, now, which, &late_at);
    s->group->killed[slot] |= late;
    if (!late && !s->kills_all)
        return late_at;
    kill_worker(s, slot);
    return UINT64_MAX;
}

/* Kills what is late. Returns when to look again; UINT64_MAX: never. */
static uint64_t kill_late(supervisor *s, uint64_t now)
{
    /* P65 acquire: what they are to be killed for; pairs with P64 */
    uint32_t requests = atomic_load_explicit(&s->board->kill_requests, memory_order_acquire);
    pl_board_killing which = requests != s->kill_requests ? PL_KILL_ANY : PL_KILL_LATE;
    uint64_t next = UINT64_MAX;
    if (which == PL_KILL_ANY && s->kill_all_at == UINT64_MAX)
        s->kill_all_at = now + GRACE_NS;
    s->kills_all = now >= s->kill_all_at;
    for (unsigned i = 0; i < s->group->workers; i++) {
        uint64_t late_at = s->group->pids[i] ? kill_if_late(s, i, now, which) : UINT64_MAX;
        next = late_at < next ? late_at : next;
    }
    s->kill_requests = requests;
    if (s->kills_all)
        return s->alive ? now + LOOK_NS : next;
    return next < s->kill_all_at ? next : s->kill_all_at;
}

/* ---- main ------------------------------------------------------------------------------------------------ */

static bool keep_none(void *context, int pid)
{
    (void)context;
    (void)pid;
    return false;
}

/* Reaps children until none has died that has not been reaped. False if there are no more. */
static bool reap_all(supervisor *s)
{
    int pid;
    while ((pid = pl_os_dead(&s->os)) > 0) {
        int slot = slot_of(s, pid);
        pl_os_reap(&s->os, pid, slot >= 0 ? PL_OS_WORKER : PL_OS_ORPHAN);
        if (slot >= 0) {
            s->group->pids[slot] = 0;
            s->alive--;
        }
    }
    return pid == 0;
}

/* Kills all children. A child that has been killed is not dead yet, and what it had forked comes to the supervisor when
 * it dies: so it goes on until it has no children. What cannot be killed it leaves to the system, which kills workers
 * when their supervisor ends, and to the keeper. */
static void end_all(supervisor *s)
{
    uint64_t began = pl_os_nanoseconds(), most = END_NS + END_PER_FORK * s->fork_ns;
    for (unsigned i = 0; i < s->group->workers; i++)
        if (s->group->pids[i])
            kill_worker(s, i);
    for (uint64_t looked = 0, past = 0; reap_all(s) && past < most && !s->powerless;) {
        past = pl_os_nanoseconds() - began;
        if (!s->alive || past - looked > LOOK_NS) {
            pl_os_kill_orphans(keep_none, s, past > most / 4 ? PL_OS_ALL_NUMBERS : PL_OS_NEXT_NUMBERS);
            looked = past;
        }
        pl_os_await_child(&s->os, LOOK_NS);
    }
}

/* When there is something to do next, if nothing happens before: something is late at `late_at`, or what could not be
 * done is tried again. UINT64_MAX: never. */
static uint64_t next_look(const supervisor *s, uint64_t now, uint64_t late_at)
{
    /* P81 relaxed: a number by itself; pairs with P80, P82 */
    uint64_t watch = atomic_load_explicit(&s->board->watch, memory_order_relaxed);
    uint64_t next = late_at;
    if (watch && next > now && watch < next - now)
        next = now + watch; /* a task that starts from now on is not late before that */
    if (s->again && s->again < next)
        next = s->again;
    if (s->blocked && now + AGAIN_NS < next)
        next = now + AGAIN_NS;
    return next;
}

void pl_group_run_supervisor(int line, void *group)
{
    supervisor s = {.group = group, .board = ((pl_group *)group)->board, .kill_all_at = UINT64_MAX};
    int error = pl_os_supervise(&s.os, line, s.group->program, s.group->kind != PL_GROUP_PERSISTENT);
    if (error) { /* then it forks no worker */
        s.useless = USELESS + 1;
        pl_board_give_up(s.board, error);
    }
    while (!s.powerless) {
        /* P61 acquire: the last word; pairs with P60 */
        if (atomic_load_explicit(&s.board->ending, memory_order_acquire))
            break;
        reap_dead(&s);
        spawn_missing(&s);
        uint64_t now = pl_os_nanoseconds(), next = next_look(&s, now, kill_late(&s, now));
        uint64_t wait = next == UINT64_MAX ? next : next > now ? next - now + 1 : 0;
        if (pl_os_supervisor_wait(&s.os, wait) == PL_OS_ALONE)
            break;
    }
    end_all(&s);
}
