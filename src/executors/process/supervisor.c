/* SPDX-License-Identifier: MIT */
/* The supervisor: forks workers, watches them, kills what is late, buries what has died. */
#include <errno.h>

#include "base/os.h"
#include "executors/process/group.h"

/* How long it waits before it tries again to fork where it could not, and how often in a row. */
#define AGAIN_NS UINT64_C(5000000)
#define TRIES 100
/* How many workers may die in a row that have done nothing. */
#define USELESS 100
/* How long it waits for workers to die by themselves, of which home wants those that run killed; and how long for all
 * to be dead at its own end: that, and as much more for each fork's time. */
#define GRACE_NS UINT64_C(500000000)
#define END_NS UINT64_C(1000000000)
#define END_PER_FORK 4
/* How often it looks again for what has to be killed at its end. */
#define LOOK_NS UINT64_C(10000000)

typedef struct supervisor {
    pl_crew *crew;
    pl_board *board;
    pl_os_supervisor os;
    unsigned alive;
    unsigned tries, useless; /* in a row: forks that failed, and workers that did nothing */
    uint64_t again;          /* when to try again to fork; 0: now */
    uint64_t fork_ns;        /* what the slowest fork has taken: deaths take as long, in large programs */
    uint32_t condemned;      /* as far as home's wishes have been met */
    uint64_t doom;           /* when all are killed, whatever they do; UINT64_MAX: never */
    bool doomed;             /* then has come */
    uint32_t noted;          /* deaths */
    bool blocked;            /* a death could not be noted */
    bool powerless;          /* one that is to be killed cannot be */
} supervisor;

/* ---- workers --------------------------------------------------------------------------------------------- */

static int slot_of(const supervisor *s, int pid)
{
    for (unsigned i = 0; i < s->crew->workers; i++)
        if (s->crew->pids[i] == pid)
            return (int)i;
    return -1;
}

/* Whether it is a worker, or was forked by one that lives. */
static bool belongs(void *context, int pid)
{
    return slot_of(context, pid) >= 0 || slot_of(context, pl_os_group(pid)) >= 0;
}

/* Forks the next life of a slot. False if it cannot be. */
static bool revive(supervisor *s, unsigned slot)
{
    pl_crew *crew = s->crew;
    unsigned life = crew->lives[slot] + 1;
    crew->starts[slot] = pl_board_starts(s->board, slot);
    int supervisor_pid = pl_os_self();
    uint64_t began = pl_os_nanoseconds();
    int pid = pl_os_fork_worker(&s->os);
    if (pid == 0) {
        pl_os_become_worker(&s->os, supervisor_pid);
        pl_work(crew, slot, life);
    }
    if (pid < 0)
        return false;
    uint64_t took = pl_os_nanoseconds() - began;
    s->fork_ns = took > s->fork_ns ? took : s->fork_ns;
    crew->pids[slot] = pid;
    crew->lives[slot] = life; /* home counts them, too */
    crew->condemned[slot] = false;
    s->alive++;
    return true;
}

/* Forks what is missing. */
static void fill_up(supervisor *s)
{
    /* P63 relaxed: a number by itself; pairs with P68 */
    unsigned wanted = atomic_load_explicit(&s->board->wanted, memory_order_relaxed);
    if (s->again && pl_os_nanoseconds() < s->again)
        return;
    s->again = 0;
    for (unsigned i = 0; i < wanted && i < s->crew->workers; i++) {
        if (s->crew->pids[i] || s->useless > USELESS || s->doom != UINT64_MAX)
            continue;
        if (s->alive && !s->crew->kept && !pl_board_has_work(s->board))
            break; /* a fork costs more; home nudges when it offers more */
        if (revive(s, i)) {
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
static bool bury(supervisor *s, unsigned slot, int pid)
{
    pl_death death = {
        .slot = slot,
        .life = s->crew->lives[slot],
        .condemned = s->crew->condemned[slot] || s->doomed,
        .index = *pl_slot_index(s->board, slot, s->crew->index_at),
    };
    s->blocked = !pl_board_has_room(s->board, s->noted);
    if (s->blocked)
        return false;
    pl_os_end how = pl_os_bury(&s->os, pid, true);
    death.signal = how.signal;
    death.code = how.code;
    s->crew->pids[slot] = 0;
    s->alive--;
    s->useless = pl_board_starts(s->board, slot) == s->crew->starts[slot] ? s->useless + 1 : 0;
    if (s->useless == USELESS + 1)
        pl_board_give_up(s->board, EOWNERDEAD);
    pl_board_note_death(s->board, s->crew->workers, s->noted++, &death);
    return true;
}

/* There are no children any more: workers that were there have died, and nobody knows how. */
static void miss(supervisor *s)
{
    for (unsigned i = 0; i < s->crew->workers && s->alive; i++)
        if (s->crew->pids[i] && !bury(s, i, s->crew->pids[i]))
            break;
}

/* Buries all that have died, and forks their successors. */
static void look_after(supervisor *s)
{
    bool left = false;
    int pid;
    while ((pid = pl_os_dead(&s->os)) > 0) {
        int slot = slot_of(s, pid);
        if (slot < 0)
            pl_os_bury(&s->os, pid, false);
        else if (!bury(s, (unsigned)slot, pid))
            break;
        fill_up(s);
        left = true;
    }
    if (pid < 0 && s->alive)
        miss(s);
    if (left)
        pl_os_kill_strays(belongs, s, false);
}

/* ---- the late -------------------------------------------------------------------------------------------- */

static void kill_worker(supervisor *s, unsigned slot)
{
    if (!pl_os_kill(s->crew->pids[slot]))
        s->powerless = true;
}

/* Kills what is late. When the next is going to be; UINT64_MAX: never. */
static uint64_t condemn(supervisor *s, uint64_t now)
{
    /* P65 acquire: what it was for; pairs with P64 */
    uint32_t wish = atomic_load_explicit(&s->board->condemn, memory_order_acquire);
    uint64_t next = UINT64_MAX;
    if (wish != s->condemned && s->doom == UINT64_MAX)
        s->doom = now + GRACE_NS;
    s->doomed = now >= s->doom;
    for (unsigned i = 0; i < s->crew->workers; i++) {
        uint64_t late_at = UINT64_MAX;
        if (!s->crew->pids[i])
            continue;
        bool late = pl_board_condemn(s->board, i, now, wish != s->condemned, &late_at);
        s->crew->condemned[i] |= late;
        if (late || s->doomed)
            kill_worker(s, i);
        else if (late_at < next)
            next = late_at;
    }
    s->condemned = wish;
    if (s->doomed)
        return s->alive ? now + LOOK_NS : next;
    return next < s->doom ? next : s->doom;
}

/* ---- main ------------------------------------------------------------------------------------------------ */

static bool keep_none(void *context, int pid)
{
    (void)context;
    (void)pid;
    return false;
}

/* Buries children until none has died that has not been buried. False if there are no more. */
static bool bury_all(supervisor *s)
{
    int pid;
    while ((pid = pl_os_dead(&s->os)) > 0) {
        int slot = slot_of(s, pid);
        pl_os_bury(&s->os, pid, slot >= 0);
        if (slot >= 0) {
            s->crew->pids[slot] = 0;
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
    for (unsigned i = 0; i < s->crew->workers; i++)
        if (s->crew->pids[i])
            kill_worker(s, i);
    for (uint64_t looked = 0, past = 0; bury_all(s) && past < most && !s->powerless;) {
        past = pl_os_nanoseconds() - began;
        if (!s->alive || past - looked > LOOK_NS) {
            pl_os_kill_strays(keep_none, s, past > most / 4);
            looked = past;
        }
        pl_os_await_child(&s->os, LOOK_NS);
    }
}

void pl_supervise(int line, void *crew)
{
    supervisor s = {.crew = crew, .board = ((pl_crew *)crew)->board, .doom = UINT64_MAX};
    int error = pl_os_supervise(&s.os, line, s.crew->program, !s.crew->kept);
    if (error) {
        s.useless = USELESS + 1;
        pl_board_give_up(s.board, error);
    }
    while (!s.powerless) {
        /* P61 acquire: the last word; pairs with P60 */
        if (atomic_load_explicit(&s.board->ending, memory_order_acquire))
            break;
        look_after(&s);
        fill_up(&s);
        uint64_t now = pl_os_nanoseconds(), next = condemn(&s, now);
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
