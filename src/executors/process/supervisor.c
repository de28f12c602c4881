/* SPDX-License-Identifier: MIT */
/* The supervisor: forks workers, watches them, kills what is late, reaps what has died. */
#include <errno.h>

#include "base/os.h"
#include "executors/process/group.h"

/* How long it waits before it tries again to fork where it could not, and how often in a row. */
#define AGAIN_NS UINT64_C(5000000)
#define TRIES 100
/* How many workers may die in a row that have done nothing. */
#define USELESS 100
/* How long it waits for workers to die by themselves, of which the coordinator wants those that run killed; and how long for all
 * to be dead at its own end: that, and as much more for each fork's time. */
#define GRACE_NS UINT64_C(500000000)
#define END_NS UINT64_C(1000000000)
#define END_PER_FORK 4
/* How often it looks again for what has to be killed at its end. */
#define LOOK_NS UINT64_C(10000000)

typedef struct supervisor {
    pl_group *group;
    pl_board *board;
    pl_os_supervisor os;
    unsigned alive;
    unsigned tries, useless; /* in a row: forks that failed, and workers that did nothing */
    uint64_t again;          /* when to try again to fork; 0: now */
    uint64_t fork_ns;        /* what the slowest fork has taken: deaths take as long, in large programs */
    uint32_t kill_requests;  /* as far as the coordinator's requests have been met */
    uint64_t kill_all_at;    /* when all are killed, whatever they do; UINT64_MAX: never */
    bool kills_all;          /* then has come */
    uint32_t noted;          /* deaths */
    bool blocked;            /* a death could not be noted */
    bool powerless;          /* one that is to be killed cannot be */
} supervisor;

/* ---- workers --------------------------------------------------------------------------------------------- */

static int slot_of(const supervisor *s, int pid)
{
    for (unsigned i = 0; i < s->group->workers; i++)
        if (s->group->pids[i] == pid)
            return (int)i;
    return -1;
}

/* Whether it is a worker, or was forked by one that generations. */
static bool belongs(void *context, int pid)
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
    group->generations[slot] = generation; /* the coordinator counts them, too */
    group->killed[slot] = false;
    s->alive++;
    return true;
}

/* Forks what is missing. */
static void spawn_missing(supervisor *s)
{
    /* P63 relaxed: a number by itself; pairs with P68 */
    unsigned wanted = atomic_load_explicit(&s->board->wanted, memory_order_relaxed);
    if (s->again && pl_os_nanoseconds() < s->again)
        return;
    s->again = 0;
    for (unsigned i = 0; i < wanted && i < s->group->workers; i++) {
        if (s->group->pids[i] || s->useless > USELESS || s->kill_all_at != UINT64_MAX)
            continue;
        if (s->alive && !s->group->kept && !pl_board_has_work(s->board))
            break; /* a fork costs more; the coordinator notifies when it assigns more */
        if (spawn_worker(s, i)) {
            s->tries = 0;
            continue;
        }
        s->again = pl_os_nanoseconds() + AGAIN_NS;
        if (s->alive == 0 && ++s->tries > TRIES) {
            s->tries = 0;
            pl_board_give_up(s->board, errno ? errno : EAGAIN);
        }
        break;
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
        .index = *pl_slot_index(s->board, slot, s->group->index_at),
    };
    s->blocked = !pl_board_has_room(s->board, s->noted);
    if (s->blocked)
        return false;
    pl_os_end how = pl_os_reap(&s->os, pid, true);
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

/* There are no children any more: workers that were there have died, and nobody knows how. */
static void reap_lost(supervisor *s)
{
    for (unsigned i = 0; i < s->group->workers && s->alive; i++)
        if (s->group->pids[i] && !reap_worker(s, i, s->group->pids[i]))
            break;
}

/* Reaps all that have died, and forks their successors. */
static void look_after(supervisor *s)
{
    bool left = false;
    int pid;
    while ((pid = pl_os_dead(&s->os)) > 0) {
        int slot = slot_of(s, pid);
        if (slot < 0)
            pl_os_reap(&s->os, pid, false);
        else if (!reap_worker(s, (unsigned)slot, pid))
            break;
        spawn_missing(s);
        left = true;
    }
    if (pid < 0 && s->alive)
        reap_lost(s);
    if (left)
        pl_os_kill_orphans(belongs, s, false);
}

/* ---- the late -------------------------------------------------------------------------------------------- */

static void kill_worker(supervisor *s, unsigned slot)
{
    if (!pl_os_kill(s->group->pids[slot]))
        s->powerless = true;
}

/* Kills what is late. When the next is going to be; UINT64_MAX: never. */
static uint64_t kill_late(supervisor *s, uint64_t now)
{
    /* P65 acquire: what it was for; pairs with P64 */
    uint32_t kill_request = atomic_load_explicit(&s->board->kill_requests, memory_order_acquire);
    uint64_t next = UINT64_MAX;
    if (kill_request != s->kill_requests && s->kill_all_at == UINT64_MAX)
        s->kill_all_at = now + GRACE_NS;
    s->kills_all = now >= s->kill_all_at;
    for (unsigned i = 0; i < s->group->workers; i++) {
        uint64_t late_at = UINT64_MAX;
        if (!s->group->pids[i])
            continue;
        bool late = pl_board_kill(s->board, i, now, kill_request != s->kill_requests, &late_at);
        s->group->killed[i] |= late;
        if (late || s->kills_all)
            kill_worker(s, i);
        else if (late_at < next)
            next = late_at;
    }
    s->kill_requests = kill_request;
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
        pl_os_reap(&s->os, pid, slot >= 0);
        if (slot >= 0) {
            s->group->pids[slot] = 0;
            s->alive--;
        }
    }
    return pid == 0;
}

/* Kills all children. Who has been killed is not dead yet, and what it had forked comes to the supervisor when it
 * dies: so it goes on until it has no children. What cannot be killed it leaves to the system, which kills workers
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
            pl_os_kill_orphans(keep_none, s, past > most / 4);
            looked = past;
        }
        pl_os_await_child(&s->os, LOOK_NS);
    }
}

void pl_group_run_supervisor(int line, void *group)
{
    supervisor s = {.group = group, .board = ((pl_group *)group)->board, .kill_all_at = UINT64_MAX};
    int error = pl_os_supervise(&s.os, line, s.group->program, !s.group->kept);
    if (error) {
        s.useless = USELESS + 1;
        pl_board_give_up(s.board, error);
    }
    while (!s.powerless) {
        /* P61 acquire: the last word; pairs with P60 */
        if (atomic_load_explicit(&s.board->ending, memory_order_acquire))
            break;
        look_after(&s);
        spawn_missing(&s);
        uint64_t now = pl_os_nanoseconds(), next = kill_late(&s, now);
        /* P81 relaxed: a number by itself; pairs with P80, P82 */
        uint64_t watch = atomic_load_explicit(&s.board->watch, memory_order_relaxed);
        if (watch && next > now && watch < next - now)
            next = now + watch; /* a task that starts from now on is not late before */
        if (s.again && s.again < next)
            next = s.again;
        if (s.blocked && now + AGAIN_NS < next)
            next = now + AGAIN_NS;
        uint64_t wait = next == UINT64_MAX ? next : next > now ? next - now + 1 : 0;
        if (pl_os_supervisor_wait(&s.os, wait) == PL_OS_ALONE)
            break;
    }
    end_all(&s);
}
